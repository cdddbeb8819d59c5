//! The document, and a page to read and try it that asks no other server for anything.

use std::sync::Arc;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ContentType, ETAG, HeaderValue, LOCATION,
};
use actix_web::web::{Bytes, Data, ServiceConfig, get, resource};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use utoipa_swagger_ui::Config;

use super::etag::not_modified_tag;
use super::problem::Problem;
use super::query::Path;

/// Swagger UI draws its icons from `data:` and sets styles in place. Nothing may come from or go to elsewhere.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

/// The OpenAPI document, as it is served.
pub struct Document {
    bytes: Bytes,
    etag: HeaderValue,
}

impl Document {
    #[must_use]
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let digest = Sha256::digest(&bytes);
        let short = URL_SAFE_NO_PAD.encode(digest.get(..12).unwrap_or_default());
        // Base64 and quotes are a valid header value.
        let etag = HeaderValue::from_str(&format!("\"{short}\"")).unwrap_or(HeaderValue::from_static("\"\""));
        Self { bytes, etag }
    }
}

/// `/openapi.json` and `/docs/`. Needs `Data<Document>`.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/openapi.json").route(get().to(document)))
        .service(resource("/docs").route(get().to(slash)))
        .service(resource("/docs/{file:[^/]*}").route(get().to(page)));
}

async fn document(request: HttpRequest, document: Data<Document>) -> HttpResponse {
    not_modified_tag(&request, &document.etag).unwrap_or_else(|| {
        HttpResponse::Ok()
            .insert_header(ContentType::json())
            .insert_header((ETAG, document.etag.clone()))
            .insert_header((CACHE_CONTROL, "no-cache"))
            .body(document.bytes.clone())
    })
}

/// The page's links are relative to its folder.
async fn slash() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

async fn page(file: Path<String>) -> Result<HttpResponse, Problem> {
    // "none" keeps the page from sending the document's address to a public validator.
    let config = Config::from("/openapi.json")
        .validator_url("none")
        .try_it_out_enabled(true)
        .persist_authorization(false);
    let found = utoipa_swagger_ui::serve(&file, Arc::new(config)).map_err(Problem::internal)?;
    let found = found.ok_or_else(Problem::not_found)?;
    let mut response = HttpResponse::Ok();
    if found.gzpipped {
        response.insert_header((CONTENT_ENCODING, "gzip"));
    }
    Ok(response
        .content_type(found.content_type)
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(found.bytes.into_owned()))
}
