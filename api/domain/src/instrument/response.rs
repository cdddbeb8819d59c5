//! Reading a FHIR R4 QuestionnaireResponse against its definition.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::answer::{Answer, AnswerKey, Answers, State};
use super::definition::Definition;
use super::enabled::Enabled;
use super::extension::extensions;
use super::fields::Fields;
use super::finding::{Finding, Place};
use super::flow::Setting;
use super::item::{Item, ItemType};
use super::judge::{AnswerPlaces, MAX_OCCURRENCE, judge, judge_complete};
use super::moment;
use super::value::Value;

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
}

impl Header {
    /// A header that says only how far the response has got.
    pub fn with_status(status: ResponseStatus) -> Self {
        Self { status, authored: None, subject: None, source: None, author: None, questionnaire: None }
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

/// Everything there is to say about a response, warnings as well; the same as [`read_response`] would refuse, and
/// whether the response is one to this instrument at all.
pub fn judge_response(definition: &Definition, json: &Json) -> Vec<Finding> {
    let mut out = Vec::new();
    if let Some((_, header)) = read(definition, json, &mut out) {
        out.extend(other_instrument(definition, &header));
    }
    out
}

/// A response that says it answers something else. Where the instrument has no URL there is nothing to compare with.
fn other_instrument(definition: &Definition, header: &Header) -> Option<Finding> {
    let named = header.questionnaire.as_deref()?;
    if definition.url().is_none() || definition.is_named(named) {
        return None;
    }
    let message = "This is a response to another instrument, or to another version of it.";
    Some(Place::root("QuestionnaireResponse").member("questionnaire").error("other_instrument", message))
}

fn read(definition: &Definition, json: &Json, out: &mut Vec<Finding>) -> Option<(Answers, Header)> {
    let root = Place::root("QuestionnaireResponse");
    let fields = Fields::of(json, root.clone(), out)?;
    if json.get("resourceType").and_then(Json::as_str) != Some("QuestionnaireResponse") {
        let message = "This must be a FHIR R4 QuestionnaireResponse.";
        out.push(root.member("resourceType").fatal("wrong_resource_type", message));
        return None;
    }
    let header = header(&fields, out);
    let mut reader = Reader { definition, answers: Answers::default(), places: BTreeMap::new() };
    reader.items(&fields, None, &[], out);
    let enabled = Enabled::of(definition, &reader.answers);
    for answer in reader.answers.iter() {
        if let Some(places) = reader.places.get(&answer.key) {
            out.extend(judge(definition, &reader.answers, &enabled, answer, places));
        }
    }
    let header = header?;
    if matches!(header.status, ResponseStatus::Completed | ResponseStatus::Amended) {
        let missing = judge_complete(definition, &reader.answers, &Setting::default());
        // What is no longer asked has been refused above.
        out.extend(missing.into_iter().filter(Finding::is_refusal));
    }
    Some((reader.answers, header))
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
    let mut reference = |name: &str| {
        let json = fields.map().get(name)?;
        if !json.is_object() {
            out.push(fields.place().member(name).error("wrong_type", "This must be a reference."));
        }
        Some(json.clone())
    };
    let (subject, source, author) = (reference("subject"), reference("source"), reference("author"));
    let questionnaire = fields.text("questionnaire", out).map(str::to_owned);
    Some(Header {
        status: status?,
        authored: authored.map(str::to_owned),
        subject,
        source,
        author,
        questionnaire,
    })
}

struct Reader<'d> {
    definition: &'d Definition,
    answers: Answers,
    places: BTreeMap<AnswerKey, AnswerPlaces>,
}

impl<'d> Reader<'d> {
    /// Reads the items inside one occurrence of their parent. Only items found where the definition has them are
    /// gone into, so this is as deep as the definition at most.
    fn items(
        &mut self,
        fields: &Fields<'_>,
        parent: Option<usize>,
        occurrence: &[u32],
        out: &mut Vec<Finding>,
    ) {
        let mut seen = BTreeSet::new();
        let mut repeated: BTreeMap<usize, u32> = BTreeMap::new();
        for entry in fields.objects("item", out) {
            let Some((index, item)) = self.identify(&entry, parent, out) else { continue };
            if item.kind == ItemType::Group && item.repeats {
                let number = repeated.entry(index).or_default();
                if *number > MAX_OCCURRENCE {
                    if *number == MAX_OCCURRENCE + 1 {
                        let message = "This group stands here more often than anybody could mean; the rest was not read.";
                        out.push(entry.place().error("occurrence_out_of_range", message));
                        *number += 1;
                    }
                    continue;
                }
                let inner: Vec<u32> = occurrence.iter().copied().chain([*number]).collect();
                *number += 1;
                self.group(&entry, index, &inner, out);
                continue;
            }
            if !seen.insert(index) {
                let message = "This item stands here twice, but only a group that repeats may.";
                out.push(entry.place().error("item_twice", message));
                continue;
            }
            match item.kind {
                ItemType::Group => self.group(&entry, index, occurrence, out),
                ItemType::Display => self.display(&entry, out),
                _ => self.question(&entry, index, item, occurrence, out),
            }
        }
    }

