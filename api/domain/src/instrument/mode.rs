//! In which ways the answers to an instrument may be taken so that its scores mean what was published: its validated
//! modes.
//!
//! A scale that was validated as a paper form is not by that validated when it is read aloud. Which modes a version is
//! validated in is declared with it (`validated-mode`, with where that is published); in which mode an answer was taken
//! follows from whose judgement it is and how much help there was. A translation is not what was validated until somebody
//! has validated it too: a mode is declared for the language of the version itself, or for those that it names.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::provenance::{AnsweredBy, Level, Origin};

use super::answer::{AnswerKey, Answers};
use super::definition::Definition;
use super::extension::Extension;
use super::finding::Finding;
use super::marks::unknown;
use super::score::{Operand, ScoreDefinition};

/// How an answer was taken.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = AdministrationMode))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Mode {
    /// The participant read the questions and answered them himself (A0 to A2).
    #[serde(rename = "self")]
    #[strum(serialize = "self")]
    OneSelf,
    /// Somebody read the questions aloud, or wrote the answers down too (A3, A4): interviewer-administered.
    Interviewer,
    /// Somebody answered in the participant's place.
    Proxy,
    /// Somebody said what he observes.
    Observer,
    /// A question was explained or put in other words (A5). No instrument is validated so.
    Explained,
    /// Nobody recorded it.
    Unknown,
}

impl Mode {
    /// How an answer of this origin was taken. What is not known is never taken for the participant's own hand.
    #[must_use]
    pub fn of(origin: Origin) -> Self {
        match (origin.answered_by, origin.level) {
            (AnsweredBy::Proxy, _) => Self::Proxy,
            (AnsweredBy::Observer, _) => Self::Observer,
            (_, Level::A5) => Self::Explained,
            (AnsweredBy::Unknown, _) | (_, Level::Unknown) => Self::Unknown,
            (AnsweredBy::Participant, Level::A0 | Level::A1 | Level::A2) => Self::OneSelf,
            (AnsweredBy::Participant, Level::A3 | Level::A4) => Self::Interviewer,
        }
    }

    /// Whether an instrument can be validated in it.
    fn can_be_validated(self) -> bool {
        !matches!(self, Self::Explained | Self::Unknown)
    }

    fn words(self) -> &'static str {
        match self {
            Self::OneSelf => "filled in by the person",
            Self::Interviewer => "read aloud or written down by somebody else (interviewer-administered)",
            Self::Proxy => "answered by somebody in the person's place",
            Self::Observer => "observed by somebody else",
            Self::Explained => "explained in other words",
            Self::Unknown => "taken in a way that nobody recorded",
        }
    }
}

/// A `validated-mode` extension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ValidatedMode {
    /// The mode.
    pub mode: Mode,
    /// Where it is published.
    #[cfg_attr(feature = "schema", schema(max_length = 1024))]
    pub source: Option<String>,
    /// The languages it holds for; none means that of the version itself.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>, max_items = 50, max_length = 35))]
    pub languages: Vec<Language>,
}

impl ValidatedMode {
    /// Whether it holds for words in a language.
    fn holds_in(&self, own: Option<&Language>, language: &Language) -> bool {
        match self.languages.as_slice() {
            [] => own.is_none_or(|own| own.covers(language)),
            named => named.iter().any(|named| named.covers(language)),
        }
    }
}

/// How one answer was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Whose judgement it is, and how much help there was.
    pub origin: Origin,
    /// The language of the words that were shown, where somebody recorded it.
    pub language: Option<Language>,
}

pub(super) fn read(extension: &Extension<'_>, out: &mut Vec<Finding>) -> Option<ValidatedMode> {
    let (mut mode, mut source, mut languages) = (None, None, Vec::new());
    for part in extension.parts(out) {
        match part.url {
            "mode" => mode = part.code::<Mode>(out),
            "source" => source = part.text(out).map(str::to_owned),
            "language" => languages.extend(part.language(out)),
            _ => out.push(unknown(&part)),
        }
    }
    match mode {
        Some(mode) if mode.can_be_validated() => Some(ValidatedMode { mode, source, languages }),
        Some(_) => {
            let message =
                "No instrument is validated in this mode: it is self, interviewer, proxy or observer.";
            out.push(extension.place().error("mode_not_validatable", message));
            None
        }
        None => {
            out.push(extension.place().error("extension_malformed", "A validated mode needs its mode."));
            None
        }
    }
}

