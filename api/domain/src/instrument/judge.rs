//! Judging answers against a definition: on every save, and once more on submission.
//!
//! Judging never fails and never stops at the first finding. Messages do not repeat the answer.

use std::sync::Arc;

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Answer, AnswerKey, Answers, State};
use super::definition::{Definition, InstrumentKind};
use super::enabled::Enabled;
use super::finding::{Finding, Place};
use super::flow::Setting;
use super::item::{Item, ItemType};
use super::judge_value;

/// The greatest number in an occurrence: nobody has more relatives, medicines or visits than this.
pub const MAX_OCCURRENCE: u32 = 199;

/// The most values one answer may have.
pub const MAX_VALUES: usize = 200;

/// Judges one answer as it would stand among the current ones. `pointer_prefix` is the JSON Pointer of the answer
/// in the document it came in.
pub fn judge_answer(
    definition: &Definition,
    current: &Answers,
    answer: &Answer,
    pointer_prefix: &str,
) -> Vec<Finding> {
    let enabled = Enabled::around(definition, current, &answer.key);
    judge_own(definition, current, &enabled, answer, pointer_prefix)
}

/// Judges answers as they come in, one after the other, each among those before it. As [`judge_answer`], but the form is
/// worked out once, and after that only what the newest answer changes.
#[derive(Debug)]
pub struct Judge<'d> {
    definition: &'d Definition,
    answers: Answers,
    enabled: Enabled,
}

impl<'d> Judge<'d> {
    /// With the answers there are.
    pub fn new(definition: &'d Definition, answers: Answers) -> Self {
        let enabled = Enabled::of(definition, &answers);
        Self { definition, answers, enabled }
    }

    /// Judges one answer as it would stand among the others.
    pub fn judge(&self, answer: &Answer, pointer_prefix: &str) -> Vec<Finding> {
        if !answer.key.occurrence.is_empty() {
            // It may begin an occurrence of its own.
            return judge_answer(self.definition, &self.answers, answer, pointer_prefix);
        }
        judge_own(self.definition, &self.answers, &self.enabled, answer, pointer_prefix)
    }

    /// Takes an answer in.
    pub fn save(&mut self, answer: impl Into<Arc<Answer>>) {
        let answer = answer.into();
        let key = answer.key.clone();
        self.answers.save(answer);
        self.enabled.follow(self.definition, &self.answers, &key);
    }

    /// The answers so far.
    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Which items they switch on.
    pub fn enabled(&self) -> &Enabled {
        &self.enabled
    }

    /// All answers, with those taken in.
    pub fn into_answers(self) -> Answers {
        self.answers
    }
}

/// Judges an answer in our own shape.
fn judge_own(
    definition: &Definition,
    current: &Answers,
    enabled: &Enabled,
    answer: &Answer,
    pointer_prefix: &str,
) -> Vec<Finding> {
    // Most answers are right: where they stand is worked out for the others alone.
    if judge(definition, current, enabled, answer, &AnswerPlaces::below(&Place::nowhere())).is_empty() {
        return Vec::new();
    }
    let places = AnswerPlaces::below(&Place::below(pointer_prefix, "answer"));
    judge(definition, current, enabled, answer, &places)
}

/// Where the parts of an answer stand in the document it came in.
pub(super) struct AnswerPlaces {
    pub(super) link_id: Place,
    pub(super) occurrence: Place,
    pub(super) state: Place,
    pub(super) values: Place,
    /// Where each of the values stands, unless they stand one behind the other in `values`.
    pub(super) each: Vec<Place>,
}

impl AnswerPlaces {
    /// Of an answer in our own shape.
    fn below(place: &Place) -> Self {
        Self {
            link_id: place.member("link_id"),
            occurrence: place.member("occurrence"),
            state: place.member("state"),
            values: place.member("values"),
            each: Vec::new(),
        }
    }

    /// Of values that come from no answer.
    pub(super) fn all_at(place: Place) -> Self {
        let [link_id, occurrence, state] = [place.clone(), place.clone(), place.clone()];
        Self { link_id, occurrence, state, values: place, each: Vec::new() }
    }

