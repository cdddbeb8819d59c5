//! Which items are enabled, from the answers there are.
//!
//! The rules are FHIR R4's `enableWhen`, and these, which follow from where an answer stands in a response:
//! what is inside a disabled item is disabled; what is inside a question waits for its answer (a display, which
//! is not answered, does not wait). An answer to a disabled question counts as none. The result depends on the
//! answers alone, never on the order they came in.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Answer, AnswerKey, Answers, State};
use super::definition::Definition;
use super::item::{Condition, EnableBehavior, Item, ItemType, Operator};
use super::value::Value;

/// For every item in every occurrence there is, whether it is enabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enabled {
    /// In step with the definition's items.
    instances: Vec<Instances>,
}

/// The occurrences of an item. Nearly all items have one, without numbers: these cost nothing but a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Instances {
    NotAsked,
    Once(bool),
    Each(BTreeMap<Vec<u32>, bool>),
}

impl Enabled {
    /// From the answers there are.
    pub fn of(definition: &Definition, answers: &Answers) -> Self {
        Self::with(definition, answers, None)
    }

    /// From the answers there are, as if the occurrences that `key` is inside of had been begun.
    pub(super) fn with(definition: &Definition, answers: &Answers, key: Option<&AnswerKey>) -> Self {
        Self::among(definition, answers, key, &definition.order)
    }

    /// As [`Enabled::with`], for the item that `key` names and whatever decides about it, and for nothing else: one answer
    /// of a long form is judged without working out the whole form.
    pub(super) fn around(definition: &Definition, answers: &Answers, key: &AnswerKey) -> Self {
        let mut is_wanted = vec![false; definition.items.len()];
        let mut wanted = Vec::new();
        let mut open: Vec<usize> =
            definition.find(&key.link_id).map(|(index, _)| index).into_iter().collect();
        while let Some(index) = open.pop() {
            let (Some(item), Some(mark)) = (definition.item(index), is_wanted.get_mut(index)) else {
                continue;
            };
            if !std::mem::replace(mark, true) {
                wanted.push(index);
                open.extend(item.parent);
                open.extend(item.enable_when.iter().map(|condition| condition.question));
            }
        }
        wanted.sort_unstable_by_key(|index| definition.rank.get(*index));
        Self::among(definition, answers, Some(key), &wanted)
    }

    /// Takes in that the answer at `key` was saved just now: works out anew what it decides about, and what that decides
    /// about in turn, as far as anything changes.
    pub(super) fn follow(&mut self, definition: &Definition, answers: &Answers, key: &AnswerKey) {
        let Some((saved, _)) = definition.find(&key.link_id) else { return };
        if definition.repeats {
            *self = Self::of(definition, answers);
            return;
        }
        // Nothing repeats, so no occurrence was begun.
        let begun = Begun::default();
        let mut open: BTreeSet<(usize, usize)> = definition.dependents_by_rank(saved).collect();
        while let Some((_, index)) = open.pop_first() {
            let Some(item) = definition.item(index) else { continue };
            let now = self.instances_of(definition, answers, &begun, index, item);
            if let Some(slot) = self.instances.get_mut(index)
                && *slot != now
            {
                *slot = now;
                open.extend(definition.dependents_by_rank(index));
            }
        }
    }

    /// For these items alone, each of which stands behind those that decide about it.
    fn among(definition: &Definition, answers: &Answers, key: Option<&AnswerKey>, wanted: &[usize]) -> Self {
        let begun = Begun::of(definition, answers, key);
        let mut enabled = Self { instances: vec![Instances::NotAsked; definition.items.len()] };
        for &index in wanted {
            let Some(item) = definition.item(index) else { continue };
            let instances = enabled.instances_of(definition, answers, &begun, index, item);
            if let Some(slot) = enabled.instances.get_mut(index) {
                *slot = instances;
            }
        }
        enabled
    }

    /// Whether the item at an index is enabled in an occurrence.
    pub fn is(&self, index: usize, occurrence: &[u32]) -> bool {
        match self.instances.get(index) {
            Some(Instances::Once(on)) => *on && occurrence.is_empty(),
            Some(Instances::Each(each)) => each.get(occurrence).copied().unwrap_or(false),
            Some(Instances::NotAsked) | None => false,
        }
    }

