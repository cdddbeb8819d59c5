//! Signposts: where people of a programme can turn to nearby.

use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use alongside_domain::id::{PersonId, ProgrammeId, SignpostId, SiteId};
use alongside_domain::policy::Operation;
use alongside_domain::signpost::is_overdue;
use alongside_store::signpost::{self, Filter, Signpost};
use alongside_store::types::{At, Document, Key};
use alongside_store::{person, site};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::checks;
use super::signpost_input::{SignpostCreate, SignpostReview, SignpostUpdate};
use crate::http::etag::IfMatch;
use crate::http::page::{self, List, Paging};
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Query, Refusal, Reply, Services};

/// A signpost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e77", "programme_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71",
    "site_id": null, "area": "Exampleshire", "title": "Exampleshire bladder clinic",
    "description": "A nurse who knows about leaks after treatment. You can ring yourself.", "phone": "01632 960123",
    "url": "https://clinic.example", "address": null, "opening": "Mondays, 9 to 12", "leaflet": null,
    "languages": ["en-GB"], "concern_codes": ["URI"], "owner_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e76",
    "review_due": "2027-06-30", "review_overdue": false, "reviewed_at": null, "reviewed_by": null,
    "retired_at": null, "version": 1, "created_at": "2026-11-02T09:30:00Z", "updated_at": "2026-11-02T09:30:00Z"
}))]
pub struct SignpostView {
    id: SignpostId,
    programme_id: ProgrammeId,
    /// The site whose people it is for; null for everybody of the programme.
    site_id: Option<SiteId>,
    /// The district or town it serves; null where it serves everywhere.
    #[schema(max_length = 100)]
    area: Option<String>,
    #[schema(max_length = 200)]
    title: String,
    #[schema(max_length = 1000)]
    description: String,
    #[schema(max_length = 32)]
    phone: Option<String>,
    #[schema(max_length = 500)]
    url: Option<String>,
    #[schema(max_length = 500)]
    address: Option<String>,
    #[schema(max_length = 200)]
    opening: Option<String>,
    #[schema(max_length = 200)]
    leaflet: Option<String>,
    #[schema(max_items = 50, max_length = 35)]
    languages: Vec<String>,
    #[schema(max_items = 50, max_length = 64)]
    concern_codes: Vec<String>,
    /// Who sees to it that it stays right.
    owner_id: PersonId,
    /// By when somebody has to check that all this is still right.
    review_due: NaiveDate,
    /// Whether that day has passed. It is not proposed in new plans then.
    review_overdue: bool,
    reviewed_at: Option<DateTime<Utc>>,
    reviewed_by: Option<PersonId>,
    retired_at: Option<DateTime<Utc>>,
    /// What `If-Match` wants to hear, without its quotes.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl SignpostView {
    fn of(row: Signpost, today: NaiveDate) -> Self {
        Self {
            id: row.id.0,
            programme_id: row.programme_id.0,
            site_id: row.site_id.map(|site| site.0),
            area: row.area,
            title: row.title,
            description: row.description,
            phone: row.phone,
            url: row.url,
            address: row.address,
            opening: row.opening,
            leaflet: row.leaflet,
            languages: row.languages.0,
            concern_codes: row.concern_codes.0,
            owner_id: row.owner_id.0,
            review_due: row.review_due,
            review_overdue: row.retired_at.is_none() && is_overdue(row.review_due, today),
            reviewed_at: row.reviewed_at.map(|at| at.0),
            reviewed_by: row.reviewed_by.map(|by| by.0),
            retired_at: row.retired_at.map(|at| at.0),
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

/// A page of signposts.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignpostPage {
    #[schema(max_items = 200)]
    items: Vec<SignpostView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    next: Option<String>,
}

/// Which signposts.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SignpostQuery {
    /// Those for the people of this site, and those for everybody.
    site_id: Option<SiteId>,
    /// Those that serve this area, and those that serve everywhere.
    #[validate(length(min = 1, max = 100))]
    #[param(min_length = 1, max_length = 100)]
    area: Option<String>,
    /// Those that are offered in this language, wherever it is spoken; those that say nothing of languages are.
    #[validate(length(max = 35), custom(function = "super::signpost_input::language"))]
    #[param(max_length = 35)]
    language: Option<String>,
    /// Those that help with this concern, or with its whole section.
    #[validate(length(max = 64), custom(function = "super::signpost_input::concern_code"))]
    #[param(max_length = 64)]
    concern: Option<String>,
    /// Only those that should have been checked by now.
    review_overdue: Option<bool>,
    /// Those out of use as well.
    retired: Option<bool>,
    /// How many items at most, 1 to 200.
    #[serde(skip_serializing)]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next` of the page before.
    #[serde(skip_serializing)]
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// List signposts
///
/// Those of the caller's programme that are in use, by site, area, language and concern. `review_overdue` shows what
/// somebody should have checked by now.
#[utoipa::path(
    tag = "signposts", operation_id = "list_signposts", params(SignpostQuery),
    responses((status = 200, description = "A page of signposts.", body = SignpostPage))
)]
#[get("/v1/signposts")]
async fn list_signposts(
    request: HttpRequest,
    permit: Permit<{ Operation::ListSignposts.id() }>,
    query: Query<SignpostQuery>,
) -> Result<HttpResponse, Problem> {
    let wanted = query.into_inner();
    let paging = Paging::new(wanted.limit, wanted.cursor.clone())?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListSignposts.name(), &wanted)?;
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let (mut rows, today) = permit
        .read(move |ctx| {
            let today = ctx.now.date_naive();
            let filter = Filter {
                site: wanted.site_id,
                area: wanted.area,
                language: wanted.language,
                concern: wanted.concern,
                due_before: (wanted.review_overdue == Some(true)).then_some(today),
                with_retired: wanted.retired == Some(true),
            };
            let after = after.map(SignpostId::new);
            Ok((signpost::list(ctx.db, ctx.scope, &filter, after, fetch)?, today))
        })
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let items = rows.into_iter().map(|row| SignpostView::of(row, today)).collect();
    Ok(page::respond(&request, &SignpostPage { items, next: next.clone() }, next.as_deref()))
}

