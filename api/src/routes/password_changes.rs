//! Changing one's own password.

use actix_web::{HttpResponse, post};
use alongside_domain::id::MailId;
use alongside_domain::mail::MailKind;
use alongside_domain::policy::Operation;
use alongside_store::mail::{self, Mail};
use alongside_store::{StoreError, person, session};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::http::{ClientAddress, Code, Json, Permit, Problem, Reply, Services};
use crate::owner::Owner;
use crate::security::password::{self, SHORTEST, SHORTEST_OF_TWO};
use crate::sign_in::busy;

/// The old password and the new one.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "current_password": "four unrelated words together", "new_password": "otter pebble lantern 47 drum"
}))]
pub struct PasswordChange {
    #[validate(length(min = 1, max = 1024))]
    #[schema(min_length = 1, max_length = 1024, format = Password)]
    current_password: String,
    /// At least 15 characters, or 8 where a second factor is set up; none of the passwords that are guessed first, and not
    /// the name or the address of the account.
    #[validate(length(max = 1024))]
    #[schema(min_length = 8, max_length = 256, format = Password)]
    new_password: String,
}

/// Change one's own password
///
/// Every other session of the person ends at once. Wrong old passwords are slowed down as they are at the door.
#[utoipa::path(
    tag = "sessions", operation_id = "change_password", request_body = PasswordChange,
    responses((status = 204, description = "The new password is set."))
)]
#[post("/v1/password-changes")]
async fn change_password(
    permit: Permit<{ Operation::ChangePassword.id() }>,
    address: ClientAddress,
    body: Json<PasswordChange>,
) -> Result<HttpResponse, Problem> {
    let PasswordChange { current_password, new_password } = body.into_inner();
    let now = permit.now();
    let id = permit.caller().person().ok_or_else(|| Problem::new(Code::Forbidden))?;
    let owner = Owner::find(permit.app(), id, address.0, now).await?;
    let shortest = if owner.has_second_factor() { SHORTEST_OF_TWO } else { SHORTEST };
    if let Err(why) = password::acceptable(&new_password, shortest)
        .and_then(|()| password::unlike(&new_password, &owner.login.email, &owner.login.display_name))
    {
        return permit.write(move |_| Err(unfit("/new_password", why).into())).await;
    }
    let knows = owner.knows(permit.app(), current_password).await?;
    let Some(old) = owner.login.password_hash.clone().filter(|_| knows) else {
        owner.failed(permit.app(), now).await?;
        let wrong =
            || Problem::new(Code::Invalid).field("/current_password", "wrong", "This is not the password.");
        return permit.write(move |_| Err(wrong().into())).await;
    };
    let new = permit.app().passwords.hash(SecretString::from(new_password)).await.map_err(busy)?;
    permit
        .write(move |ctx| {
            person::change_password(ctx.db, id, &old, &new, ctx.now).map_err(|error| match error {
                StoreError::Stale => {
                    Problem::new(Code::Conflict).detail("It was changed at the same moment.").into()
                }
                other => crate::http::Refusal::from(other),
            })?;
            session::end_others_of_person(ctx.db, id, ctx.caller.session_id, "password_changed", ctx.now)?;
            if ctx.app.letters.is_some() {
                let letter = MailId::new(ctx.fresh());
                mail::insert(ctx.db, &Mail::to(letter, MailKind::PasswordChanged, id, ctx.now))?;
            }
            ctx.resource(id.uuid());
            Ok(Reply::no_content())
        })
        .await
}

/// The refusal of a password somebody chose.
pub(super) fn unfit(pointer: &'static str, why: &str) -> Problem {
    Problem::new(Code::Invalid).field(pointer, "unfit", format!("The password {why}."))
}

pub fn routes(config: &mut impl Services) {
    config.service(change_password);
}