    /// Whether the item that a key names is enabled.
    pub fn contains(&self, definition: &Definition, key: &AnswerKey) -> bool {
        definition.find(&key.link_id).is_some_and(|(index, _)| self.is(index, &key.occurrence))
    }

    /// The occurrences of an item, and whether it is enabled in each.
    pub fn instances(&self, index: usize) -> impl Iterator<Item = (&[u32], bool)> {
        let (once, each) = match self.instances.get(index) {
            Some(Instances::Once(on)) => (Some((&[][..], *on)), None),
            Some(Instances::Each(each)) => (None, Some(each)),
            Some(Instances::NotAsked) | None => (None, None),
        };
        let each = each.into_iter().flatten().map(|(occurrence, on)| (occurrence.as_slice(), *on));
        once.into_iter().chain(each)
    }

    /// The values a condition looks at, from an item in an occurrence. See [`source`].
    pub(super) fn looked_at<'a>(
        &self,
        definition: &Definition,
        answers: &'a Answers,
        index: usize,
        occurrence: &[u32],
        question: usize,
    ) -> &'a [Value] {
        source(self, definition, answers, index, occurrence, question, &mut LookedUp::new())
            .unwrap_or_default()
    }

    fn instances_of(
        &self,
        definition: &Definition,
        answers: &Answers,
        begun: &Begun,
        index: usize,
        item: &Item,
    ) -> Instances {
        let mut looked_up = LookedUp::new();
        let mut hold =
            |occurrence: &[u32]| self.conditions_hold(definition, answers, index, occurrence, &mut looked_up);
        let parent = item.parent.and_then(|parent| Some((parent, definition.item(parent)?)));
        let Some((parent_index, parent)) = parent else {
            return Instances::Once(hold(&[]));
        };
        let waits_inside = parent.kind.is_question() && item.kind != ItemType::Display;
        if item.axes.is_empty() {
            let on = self.is(parent_index, &[])
                && !(waits_inside && answers.values_at(&parent.link_id, &[]).is_empty())
                && hold(&[]);
            return Instances::Once(on);
        }
        let mut each = BTreeMap::new();
        for (outer, is_on) in self.instances(parent_index) {
            let answered = answers.values_at(&parent.link_id, outer).len();
            let waits = waits_inside && answered == 0;
            for occurrence in occurrences(parent, outer, answered, begun.inside(parent_index, outer)) {
                let on = is_on && !waits && hold(&occurrence);
                each.insert(occurrence, on);
            }
        }
        Instances::Each(each)
    }

    fn conditions_hold<'a>(
        &self,
        definition: &Definition,
        answers: &'a Answers,
        index: usize,
        occurrence: &[u32],
        looked_up: &mut LookedUp<'a>,
    ) -> bool {
        let Some(item) = definition.item(index) else { return false };
        let mut results = item.enable_when.iter().map(|condition| {
            let values = source(self, definition, answers, index, occurrence, condition.question, looked_up);
            holds(condition, values.unwrap_or_default())
        });
        match item.enable_behavior {
            _ if item.enable_when.is_empty() => true,
            EnableBehavior::All => results.all(|result| result),
            EnableBehavior::Any => results.any(|result| result),
        }
    }
}

impl Answers {
    /// The answers that count now: without those to questions that other answers have since switched off.
    /// These stay recorded, but neither scores nor summaries may see them.
    pub fn in_effect(&self, definition: &Definition) -> Answers {
        let enabled = Enabled::of(definition, self);
        self.iter().filter(|answer| enabled.contains(definition, &answer.key)).cloned().collect()
    }
}

/// Whether a condition holds for the values of the question it looks at. With several values one is enough; with
/// none only `exists = false` holds.
pub(super) fn holds(condition: &Condition, values: &[Value]) -> bool {
    let asked = &condition.answer;
    let compares =
        |wanted: fn(Ordering) -> bool| values.iter().any(|value| value.compare(asked).is_some_and(wanted));
    match condition.operator {
        Operator::Exists => *asked == Value::Boolean(!values.is_empty()),
        Operator::Equal => values.iter().any(|value| equals(value, asked)),
        Operator::NotEqual => values.iter().any(|value| !equals(value, asked)),
        Operator::Greater => compares(Ordering::is_gt),
        Operator::Less => compares(Ordering::is_lt),
        Operator::GreaterOrEqual => compares(Ordering::is_ge),
        Operator::LessOrEqual => compares(Ordering::is_le),
    }
}

