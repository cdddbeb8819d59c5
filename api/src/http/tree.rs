//! From a strictly read document to a request type, refusing what serde would let pass.
//!
//! Derived `Deserialize` takes an array where a struct is meant, and its messages quote the value. This deserializer
//! does neither: structs come from objects alone, at every depth, and an error knows kinds and names but no values.
//! (Where serde buffers, for `flatten`, `tag` and `untagged`, it is out of reach: request types use none of them.)

use std::fmt;

use serde::Deserializer;
use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{
    self, DeserializeSeed, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde_json::{Map, Value};

/// What is wrong with a value: its `errors[]` code and message, and the member it is about if it is not the value itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    pub code: &'static str,
    pub message: String,
    pub member: Option<String>,
}

impl Misfit {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), member: None }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new("format", without_value(message.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new("wrong_type", format!("This must be {}.", plain(&expected.to_string())))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        match expected.to_string().as_str() {
            "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" => {
                Self::new("range", "This number is out of range.")
            }
            other => Self::new("format", format!("This must be {}.", plain(other))),
        }
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::new("length", format!("This must be {}.", plain(&expected.to_string())))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new("choice", format!("This must be one of: {}.", expected.join(", ")))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self {
            member: Some(field.to_owned()),
            ..Self::new("unknown_member", "This member is not known here.")
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { member: Some(field.to_owned()), ..Self::new("missing", "This member is required.") }
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self { member: Some(field.to_owned()), ..Self::new("duplicate", "This was given twice.") }
    }
}

/// Serde's names for what it expects, as a person would say it.
fn plain(expected: &str) -> String {
    let said = match expected {
        "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" | "usize" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "an array",
        "a map" => "an object",
        "unit" => "null",
        "a formatted date string" => "a date such as 2026-03-14",
        "a formatted time string" => "a time such as 09:30:00",
        text if text.contains("RFC 3339") => "a time such as 2026-03-14T09:30:00Z",
        text if text.contains("UUID") => "a UUID",
        text if text.starts_with("struct ") => "an object",
        text if text.starts_with("enum ") || text == "variant identifier" => "one of the documented values",
        other => other,
    };
    said.to_owned()
}

/// A hand-written message, unless it quotes what was sent.
fn without_value(message: String) -> String {
    if message.starts_with("UUID parsing failed") {
        return "This must be a UUID.".to_owned();
    }
    // The domain's closed lists: `"x" is not one of a, b`.
    if let Some((_, allowed)) = message.split_once(" is not one of ") {
        return format!("This must be one of: {allowed}.");
    }
    // chrono's messages: true, but of no help without saying which form is meant.
    let from_chrono = [
        "premature end of input",
        "input contains invalid characters",
        "input is out of range",
        "trailing input",
    ];
    if from_chrono.contains(&message.as_str()) {
        return "This must be a date such as 2026-03-14 or a time such as 2026-03-14T09:30:00Z.".to_owned();
    }
    message
}

/// One value of the document.
pub struct Tree(pub Value);

impl Tree {
    fn unexpected(&self) -> Unexpected<'static> {
        match self.0 {
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
            _ => Unexpected::Unit,
        }
    }

    /// Refuses the value unless the visitor takes it for what it is.
    fn object<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Object(members) => visitor.visit_map(Members::new(members)),
            _ => Err(de::Error::invalid_type(self.unexpected(), &visitor)),
        }
    }
}

