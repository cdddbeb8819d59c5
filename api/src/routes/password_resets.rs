//! Asking for a new password by letter.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use alongside_domain::id::MailId;
use alongside_domain::mail::MailKind;
use alongside_domain::person as rules;
use alongside_store::audit::{self, AuditEvent, any_id};
use alongside_store::mail::{self, Mail};
use alongside_store::types::At;
use alongside_store::{Context, Duty};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::checks;
use crate::app::App;
use crate::http::{Code, Json, Problem, Refusal, RequestId, Services};

/// Whose password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "sam.supporter@charity.example"}))]
pub struct PasswordResetCreate {
    /// E-mail address of the account; upper and lower case are the same.
    #[validate(length(min = 3, max = 254), custom(function = "checks::email"))]
    #[schema(min_length = 3, max_length = 254, format = "email")]
    email: String,
}

/// Ask for a new password
///
/// If there is an account with this address, a letter with a code goes to it, good once for an hour, to be used with
/// `create_activation`. The answer never tells whether there is one: nobody looks before it has been given. Where the
/// service sends no letters, the answer to everybody is 409.
#[utoipa::path(
    tag = "sessions", operation_id = "create_password_reset", security(()), request_body = PasswordResetCreate,
    responses((status = 202, description = "If there is such an account, a letter is on its way."))
)]
#[post("/v1/password-resets")]
async fn create_password_reset(
    app: Data<App>,
    request: RequestId,
    body: Json<PasswordResetCreate>,
) -> Result<HttpResponse, Problem> {
    if app.letters.is_none() {
        let detail = "This service sends no letters. Ask whoever looks after it for a new code.";
        return Err(Problem::new(Code::Conflict).detail(detail));
    }
    let typed = body.into_inner().email;
    let email = rules::email(&typed).ok_or_else(|| {
        Problem::new(Code::Invalid).field("/email", "email", "This must be an e-mail address.")
    })?;
    let now = app.clock.now();
    let id = MailId::new(app.ids.fresh());
    let sealed = app
        .store
        .installation()
        .seal(mail::place(id), &email)
        .map_err(|error| Refusal::from(error).into_problem())?;
    let letter = Mail::to_address(id, MailKind::PasswordReset, sealed, now);
    let event = AuditEvent {
        id: any_id(app.ids.fresh()),
        at: At(now),
        programme_id: None,
        person_id: None,
        client_id: None,
        session_id: None,
        role: None,
        operation: "create_password_reset".to_owned(),
        participant_id: None,
        resource_id: Some(any_id(id.uuid())),
        status: 202,
        flag_id: None,
        request_id: any_id(request.0),
        detail: None,
    };
    app.store
        .write(Context::System(Duty::SignIn), move |db| {
            mail::insert(db, &letter)?;
            audit::record(db, &event, &[])
        })
        .await
        .map_err(|error| Refusal::from(error).into_problem())?;
    Ok(HttpResponse::Accepted().finish())
}

pub fn routes(config: &mut impl Services) {
    config.service(create_password_reset);
}
