//! Scores: sums and means over the weights of answers, and what they mean.
//!
//! How a score is worked out is declared with the instrument, never written in code. A missing answer is never
//! counted as 0: a total exists only when nothing is missing, or when the published rule allows for what is; an
//! estimate beyond that stands in a field of its own.

use serde::Serialize;

use super::alert::ordinal;
use super::answer::{AnswerKey, Answers};
use super::definition::Definition;
use super::item::{Choices, Item};
use super::score_change::ChangeRule;
use super::score_formula;

/// How the terms are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Method {
    /// Added up.
    Sum,
    /// Added up and divided by the weights of those there are.
    Mean,
}

/// What happens when an answer is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingRule {
    /// No score.
    AllRequired,
    /// No score, but an estimate in its own field while at most this many are missing.
    Prorate(u32),
    /// The score is the mean of the answers there are, while at most this many are missing.
    Tolerate(u32),
}

/// What a term counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// The weight of the answer to an item, as an index into the definition's items.
    Item(usize),
    /// A score that is declared before, as an index into the definition's scores.
    Score(usize),
}

/// One of the values that a raw value stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recode {
    /// The raw value.
    pub from: f64,
    /// What it counts.
    pub to: f64,
}

/// One of the things put together: recoded first, then turned round, then weighted.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// What is counted.
    pub operand: Operand,
    /// How much it counts for; 1 for nearly all.
    pub weight: f64,
    /// What each raw value counts instead; itself, when empty.
    pub recode: Vec<Recode>,
    /// Counted from the other end: the value is taken away from this, the least and the greatest added up.
    pub turned: Option<f64>,
}

/// A linear transformation: `from` becomes `low`, `to` becomes `high`, and all else in proportion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rescale {
    /// A result before.
    pub from: f64,
    /// Another result before.
    pub to: f64,
    /// What `from` becomes.
    pub low: f64,
    /// What `to` becomes.
    pub high: f64,
}

impl Rescale {
    fn of(&self, value: f64) -> f64 {
        (value - self.from) * (self.high - self.low) / (self.to - self.from) + self.low
    }
}

/// A range of a score and what it is called.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Band {
    /// The least score in it.
    pub from: f64,
    /// The greatest score in it.
    pub to: f64,
    /// A stable code.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "mild"))]
    pub code: String,
    /// What it is called.
    #[cfg_attr(feature = "schema", schema(max_length = 512, example = "Mild"))]
    pub title: String,
}

/// A `score` extension, or a `calculatedExpression` read as one.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreDefinition {
    /// A stable code.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// What is put together.
    pub terms: Vec<Term>,
    /// How it is put together.
    pub method: Method,
    /// What happens when something is missing.
    pub missing: MissingRule,
    /// What is done with the result.
    pub rescale: Option<Rescale>,
    /// What the score means.
    pub bands: Vec<Band>,
    /// What a difference between two time points means.
    pub change: Option<ChangeRule>,
    /// Where the rule is published.
    pub source: Option<String>,
    /// The least possible score.
    pub min: Option<f64>,
    /// The greatest possible score.
    pub max: Option<f64>,
}

impl ScoreDefinition {
    /// Whether an item, by its index, is counted directly.
    pub(super) fn counts(&self, index: usize) -> bool {
        self.terms.iter().any(|term| term.operand == Operand::Item(index))
    }
}

/// What one term contributed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ScoreInput {
    /// The item counted; none when a score is counted.
    #[cfg_attr(feature = "schema", schema(max_length = 255, example = "1"))]
    pub link_id: Option<String>,
    /// The score counted; none when an item is counted.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "intrusion"))]
    pub score: Option<String>,
    /// What was answered, as a number; none when missing.
    pub raw: Option<f64>,
    /// What it counts, recoded and turned round; none when missing.
    pub value: Option<f64>,
    /// How much that counts for.
    pub weight: f64,
}

impl ScoreInput {
    /// The link id of the item, or the code of the score.
    pub fn name(&self) -> &str {
        self.link_id.as_deref().or(self.score.as_deref()).unwrap_or_default()
    }
}

/// A score of one assessment, with everything needed to check it by hand.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Score {
    /// The code of the score.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "phq9"))]
    pub code: String,
    /// What it is called.
    #[cfg_attr(feature = "schema", schema(max_length = 512, example = "PHQ-9 total"))]
    pub title: String,
    /// The score; none when more is missing than its rule allows for.
    pub value: Option<f64>,
    /// An estimate in place of the score, where something, but not too much, is missing.
    pub prorated: Option<f64>,
    /// What the score means. An estimate has no band.
    pub band: Option<Band>,
    /// How many inputs there are.
    pub answered: u32,
    /// How many inputs count.
    pub of: u32,
    /// The items without an answer, by link id, and the scores without a value, by code.
    #[cfg_attr(feature = "schema", schema(max_items = 2000, max_length = 255))]
    pub missing: Vec<String>,
    /// Why there is no score.
    #[cfg_attr(feature = "schema", schema(max_length = 1024))]
    pub reason_missing: Option<String>,
    /// The rule, in words.
    #[cfg_attr(feature = "schema", schema(max_length = 65536))]
    pub formula: String,
    /// What went into it.
    #[cfg_attr(feature = "schema", schema(max_items = 2000))]
    pub inputs: Vec<ScoreInput>,
    /// Where the rule is published.
    #[cfg_attr(feature = "schema", schema(max_length = 1024))]
    pub source: Option<String>,
    /// The least possible score.
    pub min: Option<f64>,
    /// The greatest possible score.
    pub max: Option<f64>,
}

