//! In which ways the answers to an instrument may be taken so that its scores mean what was published: its validated
//! modes.
//!
//! A scale that was validated as a paper form is not by that validated when it is read aloud. Which modes a version is
//! validated in is declared with it (`validated-mode`, with where that is published); in which mode an answer was taken
//! follows from whose judgement it is and how much help there was.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
}

pub(super) fn read(extension: &Extension<'_>, out: &mut Vec<Finding>) -> Option<ValidatedMode> {
    let (mut mode, mut source) = (None, None);
    for part in extension.parts(out) {
        match part.url {
            "mode" => mode = part.code::<Mode>(out),
            "source" => source = part.text(out).map(str::to_owned),
            _ => out.push(unknown(&part)),
        }
    }
    match mode {
        Some(mode) if mode.can_be_validated() => Some(ValidatedMode { mode, source }),
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
}

impl Administration {
    fn of(definition: &Definition, taken: impl Iterator<Item = Mode>) -> Self {
        let mut counts: BTreeMap<Mode, u32> = BTreeMap::new();
        for mode in taken {
            *counts.entry(mode).or_default() += 1;
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
        } else if !outside.is_empty() {
            (ModeVerdict::NotValidated, outside)
        } else if counts.contains_key(&Mode::Unknown) {
            (ModeVerdict::Unknown, Vec::new())
        } else {
            (ModeVerdict::Validated, Vec::new())
        };
        let modes = counts.into_iter().map(|(mode, answers)| ModeCount { mode, answers }).collect();
        Self { verdict, modes, not_validated, validated }
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
                Some(format!(
                    "{here} of {all} answers were {}. “{title}” is not known to be validated so: compare scores with care.",
                    ways.join(", or ")
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

/// How all answers that count now were taken. An answer without an origin is one of which nothing is known.
#[must_use]
pub fn administration(
    definition: &Definition,
    answers: &Answers,
    origins: &BTreeMap<AnswerKey, Origin>,
) -> Administration {
    let counting = answers.in_effect(definition);
    Administration::of(definition, modes(&counting, origins, |_| true))
}

/// How the answers that a score counts were taken, those of the scores it is put together from included.
#[must_use]
pub fn administration_of(
    definition: &Definition,
    score: &ScoreDefinition,
    answers: &Answers,
    origins: &BTreeMap<AnswerKey, Origin>,
) -> Administration {
    let mut items = Vec::new();
    counted(definition, score, &mut items);
    let counting = answers.in_effect(definition);
    let is_counted =
        |key: &AnswerKey| definition.find(&key.link_id).is_some_and(|(item, _)| items.contains(&item));
    Administration::of(definition, modes(&counting, origins, is_counted))
}

/// The modes of the answers that have values: what was passed over was not taken in any.
fn modes<'a>(
    answers: &'a Answers,
    origins: &'a BTreeMap<AnswerKey, Origin>,
    is_counted: impl Fn(&AnswerKey) -> bool + 'a,
) -> impl Iterator<Item = Mode> + 'a {
    let given = answers.iter().filter(move |answer| !answer.values.is_empty() && is_counted(&answer.key));
    given.map(|answer| origins.get(&answer.key).map_or(Mode::Unknown, |origin| Mode::of(*origin)))
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
mod tests {
    use super::*;
    use crate::instrument::testing::{answer, own, parsed, part, refused, scored_questionnaire};
    use crate::provenance::KeyedBy;
    use serde_json::{Value as Json, json};

    fn origin(level: Level) -> Origin {
        Origin { answered_by: AnsweredBy::Participant, keyed_by: KeyedBy::Supporter, level }
    }

    fn validated(modes: &[&str]) -> Json {
        let mut document = scored_questionnaire(&[]);
        let extensions = document["extension"].as_array_mut().unwrap();
        extensions.extend(modes.iter().map(|mode| own("validated-mode", json!([part("mode", json!(mode))]))));
        document
    }

    fn found(modes: &[&str], levels: &[(&str, Level)]) -> Administration {
        let definition = parsed(&validated(modes));
        let answers =
            ["a", "b"].map(|link_id| answer(link_id, json!([{"valueInteger": 1}]))).into_iter().collect();
        let origins =
            levels.iter().map(|(link_id, level)| (AnswerKey::of(*link_id), origin(*level))).collect();
        administration(&definition, &answers, &origins)
    }

    #[test]
    fn help_that_reads_aloud_or_writes_down_is_an_interview() {
        for (level, mode) in [
            (Level::A0, Mode::OneSelf),
            (Level::A2, Mode::OneSelf),
            (Level::A3, Mode::Interviewer),
            (Level::A4, Mode::Interviewer),
            (Level::A5, Mode::Explained),
            (Level::Unknown, Mode::Unknown),
        ] {
            assert_eq!(Mode::of(origin(level)), mode, "{level}");
        }
        let by = |answered_by, level| Mode::of(Origin { answered_by, ..origin(level) });
        assert_eq!(by(AnsweredBy::Proxy, Level::A5), Mode::Proxy);
        assert_eq!(by(AnsweredBy::Observer, Level::A0), Mode::Observer);
        assert_eq!(by(AnsweredBy::Unknown, Level::A0), Mode::Unknown);
    }

    #[test]
    fn one_answer_in_another_mode_marks_the_whole() {
        let mixed = found(&["self"], &[("a", Level::A1), ("b", Level::A4)]);
        assert_eq!(mixed.verdict, ModeVerdict::NotValidated);
        assert_eq!(mixed.not_validated, [Mode::Interviewer]);
        assert!(mixed.caution("PHQ-9").unwrap().starts_with("1 of 2 answers were read aloud"));
        assert_eq!(
            found(&["self", "interviewer"], &[("a", Level::A1), ("b", Level::A4)]).verdict,
            ModeVerdict::Validated
        );
    }

    #[test]
    fn what_nobody_recorded_is_not_validated_and_not_condemned() {
        let unknown = found(&["self"], &[("a", Level::A1)]);
        assert_eq!((unknown.verdict, unknown.not_validated.is_empty()), (ModeVerdict::Unknown, true));
        assert!(unknown.caution("PHQ-9").unwrap().contains("unknown"));
        let nothing = found(&[], &[("a", Level::A5)]);
        assert_eq!((nothing.verdict, nothing.caution("x")), (ModeVerdict::NotDeclared, None));
    }

    #[test]
    fn a_score_looks_at_the_answers_it_counts() {
        let mut document = validated(&["self"]);
        document["item"].as_array_mut().unwrap().push(json!({"linkId": "aside", "type": "integer"}));
        let definition = parsed(&document);
        let answers =
            ["a", "aside"].map(|one| answer(one, json!([{"valueInteger": 1}]))).into_iter().collect();
        let origins =
            [("a", Level::A0), ("aside", Level::A5)].map(|(one, level)| (AnswerKey::of(one), origin(level)));
        let origins = origins.into_iter().collect();
        let of_score = administration_of(&definition, &definition.scores()[0], &answers, &origins);
        assert_eq!(of_score.verdict, ModeVerdict::Validated);
        assert_eq!(administration(&definition, &answers, &origins).verdict, ModeVerdict::NotValidated);
    }

    #[test]
    fn nothing_is_validated_when_it_is_explained() {
        assert_eq!(refused(&validated(&["explained"]))[0].code, "mode_not_validatable");
        let mut document = validated(&[]);
        let nameless = own("validated-mode", json!([part("source", json!("somewhere"))]));
        document["extension"].as_array_mut().unwrap().push(nameless);
        assert_eq!(refused(&document)[0].code, "extension_malformed");
    }
}
