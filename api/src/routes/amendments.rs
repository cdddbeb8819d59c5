//! Corrections of final answers: the first answer always stays beside the new one.

use std::sync::Arc;

use actix_web::{HttpResponse, post};
use alongside_domain::assessment::{AmendmentReason, Status};
use alongside_domain::id::AssessmentId;
use alongside_domain::language::Language;
use alongside_domain::policy::{Operation, Role};
use alongside_domain::provenance::{KeyedBy, Origin};
use alongside_store::answer::{Amends, Current, New};
use alongside_store::assessment::{self, Assessment};
use alongside_store::types::Code as Coded;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::answer_input::{self, AnswerInput};
use super::assessment_view::{AssessmentView, Shown, Whole};
use super::{answering, instrument_words, outcome};
use crate::http::etag::IfMatch;
use crate::http::{Ctx, Json, Path, Permit, Problem, Refusal, Reply, Services};

/// A correction.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "reason": "transcription", "comment": "7 was read as 1.",
    "answers": [{"link_id": "URI.leakage.bother", "values": [{"valueInteger": 7}]}]
}))]
pub struct AmendmentCreate {
    pub reason: AmendmentReason,
    /// For whoever reads the history.
    #[validate(length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, nullable = false)]
    pub comment: Option<String>,
    #[validate(length(min = 1, max = 200), nested)]
    #[schema(min_items = 1, max_items = 200)]
    pub answers: Vec<AnswerInput>,
    /// The language of the words in which the questions were asked anew, as in BCP 47. Where only the record was wrong, that
    /// of the first answer stays.
    #[schema(nullable = false, value_type = Option<String>, max_length = 35, example = "cy")]
    pub language: Option<Language>,
}

/// Amend an assessment
///
/// Corrects final answers. The first ones stay in the history, with the reason beside the new ones; scores, concerns,
/// provenance and the alert rules that hold are worked out anew, and those of before stay among the outcomes of the
/// assessment. The care plan stays as it is. With `If-Match` it is refused if anything was changed meanwhile.
#[utoipa::path(
    tag = "assessments", operation_id = "amend_assessment", request_body = AmendmentCreate,
    params(("id" = AssessmentId, Path, description = "The assessment.")),
    responses((status = 200, description = "The assessment as it is now.", body = AssessmentView))
)]
#[post("/v1/assessments/{id}/amendments")]
async fn amend_assessment(
    permit: Permit<{ Operation::AmendAssessment.id() }>,
    path: Path<AssessmentId>,
    if_match: Option<IfMatch>,
    body: Json<AmendmentCreate>,
) -> Result<HttpResponse, Problem> {
    let (id, new) = (*path, body.into_inner());
    permit.write(move |ctx| amend(ctx, id, if_match.as_ref(), &new)).await
}

fn amend(
    ctx: &mut Ctx<'_, '_>,
    id: AssessmentId,
    if_match: Option<&IfMatch>,
    new: &AmendmentCreate,
) -> Result<Reply, Refusal> {
    let mut row = assessment::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    if let Some(if_match) = if_match {
        if_match.check(row.version)?;
    }
    let status = row.status.0.step("amendment", Status::Amended)?;
    let definition = ctx.app.definitions.get(ctx.db, row.instrument_id.0)?;
    let keys = ctx.keys_of(row.participant_id.0)?;
    let mut whole = Whole::load(ctx.db, &keys, id)?;
    let mut answers = whole.current.answers();
    let situation = answering::situation(ctx.caller.role, None);
    let language = instrument_words::shown(ctx, row.instrument_id.0, &definition, new.language.as_ref())?;
    let judged =
        answer_input::judge(&definition, &mut answers, &new.answers, &situation, None, language.as_ref())?;
    let kept: Vec<_> =
        judged.into_iter().map(|answer| correction(answer, new, &whole.current, ctx.caller.role)).collect();
    let last_seq = row.last_seq;
    row.last_seq = last_seq + i64::try_from(kept.len()).unwrap_or(0);
    row.status = Coded(status);
    // The rows are numbered behind the last one, so nobody else may be adding any: the version is taken first.
    let mut row = assessment::save(ctx.db, row, ctx.now)?;
    let (save, alerting) = answering::record(ctx, &row, last_seq, &definition, kept, &answers)?;
    whole.current.take(save.kept().iter().cloned());
    outcome::work_out(&mut row, &definition, &whole, &answers)?;
    let row: Assessment = assessment::save(ctx.db, row, ctx.now)?;
    let author = (ctx.caller.actor_id(), Some(new.reason));
    outcome::keep(ctx.db, &row, &definition, &answers, author, ctx.now)?;
    let version = row.version;
    let shown = Shown::of(ctx, row, Arc::new(whole), Arc::new(answers), alerting)?;
    Ok(Reply::ok_later(version, move || shown.view()))
}

/// The new answer as a correction of the one before. Whoever corrects presses the keys. Where only the record was wrong,
/// the answer is still the one given then, with the help there was then.
fn correction(mut answer: New, new: &AmendmentCreate, current: &Current, role: Role) -> New {
    let before = current.get(&answer.answer.key);
    let keyed_by = KeyedBy::of_staff(role);
    match before {
        Some(given) if new.reason.keeps_the_judgement() => {
            answer.origin = Origin { keyed_by, ..given.origin };
            answer.language.clone_from(&given.language);
        }
        _ => answer.origin.keyed_by = keyed_by,
    }
    answer.amends =
        Some(Amends { seq: before.map(|kept| kept.seq), reason: new.reason, comment: new.comment.clone() });
    answer
}

pub fn routes(config: &mut impl Services) {
    config.service(amend_assessment);
}
