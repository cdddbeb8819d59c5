//! What an assessment comes to: scores, concerns and provenance, worked out anew whenever its final answers change.

use alongside_domain::instrument::{Answers, Concern, Definition, concerns, scores};
use alongside_store::assessment::Assessment;
use alongside_store::types::Document;

use super::assessment_view::Whole;
use crate::http::Refusal;

/// Puts the outcome on the assessment, to be saved with it. Answers the concerns, with the participant's own words.
///
/// # Errors
/// When a score cannot be written as JSON.
pub fn work_out(
    assessment: &mut Assessment,
    definition: &Definition,
    whole: &Whole,
    answers: &Answers,
) -> Result<Vec<Concern>, Refusal> {
    let found = concerns(definition, answers);
    assessment.scores = Some(Document(serde_json::to_value(scores(definition, answers))?));
    assessment.concerns = Some(Document(found.iter().map(Into::into).collect()));
    assessment.provenance = Some(Document(whole.provenance(definition, answers)));
    Ok(found)
}
