//! Care plans: drafted from concerns, agreed by two, and on paper for whom paper is all.

use alongside_domain::care_plan::{self as rules, ActionDraft};
use alongside_domain::clock::{Ids as _, System};
use alongside_domain::id::{CarePlanActionId, CarePlanId, ParticipantId};
use alongside_domain::instrument::{Concern, HelpWanted};
use alongside_domain::policy::Role;
use alongside_store::care_plan::{self, NewCarePlan};
use serde_json::json;

use crate::harness::{World, rows};

fn concern(code: &str, help: Option<HelpWanted>) -> Concern {
    Concern {
        code: code.to_owned(),
        section: None,
        title: "Leaking urine".to_owned(),
        link_id: "leak.gate".to_owned(),
        bother: Some(7),
        band: None,
        duration: None,
        help,
        own_words: Some("At night".to_owned()),
        chosen_rank: None,
        private: false,
    }
}

fn drafted(world: &World, participant: ParticipantId, concerns: &[Concern]) -> CarePlanId {
    let site = world.sites[0];
    let assessment = rows::assessment(world, participant, site);
    let id = CarePlanId::new(System.fresh());
    let (ring, programme, now) = (world.app.store.ring().clone(), world.programme, world.app.clock.now());
    let actions: Vec<(CarePlanActionId, ActionDraft)> = rules::draft(concerns)
        .into_iter()
        .map(|draft| (CarePlanActionId::new(System.fresh()), draft))
        .collect();
    world.write(move |db| {
        let new = NewCarePlan { id, programme, site, participant, assessment };
        care_plan::draft(db, &ring, new, &actions, now)
    });
    id
}

#[test]
fn a_plan_goes_from_draft_to_paper_to_its_end() {
    let world = World::start();
    let clinician = world.sign_in_at(Role::Clinician, world.sites[0]);
    let participant = rows::participant(&world, world.sites[0], Some("X0"));
    let concerns = [concern("URI.leakage", Some(HelpWanted::Information)), concern("URI.urgency", None)];
    let plan = format!("/v1/care-plans/{}", drafted(&world, participant, &concerns));

    let view = clinician.get(&plan).ok();
    assert_eq!(view["status"], "drafted");
    assert_eq!(view["actions"][0]["action"], "signpost");
    assert_eq!(view["actions"][0]["own_words"], "At night");
    assert_eq!(view["actions"][1]["owner"], "undecided");
    let undecided = format!("{plan}/actions/{}", view["actions"][1]["id"].as_str().unwrap());

    let refused = clinician.post_nothing(&format!("{plan}/agreement")).problem(409, "illegal-transition");
    assert_eq!(refused["allowed_next"], json!(["in_discussion", "closed"]));
    clinician.post_nothing(&format!("{plan}/discussion")).ok();
    clinician.post_nothing(&format!("{plan}/agreement")).invalid_at("/actions/1/owner");
    let patched = clinician.patch(&undecided, "\"1\"", &json!({"owner": "gp", "goal": "Sleep"}));
    assert_eq!((patched.etag(), &patched.ok()["goal"]), ("\"2\"".to_owned(), &json!("Sleep")));
    clinician.patch(&undecided, "\"1\"", &json!({"owner": "clinician"})).problem(412, "stale");
    let added = json!({"action": "refer", "owner": "clinician", "title": "Physiotherapy"});
    clinician.post(&format!("{plan}/actions"), &added).created();
    let agreed = clinician.post_nothing(&format!("{plan}/agreement")).ok();
    assert_eq!(agreed["actions"].as_array().unwrap().len(), 3);
    assert!(agreed["discussed_at"].as_str() < agreed["agreed_at"].as_str());

    clinician.patch(&undecided, "\"2\"", &json!({"title": "Else"})).problem(409, "illegal-transition");
    clinician.patch(&undecided, "\"2\"", &json!({"progress": "done", "outcome": "Better"})).ok();

    let share = |recipient: &str, format: &str| {
        clinician.post(&format!("{plan}/sharing"), &json!({"recipient": recipient, "format": format}))
    };
    share("participant", "email").invalid_at("/format");
    share("participant", "large_print").ok();
    let shared = share("gp", "email").ok();
    assert_eq!((&shared["status"], shared["copies"].as_array().unwrap().len()), (&json!("shared"), 2));
    clinician.post_nothing(&format!("{plan}/closure")).ok();
    share("gp", "post").problem(409, "illegal-transition");
}

#[test]
fn no_concern_has_a_good_end() {
    let world = World::start();
    let clinician = world.sign_in(Role::Clinician);
    let participant = rows::participant(&world, world.sites[0], None);
    let plan = format!("/v1/care-plans/{}", drafted(&world, participant, &[]));
    let view = clinician.get(&plan).ok();
    assert_eq!((&view["status"], &view["actions"]), (&json!("none_needed"), &json!([])));
    assert_eq!(clinician.post_nothing(&format!("{plan}/closure")).ok()["status"], "closed");
}

#[test]
fn a_later_plan_takes_the_place_of_the_earlier() {
    let world = World::start();
    let clinician = world.sign_in(Role::Clinician);
    let participant = rows::participant(&world, world.sites[0], Some("X3"));
    let concerns = [concern("URI.leakage", Some(HelpWanted::Talk))];
    let mut plans = Vec::new();
    for _ in 0..2 {
        let plan = format!("/v1/care-plans/{}", drafted(&world, participant, &concerns));
        clinician.post_nothing(&format!("{plan}/discussion")).ok();
        clinician.post_nothing(&format!("{plan}/agreement")).ok();
        plans.push(plan);
    }
    assert_eq!(clinician.get(&plans[0]).ok()["status"], "superseded");
    assert_eq!(clinician.get(&plans[1]).ok()["status"], "agreed");
}

#[test]
fn a_plan_is_for_its_participant_and_his_site() {
    let world = World::start();
    let participant = rows::participant(&world, world.sites[0], None);
    let id = drafted(&world, participant, &[concern("URI.leakage", Some(HelpWanted::Talk))]);
    let plan = format!("/v1/care-plans/{id}");
    let listed = |caller: &crate::harness::Caller| {
        let page = caller.get(&format!("/v1/care-plans?participant_id={participant}")).ok();
        page["items"].as_array().unwrap().len()
    };
    let himself = world.sign_in_participant(participant);
    himself.get(&plan).ok();
    himself.post_nothing(&format!("{plan}/discussion")).forbidden();
    assert_eq!(listed(&himself), 1);
    let elsewhere = world.sign_in_at(Role::Clinician, world.sites[1]);
    elsewhere.get(&plan).not_found();
    elsewhere.post_nothing(&format!("{plan}/discussion")).not_found();
    assert_eq!(listed(&elsewhere), 0);
    assert_eq!(listed(&world.sign_in_at(Role::Clinician, world.sites[0])), 1);
    world.sign_in(Role::Supporter).get(&plan).forbidden();
    world.sign_in_participant(rows::participant(&world, world.sites[0], None)).get(&plan).not_found();
}
