//! One question, group or line of text of a questionnaire.

use std::collections::BTreeMap;

use regex::Regex;

use super::alert::AlertRule;
use super::calculated::Calculated;
use super::coding::Coding;
use super::value::Value;

/// The item types of FHIR R4 (code system `item-type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "camelCase")]
pub enum ItemType {
    /// Holds other items; is never answered itself.
    Group,
    /// Shows a text; is never answered.
    Display,
    /// Yes or no.
    Boolean,
    /// A number.
    Decimal,
    /// A whole number.
    Integer,
    /// A date.
    Date,
    /// A date, possibly with time.
    DateTime,
    /// A time of day.
    Time,
    /// A short text.
    String,
    /// A long text.
    Text,
    /// A web address.
    Url,
    /// One of a list.
    Choice,
    /// One of a list, or a text of one's own.
    #[strum(serialize = "open-choice")]
    OpenChoice,
    /// A document or image.
    Attachment,
    /// A pointer to another record.
    Reference,
    /// An amount with its unit.
    Quantity,
}

impl ItemType {
    /// Whether an item of this type can be answered.
    pub fn is_question(self) -> bool {
        !matches!(self, Self::Group | Self::Display)
    }

    /// Whether an item of this type draws on a list of options by its nature.
    pub fn is_choice(self) -> bool {
        matches!(self, Self::Choice | Self::OpenChoice)
    }

    /// Whether a value has the type that this kind of question is answered with, the list of options aside.
    pub fn takes(self, value: &Value) -> bool {
        match self {
            Self::Group | Self::Display => false,
            Self::Boolean => matches!(value, Value::Boolean(_)),
            Self::Decimal => matches!(value, Value::Decimal(_)),
            Self::Integer => matches!(value, Value::Integer(_)),
            Self::Date => matches!(value, Value::Date(_)),
            Self::DateTime => matches!(value, Value::DateTime(_)),
            Self::Time => matches!(value, Value::Time(_)),
            Self::String | Self::Text => matches!(value, Value::String(_)),
            Self::Url => matches!(value, Value::Uri(_)),
            Self::Choice => matches!(value, Value::Coding(_)),
            Self::OpenChoice => matches!(value, Value::Coding(_) | Value::String(_)),
            Self::Attachment => matches!(value, Value::Attachment(_)),
            Self::Reference => matches!(value, Value::Reference(_)),
            Self::Quantity => matches!(value, Value::Quantity(_)),
        }
    }
}

/// One of the answers offered.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerOption {
    /// What is chosen.
    pub value: Value,
    /// What it counts in a score (`ordinalValue` or `itemWeight`).
    pub ordinal: Option<f64>,
    /// Whether it cannot be chosen together with another (`questionnaire-optionExclusive`).
    pub exclusive: bool,
    /// Whether it stands chosen before the question is answered.
    pub initially_selected: bool,
}

/// Where the answers to a question come from.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Choices {
    /// No list: any value of the right type.
    #[default]
    Free,
    /// This list.
    Listed(Vec<AnswerOption>),
    /// A list that is not known here, because its value set is not at hand or none is named: only the shape of
    /// an answer can be judged.
    Unknown,
}

impl Choices {
    /// The options, where they are known.
    pub fn options(&self) -> &[AnswerOption] {
        match self {
            Self::Listed(options) => options,
            Self::Free | Self::Unknown => &[],
        }
    }

    /// The option a value stands for.
    pub fn option(&self, value: &Value) -> Option<&AnswerOption> {
        self.options().iter().find(|option| value.matches(&option.value))
    }
}

/// How an answer is held against the value of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
pub enum Operator {
    /// Has an answer at all (or has none, when compared with false).
    #[strum(serialize = "exists")]
    Exists,
    /// `=`
    #[strum(serialize = "=")]
    Equal,
    /// `!=`
    #[strum(serialize = "!=")]
    NotEqual,
    /// `>`
    #[strum(serialize = ">")]
    Greater,
    /// `<`
    #[strum(serialize = "<")]
    Less,
    /// `>=`
    #[strum(serialize = ">=")]
    GreaterOrEqual,
    /// `<=`
    #[strum(serialize = "<=")]
    LessOrEqual,
}

impl Operator {
    /// Whether it needs values that have an order.
    pub fn needs_order(self) -> bool {
        matches!(self, Self::Greater | Self::Less | Self::GreaterOrEqual | Self::LessOrEqual)
    }
}

/// One `enableWhen`: the item is shown when the answer to another question is so.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The question looked at, as an index into the definition's items.
    pub question: usize,
    /// How its answer is compared.
    pub operator: Operator,
    /// With what.
    pub answer: Value,
}

/// Whether one condition suffices or all are needed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, strum::EnumString, strum::IntoStaticStr, strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum EnableBehavior {
    /// Every condition must hold.
    #[default]
    All,
    /// One is enough.
    Any,
}

/// What a client does with an item that is not enabled (R5's `disabledDisplay`, taken where it is given).
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum DisabledDisplay {
    /// Not shown at all.
    Hidden,
    /// Shown, but not to be answered.
    Protected,
}

/// Bounds on an answer from the standard extensions.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// `minValue`
    pub min_value: Option<Value>,
    /// `maxValue`
    pub max_value: Option<Value>,
    /// `minLength`, in Unicode characters.
    pub min_length: Option<u32>,
    /// `maxLength`, in Unicode characters.
    pub max_length: Option<u32>,
    /// `regex`; matches the whole text.
    pub regex: Option<Regex>,
    /// `maxDecimalPlaces`
    pub max_decimal_places: Option<u32>,
    /// `questionnaire-minOccurs`
    pub min_occurs: Option<u32>,
    /// `questionnaire-maxOccurs`
    pub max_occurs: Option<u32>,
    /// `questionnaire-unitOption` and `questionnaire-unitValueSet`: the units a quantity may have.
    pub units: Vec<Coding>,
    /// `questionnaire-referenceResource`: the types a reference may point at.
    pub resources: Vec<String>,
    /// `mimeType`: the types of content an attachment may have.
    pub mime_types: Vec<String>,
    /// `maxSize`: how large an attachment may be, in megabytes.
    pub max_megabytes: Option<f64>,
}

