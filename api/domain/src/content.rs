//! The content that ships: texts and instruments, compiled in, each read once.
//!
//! Everything here is data: what people are asked and told is never worded in code.

use std::sync::LazyLock;

use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::instrument::Definition;

const CONSENT: &str = include_str!("../content/consent-en-GB.json");
const SAFETY: &str = include_str!("../content/safety-en-GB.json");
const LEVELS: &str = include_str!("../content/levels-en-GB.json");
const FOUNDATION_TASKS: &str = include_str!("../content/foundation-tasks-en-GB.json");
const SIGNPOSTS: &str = include_str!("../content/signposts-en-GB.json");

/// The definitions that every programme starts with, as they are in their files.
const INSTRUMENTS: [&str; 12] = [
    include_str!("../instruments/prostate-hna.json"),
    include_str!("../instruments/phq-9.json"),
    include_str!("../instruments/gad-7.json"),
    include_str!("../instruments/phq-2.json"),
    include_str!("../instruments/phq-8.json"),
    include_str!("../instruments/gad-2.json"),
    include_str!("../instruments/ons4.json"),
    include_str!("../instruments/foundation-tasks.json"),
    include_str!("../instruments/distress.json"),
    include_str!("../instruments/epic-26.json"),
    include_str!("../instruments/epic-cp.json"),
    include_str!("../instruments/eheals.json"),
];

/// A consent form, as it is read to a participant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentForm {
    pub doc_version: String,
    pub language: String,
    pub title: String,
    pub introduction: String,
    pub limits_of_confidentiality: String,
    pub statements: Vec<ConsentStatement>,
}

/// One thing to agree to, or not.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentStatement {
    pub code: String,
    pub text: String,
    pub required: bool,
}

/// What is shown after an answer that worries.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Safety {
    pub version: String,
    pub language: String,
    pub title: String,
    /// For the participant, line by line.
    pub lines: Vec<String>,
    /// Shown as well while nobody watches the alerts.
    pub outside_hours: String,
    /// All that the supporter beside the participant sees.
    pub supporter_prompt: String,
    /// For whoever raises a concern, before anything else.
    pub emergency: Vec<String>,
}

/// The levels of assistance, for the helper who has to choose one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    pub version: String,
    pub language: String,
    pub introduction: String,
    pub rule: String,
    pub levels: Vec<Level>,
}

/// One level of assistance.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// `A0` to `A5`.
    pub code: String,
    pub name: String,
    pub when_to_choose: String,
    pub helper_may: Vec<String>,
    pub helper_may_not: Vec<String>,
}

/// The foundation tasks of digital skills.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundationTasks {
    pub version: String,
    pub language: String,
    pub introduction: String,
    pub rule: String,
    pub tasks: Vec<FoundationTask>,
}

/// One thing that somebody can do without help, or not.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundationTask {
    pub code: String,
    pub text: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signposts {
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "language")]
    _language: String,
    signposts: Vec<Signpost>,
}

/// Where somebody with a concern can turn to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signpost {
    /// The concern (`URI.leakage`) or the whole section (`URI`).
    pub code: String,
    pub title: String,
    pub phone: Option<String>,
    pub url: Option<String>,
    pub note: String,
    /// When somebody has to check that all this is still right.
    pub review_due: NaiveDate,
}

/// An instrument that ships.
#[derive(Debug)]
pub struct Instrument {
    /// The Questionnaire, byte for byte as in its file.
    pub source: &'static str,
    /// The name for machines.
    pub name: String,
    pub definition: Definition,
}

static CONSENT_FORM: LazyLock<Option<ConsentForm>> = LazyLock::new(|| read(CONSENT));
static SAFETY_TEXT: LazyLock<Option<Safety>> = LazyLock::new(|| read(SAFETY));
static LEVEL_TEXTS: LazyLock<Option<Levels>> = LazyLock::new(|| read(LEVELS));
static TASKS: LazyLock<Option<FoundationTasks>> = LazyLock::new(|| read(FOUNDATION_TASKS));
static SIGNS: LazyLock<Vec<Signpost>> =
    LazyLock::new(|| read::<Signposts>(SIGNPOSTS).map(|file| file.signposts).unwrap_or_default());
