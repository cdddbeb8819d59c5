//! Signing in and out.

use actix_web::http::header::USER_AGENT;
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use alongside_domain::id::{PersonId, ProgrammeId, SessionId, SiteId};
use alongside_domain::policy::{Operation, Role, relation};
use alongside_domain::sign_in::{FRESH_MINUTES, is_fresh};
use alongside_store::session;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use strum::VariantArray as _;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::checks;
use crate::app::App;
use crate::http::{Actor, ClientAddress, Json, Permit, Problem, Reply, RequestId, Services};
use crate::second_factor::Sent;
use crate::sign_in::{self, Attempt, Device, Tokens, Wish};

/// Who signs in.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "supporter_a@demo.alongside.example", "password": "a long enough pass phrase"}))]
pub struct SessionCreate {
    /// E-mail address; upper and lower case are the same.
    #[validate(length(min = 3, max = 254))]
    #[schema(min_length = 3, max_length = 254)]
    email: String,
    #[validate(length(min = 1, max = 1024))]
    #[schema(min_length = 1, max_length = 1024, format = Password)]
    password: String,
    /// For a person with several roles: the one to act in. Otherwise the least privileged is used.
    role: Option<Role>,
    /// For a person who works in several programmes.
    programme_id: Option<ProgrammeId>,
    /// The code that the person's app shows now, where he has a second factor.
    #[validate(length(min = 6, max = 12))]
    #[schema(min_length = 6, max_length = 12)]
    totp: Option<String>,
    /// One of his recovery codes in its place.
    #[validate(length(min = 16, max = 64))]
    #[schema(min_length = 16, max_length = 64)]
    recovery_code: Option<String>,
    /// On which device: so that it can be signed out from elsewhere when it is lost.
    #[validate(nested)]
    device: Option<DeviceInput>,
}

/// The device somebody signs in on.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e7a", "name": "Tablet 7 of the charity"}))]
pub struct DeviceInput {
    /// Made by the device and kept on it, secret. A device from which the person has signed in before is let in even while
    /// strangers' guesses shut the door to others.
    id: Option<Uuid>,
    #[validate(length(min = 1, max = 80), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 80)]
    name: String,
}

/// The refresh token of the last sign-in or refresh.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"refresh_token": "alr_Vt0jq3Zc1nYxXl8dQx0bq1o2r3s4t5u6v7w8x9y0zAB"}))]
pub struct SessionRefresh {
    #[validate(length(min = 1, max = 256))]
    #[schema(min_length = 1, max_length = 256)]
    refresh_token: String,
}

/// The caller's own session.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e6f",
    "role": "supporter",
    "person_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70",
    "client_id": null,
    "programme_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71",
    "site_ids": null,
    "participant_id": null,
    "device_name": "Tablet 7 of the charity",
    "must_enrol": false,
    "fresh_until": "2026-11-02T09:35:00Z",
    "operations": ["list_participants", "get_participant"]
}))]
pub struct SessionView {
    id: SessionId,
    role: Role,
    person_id: Option<PersonId>,
    client_id: Option<alongside_domain::id::ClientId>,
    programme_id: Option<ProgrammeId>,
    /// The sites where the role holds; null when it holds in the whole programme.
    #[schema(max_items = 1000)]
    site_ids: Option<Vec<SiteId>>,
    /// The caller's own record, where he is a participant.
    participant_id: Option<alongside_domain::id::ParticipantId>,
    /// As its owner named the device when he signed in.
    #[schema(max_length = 80)]
    device_name: Option<String>,
    /// Whether a second factor must be set up before anything else is open.
    must_enrol: bool,
    /// Until when what asks for a fresh sign-in is open; null when it is not.
    fresh_until: Option<DateTime<Utc>>,
    /// What this session may call, by operation id.
    #[schema(max_items = 1000, max_length = 64)]
    operations: Vec<&'static str>,
}

