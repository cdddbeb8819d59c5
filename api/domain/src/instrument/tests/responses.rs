//! What is found in a response: one test for each rule, with the place of every finding.

use serde_json::{Value as Json, json};

use crate::instrument::testing::parsed;
use crate::instrument::{
    Answer, AnswerKey, Definition, Severity, State, Value, judge_response, read_response,
};

fn form() -> Json {
    json!({"resourceType": "Questionnaire", "status": "active", "version": "2",
        "url": "https://example.org/Questionnaire/q", "item": [
            {"linkId": "a", "type": "boolean", "text": "Pain?", "required": true},
            {"linkId": "g", "type": "group", "text": "More", "item": [
                {"linkId": "b", "type": "integer", "repeats": true, "text": "When?", "item": [
                    {"linkId": "c", "type": "string", "required": true}]},
                {"linkId": "d", "type": "display", "text": "Take your time."},
                {"linkId": "e", "type": "string",
                 "enableWhen": [{"question": "a", "operator": "=", "answerBoolean": true}]}]},
            {"linkId": "r", "type": "reference"}]})
}

fn definition() -> Definition {
    parsed(&form())
}

fn response(items: Json) -> Json {
    json!({"resourceType": "QuestionnaireResponse", "status": "completed",
        "questionnaire": "https://example.org/Questionnaire/q|2", "item": items})
}

/// Severity, code and pointer of everything found.
fn found(response: &Json) -> Vec<(Severity, &'static str, String)> {
    let findings = judge_response(&definition(), response);
    findings.into_iter().map(|finding| (finding.severity, finding.code, finding.pointer)).collect()
}

/// The one error in a response with these items.
fn error(items: Json) -> (&'static str, String) {
    let mut found = found(&response(items));
    assert_eq!(found.len(), 1, "{found:?}");
    let (severity, code, pointer) = found.remove(0);
    assert_eq!(severity, Severity::Error);
    (code, pointer)
}

fn no() -> Json {
    json!({"linkId": "a", "answer": [{"valueBoolean": false}]})
}

fn group(items: Json) -> Json {
    json!([no(), {"linkId": "g", "item": items}])
}

#[test]
fn what_is_right_has_no_finding() {
    let times = json!([{"valueInteger": 1, "item": [{"linkId": "c", "answer": [{"valueString": "x"}]}]},
        {"valueInteger": 2, "item": [{"linkId": "c", "answer": [{"valueString": "y"}]}]}]);
    let items = group(json!([{"linkId": "b", "text": "When?", "answer": times}, {"linkId": "d"}]));
    assert!(found(&response(items)).is_empty());
}

#[test]
fn items_stand_in_the_order_of_the_questionnaire() {
    let items = json!([{"linkId": "r", "answer": [{"valueReference": {"reference": "Patient/1"}}]}, no()]);
    assert_eq!(error(items), ("item_out_of_order", "/item/1".into()));
}

#[test]
fn items_stand_where_the_questionnaire_has_them() {
    assert_eq!(
        error(json!([no(), {"linkId": "e", "answer": [{"valueString": "x"}]}])),
        ("item_misplaced", "/item/1/linkId".into())
    );
    assert_eq!(
        error(json!([no(), {"linkId": "z", "answer": [{"valueString": "x"}]}])),
        ("unknown_question", "/item/1/linkId".into())
    );
    assert_eq!(
        error(json!([no(), {"answer": [{"valueString": "x"}]}])),
        ("link_id_missing", "/item/1/linkId".into())
    );
    let beside = json!([{"linkId": "b", "answer": [{"valueInteger": 1,
        "item": [{"linkId": "c", "answer": [{"valueString": "x"}]}]}], "item": [{"linkId": "c"}]}]);
    assert_eq!(error(group(beside)), ("item_misplaced", "/item/1/item/0/item".into()));
}

#[test]
fn the_words_are_those_of_the_questionnaire() {
    let items = json!([{"linkId": "a", "text": "Joy?", "answer": [{"valueBoolean": false}]}]);
    assert_eq!(error(items), ("text_differs", "/item/0/text".into()));
}

