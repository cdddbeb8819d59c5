//! In which language the words were shown: kept with every save, and said wherever answers are read.

use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::{Caller, Man, World};

const OWN: &str = "https://fhir.alongside.example/StructureDefinition";

/// Validated as a form that one fills in oneself, in English.
fn questionnaire() -> String {
    json!({"resourceType": "Questionnaire", "status": "active", "version": "1", "language": "en-GB",
        "url": "http://example.org/q/days", "title": "Days", "extension": [
            {"url": format!("{OWN}/licence"), "valueCode": "A"},
            {"url": format!("{OWN}/validated-mode"), "extension": [{"url": "mode", "valueCode": "self"}]}],
        "item": [{"linkId": "1", "type": "integer", "text": "How many good days?"},
            {"linkId": "2", "type": "integer", "text": "How many bad days?"}]})
    .to_string()
}

/// The path of the questionnaire, in use, with Polish words that are published and Welsh ones that are not.
fn made(manager: &Caller) -> String {
    let made = manager.post_fhir("/v1/instruments", &questionnaire()).created();
    let path = format!("/v1/instruments/{}", made["id"].as_str().unwrap());
    for (language, title) in [("pl", "Dni"), ("cy", "Dyddiau")] {
        let words =
            json!({"title": title, "items": [{"link_id": "1", "text": "1"}, {"link_id": "2", "text": "2"}]});
        let headers = [("content-type", "application/json")];
        let body = Some(words.to_string().into_bytes());
        manager.send("PUT", &format!("{path}/translations/{language}"), &headers, body).created();
    }
    manager.post_nothing(&format!("{path}/translations/pl/publication")).ok();
    manager.post(&format!("{path}/activation"), &json!({})).ok();
    path
}

fn begin(caller: &Caller, man: &Man, instrument: &str, time_point: &str) -> String {
    let id = instrument.rsplit('/').next().unwrap();
    let begun = caller.post(
        "/v1/assessments",
        &json!({"participant_id": man.id, "instrument_id": id, "time_point": time_point, "channel": "in_person"}),
    );
    format!("/v1/assessments/{}", begun.created()["id"].as_str().unwrap())
}

fn days(link_id: &str, days: i32) -> Value {
    json!([{"link_id": link_id, "values": [{"valueInteger": days}]}])
}

fn origin(response: &Value, item: usize) -> Value {
    let all = response["item"][item]["extension"].as_array().unwrap();
    let found = all.iter().find(|one| one["url"] == format!("{OWN}/answer-origin")).unwrap();
    found["extension"].clone()
}

#[test]
fn the_language_that_was_shown_stays_with_every_answer() {
    let world = World::start();
    let man = world.participant().consented().create();
    let (manager, researcher) = (world.sign_in(Role::TrialManager), world.sign_in(Role::Researcher));
    let instrument = made(&manager);
    let path = begin(&researcher, &man, &instrument, "T0");
    let answers = format!("{path}/answers");
    for nowhere in ["cy", "de"] {
        let refused = researcher.post(&answers, &json!({"answers": days("1", 3), "language": nowhere}));
        assert_eq!(refused.problem(422, "invalid")["errors"][0]["pointer"], "/language");
    }
    researcher
        .post(&answers, &json!({"answers": days("1", 3), "language": "not a tag"}))
        .problem(422, "invalid");
    // As the instrument calls it, however special the reader is.
    researcher.post(&answers, &json!({"answers": days("1", 3), "language": "pl-PL"})).ok();
    researcher.post(&answers, &json!({"answers": days("1", 4), "language": "en-gb"})).ok();
    researcher.post(&answers, &json!({"answers": days("2", 5), "language": "pl"})).ok();

    let history = researcher.get(&answers).ok();
    let said: Vec<&Value> = history["items"].as_array().unwrap().iter().map(|one| &one["language"]).collect();
    assert_eq!(said, [&json!("pl"), &json!("en-GB"), &json!("pl")]);
    let view = researcher.get(&path).ok();
    assert_eq!(
        (&view["answers"][0]["language"], &view["answers"][1]["language"]),
        (&json!("en-GB"), &json!("pl"))
    );
    let response = researcher.get(&format!("{path}/questionnaire-response")).ok();
    let language = |item| origin(&response, item).as_array().unwrap().last().unwrap().clone();
    assert_eq!(language(0), json!({"url": "language", "valueCode": "en-GB"}));
    assert_eq!(language(1), json!({"url": "language", "valueCode": "pl"}));
    let of_all = response["extension"].as_array().unwrap();
    let taken = of_all.iter().find(|one| one["url"] == format!("{OWN}/administration")).unwrap();
    let polish = json!({"url": "language", "extension": [
        {"url": "code", "valueCode": "pl"}, {"url": "answers", "valueUnsignedInt": 1}]});
    let parts = taken["extension"].as_array().unwrap();
    assert!(parts.contains(&polish), "{taken}");
    assert!(parts.contains(&json!({"url": "notValidatedLanguage", "valueCode": "pl"})), "{taken}");

    // What goes out comes in again.
    let other = world.participant().consented().create();
    let copy = begin(&researcher, &other, &instrument, "T0");
    researcher.post_fhir(&format!("{copy}/questionnaire-response"), &response.to_string()).ok();
    let copied = researcher.get(&copy).ok();
    assert_eq!(
        (&copied["answers"][0]["language"], &copied["answers"][1]["language"]),
        (&json!("en-GB"), &json!("pl"))
    );
}

#[test]
fn a_scale_in_other_words_is_not_taken_for_the_validated_one() {
    let world = World::start();
    let man = world.participant().consented().create();
    let (manager, researcher) = (world.sign_in(Role::TrialManager), world.sign_in(Role::Researcher));
    let instrument = made(&manager);
    let verdict = |time_point: &str, language: Option<&str>| {
        let path = begin(&researcher, &man, &instrument, time_point);
        let mut save = json!({"answers": days("1", 3)});
        if let Some(language) = language {
            save["language"] = json!(language);
        }
        researcher.post(&format!("{path}/answers"), &save).ok();
        researcher.post_nothing(&format!("{path}/submission")).ok();
        (researcher.get(&format!("{path}/scores")).ok()["administration"].clone(), path)
    };
    let (english, _) = verdict("T0", Some("en-GB"));
    assert_eq!((&english["verdict"], &english["not_validated_languages"]), (&json!("unknown"), &json!([])));
    let (unsaid, _) = verdict("T1", None);
    assert_eq!(unsaid["languages"], json!([{"language": null, "answers": 1}]));
    assert_eq!(unsaid["verdict"], "unknown");
    let (polish, path) = verdict("T2", Some("pl"));
    assert_eq!(polish["verdict"], "not_validated");
    assert_eq!(polish["not_validated_languages"], json!(["pl"]));
    let page = researcher.get_as(&format!("{path}/summary"), "text/plain").text();
    assert!(page.contains("1 of 1 answers were given to words in pl"), "{page}");
    // Where only the record was wrong, the words that were shown are still those that were shown.
    let amended = json!({"reason": "transcription", "answers": days("1", 2)});
    let amended = researcher.post(&format!("{path}/amendments"), &amended).ok();
    assert_eq!(amended["answers"][0]["language"], "pl");
    let book = manager.get(&format!("{instrument}/codebook")).ok();
    assert!(book["columns"].as_array().unwrap().iter().any(|column| column["name"] == "language"));
}
