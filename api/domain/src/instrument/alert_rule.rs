//! Alert rules: what answers, scores and changes somebody should know of, declared with the version.
//!
//! A rule is looked at on every save, of unfinished forms too, as soon as one of the questions it looks at was saved.
//! What it finds is a fact of that moment: no later answer undoes it. A rule about a score does not wait for the form
//! to be whole: it holds as soon as no answer still missing could change the outcome.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::policy::Role;

use super::alert::{Trigger, ordinal};
use super::answer::{Answer, Answers, State};
use super::definition::Definition;
use super::item::EnableBehavior;
use super::score::{Operand, Score, bounds, scores};
use super::score_change::{EarlierScore, ScoreChange, changes};
use super::value::Value;

/// How soon somebody should know.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Tier {
    /// Emergency: within minutes, day and night.
    T0,
    /// Red: the same day.
    T1,
    /// Amber: within two working days.
    T2,
    /// Green: on a work list.
    T3,
}

/// An `alert-rule` extension.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclaredRule {
    /// A stable code.
    pub code: String,
    /// How soon somebody should know.
    pub tier: Tier,
    /// Who should know.
    pub recipients: Vec<Role>,
    /// What it means, for them.
    pub explanation: String,
    /// Whether all conditions must hold, or any.
    pub matching: EnableBehavior,
    /// What must hold.
    pub conditions: Vec<RuleCondition>,
    /// The questions it looks at, as indexes into the definition's items.
    pub(super) touched_by: BTreeSet<usize>,
}

impl DeclaredRule {
    /// Whether this concerns safety at home or the like, which nobody but the safeguarding leads may learn of.
    pub fn is_restricted(&self) -> bool {
        self.recipients == [Role::SafeguardingLead]
    }

    /// Whether a save of these items is a reason to look at the rule.
    fn is_touched(&self, saved: &[usize]) -> bool {
        saved.iter().any(|index| self.touched_by.contains(index))
    }

    fn looks_back(&self) -> bool {
        self.conditions.iter().any(|condition| matches!(condition, RuleCondition::Change { .. }))
    }
}

/// What must hold for a rule to find something.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleCondition {
    /// The answer to an item is one of these, and counts between these bounds.
    Answer {
        /// The item, as an index into the definition's items.
        item: usize,
        /// The answers; any, when empty.
        of: Vec<Trigger>,
        /// The bounds.
        range: Range,
    },
    /// A score lies between these bounds.
    Score {
        /// The score, as an index into the definition's scores.
        score: usize,
        /// The bounds.
        range: Range,
    },
    /// A score got worse since the assessment before.
    Change {
        /// The score, as an index into the definition's scores.
        score: usize,
        /// By how much.
        by: Worse,
    },
}

/// The bounds of a condition, both within it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Range {
    /// At least this.
    pub least: Option<f64>,
    /// At most this.
    pub most: Option<f64>,
}

impl Range {
    fn is_empty(self) -> bool {
        self.least.is_none() && self.most.is_none()
    }

    /// Whether everything between two values lies within.
    fn holds_all(self, low: f64, high: f64) -> bool {
        self.least.is_none_or(|least| low >= least) && self.most.is_none_or(|most| high <= most)
    }
}

/// How much worse a score must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Worse {
    /// By at least this much.
    By(f64),
    /// By more than the error of the measure.
    Reliable,
    /// By as much as patients notice.
    Important,
}

/// What a rule saw: one condition that held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Evidence {
    /// The item whose answer was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(max_length = 255, example = "9", nullable = false))]
    pub link_id: Option<String>,
    /// The score that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "phq9", nullable = false))]
    pub score: Option<String>,
    /// What the answer counts, or the score; for a score of an unfinished form the nearest it can still come to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub number: Option<f64>,
    /// By how much the score is worse than before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub worse_by: Option<f64>,
}

/// A rule that found something.
#[derive(Debug, Clone, PartialEq)]
pub struct Fired<'d> {
    /// The rule.
    pub rule: &'d DeclaredRule,
    /// What it saw.
    pub evidence: Vec<Evidence>,
}

/// The rules that a save sets off. `saved` are the answers just kept and `after` all as they stand with them; `before`
/// gives the scores of the participant's assessment before, and is asked only when a rule needs them.
///
/// # Errors
/// What `before` says.
pub fn fired<'d, E>(
    definition: &'d Definition,
    saved: &[&Answer],
    after: &Answers,
    before: impl FnOnce() -> Result<Vec<EarlierScore>, E>,
) -> Result<Vec<Fired<'d>>, E> {
    fired_of(definition, definition.rules(), saved, after, before)
}

