//! What is on the form now, what comes next, and how far it has got.

use serde::Serialize;

use super::answer::{AnswerKey, Answers, State};
use super::definition::Definition;
use super::enabled::Enabled;
use super::item::Item;

/// What decides, apart from the answers, what may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Setting {
    /// Partner, family or carer is present: nothing is asked about safety at home.
    pub family_present: bool,
}

impl Setting {
    /// Whether the setting keeps an item from being asked.
    pub fn hides(self, definition: &Definition, index: usize) -> bool {
        self.family_present && definition.is_safety(index)
    }
}

/// An item on the form, in one of its occurrences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible {
    /// The item, as an index into the definition's items.
    pub item: usize,
    /// Its address.
    pub key: AnswerKey,
}

/// How far a section has got. Counts are of questions on the form now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Progress {
    /// The top-level item.
    pub link_id: String,
    /// The code of the section, where it has one.
    pub section: Option<String>,
    /// What it is called.
    pub title: String,
    /// Whether it is hidden from the helper until it is opened.
    pub private: bool,
    /// How many questions there are.
    pub questions: u32,
    /// How many have an answer.
    pub answered: u32,
    /// How many were passed over.
    pub skipped: u32,
    /// To how many the participant prefers not to say.
    pub prefer_not: u32,
    /// How many have no record yet.
    pub remaining: u32,
}

/// A form as it stands with the answers there are: worked out once, asked as often as one likes.
#[derive(Debug)]
pub struct Form<'d> {
    definition: &'d Definition,
    answers: &'d Answers,
    enabled: Enabled,
    visible: Vec<Visible>,
}

impl<'d> Form<'d> {
    pub fn of(definition: &'d Definition, answers: &'d Answers, setting: &Setting) -> Self {
        let walk = Walk { definition, enabled: Enabled::of(definition, answers), setting: *setting };
        let mut visible = Vec::new();
        walk.inside(None, &[], &mut visible);
        Self { definition, answers, enabled: walk.enabled, visible }
    }

    /// Which items the answers switch on, whatever the setting keeps back.
    pub fn enabled(&self) -> &Enabled {
        &self.enabled
    }

    /// The items on the form now, in the order they are asked: groups, texts and questions; without items for
    /// programs (`questionnaire-hidden`) and without those the setting keeps back.
    pub fn visible(&self) -> &[Visible] {
        &self.visible
    }

    /// The questions among them.
    pub fn questions(&self) -> impl Iterator<Item = &Visible> {
        self.visible
            .iter()
            .filter(|visible| self.definition.item(visible.item).is_some_and(|item| item.kind.is_question()))
    }

    /// The next question without a record: behind `after`, or from the beginning.
    pub fn next_after(&self, after: Option<&AnswerKey>) -> Option<&AnswerKey> {
        let start = after.map_or(0, |key| behind(self.definition, &self.visible, key));
        let mut rest = self.visible.iter().skip(start);
        rest.find(|visible| {
            is_open_question(self.definition, visible) && self.answers.get(&visible.key).is_none()
        })
        .map(|visible| &visible.key)
    }

    /// The progress of each top-level item with questions on the form.
    pub fn progress_by_section(&self) -> Vec<Progress> {
        let definition = self.definition;
        let mut sections: Vec<(usize, Progress)> = Vec::new();
        for question in self.visible.iter().filter(|visible| is_open_question(definition, visible)) {
            let Some((top, item)) = definition.and_ancestors(question.item).last() else { continue };
            if sections.last().is_none_or(|(index, _)| *index != top) {
                sections.push((top, untouched(definition, top, item)));
            }
            let Some((_, section)) = sections.last_mut() else { continue };
            section.questions += 1;
            match self.answers.get(&question.key).map(|answer| answer.state) {
                Some(State::Answered) => section.answered += 1,
                Some(State::Skipped) => section.skipped += 1,
                Some(State::PreferNot) => section.prefer_not += 1,
                // What could not be asked before is on the form again.
                Some(State::NotShown) | None => section.remaining += 1,
            }
        }
        sections.into_iter().map(|(_, progress)| progress).collect()
    }
}

/// As [`Form::visible`], where nothing else is asked of the form.
pub fn visible_items(definition: &Definition, answers: &Answers, setting: &Setting) -> Vec<Visible> {
    Form::of(definition, answers, setting).visible
}

/// As [`Form::next_after`], where nothing else is asked of the form.
pub fn next_after(
    definition: &Definition,
    answers: &Answers,
    setting: &Setting,
    after: Option<&AnswerKey>,
) -> Option<AnswerKey> {
    Form::of(definition, answers, setting).next_after(after).cloned()
}

/// As [`Form::progress_by_section`], where nothing else is asked of the form.
pub fn progress_by_section(definition: &Definition, answers: &Answers, setting: &Setting) -> Vec<Progress> {
    Form::of(definition, answers, setting).progress_by_section()
}

fn untouched(definition: &Definition, index: usize, item: &Item) -> Progress {
    Progress {
        link_id: item.link_id.clone(),
        section: item.marks.section.clone(),
        title: item.words().to_owned(),
        private: definition.is_private(index),
        questions: 0,
        answered: 0,
        skipped: 0,
        prefer_not: 0,
        remaining: 0,
    }
}

fn is_open_question(definition: &Definition, visible: &Visible) -> bool {
    definition.item(visible.item).is_some_and(|item| item.kind.is_question() && !item.read_only)
}

