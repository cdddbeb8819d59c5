//! What a person types, as the value that a question is answered with.

use alongside_domain::instrument::{Coding, Item, ItemType, MAX_VALUES, Quantity, Value};
use chrono::{NaiveDate, NaiveTime};
use serde_json::Number;

use crate::prompt;

/// What was typed where an answer was asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    Nothing,
    /// One of the letters that mean something on every question, in lower case.
    Letter(char),
    Answer(String),
}

/// The letters that mean something on every question.
const LETTERS: [&str; 6] = ["b", "s", "p", "h", "l", "q"];

/// Tells an answer from a letter that means something else. Where people answer in words, one of these letters in quotes,
/// or behind a backslash, is an answer.
pub fn understand(item: &Item, typed: &str) -> Typed {
    let typed = typed.trim();
    let answer = |words: &str| match words.trim() {
        "" => Typed::Nothing,
        words => Typed::Answer(words.to_owned()),
    };
    if matches!(item.kind, ItemType::String | ItemType::Text | ItemType::OpenChoice) {
        if let Some(words) = typed.strip_prefix('\\') {
            return answer(words);
        }
        let quoted = |open: char, close: char| typed.strip_prefix(open)?.strip_suffix(close);
        let inside = quoted('"', '"').or_else(|| quoted('\'', '\'')).or_else(|| quoted('“', '”'));
        if let Some(letter) = inside.filter(|inside| inside.chars().count() == 1) {
            return answer(letter);
        }
    }
    let letter = typed.to_ascii_lowercase();
    match letter.chars().next() {
        Some(only) if LETTERS.contains(&letter.as_str()) => Typed::Letter(only),
        _ => answer(typed),
    }
}

/// Whether a question that has so many values takes another that is not chosen from a list all at once.
pub fn takes_more(item: &Item, values: usize) -> bool {
    let is_list = !item.choices.options().is_empty() && item.kind != ItemType::OpenChoice;
    let most = item.limits.max_occurs.and_then(|most| usize::try_from(most).ok()).unwrap_or(MAX_VALUES);
    item.repeats && !is_list && values < most.min(MAX_VALUES)
}

/// Reads an answer.
///
/// # Errors
/// What to type instead, in plain words.
pub fn read(item: &Item, typed: &str) -> Result<Vec<Value>, String> {
    let options = item.choices.options();
    if !options.is_empty() {
        return among(item, typed);
    }
    one(item, typed).map(|value| vec![value])
}

