//! What is different between two versions of an instrument, and whether answers to both can be put side by side.
//!
//! Items are the same item when they have the same link id, options when they have the same system and code, scores and
//! rules when they have the same code. What has no name in common was added or removed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::definition::Definition;
use super::diff_parts::{Member, header, item_members, option_members, rule_members, score_members};
use super::item::Item;

/// Whether answers to two versions can be put side by side.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Comparability {
    /// Nothing that an answer could notice is different.
    Same,
    /// The codes are the same and the words are not: whether they mean the same, somebody must judge.
    Reworded,
    /// What both ask means the same, but not everything is asked in both, or not of the same people, or not in the same
    /// order.
    Partly,
    /// The same answer means something else.
    NotComparable,
}

/// What became of an item, an option, a score or a rule.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = DiffChange))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Changed {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It stands somewhere else, and is otherwise what it was.
    Moved,
    /// It is different.
    Changed,
}

/// One member that is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MemberChange {
    /// Which.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "text"))]
    pub member: String,
    /// What it was, in words; none where there was nothing.
    #[cfg_attr(feature = "schema", schema(max_length = 1_048_576))]
    pub before: Option<String>,
    /// What it is.
    #[cfg_attr(feature = "schema", schema(max_length = 1_048_576))]
    pub after: Option<String>,
    /// What that means for answers.
    pub comparable: Comparability,
}

/// An option, a score or a rule that is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PartChange {
    /// Its code; of an option that is a value, the value.
    #[cfg_attr(feature = "schema", schema(max_length = 65536, example = "yes"))]
    pub code: String,
    /// What became of it.
    pub change: Changed,
    /// What is different about it.
    #[cfg_attr(feature = "schema", schema(max_items = 100))]
    pub members: Vec<MemberChange>,
    /// What that means for answers.
    pub comparable: Comparability,
}

/// An item that is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ItemChange {
    /// The item.
    #[cfg_attr(feature = "schema", schema(max_length = 255, example = "URI.leakage.gate"))]
    pub link_id: String,
    /// Its text, in the newer version that has it.
    #[cfg_attr(feature = "schema", schema(max_length = 65536))]
    pub text: String,
    /// What became of it.
    pub change: Changed,
    /// What is different about it.
    #[cfg_attr(feature = "schema", schema(max_items = 100))]
    pub members: Vec<MemberChange>,
    /// The answers offered that are different.
    #[cfg_attr(feature = "schema", schema(max_items = 20000))]
    pub options: Vec<PartChange>,
    /// What that means for answers.
    pub comparable: Comparability,
}

/// What is different between two versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Diff {
    /// Whether answers to both can be put side by side, all in all. One item or score that cannot decides.
    pub comparable: Comparability,
    /// Why, in a sentence for each item or score that matters.
    #[cfg_attr(feature = "schema", schema(max_items = 10000, max_length = 1024))]
    pub reasons: Vec<String>,
    /// Whether they are versions of one instrument; what is compared may as well be two.
    pub same_instrument: bool,
    /// The instrument as a whole.
    #[cfg_attr(feature = "schema", schema(max_items = 100))]
    pub header: Vec<MemberChange>,
    /// Items, as the newer version has them in order; those that are gone come last.
    #[cfg_attr(feature = "schema", schema(max_items = 4000))]
    pub items: Vec<ItemChange>,
    /// Scores.
    #[cfg_attr(feature = "schema", schema(max_items = 2000))]
    pub scores: Vec<PartChange>,
    /// Alert rules.
    #[cfg_attr(feature = "schema", schema(max_items = 2000))]
    pub rules: Vec<PartChange>,
}

impl Diff {
    /// Whether nothing is different.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.header.is_empty() && self.items.is_empty() && self.scores.is_empty() && self.rules.is_empty()
    }
}

/// What is different in `after`, seen from `before`.
#[must_use]
pub fn diff(before: &Definition, after: &Definition) -> Diff {
    let header = changes(&header(before), &header(after));
    let items = items(before, after);
    let scores = parts(
        before.scores().iter().map(|score| (score.code.clone(), score_members(before, score))),
        after.scores().iter().map(|score| (score.code.clone(), score_members(after, score))),
    );
    let rules = parts(
        before.rules().iter().map(|rule| (rule.code.clone(), rule_members(before, rule))),
        after.rules().iter().map(|rule| (rule.code.clone(), rule_members(after, rule))),
    );
    // Who is told of an answer does not change the answer.
    let rules =
        rules.into_iter().map(|rule| PartChange { comparable: Comparability::Same, ..rule }).collect();
    let mut diff = Diff {
        comparable: Comparability::Same,
        reasons: Vec::new(),
        same_instrument: before.url() == after.url(),
        header,
        items,
        scores,
        rules,
    };
    diff.comparable = worst(
        (diff.header.iter().map(|one| one.comparable))
            .chain(diff.items.iter().map(|one| one.comparable))
            .chain(diff.scores.iter().map(|one| one.comparable)),
    );
    diff.reasons = reasons(&diff);
    diff
}

