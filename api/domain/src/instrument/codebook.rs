//! The codebook of an instrument: what an analyst must know of every variable before he reads a number.
//!
//! One variable for each question and one for each score, worked out from the definition alone. The same version gives
//! the same codebook, in whatever language its labels are.

use std::collections::BTreeSet;

use serde::Serialize;
use strum::VariantArray as _;

use crate::choice::Choice as _;
use crate::provenance::{AnsweredBy, KeyedBy, Level};

use super::answer::State;
use super::coding::Coding;
use super::definition::Definition;
use super::explain;
use super::item::{Choices, EnableBehavior, Item, ItemType};
use super::mode::{Mode, ValidatedMode};
use super::score::{Band, ScoreDefinition};
use super::score_formula;
use super::value::Value;

/// The longest name of a variable that the usual programs take.
const MAX_NAME: usize = 60;

/// A value a variable can have.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = CodebookValue))]
pub struct ValueLabel {
    /// The code, or the value itself.
    #[cfg_attr(feature = "schema", schema(max_length = 65536, example = "yes"))]
    pub value: String,
    /// The code system.
    #[cfg_attr(feature = "schema", schema(max_length = 1024))]
    pub system: Option<String>,
    /// What it is called.
    #[cfg_attr(feature = "schema", schema(max_length = 65536, example = "Yes"))]
    pub label: Option<String>,
    /// What it counts in a score.
    pub weight: Option<f64>,
}

/// A question as a variable.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = CodebookVariable))]
pub struct Variable {
    /// A name that the usual programs take; unique in the codebook.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "uri_leakage_gate"))]
    pub name: String,
    /// The question.
    #[cfg_attr(feature = "schema", schema(max_length = 255, example = "URI.leakage.gate"))]
    pub link_id: String,
    /// What is asked.
    #[cfg_attr(feature = "schema", schema(max_length = 65536))]
    pub text: String,
    /// The type, as FHIR has it.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "schema", schema(max_length = 16, example = "choice"))]
    pub kind: String,
    /// The unit of the number.
    #[cfg_attr(feature = "schema", schema(max_length = 1024))]
    pub unit: Option<String>,
    /// The values it can have, where they are listed.
    #[cfg_attr(feature = "schema", schema(max_items = 10000))]
    pub values: Vec<ValueLabel>,
    /// Whether there may be other values than those listed.
    pub open: bool,
    /// The least value.
    #[cfg_attr(feature = "schema", schema(max_length = 1024))]
    pub min: Option<String>,
    /// The greatest value.
    #[cfg_attr(feature = "schema", schema(max_length = 1024))]
    pub max: Option<String>,
    /// The longest text, in characters.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 4_294_967_295_i64))]
    pub max_length: Option<u32>,
    /// Whether a form cannot be handed in without it, where it is asked.
    pub required: bool,
    /// Whether it may have several values.
    pub repeats: bool,
    /// The repeating groups around it, outermost first: what each number of an occurrence counts.
    #[cfg_attr(feature = "schema", schema(max_items = 32, max_length = 255))]
    pub repeats_in: Vec<String>,
    /// When it is asked, in words; none where it always is.
    #[cfg_attr(feature = "schema", schema(max_length = 1_048_576))]
    pub branching: Option<String>,
    /// The code of its section.
    #[cfg_attr(feature = "schema", schema(max_length = 255, example = "URI"))]
    pub section: Option<String>,
    /// The code of the concern it is about.
    #[cfg_attr(feature = "schema", schema(max_length = 255, example = "URI.leakage"))]
    pub concern: Option<String>,
    /// Whether it stands in a section that is hidden from the helper.
    pub private: bool,
    /// Whether it is held back while partner, family or carer is present.
    pub safety_item: bool,
    /// Whether the answer may be in the participant's own words, in which people name themselves and others.
    pub free_text: bool,
    /// The states it can have instead of a value.
    #[cfg_attr(feature = "schema", schema(max_items = 3))]
    pub missing: Vec<State>,
    /// The scores that count it, by code.
    #[cfg_attr(feature = "schema", schema(max_items = 500, max_length = 64))]
    pub counted_in: Vec<String>,
}

/// A score as a variable.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = CodebookScore))]
pub struct ScoreVariable {
    /// A name that the usual programs take; unique in the codebook.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "score_phq9"))]
    pub name: String,
    /// The score.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "phq9"))]
    pub code: String,
    /// What it is called.
    #[cfg_attr(feature = "schema", schema(max_length = 1000))]
    pub title: String,
    /// The rule in words, with what happens when an answer is missing.
    #[cfg_attr(feature = "schema", schema(max_length = 65536))]
    pub formula: String,
    /// The least value.
    pub min: Option<f64>,
    /// The greatest value.
    pub max: Option<f64>,
    /// What it means.
    #[cfg_attr(feature = "schema", schema(max_items = 500))]
    pub bands: Vec<Band>,
    /// `higher` or `lower`, where it is declared which is better.
    #[cfg_attr(feature = "schema", schema(max_length = 16))]
    pub better: Option<String>,
    /// From how much a difference is more than the error of the measure.
    pub reliable_change: Option<f64>,
    /// From how much a difference is as much as patients notice.
    pub important_change: Option<f64>,
    /// Where the rule is published.
    #[cfg_attr(feature = "schema", schema(max_length = 1024))]
    pub source: Option<String>,
}

