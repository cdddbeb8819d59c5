//! The way of a participant through the programme: each legal step, who may record it, and what it ends.

use alongside_domain::clock::{Ids as _, System};
use alongside_domain::participant::Status;
use alongside_domain::policy::Role;
use serde_json::{Value, json};
use strum::VariantArray as _;

use crate::harness::{Answer, Caller, Man, World, assign};

/// Records a step against the version that `by` reads.
fn step(by: &Caller, man: &Man, body: &Value) -> Answer {
    let read = by.get(&man.path());
    step_at(by, man, &read.etag(), body)
}

fn step_at(by: &Caller, man: &Man, etag: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("if-match", etag)];
    by.send("POST", &changes(man), &headers, Some(body.to_string().into_bytes()))
}

fn changes(man: &Man) -> String {
    format!("{}/status-changes", man.path())
}

/// What a step to this state has to say besides, from a state other than a hold.
fn to(status: Status) -> Value {
    let mut body = json!({"to": status});
    match status {
        Status::Declined => {
            body["reason"] = json!("burden");
            body["support_offered"] = json!(true);
        }
        Status::Ineligible => body["criteria"] = json!(["I2"]),
        Status::Paused | Status::Stopped => body["decided_by"] = json!("participant"),
        _ => {}
    }
    body
}

#[test]
fn the_whole_way_is_recorded_and_kept() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let man = world.participant().consented().create();
    let way = [Status::Baseline, Status::Allocated, Status::Active, Status::Paused, Status::Active];
    for status in way.into_iter().chain([Status::Completed]) {
        let recorded = step(&coordinator, &man, &to(status)).created();
        assert_eq!(recorded["to"], json!(status));
        let now = coordinator.get(&man.path());
        assert_eq!(now.json()["status"], json!(status));
        assert_eq!(now.etag(), format!("\"{}\"", recorded["participant_version"]));
    }
    let history = coordinator.get(&changes(&man)).ok();
    let history = history["items"].as_array().unwrap();
    assert_eq!(history.len(), 7);
    assert_eq!((&history[0]["to"], &history[0]["consent_id"]), (&json!("consented"), &json!(man.consent)));
    assert_eq!((&history[4]["from"], &history[4]["decided_by"]), (&json!("active"), &json!("participant")));
    assert_eq!(history[6]["recorded_by"], json!(coordinator.id));
    let listed =
        |status: &str| coordinator.get(&format!("/v1/participants?status={status}")).ok()["items"].clone();
    assert_eq!(listed("completed")[0]["id"], json!(man.id));
    assert_eq!(listed("active"), json!([]));
}

#[test]
fn a_step_is_possible_exactly_where_the_state_allows_it() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    for from in [Status::Identified, Status::Approached] {
        for next in Status::VARIANTS {
            let man = world.participant().create();
            if from == Status::Approached {
                step(&coordinator, &man, &to(from)).created();
            }
            let answer = step(&coordinator, &man, &to(*next));
            match (from.allowed_next().contains(next), next.takes_part()) {
                (true, false) => drop(answer.created()),
                (true, true) => drop(answer.problem(409, "consent-missing")),
                (false, _) => {
                    let allowed = answer.problem(409, "illegal-transition")["allowed_next"].clone();
                    assert_eq!(allowed, json!(from.allowed_next()), "{from} to {next}");
                }
            }
        }
    }
}

#[test]
fn who_declines_for_want_of_internet_was_offered_help() {
    let world = World::start();
    let researcher = world.sign_in(Role::Researcher);
    let man = world.participant().create();
    step(&researcher, &man, &to(Status::Approached)).created();
    step(&researcher, &man, &json!({"to": "declined"})).invalid_at("/reason");
    let mut declined = json!({"to": "declined", "reason": "no_internet", "support_offered": false});
    step(&researcher, &man, &declined).invalid_at("/support_offered");
    declined["support_offered"] = json!(true);
    declined["effective_on"] = json!("2999-01-01");
    step(&researcher, &man, &declined).invalid_at("/effective_on");
    declined["effective_on"] = json!("2026-01-31");
    let recorded = step(&researcher, &man, &declined).created();
    assert_eq!(
        (&recorded["reason"], &recorded["effective_on"]),
        (&json!("no_internet"), &json!("2026-01-31"))
    );
    let other = world.participant().create();
    step(&researcher, &other, &to(Status::Approached)).created();
    step(&researcher, &other, &json!({"to": "ineligible"})).invalid_at("/criteria");
    step(&researcher, &other, &json!({"to": "ineligible", "criteria": ["too old"]})).invalid_at("/criteria");
    step(&researcher, &other, &json!({"to": "ineligible", "criteria": ["I2"]})).created();
}

