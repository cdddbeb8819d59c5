//! The second factor of the caller: an app that shows codes, and ten recovery codes for the day it is lost.

use actix_web::{HttpResponse, get, post};
use alongside_domain::id::{MailId, PersonId};
use alongside_domain::mail::MailKind;
use alongside_domain::policy::Operation;
use alongside_domain::sign_in::is_fresh;
use alongside_store::mail::{self, Mail};
use alongside_store::{person, second_factor, session, sign_in};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::http::{Caller, Code, Json, Path, Permit, Problem, Reply, Services};
use crate::security::token::hash_secret;
use crate::security::totp::{TotpSecret, plain_recovery_code, recovery_code};

const RECOVERY_CODES: usize = 10;
/// How long the person has to scan the secret and type the first code.
const ENROLMENT_MINUTES: i64 = 15;

/// Whether the caller has a second factor.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "is_set_up": true, "is_required": true, "confirmed_at": "2026-11-02T09:30:00Z", "recovery_codes_left": 10
}))]
pub struct SecondFactorView {
    is_set_up: bool,
    /// Whether nothing else is open to the caller before he has set one up.
    is_required: bool,
    confirmed_at: Option<DateTime<Utc>>,
    #[schema(minimum = 0, maximum = 10)]
    recovery_codes_left: i64,
}

/// What the person's app needs. Shown once, in this answer.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    "otpauth_uri": "otpauth://totp/Alongside:sam%40charity.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Alongside&algorithm=SHA1&digits=6&period=30",
    "expires_at": "2026-11-02T09:45:00Z"
}))]
pub struct SecondFactorSecret {
    /// To be typed into an app, in base32.
    #[schema(max_length = 64)]
    secret: String,
    /// To be shown as a QR code.
    #[schema(max_length = 1024)]
    otpauth_uri: String,
    /// Until when the first code must come.
    expires_at: DateTime<Utc>,
}

/// The first code of the app.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"totp": "287082"}))]
pub struct SecondFactorConfirmation {
    #[validate(length(min = 6, max = 12))]
    #[schema(min_length = 6, max_length = 12)]
    totp: String,
}

/// Ten codes, each good once in the place of a code of the app. They are kept as hashes: nobody can show them again.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"recovery_codes": ["GEZD-GNBV-GY3T-QOJQ"]}))]
pub struct RecoveryCodes {
    #[schema(max_items = 10, max_length = 19)]
    recovery_codes: Vec<String>,
}

/// Ten fresh ones, as they are shown and as they are kept.
fn fresh_codes() -> (Vec<Zeroizing<String>>, Vec<[u8; 32]>) {
    let codes: Vec<_> = std::iter::repeat_with(recovery_code).take(RECOVERY_CODES).collect();
    let hashes = codes.iter().map(|code| hash_secret(&plain_recovery_code(code))).collect();
    (codes, hashes)
}

fn own(caller: &Caller) -> Result<PersonId, Problem> {
    caller.person().ok_or_else(|| Problem::new(Code::Forbidden))
}

/// Look at one's second factor
///
/// Whether there is one, whether one is needed, and how many recovery codes are left.
#[utoipa::path(
    tag = "sessions", operation_id = "get_second_factor",
    responses((status = 200, description = "What there is.", body = SecondFactorView))
)]
#[get("/v1/second-factor")]
async fn get_second_factor(
    permit: Permit<{ Operation::GetSecondFactor.id() }>,
) -> Result<HttpResponse, Problem> {
    let view = permit
        .read(|ctx| {
            let id = own(ctx.caller)?;
            let factor = second_factor::find(ctx.db, id)?;
            Ok(SecondFactorView {
                is_set_up: factor.as_ref().is_some_and(|factor| factor.secret.is_some()),
                is_required: ctx.app.second_factor_required || ctx.caller.must_enrol,
                confirmed_at: factor.and_then(|factor| factor.confirmed_at).map(|at| at.0),
                recovery_codes_left: second_factor::codes_left(ctx.db, id)?,
            })
        })
        .await?;
    Ok(HttpResponse::Ok().json(view))
}

/// Begin to set up a second factor
///
/// Answers the secret for the person's app; nothing changes before `confirm_second_factor` has had a first code. Who has a
/// second factor already, and wants another app, must have shown it within the last five minutes.
#[utoipa::path(
    tag = "sessions", operation_id = "enrol_second_factor",
    responses((status = 201, description = "The secret, shown once.", body = SecondFactorSecret))
)]
#[post("/v1/second-factor/enrolment")]
async fn enrol_second_factor(
    permit: Permit<{ Operation::EnrolSecondFactor.id() }>,
) -> Result<HttpResponse, Problem> {
    let secret = TotpSecret::generate();
    permit
        .write(move |ctx| {
            let id = own(ctx.caller)?;
            let factor = second_factor::find(ctx.db, id)?;
            let in_use = factor.is_some_and(|factor| factor.secret.is_some());
            if in_use && !is_fresh(ctx.caller.fresh_at, ctx.now) {
                return Err(Problem::new(Code::StepUpRequired).into());
            }
            let until = ctx.now + TimeDelta::minutes(ENROLMENT_MINUTES);
            let sealed =
                ctx.app.store.installation().seal_bytes(second_factor::place(id), secret.as_bytes())?;
            second_factor::begin(ctx.db, id, &sealed, until)?;
            let account = sign_in::by_id(ctx.db, id)?.email;
            let view = SecondFactorSecret {
                secret: secret.base32(),
                otpauth_uri: secret.uri("Alongside", &account),
                expires_at: until,
            };
            Reply::created_plain("/v1/second-factor".to_owned(), &view)
        })
        .await
}

