//! The steps of a care plan from the first talk to its end: discussion, agreement, closure.

use actix_web::{HttpResponse, post};
use alongside_domain::care_plan::{
    AgreementMethod, Channel, ClosureReason, Company, Status, Step, StepRecord, Unfit, may_close,
    open_actions,
};
use alongside_domain::id::{CarePlanId, CarePlanStepId, SignpostId};
use alongside_domain::policy::Operation;
use alongside_store::care_plan::{self, CarePlan};
use alongside_store::care_plan_action::{self, Action};
use alongside_store::care_plan_step;
use alongside_store::types::At;
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::care_plan_actions::signposts_of;
use super::care_plan_view::{CarePlanView, open_concerns};
use super::checks;
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Refusal, Reply, Services};

/// How far ahead a review can be planned, in days: two years.
const FURTHEST_REVIEW: u64 = 731;

/// How it was talked about.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"with": ["participant", "family_friend"], "channel": "in_person"}))]
pub struct CarePlanDiscussion {
    /// Who was part of it; the participant always is.
    #[validate(length(min = 1, max = 8), custom(function = "with_him"))]
    #[schema(min_items = 1, max_items = 8)]
    pub with: Vec<Company>,
    pub channel: Channel,
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

/// How he agreed, and when it is looked at again.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"method": "spoken", "with": ["participant"], "review_on": "2027-01-12"}))]
pub struct CarePlanAgreement {
    /// How he said yes.
    method: AgreementMethod,
    /// Who was there.
    #[validate(length(min = 1, max = 8), custom(function = "with_him"))]
    #[schema(min_items = 1, max_items = 8)]
    with: Vec<Company>,
    /// When it is looked at again, within two years. Actions without a day of their own are due by then.
    review_on: NaiveDate,
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    note: Option<String>,
}

/// Why it ends.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "reason": "no_concerns", "discussion": {"with": ["participant"], "channel": "phone"},
    "note": "Knows that he can ring at any time."
}))]
pub struct CarePlanClosure {
    reason: ClosureReason,
    /// The talk about it, where none is on record yet.
    #[validate(nested)]
    discussion: Option<CarePlanDiscussion>,
    /// Where he was told he can turn to all the same.
    #[serde(default)]
    #[validate(length(max = 20))]
    #[schema(max_items = 20, required = false)]
    signpost_ids: Vec<SignpostId>,
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    note: Option<String>,
}

fn with_him(with: &[Company]) -> Result<(), validator::ValidationError> {
    if with.contains(&Company::Participant) {
        return Ok(());
    }
    let message = "Nothing is decided about him without him: the participant is part of it.";
    Err(validator::ValidationError::new("participant").with_message(message.into()))
}

impl From<&CarePlanDiscussion> for StepRecord {
    fn from(talk: &CarePlanDiscussion) -> Self {
        Self {
            with: talk.with.clone(),
            channel: Some(talk.channel),
            note: talk.note.clone(),
            ..Self::default()
        }
    }
}

/// The plan, and the state to which the step would bring it.
pub(super) fn before(
    ctx: &mut Ctx<'_, '_>,
    id: CarePlanId,
    step: Step,
) -> Result<(CarePlan, Status), Refusal> {
    let plan = care_plan::find(ctx.db, ctx.scope, id)?;
    ctx.about(plan.participant_id.0);
    let next = plan.status.0.after(step)?;
    checks::require_unrestricted(ctx, plan.participant_id.0)?;
    Ok((plan, next))
}

/// Notes a step, by the person who takes it.
pub(super) fn note(
    ctx: &mut Ctx<'_, '_>,
    plan: &CarePlan,
    step: Step,
    record: &StepRecord,
) -> Result<(), Refusal> {
    let by = ctx.caller.person().ok_or_else(Problem::not_found)?;
    let noted = i64::try_from(care_plan_step::list(ctx.db, plan)?.len()).unwrap_or(i64::MAX);
    if noted >= care_plan_step::MAX_STEPS {
        return Err(Problem::new(Code::Conflict).detail("A plan notes at most 200 steps.").into());
    }
    let keys = ctx.keys_of(plan.participant_id.0)?;
    let (id, now) = (CarePlanStepId::new(ctx.fresh()), ctx.now);
    Ok(care_plan_step::add(ctx.db, &keys, plan, id, step, record, by, now)?)
}