#[test]
fn a_pause_holds_the_help_and_its_end_lets_it_go_on() {
    let world = World::start();
    let (supporter, coordinator) = (world.sign_in(Role::Supporter), world.sign_in(Role::Coordinator));
    let man = world.participant().consented().create();
    let assignment = assign(&coordinator, &supporter, &man);
    let assignment = format!("/v1/assignments/{}", assignment["id"].as_str().unwrap());
    let session = helping(&world, &supporter, &man);
    let paused = step(&coordinator, &man, &to(Status::Paused)).created();
    assert_eq!(paused["supporters_to_tell"], json!([supporter.id]));
    supporter.get(&man.path()).not_found();
    assert_eq!(coordinator.get(&assignment).ok()["state"], "on_hold");
    assert!(!is_helped(&world, &session));
    coordinator.post_nothing(&format!("{assignment}/resumption")).problem(409, "consent-missing");

    step(&coordinator, &man, &to(Status::Consented)).created();
    coordinator.post_nothing(&format!("{assignment}/resumption")).ok();
    supporter.get(&man.path()).ok();
}

#[test]
fn nothing_goes_on_after_a_death() {
    let world = World::start();
    let (supporter, coordinator) = (world.sign_in(Role::Supporter), world.sign_in(Role::Coordinator));
    let man = world.participant().consented().create();
    let assignment = assign(&coordinator, &supporter, &man);
    let clinician = world.sign_in(Role::Clinician);
    let session = helping(&world, &clinician, &man);
    let himself = world.sign_in_participant(man.id);
    himself.get(&man.path()).ok();
    let died = step(&coordinator, &man, &json!({"to": "deceased"})).created();
    assert_eq!((&died["decided_by"], &died["supporters_to_tell"]), (&json!("death"), &json!([supporter.id])));
    let path = format!("/v1/assignments/{}", assignment["id"].as_str().unwrap());
    assert_eq!(coordinator.get(&path).ok()["state"], "ended");
    supporter.get(&man.path()).not_found();
    assert!(!is_helped(&world, &session));
    assert_eq!(himself.get(&man.path()).status, 401, "nobody goes on in his name");
    assert_eq!(coordinator.get(&man.path()).ok()["supporter_contact_allowed"], false);

    let offer = json!({"participant_id": man.id, "supporter_id": supporter.id, "purpose": "digital_help",
        "knows_participant": false});
    coordinator.post("/v1/assignments", &offer).problem(409, "conflict");
    let begun = json!({"participant_id": man.id, "instrument_id": world.instrument("/phq-9")["id"],
        "time_point": "T1", "channel": "in_person"});
    clinician.post("/v1/assessments", &begun).problem(409, "conflict");
    for status in Status::VARIANTS {
        let refused = step(&coordinator, &man, &to(*status)).problem(409, "illegal-transition");
        assert_eq!(refused["allowed_next"], json!([]));
    }
}

#[test]
fn a_doubt_about_capacity_holds_everything_until_it_is_settled() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let man = world.participant().consented().create();
    step(&coordinator, &man, &to(Status::CapacityHold)).created();
    step(&coordinator, &man, &to(Status::Consented)).invalid_at("/reason");
    step(&coordinator, &man, &json!({"to": "consented", "reason": "consultee_advice"})).created();
    // Whoever stopped comes back by a new consent alone.
    step(&coordinator, &man, &to(Status::Stopped)).created();
    step(&coordinator, &man, &to(Status::Consented)).problem(409, "consent-missing");
}

#[test]
fn a_step_is_taken_once_and_on_what_was_read() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let man = world.participant().create();
    let etag = coordinator.get(&man.path()).etag();
    let mut body = to(Status::Approached);
    body["id"] = json!(System.fresh());
    let first = step_at(&coordinator, &man, &etag, &body).created();
    assert_eq!(step_at(&coordinator, &man, &etag, &body).ok(), first);
    body["effective_on"] = json!("2026-01-31");
    step_at(&coordinator, &man, &etag, &body).problem(409, "already-exists");
    step_at(&coordinator, &man, &etag, &to(Status::LostContact)).problem(412, "stale");
    coordinator.post(&changes(&man), &to(Status::LostContact)).problem(428, "precondition-required");
    assert_eq!(coordinator.get(&changes(&man)).ok()["items"].as_array().unwrap().len(), 1);

    let next_door = world.sign_in_at(Role::Coordinator, world.sites[1]);
    step_at(&next_door, &man, "\"2\"", &to(Status::LostContact)).not_found();
    next_door.get(&changes(&man)).not_found();
    world.sign_in(Role::Supporter).get(&changes(&man)).forbidden();
}

/// Somebody helps with an assessment. Answers its path.
fn helping(world: &World, helper: &Caller, man: &Man) -> String {
    let begun = json!({"participant_id": man.id, "instrument_id": world.instrument("/prostate-hna")["id"],
        "time_point": "T0", "channel": "in_person"});
    let begun = helper.post("/v1/assessments", &begun).created();
    let path = format!("/v1/assessments/{}", begun["id"].as_str().unwrap());
    let open =
        json!({"affirmed": true, "level": "A2", "keyed_by": "participant", "others_present": ["nobody"]});
    helper.post(&format!("{path}/assistance-sessions"), &open).created();
    assert!(is_helped(world, &path));
    path
}

fn is_helped(world: &World, assessment: &str) -> bool {
    let view = world.sign_in(Role::Coordinator).get(assessment).ok();
    view["open_session"].is_object()
}