/// What is said of every answer beside its value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = CodebookColumn))]
pub struct Column {
    /// The name of the member.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "level"))]
    pub name: String,
    /// What it says.
    #[cfg_attr(feature = "schema", schema(max_length = 1024))]
    pub text: String,
    /// The codes it can have.
    #[cfg_attr(feature = "schema", schema(max_items = 16, max_length = 32))]
    pub values: Vec<String>,
}

/// The codebook of a version.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Codebook {
    /// The canonical address of the instrument.
    #[cfg_attr(feature = "schema", schema(max_length = 1024))]
    pub url: Option<String>,
    /// The version.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "1.0.0"))]
    pub version: Option<String>,
    /// The title.
    #[cfg_attr(feature = "schema", schema(max_length = 1000))]
    pub title: Option<String>,
    /// The language of the labels.
    #[cfg_attr(feature = "schema", schema(max_length = 64))]
    pub language: Option<String>,
    /// In which modes the version is validated, and where that is published.
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    pub validated_modes: Vec<ValidatedMode>,
    /// The questions, in document order.
    #[cfg_attr(feature = "schema", schema(max_items = 2000))]
    pub variables: Vec<Variable>,
    /// The scores.
    #[cfg_attr(feature = "schema", schema(max_items = 500))]
    pub scores: Vec<ScoreVariable>,
    /// What stands beside every answer.
    #[cfg_attr(feature = "schema", schema(max_items = 16))]
    pub columns: Vec<Column>,
}

/// The codebook of a definition.
#[must_use]
pub fn codebook(definition: &Definition) -> Codebook {
    let mut names = BTreeSet::new();
    let questions = definition.items().filter(|(_, item)| item.kind.is_question());
    let variables = questions.map(|(index, item)| variable(definition, index, item, &mut names)).collect();
    let scores =
        definition.scores().iter().map(|score| score_variable(definition, score, &mut names)).collect();
    Codebook {
        url: definition.url().map(str::to_owned),
        version: definition.version().map(str::to_owned),
        title: definition.title().map(str::to_owned),
        language: definition.language().map(str::to_owned),
        validated_modes: definition.validated_modes().to_vec(),
        variables,
        scores,
        columns: columns(),
    }
}

fn variable(definition: &Definition, index: usize, item: &Item, names: &mut BTreeSet<String>) -> Variable {
    let branching = branching(definition, index);
    let (is_private, is_safety) = (definition.is_private(index), definition.is_safety(index));
    let may_be_hidden = branching.is_some() || is_private || is_safety || item.presentation.hidden;
    let missing = State::VARIANTS.iter().copied().filter(|state| match state {
        State::Answered => false,
        State::Skipped | State::PreferNot => true,
        State::NotShown => may_be_hidden,
    });
    let concern = definition.and_ancestors(index).find_map(|(_, item)| item.marks.concern.as_ref());
    let counted_in = definition.scores().iter().filter(|score| score.counts(index));
    let axes = item.axes.iter().filter_map(|axis| definition.item(*axis));
    let bound = |value: &Option<Value>| value.as_ref().map(Value::words);
    let is_worded = matches!(item.kind, ItemType::String | ItemType::Text | ItemType::Url);
    let is_listed = matches!(item.choices, Choices::Listed(_));
    Variable {
        name: unique(&item.link_id, "q", names),
        link_id: item.link_id.clone(),
        text: item.words().to_owned(),
        kind: item.kind.code().to_owned(),
        unit: item.presentation.unit.as_ref().map(|unit| Value::Coding(unit.clone()).words()).or_else(|| {
            let units: Vec<String> =
                item.limits.units.iter().map(|unit| Value::Coding(unit.clone()).words()).collect();
            (!units.is_empty()).then(|| units.join(" or "))
        }),
        values: values(item),
        open: item.kind == ItemType::OpenChoice || matches!(item.choices, Choices::Unknown),
        min: bound(&item.limits.min_value),
        max: bound(&item.limits.max_value),
        max_length: item.limits.max_length,
        required: item.required,
        repeats: item.repeats,
        repeats_in: axes.map(|axis| axis.link_id.clone()).collect(),
        branching,
        section: definition.section(index).map(str::to_owned),
        concern: concern.map(|(code, _)| code.clone()),
        private: is_private,
        safety_item: is_safety,
        free_text: (is_worded && !is_listed)
            || matches!(item.kind, ItemType::OpenChoice | ItemType::Attachment | ItemType::Reference),
        missing: missing.collect(),
        counted_in: counted_in.map(|score| score.code.clone()).collect(),
    }
}

