//! Letting a shared device in (RFC 8628): the device begins, somebody who is signed in elsewhere decides.

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{self, Data};
use actix_web::{HttpResponse, post};
use alongside_domain::device_authorisation::{INTERVAL_SECONDS, LIFETIME_MINUTES, ROLE, typed};
use alongside_domain::id::{PersonId, ProgrammeId};
use alongside_domain::policy::{Operation, Role, relation};
use alongside_store::device_authorisation::{self as kept, DeviceAuthorisation};
use alongside_store::sign_in::{self as login, Held};
use alongside_store::{StoreError, second_factor};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::VariantArray as _;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::checks;
use super::oauth::{TokenError, refused};
use crate::app::App;
use crate::device_authorisation::{self as rules, Asking, CodeDoor, Unfit, user_code_hash};
use crate::http::{ClientAddress, Code, Ctx, Json, Permit, Problem, Refusal, Reply, RequestId, Services};

/// RFC 8628, section 3.1, as a form; and which device it is, since the session is bound to it.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"client_id": "alongside-cli", "device_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e7a",
    "device_name": "Tablet 7 of the charity"}))]
pub struct DeviceAuthorisationRequest {
    /// The program on the device: one of `device_clients` in the settings.
    #[schema(max_length = 64)]
    client_id: String,
    /// Made by the device and kept on it, secret.
    device_id: Uuid,
    /// What the device is called.
    #[validate(length(min = 1, max = 80), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 80)]
    device_name: String,
}

/// RFC 8628, section 3.2.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"device_code": "ald_Vt0jq3Zc1nYxXl8dQx0bq1o2r3s4t5u6v7w8x9y0zAB", "user_code": "WDJB-MJHT",
    "verification_uri": "http://127.0.0.1:8080/device", "expires_in": 600, "interval": 5}))]
pub struct DeviceAuthorisationBegun {
    /// The device asks with it, and shows it to nobody.
    #[schema(max_length = 64)]
    device_code: String,
    /// To be shown, and typed where somebody is signed in.
    #[schema(max_length = 16)]
    user_code: String,
    /// Where people are told what to do with it.
    #[schema(max_length = 2048)]
    verification_uri: String,
    /// Seconds until both codes are worth nothing.
    #[schema(minimum = 1, maximum = 3600)]
    expires_in: i64,
    /// Seconds between two questions.
    #[schema(minimum = 1, maximum = 3600)]
    interval: i32,
}

/// The code that a device shows.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_code": "WDJB-MJHT"}))]
pub struct DeviceUserCode {
    /// Small letters, spaces and hyphens do not matter.
    #[validate(length(min = 1, max = 32))]
    #[schema(min_length = 1, max_length = 32)]
    user_code: String,
}

/// Which device is let in, and to what.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_code": "WDJB-MJHT"}))]
pub struct DeviceApproval {
    /// Small letters, spaces and hyphens do not matter.
    #[validate(length(min = 1, max = 32))]
    #[schema(min_length = 1, max_length = 32)]
    user_code: String,
    /// For a supporter in several programmes: the one to work in.
    programme_id: Option<ProgrammeId>,
}

/// Which device asks, from where, and what it would be able to do.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "client_id": "alongside-cli", "device_name": "Tablet 7 of the charity", "address": "192.0.2.17",
    "requested_at": "2026-11-02T09:30:00Z", "expires_at": "2026-11-02T09:40:00Z", "role": "supporter",
    "programme_ids": ["0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71"], "operations": ["list_participants"]
}))]
pub struct DeviceAuthorisationView {
    /// The program on the device.
    #[schema(max_length = 64)]
    client_id: String,
    /// What the device says it is called. Anybody can say that.
    #[schema(max_length = 80)]
    device_name: String,
    /// The address it asks from, as this service sees it; null where it sees none.
    #[schema(max_length = 64)]
    address: Option<String>,
    requested_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// In which role it would work, whatever other roles the caller has.
    role: Role,
    /// The programmes in which the caller has that role.
    #[schema(max_items = 200)]
    programme_ids: Vec<ProgrammeId>,
    /// What it would be able to call, by operation id. What asks for a fresh sign-in is not among it.
    #[schema(max_items = 1000, max_length = 64)]
    operations: Vec<&'static str>,
}

