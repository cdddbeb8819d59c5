//! HL7's extensions on items: bounds on answers and hints for drawing.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

use crate::choice::Choice;

use super::coding::Coding;
use super::extension::Extension;
use super::finding::Finding;
use super::item::{Item, ItemType};
use super::value::Value;
use super::value_set::ValueSets;

/// The memory a compiled pattern may take. Ordinary patterns need a few kilobytes.
const PATTERN_SIZE: usize = 256 * 1024;

/// The most different patterns a questionnaire may have. Compiling thousands of large ones would take a while.
const MAX_PATTERNS: usize = 250;

/// What is said once on an item or not at all.
const ONCE: [&str; 14] = [
    "minValue",
    "maxValue",
    "minLength",
    "maxDecimalPlaces",
    "questionnaire-minOccurs",
    "questionnaire-maxOccurs",
    "regex",
    "questionnaire-unit",
    "questionnaire-unitValueSet",
    "questionnaire-hidden",
    "questionnaire-itemControl",
    "entryFormat",
    "maxSize",
    "questionnaire-choiceOrientation",
];

/// The bounds of an amount, in HL7's guide on structured data capture.
const QUANTITIES: [&str; 2] = ["minQuantity", "maxQuantity"];

/// Reads HL7's extensions on the items of one questionnaire.
pub(super) struct LimitReader<'s> {
    sets: &'s ValueSets,
    patterns: BTreeMap<String, Option<Regex>>,
}

impl<'s> LimitReader<'s> {
    pub(super) fn new(sets: &'s ValueSets) -> Self {
        Self { sets, patterns: BTreeMap::new() }
    }

    /// Reads one extension into what is known about the item. Those not known here are kept with the source and have no
    /// effect. `seen` are the names of those before it on the same item.
    pub(super) fn read<'a>(
        &mut self,
        name: &'a str,
        extension: &Extension<'_>,
        item: &mut Item,
        seen: &mut Vec<&'a str>,
        out: &mut Vec<Finding>,
    ) {
        if ONCE.contains(&name) && seen.contains(&name) {
            out.push(extension.place().error("extension_twice", "This can be said of an item only once."));
            return;
        }
        seen.push(name);
        if !belongs(name, item.kind) {
            let message = format!("This has no meaning for the type {}; it is ignored.", item.kind.code());
            out.push(extension.place().warning("extension_misplaced", message));
            return;
        }
        let kind = item.kind;
        let (limits, presentation) = (&mut item.limits, &mut item.presentation);
        match name {
            "minValue" => limits.min_value = bound(extension, kind, out),
            "maxValue" => limits.max_value = bound(extension, kind, out),
            "minLength" => limits.min_length = extension.count(out),
            "maxDecimalPlaces" => limits.max_decimal_places = extension.count(out),
            "questionnaire-minOccurs" => limits.min_occurs = extension.count(out),
            "questionnaire-maxOccurs" => limits.max_occurs = extension.count(out),
            "regex" => limits.regex = self.pattern(extension, out),
            "questionnaire-unitOption" => limits.units.extend(unit(extension, out)),
            "questionnaire-unitValueSet" => limits.units.extend(self.units(extension, out)),
            "questionnaire-referenceResource" => {
                limits.resources.extend(extension.text(out).map(str::to_owned));
            }
            "mimeType" => limits.mime_types.extend(extension.text(out).map(str::to_ascii_lowercase)),
            "maxSize" => limits.max_megabytes = extension.number(out).filter(|most| *most >= 0.0),
            "questionnaire-unit" => presentation.unit = unit(extension, out),
            "questionnaire-hidden" => presentation.hidden = extension.flag(out).unwrap_or(false),
            "questionnaire-itemControl" => presentation.control = extension.concept(out).map(str::to_owned),
            "entryFormat" => presentation.entry_format = extension.text(out).map(str::to_owned),
            "preferredTerminologyServer" => {
                presentation.terminology_servers.extend(extension.text(out).map(str::to_owned));
            }
            "questionnaire-constraint" | "targetConstraint" | "variable" => out.push(expression(extension)),
            _ => {}
        }
    }

    /// Reads one extension of HL7's guide on structured data capture. `seen` are the names of those before it on the
    /// same item.
    pub(super) fn data_capture<'a>(
        &self,
        name: &'a str,
        extension: &Extension<'_>,
        item: &mut Item,
        seen: &mut Vec<&'a str>,
        out: &mut Vec<Finding>,
    ) {
        if let Some(which) = name.strip_prefix("sdc-questionnaire-").filter(|name| QUANTITIES.contains(name))
        {
            if seen.contains(&name) {
                let message = "This can be said of an item only once.";
                out.push(extension.place().error("extension_twice", message));
            } else if item.kind != ItemType::Quantity {
                let message =
                    format!("This has no meaning for the type {}; it is ignored.", item.kind.code());
                out.push(extension.place().warning("extension_misplaced", message));
            } else if which == "minQuantity" {
                item.limits.min_value = quantity(extension, out);
            } else {
                item.limits.max_value = quantity(extension, out);
            }
            seen.push(name);
        } else if name == "sdc-questionnaire-preferredTerminologyServer" {
            let server = extension.text(out).map(str::to_owned);
            item.presentation.terminology_servers.extend(server);
        } else if name.ends_with("Expression") || name.ends_with("expression") {
            out.push(expression(extension));
        }
    }

    /// Patterns are written for other engines. One that this engine cannot run (look-ahead, back-reference) or that
    /// would take too much memory is not enforced, and says so.
    fn pattern(&mut self, extension: &Extension<'_>, out: &mut Vec<Finding>) -> Option<Regex> {
        let text = extension.text(out)?;
        if self.patterns.len() == MAX_PATTERNS && !self.patterns.contains_key(text) {
            let message = format!("A questionnaire may have {MAX_PATTERNS} different patterns.");
            out.push(extension.place().error("too_many_patterns", message));
            return None;
        }
        let compile = || RegexBuilder::new(&format!("^(?:{text})$")).size_limit(PATTERN_SIZE).build().ok();
        let pattern = self.patterns.entry(text.to_owned()).or_insert_with(compile).clone();
        if pattern.is_none() {
            let message = "This pattern cannot be run here; answers are not checked against it.";
            out.push(extension.place().warning("pattern_not_supported", message));
        }
        pattern
    }

    /// The units of a value set that lists them.
    fn units(&self, extension: &Extension<'_>, out: &mut Vec<Finding>) -> Vec<Coding> {
        let Some(url) = extension.text(out) else { return Vec::new() };
        let Some(options) = self.sets.resolve(url) else {
            let message =
                format!("The value set “{url}” does not list its units here; they are not checked.");
            out.push(extension.place().warning("value_set_unresolved", message));
            return Vec::new();
        };
        let units = options.iter().filter_map(|option| match &option.value {
            Value::Coding(unit) => Some(unit.clone()),
            _ => None,
        });
        units.collect()
    }
}

