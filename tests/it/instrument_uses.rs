//! The life of a version of an instrument: tried out, taken into use on a ground, taken out of use.

use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::{Caller, Man, World};

/// A questionnaire of one whole number, with this licence.
fn questionnaire(licence: Option<&str>) -> String {
    let extension = |licence: &str| json!([{"url": "https://fhir.alongside.example/StructureDefinition/licence", "valueCode": licence}]);
    let mut document = json!({"resourceType": "Questionnaire", "status": "active", "version": "1",
        "url": format!("http://example.org/q/{}", licence.unwrap_or("none")),
        "item": [{"linkId": "1", "type": "integer", "text": "How many?"}]});
    if let Some(licence) = licence {
        document["extension"] = extension(licence);
    }
    document.to_string()
}

fn path(instrument: &Value) -> String {
    format!("/v1/instruments/{}", instrument["id"].as_str().unwrap())
}

fn begin(caller: &Caller, man: &Man, instrument: &Value) -> crate::harness::Answer {
    let body = json!({"participant_id": man.id, "instrument_id": instrument["id"], "time_point": "T0",
        "channel": "in_person"});
    caller.post("/v1/assessments", &body)
}

#[test]
fn a_version_is_a_draft_until_it_is_taken_into_use_and_stays_what_it_is() {
    let world = World::start();
    let man = world.participant().consented().create();
    let (manager, researcher) = (world.sign_in(Role::TrialManager), world.sign_in(Role::Researcher));
    let made = manager.post_fhir("/v1/instruments", &questionnaire(Some("A"))).created();
    assert_eq!(made["status"], "draft");
    let problem = begin(&researcher, &man, &made).problem(409, "conflict");
    assert_eq!(problem["errors"][0]["pointer"], "/instrument_id");
    let before = manager.get(&path(&made));
    let active = manager.post(&format!("{}/activation", path(&made)), &json!({})).ok();
    assert_eq!((&active["status"], &active["agreement_ref"]), (&json!("active"), &Value::Null));
    assert_ne!(manager.get(&path(&made)).etag(), before.etag(), "the tag follows the state");
    let begun = begin(&researcher, &man, &made).created();
    let again = manager.post(&format!("{}/activation", path(&made)), &json!({}));
    assert_eq!(again.problem(409, "illegal-transition")["allowed_next"], json!(["retired"]));

    let retired = manager.post_nothing(&format!("{}/retirement", path(&made))).ok();
    assert_eq!(retired["status"], "retired");
    begin(&researcher, &man, &made).problem(409, "conflict");
    manager.post(&format!("{}/activation", path(&made)), &json!({})).problem(409, "illegal-transition");
    // What has begun goes on.
    let assessment = format!("/v1/assessments/{}", begun["id"].as_str().unwrap());
    let answers = json!({"answers": [{"link_id": "1", "values": [{"valueInteger": 3}]}]});
    researcher.post(&format!("{assessment}/answers"), &answers).ok();
    researcher.post_nothing(&format!("{assessment}/submission")).ok();
    let active = manager.get("/v1/instruments?status=active&limit=200").ok();
    assert!(active["items"].as_array().unwrap().iter().all(|one| one["id"] != made["id"]));
}

#[test]
fn what_others_own_is_used_only_on_a_ground_that_is_recorded() {
    let world = World::start();
    let manager = world.sign_in(Role::TrialManager);
    for licence in [Some("B"), Some("C"), None] {
        let made = manager.post_fhir("/v1/instruments", &questionnaire(licence)).created();
        let activation = format!("{}/activation", path(&made));
        let problem = manager.post(&activation, &json!({})).problem(409, "licence-required");
        assert_eq!(problem["errors"][0]["pointer"], "/agreement_ref", "{licence:?}");
        manager.post(&activation, &json!({"agreement_ref": "  "})).problem(422, "invalid");
        let active = manager.post(&activation, &json!({"agreement_ref": "AGR-7"})).ok();
        assert_eq!((&active["status"], &active["agreement_ref"]), (&json!("active"), &json!("AGR-7")));
    }
    let made = manager.post_fhir("/v1/instruments", &questionnaire(Some("D"))).created();
    let refused = manager.post(&format!("{}/activation", path(&made)), &json!({"waiver": "We own it."}));
    refused.problem(409, "licence-required");
}

