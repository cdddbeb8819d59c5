//! The steps of a rights request that say how far it is: who he is, what he wants, the clock, yes or no.

use actix_web::{HttpResponse, post};
use alongside_domain::id::{RightsRequestId, RightsRequestStepId};
use alongside_domain::policy::{Operation, Role};
use alongside_domain::rights_request::due::{Clock, days_between};
use alongside_domain::rights_request::{
    ExtensionReason, IdentityProof, Kind, PauseReason, RefusalReason, State, Step, StepRecord,
};
use alongside_store::rights_request::{self, RightsRequest};
use alongside_store::rights_request_step::{self, Author, MAX_STEPS, RequestStep};
use alongside_store::types::{At, Code as Coded};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::rights_request_view::{Day, RightsRequestView};
use crate::http::etag::IfMatch;
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Refusal, Reply, Services};

/// The request as it was read, and the state to which the step brings it.
pub(super) fn begin(
    ctx: &mut Ctx<'_, '_>,
    id: RightsRequestId,
    if_match: &IfMatch,
    step: Step,
) -> Result<(RightsRequest, State), Refusal> {
    let row = rights_request::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    if_match.check(row.version)?;
    let next = row.standing().after(step)?;
    Ok((row, next))
}

/// Notes the step, brings the request to its next state and answers with it.
pub(super) fn finish(
    ctx: &mut Ctx<'_, '_>,
    mut row: RightsRequest,
    next: State,
    step: Step,
    record: &StepRecord,
) -> Result<Reply, Refusal> {
    let person = ctx.caller.person().ok_or_else(Problem::not_found)?;
    let noted = i64::try_from(rights_request_step::list(ctx.db, &row)?.len()).unwrap_or(i64::MAX);
    if noted >= MAX_STEPS {
        return Err(Problem::new(Code::Conflict).detail("A request notes at most 200 steps.").into());
    }
    let (keys, id, now) =
        (ctx.keys_of(row.participant_id.0)?, RightsRequestStepId::new(ctx.fresh()), ctx.now);
    let author = Author { person, role: ctx.caller.role };
    rights_request_step::add(ctx.db, &keys, &row, id, step, record, author, now)?;
    row.state = Coded(next);
    if !next.is_open() && row.closed_at.is_none() {
        row.closed_at = Some(At(now));
    }
    let row = rights_request::save(ctx.db, row, now)?;
    let view = RightsRequestView::of(ctx, &row)?;
    Reply::ok(row.version, &view)
}

/// That he was told on a day that has come.
pub(super) fn require_told(told_on: NaiveDate, today: NaiveDate) -> Result<(), Problem> {
    if told_on <= today {
        return Ok(());
    }
    Err(Problem::new(Code::Invalid).field("/told_on", "future", "This day has not come yet: tell him first."))
}

/// How it was made sure that it is he.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"identity_proof": "document"}))]
pub struct RightsIdentityCheck {
    identity_proof: IdentityProof,
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    note: Option<String>,
}

/// Record that it is he who asks
///
/// Or that whoever asks for him may do so.
#[utoipa::path(
    tag = "rights-requests", operation_id = "check_rights_identity", request_body = RightsIdentityCheck,
    params(
        ("id" = RightsRequestId, Path, description = "The request."),
        ("If-Match" = String, Header, description = "The version that was read.", max_length = 64)
    ),
    responses((status = 200, description = "The request as it is now.", body = RightsRequestView))
)]
#[post("/v1/rights-requests/{id}/identity-check")]
async fn check_rights_identity(
    permit: Permit<{ Operation::CheckRightsIdentity.id() }>,
    path: Path<RightsRequestId>,
    if_match: IfMatch,
    body: Json<RightsIdentityCheck>,
) -> Result<HttpResponse, Problem> {
    let (id, check) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let (row, next) = begin(ctx, id, &if_match, Step::IdentityCheck)?;
            let record = StepRecord {
                identity_proof: Some(check.identity_proof),
                note: check.note.clone(),
                ..StepRecord::default()
            };
            finish(ctx, row, next, Step::IdentityCheck, &record)
        })
        .await
}

/// What is noted in words.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"note": "All of the record, from the first day on."}))]
pub struct RightsNote {
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    note: String,
}

