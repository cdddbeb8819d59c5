//! Programmes: studies and services.

use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use alongside_domain::id::ProgrammeId;
use alongside_domain::policy::Operation;
use alongside_domain::programme::ProgrammeKind;
use alongside_store::catalogue;
use alongside_store::programme::{self, Programme};
use alongside_store::types::{At, Code as Coded, Key};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::checks;
use crate::http::etag::IfMatch;
use crate::http::page::{self, List, Paging};
use crate::http::{Json, Path, Permit, Problem, Query, Reply, Services, patch as merge, reply};

/// A new programme.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "code": "ICARE-2", "name": "Supported needs assessment, second round", "kind": "trial",
    "timezone": "Europe/London", "jurisdiction": "GB-ENG"
}))]
pub struct ProgrammeCreate {
    /// Chosen by the client, so that a retry is recognised.
    pub id: Option<ProgrammeId>,
    /// Unique in the installation: 2 to 32 capital letters, digits and inner hyphens.
    #[validate(custom(function = "checks::code"))]
    #[schema(min_length = 2, max_length = 32, pattern = "^[A-Z0-9][A-Z0-9-]*[A-Z0-9]$")]
    pub code: String,
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    pub kind: ProgrammeKind,
    /// A name of the IANA time zone database: what hours and days mean here.
    #[validate(custom(function = "checks::timezone"))]
    #[schema(min_length = 1, max_length = 64)]
    pub timezone: String,
    /// The country, or the part of one, whose law applies, as in ISO 3166.
    #[validate(custom(function = "checks::jurisdiction"))]
    #[schema(min_length = 2, max_length = 6, pattern = "^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
    pub jurisdiction: String,
    /// For demonstration and training: every participant is invented.
    #[serde(default)]
    pub synthetic: bool,
}

/// What may be changed of a programme: its code, kind and being synthetic stay.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Supported needs assessment"}))]
pub struct ProgrammeUpdate {
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[validate(custom(function = "checks::timezone"))]
    #[schema(min_length = 1, max_length = 64, nullable = false)]
    pub timezone: Option<String>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[validate(custom(function = "checks::jurisdiction"))]
    #[schema(min_length = 2, max_length = 6, pattern = "^[A-Z]{2}(-[A-Z0-9]{1,3})?$", nullable = false)]
    pub jurisdiction: Option<String>,
}