fn equals(value: &Value, asked: &Value) -> bool {
    match (value, asked) {
        // FHIR has no answerUri: an address is compared as text.
        (Value::Uri(address), Value::String(text)) => address == text,
        _ => value.matches(asked),
    }
}

/// The occurrences of what is inside `parent`, in the parent's occurrence `outer`.
fn occurrences(
    parent: &Item,
    outer: &[u32],
    answered: usize,
    begun: Option<&BTreeSet<u32>>,
) -> Vec<Vec<u32>> {
    let inside = |number: u32| outer.iter().copied().chain([number]).collect();
    match (parent.repeats, parent.kind) {
        (false, _) => vec![outer.to_vec()],
        // One occurrence of a repeating group is always there to be begun.
        (true, ItemType::Group) => {
            begun.map_or_else(|| vec![inside(0)], |all| all.iter().map(|n| inside(*n)).collect())
        }
        (true, _) => (0..u32::try_from(answered).unwrap_or(u32::MAX).max(1)).map(inside).collect(),
    }
}

/// The answer a condition looks at. The item and the question share the repeating items around both, so the
/// question is looked up in the same occurrence of these. Where the question itself repeats around the item, it
/// is the very answer the item is inside of. Where the question stands inside further repeating items, it is the
/// nearest: the last before the item, or else the first behind it (FHIR R4, `enableWhen.question`).
fn source<'a>(
    enabled: &Enabled,
    definition: &Definition,
    answers: &'a Answers,
    index: usize,
    occurrence: &[u32],
    question: usize,
    looked_up: &mut LookedUp<'a>,
) -> Option<&'a [Value]> {
    let (item, asked) = (definition.item(index)?, definition.item(question)?);
    let shared = item.axes.iter().zip(&asked.axes).take_while(|(left, right)| left == right).count();
    let prefix = occurrence.get(..shared)?;
    let find = || {
        let mut found = answers
            .of_item_inside(&asked.link_id, prefix)
            .filter(|answer| answer.state == State::Answered && enabled.is(question, &answer.key.occurrence));
        if question < index { found.next_back() } else { found.next() }
    };
    // Where the item stands but once, there is nothing to remember.
    let answer = match item.axes.is_empty() {
        true => find(),
        false => *looked_up.entry((question, prefix.to_vec())).or_insert_with(find),
    };
    let answer = answer?;
    if item.axes.get(shared) == Some(&question) {
        let nth = usize::try_from(*occurrence.get(shared)?).ok()?;
        return answer.values.get(nth..=nth);
    }
    Some(&answer.values)
}

/// What was found for one item's conditions: by the question looked at, and the occurrence that both are inside of.
/// However many occurrences an item has, it looks each of them up once, or a form could be made that takes for ever.
type LookedUp<'a> = BTreeMap<(usize, Vec<u32>), Option<&'a Answer>>;

/// The occurrences of repeating groups in which anything has been recorded.
#[derive(Default)]
struct Begun {
    by_group: BTreeMap<(usize, Vec<u32>), BTreeSet<u32>>,
}

impl Begun {
    fn of(definition: &Definition, answers: &Answers, extra: Option<&AnswerKey>) -> Self {
        let mut by_group: BTreeMap<(usize, Vec<u32>), BTreeSet<u32>> = BTreeMap::new();
        for key in answers.iter().map(|answer| &answer.key).chain(extra) {
            if key.occurrence.is_empty() {
                continue;
            }
            let Some((_, item)) = definition.find(&key.link_id) else { continue };
            for (level, (group, number)) in item.axes.iter().zip(&key.occurrence).enumerate() {
                let outer = key.occurrence.get(..level).unwrap_or_default().to_vec();
                by_group.entry((*group, outer)).or_default().insert(*number);
            }
        }
        Self { by_group }
    }

    fn inside(&self, group: usize, outer: &[u32]) -> Option<&BTreeSet<u32>> {
        self.by_group.get(&(group, outer.to_vec()))
    }
}
