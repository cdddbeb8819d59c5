//! Sites: where a programme meets its participants.

use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use alongside_domain::id::{ProgrammeId, SiteId};
use alongside_domain::policy::Operation;
use alongside_domain::site::{SafeguardingContact, SiteKind};
use alongside_store::programme;
use alongside_store::site::{self, Site};
use alongside_store::types::{At, Code as Coded, Document, Key};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::checks;
use crate::http::etag::IfMatch;
use crate::http::page::{self, List, Paging};
use crate::http::{Code, Json, Path, Permit, Problem, Query, Reply, Services, patch as merge, reply};

/// How the local authority's adult safeguarding team is reached.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SafeguardingContactInput {
    /// The telephone number during the hours below.
    #[validate(length(max = 32), custom(function = "checks::phone"))]
    #[schema(min_length = 3, max_length = 32, example = "01632 960100")]
    pub phone: String,
    /// When somebody answers it.
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200, example = "Monday to Friday, 09:00 to 17:00")]
    pub hours: String,
    /// The telephone number at all other times.
    #[validate(length(max = 32), custom(function = "checks::phone"))]
    #[schema(min_length = 3, max_length = 32, example = "01632 960199")]
    pub out_of_hours: Option<String>,
    /// The authority's own form.
    #[validate(length(max = 500), custom(function = "checks::web_address"))]
    #[schema(format = "uri", max_length = 500, example = "https://council.example/safeguarding")]
    pub form_url: Option<String>,
}

impl From<SafeguardingContactInput> for Document<SafeguardingContact> {
    fn from(input: SafeguardingContactInput) -> Self {
        Self(SafeguardingContact {
            phone: input.phone,
            hours: input.hours,
            out_of_hours: input.out_of_hours,
            form_url: input.form_url,
        })
    }
}

/// A new site.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "programme_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71", "code": "OAK", "name": "Oak Street Surgery", "kind": "gp",
    "ods_code": "X99999", "local_authority": "Exampleshire County Council",
    "safeguarding_contact": {"phone": "01632 960100", "hours": "Monday to Friday, 09:00 to 17:00",
        "out_of_hours": "01632 960199", "form_url": "https://council.example/safeguarding"}
}))]
pub struct SiteCreate {
    /// Chosen by the client, so that a retry is recognised.
    pub id: Option<SiteId>,
    pub programme_id: ProgrammeId,
    /// Unique in the programme: 2 to 32 capital letters, digits and inner hyphens.
    #[validate(custom(function = "checks::code"))]
    #[schema(min_length = 2, max_length = 32, pattern = "^[A-Z0-9][A-Z0-9-]*[A-Z0-9]$")]
    pub code: String,
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    pub kind: SiteKind,
    /// The code of the NHS Organisation Data Service.
    #[validate(length(min = 1, max = 12), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 12)]
    pub ods_code: Option<String>,
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200)]
    pub local_authority: Option<String>,
    #[validate(nested)]
    pub safeguarding_contact: Option<SafeguardingContactInput>,
}

/// What may be changed of a site: its programme and code stay. Null removes what may be absent.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Oak Street Surgery and Branch", "ods_code": null}))]
pub struct SiteUpdate {
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub kind: Option<SiteKind>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 12), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 12, value_type = Option<String>)]
    pub ods_code: Option<Option<String>>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200, value_type = Option<String>)]
    pub local_authority: Option<Option<String>>,
    /// As a whole: what is sent takes the place of what was there.
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[validate(nested)]
    #[schema(value_type = Option<SafeguardingContactInput>)]
    pub safeguarding_contact: Option<Option<SafeguardingContactInput>>,
}

