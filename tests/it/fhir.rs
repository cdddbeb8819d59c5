//! The FHIR doors: documents in and out, judging what nobody keeps, and refusals in FHIR's own words.

use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::World;

const FHIR: &str = "application/fhir+json";
const VALIDATE: &str = "/v1/fhir/QuestionnaireResponse/$validate";
const URL: &str = "https://example.org/Questionnaire/pain";

fn form(version: &str) -> Value {
    json!({"resourceType": "Questionnaire", "url": URL, "version": version, "status": "active", "item": [
        {"linkId": "pain", "type": "boolean", "text": "Pain?", "required": true},
        {"linkId": "where", "type": "string", "text": "Where?",
         "enableWhen": [{"question": "pain", "operator": "=", "answerBoolean": true}]}]})
}

fn response(canonical: &str, items: Value) -> Value {
    json!({"resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": canonical, "item": items})
}

fn no_pain() -> Value {
    json!([{"linkId": "pain", "answer": [{"valueBoolean": false}]}])
}

/// Severity and code of each issue of an OperationOutcome.
fn issues(outcome: &Value) -> Vec<(String, String)> {
    assert_eq!(outcome["resourceType"], "OperationOutcome", "{outcome}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let issues = outcome["issue"].as_array().unwrap().iter();
    issues.map(|issue| (text(&issue["severity"]), text(&issue["details"]["coding"][0]["code"]))).collect()
}

fn errors(outcome: &Value) -> Vec<String> {
    issues(outcome).into_iter().filter(|(severity, _)| severity == "error").map(|(_, code)| code).collect()
}

#[test]
fn a_response_is_judged_without_being_kept() {
    let world = World::start();
    let manager = world.sign_in(Role::TrialManager);
    manager.post_fhir("/v1/instruments", &form("1").to_string()).created();
    let clinician = world.sign_in(Role::Clinician);
    let judge = |document: Value| {
        let answer = clinician.post_fhir(VALIDATE, &document.to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let right = judge(response(&format!("{URL}|1"), no_pain()));
    assert_eq!(issues(&right), [("information".into(), String::new())]);
    let wrong =
        judge(response(&format!("{URL}|1"), json!([{"linkId": "where", "answer": [{"valueInteger": 7}]}])));
    let mut found = errors(&wrong);
    found.sort_unstable();
    assert_eq!(found, ["answer_missing", "question_not_shown", "wrong_type"]);
    // The newest version is meant where none is named.
    let mut next = form("2");
    next["item"][1]["linkId"] = json!("spot");
    manager.post_fhir("/v1/instruments", &next.to_string()).created();
    let there = json!([{"linkId": "pain", "answer": [{"valueBoolean": true}]},
        {"linkId": "where", "answer": [{"valueString": "Back"}]}]);
    assert_eq!(errors(&judge(response(URL, there.clone()))), ["unknown_question"]);
    assert!(errors(&judge(response(&format!("{URL}|1"), there))).is_empty());
    assert!(manager.get("/v1/assessments").ok()["items"].as_array().unwrap().is_empty(), "nothing is stored");
}

#[test]
fn the_questionnaire_may_come_along() {
    let world = World::start();
    let client = world.sign_in(Role::DataManager);
    let mut contained = response("#pain", no_pain());
    contained["contained"] = json!([form("9")]);
    contained["contained"][0]["id"] = json!("pain");
    let judge = |document: &Value| client.post_fhir(VALIDATE, &document.to_string()).ok();
    assert!(errors(&judge(&contained)).is_empty());
    let parameters = |questionnaire: Value, response: Value| {
        json!({"resourceType": "Parameters", "parameter": [
            {"name": "questionnaire", "resource": questionnaire}, {"name": "resource", "resource": response}]})
    };
    assert!(errors(&judge(&parameters(form("9"), response(URL, no_pain())))).is_empty());
    let other = parameters(form("9"), response(&format!("{URL}|8"), no_pain()));
    assert_eq!(errors(&judge(&other)), ["other_version"]);
    let mut broken = form("9");
    broken["item"][0]["type"] = json!("hologram");
    let outcome = judge(&parameters(broken, response(URL, no_pain())));
    assert_eq!(errors(&outcome)[0], "unknown_item_type");
    let place = outcome["issue"][0]["diagnostics"].as_str().unwrap();
    assert!(place.contains("/parameter/0/resource/item/0/type"), "{place}");
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let world = World::start();
    let manager = world.sign_in(Role::TrialManager);
    manager.post_fhir("/v1/instruments", &form("1").to_string()).created();
    for (document, field) in [
        (response(&format!("{URL}|7"), no_pain()), "unknown_instrument"),
        (response("https://example.org/elsewhere", no_pain()), "unknown_instrument"),
        (json!({"resourceType": "QuestionnaireResponse", "status": "completed"}), "missing"),
        (json!({"resourceType": "Patient"}), "wrong_resource_type"),
    ] {
        let problem = manager.post_fhir(VALIDATE, &document.to_string()).problem(422, "invalid");
        assert_eq!(problem["errors"][0]["code"], field, "{problem}");
    }
    assert_eq!(world.stranger().post_fhir(VALIDATE, "{}").status, 401);
}

#[test]
fn who_accepts_fhir_alone_is_answered_in_fhir() {
    let world = World::start();
    let manager = world.sign_in(Role::TrialManager);
    let headers = [("content-type", FHIR), ("accept", FHIR)];
    let send = |path: &str, body: String| manager.send("POST", path, &headers, Some(body.into_bytes()));
    let text = form("1").to_string();
    let made = send("/v1/instruments", text.clone());
    assert_eq!((made.status, made.text()), (201, text.clone()));
    assert_eq!(made.header("content-type"), Some(FHIR));
    let location = made.header("location").unwrap().to_owned();
    // The document comes out byte for byte, and the view for everybody else.
    let out = manager.get_as(&location, FHIR);
    assert_eq!((out.status, out.text()), (200, text.clone()));
    assert_eq!(manager.get(&location).ok()["version"], "1");
    let mut broken = form("2");
    broken["item"][0]["type"] = json!("hologram");
    let refused = send("/v1/instruments", broken.to_string());
    assert_eq!(refused.status, 422);
    assert_eq!(errors(&refused.json())[0], "unknown_item_type");
    assert_eq!(refused.json()["issue"][0]["expression"][0], "Questionnaire.item[0].type");
    // A refusal that is given again is a refusal again.
    let keyed = [("content-type", FHIR), ("accept", FHIR), ("idempotency-key", "again")];
    let changed = text.replace("\"status\":\"active\"", "\"status\":\"draft\"");
    assert_ne!(changed, text);
    let again = || manager.send("POST", "/v1/instruments", &keyed, Some(changed.clone().into_bytes()));
    assert_eq!(again().status, 409);
    let repeated = again();
    assert_eq!(repeated.status, 409);
    assert!(repeated.text().contains("already-exists"), "{}", repeated.text());
    // Whatever is refused, by whichever floor.
    let lost = manager.get_as("/v1/instruments/0190f7a0-0000-7000-8000-000000000000", FHIR);
    assert_eq!((lost.status, lost.header("content-type")), (404, Some(FHIR)));
    assert_eq!(lost.json()["issue"][0]["code"], "not-found");
    assert_eq!(errors(&send(VALIDATE, "{".into()).json()), ["malformed-json", "syntax"]);
}

#[test]
fn an_exported_response_says_how_it_came_about() {
    let world = World::start();
    let man = world.participant().consented().create();
    let manager = world.sign_in(Role::TrialManager);
    let researcher = world.sign_in(Role::Researcher);
    let instrument = manager.post_fhir("/v1/instruments", &form("1").to_string()).created();
    world.activate(&instrument);
    let begin = |time: &str| {
        let begun = json!({"participant_id": man.id, "instrument_id": instrument["id"], "time_point": time,
            "channel": "telephone"});
        let made = researcher.post("/v1/assessments", &begun).created();
        format!("/v1/assessments/{}/questionnaire-response", made["id"].as_str().unwrap())
    };
    let path = begin("T0");
    let mut sent = response(&format!("{URL}|1"), no_pain());
    sent["source"] = json!({"reference": format!("Patient/{}", man.id)});
    sent["item"][0]["extension"] = json!([{"url": "https://fhir.alongside.example/StructureDefinition/answer-origin",
        "extension": [{"url": "answeredBy", "valueCode": "participant"}, {"url": "keyedBy", "valueCode": "supporter"},
            {"url": "level", "valueCode": "A4"}]}]);
    researcher.post_fhir(&path, &sent.to_string()).ok();
    let out = researcher.get_as(&path, FHIR).ok();
    assert_eq!(out["source"]["reference"], sent["source"]["reference"]);
    assert_eq!(out["author"]["type"], "Practitioner");
    assert_eq!(out["item"][0]["extension"], sent["item"][0]["extension"]);
    let extension = |name: &str| {
        let all = out["extension"].as_array().unwrap();
        all.iter().find(|one| one["url"].as_str().unwrap().ends_with(name)).unwrap().clone()
    };
    let mode = extension("questionnaireresponse-completionMode");
    assert_eq!(mode["valueCodeableConcept"]["coding"][0]["code"], "VERBAL");
    assert_eq!(extension("assistance")["extension"][0]["valueCode"], "A4");
    // What goes out is right by its own questionnaire, and says nothing that is not described.
    assert!(errors(&researcher.post_fhir(VALIDATE, &out.to_string()).ok()).is_empty(), "{out}");
    let stranger = world.stranger();
    for name in ["assistance", "segment", "answer-origin", "answer-state"] {
        let definition = stranger.get(&format!("/v1/fhir/StructureDefinition/{name}")).ok();
        assert_eq!(definition["resourceType"], "StructureDefinition");
    }
    stranger.get("/v1/fhir/StructureDefinition/nonsense").problem(404, "not-found");
    // Without any word about it the origin is not known, and is not made up.
    let path = begin("T1");
    researcher.post_fhir(&path, &response(URL, no_pain()).to_string()).ok();
    let out = researcher.get_as(&path, FHIR).ok();
    assert!(out.get("source").is_none() && out.get("author").is_none(), "{out}");
    assert!(out["item"][0].get("extension").is_none(), "{out}");
}
