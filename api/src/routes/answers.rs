//! The answers of an assessment: saving them, and their whole history.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, get, post};
use alongside_domain::assessment::{Sight, sees_own_words};
use alongside_domain::id::AssessmentId;
use alongside_domain::instrument::{AnswerKey, Answers, Definition, Form, Setting, State};
use alongside_domain::language::Language;
use alongside_domain::policy::{Operation, Role};
use alongside_store::answer::{self, Save};
use alongside_store::assessment::{self, Assessment};
use alongside_store::assistance_session;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::answer_input::{self, AnswerInput, AnswerView};
use super::answering::{self, Help, SafetyText};
use super::assessment_view::{self, NextQuestion, SectionProgress, private_section};
use super::checks;
use super::double_entry;
use super::instrument_words;
use crate::http::etag::IfMatch;
use crate::http::page::{self, List, Paging};
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Query, Refusal, Reply, Services};

/// Answers to save: all of them, or none.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"answers": [{"link_id": "URI.leakage.bother", "values": [{"valueInteger": 7}]}]}))]
pub struct AnswersSave {
    #[validate(length(min = 1, max = 200), nested)]
    #[schema(min_items = 1, max_items = 200)]
    pub answers: Vec<AnswerInput>,
    /// The language of the words in which the questions were shown or read aloud, as in BCP 47: one in which the
    /// instrument has words. Left out, nothing is recorded of it.
    #[schema(nullable = false, value_type = Option<String>, max_length = 35, example = "cy")]
    pub language: Option<Language>,
}

/// A question, by its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuestionAddress {
    #[schema(max_length = 255, example = "URI.leakage.bother")]
    pub link_id: String,
    #[schema(max_items = 16, maximum = 199)]
    pub occurrence: Vec<u32>,
}

impl From<AnswerKey> for QuestionAddress {
    fn from(key: AnswerKey) -> Self {
        Self { link_id: key.link_id, occurrence: key.occurrence }
    }
}

/// An answer that is durable now.
#[derive(Debug, Serialize, ToSchema)]
pub struct SavedAnswer {
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub seq: i64,
    #[schema(max_length = 255, example = "URI.leakage.bother")]
    pub link_id: String,
    #[schema(max_items = 16, maximum = 199)]
    pub occurrence: Vec<u32>,
    pub state: State,
}

/// What a save has led to. It repeats no answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnswersSaved {
    /// The assessment's version now.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub version: i64,
    /// The number of the newest answer.
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    pub last_seq: i64,
    #[schema(max_items = 10000)]
    pub saved: Vec<SavedAnswer>,
    /// Questions that are asked now and were not before.
    #[schema(max_items = 10000)]
    pub enabled: Vec<QuestionAddress>,
    /// Questions that are no longer asked; answers to them do not count.
    #[schema(max_items = 10000)]
    pub disabled: Vec<QuestionAddress>,
    /// Those of them that had an answer: it stays in the history, and counts again should the question come back.
    #[schema(max_items = 10000)]
    pub cleared: Vec<QuestionAddress>,
    #[schema(max_items = 1000)]
    pub progress: Vec<SectionProgress>,
    /// The question behind the last one saved that has no answer yet, or else the first; null when there is none.
    pub next: Option<NextQuestion>,
    /// To be shown at once; null for nearly all answers.
    pub safety: Option<SafetyText>,
}

/// What a save changes about the form, for the one who holds the device.
pub struct Effect {
    pub definition: Arc<Definition>,
    pub before: Answers,
    pub after: Answers,
    pub setting: Setting,
    pub sight: Sight,
}

