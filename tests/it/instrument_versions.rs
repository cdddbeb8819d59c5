//! Two versions held against each other, what analysts are told of one, and in which modes it was used.

use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::{Caller, World, assign};

fn document(version: &str, items: Value) -> String {
    json!({"resourceType": "Questionnaire", "status": "active", "version": version, "title": "Pain",
        "url": "http://example.org/q/pain", "item": items})
    .to_string()
}

fn add(caller: &Caller, version: &str, items: Value) -> String {
    let made = caller.post_fhir("/v1/instruments", &document(version, items)).created();
    made["id"].as_str().unwrap().to_owned()
}

#[test]
fn two_versions_are_held_against_each_other() {
    let world = World::start();
    let manager = world.sign_in(Role::TrialManager);
    let first = add(
        &manager,
        "1",
        json!([{"linkId": "1", "type": "integer", "text": "How bad?"},
        {"linkId": "2", "type": "string", "text": "Where?"}]),
    );
    let second = add(
        &manager,
        "2",
        json!([{"linkId": "1", "type": "decimal", "text": "How bad?"},
        {"linkId": "3", "type": "string", "text": "Since when?"}]),
    );
    let path = format!("/v1/instruments/{second}/diff?against={first}");
    let found = manager.get(&path).ok();
    assert_eq!((&found["version"], &found["against_version"]), (&json!("2"), &json!("1")));
    let diff = &found["diff"];
    assert_eq!((&diff["comparable"], &diff["same_instrument"]), (&json!("not_comparable"), &json!(true)));
    let items: Vec<(&str, &str)> = diff["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["link_id"].as_str().unwrap(), item["change"].as_str().unwrap()))
        .collect();
    assert_eq!(items, [("1", "changed"), ("3", "added"), ("2", "removed")]);
    assert_eq!(diff["items"][0]["members"][0]["before"], "integer");
    let same = manager.get(&format!("/v1/instruments/{first}/diff?against={first}")).ok();
    assert_eq!((&same["diff"]["comparable"], &same["diff"]["items"]), (&json!("same"), &json!([])));

    let (other, site) = world.other_programme();
    let stranger = world.enrol(Role::TrialManager, Some(other), Some(site), None);
    stranger.get(&path).not_found();
    let theirs = add(&stranger, "1", json!([{"linkId": "1", "type": "integer"}]));
    stranger.get(&format!("/v1/instruments/{theirs}/diff?against={first}")).invalid_at("/against");
    manager.get(&format!("/v1/instruments/{first}/diff")).problem(400, "malformed-query");
}

#[test]
fn the_codebook_comes_as_json_and_as_a_table_that_runs_nothing() {
    let world = World::start();
    let statistician = world.sign_in(Role::Statistician);
    let phq = world.instrument("/phq-9");
    let path = format!("/v1/instruments/{}/codebook", phq["id"].as_str().unwrap());
    let book = statistician.get(&path).ok();
    assert_eq!(book["variables"][0]["counted_in"], json!(["phq9"]));
    assert_eq!((&book["scores"][0]["min"], &book["scores"][0]["max"]), (&json!(0.0), &json!(27.0)));
    assert_eq!(book["validated_modes"][0]["mode"], "self");
    let csv = statistician.get_as(&path, "text/csv");
    assert!(csv.header("content-type").unwrap().starts_with("text/csv"));
    let text = csv.text();
    assert!(text.starts_with("kind,name,link_id,text,type,unit,values,"));
    assert_eq!(
        text.matches("\r\n").count(),
        1 + book["variables"].as_array().unwrap().len() + book["scores"].as_array().unwrap().len()
    );
    statistician.get_as(&path, "application/pdf").problem(406, "not-acceptable");

    let manager = world.sign_in(Role::TrialManager);
    let trap =
        add(&manager, "9", json!([{"linkId": "1", "type": "string", "text": "=HYPERLINK(\"http://x\")"}]));
    let csv = manager.get_as(&format!("/v1/instruments/{trap}/codebook"), "text/csv").text();
    assert!(csv.contains(",\"'=HYPERLINK(\"\"http://x\"\")\","), "{csv}");
}

/// GAD-7 is declared to be validated as a form that one fills in oneself.
#[test]
fn a_scribed_scale_is_marked_wherever_its_score_is_read() {
    let world = World::start();
    let man = world.participant().consented().create();
    let (supporter, clinician) = (world.sign_in(Role::Supporter), world.sign_in(Role::Clinician));
    assign(&world.sign_in(Role::Coordinator), &supporter, &man);
    let gad = world.instrument("/gad-7");
    let begun = json!({"participant_id": man.id, "instrument_id": gad["id"], "time_point": "T0", "channel": "in_person"});
    let begun = supporter.post("/v1/assessments", &begun).created();
    let path = format!("/v1/assessments/{}", begun["id"].as_str().unwrap());
    let help =
        json!({"affirmed": true, "level": "A4", "keyed_by": "supporter", "others_present": ["nobody"]});
    supporter.post(&format!("{path}/assistance-sessions"), &help).created();
    let source = world
        .sign_in(Role::TrialManager)
        .get(&format!("/v1/instruments/{}", gad["id"].as_str().unwrap()))
        .ok();
    let answers: Vec<Value> = (0..7)
        .map(|n| {
            let item = &source["definition"]["item"][0]["item"][n];
            json!({"link_id": item["linkId"], "values": [{"valueCoding": item["answerOption"][1]["valueCoding"]}]})
        })
        .collect();
    supporter.post(&format!("{path}/answers"), &json!({"answers": answers})).ok();
    clinician.post_nothing(&format!("{path}/submission")).ok();

    let scores = clinician.get(&format!("{path}/scores")).ok();
    assert_eq!(scores["scores"][0]["value"], 7.0, "it is marked, and not hidden");
    for taken in [&scores["administration"], &scores["score_administration"][0]] {
        assert_eq!(taken["verdict"], "not_validated");
        assert_eq!(taken["not_validated"], json!(["interviewer"]));
        assert_eq!(taken["modes"], json!([{"mode": "interviewer", "answers": 7}]));
        assert_eq!(taken["validated"], json!(["self"]));
    }
    assert_eq!(scores["score_administration"][0]["code"], "gad7");
    let summary = clinician.get(&format!("{path}/summary")).ok();
    assert_eq!(summary["administration"]["verdict"], "not_validated");
    let page = clinician.get_as(&format!("{path}/summary"), "text/plain").text();
    assert!(page.contains("interviewer-administered"), "{page}");
    let response = clinician.get(&format!("{path}/questionnaire-response")).ok();
    let extension = |name: &str| {
        let all = response["extension"].as_array().unwrap();
        all.iter().find(|one| one["url"].as_str().unwrap().ends_with(name)).unwrap().clone()
    };
    let mode = &extension("completionMode")["valueCodeableConcept"]["coding"][1];
    assert_eq!(mode["code"], "interviewer");
    assert_eq!(
        extension("/administration")["extension"][0],
        json!({"url": "verdict", "valueCode": "not_validated"})
    );
    clinician.get("/v1/fhir/StructureDefinition/administration").ok();
    clinician.get("/v1/fhir/StructureDefinition/validated-mode").ok();
}