#[test]
fn groups_and_texts_are_not_answered() {
    let answer = json!([{"valueBoolean": true}]);
    assert_eq!(
        error(json!([no(), {"linkId": "g", "answer": answer}])),
        ("not_a_question", "/item/1/answer".into())
    );
    assert_eq!(
        error(group(json!([{"linkId": "d", "answer": answer}]))),
        ("not_a_question", "/item/1/item/0/answer".into())
    );
}

#[test]
fn an_answer_has_the_type_of_its_question() {
    assert_eq!(
        error(json!([{"linkId": "a", "answer": [{"valueString": "no"}]}])),
        ("wrong_type", "/item/0/answer/0/valueString".into())
    );
    // The place is right behind an answer that could not be read as well.
    let times = json!([{"valueInteger": "one", "item": [{"linkId": "c"}]}, {"valueString": "two",
        "item": [{"linkId": "c", "answer": [{"valueString": "x"}]}]}]);
    let places: Vec<String> = found(&response(group(json!([{"linkId": "b", "answer": times}]))))
        .into_iter()
        .filter(|(_, code, _)| *code == "wrong_type")
        .map(|(_, _, pointer)| pointer)
        .collect();
    let answer = "/item/1/item/0/answer";
    assert_eq!(places, [format!("{answer}/0/valueInteger"), format!("{answer}/1/valueString")]);
}

#[test]
fn what_is_not_asked_is_not_answered() {
    let items = group(json!([{"linkId": "e", "answer": [{"valueString": "x"}]}]));
    assert_eq!(error(items), ("question_not_shown", "/item/1/item/0/linkId".into()));
}

#[test]
fn what_is_missing_is_missed_where_it_belongs() {
    assert_eq!(
        error(json!([{"linkId": "r", "answer": [{"valueReference": {"reference": "Patient/1"}}]}])),
        ("answer_missing", String::new())
    );
    let times = json!([{"valueInteger": 1, "item": [{"linkId": "c", "answer": [{"valueString": "x"}]}]},
        {"valueInteger": 2}]);
    assert_eq!(
        error(group(json!([{"linkId": "b", "answer": times}]))),
        ("answer_missing", "/item/1/item/0/answer/1".into())
    );
}

#[test]
fn only_what_is_finished_must_be_complete() {
    let of = |status: &str| {
        let mut response = response(json!([{"linkId": "g"}]));
        response["status"] = json!(status);
        found(&response).into_iter().map(|(severity, code, _)| (severity, code)).collect::<Vec<_>>()
    };
    let missing = |severity| vec![(severity, "answer_missing")];
    for status in ["completed", "amended"] {
        assert_eq!(of(status), missing(Severity::Error), "{status}");
    }
    for status in ["in-progress", "stopped"] {
        assert_eq!(of(status), missing(Severity::Warning), "{status}");
    }
    assert!(of("entered-in-error").is_empty());
    assert_eq!(of("done"), [(Severity::Error, "unknown_status")]);
}

#[test]
fn answers_to_one_question_may_come_apart() {
    let time = |n: u32| {
        json!({"linkId": "b", "answer": [{"valueInteger": n,
            "item": [{"linkId": "c", "answer": [{"valueString": "x"}]}]}]})
    };
    let apart = response(group(json!([time(1), time(2)])));
    assert_eq!(found(&apart), [(Severity::Warning, "answers_apart", "/item/1/item/1".into())]);
    let (answers, _) = read_response(&definition(), &apart).unwrap();
    assert_eq!(answers.values(&AnswerKey::of("b")), [Value::Integer(1), Value::Integer(2)]);
    assert!(answers.get(&AnswerKey::at("c", &[1])).is_some());
    // One that does not repeat cannot.
    assert_eq!(error(json!([no(), no()])), ("item_twice", "/item/1".into()));
    assert_eq!(error(json!([no(), {"linkId": "g"}, {"linkId": "g"}])), ("item_twice", "/item/2".into()));
    // And its second answer, if wrong, is found where it stands.
    let mut wrong = apart;
    wrong["item"][1]["item"][1]["answer"][0] = json!({"valueString": "x",
        "item": [{"linkId": "c", "answer": [{"valueString": "x"}]}]});
    assert_eq!(found(&wrong)[1].2, "/item/1/item/1/answer/0/valueString");
}