/// Brings the plan to its next state and answers with it.
pub(super) fn answer(ctx: &mut Ctx<'_, '_>, plan: CarePlan, next: Status) -> Result<Reply, Refusal> {
    let plan = care_plan::enter(ctx.db, plan, next, ctx.now)?;
    let view = CarePlanView::of(ctx, &plan)?;
    Reply::ok(plan.version, &view)
}

/// That a day for the next review is to come, and not too far.
pub(super) fn require_review_day(
    day: NaiveDate,
    today: NaiveDate,
    pointer: &'static str,
) -> Result<(), Problem> {
    let last = today.checked_add_days(Days::new(FURTHEST_REVIEW)).unwrap_or(today);
    if day >= today && day <= last {
        return Ok(());
    }
    let message = "This must be today or later, and within two years.";
    Err(Problem::new(Code::Invalid).field(pointer, "range", message))
}

/// Record that a care plan was talked about
///
/// With whom and how. The participant is part of every such talk. Possible also where no action was needed, should he
/// want to talk all the same, and more than once.
#[utoipa::path(
    tag = "care-plans", operation_id = "discuss_care_plan", request_body = CarePlanDiscussion,
    params(("id" = CarePlanId, Path, description = "The plan.")),
    responses((status = 200, description = "In discussion.", body = CarePlanView))
)]
#[post("/v1/care-plans/{id}/discussion")]
async fn discuss_care_plan(
    permit: Permit<{ Operation::DiscussCarePlan.id() }>,
    path: Path<CarePlanId>,
    body: Json<CarePlanDiscussion>,
) -> Result<HttpResponse, Problem> {
    let (id, talk) = (path.into_inner(), body.into_inner());
    permit
        .write(move |ctx| {
            let (plan, next) = before(ctx, id, Step::Discussion)?;
            note(ctx, &plan, Step::Discussion, &StepRecord::from(&talk))?;
            answer(ctx, plan, next)
        })
        .await
}

/// What stands in the way of agreement, each with its place.
fn unsettled(ctx: &mut Ctx<'_, '_>, plan: &CarePlan, actions: &[Action]) -> Result<Problem, Refusal> {
    let detail = "Every concern becomes an action that somebody does, or an explicit \"no help wanted\".";
    let mut problem = Problem::new(Code::Invalid).detail(detail);
    for open in open_concerns(ctx, plan, actions)? {
        let message =
            format!("{}: add an action for this concern, or record none_wanted.", open.concern_code);
        problem = problem.field("/actions", "open_concern", message);
    }
    let held: Vec<_> = actions.iter().map(Action::held).collect();
    for index in open_actions(&held) {
        let code = held.get(index).and_then(|held| held.concern_code).unwrap_or("An action of your own");
        let message = format!("{code}: name an owner, or record that nothing is wanted.");
        problem = problem.field(format!("/actions/{index}/owner"), "required", message);
    }
    if actions.is_empty() {
        let message = "There is nothing to agree. Close the plan with the reason no_concerns.";
        problem = problem.field("/actions", "empty", message);
    }
    Ok(problem)
}

