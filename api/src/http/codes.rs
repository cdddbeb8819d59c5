//! Every way a request can be refused: one table, read by the responses, the document and the explanation pages.

use actix_web::http::StatusCode;

/// Why a request was refused. The kebab-case code is part of the contract: it never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    MalformedJson,
    MalformedQuery,
    InvalidCursor,
    Unauthenticated,
    SessionEnded,
    WrongCredentials,
    SecondFactorRequired,
    Forbidden,
    EnrolmentRequired,
    StepUpRequired,
    InsufficientScope,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    RequestTimeout,
    Conflict,
    IllegalTransition,
    AlreadyExists,
    IdempotencyInFlight,
    AlreadySubmitted,
    ConsentMissing,
    NoOpenSession,
    LicenceRequired,
    ProcessingRestricted,
    Erased,
    Stale,
    BodyTooLarge,
    UriTooLong,
    UnsupportedMediaType,
    Invalid,
    IdempotencyKeyReused,
    UnsupportedInstrument,
    PreconditionRequired,
    RateLimited,
    HeadersTooLarge,
    Internal,
    Unavailable,
    StorageFull,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What programs compare.
    pub code: &'static str,
    pub status: StatusCode,
    /// What a person reads first. The same for every occurrence.
    pub title: &'static str,
    /// What happened, for someone who meets it for the first time.
    pub explanation: &'static str,
    /// What a client should do about it.
    pub advice: &'static str,
}

impl Code {
    /// Every code, by status.
    pub const ALL: [Self; 38] = [
        Self::MalformedJson,
        Self::MalformedQuery,
        Self::InvalidCursor,
        Self::Unauthenticated,
        Self::SessionEnded,
        Self::WrongCredentials,
        Self::SecondFactorRequired,
        Self::Forbidden,
        Self::EnrolmentRequired,
        Self::StepUpRequired,
        Self::InsufficientScope,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::RequestTimeout,
        Self::Conflict,
        Self::IllegalTransition,
        Self::AlreadyExists,
        Self::IdempotencyInFlight,
        Self::AlreadySubmitted,
        Self::ConsentMissing,
        Self::NoOpenSession,
        Self::LicenceRequired,
        Self::ProcessingRestricted,
        Self::Erased,
        Self::Stale,
        Self::BodyTooLarge,
        Self::UriTooLong,
        Self::UnsupportedMediaType,
        Self::Invalid,
        Self::IdempotencyKeyReused,
        Self::UnsupportedInstrument,
        Self::PreconditionRequired,
        Self::RateLimited,
        Self::HeadersTooLarge,
        Self::Internal,
        Self::Unavailable,
        Self::StorageFull,
    ];