/// A programme.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71", "code": "ICARE-2",
    "name": "Supported needs assessment, second round", "kind": "trial", "timezone": "Europe/London",
    "jurisdiction": "GB-ENG", "synthetic": false, "version": 1,
    "created_at": "2026-11-02T09:30:00Z", "updated_at": "2026-11-02T09:30:00Z"
}))]
pub struct ProgrammeView {
    pub id: ProgrammeId,
    #[schema(max_length = 32)]
    pub code: String,
    #[schema(max_length = 200)]
    pub name: String,
    pub kind: ProgrammeKind,
    #[schema(max_length = 64)]
    pub timezone: String,
    #[schema(max_length = 6)]
    pub jurisdiction: String,
    /// Every participant is invented.
    pub synthetic: bool,
    /// What `If-Match` wants to hear, without its quotes.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Programme> for ProgrammeView {
    fn from(row: Programme) -> Self {
        Self {
            id: row.id.0,
            code: row.code,
            name: row.name,
            kind: row.kind.0,
            timezone: row.timezone,
            jurisdiction: row.jurisdiction,
            synthetic: row.synthetic,
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

/// A page of programmes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgrammePage {
    #[schema(max_items = 200)]
    pub items: Vec<ProgrammeView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which page of programmes.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProgrammeQuery {
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// List the programmes
///
/// An administrator sees all of the installation, everybody else the one he works in.
#[utoipa::path(
    tag = "programmes", operation_id = "list_programmes", params(ProgrammeQuery),
    responses((status = 200, description = "A page of programmes.", body = ProgrammePage))
)]
#[get("/v1/programmes")]
async fn list_programmes(
    request: HttpRequest,
    permit: Permit<{ Operation::ListProgrammes.id() }>,
    query: Query<ProgrammeQuery>,
) -> Result<HttpResponse, Problem> {
    let ProgrammeQuery { limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListProgrammes.name(), &())?;
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let mut rows = permit
        .read(move |ctx| Ok(programme::list(ctx.db, ctx.scope, after.map(ProgrammeId::new), fetch)?))
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let items = rows.into_iter().map(ProgrammeView::from).collect();
    Ok(page::respond(&request, &ProgrammePage { items, next: next.clone() }, next.as_deref()))
}

/// Set up a programme
///
/// The programme starts with the consent form and the instruments that ship with the service.
#[utoipa::path(
    tag = "programmes", operation_id = "create_programme", request_body = ProgrammeCreate,
    responses((status = 201, description = "The programme is set up.", body = ProgrammeView))
)]
#[post("/v1/programmes")]
async fn create_programme(
    permit: Permit<{ Operation::CreateProgramme.id() }>,
    body: Json<ProgrammeCreate>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner();
    permit
        .write(move |ctx| {
            let id = new.id.unwrap_or_else(|| ProgrammeId::new(ctx.fresh()));
            if let Some(found) = programme::try_find(ctx.db, ctx.scope, id)? {
                return ctx.repeated(id.uuid(), |_| Reply::ok(found.version, &ProgrammeView::from(found)));
            }
            if new.id.is_some() {
                ctx.creates(id.uuid())?;
            }
            let row = Programme {
                id: Key(id),
                code: new.code.clone(),
                name: new.name.trim().to_owned(),
                kind: Coded(new.kind),
                timezone: new.timezone.clone(),
                jurisdiction: new.jurisdiction.clone(),
                synthetic: new.synthetic,
                created_at: At(ctx.now),
                updated_at: At(ctx.now),
                version: 1,
            };
            programme::insert(ctx.db, &row).map_err(|error| {
                checks::taken(error, programme::CODE, "/code", "Another programme has this code.")
            })?;
            let app = ctx.app;
            catalogue::install(ctx.db, id, &mut || app.ids.fresh(), ctx.now)?;
            ctx.resource(id.uuid());
            Reply::created(format!("/v1/programmes/{id}"), 1, &ProgrammeView::from(row))
        })
        .await
}

/// Look at a programme
///
/// The description of a programme: kind, time zone, jurisdiction, and whether it is synthetic.
#[utoipa::path(
    tag = "programmes", operation_id = "get_programme",
    params(("id" = ProgrammeId, Path, description = "The programme.")),
    responses((status = 200, description = "The programme.", body = ProgrammeView))
)]
#[get("/v1/programmes/{id}")]
async fn get_programme(
    request: HttpRequest,
    permit: Permit<{ Operation::GetProgramme.id() }>,
    path: Path<ProgrammeId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let row = permit.read(move |ctx| Ok(programme::find(ctx.db, ctx.scope, id)?)).await?;
    Ok(reply::found(&request, row.version, &ProgrammeView::from(row)))
}

/// Change a programme
///
/// The code is fixed; name, time zone and jurisdiction can change.
#[utoipa::path(
    tag = "programmes", operation_id = "update_programme", request_body = ProgrammeUpdate,
    params(
        ("id" = ProgrammeId, Path, description = "The programme."),
        ("If-Match" = String, Header, description = "The version that was read.", max_length = 64)
    ),
    responses((status = 200, description = "The programme as it is now.", body = ProgrammeView))
)]
#[patch("/v1/programmes/{id}")]
async fn update_programme(
    permit: Permit<{ Operation::UpdateProgramme.id() }>,
    path: Path<ProgrammeId>,
    if_match: IfMatch,
    body: Json<ProgrammeUpdate>,
) -> Result<HttpResponse, Problem> {
    let (id, change) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let mut row = programme::find(ctx.db, ctx.scope, id)?;
            if_match.check(row.version)?;
            if let Some(name) = &change.name {
                row.name = name.trim().to_owned();
            }
            if let Some(timezone) = &change.timezone {
                row.timezone.clone_from(timezone);
            }
            if let Some(jurisdiction) = &change.jurisdiction {
                row.jurisdiction.clone_from(jurisdiction);
            }
            row.updated_at = At(ctx.now);
            programme::save(ctx.db, ctx.scope, &row)?;
            row.version += 1;
            Reply::ok(row.version, &ProgrammeView::from(row))
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config
        .service(list_programmes)
        .service(create_programme)
        .service(get_programme)
        .service(update_programme);
}