/// Agree a care plan
///
/// How the participant said yes, and when the plan is looked at again. Every concern of the assessment, as it is
/// answered now, has an action that somebody does, or an explicit `none_wanted`; otherwise 422 names the concerns and
/// actions that are still open. Actions without a day of their own are due by the day of the review. From now on nothing
/// that was agreed changes: a later wish makes a new version (`.../revision`). The participant's earlier plans that
/// were in force are superseded, the one that this revises among them.
#[utoipa::path(
    tag = "care-plans", operation_id = "agree_care_plan", request_body = CarePlanAgreement,
    params(("id" = CarePlanId, Path, description = "The plan.")),
    responses((status = 200, description = "Agreed.", body = CarePlanView))
)]
#[post("/v1/care-plans/{id}/agreement")]
async fn agree_care_plan(
    permit: Permit<{ Operation::AgreeCarePlan.id() }>,
    path: Path<CarePlanId>,
    body: Json<CarePlanAgreement>,
) -> Result<HttpResponse, Problem> {
    let (id, yes) = (path.into_inner(), body.into_inner());
    permit
        .write(move |ctx| {
            let (mut plan, next) = before(ctx, id, Step::Agreement)?;
            require_review_day(yes.review_on, ctx.now.date_naive(), "/review_on")?;
            let actions = care_plan_action::list(ctx.db, &plan)?;
            let problem = unsettled(ctx, &plan, &actions)?;
            if !problem.errors().is_empty() {
                return Err(problem.into());
            }
            care_plan_action::due_by(ctx.db, &plan, yes.review_on, ctx.now)?;
            let record = StepRecord {
                with: yes.with.clone(),
                method: Some(yes.method),
                review_on: Some(yes.review_on),
                note: yes.note.clone(),
                ..StepRecord::default()
            };
            note(ctx, &plan, Step::Agreement, &record)?;
            care_plan::supersede_earlier(ctx.db, &plan, ctx.now)?;
            plan.review_on = Some(yes.review_on);
            answer(ctx, plan, next)
        })
        .await
}

fn unfit(unfit: Unfit) -> Problem {
    let problem = Problem::new(Code::Invalid);
    match unfit {
        Unfit::SomethingRaised => problem.field(
            "/reason",
            "concerns",
            "There are concerns or actions in this plan: it does not end with no_concerns.",
        ),
        Unfit::NotDiscussed => problem.field(
            "/discussion",
            "required",
            "Nobody has talked with him about it yet: say who did, and how.",
        ),
        Unfit::NotAgreed => {
            problem.field("/reason", "not_agreed", "Nothing was agreed, so nothing can be completed.")
        }
        Unfit::StillToDo(places) => places.into_iter().fold(problem, |problem, place| {
            let message = "This action is still to be done: note what became of it.";
            problem.field(format!("/actions/{place}/progress"), "live", message)
        }),
    }
}

/// Close a care plan
///
/// Nothing in it changes after that. `no_concerns`: nothing was raised, and that was talked about; a good end, with what
/// he was told he can turn to all the same. `completed`: nothing that was agreed is left to do. `declined`: he wants no
/// plan. `ended`: he takes part no longer. 422 where the reason is not true, or where a talk must be on record and is not.
#[utoipa::path(
    tag = "care-plans", operation_id = "close_care_plan", request_body = CarePlanClosure,
    params(("id" = CarePlanId, Path, description = "The plan.")),
    responses((status = 200, description = "Closed.", body = CarePlanView))
)]
#[post("/v1/care-plans/{id}/closure")]
async fn close_care_plan(
    permit: Permit<{ Operation::CloseCarePlan.id() }>,
    path: Path<CarePlanId>,
    body: Json<CarePlanClosure>,
) -> Result<HttpResponse, Problem> {
    let (id, end) = (path.into_inner(), body.into_inner());
    permit
        .write(move |ctx| {
            let (mut plan, next) = before(ctx, id, Step::Closure)?;
            let actions = care_plan_action::list(ctx.db, &plan)?;
            let held: Vec<_> = actions.iter().map(Action::held).collect();
            let concerns = care_plan::concerns_of(ctx.db, ctx.scope, &plan)?;
            let talked = plan.discussed_at.is_some() || end.discussion.is_some();
            may_close(end.reason, plan.status.0, concerns, &held, talked).map_err(unfit)?;
            if let Some(talk) = &end.discussion {
                note(ctx, &plan, Step::Discussion, &StepRecord::from(talk))?;
                plan.discussed_at.get_or_insert(At(ctx.now));
            }
            let record = StepRecord {
                reason: Some(end.reason),
                signposts: signposts_of(ctx, plan.programme_id.0, &end.signpost_ids)?,
                note: end.note.clone(),
                ..StepRecord::default()
            };
            note(ctx, &plan, Step::Closure, &record)?;
            answer(ctx, plan, next)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(discuss_care_plan).service(agree_care_plan).service(close_care_plan);
}
