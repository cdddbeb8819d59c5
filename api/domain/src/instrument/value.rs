//! One value of an answer: the `value[x]` of FHIR R4 `QuestionnaireResponse.item.answer`.

use std::cmp::Ordering;

use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Number, Value as Json};
use thiserror::Error;

use super::coding::{Attachment, Coding, Quantity, Reference};
use super::{moment, units};

/// A value in one of the types FHIR allows for an answer.
///
/// Decimals are kept as JSON numbers and dates as text, so a value goes out as it came in.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// True or false.
    Boolean(bool),
    /// A number with or without decimal places.
    Decimal(Number),
    /// A whole number of 32 bits.
    Integer(i32),
    /// A date, possibly known only to the year or month.
    Date(String),
    /// A date, possibly with time and zone.
    DateTime(String),
    /// A time of day.
    Time(String),
    /// A text.
    String(String),
    /// A web or other address.
    Uri(String),
    /// A code from a list.
    Coding(Coding),
    /// A document or image.
    Attachment(Attachment),
    /// A pointer to another resource.
    Reference(Reference),
    /// An amount with its unit.
    Quantity(Quantity),
}

/// Why a JSON value is not a value of the type its name promises.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Misread {
    /// The members to follow from the value to the culprit.
    pub member: Vec<String>,
    /// What is wrong, in plain words; never the value itself.
    pub message: String,
}

impl Misread {
    pub(super) fn here(message: &str) -> Self {
        Self { member: Vec::new(), message: message.to_owned() }
    }

    pub(super) fn inside(member: &str, message: &str) -> Self {
        Self { member: vec![member.to_owned()], message: message.to_owned() }
    }

    fn below(mut self, member: &str) -> Self {
        self.member.insert(0, member.to_owned());
        self
    }
}

impl Value {
    /// Reads `{"valueInteger": 3}`: an object with exactly one member.
    pub fn from_json(json: &Json) -> Result<Self, Misread> {
        let map = json.as_object().ok_or_else(|| Misread::here("This must be a JSON object."))?;
        if let Some(other) = map.keys().find(|name| !is_choice("value", name)) {
            return Err(Misread::inside(other, "Only one member value[x] is expected here."));
        }
        Self::choose("value", map)?.ok_or_else(|| Misread::here("A value is missing, such as valueString."))
    }

    /// Writes `{"valueInteger": 3}`.
    pub fn to_json(&self) -> Json {
        Json::Object(Map::from_iter([(self.member().to_owned(), self.bare())]))
    }

