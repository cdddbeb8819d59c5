//! Typing paper forms in, twice: the second person sees nothing of what the first one typed.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpResponse, get, post};
use alongside_domain::assessment::Channel;
use alongside_domain::id::{AssessmentId, PaperEntryId, PersonId};
use alongside_domain::instrument::{Answer, AnswerKey, Answers, Finding};
use alongside_domain::paper_entry::{self as rules, Stage, Step};
use alongside_domain::policy::{Operation, Role};
use alongside_domain::provenance::AnsweredBy;
use alongside_store::assessment::{self, Assessment};
use alongside_store::paper_entry::{self, PaperEntry, PaperForm};
use alongside_store::sealing::RecordKeys;
use alongside_store::types::{At, Code as Coded, Key};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::answering;
use super::checks;
use super::double_entry::{self, Case, PaperAnswer, PaperAnswerInput, conflict};
use super::fhir;
use crate::http::etag::IfMatch;
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Refusal, Reply, Services, reply};

/// A paper form, as one person reads it.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "sheet": "N-0231",
    "answers": [{"link_id": "URI.leakage.gate", "values": [{"valueCoding": {
        "system": "https://fhir.alongside.example/CodeSystem/answer", "code": "yes"}}]},
        {"link_id": "URI.leakage.bother", "values": [{"valueInteger": 7}]}]
}))]
pub struct PaperEntryCreate {
    /// Chosen by the client, so that a retry is recognised.
    pub id: Option<PaperEntryId>,
    /// The number printed on the sheet, so that both type the same one: letters, digits, `.`, `_`, `/` and `-`.
    #[validate(length(min = 1, max = 64), custom(function = "sheet_number"))]
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[A-Za-z0-9._/-]*[0-9][A-Za-z0-9._/-]*$",
        nullable = false
    )]
    pub sheet: Option<String>,
    /// Whose judgement the form says it is; the participant's unless said otherwise.
    #[schema(nullable = false)]
    pub answered_by: Option<AnsweredBy>,
    /// Everything that stands on the form, each question once, in any order. What was left blank is left out.
    #[validate(length(min = 1, max = 500), nested)]
    #[schema(min_items = 1, max_items = 500)]
    pub answers: Vec<PaperAnswerInput>,
}

fn sheet_number(text: &str) -> Result<(), ValidationError> {
    let message = "This must be a number: letters, digits, dots, underscores, slashes and hyphens.";
    if rules::is_sheet(text) {
        Ok(())
    } else {
        Err(ValidationError::new("format").with_message(message.into()))
    }
}

/// One of the two entries of a form.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaperEntryView {
    pub id: PaperEntryId,
    /// 1 or 2.
    #[schema(minimum = 1, maximum = 2)]
    pub pass: i32,
    /// Who typed it in.
    pub keyer_id: PersonId,
    pub keyer_role: Role,
    #[schema(max_length = 64, example = "N-0231")]
    pub sheet: Option<String>,
    /// Whose judgement the form says it is. Null, as the next two, for everybody but its author until both entries are
    /// there.
    pub answered_by: Option<AnsweredBy>,
    /// How many fields have something in them.
    #[schema(minimum = 0, maximum = 500)]
    pub fields: Option<i32>,
    #[schema(max_items = 500)]
    pub answers: Option<Vec<PaperAnswer>>,
    pub entered_at: DateTime<Utc>,
}

/// A paper form with its entries.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaperFormView {
    pub assessment_id: AssessmentId,
    pub stage: Stage,
    #[schema(max_items = 2)]
    pub items: Vec<PaperEntryView>,
    /// How many fields were entered, in one of the two entries at least; from the second one on.
    #[schema(minimum = 0, maximum = 1000)]
    pub fields: Option<i32>,
    /// How many of them differ.
    #[schema(minimum = 0, maximum = 1000)]
    pub differing: Option<i32>,
    pub agreed_at: Option<DateTime<Utc>>,
    /// The assessment's version, for `If-Match`.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub version: i64,
}

impl PaperFormView {
    fn of(
        assessment: &Assessment,
        form: Option<&PaperForm>,
        entries: &[PaperEntry],
        caller: Option<PersonId>,
        keys: &RecordKeys,
    ) -> Result<Self, Refusal> {
        let stage = form.map_or(Stage::NotBegun, |form| form.stage.0);
        let items = entries.iter().map(|entry| shown(entry, stage, caller, keys));
        Ok(Self {
            assessment_id: assessment.id.0,
            stage,
            items: items.collect::<Result<_, _>>()?,
            fields: form.and_then(|form| form.fields),
            differing: form.and_then(|form| form.differing),
            agreed_at: form.and_then(|form| form.agreed_at).map(|at| at.0),
            version: assessment.version,
        })
    }
}

