//! Segments of an assistance session: a new one whenever the help or the company changes.

use alongside_domain::assistance::Segment as Help;
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{AssessmentId, AssistanceSessionId, kind};
use alongside_domain::provenance::{KeyedBy, Level, OthersPresent};
use diesel::prelude::*;

use crate::db::{Db, cols, exec, many, maybe, rewrite};
use crate::error::StoreError;
use crate::schema::segments;
use crate::types::{At, Code, Document, Key};

/// A stretch of a session.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = segments, treat_none_as_default_value = false)]
pub struct Segment {
    pub id: Key<kind::Segment>,
    pub assistance_session_id: Key<kind::AssistanceSession>,
    pub assessment_id: Key<kind::Assessment>,
    pub level: Code<Level>,
    pub keyed_by: Code<KeyedBy>,
    pub others_present: Document<Vec<OthersPresent>>,
    pub handed_over: bool,
    pub started_at: At,
    pub ended_at: Option<At>,
}

impl Segment {
    /// As the rules see it.
    #[must_use]
    pub fn help(&self) -> Help {
        Help {
            level: self.level.0,
            keyed_by: self.keyed_by.0,
            others_present: self.others_present.0.clone(),
            handed_over: self.handed_over,
        }
    }
}

/// Adds a segment. The one before must have ended.
///
/// # Errors
/// What the database says.
pub fn insert(db: &mut Db<'_>, segment: &Segment) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(segments::table).values(segment))?;
    Ok(())
}

/// The open segment of a session.
///
/// # Errors
/// What the database says.
pub fn open(db: &mut Db<'_>, session: AssistanceSessionId) -> Result<Option<Segment>, StoreError> {
    Ok(maybe(
        db,
        segments::table
            .filter(segments::assistance_session_id.eq(Key(session)))
            .filter(segments::ended_at.is_null())
            .select(cols::<Segment>()),
    )?)
}

/// The segments of an assessment, the first first.
///
/// # Errors
/// What the database says.
pub fn of_assessment(db: &mut Db<'_>, assessment: AssessmentId) -> Result<Vec<Segment>, StoreError> {
    Ok(many(
        db,
        segments::table
            .filter(segments::assessment_id.eq(Key(assessment)))
            .order(segments::id)
            .select(cols::<Segment>()),
    )?)
}

/// Ends the open segment of a session, if there is one.
///
/// # Errors
/// What the database says.
pub fn end(db: &mut Db<'_>, session: AssistanceSessionId, at: Timestamp) -> Result<(), StoreError> {
    rewrite(
        db,
        diesel::update(
            segments::table
                .filter(segments::assistance_session_id.eq(Key(session)))
                .filter(segments::ended_at.is_null()),
        )
        .set(segments::ended_at.eq(Some(At(at)))),
    )?;
    Ok(())
}
