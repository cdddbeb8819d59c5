//! Answers: every save of every answer, in order, never changed. The newest row of a question is its answer.

use std::collections::BTreeMap;

use alongside_domain::assessment::AmendmentReason;
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{AssessmentId, SegmentId, kind};
use alongside_domain::instrument::{Answer, AnswerKey, Answers, State, Value};
use alongside_domain::provenance::{AnsweredBy, KeyedBy, Level, Origin};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::audit::any_id;
use crate::db::{Cached, Db, cols, exec, many};
use crate::error::StoreError;
use crate::schema::answers;
use crate::sealing::{KeyRing, Place};
use crate::types::{At, Code, Document, Key, Sealed};

/// One save of one answer.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = answers, treat_none_as_default_value = false)]
pub struct Row {
    pub assessment_id: Key<kind::Assessment>,
    pub seq: i64,
    pub link_id: String,
    pub occurrence: Document<Vec<u32>>,
    pub state: Code<State>,
    /// The values and the comment of a correction; `None` where there is neither.
    pub value: Option<Sealed>,
    pub answered_by: Code<AnsweredBy>,
    pub keyed_by: Code<KeyedBy>,
    pub level: Code<Level>,
    pub segment_id: Option<Key<kind::Segment>>,
    /// A person, or a service client.
    pub author_id: Key<kind::AuditEvent>,
    pub device_at: Option<At>,
    pub at: At,
    pub amends_seq: Option<i64>,
    pub reason: Option<Code<AmendmentReason>>,
}

/// What is sealed of an answer. It names its row, since the rows of an assessment share one place.
#[derive(Debug, Serialize, Deserialize)]
struct Cell {
    link_id: String,
    seq: i64,
    values: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

/// An answer about to be kept.
#[derive(Debug, Clone)]
pub struct New {
    pub answer: Answer,
    pub origin: Origin,
    pub segment: Option<SegmentId>,
    pub device_at: Option<Timestamp>,
    pub amends: Option<Amends>,
}

/// What an answer corrects, and why.
#[derive(Debug, Clone)]
pub struct Amends {
    /// The row corrected; `None` where the question had no answer.
    pub seq: Option<i64>,
    pub reason: AmendmentReason,
    pub comment: Option<String>,
}

impl Row {
    #[must_use]
    pub fn key(&self) -> AnswerKey {
        AnswerKey::at(&self.link_id, &self.occurrence.0)
    }

    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin { answered_by: self.answered_by.0, keyed_by: self.keyed_by.0, level: self.level.0 }
    }

    /// The answer, with its values.
    ///
    /// # Errors
    /// When the cell does not open, or belongs to another row.
    pub fn open(&self, ring: &KeyRing) -> Result<Answer, StoreError> {
        Ok(self.open_all(ring)?.0)
    }

    /// The answer, with the comment where it is a correction.
    ///
    /// # Errors
    /// When the cell does not open, or belongs to another row.
    pub fn open_all(&self, ring: &KeyRing) -> Result<(Answer, Option<String>), StoreError> {
        let Some(cell) = &self.value else { return Ok((Answer::without(self.key(), self.state.0), None)) };
        let cell: Cell = ring.open(place(self.assessment_id.0), cell)?;
        if cell.seq != self.seq || cell.link_id != self.link_id {
            return Err(StoreError::Sealed("the cell was moved to another answer"));
        }
        Ok((Answer { key: self.key(), state: self.state.0, values: cell.values }, cell.comment))
    }
}

/// The exponent of the most rows that one statement inserts.
const LARGEST_SHAPE: u32 = 6;

fn place(assessment: AssessmentId) -> Place {
    Place { table: "answers", column: "value", row: assessment.uuid() }
}

/// The rows of answers numbered on from `last_seq`, sealed; to be [`insert`]ed as they are.
///
/// # Errors
/// When a value does not seal.
pub fn rows(
    ring: &KeyRing,
    assessment: AssessmentId,
    last_seq: i64,
    author: Uuid,
    new: &[New],
    now: Timestamp,
) -> Result<Vec<Row>, StoreError> {
    (last_seq + 1..).zip(new).map(|(seq, new)| row(ring, assessment, seq, author, new, now)).collect()
}

/// Keeps the rows of answers. Their numbers must follow the assessment's own last one.
///
/// # Errors
/// What the database says.
pub fn insert(db: &mut Db<'_>, rows: &[Row]) -> Result<(), StoreError> {
    match db {
        // Few round trips, and few statements, which are prepared once: a power of two rows at a time.
        Db::Pg(connection) => {
            let mut rest = rows;
            while !rest.is_empty() {
                let (now, later) = rest.split_at(1 << rest.len().ilog2().min(LARGEST_SHAPE));
                Cached(diesel::insert_into(answers::table).values(now)).execute(*connection)?;
                rest = later;
            }
        }
        // No round trip at all: a short statement, prepared once, is the cheapest.
        Db::Sqlite(_) => {
            for row in rows {
                exec(db, diesel::insert_into(answers::table).values(row))?;
            }
        }
    }
    Ok(())
}

