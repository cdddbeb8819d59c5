//! What is done about each concern of a care plan, and by whom.

use actix_web::{HttpResponse, patch, post};
use alongside_domain::care_plan::{
    ActionContent, ActionDraft, ActionKind, ActionOwner, ActionProgress, MAX_ACTIONS, MAX_SIGNPOSTS, Signpost,
};
use alongside_domain::id::{CarePlanActionId, CarePlanId, ProgrammeId, SignpostId};
use alongside_domain::policy::Operation;
use alongside_store::care_plan_action::{self, Action};
use alongside_store::sealing::RecordKeys;
use alongside_store::{care_plan, signpost};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::checks;
use crate::http::etag::IfMatch;
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Refusal, Reply, Services, patch as merge};

/// Where to turn to.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CarePlanSignpost {
    /// The signpost of the programme it was taken from; as it was then.
    id: Option<SignpostId>,
    #[validate(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    #[validate(length(max = 50))]
    #[schema(max_length = 50)]
    phone: Option<String>,
    #[validate(length(max = 2048))]
    #[schema(max_length = 2048)]
    url: Option<String>,
    #[validate(length(max = 1000))]
    #[schema(max_length = 1000)]
    note: String,
}

/// A further action.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "concern_code": "URI.leakage",
    "action": "refer",
    "owner": "clinician",
    "title": "Pelvic floor physiotherapy",
    "goal": "Walk the dog without looking for toilets",
    "due_on": "2026-12-04"
}))]
pub struct CarePlanActionCreate {
    /// Chosen by the client before it sends, so that a repeat is recognised. UUIDv7.
    id: Option<Uuid>,
    /// The concern it answers, as the assessment has it.
    #[validate(length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64)]
    concern_code: Option<String>,
    action: ActionKind,
    owner: ActionOwner,
    #[validate(length(min = 1, max = 300))]
    #[schema(min_length = 1, max_length = 300)]
    title: String,
    /// How the participant put it.
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    own_words: Option<String>,
    /// What he wants to be different.
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    goal: Option<String>,
    #[serde(default)]
    #[validate(length(max = 20), nested)]
    #[schema(max_items = 20, required = false)]
    signposts: Vec<CarePlanSignpost>,
    /// Signposts of the programme (`/v1/signposts`): what they say now is put before the others.
    #[serde(default)]
    #[validate(length(max = 20))]
    #[schema(max_items = 20, required = false)]
    signpost_ids: Vec<SignpostId>,
    /// By when; without it, by the day of the review.
    due_on: Option<NaiveDate>,
    /// About something that is not for a helper's or a relative's eyes.
    #[serde(default)]
    #[schema(required = false)]
    private: bool,
}

/// What changes. Once the plan is agreed only `progress` and `outcome` do.
#[derive(Debug, Clone, Default, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"progress": "done", "outcome": "Seen on 4 December; goes again in January."}))]
pub struct CarePlanActionPatch {
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    action: Option<ActionKind>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    owner: Option<ActionOwner>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 300))]
    #[schema(min_length = 1, max_length = 300, nullable = false)]
    title: Option<String>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000, value_type = Option<String>)]
    own_words: Option<Option<String>>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000, value_type = Option<String>)]
    goal: Option<Option<String>>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 20), nested)]
    #[schema(max_items = 20, nullable = false)]
    signposts: Option<Vec<CarePlanSignpost>>,
    /// Signposts of the programme, in place of those there are; with `signposts`, before them.
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 20))]
    #[schema(max_items = 20, nullable = false)]
    signpost_ids: Option<Vec<SignpostId>>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<NaiveDate>)]
    due_on: Option<Option<NaiveDate>>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    progress: Option<ActionProgress>,
    /// What came of it.
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000, value_type = Option<String>)]
    outcome: Option<Option<String>>,
}

