//! Reading the `alert-rule` extension.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::policy::Role;

use super::alert::Trigger;
use super::alert_rule::{DeclaredRule, Range, RuleCondition, Tier, Worse, items_of_score};
use super::definition::Definition;
use super::extension::{Extension, OWN};
use super::finding::{Finding, Place};
use super::item::EnableBehavior;
use super::marks;
use super::score_parse::MAX_CODE;

/// Who can be told: those who may read what a rule found.
const RECIPIENTS: [Role; 3] = [Role::SafeguardingLead, Role::Clinician, Role::Researcher];

impl DeclaredRule {
    /// Reads a rule that is not part of the instrument yet, to try it out: the `alert-rule` extension by itself.
    /// `pointer` says where it stands in the document that was sent.
    ///
    /// # Errors
    /// Every reason why it cannot be a rule of this instrument.
    pub fn parse(json: &Json, definition: &Definition, pointer: &str) -> Result<Self, Vec<Finding>> {
        let mut out = Vec::new();
        let place = Place::below(pointer, "alert-rule");
        let rule = Extension::single(json, place.clone(), &mut out).and_then(|extension| {
            if extension.own() == Some("alert-rule") {
                return read(&extension, definition, &[], &mut out);
            }
            out.push(
                place.member("url").error("rule_malformed", format!("The url must be {OWN}alert-rule.")),
            );
            None
        });
        match rule {
            // Here a warning is an error: the rule is tried out to see whether it is right.
            Some(rule) if out.is_empty() => Ok(rule),
            _ => Err(out),
        }
    }
}

/// What stands in the extension before it is known to be whole.
#[derive(Default)]
struct Draft {
    code: Option<String>,
    tier: Option<Tier>,
    recipients: Vec<Role>,
    explanation: Option<String>,
    matching: EnableBehavior,
    conditions: Vec<RuleCondition>,
}

/// Reads one rule. The items and scores of the definition must be complete; `so_far` are its rules before this one.
pub(super) fn read(
    extension: &Extension<'_>,
    definition: &Definition,
    so_far: &[DeclaredRule],
    out: &mut Vec<Finding>,
) -> Option<DeclaredRule> {
    let mut draft = Draft::default();
    for part in extension.parts(out) {
        match part.url {
            "code" => draft.code = part.text(out).map(str::to_owned),
            "tier" => draft.tier = part.code(out),
            "recipient" => draft.recipients.extend(recipient(&part, out)),
            "explanation" => draft.explanation = part.text(out).map(str::to_owned),
            "match" => draft.matching = part.code(out).unwrap_or_default(),
            "when" => draft.conditions.extend(condition(&part, definition, out)),
            _ => out.push(marks::unknown(&part)),
        }
    }
    draft.recipients.sort_unstable();
    draft.recipients.dedup();
    let mut refuse = |message: &str| out.push(malformed(extension, message));
    if draft.code.as_ref().is_none_or(|code| code.chars().count() > MAX_CODE) {
        refuse("A rule needs a code of at most 64 characters.");
    }
    if so_far.iter().any(|rule| Some(&rule.code) == draft.code.as_ref()) {
        refuse("There is already a rule with this code.");
    }
    if draft.tier.is_none() {
        refuse("A rule needs a tier: T0, T1, T2 or T3.");
    }
    if draft.explanation.as_ref().is_none_or(|text| text.chars().count() > 500) {
        refuse("A rule needs an explanation of at most 500 characters.");
    }
    if draft.recipients.is_empty() {
        refuse("A rule needs a recipient: safeguarding_lead, clinician or researcher.");
    }
    if draft.conditions.is_empty() {
        refuse("A rule must say when it holds.");
    }
    let Draft { code, tier, recipients, explanation, matching, conditions } = draft;
    let touched_by = touched_by(definition, &conditions);
    if recipients.is_empty() || conditions.is_empty() {
        return None;
    }
    Some(DeclaredRule {
        code: code?,
        tier: tier?,
        recipients,
        explanation: explanation?,
        matching,
        conditions,
        touched_by,
    })
}

