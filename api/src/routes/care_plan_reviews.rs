//! Looking at a care plan again, and its next version: what was agreed is never rewritten.

use actix_web::{HttpResponse, post};
use alongside_domain::care_plan::{
    ActionContent, ActionDraft, ActionReview, Channel, Company, Step, StepRecord, Unreviewed,
    needs_next_review, unreviewed,
};
use alongside_domain::id::{CarePlanActionId, CarePlanId};
use alongside_domain::policy::Operation;
use alongside_store::care_plan_action;
use alongside_store::types::At;
use alongside_store::{StoreError, care_plan};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::care_plan_steps::{answer, before, note, require_review_day};
use super::care_plan_view::{CarePlanActionReview, CarePlanView};
use crate::http::{Code, Json, Path, Permit, Problem, Reply, Services};

/// What a review finds.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "with": ["participant"], "channel": "phone",
    "outcomes": [{"action_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e75", "outcome": "continuing",
        "note": "First appointment is on 3 February."}],
    "next_review_on": "2027-03-01"
}))]
pub struct CarePlanReview {
    /// Who was part of it.
    #[validate(length(min = 1, max = 8))]
    #[schema(min_items = 1, max_items = 8)]
    with: Vec<Company>,
    channel: Channel,
    /// One for each action that is still to be done.
    #[validate(length(max = 200), nested)]
    #[schema(max_items = 200)]
    outcomes: Vec<CarePlanActionReview>,
    /// When it is looked at next, within two years; needed while anything goes on.
    next_review_on: Option<NaiveDate>,
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    note: Option<String>,
}

impl CarePlanReview {
    fn outcomes(&self) -> Vec<ActionReview> {
        let all = self.outcomes.iter().map(|review| ActionReview {
            action_id: review.action_id,
            outcome: review.outcome,
            note: review.note.clone(),
        });
        all.collect()
    }
}

fn misfits(found: &[Unreviewed]) -> Problem {
    found.iter().fold(Problem::new(Code::Invalid), |problem, misfit| match misfit {
        Unreviewed::Missing(place, id) => {
            let message = format!("What became of action {} of the plan ({id})?", place + 1);
            problem.field("/outcomes", "missing", message)
        }
        Unreviewed::Unknown(place) => {
            let message = "This plan has no such action.";
            problem.field(format!("/outcomes/{place}/action_id"), "unknown", message)
        }
        Unreviewed::Twice(place) => {
            let message = "There is another outcome of this action.";
            problem.field(format!("/outcomes/{place}/action_id"), "duplicate", message)
        }
    })
}

/// Review a care plan
///
/// What became of each action that is still to be done, and when the plan is looked at next. What is found is kept for
/// good in the plan's history, and moves the progress of its actions. Where something else is wanted (`changed`), the
/// next version of the plan says what (`.../revision`).
#[utoipa::path(
    tag = "care-plans", operation_id = "review_care_plan", request_body = CarePlanReview,
    params(("id" = CarePlanId, Path, description = "The plan.")),
    responses((status = 200, description = "Reviewed.", body = CarePlanView))
)]
#[post("/v1/care-plans/{id}/review")]
async fn review_care_plan(
    permit: Permit<{ Operation::ReviewCarePlan.id() }>,
    path: Path<CarePlanId>,
    body: Json<CarePlanReview>,
) -> Result<HttpResponse, Problem> {
    let (id, review) = (path.into_inner(), body.into_inner());
    permit
        .write(move |ctx| {
            let (mut plan, next) = before(ctx, id, Step::Review)?;
            let actions = care_plan_action::list(ctx.db, &plan)?;
            let known: Vec<_> = actions.iter().map(|action| (action.id.0, action.held().is_live())).collect();
            let outcomes = review.outcomes();
            let wrong = unreviewed(&known, &outcomes);
            if !wrong.is_empty() {
                return Err(misfits(&wrong).into());
            }
            match review.next_review_on {
                Some(day) => require_review_day(day, ctx.now.date_naive(), "/next_review_on")?,
                None if needs_next_review(&outcomes) => {
                    let message = "Something goes on: say when it is looked at next.";
                    let problem = Problem::new(Code::Invalid);
                    return Err(problem.field("/next_review_on", "required", message).into());
                }
                None => {}
            }
            for outcome in &outcomes {
                let found = actions.iter().find(|action| action.id.0 == outcome.action_id);
                let action = found.ok_or(StoreError::NotFound)?;
                let progress = outcome.outcome.progress(action.status.0);
                care_plan_action::progress(ctx.db, action, progress, ctx.now)?;
            }
            let record = StepRecord {
                with: review.with.clone(),
                channel: Some(review.channel),
                review_on: review.next_review_on,
                outcomes,
                note: review.note.clone(),
                ..StepRecord::default()
            };
            note(ctx, &plan, Step::Review, &record)?;
            plan.review_on = review.next_review_on;
            plan.reviewed_at = Some(At(ctx.now));
            answer(ctx, plan, next)
        })
        .await
}

/// Begin the next version of a care plan
///
/// A new draft with everything that is still to be done, and what he wants no help with. It is talked about and agreed
/// like any other; until then the plan in force stays in force, and afterwards it stays readable as it was agreed. One
/// at a time: 409 while another is open.
#[utoipa::path(
    tag = "care-plans", operation_id = "revise_care_plan",
    params(("id" = CarePlanId, Path, description = "The plan in force.")),
    responses((status = 201, description = "The next version, as a draft.", body = CarePlanView))
)]
#[post("/v1/care-plans/{id}/revision")]
async fn revise_care_plan(
    permit: Permit<{ Operation::ReviseCarePlan.id() }>,
    path: Path<CarePlanId>,
) -> Result<HttpResponse, Problem> {
    let id = path.into_inner();
    permit
        .write(move |ctx| {
            let plan = care_plan::find(ctx.db, ctx.scope, id)?;
            ctx.about(plan.participant_id.0);
            plan.status.0.require_in_force()?;
            if care_plan::is_being_revised(ctx.db, &plan)? {
                let detail = "The next version of this plan has been begun already.";
                return Err(Problem::new(Code::Conflict).detail(detail).into());
            }
            let ring = ctx.ring();
            let mut drafts = Vec::new();
            for action in care_plan_action::list(ctx.db, &plan)? {
                if !action.status.0.is_live() {
                    continue;
                }
                let content = ActionContent { outcome: None, ..action.content(&ring)? };
                let draft = ActionDraft {
                    concern_code: action.concern_code,
                    action: action.action.0,
                    owner: action.owner.0,
                    content,
                };
                drafts.push((CarePlanActionId::new(ctx.fresh()), draft, action.due_on));
            }
            let (next_id, now) = (CarePlanId::new(ctx.fresh()), ctx.now);
            let next = care_plan::revise(ctx.db, &ring, &plan, next_id, &drafts, now)?;
            ctx.resource(next_id.uuid());
            let view = CarePlanView::of(ctx, &next)?;
            Reply::created(format!("/v1/care-plans/{next_id}"), next.version, &view)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(review_care_plan).service(revise_care_plan);
}