fn worst(all: impl Iterator<Item = Comparability>) -> Comparability {
    all.max().unwrap_or(Comparability::Same)
}

fn reasons(diff: &Diff) -> Vec<String> {
    let mut reasons = Vec::new();
    if !diff.same_instrument {
        reasons.push("These are versions of two different instruments.".to_owned());
    }
    let mut say = |what: &str, name: &str, change: Changed, names: &[&str], comparable: Comparability| {
        let done = match change {
            Changed::Added => "is new".to_owned(),
            Changed::Removed => "is gone".to_owned(),
            Changed::Moved => "stands elsewhere".to_owned(),
            Changed::Changed => format!("is different in: {}", names.join(", ")),
        };
        let verdict = match comparable {
            Comparability::Same => return,
            Comparability::Reworded => "its words must be judged",
            Comparability::Partly => "it is not asked, or not read, as before",
            Comparability::NotComparable => "it cannot be compared",
        };
        reasons.push(format!("{what} “{name}” {done}; {verdict}."));
    };
    for item in &diff.items {
        let mut names = named(&item.members);
        names.extend((!item.options.is_empty()).then_some("options"));
        say("Item", &item.link_id, item.change, &names, item.comparable);
    }
    for score in &diff.scores {
        say("Score", &score.code, score.change, &named(&score.members), score.comparable);
    }
    reasons
}

/// The members that matter.
fn named(members: &[MemberChange]) -> Vec<&str> {
    let matter = members.iter().filter(|one| one.comparable != Comparability::Same);
    matter.map(|one| one.member.as_str()).collect()
}

fn items(before: &Definition, after: &Definition) -> Vec<ItemChange> {
    let moved = moved(before, after);
    let mut found = Vec::new();
    for (index, item) in after.items() {
        let Some((earlier, old)) = before.find(&item.link_id) else {
            found.push(whole(item, Changed::Added));
            continue;
        };
        let mut members = changes(&item_members(before, earlier, old), &item_members(after, index, item));
        let options = options(old, item);
        let is_changed = !members.is_empty() || !options.is_empty();
        if moved.contains(item.link_id.as_str()) {
            members.push(MemberChange {
                member: "place".to_owned(),
                before: Some(place(before, earlier)),
                after: Some(place(after, index)),
                comparable: Comparability::Partly,
            });
        }
        if members.is_empty() && options.is_empty() {
            continue;
        }
        let comparable =
            worst((members.iter().map(|one| one.comparable)).chain(options.iter().map(|one| one.comparable)));
        let change = if is_changed { Changed::Changed } else { Changed::Moved };
        let (link_id, text) = (item.link_id.clone(), item.words().to_owned());
        found.push(ItemChange { link_id, text, change, members, options, comparable });
    }
    let gone = before.items().filter(|(_, item)| after.find(&item.link_id).is_none());
    found.extend(gone.map(|(_, item)| whole(item, Changed::Removed)));
    found
}

fn whole(item: &Item, change: Changed) -> ItemChange {
    // A group or a line of text more or less is no question more or less.
    let comparable = if item.kind.is_question() { Comparability::Partly } else { Comparability::Reworded };
    let (link_id, text) = (item.link_id.clone(), item.words().to_owned());
    ItemChange { link_id, text, change, members: Vec::new(), options: Vec::new(), comparable }
}

/// `in water, after leak`
fn place(definition: &Definition, index: usize) -> String {
    let parent = definition.item(index).and_then(|item| item.parent);
    let siblings = definition.children(parent).take_while(|(sibling, _)| *sibling != index);
    let inside = parent.and_then(|parent| definition.item(parent));
    let inside = inside.map_or_else(|| "at the top".to_owned(), |parent| format!("in {}", parent.link_id));
    match siblings.last() {
        Some((_, sibling)) => format!("{inside}, after {}", sibling.link_id),
        None => format!("{inside}, first"),
    }
}