#[test]
fn an_answer_without_a_value_says_why() {
    let answered = |answer: Json| {
        json!([{"linkId": "a", "answer": [{"valueBoolean": true}]},
        {"linkId": "g", "item": [{"linkId": "e", "answer": [answer]}]}])
    };
    assert_eq!(error(answered(json!({"id": "x"}))), ("value_missing", "/item/1/item/0/answer/0".into()));
    let reason = |code: &str| json!([{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": code}]);
    for (answer, state) in [
        (json!({"extension": reason("asked-declined")}), State::PreferNot),
        (json!({"_valueString": {"extension": reason("asked-unknown")}}), State::Skipped),
    ] {
        let (answers, _) = read_response(&definition(), &response(answered(answer))).unwrap();
        let key = AnswerKey::of("e");
        assert_eq!(answers.get(&key), Some(&Answer::without(key.clone(), state)));
    }
}

#[test]
fn a_reference_into_the_response_leads_somewhere() {
    let mut sent =
        response(json!([no(), {"linkId": "r", "answer": [{"valueReference": {"reference": "#p"}}]}]));
    let place = "/item/1/answer/0/valueReference/reference";
    assert_eq!(found(&sent), [(Severity::Error, "reference_to_nothing", place.into())]);
    sent["contained"] = json!([{"resourceType": "Patient", "id": "p"}]);
    assert!(found(&sent).is_empty());
}

#[test]
fn the_document_has_the_members_of_a_response() {
    let with = |name: &str, value: Json| {
        let mut sent = response(json!([no()]));
        sent[name] = value;
        let found = found(&sent);
        (found.len(), found[0].1, found[0].2.clone())
    };
    assert_eq!(with("colour", json!("red")), (1, "unknown_member", "/colour".into()));
    assert_eq!(
        with("implicitRules", json!("https://example.org")),
        (1, "implicit_rules", "/implicitRules".into())
    );
    assert_eq!(with("contained", json!([])), (1, "empty_element", "/contained".into()));
    assert_eq!(with("authored", json!("yesterday")), (1, "wrong_type", "/authored".into()));
    assert_eq!(with("source", json!("me")), (1, "wrong_type", "/source".into()));
    let modifier = json!([{"url": "https://example.org/not", "valueBoolean": true}]);
    assert_eq!(with("modifierExtension", modifier).1, "modifier_extension");
}

#[test]
fn a_response_is_one_to_this_instrument() {
    let naming = |named: Json| {
        let mut sent = response(json!([no()]));
        sent["questionnaire"] = named;
        found(&sent).into_iter().map(|(severity, code, _)| (severity, code)).collect::<Vec<_>>()
    };
    let url = "https://example.org/Questionnaire/q";
    for right in [url.to_owned(), format!("{url}|2"), "Questionnaire/q".into(), "#q".into()] {
        assert!(naming(json!(right)).is_empty(), "{right}");
    }
    assert_eq!(naming(json!(format!("{url}|1"))), [(Severity::Error, "other_version")]);
    assert_eq!(naming(json!("https://example.org/other|2")), [(Severity::Error, "other_instrument")]);
    let mut unnamed = response(json!([no()]));
    unnamed.as_object_mut().unwrap().shift_remove("questionnaire");
    assert_eq!(found(&unnamed), [(Severity::Information, "instrument_not_named", "/questionnaire".into())]);
}

#[test]
fn an_instrument_that_was_not_in_use_is_named() {
    let warned = |status: &str, authored: &str| {
        let mut form = form();
        form["status"] = json!(status);
        form["effectivePeriod"] = json!({"start": "2024-01-01", "end": "2024-12-31"});
        let mut sent = response(json!([no()]));
        sent["authored"] = json!(authored);
        let findings = judge_response(&parsed(&form), &sent);
        assert!(findings.iter().all(|finding| finding.severity == Severity::Warning));
        findings.into_iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert!(warned("active", "2024-06-01").is_empty());
    assert_eq!(warned("draft", "2024-06-01"), ["instrument_draft"]);
    assert_eq!(warned("retired", "2024-06-01T10:00:00Z"), ["instrument_retired"]);
    assert_eq!(warned("active", "2023-12-31T10:00:00Z"), ["instrument_not_yet_valid"]);
    assert_eq!(warned("active", "2025-01-01"), ["instrument_expired"]);
}
