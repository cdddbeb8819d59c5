//! Service clients: programs that act for themselves, within their scopes.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use alongside_domain::client::ClientState;
use alongside_domain::id::{ClientId, ProgrammeId};
use alongside_domain::policy::{Operation, client_scopes};
use alongside_domain::transition::IllegalTransition;
use alongside_store::client::{self, Client};
use alongside_store::programme;
use alongside_store::types::{At, Document, Key};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::checks;
use crate::http::page::{self, List, Paging};
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Query, Refusal, Reply, Services};
use crate::security::token::{OpaqueSecret, SecretKind};

/// What a client may ask for in a minute where nothing else is said.
const REQUESTS_PER_MINUTE: i32 = 600;

/// A new service client.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "programme_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71", "name": "Trial database",
    "scopes": ["participants:read", "assessments:read"]
}))]
pub struct ClientCreate {
    /// Chosen by the client, so that a retry is recognised.
    pub id: Option<ClientId>,
    pub programme_id: ProgrammeId,
    #[validate(length(min = 1, max = 120), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 120)]
    pub name: String,
    /// What it may ask for; nothing else, whatever it asks.
    #[validate(length(min = 1, max = 50))]
    #[schema(min_items = 1, max_items = 50, max_length = 64)]
    pub scopes: Vec<String>,
    /// How often all its tokens together may ask on each replica, 1 to 60000; 600 where nothing is said.
    #[validate(range(min = 1, max = 60_000))]
    #[schema(minimum = 1, maximum = 60000, default = 600)]
    pub requests_per_minute: Option<i32>,
}

/// What may be changed of a service client. Scopes are not: a program that needs others gets another client.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"requests_per_minute": 1200}))]
pub struct ClientUpdate {
    /// How often all its tokens together may ask on each replica, 1 to 60000.
    #[validate(range(min = 1, max = 60_000))]
    #[schema(minimum = 1, maximum = 60000)]
    pub requests_per_minute: i32,
}

/// A service client.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "client_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e74", "programme_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71",
    "name": "Trial database", "scopes": ["assessments:read", "participants:read"], "state": "active",
    "requests_per_minute": 600, "client_secret": null, "previous_secret_until": null,
    "created_at": "2026-11-02T09:30:00Z", "revoked_at": null
}))]
pub struct ClientView {
    pub client_id: ClientId,
    pub programme_id: ProgrammeId,
    #[schema(max_length = 120)]
    pub name: String,
    #[schema(max_items = 50, max_length = 64)]
    pub scopes: Vec<String>,
    pub state: ClientState,
    /// How often all its tokens together may ask on each replica.
    #[schema(minimum = 1, maximum = 60000)]
    pub requests_per_minute: i32,
    /// Only in the answer to the request that made it; only its hash is kept.
    #[schema(max_length = 64)]
    pub client_secret: Option<String>,
    /// Until when the secret before works as well; null where there is none.
    pub previous_secret_until: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

impl From<Client> for ClientView {
    fn from(row: Client) -> Self {
        Self {
            client_id: row.id.0,
            programme_id: row.programme_id.0,
            name: row.name,
            scopes: row.scopes.0,
            state: if row.revoked_at.is_some() { ClientState::Revoked } else { ClientState::Active },
            requests_per_minute: row.requests_per_minute,
            client_secret: None,
            previous_secret_until: row.previous_secret_until.map(|at| at.0),
            created_at: row.created_at.0,
            revoked_at: row.revoked_at.map(|at| at.0),
        }
    }
}

/// A page of service clients.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientPage {
    #[schema(max_items = 200)]
    pub items: Vec<ClientView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which service clients.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ClientQuery {
    /// Only the clients of this programme.
    pub programme_id: Option<ProgrammeId>,
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// List the service clients
///
/// All of the installation or of one programme, revoked ones too. A secret is never shown again.
#[utoipa::path(
    tag = "clients", operation_id = "list_clients", params(ClientQuery),
    responses((status = 200, description = "A page of service clients.", body = ClientPage))
)]
#[get("/v1/clients")]
async fn list_clients(
    request: HttpRequest,
    permit: Permit<{ Operation::ListClients.id() }>,
    query: Query<ClientQuery>,
) -> Result<HttpResponse, Problem> {
    let ClientQuery { programme_id, limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListClients.name(), &programme_id)?;
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let mut rows = permit
        .read(move |ctx| Ok(client::list(ctx.db, ctx.scope, programme_id, after.map(ClientId::new), fetch)?))
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let items = rows.into_iter().map(ClientView::from).collect();
    Ok(page::respond(&request, &ClientPage { items, next: next.clone() }, next.as_deref()))
}