fn shown(
    entry: &PaperEntry,
    stage: Stage,
    caller: Option<PersonId>,
    keys: &RecordKeys,
) -> Result<PaperEntryView, Refusal> {
    let is_told = rules::may_read(caller, entry.keyer_id.0, stage);
    let answers = if is_told { Some(entry.open(keys)?) } else { None };
    Ok(PaperEntryView {
        id: entry.id.0,
        pass: entry.pass,
        keyer_id: entry.keyer_id.0,
        keyer_role: entry.keyer_role.0,
        sheet: entry.sheet.clone(),
        answered_by: is_told.then_some(entry.answered_by.0),
        fields: is_told.then_some(entry.fields),
        answers: answers.map(|answers| answers.into_iter().map(PaperAnswer::from).collect()),
        entered_at: entry.entered_at.0,
    })
}

/// List the entries of a paper form
///
/// Who typed it in and when, and how far it has got. What an entry says is its author's alone until both are there:
/// whoever is the second to type does not see what the first one typed.
#[utoipa::path(
    tag = "paper-entries", operation_id = "list_paper_entries",
    params(("id" = AssessmentId, Path, description = "The assessment.")),
    responses((status = 200, description = "The form.", body = PaperFormView))
)]
#[get("/v1/assessments/{id}/paper-entries")]
async fn list_paper_entries(
    permit: Permit<{ Operation::ListPaperEntries.id() }>,
    path: Path<AssessmentId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let view = permit
        .read(move |ctx| {
            let row = assessment::find(ctx.db, ctx.scope, id)?;
            ctx.about(row.participant_id.0);
            view(ctx, &row)
        })
        .await?;
    // What is shown depends on who asks, not on the version alone.
    Ok(reply::shown(view.version, &view))
}

fn view(ctx: &mut Ctx<'_, '_>, row: &Assessment) -> Result<PaperFormView, Refusal> {
    let form = paper_entry::form(ctx.db, row.id.0)?;
    let entries = paper_entry::list(ctx.db, row.id.0)?;
    let keys = ctx.keys_of(row.participant_id.0)?;
    PaperFormView::of(row, form.as_ref(), &entries, ctx.caller.person(), &keys)
}

/// Type a paper form in
///
/// The first entry, or the second: the same person cannot make both. The whole form at once, judged against the instrument
/// as every answer is. The second entry is compared with the first at once: where the two agree throughout, that is the
/// answers of the assessment; otherwise somebody else decides where they differ. What calls for a person is found in the
/// first entry already. Only for an assessment on paper that has no answers yet; the assessment is submitted as any
/// other, once the form is agreed. With `If-Match` it is refused if anything was changed meanwhile.
#[utoipa::path(
    tag = "paper-entries", operation_id = "create_paper_entry", request_body = PaperEntryCreate,
    params(("id" = AssessmentId, Path, description = "The assessment.")),
    responses(
        (status = 201, description = "The entry is kept.", body = PaperFormView),
        (status = 200, description = "The same request kept it before.", body = PaperFormView)
    )
)]
#[post("/v1/assessments/{id}/paper-entries")]
async fn create_paper_entry(
    permit: Permit<{ Operation::CreatePaperEntry.id() }>,
    path: Path<AssessmentId>,
    if_match: Option<IfMatch>,
    body: Json<PaperEntryCreate>,
) -> Result<HttpResponse, Problem> {
    let (id, new) = (*path, body.into_inner());
    permit.write(move |ctx| create(ctx, id, if_match.as_ref(), &new)).await
}

