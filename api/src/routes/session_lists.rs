//! Sessions as a list: one's own, and those of the supporters a coordinator looks after.

use actix_web::{HttpRequest, HttpResponse, delete, get};
use alongside_domain::id::{PersonId, ProgrammeId, SessionId};
use alongside_domain::policy::{Operation, Role};
use alongside_store::session::{self, Session};
use alongside_store::session_list::{self, Of};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use crate::http::page::{self, List, Paging};
use crate::http::{Code, Path, Permit, Problem, Query, Reply, Services};

/// A session on a device. Where the device is, nobody keeps.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e6f", "person_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70",
    "device_name": "Tablet 7 of the charity", "role": "supporter",
    "programme_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71", "is_current": false,
    "created_at": "2026-11-02T09:30:00Z", "last_seen_at": "2026-11-02T11:10:00Z",
    "expires_at": "2026-12-02T09:30:00Z"
}))]
pub struct DeviceSessionView {
    id: SessionId,
    person_id: Option<PersonId>,
    /// As its owner named it when he signed in.
    #[schema(max_length = 80)]
    device_name: Option<String>,
    role: Role,
    programme_id: Option<ProgrammeId>,
    /// Whether this very request came with it.
    is_current: bool,
    created_at: DateTime<Utc>,
    /// When it last got new tokens: to about ten minutes.
    last_seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl DeviceSessionView {
    fn new(row: Session, current: SessionId) -> Self {
        Self {
            is_current: row.id.0 == current,
            id: row.id.0,
            person_id: row.person_id.map(|id| id.0),
            role: row.role.0,
            programme_id: row.programme_id.map(|id| id.0),
            created_at: row.created_at.0,
            last_seen_at: row.rotated_at.max(row.trust.fresh_at).map_or(row.created_at.0, |at| at.0),
            expires_at: row.expires_at.0.min(row.idle_expires_at.0),
            device_name: row.trust.device_name,
        }
    }
}

/// A page of sessions.
#[derive(Serialize, ToSchema)]
pub struct DeviceSessionPage {
    #[schema(max_items = 200)]
    items: Vec<DeviceSessionView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    next: Option<String>,
}

/// Which part of the list.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SessionQuery {
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// Which sessions of supporters.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SupporterSessionQuery {
    /// Only those of this supporter.
    person_id: Option<PersonId>,
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

async fn answer<const OPERATION: u16>(
    request: &HttpRequest,
    permit: Permit<OPERATION>,
    operation: Operation,
    of: Of,
    (limit, cursor): (Option<i64>, Option<String>),
) -> Result<HttpResponse, Problem> {
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let filter = match of {
        Of::Own(person) => Some(person),
        Of::Supporters(person) => person,
    };
    let list = List::new(permit.caller().actor_id(), operation.name(), &filter)?;
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let mut rows = permit
        .read(move |ctx| {
            Ok(session_list::list(ctx.db, ctx.scope, of, after.map(SessionId::new), fetch, ctx.now)?)
        })
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let current = permit.caller().session_id;
    let items = rows.into_iter().map(|row| DeviceSessionView::new(row, current)).collect();
    Ok(page::respond(request, &DeviceSessionPage { items, next: next.clone() }, next.as_deref()))
}

/// List one's own sessions
///
/// Every device on which the caller is signed in, in whatever role.
#[utoipa::path(
    tag = "sessions", operation_id = "list_sessions", params(SessionQuery),
    responses((status = 200, description = "A page of sessions.", body = DeviceSessionPage))
)]
#[get("/v1/sessions")]
async fn list_sessions(
    request: HttpRequest,
    permit: Permit<{ Operation::ListSessions.id() }>,
    query: Query<SessionQuery>,
) -> Result<HttpResponse, Problem> {
    let SessionQuery { limit, cursor } = query.into_inner();
    let own = permit.caller().person().ok_or_else(|| Problem::new(Code::Forbidden))?;
    answer(&request, permit, Operation::ListSessions, Of::Own(own), (limit, cursor)).await
}

/// End one of one's own sessions
///
/// For a device that was lost or lent: its next request is refused.
#[utoipa::path(
    tag = "sessions", operation_id = "end_session",
    params(("id" = SessionId, Path, description = "The session to end.")),
    responses((status = 204, description = "The session has ended."))
)]
#[delete("/v1/sessions/{id}")]
async fn end_session(
    permit: Permit<{ Operation::EndSession.id() }>,
    path: Path<SessionId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .write(move |ctx| {
            let own = ctx.caller.person().ok_or_else(Problem::not_found)?;
            session_list::find(ctx.db, ctx.scope, Of::Own(own), id, ctx.now)?;
            session::end(ctx.db, id, "ended by its owner", ctx.now)?;
            Ok(Reply::no_content())
        })
        .await
}

/// List the sessions of supporters
///
/// On which devices the supporters of the coordinator's sites are signed in.
#[utoipa::path(
    tag = "sessions", operation_id = "list_supporter_sessions", params(SupporterSessionQuery),
    responses((status = 200, description = "A page of sessions.", body = DeviceSessionPage))
)]
#[get("/v1/supporter-sessions")]
async fn list_supporter_sessions(
    request: HttpRequest,
    permit: Permit<{ Operation::ListSupporterSessions.id() }>,
    query: Query<SupporterSessionQuery>,
) -> Result<HttpResponse, Problem> {
    let SupporterSessionQuery { person_id, limit, cursor } = query.into_inner();
    let of = Of::Supporters(person_id);
    answer(&request, permit, Operation::ListSupporterSessions, of, (limit, cursor)).await
}

/// End a supporter's session
///
/// For a tablet that was lost or stolen: its next request is refused.
#[utoipa::path(
    tag = "sessions", operation_id = "end_supporter_session",
    params(("id" = SessionId, Path, description = "The session to end.")),
    responses((status = 204, description = "The session has ended."))
)]
#[delete("/v1/supporter-sessions/{id}")]
async fn end_supporter_session(
    permit: Permit<{ Operation::EndSupporterSession.id() }>,
    path: Path<SessionId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .write(move |ctx| {
            session_list::find(ctx.db, ctx.scope, Of::Supporters(None), id, ctx.now)?;
            session::end(ctx.db, id, "ended by a coordinator", ctx.now)?;
            Ok(Reply::no_content())
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config
        .service(list_sessions)
        .service(end_session)
        .service(list_supporter_sessions)
        .service(end_supporter_session);
}
