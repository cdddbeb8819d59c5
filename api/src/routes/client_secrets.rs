//! New secrets for service clients.

use actix_web::{HttpResponse, post};
use alongside_domain::client::ClientState;
use alongside_domain::id::ClientId;
use alongside_domain::policy::Operation;
use alongside_domain::transition::IllegalTransition;
use alongside_store::client;
use alongside_store::types::At;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::clients::ClientView;
use crate::http::{Ctx, Json, Path, Permit, Problem, Refusal, Reply, Services};
use crate::security::token::{OpaqueSecret, SecretKind};

/// How long the old secret works beside the new one where nothing is said: a day.
const OVERLAP_SECONDS: i64 = 86_400;

/// How to go over to a new secret.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"overlap_seconds": 86400}))]
pub struct ClientSecretCreate {
    /// How long the present secret goes on working, up to 30 days; a day where nothing is said. 0 for one that is in
    /// the wrong hands: it stops at once, and so does every token it may have got.
    #[validate(range(min = 0, max = 2_592_000))]
    #[schema(minimum = 0, maximum = 2592000, default = 86400)]
    pub overlap_seconds: Option<i64>,
}

/// Give a program a new secret
///
/// The answer shows it this once. The present secret works until `previous_secret_until`, so that the program can be
/// changed over without a gap; the one before that stops now. Send an Idempotency-Key: a repeat then gets the same
/// secret instead of another.
#[utoipa::path(
    tag = "clients", operation_id = "create_client_secret", request_body = ClientSecretCreate,
    params(("id" = ClientId, Path, description = "The service client.")),
    responses((status = 201, description = "The new secret.", body = ClientView))
)]
#[post("/v1/clients/{id}/secrets")]
async fn create_client_secret(
    permit: Permit<{ Operation::CreateClientSecret.id() }>,
    path: Path<ClientId>,
    body: Json<ClientSecretCreate>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let overlap = body.into_inner().overlap_seconds.unwrap_or(OVERLAP_SECONDS);
    let secret = OpaqueSecret::generate(SecretKind::Client);
    permit.write(move |ctx| create(ctx, id, overlap, &secret)).await
}

fn create(
    ctx: &mut Ctx<'_, '_>,
    id: ClientId,
    overlap: i64,
    secret: &OpaqueSecret,
) -> Result<Reply, Refusal> {
    let mut row = client::find(ctx.db, ctx.scope, id)?;
    if row.revoked_at.is_some() {
        let none: [ClientState; 0] = [];
        return Err(IllegalTransition::new(ClientState::Revoked, "secret", none).into());
    }
    let until = (overlap > 0).then(|| ctx.now + TimeDelta::seconds(overlap));
    client::replace_secret(ctx.db, &row, &secret.hash(), until, ctx.now)?;
    row.previous_secret_until = until.map(At);
    let mut shown = ClientView::from(row);
    shown.client_secret = Some(secret.expose().to_owned());
    Reply::created_plain(format!("/v1/clients/{id}"), &shown)
}

pub fn routes(config: &mut impl Services) {
    config.service(create_client_secret);
}
