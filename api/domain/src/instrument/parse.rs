//! Reading a definition: the document, its value sets, its items, and how they refer to each other.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::definition::{Definition, InstrumentKind, LicenceClass, Parsed};
use super::extension::{Extension, extensions};
use super::fields::Fields;
use super::finding::{Finding, Place};
use super::parse_item::ItemReader;
use super::value_set::ValueSets;
use super::{alert_rule_parse, calculated, links, marks, score_parse};

/// How deep the JSON of a document may nest before it is not walked any further. Items use two levels each.
const MAX_JSON_DEPTH: usize = 128;

/// Whether the document has the words that people are asked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
enum Wording {
    Complete,
    Withheld,
}

/// Reads a Questionnaire, or a Bundle of exactly one Questionnaire and its ValueSets.
pub(super) fn document(json: &Json) -> Result<Parsed, Vec<Finding>> {
    let mut out = Vec::new();
    let definition = read(json, &mut out);
    match definition {
        Some(definition) if !out.iter().any(Finding::is_refusal) => Ok(Parsed { definition, warnings: out }),
        _ => Err(out),
    }
}

fn read(json: &Json, out: &mut Vec<Finding>) -> Option<Definition> {
    let resource_type = json.get("resourceType").and_then(Json::as_str);
    let root = Place::root(resource_type.unwrap_or("Questionnaire"));
    let fields = Fields::of(json, root.clone(), out)?;
    refuse_modifiers(json, &root, out);
    let mut sets = ValueSets::default();
    match resource_type {
        Some("Questionnaire") => questionnaire(&fields, sets, out),
        Some("Bundle") => {
            let resource = bundled(&fields, &mut sets, out)?;
            questionnaire(&resource, sets, out)
        }
        _ => {
            let message = "This must be a FHIR R4 Questionnaire, or a Bundle of one with its ValueSets.";
            out.push(root.member("resourceType").fatal("wrong_resource_type", message));
            None
        }
    }
}

/// The one Questionnaire of a Bundle.
fn bundled<'a>(bundle: &Fields<'a>, sets: &mut ValueSets, out: &mut Vec<Finding>) -> Option<Fields<'a>> {
    let mut questionnaires = Vec::new();
    for entry in bundle.objects("entry", out) {
        let Some(json) = entry.map().get("resource") else { continue };
        let Some(resource) = Fields::of(json, entry.place().member("resource"), out) else { continue };
        match json.get("resourceType").and_then(Json::as_str) {
            Some("Questionnaire") => questionnaires.push(resource),
            Some("ValueSet") => {
                let full_url = entry.map().get("fullUrl").and_then(Json::as_str);
                sets.add_bundled(&resource, full_url, out);
            }
            _ => {
                let message =
                    "Only the Questionnaire and the ValueSets of the Bundle are used; this is ignored.";
                out.push(resource.place().warning("resource_ignored", message));
            }
        }
    }
    let mut questionnaires = questionnaires.into_iter();
    let first = questionnaires.next();
    if first.is_none() {
        out.push(
            bundle.place().member("entry").fatal("questionnaire_missing", "The Bundle has no Questionnaire."),
        );
    }
    if let Some(second) = questionnaires.next() {
        let message = "The Bundle has more than one Questionnaire; import them one by one.";
        out.push(second.place().error("several_questionnaires", message));
    }
    first
}

fn questionnaire(fields: &Fields<'_>, mut sets: ValueSets, out: &mut Vec<Finding>) -> Option<Definition> {
    sets.add_contained(fields, out);
    let status = status(fields, out);
    let title = fields.text("title", out).or_else(|| fields.text("name", out)).map(str::to_owned);
    let mut reader = ItemReader::new(&sets);
    reader.read(fields, None, 0, out);
    let ItemReader { items, places, conditions, .. } = reader;
    if items.is_empty() {
        out.push(
            fields.place().member("item").error("no_items", "A questionnaire without items asks nothing."),
        );
        return None;
    }
    let mut definition = Definition {
        url: fields.text("url", out).map(str::to_owned),
        version: fields.text("version", out).map(str::to_owned),
        title,
        status: status.unwrap_or_default().to_owned(),
        language: fields.text("language", out).map(str::to_owned),
        kind: InstrumentKind::General,
        licence: None,
        items,
        by_link_id: HashMap::new(),
        order: Vec::new(),
        rank: Vec::new(),
        dependents: Vec::new(),
        repeats: false,
        scores: Vec::new(),
        rules: Vec::new(),
        wording_withheld: false,
        concerns: Vec::new(),
        priorities: None,
    };
    links::connect(&mut definition, &places, conditions, out);
    own_extensions(&mut definition, fields, out);
    calculated::scores(&mut definition, fields, out);
    alert_rules(&mut definition, fields, out);
    Some(definition)
}

fn status<'a>(fields: &Fields<'a>, out: &mut Vec<Finding>) -> Option<&'a str> {
    let status = fields.text("status", out);
    if !status.is_some_and(|status| ["draft", "active", "retired", "unknown"].contains(&status)) {
        let message = "The status must be draft, active, retired or unknown.";
        out.push(fields.place().member("status").error("unknown_status", message));
    }
    status
}

fn own_extensions(definition: &mut Definition, fields: &Fields<'_>, out: &mut Vec<Finding>) {
    let own = |extension: &Extension<'_>| extension.own().map(str::to_owned);
    for extension in extensions(fields, out) {
        match own(&extension).as_deref() {
            Some("kind") => definition.kind = extension.code(out).unwrap_or_default(),
            Some("licence") => definition.licence = extension.code::<LicenceClass>(out),
            Some("score") => {
                let score = score_parse::read(&extension, definition, out);
                definition.scores.extend(score);
            }
            Some("wording") => {
                definition.wording_withheld = extension.code::<Wording>(out) == Some(Wording::Withheld);
            }
            // Rules look at scores, so they are read when these are complete.
            Some("alert-rule") | None => {}
            Some(_) => out.push(marks::unknown(&extension)),
        }
    }
}

fn alert_rules(definition: &mut Definition, fields: &Fields<'_>, out: &mut Vec<Finding>) {
    // Whatever is malformed about the list itself has been said when it was first read.
    for extension in extensions(fields, &mut Vec::new()) {
        if extension.own() == Some("alert-rule") {
            let rule = alert_rule_parse::read(&extension, definition, &definition.rules, out);
            definition.rules.extend(rule);
        }
    }
}

/// A modifier extension may change the meaning of what surrounds it, so whoever does not understand it must not
/// go on (FHIR R4, 2.4.0.1). None is understood here.
fn refuse_modifiers(json: &Json, root: &Place, out: &mut Vec<Finding>) {
    let mut pending = vec![(json, root.clone(), 0)];
    while let Some((json, place, depth)) = pending.pop() {
        if depth > MAX_JSON_DEPTH {
            out.push(place.fatal("too_deep", format!("JSON may nest {MAX_JSON_DEPTH} deep.")));
            return;
        }
        match json {
            Json::Object(map) => {
                for (name, member) in map {
                    if name == "modifierExtension" {
                        let message =
                            "A modifier extension may change what this means, and none is understood here.";
                        out.push(place.member(name).error("modifier_extension", message));
                    } else if member.is_object() || member.is_array() {
                        pending.push((member, place.member(name), depth + 1));
                    }
                }
            }
            Json::Array(list) => {
                let nested =
                    list.iter().enumerate().filter(|(_, element)| element.is_object() || element.is_array());
                pending.extend(nested.map(|(index, element)| (element, place.index(index), depth + 1)));
            }
            _ => {}
        }
    }
}
