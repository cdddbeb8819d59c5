//! Care plans: from the draft that an assessment makes to a copy in the participant's hands.

use actix_web::{HttpRequest, HttpResponse, get, post};
use alongside_domain::care_plan::{CopyFormat, CopyRecipient, Status, Step, is_settled, may_share};
use alongside_domain::id::{AssessmentId, CarePlanId, ParticipantId, PersonId};
use alongside_domain::policy::Operation;
use alongside_store::care_plan::{self, CarePlan, MAX_COPIES, PlanCopy};
use alongside_store::care_plan_action;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::care_plan_actions::CarePlanActionView;
use crate::http::page::{self, List, Paging};
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Query, Refusal, Reply, Services};

/// A copy that went out, or goes out now.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"recipient": "participant", "format": "large_print"}))]
pub struct CarePlanSharing {
    recipient: CopyRecipient,
    format: CopyFormat,
}

/// A copy that went out.
#[derive(Debug, Serialize, ToSchema)]
pub struct CarePlanCopy {
    recipient: CopyRecipient,
    format: CopyFormat,
    sent_by: PersonId,
    sent_at: DateTime<Utc>,
}

/// A plan with its actions, in the order of the concerns, and its copies.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e6f",
    "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70",
    "assessment_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71",
    "status": "agreed",
    "actions": [{
        "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e75", "version": 1, "concern_code": "URI.leakage",
        "action": "refer", "owner": "clinician", "title": "Leaking urine", "own_words": "At night, mostly",
        "goal": null, "signposts": [], "due_on": "2026-12-04", "progress": "planned", "outcome": null,
        "private": false, "updated_at": "2026-11-06T11:20:00Z"
    }],
    "copies": [],
    "created_at": "2026-11-06T11:20:00Z",
    "updated_at": "2026-11-10T09:40:00Z",
    "discussed_at": "2026-11-10T09:10:00Z",
    "agreed_at": "2026-11-10T09:40:00Z",
    "closed_at": null
}))]
pub struct CarePlanView {
    id: CarePlanId,
    participant_id: ParticipantId,
    assessment_id: AssessmentId,
    status: Status,
    #[schema(max_items = 200)]
    actions: Vec<CarePlanActionView>,
    /// Every copy that went out, to whom and how.
    #[schema(max_items = 200)]
    copies: Vec<CarePlanCopy>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    discussed_at: Option<DateTime<Utc>>,
    agreed_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
}

/// A plan on a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct CarePlanItem {
    id: CarePlanId,
    participant_id: ParticipantId,
    assessment_id: AssessmentId,
    status: Status,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A page of plans.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"items": [{
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e6f",
    "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70",
    "assessment_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71",
    "status": "drafted",
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
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

impl From<&CarePlan> for CarePlanItem {
    fn from(plan: &CarePlan) -> Self {
        Self {
            id: plan.id.0,
            participant_id: plan.participant_id.0,
            assessment_id: plan.assessment_id.0,
            status: plan.status.0,
            created_at: plan.created_at.0,
            updated_at: plan.updated_at.0,
        }
    }
}

impl From<PlanCopy> for CarePlanCopy {
    fn from(copy: PlanCopy) -> Self {
        Self {
            recipient: copy.recipient.0,
            format: copy.format.0,
            sent_by: copy.sent_by.0,
            sent_at: copy.sent_at.0,
        }
    }
}

impl CarePlanView {
    fn of(ctx: &mut Ctx<'_, '_>, plan: &CarePlan) -> Result<Self, Refusal> {
        let ring = ctx.ring();
        let actions = care_plan_action::list(ctx.db, plan)?;
        let actions =
            actions.iter().map(|row| CarePlanActionView::of(row, &ring)).collect::<Result<_, _>>()?;
        let copies = care_plan::copies(ctx.db, plan)?.into_iter().map(CarePlanCopy::from).collect();
        Ok(Self {
            id: plan.id.0,
            participant_id: plan.participant_id.0,
            assessment_id: plan.assessment_id.0,
            status: plan.status.0,
            actions,
            copies,
            created_at: plan.created_at.0,
            updated_at: plan.updated_at.0,
            discussed_at: plan.discussed_at.map(|at| at.0),
            agreed_at: plan.agreed_at.map(|at| at.0),
            closed_at: plan.closed_at.map(|at| at.0),
        })
    }
}

/// The plan, and the state to which the step would bring it.
fn before(ctx: &mut Ctx<'_, '_>, id: CarePlanId, step: Step) -> Result<(CarePlan, Status), Refusal> {
    let plan = care_plan::find(ctx.db, ctx.scope, id)?;
    ctx.about(plan.participant_id.0);
    let next = plan.status.0.after(step)?;
    Ok((plan, next))
}

fn answer(ctx: &mut Ctx<'_, '_>, plan: CarePlan, next: Status) -> Result<Reply, Refusal> {
    let plan = care_plan::enter(ctx.db, plan, next, ctx.now)?;
    let view = CarePlanView::of(ctx, &plan)?;
    Reply::ok(plan.version, &view)
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
    let CarePlanQuery { participant_id, status, limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let filter = (participant_id, status);
    let list = List::new(permit.caller().actor_id(), Operation::ListCarePlans.name(), &filter)?;
    let cursors = permit.cursors();
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = i64::from(paging.fetch());
    let shown = usize::try_from(paging.limit()).unwrap_or(usize::MAX);
    let mut rows = permit
        .read(move |ctx| {
            let rows = care_plan::list(ctx.db, ctx.scope, participant_id, status, after, fetch)?;
            ctx.lists(rows.iter().take(shown).map(|row| row.participant_id.0));
            Ok(rows)
        })
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let items = rows.iter().map(CarePlanItem::from).collect();
    Ok(page::respond(&request, &CarePlanPage { items, next: next.clone() }, next.as_deref()))
}

/// Get a care plan
///
/// With its actions and the copies that went out. A plan without any concern says `none_needed`: a good end.
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

/// Begin to talk about a care plan
///
/// The participant and the clinician go through it together. Possible also where no action was needed, should he want
/// to talk all the same.
#[utoipa::path(
    tag = "care-plans", operation_id = "discuss_care_plan",
    params(("id" = CarePlanId, Path, description = "The plan.")),
    responses((status = 200, description = "In discussion.", body = CarePlanView))
)]
#[post("/v1/care-plans/{id}/discussion")]
async fn discuss_care_plan(
    permit: Permit<{ Operation::DiscussCarePlan.id() }>,
    path: Path<CarePlanId>,
) -> Result<HttpResponse, Problem> {
    let id = path.into_inner();
    permit
        .write(move |ctx| {
            let (plan, next) = before(ctx, id, Step::Discussion)?;
            answer(ctx, plan, next)
        })
        .await
}

/// Agree a care plan
///
/// Every action has somebody who does it, or says that nothing is wanted; otherwise 422 names those that do not. The
/// participant's earlier plans that were in force are superseded.
#[utoipa::path(
    tag = "care-plans", operation_id = "agree_care_plan",
    params(("id" = CarePlanId, Path, description = "The plan.")),
    responses((status = 200, description = "Agreed.", body = CarePlanView))
)]
#[post("/v1/care-plans/{id}/agreement")]
async fn agree_care_plan(
    permit: Permit<{ Operation::AgreeCarePlan.id() }>,
    path: Path<CarePlanId>,
) -> Result<HttpResponse, Problem> {
    let id = path.into_inner();
    permit
        .write(move |ctx| {
            let (plan, next) = before(ctx, id, Step::Agreement)?;
            let mut problem =
                Problem::new(Code::Invalid).detail("Not every action has somebody who does it.");
            for (index, action) in care_plan_action::list(ctx.db, &plan)?.iter().enumerate() {
                if !is_settled(action.action.0, action.owner.0) {
                    let message = "Name an owner, or record that nothing is wanted.";
                    problem = problem.field(format!("/actions/{index}/owner"), "required", message);
                }
            }
            if !problem.errors().is_empty() {
                return Err(problem.into());
            }
            care_plan::supersede_earlier(ctx.db, &plan, ctx.now)?;
            answer(ctx, plan, next)
        })
        .await
}