/// The items in both that stand in another group, or that must be taken out and put back to come from one order to the
/// other. Of each group the longest run that kept its order counts as unmoved.
fn moved<'a>(before: &Definition, after: &'a Definition) -> BTreeSet<&'a str> {
    let parent = |definition: &Definition, item: &Item| -> Option<String> {
        item.parent.and_then(|parent| definition.item(parent)).map(|parent| parent.link_id.clone())
    };
    let mut moved = BTreeSet::new();
    let mut groups: BTreeMap<Option<String>, Vec<(usize, &str)>> = BTreeMap::new();
    for (_, item) in after.items() {
        let Some((earlier, old)) = before.find(&item.link_id) else { continue };
        let now = parent(after, item);
        if parent(before, old) == now {
            groups.entry(now).or_default().push((earlier, &item.link_id));
        } else {
            moved.insert(item.link_id.as_str());
        }
    }
    for group in groups.values() {
        let positions: Vec<usize> = group.iter().map(|(position, _)| *position).collect();
        let kept = longest_run(&positions);
        moved.extend(group.iter().filter(|(position, _)| !kept.contains(position)).map(|(_, name)| *name));
    }
    moved
}

/// A longest rising subsequence.
fn longest_run(positions: &[usize]) -> BTreeSet<usize> {
    // Of all runs of each length the one with the least end, and what stood before each end in its run.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: BTreeMap<usize, usize> = BTreeMap::new();
    for position in positions {
        let length = ends.partition_point(|end| end < position);
        if let Some(previous) = length.checked_sub(1).and_then(|length| ends.get(length)) {
            before.insert(*position, *previous);
        }
        match ends.get_mut(length) {
            Some(end) => *end = *position,
            None => ends.push(*position),
        }
    }
    std::iter::successors(ends.last().copied(), |position| before.get(position).copied()).collect()
}

fn options(before: &Item, after: &Item) -> Vec<PartChange> {
    let named = |item: &Item| -> Vec<(String, Vec<Member>)> {
        item.choices.options().iter().map(option_members).collect()
    };
    let (old, new) = (named(before), named(after));
    let mut found = parts(old.iter().cloned(), new.iter().cloned());
    for change in &mut found {
        match change.change {
            // Who chose it before is not among those who can choose now.
            Changed::Removed => change.comparable = Comparability::NotComparable,
            Changed::Added => change.comparable = Comparability::Partly,
            Changed::Moved | Changed::Changed => {}
        }
    }
    let position = |code: &String| old.iter().position(|(known, _)| known == code);
    let positions: Vec<usize> = new.iter().filter_map(|(code, _)| position(code)).collect();
    let kept = longest_run(&positions);
    for (code, _) in &new {
        let is_told = found.iter().any(|change| change.code == *code);
        if !is_told && position(code).is_some_and(|position| !kept.contains(&position)) {
            let (change, comparable) = (Changed::Moved, Comparability::Partly);
            found.push(PartChange { code: code.clone(), change, members: Vec::new(), comparable });
        }
    }
    found
}

/// Parts with the same code, compared member by member.
fn parts(
    before: impl Iterator<Item = (String, Vec<Member>)>,
    after: impl Iterator<Item = (String, Vec<Member>)>,
) -> Vec<PartChange> {
    let mut old: BTreeMap<String, Vec<Member>> = before.collect();
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for (code, members) in after {
        if !seen.insert(code.clone()) {
            continue;
        }
        let Some(earlier) = old.remove(&code) else {
            let (change, comparable) = (Changed::Added, Comparability::Partly);
            found.push(PartChange { code, change, members: Vec::new(), comparable });
            continue;
        };
        let members = changes(&earlier, &members);
        if !members.is_empty() {
            let comparable = worst(members.iter().map(|one| one.comparable));
            found.push(PartChange { code, change: Changed::Changed, members, comparable });
        }
    }
    let gone = |code| {
        let (change, comparable) = (Changed::Removed, Comparability::Partly);
        PartChange { code, change, members: Vec::new(), comparable }
    };
    found.extend(old.into_keys().map(gone));
    found
}

fn changes(before: &[Member], after: &[Member]) -> Vec<MemberChange> {
    let find = |list: &[Member], name: &str| {
        list.iter().find(|member| member.name == name).and_then(|member| member.words.clone())
    };
    let mut names: Vec<(&'static str, Comparability)> = Vec::new();
    for member in before.iter().chain(after) {
        if !names.iter().any(|(name, _)| *name == member.name) {
            names.push((member.name, member.effect));
        }
    }
    let changed = |(name, comparable): (&'static str, Comparability)| {
        let (before, after) = (find(before, name), find(after, name));
        (before != after).then(|| MemberChange { member: name.to_owned(), before, after, comparable })
    };
    names.into_iter().filter_map(changed).collect()
}
