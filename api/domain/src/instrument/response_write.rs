//! Writing answers as a FHIR R4 QuestionnaireResponse.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::answer::{AnswerKey, Answers, State};
use super::definition::Definition;
use super::item::{Item, ItemType};
use super::response::{ANSWER_STATE, Header};

/// Writes the answers as they are recorded, in the order of the form. Groups without anything recorded inside are
/// left out; a question without values carries its state in an extension of ours, and one whose origin is known says it in
/// another.
pub fn write_response(definition: &Definition, answers: &Answers, header: &Header) -> Json {
    let mut response = Map::new();
    response.insert("resourceType".to_owned(), json!("QuestionnaireResponse"));
    let questionnaire = header.questionnaire.clone().or_else(|| definition.canonical());
    let mut put = |name: &str, member: Option<Json>| {
        if let Some(member) = member {
            response.insert(name.to_owned(), member);
        }
    };
    put("questionnaire", questionnaire.map(Json::String));
    put("status", Some(Json::String(header.status.to_string())));
    put("subject", header.subject.clone());
    put("authored", header.authored.clone().map(Json::String));
    put("author", header.author.clone());
    put("source", header.source.clone());
    let writer = Writer { definition, answers, header };
    let items = writer.items(None, &[]);
    put("item", if items.is_empty() { None } else { Some(Json::Array(items)) });
    Json::Object(response)
}

struct Writer<'a> {
    definition: &'a Definition,
    answers: &'a Answers,
    header: &'a Header,
}

impl Writer<'_> {
    /// The items inside one occurrence of their parent. Definitions nest to a bounded depth, and so does this.
    fn items(&self, parent: Option<usize>, occurrence: &[u32]) -> Vec<Json> {
        let children = self.definition.children(parent);
        children.flat_map(|(index, item)| self.item(index, item, occurrence)).collect()
    }

    fn item(&self, index: usize, item: &Item, occurrence: &[u32]) -> Vec<Json> {
        match item.kind {
            ItemType::Display => Vec::new(),
            ItemType::Group if item.repeats => {
                let numbers = self.begun(index, occurrence);
                let inner = numbers.into_iter().map(|number| inside(occurrence, number));
                inner.filter_map(|inner| self.group(index, item, &inner)).collect()
            }
            ItemType::Group => self.group(index, item, occurrence).into_iter().collect(),
            _ => self.question(index, item, occurrence).into_iter().collect(),
        }
    }

    fn group(&self, index: usize, item: &Item, occurrence: &[u32]) -> Option<Json> {
        let items = self.items(Some(index), occurrence);
        if items.is_empty() { None } else { Some(with(item, "item", Json::Array(items))) }
    }

    fn question(&self, index: usize, item: &Item, occurrence: &[u32]) -> Option<Json> {
        let record = self.answers.get(&AnswerKey::at(&item.link_id, occurrence))?;
        let attributed = self.header.origins.get(&record.key);
        let mut extensions: Vec<Json> = attributed.map(|attributed| attributed.write()).into_iter().collect();
        if record.state != State::Answered {
            extensions.push(json!({"url": ANSWER_STATE, "valueCode": record.state.to_string()}));
            return Some(with(item, "extension", Json::Array(extensions)));
        }
        let answers = record.values.iter().zip(0_u32..).map(|(value, number)| {
            let mut answer = value.to_json();
            let inner = if item.repeats { inside(occurrence, number) } else { occurrence.to_vec() };
            let items = self.items(Some(index), &inner);
            if let (Json::Object(answer), false) = (&mut answer, items.is_empty()) {
                answer.insert("item".to_owned(), Json::Array(items));
            }
            answer
        });
        let mut written = with(item, "answer", answers.collect());
        if let (Json::Object(written), false) = (&mut written, extensions.is_empty()) {
            written.insert("extension".to_owned(), Json::Array(extensions));
        }
        Some(written)
    }

    /// The occurrences of a repeating group in which anything is recorded.
    fn begun(&self, group: usize, outer: &[u32]) -> BTreeSet<u32> {
        let keys =
            self.answers.iter().map(|answer| &answer.key).filter(|key| key.occurrence.starts_with(outer));
        let inside = keys.filter(|key| {
            let item = self.definition.find(&key.link_id);
            item.is_some_and(|(_, item)| item.axes.get(outer.len()) == Some(&group))
        });
        inside.filter_map(|key| key.occurrence.get(outer.len()).copied()).collect()
    }
}

fn inside(outer: &[u32], number: u32) -> Vec<u32> {
    outer.iter().copied().chain([number]).collect()
}

fn with(item: &Item, name: &str, member: Json) -> Json {
    let mut map = Map::new();
    map.insert("linkId".to_owned(), Json::String(item.link_id.clone()));
    if let Some(text) = &item.text {
        map.insert("text".to_owned(), Json::String(text.clone()));
    }
    map.insert(name.to_owned(), member);
    Json::Object(map)
}
