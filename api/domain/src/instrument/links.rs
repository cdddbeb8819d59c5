//! How items refer to each other: link ids, conditions and their order, concerns.

use std::collections::BTreeSet;

use super::definition::{ConcernDefinition, Definition};
use super::finding::{Finding, Place};
use super::item::{Choices, Condition, Item, ItemRole, ItemType, Operator};
use super::parse_item::RawCondition;
use super::value::Value;

/// Looks up every reference between items. `places` is in step with the items.
pub(super) fn connect(
    definition: &mut Definition,
    places: &[Place],
    conditions: Vec<RawCondition>,
    out: &mut Vec<Finding>,
) {
    link_ids(definition, places, out);
    for condition in conditions {
        let item = condition.item;
        let condition = resolve(definition, condition, out);
        if let Some(item) = definition.items.get_mut(item) {
            item.enable_when.extend(condition);
        }
    }
    let before: Vec<BTreeSet<usize>> = definition.items.iter().map(depends_on).collect();
    definition.dependents = dependents(&before);
    definition.repeats = definition.items.iter().any(|item| !item.axes.is_empty());
    definition.order = order(definition, &before, places, out);
    definition.rank = ranks(&definition.order, definition.items.len());
    concerns(definition, places, out);
}

fn link_ids(definition: &mut Definition, places: &[Place], out: &mut Vec<Finding>) {
    for ((index, item), place) in definition.items.iter().enumerate().zip(places) {
        // A missing link id has been reported where it is missing.
        if item.link_id.is_empty() {
            continue;
        }
        if definition.by_link_id.contains_key(&item.link_id) {
            let message = format!("The linkId “{}” is already used by another item.", item.link_id);
            out.push(place.member("linkId").error("link_id_twice", message));
        } else {
            definition.by_link_id.insert(item.link_id.clone(), index);
        }
    }
}

fn resolve(definition: &Definition, raw: RawCondition, out: &mut Vec<Finding>) -> Option<Condition> {
    let RawCondition { item, question, operator, answer, place } = raw;
    let Some((index, asked)) = definition.find(&question) else {
        let message = format!("No item has the linkId “{question}”.");
        out.push(place.member("question").error("unknown_question", message));
        return None;
    };
    if definition.and_ancestors(index).any(|(ancestor, _)| ancestor == item) {
        let message = "An item cannot depend on itself or on what is inside it.";
        out.push(place.member("question").error("condition_on_itself", message));
        return None;
    }
    if !asked.kind.is_question() {
        let message = format!("“{question}” is a group or display, so it has no answer to look at.");
        out.push(place.member("question").error("condition_on_group", message));
        return None;
    }
    if let Some(message) = misfit(asked, operator, &answer) {
        out.push(place.error("condition_of_wrong_type", message));
        return None;
    }
    if index > item && !definition.and_ancestors(item).any(|(ancestor, _)| ancestor == index) {
        let message =
            format!("“{question}” is asked behind this item, which comes and goes with its answer.");
        out.push(place.member("question").warning("condition_looks_ahead", message));
    }
    let never = matches!(asked.choices, Choices::Listed(_))
        && asked.kind == ItemType::Choice
        && matches!(operator, Operator::Equal)
        && !asked.choices.options().iter().any(|option| option.value.matches(&answer));
    if never {
        let message = format!("“{question}” offers no such option, so this condition never holds.");
        out.push(place.warning("condition_never_holds", message));
    }
    Some(Condition { question: index, operator, answer })
}

/// Why an operator and a value do not go together with a question, if they do not.
fn misfit(asked: &Item, operator: Operator, answer: &Value) -> Option<&'static str> {
    let is_number = |value: &Value| matches!(value, Value::Integer(_) | Value::Decimal(_));
    if operator == Operator::Exists {
        let fits = matches!(answer, Value::Boolean(_));
        return (!fits).then_some("“exists” is compared with answerBoolean.");
    }
    let same_type = match asked.kind {
        ItemType::Integer | ItemType::Decimal => is_number(answer),
        ItemType::Date | ItemType::DateTime => matches!(answer, Value::Date(_) | Value::DateTime(_)),
        // FHIR has no answerUri.
        ItemType::Url => matches!(answer, Value::String(_)),
        ItemType::Attachment => false,
        _ => asked.takes(answer),
    };
    if !same_type {
        return Some("The question is not answered with a value of this type.");
    }
    let has_order =
        matches!(answer, Value::Date(_) | Value::DateTime(_) | Value::Time(_) | Value::Quantity(_))
            || is_number(answer);
    (operator.needs_order() && !has_order).then_some("Values of this type have no order.")
}

/// Of each item, those that wait for it.
fn dependents(before: &[BTreeSet<usize>]) -> Vec<Vec<usize>> {
    let mut after = vec![Vec::new(); before.len()];
    for (index, sources) in before.iter().enumerate() {
        for source in sources {
            if let Some(dependents) = after.get_mut(*source) {
                dependents.push(index);
            }
        }
    }
    after
}

fn ranks(order: &[usize], items: usize) -> Vec<usize> {
    let mut ranks = vec![0; items];
    for (rank, index) in order.iter().enumerate() {
        if let Some(slot) = ranks.get_mut(*index) {
            *slot = rank;
        }
    }
    ranks
}

