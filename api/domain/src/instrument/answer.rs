//! Answers: where each belongs, what became of the question, and the values given.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::value::Value;

/// The address of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AnswerKey {
    /// The item answered.
    pub link_id: String,
    /// Which of the enclosing repeating groups, and of the answers of enclosing repeating questions, this is
    /// inside of, outermost first, counting from 0. Empty for nearly all.
    #[serde(default)]
    pub occurrence: Vec<u32>,
}

impl AnswerKey {
    /// The address of an item inside nothing that repeats.
    pub fn of(link_id: impl Into<String>) -> Self {
        Self { link_id: link_id.into(), occurrence: Vec::new() }
    }

    /// The address of an item in this occurrence.
    pub fn at(link_id: impl Into<String>, occurrence: &[u32]) -> Self {
        Self { link_id: link_id.into(), occurrence: occurrence.to_vec() }
    }
}

/// What became of a question.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// Values were given.
    Answered,
    /// Passed over.
    Skipped,
    /// The participant prefers not to say.
    PreferNot,
    /// Not asked: switched off by other answers, or not private enough.
    NotShown,
}

/// One answer: the record of one question, with as many values as were given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What it answers.
    #[serde(flatten)]
    pub key: AnswerKey,
    /// What became of the question.
    pub state: State,
    /// The values; empty unless answered.
    #[serde(default)]
    pub values: Vec<Value>,
}

impl Answer {
    /// An answer with values.
    pub fn answered(key: AnswerKey, values: Vec<Value>) -> Self {
        Self { key, state: State::Answered, values }
    }

    /// A question without values, in this state.
    pub fn without(key: AnswerKey, state: State) -> Self {
        Self { key, state, values: Vec::new() }
    }
}

/// The answers of one assessment as they stand, one per address.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answers {
    /// Of every item its records, by occurrence: nearly always one.
    by_item: BTreeMap<String, Vec<Arc<Answer>>>,
}

impl Answers {
    /// Records an answer in place of the one before, which is given back.
    pub fn save(&mut self, answer: impl Into<Arc<Answer>>) -> Option<Arc<Answer>> {
        let answer = answer.into();
        let Some(of_item) = self.by_item.get_mut(&answer.key.link_id) else {
            self.by_item.insert(answer.key.link_id.clone(), vec![answer]);
            return None;
        };
        match position(of_item, &answer.key.occurrence) {
            Ok(found) => of_item.get_mut(found).map(|before| std::mem::replace(before, answer)),
            Err(place) => {
                of_item.insert(place, answer);
                None
            }
        }
    }

    /// The record at an address.
    pub fn get(&self, key: &AnswerKey) -> Option<&Answer> {
        self.at(&key.link_id, &key.occurrence)
    }

    /// The record of an item in an occurrence.
    pub fn at(&self, link_id: &str, occurrence: &[u32]) -> Option<&Answer> {
        let of_item = self.by_item.get(link_id)?;
        of_item.get(position(of_item, occurrence).ok()?).map(Arc::as_ref)
    }

    /// The values at an address; none unless answered.
    pub fn values(&self, key: &AnswerKey) -> &[Value] {
        self.values_at(&key.link_id, &key.occurrence)
    }

    /// The values of an item in an occurrence; none unless answered.
    pub fn values_at(&self, link_id: &str, occurrence: &[u32]) -> &[Value] {
        match self.at(link_id, occurrence) {
            Some(answer) if answer.state == State::Answered => &answer.values,
            _ => &[],
        }
    }

    /// Every record, by address.
    pub fn iter(&self) -> impl Iterator<Item = &Answer> {
        self.by_item.values().flatten().map(Arc::as_ref)
    }

    /// The records of one item in all its occurrences, in order.
    pub fn of_item(&self, link_id: &str) -> impl DoubleEndedIterator<Item = &Answer> {
        self.of_item_inside(link_id, &[])
    }

    /// The records of one item in the occurrences inside an outer one, in order.
    pub(super) fn of_item_inside(
        &self,
        link_id: &str,
        outer: &[u32],
    ) -> impl DoubleEndedIterator<Item = &Answer> {
        let of_item = self.by_item.get(link_id).map(Vec::as_slice).unwrap_or_default();
        // Those inside stand together: behind all that come before, in front of all that come after.
        let from = of_item.partition_point(|answer| answer.key.occurrence.as_slice() < outer);
        let rest = of_item.get(from..).unwrap_or_default();
        let inside = rest.partition_point(|answer| answer.key.occurrence.starts_with(outer));
        rest.get(..inside).unwrap_or_default().iter().map(Arc::as_ref)
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.by_item.values().map(Vec::len).sum()
    }

    /// Whether nothing has been recorded.
    pub fn is_empty(&self) -> bool {
        self.by_item.is_empty()
    }
}

/// Where the record of an occurrence stands among those of its item, or else belongs.
fn position(of_item: &[Arc<Answer>], occurrence: &[u32]) -> Result<usize, usize> {
    of_item.binary_search_by(|answer| answer.key.occurrence.as_slice().cmp(occurrence))
}

impl<A: Into<Arc<Answer>>> FromIterator<A> for Answers {
    /// Later answers take the place of earlier ones.
    fn from_iter<I: IntoIterator<Item = A>>(answers: I) -> Self {
        let mut all = Self::default();
        for answer in answers {
            all.save(answer);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::Choice;
    use serde_json::json;

    #[test]
    fn an_answer_is_written_flat() {
        let json =
            json!({"link_id": "q", "occurrence": [1], "state": "answered", "values": [{"valueInteger": 3}]});
        let answer: Answer = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(answer.key, AnswerKey::at("q", &[1]));
        assert_eq!(serde_json::to_value(&answer).unwrap(), json);
    }

    #[test]
    fn the_record_of_a_question_is_replaced() {
        let mut answers = Answers::default();
        answers.save(Answer::answered(AnswerKey::of("q"), vec![Value::Integer(3)]));
        let before = answers.save(Answer::without(AnswerKey::of("q"), State::Skipped)).unwrap();
        assert_eq!(before.values, [Value::Integer(3)]);
        assert_eq!(answers.len(), 1);
        assert!(answers.values(&AnswerKey::of("q")).is_empty());
    }

    #[test]
    fn the_occurrences_of_an_item_stand_together() {
        let keys =
            [AnswerKey::at("a", &[1]), AnswerKey::at("a", &[0]), AnswerKey::of("ab"), AnswerKey::of("A")];
        let answers: Answers = keys.into_iter().map(|key| Answer::without(key, State::Skipped)).collect();
        let found: Vec<&[u32]> =
            answers.of_item("a").map(|answer| answer.key.occurrence.as_slice()).collect();
        assert_eq!(found, [[0], [1]]);
        assert_eq!(State::PreferNot.code(), "prefer_not");
    }
}
