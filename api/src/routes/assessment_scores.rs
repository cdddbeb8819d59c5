//! The scores of an assessment, each with how it was worked out, and how they differ from earlier time points.

use actix_web::{HttpRequest, HttpResponse, get};
use alongside_domain::id::AssessmentId;
use alongside_domain::instrument::{Administration, Score, ScoreChange, changes, scores};
use alongside_domain::policy::Operation;
use alongside_store::{answer, assessment, assessment_history};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer_modes::{self, ScoreAdministration};
use super::answers::require_answers;
use super::assessment_view;
use super::instrument_words::{self, Wanted, WordsLanguage};
use crate::http::{Ctx, Path, Permit, Problem, Query, Refusal, Services};

/// How many earlier assessments are compared with; more than any schedule has.
const MOST_EARLIER: u32 = 50;

/// How the scores differ from those of an earlier assessment.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScoreComparison {
    /// The earlier assessment.
    pub assessment_id: AssessmentId,
    #[schema(max_length = 32, example = "T0")]
    pub time_point: String,
    pub submitted_at: Option<DateTime<Utc>>,
    #[schema(max_items = 100)]
    pub changes: Vec<ScoreChange>,
}

/// The scores of an assessment.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentScores {
    pub assessment_id: AssessmentId,
    #[schema(max_items = 100)]
    pub scores: Vec<Score>,
    /// How the answers were taken: whether as the instrument is validated. A score that was taken otherwise is marked
    /// here, and not hidden.
    pub administration: Administration,
    /// The same of the answers that each score counts.
    #[schema(max_items = 100)]
    pub score_administration: Vec<ScoreAdministration>,
    /// The participant's earlier assessments with the same instrument, in any version of it; the last one first.
    #[schema(max_items = 50)]
    pub compared: Vec<ScoreComparison>,
}

/// Get the scores of an assessment
///
/// Each with its formula, inputs and source, as the answers stand, and how it differs from the participant's earlier
/// submitted assessments with the same instrument: whether the difference is more than the error of the measure
/// (`reliable`) and as much as patients notice (`important`), where the instrument declares the thresholds. A clinician
/// needs the participant's consent to share.
#[utoipa::path(
    tag = "assessments", operation_id = "get_assessment_scores",
    params(("id" = AssessmentId, Path, description = "The assessment."), WordsLanguage),
    responses((status = 200, description = "The scores.", body = AssessmentScores))
)]
#[get("/v1/assessments/{id}/scores")]
async fn get_assessment_scores(
    request: HttpRequest,
    permit: Permit<{ Operation::GetAssessmentScores.id() }>,
    path: Path<AssessmentId>,
    query: Query<WordsLanguage>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let wanted = Wanted::in_language(request.headers(), query.into_inner().language);
    let view = permit.read(move |ctx| read(ctx, id, &wanted)).await?;
    Ok(HttpResponse::Ok().json(view))
}

fn read(ctx: &mut Ctx<'_, '_>, id: AssessmentId, wanted: &Wanted) -> Result<AssessmentScores, Refusal> {
    let row = assessment::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    let sight = assessment_view::sight_now(ctx, &row)?;
    require_answers(ctx, &sight)?;
    let definition = instrument_words::read(ctx, row.instrument_id.0, wanted)?.definition;
    let keys = ctx.keys_of(row.participant_id.0)?;
    let current = answer::current(ctx.db, &keys, id)?;
    let answers = current.answers();
    let now = scores(&definition, &answers);
    let administration = answer_modes::of_all(&definition, &answers, &current);
    let score_administration = answer_modes::of_scores(&definition, &answers, &current);
    let mut compared = Vec::new();
    for earlier in assessment_history::earlier(ctx.db, &row, ctx.now, MOST_EARLIER)? {
        compared.push(ScoreComparison {
            assessment_id: earlier.id.0,
            time_point: earlier.time_point.clone(),
            submitted_at: earlier.submitted_at.map(|at| at.0),
            changes: changes(definition.scores(), &now, &earlier.scores()?),
        });
    }
    Ok(AssessmentScores { assessment_id: id, scores: now, administration, score_administration, compared })
}

pub fn routes(config: &mut impl Services) {
    config.service(get_assessment_scores);
}
