//! Care plans: drafted from concerns, talked about, agreed by two, closed.

use alongside_domain::instrument::HelpWanted;
use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::plans::{agree, concern, day, drafted, from_answers, talk, yes};
use crate::harness::{World, rows};

fn closure(reason: &str) -> Value {
    json!({"reason": reason})
}

#[test]
fn a_plan_goes_from_draft_to_agreement_to_its_end() {
    let world = World::start();
    let clinician = world.sign_in_at(Role::Clinician, world.sites[0]);
    let man = world.participant().at(world.sites[0]).create();
    let concerns = [concern("URI.leakage", Some(HelpWanted::Information)), concern("URI.urgency", None)];
    let plan = format!("/v1/care-plans/{}", drafted(&world, man.id, world.sites[0], &concerns));

    let view = clinician.get(&plan).ok();
    assert_eq!(view["status"], "drafted");
    assert_eq!(view["actions"][0]["action"], "signpost");
    assert_eq!(view["actions"][0]["own_words"], "At night");
    assert_eq!(view["actions"][1]["owner"], "undecided");
    let undecided = format!("{plan}/actions/{}", view["actions"][1]["id"].as_str().unwrap());

    let agreement = format!("{plan}/agreement");
    let refused = clinician.post(&agreement, &yes(&world)).problem(409, "illegal-transition");
    assert_eq!(refused["allowed_next"], json!(["in_discussion", "closed"]));
    let without_him = json!({"with": ["gp"], "channel": "phone"});
    clinician.post(&format!("{plan}/discussion"), &without_him).invalid_at("/with");
    clinician.post(&format!("{plan}/discussion"), &talk()).ok();
    let unsettled = clinician.post(&agreement, &yes(&world)).invalid_at("/actions/1/owner");
    assert!(unsettled["errors"][0]["message"].as_str().unwrap().starts_with("URI.urgency"), "{unsettled}");
    let patched = clinician.patch(&undecided, "\"1\"", &json!({"owner": "gp", "goal": "Sleep"}));
    assert_eq!((patched.etag(), &patched.ok()["goal"]), ("\"2\"".to_owned(), &json!("Sleep")));
    clinician.patch(&undecided, "\"1\"", &json!({"owner": "clinician"})).problem(412, "stale");
    let added = json!({"action": "refer", "owner": "clinician", "title": "Physiotherapy",
        "due_on": day(&world, 14)});
    clinician.post(&format!("{plan}/actions"), &added).created();
    let mut late = yes(&world);
    late["review_on"] = json!(day(&world, -3));
    clinician.post(&agreement, &late).invalid_at("/review_on");
    let agreed = clinician.post(&agreement, &yes(&world)).ok();
    assert_eq!(agreed["actions"].as_array().unwrap().len(), 3);
    assert!(agreed["discussed_at"].as_str() < agreed["agreed_at"].as_str());
    // Who names no day has until the review.
    assert_eq!(agreed["actions"][0]["due_on"], json!(day(&world, 90)));
    assert_eq!(agreed["actions"][2]["due_on"], json!(day(&world, 14)));
    let history = agreed["history"].as_array().unwrap();
    let steps: Vec<&Value> = history.iter().map(|step| &step["step"]).collect();
    assert_eq!(steps, ["discussion", "agreement"]);
    assert_eq!(history[0]["with"], json!(["participant", "family_friend"]));
    assert_eq!((&history[1]["method"], &history[1]["done_by"]), (&json!("spoken"), &json!(clinician.id)));

    // What was agreed stays; how far it has come is noted.
    for change in [json!({"title": "Else"}), json!({"due_on": day(&world, 5)}), json!({"owner": "gp"})] {
        clinician.patch(&undecided, "\"3\"", &change).problem(409, "illegal-transition");
    }
    clinician.post(&format!("{plan}/actions"), &added).problem(409, "illegal-transition");
    clinician.patch(&undecided, "\"3\"", &json!({"progress": "done", "outcome": "Better"})).ok();
    clinician.post(&format!("{plan}/closure"), &closure("completed")).invalid_at("/actions/0/progress");
    for index in [0, 2] {
        let action = &clinician.get(&plan).ok()["actions"][index];
        let path = format!("{plan}/actions/{}", action["id"].as_str().unwrap());
        clinician.patch(&path, &format!("\"{}\"", action["version"]), &json!({"progress": "done"})).ok();
    }
    let closed = clinician.post(&format!("{plan}/closure"), &closure("completed")).ok();
    assert_eq!((&closed["status"], &closed["history"][2]["reason"]), (&json!("closed"), &json!("completed")));
    clinician.post(&format!("{plan}/discussion"), &talk()).problem(409, "illegal-transition");
}

