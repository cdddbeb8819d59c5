//! Reading the items of a questionnaire, in document order, into one list.

use std::collections::{BTreeMap, BTreeSet};

use crate::choice::Choice;

use super::coding::Coding;
use super::extension::{self, extensions};
use super::fields::Fields;
use super::finding::{Finding, Place};
use super::item::{AnswerOption, Choices, Item, ItemType, Limits, Marks, Operator, Presentation};
use super::limits::LimitReader;
use super::value::Value;
use super::value_set::ValueSets;
use super::{calculated, coherence, marks};

/// The most items a questionnaire may have. The longest in use have a few hundred.
pub const MAX_ITEMS: usize = 2_000;

/// How deep items may nest.
pub const MAX_DEPTH: usize = 32;

/// The most options a question may offer. Longer lists belong to a terminology server.
const MAX_OPTIONS: usize = 10_000;

/// FHIR allows any string as link id; what is used as an address and a database key has an end (R4's ids end
/// at 64, HL7's own examples go far beyond).
const MAX_LINK_ID: usize = 255;

/// The members of `Questionnaire.item` in R4, and R5's `disabledDisplay`.
const ITEM_MEMBERS: [&str; 19] = [
    "id",
    "extension",
    "linkId",
    "definition",
    "code",
    "prefix",
    "text",
    "type",
    "enableWhen",
    "enableBehavior",
    "disabledDisplay",
    "required",
    "repeats",
    "readOnly",
    "maxLength",
    "answerValueSet",
    "answerOption",
    "initial",
    "item",
];

/// A condition as it stands in the document; its question is looked up when all items are known.
pub(super) struct RawCondition {
    pub(super) item: usize,
    pub(super) question: String,
    pub(super) operator: Operator,
    pub(super) answer: Value,
    pub(super) place: Place,
}

/// What reading the items collects.
pub(super) struct ItemReader<'s> {
    sets: &'s ValueSets,
    pub(super) items: Vec<Item>,
    /// Where each item stands in the document, in step with `items`.
    pub(super) places: Vec<Place>,
    pub(super) conditions: Vec<RawCondition>,
    limits: LimitReader<'s>,
    is_full: bool,
}

impl<'s> ItemReader<'s> {
    pub(super) fn new(sets: &'s ValueSets) -> Self {
        Self {
            sets,
            items: Vec::new(),
            places: Vec::new(),
            conditions: Vec::new(),
            limits: LimitReader::new(sets),
            is_full: false,
        }
    }

    /// Reads the items directly inside a questionnaire or an item.
    pub(super) fn read(
        &mut self,
        fields: &Fields<'_>,
        parent: Option<usize>,
        depth: usize,
        out: &mut Vec<Finding>,
    ) {
        let children = fields.objects("item", out);
        if depth == MAX_DEPTH && !children.is_empty() {
            let message = format!("Items may nest {MAX_DEPTH} deep; what is inside here was not read.");
            out.push(fields.place().member("item").fatal("too_deep", message));
            return;
        }
        for child in children {
            if self.items.len() == MAX_ITEMS {
                if !self.is_full {
                    let message =
                        format!("A questionnaire may have {MAX_ITEMS} items; the rest was not read.");
                    out.push(child.place().fatal("too_many_items", message));
                }
                self.is_full = true;
                return;
            }
            self.item(&child, parent, depth, out);
        }
    }

