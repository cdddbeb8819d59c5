//! What alert rules find, scores against earlier time points, and why a question is asked.

use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::{Caller, Man, World};

fn begin(caller: &Caller, man: &Man, instrument: &Value, time_point: &str) -> String {
    let body = json!({"participant_id": man.id, "instrument_id": instrument["id"], "time_point": time_point,
        "channel": "in_person"});
    format!("/v1/assessments/{}", caller.post("/v1/assessments", &body).created()["id"].as_str().unwrap())
}

fn save(caller: &Caller, assessment: &str, answers: &[Value]) -> Value {
    caller.post(&format!("{assessment}/answers"), &json!({"answers": answers})).ok()
}

/// An answer of the PHQ-9 that counts this much.
fn phq(link_id: &str, weight: usize) -> Value {
    let code = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"][weight];
    json!({"link_id": link_id, "values": [{"valueCoding": {"system": "http://loinc.org", "code": code}}]})
}

fn gate(link_id: &str, code: &str) -> Value {
    json!({"link_id": link_id, "values": [{"valueCoding": {
        "system": "https://fhir.alongside.example/CodeSystem/gate", "code": code}}]})
}

fn rules(caller: &Caller, assessment: &str) -> Vec<String> {
    let found = caller.get(&format!("{assessment}/findings")).ok();
    found["items"].as_array().unwrap().iter().map(|one| one["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_answer_is_found_at_once_and_stays_found_whatever_comes_later() {
    let world = World::start();
    let man = world.participant().consented().create();
    let (researcher, clinician) = (world.sign_in(Role::Researcher), world.sign_in(Role::Clinician));
    let lead = world.sign_in(Role::SafeguardingLead);
    let assessment = begin(&researcher, &man, &world.instrument("/phq-9"), "T0");
    save(&researcher, &assessment, &[phq("1", 0)]);
    assert!(rules(&clinician, &assessment).is_empty());
    save(&researcher, &assessment, &[phq("9", 1)]);
    assert_eq!(rules(&clinician, &assessment), ["phq9_self_harm_some"]);
    // Once for each rule, however often it is saved; a more serious answer is found as well.
    save(&researcher, &assessment, &[phq("9", 1)]);
    save(&researcher, &assessment, &[phq("9", 3)]);
    save(&researcher, &assessment, &[phq("9", 0)]);
    let both = ["phq9_self_harm_some", "phq9_self_harm_often"];
    assert_eq!(rules(&clinician, &assessment), both);
    assert_eq!(rules(&lead, &assessment), both);
    let found = clinician.get(&format!("{assessment}/findings")).ok();
    assert_eq!(found["items"][1]["tier"], "T1");
    assert_eq!(found["items"][1]["evidence"], json!([{"link_id": "9", "number": 3.0}]));
    assert_eq!(found["items"][1]["seq"], 4);
    assert_eq!(found["items"][1]["recipients"], json!(["safeguarding_lead", "clinician"]));
    // Given up, and still there.
    researcher.post(&format!("{assessment}/abandonment"), &json!({"reason": "too_tired"})).ok();
    assert_eq!(rules(&clinician, &assessment), both);
    let page = clinician.get(&format!("{assessment}/findings?limit=1")).ok();
    let next = page["next"].as_str().unwrap();
    let rest = clinician.get(&format!("{assessment}/findings?limit=1&cursor={next}")).ok();
    assert_eq!(rest["items"][0]["rule"], "phq9_self_harm_often");
}

#[test]
fn a_total_is_found_as_soon_as_it_is_certain() {
    let world = World::start();
    let man = world.participant().consented().create();
    let researcher = world.sign_in(Role::Researcher);
    let assessment = begin(&researcher, &man, &world.instrument("/phq-9"), "T0");
    save(&researcher, &assessment, &["1", "2", "3", "4"].map(|item| phq(item, 3)));
    assert!(rules(&researcher, &assessment).is_empty());
    save(&researcher, &assessment, &[phq("5", 3)]);
    assert_eq!(rules(&researcher, &assessment), ["phq9_high"]);
}

#[test]
fn answers_that_come_with_the_assessment_or_as_a_correction_are_found_too() {
    let world = World::start();
    let man = world.participant().consented().create();
    let (researcher, clinician) = (world.sign_in(Role::Researcher), world.sign_in(Role::Clinician));
    let body = json!({"participant_id": man.id, "instrument_id": world.instrument("/distress")["id"],
        "time_point": "T0", "channel": "paper", "answers": [{"link_id": "1", "values": [{"valueInteger": 5}]}]});
    let made = researcher.post("/v1/assessments", &body).created();
    let assessment = format!("/v1/assessments/{}", made["id"].as_str().unwrap());
    assert_eq!(rules(&clinician, &assessment), ["distress_some"]);
    researcher.post_nothing(&format!("{assessment}/submission")).ok();
    let correction =
        json!({"reason": "transcription", "answers": [{"link_id": "1", "values": [{"valueInteger": 9}]}]});
    researcher.post(&format!("{assessment}/amendments"), &correction).ok();
    assert_eq!(rules(&clinician, &assessment), ["distress_some", "distress_high"]);
}

#[test]
fn safety_at_home_is_found_for_safeguarding_leads_alone() {
    let world = World::start();
    let supporter = world.sign_in(Role::Supporter);
    let man = world.participant().consented().helped_by(&supporter).create();
    let (researcher, clinician) = (world.sign_in(Role::Researcher), world.sign_in(Role::Clinician));
    let lead = world.sign_in(Role::SafeguardingLead);
    let hna = world.instrument("/prostate-hna");
    let assessment = begin(&researcher, &man, &hna, "T0");
    let definition = researcher.get(&format!("/v1/instruments/{}", hna["id"].as_str().unwrap())).ok();
    let system = gate_system(&definition["definition"], "SAF.money_pressure.gate");
    let yes = |link_id: &str| {
        let mut answer = gate(link_id, "yes");
        match &system {
            Some(system) => answer["values"][0]["valueCoding"]["system"] = json!(system),
            None => {
                answer["values"][0]["valueCoding"].as_object_mut().unwrap().remove("system");
            }
        }
        answer
    };
    save(&researcher, &assessment, &[yes("SAF.money_pressure.gate"), yes("URI.blood.gate")]);
    assert_eq!(rules(&lead, &assessment), ["money_pressure"]);
    assert_eq!(rules(&clinician, &assessment), ["blood_in_urine"]);
    supporter.get(&format!("{assessment}/findings")).problem(403, "forbidden");
    let elsewhere = world.sign_in_at(Role::Clinician, world.sites[1]);
    elsewhere.get(&format!("{assessment}/findings")).problem(404, "not-found");
}

/// The code system of the options of an item.
fn gate_system(node: &Value, link_id: &str) -> Option<String> {
    if node["linkId"] == link_id {
        return node["answerOption"][0]["valueCoding"]["system"].as_str().map(str::to_owned);
    }
    node["item"].as_array().into_iter().flatten().find_map(|child| gate_system(child, link_id))
}

#[test]
fn scores_are_held_against_those_of_before() {
    let world = World::start();
    let man = world.participant().consented().create();
    let (researcher, clinician) = (world.sign_in(Role::Researcher), world.sign_in(Role::Clinician));
    let phq9 = world.instrument("/phq-9");
    let mut last = String::new();
    // 0, then 5, then 12: the last step is more than the error of the measure.
    for (time_point, high) in [("T0", 0), ("T1", 5), ("T2", 6)] {
        last = begin(&researcher, &man, &phq9, time_point);
        let weight = usize::from(time_point != "T0") + usize::from(time_point == "T2");
        for item in 1..=9 {
            let weight = if item <= high { weight } else { 0 };
            save(&researcher, &last, &[phq(&item.to_string(), weight)]);
        }
        if high > 0 {
            let answer = json!({"link_id": "10", "values": [{"valueCoding": {"system": "http://loinc.org", "code": "LA6572-7"}}]});
            save(&researcher, &last, &[answer]);
        }
        researcher.post_nothing(&format!("{last}/submission")).ok();
        world.clock.advance(chrono::TimeDelta::minutes(1));
    }
    let view = clinician.get(&format!("{last}/scores")).ok();
    assert_eq!(view["scores"][0]["value"], 12.0);
    assert_eq!(view["scores"][0]["inputs"].as_array().unwrap().len(), 9);
    let points: Vec<&str> =
        view["compared"].as_array().unwrap().iter().map(|one| one["time_point"].as_str().unwrap()).collect();
    assert_eq!(points, ["T1", "T0"]);
    let change = &view["compared"][0]["changes"][0];
    assert_eq!((&change["before"], &change["difference"]), (&json!(5.0), &json!(7.0)));
    assert_eq!((&change["direction"], &change["reliable"]), (&json!("worse"), &json!(true)));
    assert_eq!(rules(&clinician, &last), ["phq9_worse"]);
    world.sign_in(Role::Supporter).get(&format!("{last}/scores")).problem(403, "forbidden");
}

#[test]
fn a_rule_is_tried_out_on_what_was_answered() {
    let world = World::start();
    let manager = world.sign_in(Role::TrialManager);
    let researcher = world.sign_in(Role::Researcher);
    let distress = world.instrument("/distress");
    for value in [9, 9, 9, 9, 9, 3] {
        let man = world.participant().consented().create();
        let assessment = begin(&researcher, &man, &distress, "T0");
        save(&researcher, &assessment, &[json!({"link_id": "1", "values": [{"valueInteger": value}]})]);
        // Corrected at once: the rule would have seen it all the same.
        save(&researcher, &assessment, &[json!({"link_id": "1", "values": [{"valueInteger": 0}]})]);
    }
    let rule = |least: u8| {
        json!({"rule": {"url": "https://fhir.alongside.example/StructureDefinition/alert-rule", "extension": [
            {"url": "code", "valueCode": "try"}, {"url": "tier", "valueCode": "T2"},
            {"url": "recipient", "valueCode": "clinician"}, {"url": "explanation", "valueString": "Very upset."},
            {"url": "when", "extension": [{"url": "item", "valueString": "1"}, {"url": "atLeast", "valueInteger": least}]}]}})
    };
    let path = format!("/v1/instruments/{}/alert-rule-dry-runs", distress["id"].as_str().unwrap());
    let high = manager.post(&path, &rule(9)).ok();
    assert_eq!((&high["assessments"], &high["found_in"]["count"]), (&json!(6), &json!(5)));
    assert_eq!(high["participants"]["count"], 5);
    assert_eq!(high["found_in_unfinished"]["count"], 5);
    assert_eq!(manager.post(&path, &rule(10)).ok()["found_in"]["count"], 0);
    let mut few = rule(3);
    let most = json!({"url": "atMost", "valueInteger": 3});
    few["rule"]["extension"][4]["extension"].as_array_mut().unwrap().push(most);
    let few = manager.post(&path, &few).ok();
    assert_eq!(few["found_in"], json!({"count": null, "fewer_than_five": true}));
    let mut broken = rule(9);
    broken["rule"]["extension"][4]["extension"][0]["valueString"] = json!("nowhere");
    let problem = manager.post(&path, &broken).problem(422, "invalid");
    assert!(problem["errors"][0]["pointer"].as_str().unwrap().starts_with("/rule/extension/4"), "{problem}");
    researcher.post(&path, &rule(9)).problem(403, "forbidden");
}

#[test]
fn what_a_changed_answer_clears_is_said_and_explained() {
    let world = World::start();
    let supporter = world.sign_in(Role::Supporter);
    let man = world.participant().consented().helped_by(&supporter).create();
    let researcher = world.sign_in(Role::Researcher);
    let assessment = begin(&researcher, &man, &world.instrument("/phq-9"), "T0");
    save(&researcher, &assessment, &[phq("1", 2)]);
    let difficulty = json!({"link_id": "10", "values": [{"valueCoding": {"system": "http://loinc.org", "code": "LA6573-5"}}]});
    save(&researcher, &assessment, &[difficulty]);
    let path = format!("{assessment}/explanation?link_id=10");
    let asked = researcher.get(&path).ok();
    assert_eq!((&asked["enabled"], &asked["cleared"]), (&json!(true), &json!(false)));
    let saved = save(&researcher, &assessment, &[phq("1", 0)]);
    assert_eq!(saved["cleared"], json!([{"link_id": "10", "occurrence": []}]));
    let gone = researcher.get(&path).ok();
    assert_eq!((&gone["enabled"], &gone["cleared"]), (&json!(false), &json!(true)));
    assert!(gone["reasons"][0].as_str().unwrap().contains("is asked when the answer to"), "{gone}");
    // The history keeps it, marked as not counting where the answers stand; and it comes back with the question.
    let history = researcher.get(&format!("{assessment}/answers")).ok();
    assert_eq!(history["items"].as_array().unwrap().len(), 3);
    let view = researcher.get(&assessment).ok();
    let kept = view["answers"].as_array().unwrap().iter().find(|one| one["link_id"] == "10").unwrap();
    assert_eq!(kept["in_effect"], false);
    let back = save(&researcher, &assessment, &[phq("1", 1)]);
    assert!(back["cleared"].as_array().unwrap().is_empty());
    assert_eq!(researcher.get(&path).ok()["cleared"], false);
    researcher.get(&format!("{assessment}/explanation?link_id=nowhere")).problem(404, "not-found");
    // Without an open session a supporter sees no answers, so no reasons either.
    supporter.get(&path).problem(404, "not-found");
}
