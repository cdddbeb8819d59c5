//! Real questionnaires: the HL7 examples go in as they are, and what does not fit is named.

use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::World;

const QUESTIONNAIRES: [(&str, &str); 6] = [
    ("bluebook", include_str!("../fixtures/fhir-r4/questionnaire-example-bluebook.json")),
    ("f201", include_str!("../fixtures/fhir-r4/questionnaire-example-f201-lifelines.json")),
    ("gcs", include_str!("../fixtures/fhir-r4/questionnaire-example-gcs.json")),
    ("3141", include_str!("../fixtures/fhir-r4/questionnaire-example.json")),
    ("ussg-fht", include_str!("../fixtures/fhir-r4/questionnaire-profile-example-ussg-fht.json")),
    ("zika", include_str!("../fixtures/fhir-r4/questionnaire-zika-virus-exposure-assessment.json")),
];
const GCS_RESPONSE: &str = include_str!("../fixtures/fhir-r4/questionnaireresponse-example-gcs.json");
const BLUEBOOK_RESPONSE: &str =
    include_str!("../fixtures/fhir-r4/questionnaireresponse-example-bluebook.json");

#[test]
fn every_hl7_example_is_imported_and_kept_as_it_was_sent() {
    let world = World::start();
    let manager = world.sign_in(Role::TrialManager);
    for (name, source) in QUESTIONNAIRES {
        let made = manager.post_fhir("/v1/instruments", source).created();
        let path = format!("/v1/instruments/{}", made["id"].as_str().unwrap());
        let kept = manager.get(&path).ok();
        assert_eq!(kept["definition"], serde_json::from_str::<Value>(source).unwrap(), "{name}");
        // The same again is the same; another text under the same version is refused.
        assert_eq!(manager.post_fhir("/v1/instruments", source).ok()["id"], made["id"], "{name}");
    }
    let changed = QUESTIONNAIRES[2].1.replace("Glasgow Coma Score", "Another Score");
    manager.post_fhir("/v1/instruments", &changed).problem(409, "already-exists");
}

#[test]
fn a_matching_response_is_judged_and_stored_and_comes_out_again() {
    let world = World::start();
    let man = world.participant().consented().create();
    let manager = world.sign_in(Role::TrialManager);
    let researcher = world.sign_in(Role::Researcher);
    let gcs = manager.post_fhir("/v1/instruments", QUESTIONNAIRES[2].1).created();
    world.activate(&gcs);
    let begun =
        json!({"participant_id": man.id, "instrument_id": gcs["id"], "time_point": "T0", "channel": "paper"});
    let made = researcher.post("/v1/assessments", &begun).created();
    let path = format!("/v1/assessments/{}/questionnaire-response", made["id"].as_str().unwrap());
    let wrong = researcher.post_fhir(&path, BLUEBOOK_RESPONSE);
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    assert!(wrong.json()["errors"][0]["pointer"].as_str().unwrap().starts_with('/'));
    let stored = researcher.post_fhir(&path, GCS_RESPONSE);
    assert!((200..300).contains(&stored.status), "{}", stored.text());
    let answers = researcher.get(&format!("/v1/assessments/{}/answers", made["id"].as_str().unwrap())).ok();
    assert_eq!(answers["items"].as_array().unwrap().len(), 3);
    assert_eq!(answers["items"][0]["level"], "unknown");
    if researcher.get(&format!("/v1/assessments/{}", made["id"].as_str().unwrap())).ok()["status"]
        == "in_progress"
    {
        researcher.post_nothing(&format!("/v1/assessments/{}/submission", made["id"].as_str().unwrap())).ok();
    }
    let out = researcher.get_as(&path, "application/fhir+json").ok();
    let sent: Value = serde_json::from_str(GCS_RESPONSE).unwrap();
    for (out, sent) in out["item"].as_array().unwrap().iter().zip(sent["item"].as_array().unwrap()) {
        assert_eq!(out["linkId"], sent["linkId"]);
        assert_eq!(out["answer"][0]["valueCoding"]["code"], sent["answer"][0]["valueCoding"]["code"]);
    }
}

#[test]
fn what_is_not_supported_is_refused_with_the_element_named() {
    let world = World::start();
    let manager = world.sign_in(Role::TrialManager);
    let with = |item: Value| {
        json!({"resourceType": "Questionnaire", "url": "http://example.org/q", "version": "1", "status": "active",
            "item": [item]})
        .to_string()
    };
    for (item, pointer) in [
        (json!({"linkId": "1", "type": "hologram"}), "/item/0/type"),
        (
            json!({"linkId": "1", "type": "string", "modifierExtension": [{"url": "http://example.org/x"}]}),
            "/item/0",
        ),
        (
            json!({"linkId": "1", "type": "string",
                "enableWhen": [{"question": "2", "operator": "exists", "answerBoolean": true}]}),
            "/item/0/enableWhen/0",
        ),
        (json!({"linkId": "1", "type": "group", "item": [{"linkId": "1", "type": "string"}]}), "/item/0"),
    ] {
        let problem =
            manager.post_fhir("/v1/instruments", &with(item)).problem(422, "unsupported-instrument");
        let named = problem["errors"].as_array().unwrap();
        assert!(
            named.iter().any(|error| error["pointer"].as_str().unwrap().starts_with(pointer)),
            "{problem}"
        );
    }
    for broken in ["", "{", "[]", "{\"resourceType\": \"Patient\"}", "\u{0}"] {
        let status = manager.post_fhir("/v1/instruments", broken).status;
        assert!((400..500).contains(&status), "{broken:?}: {status}");
    }
}

#[test]
fn phq_9_is_scored_by_its_published_rule() {
    let world = World::start();
    let man = world.participant().consented().create();
    let clinician = world.sign_in(Role::Clinician);
    let phq = world.instrument("/phq-9");
    let option = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"];
    let answers: Vec<Value> = (1..=9)
        .map(|item| {
            let coding = json!({"system": "http://loinc.org", "code": option[if item == 9 { 0 } else { 2 }]});
            json!({"link_id": item.to_string(), "values": [{"valueCoding": coding}]})
        })
        .chain([json!({"link_id": "10", "values": [{"valueCoding": {"system": "http://loinc.org", "code": "LA6573-5"}}]})])
        .collect();
    let begun = json!({"participant_id": man.id, "instrument_id": phq["id"], "time_point": "T0",
        "channel": "telephone", "answers": answers});
    let made = clinician.post("/v1/assessments", &begun).created();
    let path = format!("/v1/assessments/{}", made["id"].as_str().unwrap());
    let submitted = clinician.post_nothing(&format!("{path}/submission")).ok();
    let score = &submitted["scores"][0];
    assert_eq!((score["code"].clone(), score["value"].as_f64()), (json!("phq9"), Some(16.0)), "{submitted}");
    assert_eq!(score["band"]["code"], "moderately_severe");
    assert!(score["source"].as_str().unwrap().contains("Kroenke"));
}