    /// The name of `value[x]`.
    fn member(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "valueBoolean",
            Self::Decimal(_) => "valueDecimal",
            Self::Integer(_) => "valueInteger",
            Self::Date(_) => "valueDate",
            Self::DateTime(_) => "valueDateTime",
            Self::Time(_) => "valueTime",
            Self::String(_) => "valueString",
            Self::Uri(_) => "valueUri",
            Self::Coding(_) => "valueCoding",
            Self::Attachment(_) => "valueAttachment",
            Self::Reference(_) => "valueReference",
            Self::Quantity(_) => "valueQuantity",
        }
    }

    /// Reads the one member `<prefix>[x]` among others, such as `answerCoding`; none when there is none.
    pub(super) fn choose(prefix: &str, map: &Map<String, Json>) -> Result<Option<Self>, Misread> {
        let mut found = map.iter().filter(|(name, _)| is_choice(prefix, name));
        let Some((name, json)) = found.next() else { return Ok(None) };
        if let Some((second, _)) = found.next() {
            return Err(Misread::inside(second, "There is more than one value here."));
        }
        let type_name = name.strip_prefix(prefix).unwrap_or_default();
        Self::read(type_name, json).map(Some).map_err(|misread| misread.below(name))
    }

    fn read(type_name: &str, json: &Json) -> Result<Self, Misread> {
        match type_name {
            "Boolean" => {
                json.as_bool().map(Self::Boolean).ok_or_else(|| Misread::here("This must be true or false."))
            }
            "Decimal" => match json {
                Json::Number(number) => Ok(Self::Decimal(number.clone())),
                _ => Err(Misread::here("This must be a number.")),
            },
            "Integer" => {
                let number = json.as_i64().and_then(|number| i32::try_from(number).ok());
                number
                    .map(Self::Integer)
                    .ok_or_else(|| Misread::here("This must be a whole number of 32 bits."))
            }
            "Date" => text(json, moment::is_date, "This must be a date: 2024, 2024-05 or 2024-05-31.")
                .map(Self::Date),
            "DateTime" => text(
                json,
                moment::is_date_time,
                "This must be a date, or a date with time and zone like 2024-05-31T09:30:00Z.",
            )
            .map(Self::DateTime),
            "Time" => text(json, moment::is_time, "This must be a time like 09:30:00.").map(Self::Time),
            "String" => text(json, |_| true, "This must be a text.").map(Self::String),
            "Uri" => text(json, |_| true, "This must be a text.").map(Self::Uri),
            "Coding" => Coding::read(json).map(Self::Coding),
            "Attachment" => Attachment::read(json).map(Self::Attachment),
            "Reference" => Reference::read(json).map(Self::Reference),
            "Quantity" => Quantity::read(json).map(Self::Quantity),
            _ => Err(Misread::here("An answer cannot have a value of this type.")),
        }
    }

    fn bare(&self) -> Json {
        match self {
            Self::Boolean(value) => Json::Bool(*value),
            Self::Decimal(value) => Json::Number(value.clone()),
            Self::Integer(value) => Json::from(*value),
            Self::Date(text)
            | Self::DateTime(text)
            | Self::Time(text)
            | Self::String(text)
            | Self::Uri(text) => Json::String(text.clone()),
            Self::Coding(coding) => coding.write(),
            Self::Attachment(attachment) => Json::Object(attachment.0.clone()),
            Self::Reference(reference) => reference.write(),
            Self::Quantity(quantity) => quantity.write(),
        }
    }

    /// The `X` of `value[x]`.
    pub fn type_name(&self) -> &'static str {
        self.member().trim_start_matches("value")
    }

    /// Whether this answer is the `asked` one, as options and conditions mean it: codes by system and code,
    /// numbers by their amount, dates as far as both are known.
    pub fn matches(&self, asked: &Value) -> bool {
        match (self, asked) {
            (Self::Coding(answer), Self::Coding(option)) => answer.is(option),
            (Self::Reference(left), Self::Reference(right)) => {
                left.reference.is_some() && left.reference == right.reference
            }
            _ => match self.compare(asked) {
                Some(order) => order == Ordering::Equal,
                None => self == asked,
            },
        }
    }

    /// The order of two values of types that have one; none when they cannot be compared.
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Self::Time(left), Self::Time(right)) => moment::compare_times(left, right),
            (Self::Date(left) | Self::DateTime(left), Self::Date(right) | Self::DateTime(right)) => {
                moment::compare_dates(left, right)
            }
            (Self::Quantity(left), Self::Quantity(right)) => units::compare(left, right),
            _ => self.number()?.partial_cmp(&other.number()?),
        }
    }

    /// The amount, of an integer, a decimal or a quantity.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(f64::from(*value)),
            Self::Decimal(value) => value.as_f64(),
            Self::Quantity(quantity) => quantity.value.as_ref()?.as_f64(),
            _ => None,
        }
    }

    /// Whether a text or an address says nothing.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::String(text) | Self::Uri(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// The value in words, for people.
    pub fn words(&self) -> String {
        match self {
            Self::Boolean(true) => "Yes".to_owned(),
            Self::Boolean(false) => "No".to_owned(),
            Self::Coding(coding) => {
                coding.display.clone().or_else(|| coding.code.clone()).unwrap_or_default()
            }
            Self::Quantity(quantity) => {
                let value = quantity.value.as_ref().map(Number::to_string).unwrap_or_default();
                let unit = quantity.unit.as_deref().or(quantity.code.as_deref()).unwrap_or_default();
                format!("{value} {unit}").trim().to_owned()
            }
            Self::Attachment(attachment) => named(&attachment.0, &["title", "url"], "a document"),
            Self::Reference(reference) => named(&reference.rest, &["display"], "a record"),
            _ => match self.bare() {
                Json::String(text) => text,
                other => other.to_string(),
            },
        }
    }
}

