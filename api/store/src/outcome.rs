//! Outcomes: what the final answers of an assessment came to, one at submission and one at each amendment. Kept in the
//! transaction that makes the answers final or corrects them, and never changed.

use alongside_domain::assessment::{AmendmentReason, ConcernBrief};
use alongside_domain::id::{AssessmentId, kind};
use alongside_domain::instrument::EarlierScore;
use alongside_domain::outcome::Holding;
use alongside_domain::provenance::Provenance;
use diesel::prelude::*;

use crate::db::{Db, cols, exec, many, maybe};
use crate::error::StoreError;
use crate::schema::outcomes;
use crate::types::{At, Code, Document, Key};

/// An outcome.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = outcomes, treat_none_as_default_value = false)]
pub struct Outcome {
    pub assessment_id: Key<kind::Assessment>,
    /// 1 for the submission, and on from there.
    pub number: i64,
    /// Why the answers were corrected; none for the submission.
    pub reason: Option<Code<AmendmentReason>>,
    /// The first of the answers that came with it.
    pub first_seq: i64,
    /// The last answer it takes into account.
    pub last_seq: i64,
    /// The scores as the engine wrote them.
    pub scores: Option<Document<serde_json::Value>>,
    pub concerns: Option<Document<Vec<ConcernBrief>>>,
    pub provenance: Option<Document<Provenance>>,
    /// The alert rules that held; none where nobody worked that out.
    pub holding: Option<Document<Vec<Holding>>>,
    /// A person, or a service client.
    pub author_id: Key<kind::AuditEvent>,
    pub at: At,
}

impl Outcome {
    /// The scores, as far as they can be compared.
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

/// Keeps an outcome. Its number must follow that of the [`newest`].
///
/// # Errors
/// What the database says.
pub fn insert(db: &mut Db<'_>, outcome: &Outcome) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(outcomes::table).values(outcome))?;
    Ok(())
}

/// The newest outcome of an assessment, where there is one.
///
/// # Errors
/// What the database says.
pub fn newest(db: &mut Db<'_>, assessment: AssessmentId) -> Result<Option<Outcome>, StoreError> {
    Ok(maybe(
        db,
        outcomes::table
            .filter(outcomes::assessment_id.eq(Key(assessment)))
            .order(outcomes::number.desc())
            .limit(1)
            .select(cols::<Outcome>()),
    )?)
}

/// The outcomes of an assessment from this number on, in order. Whether the caller may see them is decided before.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    assessment: AssessmentId,
    from: i64,
    limit: u32,
) -> Result<Vec<Outcome>, StoreError> {
    Ok(many(
        db,
        outcomes::table
            .filter(outcomes::assessment_id.eq(Key(assessment)))
            .filter(outcomes::number.ge(from))
            .order(outcomes::number)
            .limit(i64::from(limit))
            .select(cols::<Outcome>()),
    )?)
}
