//! Signing in: from a password or a client's secret to a live session and its tokens.

use std::net::IpAddr;

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{PersonId, ProgrammeId, SessionId, SiteId};
use alongside_domain::policy::Role;
use alongside_store::audit::{self, AuditEvent, any_id};
use alongside_store::client;
use alongside_store::sealing::{DataClass, Place};
use alongside_store::session::{self, Rotation, Session, Trust};
use alongside_store::sign_in::{self, Held, Login};
use alongside_store::types::{At, Code as Coded, Document, Key, Sealed};
use alongside_store::{Context, Db, Duty, StoreError, second_factor};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::client_secret;
use crate::door::{Knock, device_hash};
use crate::http::{Code, Problem, Refusal};
use crate::second_factor::{self as shown, Sent, Shown};
use crate::security::blind::Blind;
use crate::security::password::{PasswordError, Verdict};
use crate::security::token::{OpaqueSecret, SecretKind, hash_secret, same_hash};

const AT_THE_DOOR: Context = Context::System(Duty::SignIn);
const SESSION_DAYS: i64 = 30;
const IDLE_DAYS: i64 = 7;
/// A refresh whose answer was lost may be repeated this long and gets the same successor.
const RETRY_SECONDS: i64 = 60;
/// How long a service client's token and its session last.
const CLIENT_SECONDS: i64 = 600;

/// What a sign-in gives.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Tokens {
    /// Sent with every request as `Authorization: Bearer`.
    #[schema(max_length = 4096, example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.e30.c2ln")]
    pub access_token: String,
    #[schema(max_length = 16, example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(minimum = 1, maximum = 86400, example = 600)]
    pub expires_in: i64,
    /// Exchanged once for new tokens. Absent for service clients, which ask again with their secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 256, example = "alr_Vt0jq3Zc1nYxXl8dQx0bq1o2r3s4t5u6v7w8x9y0zAB")]
    pub refresh_token: Option<String>,
    /// What a service client may ask for, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2048, example = "participants:read assessments:read")]
    pub scope: Option<String>,
}

/// Which of several roles a person wants to act in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish {
    pub role: Option<Role>,
    pub programme: Option<ProgrammeId>,
}

/// A device as its owner named it.
#[derive(Debug, Clone)]
pub struct Device {
    /// Chosen by the device and kept on it.
    pub id: Option<Uuid>,
    pub name: String,
}

/// Somebody who wants to come in.
pub struct Attempt {
    pub email: String,
    pub password: SecretString,
    pub sent: Sent,
    pub wish: Wish,
    pub device: Device,
    pub address: Option<IpAddr>,
}

/// How an attempt ended at the door itself.
enum End {
    In,
    /// Something changed while the password was looked at.
    Changed,
    /// The second factor was used before.
    Spent,
}

