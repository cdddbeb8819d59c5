//! The write path of every operation: rows, audit event and idempotency record in one transaction.

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderName;
use actix_web::{HttpRequest, HttpResponse};
use alongside_domain::id::{EmergencyAccessId, FlagId, ParticipantId};
use alongside_store::audit::any_id;
use alongside_store::scope::Reach;
use alongside_store::sealing::{DataClass, Record};
use alongside_store::types::{At, Sealed};
use alongside_store::{Db, Duty, StoreError, data_key, flag, flag_exclusion, idempotency, participant};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::body;
use super::codes::Code;
use super::ctx::{Ctx, Trace};
use super::granted::{self, Granted};
use super::problem::Problem;
use super::refusal::Refusal;
use super::reply::{Reply, Written};
use crate::app::App;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest key kept.
const KEY_CHARS: usize = 255;

/// What became of the work, once it is durable.
enum Done {
    Replied(Reply),
    /// As [`Done::Replied`], and kept for a repeat.
    Kept(Written),
    Refused(Problem),
    Replayed(KeptAnswer),
}

/// A reply as it is kept for a repeat, with whose record it is about: who may no longer see that gets it no more.
#[derive(Serialize, Deserialize)]
struct Kept {
    participant: Option<ParticipantId>,
    #[serde(default)]
    sought: Option<ParticipantId>,
    resource: Option<Uuid>,
    flag: Option<FlagId>,
    #[serde(default)]
    emergency: Option<EmergencyAccessId>,
    answer: KeptAnswer,
}

#[derive(Serialize, Deserialize)]
enum KeptAnswer {
    Reply(Written),
    Problem { status: u16, body: serde_json::Value },
}

