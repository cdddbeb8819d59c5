//! The invariants that FHIR R4 puts on a Questionnaire (que-1 to que-13), one test each.

use serde_json::{Value as Json, json};

use crate::instrument::Definition;
use crate::instrument::testing::questionnaire;

/// The codes of what refuses a questionnaire with these items.
fn refusals(items: Json) -> Vec<&'static str> {
    let found = Definition::parse(&questionnaire(items)).err().unwrap_or_default();
    found.into_iter().filter(|finding| finding.is_refusal()).map(|finding| finding.code).collect()
}

/// What refuses one item of this type with these members.
fn on(kind: &str, more: Json) -> Vec<&'static str> {
    let mut item = json!({"linkId": "a", "type": kind});
    item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    refusals(json!([item]))
}

fn inside() -> Json {
    json!([{"linkId": "b", "type": "boolean"}])
}

fn group(more: Json) -> Vec<&'static str> {
    let mut members = more;
    members["item"] = inside();
    on("group", members)
}

#[test]
fn que_1_groups_have_items_and_displays_none() {
    assert_eq!(on("group", json!({})), ["group_empty"]);
    assert_eq!(on("display", json!({"item": inside()})), ["display_with_items"]);
    assert!(group(json!({})).is_empty() && on("display", json!({})).is_empty());
    assert!(on("boolean", json!({"item": inside()})).is_empty(), "a question may have items inside");
}

#[test]
fn que_2_link_ids_are_unique() {
    let item = json!({"linkId": "a", "type": "boolean"});
    assert_eq!(refusals(json!([item, item])), ["link_id_twice"]);
    assert_eq!(refusals(json!([{"linkId": "a", "type": "group", "item": [item]}])), ["link_id_twice"]);
}

#[test]
fn que_3_displays_have_no_code() {
    let code = json!({"code": [{"code": "x"}]});
    assert_eq!(on("display", code.clone()), ["not_allowed_on_display"]);
    assert!(on("boolean", code.clone()).is_empty() && group(code).is_empty());
}

#[test]
fn que_4_options_are_listed_or_in_a_value_set() {
    let both =
        json!({"answerOption": [{"valueCoding": {"code": "x"}}], "answerValueSet": "https://example.org/v"});
    assert_eq!(on("choice", both), ["two_lists_of_options"]);
}

#[test]
fn que_5_only_some_types_have_options() {
    let option = |value: Json| json!({"answerOption": [value]});
    for (kind, value) in [
        ("choice", json!({"valueCoding": {"code": "x"}})),
        ("open-choice", json!({"valueString": "x"})),
        ("integer", json!({"valueInteger": 1})),
        ("date", json!({"valueDate": "2019"})),
        ("time", json!({"valueTime": "09:30:00"})),
        ("string", json!({"valueString": "x"})),
    ] {
        assert!(on(kind, option(value)).is_empty(), "{kind}");
    }
    for kind in ["text", "boolean", "url", "attachment", "reference", "display", "decimal"] {
        assert_eq!(on(kind, option(json!({"valueString": "x"}))), ["options_not_allowed"], "{kind}");
    }
    let set = json!({"answerValueSet": "https://example.org/v"});
    assert_eq!(on("boolean", set.clone()), ["options_not_allowed"]);
    assert!(on("choice", set).is_empty());
}

#[test]
fn que_6_displays_are_neither_required_nor_repeated() {
    for name in ["required", "repeats"] {
        assert_eq!(on("display", json!({name: true})), ["not_allowed_on_display"]);
        assert!(on("boolean", json!({name: true})).is_empty());
    }
}

#[test]
fn que_7_exists_is_compared_with_true_or_false() {
    let when = |answer: Json| {
        let mut condition = answer;
        condition["question"] = json!("a");
        condition["operator"] = json!("exists");
        refusals(json!([{"linkId": "a", "type": "integer"},
            {"linkId": "b", "type": "boolean", "enableWhen": [condition]}]))
    };
    assert!(when(json!({"answerBoolean": true})).is_empty());
    assert_eq!(when(json!({"answerInteger": 1})), ["condition_of_wrong_type"]);
}

#[test]
fn que_8_groups_and_displays_start_with_nothing() {
    let initial = json!({"initial": [{"valueString": "x"}]});
    assert_eq!(on("display", initial.clone()), ["initial_not_allowed"]);
    assert_eq!(group(initial.clone()), ["initial_not_allowed"]);
    assert!(on("string", initial).is_empty());
}

#[test]
fn que_9_displays_are_not_read_only() {
    assert_eq!(on("display", json!({"readOnly": true})), ["not_allowed_on_display"]);
    assert!(on("string", json!({"readOnly": true})).is_empty());
}

#[test]
fn que_10_only_simple_types_have_a_length() {
    for kind in ["boolean", "decimal", "integer", "string", "text", "url", "open-choice"] {
        assert!(on(kind, json!({"maxLength": 9})).is_empty(), "{kind}");
    }
    for kind in ["date", "dateTime", "time", "choice", "attachment", "reference", "quantity", "display"] {
        assert_eq!(on(kind, json!({"maxLength": 9})), ["max_length_not_allowed"], "{kind}");
    }
    assert_eq!(group(json!({"maxLength": 9})), ["max_length_not_allowed"]);
}

#[test]
fn que_11_with_options_nothing_else_is_initial() {
    let both = json!({"answerOption": [{"valueString": "x"}], "initial": [{"valueString": "x"}]});
    assert_eq!(on("string", both), ["initial_not_allowed"]);
}

#[test]
fn que_12_several_conditions_say_how_they_go_together() {
    let when = json!({"question": "a", "operator": "=", "answerBoolean": true});
    let with = |more: Json| {
        let mut item = json!({"linkId": "b", "type": "boolean", "enableWhen": [when, when]});
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        refusals(json!([{"linkId": "a", "type": "boolean"}, item]))
    };
    assert_eq!(with(json!({})), ["behavior_missing"]);
    assert!(with(json!({"enableBehavior": "all"})).is_empty());
    assert!(with(json!({"enableBehavior": "any"})).is_empty());
    assert_eq!(with(json!({"enableBehavior": "some"})), ["unknown_behavior"]);
}

#[test]
fn que_13_only_what_repeats_starts_with_several() {
    let initial = json!([{"valueString": "x"}, {"valueString": "y"}]);
    assert_eq!(on("string", json!({"initial": initial})), ["initial_not_allowed"]);
    assert!(on("string", json!({"initial": initial, "repeats": true})).is_empty());
}