/// Every score of the instrument, from the answers that count now.
pub fn scores(definition: &Definition, answers: &Answers) -> Vec<Score> {
    if definition.scores().is_empty() {
        return Vec::new();
    }
    let answers = answers.in_effect(definition);
    let mut done = Vec::with_capacity(definition.scores().len());
    for score in definition.scores() {
        let score = compute(definition, score, &answers, &done);
        done.push(score);
    }
    done
}

fn compute(definition: &Definition, score: &ScoreDefinition, answers: &Answers, done: &[Score]) -> Score {
    let inputs: Vec<ScoreInput> =
        score.terms.iter().filter_map(|term| input(definition, term, answers, done)).collect();
    let missing: Vec<String> =
        inputs.iter().filter(|input| input.value.is_none()).map(|input| input.name().to_owned()).collect();
    let (of, absent) = (count(inputs.len()), count(missing.len()));
    let present = || inputs.iter().filter_map(|input| Some((input.value?, input.weight)));
    let sum: f64 = present().map(|(value, weight)| value * weight).sum();
    let weight_there: f64 = present().map(|(_, weight)| weight).sum();
    let weight_of_all: f64 = inputs.iter().map(|input| input.weight).sum();
    let from_those_there = match score.method {
        Method::Sum => sum * weight_of_all / weight_there,
        Method::Mean => sum / weight_there,
    };
    let from_all = if score.method == Method::Sum { sum } else { from_those_there };
    let rescaled = |value: f64| score.rescale.map_or(value, |rescale| rescale.of(value));
    let (value, prorated) = match score.missing {
        _ if absent == of => (None, None),
        _ if absent == 0 => (Some(rescaled(from_all)), None),
        MissingRule::Tolerate(most) if absent <= most => (Some(rescaled(from_those_there)), None),
        MissingRule::Prorate(most) if absent <= most => (None, Some(rescaled(from_those_there))),
        _ => (None, None),
    };
    Score {
        code: score.code.clone(),
        title: score.title.clone(),
        value,
        prorated,
        band: value.and_then(|value| score.bands.iter().find(|band| band.holds(value)).cloned()),
        answered: of - absent,
        of,
        reason_missing: value.is_none().then(|| format!("{absent} of {of} answers are missing.")),
        missing,
        formula: score_formula::words(definition, score),
        inputs,
        source: score.source.clone(),
        min: score.min,
        max: score.max,
    }
}

impl Band {
    fn holds(&self, value: f64) -> bool {
        (self.from..=self.to).contains(&value)
    }
}

impl Term {
    /// An item that counts as it is.
    pub(super) fn of_item(index: usize) -> Self {
        Self { operand: Operand::Item(index), weight: 1.0, recode: Vec::new(), turned: None }
    }

    /// What a raw value counts; none where the recoding does not know it.
    pub(super) fn value(&self, raw: f64) -> Option<f64> {
        let recoded = if self.recode.is_empty() {
            raw
        } else {
            self.recode.iter().find(|recode| recode.from.total_cmp(&raw).is_eq())?.to
        };
        Some(self.turned.map_or(recoded, |ends| ends - recoded))
    }
}

fn input(definition: &Definition, term: &Term, answers: &Answers, done: &[Score]) -> Option<ScoreInput> {
    let (link_id, score, raw) = match term.operand {
        Operand::Item(index) => {
            let item = definition.item(index)?;
            let value = answers.values(&AnswerKey::of(&item.link_id)).first();
            (Some(item.link_id.clone()), None, value.and_then(|value| ordinal(item, value)))
        }
        Operand::Score(index) => {
            let score = done.get(index)?;
            (None, Some(score.code.clone()), score.value)
        }
    };
    Some(ScoreInput { link_id, score, raw, value: raw.and_then(|raw| term.value(raw)), weight: term.weight })
}

/// The raw values an item can give, where they can be told: each option's weight, or the ends of its range.
pub(super) fn raw_values(item: &Item) -> Option<Vec<f64>> {
    match &item.choices {
        Choices::Listed(options) => {
            options.iter().map(|option| option.ordinal.or_else(|| option.value.number())).collect()
        }
        Choices::Free => {
            let bound = |value: &Option<super::value::Value>| value.as_ref()?.number();
            Some(vec![bound(&item.limits.min_value)?, bound(&item.limits.max_value)?])
        }
        Choices::Unknown => None,
    }
}

/// Between which values a score must lie when the rest is answered, whatever is answered then. Only a sum over items
/// tells before it is whole: a mean may go either way.
pub(super) fn bounds(definition: &Definition, rule: &ScoreDefinition, score: &Score) -> Option<(f64, f64)> {
    if let Some(value) = score.value {
        return Some((value, value));
    }
    if rule.method != Method::Sum {
        return None;
    }
    let (mut low, mut high) = (0.0, 0.0);
    for (term, input) in rule.terms.iter().zip(&score.inputs) {
        let possible: Vec<f64> = match (input.value, term.operand) {
            (Some(value), _) => vec![value],
            (None, Operand::Item(index)) => {
                let raw = raw_values(definition.item(index)?)?;
                raw.into_iter().filter_map(|raw| term.value(raw)).collect()
            }
            (None, Operand::Score(_)) => return None,
        };
        let weighted = || possible.iter().map(|value| value * term.weight);
        low += weighted().reduce(f64::min)?;
        high += weighted().reduce(f64::max)?;
    }
    let rescaled = |value: f64| rule.rescale.map_or(value, |rescale| rescale.of(value));
    let (one, other) = (rescaled(low), rescaled(high));
    Some((one.min(other), one.max(other)))
}

/// Counts here are bounded by the number of items.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