/// Signs a person in with his password and, where he has one, his second factor.
///
/// # Errors
/// 401 `wrong-credentials` for everything that does not fit, in the same time and with the same words; 401
/// `second-factor-required` where nothing but that is missing; 503 when too many passwords are being checked.
pub async fn with_password(app: &App, attempt: Attempt, request_id: Uuid) -> Result<Tokens, Problem> {
    let now = app.clock.now();
    let Attempt { email, password, sent, wish, device, address } = attempt;
    let email = email.trim().to_lowercase();
    let knock = Knock::new(&app.blind, &email, address, device.id);
    let at_the_door = knock.clone();
    let (login, roles, factor, shut) = app
        .store
        .read(AT_THE_DOOR, move |db| {
            let login = sign_in::by_email(db, &email)?;
            let shut = at_the_door.is_shut(db, shut_to_strangers(login.as_ref()), now)?;
            // Asked even where there is nobody, so that it takes as long.
            let person = login.as_ref().map_or_else(|| PersonId::new(Uuid::nil()), |login| login.id.0);
            let roles = sign_in::held(db, person)?;
            let factor = second_factor::find(db, person)?;
            Ok::<_, StoreError>((login, roles, factor, shut))
        })
        .await
        .map_err(|error| Refusal::from(error).into_problem())?;
    // Somebody shut out or deactivated is told and timed exactly like somebody with a wrong password.
    let shut = shut || login.as_ref().is_none_or(|login| login.deactivated_at.is_some());
    let stored = login.as_ref().filter(|_| !shut).and_then(|login| login.password_hash.clone());
    let verdict = app.passwords.verify(password.clone(), stored).await.map_err(busy)?;
    let wrong = || Problem::new(Code::WrongCredentials);
    let person = login.as_ref().map(|login| login.id.0);
    let (Some(login), Verdict::Right { rehash }, Some(role)) = (login, verdict, choose(&roles, wish)) else {
        note_failure(app, knock, person, now, request_id).await?;
        return Err(wrong());
    };
    let shown = shown::judge(app.store.installation(), factor.as_ref(), &sent, now)
        .map_err(|error| Refusal::from(error).into_problem())?;
    match shown {
        Shown::Missing => {
            note(app, Some(login.id.0), "second_factor_required", now, request_id).await?;
            return Err(Problem::new(Code::SecondFactorRequired));
        }
        Shown::Wrong => {
            note_failure(app, knock, person, now, request_id).await?;
            return Err(wrong());
        }
        Shown::NotSetUp | Shown::Step(_) | Shown::Recovery(_) => {}
    }
    let fresh_hash = if rehash { Some(app.passwords.hash(password).await.map_err(busy)?) } else { None };

    let session_id = SessionId::new(app.ids.fresh());
    let refresh = refresh_token(&app.blind, session_id);
    let trust = Trust {
        device_hash: device.id.map(|id| device_hash(&app.blind, id)),
        device_name: Some(device.name),
        second_factor_at: shown.is_good().then_some(At(now)),
        fresh_at: Some(At(now)),
        must_enrol: factor.is_some_and(|factor| factor.removed_at.is_some() && factor.secret.is_none()),
    };
    let session = session_of_person(session_id, &login, &role, &refresh, trust, now);
    let tokens = tokens(app, login.id.0.uuid(), &session, Some(refresh), now)?;
    let event = event(app, &session, "create_session", 201, request_id, now);
    let inside = knock.clone();
    let end = app
        .store
        .write(AT_THE_DOOR, move |db| {
            // Hashing took a while: whoever was shut out or lost the role meanwhile stays outside.
            let now_at_the_door = sign_in::by_id(db, login.id.0)?;
            let still = now_at_the_door.deactivated_at.is_none()
                && !inside.is_shut(db, shut_to_strangers(Some(&now_at_the_door)), now)?
                && now_at_the_door.password_hash == login.password_hash
                && choose(&sign_in::held(db, login.id.0)?, wish).as_ref() == Some(&role);
            if !still {
                return Ok::<_, StoreError>(End::Changed);
            }
            if !shown::use_up(db, login.id.0, shown, now)? {
                return Ok(End::Spent);
            }
            session::end_on_device(db, &session, now)?;
            session::insert(db, &session)?;
            inside.succeed(db, now)?;
            if now_at_the_door.failed_attempts > 0 {
                sign_in::note_success(db, login.id.0)?;
            }
            if let Some(hash) = &fresh_hash {
                sign_in::rehash(db, login.id.0, hash)?;
            }
            audit::record(db, &event, &[])?;
            Ok(End::In)
        })
        .await
        .map_err(|error| Refusal::from(error).into_problem())?;
    match end {
        End::In => Ok(tokens),
        End::Changed => Err(wrong()),
        End::Spent => {
            note_failure(app, knock, person, now, request_id).await?;
            Err(wrong())
        }
    }
}