/// A site.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e72", "programme_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71",
    "code": "OAK", "name": "Oak Street Surgery", "kind": "gp", "ods_code": "X99999",
    "local_authority": "Exampleshire County Council",
    "safeguarding_contact": {"phone": "01632 960100", "hours": "Monday to Friday, 09:00 to 17:00",
        "out_of_hours": "01632 960199"},
    "version": 1, "created_at": "2026-11-02T09:30:00Z", "updated_at": "2026-11-02T09:30:00Z"
}))]
pub struct SiteView {
    pub id: SiteId,
    pub programme_id: ProgrammeId,
    #[schema(max_length = 32)]
    pub code: String,
    #[schema(max_length = 200)]
    pub name: String,
    pub kind: SiteKind,
    #[schema(max_length = 12)]
    pub ods_code: Option<String>,
    #[schema(max_length = 200)]
    pub local_authority: Option<String>,
    pub safeguarding_contact: Option<SafeguardingContact>,
    /// What `If-Match` wants to hear, without its quotes.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Site> for SiteView {
    fn from(row: Site) -> Self {
        Self {
            id: row.id.0,
            programme_id: row.programme_id.0,
            code: row.code,
            name: row.name,
            kind: row.kind.0,
            ods_code: row.ods_code,
            local_authority: row.local_authority,
            safeguarding_contact: row.safeguarding_contact.map(|contact| contact.0),
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

/// A page of sites.
#[derive(Debug, Serialize, ToSchema)]
pub struct SitePage {
    #[schema(max_items = 200)]
    pub items: Vec<SiteView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which sites.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SiteQuery {
    /// Only the sites of this programme.
    pub programme_id: Option<ProgrammeId>,
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// List the sites
///
/// Those of the caller's programme; for an administrator those of the whole installation.
#[utoipa::path(
    tag = "sites", operation_id = "list_sites", params(SiteQuery),
    responses((status = 200, description = "A page of sites.", body = SitePage))
)]
#[get("/v1/sites")]
async fn list_sites(
    request: HttpRequest,
    permit: Permit<{ Operation::ListSites.id() }>,
    query: Query<SiteQuery>,
) -> Result<HttpResponse, Problem> {
    let SiteQuery { programme_id, limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListSites.name(), &programme_id)?;
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let mut rows = permit
        .read(move |ctx| Ok(site::list(ctx.db, ctx.scope, programme_id, after.map(SiteId::new), fetch)?))
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let items = rows.into_iter().map(SiteView::from).collect();
    Ok(page::respond(&request, &SitePage { items, next: next.clone() }, next.as_deref()))
}

/// Set up a site
///
/// A surgery, hospital, charity or library of the programme, with whom to call about safeguarding there.
#[utoipa::path(
    tag = "sites", operation_id = "create_site", request_body = SiteCreate,
    responses((status = 201, description = "The site is set up.", body = SiteView))
)]
#[post("/v1/sites")]
async fn create_site(
    permit: Permit<{ Operation::CreateSite.id() }>,
    body: Json<SiteCreate>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner();
    permit
        .write(move |ctx| {
            let id = new.id.unwrap_or_else(|| SiteId::new(ctx.fresh()));
            if let Some(found) = site::try_find(ctx.db, ctx.scope, id)? {
                return ctx.repeated(id.uuid(), |_| Reply::ok(found.version, &SiteView::from(found)));
            }
            if programme::try_find(ctx.db, ctx.scope, new.programme_id)?.is_none() {
                let problem = Problem::new(Code::Invalid);
                return Err(problem.field("/programme_id", "unknown", "There is no such programme.").into());
            }
            if new.id.is_some() {
                ctx.creates(id.uuid())?;
            }
            let row = Site {
                id: Key(id),
                programme_id: Key(new.programme_id),
                code: new.code.clone(),
                name: new.name.trim().to_owned(),
                kind: Coded(new.kind),
                ods_code: new.ods_code.clone(),
                local_authority: new.local_authority.clone(),
                safeguarding_contact: new.safeguarding_contact.clone().map(Document::from),
                created_at: At(ctx.now),
                updated_at: At(ctx.now),
                version: 1,
            };
            site::insert(ctx.db, ctx.scope, &row).map_err(|error| {
                checks::taken(error, site::CODE, "/code", "Another site of this programme has this code.")
            })?;
            ctx.resource(id.uuid());
            Reply::created(format!("/v1/sites/{id}"), 1, &SiteView::from(row))
        })
        .await
}

/// Look at a site
///
/// The site with its safeguarding contact.
#[utoipa::path(
    tag = "sites", operation_id = "get_site",
    params(("id" = SiteId, Path, description = "The site.")),
    responses((status = 200, description = "The site.", body = SiteView))
)]
#[get("/v1/sites/{id}")]
async fn get_site(
    request: HttpRequest,
    permit: Permit<{ Operation::GetSite.id() }>,
    path: Path<SiteId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let row = permit.read(move |ctx| Ok(site::find(ctx.db, ctx.scope, id)?)).await?;
    Ok(reply::found(&request, row.version, &SiteView::from(row)))
}

/// Change a site
///
/// Programme and code are fixed; everything else can change, and null clears.
#[utoipa::path(
    tag = "sites", operation_id = "update_site", request_body = SiteUpdate,
    params(
        ("id" = SiteId, Path, description = "The site."),
        ("If-Match" = String, Header, description = "The version that was read.", max_length = 64)
    ),
    responses((status = 200, description = "The site as it is now.", body = SiteView))
)]
#[patch("/v1/sites/{id}")]
async fn update_site(
    permit: Permit<{ Operation::UpdateSite.id() }>,
    path: Path<SiteId>,
    if_match: IfMatch,
    body: Json<SiteUpdate>,
) -> Result<HttpResponse, Problem> {
    let (id, change) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let mut row = site::find(ctx.db, ctx.scope, id)?;
            if_match.check(row.version)?;
            if let Some(name) = &change.name {
                row.name = name.trim().to_owned();
            }
            if let Some(kind) = change.kind {
                row.kind = Coded(kind);
            }
            if let Some(ods_code) = &change.ods_code {
                row.ods_code.clone_from(ods_code);
            }
            if let Some(local_authority) = &change.local_authority {
                row.local_authority.clone_from(local_authority);
            }
            if let Some(contact) = &change.safeguarding_contact {
                row.safeguarding_contact = contact.clone().map(Document::from);
            }
            row.updated_at = At(ctx.now);
            site::save(ctx.db, ctx.scope, &row)?;
            row.version += 1;
            Reply::ok(row.version, &SiteView::from(row))
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(list_sites).service(create_site).service(get_site).service(update_site);
}
