//! Reading the items of a QuestionnaireResponse: each where its definition has it, in that order and with those words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::answer::{Answer, AnswerKey, Answers, State};
use super::definition::Definition;
use super::extension::extensions;
use super::fields::Fields;
use super::finding::{Finding, Place};
use super::item::{Item, ItemType};
use super::judge::{AnswerPlaces, MAX_OCCURRENCE};
use super::origin::Attributed;
use super::response::ANSWER_STATE;
use super::value::Value;

/// HL7's extension that says why a value is not there.
const ABSENT_REASON: &str = "data-absent-reason";

/// What the items of a response come to.
pub(super) struct ItemsRead {
    pub(super) answers: Answers,
    /// Where the answers come from, of those of which it is said.
    pub(super) origins: BTreeMap<AnswerKey, Attributed>,
    /// Where each answer stands.
    pub(super) places: BTreeMap<AnswerKey, AnswerPlaces>,
    pub(super) stations: Stations,
}

/// Where in the document the items inside an item belong, by its index and their occurrence.
pub(super) struct Stations {
    root: Place,
    inside: BTreeMap<(usize, Vec<u32>), Place>,
}

impl Stations {
    /// Where an item that is missing belongs: the nearest thing around it that is there.
    pub(super) fn of(&self, definition: &Definition, item: &Item, key: &AnswerKey) -> Place {
        let mut around = item.parent;
        let mut occurrence = key.occurrence.as_slice();
        while let Some((index, parent)) = around.and_then(|index| Some((index, definition.item(index)?))) {
            if let Some(place) = self.inside.get(&(index, occurrence.to_vec())) {
                return place.clone();
            }
            occurrence = occurrence.get(..parent.axes.len()).unwrap_or_default();
            around = parent.parent;
        }
        self.root.clone()
    }
}

/// Reads all items of a response. Those that are not where they belong are reported and not gone into.
pub(super) fn read(definition: &Definition, response: &Fields<'_>, out: &mut Vec<Finding>) -> ItemsRead {
    let stations = Stations { root: response.place().clone(), inside: BTreeMap::new() };
    let (answers, origins, places) = (Answers::default(), BTreeMap::new(), BTreeMap::new());
    let read = ItemsRead { answers, origins, places, stations };
    let contained = response.map().get("contained").and_then(Json::as_array).into_iter().flatten();
    let contained = contained.filter_map(|resource| resource.get("id").and_then(Json::as_str)).collect();
    let mut reader = Reader { definition, contained, read };
    reader.items(response, None, &[], out);
    reader.read
}