    fn item(&mut self, fields: &Fields<'_>, parent: Option<usize>, depth: usize, out: &mut Vec<Finding>) {
        fields.only(&ITEM_MEMBERS, None, out);
        let index = self.items.len();
        let kind = kind(fields, out);
        let mut item = Item {
            link_id: link_id(fields, out),
            // An item without a readable type is refused anyway; until then it is treated as the mildest one.
            kind: kind.unwrap_or(ItemType::String),
            parent,
            children: Vec::new(),
            depth,
            axes: self.axes(parent),
            prefix: fields.text("prefix", out).map(str::to_owned),
            text: fields.text("text", out).map(str::to_owned),
            codes: codes(fields, out),
            required: fields.flag("required", out),
            repeats: fields.flag("repeats", out),
            read_only: fields.flag("readOnly", out),
            initial: Vec::new(),
            choices: Choices::Free,
            enable_when: Vec::new(),
            enable_behavior: fields.code("enableBehavior", "unknown_behavior", out).unwrap_or_default(),
            limits: Limits { max_length: fields.count("maxLength", out), ..Limits::default() },
            presentation: Presentation {
                disabled_display: fields.code("disabledDisplay", "unknown_display", out),
                translations: translations(fields, out),
                ..Presentation::default()
            },
            marks: Marks::default(),
        };
        if let Some(kind) = kind {
            self.extend(&mut item, fields, out);
            item.choices = self.choices(fields, kind, out);
            item.initial = initial(fields, &item, out);
            rules(&item, fields, out);
            coherence::check(&item, fields, out);
        }
        self.raw_conditions(fields, index, out);
        if let Some(parent) = parent.and_then(|parent| self.items.get_mut(parent)) {
            parent.children.push(index);
        }
        self.items.push(item);
        self.places.push(fields.place().clone());
        self.read(fields, Some(index), depth + 1, out);
    }

    fn axes(&self, parent: Option<usize>) -> Vec<usize> {
        let Some((index, parent)) = parent.and_then(|index| Some((index, self.items.get(index)?))) else {
            return Vec::new();
        };
        let own = parent.repeats.then_some(index);
        parent.axes.iter().copied().chain(own).collect()
    }

    fn choices(&self, fields: &Fields<'_>, kind: ItemType, out: &mut Vec<Finding>) -> Choices {
        let options = options(fields, kind, out);
        let Some(url) = fields.text("answerValueSet", out) else {
            if options.is_empty() && kind.is_choice() {
                let message = "This question offers no options. Answers are only checked for being a code.";
                out.push(fields.place().warning("no_options", message));
                return Choices::Unknown;
            }
            return if options.is_empty() { Choices::Free } else { Choices::Listed(options) };
        };
        let place = fields.place().member("answerValueSet");
        if !kind.is_choice() {
            out.push(
                place.error("options_not_allowed", "Only choice and open-choice questions have a value set."),
            );
        }
        if fields.map().contains_key("answerOption") {
            let message = "A question has either answerOption or answerValueSet, not both.";
            out.push(place.error("two_lists_of_options", message));
        }
        match self.sets.resolve(url) {
            Some(options) => Choices::Listed(options.to_vec()),
            None => {
                out.push(self.sets.unresolved(&place, url));
                Choices::Unknown
            }
        }
    }

    fn extend(&mut self, item: &mut Item, fields: &Fields<'_>, out: &mut Vec<Finding>) {
        let mut seen = Vec::new();
        for extension in extensions(fields, out) {
            if let Some(name) = extension.own() {
                marks::read(name, &extension, item.kind, &mut item.marks, &mut item.presentation, out);
            } else if extension.is_calculation() {
                item.marks.calculated = calculated::expression(&extension, out);
                // Nobody answers what is worked out.
                item.required = false;
            } else if let Some(name) = extension.standard() {
                self.limits.read(name, &extension, item, &mut seen, out);
            } else if let Some(name) = extension.data_capture() {
                self.limits.data_capture(name, &extension, item, &mut seen, out);
            }
        }
    }

    fn raw_conditions(&mut self, fields: &Fields<'_>, item: usize, out: &mut Vec<Finding>) {
        let conditions = fields.objects("enableWhen", out);
        if conditions.len() > 1 && !fields.map().contains_key("enableBehavior") {
            let message =
                "With more than one enableWhen, enableBehavior must say whether all or any must hold.";
            out.push(fields.place().member("enableBehavior").error("behavior_missing", message));
        }
        for condition in conditions {
            condition.only(&["id", "extension", "question", "operator"], Some("answer"), out);
            let place = condition.place();
            let question = required_text(&condition, "question", out);
            let operator: Option<Operator> = match condition.map().get("operator") {
                Some(_) => condition.code("operator", "unknown_operator", out),
                None => {
                    out.push(
                        place.member("operator").error("operator_missing", "A condition needs an operator."),
                    );
                    None
                }
            };
            let answer =
                value(&condition, "answer", "answer_missing", "A condition needs an answer[x].", out);
            if let (Some(question), Some(operator), Some(answer)) = (question, operator, answer) {
                let question = question.to_owned();
                self.conditions.push(RawCondition { item, question, operator, answer, place: place.clone() });
            }
        }
    }
}