/// Where to go on behind a key, which may itself have gone from the form.
fn behind(definition: &Definition, visible: &[Visible], key: &AnswerKey) -> usize {
    if let Some(position) = visible.iter().position(|visible| visible.key == *key) {
        return position + 1;
    }
    let index = definition.find(&key.link_id).map_or(0, |(index, _)| index);
    visible.iter().position(|visible| visible.item > index).unwrap_or(visible.len())
}

struct Walk<'d> {
    definition: &'d Definition,
    enabled: Enabled,
    setting: Setting,
}

impl Walk<'_> {
    /// Goes through the items inside one occurrence. The depth is that of the items, which is bounded.
    fn inside(&self, parent: Option<usize>, occurrence: &[u32], found: &mut Vec<Visible>) {
        for (index, item) in self.definition.children(parent) {
            let is_kept_back = item.presentation.hidden || self.setting.hides(self.definition, index);
            if is_kept_back || !self.enabled.is(index, occurrence) {
                continue;
            }
            found.push(Visible { item: index, key: AnswerKey::at(&item.link_id, occurrence) });
            if !item.repeats {
                self.inside(Some(index), occurrence, found);
                continue;
            }
            for inner in self.occurrences_inside(item, occurrence) {
                self.inside(Some(index), &inner, found);
            }
        }
    }

    fn occurrences_inside(&self, item: &Item, outer: &[u32]) -> Vec<Vec<u32>> {
        let of_children = item.children.iter().flat_map(|child| self.enabled.instances(*child));
        let mut inner: Vec<Vec<u32>> = of_children
            .map(|(occurrence, _)| occurrence)
            .filter(|occurrence| occurrence.starts_with(outer))
            .map(<[u32]>::to_vec)
            .collect();
        inner.sort_unstable();
        inner.dedup();
        inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::answer::Answer;
    use crate::instrument::testing::{answer, coded, definition, needs_assessment, own, parsed};
    use serde_json::json;

    fn link_ids(visible: &[Visible]) -> Vec<&str> {
        visible.iter().map(|visible| visible.key.link_id.as_str()).collect()
    }

    #[test]
    fn a_gate_opens_what_is_behind_it() {
        let definition = parsed(&needs_assessment());
        let setting = Setting::default();
        let mut answers = Answers::default();
        let before = visible_items(&definition, &answers, &setting);
        assert!(!link_ids(&before).contains(&"leak.bother"));
        answers.save(coded("leak.gate", "yes"));
        let after = visible_items(&definition, &answers, &setting);
        assert!(link_ids(&after).contains(&"leak.bother"));
        let next = next_after(&definition, &answers, &setting, Some(&AnswerKey::of("leak.gate")));
        assert_eq!(next, Some(AnswerKey::of("leak.bother")));
    }

    #[test]
    fn nothing_is_asked_about_safety_with_family_present() {
        let definition = parsed(&needs_assessment());
        let answers = Answers::default();
        let alone = visible_items(&definition, &answers, &Setting { family_present: false });
        let together = visible_items(&definition, &answers, &Setting { family_present: true });
        assert!(link_ids(&alone).contains(&"safe.gate"));
        assert!(!link_ids(&together).contains(&"safe.gate"));
    }

    #[test]
    fn what_was_skipped_is_not_asked_again() {
        let definition = definition(json!([
            {"linkId": "a", "type": "boolean"}, {"linkId": "b", "type": "boolean", "readOnly": true},
            {"linkId": "c", "type": "boolean"}]));
        let mut answers = Answers::default();
        let setting = Setting::default();
        answers.save(Answer::without(AnswerKey::of("a"), State::Skipped));
        assert_eq!(next_after(&definition, &answers, &setting, None), Some(AnswerKey::of("c")));
        answers.save(answer("c", json!([{"valueBoolean": true}])));
        assert_eq!(next_after(&definition, &answers, &setting, None), None);
    }

    #[test]
    fn a_repeating_group_is_asked_occurrence_by_occurrence() {
        let definition = definition(json!([{"linkId": "g", "type": "group", "repeats": true, "item": [
            {"linkId": "a", "type": "boolean"}, {"linkId": "b", "type": "boolean"}]}]));
        let begun = |n| {
            Answer::answered(AnswerKey::at("a", &[n]), vec![crate::instrument::value::Value::Boolean(true)])
        };
        let answers: Answers = [begun(0), begun(1)].into_iter().collect();
        let visible = visible_items(&definition, &answers, &Setting::default());
        assert_eq!(link_ids(&visible), ["g", "a", "b", "a", "b"]);
        let next = next_after(&definition, &answers, &Setting::default(), Some(&AnswerKey::at("a", &[1])));
        assert_eq!(next, Some(AnswerKey::at("b", &[1])));
    }

    #[test]
    fn progress_counts_every_state() {
        let definition = definition(json!([
            {"linkId": "s", "type": "group", "text": "Passing water", "extension": [own("section", json!("URI"))], "item": [
                {"linkId": "a", "type": "boolean"}, {"linkId": "b", "type": "boolean"},
                {"linkId": "c", "type": "boolean"}, {"linkId": "d", "type": "boolean"}]}]));
        let answers: Answers = [
            answer("a", json!([{"valueBoolean": true}])),
            Answer::without(AnswerKey::of("b"), State::Skipped),
            Answer::without(AnswerKey::of("c"), State::PreferNot),
        ]
        .into_iter()
        .collect();
        let progress = progress_by_section(&definition, &answers, &Setting::default()).remove(0);
        assert_eq!(progress.section.as_deref(), Some("URI"));
        assert_eq!(progress.title, "Passing water");
        assert_eq!((progress.questions, progress.answered, progress.skipped), (4, 1, 1));
        assert_eq!((progress.prefer_not, progress.remaining), (1, 1));
    }
}