fn unknown(pointer: &'static str, message: &'static str) -> Refusal {
    Problem::new(Code::Invalid).field(pointer, "unknown", message).into()
}

/// That this person works in the caller's programme.
fn require_owner(ctx: &mut Ctx<'_, '_>, owner: PersonId) -> Result<(), Refusal> {
    if person::try_find(ctx.db, ctx.scope, owner)?.is_none() {
        return Err(unknown("/owner_id", "Nobody in this programme has this id."));
    }
    Ok(())
}

/// Add a signpost
///
/// For everybody of the programme, or for the people of one site. Who works at some sites alone adds for those.
#[utoipa::path(
    tag = "signposts", operation_id = "create_signpost", request_body = SignpostCreate,
    responses((status = 201, description = "The signpost is there.", body = SignpostView))
)]
#[post("/v1/signposts")]
async fn create_signpost(
    permit: Permit<{ Operation::CreateSignpost.id() }>,
    body: Json<SignpostCreate>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner();
    permit
        .write(move |ctx| {
            let today = ctx.now.date_naive();
            let id = SignpostId::new(new.id.unwrap_or_else(|| ctx.fresh()));
            if let Some(found) = signpost::try_find(ctx.db, ctx.scope, id)? {
                return ctx
                    .repeated(id.uuid(), |_| Reply::ok(found.version, &SignpostView::of(found, today)));
            }
            let programme = ctx.programme()?;
            let by = ctx.caller.person().ok_or_else(Problem::not_found)?;
            let owner = new.owner_id.unwrap_or(by);
            require_owner(ctx, owner)?;
            if let Some(site) = new.site_id
                && !site::is_in(ctx.db, programme, site)?
            {
                return Err(unknown("/site_id", "There is no such site."));
            }
            if new.id.is_some() {
                ctx.creates(id.uuid())?;
            }
            let row = Signpost {
                id: Key(id),
                programme_id: Key(programme),
                site_id: new.site_id.map(Key),
                area: new.area.as_deref().map(|area| area.trim().to_owned()),
                title: new.title.trim().to_owned(),
                description: new.description.clone(),
                phone: new.phone.clone(),
                url: new.url.clone(),
                address: new.address.clone(),
                opening: new.opening.clone(),
                leaflet: new.leaflet.clone(),
                languages: Document(new.languages.clone()),
                concern_codes: Document(new.concern_codes.clone()),
                owner_id: Key(owner),
                review_due: new.review_due,
                reviewed_at: None,
                reviewed_by: None,
                retired_at: None,
                created_at: At(ctx.now),
                updated_at: At(ctx.now),
                version: 1,
            };
            if !row.is_changed_from(ctx.scope) {
                return Err(unknown("/site_id", "Name one of your own sites."));
            }
            signpost::insert(ctx.db, ctx.scope, &row)?;
            ctx.resource(id.uuid());
            Reply::created(format!("/v1/signposts/{id}"), 1, &SignpostView::of(row, today))
        })
        .await
}

