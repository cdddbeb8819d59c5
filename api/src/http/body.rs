//! Reading a request's body within bounds of size and time.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{HttpMessage, HttpRequest};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};

use super::codes::Code;
use super::problem::Problem;
use super::settings;

/// A limit of its own for a scope or resource, by `.app_data(BodyLimit(..))`.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit(pub usize);

const DEFAULT_LIMIT: usize = 1 << 20;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The body as received, kept with the request for those who need its digest.
struct Received(Bytes);

/// Reads the whole body, up to the limit that holds here.
///
/// # Errors
/// 413 when it is larger, 408 when it arrives too slowly, 415 when it is compressed, 400 when it breaks off.
pub async fn read(request: &HttpRequest, payload: &mut Payload) -> Result<Bytes, Problem> {
    let limit = request.app_data::<BodyLimit>().map(|limit| limit.0);
    let limit =
        limit.or_else(|| settings::of(request).map(|set| set.max_body_bytes)).unwrap_or(DEFAULT_LIMIT);
    read_up_to(request, payload, limit).await
}

/// Reads the whole body, up to `limit` bytes.
///
/// # Errors
/// As [`read`].
pub async fn read_up_to(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
) -> Result<Bytes, Problem> {
    if let Some(encoding) = request.headers().get(CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(Problem::new(Code::UnsupportedMediaType).detail("The body must not be compressed."));
    }
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > limit) {
        return Err(too_large(limit));
    }
    let timeout = settings::of(request).map_or(DEFAULT_TIMEOUT, |set| set.body_timeout);
    let bytes = tokio::time::timeout(timeout, collect(payload, limit, announced.unwrap_or(0)))
        .await
        .map_err(|_elapsed| Problem::new(Code::RequestTimeout))??;
    request.extensions_mut().insert(Received(bytes.clone()));
    Ok(bytes)
}

async fn collect(payload: &mut Payload, limit: usize, announced: usize) -> Result<Bytes, Problem> {
    let mut all = BytesMut::with_capacity(announced);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| broken(&error, limit))?;
        if all.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        all.extend_from_slice(&chunk);
    }
    Ok(all.freeze())
}

fn too_large(limit: usize) -> Problem {
    Problem::new(Code::BodyTooLarge).detail(format!("The body may have at most {limit} bytes."))
}

fn broken(error: &PayloadError, limit: usize) -> Problem {
    match error {
        PayloadError::Overflow => too_large(limit),
        _ => {
            Problem::new(Code::MalformedJson).detail("The body broke off before its end. Nothing was stored.")
        }
    }
}

/// SHA-256 of the body this request was read from; of nothing when it had none. For `Idempotency-Key`.
#[must_use]
pub fn digest(request: &HttpRequest) -> [u8; 32] {
    let extensions = request.extensions();
    Sha256::digest(extensions.get::<Received>().map_or(&[][..], |received| &received.0)).into()
}
