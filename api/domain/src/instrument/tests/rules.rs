//! When items are enabled: every operator, nesting, repetition.

use serde_json::{Value as Json, json};

use crate::instrument::testing::{answer, coded, definition};
use crate::instrument::value::Value;
use crate::instrument::{Answer, AnswerKey, Answers, Definition, Enabled, Setting, State, visible_items};

fn is_on(definition: &Definition, answers: &[Answer], key: &AnswerKey) -> bool {
    let answers: Answers = answers.iter().cloned().collect();
    Enabled::of(definition, &answers).contains(definition, key)
}

fn on(items: Json, answers: &[Answer], link_id: &str) -> bool {
    is_on(&definition(items), answers, &AnswerKey::of(link_id))
}

fn when(question: &str, operator: &str, answer: Json) -> Json {
    let mut condition = answer;
    condition["question"] = json!(question);
    condition["operator"] = json!(operator);
    json!([condition])
}

#[test]
fn every_operator_compares() {
    let holds = |operator: &str, asked: i32, given: &[i32]| {
        let items = json!([{"linkId": "n", "type": "integer", "repeats": true},
            {"linkId": "q", "type": "boolean", "enableWhen": when("n", operator, json!({"answerInteger": asked}))}]);
        let values: Vec<Json> = given.iter().map(|n| json!({"valueInteger": n})).collect();
        on(items, &[answer("n", json!(values))], "q")
    };
    for (operator, below, same, above) in [
        ("=", false, true, false),
        ("!=", true, false, true),
        (">", false, false, true),
        ("<", true, false, false),
        (">=", false, true, true),
        ("<=", true, true, false),
    ] {
        let found = [4, 5, 6].map(|given| holds(operator, 5, &[given]));
        assert_eq!(found, [below, same, above], "{operator}");
        assert!(!holds(operator, 5, &[]), "{operator}");
    }
    assert!(holds("=", 5, &[1, 5]) && holds("!=", 5, &[1, 5]), "one answer of several is enough");
}

#[test]
fn exists_asks_for_an_answer_or_for_none() {
    let items = |wanted: bool| {
        json!([{"linkId": "n", "type": "integer"},
            {"linkId": "q", "type": "boolean", "enableWhen": when("n", "exists", json!({"answerBoolean": wanted}))}])
    };
    let given = [answer("n", json!([{"valueInteger": 1}]))];
    let skipped = [Answer::without(AnswerKey::of("n"), State::Skipped)];
    assert!(on(items(true), &given, "q") && !on(items(true), &skipped, "q"));
    assert!(!on(items(false), &given, "q") && on(items(false), &skipped, "q"));
}

#[test]
fn conditions_go_together_as_the_behaviour_says() {
    let items = |behavior: &str| {
        let conditions = json!([
            {"question": "a", "operator": "=", "answerBoolean": true},
            {"question": "b", "operator": "=", "answerBoolean": true}]);
        json!([{"linkId": "a", "type": "boolean"}, {"linkId": "b", "type": "boolean"},
            {"linkId": "q", "type": "boolean", "enableWhen": conditions, "enableBehavior": behavior}])
    };
    let one = [answer("a", json!([{"valueBoolean": true}]))];
    assert!(on(items("any"), &one, "q") && !on(items("all"), &one, "q"));
}

#[test]
fn what_is_inside_a_disabled_group_is_disabled() {
    let items = json!([{"linkId": "a", "type": "boolean"},
        {"linkId": "g", "type": "group", "enableWhen": when("a", "=", json!({"answerBoolean": true})),
         "item": [{"linkId": "h", "type": "group", "item": [{"linkId": "q", "type": "boolean"}]}]}]);
    assert!(!on(items.clone(), &[], "q"));
    assert!(on(items, &[answer("a", json!([{"valueBoolean": true}]))], "q"));
}

#[test]
fn an_answer_to_a_disabled_question_counts_as_none() {
    let items = json!([{"linkId": "a", "type": "boolean"},
        {"linkId": "b", "type": "boolean", "enableWhen": when("a", "=", json!({"answerBoolean": true}))},
        {"linkId": "c", "type": "boolean", "enableWhen": when("b", "=", json!({"answerBoolean": true}))}]);
    let yes = |link_id: &str| answer(link_id, json!([{"valueBoolean": true}]));
    assert!(on(items.clone(), &[yes("a"), yes("b")], "c"));
    assert!(!on(items, &[answer("a", json!([{"valueBoolean": false}])), yes("b")], "c"));
}

