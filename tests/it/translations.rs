//! The words of an instrument in other languages: added, judged, published, and read wherever it speaks to people.

use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, World};

const SYSTEM: &str = "http://example.org/answers";

fn questionnaire() -> Value {
    let option = |code: &str, display: &str| json!({"valueCoding": {"system": SYSTEM, "code": code, "display": display}});
    json!({"resourceType": "Questionnaire", "status": "active", "version": "1", "language": "en-GB",
        "url": "http://example.org/q/mood", "title": "Mood", "extension": [
            {"url": "https://fhir.alongside.example/StructureDefinition/licence", "valueCode": "A"}],
        "item": [
            {"linkId": "1", "type": "choice", "text": "Are you well?", "answerOption": [option("yes", "Yes"), option("no", "No")]},
            {"linkId": "2", "type": "string", "text": "Why not?",
             "enableWhen": [{"question": "1", "operator": "=", "answerCoding": {"system": SYSTEM, "code": "no"}}]}]})
}

fn texts() -> Value {
    json!({"title": "Nastrój", "items": [
        {"link_id": "1", "text": "Dobrze się czujesz?",
         "options": [{"code": "yes", "display": "Tak"}, {"system": SYSTEM, "code": "no", "display": "Nie"}]},
        {"link_id": "2", "text": "Dlaczego nie?"}]})
}

fn put(caller: &Caller, path: &str, body: &Value) -> Answer {
    caller.send("PUT", path, &[("content-type", "application/json")], Some(body.to_string().into_bytes()))
}

fn get_in(caller: &Caller, path: &str, languages: &str, accept: &str) -> Answer {
    caller.send("GET", path, &[("accept-language", languages), ("accept", accept)], None)
}

fn made(manager: &Caller) -> String {
    let made = manager.post_fhir("/v1/instruments", &questionnaire().to_string()).created();
    format!("/v1/instruments/{}", made["id"].as_str().unwrap())
}

#[test]
fn words_are_added_beside_the_codes_and_published_when_they_are_whole() {
    let world = World::start();
    let (manager, data) = (world.sign_in(Role::TrialManager), world.sign_in(Role::DataManager));
    let path = made(&manager);
    let polish = format!("{path}/translations/pl");
    data.get(&polish).not_found();
    let mut half = texts();
    half["items"][0]["options"].as_array_mut().unwrap().pop();
    let first = put(&data, &polish, &half).created();
    assert_eq!(
        (&first["revision"], &first["status"], &first["complete"]),
        (&json!(1), &json!("draft"), &json!(false))
    );
    assert_eq!(first["missing"], json!([{"part": "option", "link_id": "1", "code": "no"}]));
    let publication = format!("{polish}/publication");
    data.post_nothing(&publication).forbidden();
    let refused = manager.post_nothing(&publication).problem(409, "conflict");
    assert!(refused["errors"][0]["message"].as_str().unwrap().contains("option no of item 1"), "{refused}");
    // A draft is seen by whoever asks for exactly it.
    manager.get(&format!("{path}?language=pl")).invalid_at("/language");
    let draft = manager.get(&format!("{path}?language=pl&revision=1")).ok();
    assert_eq!(draft["definition"]["item"][0]["answerOption"][0]["valueCoding"]["display"], "Tak");
    assert_eq!(draft["definition"]["item"][0]["answerOption"][1]["valueCoding"]["display"], "No");

    let second = put(&data, &polish, &texts()).created();
    assert_eq!((&second["revision"], &second["complete"]), (&json!(2), &json!(true)));
    assert_eq!(
        put(&data, &polish, &texts()).ok()["id"],
        second["id"],
        "the same words are the same revision"
    );
    assert_eq!(manager.post_nothing(&publication).ok()["status"], "published");
    manager.post_nothing(&publication).problem(409, "illegal-transition");
    // What was said before stays as it was said.
    assert_eq!(data.get(&format!("{polish}?revision=1")).ok()["texts"]["items"], half["items"]);
    assert_eq!(data.get(&polish).ok()["texts"], texts());
    let third = put(&data, &polish, &half).created();
    assert_eq!(third["revision"], 3);
    let list = data.get(&format!("{path}/translations?limit=2")).ok();
    assert_eq!((list["items"].as_array().unwrap().len(), &list["items"][0]["texts"]), (2, &Value::Null));
    let rest = data.get(&format!("{path}/translations?cursor={}", list["next"].as_str().unwrap())).ok();
    assert_eq!((&rest["items"][0]["revision"], &rest["next"]), (&json!(3), &Value::Null));
    // The newest one that is published is spoken.
    let read = manager.get(&format!("{path}?language=pl-PL")).ok();
    assert_eq!((&read["translated_into"], &read["translation_revision"]), (&json!("pl"), &json!(2)));
}

