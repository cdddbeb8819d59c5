//! The document of an instrument in the words of another language.

use serde_json::{Map, Value as Json, json};

use super::definition::Definition;
use super::extension::OWN;
use super::item::{AnswerOption, Choices, Item};
use super::value::Value;

type Object = Map<String, Json>;

/// The Questionnaire of a document, or the document of a Bundle, with the words of `translated`: the same instrument in
/// another language. Nothing but words is changed, except that a question whose options stand in a value set lists them
/// itself, because a value set can serve several questions.
#[must_use]
pub fn translated_document(document: &Json, translated: &Definition) -> Json {
    let mut document = document.clone();
    let is_one =
        |resource: &&mut Json| resource.get("resourceType").and_then(Json::as_str) == Some("Questionnaire");
    let bundled = document.get("entry").is_some();
    let entries = document.get_mut("entry").and_then(Json::as_array_mut);
    let found = entries.into_iter().flatten().filter_map(|entry| entry.get_mut("resource")).find(is_one);
    let questionnaire = match found {
        Some(questionnaire) => questionnaire,
        None if bundled => return document,
        None => &mut document,
    };
    if let Some(members) = questionnaire.as_object_mut() {
        put(members, "language", translated.language());
        if members.contains_key("title") {
            put(members, "title", translated.title());
        }
        scores(members, translated);
        items(members, translated);
    }
    document
}

fn put(members: &mut Object, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        members.insert(name.to_owned(), Json::from(text));
    }
}

fn items(members: &mut Object, translated: &Definition) {
    let inside = members.get_mut("item").and_then(Json::as_array_mut);
    for json in inside.into_iter().flatten().filter_map(Json::as_object_mut) {
        let link_id = json.get("linkId").and_then(Json::as_str).unwrap_or_default().to_owned();
        if let Some((_, item)) = translated.find(&link_id) {
            one(json, item);
        }
        items(json, translated);
    }
}

fn one(json: &mut Object, item: &Item) {
    if json.contains_key("text") {
        put(json, "text", item.text.as_deref());
    }
    for (name, parts) in own_extensions(json) {
        match name.as_str() {
            "help-text" => {
                let member =
                    ["valueString", "valueMarkdown"].into_iter().find(|one| parts.contains_key(*one));
                put(parts, member.unwrap_or("valueString"), item.presentation.help_text.as_deref());
            }
            "concern" => {
                let title = item.marks.concern.as_ref().map(|(_, title)| title.as_str());
                set_part(parts, "title", title);
            }
            _ => {}
        }
    }
    let Choices::Listed(options) = &item.choices else { return };
    if json.shift_remove("answerValueSet").is_some() {
        json.insert("answerOption".to_owned(), options.iter().map(listed).collect());
        return;
    }
    let offered = json.get_mut("answerOption").and_then(Json::as_array_mut);
    for offer in offered.into_iter().flatten() {
        let Ok(value) = Value::from_json(&json!({"valueCoding": offer.get("valueCoding")})) else { continue };
        let Some(AnswerOption { value: Value::Coding(words), .. }) = item.choices.option(&value) else {
            continue;
        };
        if let Some(coding) = offer.get_mut("valueCoding").and_then(Json::as_object_mut) {
            put(coding, "display", words.display.as_deref());
        }
    }
}

/// An option as a question itself lists it.
fn listed(option: &AnswerOption) -> Json {
    let mut json = option.value.to_json();
    let mut extensions = Vec::new();
    let hl7 = |name: &str| format!("http://hl7.org/fhir/StructureDefinition/{name}");
    if let Some(weight) = option.ordinal {
        extensions.push(json!({"url": hl7("ordinalValue"), "valueDecimal": weight}));
    }
    if option.exclusive {
        extensions.push(json!({"url": hl7("questionnaire-optionExclusive"), "valueBoolean": true}));
    }
    if let Some(members) = json.as_object_mut() {
        if !extensions.is_empty() {
            members.insert("extension".to_owned(), Json::Array(extensions));
        }
        if option.initially_selected {
            members.insert("initialSelected".to_owned(), Json::Bool(true));
        }
    }
    json
}

fn scores(members: &mut Object, translated: &Definition) {
    for (name, score) in own_extensions(members) {
        if name != "score" {
            continue;
        }
        let code = part_text(score, "code");
        let Some(words) = translated.scores().iter().find(|one| Some(&one.code) == code.as_ref()) else {
            continue;
        };
        set_part(score, "title", Some(&words.title));
        let parts = score.get_mut("extension").and_then(Json::as_array_mut);
        for band in parts.into_iter().flatten().filter_map(Json::as_object_mut) {
            if band.get("url").and_then(Json::as_str) != Some("band") {
                continue;
            }
            let code = part_text(band, "code");
            let found = words.bands.iter().find(|one| Some(&one.code) == code.as_ref());
            set_part(band, "title", found.map(|band| band.title.as_str()));
        }
    }
}

/// The extensions of ours on an element, by their names.
fn own_extensions(members: &mut Object) -> impl Iterator<Item = (String, &mut Object)> {
    let extensions = members.get_mut("extension").and_then(Json::as_array_mut);
    extensions.into_iter().flatten().filter_map(|extension| {
        let extension = extension.as_object_mut()?;
        let name = extension.get("url")?.as_str()?.strip_prefix(OWN)?.to_owned();
        Some((name, extension))
    })
}

fn part_text(extension: &Object, name: &str) -> Option<String> {
    let parts = extension.get("extension")?.as_array()?;
    let part = parts.iter().find(|part| part.get("url").and_then(Json::as_str) == Some(name))?;
    ["valueCode", "valueString"].into_iter().find_map(|member| Some(part.get(member)?.as_str()?.to_owned()))
}

/// Writes the text of a part that is there.
fn set_part(extension: &mut Object, name: &str, text: Option<&str>) {
    let parts = extension.get_mut("extension").and_then(Json::as_array_mut);
    let mut parts = parts.into_iter().flatten().filter_map(Json::as_object_mut);
    let Some(part) = parts.find(|part| part.get("url").and_then(Json::as_str) == Some(name)) else { return };
    let member =
        ["valueString", "valueCode", "valueMarkdown"].into_iter().find(|one| part.contains_key(*one));
    put(part, member.unwrap_or("valueString"), text);
}
