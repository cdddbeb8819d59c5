//! Showing once more that it is the same person who sits there, for what asks for that.

use actix_web::{HttpResponse, post};
use alongside_domain::policy::Operation;
use alongside_domain::sign_in::FRESH_MINUTES;
use alongside_store::session;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::http::{ClientAddress, Code, Json, Permit, Problem, Refusal, Reply, Services};
use crate::owner::Owner;
use crate::second_factor::{self as shown, Sent, Shown};

/// One of the three: a code of the second factor, one of its recovery codes or, without a second factor, the password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"totp": "287082"}))]
pub struct SessionStepUp {
    /// The code that the person's app shows now.
    #[validate(length(min = 6, max = 12))]
    #[schema(min_length = 6, max_length = 12)]
    totp: Option<String>,
    #[validate(length(min = 16, max = 64))]
    #[schema(min_length = 16, max_length = 64)]
    recovery_code: Option<String>,
    #[validate(length(min = 1, max = 1024))]
    #[schema(min_length = 1, max_length = 1024, format = Password)]
    password: Option<String>,
}

/// Until when the session is fresh.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"fresh_until": "2026-11-02T09:35:00Z"}))]
pub struct SessionFreshness {
    fresh_until: DateTime<Utc>,
}

/// Show once more that it is you
///
/// For five minutes the session is then good for the operations whose `x-permission` has `fresh_minutes`. Wrong codes and
/// passwords are slowed down as they are at the door, and answered alike.
#[utoipa::path(
    tag = "sessions", operation_id = "step_up_session", request_body = SessionStepUp,
    responses((status = 200, description = "The session is fresh.", body = SessionFreshness))
)]
#[post("/v1/sessions/current/step-up")]
async fn step_up_session(
    permit: Permit<{ Operation::StepUpSession.id() }>,
    address: ClientAddress,
    body: Json<SessionStepUp>,
) -> Result<HttpResponse, Problem> {
    let SessionStepUp { totp, recovery_code, password } = body.into_inner();
    let now = permit.now();
    let id = permit.caller().person().ok_or_else(|| Problem::new(Code::Forbidden))?;
    let owner = Owner::find(permit.app(), id, address.0, now).await?;
    let sent = Sent { totp, recovery_code };
    let pointer = match (&sent.totp, &sent.recovery_code, &password) {
        (Some(_), None, None) => "/totp",
        (None, Some(_), None) => "/recovery_code",
        (None, None, Some(_)) if !owner.has_second_factor() => "/password",
        _ => {
            let missing = if owner.has_second_factor() { "/totp" } else { "/password" };
            let words = "Send exactly one: a code of the second factor, or the password where there is none.";
            return permit
                .write(move |_| Err(Problem::new(Code::Invalid).field(missing, "missing", words).into()))
                .await;
        }
    };
    let shown = match password {
        Some(password) => {
            let right = owner.knows(permit.app(), password).await?;
            if right { Shown::NotSetUp } else { Shown::Wrong }
        }
        None if owner.must_wait() || !owner.has_second_factor() => Shown::Wrong,
        None => shown::judge(permit.app().store.installation(), owner.factor.as_ref(), &sent, now)
            .map_err(|error| Refusal::from(error).into_problem())?,
    };
    let (app, wrong) = (permit.app().clone(), move || {
        Problem::new(Code::Invalid).field(pointer, "wrong", "This is not right, or was used before.")
    });
    if shown == Shown::Wrong {
        owner.failed(&app, now).await?;
        return permit.write(move |_| Err(wrong().into())).await;
    }
    let answer = permit
        .write(move |ctx| {
            if !shown::use_up(ctx.db, id, shown, ctx.now)? {
                return Err(wrong().into());
            }
            session::freshen(ctx.db, ctx.caller.session_id, ctx.now)?;
            ctx.resource(ctx.caller.session_id.uuid());
            Reply::ok_plain(&SessionFreshness { fresh_until: ctx.now + TimeDelta::minutes(FRESH_MINUTES) })
        })
        .await;
    if answer.as_ref().is_err_and(|refused| refused.code() == Code::Invalid) {
        owner.failed(&app, now).await?;
    }
    answer
}

pub fn routes(config: &mut impl Services) {
    config.service(step_up_session);
}
