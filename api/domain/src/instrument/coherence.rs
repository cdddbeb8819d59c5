//! What an item says that cannot all be true at once, so that nobody could answer it.

use std::cmp::Ordering;

use super::answer::{Answer, AnswerKey};
use super::fields::Fields;
use super::finding::{Finding, Place, Severity};
use super::item::Item;
use super::judge::AnswerPlaces;
use super::judge_value;
use super::value::Value;

/// Holds what an item says against itself.
pub(super) fn check(item: &Item, fields: &Fields<'_>, out: &mut Vec<Finding>) {
    bounds(item, fields, out);
    occurs(item, fields, out);
    let starts_empty =
        item.initial.is_empty() && !item.choices.options().iter().any(|option| option.initially_selected);
    if item.required && item.presentation.hidden && starts_empty && item.kind.is_question() {
        let message = "This must be answered, but nobody sees it, and it starts empty.";
        out.push(extension(fields, "questionnaire-hidden").error("required_but_hidden", message));
    } else if item.required && item.read_only && starts_empty {
        let message = "This item must be answered but cannot be: it is read-only and starts empty.";
        out.push(fields.place().warning("required_but_read_only", message));
    }
    selected(item, fields, out);
    options(item, fields, out);
    initial(item, fields, out);
}

fn bounds(item: &Item, fields: &Fields<'_>, out: &mut Vec<Finding>) {
    let limits = &item.limits;
    if let (Some(min), Some(max)) = (&limits.min_value, &limits.max_value)
        && min.compare(max).is_some_and(Ordering::is_gt)
    {
        out.push(
            extension(fields, "maxValue").error("bounds_crossed", "The least value is above the greatest."),
        );
    }
    if let (Some(min), Some(max)) = (limits.min_length, limits.max_length)
        && min > max
    {
        let message = "The least length is above the greatest.";
        out.push(extension(fields, "minLength").error("bounds_crossed", message));
    }
}

fn occurs(item: &Item, fields: &Fields<'_>, out: &mut Vec<Finding>) {
    let (min, max) = (item.limits.min_occurs, item.limits.max_occurs);
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        let message = "The least number of answers is above the greatest.";
        out.push(extension(fields, "questionnaire-maxOccurs").error("bounds_crossed", message));
    } else if item.required && max == Some(0) {
        let message = "This must be answered, but may have no answer.";
        out.push(extension(fields, "questionnaire-maxOccurs").error("bounds_crossed", message));
    }
    if item.repeats {
        return;
    }
    if min.is_some_and(|min| min > 1) {
        let message = "This needs several answers, but does not repeat.";
        out.push(extension(fields, "questionnaire-minOccurs").error("occurs_without_repeats", message));
    }
    if max.is_some_and(|max| max > 1) {
        let message = "Without “repeats” there is one answer at most.";
        out.push(extension(fields, "questionnaire-maxOccurs").warning("occurs_without_repeats", message));
    }
}

/// What is chosen from the start must be choosable together.
fn selected(item: &Item, fields: &Fields<'_>, out: &mut Vec<Finding>) {
    let selected: Vec<_> = item.choices.options().iter().filter(|option| option.initially_selected).collect();
    if selected.len() < 2 {
        return;
    }
    let place = fields.place().member("answerOption");
    if !item.repeats {
        let message = "Only a repeating question can start with several options chosen.";
        out.push(place.error("initial_not_allowed", message));
    } else if selected.iter().any(|option| option.exclusive) {
        let message = "An option that stands alone is chosen from the start together with another.";
        out.push(place.error("initial_not_allowed", message));
    }
}

/// An option that no answer may be is odd; the others can still be chosen.
fn options(item: &Item, fields: &Fields<'_>, out: &mut Vec<Finding>) {
    if !fields.map().contains_key("answerOption") {
        return;
    }
    for (position, option) in item.choices.options().iter().enumerate() {
        let place = fields.place().member("answerOption").index(position);
        let mut found = Vec::new();
        judge_value::limits(item, &option.value, &place, &mut found);
        if let Some(finding) = found.first().filter(|_| item.takes(&option.value)) {
            let message = format!("This option breaks the question's own rules: {}", finding.message);
            out.push(place.warning("option_never_acceptable", message));
        }
    }
}

/// What a question starts with must be an answer it would take.
fn initial(item: &Item, fields: &Fields<'_>, out: &mut Vec<Finding>) {
    // The wrong type, or too many of them, has been reported.
    let is_judged = item.kind.is_question()
        && (item.initial.len() < 2 || item.repeats)
        && item.initial.iter().all(|value| item.takes(value));
    if is_judged && !item.initial.is_empty() {
        let from = out.len();
        judge(item, item.initial.clone(), fields.place().member("initial"), out);
        for finding in out.iter_mut().skip(from).filter(|finding| finding.severity <= Severity::Error) {
            finding.message = format!("The question starts with what it does not take: {}", finding.message);
        }
    }
}

fn judge(item: &Item, values: Vec<Value>, place: Place, out: &mut Vec<Finding>) {
    let answer = Answer::answered(AnswerKey::of(&item.link_id), values);
    judge_value::values(item, &answer, &AnswerPlaces::all_at(place), out);
}