/// As [`fired`], for these rules instead of the declared ones.
///
/// # Errors
/// What `before` says.
pub fn fired_of<'r, E>(
    definition: &Definition,
    rules: &'r [DeclaredRule],
    saved: &[&Answer],
    after: &Answers,
    before: impl FnOnce() -> Result<Vec<EarlierScore>, E>,
) -> Result<Vec<Fired<'r>>, E> {
    if rules.is_empty() {
        return Ok(Vec::new());
    }
    let indexes: Vec<usize> =
        saved.iter().filter_map(|answer| Some(definition.find(&answer.key.link_id)?.0)).collect();
    let touched: Vec<&DeclaredRule> = rules.iter().filter(|rule| rule.is_touched(&indexes)).collect();
    if touched.is_empty() {
        return Ok(Vec::new());
    }
    let before = if touched.iter().any(|rule| rule.looks_back()) { before()? } else { Vec::new() };
    let moment = Moment {
        definition,
        saved,
        after,
        before,
        effective: OnceCell::new(),
        scores: OnceCell::new(),
        changes: OnceCell::new(),
    };
    Ok(touched.into_iter().filter_map(|rule| moment.look(rule)).collect())
}

/// The moment of a save. What most rules do not need is worked out when the first does.
struct Moment<'a> {
    definition: &'a Definition,
    saved: &'a [&'a Answer],
    after: &'a Answers,
    before: Vec<EarlierScore>,
    effective: OnceCell<Answers>,
    scores: OnceCell<Vec<Score>>,
    changes: OnceCell<Vec<ScoreChange>>,
}

impl Moment<'_> {
    fn look<'r>(&self, rule: &'r DeclaredRule) -> Option<Fired<'r>> {
        let mut evidence = Vec::new();
        for condition in &rule.conditions {
            match (self.holds(condition), rule.matching) {
                (Some(seen), _) => evidence.push(seen),
                (None, EnableBehavior::All) => return None,
                (None, EnableBehavior::Any) => {}
            }
        }
        (!evidence.is_empty()).then_some(Fired { rule, evidence })
    }

    fn holds(&self, condition: &RuleCondition) -> Option<Evidence> {
        match condition {
            RuleCondition::Answer { item, of, range } => self.answer(*item, of, *range),
            RuleCondition::Score { score, range } => self.score(*score, *range),
            RuleCondition::Change { score, by } => self.change(*score, *by),
        }
    }

    /// An answer just given counts as it is, whatever the rest of the form; one of before only while it counts.
    fn answer(&self, index: usize, of: &[Trigger], range: Range) -> Option<Evidence> {
        let item = self.definition.item(index)?;
        let is_met = |value: &&Value| {
            let number = ordinal(item, value);
            (of.is_empty() || of.iter().any(|trigger| trigger.is_met(item, value)))
                && (range.is_empty() || number.is_some_and(|number| range.holds_all(number, number)))
        };
        let met = |answer: &Answer| {
            let counts = answer.state == State::Answered;
            let value = answer.values.iter().filter(|_| counts).find(is_met)?;
            Some(Evidence {
                link_id: Some(item.link_id.clone()),
                score: None,
                number: ordinal(item, value),
                worse_by: None,
            })
        };
        let just_now: Vec<&&Answer> =
            self.saved.iter().filter(|answer| answer.key.link_id == item.link_id).collect();
        if let Some(seen) = just_now.iter().find_map(|answer| met(answer)) {
            return Some(seen);
        }
        if !just_now.is_empty() && item.axes.is_empty() {
            return None;
        }
        // Whether it counts takes the whole form to tell, which is not worth it for an answer that meets nothing.
        self.after.of_item(&item.link_id).find_map(met)?;
        let effective = self.effective.get_or_init(|| self.after.in_effect(self.definition));
        effective.of_item(&item.link_id).find_map(met)
    }

    fn scores(&self) -> &[Score] {
        self.scores.get_or_init(|| scores(self.definition, self.after))
    }

    fn score(&self, index: usize, range: Range) -> Option<Evidence> {
        let (rule, score) = (self.definition.scores().get(index)?, self.scores().get(index)?);
        let (low, high) = bounds(self.definition, rule, score)?;
        let nearest = if range.least.is_some() { low } else { high };
        range.holds_all(low, high).then(|| Evidence {
            link_id: None,
            score: Some(rule.code.clone()),
            number: Some(nearest),
            worse_by: None,
        })
    }

    fn change(&self, index: usize, by: Worse) -> Option<Evidence> {
        let all = self.changes.get_or_init(|| changes(self.definition.scores(), self.scores(), &self.before));
        let change = all.get(index)?;
        let worse_by = change.worse_by()?;
        let is_met = match by {
            Worse::By(least) => worse_by >= least,
            Worse::Reliable => change.reliable == Some(true),
            Worse::Important => change.important == Some(true),
        };
        is_met.then(|| Evidence {
            link_id: None,
            score: Some(change.code.clone()),
            number: change.now,
            worse_by: Some(worse_by),
        })
    }
}

/// The items that a score is worked out from, its parts included.
pub(super) fn items_of_score(definition: &Definition, score: usize) -> BTreeSet<usize> {
    let mut items = BTreeSet::new();
    let mut pending = vec![score];
    // A part stands before the score that counts it, so this comes to an end.
    while let Some(score) = pending.pop() {
        for term in definition.scores().get(score).map(|score| score.terms.as_slice()).unwrap_or_default() {
            match term.operand {
                Operand::Item(index) => {
                    items.insert(index);
                }
                Operand::Score(index) => pending.push(index),
            }
        }
    }
    items
}
