//! JSON as two databases and any number of clients can agree on it.
//!
//! The standard leaves room for surprises: duplicate names, numbers no double can hold, text that PostgreSQL refuses
//! and SQLite stores. They are refused here, before anything else sees them, and integral floats become integers.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::json_pointer::{Step, pointer};

/// How many objects and arrays may be open at once.
pub const MAX_DEPTH: usize = 64;

/// The largest magnitude at which every integer is exact in every JSON implementation.
pub const MAX_SAFE_INTEGER: u64 = 1 << 53;

/// Longest pointer worth repeating: the names in it come from the document.
const MAX_POINTER_CHARS: usize = 512;

/// Why a document was refused, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Where reading stopped.
    pub pointer: String,
    /// For programs: `syntax`, `duplicate_member`, `nul`, `number`, `depth`, `not_an_object`, `encoding`, `empty`.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// Reads one JSON object and nothing else.
///
/// # Errors
/// [`Malformed`] names the first place that is not acceptable.
pub fn parse(bytes: &[u8]) -> Result<Value, Malformed> {
    match parse_any(bytes)? {
        object @ Value::Object(_) => Ok(object),
        _ => Err(whole("not_an_object", "The body must be a JSON object.")),
    }
}

/// Reads one JSON value of any kind.
///
/// # Errors
/// [`Malformed`] names the first place that is not acceptable.
pub fn parse_any(bytes: &[u8]) -> Result<Value, Malformed> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        whole(
            "encoding",
            format!("The body is not valid UTF-8: see the byte at offset {}.", error.valid_up_to()),
        )
    })?;
    if text.trim_ascii().is_empty() {
        return Err(whole("empty", "The body is empty."));
    }
    // Most documents are good: where the reader stands is noted for the others alone.
    read(text, &Reading::default()).or_else(|_| {
        let reading = Reading { path: Some(RefCell::default()), ..Reading::default() };
        read(text, &reading).map_err(|error| reading.explain(&error))
    })
}

fn read(text: &str, reading: &Reading) -> serde_json::Result<Value> {
    let mut source = serde_json::Deserializer::from_str(text);
    // Our own limit is lower, and the recursion stops at it.
    let value = At { reading, depth: 0 }.deserialize(&mut source)?;
    source.end()?;
    Ok(value)
}

fn whole(code: &'static str, message: impl Into<String>) -> Malformed {
    Malformed { pointer: String::new(), code, message: message.into() }
}

/// What the visitors share: where they are, if anybody wants to know, and why they stopped.
#[derive(Default)]
struct Reading {
    path: Option<RefCell<Vec<Step>>>,
    refusal: RefCell<Option<(&'static str, &'static str)>>,
}

impl Reading {
    /// Steps down. Nobody steps back after an error, so the path then shows where it was.
    fn enter(&self, step: impl FnOnce() -> Step) {
        if let Some(path) = &self.path {
            path.borrow_mut().push(step());
        }
    }

    fn leave(&self) {
        if let Some(path) = &self.path {
            path.borrow_mut().pop();
        }
    }

    /// Notes the reason and returns the error that stops the parser.
    fn refuse<E: serde::de::Error>(&self, code: &'static str, message: &'static str) -> E {
        *self.refusal.borrow_mut() = Some((code, message));
        E::custom(message)
    }

    fn explain(&self, error: &serde_json::Error) -> Malformed {
        let place = format!("line {}, column {}", error.line(), error.column());
        let (code, message) = match *self.refusal.borrow() {
            Some((code, message)) => (code, format!("{message} See {place}.")),
            None if error.is_eof() => {
                ("syntax", format!("The document ends before it is complete ({place})."))
            }
            None => ("syntax", format!("This is not JSON: {error}.")),
        };
        let path = self.path.as_ref().map(RefCell::borrow);
        let path = path.as_deref().map(Vec::as_slice).unwrap_or_default();
        let pointer = pointer(path).chars().take(MAX_POINTER_CHARS).collect();
        Malformed { pointer, code, message }
    }
}

/// A value about to be read, `depth` levels down.
#[derive(Clone, Copy)]
struct At<'r> {
    reading: &'r Reading,
    depth: usize,
}

