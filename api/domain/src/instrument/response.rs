//! Reading a FHIR R4 QuestionnaireResponse against its definition.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::addresses::is_resource_type;
use super::answer::{AnswerKey, Answers};
use super::coding::Reference;
use super::definition::Definition;
use super::enabled::Enabled;
use super::fields::Fields;
use super::finding::{Finding, Place, Severity};
use super::flow::Setting;
use super::item::Item;
use super::judge::{judge, missing};
use super::origin::Attributed;
use super::response_items::{self, ItemsRead};
use super::{edition, moment, structure};

/// The members of a QuestionnaireResponse in R4.
const MEMBERS: [&str; 18] = [
    "resourceType",
    "id",
    "meta",
    "language",
    "text",
    "contained",
    "extension",
    "identifier",
    "basedOn",
    "partOf",
    "questionnaire",
    "status",
    "subject",
    "encounter",
    "authored",
    "author",
    "source",
    "item",
];

/// What the references of a response lead to in R4; the subject may be anything.
const TARGETS: [(&str, &[&str]); 6] = [
    ("basedOn", &["CarePlan", "ServiceRequest"]),
    ("partOf", &["Observation", "Procedure"]),
    ("subject", &[]),
    ("encounter", &["Encounter"]),
    ("author", &["Device", "Practitioner", "PractitionerRole", "Patient", "RelatedPerson", "Organization"]),
    ("source", &["Patient", "Practitioner", "PractitionerRole", "RelatedPerson"]),
];

/// What became of a question that has no values in a response: an extension of ours on its item.
pub const ANSWER_STATE: &str = "https://fhir.alongside.example/StructureDefinition/answer-state";

/// The status of a response (code system `questionnaire-answers-status`).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ResponseStatus {
    /// Not finished.
    InProgress,
    /// Finished.
    Completed,
    /// Changed after it was finished.
    Amended,
    /// Should never have been.
    EnteredInError,
    /// Given up.
    Stopped,
}

/// What a response says besides its answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// How far it has got.
    pub status: ResponseStatus,
    /// When it was written, as FHIR `dateTime`.
    pub authored: Option<String>,
    /// Whom it is about, as FHIR `Reference`.
    pub subject: Option<Json>,
    /// Who gave the answers, as FHIR `Reference`.
    pub source: Option<Json>,
    /// Who wrote them down, as FHIR `Reference`.
    pub author: Option<Json>,
    /// What was answered, as `url|version`.
    pub questionnaire: Option<String>,
    /// Where the answers come from, of those of which it is said.
    pub origins: BTreeMap<AnswerKey, Attributed>,
}

impl Header {
    /// A header that says only how far the response has got.
    pub fn with_status(status: ResponseStatus) -> Self {
        Self {
            status,
            authored: None,
            subject: None,
            source: None,
            author: None,
            questionnaire: None,
            origins: BTreeMap::new(),
        }
    }
}

/// Reads a response and judges every answer in it; one that is finished must also be complete.
///
/// # Errors
/// Every finding, with pointers into the response.
pub fn read_response(definition: &Definition, json: &Json) -> Result<(Answers, Header), Vec<Finding>> {
    let mut out = Vec::new();
    match read(definition, json, &mut out) {
        Some(read) if !out.iter().any(Finding::is_refusal) => Ok(read),
        _ => Err(out),
    }
}

/// Everything there is to say about a response, warnings as well: what [`read_response`] would refuse, what is still
/// missing while it is in progress, and whether it is a response to this instrument, in use at the time.
pub fn judge_response(definition: &Definition, json: &Json) -> Vec<Finding> {
    let mut out = Vec::new();
    if let Some((_, header)) = read(definition, json, &mut out) {
        edition::judge(definition, &header, &mut out);
    }
    out
}

fn read(definition: &Definition, json: &Json, out: &mut Vec<Finding>) -> Option<(Answers, Header)> {
    let root = Place::root("QuestionnaireResponse");
    let fields = Fields::of(json, root.clone(), out)?;
    if json.get("resourceType").and_then(Json::as_str) != Some("QuestionnaireResponse") {
        let message = "This must be a FHIR R4 QuestionnaireResponse.";
        out.push(root.member("resourceType").fatal("wrong_resource_type", message));
        return None;
    }
    structure::check(json, &root, out);
    fields.resource_members(&MEMBERS, out);
    let header = header(&fields, out);
    let ItemsRead { answers, origins, places, stations } = response_items::read(definition, &fields, out);
    let enabled = Enabled::of(definition, &answers);
    for answer in answers.iter() {
        if let Some(places) = places.get(&answer.key) {
            out.extend(judge(definition, &answers, &enabled, answer, places));
        }
    }
    let header = Header { origins, ..header? };
    let at = |item: &Item, key: &AnswerKey| stations.of(definition, item, key);
    let missing = missing(definition, &answers, &enabled, &Setting::default(), &at);
    match header.status {
        ResponseStatus::Completed | ResponseStatus::Amended => out.extend(missing),
        ResponseStatus::InProgress | ResponseStatus::Stopped => {
            out.extend(missing.into_iter().map(|finding| Finding { severity: Severity::Warning, ..finding }));
        }
        ResponseStatus::EnteredInError => {}
    }
    Some((answers, header))
}

/// Judges a reference of the response as a whole, which leads to one of `allowed`; to anything, where these are none.
fn judge_target(json: &Json, place: &Place, allowed: &[&str], out: &mut Vec<Finding>) {
    if !json.is_object() {
        out.push(place.error("wrong_type", "This must be a reference."));
    }
    let Ok(reference) = Reference::read(json) else { return };
    let is_other = |kind: &str| !is_resource_type(kind) || (!allowed.is_empty() && !allowed.contains(&kind));
    if reference.resource_type().is_some_and(is_other) {
        let message = match allowed {
            [] => "FHIR R4 has no resources of this type.".to_owned(),
            _ => format!("This must refer to one of: {}.", allowed.join(", ")),
        };
        out.push(place.error("wrong_reference", message));
    }
}

fn header(fields: &Fields<'_>, out: &mut Vec<Finding>) -> Option<Header> {
    let status = fields.code("status", "unknown_status", out);
    if !fields.map().contains_key("status") {
        out.push(fields.place().member("status").error("unknown_status", "A response needs a status."));
    }
    let authored = fields.text("authored", out);
    if authored.is_some_and(|authored| !moment::is_date_time(authored)) {
        out.push(
            fields
                .place()
                .member("authored")
                .error("wrong_type", "This must be a date, or a date with time."),
        );
    }
    for (name, allowed) in TARGETS {
        let Some(json) = fields.map().get(name) else { continue };
        let is_list = matches!(name, "basedOn" | "partOf");
        let several =
            if is_list { fields.list(name, out) } else { vec![(json, fields.place().member(name))] };
        for (json, place) in several {
            judge_target(json, &place, allowed, out);
        }
    }
    let reference = |name: &str| fields.map().get(name).cloned();
    let (subject, source, author) = (reference("subject"), reference("source"), reference("author"));
    let questionnaire = fields.text("questionnaire", out).map(str::to_owned);
    Some(Header {
        status: status?,
        authored: authored.map(str::to_owned),
        subject,
        source,
        author,
        questionnaire,
        origins: BTreeMap::new(),
    })
}
