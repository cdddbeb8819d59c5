//! In which modes the answers of an assessment were taken, held against those its instrument is validated in.

use std::collections::BTreeMap;

use alongside_domain::instrument::{
    Administration, AnswerKey, Answers, Definition, Taken, administration, administration_of,
};
use alongside_store::answer::Current;
use serde::Serialize;
use utoipa::ToSchema;

/// How the answers that a score counts were taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScoreAdministration {
    /// The code of the score.
    #[schema(max_length = 64, example = "phq9")]
    pub code: String,
    #[serde(flatten)]
    pub administration: Administration,
}

/// How all answers that count now were taken.
pub fn of_all(definition: &Definition, answers: &Answers, current: &Current) -> Administration {
    administration(definition, answers, &taken(current))
}

fn taken(current: &Current) -> BTreeMap<AnswerKey, Taken> {
    let taken = current.iter().map(|kept| {
        (kept.answer.key.clone(), Taken { origin: kept.origin, language: kept.language.clone() })
    });
    taken.collect()
}

/// How the answers that each score counts were taken.
pub fn of_scores(definition: &Definition, answers: &Answers, current: &Current) -> Vec<ScoreAdministration> {
    let taken = taken(current);
    let of_score = |score: &alongside_domain::instrument::ScoreDefinition| ScoreAdministration {
        code: score.code.clone(),
        administration: administration_of(definition, score, answers, &taken),
    };
    definition.scores().iter().map(of_score).collect()
}