fn create(
    ctx: &mut Ctx<'_, '_>,
    id: AssessmentId,
    if_match: Option<&IfMatch>,
    new: &PaperEntryCreate,
) -> Result<Reply, Refusal> {
    let row = assessment::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    let entry_id = PaperEntryId::new(new.id.map_or_else(|| ctx.fresh(), PaperEntryId::uuid));
    ctx.resource(entry_id.uuid());
    let there = paper_entry::list(ctx.db, id)?;
    if there.iter().any(|entry| entry.id.0 == entry_id) {
        return ctx.repeated(entry_id.uuid(), |ctx| Reply::ok(row.version, &view(ctx, &row)?));
    }
    if new.id.is_some() {
        ctx.creates(entry_id.uuid())?;
    }
    if let Some(if_match) = if_match {
        if_match.check(row.version)?;
    }
    let keyer = ctx.caller.person().ok_or_else(Problem::not_found)?;
    let form = paper_entry::form(ctx.db, id)?;
    require_awaited(ctx, &row, form.as_ref(), keyer)?;
    checks::require_unrestricted(ctx, row.participant_id.0)?;
    let definition = ctx.app.definitions.get(ctx.db, row.instrument_id.0)?;
    let typed = typed(new)?;
    let answers = rules::judged(&definition, &typed).map_err(|found| refused(new, found))?;
    let answered_by = new.answered_by.unwrap_or(AnsweredBy::Participant);
    let keys = ctx.keys_of(row.participant_id.0)?;
    let entry = PaperEntry {
        id: Key(entry_id),
        assessment_id: row.id,
        pass: if there.is_empty() { 1 } else { 2 },
        keyer_id: Key(keyer),
        keyer_role: Coded(ctx.caller.role),
        answered_by: Coded(answered_by),
        sheet: new.sheet.clone(),
        fields: i32::try_from(answers.iter().filter(|answer| !rules::is_blank(answer)).count())
            .unwrap_or(i32::MAX),
        answers: paper_entry::seal(&keys, entry_id, &answers)?,
        entered_at: At(ctx.now),
    };
    if let Some(first) = there.first() {
        require_same_sheet(first, &entry)?;
    }
    let alerting: Answers = answers.iter().cloned().collect();
    let saved: Vec<&Answer> = answers.iter().collect();
    // What calls for a person does not wait for a second pair of hands.
    answering::heed(ctx, &row, &definition, &saved, &alerting)?;
    let (row, form) = match form {
        None => {
            let row = assessment::save(ctx.db, row, ctx.now)?;
            let mut form = PaperForm::begun(&row, keyer, ctx.now);
            form.stage = Coded(Stage::NotBegun.after(Step::Entry { open: 0 })?);
            paper_entry::begin(ctx.db, &form)?;
            paper_entry::insert(ctx.db, &entry)?;
            (row, form)
        }
        Some(mut form) => {
            form.second_keyer = Some(Key(keyer));
            paper_entry::insert(ctx.db, &entry)?;
            let entries = paper_entry::list(ctx.db, id)?;
            let [one, other] = paper_entry::both(&keys, &entries)?;
            let comparison = rules::compare(&definition, &one, &other);
            let step = Step::Entry { open: comparison.differing };
            let decisions = BTreeMap::new();
            let case = Case { assessment: row, definition, form, entries, comparison, decisions };
            case.take(ctx, step, |key| place(new, key))?
        }
    };
    let entries = paper_entry::list(ctx.db, id)?;
    let view = PaperFormView::of(&row, Some(&form), &entries, Some(keyer), &keys)?;
    Reply::created(format!("/v1/assessments/{id}/paper-entries"), row.version, &view)
}

/// Whether the form waits for an entry of this person.
fn require_awaited(
    ctx: &mut Ctx<'_, '_>,
    row: &Assessment,
    form: Option<&PaperForm>,
    keyer: PersonId,
) -> Result<(), Refusal> {
    if row.channel.0 != Channel::Paper {
        return Err(conflict("This assessment is not on paper."));
    }
    answering::require_open(row)?;
    answering::require_participant(assessment::participant_status(ctx.db, row.participant_id.0)?)?;
    match form {
        None if row.last_seq > 0 => {
            Err(conflict("This assessment has answers already, which were typed in once."))
        }
        None => Ok(()),
        Some(form) => {
            // The stage comes first: a third entry is out of the question, whoever brings it.
            form.stage.0.after(Step::Entry { open: 0 })?;
            rules::may_enter(keyer, Some(form.first_keyer.0))
                .map_err(|refused| Problem::new(Code::Conflict).detail(refused.to_string()).into())
        }
    }
}

/// Two sheets are not one form.
fn require_same_sheet(first: &PaperEntry, second: &PaperEntry) -> Result<(), Refusal> {
    match (&first.sheet, &second.sheet) {
        (Some(one), Some(other)) if one != other => {
            let message =
                "The first entry is of a sheet with another number. Check that this is the same form.";
            Err(Problem::new(Code::Invalid).field("/sheet", "other_sheet", message).into())
        }
        _ => Ok(()),
    }
}

/// What was typed, each question once.
fn typed(new: &PaperEntryCreate) -> Result<Answers, Refusal> {
    let mut seen = BTreeSet::new();
    let again = new.answers.iter().position(|input| !seen.insert((&input.link_id, &input.occurrence)));
    let Some(again) = again else { return Ok(new.answers.iter().map(PaperAnswerInput::answer).collect()) };
    let message = "This question stands further up in the list already. Each stands on the form once.";
    Err(Problem::new(Code::Invalid).field(format!("/answers/{again}"), "repeated", message).into())
}

fn refused(new: &PaperEntryCreate, found: Vec<(AnswerKey, Finding)>) -> Problem {
    let found = double_entry::fields(found, |key| place(new, key));
    Problem::new(Code::Invalid).fields(fhir::fields(&found))
}

/// Where the request has the answer to this question.
fn place(new: &PaperEntryCreate, key: &AnswerKey) -> String {
    let is_it = |input: &PaperAnswerInput| input.link_id == key.link_id && input.occurrence == key.occurrence;
    match new.answers.iter().position(is_it) {
        Some(position) => format!("/answers/{position}"),
        None => "/answers".to_owned(),
    }
}

/// What is kept of an answer, for whoever lays entries side by side.
pub fn said(answer: Option<&Answer>) -> Option<PaperAnswer> {
    answer.cloned().map(PaperAnswer::from)
}

pub fn routes(config: &mut impl Services) {
    config.service(list_paper_entries).service(create_paper_entry);
}