fn kind(fields: &Fields<'_>, out: &mut Vec<Finding>) -> Option<ItemType> {
    if !fields.map().contains_key("type") {
        out.push(fields.place().member("type").error("type_missing", "Every item needs a type."));
        return None;
    }
    fields.code("type", "unknown_item_type", out)
}

fn link_id(fields: &Fields<'_>, out: &mut Vec<Finding>) -> String {
    let Some(text) = required_text(fields, "linkId", out) else { return String::new() };
    let place = fields.place().member("linkId");
    if text.chars().count() > MAX_LINK_ID {
        let message = format!("A linkId may have {MAX_LINK_ID} characters.");
        out.push(place.error("link_id_too_long", message));
    }
    if text.trim() != text || text.chars().any(char::is_control) {
        out.push(place.error("link_id_malformed", "A linkId must not begin or end with a space."));
    }
    text.to_owned()
}

fn required_text<'a>(fields: &Fields<'a>, name: &str, out: &mut Vec<Finding>) -> Option<&'a str> {
    if !fields.map().contains_key(name) {
        let code = if name == "linkId" { "link_id_missing" } else { "question_missing" };
        out.push(fields.place().member(name).error(code, format!("“{name}” is missing.")));
    }
    fields.text(name, out)
}

/// The `<prefix>[x]` member, or a finding.
fn value(
    fields: &Fields<'_>,
    prefix: &str,
    code: &'static str,
    missing: &str,
    out: &mut Vec<Finding>,
) -> Option<Value> {
    match Value::choose(prefix, fields.map()) {
        Ok(Some(value)) => return Some(value),
        Ok(None) => out.push(fields.place().error(code, missing)),
        Err(misread) => {
            let place = misread.member.iter().fold(fields.place().clone(), |place, name| place.member(name));
            out.push(place.error("wrong_type", misread.message));
        }
    }
    None
}

fn codes(fields: &Fields<'_>, out: &mut Vec<Finding>) -> Vec<Coding> {
    let mut codes = Vec::new();
    for (json, place) in fields.list("code", out) {
        match Coding::read(json) {
            Ok(coding) => codes.push(coding),
            Err(misread) => out.push(place.error("wrong_type", misread.message)),
        }
    }
    codes
}

/// The text of an item in other languages: HL7's extension `translation` on the text itself.
fn translations(fields: &Fields<'_>, out: &mut Vec<Finding>) -> BTreeMap<String, String> {
    let mut translations = BTreeMap::new();
    let Some(json) = fields.map().get("_text") else { return translations };
    let Some(of_text) = Fields::of(json, fields.place().member("_text"), out) else { return translations };
    for extension in extensions(&of_text, out) {
        if extension.standard() != Some("translation") {
            continue;
        }
        let (mut language, mut content) = (None, None);
        for part in extension.parts(out) {
            match part.url {
                "lang" => language = part.text(out),
                "content" => content = part.text(out),
                _ => {}
            }
        }
        match language.zip(content) {
            Some((language, content)) => {
                translations.insert(language.to_owned(), content.to_owned());
            }
            None => {
                let message = "A translation needs its language (lang) and its text (content).";
                out.push(extension.place().error("extension_malformed", message));
            }
        }
    }
    translations
}