    /// The place of the value at a position.
    pub(super) fn value(&self, position: usize, type_name: &str) -> Place {
        let own = self.each.get(position).cloned();
        let place = own.unwrap_or_else(|| self.values.index(position));
        if place.is_nowhere() { place } else { place.member(&format!("value{type_name}")) }
    }
}

/// Judges an answer when it is known which items are enabled.
pub(super) fn judge(
    definition: &Definition,
    current: &Answers,
    enabled: &Enabled,
    answer: &Answer,
    places: &AnswerPlaces,
) -> Vec<Finding> {
    let mut out = Vec::new();
    let Some((index, item)) = definition.find(&answer.key.link_id) else {
        out.push(
            places.link_id.error("unknown_question", "This instrument has no question with this linkId."),
        );
        return out;
    };
    if !item.kind.is_question() {
        out.push(
            places.link_id.error("not_a_question", "This is a group or a text; it is not answered itself."),
        );
        return out;
    }
    if !judge_occurrence(definition, current, item, &answer.key, &places.occurrence, &mut out) {
        return out;
    }
    if !enabled.is(index, &answer.key.occurrence) && answer.state != State::NotShown {
        let message = "With the answers given so far this question is not asked.";
        out.push(places.link_id.error("question_not_shown", message));
    }
    match (answer.state, answer.values.is_empty()) {
        (State::Answered, true) => {
            out.push(
                places
                    .values
                    .error("values_missing", "An answer needs a value; otherwise skip the question."),
            );
        }
        (State::Answered, false) => {}
        (_, false) => {
            let message = "A question that was not answered cannot have values.";
            out.push(places.state.error("values_not_allowed", message));
        }
        (_, true) => {}
    }
    if item.read_only && answer.state == State::Answered {
        let before = current.values(&answer.key);
        let before = if before.is_empty() { item.initial.as_slice() } else { before };
        if before != answer.values {
            out.push(
                places
                    .values
                    .error("read_only", "This value is set by the instrument and cannot be changed."),
            );
        }
    }
    judge_value::values(item, answer, places, &mut out);
    out
}

/// Whether an occurrence has the shape of its item and lies where something can be.
fn judge_occurrence(
    definition: &Definition,
    current: &Answers,
    item: &Item,
    key: &AnswerKey,
    place: &Place,
    out: &mut Vec<Finding>,
) -> bool {
    let before = out.len();
    if item.axes.len() != key.occurrence.len() {
        let message = format!("The occurrence of this question has {} numbers.", item.axes.len());
        out.push(place.error("occurrence_out_of_shape", message));
        return false;
    }
    for (level, (axis, number)) in item.axes.iter().zip(&key.occurrence).enumerate() {
        let Some(around) = definition.item(*axis) else { continue };
        let most = match around.kind {
            ItemType::Group => {
                around.limits.max_occurs.unwrap_or(u32::MAX).min(MAX_OCCURRENCE.saturating_add(1))
            }
            _ => {
                let outer = key.occurrence.get(..level).unwrap_or_default();
                let answered = current.values(&AnswerKey::at(&around.link_id, outer)).len();
                u32::try_from(answered).unwrap_or(u32::MAX)
            }
        };
        if *number >= most {
            let message = format!("“{}” has no occurrence with this number.", around.words());
            out.push(place.index(level).error("occurrence_out_of_range", message));
        }
    }
    out.len() == before
}

/// Judges whether the answers are complete, for submission: every required question that is asked has an answer.
///
/// In a holistic needs assessment to skip, or to prefer not to say, is an answer too. What the setting kept back is
/// not required. Answers to questions that are no longer asked are warnings: they do not count.
pub fn judge_complete(definition: &Definition, answers: &Answers, setting: &Setting) -> Vec<Finding> {
    let enabled = Enabled::of(definition, answers);
    let mut out = missing(definition, answers, &enabled, setting, &|_, key| at(key));
    for answer in answers.iter() {
        if answer.state == State::Answered && !enabled.contains(definition, &answer.key) {
            let message =
                "This was answered but is no longer asked, because of another answer. It does not count.";
            out.push(at(&answer.key).warning("no_longer_asked", message));
        }
    }
    out
}