impl At<'_> {
    /// One level further down, if there is one.
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.reading.refuse("depth", "The document is nested deeper than 64 levels."));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn text<E: serde::de::Error>(self, text: String) -> Result<String, E> {
        if text.contains('\0') {
            return Err(self.reading.refuse("nul", "Text must not contain the NUL character."));
        }
        Ok(text)
    }

    fn too_large<E: serde::de::Error>(self) -> E {
        self.reading.refuse("number", "Numbers beyond 2^53 are not exact and are refused.")
    }
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        if value > MAX_SAFE_INTEGER { Err(self.too_large()) } else { Ok(Value::from(value)) }
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > MAX_SAFE_INTEGER { Err(self.too_large()) } else { Ok(Value::from(value)) }
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        if let Some(integer) = exact_integer(value) {
            return self.visit_i64(integer);
        }
        if value.fract() == 0.0 {
            return Err(self.too_large());
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| self.too_large())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.text(value.to_owned()).map(Value::String)
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Value, E> {
        self.text(value).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut out = Vec::new();
        self.reading.enter(|| Step::Index(0));
        while let Some(item) = items.next_element_seed(inner)? {
            out.push(item);
            self.reading.leave();
            self.reading.enter(|| Step::Index(out.len()));
        }
        self.reading.leave();
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut out = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let name = self.text(name)?;
            self.reading.enter(|| Step::Member(name.clone()));
            if out.contains_key(&name) {
                return Err(self
                    .reading
                    .refuse("duplicate_member", "The same member name occurs twice in one object."));
            }
            out.insert(name, members.next_value_seed(inner)?);
            self.reading.leave();
        }
        Ok(Value::Object(out))
    }
}

/// The integer a double stands for, when it stands for exactly one: `28.0` is 28.
#[must_use]
pub fn exact_integer(value: f64) -> Option<i64> {
    const BELOW: f64 = 9_007_199_254_740_992.0;
    if value.fract() != 0.0 || value.abs() >= BELOW {
        return None;
    }
    // Below 2^53 an integral double prints as its integer, which spares a cast that might truncate.
    format!("{value:.0}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(text: &str) -> (String, &'static str) {
        let malformed = parse(text.as_bytes()).unwrap_err();
        assert!(malformed.message.ends_with('.'), "{}", malformed.message);
        (malformed.pointer, malformed.code)
    }

    #[test]
    fn reads_ordinary_documents_unchanged() {
        let text = r#"{"b": [1, -2, 0.5, true, null, "e\u0301 \ud83d\ude00"], "a": {"": {}}}"#;
        assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(parse_any(b"[1]").unwrap(), json!([1]));
    }

    #[test]
    fn integral_floats_become_integers() {
        let value = parse(br#"{"a": 28.0, "b": -3e2, "c": -0.0, "d": 2.5, "e": 9007199254740992}"#).unwrap();
        assert_eq!(value, json!({"a": 28, "b": -300, "c": 0, "d": 2.5, "e": 9_007_199_254_740_992_u64}));
    }

    #[test]
    fn refuses_what_readers_disagree_about() {
        assert_eq!(refused(r#"{"a": {"b": 1, "b": 2}}"#), ("/a/b".into(), "duplicate_member"));
        assert_eq!(refused(r#"{"a": [1, "x\u0000y"]}"#), ("/a/1".into(), "nul"));
        assert_eq!(refused("{\"a\": {\"x\\u0000\": 1}}"), ("/a".into(), "nul"));
        assert_eq!(refused(r#"{"a": 9007199254740993}"#), ("/a".into(), "number"));
        assert_eq!(refused(r#"{"a": -9007199254740993}"#), ("/a".into(), "number"));
        assert_eq!(refused(r#"{"a": 123456789012345678901234567890}"#), ("/a".into(), "number"));
        assert_eq!(refused(r#"{"a": 1e300}"#), ("/a".into(), "number"));
        assert_eq!(refused(r#"{"a": 1e400}"#), ("/a".into(), "syntax"));
        assert_eq!(refused(r#"{"a": "\ud800"}"#), ("/a".into(), "syntax"));
        assert_eq!(refused(r#"{"a": "\udc00\ud800"}"#), ("/a".into(), "syntax"));
        assert_eq!(refused(r#"{"a": NaN}"#), ("/a".into(), "syntax"));
        assert_eq!(refused(r#"{"a": Infinity}"#), ("/a".into(), "syntax"));
        assert_eq!(refused("[]"), (String::new(), "not_an_object"));
        assert_eq!(refused("\"text\""), (String::new(), "not_an_object"));
        assert_eq!(refused(" \n"), (String::new(), "empty"));
        assert_eq!(refused(r#"{"a": 1} {}"#), (String::new(), "syntax"));
        assert_eq!(refused(r#"{"a": [1, 2"#).1, "syntax");
        assert_eq!(refused("\u{feff}{}").1, "syntax");
        assert_eq!(parse(b"{\"a\": \"\xff\"}").unwrap_err().code, "encoding");
    }

    #[test]
    fn depth_stops_at_64() {
        let nested =
            |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        assert!(parse(nested(64).as_bytes()).is_ok());
        assert_eq!(refused(&nested(65)).1, "depth");
        assert_eq!(refused(&nested(100_000)).1, "depth");
    }

    #[test]
    fn messages_say_where_and_never_what() {
        let malformed = parse(b"{\n  \"a\": sekret\n}").unwrap_err();
        assert_eq!(malformed.message, "This is not JSON: expected value at line 2 column 8.");
        let malformed = parse(b"{\"a\": 1, \"a\": \"sekret\"}").unwrap_err();
        assert!(malformed.message.contains("line 1, column") && !malformed.message.contains("sekret"));
    }
}
