//! The content that ships: texts and instruments, compiled in, each read once.
//!
//! Everything here is data: what people are asked and told is never worded in code.

use std::sync::LazyLock;

use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::instrument::{Definition, LicenceClass};

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
    /// For whoever raised a concern on which nobody can act.
    pub nobody_to_act: String,
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
    pub url: String,
    pub version: String,
    pub title: String,
    pub licence: LicenceClass,
    pub definition: Definition,
}

static CONSENT_FORM: LazyLock<ConsentForm> = LazyLock::new(|| read("consent-en-GB.json", CONSENT));
static SAFETY_TEXT: LazyLock<Safety> = LazyLock::new(|| read("safety-en-GB.json", SAFETY));
static LEVEL_TEXTS: LazyLock<Levels> = LazyLock::new(|| read("levels-en-GB.json", LEVELS));
static TASKS: LazyLock<FoundationTasks> =
    LazyLock::new(|| read("foundation-tasks-en-GB.json", FOUNDATION_TASKS));
static SIGNS: LazyLock<Signposts> = LazyLock::new(|| read("signposts-en-GB.json", SIGNPOSTS));
static SHIPPED: LazyLock<Vec<Instrument>> =
    LazyLock::new(|| INSTRUMENTS.into_iter().map(|source| shipped(instrument(source))).collect());

fn read<T: DeserializeOwned>(name: &str, text: &str) -> T {
    shipped(serde_json::from_str(text).map_err(|error| format!("{name}: {error}")))
}

/// The content is compiled in, so it is right in every copy of a build or in none. A build in which it is wrong must
/// not come as far as serving anybody: a concern without emergency numbers is worse than no server.
#[expect(
    clippy::panic,
    reason = "a broken build must stop at start; `check` is called there, and a test reads all"
)]
fn shipped<T>(content: Result<T, String>) -> T {
    content.unwrap_or_else(|why| panic!("this build ships content that cannot be read: {why}"))
}

fn instrument(source: &'static str) -> Result<Instrument, String> {
    let json: serde_json::Value = serde_json::from_str(source).map_err(|error| error.to_string())?;
    let name = json.get("name").and_then(serde_json::Value::as_str).ok_or("an instrument without a name")?;
    let definition = Definition::parse(&json).map_err(|findings| format!("{name}: {findings:?}"))?.definition;
    let lacks = |what: &str| format!("{name} has no {what}");
    Ok(Instrument {
        source,
        name: name.to_owned(),
        url: definition.url().ok_or_else(|| lacks("url"))?.to_owned(),
        version: definition.version().ok_or_else(|| lacks("version"))?.to_owned(),
        title: definition.title().ok_or_else(|| lacks("title"))?.to_owned(),
        licence: definition.licence().ok_or_else(|| lacks("licence"))?,
        definition,
    })
}

/// Reads the texts that somebody may need at once, so that a build in which one is broken stops where it starts. The
/// instruments are large and asked for only where a programme is made: a test reads them.
///
/// # Panics
/// When something cannot be read.
pub fn check() {
    LazyLock::force(&CONSENT_FORM);
    LazyLock::force(&SAFETY_TEXT);
    LazyLock::force(&LEVEL_TEXTS);
    LazyLock::force(&TASKS);
    LazyLock::force(&SIGNS);
}

/// The consent form that every programme starts with.
#[must_use]
pub fn consent_form() -> &'static ConsentForm {
    &CONSENT_FORM
}

/// What is shown after an answer that worries.
#[must_use]
pub fn safety() -> &'static Safety {
    &SAFETY_TEXT
}

/// The levels of assistance.
#[must_use]
pub fn levels() -> &'static Levels {
    &LEVEL_TEXTS
}

/// The foundation tasks of digital skills.
#[must_use]
pub fn foundation_tasks() -> &'static FoundationTasks {
    &TASKS
}

/// Where to turn to, concern by concern.
#[must_use]
pub fn signposts() -> &'static [Signpost] {
    &SIGNS.signposts
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
    fn every_text_can_be_read_and_says_what_it_must() {
        check();
        let form = consent_form();
        assert_eq!(form.statements.first().map(|s| (s.code.as_str(), s.required)), Some(("take_part", true)));
        let codes: BTreeSet<_> = form.statements.iter().map(|s| &s.code).collect();
        assert_eq!(codes.len(), form.statements.len());
        for lines in [&safety().lines, &safety().emergency] {
            assert!(lines.iter().any(|line| line.contains("999")));
        }
        let codes: Vec<_> = levels().levels.iter().map(|level| level.code.as_str()).collect();
        assert_eq!(codes, ["A0", "A1", "A2", "A3", "A4", "A5"]);
        assert_eq!(foundation_tasks().tasks.len(), 8);
        assert!(!signposts().is_empty());
    }

    #[test]
    #[should_panic(expected = "this build ships content that cannot be read: safety.json: EOF")]
    fn a_build_with_a_broken_text_stops() {
        read::<Safety>("safety.json", "");
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
