//! The write path of every operation: rows, audit event and idempotency record in one transaction.

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderName;
use actix_web::{HttpRequest, HttpResponse};
use alongside_store::audit::{self, any_id};
use alongside_store::sealing::Place;
use alongside_store::types::At;
use alongside_store::{Db, StoreError, idempotency};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::body;
use super::codes::Code;
use super::ctx::{Ctx, Trace};
use super::permit::Granted;
use super::problem::Problem;
use super::refusal::Refusal;
use super::reply::Reply;
use crate::app::App;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest key kept.
const KEY_CHARS: usize = 255;

/// What became of the work, once it is durable.
enum Done {
    Replied(Reply),
    Refused(Problem),
    Replayed(Kept),
}

/// A reply as it is kept for a repeat.
#[derive(Serialize, Deserialize)]
enum Kept {
    Reply(Reply),
    Problem { status: u16, body: serde_json::Value },
}

/// Does the work in one transaction and answers when it is durable.
///
/// # Errors
/// What `work` refuses; 422 for a key that was used for another request; 503 when nothing could be made durable.
pub(super) async fn commit(
    app: &App,
    request: &HttpRequest,
    granted: Granted,
    work: impl Fn(&mut Ctx<'_, '_>) -> Result<Reply, Refusal> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let key = idempotency_key(request)?;
    let fingerprint = fingerprint(request);
    let shared = app.clone();
    let done = app
        .store
        .write(move |db| {
            if let Some(key) = &key
                && let Some(kept) = kept(db, &shared, &granted, key, fingerprint)?
            {
                return Ok(Done::Replayed(kept));
            }
            let mut trace = Trace::default();
            let result = db.savepoint(|db| {
                let mut ctx = Ctx {
                    db,
                    scope: &granted.scope,
                    caller: &granted.caller,
                    app: &shared,
                    now: granted.now,
                    operation: granted.operation,
                    fingerprint,
                    trace: &mut trace,
                };
                work(&mut ctx)
            });
            let done = match result {
                Ok(reply) => Done::Replied(reply),
                Err(refused) if refused.is_final() => Done::Refused(refused.into_problem()),
                Err(fault) => return Err(fault),
            };
            let status = match &done {
                Done::Replied(reply) => reply.status(),
                Done::Refused(problem) => problem.code().status(),
                Done::Replayed(_) => StatusCode::OK,
            };
            if granted.operation.is_audited() {
                audit::record(db, &granted.event(&shared, &trace, status.as_u16()), &trace.listed)?;
            }
            if let Some(key) = &key {
                keep(db, &shared, &granted, key, fingerprint, &done)?;
            }
            Ok::<_, Refusal>(done)
        })
        .await
        .map_err(Refusal::into_problem)?;
    match done {
        Done::Replied(reply) | Done::Replayed(Kept::Reply(reply)) => Ok(reply.respond(request)),
        Done::Refused(problem) => Err(problem),
        Done::Replayed(Kept::Problem { status, body }) => Ok(replayed_problem(status, &body)),
    }
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else { return Ok(None) };
    let unfit = || {
        Problem::new(Code::Invalid)
            .detail("The Idempotency-Key header must be 1 to 255 visible ASCII characters, once.")
    };
    let key = value.to_str().map_err(|_| unfit())?;
    let fits = (1..=KEY_CHARS).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    // The prefix is kept for ids that clients choose.
    if !fits || key.starts_with("id:") || values.next().is_some() {
        return Err(unfit());
    }
    Ok(Some(key.to_owned()))
}

fn fingerprint(request: &HttpRequest) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [request.method().as_str(), request.path()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(body::digest(request));
    hash.finalize().into()
}

fn kept(
    db: &mut Db<'_>,
    app: &App,
    granted: &Granted,
    key: &str,
    fingerprint: [u8; 32],
) -> Result<Option<Kept>, Refusal> {
    let caller = granted.caller.actor_id();
    let Some(record) = idempotency::find(db, any_id(caller), granted.operation.name(), key)? else {
        return Ok(None);
    };
    if record.fingerprint != fingerprint {
        return Err(Problem::new(Code::IdempotencyKeyReused).into());
    }
    Ok(Some(app.store.ring().open(place(caller), &record.reply)?))
}

fn keep(
    db: &mut Db<'_>,
    app: &App,
    granted: &Granted,
    key: &str,
    fingerprint: [u8; 32],
    done: &Done,
) -> Result<(), StoreError> {
    let caller = granted.caller.actor_id();
    let kept = match done {
        Done::Replied(reply) => Kept::Reply(reply.clone()),
        Done::Refused(problem) => Kept::Problem {
            status: problem.code().status().as_u16(),
            body: serde_json::to_value(problem.body(Some(granted.request_id)))?,
        },
        Done::Replayed(_) => return Ok(()),
    };
    let record = idempotency::Record {
        caller_id: any_id(caller),
        operation: granted.operation.name().to_owned(),
        key: key.to_owned(),
        fingerprint: fingerprint.to_vec(),
        status: i32::from(match &kept {
            Kept::Reply(reply) => reply.status().as_u16(),
            Kept::Problem { status, .. } => *status,
        }),
        reply: app.store.ring().seal(place(caller), &kept)?,
        created_at: At(granted.now),
    };
    match idempotency::insert(db, &record) {
        // Another replica answers the same key at this moment: done again, this one will find its record.
        Err(error) if error.violates(idempotency::KEY) => Err(StoreError::Collision),
        other => other,
    }
}

fn place(caller: uuid::Uuid) -> Place {
    Place { table: "idempotency_records", column: "reply", row: caller }
}

fn replayed_problem(status: u16, body: &serde_json::Value) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).content_type(super::problem::PROBLEM_JSON).body(body.to_string())
}
