//! Where the two entries of a paper form differ, and what a third person decides with the paper in hand.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, get, post};
use alongside_domain::id::{AssessmentId, PaperAdjudicationId, PersonId};
use alongside_domain::instrument::{Answer, AnswerKey, State, Value};
use alongside_domain::paper_entry::{self as rules, Cell, Comparison, Decision, Stage, Step, Verdict};
use alongside_domain::policy::Operation;
use alongside_store::assessment::{self, Assessment};
use alongside_store::paper_entry::{self, Content, Decisions, New, PaperForm};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::answer_input::AnswerValue;
use super::double_entry::{Case, PaperAnswer, conflict};
use super::paper_entries::said;
use super::{answering, checks};
use crate::http::etag::IfMatch;
use crate::http::pointer::push_member;
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, ProblemField, Refusal, Reply, Services, reply};

/// What a field says, decided with the paper in hand.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"link_id": "URI.leakage.bother", "verdict": "second", "comment": "7 was read as 1."}))]
pub struct PaperDecision {
    /// The question.
    #[validate(length(min = 1, max = 255))]
    #[schema(min_length = 1, max_length = 255)]
    pub link_id: String,
    #[serde(default)]
    #[validate(length(max = 16))]
    #[schema(max_items = 16, required = false, maximum = 199)]
    pub occurrence: Vec<u32>,
    pub verdict: Verdict,
    /// Where neither entry has it: what became of the question; `answered` unless said otherwise.
    #[schema(nullable = false)]
    pub state: Option<State>,
    /// Where neither entry has it: the values, as FHIR has them.
    #[serde(default)]
    #[validate(length(max = 200))]
    #[schema(max_items = 200, required = false, value_type = Vec<AnswerValue>)]
    pub values: Vec<Value>,
    /// For whoever asks later why.
    #[validate(length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, nullable = false)]
    pub comment: Option<String>,
}

impl PaperDecision {
    fn key(&self) -> AnswerKey {
        AnswerKey::at(&self.link_id, &self.occurrence)
    }

    /// What the paper says, where neither entry has it.
    fn answer(&self) -> Option<Answer> {
        (self.verdict == Verdict::Neither).then(|| Answer {
            key: self.key(),
            state: self.state.unwrap_or(State::Answered),
            values: self.values.clone(),
        })
    }
}

/// What was decided.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"decisions": [{"link_id": "URI.leakage.bother", "verdict": "second"}]}))]
pub struct PaperAdjudicationCreate {
    #[validate(length(min = 1, max = 200), nested)]
    #[schema(min_items = 1, max_items = 200)]
    pub decisions: Vec<PaperDecision>,
}

/// A decision that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaperDecisionView {
    pub verdict: Verdict,
    /// What the paper says; null where it was left blank.
    pub answer: Option<PaperAnswer>,
    #[schema(max_length = 500)]
    pub comment: Option<String>,
    pub adjudicator_id: PersonId,
    pub decided_at: DateTime<Utc>,
}

/// A field in which the two entries differ.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaperDiscrepancy {
    #[schema(max_length = 255, example = "URI.leakage.bother")]
    pub link_id: String,
    #[schema(max_items = 16, maximum = 199)]
    pub occurrence: Vec<u32>,
    /// What the first entry has; null where it has nothing.
    pub first: Option<PaperAnswer>,
    pub second: Option<PaperAnswer>,
    /// Null while it is open.
    pub decision: Option<PaperDecisionView>,
}

/// Two entries of a paper form, side by side.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaperComparison {
    pub assessment_id: AssessmentId,
    pub stage: Stage,
    /// The two who typed it in.
    #[schema(max_items = 2)]
    pub keyers: Vec<PersonId>,
    /// How many fields were entered, in one of the two at least: the denominator of the rate.
    #[schema(minimum = 0, maximum = 1000)]
    pub fields: u32,
    /// How many of them differ: the numerator.
    #[schema(minimum = 0, maximum = 1000)]
    pub differing: u32,
    /// The rate of discrepancies of this form, in percent; null where nothing was entered.
    pub percent: Option<f64>,
    /// How many fields are still to be decided.
    #[schema(minimum = 0, maximum = 1000)]
    pub open: u32,
    /// The fields that differ, in the order of the form.
    #[schema(max_items = 1000)]
    pub discrepancies: Vec<PaperDiscrepancy>,
    /// The assessment's version, for `If-Match`.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub version: i64,
}