#[test]
fn the_catalogue_is_there_in_use_where_it_is_free_and_has_its_words() {
    let world = World::start();
    let manager = world.sign_in(Role::TrialManager);
    let found = |name: &str| world.instrument(&format!("/{name}"))["status"].as_str().unwrap().to_owned();
    for name in
        ["prostate-hna", "phq-9", "phq-8", "phq-2", "gad-7", "gad-2", "ons4", "foundation-tasks", "distress"]
    {
        assert_eq!(found(name), "active", "{name}");
    }
    for name in ["epic-26", "epic-cp", "eheals"] {
        assert_eq!(found(name), "draft", "{name}");
        let activation = format!("{}/activation", path(&world.instrument(&format!("/{name}"))));
        let refused = manager.post(&activation, &json!({"agreement_ref": "AGR-7"}));
        let problem = refused.problem(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().contains("no wording"), "{problem}");
    }
}

#[test]
fn a_draft_is_tried_out_and_nothing_is_kept() {
    let world = World::start();
    let manager = world.sign_in(Role::TrialManager);
    let epic = world.instrument("/epic-26");
    let answer = |link_id: &str, code: &str| {
        let coding = json!({"system": "https://fhir.alongside.example/CodeSystem/epic-26", "code": code});
        json!({"link_id": link_id, "values": [{"valueCoding": coding}]})
    };
    let trial = json!({"answers": [answer("Q1", "4"), answer("Q2", "3"), answer("Q3", "1"), answer("Q4a", "1"),
        answer("Q4c", "2")]});
    let result = manager.post(&format!("{}/trials", path(&epic)), &trial).ok();
    assert_eq!(result["scores"][0]["code"], "epic26_incontinence");
    assert_eq!(result["scores"][0]["value"], 71.0);
    assert_eq!(result["scores"][1]["value"], Value::Null);
    assert_eq!(result["rules"][0]["rule"], "epic26_blood");
    assert_eq!(result["questions"].as_array().unwrap().len(), 26);
    let wrong = json!({"answers": [answer("Q1", "9")]});
    let problem = manager.post(&format!("{}/trials", path(&epic)), &wrong).problem(422, "invalid");
    assert!(problem["errors"][0]["pointer"].as_str().unwrap().starts_with("/answers/0"), "{problem}");
    assert!(manager.get("/v1/assessments").ok()["items"].as_array().unwrap().is_empty());
}

#[test]
fn only_the_trial_manager_decides_and_only_in_his_own_programme() {
    let world = World::start();
    let manager = world.sign_in(Role::TrialManager);
    let made = manager.post_fhir("/v1/instruments", &questionnaire(Some("A"))).created();
    for role in [Role::DataManager, Role::Clinician, Role::Supporter] {
        let caller = world.sign_in(role);
        caller.post(&format!("{}/activation", path(&made)), &json!({})).problem(403, "forbidden");
        caller.post_nothing(&format!("{}/retirement", path(&made))).problem(403, "forbidden");
    }
    let elsewhere = world.admin().post(
        "/v1/programmes",
        &json!({"code": "OTHER", "name": "Other", "kind": "trial", "timezone": "Europe/London",
            "jurisdiction": "GB-ENG"}),
    );
    let elsewhere = crate::harness::id(&elsewhere.created());
    let stranger = world.enrol(Role::TrialManager, Some(elsewhere), None, None);
    stranger.post(&format!("{}/activation", path(&made)), &json!({})).problem(404, "not-found");
    stranger.post(&format!("{}/trials", path(&made)), &json!({"answers": []})).problem(404, "not-found");
}
