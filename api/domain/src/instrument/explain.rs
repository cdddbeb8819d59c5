//! Why an item is shown or not, in words.

use super::answer::{AnswerKey, Answers};
use super::definition::Definition;
use super::enabled::{Enabled, holds};
use super::item::{Condition, EnableBehavior, Item, ItemType, Operator};
use super::value::Value;

/// Why an item is shown, or not.
///
/// The words repeat the conditions of the questionnaire, never the answers given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it is enabled.
    pub enabled: bool,
    /// One sentence for each reason, from the item outwards.
    pub reasons: Vec<String>,
}

/// Why the item that a key names is enabled or not; none for an item that does not exist.
pub fn why_enabled(definition: &Definition, answers: &Answers, key: &AnswerKey) -> Option<Explanation> {
    let (index, _) = definition.find(&key.link_id)?;
    if !definition.is_well_addressed(key) {
        return None;
    }
    let enabled = Enabled::with(definition, answers, Some(key));
    let mut reasons = Vec::new();
    for (level, item) in definition.and_ancestors(index) {
        let occurrence = key.occurrence.get(..item.axes.len()).unwrap_or_default();
        for condition in &item.enable_when {
            let values = enabled.looked_at(definition, answers, level, occurrence, condition.question);
            reasons.push(reason(definition, item, condition, holds(condition, values)));
        }
        if let Some(parent) = item.parent.and_then(|parent| definition.item(parent))
            && parent.kind.is_question()
            && item.kind != ItemType::Display
        {
            let outer = key.occurrence.get(..parent.axes.len()).unwrap_or_default();
            let is_answered = !answers.values(&AnswerKey::at(&parent.link_id, outer)).is_empty();
            let verdict = if is_answered { "it is" } else { "it is not" };
            reasons.push(format!("“{}” must be answered first, and {verdict}.", parent.words()));
        }
    }
    if reasons.is_empty() {
        reasons.push("It is always asked.".to_owned());
    }
    Some(Explanation { enabled: enabled.is(index, &key.occurrence), reasons })
}

fn reason(definition: &Definition, item: &Item, condition: &Condition, is_met: bool) -> String {
    let question = definition.item(condition.question).map_or("", Item::words);
    let several = match (item.enable_when.len(), item.enable_behavior) {
        (0 | 1, _) => "",
        (_, EnableBehavior::All) => " (one of several conditions, which must all hold)",
        (_, EnableBehavior::Any) => " (one of several conditions, of which any is enough)",
    };
    let verdict = if is_met { "it is" } else { "it is not" };
    let wanted = wanted(definition, condition);
    format!(
        "“{}” is asked when the answer to “{question}” is {wanted}, and {verdict}{several}.",
        item.words()
    )
}

pub(super) fn wanted(definition: &Definition, condition: &Condition) -> String {
    let asked = definition.item(condition.question);
    // The option's own words are better than those of the condition, which often has only the code.
    let option = asked.and_then(|item| item.choices.option(&condition.answer));
    let words = option.map_or(&condition.answer, |option| &option.value).words();
    match condition.operator {
        Operator::Exists if condition.answer == Value::Boolean(true) => "given at all".to_owned(),
        Operator::Exists => "left out".to_owned(),
        Operator::Equal => format!("“{words}”"),
        Operator::NotEqual => format!("other than “{words}”"),
        Operator::Greater => format!("more than {words}"),
        Operator::Less => format!("less than {words}"),
        Operator::GreaterOrEqual => format!("at least {words}"),
        Operator::LessOrEqual => format!("at most {words}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::testing::{coded, needs_assessment, parsed};

    #[test]
    fn the_reason_is_given_in_words() {
        let definition = parsed(&needs_assessment());
        let key = AnswerKey::of("leak.bother");
        let closed = why_enabled(&definition, &Answers::default(), &key).unwrap();
        assert!(!closed.enabled);
        let answers: Answers = [coded("leak.gate", "yes")].into_iter().collect();
        let open = why_enabled(&definition, &answers, &key).unwrap();
        assert!(open.enabled);
        assert_eq!(
            open.reasons[0],
            "“How much does it bother you?” is asked when the answer to “Do you leak urine?” is “Yes”, and it is \
             (one of several conditions, of which any is enough)."
        );
    }

    #[test]
    fn an_item_without_conditions_is_always_asked() {
        let definition = parsed(&needs_assessment());
        let explanation = why_enabled(&definition, &Answers::default(), &AnswerKey::of("leak.gate")).unwrap();
        assert_eq!(explanation.reasons, ["It is always asked."]);
        assert_eq!(why_enabled(&definition, &Answers::default(), &AnswerKey::of("nowhere")), None);
    }
}
