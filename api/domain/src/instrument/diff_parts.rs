//! What an instrument, its items, options, scores and rules consist of, in words, and what it means for answers when one
//! of these is different.

use crate::choice::Choice as _;

use super::alert::Trigger;
use super::alert_rule::{DeclaredRule, Range, RuleCondition, Worse};
use super::coding::Coding;
use super::definition::Definition;
use super::diff::Comparability::{self, NotComparable, Partly, Reworded, Same};
use super::item::{AnswerOption, Condition, Item, Operator};
use super::score::ScoreDefinition;
use super::score_formula;
use super::value::Value;

/// One member of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: &'static str,
    /// What it means for answers when it is different.
    pub(super) effect: Comparability,
    /// None where there is nothing.
    pub(super) words: Option<String>,
}

fn member(name: &'static str, effect: Comparability, words: Option<String>) -> Member {
    Member { name, effect, words: words.filter(|words| !words.is_empty()) }
}

fn flag(name: &'static str, effect: Comparability, is_set: bool) -> Member {
    member(name, effect, Some(is_set.to_string()))
}

/// The instrument as a whole, without what is bound to differ: version, status, dates.
pub(super) fn header(definition: &Definition) -> Vec<Member> {
    let modes = definition.validated_modes().iter().map(|one| {
        let languages: String = one.languages.iter().map(|language| format!(" in {language}")).collect();
        let source = one.source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
        format!("{}{languages}{source}", one.mode)
    });
    vec![
        member("title", Reworded, definition.title().map(str::to_owned)),
        member("language", Reworded, definition.language().map(str::to_owned)),
        flag("wording_withheld", Reworded, definition.is_wording_withheld()),
        member("kind", Partly, Some(definition.kind().to_string())),
        member("licence", Same, definition.licence().map(|licence| licence.to_string())),
        member("validated_modes", Same, Some(joined(modes))),
    ]
}

pub(super) fn item_members(definition: &Definition, index: usize, item: &Item) -> Vec<Member> {
    let (limits, shown, marks) = (&item.limits, &item.presentation, &item.marks);
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    let value = |value: &Option<Value>| value.as_ref().map(Value::words);
    let behaviour = (item.enable_when.len() > 1).then(|| item.enable_behavior.code());
    let conditions = item.enable_when.iter().map(|one| condition(definition, one));
    let enable_when = [behaviour.map(|code| format!("{code} of: ")), Some(joined(conditions))];
    let languages = shown.translations.iter().map(|(language, text)| format!("{language}: {text}"));
    let alerts =
        marks.alerts.iter().map(|alert| format!("{} when {}", alert.kind, triggers(&alert.triggers)));
    vec![
        member("type", NotComparable, Some(item.kind.code().to_owned())),
        member("text", Reworded, item.text.clone()),
        member("prefix", Reworded, item.prefix.clone()),
        member("help_text", Reworded, shown.help_text.clone()),
        member("entry_format", Reworded, shown.entry_format.clone()),
        member("control", Reworded, shown.control.clone()),
        member("translations", Same, Some(joined(languages))),
        member("codes", NotComparable, Some(joined(item.codes.iter().map(coding)))),
        flag("repeats", NotComparable, item.repeats),
        flag("required", Partly, item.required),
        flag("read_only", Partly, item.read_only),
        flag("hidden", Partly, shown.hidden),
        member("initial", Partly, Some(joined(item.initial.iter().map(Value::words)))),
        member("enable_when", Partly, Some(enable_when.into_iter().flatten().collect())),
        member("min_value", NotComparable, value(&limits.min_value)),
        member("max_value", NotComparable, value(&limits.max_value)),
        member("min_length", Partly, number(limits.min_length)),
        member("max_length", Partly, number(limits.max_length)),
        member("regex", Partly, limits.regex.as_ref().map(|regex| regex.as_str().to_owned())),
        member("max_decimal_places", Partly, number(limits.max_decimal_places)),
        member("min_occurs", Partly, number(limits.min_occurs)),
        member("max_occurs", Partly, number(limits.max_occurs)),
        member("unit", NotComparable, shown.unit.as_ref().map(coding)),
        member("units", NotComparable, Some(joined(limits.units.iter().map(coding)))),
        member("section", Same, definition.section(index).map(str::to_owned)),
        flag("private", Partly, definition.is_private(index)),
        flag("safety_item", Partly, definition.is_safety(index)),
        member("concern", NotComparable, marks.concern.as_ref().map(|(code, _)| code.clone())),
        member("concern_title", Reworded, marks.concern.as_ref().map(|(_, title)| title.clone())),
        member("role", NotComparable, marks.role.map(|role| role.code().to_owned())),
        member("alerts", Same, Some(joined(alerts))),
    ]
}

