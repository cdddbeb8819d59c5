//! The request body extractor: strict JSON, then the type, then its rules; every fault with a pointer.

use std::ops::{Deref, DerefMut};

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};
use validator::Validate;

use super::body;
use super::codes::Code;
use super::gate;
use super::pointer::{push_index, push_member};
use super::problem::{Problem, ProblemField};
use super::rules;
use super::straight;
use super::strict;
use super::tree::{Misfit, Tree};

/// A validated request body.
///
/// Request types derive `Deserialize` with `#[serde(deny_unknown_fields)]`, and `Validate`.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

/// A validated request body that may be left out altogether.
#[derive(Debug, Clone)]
pub struct OptionalJson<T>(pub Option<T>);

impl<T> Json<T> {
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            gate::passed(&request).await;
            require_json(&request)?;
            decode(&body::read(&request, &mut payload).await?).map(Self)
        })
    }
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for OptionalJson<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            gate::passed(&request).await;
            let bytes = body::read(&request, &mut payload).await?;
            if bytes.is_empty() {
                return Ok(Self(None));
            }
            require_json(&request)?;
            decode(&bytes).map(|value| Self(Some(value)))
        })
    }
}

/// 415 unless the body says that it is JSON.
///
/// # Errors
/// 415.
pub fn require_json(request: &HttpRequest) -> Result<(), Problem> {
    let sent = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = sent.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    let utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    if json && utf8 { Ok(()) } else { Err(Problem::new(Code::UnsupportedMediaType)) }
}

/// Strict JSON bytes to a validated value.
///
/// # Errors
/// 400 when it is not acceptable JSON, 422 when it does not fit the type or its rules.
pub fn decode<T: DeserializeOwned + Validate>(bytes: &[u8]) -> Result<T, Problem> {
    match straight::read(bytes) {
        Some(value) => {
            rules::check(&value)?;
            Ok(value)
        }
        None => fit(strict::parse(bytes)?),
    }
}

/// A strictly read document to a validated value.
///
/// # Errors
/// 422 when it does not fit the type or its rules.
pub fn fit<T: DeserializeOwned + Validate>(document: Value) -> Result<T, Problem> {
    let value: T = serde_path_to_error::deserialize(Tree(document)).map_err(|error| {
        let path = error.path().clone();
        Problem::new(Code::Invalid).fields([misfit(&path, error.into_inner())])
    })?;
    rules::check(&value)?;
    Ok(value)
}