/// The items so that each stands behind its parent and the questions its conditions look at; the first in the
/// document goes first where there is a choice. Items that wait for each other in a circle are findings.
fn order(
    definition: &Definition,
    before: &[BTreeSet<usize>],
    places: &[Place],
    out: &mut Vec<Finding>,
) -> Vec<usize> {
    let after = &definition.dependents;
    let mut waiting: Vec<usize> = before.iter().map(BTreeSet::len).collect();
    let mut ready: BTreeSet<usize> =
        waiting.iter().enumerate().filter(|(_, count)| **count == 0).map(|(index, _)| index).collect();
    let mut order = Vec::with_capacity(before.len());
    while let Some(index) = ready.pop_first() {
        order.push(index);
        for dependent in after.get(index).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(*dependent) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(*dependent);
                }
            }
        }
    }
    let mut stuck: BTreeSet<usize> =
        (0..before.len()).filter(|index| waiting.get(*index) != Some(&0)).collect();
    keep_circles(&mut stuck, before, after);
    for index in &stuck {
        let in_circle =
            |item: &Item| item.enable_when.iter().any(|condition| stuck.contains(&condition.question));
        if definition.item(*index).is_some_and(in_circle)
            && let Some(place) = places.get(*index)
        {
            let message = "Whether this item is shown depends, in a circle, on itself.";
            out.push(place.member("enableWhen").error("condition_in_circle", message));
        }
    }
    order
}

fn depends_on(item: &Item) -> BTreeSet<usize> {
    item.parent.into_iter().chain(item.enable_when.iter().map(|condition| condition.question)).collect()
}

/// Drops from the stuck items those that merely wait behind a circle: nothing stuck waits for them.
fn keep_circles(stuck: &mut BTreeSet<usize>, before: &[BTreeSet<usize>], after: &[Vec<usize>]) {
    let awaited = |stuck: &BTreeSet<usize>, index: usize| {
        after.get(index).into_iter().flatten().any(|dependent| stuck.contains(dependent))
    };
    let mut idle: Vec<usize> = stuck.iter().copied().filter(|index| !awaited(stuck, *index)).collect();
    while let Some(index) = idle.pop() {
        stuck.remove(&index);
        for source in before.get(index).into_iter().flatten() {
            if stuck.contains(source) && !awaited(stuck, *source) {
                idle.push(*source);
            }
        }
    }
}

fn concerns(definition: &mut Definition, places: &[Place], out: &mut Vec<Finding>) {
    let mut concerns: Vec<ConcernDefinition> = Vec::new();
    let mut priorities = None;
    for ((index, item), place) in definition.items.iter().enumerate().zip(places) {
        if let Some((code, title)) = &item.marks.concern {
            if concerns.iter().any(|concern| concern.code == *code) {
                let message = format!("The concern “{code}” is already asked about by another group.");
                out.push(place.error("concern_twice", message));
            }
            concerns.extend(concern(definition, index, code, title, place, out));
        }
        match item.marks.role {
            Some(ItemRole::Priorities) if priorities.is_some() => {
                out.push(place.error("role_twice", "Only one question can choose what matters most."));
            }
            Some(ItemRole::Priorities) => priorities = Some(index),
            Some(_) if !inside_concern(definition, index) => {
                let message = "This role belongs directly inside a group with the concern extension.";
                out.push(place.error("role_outside_concern", message));
            }
            _ => {}
        }
    }
    definition.concerns = concerns;
    definition.priorities = priorities;
}

fn inside_concern(definition: &Definition, index: usize) -> bool {
    definition.and_ancestors(index).skip(1).any(|(_, item)| item.marks.concern.is_some())
}

fn concern(
    definition: &Definition,
    group: usize,
    code: &str,
    title: &str,
    place: &Place,
    out: &mut Vec<Finding>,
) -> Option<ConcernDefinition> {
    let is_nested = inside_concern(definition, group);
    let is_repeated = definition.and_ancestors(group).any(|(_, item)| item.repeats);
    if is_nested || is_repeated {
        let message = "A concern can neither repeat nor stand inside what repeats or inside another concern.";
        out.push(place.error("concern_misplaced", message));
        return None;
    }
    let mut part = |role: ItemRole| {
        let mut found = definition.items().filter(|(index, item)| {
            item.marks.role == Some(role)
                && definition.and_ancestors(*index).any(|(ancestor, _)| ancestor == group)
        });
        let first = found.next().map(|(index, _)| index);
        if found.next().is_some() {
            out.push(place.error("role_twice", format!("The concern “{code}” has a role twice.")));
        }
        first
    };
    let gate = part(ItemRole::Gate);
    let (bother, duration) = (part(ItemRole::Bother), part(ItemRole::Duration));
    let (help, own_words) = (part(ItemRole::Help), part(ItemRole::OwnWords));
    let Some(gate) = gate else {
        out.push(
            place.error("gate_missing", format!("The concern “{code}” has no item with the role gate.")),
        );
        return None;
    };
    let (code, title) = (code.to_owned(), title.to_owned());
    Some(ConcernDefinition { code, title, group, gate, bother, duration, help, own_words })
}