static SHIPPED: LazyLock<Vec<Instrument>> =
    LazyLock::new(|| INSTRUMENTS.into_iter().filter_map(instrument).collect());

/// A file of ours that does not parse cannot happen in a build whose tests passed: they read every one.
fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn instrument(source: &'static str) -> Option<Instrument> {
    let json: serde_json::Value = read(source)?;
    let name = json.get("name")?.as_str()?.to_owned();
    let definition = Definition::parse(&json).ok()?.definition;
    Some(Instrument { source, name, definition })
}

/// The consent form that every programme starts with.
#[must_use]
pub fn consent_form() -> Option<&'static ConsentForm> {
    CONSENT_FORM.as_ref()
}

/// What is shown after an answer that worries.
#[must_use]
pub fn safety() -> Option<&'static Safety> {
    SAFETY_TEXT.as_ref()
}

/// The levels of assistance.
#[must_use]
pub fn levels() -> Option<&'static Levels> {
    LEVEL_TEXTS.as_ref()
}

/// The foundation tasks of digital skills.
#[must_use]
pub fn foundation_tasks() -> Option<&'static FoundationTasks> {
    TASKS.as_ref()
}

/// Where to turn to, concern by concern.
#[must_use]
pub fn signposts() -> &'static [Signpost] {
    &SIGNS
}

/// Where to turn to with one concern: its own signposts, or else those of its section.
#[must_use]
pub fn signposts_for(concern: &str) -> Vec<&'static Signpost> {
    let of = |code: &str| signposts().iter().filter(|sign| sign.code == code).collect::<Vec<_>>();
    let own = of(concern);
    if own.is_empty() { of(concern.split_once('.').map_or(concern, |(section, _)| section)) } else { own }
}

/// The instruments that every programme starts with.
#[must_use]
pub fn instruments() -> &'static [Instrument] {
    &SHIPPED
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_text_can_be_read() {
        let form: ConsentForm = serde_json::from_str(CONSENT).unwrap();
        assert_eq!(form.statements.first().map(|s| (s.code.as_str(), s.required)), Some(("take_part", true)));
        let codes: BTreeSet<_> = form.statements.iter().map(|s| &s.code).collect();
        assert_eq!(codes.len(), form.statements.len());
        let safety: Safety = serde_json::from_str(SAFETY).unwrap();
        assert!(safety.lines.iter().any(|line| line.contains("999")));
        let levels: Levels = serde_json::from_str(LEVELS).unwrap();
        let codes: Vec<_> = levels.levels.iter().map(|level| level.code.as_str()).collect();
        assert_eq!(codes, ["A0", "A1", "A2", "A3", "A4", "A5"]);
        let tasks: FoundationTasks = serde_json::from_str(FOUNDATION_TASKS).unwrap();
        assert_eq!(tasks.tasks.len(), 8);
        let signs: Signposts = serde_json::from_str(SIGNPOSTS).unwrap();
        assert_eq!(signs.signposts.len(), signposts().len());
        assert!(consent_form().is_some() && safety_and_others());
    }

    fn safety_and_others() -> bool {
        safety().is_some() && levels().is_some() && foundation_tasks().is_some()
    }

    #[test]
    fn every_instrument_is_accepted_without_a_warning() {
        for source in INSTRUMENTS {
            let json = serde_json::from_str(source).unwrap();
            let parsed = Definition::parse(&json).unwrap_or_else(|findings| panic!("{findings:?}"));
            assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
            let definition = parsed.definition;
            assert!(
                definition.url().is_some() && definition.version().is_some() && definition.title().is_some()
            );
            assert!(definition.licence().is_some(), "{:?}", definition.url());
        }
        assert_eq!(instruments().len(), INSTRUMENTS.len());
    }

    #[test]
    fn a_concern_has_somewhere_to_turn_to() {
        for concern in instruments().iter().flat_map(|instrument| instrument.definition.concerns()) {
            assert!(!signposts_for(&concern.code).is_empty(), "{}", concern.code);
        }
    }
}