/// What is done about one concern.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e75",
    "version": 1,
    "concern_code": "URI.leakage",
    "action": "signpost",
    "owner": "participant",
    "title": "Leaking urine",
    "own_words": "At night, mostly",
    "goal": null,
    "signposts": [{"id": null, "title": "Bladder & Bowel UK", "phone": null, "url": "https://www.bbuk.org.uk",
        "note": "Advice on leaks, exercises, pads and other products."}],
    "due_on": null,
    "progress": "planned",
    "outcome": null,
    "private": false,
    "updated_at": "2026-11-06T11:20:00Z"
}))]
pub struct CarePlanActionView {
    id: CarePlanActionId,
    /// For `If-Match`, in quotes.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    #[schema(max_length = 64)]
    concern_code: Option<String>,
    action: ActionKind,
    owner: ActionOwner,
    #[schema(max_length = 300)]
    title: String,
    #[schema(max_length = 2000)]
    own_words: Option<String>,
    #[schema(max_length = 2000)]
    goal: Option<String>,
    #[schema(max_items = 20)]
    signposts: Vec<CarePlanSignpost>,
    due_on: Option<NaiveDate>,
    progress: ActionProgress,
    #[schema(max_length = 2000)]
    outcome: Option<String>,
    private: bool,
    updated_at: DateTime<Utc>,
}

impl From<Signpost> for CarePlanSignpost {
    fn from(sign: Signpost) -> Self {
        Self { id: sign.id, title: sign.title, phone: sign.phone, url: sign.url, note: sign.note }
    }
}

impl From<CarePlanSignpost> for Signpost {
    fn from(sign: CarePlanSignpost) -> Self {
        Self { id: sign.id, title: sign.title, phone: sign.phone, url: sign.url, note: sign.note }
    }
}

impl CarePlanActionView {
    /// # Errors
    /// When the content does not open.
    pub(super) fn of(row: &Action, keys: &RecordKeys) -> Result<Self, Refusal> {
        Ok(Self::with(row, row.content(keys)?))
    }

    fn with(row: &Action, content: ActionContent) -> Self {
        Self {
            id: row.id.0,
            version: row.version,
            concern_code: row.concern_code.clone(),
            action: row.action.0,
            owner: row.owner.0,
            title: content.title,
            own_words: content.own_words,
            goal: content.goal,
            signposts: content.signposts.into_iter().map(CarePlanSignpost::from).collect(),
            due_on: row.due_on,
            progress: row.status.0,
            outcome: content.outcome,
            private: content.private,
            updated_at: row.updated_at.0,
        }
    }
}

impl CarePlanActionPatch {
    /// Whether it changes what was agreed, and not only how far that has come.
    fn rewrites(&self) -> bool {
        self.action.is_some()
            || self.owner.is_some()
            || self.title.is_some()
            || self.own_words.is_some()
            || self.goal.is_some()
            || self.signposts.is_some()
            || self.signpost_ids.is_some()
            || self.due_on.is_some()
    }

    /// `nearby` are the signposts of the programme that it names.
    fn apply(&self, row: &mut Action, content: &mut ActionContent, nearby: Vec<Signpost>) {
        let change = self.clone();
        if let Some(action) = change.action {
            row.action.0 = action;
        }
        if let Some(owner) = change.owner {
            row.owner.0 = owner;
        }
        if let Some(due_on) = change.due_on {
            row.due_on = due_on;
        }
        if let Some(progress) = change.progress {
            row.status.0 = progress;
        }
        if let Some(title) = change.title {
            content.title = title;
        }
        if let Some(own_words) = change.own_words {
            content.own_words = own_words;
        }
        if let Some(goal) = change.goal {
            content.goal = goal;
        }
        if change.signposts.is_some() || change.signpost_ids.is_some() {
            let typed = change.signposts.unwrap_or_default().into_iter().map(Signpost::from);
            content.signposts = nearby.into_iter().chain(typed).take(MAX_SIGNPOSTS).collect();
        }
        if let Some(outcome) = change.outcome {
            content.outcome = outcome;
        }
    }
}

/// What the signposts of the programme say that a request names, as it is kept with the plan.
///
/// # Errors
/// 422 for one that is not there, or not in use any more.
pub(super) fn signposts_of(
    ctx: &mut Ctx<'_, '_>,
    programme: ProgrammeId,
    ids: &[SignpostId],
) -> Result<Vec<Signpost>, Refusal> {
    let mut found = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        match signpost::in_use(ctx.db, programme, *id)? {
            Some(sign) => found.push(sign),
            None => {
                let message = "There is no such signpost in use.";
                let problem = Problem::new(Code::Invalid);
                return Err(problem.field(format!("/signpost_ids/{index}"), "unknown", message).into());
            }
        }
    }
    Ok(found)
}

