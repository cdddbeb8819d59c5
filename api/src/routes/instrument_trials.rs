//! Trying a version of an instrument out: its answers are judged and worked out as they would be, and nothing is kept.

use std::convert::Infallible;
use std::sync::Arc;

use actix_web::http::header::VARY;
use actix_web::{HttpRequest, HttpResponse, post};
use alongside_domain::id::InstrumentId;
use alongside_domain::instrument::{
    Answer, Answers, Definition, Fired, Form, Score, Setting, Tier, fired, judge_complete, scores,
};
use alongside_domain::policy::{Operation, Role};
use alongside_store::instrument;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::answer_input::{self, AnswerInput};
use super::answering;
use super::answers::QuestionAddress;
use super::instrument_words::{self, Wanted, WordsQuery};
use crate::http::{Json, Path, Permit, Problem, Query, Services};

/// Answers to try a version out with.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"answers": [{"link_id": "1", "values": [{"valueInteger": 7}]}]}))]
pub struct InstrumentTrial {
    #[validate(length(max = 500), nested)]
    #[schema(max_items = 500)]
    pub answers: Vec<AnswerInput>,
}

/// An alert rule that the answers set off.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleFired {
    #[schema(max_length = 64, example = "phq9_high")]
    pub rule: String,
    pub tier: Tier,
    #[schema(max_items = 3)]
    pub recipients: Vec<Role>,
    #[schema(max_length = 500)]
    pub explanation: String,
}

impl From<&Fired<'_>> for RuleFired {
    fn from(fired: &Fired<'_>) -> Self {
        Self {
            rule: fired.rule.code.clone(),
            tier: fired.rule.tier,
            recipients: fired.rule.recipients.clone(),
            explanation: fired.rule.explanation.clone(),
        }
    }
}

/// What the answers come to.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstrumentTrialResult {
    /// The questions on the form with these answers.
    #[schema(max_items = 10000)]
    pub questions: Vec<QuestionAddress>,
    /// The question that would be asked next: the first without an answer. Null at the end.
    pub next: Option<QuestionAddress>,
    /// Whether it could be submitted.
    pub complete: bool,
    #[schema(max_items = 100)]
    pub scores: Vec<Score>,
    /// The alert rules they set off; those on change find nothing, for there is nothing before.
    #[schema(max_items = 1000)]
    pub rules: Vec<RuleFired>,
}

/// Try an instrument out
///
/// Judges the answers as they would be judged, says which questions stand on the form, and works out scores and alert
/// rules. Nothing is kept and nobody is told: with `next` a form can be walked from question to question. For drafts above
/// all; it works with every version, and with `language` and `revision` in the words of every translation.
#[utoipa::path(
    tag = "instruments", operation_id = "try_instrument", request_body = InstrumentTrial,
    params(("id" = InstrumentId, Path, description = "The instrument."), WordsQuery),
    responses((status = 200, description = "What the answers come to.", body = InstrumentTrialResult))
)]
#[post("/v1/instruments/{id}/trials")]
async fn try_instrument(
    request: HttpRequest,
    permit: Permit<{ Operation::TryInstrument.id() }>,
    path: Path<InstrumentId>,
    query: Query<WordsQuery>,
    body: Json<InstrumentTrial>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let wanted = Wanted::of(&request, query.into_inner())?;
    let words = permit
        .read(move |ctx| {
            instrument::find(ctx.db, ctx.scope, id)?;
            instrument_words::read(ctx, id, &wanted)
        })
        .await?;
    let definition = Arc::clone(&words.definition);
    let mut answers = Answers::default();
    let situation = answering::situation(permit.caller().role, None);
    let kept = answer_input::judge(&definition, &mut answers, &body.answers, &situation, None, None)?;
    let saved: Vec<&Answer> = kept.iter().map(|new| new.answer.as_ref()).collect();
    let mut answer = HttpResponse::Ok();
    answer.insert_header((VARY, "Accept-Language"));
    words.name_language(&mut answer);
    Ok(answer.json(result(&definition, &saved, &answers)))
}

fn result(definition: &Definition, saved: &[&Answer], answers: &Answers) -> InstrumentTrialResult {
    let setting = Setting::default();
    let Ok(found) = fired(definition, saved, answers, || Ok::<_, Infallible>(Vec::new()));
    let missing = judge_complete(definition, answers, &setting);
    let form = Form::of(definition, answers, &setting);
    InstrumentTrialResult {
        questions: form.questions().map(|visible| visible.key.clone().into()).collect(),
        next: form.next_after(None).cloned().map(QuestionAddress::from),
        complete: !missing.iter().any(alongside_domain::instrument::Finding::is_refusal),
        scores: scores(definition, answers),
        rules: found.iter().map(RuleFired::from).collect(),
    }
}

pub fn routes(config: &mut impl Services) {
    config.service(try_instrument);
}
