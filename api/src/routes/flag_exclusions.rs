//! From whom a safeguarding flag is hidden.

use actix_web::{HttpRequest, HttpResponse, get, post};
use alongside_domain::id::{FlagId, PersonId};
use alongside_domain::policy::Operation;
use alongside_store::flag_exclusion::{self, Exclusion};
use alongside_store::sealing::RecordKeys;
use alongside_store::{flag, flag_audience};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::flags::reader;
use crate::http::page::{self, List, Paging};
use crate::http::{Code, Json, Path, Permit, Problem, Query, Refusal, Reply, Services};

/// Who must not see a flag, and why.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "person_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e74",
    "reason": "Lives in the same house as the alleged person."
}))]
pub struct FlagExclusionCreate {
    person_id: PersonId,
    #[validate(length(min = 1, max = 1000))]
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Somebody for whom the flag does not exist.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "person_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e74",
    "reason": "Lives in the same house as the alleged person.",
    "added_by": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e73",
    "added_at": "2026-11-06T15:30:00Z"
}))]
pub struct FlagExclusionView {
    person_id: PersonId,
    #[schema(max_length = 1000)]
    reason: String,
    /// The person, or the service client, who added it: who named him in the report, or a safeguarding lead.
    added_by: Uuid,
    added_at: DateTime<Utc>,
}

/// A page of exclusions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"items": [{
    "person_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e74",
    "reason": "Named in the report.",
    "added_by": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e72",
    "added_at": "2026-11-06T14:31:07Z"
}], "next": null}))]
pub struct FlagExclusionPage {
    #[schema(max_items = 200)]
    items: Vec<FlagExclusionView>,
    #[schema(max_length = 1024)]
    next: Option<String>,
}

/// Which page.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FlagExclusionQuery {
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

impl FlagExclusionView {
    fn of(exclusion: &Exclusion, keys: &RecordKeys) -> Result<Self, Refusal> {
        Ok(Self {
            person_id: exclusion.person_id.0,
            reason: exclusion.reason(keys)?,
            added_by: exclusion.added_by.0.uuid(),
            added_at: exclusion.added_at.0,
        })
    }
}

/// List from whom a flag is hidden
///
/// Those named in the report and those whom a safeguarding lead added.
#[utoipa::path(
    tag = "flags", operation_id = "list_flag_exclusions",
    params(("id" = FlagId, Path, description = "The flag."), FlagExclusionQuery),
    responses((status = 200, description = "A page of exclusions.", body = FlagExclusionPage))
)]
#[get("/v1/flags/{id}/exclusions")]
async fn list_flag_exclusions(
    request: HttpRequest,
    permit: Permit<{ Operation::ListFlagExclusions.id() }>,
    path: Path<FlagId>,
    query: Query<FlagExclusionQuery>,
) -> Result<HttpResponse, Problem> {
    let id = path.into_inner();
    let FlagExclusionQuery { limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let list = List::new(permit.caller().actor_id(), Operation::ListFlagExclusions.name(), &id)?;
    let cursors = permit.cursors();
    let after: Option<PersonId> = paging.after(&cursors, &list)?;
    let fetch = i64::from(paging.fetch());
    let mut items = permit
        .read(move |ctx| {
            ctx.under_flag(id);
            let found = flag::find(ctx.db, ctx.scope, id)?;
            let keys = ctx.keys_of_flag(&found)?;
            let exclusions = flag_exclusion::list(ctx.db, ctx.scope, id, after, fetch)?;
            exclusions.iter().map(|row| FlagExclusionView::of(row, &keys)).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    let next = paging.cut(&mut items, &cursors, &list, |row| row.person_id)?;
    Ok(page::respond(&request, &FlagExclusionPage { items, next: next.clone() }, next.as_deref()))
}

/// Hide a flag from a person
///
/// From this moment it does not exist for that person: not in lists, not by its id, not its receipt, not in the audit
/// log. It is never undone. A lead may exclude himself. Where
/// that leaves no lead, the flag goes to who stands in: privacy officer, trial manager, supervisor. The last person who
/// could act on it at all stays.
#[utoipa::path(
    tag = "flags", operation_id = "add_flag_exclusion", request_body = FlagExclusionCreate,
    params(("id" = FlagId, Path, description = "The flag.")),
    responses((status = 201, description = "Hidden.", body = FlagExclusionView))
)]
#[post("/v1/flags/{id}/exclusions")]
async fn add_flag_exclusion(
    permit: Permit<{ Operation::AddFlagExclusion.id() }>,
    path: Path<FlagId>,
    body: Json<FlagExclusionCreate>,
) -> Result<HttpResponse, Problem> {
    let (id, new) = (path.into_inner(), body.into_inner());
    permit
        .write(move |ctx| {
            ctx.under_flag(id);
            let found = flag::find(ctx.db, ctx.scope, id)?;
            let by = reader(ctx.caller)?;
            if !flag::knows_person(ctx.db, found.programme_id.0, new.person_id)? {
                let message = "There is no such person in this programme.";
                return Err(Problem::new(Code::Invalid).field("/person_id", "unknown", message).into());
            }
            if flag_audience::is_last(ctx.db, id, new.person_id)? {
                let detail =
                    "Nobody could act on this flag any more. Have the role of safeguarding lead given to another person first.";
                return Err(Problem::new(Code::Conflict).detail(detail).into());
            }
            let keys = ctx.keys_of_flag(&found)?;
            let added = flag_exclusion::add(ctx.db, &keys, &found, new.person_id, &new.reason, by, ctx.now)?;
            let view = FlagExclusionView::of(&added, &keys)?;
            Reply::created_plain(format!("/v1/flags/{id}/exclusions"), &view)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(list_flag_exclusions).service(add_flag_exclusion);
}
