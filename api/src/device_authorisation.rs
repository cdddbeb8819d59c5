//! Letting a shared device in: it begins, somebody who is signed in elsewhere decides, it collects its tokens once.
//!
//! Everything stands in the database, so that the device may ask any replica. Of the two codes only hashes are kept.

use std::net::IpAddr;

use alongside_domain::clock::Timestamp;
use alongside_domain::device_authorisation::{
    DeviceState, INTERVAL_SECONDS, LIFETIME_MINUTES, MOST_WAITING, ROLE, SLOW_DOWN_SECONDS, Told, is_barred,
    typed, user_code,
};
use alongside_domain::id::{DeviceAuthorisationId, PersonId, ProgrammeId, SessionId};
use alongside_domain::sign_in::Lane;
use alongside_store::audit::{self, AuditEvent, any_id};
use alongside_store::device_authorisation::{self as kept, DeviceAuthorisation};
use alongside_store::session::{self, Session, Trust};
use alongside_store::sign_in::{self as login, Held};
use alongside_store::types::{At, Code as Coded, Key};
use alongside_store::{Context, Db, Duty, StoreError, second_factor, sign_in_lane};
use chrono::TimeDelta;
use rand::RngExt as _;
use uuid::Uuid;

use crate::app::App;
use crate::door::{device_hash, network};
use crate::http::{Code, Problem, Refusal};
use crate::security::blind::Blind;
use crate::security::token::{OpaqueSecret, SecretKind, hash_secret};
use crate::sign_in::{self, Acting, Tokens, Wish};

/// A device that wants to be let in.
pub struct Asking {
    /// The program on it.
    pub client: String,
    /// Made by the device and kept on it.
    pub device: Uuid,
    pub device_name: String,
    pub address: Option<IpAddr>,
}

/// What it gets: one code to ask with, and one to show.
pub struct Begun {
    pub device_code: OpaqueSecret,
    pub user_code: String,
}

/// The hash by which a code that somebody typed is found. Keyed, since so few codes are soon tried.
#[must_use]
pub fn user_code_hash(blind: &Blind, letters: &str) -> Vec<u8> {
    blind.of("user_code", letters.as_bytes())
}

/// Keeps the wish of a device.
///
/// # Errors
/// 429 where too many devices of that network wait already.
pub async fn begin(app: &App, asking: Asking, request_id: Uuid) -> Result<Begun, Problem> {
    let now = app.clock.now();
    let id = DeviceAuthorisationId::new(app.ids.fresh());
    let device_code = OpaqueSecret::generate(SecretKind::Device);
    let shown = user_code(&rand::rng().random::<[u8; 64]>());
    let letters = shown.as_deref().and_then(typed);
    let (Some(shown), Some(letters)) = (shown, letters) else {
        return Err(Problem::internal("no code came of 64 random bytes"));
    };
    let address = asking.address.map(|address| address.to_canonical().to_string()).unwrap_or_default();
    let address = app
        .store
        .installation()
        .seal(kept::place(id), &address)
        .map_err(|error| Refusal::from(error).into_problem())?;
    let row = DeviceAuthorisation {
        id: Key(id),
        client: asking.client,
        device_code_hash: device_code.hash().to_vec(),
        user_code_hash: user_code_hash(&app.blind, &letters),
        device_hash: device_hash(&app.blind, asking.device),
        device_name: asking.device_name,
        network_hash: app.blind.of("address", network(asking.address).as_bytes()),
        address,
        state: Coded(DeviceState::Pending),
        interval_seconds: INTERVAL_SECONDS,
        polled_at: None,
        created_at: At(now),
        expires_at: At(now + TimeDelta::minutes(LIFETIME_MINUTES)),
        decided_at: None,
        decided_by: None,
        programme_id: None,
    };
    let event = AuditEvent {
        resource_id: Some(any_id(id.uuid())),
        ..sign_in::blank_event(app, "create_device_authorisation", 200, request_id, now)
    };
    let begun = app
        .store
        .write(Context::System(Duty::SignIn), move |db| {
            if kept::waiting(db, &row.network_hash, now)? >= MOST_WAITING {
                return Ok::<_, StoreError>(false);
            }
            kept::insert(db, &row)?;
            audit::record(db, &event, &[])?;
            Ok(true)
        })
        .await;
    match begun {
        Ok(true) => Ok(Begun { device_code, user_code: shown }),
        Ok(false) => Err(Problem::new(Code::RateLimited)
            .detail("Too many devices wait on this network already.")
            .retry_after(60)),
        // A code that is in use: another will not be.
        Err(StoreError::Unique(_)) => Err(Problem::new(Code::Unavailable).retry_after(1)),
        Err(error) => Err(Refusal::from(error).into_problem()),
    }
}

