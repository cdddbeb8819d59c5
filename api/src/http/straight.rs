//! From the text straight to a request type, without the document in between.
//!
//! Most bodies are good, and a good one is read in a third of the time like this. It takes exactly what [`super::strict`]
//! followed by [`super::tree`] takes, and makes the same of it; of what it does not take it only says so, and those two
//! find out why.

use std::borrow::Cow;
use std::fmt;

use alongside_domain::strict_json::{MAX_DEPTH, MAX_SAFE_INTEGER, exact_integer};
use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};

/// Members of one object that are looked through one by one for a name that comes twice; larger objects are rare.
const FEW: usize = 64;

/// The value, if the bytes are one JSON object that fits the type.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(bytes).ok()?;
    if !text.trim_ascii_start().starts_with('{') {
        return None;
    }
    let mut source = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Straight { inner: &mut source, depth: 0 }).ok()?;
    source.end().ok()?;
    Some(value)
}

/// Why is found out by those who explain.
fn refused<E: Error>() -> E {
    E::custom("not acceptable")
}

fn checked<E: Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') { Err(refused()) } else { Ok(()) }
}

/// A value about to be read, `depth` levels down.
struct Straight<D> {
    inner: D,
    depth: usize,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Straight<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_any(Watched { visitor, depth: self.depth })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_option(Watched { visitor, depth: self.depth })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    // An array is no object, whatever serde's own visitors would make of it.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_map(Watched { visitor, depth: self.depth })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_any(Named(visitor))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct identifier ignored_any
    }
}

/// A visitor that sees only what is acceptable.
struct Watched<V> {
    visitor: V,
    depth: usize,
}

impl<V> Watched<V> {
    /// The visitor, and how deep that is which it finds inside.
    fn deeper<E: Error>(self) -> Result<(V, usize), E> {
        if self.depth >= MAX_DEPTH { Err(refused()) } else { Ok((self.visitor, self.depth + 1)) }
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Watched<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Straight { inner, depth: self.depth })
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<V::Value, E> {
        self.visitor.visit_bool(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        if value > MAX_SAFE_INTEGER { Err(refused()) } else { self.visitor.visit_u64(value) }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        match u64::try_from(value) {
            Ok(value) => self.visit_u64(value),
            Err(_) if value.unsigned_abs() > MAX_SAFE_INTEGER => Err(refused()),
            Err(_) => self.visitor.visit_i64(value),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        match exact_integer(value) {
            Some(integer) => self.visit_i64(integer),
            None if value.fract() == 0.0 || !value.is_finite() => Err(refused()),
            None => self.visitor.visit_f64(value),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        checked(text)?;
        self.visitor.visit_str(text)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<V::Value, E> {
        checked(text)?;
        self.visitor.visit_borrowed_str(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let (visitor, depth) = self.deeper()?;
        visitor.visit_seq(Items { inner, depth })
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let (visitor, depth) = self.deeper()?;
        visitor.visit_map(Members { inner, depth, names: Vec::new() })
    }
}

/// For an enum whose variant is named by a text alone. Those with content are left to the others: they are rare.
struct Named<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Named<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        checked(text)?;
        let variant: StrDeserializer<'_, E> = text.into_deserializer();
        self.0.visit_enum(variant)
    }
}

struct Seed<S> {
    seed: S,
    depth: usize,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.seed.deserialize(Straight { inner, depth: self.depth })
    }
}

struct Items<A> {
    inner: A,
    depth: usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.inner.next_element_seed(Seed { seed, depth: self.depth })
    }
}

struct Members<'de, A> {
    inner: A,
    depth: usize,
    names: Vec<Cow<'de, str>>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'de, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let Some(name) = self.inner.next_key_seed(Name)? else { return Ok(None) };
        if self.names.len() >= FEW || self.names.contains(&name) {
            return Err(refused());
        }
        let value = match &name {
            Cow::Borrowed(name) => seed.deserialize(BorrowedStrDeserializer::new(name))?,
            Cow::Owned(name) => seed.deserialize(StrDeserializer::new(name))?,
        };
        self.names.push(name);
        Ok(Some(value))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(Seed { seed, depth: self.depth })
    }
}