/// Whether answers were taken as the instrument is validated.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ModeVerdict {
    /// All of them.
    Validated,
    /// Some, or all, were taken in another mode.
    NotValidated,
    /// None is known to have been taken in another mode, but of some nobody recorded how.
    Unknown,
    /// The version declares no mode: it claims no validation.
    NotDeclared,
    /// There are no answers.
    NoAnswers,
}

/// How many answers were taken in one mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ModeCount {
    /// The mode.
    pub mode: Mode,
    /// How many answers.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 10_000_000))]
    pub answers: u32,
}

/// How many answers were given to words in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LanguageCount {
    /// The language; null where nobody recorded it.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, max_length = 35, example = "cy"))]
    pub language: Option<Language>,
    /// How many answers.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 10_000_000))]
    pub answers: u32,
}

/// How the answers to an instrument, or those that a score counts, were taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Administration {
    /// Whether they were taken as the instrument is validated.
    pub verdict: ModeVerdict,
    /// In which modes they were taken.
    #[cfg_attr(feature = "schema", schema(max_items = 6))]
    pub modes: Vec<ModeCount>,
    /// The modes among them that the version does not declare as validated.
    #[cfg_attr(feature = "schema", schema(max_items = 6))]
    pub not_validated: Vec<Mode>,
    /// The modes the version declares as validated; none where it claims no validation.
    #[cfg_attr(feature = "schema", schema(max_items = 6))]
    pub validated: Vec<Mode>,
    /// In which languages the words were shown.
    #[cfg_attr(feature = "schema", schema(max_items = 1000))]
    pub languages: Vec<LanguageCount>,
    /// The languages among them for which the version does not declare the mode as validated.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>, max_items = 1000, max_length = 35))]
    pub not_validated_languages: Vec<Language>,
}