/// What became of a device's question.
enum Answered {
    Told(Told),
    In(Box<Session>),
}

/// A question of a device, with what its session would be.
struct Question {
    client: String,
    hash: [u8; 32],
    session: SessionId,
    refresh: String,
    request_id: Uuid,
    now: Timestamp,
}

/// The tokens of a device that was let in, or what it is told instead.
///
/// # Errors
/// When the database does not answer.
pub async fn collect(
    app: &App,
    client: String,
    device_code: &str,
    request_id: Uuid,
) -> Result<Result<Tokens, Told>, Problem> {
    let now = app.clock.now();
    let session = SessionId::new(app.ids.fresh());
    let refresh = sign_in::refresh_token(&app.blind, session);
    let hash = hash_secret(device_code);
    let question = Question { client, hash, session, refresh: refresh.clone(), request_id, now };
    let shared = app.clone();
    let answered = app
        .store
        .write(Context::System(Duty::SignIn), move |db| answer(db, &shared, &question))
        .await
        .map_err(|error| Refusal::from(error).into_problem())?;
    match answered {
        Answered::Told(told) => Ok(Err(told)),
        Answered::In(session) => {
            let subject = session.person_id.map(|person| person.0.uuid());
            let subject = subject.ok_or_else(|| Problem::internal("a device's session has no person"))?;
            sign_in::tokens(app, subject, &session, Some(refresh), now).map(Ok)
        }
    }
}

fn answer(db: &mut Db<'_>, app: &App, question: &Question) -> Result<Answered, StoreError> {
    let now = question.now;
    let Some(found) = kept::by_device_code(db, &question.hash)? else {
        return Ok(Answered::Told(Told::Spent));
    };
    // A code is good for the program that asked for it.
    let told = if found.client == question.client { found.waiting().told(now) } else { Told::Spent };
    match told {
        Told::Pending => kept::poll(db, found.id.0, found.interval_seconds, now)?,
        Told::SlowDown => {
            let longer = found.interval_seconds.saturating_add(SLOW_DOWN_SECONDS);
            kept::poll(db, found.id.0, longer, now)?;
        }
        Told::Denied | Told::Expired => {}
        Told::Spent => refuse(db, app, question, &found, "device_code_refused")?,
        Told::Approved => return let_in(db, app, question, &found),
    }
    Ok(Answered::Told(told))
}

/// The yes of a few minutes ago is weighed again: much can end meanwhile.
fn let_in(
    db: &mut Db<'_>,
    app: &App,
    question: &Question,
    found: &DeviceAuthorisation,
) -> Result<Answered, StoreError> {
    let (Some(person), Some(decided_at)) = (found.decided_by, found.decided_at) else {
        return Err(StoreError::Stored("a device was let in by nobody"));
    };
    let owner = login::by_id(db, person.0)?;
    let acting = acting(&login::held(db, person.0)?, found.programme_id.map(|id| id.0));
    let has_factor = second_factor::find(db, person.0)?.is_some_and(|factor| factor.secret.is_some());
    let (None, Ok(acting), true) = (owner.deactivated_at, acting, has_factor) else {
        refuse(db, app, question, found, "device_approval_outlived")?;
        return Ok(Answered::Told(Told::Denied));
    };
    if !kept::collect(db, found.id.0, question.now)? {
        return Ok(Answered::Told(Told::Spent));
    }
    // Nobody has shown on the device itself that it is he: what asks for that is shut until he does.
    let trust = Trust {
        device_hash: Some(found.device_hash.clone()),
        device_name: Some(found.device_name.clone()),
        second_factor_at: Some(decided_at),
        fresh_at: None,
        must_enrol: false,
    };
    let session =
        sign_in::session_of_person(question.session, &owner, &acting, &question.refresh, trust, question.now);
    session::end_on_device(db, &session, question.now)?;
    session::insert(db, &session)?;
    let event = AuditEvent {
        resource_id: Some(any_id(found.id.0.uuid())),
        detail: Some("device".to_owned()),
        ..sign_in::event(app, &session, "create_token", 200, question.request_id, question.now)
    };
    audit::record(db, &event, &[])?;
    Ok(Answered::In(Box::new(session)))
}