/// What is required and asked but has no answer. `at` says where each belongs.
pub(super) fn missing(
    definition: &Definition,
    answers: &Answers,
    enabled: &Enabled,
    setting: &Setting,
    at: &dyn Fn(&Item, &AnswerKey) -> Place,
) -> Vec<Finding> {
    let mut out = Vec::new();
    let groups = groups_answered(definition, answers);
    for (index, item) in definition.items() {
        let is_asked_for = item.required || item.limits.min_occurs.is_some();
        if !is_asked_for
            || item.kind == ItemType::Display
            || item.presentation.hidden
            || setting.hides(definition, index)
        {
            continue;
        }
        for (occurrence, _) in enabled.instances(index).filter(|(_, on)| *on) {
            let key = AnswerKey::at(&item.link_id, occurrence);
            let count = match item.kind {
                ItemType::Group => groups.get(&(index, occurrence)).map_or(0, BTreeSet::len),
                _ => answers.values(&key).len(),
            };
            judge_presence(definition, answers, item, &key, count, &at(item, &key), &mut out);
        }
    }
    out
}

fn judge_presence(
    definition: &Definition,
    answers: &Answers,
    item: &Item,
    key: &AnswerKey,
    count: usize,
    place: &Place,
    out: &mut Vec<Finding>,
) {
    let declined = answers.get(key).is_some_and(|answer| answer.state != State::Answered);
    if definition.kind() == InstrumentKind::Hna && declined {
        return;
    }
    if item.required && count == 0 {
        let message = match item.kind {
            ItemType::Group => format!("At least one question of “{}” must be answered.", item.words()),
            _ => format!("“{}” must be answered.", item.words()),
        };
        out.push(place.error("answer_missing", message));
    } else if let Some(least) = item.limits.min_occurs
        && (item.required || count > 0)
        && u32::try_from(count).is_ok_and(|count| count < least)
    {
        let message = format!("“{}” needs at least {least} answers.", item.words());
        out.push(place.error("too_few_answers", message));
    }
}

/// For each group, in each occurrence of what is around it, the occurrences that have any answer inside.
type GroupsAnswered<'a> = BTreeMap<(usize, &'a [u32]), BTreeSet<&'a [u32]>>;

fn groups_answered<'a>(definition: &Definition, answers: &'a Answers) -> GroupsAnswered<'a> {
    let mut groups = GroupsAnswered::new();
    for answer in answers.iter().filter(|answer| answer.state == State::Answered) {
        let Some((index, _)) = definition.find(&answer.key.link_id) else { continue };
        let occurrence = answer.key.occurrence.as_slice();
        for (group, item) in definition.and_ancestors(index).filter(|(_, item)| item.kind == ItemType::Group)
        {
            let outer = occurrence.get(..item.axes.len());
            let inner = occurrence.get(..item.axes.len() + usize::from(item.repeats));
            if let (Some(outer), Some(inner)) = (outer, inner) {
                groups.entry((group, outer)).or_default().insert(inner);
            }
        }
    }
    groups
}