/// Whether an extension says something about items of this kind.
fn belongs(name: &str, kind: ItemType) -> bool {
    let is_number = matches!(kind, ItemType::Integer | ItemType::Decimal);
    let has_text = matches!(kind, ItemType::String | ItemType::Text | ItemType::Url | ItemType::OpenChoice);
    match name {
        "maxDecimalPlaces" => matches!(kind, ItemType::Decimal | ItemType::Quantity),
        "questionnaire-unit" => is_number || kind == ItemType::Quantity,
        "questionnaire-unitOption" | "questionnaire-unitValueSet" => kind == ItemType::Quantity,
        "questionnaire-referenceResource" => kind == ItemType::Reference,
        "mimeType" | "maxSize" => kind == ItemType::Attachment,
        "minLength" => has_text,
        "regex" => kind.is_question() && !matches!(kind, ItemType::Attachment | ItemType::Reference),
        "questionnaire-minOccurs" | "questionnaire-maxOccurs" => kind != ItemType::Display,
        _ => true,
    }
}

fn quantity(extension: &Extension<'_>, out: &mut Vec<Finding>) -> Option<Value> {
    match extension.value(out)? {
        amount @ Value::Quantity(_) => Some(amount),
        _ => extension.malformed("a valueQuantity", out),
    }
}

fn unit(extension: &Extension<'_>, out: &mut Vec<Finding>) -> Option<Coding> {
    match extension.value(out)? {
        Value::Coding(unit) => Some(unit),
        _ => extension.malformed("a valueCoding", out),
    }
}

