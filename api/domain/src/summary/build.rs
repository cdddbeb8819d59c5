//! Puts a summary together.

use super::banner::{self, Beside};
use super::{
    Completion, Contact, Counts, Facts, Help, PrivateSection, QuestionAnswer, RedFlag, Summary,
    concern_lines, words,
};
use crate::content;
use crate::instrument::{
    Answer, AnswerKey, Answers, Definition, InstrumentKind, Item, ItemRole, ItemType, Setting, State, Value,
    Visible, positive, scores, visible_items,
};

pub(super) fn summary(facts: &Facts<'_>) -> Summary {
    let definition = facts.definition;
    let answers = facts.answers.in_effect(definition);
    let questions = questions(definition, &answers);
    let found = concern_lines::find(definition, &answers, facts.before.as_ref());
    let top_concerns = concern_lines::top(&found.lines);
    let scores = scores(definition, &answers);
    let is_hna = definition.kind() == InstrumentKind::Hna;
    let say = if is_hna { say_to_nurse(definition) } else { None };
    let nothing = match concern_lines::any_gate_answered(definition, &answers) {
        true => words::NOTHING_RAISED,
        false => words::NOTHING_ANSWERED,
    };
    let beside = Beside { handed_over: facts.handed_over, amended: facts.amended };
    let mut banner = banner::sentences(&facts.provenance, &beside);
    banner.extend(facts.administration.caution(&facts.header.instrument_title));
    let mut notes = Vec::new();
    notes.extend(is_hna.then(|| words::NO_SCALE.to_owned()));
    notes.extend((!scores.is_empty()).then(|| words::NO_DIAGNOSIS.to_owned()));
    Summary {
        header: facts.header.clone(),
        kind: definition.kind(),
        banner,
        provenance: facts.provenance.clone(),
        administration: facts.administration.clone(),
        red_flags: red_flags(definition, &answers),
        sections: concern_lines::by_section(definition, &found.lines),
        nothing_raised: (is_hna && found.lines.is_empty()).then(|| nothing.to_owned()),
        compared_with: found.compared,
        earlier: found.earlier,
        say_to_nurse: say.and_then(|item| spoken(item, &answers)),
        scores,
        answers: others(definition, &questions, &answers, say),
        private_sections: private_sections(definition, &questions, &answers),
        counts: counts(definition, &questions, &answers),
        signposts: signposts(&top_concerns),
        top_concerns,
        notes,
        own_words_withheld: false,
    }
}

/// The questions the other answers leave on the form, whether or not they could be asked.
fn questions(definition: &Definition, answers: &Answers) -> Vec<Visible> {
    let is_question =
        |visible: &Visible| definition.item(visible.item).is_some_and(|item| item.kind.is_question());
    visible_items(definition, answers, &Setting::default()).into_iter().filter(is_question).collect()
}

fn red_flags(definition: &Definition, answers: &Answers) -> Vec<RedFlag> {
    let flag = |item: &Item, answer: &Answer| {
        Some(RedFlag {
            kind: positive(definition, answer)?,
            link_id: item.link_id.clone(),
            question: item.words().to_owned(),
            answer: in_words(item, &answer.values),
        })
    };
    let mut flags = Vec::new();
    for (_, item) in definition.alerts() {
        flags.extend(answers.of_item(&item.link_id).filter_map(|answer| flag(item, answer)));
    }
    flags
}

/// The free text beside the choice of what matters most.
fn say_to_nurse(definition: &Definition) -> Option<&Item> {
    let priorities = definition.priorities()?;
    let mut beside = definition.children(priorities.parent).map(|(_, item)| item);
    beside.find(|item| matches!(item.kind, ItemType::Text | ItemType::String))
}

fn spoken(item: &Item, answers: &Answers) -> Option<String> {
    let said = in_words(item, answers.values(&AnswerKey::of(&item.link_id)));
    (!said.trim().is_empty()).then_some(said)
}

/// What is not already said by the concerns.
fn others(
    definition: &Definition,
    questions: &[Visible],
    answers: &Answers,
    say: Option<&Item>,
) -> Vec<QuestionAnswer> {
    let told = |visible: &&Visible| {
        let of_concern = definition.and_ancestors(visible.item).any(|(_, item)| item.marks.concern.is_some());
        let item = definition.item(visible.item);
        let is_choice = item.is_some_and(|item| item.marks.role == Some(ItemRole::Priorities));
        of_concern || is_choice || say.is_some_and(|say| say.link_id == visible.key.link_id)
    };
    let rest = questions.iter().filter(|visible| !told(visible));
    rest.filter_map(|visible| {
        let item = definition.item(visible.item)?;
        let record = answers.get(&visible.key);
        let values = answers.values(&visible.key);
        let is_free = |value: &Value| !from_a_list(item, value);
        Some(QuestionAnswer {
            link_id: item.link_id.clone(),
            occurrence: visible.key.occurrence.clone(),
            question: [item.prefix.as_deref().unwrap_or_default(), item.words()].join(" ").trim().to_owned(),
            state: record.map(|record| record.state),
            answer: (!values.is_empty()).then(|| in_words(item, values)),
            own_words: values.iter().any(is_free),
            private: definition.is_private(visible.item),
        })
    })
    .collect()
}