impl Effect {
    pub fn reply(self, assessment: &Assessment, save: &Save, alerting: bool) -> AnswersSaved {
        let Self { definition, before, after, setting, sight } = self;
        let definition = definition.as_ref();
        let (was, is) = (Form::of(definition, &before, &setting), Form::of(definition, &after, &setting));
        let without = |these: &Form<'_>, those: &Form<'_>| -> Vec<QuestionAddress> {
            let those: BTreeSet<_> = those.questions().map(|visible| &visible.key).collect();
            let gone = these.questions().map(|visible| &visible.key).filter(|key| !those.contains(key));
            gone.filter(|key| sight.shows_course(private_section(definition, &key.link_id)))
                .cloned()
                .map(QuestionAddress::from)
                .collect()
        };
        let disabled = without(&was, &is);
        let was_answered = |gone: &&QuestionAddress| {
            after.at(&gone.link_id, &gone.occurrence).is_some_and(|answer| answer.state == State::Answered)
        };
        let cleared = disabled.iter().filter(was_answered).cloned().collect();
        let last = save.kept().last().map(|kept| &kept.answer.key);
        AnswersSaved {
            version: assessment.version,
            last_seq: assessment.last_seq,
            saved: save
                .kept()
                .iter()
                .map(|kept| SavedAnswer {
                    seq: kept.seq,
                    link_id: kept.answer.key.link_id.clone(),
                    occurrence: kept.answer.key.occurrence.clone(),
                    state: kept.answer.state,
                })
                .collect(),
            enabled: without(&is, &was),
            disabled,
            cleared,
            progress: assessment_view::progress(definition, &is, &sight),
            next: assessment_view::next(definition, &is, &sight, last),
            safety: answering::safety(alerting),
        }
    }
}

/// What the one who saves sees of the course of the form: all of it, but for a helper while he has the device.
pub fn sight_while_saving(role: Role, help: Option<&Help>) -> Sight {
    match help {
        Some(help) if role == Role::Supporter && !help.now.is_private() => {
            Sight::Course(help.session.opened_sections.0.opened.iter().cloned().collect())
        }
        _ => Sight::Everything,
    }
}

/// Save answers
///
/// Every save is durable when it is answered, and none is ever overwritten: a later answer to the same question takes
/// the place of the earlier one, which stays in the history. The answers are judged one after the other; if one is not
/// accepted, none is kept. `language` says in which words the questions were shown. How much help there was comes from the open segment, and is `unknown` without one. A supporter
/// saves answers in his own open session only, never as a proxy, and in private sections only after handing the device
/// over or when the participant opened them. With `If-Match` the save is refused if anything was saved meanwhile.
#[utoipa::path(
    tag = "assessments", operation_id = "save_answers", request_body = AnswersSave,
    params(("id" = AssessmentId, Path, description = "The assessment.")),
    responses((status = 200, description = "The answers are durable.", body = AnswersSaved))
)]
#[post("/v1/assessments/{id}/answers")]
async fn save_answers(
    permit: Permit<{ Operation::SaveAnswers.id() }>,
    path: Path<AssessmentId>,
    if_match: Option<IfMatch>,
    body: Json<AnswersSave>,
) -> Result<HttpResponse, Problem> {
    let (id, new) = (*path, body.into_inner());
    permit.write(move |ctx| save(ctx, id, if_match.as_ref(), &new)).await
}

fn save(
    ctx: &mut Ctx<'_, '_>,
    id: AssessmentId,
    if_match: Option<&IfMatch>,
    new: &AnswersSave,
) -> Result<Reply, Refusal> {
    let row = assessment::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    if let Some(if_match) = if_match {
        if_match.check(row.version)?;
    }
    answering::require_open(&row)?;
    double_entry::require_none(ctx, &row)?;
    answering::require_participant(assessment::participant_status(ctx.db, row.participant_id.0)?)?;
    checks::require_unrestricted(ctx, row.participant_id.0)?;
    let help = answering::required_help(ctx, &row)?;
    let definition = ctx.app.definitions.get(ctx.db, row.instrument_id.0)?;
    let keys = ctx.keys_of(row.participant_id.0)?;
    let before = answer::current(ctx.db, &keys, id)?.answers();
    let mut after = before.clone();
    let situation = answering::situation(ctx.caller.role, help.as_ref());
    let setting = situation.setting();
    let segment = help.as_ref().map(|help| help.segment.id.0);
    let language = instrument_words::shown(ctx, row.instrument_id.0, &definition, new.language.as_ref())?;
    let kept =
        answer_input::judge(&definition, &mut after, &new.answers, &situation, segment, language.as_ref())?;
    let last_seq = row.last_seq;
    let grown = last_seq + i64::try_from(kept.len()).unwrap_or(0);
    let row = assessment::save(ctx.db, Assessment { last_seq: grown, ..row }, ctx.now)?;
    let (save, alerting) = answering::record(ctx, &row, last_seq, &definition, kept, &after)?;
    if let Some(help) = &help {
        assistance_session::touch(ctx.db, help.session.id.0, ctx.now)?;
    }
    let sight = sight_while_saving(ctx.caller.role, help.as_ref());
    let effect = Effect { definition, before, after, setting, sight };
    Ok(Reply::ok_later(row.version, move || effect.reply(&row, &save, alerting)))
}

