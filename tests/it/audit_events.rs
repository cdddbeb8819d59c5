//! What the log says: of those who were turned away too, and with the status they really got.

use alongside_domain::clock::{Ids as _, System};
use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::{Caller, Man, World, assign};

/// The events on his record by callers in this role, the newest first: operation and status.
fn events(world: &World, man: &Man, role: &str) -> Vec<(String, u64)> {
    let monitor = world.sign_in(Role::Monitor);
    let all = monitor.get(&format!("/v1/audit-events?participant_id={}&limit=200", man.id)).ok();
    let of_role = all["items"].as_array().unwrap().iter().filter(|event| event["role"] == role);
    of_role
        .map(|event| (event["operation"].as_str().unwrap().to_owned(), event["status"].as_u64().unwrap()))
        .collect()
}

fn event(operation: &str, status: u64) -> (String, u64) {
    (operation.to_owned(), status)
}

fn id(view: &Value) -> &str {
    view["id"].as_str().unwrap()
}

/// A man with a plan, and the path of each thing that is his.
fn with_everything(world: &World) -> (Man, Vec<(&'static str, String)>) {
    let (supporter, coordinator) = (world.sign_in(Role::Supporter), world.sign_in(Role::Coordinator));
    let researcher = world.sign_in(Role::Researcher);
    let man = world.participant().consented().create();
    let assignment = assign(&coordinator, &supporter, &man);
    let begun = json!({"participant_id": man.id, "instrument_id": world.instrument("/prostate-hna")["id"],
        "time_point": "T0", "channel": "in_person"});
    let assessment = researcher.post("/v1/assessments", &begun).created();
    researcher.post_nothing(&format!("/v1/assessments/{}/submission", id(&assessment))).ok();
    let plans = researcher.get(&format!("/v1/care-plans?participant_id={}", man.id)).ok();
    let paths = vec![
        ("get_consent", format!("/v1/consents/{}", man.consent.unwrap())),
        ("get_assignment", format!("/v1/assignments/{}", id(&assignment))),
        ("get_assessment", format!("/v1/assessments/{}", id(&assessment))),
        ("get_assessment_summary", format!("/v1/assessments/{}/summary", id(&assessment))),
        ("get_care_plan", format!("/v1/care-plans/{}", id(&plans["items"][0]))),
        ("print_care_plan", format!("/v1/care-plans/{}/document", id(&plans["items"][0]))),
    ];
    (man, paths)
}

#[test]
fn an_attempt_on_anything_that_is_his_shows_to_him() {
    let world = World::start();
    let (man, paths) = with_everything(&world);
    let nurse_next_door = world.sign_in_at(Role::Clinician, world.sites[1]);
    let mut expected = Vec::new();
    for (operation, path) in &paths {
        nurse_next_door.get(path).not_found();
        expected.insert(0, event(operation, 404));
    }
    nurse_next_door.get(&format!("/v1/consents?participant_id={}", man.id)).not_found();
    expected.insert(0, event("list_consents", 404));
    assert_eq!(events(&world, &man, "clinician"), expected);

    // Who looked at his record, as he reads it himself: refused, and who it was. Another programme is no hiding place.
    let (other, _) = world.other_programme();
    let stranger = world.enrol(Role::Researcher, Some(other), None, None);
    stranger.get(&paths[2].1).not_found();
    let himself = world.sign_in_participant(man.id);
    let looked = himself.get(&format!("{}/audit-events?limit=200", man.path())).ok();
    let refused = |who: &Caller| {
        let items = looked["items"].as_array().unwrap();
        let refused = items.iter().filter(|use_| use_["outcome"] == "refused" && use_["role"] == who.role);
        assert!(refused.clone().all(|use_| use_["who"].is_string()), "{looked}");
        refused.count()
    };
    assert_eq!((refused(&nurse_next_door), refused(&stranger)), (expected.len(), 1));

    // What never was belongs to nobody, and in the log of another programme his looks the same.
    let newest = |monitor: &Caller| monitor.get("/v1/audit-events").ok()["items"][0].clone();
    nurse_next_door.get(&format!("/v1/care-plans/{}", System.fresh())).not_found();
    assert_eq!(newest(&world.sign_in(Role::Monitor))["participant_id"], Value::Null);
    let elsewhere = world.enrol(Role::Monitor, Some(other), None, None);
    stranger.get(&man.path()).not_found();
    let seen = newest(&elsewhere);
    assert_eq!((&seen["operation"], &seen["participant_id"]), (&json!("get_participant"), &Value::Null));
    let named = elsewhere.get(&format!("/v1/audit-events?participant_id={}", man.id)).ok();
    assert_eq!(named["items"], json!([]));
}

#[test]
fn an_answer_from_a_copy_is_recorded_as_one() {
    let world = World::start();
    let (man, mut paths) = with_everything(&world);
    paths.push(("get_participant", man.path()));
    paths.push(("get_participant_identity", format!("{}/identity", man.path())));
    // What an assessment shows depends on more than its version, so it is never answered from a copy.
    paths.retain(|(operation, _)| *operation != "get_assessment");
    let nurse = world.sign_in(Role::Clinician);
    let mut expected = Vec::new();
    for (operation, path) in &paths {
        let tag = nurse.get(path).etag();
        nurse.send("GET", path, &[("if-none-match", &tag)], None).is(304);
        expected.splice(0..0, [event(operation, 304), event(operation, 200)]);
    }
    assert_eq!(events(&world, &man, "clinician"), expected);
}

#[test]
fn a_refusal_before_anything_is_read_leaves_its_event() {
    let world = World::start();
    let (man, paths) = with_everything(&world);
    let coordinator = world.sign_in_at(Role::Coordinator, world.sites[0]);
    let before = events(&world, &man, "coordinator").len();
    let plain = [("content-type", "application/json")];
    let change = Some(json!({"language": "cy"}).to_string().into_bytes());
    coordinator.send("PATCH", &man.path(), &plain, change).problem(428, "precondition-required");
    coordinator.patch(&man.path(), "\"1\"", &json!({"unheard_of": 1})).problem(422, "invalid");
    coordinator
        .post(&format!("{}/withdrawal", paths[0].1), &json!({"statements": []}))
        .problem(422, "invalid");
    coordinator.get(&format!("{}/digital-profiles?limit=0", man.path())).problem(400, "malformed-query");
    // Neither body nor version is looked at where the record is not his to see, but the attempt is kept as well.
    let next_door = world.sign_in_at(Role::Coordinator, world.sites[1]);
    next_door.patch(&man.path(), "\"1\"", &json!({"unheard_of": 1})).problem(422, "invalid");
    next_door.patch(&man.path(), "\"1\"", &json!({"language": "cy"})).not_found();
    let mut found = events(&world, &man, "coordinator");
    found.truncate(found.len() - before);
    let expected = [
        event("update_participant", 404),
        event("update_participant", 422),
        event("list_digital_profiles", 400),
        event("withdraw_consent", 422),
        event("update_participant", 422),
        event("update_participant", 428),
    ];
    assert_eq!(found, expected, "one event for each request, no more");

    // About nothing in particular, there is nothing to keep.
    coordinator.post("/v1/participants", &json!({"unheard_of": 1})).problem(422, "invalid");
    let kept = world.sign_in(Role::Monitor).get("/v1/audit-events?operation=create_participant").ok();
    assert!(kept["items"].as_array().unwrap().iter().all(|event| event["status"] == 201));
}

#[test]
fn an_attempt_by_way_of_a_body_shows_to_him_as_well() {
    let world = World::start();
    let man = world.participant().consented().create();
    let next_door = world.sign_in_at(Role::Coordinator, world.sites[1]);
    let supporter = world.sign_in(Role::Supporter);
    let assignment = json!({"participant_id": man.id, "supporter_id": supporter.id, "purpose": "digital_help",
        "knows_participant": false});
    let assessment = json!({"participant_id": man.id, "instrument_id": world.instrument("/prostate-hna")["id"],
        "time_point": "T0", "channel": "in_person"});
    next_door.post("/v1/assignments", &assignment).problem(422, "invalid");
    let nurse_next_door = world.sign_in_at(Role::Clinician, world.sites[1]);
    nurse_next_door.post("/v1/assessments", &assessment).problem(422, "invalid");
    let himself = world.sign_in_participant(man.id);
    let looked = himself.get(&format!("{}/audit-events?limit=200", man.path())).ok();
    let attempts =
        looked["items"].as_array().unwrap().iter().filter(|use_| use_["outcome"] == "not_possible");
    let said: Vec<_> = attempts.map(|use_| use_["role"].as_str().unwrap()).collect();
    assert_eq!(said, ["clinician", "coordinator"], "{looked}");
}

#[test]
fn a_key_for_a_repeat_tells_nothing_of_who_is_in_another_programme() {
    let world = World::start();
    let man = world.participant().consented().create();
    let (other, site) = world.other_programme();
    let stranger = world.enrol(Role::Researcher, Some(other), None, None);
    let nobody = System.fresh();
    let begin = |id: &Value| {
        json!({"participant_id": id, "instrument_id": world.instrument("/prostate-hna")["id"],
            "time_point": "T0", "channel": "in_person"})
    };
    for (key, id) in [("his", json!(man.id)), ("nobodys", json!(nobody))] {
        for _ in 0..2 {
            stranger.post_with_key("/v1/assessments", key, &begin(&id)).problem(422, "invalid");
        }
    }
    // Neither takes the id away from who is to have it.
    let newcomer = |id: &Value, site: &Value| json!({"id": id, "site_id": site, "identity": {"name": "Wilfred Newcomer"}});
    let here = world.sign_in(Role::Coordinator);
    here.post("/v1/participants", &newcomer(&json!(nobody), &json!(world.sites[0]))).created();
    let there = world.enrol(Role::Coordinator, Some(other), None, None);
    there.post("/v1/participants", &newcomer(&json!(man.id), &json!(site))).problem(409, "already-exists");
}