impl<'de> Deserializer<'de> for Tree {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), ..) => visitor.visit_u64(value),
                (_, Some(value), _) => visitor.visit_i64(value),
                (.., Some(value)) => visitor.visit_f64(value),
                _ => Err(de::Error::invalid_type(Unexpected::Other("number"), &visitor)),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => {
                let mut items = Items(items.into_iter());
                let out = visitor.visit_seq(&mut items)?;
                match items.0.len() {
                    0 => Ok(out),
                    _ => Err(Misfit::new("length", "This array has too many items.")),
                }
            }
            Value::Object(members) => visitor.visit_map(Members::new(members)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.object(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.object(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::String(variant) => {
                let variant: StringDeserializer<Misfit> = variant.into_deserializer();
                visitor.visit_enum(variant)
            }
            Value::Object(members) if members.len() == 1 => {
                visitor.visit_enum(MapAccessDeserializer::new(Members::new(members)))
            }
            _ => Err(de::Error::invalid_type(self.unexpected(), &visitor)),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct identifier ignored_any
    }
}

struct Items(std::vec::IntoIter<Value>);

impl<'de> SeqAccess<'de> for Items {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        self.0.next().map(|value| seed.deserialize(Tree(value))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Members {
    rest: serde_json::map::IntoIter,
    value: Option<Value>,
}

impl Members {
    fn new(members: Map<String, Value>) -> Self {
        Self { rest: members.into_iter(), value: None }
    }
}

impl<'de> MapAccess<'de> for Members {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(Tree(Value::String(name))).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Misfit> {
        seed.deserialize(Tree(self.value.take().unwrap_or(Value::Null)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        inner: Inner,
        #[serde(default)]
        list: Vec<Inner>,
        #[serde(default)]
        choice: Option<Choice>,
        #[serde(default)]
        pair: Option<(u8, u8)>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        number: u8,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Choice {
        Plain,
        With { number: u8 },
    }

    fn read(value: Value) -> Result<Outer, Misfit> {
        Outer::deserialize(Tree(value))
    }

    #[test]
    fn reads_what_fits() {
        let outer = read(json!({
            "inner": {"number": 1}, "list": [{"number": 2}], "choice": {"with": {"number": 3}}, "pair": [1, 2]
        }));
        assert_eq!(outer.unwrap().choice, Some(Choice::With { number: 3 }));
        assert_eq!(
            read(json!({"inner": {"number": 1}, "choice": "plain"})).unwrap().choice,
            Some(Choice::Plain)
        );
    }

    #[test]
    fn an_array_is_not_an_object_at_any_depth() {
        assert_eq!(read(json!([{"number": 1}])).unwrap_err().message, "This must be an object.");
        assert_eq!(read(json!({"inner": [1]})).unwrap_err().code, "wrong_type");
        assert_eq!(read(json!({"inner": {"number": 1}, "list": [[1]]})).unwrap_err().code, "wrong_type");
        assert_eq!(
            read(json!({"inner": {"number": 1}, "choice": {"with": [3]}})).unwrap_err().message,
            "This must be an object."
        );
        assert_eq!(read(json!({"inner": {"number": 1}, "pair": [1, 2, 3]})).unwrap_err().code, "length");
    }

    #[test]
    fn messages_are_plain_and_never_quote() {
        let message = |value| read(value).unwrap_err().message;
        assert_eq!(message(json!({"inner": {"number": "sekret"}})), "This must be a whole number.");
        assert_eq!(message(json!({"inner": {"number": 300}})), "This number is out of range.");
        assert_eq!(message(json!({"inner": {"number": 1.5}})), "This must be a whole number.");
        assert_eq!(
            message(json!({"inner": {"number": 1}, "choice": "x"})),
            "This must be one of: plain, with."
        );
        assert_eq!(read(json!({})).unwrap_err().member.as_deref(), Some("inner"));
        assert_eq!(read(json!({"x": 1})).unwrap_err().code, "unknown_member");
        assert_eq!(without_value("\"x\" is not one of a, b".into()), "This must be one of: a, b.");
        let misfit = uuid::Uuid::deserialize(Tree(json!("sekret"))).unwrap_err();
        assert_eq!(misfit.message, "This must be a UUID.");
        let misfit = chrono::NaiveDate::deserialize(Tree(json!("14.3.2026"))).unwrap_err();
        assert!(misfit.message.contains("2026-03-14"), "{}", misfit.message);
    }
}
