//! The answers of a resource: representation, version and place in one value.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

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

/// What a write answers. Its body may be put together after the writer has had its turn, unless it is kept for a
/// repeat of the request.
pub struct Reply {
    written: Written,
    later: Option<Later>,
}

type Later = Box<dyn FnOnce() -> Result<Box<RawValue>, Refusal> + Send>;

/// A reply ready to be sent, or to be kept so that a repeat of the request can be given the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Written {
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
        Ok(Self::with(StatusCode::CREATED, Some(version), Some(location), Some(to_raw_value(view)?)))
    }

    /// As [`Reply::created`], with a view that `make` puts together, of what it brings along alone.
    pub fn created_later<V: Serialize>(
        location: String,
        version: i64,
        make: impl FnOnce() -> V + Send + 'static,
    ) -> Self {
        Self {
            later: Some(later(make)),
            ..Self::with(StatusCode::CREATED, Some(version), Some(location), None)
        }
    }

    /// 200 with the new representation and version.
    ///
    /// # Errors
    /// When the view cannot be written as JSON.
    pub fn ok(version: i64, view: &impl Serialize) -> Result<Self, Refusal> {
        Ok(Self::with(StatusCode::OK, Some(version), None, Some(to_raw_value(view)?)))
    }

    /// As [`Reply::ok`], with a view that `make` puts together, of what it brings along alone.
    pub fn ok_later<V: Serialize>(version: i64, make: impl FnOnce() -> V + Send + 'static) -> Self {
        Self { later: Some(later(make)), ..Self::with(StatusCode::OK, Some(version), None, None) }
    }

    /// 200 with something that has no version.
    ///
    /// # Errors
    /// When the view cannot be written as JSON.
    pub fn ok_plain(view: &impl Serialize) -> Result<Self, Refusal> {
        Ok(Self::with(StatusCode::OK, None, None, Some(to_raw_value(view)?)))
    }

    /// 201 with something that has no version.
    ///
    /// # Errors
    /// When the view cannot be written as JSON.
    pub fn created_plain(location: String, view: &impl Serialize) -> Result<Self, Refusal> {
        Ok(Self::with(StatusCode::CREATED, None, Some(location), Some(to_raw_value(view)?)))
    }

    /// 204.
    #[must_use]
    pub fn no_content() -> Self {
        Self::with(StatusCode::NO_CONTENT, None, None, None)
    }

    fn with(
        status: StatusCode,
        version: Option<i64>,
        location: Option<String>,
        body: Option<Box<RawValue>>,
    ) -> Self {
        Self { written: Written { status: status.as_u16(), version, location, body }, later: None }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.written.status()
    }

    /// With its body put together, whatever that takes.
    pub(super) fn written(self) -> Result<Written, Refusal> {
        let Self { mut written, later } = self;
        if let Some(make) = later {
            written.body = Some(make()?);
        }
        Ok(written)
    }

    /// The response, without its body where the caller prefers to do without.
    ///
    /// # Errors
    /// When the body cannot be put together.
    pub(super) fn respond(self, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
        if self.later.is_some() && prefers_minimal(request) {
            return Ok(self
                .written
                .response()
                .insert_header((PREFERENCE_APPLIED, "return=minimal"))
                .finish());
        }
        Ok(self.written()?.respond(request))
    }
}

fn later<V: Serialize>(make: impl FnOnce() -> V + Send + 'static) -> Later {
    Box::new(move || Ok(to_raw_value(&make())?))
}

impl Written {
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn response(&self) -> HttpResponseBuilder {
        let mut response = HttpResponse::build(self.status());
        if let Some(version) = self.version {
            response.insert_header((ETAG, etag(version)));
        }
        if let Some(location) = self.location.as_deref().and_then(|place| HeaderValue::from_str(place).ok()) {
            response.insert_header((LOCATION, location));
        }
        response
    }

    /// The response, without its body where the caller prefers to do without.
    pub(super) fn respond(self, request: &HttpRequest) -> HttpResponse {
        let mut response = self.response();
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
        let kept = serde_json::to_vec(&reply.written().unwrap()).unwrap();
        let kept: Written = serde_json::from_slice(&kept).unwrap();
        let response = kept.respond(&TestRequest::post().to_http_request());
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers().get(LOCATION).unwrap(), "/v1/things/1");
        assert_eq!(response.headers().get(ETAG).unwrap(), "\"1\"");
        assert_eq!(response.into_body().try_into_bytes().unwrap(), "{\"a\":1}");
    }

    #[test]
    fn who_prefers_little_gets_no_body() {
        let minimal = TestRequest::post().insert_header(("prefer", "return=minimal")).to_http_request();
        let at_once = Reply::ok(2, &serde_json::json!({"a": 1})).unwrap();
        let later = Reply::ok_later(2, || -> () { unreachable!("nobody asked for it") });
        for reply in [at_once, later] {
            let response = reply.respond(&minimal).unwrap();
            assert_eq!(response.headers().get(PREFERENCE_APPLIED).unwrap(), "return=minimal");
            assert_eq!(
                (response.status(), response.into_body().try_into_bytes().unwrap().len()),
                (StatusCode::OK, 0)
            );
        }
    }

    #[test]
    fn a_body_put_together_later_is_the_same() {
        let request = TestRequest::post().to_http_request();
        let reply = Reply::created_later("/v1/things/1".to_owned(), 1, || serde_json::json!({"a": 1}));
        let response = reply.respond(&request).unwrap();
        assert_eq!(response.headers().get(LOCATION).unwrap(), "/v1/things/1");
        assert_eq!(response.into_body().try_into_bytes().unwrap(), "{\"a\":1}");
    }
}
