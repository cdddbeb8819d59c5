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
mod tests;