/// Whether a value cannot hold words of the participant's own.
fn from_a_list(item: &Item, value: &Value) -> bool {
    match value {
        Value::Boolean(_) | Value::Decimal(_) | Value::Integer(_) => true,
        Value::Date(_) | Value::DateTime(_) | Value::Time(_) => true,
        Value::String(_) | Value::Uri(_) | Value::Coding(_) | Value::Quantity(_) => {
            item.choices.option(value).is_some()
        }
        Value::Attachment(_) | Value::Reference(_) => false,
    }
}

/// The values in the words of the form: what came along with an answer is not believed where the form has its own.
fn in_words(item: &Item, values: &[Value]) -> String {
    let one = |value: &Value| {
        item.choices.option(value).map_or_else(|| value.words(), |option| option.value.words())
    };
    values.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// A question and what was answered, in the words of the form; a question that the form does not have by its link id.
pub(super) fn question_and_answer(definition: &Definition, answer: &Answer) -> (String, String) {
    let state = match answer.state {
        State::Answered => None,
        State::Skipped => Some("passed over"),
        State::PreferNot => Some("prefers not to say"),
        State::NotShown => Some("not asked"),
    };
    let Some((_, item)) = definition.find(&answer.key.link_id) else {
        return (answer.key.link_id.clone(), state.unwrap_or_default().to_owned());
    };
    let said = state.map_or_else(|| in_words(item, &answer.values), str::to_owned);
    (item.words().to_owned(), said)
}

/// What became of a question; an answer “prefer not to say” counts as such.
fn outcome(definition: &Definition, visible: &Visible, answers: &Answers) -> Option<State> {
    let record = answers.get(&visible.key)?;
    let is_gate = definition.item(visible.item).is_some_and(|item| item.marks.role == Some(ItemRole::Gate));
    let declined = |value: &Value| match value {
        Value::Coding(coding) => coding.code.as_deref() == Some("prefer_not"),
        _ => false,
    };
    if is_gate && record.state == State::Answered && record.values.iter().any(declined) {
        return Some(State::PreferNot);
    }
    Some(record.state)
}

fn counts(definition: &Definition, questions: &[Visible], answers: &Answers) -> Counts {
    let mut counts = Counts::default();
    for visible in questions {
        match outcome(definition, visible, answers) {
            Some(State::Answered) => counts.answered += 1,
            Some(State::Skipped) => counts.skipped += 1,
            Some(State::PreferNot) => counts.prefer_not += 1,
            Some(State::NotShown) => counts.not_shown += 1,
            None => counts.no_record += 1,
        }
    }
    counts
}

fn private_sections(
    definition: &Definition,
    questions: &[Visible],
    answers: &Answers,
) -> Vec<PrivateSection> {
    let mut sections: Vec<(&Item, Vec<Option<State>>)> = Vec::new();
    for visible in questions {
        let Some(section) = definition.private_section(visible.item) else { continue };
        let state = outcome(definition, visible, answers);
        match sections.iter_mut().find(|(item, _)| item.link_id == section.link_id) {
            Some((_, states)) => states.push(state),
            None => sections.push((section, vec![state])),
        }
    }
    let section = |(item, states): (&Item, Vec<Option<State>>)| PrivateSection {
        link_id: item.link_id.clone(),
        title: item.words().to_owned(),
        completion: completion(&states),
    };
    sections.into_iter().map(section).collect()
}

fn completion(states: &[Option<State>]) -> Completion {
    let responded = |state: &Option<State>| matches!(state, Some(State::Answered | State::PreferNot));
    if states.iter().all(responded) {
        Completion::Done
    } else if states.iter().any(responded) {
        Completion::Partly
    } else if states.contains(&Some(State::Skipped)) {
        Completion::Skipped
    } else {
        Completion::NotShown
    }
}

fn signposts(top: &[super::ConcernLine]) -> Vec<Help> {
    let contact = |sign: &content::Signpost| Contact {
        title: sign.title.clone(),
        phone: sign.phone.clone(),
        url: sign.url.clone(),
        note: sign.note.clone(),
    };
    let help = top.iter().map(|concern| Help {
        code: concern.code.clone(),
        title: concern.title.clone(),
        signposts: content::signposts_for(&concern.code).into_iter().map(contact).collect(),
    });
    help.filter(|help| !help.signposts.is_empty()).collect()
}