/// An answer to a question with a list of options, by number or by words.
fn among(item: &Item, typed: &str) -> Result<Vec<Value>, String> {
    let options = item.choices.options();
    let values = |positions: &[usize]| {
        let chosen = positions.iter().filter_map(|position| options.get(*position));
        chosen.map(|option| option.value.clone()).collect::<Vec<_>>()
    };
    let by_number = if item.repeats {
        prompt::numbers(typed, options.len())
    } else {
        prompt::number(typed, options.len()).map(|position| vec![position])
    };
    if let Some(positions) = by_number.filter(|positions| !positions.is_empty()) {
        return Ok(values(&positions));
    }
    let words: Vec<String> = options.iter().map(|option| option.value.words()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let Some(position) = prompt::pick(typed, &words) {
        return Ok(values(&[position]));
    }
    if item.kind == ItemType::OpenChoice && !typed.is_empty() && typed.parse::<i64>().is_err() {
        return Ok(vec![Value::String(typed.to_owned())]);
    }
    let most = item.limits.max_occurs.filter(|_| item.repeats);
    Err(match (item.repeats, most) {
        (true, Some(most)) => {
            format!("Please type up to {most} numbers from 1 to {}, such as 1,3.", options.len())
        }
        (true, None) => format!("Please type numbers from 1 to {}, such as 1,3.", options.len()),
        (false, _) => format!("Please type a number from 1 to {}.", options.len()),
    })
}

fn one(item: &Item, typed: &str) -> Result<Value, String> {
    let say = |words: &str| words.to_owned();
    match item.kind {
        ItemType::Boolean => match typed.to_ascii_lowercase().as_str() {
            "1" | "yes" | "y" => Ok(Value::Boolean(true)),
            "2" | "no" | "n" => Ok(Value::Boolean(false)),
            _ => Err(say("Please type 1 for yes or 2 for no.")),
        },
        ItemType::Integer => typed.parse().map(Value::Integer).map_err(|_| range(item)),
        ItemType::Decimal => decimal(typed).map(Value::Decimal).ok_or_else(|| range(item)),
        ItemType::Quantity => quantity(item, typed),
        ItemType::Date => date(typed)
            .map(Value::Date)
            .ok_or_else(|| say("Please type a date like 31/05/2024, or 2024-05-31.")),
        ItemType::DateTime => date(typed)
            .map(Value::DateTime)
            .ok_or_else(|| say("Please type a date like 31/05/2024, or 2024-05-31.")),
        ItemType::Time => time(typed).map(Value::Time).ok_or_else(|| say("Please type a time like 14:30.")),
        ItemType::Url => Ok(Value::Uri(typed.to_owned())),
        ItemType::String | ItemType::Text | ItemType::OpenChoice => Ok(Value::String(typed.to_owned())),
        // The list is not known here: a code is all that can be given.
        ItemType::Choice => Ok(Value::Coding(Coding { code: Some(typed.to_owned()), ..Coding::default() })),
        ItemType::Attachment | ItemType::Reference | ItemType::Group | ItemType::Display => {
            Err(say("This question cannot be answered in this program. Please leave it out."))
        }
    }
}

/// “Please type a number from 0 to 10.”
fn range(item: &Item) -> String {
    let bound = |value: &Option<Value>| value.as_ref().map(Value::words);
    match (bound(&item.limits.min_value), bound(&item.limits.max_value)) {
        (Some(from), Some(to)) => format!("Please type a number from {from} to {to}."),
        (Some(from), None) => format!("Please type a number, {from} or more."),
        (None, Some(to)) => format!("Please type a number, {to} or less."),
        (None, None) => "Please type a number.".to_owned(),
    }
}

/// A number as it is written by hand: 2.5 or 2,5.
fn decimal(typed: &str) -> Option<Number> {
    let number: f64 = typed.replace(',', ".").parse().ok()?;
    Number::from_f64(number)
}

/// A number, with a unit behind it where the question offers several.
fn quantity(item: &Item, typed: &str) -> Result<Value, String> {
    let (number, unit) = typed.split_once(' ').unwrap_or((typed, ""));
    let units = &item.limits.units;
    let is_meant = |offered: &&Coding| {
        let named = [&offered.display, &offered.code].into_iter().flatten();
        named.into_iter().any(|name| name.eq_ignore_ascii_case(unit.trim()))
    };
    let unit = match unit.trim() {
        "" => item.presentation.unit.as_ref().or_else(|| units.first()),
        _ => units.iter().chain(&item.presentation.unit).find(is_meant),
    };
    let value = decimal(number).ok_or_else(|| range(item))?;
    let unit = unit.cloned().unwrap_or_default();
    Ok(Value::Quantity(Quantity {
        value: Some(value),
        unit: unit.display.or_else(|| unit.code.clone()),
        system: unit.system,
        code: unit.code,
        ..Quantity::default()
    }))
}

/// A date as it is written in Britain, or as computers write it.
fn date(typed: &str) -> Option<String> {
    let forms = ["%d/%m/%Y", "%d.%m.%Y", "%Y-%m-%d", "%d %B %Y", "%d %b %Y"];
    let date = forms.into_iter().find_map(|form| NaiveDate::parse_from_str(typed, form).ok())?;
    (date.format("%Y").to_string().len() == 4).then(|| date.format("%Y-%m-%d").to_string())
}

fn time(typed: &str) -> Option<String> {
    let forms = ["%H:%M", "%H.%M", "%H:%M:%S"];
    let time = forms.into_iter().find_map(|form| NaiveTime::parse_from_str(typed, form).ok())?;
    Some(time.format("%H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alongside_domain::instrument::Definition;
    use serde_json::{Value as Json, json};

    fn reads(item: Json, typed: &str) -> Result<Vec<Json>, String> {
        let mut item = item;
        item["linkId"] = "q".into();
        let form = json!({"resourceType": "Questionnaire", "status": "active", "item": [item]});
        let definition = Definition::parse(&form).unwrap().definition;
        let read = read(definition.find("q").unwrap().1, typed);
        read.map(|values| values.iter().map(Value::to_json).collect())
    }

    #[test]
    fn options_are_chosen_by_number_or_by_words() {
        let option = |code: &str, words: &str| json!({"valueCoding": {"code": code, "display": words}});
        let gate = json!({"type": "choice", "answerOption": [option("yes", "Yes"), option("no", "No")]});
        assert_eq!(reads(gate.clone(), "2").unwrap()[0]["valueCoding"]["code"], "no");
        assert_eq!(reads(gate.clone(), "yes").unwrap()[0]["valueCoding"]["code"], "yes");
        assert_eq!(reads(gate.clone(), "3").unwrap_err(), "Please type a number from 1 to 2.");
        let mut several = gate;
        several["repeats"] = true.into();
        let chosen = reads(several, "2,1").unwrap();
        assert_eq!(chosen[0]["valueCoding"]["code"], "no");
        assert_eq!(chosen.len(), 2);
    }

    #[test]
    fn yes_and_no_need_no_number() {
        let option = |code: &str, words: &str| json!({"valueCoding": {"code": code, "display": words}});
        let options = [option("yes", "Yes"), option("no", "No"), option("not_sure", "Not sure")];
        let gate = json!({"type": "choice", "answerOption": options});
        for (typed, code) in
            [("y", "yes"), ("YES", "yes"), ("n", "no"), ("No", "no"), ("not sure", "not_sure")]
        {
            assert_eq!(reads(gate.clone(), typed).unwrap()[0]["valueCoding"]["code"], code, "{typed}");
        }
        assert_eq!(reads(json!({"type": "boolean"}), "Y").unwrap(), [json!({"valueBoolean": true})]);
        let twice = json!({"type": "choice", "answerOption": [option("a", "Yes, often"), option("b", "Yes, at times")]});
        assert!(reads(twice, "y").is_err());
    }

    fn understood(kind: &str, typed: &str) -> Typed {
        let form = json!({"resourceType": "Questionnaire", "status": "active", "item": [{"linkId": "q", "type": kind}]});
        let definition = Definition::parse(&form).unwrap().definition;
        understand(definition.find("q").unwrap().1, typed)
    }

    #[test]
    fn a_letter_in_quotes_is_an_answer_in_words() {
        let answer = |words: &str| Typed::Answer(words.to_owned());
        for (typed, meant) in [
            ("s", Typed::Letter('s')),
            (" Q ", Typed::Letter('q')),
            ("\"s\"", answer("s")),
            ("“B”", answer("B")),
            ("\\s", answer("s")),
            ("\\\\s", answer("\\s")),
            ("\\", Typed::Nothing),
            ("\"so\"", answer("\"so\"")),
            ("", Typed::Nothing),
            ("ss", answer("ss")),
        ] {
            assert_eq!(understood("text", typed), meant, "{typed}");
        }
        assert_eq!(understood("integer", "\"s\""), answer("\"s\""));
    }

    #[test]
    fn several_values_are_taken_one_by_one() {
        let of = |item: Json| {
            let mut item = item;
            item["linkId"] = "q".into();
            let form = json!({"resourceType": "Questionnaire", "status": "active", "item": [item]});
            let definition = Definition::parse(&form).unwrap().definition;
            let item = definition.find("q").unwrap().1.clone();
            [1, 2, 200].map(|values| takes_more(&item, values))
        };
        let most = json!([{"url": "http://hl7.org/fhir/StructureDefinition/questionnaire-maxOccurs", "valueInteger": 2}]);
        assert_eq!(of(json!({"type": "string", "repeats": true})), [true, true, false]);
        assert_eq!(of(json!({"type": "string", "repeats": true, "extension": most})), [true, false, false]);
        assert_eq!(of(json!({"type": "string"})), [false; 3]);
        let list = json!([{"valueCoding": {"code": "a"}}]);
        assert_eq!(of(json!({"type": "choice", "repeats": true, "answerOption": list})), [false; 3]);
    }

    #[test]
    fn a_scale_says_how_far_it_goes() {
        let limit = |name: &str, value| json!({"url": format!("http://hl7.org/fhir/StructureDefinition/{name}"), "valueInteger": value});
        let scale = json!({"type": "integer", "extension": [limit("minValue", 0), limit("maxValue", 10)]});
        assert_eq!(reads(scale.clone(), "7").unwrap(), [json!({"valueInteger": 7})]);
        assert_eq!(reads(scale, "lots").unwrap_err(), "Please type a number from 0 to 10.");
    }

    #[test]
    fn dates_are_read_as_they_are_written_here() {
        let of = |typed: &str| reads(json!({"type": "date"}), typed);
        assert_eq!(of("3/5/2024").unwrap(), [json!({"valueDate": "2024-05-03"})]);
        assert_eq!(of("2024-05-03").unwrap(), [json!({"valueDate": "2024-05-03"})]);
        assert!(of("31/02/2024").is_err());
    }
}