fn is_choice(prefix: &str, name: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_uppercase()))
}

fn text(json: &Json, well_formed: fn(&str) -> bool, otherwise: &str) -> Result<String, Misread> {
    let text = json.as_str().filter(|text| well_formed(text));
    text.map(str::to_owned).ok_or_else(|| Misread::here(otherwise))
}

fn named(map: &Map<String, Json>, names: &[&str], otherwise: &str) -> String {
    let mut texts = names.iter().filter_map(|name| map.get(*name)?.as_str());
    texts.next().unwrap_or(otherwise).to_owned()
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        let name = self.member();
        match self {
            Self::Boolean(value) => map.serialize_entry(name, value)?,
            Self::Decimal(value) => map.serialize_entry(name, value)?,
            Self::Integer(value) => map.serialize_entry(name, value)?,
            Self::Date(text)
            | Self::DateTime(text)
            | Self::Time(text)
            | Self::String(text)
            | Self::Uri(text) => map.serialize_entry(name, text)?,
            Self::Coding(coding) => map.serialize_entry(name, coding)?,
            Self::Attachment(_) | Self::Reference(_) | Self::Quantity(_) => {
                map.serialize_entry(name, &self.bare())?;
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_json(&Json::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(json: Json) -> Value {
        Value::from_json(&json).unwrap()
    }

    #[test]
    fn every_type_comes_back_as_it_was() {
        for json in [
            json!({"valueBoolean": false}),
            json!({"valueDecimal": 3.25}),
            json!({"valueInteger": -7}),
            json!({"valueDate": "2019-05"}),
            json!({"valueDateTime": "2019-05-31T09:30:00+01:00"}),
            json!({"valueTime": "09:30:00"}),
            json!({"valueString": "Blue"}),
            json!({"valueUri": "https://example.org"}),
            json!({"valueCoding": {"code": "yes", "display": "Yes"}}),
            json!({"valueAttachment": {"url": "https://example.org/a.pdf"}}),
            json!({"valueReference": {"reference": "Patient/1"}}),
            json!({"valueQuantity": {"value": 3, "unit": "weeks"}}),
        ] {
            assert_eq!(value(json.clone()).to_json(), json);
            assert_eq!(serde_json::to_value(value(json.clone())).unwrap(), json);
            assert_eq!(serde_json::from_value::<Value>(json.clone()).unwrap(), value(json));
        }
    }

    #[test]
    fn a_value_of_the_wrong_shape_is_refused_at_its_place() {
        for (json, member) in [
            (json!(3), vec![]),
            (json!({}), vec![]),
            (json!({"valueInteger": 3.5}), vec!["valueInteger"]),
            (json!({"valueInteger": 3_000_000_000_i64}), vec!["valueInteger"]),
            (json!({"valueDate": "31/05/2019"}), vec!["valueDate"]),
            (json!({"valueColour": "red"}), vec!["valueColour"]),
            (json!({"valueCoding": {"code": 1}}), vec!["valueCoding", "code"]),
            (json!({"valueString": "a", "valueInteger": 1}), vec!["valueInteger"]),
            (json!({"valueString": "a", "note": 1}), vec!["note"]),
        ] {
            assert_eq!(Value::from_json(&json).unwrap_err().member, member, "{json}");
        }
    }

    #[test]
    fn numbers_match_by_amount() {
        assert!(value(json!({"valueDecimal": 3.0})).matches(&value(json!({"valueInteger": 3}))));
        assert!(!value(json!({"valueDecimal": 3.1})).matches(&value(json!({"valueInteger": 3}))));
        assert!(!value(json!({"valueString": "3"})).matches(&value(json!({"valueInteger": 3}))));
    }

    #[test]
    fn quantities_compare_only_in_the_same_unit() {
        let kilos = value(json!({"valueQuantity": {"value": 3, "code": "kg"}}));
        let grams = value(json!({"valueQuantity": {"value": 3, "code": "g"}}));
        let more = value(json!({"valueQuantity": {"value": 4, "code": "kg"}}));
        assert_eq!(kilos.compare(&grams), None);
        assert_eq!(kilos.compare(&more), Some(Ordering::Less));
        assert_eq!(value(json!({"valueString": "a"})).compare(&more), None);
    }
}
