//! Choosing the first password, with the code of an invitation.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use alongside_domain::id::AuditEventId;
use alongside_domain::person as rules;
use alongside_store::audit::{self, AuditEvent, any_id};
use alongside_store::types::{At, Key};
use alongside_store::{Context, Duty, StoreError, person, second_factor};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::password_changes::unfit;
use crate::app::App;
use crate::http::{Code, Json, Problem, Refusal, RequestId, Services};
use crate::security::password::{self, PasswordError, SHORTEST, SHORTEST_OF_TWO};
use crate::security::token::{hash_secret, same_hash};

/// The code of an invitation, and the password chosen.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "sam.supporter@charity.example", "activation_code": "ala_Vt0jq3Zc1nYxXl8dQx0bq1o2r3s4t5u6v7w8x9y0zAB",
    "password": "four unrelated words together"
}))]
pub struct ActivationCreate {
    /// E-mail address of the account; upper and lower case are the same.
    #[validate(length(min = 3, max = 254))]
    #[schema(min_length = 3, max_length = 254)]
    pub email: String,
    #[validate(length(min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128)]
    pub activation_code: String,
    /// At least 15 characters, or 8 where a second factor is set up; none of the passwords that are guessed first, and not
    /// the name or the address of the account.
    #[validate(length(max = 1024))]
    #[schema(min_length = 8, max_length = 256, format = Password)]
    pub password: String,
}

/// What became of it.
enum Done {
    Set,
    /// The code is right and still good; the password will not do.
    Unfit(&'static str),
    Unknown,
}

/// Choose a password
///
/// With the code of an invitation, good once for seven days, or of a letter asked for with `create_password_reset`, good once
/// for an hour. Whatever does not fit - address, code, time - the answer is the same 401.
/// Sign in afterwards.
#[utoipa::path(
    tag = "sessions", operation_id = "create_activation", security(()), request_body = ActivationCreate,
    responses((status = 204, description = "The password is set."))
)]
#[post("/v1/activations")]
async fn create_activation(
    app: Data<App>,
    request: RequestId,
    body: Json<ActivationCreate>,
) -> Result<HttpResponse, Problem> {
    let ActivationCreate { email, activation_code, password } = body.into_inner();
    // What can be said without knowing whose it is; the rest only to who has the code.
    password::acceptable(&password, SHORTEST_OF_TWO).map_err(|why| unfit("/password", why))?;
    let chosen = Zeroizing::new(password.clone());
    // Hashed before anything is looked up, so that the time taken tells nothing about the account.
    let hash = app.passwords.hash(SecretString::from(password)).await.map_err(|error| match error {
        PasswordError::Overloaded => Problem::new(Code::Unavailable),
        other => Problem::internal(other),
    })?;
    let now = app.clock.now();
    let code = hash_secret(&activation_code);
    let event_id = AuditEventId::new(app.ids.fresh());
    let request_id = any_id(request.0);
    let done = app
        .store
        .write(Context::System(Duty::SignIn), move |db| {
            let account =
                rules::email(&email).map(|email| person::by_email(db, &email)).transpose()?.flatten();
            let invited = account.filter(|account| {
                account.deactivated_at.is_none()
                    && account.activation_expires_at.is_some_and(|until| now < until.0)
                    && account.activation_hash.as_deref().is_some_and(|kept| same_hash(kept, &code))
            });
            let Some(account) = invited else { return Ok(Done::Unknown) };
            let has_factor =
                second_factor::find(db, account.id.0)?.is_some_and(|factor| factor.secret.is_some());
            let shortest = if has_factor { SHORTEST_OF_TWO } else { SHORTEST };
            if let Err(why) = password::acceptable(&chosen, shortest)
                .and_then(|()| password::unlike(&chosen, &account.email, &account.display_name))
            {
                return Ok(Done::Unfit(why));
            }
            person::activate(db, &account, &hash, now)?;
            let event = AuditEvent {
                id: Key(event_id),
                at: At(now),
                programme_id: None,
                person_id: Some(account.id),
                client_id: None,
                session_id: None,
                role: None,
                operation: "create_activation".to_owned(),
                participant_id: account.participant_id,
                resource_id: Some(any_id(account.id.0.uuid())),
                status: 204,
                flag_id: None,
                request_id,
                detail: None,
            };
            audit::record(db, &event, &[])?;
            Ok(Done::Set)
        })
        .await;
    match done {
        Ok(Done::Set) => Ok(HttpResponse::NoContent().finish()),
        Ok(Done::Unfit(why)) => Err(unfit("/password", why)),
        Ok(Done::Unknown) | Err(StoreError::Stale) => Err(Problem::new(Code::WrongCredentials)),
        Err(error) => Err(Refusal::from(error).into_problem()),
    }
}

pub fn routes(config: &mut impl Services) {
    config.service(create_activation);
}
