//! What every refusal looks like on the wire: RFC 9457 problem details.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ALLOW, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};
use uuid::Uuid;

use super::codes::Code;

/// The media type of every error body.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A refusal on its way to the caller.
///
/// It is small (one pointer), so that `Result<_, Problem>` stays cheap on the paths where nothing goes wrong. The
/// members a caller never sees (cause and place of an internal error) are for the log alone.
#[derive(Clone)]
pub struct Problem(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: Code,
    detail: Option<Cow<'static, str>>,
    errors: Vec<ProblemField>,
    allowed_next: Option<Vec<String>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<String>,
    place: Option<&'static Location<'static>>,
}

/// One value that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemField {
    /// JSON Pointer (RFC 6901) into the request body; for a query parameter, `/` and its name.
    #[schema(max_length = 2048, example = "/answers/0/link_id")]
    pub pointer: Cow<'static, str>,
    /// What is wrong, for programs: `unknown_member`, `missing`, `wrong_type`, `length`, `range` and others. An open list.
    #[schema(max_length = 64, example = "missing")]
    pub code: Cow<'static, str>,
    /// What is wrong, for people. Never repeats the value sent.
    #[schema(max_length = 1024, example = "This member is required.")]
    pub message: Cow<'static, str>,
}

/// The wire form, in the order a person would read it.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    /// Where this kind of problem is explained, on this server.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", max_length = 128, example = "/problems/not-found")]
    kind: String,
    /// The kind of problem in a few words. The same for every occurrence.
    #[schema(max_length = 128, example = "Nothing here")]
    title: &'static str,
    /// The HTTP status of the response.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    status: u16,
    /// This occurrence in a sentence or two.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4096, nullable = false)]
    detail: Option<&'a str>,
    /// The request's id, as in `X-Request-Id` and in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        format = "uri",
        max_length = 64,
        nullable = false,
        example = "urn:uuid:0190a5c2-7d5f-7c3a-9a52-0f4b7b1f3d11"
    )]
    instance: Option<String>,
    /// What programs compare. An open list.
    #[schema(max_length = 64, example = "not-found")]
    code: &'static str,
    /// Each value that was not accepted, where the problem is about values.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(max_items = 1000, required = false)]
    errors: &'a [ProblemField],
    /// The states or steps that are possible from here, where the problem is about state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = steps)]
    allowed_next: Option<&'a [String]>,
}

/// Utoipa has no words for the bounds of a list's items.
fn steps() -> Array {
    let step = ObjectBuilder::new().schema_type(Type::String).max_length(Some(64));
    ArrayBuilder::new()
        .items(step)
        .max_items(Some(64))
        .description(Some(
            "The states or steps that are possible from here, where the problem is about state.",
        ))
        .build()
}

impl Problem {
    #[must_use]
    pub fn new(code: Code) -> Self {
        let mut problem = Self(Box::new(Inner {
            code,
            detail: None,
            errors: Vec::new(),
            allowed_next: None,
            headers: Vec::new(),
            cause: None,
            place: None,
        }));
        match code.status() {
            StatusCode::UNAUTHORIZED => {
                problem = problem.header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            // Overridden by `retry_after`; there is always something to go by.
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                problem = problem.retry_after(1)
            }
            _ => {}
        }
        problem
    }

    /// The one answer for everything the caller may not see. Always the same bytes but for `instance`.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    /// 403, naming the scope the token lacks.
    #[must_use]
    pub fn insufficient_scope(scope: &str) -> Self {
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
        let problem = Self::new(Code::InsufficientScope).detail(format!("This needs the scope `{scope}`."));
        match HeaderValue::from_str(&challenge) {
            Ok(value) => problem.header(WWW_AUTHENTICATE, value),
            Err(_) => problem,
        }
    }

