//! Which pages in a browser may call: an exact list of origins, no wildcards, no cookies.

use std::collections::HashSet;

use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PATCH, PUT, DELETE");
const SENT: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Accept, If-Match, If-None-Match, Idempotency-Key, Prefer, Traceparent",
);
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "ETag, Link, Location, Retry-After, RateLimit, RateLimit-Policy, Preference-Applied, X-Request-Id, Traceparent",
);

/// The list.
#[derive(Debug, Default)]
pub struct Cors(HashSet<String>);

impl Cors {
    #[must_use]
    pub fn new(origins: &[String]) -> Self {
        Self(origins.iter().cloned().collect())
    }

    /// The request's origin, if it is on the list.
    pub(super) fn origin(&self, head: &RequestHead) -> Option<HeaderValue> {
        if self.0.is_empty() {
            return None;
        }
        let origin = head.headers.get(ORIGIN)?;
        self.0.contains(origin.to_str().ok()?).then(|| origin.clone())
    }

    /// The answer to a browser that asks before it sends.
    pub(super) fn preflight(&self, head: &RequestHead) -> Option<HttpResponse> {
        if head.method != Method::OPTIONS || !head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        self.origin(head)?;
        let mut response = HttpResponse::NoContent();
        response.insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS));
        response.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, SENT));
        response.insert_header((ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600")));
        Some(response.finish())
    }

    /// Lets the page at `origin` read the answer.
    pub(super) fn decorate(&self, headers: &mut HeaderMap, origin: Option<&HeaderValue>) {
        if self.0.is_empty() {
            return;
        }
        // Also for other origins, or a cache would give them this one's answer.
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}