/// What a client should know to draw the item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presentation {
    /// `questionnaire-hidden`: kept from people, filled by programs.
    pub hidden: bool,
    /// `questionnaire-itemControl`, such as `slider`.
    pub control: Option<String>,
    /// `entryFormat`: an example of the expected form.
    pub entry_format: Option<String>,
    /// `questionnaire-unit`: the unit of a number.
    pub unit: Option<Coding>,
    /// Fixed help text the helper may read out.
    pub help_text: Option<String>,
    /// What to do while the item is not enabled.
    pub disabled_display: Option<DisabledDisplay>,
    /// `translation`: the text in other languages, by language.
    pub translations: BTreeMap<String, String>,
    /// `preferredTerminologyServer`: where to look up the codes of a value set.
    pub terminology_servers: Vec<String>,
}

/// The part an item plays in a holistic needs assessment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ItemRole {
    /// Asks whether there is a concern: yes, no, not_sure, prefer_not.
    Gate,
    /// How much it bothers, 0 to 10.
    Bother,
    /// new, ongoing or worse.
    Duration,
    /// The help wanted.
    Help,
    /// The participant's own words.
    OwnWords,
    /// Chooses up to four concerns, the most important first.
    Priorities,
}

/// What our own extensions say about an item.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Marks {
    /// A group whose answers are hidden from the helper until the participant opens it.
    pub private_section: bool,
    /// Not shown while partner, family or carer is present.
    pub safety_item: bool,
    /// The code of a section, on a top-level group.
    pub section: Option<String>,
    /// The code and plain title of the concern this group asks about.
    pub concern: Option<(String, String)>,
    /// The part this item plays in its concern.
    pub role: Option<ItemRole>,
    /// When an answer calls for a person.
    pub alerts: Vec<AlertRule>,
    /// The rule by which the answer is worked out, where it is.
    pub(super) calculated: Option<Calculated>,
}

/// An item as the engine uses it. Items stand in document order in one list; tree and conditions refer to
/// each other by index.
#[derive(Debug, Clone)]
pub struct Item {
    /// The address of the item, unique in its questionnaire.
    pub link_id: String,
    /// What kind of item it is.
    pub kind: ItemType,
    /// The enclosing item.
    pub parent: Option<usize>,
    /// The items directly inside.
    pub children: Vec<usize>,
    /// How many items enclose this one.
    pub depth: usize,
    /// The repeating items around this one, outermost first: what each number of an occurrence counts.
    pub axes: Vec<usize>,
    /// The number printed before the text.
    pub prefix: Option<String>,
    /// What is asked.
    pub text: Option<String>,
    /// The codes of the question.
    pub codes: Vec<Coding>,
    /// Whether it must be answered.
    pub required: bool,
    /// Whether it may have several answers, or the group several occurrences.
    pub repeats: bool,
    /// Whether people cannot change it.
    pub read_only: bool,
    /// The answers it starts with.
    pub initial: Vec<Value>,
    /// Where answers come from.
    pub choices: Choices,
    /// When it is shown; always, when empty.
    pub enable_when: Vec<Condition>,
    /// How several conditions go together.
    pub enable_behavior: EnableBehavior,
    /// Bounds on the answer.
    pub limits: Limits,
    /// How to draw it.
    pub presentation: Presentation,
    /// Our own extensions.
    pub marks: Marks,
}

impl Item {
    /// The text for people, or the link id where there is none.
    pub fn words(&self) -> &str {
        self.text.as_deref().unwrap_or(&self.link_id)
    }

    /// The text in a language such as `pl` or `pl-PL`, or as it stands where there is no translation.
    pub fn words_in(&self, language: &str) -> &str {
        let translations = &self.presentation.translations;
        let general = || translations.get(language.split_once('-')?.0);
        translations.get(language).or_else(general).map_or_else(|| self.words(), String::as_str)
    }

    /// Whether a text is what this item says, in whatever language.
    pub fn says(&self, text: &str) -> bool {
        self.text.as_deref() == Some(text)
            || self.presentation.translations.values().any(|translated| translated == text)
    }

    /// Whether a value is of a type this question is answered with: that of its kind or, for a question with
    /// options, that of one of them.
    pub fn takes(&self, value: &Value) -> bool {
        let like_an_option =
            || self.choices.options().iter().any(|option| option.value.type_name() == value.type_name());
        self.kind.takes(value) || (self.kind.is_choice() && like_an_option())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::Choice;
    use strum::VariantArray;

    #[test]
    fn codes_and_types_name_each_other() {
        for kind in ItemType::VARIANTS {
            assert_eq!(kind.code().parse(), Ok(*kind));
        }
        assert_eq!(ItemType::DateTime.code(), "dateTime");
        assert_eq!(ItemType::OpenChoice.code(), "open-choice");
        assert_eq!(Operator::LessOrEqual.code(), "<=");
    }

    #[test]
    fn groups_and_displays_take_no_answer() {
        let value = Value::Boolean(true);
        assert!(!ItemType::Group.takes(&value) && !ItemType::Display.takes(&value));
        assert!(ItemType::Boolean.takes(&value));
        assert!(ItemType::OpenChoice.takes(&Value::String("else".into())));
        assert!(!ItemType::Choice.takes(&Value::String("else".into())));
    }
}
