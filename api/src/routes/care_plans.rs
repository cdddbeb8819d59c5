//! Care plans: which there are, and what is in them.

use actix_web::{HttpRequest, HttpResponse, get};
use alongside_domain::care_plan::Status;
use alongside_domain::id::{AssessmentId, CarePlanId, ParticipantId};
use alongside_domain::policy::Operation;
use alongside_store::care_plan::{self, CarePlan, Filter};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::care_plan_view::CarePlanView;
use crate::http::page::{self, List, Paging};
use crate::http::{Path, Permit, Problem, Query, Services};

/// A plan on a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct CarePlanItem {
    id: CarePlanId,
    participant_id: ParticipantId,
    assessment_id: AssessmentId,
    /// The plan of which this is the next version.
    revises_id: Option<CarePlanId>,
    status: Status,
    /// When it is looked at next.
    review_on: Option<NaiveDate>,
    /// Whether that day has passed while the plan is in force.
    review_overdue: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A page of plans.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"items": [{
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e6f",
    "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70",
    "assessment_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71",
    "revises_id": null,
    "status": "drafted",
    "review_on": null,
    "review_overdue": false,
    "created_at": "2026-11-06T11:20:00Z",
    "updated_at": "2026-11-06T11:20:00Z"
}], "next": null}))]
pub struct CarePlanPage {
    #[schema(max_items = 200)]
    items: Vec<CarePlanItem>,
    #[schema(max_length = 1024)]
    next: Option<String>,
}

/// Which plans are wanted.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CarePlanQuery {
    /// Only those of this participant.
    participant_id: Option<ParticipantId>,
    /// Only those in this state.
    status: Option<Status>,
    /// Only those in force that should have been looked at again by now: the work list of whoever looks after them.
    review_overdue: Option<bool>,
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

impl CarePlanItem {
    fn of(plan: &CarePlan, today: NaiveDate) -> Self {
        Self {
            id: plan.id.0,
            participant_id: plan.participant_id.0,
            assessment_id: plan.assessment_id.0,
            revises_id: plan.revises_id.map(|id| id.0),
            status: plan.status.0,
            review_on: plan.review_on,
            review_overdue: plan.status.0.is_in_force() && plan.review_on.is_some_and(|day| day < today),
            created_at: plan.created_at.0,
            updated_at: plan.updated_at.0,
        }
    }
}

/// List care plans
///
/// Those in the caller's world, the oldest first, without their actions.
#[utoipa::path(
    tag = "care-plans", operation_id = "list_care_plans", params(CarePlanQuery),
    responses((status = 200, description = "A page of plans.", body = CarePlanPage))
)]
#[get("/v1/care-plans")]
async fn list_care_plans(
    request: HttpRequest,
    permit: Permit<{ Operation::ListCarePlans.id() }>,
    query: Query<CarePlanQuery>,
) -> Result<HttpResponse, Problem> {
    let CarePlanQuery { participant_id, status, review_overdue, limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let filter = (participant_id, status, review_overdue);
    let list = List::new(permit.caller().actor_id(), Operation::ListCarePlans.name(), &filter)?;
    let cursors = permit.cursors();
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = i64::from(paging.fetch());
    let shown = usize::try_from(paging.limit()).unwrap_or(usize::MAX);
    let (mut rows, today) = permit
        .read(move |ctx| {
            let today = ctx.now.date_naive();
            let review_before = (review_overdue == Some(true)).then_some(today);
            let filter = Filter { participant: participant_id, status, review_before };
            let rows = care_plan::list(ctx.db, ctx.scope, filter, after, fetch)?;
            ctx.lists(rows.iter().take(shown).map(|row| row.participant_id.0));
            Ok((rows, today))
        })
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let items = rows.iter().map(|row| CarePlanItem::of(row, today)).collect();
    Ok(page::respond(&request, &CarePlanPage { items, next: next.clone() }, next.as_deref()))
}

/// Get a care plan
///
/// With its actions, the concerns that are still open, what was noted of its steps, and the copies that went out. A plan
/// without any concern says `none_needed`: a good end.
#[utoipa::path(
    tag = "care-plans", operation_id = "get_care_plan",
    params(("id" = CarePlanId, Path, description = "The plan.")),
    responses((status = 200, description = "The plan.", body = CarePlanView))
)]
#[get("/v1/care-plans/{id}")]
async fn get_care_plan(
    permit: Permit<{ Operation::GetCarePlan.id() }>,
    path: Path<CarePlanId>,
) -> Result<HttpResponse, Problem> {
    let id = path.into_inner();
    permit
        .show(move |ctx| {
            let plan = care_plan::find(ctx.db, ctx.scope, id)?;
            ctx.about(plan.participant_id.0);
            Ok((plan.version, CarePlanView::of(ctx, &plan)?))
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(list_care_plans).service(get_care_plan);
}
