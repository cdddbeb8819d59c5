//! Refusals as FHIR says them, for clients that accept FHIR: an OperationOutcome (R4) in place of a problem.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::{HttpResponse, body::BoxBody};
use serde_json::{Value, json};

use super::problem::{Problem, ProblemField};
use super::request_id::RequestId;

/// The media type of FHIR in JSON.
pub const FHIR_JSON: &str = "application/fhir+json";

/// Whether a client wants FHIR: it names it, and names neither JSON nor problems beside it.
#[must_use]
pub fn wants_fhir(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let named = |kind: &str| {
        let mut ranges = accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
        ranges.any(|range| range.eq_ignore_ascii_case(kind))
    };
    named(FHIR_JSON) && !named("application/json") && !named("application/problem+json")
}

/// A refusal as an OperationOutcome: the same status and headers, another body.
pub fn respond(problem: &Problem, id: RequestId) -> HttpResponse<BoxBody> {
    let mut response = problem.response(Some(id.0));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
    response.set_body(BoxBody::new(outcome(problem).to_string()))
}

fn outcome(problem: &Problem) -> Value {
    let entry = problem.code().entry();
    let kind = issue_type(entry.status);
    let coding = json!([{"system": "https://fhir.alongside.example/CodeSystem/problem", "code": entry.code}]);
    let mut issues: Vec<Value> = problem.errors().iter().map(|field| issue(kind, field)).collect();
    let text = problem.to_string();
    issues.insert(0, json!({"severity": "error", "code": kind, "details": {"coding": coding, "text": text}}));
    json!({"resourceType": "OperationOutcome", "issue": issues})
}

fn issue(kind: &str, field: &ProblemField) -> Value {
    let coding = json!([{"system": "https://fhir.alongside.example/CodeSystem/finding", "code": field.code}]);
    let details = json!({"coding": coding, "text": field.message});
    if field.pointer.is_empty() {
        return json!({"severity": "error", "code": kind, "details": details});
    }
    let place = format!("JSON Pointer: {}", field.pointer);
    json!({"severity": "error", "code": kind, "details": details, "diagnostics": place})
}

/// The kind of an issue in FHIR's closed list (`issue-type`).
fn issue_type(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "login",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not-found",
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => "conflict",
        StatusCode::PAYLOAD_TOO_LARGE => "too-long",
        StatusCode::TOO_MANY_REQUESTS => "throttled",
        StatusCode::NOT_ACCEPTABLE | StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::METHOD_NOT_ALLOWED => {
            "not-supported"
        }
        StatusCode::UNPROCESSABLE_ENTITY => "processing",
        status if status.is_server_error() => "exception",
        _ => "invalid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Code;

    fn wants(accept: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        wants_fhir(&headers)
    }

    #[test]
    fn only_who_asks_for_fhir_alone_gets_it() {
        assert!(wants("application/fhir+json") && wants("Application/FHIR+json; charset=utf-8, */*;q=0.1"));
        for other in ["*/*", "application/json", "application/json, application/fhir+json", ""] {
            assert!(!wants(other), "{other}");
        }
        assert!(!wants_fhir(&HeaderMap::new()));
    }

    #[test]
    fn a_problem_becomes_issues() {
        let problem = Problem::new(Code::Invalid).field("/item/0", "wrong_type", "This must be a text.");
        let outcome = outcome(&problem);
        assert_eq!(outcome["resourceType"], "OperationOutcome");
        assert_eq!(outcome["issue"][0]["code"], "processing");
        assert_eq!(outcome["issue"][0]["details"]["coding"][0]["code"], "invalid");
        assert_eq!(outcome["issue"][1]["diagnostics"], "JSON Pointer: /item/0");
        assert_eq!(outcome["issue"][1]["details"]["text"], "This must be a text.");
    }
}
