//! The words of an instrument in another language: texts beside a version that share its codes.
//!
//! A translation says nothing but words. Link ids, codes, conditions, scores and rules stay those of the version, so
//! that answers given in any language are one set of answers. What belongs to no question, option, concern or score of
//! the version is refused.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::language::Language;

use super::definition::Definition;
use super::finding::{Finding, Place};
use super::item::{AnswerOption, Item};
use super::score::ScoreDefinition;
use super::value::Value;

/// The longest question or help text, in characters.
const MAX_TEXT: usize = 8000;
/// The longest title, in characters.
const MAX_TITLE: usize = 1000;

/// The words of a version in one language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = TranslationTexts))]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// The title of the instrument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(max_length = 1000, nullable = false))]
    pub title: Option<String>,
    /// Questions, groups and lines of text.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_items = 2000))]
    pub items: Vec<ItemTexts>,
    /// The concerns of a needs assessment, by code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(max_items = 2000))]
    pub concerns: Vec<CodeTitle>,
    /// Scores and what they mean, by code. For those who read them; nobody is asked with these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(max_items = 500))]
    pub scores: Vec<ScoreTexts>,
}

/// The words of one item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ItemTexts {
    /// The item.
    #[cfg_attr(feature = "schema", schema(max_length = 255, example = "URI.leakage.gate"))]
    pub link_id: String,
    /// What is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(max_length = 8000, nullable = false))]
    pub text: Option<String>,
    /// The fixed help text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(max_length = 8000, nullable = false))]
    pub help_text: Option<String>,
    /// The answers offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(max_items = 10000))]
    pub options: Vec<OptionText>,
}

/// The words of one of the answers offered, which keeps its code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OptionText {
    /// The code system, where the code alone does not say which option is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(max_length = 1024, nullable = false))]
    pub system: Option<String>,
    /// The code.
    #[cfg_attr(feature = "schema", schema(max_length = 255, example = "yes"))]
    pub code: String,
    /// What is shown for it.
    #[cfg_attr(feature = "schema", schema(max_length = 1000, example = "Tak"))]
    pub display: String,
}

/// A code and what it is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CodeTitle {
    /// The code.
    #[cfg_attr(feature = "schema", schema(max_length = 255, example = "URI.leakage"))]
    pub code: String,
    /// What it is called.
    #[cfg_attr(feature = "schema", schema(max_length = 1000))]
    pub title: String,
}

/// What a score and its bands are called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ScoreTexts {
    /// The code of the score.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "phq9"))]
    pub code: String,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(max_length = 1000, nullable = false))]
    pub title: Option<String>,
    /// Its bands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(max_items = 500))]
    pub bands: Vec<CodeTitle>,
}

/// Words that people are asked with and that a translation does not have yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MissingText {
    /// `title`, `text`, `help_text`, `option` or `concern`.
    #[cfg_attr(feature = "schema", schema(value_type = String, max_length = 16, example = "text"))]
    pub part: &'static str,
    /// The item; none of the title and of concerns.
    #[cfg_attr(feature = "schema", schema(max_length = 255, example = "URI.leakage.gate"))]
    pub link_id: Option<String>,
    /// The code of the option or the concern.
    #[cfg_attr(feature = "schema", schema(max_length = 255, example = "yes"))]
    pub code: Option<String>,
}

impl OptionText {
    fn means(&self, option: &AnswerOption) -> bool {
        let Value::Coding(coding) = &option.value else { return false };
        coding.code.as_ref() == Some(&self.code) && (self.system.is_none() || self.system == coding.system)
    }
}

impl Texts {
    fn item(&self, link_id: &str) -> Option<&ItemTexts> {
        self.items.iter().find(|item| item.link_id == link_id)
    }

