//! What final answers come to: at submission and at each amendment, each kept beside the one before.

use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::{Caller, Man, World};

/// A submitted answer to the distress question.
fn submitted(world: &World, man: &Man, by: &Caller, value: u8) -> String {
    let body = json!({"participant_id": man.id, "instrument_id": world.instrument("/distress")["id"],
        "time_point": "T0", "channel": "in_person", "answers": [answer(value)]});
    let made = by.post("/v1/assessments", &body).created();
    let path = format!("/v1/assessments/{}", made["id"].as_str().unwrap());
    by.post_nothing(&format!("{path}/submission")).ok();
    path
}

fn answer(value: u8) -> Value {
    json!({"link_id": "1", "values": [{"valueInteger": value}]})
}

fn correction(reason: &str, value: u8) -> Value {
    json!({"reason": reason, "comment": "Read again.", "answers": [answer(value)]})
}

#[test]
fn an_amendment_keeps_the_scores_and_findings_of_before() {
    let world = World::start();
    let man = world.participant().consented().create();
    let (researcher, manager) = (world.sign_in(Role::Researcher), world.sign_in(Role::DataManager));
    let assessment = submitted(&world, &man, &researcher, 9);
    world.clock.advance(chrono::TimeDelta::minutes(1));
    manager.post(&format!("{assessment}/amendments"), &correction("transcription", 2)).ok();
    world.clock.advance(chrono::TimeDelta::minutes(1));
    manager.post(&format!("{assessment}/amendments"), &correction("participant_correction", 6)).ok();

    let page = researcher.get(&format!("{assessment}/outcomes")).ok();
    let items = page["items"].as_array().unwrap();
    let told: Vec<_> = items
        .iter()
        .map(|one| {
            (one["number"].as_i64().unwrap(), one["reason"].as_str(), one["scores"][0]["value"].as_f64())
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, None, Some(9.0)),
            (2, Some("transcription"), Some(2.0)),
            (3, Some("participant_correction"), Some(6.0))
        ]
    );
    // Who and when, and which answers brought it about: the first one is still there.
    let authors: Vec<_> = items.iter().map(|one| one["author_id"].clone()).collect();
    assert_eq!(authors, [json!(researcher.id), json!(manager.id), json!(manager.id)]);
    assert!(items[0]["at"].as_str() < items[1]["at"].as_str());
    assert_eq!((&items[1]["first_seq"], &items[1]["last_seq"]), (&json!(2), &json!(2)));
    let history = researcher.get(&format!("{assessment}/answers")).ok();
    assert_eq!(history["items"][0]["values"], json!([{"valueInteger": 9}]));
    assert_eq!(history["items"][1]["reason"], "transcription");
    // What it changed.
    assert_eq!(items[0]["score_steps"], json!([]));
    assert_eq!(items[1]["score_steps"], json!([{"code": "distress", "before": 9.0, "now": 2.0}]));
    assert_eq!(items[2]["score_steps"], json!([{"code": "distress", "before": 2.0, "now": 6.0}]));
    // The rules that hold are worked out anew; what was found stays found.
    let rules = |at: usize| {
        let all = items[at]["holding"].as_array().unwrap().iter();
        all.map(|one| one["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((rules(0), rules(1)), (vec!["distress_high".to_owned()], vec![]));
    assert_eq!(rules(2), ["distress_some"]);
    assert_eq!(items[0]["holds_now"], Value::Null);
    assert_eq!(items[1]["held_before"], json!(["distress_high"]));
    assert_eq!(items[2]["holds_now"], json!(["distress_some"]));
    let found = world.sign_in(Role::Clinician).get(&format!("{assessment}/findings")).ok();
    let found: Vec<_> = found["items"].as_array().unwrap().iter().map(|one| one["rule"].clone()).collect();
    assert_eq!(found, ["distress_high", "distress_some"]);
    // The assessment itself shows the newest.
    let now = researcher.get(&assessment).ok();
    assert_eq!((&now["status"], &now["scores"][0]["value"]), (&json!("amended"), &json!(6.0)));
}

#[test]
fn outcomes_come_in_pages_that_still_know_the_one_before() {
    let world = World::start();
    let man = world.participant().consented().create();
    let researcher = world.sign_in(Role::Researcher);
    let assessment = submitted(&world, &man, &researcher, 1);
    for value in [2, 3] {
        researcher.post(&format!("{assessment}/amendments"), &correction("query", value)).ok();
    }
    let first = researcher.get(&format!("{assessment}/outcomes?limit=1")).ok();
    assert_eq!(first["items"].as_array().unwrap().len(), 1);
    let next = first["next"].as_str().unwrap();
    let second = researcher.get(&format!("{assessment}/outcomes?limit=1&cursor={next}")).ok();
    assert_eq!(second["items"][0]["number"], 2);
    assert_eq!(second["items"][0]["score_steps"][0]["before"], 1.0);
    let next = second["next"].as_str().unwrap();
    let third = researcher.get(&format!("{assessment}/outcomes?limit=1&cursor={next}")).ok();
    assert_eq!((&third["items"][0]["number"], &third["next"]), (&json!(3), &Value::Null));
}

#[test]
fn outcomes_are_for_those_who_read_scores_and_rules_for_those_who_read_findings() {
    let world = World::start();
    let man = world.participant().consented().create();
    let researcher = world.sign_in(Role::Researcher);
    let assessment = submitted(&world, &man, &researcher, 9);
    let path = format!("{assessment}/outcomes");
    // He reads his own scores, and is not told of rules.
    let own = world.sign_in_participant(man.id).get(&path).ok();
    assert_eq!(
        (&own["items"][0]["scores"][0]["value"], &own["items"][0]["holding"]),
        (&json!(9.0), &Value::Null)
    );
    world.sign_in(Role::Supporter).get(&path).forbidden();
    world.sign_in(Role::Coordinator).get(&path).forbidden();
    world.sign_in_at(Role::Researcher, world.sites[1]).get(&path).not_found();
    let closed = world
        .participant()
        .consented()
        .but_not("share_summary_gp")
        .but_not("share_summary_hospital")
        .create();
    let kept = submitted(&world, &closed, &researcher, 9);
    let answer = world.sign_in(Role::Clinician).get(&format!("{kept}/outcomes"));
    answer.problem(409, "consent-missing");
}

#[test]
fn what_concerns_safety_at_home_is_in_no_outcome_that_others_read() {
    let world = World::start();
    let man = world.participant().consented().create();
    let researcher = world.sign_in(Role::Researcher);
    let hna = world.instrument("/prostate-hna");
    let body = json!({"participant_id": man.id, "instrument_id": hna["id"], "time_point": "T0",
        "channel": "in_person"});
    let made = researcher.post("/v1/assessments", &body).created();
    let assessment = format!("/v1/assessments/{}", made["id"].as_str().unwrap());
    let yes = |link_id: &str| {
        json!({"link_id": link_id, "values": [{"valueCoding": {
            "system": "https://fhir.alongside.example/CodeSystem/answer", "code": "yes"}}]})
    };
    let answers = json!({"answers": [yes("SAF.money_pressure.gate"), yes("URI.blood.gate")]});
    researcher.post(&format!("{assessment}/answers"), &answers).ok();
    let lead = world.sign_in(Role::SafeguardingLead).get(&format!("{assessment}/findings")).ok();
    assert_eq!(lead["items"][0]["rule"], "money_pressure");
    researcher.post_nothing(&format!("{assessment}/submission")).ok();
    let page = researcher.get(&format!("{assessment}/outcomes")).ok();
    let held: Vec<_> =
        page["items"][0]["holding"].as_array().unwrap().iter().map(|one| one["rule"].clone()).collect();
    assert_eq!(held, ["blood_in_urine"]);
}

#[test]
fn an_amendment_of_an_older_version_is_refused() {
    let world = World::start();
    let man = world.participant().consented().create();
    let researcher = world.sign_in(Role::Researcher);
    let assessment = submitted(&world, &man, &researcher, 9);
    let seen = researcher.get(&assessment).etag();
    let amend = |etag: &str, value: u8| {
        let headers = [("content-type", "application/json"), ("if-match", etag)];
        let body = correction("transcription", value).to_string().into_bytes();
        researcher.send("POST", &format!("{assessment}/amendments"), &headers, Some(body))
    };
    amend(&seen, 8).ok();
    amend(&seen, 7).problem(412, "stale");
    let page = researcher.get(&format!("{assessment}/outcomes")).ok();
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
}
