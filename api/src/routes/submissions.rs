//! The ends of an assessment: handing it in, or giving it up.

use actix_web::{HttpResponse, post};
use alongside_domain::assessment::Status;
use alongside_domain::assistance::CloseReason;
use alongside_domain::id::AssessmentId;
use alongside_domain::instrument::{Definition, Finding, InstrumentKind, Setting, judge_complete};
use alongside_domain::policy::{Operation, Role};
use alongside_store::assessment::{self, Assessment};
use alongside_store::assistance_session;
use alongside_store::audit::any_id;
use alongside_store::types::{At, Code as Coded};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::answering::{self, Help};
use super::assessment_view::{AssessmentView, Shown, Whole};
use super::assessments::short_code;
use super::{checks, double_entry, outcome};
use crate::http::pointer::push_member;
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, ProblemField, Refusal, Reply, Services};

/// Submit an assessment
///
/// Makes the answers final, closes the assistance session, and works out scores, concerns and provenance. From a needs
/// assessment a care plan is drafted. A required question without an answer is named in `errors`, as `/answers/` and its
/// link id; in a needs assessment to skip a question, or to prefer not to say, is an answer.
#[utoipa::path(
    tag = "assessments", operation_id = "submit_assessment",
    params(("id" = AssessmentId, Path, description = "The assessment.")),
    responses((status = 200, description = "The answers are final.", body = AssessmentView))
)]
#[post("/v1/assessments/{id}/submission")]
async fn submit_assessment(
    permit: Permit<{ Operation::SubmitAssessment.id() }>,
    path: Path<AssessmentId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit.write(move |ctx| submit(ctx, id)).await
}

fn submit(ctx: &mut Ctx<'_, '_>, id: AssessmentId) -> Result<Reply, Refusal> {
    let mut row = assessment::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    if row.status.0.is_submitted() {
        return Err(answering::already_submitted(row.status.0));
    }
    let status = row.status.0.step("submission", Status::Submitted)?;
    checks::require_unrestricted(ctx, row.participant_id.0)?;
    double_entry::require_agreed(ctx, &row)?;
    let help = answering::required_help(ctx, &row)?;
    let definition = ctx.app.definitions.get(ctx.db, row.instrument_id.0)?;
    let setting = answering::situation(ctx.caller.role, help.as_ref()).setting();
    let keys = ctx.keys_of(row.participant_id.0)?;
    let whole = Whole::load(ctx.db, &keys, id)?;
    let answers = whole.current.answers();
    require_complete(&definition, &answers, setting)?;
    let concerns = outcome::work_out(&mut row, &definition, &whole, &answers)?;
    row.status = Coded(status);
    row.submitted_at = Some(At(ctx.now));
    row.submitted_by = Some(any_id(ctx.caller.actor_id()));
    let row = finish(ctx, row, help.as_ref(), CloseReason::Submitted)?;
    outcome::keep(ctx.db, &row, &definition, &answers, (ctx.caller.actor_id(), None), ctx.now)?;
    if definition.kind() == InstrumentKind::Hna {
        let app = ctx.app;
        outcome::draft_plan(ctx.db, &keys, &row, &concerns, &mut || app.ids.fresh(), ctx.now)?;
    }
    shown(ctx, row)
}

/// The assessment as it is now.
fn shown(ctx: &mut Ctx<'_, '_>, row: Assessment) -> Result<Reply, Refusal> {
    let version = row.version;
    let shown = Shown::read(ctx, row)?;
    Ok(Reply::ok_later(version, move || shown.view()))
}

fn require_complete(
    definition: &Definition,
    answers: &alongside_domain::instrument::Answers,
    setting: Setting,
) -> Result<(), Refusal> {
    let missing = judge_complete(definition, answers, &setting);
    let fields: Vec<_> = missing.iter().filter(|finding| finding.is_refusal()).map(field).collect();
    if fields.is_empty() {
        return Ok(());
    }
    Err(Problem::new(Code::Invalid).detail("Some questions must be answered first.").fields(fields).into())
}

/// The finding as a field of the problem. The answers as a whole stand in no document, so the link id is the pointer.
fn field(finding: &Finding) -> ProblemField {
    let named = finding.path.split_once("linkId='").map_or("", |(_, rest)| rest);
    let mut pointer = "/answers".to_owned();
    push_member(&mut pointer, named.strip_suffix("')").unwrap_or(named));
    ProblemField {
        pointer: pointer.into(),
        code: finding.code.into(),
        message: finding.message.clone().into(),
    }
}

/// Saves an assessment that is at its end, and closes the help.
fn finish(
    ctx: &mut Ctx<'_, '_>,
    row: Assessment,
    help: Option<&Help>,
    reason: CloseReason,
) -> Result<Assessment, Refusal> {
    let row = assessment::save(ctx.db, row, ctx.now)?;
    if let Some(help) = help {
        assistance_session::close(ctx.db, help.session.id.0, reason, ctx.now)?;
    }
    Ok(row)
}

/// Why an assessment is given up.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "too_tired"}))]
pub struct Abandonment {
    /// A short code, such as `too_tired`, `distressed`, `interrupted` or `changed_mind`; no words.
    #[validate(length(min = 1, max = 32), custom(function = "short_code"))]
    #[schema(min_length = 1, max_length = 32, pattern = "^[a-z][a-z0-9_]*$")]
    pub reason: String,
}

/// Abandon an assessment
///
/// Gives it up and keeps what was answered. Concerns that an answer raised stay raised.
#[utoipa::path(
    tag = "assessments", operation_id = "abandon_assessment", request_body = Abandonment,
    params(("id" = AssessmentId, Path, description = "The assessment.")),
    responses((status = 200, description = "The assessment is given up.", body = AssessmentView))
)]
#[post("/v1/assessments/{id}/abandonment")]
async fn abandon_assessment(
    permit: Permit<{ Operation::AbandonAssessment.id() }>,
    path: Path<AssessmentId>,
    body: Json<Abandonment>,
) -> Result<HttpResponse, Problem> {
    let (id, Abandonment { reason }) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let mut row = assessment::find(ctx.db, ctx.scope, id)?;
            ctx.about(row.participant_id.0);
            let status = row.status.0.step("abandonment", Status::Abandoned)?;
            let help = answering::help(ctx, &row)?;
            // A form that somebody else is helping with is his to give up, or the participant's.
            if ctx.caller.role == Role::Supporter && help.as_ref().is_some_and(|help| !help.is_of(ctx)) {
                return Err(answering::no_session());
            }
            row.status = Coded(status);
            row.abandoned_at = Some(At(ctx.now));
            row.end_reason = Some(reason.clone());
            let row = finish(ctx, row, help.as_ref(), CloseReason::Abandoned)?;
            shown(ctx, row)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(submit_assessment).service(abandon_assessment);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alongside_domain::instrument::Answers;
    use serde_json::json;

    #[test]
    fn what_is_missing_is_named() {
        let json = json!({"resourceType": "Questionnaire", "status": "active", "item": [
            {"linkId": "a/b", "type": "string", "required": true, "text": "Name"}]});
        let definition = Definition::parse(&json).unwrap().definition;
        let refused = require_complete(&definition, &Answers::default(), Setting::default()).unwrap_err();
        let problem = refused.into_problem();
        let named: Vec<_> = problem.errors().iter().map(|e| (&*e.pointer, &*e.code)).collect();
        assert_eq!(named, [("/answers/a~1b", "answer_missing")]);
    }
}