/// An expression in another language could decide what is asked or what is right, and is not run here.
fn expression(extension: &Extension<'_>) -> Finding {
    let message = "Expressions are not evaluated here; the questionnaire is asked as if this were not there.";
    extension.place().warning("expression_not_supported", message)
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

#[cfg(test)]
mod tests {
    use crate::instrument::testing::{codes, definition, questionnaire, refused};
    use crate::instrument::{Definition, Item};
    use serde_json::{Value as Json, json};

    fn hl7(name: &str, member: &str, value: Json) -> Json {
        json!({"url": format!("http://hl7.org/fhir/StructureDefinition/{name}"), member: value})
    }

    fn item(kind: &str, extensions: Json) -> Item {
        let items = json!([{"linkId": "a", "type": kind, "extension": extensions}]);
        definition(items).items().next().unwrap().1.clone()
    }

    fn warned(kind: &str, extension: Json) -> Vec<&'static str> {
        let items = json!([{"linkId": "a", "type": kind, "extension": [extension]}]);
        codes(&Definition::parse(&questionnaire(items)).unwrap().warnings)
    }

    #[test]
    fn the_limits_of_an_attachment_are_read() {
        let read = item(
            "attachment",
            json!([
                hl7("mimeType", "valueCode", json!("image/PNG")),
                hl7("mimeType", "valueCode", json!("application/pdf")),
                hl7("maxSize", "valueDecimal", json!(1.5)),
            ]),
        );
        assert_eq!(read.limits.mime_types, ["image/png", "application/pdf"]);
        assert_eq!(read.limits.max_megabytes, Some(1.5));
    }

    #[test]
    fn a_terminology_server_is_kept() {
        let sdc =
            "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-preferredTerminologyServer";
        let read = item("string", json!([{"url": sdc, "valueUrl": "https://tx.example.org"}]));
        assert_eq!(read.presentation.terminology_servers, ["https://tx.example.org"]);
    }

    #[test]
    fn units_come_from_a_contained_set_as_well() {
        let mut json = questionnaire(json!([{"linkId": "a", "type": "quantity",
            "extension": [hl7("questionnaire-unitValueSet", "valueCanonical", json!("#units"))]}]));
        json["contained"] = json!([{"resourceType": "ValueSet", "id": "units", "compose": {"include": [
            {"system": "http://unitsofmeasure.org", "concept": [{"code": "kg"}]}]}}]);
        let parsed = Definition::parse(&json).unwrap();
        let (_, item) = parsed.definition.items().next().unwrap();
        assert_eq!(item.limits.units[0].code.as_deref(), Some("kg"));
        json["contained"][0]["id"] = json!("others");
        assert_eq!(codes(&Definition::parse(&json).unwrap().warnings), ["value_set_unresolved"]);
    }

    #[test]
    fn what_has_no_meaning_for_a_type_is_ignored_and_named() {
        assert_eq!(warned("string", hl7("maxSize", "valueDecimal", json!(1))), ["extension_misplaced"]);
        assert_eq!(
            warned("integer", hl7("maxDecimalPlaces", "valueInteger", json!(1))),
            ["extension_misplaced"]
        );
        assert_eq!(warned("date", hl7("minLength", "valueInteger", json!(1))), ["extension_misplaced"]);
        assert!(warned("string", hl7("unheard-of", "valueInteger", json!(1))).is_empty());
    }

    #[test]
    fn a_bound_is_given_once() {
        let bound = hl7("minValue", "valueInteger", json!(1));
        let items = json!([{"linkId": "a", "type": "integer", "extension": [bound, bound]}]);
        assert_eq!(codes(&refused(&questionnaire(items))), ["extension_twice"]);
    }

    #[test]
    fn expressions_are_named_because_they_are_not_run() {
        let sdc = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression";
        let expression = json!({"language": "text/fhirpath", "expression": "true"});
        assert_eq!(
            warned("string", json!({"url": sdc, "valueExpression": expression})),
            ["expression_not_supported"]
        );
    }

    #[test]
    fn the_bounds_of_an_amount_are_those_of_the_guide_as_well() {
        let bound = |name: &str, member: &str, value: Json| json!({"url": format!("http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-{name}"), member: value});
        let least = bound("minQuantity", "valueQuantity", json!({"value": 5, "unit": "kg"}));
        let read = item("quantity", json!([least]));
        assert_eq!(read.limits.min_value.unwrap().words(), "5 kg");
        assert_eq!(warned("string", least.clone()), ["extension_misplaced"]);
        let of = |extensions: Json| {
            codes(&refused(&questionnaire(
                json!([{"linkId": "a", "type": "quantity", "extension": extensions}]),
            )))
        };
        assert_eq!(of(json!([least, least])), ["extension_twice"]);
        assert_eq!(of(json!([bound("maxQuantity", "valueDecimal", json!(5))])), ["extension_malformed"]);
        let most = bound("maxQuantity", "valueQuantity", json!({"value": 4, "unit": "kg"}));
        assert_eq!(of(json!([least, most])), ["bounds_crossed"]);
    }

    #[test]
    fn patterns_are_counted_by_their_text() {
        let with = |count: usize, different: bool| {
            let item = |n: usize| {
                let pattern = if different { format!("a{{{n}}}") } else { "a".to_owned() };
                json!({"linkId": n.to_string(), "type": "string", "extension": [hl7("regex", "valueString", json!(pattern))]})
            };
            Definition::parse(&questionnaire((0..count).map(item).collect()))
        };
        assert!(with(300, false).is_ok());
        assert_eq!(codes(&with(251, true).unwrap_err()), ["too_many_patterns"]);
    }
}
