//! The id of a request: drawn here, never taken from the caller, in the answer, the log and the audit event alike.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use uuid::Uuid;

use super::problem::Problem;

/// The header that tells it.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// W3C Trace Context.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// This request's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

impl FromRequest for RequestId {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.extensions().get::<Self>().copied();
        ready(id.ok_or_else(|| Problem::internal("a request without an id: the middleware is missing")))
    }
}

/// The id of a request that passed the middleware.
#[must_use]
pub fn of(request: &HttpRequest) -> Uuid {
    request.extensions().get::<RequestId>().map_or(Uuid::nil(), |id| id.0)
}

/// The caller's trace, if it is well formed: only then is it safe to repeat and of use to anyone.
pub(super) fn traceparent(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(&TRACEPARENT)?;
    is_traceparent(value.as_bytes()).then(|| value.clone())
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, lower case, neither id all zeros. Later versions may append; we know only this one.
fn is_traceparent(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| *byte == b'-');
    let mut next = |length: usize| {
        parts.next().filter(|part| {
            part.len() == length && part.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
    };
    let Some(version) = next(2) else { return false };
    let (Some(trace), Some(span), Some(_flags)) = (next(32), next(16), next(2)) else { return false };
    let some = |id: &[u8]| id.iter().any(|byte| *byte != b'0');
    version == b"00" && some(trace) && some(span) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_traces_are_repeated() {
        assert!(is_traceparent(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(!is_traceparent(bad.as_bytes()), "{bad}");
        }
    }
}