#[test]
fn the_reader_gets_the_words_he_likes_and_the_codes_stay() {
    let world = World::start();
    let manager = world.sign_in(Role::TrialManager);
    let path = made(&manager);
    put(&manager, &format!("{path}/translations/pl"), &texts()).created();
    manager.post_nothing(&format!("{path}/translations/pl/publication")).ok();
    let fhir = "application/fhir+json";
    let own = get_in(&manager, &path, "en, pl;q=0.5", fhir);
    assert_eq!((own.text(), own.header("content-language")), (questionnaire().to_string(), Some("en-GB")));
    let polish = get_in(&manager, &path, "pl, en;q=0.5", fhir);
    assert_eq!(polish.header("content-language"), Some("pl"));
    assert!(polish.header("vary").unwrap().contains("Accept-Language"));
    assert_ne!(polish.etag(), own.etag());
    let (mut document, before) = (polish.json(), questionnaire());
    assert_eq!((&document["language"], &document["title"]), (&json!("pl"), &json!("Nastrój")));
    assert_eq!(document["item"][1]["text"], "Dlaczego nie?");
    for pointer in [
        "/language",
        "/title",
        "/item/0/text",
        "/item/1/text",
        "/item/0/answerOption/0/valueCoding/display",
        "/item/0/answerOption/1/valueCoding/display",
    ] {
        *document.pointer_mut(pointer).unwrap() = before.pointer(pointer).unwrap().clone();
    }
    assert_eq!(document, before, "nothing but words is different");
    assert_eq!(get_in(&manager, &path, "cy", fhir).text(), before.to_string());
    manager.get(&format!("{path}?language=cy")).invalid_at("/language");
    manager.get(&format!("{path}?revision=1")).problem(400, "malformed-query");
    manager.get(&format!("{path}?language=p")).problem(400, "malformed-query");
    // A trial in any words comes to the same.
    let trial =
        json!({"answers": [{"link_id": "1", "values": [{"valueCoding": {"system": SYSTEM, "code": "no"}}]}]});
    let tried = manager.post(&format!("{path}/trials?language=pl"), &trial);
    assert_eq!(tried.ok()["next"]["link_id"], "2");
    assert_eq!(tried.ok(), manager.post(&format!("{path}/trials"), &trial).ok());
    let book = manager.get(&format!("{path}/codebook?language=pl")).ok();
    assert_eq!(
        book["variables"][0]["values"][1],
        json!({"value": "no", "system": SYSTEM, "label": "Nie", "weight": null})
    );
}

#[test]
fn what_belongs_to_nothing_is_refused_and_so_are_strangers() {
    let world = World::start();
    let manager = world.sign_in(Role::TrialManager);
    let path = made(&manager);
    let polish = format!("{path}/translations/pl");
    let wrong = json!({"items": [{"link_id": "9", "text": "?"},
        {"link_id": "1", "text": " ", "options": [{"code": "perhaps", "display": "Może"}]}]});
    let problem = put(&manager, &polish, &wrong).problem(422, "invalid");
    let at: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(at, ["/items/0/link_id", "/items/1/text", "/items/1/options/0/code"]);
    let unknown = json!({"items": [{"link_id": "1", "type": "string"}]});
    put(&manager, &polish, &unknown).problem(422, "invalid");
    put(&manager, &format!("{path}/translations/en-gb"), &texts()).problem(409, "conflict");
    put(&manager, &format!("{path}/translations/nonsense-"), &texts()).not_found();
    put(&world.sign_in(Role::Clinician), &polish, &texts()).forbidden();
    let (other, site) = world.other_programme();
    let stranger = world.enrol(Role::TrialManager, Some(other), Some(site), None);
    put(&stranger, &polish, &texts()).not_found();
    put(&manager, &polish, &texts()).created();
    stranger.get(&polish).not_found();
    stranger.get(&format!("{path}/translations")).not_found();
    stranger.post_nothing(&format!("{polish}/publication")).not_found();
}

#[test]
fn the_summary_and_the_explanation_speak_the_participants_language() {
    let world = World::start();
    let manager = world.sign_in(Role::TrialManager);
    let path = made(&manager);
    put(&manager, &format!("{path}/translations/pl"), &texts()).created();
    manager.post_nothing(&format!("{path}/translations/pl/publication")).ok();
    let instrument = manager.post(&format!("{path}/activation"), &json!({})).ok();
    let man = world.participant().consented().create();
    let coordinator = world.sign_in(Role::Coordinator);
    let etag = coordinator.get(&man.path()).etag();
    coordinator.patch(&man.path(), &etag, &json!({"language": "pl-PL"})).ok();
    let clinician = world.sign_in(Role::Clinician);
    let begun = json!({"participant_id": man.id, "instrument_id": instrument["id"], "time_point": "T0",
        "channel": "in_person",
        "answers": [{"link_id": "1", "values": [{"valueCoding": {"system": SYSTEM, "code": "yes"}}]}]});
    let begun = clinician.post("/v1/assessments", &begun).created();
    let assessment = format!("/v1/assessments/{}", begun["id"].as_str().unwrap());
    let himself = world.sign_in_participant(man.id);
    let why = himself.get(&format!("{assessment}/explanation?link_id=2&language=pl")).ok();
    let reason = why["reasons"][0].as_str().unwrap();
    assert!(reason.contains("Dlaczego nie?") && reason.contains("“Nie”"), "{reason}");
    clinician.post_nothing(&format!("{assessment}/submission")).ok();
    let summary = format!("{assessment}/summary");
    let his = himself.get(&summary).ok();
    assert_eq!(
        (&his["header"]["language"], &his["header"]["instrument_title"]),
        (&json!("pl"), &json!("Nastrój"))
    );
    assert_eq!(
        (&his["answers"][0]["question"], &his["answers"][0]["answer"]),
        (&json!("Dobrze się czujesz?"), &json!("Tak"))
    );
    assert_eq!(clinician.get(&summary).ok()["answers"][0]["answer"], "Yes");
    assert_eq!(clinician.get(&format!("{summary}?language=pl")).ok()["answers"][0]["answer"], "Tak");
    clinician.get(&format!("{summary}?language=cy")).invalid_at("/language");
}
