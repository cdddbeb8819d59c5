//! Query and path parameters, as strict as bodies.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::Deserializer;
use serde::de::value::{MapDeserializer, SeqDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, Error as _, IntoDeserializer, Unexpected, Visitor};
use validator::Validate;

use super::codes::Code;
use super::gate;
use super::json::misfit;
use super::pointer::push_member;
use super::problem::Problem;
use super::rules;
use super::tree::Misfit;

/// Validated query parameters. A list is one parameter with commas: `state=open,closed`.
///
/// The type derives `Deserialize` with `#[serde(deny_unknown_fields)]`, and `Validate`. Do not `flatten` in it.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

/// Path parameters. What does not parse does not exist: the answer is that of an absent object.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

impl<T> Query<T> {
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Query<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Path<T> {
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Path<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = gate::Found<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        gate::found(request, parse(request.query_string()).map(Self))
    }
}

impl<T: DeserializeOwned> FromRequest for Path<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let path = web::Path::<T>::from_request(request, payload).into_inner();
        ready(path.map(|path| Self(path.into_inner())).map_err(|_unparsed| Problem::not_found()))
    }
}

/// A query string to a validated value.
///
/// # Errors
/// 400, with every unknown, repeated or unreadable parameter it met.
pub fn parse<T: DeserializeOwned + Validate>(query: &str) -> Result<T, Problem> {
    let pairs = pairs(query)?;
    let source = MapDeserializer::new(pairs.into_iter().map(|(name, value)| (name, Parameter(value))));
    let value: T = serde_path_to_error::deserialize(source).map_err(|error| {
        let path = error.path().clone();
        Problem::new(Code::MalformedQuery).fields([misfit(&path, error.into_inner())])
    })?;
    value
        .validate()
        .map_err(|errors| Problem::new(Code::MalformedQuery).fields(rules::fields(&errors, "")))?;
    Ok(value)
}

/// The decoded parameters, none of them twice.
fn pairs(query: &str) -> Result<Vec<(String, String)>, Problem> {
    let mut out: Vec<(String, String)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(name) = decode(name) else {
            return Err(Problem::new(Code::MalformedQuery).detail("A parameter's name is not valid UTF-8."));
        };
        let mut pointer = String::new();
        push_member(&mut pointer, &name);
        let Some(value) = decode(value) else {
            let problem = Problem::new(Code::MalformedQuery);
            return Err(problem.field(pointer, "encoding", "This is not valid percent-encoded UTF-8."));
        };
        if out.iter().any(|(known, _)| *known == name) {
            return Err(Problem::new(Code::MalformedQuery).field(
                pointer,
                "duplicate",
                "This was given twice.",
            ));
        }
        out.push((name, value));
    }
    Ok(out)
}

/// Percent-decoded text; nothing when the escapes, the UTF-8 or a NUL make it unfit.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (hex(bytes.next()?)?, hex(bytes.next()?)?);
                high * 16 + low
            }
            other => other,
        });
    }
    String::from_utf8(out).ok().filter(|text| !text.contains('\0'))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// One parameter's value, read as whatever the type asks for.
struct Parameter(String);

impl IntoDeserializer<'_, Misfit> for Parameter {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Parameter {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_string(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0.as_str() {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(Misfit::invalid_type(Unexpected::Unit, &visitor)),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0.parse() {
            Ok(number) => visitor.visit_u64(number),
            Err(_) => Err(Misfit::invalid_type(Unexpected::Unit, &visitor)),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0.parse() {
            Ok(number) => visitor.visit_i64(number),
            Err(_) => Err(Misfit::invalid_type(Unexpected::Unit, &visitor)),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0.parse::<f64>() {
            Ok(number) if number.is_finite() => visitor.visit_f64(number),
            _ => Err(Misfit::invalid_type(Unexpected::Unit, &visitor)),
        }
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let variant: StringDeserializer<Misfit> = self.0.into_deserializer();
        visitor.visit_enum(variant)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let items: Vec<Self> = self.0.split(',').map(|item| Self(item.to_owned())).collect();
        visitor.visit_seq(SeqDeserializer::new(items.into_iter()))
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Filter {
        limit: Option<i64>,
        #[validate(length(max = 5))]
        text: Option<String>,
        #[serde(default)]
        state: Vec<State>,
        open: Option<bool>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum State {
        Open,
        Closed,
    }

    fn refused(query: &str) -> (String, String) {
        let problem = parse::<Filter>(query).unwrap_err();
        assert_eq!(problem.code(), Code::MalformedQuery);
        let error = problem.errors().first().cloned().unwrap();
        assert!(!error.message.contains("sekret"), "{error:?}");
        (error.pointer.into_owned(), error.code.into_owned())
    }

    #[test]
    fn reads_types_and_lists() {
        let filter: Filter = parse("limit=5&text=%C3%A5+b&state=open,closed&open=true").unwrap();
        assert_eq!(filter.text.as_deref(), Some("å b"));
        assert_eq!((filter.limit, filter.open, filter.state.len()), (Some(5), Some(true), 2));
        assert!(parse::<Filter>("").is_ok());
    }

    #[test]
    fn faults_point_at_the_parameter() {
        let case = |query, pointer: &str, code: &str| {
            assert_eq!(refused(query), (pointer.into(), code.into()), "{query}")
        };
        case("limit=sekret", "/limit", "wrong_type");
        case("limit=5&limit=5", "/limit", "duplicate");
        case("lim%69t=5&limit=5", "/limit", "duplicate");
        case("sekret=1", "/sekret", "unknown_member");
        case("state=open,sekret", "/state/1", "choice");
        case("open=1", "/open", "wrong_type");
        case("text=sekret", "/text", "length");
        case("text=%FF", "/text", "encoding");
        case("text=a%00", "/text", "encoding");
        case("text=%4", "/text", "encoding");
    }

    #[actix_web::test]
    async fn an_unreadable_id_is_an_absent_one() {
        let request = actix_web::test::TestRequest::default().param("id", "nonsense").to_http_request();
        let problem = Path::<uuid::Uuid>::extract(&request).await.unwrap_err();
        assert_eq!(
            serde_json::to_string(&problem.body(None)).unwrap(),
            serde_json::to_string(&Problem::not_found().body(None)).unwrap()
        );
    }
}
