//! The composite FHIR types an answer can have: coding, quantity, reference and attachment.
//!
//! Each keeps the members this engine does not look at, so what came in goes out again unchanged.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Number, Value as Json};

use super::value::Misread;

/// The members of a JSON object.
pub type Members = Map<String, Json>;

/// A code from a code system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coding {
    /// The code system.
    pub system: Option<String>,
    /// The version of the code system.
    pub version: Option<String>,
    /// The code itself.
    pub code: Option<String>,
    /// The words shown for it; never compared.
    pub display: Option<String>,
    /// `userSelected`, `id` and extensions, as they came.
    pub rest: Members,
}

/// A measured amount.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quantity {
    /// The number.
    pub value: Option<Number>,
    /// The unit in words.
    pub unit: Option<String>,
    /// The code system of the unit.
    pub system: Option<String>,
    /// The coded unit.
    pub code: Option<String>,
    /// `comparator`, `id` and extensions, as they came.
    pub rest: Members,
}

/// A pointer to another FHIR resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reference {
    /// The literal reference, such as `Patient/1`.
    pub reference: Option<String>,
    /// The type of the resource, where it is not to be seen from the reference.
    pub kind: Option<String>,
    /// `identifier`, `display`, `id` and extensions, as they came.
    pub rest: Members,
}

impl Reference {
    /// The type of resource referred to, as far as it can be told.
    pub fn resource_type(&self) -> Option<&str> {
        self.kind.as_deref().or_else(|| self.named_type())
    }

    /// The type of resource that the literal reference itself names: that before the id, a version aside.
    pub(super) fn named_type(&self) -> Option<&str> {
        let literal = self.reference.as_deref()?;
        let literal = literal.split_once("/_history/").map_or(literal, |(record, _)| record);
        let kind = literal.rsplit_once('/')?.0.rsplit('/').next()?;
        let is_type = kind.starts_with(|letter: char| letter.is_ascii_uppercase())
            && kind.bytes().all(|byte| byte.is_ascii_alphabetic());
        is_type.then_some(kind)
    }
}

/// A document, image or the like, kept as it came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attachment(pub Members);

impl Serialize for Coding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let named = [
            ("system", &self.system),
            ("version", &self.version),
            ("code", &self.code),
            ("display", &self.display),
        ];
        for (name, text) in named {
            if let Some(text) = text {
                map.serialize_entry(name, text)?;
            }
        }
        for (name, json) in &self.rest {
            map.serialize_entry(name, json)?;
        }
        map.end()
    }
}

impl Coding {
    /// Whether this answer is `option`: the same system and code, or the same code when the option names no
    /// system. What either displays does not count.
    pub fn is(&self, option: &Coding) -> bool {
        let same_system = option.system.is_none() || option.system == self.system;
        self.code.is_some() && self.code == option.code && same_system
    }

    pub(super) fn read(json: &Json) -> Result<Self, Misread> {
        let mut rest = members(json, &["system", "version", "code", "display", "userSelected"])?;
        let coding = Self {
            system: take_text(&mut rest, "system")?,
            version: take_text(&mut rest, "version")?,
            code: take_text(&mut rest, "code")?,
            display: take_text(&mut rest, "display")?,
            rest,
        };
        if coding.code.is_none() && coding.display.is_none() {
            return Err(Misread::inside("code", "A coding needs a code."));
        }
        Ok(coding)
    }

    pub(super) fn write(&self) -> Json {
        let mut map = Members::new();
        put_text(&mut map, "system", self.system.as_ref());
        put_text(&mut map, "version", self.version.as_ref());
        put_text(&mut map, "code", self.code.as_ref());
        put_text(&mut map, "display", self.display.as_ref());
        with_rest(map, &self.rest)
    }
}

impl Quantity {
    pub(super) fn read(json: &Json) -> Result<Self, Misread> {
        let mut rest = members(json, &["value", "comparator", "unit", "system", "code"])?;
        let value = match rest.shift_remove("value") {
            None => None,
            Some(Json::Number(number)) => Some(number),
            Some(_) => return Err(Misread::inside("value", "The value of a quantity must be a number.")),
        };
        Ok(Self {
            value,
            unit: take_text(&mut rest, "unit")?,
            system: take_text(&mut rest, "system")?,
            code: take_text(&mut rest, "code")?,
            rest,
        })
    }