struct Reader<'d> {
    definition: &'d Definition,
    /// The ids of the resources that the response contains.
    contained: BTreeSet<&'d str>,
    read: ItemsRead,
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
        let mut last = None;
        for entry in fields.objects("item", out) {
            let Some((index, item)) = self.identify(&entry, parent, out) else { continue };
            if last.is_some_and(|last| index < last) {
                let message = "The items stand in another order than in the questionnaire.";
                out.push(entry.place().error("item_out_of_order", message));
            }
            last = Some(index);
            judge_text(&entry, item, out);
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
                if !item.repeats || !item.kind.is_question() {
                    let message = "This item stands here twice, but only one that repeats may.";
                    out.push(entry.place().error("item_twice", message));
                    continue;
                }
                let message = "The answers to one question belong in one item; they are taken together.";
                out.push(entry.place().warning("answers_apart", message));
            }
            match item.kind {
                ItemType::Group => self.group(&entry, index, occurrence, out),
                ItemType::Display => display(&entry, out),
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
        self.inside(entry, index, occurrence, out);
    }

    fn inside(&mut self, fields: &Fields<'_>, index: usize, occurrence: &[u32], out: &mut Vec<Finding>) {
        let station = (index, occurrence.to_vec());
        self.read.stations.inside.entry(station).or_insert_with(|| fields.place().clone());
        self.items(fields, Some(index), occurrence, out);
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
        let key = AnswerKey::at(&item.link_id, occurrence);
        let mut values = self.read.answers.values(&key).to_vec();
        let mut each = self.read.places.remove(&key).map(|places| places.each).unwrap_or_default();
        let state = self.state(entry, out);
        let mut reason = None;
        for answer in entry.objects("answer", out) {
            answer.only(&["id", "extension", "item"], Some("value"), out);
            let number = u32::try_from(values.len()).unwrap_or(u32::MAX);
            match Value::choose("value", answer.map()) {
                Ok(Some(value)) => {
                    self.judge_reference(&value, &answer, out);
                    values.push(value);
                    each.push(answer.place().clone());
                }
                Ok(None) => reason = reason.or(absent(&answer, out)),
                Err(misread) => {
                    let place =
                        misread.member.iter().fold(answer.place().clone(), |place, name| place.member(name));
                    out.push(place.error("wrong_type", misread.message));
                }
            }
            let number = item.repeats.then_some(number);
            let inner: Vec<u32> = occurrence.iter().copied().chain(number).collect();
            self.inside(&answer, index, &inner, out);
        }
        let place = entry.place();
        let state = match (state, reason) {
            (Some(state), _) => state,
            (None, _) if !values.is_empty() => State::Answered,
            (None, Some(state)) => state,
            (None, None) => return,
        };
        let answer = Answer { key: key.clone(), state, values };
        let places = AnswerPlaces {
            link_id: place.member("linkId"),
            occurrence: place.clone(),
            state: place.member("extension"),
            values: place.member("answer"),
            each,
        };
        self.read.origins.extend(Attributed::read(entry, out).map(|origin| (key.clone(), origin)));
        self.read.places.insert(key, places);
        self.read.answers.save(answer);
    }

    /// The state our own export writes where there are no values.
    fn state(&self, entry: &Fields<'_>, out: &mut Vec<Finding>) -> Option<State> {
        let found = extensions(entry, out);
        found.iter().find(|extension| extension.url == ANSWER_STATE)?.code(out)
    }

    /// A reference into the response itself must lead somewhere (FHIR R4, ref-1).
    fn judge_reference(&self, value: &Value, answer: &Fields<'_>, out: &mut Vec<Finding>) {
        let Value::Reference(reference) = value else { return };
        let inside = reference.reference.as_deref().and_then(|literal| literal.strip_prefix('#'));
        if inside.is_some_and(|id| !id.is_empty() && !self.contained.contains(id)) {
            let place = answer.place().member("valueReference").member("reference");
            out.push(place.error("reference_to_nothing", "The response contains no resource with this id."));
        }
    }
}

/// The words of an item, where they are given, must be those of the questionnaire: otherwise something else was asked.
fn judge_text(entry: &Fields<'_>, item: &Item, out: &mut Vec<Finding>) {
    let Some(text) = entry.text("text", out) else { return };
    if !item.says(text) {
        let message = "These are not the words of the questionnaire for this item.";
        out.push(entry.place().member("text").error("text_differs", message));
    }
}

fn display(entry: &Fields<'_>, out: &mut Vec<Finding>) {
    for name in ["answer", "item"] {
        if entry.map().contains_key(name) {
            out.push(entry.place().member(name).error("not_a_question", "A text is not answered."));
        }
    }
}

/// What became of a question whose answer has no value, as far as HL7's extension says so. Without any reason given an
/// answer without a value is nothing at all.
fn absent(answer: &Fields<'_>, out: &mut Vec<Finding>) -> Option<State> {
    let on_value = answer.map().iter().find(|(name, _)| name.starts_with("_value"));
    let on_value =
        on_value.and_then(|(name, json)| Fields::of(json, answer.place().member(name), &mut Vec::new()));
    let all = extensions(answer, out).into_iter().chain(on_value.iter().flat_map(|f| extensions(f, out)));
    let mut reasons = all.filter(|extension| extension.standard() == Some(ABSENT_REASON));
    let reason = reasons.next().and_then(|extension| extension.text(&mut Vec::new()));
    match reason {
        Some("asked-declined") => Some(State::PreferNot),
        Some(_) => Some(State::Skipped),
        None if answer.map().contains_key("item") => {
            let message = "This answer has no value, only what is inside it.";
            out.push(answer.place().warning("value_missing", message));
            None
        }
        None => {
            out.push(answer.place().error("value_missing", "An answer needs a value[x]."));
            None
        }
    }
}