impl PaperComparison {
    fn of(
        assessment: &Assessment,
        form: &PaperForm,
        comparison: &Comparison,
        decisions: &Decisions,
    ) -> Result<Self, Refusal> {
        let decided = plain(decisions);
        let cell = Cell { forms: 1, fields: comparison.entered, found: comparison.differing };
        let view = |field: &rules::Field| PaperDiscrepancy {
            link_id: field.key.link_id.clone(),
            occurrence: field.key.occurrence.clone(),
            first: said(field.first.as_ref()),
            second: said(field.second.as_ref()),
            decision: decisions.get(&field.key).map(|(row, decision, comment)| PaperDecisionView {
                verdict: decision.verdict,
                answer: said(decision.settles(field)),
                comment: comment.clone(),
                adjudicator_id: row.adjudicator_id.0,
                decided_at: row.decided_at.0,
            }),
        };
        Ok(Self {
            assessment_id: assessment.id.0,
            stage: form.stage.0,
            keyers: form.keyers().map(Vec::from).ok_or_else(not_yet)?,
            fields: comparison.entered,
            differing: comparison.differing,
            percent: cell.percent(),
            open: comparison.open(&decided),
            discrepancies: comparison.discrepancies().map(view).collect(),
            version: assessment.version,
        })
    }
}

fn plain(decisions: &Decisions) -> BTreeMap<AnswerKey, Decision> {
    decisions.iter().map(|(key, (_, decision, _))| (key.clone(), decision.clone())).collect()
}

fn not_yet() -> Refusal {
    conflict("There are not two entries yet: they are compared once both are there.")
}

/// Compare the entries of a paper form
///
/// The fields in which the two entries differ, with what was decided of each, and the rate of discrepancies of the form.
/// Once both entries are there, and not before.
#[utoipa::path(
    tag = "paper-entries", operation_id = "compare_paper_entries",
    params(("id" = AssessmentId, Path, description = "The assessment.")),
    responses((status = 200, description = "The entries side by side.", body = PaperComparison))
)]
#[get("/v1/assessments/{id}/paper-comparison")]
async fn compare_paper_entries(
    permit: Permit<{ Operation::ComparePaperEntries.id() }>,
    path: Path<AssessmentId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let view = permit
        .read(move |ctx| {
            let row = assessment::find(ctx.db, ctx.scope, id)?;
            ctx.about(row.participant_id.0);
            let form = paper_entry::form(ctx.db, id)?.ok_or_else(not_yet)?;
            let keys = ctx.keys_of(row.participant_id.0)?;
            let decisions = paper_entry::decisions(ctx.db, &keys, id)?;
            let case = case(ctx, row, form, plain(&decisions))?;
            PaperComparison::of(&case.assessment, &case.form, &case.comparison, &decisions)
        })
        .await?;
    Ok(reply::shown(view.version, &view))
}

/// The form with its entries side by side.
fn case(
    ctx: &mut Ctx<'_, '_>,
    assessment: Assessment,
    form: PaperForm,
    decisions: BTreeMap<AnswerKey, Decision>,
) -> Result<Case, Refusal> {
    if !form.stage.0.is_compared() {
        return Err(not_yet());
    }
    let definition = ctx.app.definitions.get(ctx.db, assessment.instrument_id.0)?;
    let entries = paper_entry::list(ctx.db, assessment.id.0)?;
    let keys = ctx.keys_of(assessment.participant_id.0)?;
    let [first, second] = paper_entry::both(&keys, &entries)?;
    let comparison = rules::compare(&definition, &first, &second);
    Ok(Case { assessment, definition, form, entries, comparison, decisions })
}

/// Decide what a paper form says
///
/// Where its two entries differ: the first has it, the second has it, or neither, and then what the paper says. None of
/// the two who typed it in decides. A field can be decided anew until the last one is; then the form is agreed, and what
/// it says is the answers of the assessment: typed in by staff, judged by whom the form says. If they do not go together
/// nothing is kept. With `If-Match` it is refused if anything was changed meanwhile.
#[utoipa::path(
    tag = "paper-entries", operation_id = "adjudicate_paper_entries", request_body = PaperAdjudicationCreate,
    params(("id" = AssessmentId, Path, description = "The assessment.")),
    responses((status = 200, description = "The entries side by side, as decided.", body = PaperComparison))
)]
#[post("/v1/assessments/{id}/paper-adjudications")]
async fn adjudicate_paper_entries(
    permit: Permit<{ Operation::AdjudicatePaperEntries.id() }>,
    path: Path<AssessmentId>,
    if_match: Option<IfMatch>,
    body: Json<PaperAdjudicationCreate>,
) -> Result<HttpResponse, Problem> {
    let (id, new) = (*path, body.into_inner());
    permit.write(move |ctx| adjudicate(ctx, id, if_match.as_ref(), &new.decisions)).await
}

