//! A care plan as it is shown: its actions, what was noted of its steps, and the copies that went out.

use alongside_domain::care_plan::{
    self as rules, AgreementMethod, Channel, ClosureReason, Company, CopyFormat, CopyRecipient, Delivery,
    Reviewed, Status, Step, StepRecord,
};
use alongside_domain::id::{AssessmentId, CarePlanActionId, CarePlanId, ParticipantId, PersonId};
use alongside_store::care_plan::CarePlan;
use alongside_store::care_plan_action::{self, Action};
use alongside_store::care_plan_copy::{self, PlanCopy};
use alongside_store::care_plan_step::{self, PlanStep};
use alongside_store::sealing::RecordKeys;
use alongside_store::{StoreError, assessment};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::care_plan_actions::{CarePlanActionView, CarePlanSignpost};
use crate::http::{Ctx, Refusal};

/// A copy that went out.
#[derive(Debug, Serialize, ToSchema)]
pub struct CarePlanCopy {
    recipient: CopyRecipient,
    /// Who it went to, by name.
    #[schema(max_length = 200)]
    recipient_name: Option<String>,
    format: CopyFormat,
    delivery: Delivery,
    /// He said yes to this reader.
    participant_agreed: bool,
    sent_by: PersonId,
    sent_at: DateTime<Utc>,
}

/// What a review found about one action.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CarePlanActionReview {
    pub action_id: CarePlanActionId,
    pub outcome: Reviewed,
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

/// What was noted of one step of a plan. Nothing of it is ever changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct CarePlanHistory {
    step: Step,
    done_by: PersonId,
    done_at: DateTime<Utc>,
    /// With whom.
    #[schema(max_items = 8)]
    with: Vec<Company>,
    channel: Option<Channel>,
    /// How he agreed.
    method: Option<AgreementMethod>,
    /// Why it was closed.
    reason: Option<ClosureReason>,
    /// When it was to be looked at again.
    review_on: Option<NaiveDate>,
    #[schema(max_items = 200)]
    outcomes: Vec<CarePlanActionReview>,
    /// Where he was told he can turn to.
    #[schema(max_items = 20)]
    signposts: Vec<CarePlanSignpost>,
    #[schema(max_length = 2000)]
    note: Option<String>,
}

/// A plan with its actions, in the order of the concerns, its steps and its copies.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e6f",
    "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70",
    "assessment_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71",
    "revises_id": null,
    "status": "agreed",
    "open_concerns": [],
    "actions": [{
        "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e75", "version": 1, "concern_code": "URI.leakage",
        "action": "refer", "owner": "clinician", "title": "Leaking urine", "own_words": "At night, mostly",
        "goal": null, "signposts": [], "due_on": "2026-12-04", "progress": "planned", "outcome": null,
        "private": false, "updated_at": "2026-11-06T11:20:00Z"
    }],
    "history": [{
        "step": "agreement", "done_by": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e76", "done_at": "2026-11-10T09:40:00Z",
        "with": ["participant"], "channel": null, "method": "spoken", "reason": null, "review_on": "2027-01-12",
        "outcomes": [], "signposts": [], "note": null
    }],
    "copies": [],
    "review_on": "2027-01-12",
    "created_at": "2026-11-06T11:20:00Z",
    "updated_at": "2026-11-10T09:40:00Z",
    "discussed_at": "2026-11-10T09:10:00Z",
    "agreed_at": "2026-11-10T09:40:00Z",
    "reviewed_at": null,
    "closed_at": null
}))]
pub struct CarePlanView {
    id: CarePlanId,
    participant_id: ParticipantId,
    assessment_id: AssessmentId,
    /// The plan of which this is the next version.
    revises_id: Option<CarePlanId>,
    status: Status,
    /// The concerns of the assessment that have become neither an action nor a "no help wanted" yet.
    #[schema(max_items = 200)]
    open_concerns: Vec<OpenConcern>,
    #[schema(max_items = 200)]
    actions: Vec<CarePlanActionView>,
    /// Who talked about it, agreed it, looked at it again and closed it, and with whom.
    #[schema(max_items = 200)]
    history: Vec<CarePlanHistory>,
    /// Every copy that went out, to whom and how.
    #[schema(max_items = 200)]
    copies: Vec<CarePlanCopy>,
    /// When it is looked at next.
    review_on: Option<NaiveDate>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    discussed_at: Option<DateTime<Utc>>,
    agreed_at: Option<DateTime<Utc>>,
    reviewed_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
}

