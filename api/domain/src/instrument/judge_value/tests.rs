use super::*;
use crate::instrument::answer::Answers;
use crate::instrument::judge::judge_answer;
use crate::instrument::testing::{answer, codes, definition};
use serde_json::{Value as Json, json};

fn judged(mut item: Json, values: Json) -> Vec<&'static str> {
    item["linkId"] = json!("q");
    codes(&judge_answer(&definition(json!([item])), &Answers::default(), &answer("q", values), ""))
}

fn hl7(name: &str, value: Json) -> Json {
    let mut extension = value;
    extension["url"] = json!(format!("http://hl7.org/fhir/StructureDefinition/{name}"));
    extension
}

#[test]
fn each_type_takes_its_own_value_only() {
    for (kind, good, bad) in [
        ("boolean", json!({"valueBoolean": true}), json!({"valueString": "yes"})),
        ("decimal", json!({"valueDecimal": 1.5}), json!({"valueInteger": 1})),
        ("integer", json!({"valueInteger": 1}), json!({"valueDecimal": 1.5})),
        ("date", json!({"valueDate": "2019-05"}), json!({"valueDateTime": "2019-05"})),
        ("dateTime", json!({"valueDateTime": "2019-05"}), json!({"valueDate": "2019-05"})),
        ("time", json!({"valueTime": "09:30:00"}), json!({"valueString": "09:30"})),
        ("string", json!({"valueString": "a"}), json!({"valueUri": "a"})),
        ("text", json!({"valueString": "a\nb"}), json!({"valueInteger": 1})),
        ("url", json!({"valueUri": "https://example.org"}), json!({"valueString": "a"})),
        ("attachment", json!({"valueAttachment": {"url": "u"}}), json!({"valueString": "a"})),
        ("reference", json!({"valueReference": {"reference": "Patient/1"}}), json!({"valueString": "a"})),
        ("quantity", json!({"valueQuantity": {"value": 1}}), json!({"valueDecimal": 1.5})),
    ] {
        assert!(judged(json!({"type": kind}), json!([good])).is_empty(), "{kind}");
        assert_eq!(judged(json!({"type": kind}), json!([bad])), ["wrong_type"], "{kind}");
    }
}

#[test]
fn a_choice_takes_its_options_and_an_open_choice_text_too() {
    let options = json!([{"valueCoding": {"system": "s", "code": "a"}}, {"valueCoding": {"code": "b"}}]);
    let choice = |kind: &str| json!({"type": kind, "answerOption": options});
    assert!(
        judged(choice("choice"), json!([{"valueCoding": {"system": "s", "code": "a", "display": "Else"}}]))
            .is_empty()
    );
    assert_eq!(judged(choice("choice"), json!([{"valueCoding": {"code": "a"}}])), ["not_an_option"]);
    assert!(judged(choice("choice"), json!([{"valueCoding": {"code": "b"}}])).is_empty());
    let of_another = json!([{"valueCoding": {"system": "any", "code": "b"}}]);
    assert_eq!(judged(choice("choice"), of_another), ["not_an_option"]);
    assert_eq!(judged(choice("choice"), json!([{"valueString": "a"}])), ["wrong_type"]);
    assert!(judged(choice("open-choice"), json!([{"valueString": "my own"}])).is_empty());
    assert_eq!(judged(choice("open-choice"), json!([{"valueCoding": {"code": "z"}}])), ["not_an_option"]);
}

#[test]
fn options_of_every_kind_are_matched() {
    for value in [
        json!({"valueInteger": 3}),
        json!({"valueDate": "2019-05-31"}),
        json!({"valueTime": "09:30:00"}),
        json!({"valueString": "Blue"}),
        json!({"valueReference": {"reference": "Patient/1"}}),
    ] {
        let item = json!({"type": "choice", "answerOption": [value]});
        assert!(judged(item.clone(), json!([value])).is_empty(), "{value}");
        assert_eq!(judged(item, json!([{"valueCoding": {"code": "a"}}])), ["not_an_option"]);
    }
}

#[test]
fn a_question_takes_several_answers_only_if_it_repeats() {
    let two = json!([{"valueInteger": 1}, {"valueInteger": 2}]);
    assert_eq!(judged(json!({"type": "integer"}), two.clone()), ["too_many_answers"]);
    assert!(judged(json!({"type": "integer", "repeats": true}), two.clone()).is_empty());
    let at_most = hl7("questionnaire-maxOccurs", json!({"valueInteger": 1}));
    assert_eq!(
        judged(json!({"type": "integer", "repeats": true, "extension": [at_most]}), two),
        ["too_many_answers"]
    );
}