fn row(
    ring: &KeyRing,
    assessment: AssessmentId,
    seq: i64,
    author: Uuid,
    new: &New,
    now: Timestamp,
) -> Result<Row, StoreError> {
    let comment = new.amends.as_ref().and_then(|amends| amends.comment.clone());
    let cell =
        Cell { link_id: new.answer.key.link_id.clone(), seq, values: new.answer.values.clone(), comment };
    let is_empty = cell.values.is_empty() && cell.comment.is_none();
    let value = if is_empty { None } else { Some(ring.seal(place(assessment), &cell)?) };
    Ok(Row {
        assessment_id: Key(assessment),
        seq,
        link_id: cell.link_id,
        occurrence: Document(new.answer.key.occurrence.clone()),
        state: Code(new.answer.state),
        value,
        answered_by: Code(new.origin.answered_by),
        keyed_by: Code(new.origin.keyed_by),
        level: Code(new.origin.level),
        segment_id: new.segment.map(Key),
        author_id: any_id(author),
        device_at: new.device_at.map(At),
        at: At(now),
        amends_seq: new.amends.as_ref().and_then(|amends| amends.seq),
        reason: new.amends.as_ref().map(|amends| Code(amends.reason)),
    })
}

/// A stretch of the history of an assessment's answers. Whether the caller may see it is decided before.
///
/// # Errors
/// What the database says.
pub fn history(
    db: &mut Db<'_>,
    assessment: AssessmentId,
    after: i64,
    limit: u32,
) -> Result<Vec<Row>, StoreError> {
    Ok(many(
        db,
        answers::table
            .filter(answers::assessment_id.eq(Key(assessment)))
            .filter(answers::seq.gt(after))
            .order(answers::seq)
            .limit(i64::from(limit))
            .select(cols::<Row>()),
    )?)
}

/// The answers of an assessment as they stand, by address, sealed as they are.
#[derive(Debug, Clone, Default)]
pub struct Current(BTreeMap<AnswerKey, Row>);

impl Current {
    /// The newest row of a question.
    #[must_use]
    pub fn get(&self, key: &AnswerKey) -> Option<&Row> {
        self.0.get(key)
    }

    /// Takes newer rows in.
    pub fn take(&mut self, rows: impl IntoIterator<Item = Row>) {
        for row in rows {
            self.0.insert(row.key(), row);
        }
    }

    /// The newest row of every question.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.0.values()
    }

    /// The origins, for the provenance of the whole.
    #[must_use]
    pub fn origins(&self) -> Vec<Origin> {
        self.rows().map(Row::origin).collect()
    }

    /// The answers with their values.
    ///
    /// # Errors
    /// When a cell does not open.
    pub fn open(&self, ring: &KeyRing) -> Result<Answers, StoreError> {
        self.rows().map(|row| row.open(ring)).collect()
    }
}

/// The answers of an assessment as they stand. Whether the caller may see them is decided before.
///
/// # Errors
/// What the database says.
pub fn current(db: &mut Db<'_>, assessment: AssessmentId) -> Result<Current, StoreError> {
    let query = answers::table
        .filter(answers::assessment_id.eq(Key(assessment)))
        .order(answers::seq)
        .select(cols::<Row>());
    let mut current = Current::default();
    current.take(many::<_, Row>(db, query)?);
    Ok(current)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretSlice;

    fn ring() -> KeyRing {
        KeyRing::new([(1, SecretSlice::from(vec![7; 32]))]).unwrap()
    }

    fn at() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn sealed(seq: i64, link_id: &str) -> Row {
        let answer = Answer::answered(AnswerKey::of(link_id), vec![Value::Integer(7)]);
        let origin = Origin::outside_segment(AnsweredBy::Participant);
        let new = New { answer, origin, segment: None, device_at: None, amends: None };
        row(&ring(), AssessmentId::new(Uuid::from_u128(1)), seq, Uuid::nil(), &new, at()).unwrap()
    }

    #[test]
    fn an_answer_opens_in_its_row_and_in_no_other() {
        let (first, mut second) = (sealed(1, "leak"), sealed(2, "pain"));
        assert_eq!(first.open(&ring()).unwrap().values, [Value::Integer(7)]);
        second.value.clone_from(&first.value);
        assert!(second.open(&ring()).is_err(), "another question");
        let mut later = sealed(3, "leak");
        later.value.clone_from(&first.value);
        assert!(later.open(&ring()).is_err(), "an older answer");
    }

    #[test]
    fn outside_a_segment_the_row_says_unknown() {
        let row = sealed(1, "leak");
        assert_eq!((row.level.0, row.keyed_by.0, row.segment_id), (Level::Unknown, KeyedBy::Unknown, None));
    }

    #[test]
    fn the_newest_row_of_a_question_is_its_answer() {
        let mut current = Current::default();
        current.take([sealed(1, "leak"), sealed(2, "pain"), sealed(3, "leak")]);
        let seqs: Vec<i64> = current.rows().map(|row| row.seq).collect();
        assert_eq!(seqs, [3, 2]);
        assert_eq!(current.open(&ring()).unwrap().len(), 2);
    }
}
