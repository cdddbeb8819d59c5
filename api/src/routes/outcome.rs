//! What an assessment comes to: scores, concerns and provenance, worked out anew whenever its final answers change.

use alongside_domain::care_plan;
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{CarePlanActionId, CarePlanId};
use alongside_domain::instrument::{Answers, Concern, Definition, Enabled, concerns, scores};
use alongside_store::assessment::Assessment;
use alongside_store::care_plan::{self as plans, NewCarePlan};
use alongside_store::sealing::KeyRing;
use alongside_store::types::Document;
use alongside_store::{Db, StoreError, signpost};
use uuid::Uuid;

use super::assessment_view::Whole;

/// Puts the outcome on the assessment, to be saved with it. Answers the concerns, with the participant's own words.
///
/// # Errors
/// When a score cannot be written as JSON.
pub fn work_out(
    assessment: &mut Assessment,
    definition: &Definition,
    whole: &Whole,
    answers: &Answers,
) -> Result<Vec<Concern>, StoreError> {
    let found = concerns(definition, answers);
    assessment.scores = Some(Document(serde_json::to_value(scores(definition, answers))?));
    assessment.concerns = Some(Document(found.iter().map(Into::into).collect()));
    assessment.provenance = Some(Document(whole.provenance(definition, &Enabled::of(definition, answers))));
    Ok(found)
}

/// Drafts the care plan of a needs assessment that was handed in. `fresh` gives the ids.
///
/// # Errors
/// What the database says.
pub fn draft_plan(
    db: &mut Db<'_>,
    ring: &KeyRing,
    assessment: &Assessment,
    concerns: &[Concern],
    fresh: &mut dyn FnMut() -> Uuid,
    now: Timestamp,
) -> Result<(), StoreError> {
    let nearby = signpost::nearby(db, assessment.site_id.0, assessment.participant_id.0, now.date_naive())?;
    let actions: Vec<_> = care_plan::draft(concerns, &nearby)
        .into_iter()
        .map(|action| (CarePlanActionId::new(fresh()), action))
        .collect();
    let new = NewCarePlan {
        id: CarePlanId::new(fresh()),
        programme: assessment.programme_id.0,
        site: assessment.site_id.0,
        participant: assessment.participant_id.0,
        assessment: assessment.id.0,
    };
    plans::draft(db, ring, new, &actions, now)?;
    Ok(())
}