fn options(fields: &Fields<'_>, kind: ItemType, out: &mut Vec<Finding>) -> Vec<AnswerOption> {
    let mut options: Vec<AnswerOption> = Vec::new();
    let allowed = kind.is_choice()
        || matches!(
            kind,
            // Not `text`, says FHIR R4 (que-5).
            ItemType::Integer | ItemType::Date | ItemType::Time | ItemType::String
        );
    let found = fields.objects("answerOption", out);
    if !found.is_empty() && !allowed {
        let message = format!("An item of type {} cannot have answer options.", kind.code());
        out.push(fields.place().member("answerOption").error("options_not_allowed", message));
        return options;
    }
    if found.len() > MAX_OPTIONS {
        let message = format!("A question may offer {MAX_OPTIONS} options.");
        out.push(fields.place().member("answerOption").error("too_many_options", message));
        return options;
    }
    let mut seen = BTreeSet::new();
    for option in found {
        option.only(&["id", "extension", "initialSelected"], Some("value"), out);
        let Some(value) = value(&option, "value", "value_missing", "An option needs a value[x].", out) else {
            continue;
        };
        let offered = matches!(
            value,
            Value::Integer(_)
                | Value::Date(_)
                | Value::Time(_)
                | Value::String(_)
                | Value::Coding(_)
                | Value::Reference(_)
        );
        if !offered || !(kind.is_choice() || kind.takes(&value)) {
            let message = format!("An option of an item of type {} cannot be of this type.", kind.code());
            out.push(option.place().error("option_of_wrong_type", message));
        }
        if !seen.insert(value.to_json().to_string()) {
            out.push(option.place().warning("option_twice", "This option is already in the list."));
        }
        let ordinal = ordinal(&option, out);
        let exclusive = extensions(&option, &mut Vec::new()).iter().any(|ext| {
            ext.standard() == Some("questionnaire-optionExclusive") && ext.flag(out) == Some(true)
        });
        let initially_selected = option.flag("initialSelected", out);
        options.push(AnswerOption { value, ordinal, exclusive, initially_selected });
    }
    options
}

/// The weight stands on the option or, as HL7's first form of the extension had it, on its coding.
fn ordinal(option: &Fields<'_>, out: &mut Vec<Finding>) -> Option<f64> {
    let on_option = extension::ordinal(option, out);
    let coding = option.map().get("valueCoding").filter(|_| on_option.is_none());
    let coding = coding.and_then(|json| Fields::of(json, option.place().member("valueCoding"), out));
    on_option.or_else(|| coding.and_then(|coding| extension::ordinal(&coding, out)))
}

fn initial(fields: &Fields<'_>, item: &Item, out: &mut Vec<Finding>) -> Vec<Value> {
    let mut initial = Vec::new();
    for entry in fields.objects("initial", out) {
        entry.only(&["id", "extension"], Some("value"), out);
        let missing = "An initial answer needs a value[x].";
        let Some(value) = value(&entry, "value", "value_missing", missing, out) else { continue };
        if item.kind.is_question() && !item.takes(&value) {
            let message =
                format!("A question of type {} cannot start with a value of this type.", item.kind.code());
            out.push(entry.place().error("initial_of_wrong_type", message));
        }
        initial.push(value);
    }
    let place = fields.place().member("initial");
    if !initial.is_empty() && !item.kind.is_question() {
        let message = "A group or display is not answered, so it has no initial answer.";
        out.push(place.error("initial_not_allowed", message));
    }
    if !initial.is_empty() && fields.map().contains_key("answerOption") {
        let message =
            "A question with answer options marks the first choice with initialSelected, not initial.";
        out.push(place.error("initial_not_allowed", message));
    }
    if initial.len() > 1 && !item.repeats {
        let message = "Only a repeating question can start with several answers.";
        out.push(place.error("initial_not_allowed", message));
    }
    initial
}

/// FHIR's rules on which members go together (invariants que-1 to que-10).
fn rules(item: &Item, fields: &Fields<'_>, out: &mut Vec<Finding>) {
    let has = |name: &str| fields.map().contains_key(name);
    let at = |name: &str| fields.place().member(name);
    match item.kind {
        ItemType::Group if !has("item") => {
            out.push(fields.place().error("group_empty", "A group must have items in it."));
        }
        ItemType::Display => {
            if has("item") {
                out.push(at("item").error("display_with_items", "A display cannot have items in it."));
            }
            for name in ["code", "required", "repeats", "readOnly"] {
                if has(name) {
                    let message = format!("A display cannot have “{name}”.");
                    out.push(at(name).error("not_allowed_on_display", message));
                }
            }
        }
        _ => {}
    }
    let has_text = matches!(
        item.kind,
        ItemType::Boolean
            | ItemType::Decimal
            | ItemType::Integer
            | ItemType::String
            | ItemType::Text
            | ItemType::Url
            | ItemType::OpenChoice
    );
    if has("maxLength") && !has_text {
        let message = format!("“maxLength” has no meaning for the type {}.", item.kind.code());
        out.push(at("maxLength").error("max_length_not_allowed", message));
    }
}