/// A person's new session in this role.
pub(crate) fn session_of_person(
    id: SessionId,
    login: &Login,
    acting: &Acting,
    refresh_token: &str,
    trust: Trust,
    now: Timestamp,
) -> Session {
    Session {
        id: Key(id),
        person_id: Some(login.id),
        client_id: None,
        role: Coded(acting.role),
        programme_id: acting.programme.map(Key),
        sites: acting.sites.clone().map(Document),
        participant_id: login.participant_id.filter(|_| acting.role == Role::Participant),
        scopes: Document(Vec::new()),
        refresh_hash: Some(hash_secret(refresh_token).to_vec()),
        previous_refresh_hash: None,
        successor: None,
        rotated_at: None,
        created_at: At(now),
        expires_at: At(now + TimeDelta::days(SESSION_DAYS)),
        idle_expires_at: At(now + TimeDelta::days(IDLE_DAYS)),
        ended_at: None,
        end_reason: None,
        trust,
    }
}

/// Until when the door of this account is shut to places the owner never signed in from.
fn shut_to_strangers(login: Option<&Login>) -> Option<Timestamp> {
    login.and_then(|login| login.locked_until).map(|until| until.0)
}

/// Exchanges a refresh token for new tokens. A token that was already exchanged ends the session, unless its answer may
/// have been lost: then the same successor is given again.
///
/// # Errors
/// 401 `session-ended` for everything but a good token.
pub async fn with_refresh_token(app: &App, token: &str, request_id: Uuid) -> Result<Tokens, Problem> {
    let now = app.clock.now();
    let hash = hash_secret(token);
    let id = session_of(&app.blind, token).ok_or_else(|| Problem::new(Code::SessionEnded))?;
    let next_text = refresh_token(&app.blind, id);
    let next_hash = hash_secret(&next_text).to_vec();
    let shared = app.clone();
    let turned = app
        .store
        .write(AT_THE_DOOR, move |db| turn(db, &shared, id, &hash, &next_text, &next_hash, now, request_id))
        .await
        .map_err(|error| Refusal::from(error).into_problem())?;
    let (session, refresh) = turned.ok_or_else(|| Problem::new(Code::SessionEnded))?;
    let subject =
        session.person_id.map(|person| person.0.uuid()).ok_or_else(|| Problem::new(Code::SessionEnded))?;
    tokens(app, subject, &session, Some(refresh), now)
}

/// A fresh refresh token. It names its session, so that a token spent long ago still ends it, and bears our mark, so that
/// one made up by somebody who knows the session ends nothing.
pub(crate) fn refresh_token(blind: &Blind, session: SessionId) -> String {
    let body =
        format!("{}.{}", OpaqueSecret::generate(SecretKind::Refresh).expose(), session.uuid().simple());
    let mark = mark(blind, &body);
    format!("{body}.{mark}")
}

fn mark(blind: &Blind, body: &str) -> String {
    URL_SAFE_NO_PAD.encode(blind.of("refresh_token", body.as_bytes()))
}

/// The session that a refresh token of ours names, whether it is spent or not.
pub(crate) fn session_of(blind: &Blind, token: &str) -> Option<SessionId> {
    let (body, shown) = token.rsplit_once('.')?;
    let ours = same_hash(mark(blind, body).as_bytes(), shown.as_bytes());
    body.rsplit_once('.').filter(|_| ours)?.1.parse().ok()
}