#[test]
fn an_exclusive_option_stands_alone() {
    let none = hl7("questionnaire-optionExclusive", json!({"valueBoolean": true}));
    let item = json!({"type": "choice", "repeats": true, "answerOption": [
        {"valueCoding": {"code": "a"}}, {"valueCoding": {"code": "none"}, "extension": [none]}]});
    let (a, none) = (json!({"valueCoding": {"code": "a"}}), json!({"valueCoding": {"code": "none"}}));
    assert!(judged(item.clone(), json!([none])).is_empty());
    assert_eq!(judged(item.clone(), json!([a, none])), ["option_exclusive"]);
    assert_eq!(judged(item, json!([a, a])), ["chosen_twice"]);
}

#[test]
fn numbers_and_dates_keep_their_bounds() {
    let bounds =
        json!([hl7("minValue", json!({"valueInteger": 0})), hl7("maxValue", json!({"valueInteger": 10}))]);
    let item = json!({"type": "integer", "extension": bounds});
    assert!(judged(item.clone(), json!([{"valueInteger": 0}])).is_empty());
    assert_eq!(judged(item.clone(), json!([{"valueInteger": 11}])), ["too_high"]);
    assert_eq!(judged(item, json!([{"valueInteger": -1}])), ["too_low"]);
    let item = json!({"type": "date", "extension": [hl7("minValue", json!({"valueDate": "2019-05-01"}))]});
    assert_eq!(judged(item.clone(), json!([{"valueDate": "2018"}])), ["too_low"]);
    assert!(judged(item, json!([{"valueDate": "2019-05"}])).is_empty());
}

#[test]
fn lengths_count_characters_not_bytes() {
    let item = json!({"type": "string", "maxLength": 4, "extension": [hl7("minLength", json!({"valueInteger": 2}))]});
    assert!(judged(item.clone(), json!([{"valueString": "žluť"}])).is_empty());
    assert_eq!(judged(item.clone(), json!([{"valueString": "žluťo"}])), ["too_long"]);
    assert_eq!(judged(item.clone(), json!([{"valueString": "ž"}])), ["too_short"]);
    assert_eq!(judged(item, json!([{"valueString": "  "}])), ["blank"]);
}

#[test]
fn a_pattern_matches_the_whole_text() {
    let pattern = hl7("regex", json!({"valueString": "[0-9]{3}|x"}));
    let item =
        json!({"type": "string", "extension": [pattern, hl7("entryFormat", json!({"valueString": "nnn"}))]});
    assert!(judged(item.clone(), json!([{"valueString": "123"}])).is_empty());
    assert_eq!(judged(item, json!([{"valueString": "1234"}])), ["wrong_form"]);
}

#[test]
fn numbers_and_dates_have_a_length_and_a_form_too() {
    let year = hl7("regex", json!({"valueString": "20[0-9]{2}"}));
    let item = json!({"type": "date", "extension": [year]});
    assert!(judged(item.clone(), json!([{"valueDate": "2019"}])).is_empty());
    assert_eq!(judged(item, json!([{"valueDate": "2019-05"}])), ["wrong_form"]);
    let item = json!({"type": "integer", "maxLength": 2});
    assert!(judged(item.clone(), json!([{"valueInteger": 99}])).is_empty());
    assert_eq!(judged(item, json!([{"valueInteger": 100}])), ["too_long"]);
}

#[test]
fn decimal_places_are_counted() {
    assert_eq!(["3", "3.0", "3.25", "1.5e-3", "1e3"].map(decimal_places), [0, 0, 2, 4, 0]);
    let item = json!({"type": "decimal", "extension": [hl7("maxDecimalPlaces", json!({"valueInteger": 1}))]});
    assert!(judged(item.clone(), json!([{"valueDecimal": 3.2}])).is_empty());
    assert_eq!(judged(item, json!([{"valueDecimal": 3.25}])), ["too_many_decimal_places"]);
}

fn quantity_bound(name: &str, value: Json) -> Json {
    let sdc = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-";
    json!({"url": format!("{sdc}{name}"), "valueQuantity": value})
}

