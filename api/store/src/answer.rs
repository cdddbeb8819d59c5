//! Answers: every save, in order, never changed. The newest answer to a question is its answer.
//!
//! A row holds answers that were saved together in the same circumstances: how they were given stands in clear, so that
//! it can be counted; to which questions, and what, is sealed in one cell.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use alongside_domain::assessment::AmendmentReason;
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{AssessmentId, SegmentId, kind};
use alongside_domain::instrument::{Answer, AnswerKey, Answers, State, Value};
use alongside_domain::language::Language;
use alongside_domain::provenance::{AnsweredBy, KeyedBy, Level, Origin};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::audit::any_id;
use crate::db::{Db, cols, exec, many};
use crate::error::StoreError;
use crate::schema::answers;
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::types::{At, Code, Key, Sealed};

/// Answers saved together in the same circumstances.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = answers, treat_none_as_default_value = false)]
pub struct Row {
    pub assessment_id: Key<kind::Assessment>,
    /// The number of the first of them.
    pub first_seq: i64,
    /// The number of the last of them.
    pub last_seq: i64,
    cell: Sealed,
    pub answered_by: Code<AnsweredBy>,
    pub keyed_by: Code<KeyedBy>,
    pub level: Code<Level>,
    pub segment_id: Option<Key<kind::Segment>>,
    /// A person, or a service client.
    pub author_id: Key<kind::AuditEvent>,
    pub at: At,
    /// The language of the words that were shown, where it was said.
    pub language: Option<String>,
}

/// What is sealed of a row. It names the row, since the rows of an assessment share one place.
#[derive(Debug, Serialize, Deserialize)]
struct Cell<'a> {
    first_seq: i64,
    answers: Vec<Entry<'a>>,
}

/// What is sealed of one answer.
#[derive(Debug, Serialize, Deserialize)]
struct Entry<'a> {
    link_id: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "<[u32]>::is_empty")]
    occurrence: Cow<'a, [u32]>,
    state: State,
    #[serde(default, skip_serializing_if = "<[Value]>::is_empty")]
    values: Cow<'a, [Value]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amends: Option<Cow<'a, Amends>>,
}

impl<'a> Entry<'a> {
    fn of(kept: &'a Kept) -> Self {
        let Answer { key, state, values } = kept.answer.as_ref();
        Self {
            link_id: Cow::Borrowed(&key.link_id),
            occurrence: Cow::Borrowed(&key.occurrence),
            state: *state,
            values: Cow::Borrowed(values),
            device_at: kept.device_at,
            amends: kept.amends.as_ref().map(Cow::Borrowed),
        }
    }

    fn answer(self) -> Answer {
        let key = AnswerKey { link_id: self.link_id.into_owned(), occurrence: self.occurrence.into_owned() };
        Answer { key, state: self.state, values: self.values.into_owned() }
    }
}

/// An answer about to be kept.
#[derive(Debug, Clone)]
pub struct New {
    pub answer: Arc<Answer>,
    pub origin: Origin,
    pub segment: Option<SegmentId>,
    /// The language of the words that were shown, where it was said.
    pub language: Option<Language>,
    pub device_at: Option<Timestamp>,
    pub amends: Option<Amends>,
}

/// What an answer corrects, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amends {
    /// The answer corrected; `None` where the question had none.
    pub seq: Option<i64>,
    pub reason: AmendmentReason,
    pub comment: Option<String>,
}

/// An answer as it was kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its number in the assessment.
    pub seq: i64,
    pub answer: Arc<Answer>,
    pub origin: Origin,
    pub segment: Option<SegmentId>,
    /// The language of the words that were shown, where it was said.
    pub language: Option<Language>,
    /// The person or service client that sent it.
    pub author: Uuid,
    /// When it was given, by the device's clock.
    pub device_at: Option<Timestamp>,
    pub at: Timestamp,
    pub amends: Option<Amends>,
}

