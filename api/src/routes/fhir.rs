//! FHIR documents as request bodies: the bytes as they were sent beside what was read from them.

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use alongside_domain::instrument::{Finding, MAX_DOCUMENT_BYTES};
use futures_util::future::LocalBoxFuture;
use serde_json::Value;

use crate::http::json::require_json;
use crate::http::{Code, Problem, ProblemField, body, gate, strict};

/// The media type of FHIR in JSON.
pub const FHIR_JSON: &str = "application/fhir+json";

/// Most findings that one answer names.
const MAX_FINDINGS: usize = 1000;

/// A FHIR document, strictly read.
#[derive(Debug, Clone)]
pub struct FhirJson {
    /// The text, byte for byte as it was sent.
    pub text: String,
    pub document: Value,
}

impl FromRequest for FhirJson {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            gate::passed(&request).await;
            gate::passed(&request).await;
            require_json(&request)?;
            let bytes = body::read_up_to(&request, &mut payload, MAX_DOCUMENT_BYTES).await?;
            let document = strict::parse(&bytes)?;
            let text = String::from_utf8(bytes.to_vec()).map_err(|_| Problem::new(Code::MalformedJson))?;
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

/// What the engine found, as the fields of a problem.
pub fn fields(findings: &[Finding]) -> impl Iterator<Item = ProblemField> {
    findings.iter().filter(|finding| finding.is_refusal()).take(MAX_FINDINGS).map(|finding| ProblemField {
        pointer: finding.pointer.clone().into(),
        code: finding.code.into(),
        message: finding.message.clone().into(),
    })
}
