//! Paper forms that are typed in twice: what their operations have in common, and what others ask of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use alongside_domain::assessment::Channel;
use alongside_domain::instrument::{Answer, AnswerKey, Answers, Definition, Finding, State, Value};
use alongside_domain::paper_entry::{Comparison, Decision, Stage, Step, agreed, origin};
use alongside_domain::policy::{Operation, relation};
use alongside_domain::provenance::Origin;
use alongside_store::answer::New;
use alongside_store::assessment::{self, Assessment};
use alongside_store::paper_entry::{self, PaperEntry, PaperForm};
use alongside_store::types::{At, Code as Coded};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::answer_input::AnswerValue;
use super::answering;
use crate::http::{Code, Ctx, Problem, Refusal};

/// What stands in one field of a paper form.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"link_id": "URI.leakage.bother", "values": [{"valueInteger": 7}]}))]
pub struct PaperAnswerInput {
    /// The question.
    #[validate(length(min = 1, max = 255))]
    #[schema(min_length = 1, max_length = 255)]
    pub link_id: String,
    /// Which of the enclosing repeating groups, outermost first, counting from 0. Empty for nearly all.
    #[serde(default)]
    #[validate(length(max = 16))]
    #[schema(max_items = 16, required = false, maximum = 199)]
    pub occurrence: Vec<u32>,
    /// What became of the question; `answered` unless said otherwise.
    #[schema(nullable = false)]
    pub state: Option<State>,
    /// The values, as FHIR has them; none unless answered.
    #[serde(default)]
    #[validate(length(max = 200))]
    #[schema(max_items = 200, required = false, value_type = Vec<AnswerValue>)]
    pub values: Vec<Value>,
}

impl PaperAnswerInput {
    pub fn answer(&self) -> Answer {
        Answer {
            key: AnswerKey::at(&self.link_id, &self.occurrence),
            state: self.state.unwrap_or(State::Answered),
            values: self.values.clone(),
        }
    }
}

/// What somebody typed into one field of a paper form.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PaperAnswer {
    #[schema(max_length = 255, example = "URI.leakage.bother")]
    pub link_id: String,
    #[schema(max_items = 16, maximum = 199)]
    pub occurrence: Vec<u32>,
    pub state: State,
    #[schema(max_items = 200, value_type = Vec<AnswerValue>)]
    pub values: Vec<Value>,
}

impl From<Answer> for PaperAnswer {
    fn from(answer: Answer) -> Self {
        let AnswerKey { link_id, occurrence } = answer.key;
        Self { link_id, occurrence, state: answer.state, values: answer.values }
    }
}

/// 409 where the answers of an assessment come from two entries, so that nobody may give them otherwise.
///
/// # Errors
/// 409, or what the database says.
pub fn require_none(ctx: &mut Ctx<'_, '_>, assessment: &Assessment) -> Result<(), Refusal> {
    if form(ctx, assessment)?.is_none() {
        return Ok(());
    }
    Err(conflict("This form is typed in twice: its answers come from the two entries."))
}

/// 409 while an assessment waits for its second entry, or for somebody to decide where the two differ.
///
/// # Errors
/// 409, or what the database says.
pub fn require_agreed(ctx: &mut Ctx<'_, '_>, assessment: &Assessment) -> Result<(), Refusal> {
    match form(ctx, assessment)? {
        Some(form) if form.stage.0 != Stage::Agreed => {
            Err(conflict("This form is typed in twice, and what it says is not agreed yet."))
        }
        _ => Ok(()),
    }
}

/// Whether the caller may yet be the second to type the form in, so that nothing of the first entry may be told him.
///
/// # Errors
/// What the database says.
pub fn is_blind(ctx: &mut Ctx<'_, '_>, assessment: &Assessment) -> Result<bool, Refusal> {
    if relation(Operation::CreatePaperEntry, ctx.caller.role).is_none() {
        return Ok(false);
    }
    Ok(form(ctx, assessment)?.is_some_and(|form| form.stage.0 == Stage::FirstEntered))
}