    /// What in these texts belongs to nothing of the version, is said twice, or says nothing.
    #[must_use]
    pub fn check(&self, definition: &Definition) -> Vec<Finding> {
        let mut out = Vec::new();
        let root = Place::root("Translation");
        filled(self.title.as_deref(), &root.member("title"), MAX_TITLE, &mut out);
        let mut seen = BTreeSet::new();
        for (n, texts) in self.items.iter().enumerate() {
            let place = root.member("items").index(n);
            if !seen.insert(texts.link_id.as_str()) {
                out.push(place.member("link_id").error("twice", "This item was given before."));
            }
            match definition.find(&texts.link_id) {
                Some((_, item)) => texts.check(item, &place, &mut out),
                None => {
                    let message = "The instrument has no item with this link id.";
                    out.push(place.member("link_id").error("unknown_item", message));
                }
            }
        }
        let concerns: Vec<&str> = definition.concerns().iter().map(|one| one.code.as_str()).collect();
        titles(&self.concerns, &concerns, &root.member("concerns"), &mut out);
        let mut seen = BTreeSet::new();
        for (n, texts) in self.scores.iter().enumerate() {
            let place = root.member("scores").index(n);
            if !seen.insert(texts.code.as_str()) {
                out.push(place.member("code").error("twice", "This score was given before."));
            }
            filled(texts.title.as_deref(), &place.member("title"), MAX_TITLE, &mut out);
            match definition.scores().iter().find(|score| score.code == texts.code) {
                Some(score) => {
                    let bands: Vec<&str> = score.bands.iter().map(|band| band.code.as_str()).collect();
                    titles(&texts.bands, &bands, &place.member("bands"), &mut out);
                }
                None => {
                    let message = "The instrument has no score with this code.";
                    out.push(place.member("code").error("unknown_score", message));
                }
            }
        }
        out
    }

    /// The words that people are asked with and that are not here, in document order.
    #[must_use]
    pub fn missing(&self, definition: &Definition, language: &Language) -> Vec<MissingText> {
        let mut missing = Vec::new();
        let mut lacks = |part, link_id: Option<&str>, code: Option<&str>| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            missing.push(MissingText { part, link_id: owned(link_id), code: owned(code) });
        };
        if definition.title().is_some() && self.title.is_none() {
            lacks("title", None, None);
        }
        let nothing = ItemTexts::default();
        for (_, item) in definition.items().filter(|(_, item)| !item.presentation.hidden) {
            let texts = self.item(&item.link_id).unwrap_or(&nothing);
            let link_id = Some(item.link_id.as_str());
            let comes_along = item.presentation.translations.contains_key(language.as_str());
            if item.text.is_some() && texts.text.is_none() && !comes_along {
                lacks("text", link_id, None);
            }
            if item.presentation.help_text.is_some() && texts.help_text.is_none() {
                lacks("help_text", link_id, None);
            }
            for option in item.choices.options() {
                let Value::Coding(coding) = &option.value else { continue };
                if coding.display.is_some() && !texts.options.iter().any(|text| text.means(option)) {
                    lacks("option", link_id, coding.code.as_deref());
                }
            }
        }
        for concern in definition.concerns() {
            if !self.concerns.iter().any(|text| text.code == concern.code) {
                lacks("concern", None, Some(&concern.code));
            }
        }
        missing
    }
}

impl ItemTexts {
    fn check(&self, item: &Item, place: &Place, out: &mut Vec<Finding>) {
        filled(self.text.as_deref(), &place.member("text"), MAX_TEXT, out);
        filled(self.help_text.as_deref(), &place.member("help_text"), MAX_TEXT, out);
        let mut seen: Vec<(&Option<String>, &str)> = Vec::new();
        for (n, text) in self.options.iter().enumerate() {
            let place = place.member("options").index(n);
            filled(Some(&text.display), &place.member("display"), MAX_TITLE, out);
            if seen.contains(&(&text.system, &text.code)) {
                out.push(place.member("code").error("twice", "This option was given before."));
            }
            seen.push((&text.system, &text.code));
            if !item.choices.options().iter().any(|option| text.means(option)) {
                // Where an option is a text, the text is the answer: in other words it would be another answer.
                let message =
                    "The question offers no code like this. An option without a code cannot be translated.";
                out.push(place.member("code").error("unknown_option", message));
            }
        }
    }
}