    /// 500. The cause goes to the log with the place it was raised, never to the caller. It must hold no personal data.
    #[must_use]
    #[track_caller]
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::new(Code::Internal).caused_by(cause)
    }

    /// Adds what the log should know, and the place in the code.
    #[must_use]
    #[track_caller]
    pub fn caused_by(mut self, cause: impl fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self.0.place = Some(Location::caller());
        self
    }

    /// One or two sentences about this occurrence. Never a value that was sent.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds one value that was not accepted.
    #[must_use]
    pub fn field(
        mut self,
        pointer: impl Into<Cow<'static, str>>,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.0.errors.push(ProblemField {
            pointer: pointer.into(),
            code: code.into(),
            message: message.into(),
        });
        self
    }

    /// Adds many.
    #[must_use]
    pub fn fields(mut self, fields: impl IntoIterator<Item = ProblemField>) -> Self {
        self.0.errors.extend(fields);
        self
    }

    /// The states or steps that are possible instead.
    #[must_use]
    pub fn allowed_next<S: Into<String>>(mut self, next: impl IntoIterator<Item = S>) -> Self {
        self.0.allowed_next = Some(next.into_iter().map(Into::into).collect());
        self
    }

    /// When to try again.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// The current version, for 412.
    #[must_use]
    pub fn etag(self, etag: HeaderValue) -> Self {
        self.header(ETAG, etag)
    }

    /// The methods that would be right, for 405.
    #[must_use]
    pub fn allow(self, methods: HeaderValue) -> Self {
        self.header(ALLOW, methods)
    }

    /// Sets a response header, in place of one of the same name.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.retain(|(known, _)| known != name);
        self.0.headers.push((name, value));
        self
    }

    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The values that were not accepted.
    #[must_use]
    pub fn errors(&self) -> &[ProblemField] {
        &self.0.errors
    }

    /// What the log should know about an internal error, and where it was raised.
    #[must_use]
    pub fn cause(&self) -> Option<(&str, &'static Location<'static>)> {
        Some((self.0.cause.as_deref()?, self.0.place?))
    }

    /// The body, with the request's id where it is known. Also what a batch puts on a line of its answer.
    #[must_use]
    pub fn body(&self, request: Option<Uuid>) -> ProblemBody<'_> {
        let entry = self.0.code.entry();
        ProblemBody {
            kind: format!("/problems/{}", entry.code),
            title: entry.title,
            status: entry.status.as_u16(),
            detail: self.0.detail.as_deref(),
            instance: request.map(|id| id.urn().to_string()),
            code: entry.code,
            errors: &self.0.errors,
            allowed_next: self.0.allowed_next.as_deref(),
        }
    }

    /// The response, with the request's id where it is known.
    #[must_use]
    pub fn response(&self, request: Option<Uuid>) -> HttpResponse {
        // Plain strings and numbers always serialise; the fallback only spares the hot path an unwrap.
        let body = serde_json::to_vec(&self.body(request)).unwrap_or_default();
        let mut response = HttpResponse::new(self.0.code.status()).set_body(BoxBody::new(body));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        for (name, value) in &self.0.headers {
            headers.insert(name.clone(), value.clone());
        }
        response
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    /// The problem also travels along with the response, so that the outermost layer can add the request's id.
    fn error_response(&self) -> HttpResponse {
        let mut response = self.response(None);
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = self.0.code.entry();
        match &self.0.detail {
            Some(detail) => write!(f, "{} ({}): {detail}", entry.title, entry.code),
            None => write!(f, "{} ({})", entry.title, entry.code),
        }
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("code", &self.0.code.as_str())
            .field("detail", &self.0.detail)
            .field("errors", &self.0.errors)
            .field("cause", &self.0.cause)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_reads_as_the_standard_says() {
        let problem = Problem::new(Code::IllegalTransition)
            .detail("A closed plan cannot be reopened.")
            .field("/status", "state", "Not from closed.")
            .allowed_next(["archived"]);
        let id = Uuid::nil();
        let body = serde_json::to_value(problem.body(Some(id))).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "type": "/problems/illegal-transition",
                "title": "Not from this state",
                "status": 409,
                "detail": "A closed plan cannot be reopened.",
                "instance": "urn:uuid:00000000-0000-0000-0000-000000000000",
                "code": "illegal-transition",
                "errors": [{"pointer": "/status", "code": "state", "message": "Not from closed."}],
                "allowed_next": ["archived"]
            })
        );
    }

    #[test]
    fn statuses_bring_the_headers_they_need() {
        let response = Problem::new(Code::SessionEnded).response(None);
        assert_eq!(response.headers().get(WWW_AUTHENTICATE).unwrap(), "Bearer");
        let response = Problem::new(Code::RateLimited).retry_after(7).response(None);
        assert_eq!(response.headers().get_all(RETRY_AFTER).collect::<Vec<_>>(), ["7"]);
        assert_eq!(response.headers().get(CONTENT_TYPE).unwrap(), PROBLEM_JSON);
    }

    #[test]
    fn a_cause_is_for_the_log_alone() {
        let problem = Problem::internal("disk on fire");
        assert!(problem.cause().unwrap().1.file().ends_with("problem.rs"));
        assert!(!serde_json::to_string(&problem.body(None)).unwrap().contains("fire"));
        assert!(!problem.to_string().contains("fire"));
    }
}
