//! Judging the values of an answer: type, options, bounds.

use super::addresses::{is_address, is_resource_type};
use super::answer::Answer;
use super::attachment;
use super::coding::{Quantity, Reference};
use super::finding::{Finding, Place};
use super::item::{Choices, Item, ItemType};
use super::judge::{AnswerPlaces, MAX_VALUES};
use super::value::Value;

/// The longest text (FHIR R4, `string`).
const MAX_TEXT: usize = 1024 * 1024;

/// Judges how many values there are, and each of them.
pub(super) fn values(item: &Item, answer: &Answer, places: &AnswerPlaces, out: &mut Vec<Finding>) {
    let values = &answer.values;
    if values.len() > 1 && !item.repeats {
        out.push(places.values.error("too_many_answers", "This question takes one answer."));
    }
    let most = item.limits.max_occurs.and_then(|most| usize::try_from(most).ok()).unwrap_or(MAX_VALUES);
    if item.repeats && values.len() > most.min(MAX_VALUES) {
        let message = format!("This question takes at most {} answers.", most.min(MAX_VALUES));
        out.push(places.values.error("too_many_answers", message));
    }
    // The values are compared with each other, which is only done for a number that a person could have meant.
    if values.len() > most.min(MAX_VALUES) {
        return;
    }
    for (position, value) in values.iter().enumerate() {
        let place = places.value(position, value.type_name());
        if values.iter().take(position).any(|earlier| earlier.matches(value)) && item.kind.is_choice() {
            out.push(place.error("chosen_twice", "This option is already chosen."));
        }
        if item.takes(value) {
            judge(item, value, &place, out);
        } else {
            let message = format!("This question is answered with {}.", expected(item));
            out.push(place.error("wrong_type", message));
        }
    }
    let is_exclusive = |value| item.choices.option(value).is_some_and(|option| option.exclusive);
    if values.len() > 1 && values.iter().any(is_exclusive) {
        out.push(places.values.error("option_exclusive", "One of these options can only be chosen alone."));
    }
}

/// What a question is answered with, in the words of the API.
fn expected(item: &Item) -> &'static str {
    match item.kind {
        ItemType::Group | ItemType::Display => "nothing",
        ItemType::Boolean => "valueBoolean",
        ItemType::Decimal => "valueDecimal",
        ItemType::Integer => "valueInteger",
        ItemType::Date => "valueDate",
        ItemType::DateTime => "valueDateTime",
        ItemType::Time => "valueTime",
        ItemType::String | ItemType::Text => "valueString",
        ItemType::Url => "valueUri",
        ItemType::Choice => {
            item.choices.options().first().map_or("valueCoding", |option| match option.value {
                Value::Integer(_) => "valueInteger",
                Value::Date(_) => "valueDate",
                Value::Time(_) => "valueTime",
                Value::String(_) => "valueString",
                Value::Reference(_) => "valueReference",
                _ => "valueCoding",
            })
        }
        ItemType::OpenChoice => "valueCoding or valueString",
        ItemType::Attachment => "valueAttachment",
        ItemType::Reference => "valueReference",
        ItemType::Quantity => "valueQuantity",
    }
}

fn judge(item: &Item, value: &Value, place: &Place, out: &mut Vec<Finding>) {
    judge_option(item, value, place, out);
    limits(item, value, place, out);
}

/// Judges a value by everything but the options.
pub(super) fn limits(item: &Item, value: &Value, place: &Place, out: &mut Vec<Finding>) {
    judge_bounds(item, value, place, out);
    match value {
        Value::String(text) | Value::Uri(text) => judge_text(item, value, text, place, out),
        Value::Decimal(number) => judge_decimal_places(item, &number.to_string(), place, out),
        Value::Attachment(attachment) => attachment::judge(item, attachment, place, out),
        Value::Quantity(quantity) => {
            judge_unit(item, quantity, place, out);
            if let Some(number) = &quantity.value {
                judge_decimal_places(item, &number.to_string(), place, out);
            }
        }
        Value::Reference(reference) => {
            judge_address(reference, place, out);
            let allowed = &item.limits.resources;
            let is_other = |kind: &str| !allowed.is_empty() && !allowed.iter().any(|allowed| allowed == kind);
            if reference.resource_type().is_some_and(is_other) {
                let message = format!("This must refer to one of: {}.", allowed.join(", "));
                out.push(place.error("wrong_reference", message));
            }
            if reference.kind.is_some()
                && reference.named_type().is_some_and(|named| reference.kind.as_deref() != Some(named))
            {
                let message = "The type is not that of the record referred to.";
                out.push(place.member("type").error("wrong_reference", message));
            }
        }
        _ => {}
    }
    judge_spelling(item, value, place, out);
}