fn titles(texts: &[CodeTitle], known: &[&str], place: &Place, out: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for (n, text) in texts.iter().enumerate() {
        let place = place.index(n);
        filled(Some(&text.title), &place.member("title"), MAX_TITLE, out);
        if !seen.insert(text.code.as_str()) {
            out.push(place.member("code").error("twice", "This code was given before."));
        }
        if !known.contains(&text.code.as_str()) {
            out.push(place.member("code").error("unknown_code", "The instrument does not have this code."));
        }
    }
}

fn filled(text: Option<&str>, place: &Place, most: usize, out: &mut Vec<Finding>) {
    let Some(text) = text else { return };
    if text.trim().is_empty() {
        out.push(place.error("blank", "This says nothing. Leave it out instead."));
    }
    if text.chars().count() > most {
        out.push(place.error("length", format!("This may have {most} characters.")));
    }
}

impl Definition {
    /// The languages in which the document itself has texts, besides its own.
    #[must_use]
    pub fn languages(&self) -> BTreeSet<Language> {
        let own = self.language().and_then(|tag| tag.parse::<Language>().ok());
        let tags = self.items.iter().flat_map(|item| item.presentation.translations.keys());
        tags.filter_map(|tag| tag.parse().ok()).filter(|tag| Some(tag) != own.as_ref()).collect()
    }

    /// The same instrument in the words of another language: those of a translation, or else those that came along in
    /// the document, or else its own. Everything but the words stays what it is.
    #[must_use]
    pub fn in_language(&self, language: &Language, texts: &Texts) -> Self {
        let mut translated = self.clone();
        let own = self.language.clone().unwrap_or_else(|| "und".to_owned());
        translated.language = Some(language.to_string());
        put(&mut translated.title, texts.title.as_ref());
        let nothing = ItemTexts::default();
        for item in &mut translated.items {
            let words = texts.item(&item.link_id).unwrap_or(&nothing);
            if item.text.is_some() {
                let came_along = item.words_in(language.as_str()).to_owned();
                let before = item.text.replace(words.text.clone().unwrap_or(came_along));
                // A response may repeat the question in any language it was ever asked in.
                item.presentation.translations.extend(before.map(|before| (own.clone(), before)));
            }
            if item.presentation.help_text.is_some() {
                put(&mut item.presentation.help_text, words.help_text.as_ref());
            }
            item.relabel(&words.options);
            if let Some((code, title)) = &mut item.marks.concern
                && let Some(text) = texts.concerns.iter().find(|text| text.code == *code)
            {
                title.clone_from(&text.title);
            }
        }
        for concern in &mut translated.concerns {
            if let Some(text) = texts.concerns.iter().find(|text| text.code == concern.code) {
                concern.title.clone_from(&text.title);
            }
        }
        for score in &mut translated.scores {
            if let Some(text) = texts.scores.iter().find(|text| text.code == score.code) {
                rename(score, text);
            }
        }
        translated
    }
}

impl Item {
    fn relabel(&mut self, texts: &[OptionText]) {
        let super::item::Choices::Listed(options) = &mut self.choices else { return };
        for option in options {
            let text = texts.iter().find(|text| text.means(option));
            if let (Value::Coding(coding), Some(text)) = (&mut option.value, text) {
                coding.display = Some(text.display.clone());
            }
        }
    }
}

fn put(slot: &mut Option<String>, text: Option<&String>) {
    if let Some(text) = text {
        *slot = Some(text.clone());
    }
}

fn rename(score: &mut ScoreDefinition, text: &ScoreTexts) {
    if let Some(title) = &text.title {
        score.title.clone_from(title);
    }
    for band in &mut score.bands {
        if let Some(text) = text.bands.iter().find(|text| text.code == band.code) {
            band.title.clone_from(&text.title);
        }
    }
}