/// Sign in
///
/// Checks e-mail address and password and answers tokens. Whatever is wrong, the answer is the same 401. Where everything is
/// right and the account has a second factor, the answer is 401 `second-factor-required`: send the same again with `totp` or
/// `recovery_code`. Where the service asks everybody for a second factor, the session of a person who has none is good for
/// setting one up and for nothing else.
#[utoipa::path(
    tag = "sessions", operation_id = "create_session", security(()), request_body = SessionCreate,
    responses((status = 201, description = "Signed in.", body = Tokens,
        example = json!({"access_token": "eyJ0eXAiOiJhdCtqd3QifQ.e30.c2ln", "token_type": "Bearer", "expires_in": 600,
            "refresh_token": "alr_Vt0jq3Zc1nYxXl8dQx0bq1o2r3s4t5u6v7w8x9y0zAB"})))
)]
#[post("/v1/sessions")]
async fn create_session(
    app: actix_web::web::Data<App>,
    request: RequestId,
    address: ClientAddress,
    head: HttpRequest,
    body: Json<SessionCreate>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner();
    let device = match new.device {
        Some(device) => Device { id: device.id, name: device.name.trim().to_owned() },
        None => Device { id: None, name: program(&head) },
    };
    let attempt = Attempt {
        email: new.email,
        password: SecretString::from(new.password),
        sent: Sent { totp: new.totp, recovery_code: new.recovery_code },
        wish: Wish { role: new.role, programme: new.programme_id },
        device,
        address: address.0,
    };
    let tokens = sign_in::with_password(&app, attempt, request.0).await?;
    Ok(HttpResponse::Created().json(tokens))
}

/// The program that signs somebody in, where it does not name the device: the first word it says of itself.
fn program(request: &HttpRequest) -> String {
    let said = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let word: String = said
        .split([' ', '/'])
        .next()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_graphic)
        .take(40)
        .collect();
    if word.is_empty() { "unknown".to_owned() } else { word }
}

/// Refresh the tokens
///
/// A refresh token is good once. When the answer was lost on a bad line, the same request within a minute gets the same
/// successor; later it ends the session.
#[utoipa::path(
    tag = "sessions", operation_id = "refresh_session", security(()), request_body = SessionRefresh,
    responses((status = 200, description = "New tokens.", body = Tokens,
        example = json!({"access_token": "eyJ0eXAiOiJhdCtqd3QifQ.e30.c2ln", "token_type": "Bearer", "expires_in": 600,
            "refresh_token": "alr_Vt0jq3Zc1nYxXl8dQx0bq1o2r3s4t5u6v7w8x9y0zAB"})))
)]
#[post("/v1/sessions/refresh")]
async fn refresh_session(
    app: actix_web::web::Data<App>,
    request: RequestId,
    body: Json<SessionRefresh>,
) -> Result<HttpResponse, Problem> {
    let tokens = sign_in::with_refresh_token(&app, &body.into_inner().refresh_token, request.0).await?;
    Ok(HttpResponse::Ok().json(tokens))
}

/// Who am I
///
/// The session behind the token: role, programme, sites, and what it may call.
#[utoipa::path(
    tag = "sessions", operation_id = "get_current_session",
    responses((status = 200, description = "The caller's session.", body = SessionView))
)]
#[get("/v1/sessions/current")]
async fn get_current_session(
    permit: Permit<{ Operation::GetCurrentSession.id() }>,
) -> Result<HttpResponse, Problem> {
    let caller = permit.caller();
    let operations = Operation::VARIANTS
        .iter()
        .filter(|operation| relation(**operation, caller.role).is_some())
        .filter(|operation| may_ask(caller, **operation))
        .filter(|operation| !caller.must_enrol || operation.is_for_enrolment())
        .map(|operation| operation.name())
        .collect();
    let (person_id, client_id) = match caller.actor {
        Actor::Person(id) => (Some(id), None),
        Actor::Client(id) => (None, Some(id)),
    };
    Ok(HttpResponse::Ok().json(SessionView {
        id: caller.session_id,
        role: caller.role,
        person_id,
        client_id,
        programme_id: caller.programme,
        site_ids: caller.sites.clone(),
        participant_id: caller.participant,
        device_name: caller.device_name.clone(),
        must_enrol: caller.must_enrol,
        fresh_until: caller
            .fresh_at
            .filter(|at| is_fresh(Some(*at), permit.now()))
            .map(|at| at + TimeDelta::minutes(FRESH_MINUTES)),
        operations,
    }))
}

fn may_ask(caller: &crate::http::Caller, operation: Operation) -> bool {
    caller.role != Role::IntegrationClient
        || operation
            .rule()
            .is_some_and(|rule| rule.scope == "session" || caller.scopes.iter().any(|s| s == rule.scope))
}

/// Sign out
///
/// Ends the session: the next request with its tokens is refused, on every replica.
#[utoipa::path(
    tag = "sessions", operation_id = "end_current_session",
    responses((status = 204, description = "Signed out."))
)]
#[delete("/v1/sessions/current")]
async fn end_current_session(
    permit: Permit<{ Operation::EndCurrentSession.id() }>,
    _request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    permit
        .write(|ctx| {
            session::end(ctx.db, ctx.caller.session_id, "signed out", ctx.now)?;
            ctx.resource(ctx.caller.session_id.uuid());
            Ok(Reply::no_content())
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config
        .service(create_session)
        .service(refresh_session)
        .service(get_current_session)
        .service(end_current_session);
}