/// A page of the history of an assessment's answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnswerPage {
    #[schema(max_items = 200)]
    pub items: Vec<AnswerView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which page.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AnswerQuery {
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// List the answers of an assessment
///
/// Every save in order, with who judged, who pressed the keys, how much help there was, and what was corrected why. A
/// supporter sees them only while he helps. A clinician needs the participant's consent to share.
#[utoipa::path(
    tag = "assessments", operation_id = "list_answers",
    params(("id" = AssessmentId, Path, description = "The assessment."), AnswerQuery),
    responses((status = 200, description = "A page of answers.", body = AnswerPage))
)]
#[get("/v1/assessments/{id}/answers")]
async fn list_answers(
    request: HttpRequest,
    permit: Permit<{ Operation::ListAnswers.id() }>,
    path: Path<AssessmentId>,
    query: Query<AnswerQuery>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let AnswerQuery { limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListAnswers.name(), &id)?;
    let after: Option<i64> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let (mut rows, shown) = permit
        .read(move |ctx| {
            let rows = history(ctx, id, after.unwrap_or(0), fetch)?;
            Ok(rows)
        })
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |seq| *seq)?;
    let last = rows.last().copied().unwrap_or(0);
    let items = shown.into_iter().filter(|view| view.seq <= last).collect();
    Ok(page::respond(&request, &AnswerPage { items, next: next.clone() }, next.as_deref()))
}

/// The numbers of a stretch of the history, and what the caller sees of it.
fn history(
    ctx: &mut Ctx<'_, '_>,
    id: AssessmentId,
    after: i64,
    limit: u32,
) -> Result<(Vec<i64>, Vec<AnswerView>), Refusal> {
    let row = assessment::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    let sight = assessment_view::sight_now(ctx, &row)?;
    require_answers(ctx, &sight)?;
    let definition = ctx.app.definitions.get(ctx.db, row.instrument_id.0)?;
    let own_words = sees_own_words(ctx.caller.role);
    let keys = ctx.keys_of(row.participant_id.0)?;
    let kept = answer::history(ctx.db, &keys, id, after, limit)?;
    let views = kept
        .iter()
        .filter(|kept| sight.shows_answer(private_section(&definition, &kept.answer.key.link_id)))
        .map(|kept| AnswerView::of(kept, own_words, None))
        .collect();
    Ok((kept.iter().map(|kept| kept.seq).collect(), views))
}

/// 404 for who sees no answer; for a clinician 409, who may ask for the consent.
///
/// # Errors
/// 404 or 409.
pub fn require_answers(ctx: &Ctx<'_, '_>, sight: &Sight) -> Result<(), Refusal> {
    match sight {
        Sight::Session(_) | Sight::Everything => Ok(()),
        Sight::StatusOnly if ctx.caller.role == Role::Clinician => {
            let detail = "The participant has not agreed to share answers with the GP or the hospital.";
            Err(Problem::new(Code::ConsentMissing).detail(detail).into())
        }
        Sight::StatusOnly | Sight::Course(_) => Err(Problem::not_found().into()),
    }
}

pub fn routes(config: &mut impl Services) {
    config.service(save_answers).service(list_answers);
}