/// Connect a program
///
/// The answer has the secret with which the program asks for tokens at `/oauth2/token`. It is shown this once.
#[utoipa::path(
    tag = "clients", operation_id = "create_client", request_body = ClientCreate,
    responses((status = 201, description = "The program is connected.", body = ClientView))
)]
#[post("/v1/clients")]
async fn create_client(
    permit: Permit<{ Operation::CreateClient.id() }>,
    body: Json<ClientCreate>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner();
    let known = client_scopes();
    let unknown = new.scopes.iter().enumerate().filter(|(_, scope)| !known.contains(&scope.as_str()));
    let mut refused = Problem::new(Code::Invalid);
    for (index, _) in unknown {
        let message = format!("This must be one of: {}.", known.join(", "));
        refused = refused.field(format!("/scopes/{index}"), "choice", message);
    }
    if !refused.errors().is_empty() {
        return Err(refused);
    }
    let secret = OpaqueSecret::generate(SecretKind::Client);
    permit.write(move |ctx| create(ctx, &new, &secret)).await
}

fn create(ctx: &mut Ctx<'_, '_>, new: &ClientCreate, secret: &OpaqueSecret) -> Result<Reply, Refusal> {
    let id = new.id.unwrap_or_else(|| ClientId::new(ctx.fresh()));
    if let Some(found) = client::try_find(ctx.db, ctx.scope, id)? {
        return ctx.repeated(id.uuid(), |_| Reply::ok_plain(&ClientView::from(found)));
    }
    if programme::try_find(ctx.db, ctx.scope, new.programme_id)?.is_none() {
        let problem = Problem::new(Code::Invalid);
        return Err(problem.field("/programme_id", "unknown", "There is no such programme.").into());
    }
    if new.id.is_some() {
        ctx.creates(id.uuid())?;
    }
    let scopes: BTreeSet<String> = new.scopes.iter().cloned().collect();
    let row = Client {
        id: Key(id),
        programme_id: Key(new.programme_id),
        name: new.name.trim().to_owned(),
        secret_hash: secret.hash().to_vec(),
        scopes: Document(scopes.into_iter().collect()),
        revoked_at: None,
        created_by: ctx.caller.person().map(Key),
        created_at: At(ctx.now),
        version: 1,
        previous_secret_hash: None,
        previous_secret_until: None,
        requests_per_minute: new.requests_per_minute.unwrap_or(REQUESTS_PER_MINUTE),
    };
    client::insert(ctx.db, &row)?;
    ctx.resource(id.uuid());
    let mut shown = ClientView::from(row);
    shown.client_secret = Some(secret.expose().to_owned());
    Reply::created_plain(format!("/v1/clients/{id}"), &shown)
}

/// Change the quota of a program
///
/// It holds from the program's next minute on, on each replica.
#[utoipa::path(
    tag = "clients", operation_id = "update_client", request_body = ClientUpdate,
    params(("id" = ClientId, Path, description = "The service client.")),
    responses((status = 200, description = "The program as it is now.", body = ClientView))
)]
#[patch("/v1/clients/{id}")]
async fn update_client(
    permit: Permit<{ Operation::UpdateClient.id() }>,
    path: Path<ClientId>,
    body: Json<ClientUpdate>,
) -> Result<HttpResponse, Problem> {
    let (id, quota) = (*path, body.requests_per_minute);
    permit
        .write(move |ctx| {
            let mut row = client::find(ctx.db, ctx.scope, id)?;
            if row.revoked_at.is_some() {
                let none: [ClientState; 0] = [];
                return Err(IllegalTransition::new(ClientState::Revoked, "quota", none).into());
            }
            client::set_quota(ctx.db, &row, quota)?;
            ctx.note("requests_per_minute");
            row.requests_per_minute = quota;
            Reply::ok_plain(&ClientView::from(row))
        })
        .await
}

/// Cut off a program
///
/// Its tokens are refused from the next request on, and it gets no others. There is no way back.
#[utoipa::path(
    tag = "clients", operation_id = "revoke_client",
    params(("id" = ClientId, Path, description = "The service client.")),
    responses((status = 200, description = "The program is cut off.", body = ClientView))
)]
#[post("/v1/clients/{id}/revocation")]
async fn revoke_client(
    permit: Permit<{ Operation::RevokeClient.id() }>,
    path: Path<ClientId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .write(move |ctx| {
            let mut row = client::find(ctx.db, ctx.scope, id)?;
            if row.revoked_at.is_some() {
                let none: [ClientState; 0] = [];
                return Err(IllegalTransition::new(ClientState::Revoked, "revocation", none).into());
            }
            client::revoke(ctx.db, &row, ctx.now)?;
            row.revoked_at = Some(At(ctx.now));
            Reply::ok_plain(&ClientView::from(row))
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(list_clients).service(create_client).service(update_client).service(revoke_client);
}
