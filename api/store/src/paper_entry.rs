//! Paper forms that are typed in twice: how far each has got, the two entries, and what was decided where they differ.
//! Entries and decisions are only ever added. Every step moves the version of the assessment first, so that of two at the
//! same time one finds what the other left.

use std::collections::BTreeMap;

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{AssessmentId, PaperAdjudicationId, PaperEntryId, PersonId, ProgrammeId, kind};
use alongside_domain::instrument::{Answer, AnswerKey, Answers};
use alongside_domain::paper_entry::{Decision, FormCounts, Stage, Verdict};
use alongside_domain::policy::Role;
use alongside_domain::provenance::AnsweredBy;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::assessment::Assessment;
use crate::db::{Db, cols, exec, many, maybe, rewrite};
use crate::error::StoreError;
use crate::schema::{paper_adjudications, paper_entries, paper_forms};
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::types::{At, Code, Document, Key, Sealed};

/// How far the double entry of an assessment has got.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = paper_forms, treat_none_as_default_value = false)]
pub struct PaperForm {
    pub assessment_id: Key<kind::Assessment>,
    pub programme_id: Key<kind::Programme>,
    pub participant_id: Key<kind::Participant>,
    pub instrument_id: Key<kind::Instrument>,
    pub stage: Code<Stage>,
    pub first_keyer: Key<kind::Person>,
    pub second_keyer: Option<Key<kind::Person>>,
    /// How many fields were entered; from the second entry on.
    pub fields: Option<i32>,
    /// How many of them differ.
    pub differing: Option<i32>,
    /// How many fields the first entry has wrong; once the form is agreed.
    pub first_errors: Option<i32>,
    pub second_errors: Option<i32>,
    pub agreed_at: Option<At>,
    pub created_at: At,
    pub updated_at: At,
}

impl PaperForm {
    /// Of an assessment that nobody has typed in yet, by the person who does now.
    #[must_use]
    pub fn begun(assessment: &Assessment, first_keyer: PersonId, now: Timestamp) -> Self {
        Self {
            assessment_id: assessment.id,
            programme_id: assessment.programme_id,
            participant_id: assessment.participant_id,
            instrument_id: assessment.instrument_id,
            stage: Code(Stage::FirstEntered),
            first_keyer: Key(first_keyer),
            second_keyer: None,
            fields: None,
            differing: None,
            first_errors: None,
            second_errors: None,
            agreed_at: None,
            created_at: At(now),
            updated_at: At(now),
        }
    }

    /// The two who typed it in, once there are two.
    #[must_use]
    pub fn keyers(&self) -> Option<[PersonId; 2]> {
        Some([self.first_keyer.0, self.second_keyer?.0])
    }

    /// What is counted of it, once it was typed in twice.
    #[must_use]
    pub fn counts(&self) -> Option<FormCounts> {
        let count = |n: i32| u32::try_from(n).unwrap_or(0);
        let errors = self.first_errors.zip(self.second_errors);
        Some(FormCounts {
            participant: self.participant_id.0,
            instrument: self.instrument_id.0,
            keyers: self.keyers()?,
            fields: count(self.fields?),
            differing: count(self.differing?),
            errors: errors.map(|(first, second)| [count(first), count(second)]),
        })
    }
}

/// The form of an assessment, where somebody has begun to type it in. Whether the caller may see the assessment is
/// decided before.
///
/// # Errors
/// What the database says.
pub fn form(db: &mut Db<'_>, assessment: AssessmentId) -> Result<Option<PaperForm>, StoreError> {
    Ok(maybe(db, paper_forms::table.find(Key(assessment)).select(cols::<PaperForm>()))?)
}

/// Adds a form.
///
/// # Errors
/// What the database says.
pub fn begin(db: &mut Db<'_>, form: &PaperForm) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(paper_forms::table).values(form))?;
    Ok(())
}

/// Writes what may change of a form.
///
/// # Errors
/// What the database says.
pub fn save(db: &mut Db<'_>, form: &PaperForm) -> Result<(), StoreError> {
    rewrite(
        db,
        diesel::update(paper_forms::table.find(form.assessment_id)).set((
            paper_forms::stage.eq(form.stage),
            paper_forms::second_keyer.eq(form.second_keyer),
            paper_forms::fields.eq(form.fields),
            paper_forms::differing.eq(form.differing),
            paper_forms::first_errors.eq(form.first_errors),
            paper_forms::second_errors.eq(form.second_errors),
            paper_forms::agreed_at.eq(form.agreed_at),
            paper_forms::updated_at.eq(form.updated_at),
        )),
    )?;
    Ok(())
}

/// A stretch of the forms of a programme, by assessment, without anything of what they say.
///
/// # Errors
/// What the database says.
pub fn of_programme(
    db: &mut Db<'_>,
    programme: ProgrammeId,
    after: AssessmentId,
    limit: u32,
) -> Result<Vec<PaperForm>, StoreError> {
    Ok(many(
        db,
        paper_forms::table
            .filter(paper_forms::programme_id.eq(Key(programme)))
            .filter(paper_forms::assessment_id.gt(Key(after)))
            .order(paper_forms::assessment_id)
            .limit(i64::from(limit))
            .select(cols::<PaperForm>()),
    )?)
}