/// Answers that are numbered and sealed, to be [`insert`]ed as they are.
#[derive(Debug, Clone)]
pub struct Save {
    rows: Vec<Row>,
    kept: Vec<Kept>,
}

impl Save {
    /// Numbers answers on from `last_seq`, and seals them.
    ///
    /// # Errors
    /// When they do not seal.
    pub fn new(
        keys: &RecordKeys,
        assessment: AssessmentId,
        last_seq: i64,
        author: Uuid,
        new: Vec<New>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let number = |(seq, new): (i64, New)| {
            let New { answer, origin, segment, language, device_at, amends } = new;
            Kept { seq, answer, origin, segment, language, author, device_at, at: now, amends }
        };
        let kept: Vec<_> = (last_seq + 1..).zip(new).map(number).collect();
        let alike = |one: &Kept, next: &Kept| {
            (one.origin, one.segment, &one.language) == (next.origin, next.segment, &next.language)
        };
        let rows = kept.chunk_by(alike).filter_map(|alike| Row::of(keys, assessment, alike).transpose());
        Ok(Self { rows: rows.collect::<Result<_, _>>()?, kept })
    }

    /// The answers, in their order.
    #[must_use]
    pub fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// How many answers there are.
    #[must_use]
    pub fn count(&self) -> i64 {
        i64::try_from(self.kept.len()).unwrap_or(i64::MAX)
    }
}

impl Row {
    /// The row of answers given in the same circumstances; `None` without answers.
    fn of(keys: &RecordKeys, assessment: AssessmentId, alike: &[Kept]) -> Result<Option<Self>, StoreError> {
        let (Some(first), Some(last)) = (alike.first(), alike.last()) else { return Ok(None) };
        let cell = Cell { first_seq: first.seq, answers: alike.iter().map(Entry::of).collect() };
        Ok(Some(Self {
            assessment_id: Key(assessment),
            first_seq: first.seq,
            last_seq: last.seq,
            cell: keys.seal(place(assessment), &cell)?,
            answered_by: Code(first.origin.answered_by),
            keyed_by: Code(first.origin.keyed_by),
            level: Code(first.origin.level),
            segment_id: first.segment.map(Key),
            author_id: any_id(first.author),
            at: At(first.at),
            language: first.language.as_ref().map(Language::to_string),
        }))
    }

    /// The answers of the row.
    fn open(&self, keys: &RecordKeys) -> Result<impl Iterator<Item = Kept> + use<>, StoreError> {
        let cell: Cell<'static> = keys.open(place(self.assessment_id.0), &self.cell)?;
        if cell.first_seq != self.first_seq {
            return Err(StoreError::Sealed("the cell was moved to other answers"));
        }
        let origin =
            Origin { answered_by: self.answered_by.0, keyed_by: self.keyed_by.0, level: self.level.0 };
        let segment = self.segment_id.map(|id| id.0);
        let language = self.language.as_deref().and_then(|tag| tag.parse::<Language>().ok());
        let (author, at) = (self.author_id.0.uuid(), self.at.0);
        let kept = move |(seq, mut entry): (i64, Entry<'static>)| {
            let (device_at, amends) = (entry.device_at, entry.amends.take().map(Cow::into_owned));
            let answer = Arc::new(entry.answer());
            Kept { seq, answer, origin, segment, language: language.clone(), author, device_at, at, amends }
        };
        Ok((self.first_seq..).zip(cell.answers).map(kept))
    }
}

fn place(assessment: AssessmentId) -> Place {
    Place { class: DataClass::Health, table: "answers", column: "cell", row: assessment.uuid() }
}

/// Keeps answers. Their numbers must follow the assessment's own last one.
///
/// # Errors
/// What the database says.
pub fn insert(db: &mut Db<'_>, save: &Save) -> Result<(), StoreError> {
    for row in &save.rows {
        exec(db, diesel::insert_into(answers::table).values(row))?;
    }
    Ok(())
}