/// Add an action to a care plan
///
/// While the plan is drafted or in discussion.
#[utoipa::path(
    tag = "care-plans", operation_id = "add_care_plan_action", request_body = CarePlanActionCreate,
    params(("id" = CarePlanId, Path, description = "The plan.")),
    responses((status = 201, description = "Added.", body = CarePlanActionView))
)]
#[post("/v1/care-plans/{id}/actions")]
async fn add_care_plan_action(
    permit: Permit<{ Operation::AddCarePlanAction.id() }>,
    path: Path<CarePlanId>,
    body: Json<CarePlanActionCreate>,
) -> Result<HttpResponse, Problem> {
    let (id, new) = (path.into_inner(), body.into_inner());
    permit
        .write(move |ctx| {
            let plan = care_plan::find(ctx.db, ctx.scope, id)?;
            ctx.about(plan.participant_id.0);
            let action_id = CarePlanActionId::new(new.id.unwrap_or_else(|| ctx.fresh()));
            let there = care_plan_action::list(ctx.db, &plan)?;
            let keys = ctx.keys_of(plan.participant_id.0)?;
            if let Some(found) = there.iter().find(|action| action.id.0 == action_id) {
                return ctx.repeated(action_id.uuid(), |_| {
                    Reply::ok(found.version, &CarePlanActionView::of(found, &keys)?)
                });
            }
            if new.id.is_some() {
                ctx.creates(action_id.uuid())?;
            }
            plan.status.0.require_editable()?;
            checks::require_unrestricted(ctx, plan.participant_id.0)?;
            if there.len() >= MAX_ACTIONS {
                return Err(Problem::new(Code::Conflict).detail("A plan holds at most 200 actions.").into());
            }
            let new = new.clone();
            let nearby = signposts_of(ctx, plan.programme_id.0, &new.signpost_ids)?;
            let typed = new.signposts.into_iter().map(Signpost::from);
            let draft = ActionDraft {
                concern_code: new.concern_code,
                action: new.action,
                owner: new.owner,
                content: ActionContent {
                    title: new.title,
                    own_words: new.own_words,
                    goal: new.goal,
                    signposts: nearby.into_iter().chain(typed).take(MAX_SIGNPOSTS).collect(),
                    outcome: None,
                    private: new.private,
                },
            };
            let row = care_plan_action::add(ctx.db, &keys, &plan, action_id, &draft, new.due_on, ctx.now)?;
            let view = CarePlanActionView::with(&row, draft.content);
            Reply::created(format!("/v1/care-plans/{id}"), row.version, &view)
        })
        .await
}

/// Change an action of a care plan
///
/// A merge patch on the version of the action, which stands in the plan. Once the plan is agreed only `progress` and
/// `outcome` can change; what else is wanted makes a new version of the plan.
#[utoipa::path(
    tag = "care-plans", operation_id = "update_care_plan_action", request_body = CarePlanActionPatch,
    params(
        ("id" = CarePlanId, Path, description = "The plan."),
        ("action_id" = CarePlanActionId, Path, description = "The action."),
    ),
    responses((status = 200, description = "Changed.", body = CarePlanActionView))
)]
#[patch("/v1/care-plans/{id}/actions/{action_id}")]
async fn update_care_plan_action(
    permit: Permit<{ Operation::UpdateCarePlanAction.id() }>,
    path: Path<(CarePlanId, CarePlanActionId)>,
    if_match: IfMatch,
    body: Json<CarePlanActionPatch>,
) -> Result<HttpResponse, Problem> {
    let ((id, action_id), change) = (path.into_inner(), body.into_inner());
    permit
        .write(move |ctx| {
            let plan = care_plan::find(ctx.db, ctx.scope, id)?;
            ctx.about(plan.participant_id.0);
            let mut row = care_plan_action::find(ctx.db, &plan, action_id)?;
            if_match.check(row.version)?;
            if change.rewrites() {
                plan.status.0.require_editable()?;
            } else {
                plan.status.0.require_open()?;
            }
            checks::require_unrestricted(ctx, plan.participant_id.0)?;
            let keys = ctx.keys_of(plan.participant_id.0)?;
            let mut content = row.content(&keys)?;
            let named = change.signpost_ids.as_deref().unwrap_or_default();
            let nearby = signposts_of(ctx, plan.programme_id.0, named)?;
            change.apply(&mut row, &mut content, nearby);
            let row = care_plan_action::update(ctx.db, &keys, &plan, row, &content, ctx.now)?;
            Reply::ok(row.version, &CarePlanActionView::with(&row, content))
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(add_care_plan_action).service(update_care_plan_action);
}
