//! Which single answers call for a person.
//!
//! The rule looks at one saved answer and nothing else, so that it fires on every save, of unfinished forms
//! too, and a later change of the answer cannot undo it.

use serde::{Deserialize, Serialize};

use super::answer::{Answer, State};
use super::definition::Definition;
use super::item::Item;
use super::value::Value;

/// What an answer may be telling us.
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
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AlertKind {
    /// Thoughts of not wanting to live, or of self-harm.
    SelfHarm,
    /// Not being safe at home, or being pressured or neglected.
    SafetyAtHome,
}

/// An `alert` extension: the answers of one item that call for a person.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRule {
    /// What they may be telling us.
    pub kind: AlertKind,
    /// The answers; one suffices.
    pub triggers: Vec<Trigger>,
}

/// An answer, or a range of answers, that is positive.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// The option with this code; for a yes-or-no question `true` or `false`.
    Code(String),
    /// This value.
    Value(Value),
    /// A number of at least this much, or an option that counts at least this much.
    AtLeast(f64),
}

impl Trigger {
    pub(super) fn is_met(&self, item: &Item, value: &Value) -> bool {
        match (self, value) {
            (Self::Code(code), Value::Coding(coding)) => coding.code.as_ref() == Some(code),
            (Self::Code(code), Value::Boolean(answer)) => code == if *answer { "true" } else { "false" },
            (Self::Code(code), Value::String(text)) => code == text,
            (Self::Code(_), _) => false,
            (Self::Value(asked), _) => value.matches(asked),
            (Self::AtLeast(least), _) => ordinal(item, value).is_some_and(|number| number >= *least),
        }
    }
}

/// What a value counts: the weight of the option it stands for, or else its number.
///
/// A weight that came with the answer is never believed.
pub(super) fn ordinal(item: &Item, value: &Value) -> Option<f64> {
    item.choices.option(value).and_then(|option| option.ordinal).or_else(|| value.number())
}

/// What the answer calls for, if it calls for anything.
pub fn positive(definition: &Definition, answer: &Answer) -> Option<AlertKind> {
    if answer.state != State::Answered {
        return None;
    }
    let (_, item) = definition.find(&answer.key.link_id)?;
    let is_met = |rule: &&AlertRule| {
        let mut pairs =
            rule.triggers.iter().flat_map(|trigger| answer.values.iter().map(move |value| (trigger, value)));
        pairs.any(|(trigger, value)| trigger.is_met(item, value))
    };
    item.marks.alerts.iter().find(is_met).map(|rule| rule.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::testing::{answer, coded, definition};
    use serde_json::json;

    fn own(name: &str, parts: serde_json::Value) -> serde_json::Value {
        json!({"url": format!("https://fhir.alongside.example/StructureDefinition/{name}"), "extension": parts})
    }

    fn with_alert(mut item: serde_json::Value, trigger: serde_json::Value) -> Definition {
        item["extension"] =
            json!([own("alert", json!([{"url": "kind", "valueCode": "self_harm"}, trigger]))]);
        definition(json!([item]))
    }

    #[test]
    fn an_option_named_by_its_code_is_positive() {
        let item = json!({"linkId": "live", "type": "choice", "answerOption": [
            {"valueCoding": {"code": "no"}}, {"valueCoding": {"code": "often"}}]});
        let definition = with_alert(item, json!({"url": "when", "valueString": "often"}));
        assert_eq!(positive(&definition, &coded("live", "often")), Some(AlertKind::SelfHarm));
        assert_eq!(positive(&definition, &coded("live", "no")), None);
        let skipped = Answer { state: State::Skipped, ..coded("live", "often") };
        assert_eq!(positive(&definition, &skipped), None);
    }

    #[test]
    fn a_threshold_reads_the_weight_of_the_option_not_of_the_answer() {
        let weight = |n: u8| json!([{"url": "http://hl7.org/fhir/StructureDefinition/ordinalValue", "valueDecimal": n}]);
        let item = json!({"linkId": "nine", "type": "choice", "answerOption": [
            {"valueCoding": {"code": "a"}, "extension": weight(0)},
            {"valueCoding": {"code": "b", "extension": weight(2)}}]});
        let definition = with_alert(item, json!({"url": "atLeast", "valueInteger": 1}));
        assert_eq!(positive(&definition, &coded("nine", "b")), Some(AlertKind::SelfHarm));
        let lying = answer("nine", json!([{"valueCoding": {"code": "a", "extension": weight(3)}}]));
        assert_eq!(positive(&definition, &lying), None);
    }

    #[test]
    fn yes_or_no_and_numbers_can_be_positive() {
        let definition = with_alert(
            json!({"linkId": "b", "type": "boolean"}),
            json!({"url": "when", "valueCode": "true"}),
        );
        assert_eq!(
            positive(&definition, &answer("b", json!([{"valueBoolean": true}]))),
            Some(AlertKind::SelfHarm)
        );
        let definition = with_alert(
            json!({"linkId": "i", "type": "integer"}),
            json!({"url": "atLeast", "valueInteger": 2}),
        );
        assert_eq!(
            positive(&definition, &answer("i", json!([{"valueInteger": 2}]))),
            Some(AlertKind::SelfHarm)
        );
        assert_eq!(positive(&definition, &answer("i", json!([{"valueInteger": 1}]))), None);
    }
}
