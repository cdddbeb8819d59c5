//! The concerns as they are shown, and what has changed since last time.

use super::{Before, Compared, ConcernLine, EarlierConcern, SectionConcerns, Since};
use crate::instrument::{
    AnswerKey, Answers, ChangeKind, Concern, Definition, HelpWanted, Item, Value, compare, concerns,
};

/// How many concerns stand at the top when neither choice nor urgency asks for more.
const TOP: usize = 4;

/// The concerns of an assessment beside those of the one before.
pub(super) struct Found {
    pub lines: Vec<ConcernLine>,
    pub earlier: Vec<EarlierConcern>,
    pub compared: Option<Compared>,
}

pub(super) fn find(definition: &Definition, answers: &Answers, before: Option<&Before<'_>>) -> Found {
    let now = concerns(definition, answers);
    let past = before.map(|before| concerns(before.definition, &before.answers)).unwrap_or_default();
    let changes = if before.is_some() { compare(&now, &past) } else { Vec::new() };
    let was = |code: &str| past.iter().find(|concern| concern.code == code);
    let lines = now.iter().map(|concern| {
        let change = changes.iter().find(|change| change.code == concern.code).map(|change| change.change);
        // What had no answer last time may well have been there already.
        let had_answer =
            before.is_some_and(|before| gate(before.definition, &before.answers, &concern.code).is_some());
        let change = change.filter(|change| *change != ChangeKind::New || had_answer);
        line(definition, concern, change, was(&concern.code).and_then(|concern| concern.bother))
    });
    let gone = changes.iter().filter(|change| change.change == ChangeKind::Resolved);
    let earlier = gone.filter_map(|change| was(&change.code)).map(|concern| EarlierConcern {
        code: concern.code.clone(),
        title: concern.title.clone(),
        bother_before: concern.bother,
        since: match gate(definition, answers, &concern.code) {
            Some("no") => Since::Resolved,
            _ => Since::NotAnswered,
        },
        private: concern.private,
    });
    Found {
        lines: lines.collect(),
        earlier: earlier.collect(),
        compared: before.map(|before| Compared {
            time_point: before.time_point.clone(),
            submitted_at: before.submitted_at,
        }),
    }
}

/// Whether any question that opens a concern has an answer.
pub(super) fn any_gate_answered(definition: &Definition, answers: &Answers) -> bool {
    definition.concerns().iter().any(|concern| gate(definition, answers, &concern.code).is_some())
}

/// All that were chosen or are urgent, and at least four where there are four.
pub(super) fn top(lines: &[ConcernLine]) -> Vec<ConcernLine> {
    let first = |line: &&ConcernLine| line.chosen_rank.is_some() || line.help == Some(HelpWanted::Urgent);
    let most = lines.iter().filter(first).count().max(TOP);
    lines.iter().take(most).cloned().collect()
}

/// The concerns under the headings of the form, in its order.
pub(super) fn by_section(definition: &Definition, lines: &[ConcernLine]) -> Vec<SectionConcerns> {
    let mut sections: Vec<SectionConcerns> = Vec::new();
    for concern in definition.concerns() {
        let Some(line) = lines.iter().find(|line| line.code == concern.code) else { continue };
        let title = heading(definition, concern.group);
        if sections.last().is_none_or(|section| section.title != title) {
            let code = definition.section(concern.group).map(str::to_owned);
            sections.push(SectionConcerns { code, title, concerns: Vec::new() });
        }
        if let Some(section) = sections.last_mut() {
            section.concerns.push(line.clone());
        }
    }
    let order = |code: &str| lines.iter().position(|line| line.code == code);
    for section in &mut sections {
        section.concerns.sort_by_key(|line| order(&line.code));
    }
    sections
}

fn line(
    definition: &Definition,
    concern: &Concern,
    change: Option<ChangeKind>,
    bother_before: Option<u8>,
) -> ConcernLine {
    let group = definition.find(&concern.link_id).map(|(index, _)| index);
    ConcernLine {
        code: concern.code.clone(),
        title: concern.title.clone(),
        section: group.map(|index| heading(definition, index)).unwrap_or_default(),
        chosen_rank: concern.chosen_rank,
        bother: concern.bother,
        band: concern.band,
        duration: concern.duration,
        help: concern.help,
        own_words: concern.own_words.clone().filter(|words| !words.trim().is_empty()),
        change,
        bother_before,
        private: concern.private,
    }
}

/// The text of the outermost group around an item.
fn heading(definition: &Definition, index: usize) -> String {
    definition.and_ancestors(index).last().map(|(_, item)| item.words().to_owned()).unwrap_or_default()
}

/// The answer to the question that opens a concern; “prefer not to say” is none.
fn gate<'a>(definition: &Definition, answers: &'a Answers, code: &str) -> Option<&'a str> {
    let concern = definition.concerns().iter().find(|concern| concern.code == code)?;
    let item: &Item = definition.item(concern.gate)?;
    let value = answers.values(&AnswerKey::of(&item.link_id)).first()?;
    let answer = match value {
        Value::Coding(coding) => coding.code.as_deref()?,
        Value::String(text) => text,
        _ => return None,
    };
    (answer != "prefer_not").then_some(answer)
}