#[test]
fn every_concern_is_answered_before_anything_is_agreed() {
    let world = World::start();
    let (clinician, researcher) = (world.sign_in(Role::Clinician), world.sign_in(Role::Researcher));
    let man = world.participant().consented().create();
    let plan = from_answers(&world, &clinician, &man, &["URI.leakage"], &["GEN.fatigue"]);
    let view = clinician.get(&plan).ok();
    let action = format!("{plan}/actions/{}", view["actions"][0]["id"].as_str().unwrap());
    clinician.patch(&action, "\"1\"", &json!({"owner": "clinician"})).ok();
    clinician.post(&format!("{plan}/discussion"), &talk()).ok();

    // Read again, the paper says yes to fatigue: the draft knows nothing of it.
    let assessment = view["assessment_id"].as_str().unwrap();
    let correction = json!({"reason": "transcription", "comment": "Read again.", "answers": [{
        "link_id": "GEN.fatigue.gate",
        "values": [{"valueCoding": {"system": "https://fhir.alongside.example/CodeSystem/answer", "code": "yes"}}]}]});
    researcher.post(&format!("/v1/assessments/{assessment}/amendments"), &correction).ok();
    assert_eq!(clinician.get(&plan).ok()["open_concerns"], json!([{"concern_code": "GEN.fatigue"}]));
    let refused = clinician.post(&format!("{plan}/agreement"), &yes(&world)).invalid_at("/actions");
    assert!(refused.to_string().contains("GEN.fatigue"), "{refused}");
    assert!(!refused.to_string().contains("URI.leakage"), "{refused}");

    let no_help = json!({"concern_code": "GEN.fatigue", "action": "none_wanted", "owner": "participant",
        "title": "Being tired"});
    clinician.post(&format!("{plan}/actions"), &no_help).created();
    let agreed = clinician.post(&format!("{plan}/agreement"), &yes(&world)).ok();
    assert_eq!((&agreed["status"], &agreed["open_concerns"]), (&json!("agreed"), &json!([])));
    // Nothing is due of what nobody does.
    assert_eq!(agreed["actions"][1]["due_on"], json!(null));
}

#[test]
fn no_concern_has_a_good_end() {
    let world = World::start();
    let (clinician, coordinator) = (world.sign_in(Role::Clinician), world.sign_in(Role::Coordinator));
    let man = world.participant().consented().create();
    let plan = from_answers(&world, &clinician, &man, &[], &["URI.leakage"]);
    let view = clinician.get(&plan).ok();
    assert_eq!((&view["status"], &view["actions"]), (&json!("none_needed"), &json!([])));
    let closing = format!("{plan}/closure");
    clinician.post(&closing, &closure("no_concerns")).invalid_at("/discussion");
    clinician.post(&closing, &closure("completed")).invalid_at("/reason");
    let sign = json!({"title": "Walking group", "description": "An easy walk.", "concern_codes": ["GEN"],
        "review_due": day(&world, 100)});
    let sign = coordinator.post("/v1/signposts", &sign).created();
    let end = json!({"reason": "no_concerns", "discussion": {"with": ["participant"], "channel": "phone"},
        "signpost_ids": [sign["id"]], "note": "Knows whom to ring."});
    let closed = clinician.post(&closing, &end).ok();
    assert_eq!(closed["status"], "closed");
    let history = closed["history"].as_array().unwrap();
    assert_eq!((&history[0]["step"], &history[0]["channel"]), (&json!("discussion"), &json!("phone")));
    assert_eq!(history[1]["signposts"][0]["title"], "Walking group");
    assert!(closed["discussed_at"].is_string() && closed["closed_at"].is_string());

    // Where something was raised, “no concerns” is untrue, and there is nothing to agree where nothing was.
    let raised = from_answers(&world, &clinician, &man, &["URI.leakage"], &[]);
    clinician.post(&format!("{raised}/closure"), &end).invalid_at("/reason");
    let none = from_answers(&world, &clinician, &man, &[], &["URI.leakage"]);
    clinician.post(&format!("{none}/discussion"), &talk()).ok();
    clinician.post(&format!("{none}/agreement"), &yes(&world)).invalid_at("/actions");
    assert_eq!(clinician.post(&format!("{none}/closure"), &closure("no_concerns")).ok()["status"], "closed");
}

#[test]
fn a_later_plan_takes_the_place_of_the_earlier() {
    let world = World::start();
    let clinician = world.sign_in(Role::Clinician);
    let participant = rows::participant(&world, world.sites[0], Some("X3"));
    let concerns = [concern("URI.leakage", Some(HelpWanted::Talk))];
    let mut plans = Vec::new();
    for _ in 0..2 {
        let plan = format!("/v1/care-plans/{}", drafted(&world, participant, world.sites[0], &concerns));
        agree(&world, &clinician, &plan);
        plans.push(plan);
    }
    assert_eq!(clinician.get(&plans[0]).ok()["status"], "superseded");
    assert_eq!(clinician.get(&plans[1]).ok()["status"], "agreed");
}

#[test]
fn a_plan_is_for_its_participant_and_his_site() {
    let world = World::start();
    let participant = rows::participant(&world, world.sites[0], None);
    let concerns = [concern("URI.leakage", Some(HelpWanted::Talk))];
    let id = drafted(&world, participant, world.sites[0], &concerns);
    let plan = format!("/v1/care-plans/{id}");
    let listed = |caller: &crate::harness::Caller| {
        let page = caller.get(&format!("/v1/care-plans?participant_id={participant}")).ok();
        page["items"].as_array().unwrap().len()
    };
    let himself = world.sign_in_participant(participant);
    himself.get(&plan).ok();
    himself.post(&format!("{plan}/discussion"), &talk()).forbidden();
    assert_eq!(listed(&himself), 1);
    let elsewhere = world.sign_in_at(Role::Clinician, world.sites[1]);
    elsewhere.get(&plan).not_found();
    elsewhere.post(&format!("{plan}/discussion"), &talk()).not_found();
    elsewhere.post_nothing(&format!("{plan}/revision")).not_found();
    elsewhere.get(&format!("{plan}/document")).not_found();
    assert_eq!(listed(&elsewhere), 0);
    assert_eq!(listed(&world.sign_in_at(Role::Clinician, world.sites[0])), 1);
    world.sign_in(Role::Supporter).get(&plan).forbidden();
    world.sign_in_participant(rows::participant(&world, world.sites[0], None)).get(&plan).not_found();
}