impl KeptAnswer {
    fn status(&self) -> u16 {
        match self {
            Self::Reply(reply) => reply.status().as_u16(),
            Self::Problem { status, .. } => *status,
        }
    }
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
        .write(granted.context(), move |db| {
            let mut trace = Trace::default();
            if let Some(key) = &key
                && let Some(done) = repeat(db, &shared, &granted, key, fingerprint, &mut trace)?
            {
                record(db, &shared, &granted, &trace, &done)?;
                return Ok(done);
            }
            let result = db.savepoint(|db| {
                let mut ctx = Ctx {
                    db,
                    scope: &granted.scope,
                    caller: &granted.caller,
                    app: &shared,
                    now: granted.now,
                    operation: granted.operation,
                    fingerprint,
                    writes: true,
                    trace: &mut trace,
                };
                work(&mut ctx)
            });
            let done = match result {
                Ok(reply) if key.is_some() => Done::Kept(reply.written()?),
                Ok(reply) => Done::Replied(reply),
                Err(refused) if refused.is_final() => Done::Refused(refused.into_problem()),
                Err(fault) => return Err(fault),
            };
            record(db, &shared, &granted, &trace, &done)?;
            if let Some(key) = &key {
                keep(db, &shared, &granted, key, fingerprint, &trace, &done)?;
            }
            Ok::<_, Refusal>(done)
        })
        .await
        .map_err(Refusal::into_problem)?;
    granted::settle(request);
    match done {
        Done::Replied(reply) => reply.respond(request).map_err(Refusal::into_problem),
        Done::Kept(reply) | Done::Replayed(KeptAnswer::Reply(reply)) => Ok(reply.respond(request)),
        Done::Refused(problem) => Err(problem),
        Done::Replayed(KeptAnswer::Problem { status, body }) => Ok(replayed_problem(status, &body)),
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

fn record(
    db: &mut Db<'_>,
    app: &App,
    granted: &Granted,
    trace: &Trace,
    done: &Done,
) -> Result<(), StoreError> {
    let status = match done {
        Done::Replied(reply) => reply.status(),
        Done::Kept(reply) => reply.status(),
        Done::Refused(problem) => problem.code().status(),
        Done::Replayed(kept) => StatusCode::from_u16(kept.status()).unwrap_or(StatusCode::OK),
    };
    granted.record_in(db, app, trace, status)
}

/// What a key that was used before answers: the same again, unless the request differs or the record has left the
/// caller's world since.
fn repeat(
    db: &mut Db<'_>,
    app: &App,
    granted: &Granted,
    key: &str,
    fingerprint: [u8; 32],
    trace: &mut Trace,
) -> Result<Option<Done>, Refusal> {
    let caller = any_id(granted.caller.actor_id());
    let Some(record) = idempotency::find(db, caller, granted.operation.name(), key)? else {
        return Ok(None);
    };
    if record.fingerprint != fingerprint {
        return Ok(Some(Done::Refused(Problem::new(Code::IdempotencyKeyReused))));
    }
    let found = db.within(Duty::Keys, |db| data_key::of_cell(db, app.store.ring(), &record.reply));
    let keys = match found {
        // From before there were data keys: any ring opens it.
        Ok(None) => None,
        Ok(keys) => keys,
        // Whom it was about is erased: it is not done a second time, and nothing of it is told.
        Err(StoreError::Erased) => return Ok(Some(Done::Refused(Problem::new(Code::Erased)))),
        Err(error) => return Err(error.into()),
    };
    let opened: Result<Kept, StoreError> = keys.as_ref().unwrap_or_else(|| app.store.installation()).open(
        idempotency::place(DataClass::Replies, caller.0.uuid(), granted.operation.name(), key),
        &record.reply,
    );
    let kept = match opened {
        Err(StoreError::Erased) => return Ok(Some(Done::Refused(Problem::new(Code::Erased)))),
        opened => opened?,
    };
    trace.participant = kept.participant;
    trace.sought = kept.sought;
    trace.resource = kept.resource;
    trace.flag = kept.flag;
    trace.emergency = kept.emergency;
    trace.detail = Some("repeated".to_owned());
    if may_still_see(db, granted, &kept)? {
        Ok(Some(Done::Replayed(kept.answer)))
    } else {
        Ok(Some(Done::Refused(Problem::not_found())))
    }
}

fn may_still_see(db: &mut Db<'_>, granted: &Granted, kept: &Kept) -> Result<bool, StoreError> {
    if let (Some(flag), Some(person)) = (kept.flag, granted.scope.person)
        && flag_exclusion::excludes(db, flag, person)?
    {
        return Ok(false);
    }
    match (kept.participant, &granted.scope.reach) {
        // Who stands in does so only while nobody nearer can act.
        (_, Reach::StandIn(..)) => match kept.flag {
            Some(flag) => match flag::find(db, &granted.scope, flag) {
                Ok(_) => Ok(true),
                Err(StoreError::NotFound) => Ok(false),
                Err(fault) => Err(fault),
            },
            None => Ok(false),
        },
        // What belongs to the caller himself, and what is about nobody's record.
        (None, _) | (_, Reach::Person(..)) => Ok(true),
        (Some(participant), _) => Ok(participant::try_find(db, &granted.scope, participant)?.is_some()),
    }
}

fn keep(
    db: &mut Db<'_>,
    app: &App,
    granted: &Granted,
    key: &str,
    fingerprint: [u8; 32],
    trace: &Trace,
    done: &Done,
) -> Result<(), StoreError> {
    let answer = match done {
        Done::Kept(reply) => KeptAnswer::Reply(reply.clone()),
        Done::Refused(problem) => KeptAnswer::Problem {
            status: problem.code().status().as_u16(),
            body: serde_json::to_value(problem.body(Some(granted.request_id)))?,
        },
        Done::Replied(_) | Done::Replayed(_) => return Ok(()),
    };
    let status = i32::from(answer.status());
    let kept = Kept {
        participant: trace.participant,
        sought: trace.sought,
        resource: trace.resource,
        flag: trace.flag,
        emergency: trace.emergency,
        answer,
    };
    let record = idempotency::Record {
        caller_id: any_id(granted.caller.actor_id()),
        operation: granted.operation.name().to_owned(),
        key: key.to_owned(),
        fingerprint: fingerprint.to_vec(),
        status,
        reply: sealed(db, app, granted, key, trace, &kept)?,
        created_at: At(granted.now),
    };
    idempotency::insert(db, &record)
}

/// Seals a reply with a data key of the record it is about, so that it is erased with the record.
fn sealed(
    db: &mut Db<'_>,
    app: &App,
    granted: &Granted,
    key: &str,
    trace: &Trace,
    kept: &Kept,
) -> Result<Sealed, StoreError> {
    let (record, class) = idempotency::keeper(trace.participant, trace.flag);
    let place = idempotency::place(class, granted.caller.actor_id(), granted.operation.name(), key);
    let own = match (record, trace.keys.iter().find(|keys| keys.record() == record)) {
        (Record::Installation, _) => app.store.installation().seal(place, kept),
        (_, Some(known)) if known.has(class) => known.seal(place, kept),
        // Of somebody who is not there, or not yet, the reply is nobody's: it makes no keys.
        _ => match db.within(Duty::Keys, |db| data_key::load(db, app.store.ring(), record))? {
            keys if keys.has(class) => keys.seal(place, kept),
            _ => Err(StoreError::Erased),
        },
    };
    match own {
        // Of no record, or an erased one, nothing is told: there is nothing in the reply that must go with it.
        Err(StoreError::Erased) => {
            let place = idempotency::place(
                DataClass::Replies,
                granted.caller.actor_id(),
                granted.operation.name(),
                key,
            );
            app.store.installation().seal(place, kept)
        }
        sealed => sealed,
    }
}

fn replayed_problem(status: u16, body: &serde_json::Value) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).content_type(super::problem::PROBLEM_JSON).body(body.to_string())
}