impl Administration {
    /// In a language that nobody recorded an answer is judged by its mode alone.
    fn of<'a>(definition: &Definition, taken: impl Iterator<Item = (Mode, Option<&'a Language>)>) -> Self {
        let own = definition.language().and_then(|tag| tag.parse().ok());
        let mut counts: BTreeMap<Mode, u32> = BTreeMap::new();
        let mut languages: BTreeMap<Option<&Language>, u32> = BTreeMap::new();
        let mut foreign: BTreeSet<&Language> = BTreeSet::new();
        for (mode, language) in taken {
            *counts.entry(mode).or_default() += 1;
            *languages.entry(language).or_default() += 1;
            let declared = definition.validated_modes().iter();
            let mut declared = declared.filter(|one| one.mode == mode || mode == Mode::Unknown).peekable();
            if let Some(language) = language
                && declared.peek().is_some()
                && !declared.any(|one| one.holds_in(own.as_ref(), language))
            {
                foreign.insert(language);
            }
        }
        let mut validated: Vec<Mode> = definition.validated_modes().iter().map(|one| one.mode).collect();
        validated.sort_unstable();
        validated.dedup();
        let is_outside = |mode: &Mode| *mode != Mode::Unknown && !validated.contains(mode);
        let outside: Vec<Mode> = counts.keys().copied().filter(is_outside).collect();
        let (verdict, not_validated) = if validated.is_empty() {
            (ModeVerdict::NotDeclared, Vec::new())
        } else if counts.is_empty() {
            (ModeVerdict::NoAnswers, Vec::new())
        } else if !outside.is_empty() || !foreign.is_empty() {
            (ModeVerdict::NotValidated, outside)
        } else if counts.contains_key(&Mode::Unknown) {
            (ModeVerdict::Unknown, Vec::new())
        } else {
            (ModeVerdict::Validated, Vec::new())
        };
        let modes = counts.into_iter().map(|(mode, answers)| ModeCount { mode, answers }).collect();
        let languages = languages
            .into_iter()
            .map(|(language, answers)| LanguageCount { language: language.cloned(), answers })
            .collect();
        let not_validated_languages = foreign.into_iter().cloned().collect();
        Self { verdict, modes, not_validated, validated, languages, not_validated_languages }
    }

    /// What a reader of the scores must know, in a sentence; none where all is as it should be, or nothing is claimed.
    #[must_use]
    pub fn caution(&self, title: &str) -> Option<String> {
        let all: u32 = self.modes.iter().map(|one| one.answers).sum();
        let counted = |modes: &dyn Fn(Mode) -> bool| -> u32 {
            self.modes.iter().filter(|one| modes(one.mode)).map(|one| one.answers).sum()
        };
        match self.verdict {
            ModeVerdict::NotValidated => {
                let ways: Vec<&str> = self.not_validated.iter().map(|mode| mode.words()).collect();
                let here = counted(&|mode| self.not_validated.contains(&mode));
                let taken = format!("{here} of {all} answers were {}", ways.join(", or "));
                let tags: Vec<&str> = self.not_validated_languages.iter().map(Language::as_str).collect();
                let in_them = |one: &&LanguageCount| {
                    one.language.as_ref().is_some_and(|one| self.not_validated_languages.contains(one))
                };
                let shown: u32 = self.languages.iter().filter(in_them).map(|one| one.answers).sum();
                let shown = format!("{shown} of {all} answers were given to words in {}", tags.join(", "));
                let facts = [(!ways.is_empty(), taken), (!tags.is_empty(), shown)];
                let facts: Vec<String> =
                    facts.into_iter().filter(|(is_so, _)| *is_so).map(|(_, fact)| fact).collect();
                Some(format!(
                    "{}. “{title}” is not known to be validated so: compare scores with care.",
                    facts.join(", and ")
                ))
            }
            ModeVerdict::Unknown => {
                let here = counted(&|mode| mode == Mode::Unknown);
                Some(format!(
                    "How {here} of {all} answers were taken is unknown, so nobody can say whether “{title}” was used as it is validated."
                ))
            }
            ModeVerdict::Validated | ModeVerdict::NotDeclared | ModeVerdict::NoAnswers => None,
        }
    }
}

/// How all answers that count now were taken. One that `taken` does not name is one of which nothing is known.
#[must_use]
pub fn administration(
    definition: &Definition,
    answers: &Answers,
    taken: &BTreeMap<AnswerKey, Taken>,
) -> Administration {
    let counting = answers.in_effect(definition);
    Administration::of(definition, modes(&counting, taken, |_| true))
}

/// How the answers that a score counts were taken, those of the scores it is put together from included.
#[must_use]
pub fn administration_of(
    definition: &Definition,
    score: &ScoreDefinition,
    answers: &Answers,
    taken: &BTreeMap<AnswerKey, Taken>,
) -> Administration {
    let mut items = Vec::new();
    counted(definition, score, &mut items);
    let counting = answers.in_effect(definition);
    let is_counted =
        |key: &AnswerKey| definition.find(&key.link_id).is_some_and(|(item, _)| items.contains(&item));
    Administration::of(definition, modes(&counting, taken, is_counted))
}

/// The modes and languages of the answers that have values: what was passed over was not taken in any.
fn modes<'a>(
    answers: &'a Answers,
    taken: &'a BTreeMap<AnswerKey, Taken>,
    is_counted: impl Fn(&AnswerKey) -> bool + 'a,
) -> impl Iterator<Item = (Mode, Option<&'a Language>)> + 'a {
    let given = answers.iter().filter(move |answer| !answer.values.is_empty() && is_counted(&answer.key));
    given.map(|answer| match taken.get(&answer.key) {
        Some(taken) => (Mode::of(taken.origin), taken.language.as_ref()),
        None => (Mode::Unknown, None),
    })
}

/// The items a score counts. A score counts only scores that are declared before it, so this ends.
fn counted(definition: &Definition, score: &ScoreDefinition, items: &mut Vec<usize>) {
    for term in &score.terms {
        match term.operand {
            Operand::Item(index) => items.push(index),
            Operand::Score(index) => {
                if let Some(part) = definition.scores().get(index) {
                    counted(definition, part, items);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