    pub(super) fn write(&self) -> Json {
        let mut map = Members::new();
        if let Some(value) = &self.value {
            map.insert("value".to_owned(), Json::Number(value.clone()));
        }
        put_text(&mut map, "unit", self.unit.as_ref());
        put_text(&mut map, "system", self.system.as_ref());
        put_text(&mut map, "code", self.code.as_ref());
        with_rest(map, &self.rest)
    }
}

impl Reference {
    pub(super) fn read(json: &Json) -> Result<Self, Misread> {
        let mut rest = members(json, &["reference", "type", "identifier", "display"])?;
        let reference = take_text(&mut rest, "reference")?;
        let kind = take_text(&mut rest, "type")?;
        if reference.is_none() && !rest.contains_key("identifier") && !rest.contains_key("display") {
            return Err(Misread::inside("reference", "A reference must point at something."));
        }
        Ok(Self { reference, kind, rest })
    }

    pub(super) fn write(&self) -> Json {
        let mut map = Members::new();
        put_text(&mut map, "reference", self.reference.as_ref());
        put_text(&mut map, "type", self.kind.as_ref());
        with_rest(map, &self.rest)
    }
}

impl Attachment {
    pub(super) fn read(json: &Json) -> Result<Self, Misread> {
        let known = ["contentType", "language", "data", "url", "size", "hash", "title", "creation"];
        let map = members(json, &known)?;
        for name in ["contentType", "language", "data", "url", "hash", "title", "creation"] {
            take_text(&mut map.clone(), name)?;
        }
        if !map.contains_key("data") && !map.contains_key("url") && !map.contains_key("title") {
            return Err(Misread::inside("url", "An attachment needs data, an address or a title."));
        }
        Ok(Self(map))
    }
}

/// The members of an object whose names are a closed list, plus what every FHIR element may have.
fn members(json: &Json, known: &[&str]) -> Result<Members, Misread> {
    let map = json.as_object().ok_or_else(|| Misread::here("This must be a JSON object."))?;
    for name in map.keys() {
        let bare = name.strip_prefix('_').unwrap_or(name);
        if !known.contains(&bare) && bare != "id" && bare != "extension" {
            return Err(Misread::inside(name, "FHIR knows no such member here."));
        }
    }
    Ok(map.clone())
}

/// Takes a text out of the members. `shift_remove` keeps the order of the others, so they go out as they came.
fn take_text(map: &mut Members, name: &str) -> Result<Option<String>, Misread> {
    match map.shift_remove(name) {
        None => Ok(None),
        Some(Json::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(Misread::inside(name, "This must be a text that is not empty.")),
    }
}

fn put_text(map: &mut Members, name: &str, text: Option<&String>) {
    if let Some(text) = text {
        map.insert(name.to_owned(), Json::String(text.clone()));
    }
}

fn with_rest(mut map: Members, rest: &Members) -> Json {
    map.extend(rest.iter().map(|(name, json)| (name.clone(), json.clone())));
    Json::Object(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_option_without_system_is_met_by_its_code() {
        let answer =
            Coding::read(&json!({"system": "http://loinc.org", "code": "LA33-6", "display": "Oui"})).unwrap();
        let bare = Coding { code: Some("LA33-6".into()), display: Some("Yes".into()), ..Coding::default() };
        let elsewhere = Coding { system: Some("http://example.org".into()), ..bare.clone() };
        assert!(answer.is(&bare));
        assert!(!answer.is(&elsewhere));
        assert!(!bare.is(&elsewhere));
    }

    #[test]
    fn what_is_not_understood_is_kept() {
        let json = json!({"system": "s", "code": "c", "userSelected": true, "extension": [{"url": "u"}]});
        assert_eq!(Coding::read(&json).unwrap().write(), json);
        let json = json!({"value": 3.5, "unit": "kg", "comparator": "<"});
        assert_eq!(Quantity::read(&json).unwrap().write(), json);
    }

    #[test]
    fn the_type_of_a_reference_is_read_from_it() {
        let literal = Reference::read(&json!({"reference": "https://fhir.example/r4/Patient/1"})).unwrap();
        assert_eq!(literal.resource_type(), Some("Patient"));
        let typed = Reference::read(&json!({"reference": "#a", "type": "Group"})).unwrap();
        assert_eq!(typed.resource_type(), Some("Group"));
    }

    #[test]
    fn nonsense_is_refused() {
        for json in [json!(1), json!({}), json!({"code": 1}), json!({"code": "a", "colour": "red"})] {
            assert!(Coding::read(&json).is_err(), "{json}");
        }
        assert!(Reference::read(&json!({"reference": ""})).is_err());
        assert!(Attachment::read(&json!({"size": 1})).is_err());
    }
}
