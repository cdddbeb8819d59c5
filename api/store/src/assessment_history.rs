//! Assessments over time: the scores of the earlier ones, and all of one instrument for whoever tries a rule out.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{AssessmentId, InstrumentId, kind};
use alongside_domain::instrument::EarlierScore;
use diesel::prelude::*;

use crate::assessment::Assessment;
use crate::db::{Db, cols, many, maybe};
use crate::error::StoreError;
use crate::schema::{assessments, instruments};
use crate::scope::Scope;
use crate::types::{At, Document, Key};

/// What is known of an earlier assessment without opening its answers.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = assessments)]
pub struct Earlier {
    pub id: Key<kind::Assessment>,
    pub time_point: String,
    pub submitted_at: Option<At>,
    scores: Option<Document<serde_json::Value>>,
}

impl Earlier {
    /// The scores as they were kept.
    ///
    /// # Errors
    /// When they are not what was written.
    pub fn scores(&self) -> Result<Vec<EarlierScore>, StoreError> {
        match &self.scores {
            Some(scores) => Ok(serde_json::from_value(scores.0.clone())?),
            None => Ok(Vec::new()),
        }
    }
}

/// The participant's assessments with the same instrument, in any version of it, that were submitted before this one was
/// submitted or given up or, while it is neither, before now; the last one first. Whether the caller may see this one is decided before.
///
/// # Errors
/// What the database says.
pub fn earlier(
    db: &mut Db<'_>,
    assessment: &Assessment,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Earlier>, StoreError> {
    let url: Option<String> =
        maybe(db, instruments::table.find(assessment.instrument_id).select(instruments::url))?;
    let Some(url) = url else { return Ok(Vec::new()) };
    let until = assessment.submitted_at.or(assessment.abandoned_at).unwrap_or(At(now));
    Ok(many(
        db,
        assessments::table
            .inner_join(instruments::table.on(instruments::id.eq(assessments::instrument_id)))
            .filter(assessments::participant_id.eq(assessment.participant_id))
            .filter(assessments::id.ne(assessment.id))
            .filter(instruments::url.eq(url))
            .filter(assessments::submitted_at.lt(Some(until)))
            .order((assessments::submitted_at.desc(), assessments::id.desc()))
            .limit(i64::from(limit))
            .select(cols::<Earlier>()),
    )?)
}

/// A stretch of all assessments with one version of an instrument, by id, in the caller's programme.
///
/// # Errors
/// What the database says.
pub fn of_instrument(
    db: &mut Db<'_>,
    scope: &Scope,
    instrument: InstrumentId,
    after: AssessmentId,
    limit: u32,
) -> Result<Vec<Assessment>, StoreError> {
    let Some(programme) = scope.programme() else { return Ok(Vec::new()) };
    Ok(many(
        db,
        assessments::table
            .filter(assessments::instrument_id.eq(Key(instrument)))
            .filter(assessments::programme_id.eq(Key(programme)))
            .filter(assessments::id.gt(Key(after)))
            .order(assessments::id)
            .limit(i64::from(limit))
            .select(cols::<Assessment>()),
    )?)
}