/// Whether a reference can lead to a resource at all: FHIR R4 has `[type]/[id]` with a type that it knows.
fn judge_address(reference: &Reference, place: &Place, out: &mut Vec<Finding>) {
    let is_unknown = |kind: &&str| !is_resource_type(kind);
    if reference.reference.as_deref().is_some_and(|literal| !is_address(literal)) {
        out.push(place.member("reference").error("not_an_address", "A reference is an address."));
    } else if let Some(kind) = reference.named_type().filter(is_unknown) {
        let message = format!("FHIR R4 has no resources of the type “{kind}”.");
        out.push(place.member("reference").error("wrong_reference", message));
    }
    if let Some(kind) = reference.kind.as_deref().filter(|kind| !kind.contains(':')).filter(is_unknown) {
        let message = format!("FHIR R4 has no resources of the type “{kind}”.");
        out.push(place.member("type").error("wrong_reference", message));
    }
}

/// `maxLength` and `regex` are about how a number, a date or a time is written as well.
fn judge_spelling(item: &Item, value: &Value, place: &Place, out: &mut Vec<Finding>) {
    let is_spelt = matches!(
        value,
        Value::Integer(_) | Value::Decimal(_) | Value::Date(_) | Value::DateTime(_) | Value::Time(_)
    );
    if !is_spelt || (item.limits.max_length.is_none() && item.limits.regex.is_none()) {
        return;
    }
    judge_form(item, &value.words(), place, out);
}

fn judge_option(item: &Item, value: &Value, place: &Place, out: &mut Vec<Finding>) {
    let is_own_text = item.kind == ItemType::OpenChoice && matches!(value, Value::String(_));
    match &item.choices {
        Choices::Listed(_) if !is_own_text && item.choices.option(value).is_none() => {
            out.push(place.error("not_an_option", "This is not one of the options of this question."));
        }
        Choices::Listed(_) if !is_own_text && is_of_another_system(item, value) => {
            let message = "The options of this question are of no code system, but this code is of one.";
            out.push(place.member("system").error("not_an_option", message));
        }
        Choices::Unknown if matches!(value, Value::Coding(coding) if coding.code.is_none()) => {
            out.push(place.error("code_missing", "A chosen option needs its code."));
        }
        _ => {}
    }
}

/// Whether a code is met only by options that name no code system, while it names one: then it is another code.
/// Conditions and scores are more lenient (`Coding::is`), as HL7's validator is in conditions.
fn is_of_another_system(item: &Item, value: &Value) -> bool {
    let Value::Coding(answer) = value else { return false };
    let mut met = item.choices.options().iter().filter(|option| value.matches(&option.value));
    answer.system.is_some()
        && met.all(|option| matches!(&option.value, Value::Coding(option) if option.system.is_none()))
}

fn judge_bounds(item: &Item, value: &Value, place: &Place, out: &mut Vec<Finding>) {
    let bound_is = |bound: &Value, wanted: fn(std::cmp::Ordering) -> bool| {
        // A quantity may be bounded by a bare number.
        let order = match (value, bound) {
            (Value::Quantity(_), Value::Quantity(_)) => value.compare(bound),
            (Value::Quantity(_), _) => {
                value.number().zip(bound.number()).and_then(|(left, right)| left.partial_cmp(&right))
            }
            _ => value.compare(bound),
        };
        order.is_some_and(wanted)
    };
    let bounds = [&item.limits.min_value, &item.limits.max_value];
    let cannot_be_compared = |bound: &&Value| {
        matches!((value, *bound), (Value::Quantity(_), Value::Quantity(_)))
            && value.number().is_some()
            && value.compare(bound).is_none()
    };
    if let Some(bound) = bounds.into_iter().flatten().find(cannot_be_compared) {
        let message = format!("Give this in the same unit as its bound, {}.", bound.words());
        out.push(place.error("unit_not_comparable", message));
    }
    if let Some(least) =
        item.limits.min_value.as_ref().filter(|least| bound_is(least, std::cmp::Ordering::is_lt))
    {
        out.push(place.error("too_low", format!("This must be at least {}.", least.words())));
    }
    if let Some(most) =
        item.limits.max_value.as_ref().filter(|most| bound_is(most, std::cmp::Ordering::is_gt))
    {
        out.push(place.error("too_high", format!("This must be at most {}.", most.words())));
    }
}

fn judge_text(item: &Item, value: &Value, text: &str, place: &Place, out: &mut Vec<Finding>) {
    if value.is_blank() {
        out.push(place.error("blank", "An answer cannot be empty; otherwise skip the question."));
        return;
    }
    if matches!(value, Value::Uri(_)) && !is_address(text) {
        let message = "This is no web address: it has spaces or other signs in it that none has.";
        out.push(place.error("not_an_address", message));
    }
    if text.chars().count() > MAX_TEXT {
        out.push(place.error("too_long", format!("A text may have {MAX_TEXT} characters.")));
    }
    if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
        out.push(place.error("control_character", "A text cannot have control characters in it."));
    }
    judge_form(item, text, place, out);
}

