//! Reading a definition: the document, its value sets, its items, and how they refer to each other.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_json::Value as Json;

use super::addresses::is_resource_type;
use super::definition::{Definition, Effective, InstrumentKind, LicenceClass, Parsed};
use super::extension::{Extension, extensions};
use super::fields::Fields;
use super::finding::{Finding, Place};
use super::parse_item::ItemReader;
use super::value_set::ValueSets;
use super::{alert_rule_parse, calculated, links, marks, mode, moment, score_parse, structure};

/// The members of a Questionnaire in R4.
const MEMBERS: [&str; 29] = [
    "resourceType",
    "id",
    "meta",
    "language",
    "text",
    "contained",
    "extension",
    "url",
    "identifier",
    "version",
    "name",
    "title",
    "derivedFrom",
    "status",
    "experimental",
    "subjectType",
    "date",
    "publisher",
    "contact",
    "description",
    "useContext",
    "jurisdiction",
    "purpose",
    "copyright",
    "approvalDate",
    "lastReviewDate",
    "effectivePeriod",
    "code",
    "item",
];

/// Whether the document has the words that people are asked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
enum Wording {
    Complete,
    Withheld,
}

impl Definition {
    /// Reads a Questionnaire, or a Bundle of one Questionnaire and its ValueSets.
    ///
    /// # Errors
    /// Every reason to refuse the document, together with its warnings.
    pub fn parse(json: &Json) -> Result<Parsed, Vec<Finding>> {
        document(json)
    }
}

/// Reads a Questionnaire, or a Bundle of exactly one Questionnaire and its ValueSets.
fn document(json: &Json) -> Result<Parsed, Vec<Finding>> {
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
    structure::check(json, &root, out);
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
    fields.resource_members(&MEMBERS, out);
    sets.add_contained(fields, out);
    let effective = period(fields, out);
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
        subject_types: subject_types(fields, out),
        effective,
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
        validated_modes: Vec::new(),
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

fn subject_types(fields: &Fields<'_>, out: &mut Vec<Finding>) -> Vec<String> {
    let mut types = Vec::new();
    for (json, place) in fields.list("subjectType", out) {
        match json.as_str().filter(|name| is_resource_type(name)) {
            Some(name) => types.push(name.to_owned()),
            None => out.push(place.error("unknown_resource_type", "This is no type of resource of FHIR R4.")),
        }
    }
    types
}

/// When the instrument is meant to be used: `effectivePeriod`.
fn period(fields: &Fields<'_>, out: &mut Vec<Finding>) -> Effective {
    let mut period = Effective::default();
    let Some(json) = fields.map().get("effectivePeriod") else { return period };
    let place = fields.place().member("effectivePeriod");
    let Some(fields) = Fields::of(json, place, out) else { return period };
    fields.only(&["id", "extension", "start", "end"], None, out);
    for (name, slot) in [("start", &mut period.start), ("end", &mut period.end)] {
        let Some(text) = fields.text(name, out) else { continue };
        if moment::is_date_time(text) {
            *slot = Some(text.to_owned());
        } else {
            let message = "This must be a date, or a date with time.";
            out.push(fields.place().member(name).error("wrong_type", message));
        }
    }
    let order = period.start.as_deref().zip(period.end.as_deref());
    if order.and_then(|(start, end)| moment::compare_dates(start, end)).is_some_and(Ordering::is_gt) {
        out.push(fields.place().error("bounds_crossed", "The time of use ends before it begins."));
    }
    period
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
            Some("validated-mode") => definition.validated_modes.extend(mode::read(&extension, out)),
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