    /// The item of the definition that an entry is about, if it belongs here.
    fn identify(
        &self,
        entry: &Fields<'_>,
        parent: Option<usize>,
        out: &mut Vec<Finding>,
    ) -> Option<(usize, &'d Item)> {
        entry.only(&["id", "extension", "linkId", "definition", "text", "answer", "item"], None, out);
        if entry.map().contains_key("modifierExtension") {
            let message = "A modifier extension may change what this means, and none is understood here.";
            out.push(entry.place().member("modifierExtension").error("modifier_extension", message));
        }
        let place = entry.place().member("linkId");
        let Some(link_id) = entry.text("linkId", out) else {
            if !entry.map().contains_key("linkId") {
                out.push(place.error("link_id_missing", "Every item needs a linkId."));
            }
            return None;
        };
        let definition: &'d Definition = self.definition;
        let Some((index, item)) = definition.find(link_id) else {
            let message = format!("This instrument has no item with the linkId “{link_id}”.");
            out.push(place.error("unknown_question", message));
            return None;
        };
        if item.parent != parent {
            let home = item.parent.and_then(|parent| self.definition.item(parent));
            let home =
                home.map_or("at the top".to_owned(), |home| format!("directly inside “{}”", home.link_id));
            out.push(place.error("item_misplaced", format!("“{link_id}” belongs {home}.")));
            return None;
        }
        Some((index, item))
    }

    fn group(&mut self, entry: &Fields<'_>, index: usize, occurrence: &[u32], out: &mut Vec<Finding>) {
        if entry.map().contains_key("answer") {
            out.push(
                entry.place().member("answer").error("not_a_question", "A group is not answered itself."),
            );
        }
        self.items(entry, Some(index), occurrence, out);
    }

    fn display(&self, entry: &Fields<'_>, out: &mut Vec<Finding>) {
        for name in ["answer", "item"] {
            if entry.map().contains_key(name) {
                out.push(entry.place().member(name).error("not_a_question", "A text is not answered."));
            }
        }
    }

    fn question(
        &mut self,
        entry: &Fields<'_>,
        index: usize,
        item: &Item,
        occurrence: &[u32],
        out: &mut Vec<Finding>,
    ) {
        if entry.map().contains_key("item") {
            let message = "What is inside a question stands inside its answer.";
            out.push(entry.place().member("item").error("item_misplaced", message));
        }
        let mut values = Vec::new();
        for (answer, number) in entry.objects("answer", out).into_iter().zip(0_u32..) {
            answer.only(&["id", "extension", "item"], Some("value"), out);
            match Value::choose("value", answer.map()) {
                Ok(Some(value)) => values.push(value),
                Ok(None) => out.push(answer.place().error("value_missing", "An answer needs a value[x].")),
                Err(misread) => {
                    let place =
                        misread.member.iter().fold(answer.place().clone(), |place, name| place.member(name));
                    out.push(place.error("wrong_type", misread.message));
                }
            }
            let number = item.repeats.then_some(number);
            let inner: Vec<u32> = occurrence.iter().copied().chain(number).collect();
            self.items(&answer, Some(index), &inner, out);
        }
        let place = entry.place();
        let key = AnswerKey::at(&item.link_id, occurrence);
        let answer = match self.state(entry, out) {
            None if values.is_empty() => return,
            state => Answer { key: key.clone(), state: state.unwrap_or(State::Answered), values },
        };
        let places = AnswerPlaces {
            link_id: place.member("linkId"),
            occurrence: place.clone(),
            state: place.member("extension"),
            values: place.member("answer"),
        };
        self.places.insert(key, places);
        self.answers.save(answer);
    }

    /// The state our own export writes where there are no values.
    fn state(&self, entry: &Fields<'_>, out: &mut Vec<Finding>) -> Option<State> {
        let found = extensions(entry, out);
        found.iter().find(|extension| extension.url == ANSWER_STATE)?.code(out)
    }
}