#[expect(clippy::too_many_arguments, reason = "the present token, its successor and the circumstances")]
fn turn(
    db: &mut Db<'_>,
    app: &App,
    id: SessionId,
    hash: &[u8],
    next: &str,
    next_hash: &[u8],
    now: Timestamp,
    request_id: Uuid,
) -> Result<Option<(Session, String)>, StoreError> {
    let session = match session::find(db, id) {
        Ok(session) => session,
        Err(StoreError::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    if !session.is_live(now) || session.refresh_hash.is_none() {
        return Ok(None);
    }
    let place = Place {
        class: DataClass::Identity,
        table: "sessions",
        column: "successor",
        row: session.id.0.uuid(),
    };
    if session.refresh_hash.as_deref().is_some_and(|present| same_hash(present, hash)) {
        let rotation = Rotation {
            refresh_hash: Some(next_hash.to_vec()),
            previous_refresh_hash: Some(hash.to_vec()),
            successor: Some(app.store.installation().seal_bytes(place, next.as_bytes())?),
            rotated_at: Some(At(now)),
            idle_expires_at: At(now + TimeDelta::days(IDLE_DAYS)),
        };
        return match session::rotate(db, &session, &rotation) {
            Ok(()) => Ok(Some((session, next.to_owned()))),
            Err(StoreError::Stale) => Err(StoreError::Collision),
            Err(error) => Err(error),
        };
    }
    let previous = session.previous_refresh_hash.as_deref().is_some_and(|previous| same_hash(previous, hash));
    let recent = session.rotated_at.is_some_and(|at| now - at.0 <= TimeDelta::seconds(RETRY_SECONDS));
    if let (true, Some(successor)) = (previous && recent, &session.successor) {
        let text = successor_text(app, place, successor)?;
        return Ok(Some((session, text)));
    }
    // Somebody holds an old token: he or the owner is a thief, so neither goes on.
    session::end(db, session.id.0, "refresh token used twice", now)?;
    audit::record(db, &event(app, &session, "refresh_session", 401, request_id, now), &[])?;
    Ok(None)
}

fn successor_text(app: &App, place: Place, cell: &Sealed) -> Result<String, StoreError> {
    String::from_utf8(app.store.installation().open_bytes(place, cell)?)
        .map_err(|_| StoreError::Sealed("the successor is not text"))
}

/// Signs a service client in with its secret, with all its scopes or the fewer it asks for.
///
/// # Errors
/// 401 `wrong-credentials` for an unknown, revoked or mistaken client; 403 `insufficient-scope` for a scope it was not
/// given.
pub async fn with_client_secret(
    app: &App,
    client_id: &str,
    secret: &str,
    scope: Option<&str>,
    request_id: Uuid,
) -> Result<Tokens, Problem> {
    let now = app.clock.now();
    let wrong = || Problem::new(Code::WrongCredentials);
    let id = client_id.parse().map_err(|_| wrong())?;
    let client = client_secret::check(app, id, secret, now).await?.ok_or_else(wrong)?;
    let secret = hash_secret(secret);
    let scopes = match scope.map(str::trim).filter(|scope| !scope.is_empty()) {
        None => client.scopes.0,
        Some(asked) => {
            let asked: Vec<String> = asked.split(' ').map(str::to_owned).collect();
            if let Some(foreign) = asked.iter().find(|scope| !client.scopes.0.contains(scope)) {
                return Err(Problem::insufficient_scope(
                    &foreign.chars().filter(char::is_ascii_graphic).take(64).collect::<String>(),
                ));
            }
            asked
        }
    };
    let expires = At(now + TimeDelta::seconds(CLIENT_SECONDS));
    let session = Session {
        id: Key(SessionId::new(app.ids.fresh())),
        person_id: None,
        client_id: Some(client.id),
        role: Coded(Role::IntegrationClient),
        programme_id: Some(client.programme_id),
        sites: None,
        participant_id: None,
        scopes: Document(scopes.clone()),
        refresh_hash: None,
        previous_refresh_hash: None,
        successor: None,
        rotated_at: None,
        created_at: At(now),
        expires_at: expires,
        idle_expires_at: expires,
        ended_at: None,
        end_reason: None,
        trust: Trust::default(),
    };
    let mut tokens = tokens(app, client.id.0.uuid(), &session, None, now)?;
    tokens.scope = Some(scopes.join(" "));
    let event = event(app, &session, "create_token", 200, request_id, now);
    let let_in = app
        .store
        .write(AT_THE_DOOR, move |db| {
            if client::by_id(db, id)?.is_none_or(|client| !client_secret::opens(&client, &secret, now)) {
                return Ok::<_, StoreError>(false);
            }
            session::insert(db, &session)?;
            audit::record(db, &event, &[])?;
            Ok(true)
        })
        .await
        .map_err(|error| Refusal::from(error).into_problem())?;
    if let_in { Ok(tokens) } else { Err(wrong()) }
}

/// The tokens of a session that is kept.
///
/// # Errors
/// When they cannot be signed.
pub(crate) fn tokens(
    app: &App,
    subject: Uuid,
    session: &Session,
    refresh_token: Option<String>,
    now: Timestamp,
) -> Result<Tokens, Problem> {
    let (access_token, expires_in) =
        app.tokens.issue(subject, session.id.0.uuid(), now).map_err(Problem::internal)?;
    Ok(Tokens { access_token, token_type: "Bearer", expires_in, refresh_token, scope: None })
}

/// The role a session acts in, and where it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acting {
    pub role: Role,
    pub programme: Option<ProgrammeId>,
    /// `None` where it holds in the whole programme.
    pub sites: Option<Vec<SiteId>>,
}

/// The role to act in: the one asked for, else the least privileged held, with all sites it is held at.
pub(crate) fn choose(roles: &[Held], wish: Wish) -> Option<Acting> {
    let chosen = roles
        .iter()
        .filter(|held| wish.role.is_none_or(|role| held.role.0 == role))
        .filter(|held| {
            wish.programme.is_none_or(|programme| held.programme_id.map(|id| id.0) == Some(programme))
        })
        .min_by_key(|held| held.role.0.privilege())?;
    let same =
        || roles.iter().filter(|held| held.role == chosen.role && held.programme_id == chosen.programme_id);
    let everywhere = same().any(|held| held.site_id.is_none());
    let sites = (!everywhere).then(|| same().filter_map(|held| held.site_id.map(|id| id.0)).collect());
    Some(Acting { role: chosen.role.0, programme: chosen.programme_id.map(|id| id.0), sites })
}

/// Counts a failure and leaves its event: one and the same transaction, whether there is such an account or not.
async fn note_failure(
    app: &App,
    knock: Knock,
    person: Option<PersonId>,
    now: Timestamp,
    request_id: Uuid,
) -> Result<(), Problem> {
    let blank = blank_event(app, "create_session", 401, request_id, now);
    let event = AuditEvent { person_id: person.map(Key), ..blank };
    app.store
        .write(AT_THE_DOOR, move |db| {
            knock.fail(db, person, now)?;
            audit::record(db, &event, &[])
        })
        .await
        .map_err(|error| Refusal::from(error).into_problem())
}

/// Leaves the event of a sign-in that went no further.
async fn note(
    app: &App,
    person: Option<PersonId>,
    detail: &str,
    now: Timestamp,
    request_id: Uuid,
) -> Result<(), Problem> {
    let blank = blank_event(app, "create_session", 401, request_id, now);
    let event = AuditEvent { person_id: person.map(Key), detail: Some(detail.to_owned()), ..blank };
    app.store
        .write(AT_THE_DOOR, move |db| audit::record(db, &event, &[]))
        .await
        .map_err(|error| Refusal::from(error).into_problem())
}

pub(crate) fn event(
    app: &App,
    session: &Session,
    operation: &str,
    status: i32,
    request_id: Uuid,
    now: Timestamp,
) -> AuditEvent {
    AuditEvent {
        programme_id: session.programme_id,
        person_id: session.person_id,
        client_id: session.client_id,
        session_id: Some(session.id),
        role: Some(session.role),
        ..blank_event(app, operation, status, request_id, now)
    }
}

pub(crate) fn blank_event(
    app: &App,
    operation: &str,
    status: i32,
    request_id: Uuid,
    now: Timestamp,
) -> AuditEvent {
    AuditEvent {
        id: any_id(app.ids.fresh()),
        at: At(now),
        programme_id: None,
        person_id: None,
        client_id: None,
        session_id: None,
        role: None,
        operation: operation.to_owned(),
        participant_id: None,
        resource_id: None,
        status,
        flag_id: None,
        request_id: any_id(request_id),
        detail: None,
    }
}

/// What a password that could not be looked at is answered with.
pub fn busy(error: PasswordError) -> Problem {
    match error {
        PasswordError::Overloaded => Problem::new(Code::Unavailable).retry_after(2),
        other => Problem::internal(other),
    }
}