/// The answers as a whole come from no document, so they are addressed by their linkId alone.
fn at(key: &AnswerKey) -> Place {
    let quoted = key.link_id.replace('\\', "\\\\").replace('\'', "\\'");
    Place::root(&format!("QuestionnaireResponse.descendants().where(linkId='{quoted}')"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::testing::{answer, coded, codes, definition, needs_assessment, parsed};
    use crate::instrument::value::Value;
    use serde_json::json;

    fn form() -> Definition {
        definition(json!([
            {"linkId": "smokes", "type": "boolean", "required": true},
            {"linkId": "packs", "type": "integer", "required": true,
             "enableWhen": [{"question": "smokes", "operator": "=", "answerBoolean": true}]},
            {"linkId": "g", "type": "group", "repeats": true, "item": [{"linkId": "drug", "type": "string"}]},
            {"linkId": "fixed", "type": "integer", "readOnly": true, "initial": [{"valueInteger": 3}]},
        ]))
    }

    fn judged(current: &[Answer], answer: &Answer) -> Vec<&'static str> {
        let current: Answers = current.iter().cloned().collect();
        codes(&judge_answer(&form(), &current, answer, "/answers/0"))
    }

    #[test]
    fn an_answer_must_name_a_question() {
        assert_eq!(judged(&[], &answer("nowhere", json!([]))), ["unknown_question"]);
        assert_eq!(judged(&[], &answer("g", json!([{"valueString": "x"}]))), ["not_a_question"]);
    }

    #[test]
    fn a_question_that_is_not_asked_is_not_answered() {
        let packs = answer("packs", json!([{"valueInteger": 1}]));
        assert_eq!(judged(&[], &packs), ["question_not_shown"]);
        assert!(judged(&[answer("smokes", json!([{"valueBoolean": true}]))], &packs).is_empty());
        let not_shown = Answer::without(AnswerKey::of("packs"), State::NotShown);
        assert!(judged(&[], &not_shown).is_empty());
    }

    #[test]
    fn state_and_values_must_agree() {
        assert_eq!(judged(&[], &answer("smokes", json!([]))), ["values_missing"]);
        let skipped = Answer { state: State::Skipped, ..answer("smokes", json!([{"valueBoolean": true}])) };
        assert_eq!(judged(&[], &skipped), ["values_not_allowed"]);
    }

    #[test]
    fn an_occurrence_must_fit_the_item() {
        let drug = |occurrence: &[u32]| {
            Answer::answered(AnswerKey::at("drug", occurrence), vec![Value::String("x".into())])
        };
        assert!(judged(&[], &drug(&[0])).is_empty());
        assert_eq!(judged(&[], &drug(&[])), ["occurrence_out_of_shape"]);
        assert_eq!(judged(&[], &drug(&[0, 0])), ["occurrence_out_of_shape"]);
        assert_eq!(judged(&[], &drug(&[200])), ["occurrence_out_of_range"]);
    }

    #[test]
    fn a_read_only_value_stays() {
        assert!(judged(&[], &answer("fixed", json!([{"valueInteger": 3}]))).is_empty());
        assert_eq!(judged(&[], &answer("fixed", json!([{"valueInteger": 4}]))), ["read_only"]);
    }

    #[test]
    fn findings_point_into_the_document() {
        let findings = judge_answer(
            &form(),
            &Answers::default(),
            &answer("smokes", json!([{"valueInteger": 1}])),
            "/answers/7",
        );
        assert_eq!(findings[0].pointer, "/answers/7/values/0/valueInteger");
    }

    #[test]
    fn only_what_is_asked_is_required() {
        let complete = |answers: &[Answer]| {
            codes(&judge_complete(&form(), &answers.iter().cloned().collect(), &Setting::default()))
        };
        let (no, yes) = (
            answer("smokes", json!([{"valueBoolean": false}])),
            answer("smokes", json!([{"valueBoolean": true}])),
        );
        assert_eq!(complete(&[]), ["answer_missing"]);
        assert!(complete(std::slice::from_ref(&no)).is_empty());
        assert_eq!(complete(&[yes]), ["answer_missing"]);
        assert_eq!(complete(&[no, answer("packs", json!([{"valueInteger": 1}]))]), ["no_longer_asked"]);
        let skipped = Answer::without(AnswerKey::of("smokes"), State::Skipped);
        assert_eq!(complete(&[skipped]), ["answer_missing"]);
    }

    #[test]
    fn in_a_needs_assessment_skipping_is_an_answer() {
        let mut questionnaire = needs_assessment();
        questionnaire["item"][0]["item"][0]["item"][0]["required"] = json!(true);
        let definition = parsed(&questionnaire);
        let complete = |answers: Answers| codes(&judge_complete(&definition, &answers, &Setting::default()));
        assert_eq!(complete(Answers::default()), ["answer_missing"]);
        assert!(
            complete([Answer::without(AnswerKey::of("leak.gate"), State::Skipped)].into_iter().collect())
                .is_empty()
        );
        assert!(complete([coded("leak.gate", "no")].into_iter().collect()).is_empty());
    }

    #[test]
    fn a_required_group_needs_one_answer_inside() {
        let definition = definition(json!([{"linkId": "g", "type": "group", "required": true, "item": [
            {"linkId": "a", "type": "boolean"}, {"linkId": "b", "type": "boolean"}]}]));
        let complete = |answers: Answers| codes(&judge_complete(&definition, &answers, &Setting::default()));
        assert_eq!(complete(Answers::default()), ["answer_missing"]);
        assert!(complete([answer("b", json!([{"valueBoolean": true}]))].into_iter().collect()).is_empty());
    }
}