/// Length and pattern.
fn judge_form(item: &Item, text: &str, place: &Place, out: &mut Vec<Finding>) {
    let length = text.chars().count();
    let beyond = |bound: Option<u32>| bound.and_then(|bound| usize::try_from(bound).ok());
    if let Some(most) = beyond(item.limits.max_length).filter(|most| length > *most) {
        out.push(place.error("too_long", format!("This may have {most} characters.")));
    }
    if let Some(least) = beyond(item.limits.min_length).filter(|least| length < *least) {
        out.push(place.error("too_short", format!("This needs at least {least} characters.")));
    }
    if item.limits.regex.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
        let form = item.presentation.entry_format.as_deref();
        let message = form.map_or_else(
            || "This does not have the expected form.".to_owned(),
            |form| format!("This does not have the expected form: {form}."),
        );
        out.push(place.error("wrong_form", message));
    }
}

fn judge_decimal_places(item: &Item, number: &str, place: &Place, out: &mut Vec<Finding>) {
    let Some(most) = item.limits.max_decimal_places else { return };
    if decimal_places(number) > i64::from(most) {
        out.push(place.error("too_many_decimal_places", format!("This may have {most} decimal places.")));
    }
}

/// The decimal places of a number as JSON writes it; `1.5e-3` has four.
fn decimal_places(number: &str) -> i64 {
    let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let fraction = digits.split_once('.').map_or("", |(_, fraction)| fraction.trim_end_matches('0'));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    i64::try_from(fraction.len()).unwrap_or(i64::MAX).saturating_sub(exponent).max(0)
}

fn judge_unit(item: &Item, quantity: &Quantity, place: &Place, out: &mut Vec<Finding>) {
    if quantity.value.is_none() {
        out.push(place.error("number_missing", "An amount needs its number."));
    }
    // FHIR R4, qty-3.
    if quantity.code.is_some() && quantity.system.is_none() {
        let message = "With the code of a unit belongs the code system that it is from.";
        out.push(place.member("system").error("unit_without_system", message));
    }
    let comparator = quantity.rest.get("comparator");
    if comparator.is_some_and(|json| !json.as_str().is_some_and(|one| ["<", "<=", ">=", ">"].contains(&one)))
    {
        let message = "A comparator is one of: <, <=, >=, >.";
        out.push(place.member("comparator").error("unknown_comparator", message));
    }
    let is_offered = item.limits.units.iter().any(|unit| {
        let same_system = unit.system.is_none() || unit.system == quantity.system;
        (same_system && unit.code == quantity.code)
            || (quantity.code.is_none() && quantity.unit.is_some() && unit.display == quantity.unit)
    });
    if !item.limits.units.is_empty() && !is_offered {
        let units: Vec<&str> = item.limits.units.iter().filter_map(|unit| unit.code.as_deref()).collect();
        out.push(place.error("unit_not_offered", format!("The unit must be one of: {}.", units.join(", "))));
    }
}

#[cfg(test)]
mod tests {
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
            judged(
                choice("choice"),
                json!([{"valueCoding": {"system": "s", "code": "a", "display": "Else"}}])
            )
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
        let bounds = json!([
            hl7("minValue", json!({"valueInteger": 0})),
            hl7("maxValue", json!({"valueInteger": 10}))
        ]);
        let item = json!({"type": "integer", "extension": bounds});
        assert!(judged(item.clone(), json!([{"valueInteger": 0}])).is_empty());
        assert_eq!(judged(item.clone(), json!([{"valueInteger": 11}])), ["too_high"]);
        assert_eq!(judged(item, json!([{"valueInteger": -1}])), ["too_low"]);
        let item =
            json!({"type": "date", "extension": [hl7("minValue", json!({"valueDate": "2019-05-01"}))]});
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
        let item = json!({"type": "string", "extension": [pattern, hl7("entryFormat", json!({"valueString": "nnn"}))]});
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
        let item =
            json!({"type": "decimal", "extension": [hl7("maxDecimalPlaces", json!({"valueInteger": 1}))]});
        assert!(judged(item.clone(), json!([{"valueDecimal": 3.2}])).is_empty());
        assert_eq!(judged(item, json!([{"valueDecimal": 3.25}])), ["too_many_decimal_places"]);
    }

    fn quantity_bound(name: &str, value: Json) -> Json {
        let sdc = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-";
        json!({"url": format!("{sdc}{name}"), "valueQuantity": value})
    }

    #[test]
    fn an_amount_keeps_its_bounds_in_whatever_unit() {
        let ucum = |value: f64, code: &str| json!({"value": value, "system": "http://unitsofmeasure.org", "code": code});
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
        let amount =
            |quantity: Json| judged(json!({"type": "quantity"}), json!([{"valueQuantity": quantity}]));
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
}
