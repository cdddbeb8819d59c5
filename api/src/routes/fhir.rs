//! FHIR documents as request bodies: the bytes as they were sent beside what was read from them.

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use alongside_domain::instrument::{Finding, MAX_DOCUMENT_BYTES, operation_outcome};
use futures_util::future::LocalBoxFuture;
use serde_json::Value;

use crate::http::json::require_json;
use crate::http::{Code, FHIR_JSON, Problem, ProblemField, body, gate, strict, wants_fhir};

/// Most findings that one answer names.
const MAX_FINDINGS: usize = 1000;

/// A FHIR document, strictly read.
#[derive(Debug, Clone)]
pub struct FhirJson {
    /// The text, byte for byte as it was sent.
    pub text: String,
    /// What was read from it, with every number as it was written.
    pub document: Value,
}

impl FromRequest for FhirJson {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            gate::passed(&request).await;
            require_json(&request)?;
            let bytes = body::read_up_to(&request, &mut payload, MAX_DOCUMENT_BYTES).await?;
            strict::parse(&bytes)?;
            let text = String::from_utf8(bytes.to_vec()).map_err(|_| Problem::new(Code::MalformedJson))?;
            // The strict reader has made 1 of 1.0, which is not the same in FHIR.
            let document = serde_json::from_str(&text).map_err(|_| Problem::new(Code::MalformedJson))?;
            Ok(Self { text, document })
        })
    }
}

/// 200 with a FHIR document.
pub fn found(document: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON)))
        .body(document.to_string())
}

/// An answer for a client that wants FHIR: the same status and headers, with this text as the body. A refusal that is
/// given again stays what it is, and so does an answer without a body.
pub fn in_place_of(response: HttpResponse, text: String) -> HttpResponse {
    if !response.status().is_success() || response.headers().contains_key("preference-applied") {
        return response;
    }
    with_document(response, text)
}

fn with_document(response: HttpResponse, text: String) -> HttpResponse {
    let mut response = response.set_body(BoxBody::new(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
    response
}

/// A document refused for what the engine found: an OperationOutcome, warnings included, for whom wants FHIR.
///
/// # Errors
/// The problem, for everybody else.
pub fn refused(request: &HttpRequest, code: Code, findings: &[Finding]) -> Result<HttpResponse, Problem> {
    let problem = Problem::new(code).fields(fields(findings));
    if !wants_fhir(request.headers()) {
        return Err(problem);
    }
    Ok(with_document(HttpResponse::new(code.status()), operation_outcome(findings).to_string()))
}

/// What the engine found, as the fields of a problem.
pub fn fields(findings: &[Finding]) -> impl Iterator<Item = ProblemField> {
    findings.iter().filter(|finding| finding.is_refusal()).take(MAX_FINDINGS).map(|finding| ProblemField {
        pointer: finding.pointer.clone().into(),
        code: finding.code.into(),
        message: finding.message.clone().into(),
    })
}