fn adjudicate(
    ctx: &mut Ctx<'_, '_>,
    id: AssessmentId,
    if_match: Option<&IfMatch>,
    new: &[PaperDecision],
) -> Result<Reply, Refusal> {
    let row = assessment::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    if let Some(if_match) = if_match {
        if_match.check(row.version)?;
    }
    answering::require_open(&row)?;
    answering::require_participant(assessment::participant_status(ctx.db, row.participant_id.0)?)?;
    checks::require_unrestricted(ctx, row.participant_id.0)?;
    let adjudicator = ctx.caller.person().ok_or_else(Problem::not_found)?;
    let form = paper_entry::form(ctx.db, id)?.ok_or_else(not_yet)?;
    // The step is judged before anything is kept; how many fields are left open does not decide whether it can be taken.
    form.stage.0.after(Step::Adjudication { open: 0 })?;
    let keyers = form.keyers().ok_or_else(not_yet)?;
    rules::may_adjudicate(adjudicator, keyers)
        .map_err(|refused| Problem::new(Code::Conflict).detail(refused.to_string()))?;
    let mut case = case(ctx, row, form, BTreeMap::new())?;
    require_sound(&case.comparison, new)?;
    let kept: Vec<New> = new
        .iter()
        .map(|decision| New {
            id: PaperAdjudicationId::new(ctx.fresh()),
            key: decision.key(),
            verdict: decision.verdict,
            content: Content { answer: decision.answer(), comment: decision.comment.clone() },
        })
        .collect();
    let keys = ctx.keys_of(case.assessment.participant_id.0)?;
    paper_entry::decide(ctx.db, &keys, id, adjudicator, &kept, ctx.now)?;
    let decisions = paper_entry::decisions(ctx.db, &keys, id)?;
    case.decisions = plain(&decisions);
    let step = Step::Adjudication { open: case.comparison.open(&case.decisions) };
    let comparison = case.comparison.clone();
    let (row, form) = case.take(ctx, step, |key| place(new, key))?;
    Reply::ok(row.version, &PaperComparison::of(&row, &form, &comparison, &decisions)?)
}

/// Whether every decision is about a field that differs, and says what the paper says where it must.
fn require_sound(comparison: &Comparison, new: &[PaperDecision]) -> Result<(), Refusal> {
    let mut faults: Vec<ProblemField> = Vec::new();
    let mut refuse = |pointer: String, code: &'static str, message: &'static str| {
        faults.push(ProblemField { pointer: pointer.into(), code: code.into(), message: message.into() });
    };
    for (position, decision) in new.iter().enumerate() {
        let at = format!("/decisions/{position}");
        let key = decision.key();
        if !comparison.discrepancies().any(|field| field.key == key) {
            refuse(format!("{at}/link_id"), "no_discrepancy", "The two entries do not differ here.");
        }
        if new.iter().take(position).any(|before| before.key() == key) {
            refuse(at.clone(), "repeated", "This field was decided further up.");
        }
        let says = decision.state.is_some() || !decision.values.is_empty();
        match decision.verdict {
            Verdict::Neither if !says => {
                refuse(format!("{at}/values"), "values_missing", "Say what the paper says.");
            }
            Verdict::First | Verdict::Second if says => {
                let message = "What the paper says comes with the decision only where neither entry has it.";
                refuse(format!("{at}/values"), "values_not_allowed", message);
            }
            _ => {}
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::new(Code::Invalid).fields(faults).into()) }
}

/// Where the request has the decision of this field; what was decided before stands in no document, so there the link id
/// is the pointer.
fn place(new: &[PaperDecision], key: &AnswerKey) -> String {
    match new.iter().position(|decision| decision.key() == *key) {
        Some(position) => format!("/decisions/{position}"),
        None => {
            let mut pointer = "/answers".to_owned();
            push_member(&mut pointer, &key.link_id);
            pointer
        }
    }
}

pub fn routes(config: &mut impl Services) {
    config.service(compare_paper_entries).service(adjudicate_paper_entries);
}