/// Look at a signpost
///
/// With who sees to it, and whether it should have been checked by now.
#[utoipa::path(
    tag = "signposts", operation_id = "get_signpost",
    params(("id" = SignpostId, Path, description = "The signpost.")),
    responses((status = 200, description = "The signpost.", body = SignpostView))
)]
#[get("/v1/signposts/{id}")]
async fn get_signpost(
    permit: Permit<{ Operation::GetSignpost.id() }>,
    path: Path<SignpostId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .show(move |ctx| {
            let row = signpost::find(ctx.db, ctx.scope, id)?;
            Ok((row.version, SignpostView::of(row, ctx.now.date_naive())))
        })
        .await
}

fn keep(ctx: &mut Ctx<'_, '_>, mut row: Signpost) -> Result<Reply, Refusal> {
    row.updated_at = At(ctx.now);
    signpost::save(ctx.db, ctx.scope, &row)?;
    row.version += 1;
    Reply::ok(row.version, &SignpostView::of(row, ctx.now.date_naive()))
}

fn require_in_use(row: &Signpost) -> Result<(), Problem> {
    if row.retired_at.is_none() {
        return Ok(());
    }
    let none: [&str; 0] = [];
    Err(Problem::new(Code::IllegalTransition).detail("This signpost is out of use.").allowed_next(none))
}

/// Change a signpost
///
/// For whom it is stays; everything else can change, and null clears. What stands in plans already stays as it was.
#[utoipa::path(
    tag = "signposts", operation_id = "update_signpost", request_body = SignpostUpdate,
    params(
        ("id" = SignpostId, Path, description = "The signpost."),
        ("If-Match" = String, Header, description = "The version that was read.", max_length = 64)
    ),
    responses((status = 200, description = "The signpost as it is now.", body = SignpostView))
)]
#[patch("/v1/signposts/{id}")]
async fn update_signpost(
    permit: Permit<{ Operation::UpdateSignpost.id() }>,
    path: Path<SignpostId>,
    if_match: IfMatch,
    body: Json<SignpostUpdate>,
) -> Result<HttpResponse, Problem> {
    let (id, change) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let mut row = signpost::find_to_change(ctx.db, ctx.scope, id)?;
            if_match.check(row.version)?;
            require_in_use(&row)?;
            if let Some(owner) = change.owner_id {
                require_owner(ctx, owner)?;
            }
            change.apply(&mut row);
            keep(ctx, row)
        })
        .await
}

/// Record that a signpost was checked
///
/// Somebody made sure that all of it is still right, and says when that is to be done again.
#[utoipa::path(
    tag = "signposts", operation_id = "review_signpost", request_body = SignpostReview,
    params(("id" = SignpostId, Path, description = "The signpost.")),
    responses((status = 200, description = "Checked.", body = SignpostView))
)]
#[post("/v1/signposts/{id}/review")]
async fn review_signpost(
    permit: Permit<{ Operation::ReviewSignpost.id() }>,
    path: Path<SignpostId>,
    body: Json<SignpostReview>,
) -> Result<HttpResponse, Problem> {
    let (id, review) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let mut row = signpost::find_to_change(ctx.db, ctx.scope, id)?;
            require_in_use(&row)?;
            if !checks::is_to_come(review.review_due, ctx.now.date_naive()) {
                let message = "The next check must be to come.";
                return Err(Problem::new(Code::Invalid).field("/review_due", "past", message).into());
            }
            let by = ctx.caller.person().ok_or_else(Problem::not_found)?;
            row.review_due = review.review_due;
            row.reviewed_at = Some(At(ctx.now));
            row.reviewed_by = Some(Key(by));
            keep(ctx, row)
        })
        .await
}

/// Take a signpost out of use
///
/// It is not listed or proposed any more, and no action can name it. What stands in plans already stays.
#[utoipa::path(
    tag = "signposts", operation_id = "retire_signpost",
    params(("id" = SignpostId, Path, description = "The signpost.")),
    responses((status = 200, description = "Out of use.", body = SignpostView))
)]
#[post("/v1/signposts/{id}/retirement")]
async fn retire_signpost(
    permit: Permit<{ Operation::RetireSignpost.id() }>,
    path: Path<SignpostId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .write(move |ctx| {
            let mut row = signpost::find_to_change(ctx.db, ctx.scope, id)?;
            require_in_use(&row)?;
            row.retired_at = Some(At(ctx.now));
            keep(ctx, row)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config
        .service(list_signposts)
        .service(create_signpost)
        .service(get_signpost)
        .service(update_signpost)
        .service(review_signpost)
        .service(retire_signpost);
}