/// What one person typed in.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = paper_entries, treat_none_as_default_value = false)]
pub struct PaperEntry {
    pub id: Key<kind::PaperEntry>,
    pub assessment_id: Key<kind::Assessment>,
    /// 1 or 2.
    pub pass: i32,
    pub keyer_id: Key<kind::Person>,
    pub keyer_role: Code<Role>,
    /// Whose judgement the form says it is.
    pub answered_by: Code<AnsweredBy>,
    /// The number printed on the sheet.
    pub sheet: Option<String>,
    /// How many fields have something in them.
    pub fields: i32,
    pub answers: Sealed,
    pub entered_at: At,
}

impl PaperEntry {
    /// What was typed in.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn open(&self, keys: &RecordKeys) -> Result<Vec<Answer>, StoreError> {
        keys.open(entry_place(self.id.0), &self.answers)
    }
}

fn entry_place(id: PaperEntryId) -> Place {
    Place { class: DataClass::Health, table: "paper_entries", column: "answers", row: id.uuid() }
}

/// Seals what was typed in, for the entry with this id.
///
/// # Errors
/// When an answer does not seal.
pub fn seal(keys: &RecordKeys, id: PaperEntryId, answers: &[Answer]) -> Result<Sealed, StoreError> {
    keys.seal(entry_place(id), answers)
}

/// Adds an entry to its form.
///
/// # Errors
/// What the database says.
pub fn insert(db: &mut Db<'_>, entry: &PaperEntry) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(paper_entries::table).values(entry))?;
    Ok(())
}

/// The entries of an assessment, the first one first: two at most.
///
/// # Errors
/// What the database says.
pub fn list(db: &mut Db<'_>, assessment: AssessmentId) -> Result<Vec<PaperEntry>, StoreError> {
    Ok(many(
        db,
        paper_entries::table
            .filter(paper_entries::assessment_id.eq(Key(assessment)))
            .order(paper_entries::pass)
            .select(cols::<PaperEntry>()),
    )?)
}

/// The answers of two entries, opened.
///
/// # Errors
/// [`StoreError::NotFound`] while there are not two.
pub fn both(keys: &RecordKeys, entries: &[PaperEntry]) -> Result<[Answers; 2], StoreError> {
    let [first, second] = entries else { return Err(StoreError::NotFound) };
    Ok([first.open(keys)?.into_iter().collect(), second.open(keys)?.into_iter().collect()])
}

/// What was decided of one field.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = paper_adjudications, treat_none_as_default_value = false)]
pub struct PaperAdjudication {
    pub id: Key<kind::PaperAdjudication>,
    pub assessment_id: Key<kind::Assessment>,
    pub link_id: String,
    pub occurrence: Document<Vec<u32>>,
    pub verdict: Code<Verdict>,
    /// `None` where there is neither an answer nor a remark.
    pub content: Option<Sealed>,
    pub adjudicator_id: Key<kind::Person>,
    pub decided_at: At,
}

/// What is sealed of a decision.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// What the paper says, where neither entry has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// What whoever decided has to say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl PaperAdjudication {
    #[must_use]
    pub fn key(&self) -> AnswerKey {
        AnswerKey::at(&self.link_id, &self.occurrence.0)
    }

    /// What the paper says, and what there is to say about it.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn open(&self, keys: &RecordKeys) -> Result<Content, StoreError> {
        match &self.content {
            Some(cell) => keys.open(decision_place(self.id.0), cell),
            None => Ok(Content::default()),
        }
    }
}

fn decision_place(id: PaperAdjudicationId) -> Place {
    Place { class: DataClass::Health, table: "paper_adjudications", column: "content", row: id.uuid() }
}

/// A decision about to be kept.
#[derive(Debug, Clone)]
pub struct New {
    pub id: PaperAdjudicationId,
    pub key: AnswerKey,
    pub verdict: Verdict,
    pub content: Content,
}

/// Keeps what one person decided of the fields of a form. Answers the rows.
///
/// # Errors
/// What the database says.
pub fn decide(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    assessment: AssessmentId,
    adjudicator: PersonId,
    new: &[New],
    now: Timestamp,
) -> Result<Vec<PaperAdjudication>, StoreError> {
    let mut rows = Vec::with_capacity(new.len());
    for new in new {
        let is_empty = new.content == Content::default();
        let row = PaperAdjudication {
            id: Key(new.id),
            assessment_id: Key(assessment),
            link_id: new.key.link_id.clone(),
            occurrence: Document(new.key.occurrence.clone()),
            verdict: Code(new.verdict),
            content: if is_empty { None } else { Some(keys.seal(decision_place(new.id), &new.content)?) },
            adjudicator_id: Key(adjudicator),
            decided_at: At(now),
        };
        exec(db, diesel::insert_into(paper_adjudications::table).values(&row))?;
        rows.push(row);
    }
    Ok(rows)
}

/// What was decided of the fields of a form, the newest for each, opened; with the remark.
pub type Decisions = BTreeMap<AnswerKey, (PaperAdjudication, Decision, Option<String>)>;

/// As it was decided of an assessment, field by field.
///
/// # Errors
/// What the database says.
pub fn decisions(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    assessment: AssessmentId,
) -> Result<Decisions, StoreError> {
    let rows: Vec<PaperAdjudication> = many(
        db,
        paper_adjudications::table
            .filter(paper_adjudications::assessment_id.eq(Key(assessment)))
            .order(paper_adjudications::id)
            .select(cols::<PaperAdjudication>()),
    )?;
    rows.into_iter()
        .map(|row| {
            let Content { answer, comment } = row.open(keys)?;
            let decision = Decision { verdict: row.verdict.0, answer };
            Ok((row.key(), (row, decision, comment)))
        })
        .collect()
}
