//! Answers as requests bring them and as responses show them.

use std::sync::Arc;

use alongside_domain::assessment::AmendmentReason;
use alongside_domain::assistance::Situation;
use alongside_domain::clock;
use alongside_domain::id::SegmentId;
use alongside_domain::instrument::{Answer, AnswerKey, Answers, Definition, Finding, Judge, State, Value};
use alongside_domain::language::Language;
use alongside_domain::provenance::{AnsweredBy, KeyedBy, Level};
use alongside_store::answer::{Kept, New};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::fhir;
use crate::http::{Code, Problem};

/// One value: `value[x]` of FHIR R4 `QuestionnaireResponse.item.answer`, an object with exactly one member.
///
/// Only for the document; the engine reads and writes values itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"valueInteger": 7}))]
pub struct AnswerValue {
    #[schema(nullable = false)]
    pub value_boolean: Option<bool>,
    #[schema(nullable = false)]
    pub value_decimal: Option<f64>,
    #[schema(nullable = false, minimum = -2147483648_i64, maximum = 2147483647)]
    pub value_integer: Option<i32>,
    #[schema(nullable = false, max_length = 10, example = "2026-11-22")]
    pub value_date: Option<String>,
    #[schema(nullable = false, max_length = 40, example = "2026-11-22T09:30:00Z")]
    pub value_date_time: Option<String>,
    #[schema(nullable = false, max_length = 20, example = "09:30:00")]
    pub value_time: Option<String>,
    #[schema(nullable = false, max_length = 100000)]
    pub value_string: Option<String>,
    #[schema(nullable = false, max_length = 100000)]
    pub value_uri: Option<String>,
    /// A FHIR Coding: `system`, `code`, `display` and others.
    #[schema(nullable = false, value_type = Option<Object>)]
    pub value_coding: Option<serde_json::Value>,
    /// A FHIR Attachment.
    #[schema(nullable = false, value_type = Option<Object>)]
    pub value_attachment: Option<serde_json::Value>,
    /// A FHIR Reference.
    #[schema(nullable = false, value_type = Option<Object>)]
    pub value_reference: Option<serde_json::Value>,
    /// A FHIR Quantity.
    #[schema(nullable = false, value_type = Option<Object>)]
    pub value_quantity: Option<serde_json::Value>,
}

/// An answer to one question.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"link_id": "URI.leakage.bother", "values": [{"valueInteger": 7}]}))]
pub struct AnswerInput {
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
    /// Whose judgement it is; the participant's unless said otherwise. Never `proxy` from a supporter.
    #[schema(nullable = false)]
    pub answered_by: Option<AnsweredBy>,
    /// When it was given, by the device's clock.
    #[schema(nullable = false)]
    pub device_at: Option<DateTime<Utc>>,
}

impl AnswerInput {
    pub fn answer(&self) -> Answer {
        Answer {
            key: AnswerKey::at(&self.link_id, &self.occurrence),
            state: self.state.unwrap_or(State::Answered),
            values: self.values.clone(),
        }
    }
}

/// Judges answers one after the other, each as it stands among those before it, and takes them into `current`.
///
/// # Errors
/// 422 with every fault; then nothing is kept.
pub fn judge(
    definition: &Definition,
    current: &mut Answers,
    inputs: &[AnswerInput],
    situation: &Situation<'_>,
    segment: Option<SegmentId>,
    language: Option<&Language>,
) -> Result<Vec<New>, Problem> {
    let mut found: Vec<Finding> = Vec::new();
    let mut kept = Vec::with_capacity(inputs.len());
    let mut judge = Judge::new(definition, std::mem::take(current));
    for (position, input) in inputs.iter().enumerate() {
        let pointer = format!("/answers/{position}");
        let answer = Arc::new(input.answer());
        let answered_by = input.answered_by.unwrap_or(AnsweredBy::Participant);
        let mut against = situation.judge(definition, &answer, answered_by, &pointer);
        against.extend(judge.judge(&answer, &pointer));
        against.retain(Finding::is_refusal);
        if against.is_empty() {
            judge.save(Arc::clone(&answer));
            let origin = situation.origin(answered_by);
            let device_at = input.device_at.map(clock::truncate);
            kept.push(New { answer, origin, segment, language: language.cloned(), device_at, amends: None });
        }
        found.extend(against);
    }
    *current = judge.into_answers();
    if found.is_empty() { Ok(kept) } else { Err(Problem::new(Code::Invalid).fields(fhir::fields(&found))) }
}

/// One save of one answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnswerView {
    /// Its number in the assessment; a later one of the same question takes its place.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub seq: i64,
    #[schema(max_length = 255, example = "URI.leakage.bother")]
    pub link_id: String,
    #[schema(max_items = 16, maximum = 199)]
    pub occurrence: Vec<u32>,
    pub state: State,
    #[schema(max_items = 200, value_type = Vec<AnswerValue>)]
    pub values: Vec<Value>,
    pub answered_by: AnsweredBy,
    pub keyed_by: KeyedBy,
    pub level: Level,
    pub segment_id: Option<SegmentId>,
    /// The language of the words that were shown; null where nobody recorded it.
    #[schema(value_type = Option<String>, max_length = 35, example = "cy")]
    pub language: Option<Language>,
    /// The person or service client that sent it.
    pub author_id: Uuid,
    /// When it was given, by the device's clock.
    pub device_at: Option<DateTime<Utc>>,
    /// When it was durable here.
    pub at: DateTime<Utc>,
    /// The save that this one corrects.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub amends_seq: Option<i64>,
    /// Why it was corrected.
    pub reason: Option<AmendmentReason>,
    #[schema(max_length = 500)]
    pub comment: Option<String>,
    /// Whether the question is still asked, with the answers as they stand: only then does it count. Null in the
    /// history.
    pub in_effect: Option<bool>,
}

impl AnswerView {
    /// An answer as it was kept; without the participant's own words unless `own_words`.
    pub fn of(kept: &Kept, own_words: bool, in_effect: Option<bool>) -> Self {
        let Answer { key, state, values } = kept.answer.as_ref();
        let amends = kept.amends.as_ref();
        Self {
            seq: kept.seq,
            link_id: key.link_id.clone(),
            occurrence: key.occurrence.clone(),
            state: *state,
            values: values.iter().filter(|value| own_words || !is_own_words(value)).cloned().collect(),
            answered_by: kept.origin.answered_by,
            keyed_by: kept.origin.keyed_by,
            level: kept.origin.level,
            segment_id: kept.segment,
            language: kept.language.clone(),
            author_id: kept.author,
            device_at: kept.device_at,
            at: kept.at,
            amends_seq: amends.and_then(|amends| amends.seq),
            reason: amends.map(|amends| amends.reason),
            comment: amends.and_then(|amends| amends.comment.clone()).filter(|_| own_words),
            in_effect,
        }
    }
}

/// Whether a value is something that somebody wrote, and not chosen, counted or measured.
pub fn is_own_words(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Uri(_) | Value::Attachment(_) | Value::Reference(_))
}