/// A stretch of the history of an assessment's answers: at most `limit` behind number `after`. Whether the caller may
/// see it is decided before.
///
/// # Errors
/// What the database says, and when a cell does not open.
pub fn history(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    assessment: AssessmentId,
    after: i64,
    limit: u32,
) -> Result<Vec<Kept>, StoreError> {
    let rows: Vec<Row> = many(
        db,
        answers::table
            .filter(answers::assessment_id.eq(Key(assessment)))
            .filter(answers::last_seq.gt(after))
            .order(answers::first_seq)
            .limit(i64::from(limit))
            .select(cols::<Row>()),
    )?;
    let mut kept = opened(keys, &rows)?;
    kept.retain(|kept| kept.seq > after);
    kept.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(kept)
}

/// Every answer of an assessment that was ever kept, in order. Whether the caller may see them is decided before.
///
/// # Errors
/// What the database says, and when a cell does not open.
pub fn all(db: &mut Db<'_>, keys: &RecordKeys, assessment: AssessmentId) -> Result<Vec<Kept>, StoreError> {
    let rows: Vec<Row> = many(
        db,
        answers::table
            .filter(answers::assessment_id.eq(Key(assessment)))
            .order(answers::first_seq)
            .select(cols::<Row>()),
    )?;
    opened(keys, &rows)
}

fn opened(keys: &RecordKeys, rows: &[Row]) -> Result<Vec<Kept>, StoreError> {
    let mut kept = Vec::new();
    for row in rows {
        kept.extend(row.open(keys)?);
    }
    Ok(kept)
}

/// The answers of an assessment as they stand, by address.
#[derive(Debug, Clone, Default)]
pub struct Current(BTreeMap<AnswerKey, Kept>);

impl Current {
    /// The newest answer to a question.
    #[must_use]
    pub fn get(&self, key: &AnswerKey) -> Option<&Kept> {
        self.0.get(key)
    }

    /// Takes newer answers in.
    pub fn take(&mut self, newer: impl IntoIterator<Item = Kept>) {
        for kept in newer {
            self.0.insert(kept.answer.key.clone(), kept);
        }
    }

    /// The newest answer to every question.
    pub fn iter(&self) -> impl Iterator<Item = &Kept> {
        self.0.values()
    }

    /// The origins, for the provenance of the whole.
    #[must_use]
    pub fn origins(&self) -> Vec<Origin> {
        self.iter().map(|kept| kept.origin).collect()
    }

    /// The answers alone.
    #[must_use]
    pub fn answers(&self) -> Answers {
        self.iter().map(|kept| Arc::clone(&kept.answer)).collect()
    }
}