/// A member's name.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<Cow<'de, str>, D::Error> {
        inner.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        checked(name)?;
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Cow<'de, str>, E> {
        checked(name)?;
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::http::{strict, tree::Tree};
    use alongside_domain::instrument::Value as Answer;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        name: String,
        #[serde(default)]
        whole: Option<i32>,
        #[serde(default)]
        amount: Option<f64>,
        #[serde(default)]
        values: Vec<Answer>,
        #[serde(default)]
        choice: Option<Choice>,
        #[serde(default)]
        pair: Option<(u8, u8)>,
        #[serde(default)]
        inner: Option<Box<Body>>,
        #[serde(default)]
        free: Option<serde_json::Value>,
        #[serde(default)]
        named: BTreeMap<String, u32>,
        #[serde(default)]
        id: Option<uuid::Uuid>,
        #[serde(default)]
        at: Option<chrono::DateTime<chrono::Utc>>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Choice {
        Plain,
        With { number: u8 },
    }

    fn slowly(text: &str) -> Option<Body> {
        Body::deserialize(Tree(strict::parse(text.as_bytes()).ok()?)).ok()
    }

    fn body(members: &str) -> String {
        format!(r#"{{"name": "n", {members}}}"#)
    }

    #[test]
    fn what_fits_is_read_as_by_way_of_the_document() {
        let good = [
            r#""whole": 28.0, "amount": 3"#,
            r#""whole": -3e0, "amount": -0.5"#,
            r#""amount": -0.0"#,
            r#""values": [{"valueInteger": 7}, {"valueCoding": {"system": "s", "code": "c"}}, {"valueString": "a\nb"}]"#,
            r#""values": [{"valueDecimal": 3.0}, {"valueDecimal": 9007199254740992}]"#,
            r#""choice": "plain", "pair": [1, 2.0]"#,
            r#""inner": {"name": "\u00e5\ud83d\ude00"}, "free": {"a": [null, true, {"b": 1e2}]}"#,
            r#""named": {"one": 1, "t\u0077o": 2}"#,
            r#""whole": null, "id": "0190a5c2-7d5f-7c3a-9a52-0f4b7b1f3d11", "at": "2026-03-14T09:30:00Z""#,
        ];
        for members in good {
            let text = body(members);
            let straight = read::<Body>(text.as_bytes());
            assert!(straight.is_some(), "{text}");
            assert_eq!(straight, slowly(&text), "{text}");
        }
    }

    #[test]
    fn what_the_others_refuse_is_not_taken() {
        let deep = format!(r#""free": {}1{}"#, "[".repeat(64), "]".repeat(64));
        let bad = [
            r#""whole": 28.5"#,
            r#""whole": 3000000000"#,
            r#""amount": 9007199254740993"#,
            r#""amount": 1e400"#,
            r#""free": 1e300"#,
            r#""free": "a\u0000b""#,
            r#""free": {"a\u0000": 1}"#,
            r#""free": {"a": 1, "\u0061": 2}"#,
            r#""named": {"a": 1, "a": 2}"#,
            r#""values": [{"valueInteger": 7, "valueInteger": 7}]"#,
            r#""name": "again""#,
            r#""inner": ["n"]"#,
            r#""pair": [1, 2, 3]"#,
            r#""unheard_of": 1"#,
            r#""choice": "other""#,
            r#""free": "\ud800""#,
            r#""whole": 1,"#,
            &deep,
        ];
        for members in bad {
            let text = body(members);
            assert_eq!(slowly(&text), None, "{text}");
            assert_eq!(read::<Body>(text.as_bytes()), None, "{text}");
        }
        for text in ["", "[]", r#"["n"]"#, "null", r#"{"name": "n"} x"#, "{\"name\": \"\u{1}\"}"] {
            assert_eq!(read::<Body>(text.as_bytes()), None, "{text}");
        }
        assert_eq!(read::<Body>(b"{\"name\": \"\xff\"}"), None);
    }

    #[test]
    fn as_deep_as_the_others_go_and_no_deeper() {
        for levels in [62, 63, 64] {
            let text = body(&format!(r#""free": {}{}"#, "[".repeat(levels), "]".repeat(levels)));
            assert_eq!(read::<Body>(text.as_bytes()).is_some(), slowly(&text).is_some(), "{levels}");
        }
    }

    #[test]
    fn what_is_rare_is_left_to_the_others() {
        let many: Vec<String> = (0..100).map(|n| format!(r#""k{n}": {n}"#)).collect();
        for members in
            [r#""choice": {"with": {"number": 3}}"#, &format!(r#""named": {{{}}}"#, many.join(","))]
        {
            let text = body(members);
            assert!(slowly(&text).is_some() && read::<Body>(text.as_bytes()).is_none(), "{text}");
        }
    }
}