/// A concern that nothing is said of in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OpenConcern {
    /// As the assessment has it.
    #[schema(max_length = 64, example = "URI.leakage")]
    pub concern_code: String,
}

impl CarePlanCopy {
    fn of(copy: &PlanCopy, keys: &RecordKeys) -> Result<Self, StoreError> {
        let detail = copy.detail(keys)?;
        Ok(Self {
            recipient: copy.recipient.0,
            recipient_name: detail.recipient_name,
            format: copy.format.0,
            delivery: copy.delivery.0,
            participant_agreed: detail.participant_agreed,
            sent_by: copy.sent_by.0,
            sent_at: copy.sent_at.0,
        })
    }
}

impl CarePlanHistory {
    fn of(row: &PlanStep, keys: &RecordKeys) -> Result<Self, StoreError> {
        let StepRecord { with, channel, method, reason, review_on, outcomes, signposts, note } =
            row.record(keys)?;
        let outcomes = outcomes.into_iter().map(|review| CarePlanActionReview {
            action_id: review.action_id,
            outcome: review.outcome,
            note: review.note,
        });
        Ok(Self {
            step: row.step.0,
            done_by: row.done_by.0,
            done_at: row.done_at.0,
            with,
            channel,
            method,
            reason,
            review_on,
            outcomes: outcomes.collect(),
            signposts: signposts.into_iter().map(CarePlanSignpost::from).collect(),
            note,
        })
    }
}

impl CarePlanView {
    /// # Errors
    /// What the database says, or when something sealed does not open.
    pub fn of(ctx: &mut Ctx<'_, '_>, plan: &CarePlan) -> Result<Self, Refusal> {
        let keys = ctx.keys_of(plan.participant_id.0)?;
        let rows = care_plan_action::list(ctx.db, plan)?;
        let open_concerns = open_concerns(ctx, plan, &rows)?;
        let actions = rows.iter().map(|row| CarePlanActionView::of(row, &keys)).collect::<Result<_, _>>()?;
        let copies = care_plan_copy::list(ctx.db, plan)?;
        let copies = copies.iter().map(|copy| CarePlanCopy::of(copy, &keys)).collect::<Result<_, _>>()?;
        let steps = care_plan_step::list(ctx.db, plan)?;
        let history = steps.iter().map(|step| CarePlanHistory::of(step, &keys)).collect::<Result<_, _>>()?;
        Ok(Self {
            id: plan.id.0,
            participant_id: plan.participant_id.0,
            assessment_id: plan.assessment_id.0,
            revises_id: plan.revises_id.map(|id| id.0),
            status: plan.status.0,
            open_concerns,
            actions,
            history,
            copies,
            review_on: plan.review_on,
            created_at: plan.created_at.0,
            updated_at: plan.updated_at.0,
            discussed_at: plan.discussed_at.map(|at| at.0),
            agreed_at: plan.agreed_at.map(|at| at.0),
            reviewed_at: plan.reviewed_at.map(|at| at.0),
            closed_at: plan.closed_at.map(|at| at.0),
        })
    }
}

/// The concerns of the newest answers that neither this plan nor one it revises says anything of. Nothing is open in a
/// plan that is at its end.
///
/// # Errors
/// What the database says.
pub fn open_concerns(
    ctx: &mut Ctx<'_, '_>,
    plan: &CarePlan,
    actions: &[Action],
) -> Result<Vec<OpenConcern>, Refusal> {
    if plan.status.0.require_open().is_err() {
        return Ok(Vec::new());
    }
    let answers = assessment::find(ctx.db, ctx.scope, plan.assessment_id.0)?;
    let Some(concerns) = answers.concerns else { return Ok(Vec::new()) };
    let before = care_plan_action::of_earlier_versions(ctx.db, plan)?;
    let held: Vec<_> = actions.iter().chain(&before).map(Action::held).collect();
    let open = rules::open_concerns(concerns.0.iter().map(|concern| concern.code.as_str()), &held);
    Ok(open.into_iter().map(|code| OpenConcern { concern_code: code.to_owned() }).collect())
}
