//! HL7's extensions on items: bounds on answers and hints for drawing.

use regex::RegexBuilder;

use crate::choice::Choice;

use super::extension::Extension;
use super::finding::Finding;
use super::item::{ItemType, Limits, Presentation};
use super::value::Value;

/// The memory a compiled pattern may take. Ordinary patterns need a few kilobytes.
const PATTERN_SIZE: usize = 256 * 1024;

/// Reads one of HL7's extensions into what is known about the item. Those not known here are kept with the
/// source and have no effect.
pub(super) fn read(
    name: &str,
    extension: &Extension<'_>,
    kind: ItemType,
    limits: &mut Limits,
    presentation: &mut Presentation,
    out: &mut Vec<Finding>,
) {
    match name {
        "minValue" => limits.min_value = bound(extension, kind, out),
        "maxValue" => limits.max_value = bound(extension, kind, out),
        "minLength" => limits.min_length = extension.count(out),
        "maxDecimalPlaces" => limits.max_decimal_places = extension.count(out),
        "questionnaire-minOccurs" => limits.min_occurs = extension.count(out),
        "questionnaire-maxOccurs" => limits.max_occurs = extension.count(out),
        "regex" => pattern(extension, limits, out),
        "questionnaire-unitOption" => {
            if let Some(Value::Coding(unit)) = extension.value(out) {
                limits.units.push(unit);
            }
        }
        "questionnaire-referenceResource" => limits.resources.extend(extension.text(out).map(str::to_owned)),
        "questionnaire-unit" => {
            if let Some(Value::Coding(unit)) = extension.value(out) {
                presentation.unit = Some(unit);
            }
        }
        "questionnaire-hidden" => presentation.hidden = extension.flag(out).unwrap_or(false),
        "questionnaire-itemControl" => presentation.control = extension.concept().map(str::to_owned),
        "entryFormat" => presentation.entry_format = extension.text(out).map(str::to_owned),
        _ => {}
    }
}

/// A bound must be of a type that answers of this kind can be compared with.
fn bound(extension: &Extension<'_>, kind: ItemType, out: &mut Vec<Finding>) -> Option<Value> {
    let value = extension.value(out)?;
    let fits = match kind {
        ItemType::Integer | ItemType::Decimal => matches!(value, Value::Integer(_) | Value::Decimal(_)),
        ItemType::Quantity => matches!(value, Value::Integer(_) | Value::Decimal(_) | Value::Quantity(_)),
        ItemType::Date | ItemType::DateTime => matches!(value, Value::Date(_) | Value::DateTime(_)),
        ItemType::Time => matches!(value, Value::Time(_)),
        _ => false,
    };
    if fits {
        return Some(value);
    }
    let message = format!("This bound cannot be compared with an answer of type {}.", kind.code());
    out.push(extension.place().error("extension_malformed", message));
    None
}

/// Patterns are written for other engines. One that this engine cannot run (look-ahead, back-reference) or that
/// would take too much memory is not enforced, and says so.
fn pattern(extension: &Extension<'_>, limits: &mut Limits, out: &mut Vec<Finding>) {
    let Some(text) = extension.text(out) else { return };
    match RegexBuilder::new(&format!("^(?:{text})$")).size_limit(PATTERN_SIZE).build() {
        Ok(pattern) => limits.regex = Some(pattern),
        Err(_) => {
            let message = "This pattern cannot be run here; answers are not checked against it.";
            out.push(extension.place().warning("pattern_not_supported", message));
        }
    }
}