/// The form, where the assessment is on paper: nobody is asked about any other.
fn form(ctx: &mut Ctx<'_, '_>, assessment: &Assessment) -> Result<Option<PaperForm>, Refusal> {
    if assessment.channel.0 != Channel::Paper {
        return Ok(None);
    }
    Ok(paper_entry::form(ctx.db, assessment.id.0)?)
}

/// 409 with these words.
pub fn conflict(detail: &'static str) -> Refusal {
    Problem::new(Code::Conflict).detail(detail).into()
}

/// What was found against fields, at the places where the request has them.
pub fn fields(found: Vec<(AnswerKey, Finding)>, place: impl Fn(&AnswerKey) -> String) -> Vec<Finding> {
    let at = |(key, finding): (AnswerKey, Finding)| Finding {
        pointer: format!("{}{}", place(&key), finding.pointer),
        ..finding
    };
    found.into_iter().map(at).collect()
}

/// A form with everything that settles what it says.
pub struct Case {
    pub assessment: Assessment,
    pub definition: Arc<Definition>,
    pub form: PaperForm,
    pub entries: Vec<PaperEntry>,
    pub comparison: Comparison,
    pub decisions: BTreeMap<AnswerKey, Decision>,
}

impl Case {
    /// Takes the step. Where nothing is left to decide, the answers of the form become those of the assessment. Answers
    /// the assessment and the form as they are now.
    ///
    /// # Errors
    /// 409 when the step cannot be taken; 422 when what was decided does not go together.
    pub fn take(
        self,
        ctx: &mut Ctx<'_, '_>,
        step: Step,
        place: impl Fn(&AnswerKey) -> String,
    ) -> Result<(Assessment, PaperForm), Refusal> {
        let Self { mut assessment, definition, mut form, entries, comparison, decisions } = self;
        form.stage = Coded(form.stage.0.after(step)?);
        form.updated_at = At(ctx.now);
        form.fields = Some(count(comparison.entered));
        form.differing = Some(count(comparison.differing));
        let answers = if form.stage.0 == Stage::Agreed {
            let settled = agreed(&definition, &comparison, &decisions);
            settled.map_err(|found| {
                Problem::new(Code::Invalid).fields(super::fhir::fields(&fields(found, place)))
            })?
        } else {
            Vec::new()
        };
        let last_seq = assessment.last_seq;
        assessment.last_seq = last_seq + i64::try_from(answers.len()).unwrap_or(0);
        let assessment = assessment::save(ctx.db, assessment, ctx.now)?;
        if form.stage.0 == Stage::Agreed {
            form.agreed_at = Some(At(ctx.now));
            let [first, second] = comparison.errors(&decisions);
            (form.first_errors, form.second_errors) = (Some(count(first)), Some(count(second)));
            let kept = news(&answers, whose(&entries));
            let after: Answers = answers.into_iter().collect();
            answering::record(ctx, &assessment, last_seq, &definition, kept, &after)?;
        }
        paper_entry::save(ctx.db, &form)?;
        Ok((assessment, form))
    }
}

/// The origin of what two entries agree on.
fn whose(entries: &[PaperEntry]) -> Origin {
    let said: Vec<_> = entries.iter().map(|entry| entry.answered_by.0).collect();
    match said.as_slice() {
        [first, second] => origin(*first, *second),
        _ => Origin::unknown(),
    }
}

/// Answers from paper, about to be kept.
pub fn news(answers: &[Answer], origin: Origin) -> Vec<New> {
    let new = |answer: &Answer| New {
        answer: Arc::new(answer.clone()),
        origin,
        segment: None,
        language: None,
        device_at: None,
        amends: None,
    };
    answers.iter().map(new).collect()
}

/// As the column holds it: there are never as many fields as would not fit.
pub fn count(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