#[test]
fn an_amount_keeps_its_bounds_in_whatever_unit() {
    let ucum =
        |value: f64, code: &str| json!({"value": value, "system": "http://unitsofmeasure.org", "code": code});
    let given = |amount: Json| json!([{"valueQuantity": amount}]);
    let weight = json!({"type": "quantity", "extension": [
        quantity_bound("minQuantity", ucum(30.0, "kg")), quantity_bound("maxQuantity", ucum(250.0, "kg"))]});
    assert!(judged(weight.clone(), given(ucum(80.0, "kg"))).is_empty());
    assert!(judged(weight.clone(), given(ucum(12.0, "[stone_av]"))).is_empty());
    assert_eq!(judged(weight.clone(), given(ucum(80.0, "g"))), ["too_low"]);
    assert_eq!(judged(weight.clone(), given(ucum(251.0, "kg"))), ["too_high"]);
    assert_eq!(judged(weight.clone(), given(ucum(80.0, "cm"))), ["unit_not_comparable"]);
    assert_eq!(judged(weight, given(json!({"value": 80}))), ["unit_not_comparable"]);
}

#[test]
fn an_amount_is_well_formed() {
    let amount = |quantity: Json| judged(json!({"type": "quantity"}), json!([{"valueQuantity": quantity}]));
    assert_eq!(amount(json!({"value": 1, "code": "kg"})), ["unit_without_system"]);
    assert_eq!(amount(json!({"value": 1, "comparator": "about"})), ["unknown_comparator"]);
    assert!(amount(json!({"value": 1, "comparator": ">=", "unit": "kg"})).is_empty());
    assert_eq!(amount(json!({"unit": "kg"})), ["number_missing"]);
}

#[test]
fn an_address_is_one() {
    let url = |text: &str| judged(json!({"type": "url"}), json!([{"valueUri": text}]));
    assert!(url("https://example.org/a").is_empty());
    assert_eq!(url(r"c:\temp\a.txt"), ["not_an_address"]);
    assert_eq!(url("urn:uuid:c757873d-ec9a-4326-a141-556f43239520x"), ["not_an_address"]);
    let to = |literal: &str| {
        judged(json!({"type": "reference"}), json!([{"valueReference": {"reference": literal}}]))
    };
    assert!(to("Patient/1").is_empty());
    assert!(to("https://example.org/fhir/Patient/1/_history/2").is_empty());
    assert!(to("https://example.org/files/1").is_empty());
    assert_eq!(to("Chicken/1"), ["wrong_reference"]);
    assert_eq!(to("https://example.org/Chicken/1"), ["wrong_reference"]);
    assert_eq!(to("ht tps://example.org/Patient/1"), ["not_an_address"]);
    let typed = json!([{"valueReference": {"type": "Chicken", "display": "Berta"}}]);
    assert_eq!(judged(json!({"type": "reference"}), typed), ["wrong_reference"]);
}

#[test]
fn a_text_is_no_longer_than_fhir_has_them() {
    let text = |length: usize| json!([{"valueString": "a".repeat(length)}]);
    assert!(judged(json!({"type": "text"}), text(MAX_TEXT)).is_empty());
    assert_eq!(judged(json!({"type": "text"}), text(MAX_TEXT + 1)), ["too_long"]);
}

#[test]
fn units_and_references_are_those_offered() {
    let weeks = hl7("questionnaire-unitOption", json!({"valueCoding": {"system": "u", "code": "wk"}}));
    let item = json!({"type": "quantity", "extension": [weeks]});
    assert!(
        judged(item.clone(), json!([{"valueQuantity": {"value": 3, "system": "u", "code": "wk"}}]))
            .is_empty()
    );
    assert_eq!(
        judged(item, json!([{"valueQuantity": {"value": 3, "system": "u", "code": "d"}}])),
        ["unit_not_offered"]
    );
    let patient = hl7("questionnaire-referenceResource", json!({"valueCode": "Patient"}));
    let item = json!({"type": "reference", "extension": [patient]});
    assert!(judged(item.clone(), json!([{"valueReference": {"reference": "Patient/1"}}])).is_empty());
    assert_eq!(judged(item, json!([{"valueReference": {"reference": "Group/1"}}])), ["wrong_reference"]);
    let two_minds = json!([{"valueReference": {"reference": "Group/1", "type": "Patient"}}]);
    assert_eq!(judged(json!({"type": "reference"}), two_minds), ["wrong_reference"]);
}
