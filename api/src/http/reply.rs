//! The answers of a resource: representation, version and place in one value.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::etag::{etag, not_modified, prefers_minimal};
use super::refusal::Refusal;

/// RFC 7240.
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// 200 with the representation and its version, or 304 when the caller has it.
pub fn found(request: &HttpRequest, version: i64, view: &impl Serialize) -> HttpResponse {
    not_modified(request, version)
        .unwrap_or_else(|| HttpResponse::Ok().insert_header((ETAG, etag(version))).json(view))
}

/// With which status [`found`] answers.
#[must_use]
pub fn status(request: &HttpRequest, version: i64) -> StatusCode {
    if not_modified(request, version).is_some() { StatusCode::NOT_MODIFIED } else { StatusCode::OK }
}

/// 200 with the representation and its version, where more than the version decides what is shown.
pub fn shown(version: i64, view: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((ETAG, etag(version))).json(view)
}

/// What a write answers, made inside its transaction so that a repeat of the request can be given the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reply {
    status: u16,
    version: Option<i64>,
    location: Option<String>,
    body: Option<Box<RawValue>>,
}

impl Reply {
    /// 201 with the place and the version of what was made.
    ///
    /// # Errors
    /// When the view cannot be written as JSON.
    pub fn created(location: String, version: i64, view: &impl Serialize) -> Result<Self, Refusal> {
        Ok(Self { location: Some(location), ..Self::with_body(StatusCode::CREATED, Some(version), view)? })
    }

    /// 200 with the new representation and version.
    ///
    /// # Errors
    /// When the view cannot be written as JSON.
    pub fn ok(version: i64, view: &impl Serialize) -> Result<Self, Refusal> {
        Self::with_body(StatusCode::OK, Some(version), view)
    }

    /// 200 with something that has no version.
    ///
    /// # Errors
    /// When the view cannot be written as JSON.
    pub fn ok_plain(view: &impl Serialize) -> Result<Self, Refusal> {
        Self::with_body(StatusCode::OK, None, view)
    }

    /// 201 with something that has no version.
    ///
    /// # Errors
    /// When the view cannot be written as JSON.
    pub fn created_plain(location: String, view: &impl Serialize) -> Result<Self, Refusal> {
        Ok(Self { location: Some(location), ..Self::with_body(StatusCode::CREATED, None, view)? })
    }

    /// 204.
    #[must_use]
    pub fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT.as_u16(), version: None, location: None, body: None }
    }

    fn with_body(status: StatusCode, version: Option<i64>, view: &impl Serialize) -> Result<Self, Refusal> {
        let body = serde_json::value::to_raw_value(view)?;
        Ok(Self { status: status.as_u16(), version, location: None, body: Some(body) })
    }

    #[must_use]
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The response, without its body where the caller prefers to do without.
    #[must_use]
    pub fn respond(self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        if let Some(version) = self.version {
            response.insert_header((ETAG, etag(version)));
        }
        if let Some(location) = self.location.and_then(|place| HeaderValue::from_str(&place).ok()) {
            response.insert_header((LOCATION, location));
        }
        match self.body {
            None => response.finish(),
            Some(_) if prefers_minimal(request) => {
                response.insert_header((PREFERENCE_APPLIED, "return=minimal")).finish()
            }
            Some(body) => {
                response.insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")));
                response.body(String::from(Box::<str>::from(body)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::MessageBody as _;
    use actix_web::test::TestRequest;

    #[test]
    fn a_creation_says_where_and_which_version() {
        let reply = Reply::created("/v1/things/1".to_owned(), 1, &serde_json::json!({"a": 1})).unwrap();
        let kept: Reply = serde_json::from_slice(&serde_json::to_vec(&reply).unwrap()).unwrap();
        let response = kept.respond(&TestRequest::post().to_http_request());
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers().get(LOCATION).unwrap(), "/v1/things/1");
        assert_eq!(response.headers().get(ETAG).unwrap(), "\"1\"");
        assert_eq!(response.into_body().try_into_bytes().unwrap(), "{\"a\":1}");
    }

    #[test]
    fn who_prefers_little_gets_no_body() {
        let minimal = TestRequest::post().insert_header(("prefer", "return=minimal")).to_http_request();
        let response = Reply::ok(2, &serde_json::json!({"a": 1})).unwrap().respond(&minimal);
        assert_eq!(
            (response.status(), response.into_body().try_into_bytes().unwrap().len()),
            (StatusCode::OK, 0)
        );
    }
}