/// Take a second factor into use
///
/// With the first code of the app. The answer has ten recovery codes, shown once; the session is open from now on, and
/// every other session of the person ends.
#[utoipa::path(
    tag = "sessions", operation_id = "confirm_second_factor", request_body = SecondFactorConfirmation,
    responses((status = 200, description = "The second factor is in use.", body = RecoveryCodes))
)]
#[post("/v1/second-factor/confirmation")]
async fn confirm_second_factor(
    permit: Permit<{ Operation::ConfirmSecondFactor.id() }>,
    body: Json<SecondFactorConfirmation>,
) -> Result<HttpResponse, Problem> {
    let code = body.into_inner().totp;
    let (codes, hashes) = fresh_codes();
    permit
        .write(move |ctx| {
            let id = own(ctx.caller)?;
            let factor = second_factor::find(ctx.db, id)?;
            let waiting = factor.and_then(|row| row.pending_secret.clone().map(|secret| (row, secret)));
            let Some((row, secret)) = waiting
                .filter(|(row, _)| row.pending_until.is_some_and(|until| ctx.now < until.0))
            else {
                let detail = "No second factor is being set up, or it took too long. Begin again.";
                return Err(Problem::new(Code::Conflict).detail(detail).into());
            };
            let secret = ctx.app.store.installation().open_bytes(second_factor::place(id), &secret)?;
            let Some(step) = TotpSecret::from_bytes(secret).step_of(&code, ctx.now) else {
                let words = "This is not the code. Look at the clock of the device: it must be right to half a minute.";
                return Err(Problem::new(Code::Invalid).field("/totp", "wrong", words).into());
            };
            second_factor::confirm(ctx.db, &row, step, ctx.now)?;
            second_factor::replace_codes(ctx.db, id, &hashes)?;
            session::show_second_factor(ctx.db, ctx.caller.session_id, ctx.now)?;
            session::end_others_of_person(ctx.db, id, ctx.caller.session_id, "second_factor", ctx.now)?;
            ctx.resource(id.uuid());
            Reply::ok_plain(&shown(&codes))
        })
        .await
}

fn shown(codes: &[Zeroizing<String>]) -> RecoveryCodes {
    RecoveryCodes { recovery_codes: codes.iter().map(|code| code.as_str().to_owned()).collect() }
}

/// Make new recovery codes
///
/// Those there were are worth nothing from now on.
#[utoipa::path(
    tag = "sessions", operation_id = "replace_recovery_codes",
    responses((status = 201, description = "Ten codes, shown once.", body = RecoveryCodes))
)]
#[post("/v1/second-factor/recovery-codes")]
async fn replace_recovery_codes(
    permit: Permit<{ Operation::ReplaceRecoveryCodes.id() }>,
) -> Result<HttpResponse, Problem> {
    let (codes, hashes) = fresh_codes();
    permit
        .write(move |ctx| {
            let id = own(ctx.caller)?;
            if second_factor::find(ctx.db, id)?.is_none_or(|factor| factor.secret.is_none()) {
                return Err(Problem::new(Code::Conflict).detail("There is no second factor.").into());
            }
            second_factor::replace_codes(ctx.db, id, &hashes)?;
            ctx.resource(id.uuid());
            Reply::created_plain("/v1/second-factor".to_owned(), &shown(&codes))
        })
        .await
}

/// Take somebody's second factor away
///
/// For a person who has lost both his app and his recovery codes; make sure that it is he who asks. Every session of his
/// ends, and when he next signs in nothing is open to him but setting up another one. Nobody does this for himself.
#[utoipa::path(
    tag = "people", operation_id = "remove_second_factor",
    params(("id" = PersonId, Path, description = "The person.")),
    responses((status = 204, description = "The second factor is gone."))
)]
#[post("/v1/people/{id}/second-factor-removal")]
async fn remove_second_factor(
    permit: Permit<{ Operation::RemoveSecondFactor.id() }>,
    path: Path<PersonId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .write(move |ctx| {
            let row = person::find(ctx.db, ctx.scope, id)?;
            if ctx.caller.person() == Some(id) {
                let detail = "Another administrator takes it away, once he is sure that it is you who asks.";
                return Err(Problem::new(Code::Forbidden).detail(detail).into());
            }
            if !second_factor::remove(ctx.db, id, ctx.now)? {
                return Err(Problem::new(Code::Conflict).detail("There is no second factor.").into());
            }
            session::end_all_of_person(ctx.db, id, "second_factor_removed", ctx.now)?;
            if ctx.app.letters.is_some() {
                let letter = MailId::new(ctx.fresh());
                mail::insert(ctx.db, &Mail::to(letter, MailKind::SecondFactorRemoved, id, ctx.now))?;
            }
            if let Some(participant) = row.participant_id {
                ctx.about(participant.0);
            }
            Ok(Reply::no_content())
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config
        .service(get_second_factor)
        .service(enrol_second_factor)
        .service(confirm_second_factor)
        .service(replace_recovery_codes)
        .service(remove_second_factor);
}