/// Begin to sign a device in
///
/// For a shared device on which nobody should type a password (RFC 8628). Show `user_code` and `verification_uri`, and ask
/// `create_token` for tokens with `device_code`, every `interval` seconds, until somebody has decided. Both codes are good
/// for ten minutes and once. What the same device began before is over with that.
#[utoipa::path(
    tag = "sessions", operation_id = "create_device_authorisation", security(()),
    request_body(content = DeviceAuthorisationRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The codes.", body = DeviceAuthorisationBegun),
        (status = 400, description = "Not a request of a device.", body = TokenError),
        (status = 401, description = "Unknown client.", body = TokenError),
    )
)]
#[post("/oauth2/device_authorization")]
async fn create_device_authorisation(
    app: Data<App>,
    request_id: RequestId,
    address: ClientAddress,
    form: Result<web::Form<DeviceAuthorisationRequest>, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    let Some(form) = form.ok().map(web::Form::into_inner).filter(|form| form.validate().is_ok()) else {
        let words = "Send a form with client_id, device_id (a UUID) and device_name (1 to 80 characters).";
        return Ok(refused(StatusCode::BAD_REQUEST, "invalid_request", words));
    };
    if !app.device_clients.contains(&form.client_id) {
        return Ok(refused(StatusCode::UNAUTHORIZED, "invalid_client", "Unknown client."));
    }
    let asking = Asking {
        client: form.client_id,
        device: form.device_id,
        device_name: form.device_name.trim().to_owned(),
        address: address.0,
    };
    let begun = rules::begin(&app, asking, request_id.0).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(DeviceAuthorisationBegun {
        device_code: begun.device_code.expose().to_owned(),
        user_code: begun.user_code,
        verification_uri: app.device_url.to_string(),
        expires_in: LIFETIME_MINUTES * 60,
        interval: INTERVAL_SECONDS,
    }))
}

/// The one answer to every code that is not good, and to whoever has tried too many.
fn wrong() -> Problem {
    let words = "No device waits with this code. Look at it again, or have the device show a new one.";
    Problem::new(Code::Invalid).field("/user_code", "wrong", words)
}

/// Does something with the device that shows this code, where guessing is slow.
async fn with_code<const OPERATION: u16>(
    permit: Permit<OPERATION>,
    typed_code: &str,
    work: impl Fn(&mut Ctx<'_, '_>, PersonId, DeviceAuthorisation) -> Result<Reply, Refusal> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let person = permit.caller().person().ok_or_else(|| Problem::new(Code::Forbidden))?;
    let Some(letters) = typed(typed_code) else {
        return permit.write(|_| Err(wrong().into())).await;
    };
    let (app, now) = (permit.app().clone(), permit.now());
    let door = CodeDoor::of(&app.blind, person);
    if !door.knock(&app, now).await? {
        return permit.write(|_| Err(wrong().into())).await;
    }
    let hash = user_code_hash(&app.blind, &letters);
    let answer = permit
        .write(move |ctx| {
            let found = kept::by_user_code(ctx.db, &hash, ctx.now)?.ok_or_else(wrong)?;
            ctx.resource(found.id.0.uuid());
            work(ctx, person, found)
        })
        .await;
    if !answer.as_ref().is_err_and(|refused| refused.code() == Code::Invalid) {
        door.give_back(&app, now).await?;
    }
    answer
}

/// Look at a device that wants to be let in
///
/// Which device shows this code, from where it asks, and what it would be able to do. Wrong codes are slowed down, each
/// further one more than the one before, and answered alike.
#[utoipa::path(
    tag = "sessions", operation_id = "look_up_device_authorisation", request_body = DeviceUserCode,
    responses((status = 200, description = "The device.", body = DeviceAuthorisationView))
)]
#[post("/v1/device-authorisations/lookups")]
async fn look_up_device_authorisation(
    permit: Permit<{ Operation::LookUpDeviceAuthorisation.id() }>,
    body: Json<DeviceUserCode>,
) -> Result<HttpResponse, Problem> {
    with_code(permit, &body.into_inner().user_code, |ctx, person, found| {
        let held = login::held(ctx.db, person)?;
        Reply::ok_plain(&view(ctx, &held, found)?)
    })
    .await
}