/// The answers of an assessment as they stand. Whether the caller may see them is decided before.
///
/// # Errors
/// What the database says, and when a cell does not open.
pub fn current(db: &mut Db<'_>, keys: &RecordKeys, assessment: AssessmentId) -> Result<Current, StoreError> {
    let mut current = Current::default();
    current.take(all(db, keys, assessment)?);
    Ok(current)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::sealing::{KeyRing, Record};
    use alongside_domain::instrument::Value;
    use secrecy::SecretSlice;

    fn keys() -> &'static RecordKeys {
        static KEYS: LazyLock<RecordKeys> = LazyLock::new(|| {
            let key = || [(1, SecretSlice::from(vec![7; 32]))];
            let ring = Arc::new(KeyRing::new(key(), key()).unwrap());
            RecordKeys::passing(ring, Record::Installation).unwrap()
        });
        &KEYS
    }

    fn new(link_id: &str, answered_by: AnsweredBy) -> New {
        New {
            answer: Arc::new(Answer::answered(AnswerKey::of(link_id), vec![Value::Integer(7)])),
            origin: Origin::outside_segment(answered_by),
            segment: None,
            language: None,
            device_at: None,
            amends: None,
        }
    }

    fn save(last_seq: i64, new: Vec<New>) -> Save {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        Save::new(keys(), AssessmentId::new(Uuid::from_u128(1)), last_seq, Uuid::nil(), new, now).unwrap()
    }

    fn link_ids(rows: &[Row]) -> Vec<(i64, String)> {
        let all = opened(keys(), rows).unwrap();
        all.into_iter().map(|kept| (kept.seq, kept.answer.key.link_id.clone())).collect()
    }

    #[test]
    fn answers_given_alike_share_a_row_and_come_back_one_by_one() {
        use AnsweredBy::{Participant, Proxy};
        let given = vec![
            new("leak", Participant),
            new("pain", Participant),
            new("mood", Proxy),
            new("sleep", Participant),
        ];
        let save = save(4, given);
        let spans: Vec<_> = save.rows.iter().map(|row| (row.first_seq, row.last_seq)).collect();
        assert_eq!(spans, [(5, 6), (7, 7), (8, 8)]);
        let names = ["leak", "pain", "mood", "sleep"].map(str::to_owned);
        assert_eq!(link_ids(&save.rows), (5..).zip(names).collect::<Vec<_>>());
    }

    #[test]
    fn the_language_that_was_shown_stands_with_the_answers_given_in_it() {
        let said = |link_id: &str, tag: &str| New {
            language: tag.parse().ok(),
            ..new(link_id, AnsweredBy::Participant)
        };
        let save =
            save(0, vec![said("leak", "pl"), said("pain", "pl"), said("mood", "en-GB"), said("sleep", "")]);
        let tags: Vec<_> = save.rows.iter().map(|row| row.language.as_deref()).collect();
        assert_eq!(tags, [Some("pl"), Some("en-GB"), None]);
        let opened = opened(keys(), &save.rows).unwrap();
        let tags: Vec<_> = opened.iter().map(|kept| kept.language.as_ref().map(Language::as_str)).collect();
        assert_eq!(tags, [Some("pl"), Some("pl"), Some("en-GB"), None]);
    }

    #[test]
    fn a_save_without_answers_has_no_row() {
        assert!(save(0, Vec::new()).rows.is_empty());
    }

    #[test]
    fn a_row_opens_with_its_own_cell_and_with_no_other() {
        let first = save(0, vec![new("leak", AnsweredBy::Participant)]);
        let mut second = save(1, vec![new("pain", AnsweredBy::Participant)]);
        second.rows[0].cell.clone_from(&first.rows[0].cell);
        assert!(opened(keys(), &second.rows).is_err());
    }

    #[test]
    fn outside_a_segment_the_row_says_unknown() {
        let save = save(0, vec![new("leak", AnsweredBy::Participant)]);
        let row = &save.rows[0];
        assert_eq!((row.level.0, row.keyed_by.0, row.segment_id), (Level::Unknown, KeyedBy::Unknown, None));
    }

    #[test]
    fn a_correction_comes_back_with_its_reason() {
        let amends = Amends {
            seq: Some(1),
            reason: AmendmentReason::Transcription,
            comment: Some("Misheard".to_owned()),
        };
        let corrected = New { amends: Some(amends.clone()), ..new("leak", AnsweredBy::Participant) };
        let kept = opened(keys(), &save(1, vec![corrected]).rows).unwrap();
        assert_eq!(kept[0].amends, Some(amends));
    }

    #[test]
    fn the_newest_answer_to_a_question_is_its_answer() {
        let mut current = Current::default();
        let given = ["leak", "pain", "leak"].map(|link_id| new(link_id, AnsweredBy::Participant));
        current.take(save(0, given.into()).kept().iter().cloned());
        let seqs: Vec<i64> = current.iter().map(|kept| kept.seq).collect();
        assert_eq!(seqs, [3, 2]);
        assert_eq!(current.answers().len(), 2);
    }
}
