//! What an assessment comes to: scores, concerns and provenance, worked out anew whenever its final answers change. Each
//! outcome is kept beside the one before it.

use alongside_domain::assessment::AmendmentReason;
use alongside_domain::care_plan;
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{CarePlanActionId, CarePlanId};
use alongside_domain::instrument::{Answers, Concern, Definition, Enabled, concerns, scores};
use alongside_domain::outcome::holding;
use alongside_store::assessment::Assessment;
use alongside_store::audit::any_id;
use alongside_store::care_plan::{self as plans, NewCarePlan};
use alongside_store::outcome::{self, Outcome};
use alongside_store::sealing::RecordKeys;
use alongside_store::types::{At, Code, Document};
use alongside_store::{Db, StoreError, assessment_history, signpost};
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

/// Keeps the outcome that was put on the assessment: beside the one before it, where the answers were corrected for this
/// reason, and otherwise as the first.
///
/// # Errors
/// What the database says.
pub fn keep(
    db: &mut Db<'_>,
    assessment: &Assessment,
    definition: &Definition,
    answers: &Answers,
    (author, reason): (Uuid, Option<AmendmentReason>),
    now: Timestamp,
) -> Result<(), StoreError> {
    let before = if reason.is_some() { outcome::newest(db, assessment.id.0)? } else { None };
    let held = holding::<StoreError>(definition, answers, || {
        match assessment_history::earlier(db, assessment, now, 1)?.first() {
            Some(earlier) => earlier.scores(),
            None => Ok(Vec::new()),
        }
    })?;
    let outcome = Outcome {
        assessment_id: assessment.id,
        number: before.as_ref().map_or(1, |before| before.number + 1),
        reason: reason.map(Code),
        first_seq: before.as_ref().map_or(1, |before| before.last_seq + 1),
        last_seq: assessment.last_seq,
        scores: assessment.scores.clone(),
        concerns: assessment.concerns.clone(),
        provenance: assessment.provenance.clone(),
        holding: Some(Document(held)),
        author_id: any_id(author),
        at: At(now),
    };
    outcome::insert(db, &outcome)
}

/// Drafts the care plan of a needs assessment that was handed in. `fresh` gives the ids.
///
/// # Errors
/// What the database says.
pub fn draft_plan(
    db: &mut Db<'_>,
    keys: &RecordKeys,
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
    plans::draft(db, keys, new, &actions, now)?;
    Ok(())
}