/// The name of an option and its members.
pub(super) fn option_members(option: &AnswerOption) -> (String, Vec<Member>) {
    let (name, display) = match &option.value {
        Value::Coding(coding) => (self::coding(coding), coding.display.clone()),
        other => (other.words(), None),
    };
    let members = vec![
        member("display", Reworded, display),
        member("weight", NotComparable, option.ordinal.map(|weight| weight.to_string())),
        flag("exclusive", Partly, option.exclusive),
        flag("initially_selected", Partly, option.initially_selected),
    ];
    (name, members)
}

pub(super) fn score_members(definition: &Definition, score: &ScoreDefinition) -> Vec<Member> {
    let number = |number: Option<f64>| number.map(|number| number.to_string());
    let bands = score.bands.iter().map(|band| format!("{} to {}: {}", band.from, band.to, band.code));
    let titles = score.bands.iter().map(|band| band.title.clone());
    let change = score.change.as_ref().map(|change| {
        let better: &str = change.better.into();
        let from = |name: &str, least: Option<f64>| least.map(|least| format!(", {name} from {least}"));
        let parts = [from("reliable", change.reliable), from("important", change.important)];
        format!("{better} is better{}", parts.into_iter().flatten().collect::<String>())
    });
    vec![
        member("title", Reworded, Some(score.title.clone())),
        member("formula", NotComparable, Some(score_formula::words(definition, score))),
        member("bands", Partly, Some(joined(bands))),
        member("band_titles", Reworded, Some(joined(titles))),
        member("change", Same, change),
        member("source", Same, score.source.clone()),
        member("min", Same, number(score.min)),
        member("max", Same, number(score.max)),
    ]
}

/// An alert rule tells people of answers and changes none, so nothing about it matters for comparing them.
pub(super) fn rule_members(definition: &Definition, rule: &DeclaredRule) -> Vec<Member> {
    let conditions = rule.conditions.iter().map(|one| rule_condition(definition, one));
    vec![
        member("tier", Same, Some(rule.tier.to_string())),
        member("recipients", Same, Some(joined(rule.recipients.iter().map(ToString::to_string)))),
        member("explanation", Same, Some(rule.explanation.clone())),
        member("when", Same, Some(format!("{} of: {}", rule.matching.code(), joined(conditions)))),
    ]
}

/// The system belongs to the name of a code.
pub(super) fn coding(coding: &Coding) -> String {
    let code = coding.code.as_deref().or(coding.display.as_deref()).unwrap_or_default();
    match &coding.system {
        Some(system) => format!("{system}|{code}"),
        None => code.to_owned(),
    }
}

fn condition(definition: &Definition, condition: &Condition) -> String {
    let question = definition.item(condition.question).map_or("", |item| item.link_id.as_str());
    let answer = match &condition.answer {
        Value::Coding(code) => coding(code),
        other => other.words(),
    };
    match condition.operator {
        Operator::Exists if condition.answer == Value::Boolean(true) => format!("{question} is answered"),
        Operator::Exists => format!("{question} is not answered"),
        operator => format!("{question} {} {answer}", operator.code()),
    }
}

fn rule_condition(definition: &Definition, condition: &RuleCondition) -> String {
    let score_code = |index: usize| definition.scores().get(index).map_or("", |score| score.code.as_str());
    match condition {
        RuleCondition::Answer { item, of, range: bounds } => {
            let link_id = definition.item(*item).map_or("", |item| item.link_id.as_str());
            let of = if of.is_empty() { String::new() } else { format!(" is {}", triggers(of)) };
            format!("{link_id}{of}{}", range(*bounds))
        }
        RuleCondition::Score { score, range: bounds } => format!("{}{}", score_code(*score), range(*bounds)),
        RuleCondition::Change { score, by } => {
            let by = match by {
                Worse::By(amount) => format!("by {amount}"),
                Worse::Reliable => "by more than the error of the measure".to_owned(),
                Worse::Important => "by as much as patients notice".to_owned(),
            };
            format!("{} worse {by}", score_code(*score))
        }
    }
}

fn range(range: Range) -> String {
    let least = range.least.map(|least| format!(" at least {least}"));
    let most = range.most.map(|most| format!(" at most {most}"));
    [least, most].into_iter().flatten().collect()
}

fn triggers(triggers: &[Trigger]) -> String {
    let words = triggers.iter().map(|trigger| match trigger {
        Trigger::Code(code) => code.clone(),
        Trigger::Value(value) => value.words(),
        Trigger::AtLeast(least) => format!("at least {least}"),
    });
    words.collect::<Vec<_>>().join(" or ")
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("; ")
}