/// Where an extension of HL7's stands on an item; the item itself, if it has none.
fn extension(fields: &Fields<'_>, name: &str) -> Place {
    let list = fields.list("extension", &mut Vec::new());
    let is_it = |json: &serde_json::Value| {
        let url = json.get("url").and_then(serde_json::Value::as_str);
        url.is_some_and(|url| url.rsplit('/').next() == Some(name))
    };
    let found = list.into_iter().find(|(json, _)| is_it(json));
    found.map_or_else(|| fields.place().clone(), |(_, place)| place)
}

#[cfg(test)]
mod tests {
    use crate::instrument::Definition;
    use crate::instrument::testing::questionnaire;
    use serde_json::{Value as Json, json};

    fn hl7(name: &str, member: &str, value: Json) -> Json {
        json!({"url": format!("http://hl7.org/fhir/StructureDefinition/{name}"), member: value})
    }

    /// The code and pointer of everything found on an item, and whether it is refused.
    fn found(mut item: Json) -> (bool, Vec<(&'static str, String)>) {
        item["linkId"] = json!("a");
        let (refused, findings) = match Definition::parse(&questionnaire(json!([item]))) {
            Ok(parsed) => (false, parsed.warnings),
            Err(findings) => (true, findings),
        };
        (refused, findings.into_iter().map(|finding| (finding.code, finding.pointer)).collect())
    }

    fn refused(item: Json) -> (&'static str, String) {
        let (refused, mut found) = found(item);
        assert!(refused && found.len() == 1, "{found:?}");
        found.remove(0)
    }

    fn warned(item: Json) -> (&'static str, String) {
        let (refused, mut found) = found(item);
        assert!(!refused && found.len() == 1, "{found:?}");
        found.remove(0)
    }

    #[test]
    fn the_least_is_not_above_the_greatest() {
        let values = [hl7("minValue", "valueInteger", json!(2)), hl7("maxValue", "valueInteger", json!(1))];
        assert_eq!(
            refused(json!({"type": "integer", "extension": values})),
            ("bounds_crossed", "/item/0/extension/1".into())
        );
        let length = hl7("minLength", "valueInteger", json!(5));
        assert_eq!(
            refused(json!({"type": "string", "maxLength": 4, "extension": [length]})),
            ("bounds_crossed", "/item/0/extension/0".into())
        );
        let occurs = [
            hl7("questionnaire-minOccurs", "valueInteger", json!(3)),
            hl7("questionnaire-maxOccurs", "valueInteger", json!(2)),
        ];
        assert_eq!(
            refused(json!({"type": "string", "repeats": true, "extension": occurs})),
            ("bounds_crossed", "/item/0/extension/1".into())
        );
        let none = hl7("questionnaire-maxOccurs", "valueInteger", json!(0));
        assert_eq!(
            refused(json!({"type": "string", "required": true, "extension": [none]})).0,
            "bounds_crossed"
        );
    }

    #[test]
    fn several_answers_need_a_question_that_repeats() {
        let least = hl7("questionnaire-minOccurs", "valueInteger", json!(2));
        assert_eq!(refused(json!({"type": "string", "extension": [least]})).0, "occurs_without_repeats");
        let most = hl7("questionnaire-maxOccurs", "valueInteger", json!(2));
        assert_eq!(warned(json!({"type": "string", "extension": [most]})).0, "occurs_without_repeats");
    }

    #[test]
    fn what_nobody_sees_cannot_be_asked_for() {
        let hidden = hl7("questionnaire-hidden", "valueBoolean", json!(true));
        let item = json!({"type": "string", "required": true, "extension": [hidden]});
        assert_eq!(refused(item.clone()), ("required_but_hidden", "/item/0/extension/0".into()));
        let mut filled = item;
        filled["initial"] = json!([{"valueString": "x"}]);
        assert!(found(filled).1.is_empty());
    }

    #[test]
    fn a_question_does_not_start_with_what_it_does_not_take() {
        let high = hl7("maxValue", "valueInteger", json!(10));
        assert_eq!(
            refused(json!({"type": "integer", "extension": [high], "initial": [{"valueInteger": 11}]})),
            ("too_high", "/item/0/initial/0/valueInteger".into())
        );
        assert_eq!(
            refused(json!({"type": "string", "maxLength": 2, "initial": [{"valueString": "abc"}]})),
            ("too_long", "/item/0/initial/0/valueString".into())
        );
        let digits = hl7("regex", "valueString", json!("[0-9]+"));
        let start = json!([{"valueString": "abc"}]);
        assert_eq!(
            refused(json!({"type": "string", "extension": [digits], "initial": start})).0,
            "wrong_form"
        );
    }

    #[test]
    fn options_chosen_from_the_start_go_together() {
        let chosen = |code: &str| json!({"valueCoding": {"code": code}, "initialSelected": true});
        let mut item = json!({"type": "choice", "answerOption": [chosen("a"), chosen("b")]});
        assert_eq!(refused(item.clone()), ("initial_not_allowed", "/item/0/answerOption".into()));
        item["repeats"] = json!(true);
        assert!(found(item.clone()).1.is_empty());
        item["answerOption"][0]["extension"] =
            json!([hl7("questionnaire-optionExclusive", "valueBoolean", json!(true))]);
        assert_eq!(refused(item).0, "initial_not_allowed");
    }

    #[test]
    fn an_option_outside_the_bounds_is_named() {
        let high = hl7("maxValue", "valueInteger", json!(10));
        let item = json!({"type": "integer", "extension": [high],
            "answerOption": [{"valueInteger": 1}, {"valueInteger": 11}]});
        assert_eq!(warned(item), ("option_never_acceptable", "/item/0/answerOption/1".into()));
    }
}