/// Record what a request covers
///
/// In words: what he wants, after he was asked where that was needed.
#[utoipa::path(
    tag = "rights-requests", operation_id = "scope_rights_request", request_body = RightsNote,
    params(
        ("id" = RightsRequestId, Path, description = "The request."),
        ("If-Match" = String, Header, description = "The version that was read.", max_length = 64)
    ),
    responses((status = 200, description = "The request as it is now.", body = RightsRequestView))
)]
#[post("/v1/rights-requests/{id}/scope")]
async fn scope_rights_request(
    permit: Permit<{ Operation::ScopeRightsRequest.id() }>,
    path: Path<RightsRequestId>,
    if_match: IfMatch,
    body: Json<RightsNote>,
) -> Result<HttpResponse, Problem> {
    let (id, scope) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let (row, next) = begin(ctx, id, &if_match, Step::Scoping)?;
            let record = StepRecord { note: Some(scope.note.clone()), ..StepRecord::default() };
            finish(ctx, row, next, Step::Scoping, &record)
        })
        .await
}

/// What is waited for.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"pause_reason": "clarification", "note": "Which year do you mean?"}))]
pub struct RightsPause {
    pause_reason: PauseReason,
    /// What he was asked.
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    note: String,
}

/// Stop the clock of a request
///
/// While he is asked who he is or what he wants. Until it goes on, nothing else can be done but to refuse.
#[utoipa::path(
    tag = "rights-requests", operation_id = "pause_rights_request", request_body = RightsPause,
    params(
        ("id" = RightsRequestId, Path, description = "The request."),
        ("If-Match" = String, Header, description = "The version that was read.", max_length = 64)
    ),
    responses((status = 200, description = "The request as it is now.", body = RightsRequestView))
)]
#[post("/v1/rights-requests/{id}/pause")]
async fn pause_rights_request(
    permit: Permit<{ Operation::PauseRightsRequest.id() }>,
    path: Path<RightsRequestId>,
    if_match: IfMatch,
    body: Json<RightsPause>,
) -> Result<HttpResponse, Problem> {
    let (id, pause) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let (mut row, next) = begin(ctx, id, &if_match, Step::Pause)?;
            row.paused_on = Some(Day::of(ctx, &row)?.today);
            let record = StepRecord {
                pause_reason: Some(pause.pause_reason),
                note: Some(pause.note.clone()),
                ..StepRecord::default()
            };
            finish(ctx, row, next, Step::Pause, &record)
        })
        .await
}

/// Let the clock of a request go on
///
/// His answer has come. The last day moves by as many days as the clock stood.
#[utoipa::path(
    tag = "rights-requests", operation_id = "resume_rights_request",
    params(
        ("id" = RightsRequestId, Path, description = "The request."),
        ("If-Match" = String, Header, description = "The version that was read.", max_length = 64)
    ),
    responses((status = 200, description = "The request as it is now.", body = RightsRequestView))
)]
#[post("/v1/rights-requests/{id}/resumption")]
async fn resume_rights_request(
    permit: Permit<{ Operation::ResumeRightsRequest.id() }>,
    path: Path<RightsRequestId>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .write(move |ctx| {
            let (mut row, next) = begin(ctx, id, &if_match, Step::Resumption)?;
            let day = Day::of(ctx, &row)?;
            let stood = row.paused_on.map_or(0, |since| days_between(since, day.today));
            row.paused_on = None;
            row.paused_days += i64::from(stood);
            row.due_on = day.clock(&row).due_on();
            let record = StepRecord { paused_days: Some(stood), ..StepRecord::default() };
            finish(ctx, row, next, Step::Resumption, &record)
        })
        .await
}

/// Why more time is needed, and that he was told.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "extension_reason": "complexity", "note": "Much of it is on paper in the archive.", "told_on": "2026-11-20"
}))]
pub struct RightsExtension {
    extension_reason: ExtensionReason,
    /// What he was told.
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    note: String,
    /// The day he was told.
    told_on: NaiveDate,
}

/// Take two months more for a request
///
/// Once, within the first month, and with the reason told to him (409 afterwards).
#[utoipa::path(
    tag = "rights-requests", operation_id = "extend_rights_request", request_body = RightsExtension,
    params(
        ("id" = RightsRequestId, Path, description = "The request."),
        ("If-Match" = String, Header, description = "The version that was read.", max_length = 64)
    ),
    responses((status = 200, description = "The request as it is now.", body = RightsRequestView))
)]
#[post("/v1/rights-requests/{id}/extension")]
async fn extend_rights_request(
    permit: Permit<{ Operation::ExtendRightsRequest.id() }>,
    path: Path<RightsRequestId>,
    if_match: IfMatch,
    body: Json<RightsExtension>,
) -> Result<HttpResponse, Problem> {
    let (id, more) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let (mut row, next) = begin(ctx, id, &if_match, Step::Extension)?;
            let day = Day::of(ctx, &row)?;
            require_told(more.told_on, day.today)?;
            let clock = day.clock(&row);
            if !clock.may_be_extended(day.today) {
                let detail = "More time is taken once, and within the first month.";
                return Err(Problem::new(Code::Conflict).detail(detail).into());
            }
            row.extended = true;
            row.due_on = Clock { extended: true, ..clock }.due_on();
            let record = StepRecord {
                extension_reason: Some(more.extension_reason),
                note: Some(more.note.clone()),
                told_on: Some(more.told_on),
                ..StepRecord::default()
            };
            finish(ctx, row, next, Step::Extension, &record)
        })
        .await
}