fn values(item: &Item) -> Vec<ValueLabel> {
    let plain = |value: &str, label: &str| ValueLabel {
        value: value.to_owned(),
        system: None,
        label: Some(label.to_owned()),
        weight: None,
    };
    if item.kind == ItemType::Boolean {
        return vec![plain("true", "Yes"), plain("false", "No")];
    }
    let options = item.choices.options().iter().map(|option| {
        let (value, system, label) = match &option.value {
            Value::Coding(Coding { code: Some(code), system, display, .. }) => {
                (code.clone(), system.clone(), display.clone())
            }
            other => (other.words(), None, None),
        };
        ValueLabel { value, system, label, weight: option.ordinal }
    });
    options.collect()
}

/// When a question is asked, from the conditions on it and on what is around it.
fn branching(definition: &Definition, index: usize) -> Option<String> {
    let mut reasons = Vec::new();
    for (_, item) in definition.and_ancestors(index) {
        let conditions: Vec<String> = item
            .enable_when
            .iter()
            .map(|condition| {
                let question = definition.item(condition.question);
                let (link_id, words) = question.map_or(("", ""), |one| (one.link_id.as_str(), one.words()));
                let wanted = explain::wanted(definition, condition);
                format!("the answer to {link_id} “{words}” is {wanted}")
            })
            .collect();
        let between = match item.enable_behavior {
            EnableBehavior::All => " and ",
            EnableBehavior::Any => " or ",
        };
        if !conditions.is_empty() {
            reasons.push(conditions.join(between));
        }
        let parent = item.parent.and_then(|parent| definition.item(parent));
        if let Some(parent) = parent.filter(|parent| parent.kind.is_question()) {
            reasons.push(format!("{} “{}” is answered", parent.link_id, parent.words()));
        }
    }
    let first = reasons.split_first()?;
    let more: String = first.1.iter().map(|reason| format!("; and {reason}")).collect();
    Some(format!("Asked when {}{more}.", first.0))
}

fn score_variable(
    definition: &Definition,
    score: &ScoreDefinition,
    names: &mut BTreeSet<String>,
) -> ScoreVariable {
    let change = score.change.as_ref();
    ScoreVariable {
        name: unique(&format!("score_{}", score.code), "score", names),
        code: score.code.clone(),
        title: score.title.clone(),
        formula: score_formula::words(definition, score),
        min: score.min,
        max: score.max,
        bands: score.bands.clone(),
        better: change.map(|change| change.better.code().to_owned()),
        reliable_change: change.and_then(|change| change.reliable),
        important_change: change.and_then(|change| change.important),
        source: score.source.clone(),
    }
}

/// A name of small letters, digits and underscores that begins with a letter and was not given before.
fn unique(wanted: &str, otherwise: &str, names: &mut BTreeSet<String>) -> String {
    let mut name = String::new();
    for letter in wanted.chars() {
        if letter.is_ascii_alphanumeric() {
            name.push(letter.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        name = format!("{otherwise}{name}");
    }
    name.truncate(MAX_NAME);
    let base = name.trim_end_matches('_').to_owned();
    let mut name = base.clone();
    let mut number = 2_u32;
    while !names.insert(name.clone()) {
        let end = format!("_{number}");
        let room = base.get(..MAX_NAME.saturating_sub(end.len())).unwrap_or(&base);
        name = format!("{room}{end}");
        number += 1;
    }
    name
}

fn columns() -> Vec<Column> {
    let column = |name: &str, text: &str, values: Vec<&'static str>| Column {
        name: name.to_owned(),
        text: text.to_owned(),
        values: values.into_iter().map(str::to_owned).collect(),
    };
    vec![
        column(
            "state",
            "What became of the question.",
            State::VARIANTS.iter().map(|one| one.code()).collect(),
        ),
        column(
            "answered_by",
            "Whose judgement the answer is.",
            AnsweredBy::VARIANTS.iter().map(|one| one.code()).collect(),
        ),
        column("keyed_by", "Who pressed the keys.", KeyedBy::VARIANTS.iter().map(|one| one.code()).collect()),
        column(
            "level",
            "How much help there was: unknown is not A0. A3 and A4 are interviewer-administered.",
            Level::VARIANTS.iter().map(|one| one.code()).collect(),
        ),
        column(
            "mode",
            "How the answer was taken, which follows from answered_by and level.",
            Mode::VARIANTS.iter().map(|one| one.code()).collect(),
        ),
        column(
            "language",
            "The language of the words that were shown, as in BCP 47; empty where nobody recorded it.",
            Vec::new(),
        ),
        column(
            "occurrence",
            "Which repetition of the groups in repeats_in, each counted from 0.",
            Vec::new(),
        ),
        column(
            "seq",
            "The number of the entry in its form: the newest for a question is its answer.",
            Vec::new(),
        ),
        column("at", "When the server kept it, UTC.", Vec::new()),
        column("amended_from", "The entry it corrects, where it was corrected after submission.", Vec::new()),
        column("reason", "Why it was corrected.", Vec::new()),
    ]
}
