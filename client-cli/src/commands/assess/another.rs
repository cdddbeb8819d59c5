//! Repeating groups: another medicine, another child. A group is offered again when all that is asked in it was gone
//! through, and until somebody says that there is no more.

use std::collections::BTreeSet;

use alongside_domain::instrument::{Answer, AnswerKey, Answers, Definition, ItemType, MAX_OCCURRENCE, State};
use anyhow::Result;

use super::course::Course;
use super::sitting::{Sitting, Turn};

/// A repeating group, in one occurrence of what repeats around it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// As an index into the definition's items.
    pub item: usize,
    pub outer: Vec<u32>,
}

/// The repeating groups around a question, from the outside in.
fn around(definition: &Definition, key: &AnswerKey) -> Vec<Group> {
    let Some((_, item)) = definition.find(&key.link_id) else { return Vec::new() };
    let axes = item.axes.iter().enumerate();
    let groups =
        axes.filter(|(_, axis)| definition.item(**axis).is_some_and(|one| one.kind == ItemType::Group));
    groups
        .filter_map(|(level, axis)| Some(Group { item: *axis, outer: key.occurrence.get(..level)?.to_vec() }))
        .collect()
}

/// The number of a key's occurrence of a group, where it stands inside.
fn number_in(definition: &Definition, group: &Group, key: &AnswerKey) -> Option<u32> {
    around(definition, key).contains(group).then(|| key.occurrence.get(group.outer.len()).copied())?
}

/// How many occurrences of a group there are, counting gaps.
pub fn begun<'a>(
    definition: &Definition,
    group: &Group,
    keys: impl IntoIterator<Item = &'a AnswerKey>,
) -> u32 {
    let numbers = keys.into_iter().filter_map(|key| number_in(definition, group, key));
    numbers.max().map_or(0, |last| last.saturating_add(1))
}

/// The innermost repeating group around a question, whose own number is still to be found; `outer` are the others.
pub fn innermost(definition: &Definition, link_id: &str, outer: &[u32]) -> Option<Group> {
    let (_, item) = definition.find(link_id)?;
    let group = *item.axes.last()?;
    let is_group = definition.item(group)?.kind == ItemType::Group;
    (is_group && outer.len() + 1 == item.axes.len()).then(|| Group { item: group, outer: outer.to_vec() })
}

/// The groups that something was said about in this sitting, and of which there may be more.
#[derive(Debug, Default)]
pub struct Open(BTreeSet<Group>);

impl Open {
    /// Something was answered.
    pub fn note(&mut self, definition: &Definition, answer: &Answer) {
        if answer.state == State::Answered {
            self.0.extend(around(definition, &answer.key));
        }
    }

    /// There is no more.
    pub fn close(&mut self, group: &Group) {
        self.0.remove(group);
    }

    /// The inner groups first.
    pub fn innermost_first(&self) -> impl Iterator<Item = &Group> {
        let mut groups: Vec<&Group> = self.0.iter().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.outer.len()));
        groups.into_iter()
    }
}

impl Course {
    /// The group to ask about whether there is another: all that is in it was gone through. `is_wanted` says which
    /// questions are looked at.
    pub fn another(&self, is_wanted: impl Fn(&AnswerKey) -> bool) -> Option<Group> {
        let questions = self.questions();
        let is_offered = |group: &&Group| {
            let inside: Vec<&AnswerKey> =
                questions.iter().filter(|key| number_in(&self.definition, group, key).is_some()).collect();
            let most = self.definition.item(group.item).and_then(|item| item.limits.max_occurs);
            let most = most.unwrap_or(u32::MAX).min(MAX_OCCURRENCE.saturating_add(1));
            !inside.is_empty()
                && inside.iter().all(|key| is_wanted(key) && !self.is_open(key))
                && self.occurrences(group) < most
        };
        self.repeating.innermost_first().find(is_offered).cloned()
    }

    /// How many there are.
    pub fn occurrences(&self, group: &Group) -> u32 {
        begun(&self.definition, group, self.answers.iter().map(|answer| &answer.key))
    }

    /// Begins another: its questions are on the form from now on.
    pub fn add(&mut self, group: &Group) {
        let number = self.occurrences(group);
        let first = self.definition.items().find(|(index, item)| {
            item.kind.is_question() && self.definition.and_ancestors(*index).any(|(one, _)| one == group.item)
        });
        let Some((_, item)) = first else { return };
        let mut occurrence: Vec<u32> = group.outer.iter().copied().chain([number]).collect();
        occurrence.resize(item.axes.len(), 0);
        // A question not shown yet is a question still to be asked.
        let key = AnswerKey::at(&item.link_id, &occurrence);
        self.answers.save(Answer::without(key, State::NotShown));
    }