fn malformed(extension: &Extension<'_>, message: &str) -> Finding {
    extension.place().error("rule_malformed", message)
}

fn recipient(part: &Extension<'_>, out: &mut Vec<Finding>) -> Option<Role> {
    let role = part.code(out)?;
    let known = RECIPIENTS.contains(&role);
    if !known {
        let message = "What a rule found is for a safeguarding_lead, a clinician or a researcher.";
        out.push(malformed(part, message));
    }
    known.then_some(role)
}

/// What stands in a condition before it is known which kind it is.
#[derive(Default)]
struct Parts<'a> {
    item: Option<&'a str>,
    score: Option<&'a str>,
    change: Option<&'a str>,
    of: Vec<Trigger>,
    range: Range,
    worse: Option<Worse>,
}

fn condition(
    extension: &Extension<'_>,
    definition: &Definition,
    out: &mut Vec<Finding>,
) -> Option<RuleCondition> {
    let mut parts = Parts::default();
    for part in extension.parts(out) {
        match part.url {
            "item" => parts.item = part.text(out),
            "score" => parts.score = part.text(out),
            "change" => parts.change = part.text(out),
            "answer" => parts.of.extend(marks::trigger(&part, out)),
            "atLeast" => parts.range.least = part.number(out),
            "atMost" => parts.range.most = part.number(out),
            "worseBy" => parts.worse = part.number(out).map(Worse::By),
            "worse" => match part.text(out) {
                Some("reliable") => parts.worse = Some(Worse::Reliable),
                Some("important") => parts.worse = Some(Worse::Important),
                _ => out.push(malformed(&part, "“worse” is reliable or important.")),
            },
            _ => out.push(marks::unknown(&part)),
        }
    }
    resolve(parts, definition).map_err(|message| out.push(malformed(extension, &message))).ok()
}

fn resolve(parts: Parts<'_>, definition: &Definition) -> Result<RuleCondition, String> {
    let Parts { item, score, change, of, range, worse } = parts;
    let has_range = range != Range::default();
    let of_score = |code: &str| {
        let index = definition.scores().iter().position(|score| score.code == code);
        index.ok_or_else(|| format!("No score has the code “{code}”."))
    };
    match (item, score, change) {
        (Some(link_id), None, None) if worse.is_none() && (has_range || !of.is_empty()) => {
            let found = definition.find(link_id);
            let (index, item) = found.ok_or_else(|| format!("No item has the linkId “{link_id}”."))?;
            if !item.kind.is_question() {
                return Err(format!("“{link_id}” is a group or display, so it has no answer to look at."));
            }
            Ok(RuleCondition::Answer { item: index, of, range })
        }
        (None, Some(code), None) if worse.is_none() && of.is_empty() && has_range => {
            Ok(RuleCondition::Score { score: of_score(code)?, range })
        }
        (None, None, Some(code)) if of.is_empty() && !has_range => {
            let by = worse.ok_or("A change must say how much worse: worseBy, or worse.")?;
            let index = of_score(code)?;
            let declared = definition.scores().get(index).and_then(|score| score.change.as_ref());
            let known = declared.is_some_and(|rule| match by {
                Worse::By(least) => least > 0.0,
                Worse::Reliable => rule.reliable.is_some(),
                Worse::Important => rule.important.is_some(),
            });
            if !known {
                return Err(format!(
                    "The score “{code}” does not declare which way is better, or not this threshold."
                ));
            }
            Ok(RuleCondition::Change { score: index, by })
        }
        _ => Err(
            "A condition looks at an item (answer, atLeast, atMost), at a score (atLeast, atMost) or at the \
                  change of a score (worseBy, worse)."
                .to_owned(),
        ),
    }
}

fn touched_by(definition: &Definition, conditions: &[RuleCondition]) -> BTreeSet<usize> {
    let mut items = BTreeSet::new();
    for condition in conditions {
        match condition {
            RuleCondition::Answer { item, .. } => {
                items.insert(*item);
            }
            RuleCondition::Score { score, .. } | RuleCondition::Change { score, .. } => {
                items.extend(items_of_score(definition, *score));
            }
        }
    }
    items
}