    /// The code as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.entry().code
    }

    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.entry().status
    }

    /// The code with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }

    /// What a bare status means when nothing more is known, as with errors the framework raises by itself.
    #[must_use]
    pub fn for_status(status: StatusCode) -> Self {
        match status.as_u16() {
            400 => Self::MalformedJson,
            401 => Self::Unauthenticated,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            410 => Self::Erased,
            405 => Self::MethodNotAllowed,
            406 => Self::NotAcceptable,
            408 => Self::RequestTimeout,
            409 => Self::Conflict,
            412 => Self::Stale,
            413 => Self::BodyTooLarge,
            414 => Self::UriTooLong,
            415 => Self::UnsupportedMediaType,
            422 => Self::Invalid,
            428 => Self::PreconditionRequired,
            429 => Self::RateLimited,
            431 => Self::HeadersTooLarge,
            503 => Self::Unavailable,
            507 => Self::StorageFull,
            _ => Self::Internal,
        }
    }

    /// The table itself.
    #[must_use]
    pub const fn entry(self) -> Entry {
        match self {
            Self::MalformedJson => row(
                "malformed-json",
                StatusCode::BAD_REQUEST,
                "The body is not acceptable JSON",
                "The body could not be read as one JSON object. Besides plain syntax errors this covers an empty body, \
                 invalid UTF-8, duplicate member names, NUL characters, lone surrogates, numbers beyond 2^53 or outside \
                 the range of a double, and nesting deeper than 64 levels. Nothing was stored.",
                "Mend the document at the place the detail or the pointer names and send it again.",
            ),
            Self::MalformedQuery => row(
                "malformed-query",
                StatusCode::BAD_REQUEST,
                "The query is not acceptable",
                "A query parameter is unknown, was given twice, is not valid UTF-8 or does not have the documented form.",
                "Correct the parameters listed in `errors`. Unknown parameters are refused rather than ignored, so that \
                 a misspelt filter never returns more than was asked for.",
            ),
            Self::InvalidCursor => row(
                "invalid-cursor",
                StatusCode::BAD_REQUEST,
                "The cursor does not belong to this list",
                "A cursor only continues the list that gave it: the same caller, the same operation, the same filter. \
                 This one was altered, is incomplete, or comes from another list.",
                "Start again without a cursor and follow the `next` of each page unchanged.",
            ),
            Self::Unauthenticated => row(
                "unauthenticated",
                StatusCode::UNAUTHORIZED,
                "Who is asking?",
                "The operation needs an access token, and the request carried none, or one that is malformed, expired \
                 or not from this server.",
                "Send `Authorization: Bearer <access token>`. If the token has expired, refresh it or sign in again.",
            ),
            Self::SessionEnded => row(
                "session-ended",
                StatusCode::UNAUTHORIZED,
                "The session has ended",
                "The token was once good, but its session was signed out, revoked, or belongs to a person or client \
                 that has been disabled.",
                "Discard the tokens and sign in again. Refreshing will not help.",
            ),
            Self::WrongCredentials => row(
                "wrong-credentials",
                StatusCode::UNAUTHORIZED,
                "These credentials do not match",
                "The name, password, code or client secret was not accepted. The answer is the same for an unknown \
                 name, a wrong password and an account that is paused after too many attempts.",
                "Check what was typed. After several failures wait before trying again: the pauses grow.",
            ),
            Self::SecondFactorRequired => row(
                "second-factor-required",
                StatusCode::UNAUTHORIZED,
                "A second factor is needed",
                "The password is right, and the account has a second factor. Nothing is open yet.",
                "Send the same sign-in again with `totp`, the code the person's app shows now, or with `recovery_code`.",
            ),
            Self::Forbidden => row(
                "forbidden",
                StatusCode::FORBIDDEN,
                "Not permitted",
                "The caller is known, but none of their roles allows this function.",
                "Do not retry. Ask a coordinator or an administrator whether the role is right.",
            ),
            Self::EnrolmentRequired => row(
                "enrolment-required",
                StatusCode::FORBIDDEN,
                "A second factor must be set up first",
                "This service asks everybody for a second factor, and the caller has not set one up yet. Until then his \
                 session is good for that alone.",
                "Set one up with `POST /v1/second-factor/enrolment` and `POST /v1/second-factor/confirmation`, then send \
                 the request again.",
            ),
            Self::StepUpRequired => row(
                "step-up-required",
                StatusCode::FORBIDDEN,
                "Show once more that it is you",
                "The operation is open only to somebody who has shown within the last five minutes that it is he who sits \
                 there. `x-permission` in the document says which operations ask for that.",
                "Send `POST /v1/sessions/current/step-up` with a fresh code of the second factor, or the password where \
                 there is none, and then the request again.",
            ),
            Self::InsufficientScope => row(
                "insufficient-scope",
                StatusCode::FORBIDDEN,
                "The token does not cover this",
                "The person may do this, but the access token was issued for narrower scopes, or the operation asks for \
                 a fresh sign-in and this one is too old.",
                "Ask for a token with the scope named in the detail, or sign in afresh, and send the request again.",
            ),
            Self::NotFound => row(
                "not-found",
                StatusCode::NOT_FOUND,
                "Nothing here",
                "There is nothing at this address for this caller. An object that does not exist and one outside the \
                 caller's world are answered alike.",
                "Check the id. If it came from a list a moment ago, access may have ended since: reload the list.",
            ),
            Self::MethodNotAllowed => row(
                "method-not-allowed",
                StatusCode::METHOD_NOT_ALLOWED,
                "Not with this method",
                "The address exists, but not for this HTTP method.",
                "Use one of the methods in the `Allow` header.",
            ),
            Self::NotAcceptable => row(
                "not-acceptable",
                StatusCode::NOT_ACCEPTABLE,
                "No representation fits",
                "The `Accept` header rules out every form this operation can answer in.",
                "Accept one of the media types documented for the operation, usually `application/json`.",
            ),
            Self::RequestTimeout => row(
                "request-timeout",
                StatusCode::REQUEST_TIMEOUT,
                "The request took too long to arrive",
                "The body did not arrive completely within the time allowed. Nothing was stored.",
                "Send the request again, with the same `Idempotency-Key`, perhaps in smaller pieces on a slow link.",
            ),
            Self::Conflict => row(
                "conflict",
                StatusCode::CONFLICT,
                "Another fact stands in the way",
                "The request is well formed, but the present state of the record does not permit it, or someone else \
                 changed it at the same moment.",
                "Read the record again, decide anew, and send a request that fits its present state.",
            ),
            Self::IllegalTransition => row(
                "illegal-transition",
                StatusCode::CONFLICT,
                "Not from this state",
                "The record is in a state from which this step cannot be taken. `allowed_next` lists the steps that can.",
                "Read the record again and choose one of the states in `allowed_next`.",
            ),
            Self::AlreadyExists => row(
                "already-exists",
                StatusCode::CONFLICT,
                "It exists already, with other content",
                "A record with this id or this unique value exists, and its content differs from what was sent.",
                "If this was a retry, send exactly the same content. Otherwise take a new id or another value.",
            ),
            Self::IdempotencyInFlight => row(
                "idempotency-in-flight",
                StatusCode::CONFLICT,
                "The first request is still running",
                "A request with the same `Idempotency-Key` has been received and has not finished.",
                "Wait for the seconds in `Retry-After` and send the same request again: its answer will be replayed.",
            ),
            Self::AlreadySubmitted => row(
                "already-submitted",
                StatusCode::CONFLICT,
                "Already submitted",
                "The assessment has been submitted and its answers are final.",
                "Correct a submitted assessment with an amendment, which keeps the first answers beside the new ones.",
            ),
            Self::ConsentMissing => row(
                "consent-missing",
                StatusCode::CONFLICT,
                "Consent is not in place",
                "The participant has not given, or has withdrawn, the consent this operation needs.",
                "Record the consent first, if it is given. Do not work around it.",
            ),
            Self::NoOpenSession => row(
                "no-open-session",
                StatusCode::CONFLICT,
                "No assistance session is open",
                "Answers given with help are recorded within an assistance session, and none is open on this assessment.",
                "Open an assistance session that says who helps and who is present, then send the answers again.",
            ),
            Self::LicenceRequired => row(
                "licence-required",
                StatusCode::CONFLICT,
                "The instrument needs a licence",
                "The instrument is owned by someone who licenses its use, and no licence is recorded for this programme.",
                "Ask an administrator to record the licence, or use an instrument that needs none.",
            ),
            Self::Erased => row(
                "erased",
                StatusCode::GONE,
                "The record was erased",
                "Whom this record was about has been erased, as he has the right to: the keys of everything that said who \
                 he was or how he was were destroyed. Figures under his pseudonym remain and say nothing of him.",
                "Forget your own copies. Asking again changes nothing.",
            ),
            Self::ProcessingRestricted => row(
                "processing-restricted",
                StatusCode::CONFLICT,
                "The record may not be used for now",
                "The participant had the use of the record restricted, as the law lets him. It is kept and can be read by \
                 those who must; nothing new is done with it: no assessments, plans, contact or exports.",
                "Ask the privacy officer of the programme. When the restriction is lifted, send the request again.",
            ),
            Self::Stale => row(
                "stale",
                StatusCode::PRECONDITION_FAILED,
                "Someone changed it since you read it",
                "The version in `If-Match` is not the current one. The current one is in the `ETag` header.",
                "Read the record again, merge the change, and send it with the new version.",
            ),
            Self::BodyTooLarge => row(
                "body-too-large",
                StatusCode::PAYLOAD_TOO_LARGE,
                "The body is too large",
                "The body is larger than this operation accepts: 1 MiB unless the operation documents another limit.",
                "Send less at a time, for instance through the batch operation.",
            ),
            Self::UriTooLong => row(
                "uri-too-long",
                StatusCode::URI_TOO_LONG,
                "The address is too long",
                "Path and query together are longer than 8 KiB.",
                "Shorten the query. Cursors are to be passed on unchanged, never gathered.",
            ),
            Self::UnsupportedMediaType => row(
                "unsupported-media-type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Not in this media type",
                "The body's `Content-Type` is missing or is not one the operation reads, or the body is compressed.",
                "Send `Content-Type: application/json` and an uncompressed body.",
            ),
            Self::Invalid => row(
                "invalid",
                StatusCode::UNPROCESSABLE_ENTITY,
                "Some values are not valid",
                "The body is good JSON, but members are unknown, missing, of the wrong type or break a rule. Each is \
                 listed in `errors` with a JSON Pointer (RFC 6901). Nothing was stored.",
                "Correct every member listed. The values sent are never repeated in the answer.",
            ),
            Self::IdempotencyKeyReused => row(
                "idempotency-key-reused",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The key was used for something else",
                "The same `Idempotency-Key` was used within the last 30 days with a different body.",
                "Take a new key for a new request. Keep the key only for retries of the very same request.",
            ),
            Self::UnsupportedInstrument => row(
                "unsupported-instrument",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The instrument uses what is not supported",
                "The questionnaire is valid FHIR, but uses a feature that this server would have to ignore, and ignoring \
                 it could change what the participant is asked or how answers count.",
                "Remove or replace the parts listed in `errors`.",
            ),
            Self::PreconditionRequired => row(
                "precondition-required",
                StatusCode::PRECONDITION_REQUIRED,
                "Say which version you mean",
                "Changing this record needs an `If-Match` header, so that nobody overwrites a change unseen.",
                "Read the record, and send its `ETag` back as `If-Match`.",
            ),
            Self::RateLimited => row(
                "rate-limited",
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests",
                "This caller has used up the requests allowed for the moment, as told by `RateLimit-Policy`.",
                "Wait for the seconds in `Retry-After`, then go on more slowly.",
            ),
            Self::HeadersTooLarge => row(
                "headers-too-large",
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "The headers are too large",
                "The header fields together are larger than 32 KiB.",
                "Send fewer or shorter headers; cookies are never needed here.",
            ),
            Self::Internal => row(
                "internal",
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side",
                "The server met a condition it did not expect. It has been logged under the id in `instance`.",
                "Try once more with the same `Idempotency-Key`. If it persists, report the id in `instance`.",
            ),
            Self::Unavailable => row(
                "unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                "Not at the moment",
                "The server is starting, stopping, overloaded or waiting for its database. A write that was not \
                 acknowledged may or may not have happened.",
                "Wait for the seconds in `Retry-After` and send the request again with the same `Idempotency-Key`.",
            ),
            Self::StorageFull => row(
                "storage-full",
                StatusCode::INSUFFICIENT_STORAGE,
                "No space left to store it",
                "The server's disk is full, so the request was refused rather than half kept. Nothing was stored.",
                "Keep the request, try again later with the same `Idempotency-Key`, and tell the operator.",
            ),
        }
    }
}

const fn row(
    code: &'static str,
    status: StatusCode,
    title: &'static str,
    explanation: &'static str,
    advice: &'static str,
) -> Entry {
    Entry { code, status, title, explanation, advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_kebab_case_and_ordered_by_status() {
        let mut seen = std::collections::HashSet::new();
        let mut last = 0;
        for code in Code::ALL {
            let entry = code.entry();
            assert!(seen.insert(entry.code), "{} twice", entry.code);
            assert!(entry.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", entry.code);
            assert!(entry.status.as_u16() >= last, "{} out of order", entry.code);
            last = entry.status.as_u16();
            assert!(
                !entry.title.ends_with('.')
                    && entry.explanation.ends_with('.')
                    && entry.advice.ends_with('.')
            );
            assert_eq!(Code::named(entry.code), Some(code));
        }
        assert_eq!(Code::named("nonsense"), None);
    }

    #[test]
    fn a_bare_status_finds_a_code_of_that_status() {
        for code in Code::ALL {
            assert_eq!(Code::for_status(code.status()).status(), code.status());
        }
        assert_eq!(Code::for_status(StatusCode::BAD_GATEWAY), Code::Internal);
    }
}