#[test]
fn what_is_inside_a_question_waits_for_its_answer() {
    let items = json!([{"linkId": "a", "type": "boolean", "item": [
        {"linkId": "hint", "type": "display", "text": "Take your time."}, {"linkId": "q", "type": "date"}]}]);
    let definition = definition(items);
    assert!(!is_on(&definition, &[], &AnswerKey::of("q")));
    assert!(is_on(&definition, &[], &AnswerKey::of("hint")));
    assert!(is_on(&definition, &[answer("a", json!([{"valueBoolean": false}]))], &AnswerKey::of("q")));
}

#[test]
fn a_condition_looks_at_its_own_occurrence() {
    let definition = definition(json!([{"linkId": "g", "type": "group", "repeats": true, "item": [
        {"linkId": "a", "type": "boolean"},
        {"linkId": "q", "type": "boolean", "enableWhen": when("a", "=", json!({"answerBoolean": true}))}]}]));
    let a = |n, value| Answer::answered(AnswerKey::at("a", &[n]), vec![Value::Boolean(value)]);
    let answers = [a(0, false), a(1, true)];
    assert!(!is_on(&definition, &answers, &AnswerKey::at("q", &[0])));
    assert!(is_on(&definition, &answers, &AnswerKey::at("q", &[1])));
}

#[test]
fn inside_a_repeating_question_the_condition_looks_at_the_answer_around_it() {
    let definition = definition(json!([{"linkId": "ill", "type": "choice", "repeats": true,
        "answerOption": [{"valueCoding": {"code": "a"}}, {"valueCoding": {"code": "b"}}],
        "item": [{"linkId": "age", "type": "integer", "enableWhen": when("ill", "=", json!({"answerCoding": {"code": "b"}}))}]}]));
    let both = answer("ill", json!([{"valueCoding": {"code": "a"}}, {"valueCoding": {"code": "b"}}]));
    assert!(!is_on(&definition, std::slice::from_ref(&both), &AnswerKey::at("age", &[0])));
    assert!(is_on(&definition, std::slice::from_ref(&both), &AnswerKey::at("age", &[1])));
    assert!(!is_on(&definition, &[coded("ill", "b")], &AnswerKey::at("age", &[1])));
}

#[test]
fn from_outside_the_nearest_occurrence_counts() {
    let source = json!({"linkId": "g", "type": "group", "repeats": true, "item": [{"linkId": "a", "type": "boolean"}]});
    let q = json!({"linkId": "q", "type": "boolean", "enableWhen": when("a", "=", json!({"answerBoolean": true}))});
    let a = |n, value| Answer::answered(AnswerKey::at("a", &[n]), vec![Value::Boolean(value)]);
    let answers = [a(0, true), a(1, false)];
    assert!(!on(json!([source, q]), &answers, "q"), "the last before it");
    assert!(on(json!([q, source]), &answers, "q"), "the first behind it");
}

#[test]
fn dates_of_different_precision_enable_nothing() {
    let items = json!([{"linkId": "d", "type": "date"},
        {"linkId": "q", "type": "boolean", "enableWhen": when("d", ">=", json!({"answerDate": "2019-05-01"}))}]);
    assert!(on(items.clone(), &[answer("d", json!([{"valueDate": "2020"}]))], "q"));
    assert!(!on(items, &[answer("d", json!([{"valueDate": "2019-05"}]))], "q"));
}

#[test]
fn an_item_for_programs_is_enabled_but_not_on_the_form() {
    let hidden =
        json!({"url": "http://hl7.org/fhir/StructureDefinition/questionnaire-hidden", "valueBoolean": true});
    let definition = definition(json!([{"linkId": "a", "type": "boolean", "extension": [hidden]}]));
    assert!(is_on(&definition, &[], &AnswerKey::of("a")));
    assert!(visible_items(&definition, &Answers::default(), &Setting::default()).is_empty());
}