fn view(
    ctx: &Ctx<'_, '_>,
    held: &[Held],
    found: DeviceAuthorisation,
) -> Result<DeviceAuthorisationView, StoreError> {
    let address: String = ctx.app.store.installation().open(kept::place(found.id.0), &found.address)?;
    let mut programme_ids: Vec<ProgrammeId> = held
        .iter()
        .filter(|held| held.role.0 == ROLE)
        .filter_map(|held| held.programme_id.map(|id| id.0))
        .collect();
    programme_ids.sort_unstable();
    programme_ids.dedup();
    let operations = Operation::VARIANTS
        .iter()
        .filter(|operation| relation(**operation, ROLE).is_some())
        .filter(|operation| operation.rule().is_some_and(|rule| !rule.fresh))
        .map(|operation| operation.name())
        .collect();
    Ok(DeviceAuthorisationView {
        client_id: found.client,
        device_name: found.device_name,
        address: Some(address).filter(|address| !address.is_empty()),
        requested_at: found.created_at.0,
        expires_at: found.expires_at.0,
        role: ROLE,
        programme_ids,
        operations,
    })
}

/// Let a device in
///
/// The device that shows this code gets a session of the caller: as a supporter, whatever other roles he has, bound to
/// that device, in his list of sessions and in that of his coordinator, who can end it. Takes a second factor shown within
/// the last five minutes. Nobody who is an administrator, a safeguarding lead or a privacy officer lets a device in.
#[utoipa::path(
    tag = "sessions", operation_id = "approve_device_authorisation", request_body = DeviceApproval,
    responses((status = 204, description = "The device gets its tokens the next time it asks."))
)]
#[post("/v1/device-authorisations/approvals")]
async fn approve_device_authorisation(
    permit: Permit<{ Operation::ApproveDeviceAuthorisation.id() }>,
    body: Json<DeviceApproval>,
) -> Result<HttpResponse, Problem> {
    let DeviceApproval { user_code, programme_id } = body.into_inner();
    with_code(permit, &user_code, move |ctx, person, found| {
        let acting =
            rules::acting(&login::held(ctx.db, person)?, programme_id).map_err(|unfit| match unfit {
                Unfit::Barred => Problem::new(Code::Forbidden).detail(
                    "Who holds one of your roles signs in on each device himself, with his password.",
                ),
                Unfit::NoSupporter => Problem::new(Code::Conflict)
                    .detail("A device is let in for a supporter's work, and you are no supporter there."),
            })?;
        let factor = second_factor::find(ctx.db, person)?.filter(|factor| factor.secret.is_some());
        let factor = factor.ok_or_else(|| Problem::new(Code::EnrolmentRequired))?;
        // Since it was set up, nothing makes a session fresh but the second factor itself.
        if factor.confirmed_at.map(|at| at.0) > ctx.caller.fresh_at {
            return Err(Problem::new(Code::StepUpRequired).into());
        }
        let programme = acting.programme.ok_or_else(Problem::not_found)?;
        kept::decide(ctx.db, found.id.0, person, Some(programme), ctx.now)?;
        Ok(Reply::no_content())
    })
    .await
}

/// Refuse a device
///
/// The device that shows this code is told so, and must begin again.
#[utoipa::path(
    tag = "sessions", operation_id = "deny_device_authorisation", request_body = DeviceUserCode,
    responses((status = 204, description = "The device is refused."))
)]
#[post("/v1/device-authorisations/denials")]
async fn deny_device_authorisation(
    permit: Permit<{ Operation::DenyDeviceAuthorisation.id() }>,
    body: Json<DeviceUserCode>,
) -> Result<HttpResponse, Problem> {
    with_code(permit, &body.into_inner().user_code, |ctx, person, found| {
        kept::decide(ctx.db, found.id.0, person, None, ctx.now)?;
        Ok(Reply::no_content())
    })
    .await
}

pub fn routes(config: &mut impl Services) {
    config
        .service(create_device_authorisation)
        .service(look_up_device_authorisation)
        .service(approve_device_authorisation)
        .service(deny_device_authorisation);
}