/// Leaves the event of a code that was good once, or is another program's.
fn refuse(
    db: &mut Db<'_>,
    app: &App,
    question: &Question,
    found: &DeviceAuthorisation,
    detail: &str,
) -> Result<(), StoreError> {
    let blank = sign_in::blank_event(app, "create_token", 400, question.request_id, question.now);
    let event = AuditEvent {
        person_id: found.decided_by,
        resource_id: Some(any_id(found.id.0.uuid())),
        detail: Some(detail.to_owned()),
        ..blank
    };
    audit::record(db, &event, &[])
}

/// Why somebody lets no device in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// He holds a role whose account a thief would want most.
    Barred,
    /// There is nothing he could do on it.
    NoSupporter,
}

/// The role in which somebody who holds these would work on a device, in this programme where one is named.
///
/// # Errors
/// Where he lets no device in.
pub(crate) fn acting(held: &[Held], programme: Option<ProgrammeId>) -> Result<Acting, Unfit> {
    if held.iter().any(|held| is_barred(held.role.0)) {
        return Err(Unfit::Barred);
    }
    sign_in::choose(held, Wish { role: Some(ROLE), programme }).ok_or(Unfit::NoSupporter)
}

/// The door before the codes: somebody who is signed in and types code after code waits longer and longer.
#[derive(Clone)]
pub struct CodeDoor {
    account: Vec<u8>,
    source: Vec<u8>,
}

impl CodeDoor {
    #[must_use]
    pub fn of(blind: &Blind, person: PersonId) -> Self {
        let account = blind.of("user_code_guesses", person.uuid().as_bytes());
        Self { account, source: blind.of("user_code_guesses", b"") }
    }

    /// Takes an attempt, before anything is looked up, so that codes tried side by side count one by one. `false` while he
    /// must wait: then it counts no further.
    ///
    /// # Errors
    /// When it could not be kept.
    pub async fn knock(&self, app: &App, now: Timestamp) -> Result<bool, Problem> {
        let own = self.clone();
        app.store
            .write(Context::System(Duty::SignIn), move |db| {
                let lane = sign_in_lane::find(db, &own.account, &own.source)?;
                if lane.is_shut(now) {
                    return Ok::<_, StoreError>(false);
                }
                sign_in_lane::put(db, &own.account, &own.source, lane.after_failure(now), now)?;
                Ok(true)
            })
            .await
            .map_err(|error| Refusal::from(error).into_problem())
    }

    /// Gives the attempt back: the code was right. Those that were not are not forgotten by that.
    ///
    /// # Errors
    /// When it could not be kept.
    pub async fn give_back(&self, app: &App, now: Timestamp) -> Result<(), Problem> {
        let own = self.clone();
        app.store
            .write(Context::System(Duty::SignIn), move |db| {
                let lane = sign_in_lane::find(db, &own.account, &own.source)?;
                let lane = Lane { failed: (lane.failed - 1).max(0), shut_until: None, ..lane };
                sign_in_lane::put(db, &own.account, &own.source, lane, now)
            })
            .await
            .map_err(|error| Refusal::from(error).into_problem())
    }
}

#[cfg(test)]
mod tests {
    use alongside_domain::policy::Role;

    use super::*;

    fn held(role: Role, programme: u128) -> Held {
        let programme_id = Some(Key(ProgrammeId::new(Uuid::from_u128(programme))));
        Held { role: Coded(role), programme_id, site_id: None }
    }

    #[test]
    fn whatever_somebody_is_a_device_gets_a_supporter_or_nothing() {
        let both = [held(Role::TrialManager, 1), held(Role::Supporter, 2)];
        let chosen = acting(&both, None).unwrap();
        assert_eq!((chosen.role, chosen.programme), (Role::Supporter, both[1].programme_id.map(|id| id.0)));
        assert_eq!(acting(&both, both[0].programme_id.map(|id| id.0)), Err(Unfit::NoSupporter));
        assert_eq!(acting(&both[..1], None), Err(Unfit::NoSupporter));
        for barred in [Role::Admin, Role::SafeguardingLead, Role::PrivacyOfficer] {
            assert_eq!(acting(&[held(Role::Supporter, 1), held(barred, 1)], None), Err(Unfit::Barred));
        }
    }
}