    /// Takes back the last occurrence around a question, where nothing was said in it. True where there was one.
    pub fn take_back(&mut self, key: &AnswerKey) -> bool {
        let is_empty = |answers: &Answers, group: &Group| {
            let number = number_in(&self.definition, group, key);
            number > Some(0)
                && answers
                    .iter()
                    .filter(|answer| number_in(&self.definition, group, &answer.key) == number)
                    .all(|answer| answer.state == State::NotShown)
        };
        let groups = around(&self.definition, key);
        let Some(group) = groups.into_iter().rev().find(|group| is_empty(&self.answers, group)) else {
            return false;
        };
        let number = number_in(&self.definition, &group, key);
        let stays = |answer: &&Answer| number_in(&self.definition, &group, &answer.key) != number;
        self.answers = self.answers.iter().filter(stays).cloned().collect();
        true
    }
}

/// Asks whether there is another.
pub fn offer(sitting: &mut Sitting<'_>, group: &Group) -> Result<Turn> {
    let Sitting { screen, course, .. } = sitting;
    let number = course.occurrences(group);
    let title = course.definition.item(group.item).map_or("", |item| item.words()).to_owned();
    screen.clear()?;
    screen.heading(&title)?;
    screen.say(&format!("So far: {number}."))?;
    match screen.choose("Add another?", &["Yes", "No, go on", "Go back"])? {
        0 => course.add(group),
        1 => course.repeating.close(group),
        _ => return Ok(Turn::Back),
    }
    Ok(Turn::Again)
}

#[cfg(test)]
mod tests {
    use super::super::course::Next;
    use super::*;
    use alongside_domain::instrument::Value;
    use serde_json::json;

    fn course() -> Course {
        let json = json!({"resourceType": "Questionnaire", "status": "active", "item": [
            {"linkId": "meds", "type": "group", "repeats": true, "item": [
                {"linkId": "name", "type": "string"},
                {"linkId": "dose", "type": "group", "repeats": true, "item": [{"linkId": "when", "type": "string"}]}]},
            {"linkId": "end", "type": "boolean"}]});
        Course::new(Definition::parse(&json).unwrap().definition)
    }

    fn say(course: &mut Course, link_id: &str, occurrence: &[u32]) {
        let key = AnswerKey::at(link_id, occurrence);
        assert_eq!(course.next(), Next::Question(key.clone()));
        course.save(Answer::answered(key, vec![Value::String("x".into())]));
    }

    #[track_caller]
    fn offered(course: &Course) -> Group {
        match course.next() {
            Next::Another(group) => group,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_group_is_offered_again_until_there_is_no_more() {
        let mut course = course();
        say(&mut course, "name", &[0]);
        say(&mut course, "when", &[0, 0]);
        let dose = offered(&course);
        assert_eq!((dose.outer.as_slice(), course.occurrences(&dose)), ([0].as_slice(), 1));
        course.add(&dose);
        say(&mut course, "when", &[0, 1]);
        course.repeating.close(&offered(&course));
        let meds = offered(&course);
        assert!(meds.outer.is_empty());
        course.add(&meds);
        say(&mut course, "name", &[1]);
        say(&mut course, "when", &[1, 0]);
        course.repeating.close(&offered(&course));
        course.repeating.close(&offered(&course));
        assert_eq!(course.next(), Next::Question(AnswerKey::of("end")));
    }

    #[test]
    fn one_begun_by_mistake_is_taken_back() {
        let mut course = course();
        say(&mut course, "name", &[0]);
        say(&mut course, "when", &[0, 0]);
        course.repeating.close(&offered(&course));
        let meds = offered(&course);
        course.add(&meds);
        assert!(course.take_back(&AnswerKey::at("name", &[1])));
        assert_eq!(course.occurrences(&meds), 1);
        assert!(!course.take_back(&AnswerKey::at("name", &[0])));
    }

    #[test]
    fn nothing_is_offered_where_nothing_was_said() {
        let mut course = course();
        for (link_id, occurrence) in [("name", vec![0]), ("when", vec![0, 0])] {
            course.save(Answer::without(AnswerKey::at(link_id, &occurrence), State::Skipped));
        }
        assert_eq!(course.next(), Next::Question(AnswerKey::of("end")));
    }

    #[test]
    fn a_number_is_found_for_a_new_one() {
        let course = course();
        let group = innermost(&course.definition, "name", &[]).unwrap();
        let keys = [AnswerKey::at("name", &[0]), AnswerKey::at("when", &[3, 0])];
        assert_eq!(begun(&course.definition, &group, &keys), 4);
        assert!(innermost(&course.definition, "end", &[]).is_none());
        assert!(innermost(&course.definition, "when", &[]).is_none());
        assert_eq!(innermost(&course.definition, "when", &[2]).unwrap().outer, [2]);
    }
}