/// The newest decision of each of the two who decide what goes into a report.
pub(super) fn decisions(
    ctx: &mut Ctx<'_, '_>,
    row: &RightsRequest,
) -> Result<[Option<RequestStep>; 2], Refusal> {
    let steps = rights_request_step::list(ctx.db, row)?;
    let newest = |role: Role| {
        let by_role = |step: &&RequestStep| step.step.0 == Step::Redaction && step.done_as.0 == role;
        steps.iter().rev().find(by_role).cloned()
    };
    Ok([newest(Role::PrivacyOfficer), newest(Role::SafeguardingLead)])
}

/// Approve a request
///
/// The privacy officer says that it is to be done. A report for access first needs a decision of the safeguarding lead
/// and one of the privacy officer (409 otherwise), whoever it is about.
#[utoipa::path(
    tag = "rights-requests", operation_id = "approve_rights_request", request_body = RightsNote,
    params(
        ("id" = RightsRequestId, Path, description = "The request."),
        ("If-Match" = String, Header, description = "The version that was read.", max_length = 64)
    ),
    responses((status = 200, description = "The request as it is now.", body = RightsRequestView))
)]
#[post("/v1/rights-requests/{id}/approval")]
async fn approve_rights_request(
    permit: Permit<{ Operation::ApproveRightsRequest.id() }>,
    path: Path<RightsRequestId>,
    if_match: IfMatch,
    body: Json<RightsNote>,
) -> Result<HttpResponse, Problem> {
    let (id, approval) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let (row, next) = begin(ctx, id, &if_match, Step::Approval)?;
            if row.kind.0 == Kind::Access && decisions(ctx, &row)?.iter().any(Option::is_none) {
                let detail = "Privacy officer and safeguarding lead have each to decide what goes out first.";
                return Err(Problem::new(Code::Conflict).detail(detail).into());
            }
            let record = StepRecord { note: Some(approval.note.clone()), ..StepRecord::default() };
            finish(ctx, row, next, Step::Approval, &record)
        })
        .await
}

/// Why it is refused, and that he was told, with what he can do.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "refusal_reason": "identity_not_shown", "note": "We wrote twice and had no answer.", "told_on": "2026-11-20",
    "told_of_right_to_complain": true
}))]
pub struct RightsRefusal {
    refusal_reason: RefusalReason,
    /// What he was told.
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    note: String,
    /// The day he was told.
    told_on: NaiveDate,
    /// He was told that he can complain, and to whom. Nothing is refused without that.
    #[validate(custom(function = "is_told"))]
    told_of_right_to_complain: bool,
}

fn is_told(told: &bool) -> Result<(), validator::ValidationError> {
    if *told {
        return Ok(());
    }
    let message = "Tell him first that he can complain, and to whom.";
    Err(validator::ValidationError::new("not_told").with_message(message.into()))
}

/// Refuse a request
///
/// With a reason, in words he was told, and with his right to complain.
#[utoipa::path(
    tag = "rights-requests", operation_id = "refuse_rights_request", request_body = RightsRefusal,
    params(
        ("id" = RightsRequestId, Path, description = "The request."),
        ("If-Match" = String, Header, description = "The version that was read.", max_length = 64)
    ),
    responses((status = 200, description = "The request as it is now.", body = RightsRequestView))
)]
#[post("/v1/rights-requests/{id}/refusal")]
async fn refuse_rights_request(
    permit: Permit<{ Operation::RefuseRightsRequest.id() }>,
    path: Path<RightsRequestId>,
    if_match: IfMatch,
    body: Json<RightsRefusal>,
) -> Result<HttpResponse, Problem> {
    let (id, refusal) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let (mut row, next) = begin(ctx, id, &if_match, Step::Refusal)?;
            require_told(refusal.told_on, Day::of(ctx, &row)?.today)?;
            row.paused_on = None;
            let record = StepRecord {
                refusal_reason: Some(refusal.refusal_reason),
                note: Some(refusal.note.clone()),
                told_on: Some(refusal.told_on),
                ..StepRecord::default()
            };
            finish(ctx, row, next, Step::Refusal, &record)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config
        .service(check_rights_identity)
        .service(scope_rights_request)
        .service(pause_rights_request)
        .service(resume_rights_request)
        .service(extend_rights_request)
        .service(approve_rights_request)
        .service(refuse_rights_request);
}