/// Share a care plan
///
/// Notes a copy that goes out; a plan may be shared more than once. Who has no internet gets his own copy on paper
/// (`print`, `large_print` or `post`) before any copy goes out electronically: otherwise 422.
#[utoipa::path(
    tag = "care-plans", operation_id = "share_care_plan", request_body = CarePlanSharing,
    params(("id" = CarePlanId, Path, description = "The plan.")),
    responses((status = 200, description = "Shared.", body = CarePlanView))
)]
#[post("/v1/care-plans/{id}/sharing")]
async fn share_care_plan(
    permit: Permit<{ Operation::ShareCarePlan.id() }>,
    path: Path<CarePlanId>,
    body: Json<CarePlanSharing>,
) -> Result<HttpResponse, Problem> {
    let (id, sharing) = (path.into_inner(), body.into_inner());
    permit
        .write(move |ctx| {
            let (plan, next) = before(ctx, id, Step::Sharing)?;
            let by = ctx.caller.person().ok_or_else(Problem::not_found)?;
            let copies = care_plan::copies(ctx.db, &plan)?;
            let has_paper = copies
                .iter()
                .any(|copy| copy.recipient.0 == CopyRecipient::Participant && copy.format.0.is_paper());
            let offline = care_plan::is_offline(ctx.db, plan.participant_id.0)?;
            if !may_share(offline, has_paper, sharing.format) {
                let message = "This participant has no internet: first give him a copy on paper.";
                return Err(Problem::new(Code::Invalid).field("/format", "paper_first", message).into());
            }
            if i64::try_from(copies.len()).unwrap_or(i64::MAX) >= MAX_COPIES {
                return Err(Problem::new(Code::Conflict).detail("A plan notes at most 200 copies.").into());
            }
            let (copy, now) = (ctx.fresh(), ctx.now);
            care_plan::add_copy(ctx.db, &plan, copy, sharing.recipient, sharing.format, by, now)?;
            answer(ctx, plan, next)
        })
        .await
}

/// Close a care plan
///
/// What was to be done is done, or not wanted any more. Nothing in it changes after that.
#[utoipa::path(
    tag = "care-plans", operation_id = "close_care_plan",
    params(("id" = CarePlanId, Path, description = "The plan.")),
    responses((status = 200, description = "Closed.", body = CarePlanView))
)]
#[post("/v1/care-plans/{id}/closure")]
async fn close_care_plan(
    permit: Permit<{ Operation::CloseCarePlan.id() }>,
    path: Path<CarePlanId>,
) -> Result<HttpResponse, Problem> {
    let id = path.into_inner();
    permit
        .write(move |ctx| {
            let (plan, next) = before(ctx, id, Step::Closure)?;
            answer(ctx, plan, next)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config
        .service(list_care_plans)
        .service(get_care_plan)
        .service(discuss_care_plan)
        .service(agree_care_plan)
        .service(share_care_plan)
        .service(close_care_plan);
}