/// One misfit as `errors[]` has it.
pub(super) fn misfit(path: &Path, misfit: Misfit) -> ProblemField {
    let mut pointer = String::new();
    let mut last = None;
    for segment in path {
        match segment {
            Segment::Seq { index } => push_index(&mut pointer, *index),
            Segment::Map { key } => push_member(&mut pointer, key),
            Segment::Enum { variant } => push_member(&mut pointer, variant),
            // Only the pointer's tail is lost: it still leads to the enclosing value.
            Segment::Unknown => break,
        }
        last = Some(segment);
    }
    // An unknown or missing member is reported of the object around it, or of itself.
    if let Some(member) = misfit.member
        && !matches!(last, Some(Segment::Map { key }) if *key == member && misfit.code == "unknown_member")
    {
        push_member(&mut pointer, &member);
    }
    ProblemField { pointer: pointer.into(), code: misfit.code.into(), message: misfit.message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::patch;
    use actix_web::test::TestRequest;
    use serde::Deserialize;
    use uuid::Uuid;

    #[derive(Debug, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Create {
        #[validate(length(min = 1, max = 5))]
        name: String,
        #[serde(default)]
        #[validate(range(min = 1, max = 9))]
        number: Option<i32>,
        #[serde(default)]
        #[validate(nested)]
        items: Vec<Item>,
        #[serde(default, with = "patch::double")]
        note: Option<Option<String>>,
    }

    #[derive(Debug, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Item {
        #[expect(dead_code, reason = "only its form matters here")]
        id: Uuid,
        #[serde(default)]
        #[validate(email)]
        mail: Option<String>,
    }

    fn errors(text: &str) -> Vec<(String, String)> {
        let problem = decode::<Create>(text.as_bytes()).unwrap_err();
        assert_eq!(problem.code(), Code::Invalid, "{problem:?}");
        for error in problem.errors() {
            assert!(!error.message.is_empty() && !error.message.contains("sekret"), "{error:?}");
        }
        problem.errors().iter().map(|e| (e.pointer.to_string(), e.code.to_string())).collect()
    }

    fn one(pointer: &str, code: &str) -> Vec<(String, String)> {
        vec![(pointer.to_owned(), code.to_owned())]
    }

    #[test]
    fn a_good_body_passes() {
        let create: Create = decode(br#"{"name": "abc", "number": 3.0, "note": null}"#).unwrap();
        assert_eq!((create.name.as_str(), create.number, create.note), ("abc", Some(3), Some(None)));
        let create: Create = decode(br#"{"name": "abc"}"#).unwrap();
        assert_eq!(create.note, None);
    }

    #[test]
    fn misfits_point_at_the_member() {
        assert_eq!(errors(r#"{"number": 1}"#), one("/name", "missing"));
        assert_eq!(errors(r#"{"name": "a", "so/rt": "sekret"}"#), one("/so~1rt", "unknown_member"));
        assert_eq!(errors(r#"{"name": "a", "items": [{"id": "sekret"}]}"#), one("/items/0/id", "format"));
        assert_eq!(
            errors(r#"{"name": "a", "items": [{"name": "sekret"}]}"#),
            one("/items/0/name", "unknown_member")
        );
        assert_eq!(errors(r#"{"name": "a", "items": [{}]}"#), one("/items/0/id", "missing"));
        assert_eq!(errors(r#"{"name": ["sekret"]}"#), one("/name", "wrong_type"));
        assert_eq!(errors(r#"{"name": "a", "items": {"sekret": 1}}"#), one("/items", "wrong_type"));
        assert_eq!(errors(r#"{"name": null}"#), one("/name", "wrong_type"));
    }

    #[test]
    fn all_broken_rules_are_listed() {
        let text = r#"{"name": "", "number": 10, "items": [{"id": "0190a5c2-7d5f-7c3a-9a52-0f4b7b1f3d11", "mail": "sekret"}]}"#;
        let expected: Vec<_> = [("/items/0/mail", "email"), ("/name", "length"), ("/number", "range")].into();
        assert_eq!(errors(text), expected.into_iter().flat_map(|(p, c)| one(p, c)).collect::<Vec<_>>());
    }

    async fn extract(request: TestRequest) -> Result<Json<Create>, Problem> {
        let (request, mut payload) = request.to_http_parts();
        Json::from_request(&request, &mut payload).await
    }

    #[actix_web::test]
    async fn the_media_type_is_strict() {
        let with = |kind: &'static str| {
            TestRequest::post().insert_header((CONTENT_TYPE, kind)).set_payload(r#"{"name": "a"}"#)
        };
        for kind in ["application/json", "application/merge-patch+json", "Application/JSON; charset=UTF-8"] {
            assert!(extract(with(kind)).await.is_ok(), "{kind}");
        }
        for kind in ["text/json", "text/plain", "application/jsonx", "application/json; charset=latin1", ""] {
            assert_eq!(extract(with(kind)).await.unwrap_err().code(), Code::UnsupportedMediaType, "{kind}");
        }
        let packed = with("application/json").insert_header(("content-encoding", "gzip"));
        assert_eq!(extract(packed).await.unwrap_err().code(), Code::UnsupportedMediaType);
    }

    #[actix_web::test]
    async fn the_size_is_bounded_and_the_digest_is_of_the_bytes() {
        let request = TestRequest::post()
            .insert_header((CONTENT_TYPE, "application/json"))
            .app_data(body::BodyLimit(20))
            .set_payload(r#"{"name": "a"}"#);
        let (request, mut payload) = request.to_http_parts();
        Json::<Create>::from_request(&request, &mut payload).await.unwrap();
        let (other, _) = TestRequest::post().to_http_parts();
        assert_ne!(body::digest(&request), body::digest(&other));
        let large = TestRequest::post()
            .insert_header((CONTENT_TYPE, "application/json"))
            .app_data(body::BodyLimit(12))
            .set_payload(r#"{"name": "a"}"#);
        assert_eq!(extract(large).await.unwrap_err().code(), Code::BodyTooLarge);
    }

    #[actix_web::test]
    async fn an_optional_body_may_be_left_out() {
        let (request, mut payload) = TestRequest::post().to_http_parts();
        assert!(OptionalJson::<Create>::from_request(&request, &mut payload).await.unwrap().0.is_none());
        let (request, mut payload) = TestRequest::post().set_payload("{}").to_http_parts();
        let problem = OptionalJson::<Create>::from_request(&request, &mut payload).await.unwrap_err();
        assert_eq!(problem.code(), Code::UnsupportedMediaType);
    }
}
