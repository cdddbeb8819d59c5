//! The concerns of a holistic needs assessment: which there are, in what order they matter, and what has changed.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::answer::{AnswerKey, Answers};
use super::definition::{ConcernDefinition, Definition};
use super::item::Item;
use super::value::Value;

/// How many concerns the participant may put first.
const MAX_CHOSEN: usize = 4;

/// By how much a rating must differ to count as a change.
const CHANGE: u8 = 2;

/// How much a concern bothers: 0, 1 to 3, 4 to 6, 7 to 10 of ten.
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
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BotherBand {
    /// Not at all.
    None,
    /// A little.
    Low,
    /// Quite a lot.
    Moderate,
    /// Very much.
    High,
}

impl BotherBand {
    /// The band of a rating out of ten.
    pub fn of(bother: u8) -> Self {
        match bother {
            0 => Self::None,
            1..=3 => Self::Low,
            4..=6 => Self::Moderate,
            _ => Self::High,
        }
    }
}

/// Since when there is a concern.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
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
pub enum ConcernDuration {
    /// It is new.
    New,
    /// It has been there for a while.
    Ongoing,
    /// It has got worse.
    Worse,
}

/// The help wanted.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
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
pub enum HelpWanted {
    /// None.
    None,
    /// Something to read.
    Information,
    /// Somebody to talk to.
    Talk,
    /// Practical help.
    Practical,
    /// Help soon.
    Urgent,
}

/// Something the participant is concerned about, or may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Concern {
    /// A stable code, such as `URI.leakage`.
    pub code: String,
    /// The code of its section.
    pub section: Option<String>,
    /// A short plain title.
    pub title: String,
    /// The question that opened it.
    pub link_id: String,
    /// How much it bothers, 0 to 10; none when not rated.
    pub bother: Option<u8>,
    /// The band of the rating.
    pub band: Option<BotherBand>,
    /// Since when.
    pub duration: Option<ConcernDuration>,
    /// The help wanted.
    pub help: Option<HelpWanted>,
    /// The participant's own words.
    pub own_words: Option<String>,
    /// The participant's own rank, 1 to 4, if it was chosen.
    pub chosen_rank: Option<u8>,
    /// Whether it is of a section that is hidden from the helper.
    pub private: bool,
}

/// What became of a concern since the time before.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
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
pub enum ChangeKind {
    /// Was not there before.
    New,
    /// Bothers more, by two or more.
    Worse,
    /// Bothers about as much, or was not rated both times.
    Same,
    /// Bothers less, by two or more.
    Better,
    /// Is no longer there.
    Resolved,
}

/// One concern compared with the time before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Change {
    /// The concern.
    pub code: String,
    /// What became of it.
    pub change: ChangeKind,
}

/// The concerns whose gate was answered yes or not sure. First the four the participant chose, in their order, then
/// those with help wanted soon, then by how much they bother, then as the form has them.
pub fn concerns(definition: &Definition, answers: &Answers) -> Vec<Concern> {
    let answers = answers.in_effect(definition);
    let chosen = chosen(definition, &answers);
    let found =
        definition.concerns().iter().filter_map(|concern| read(definition, &answers, concern, &chosen));
    let mut concerns: Vec<Concern> = found.collect();
    concerns.sort_by_key(|concern| {
        let rank = concern.chosen_rank.unwrap_or(u8::MAX);
        (rank, concern.help != Some(HelpWanted::Urgent), Reverse(concern.bother))
    });
    concerns
}

/// Compares the concerns of two assessments: the current ones in their order, then those resolved.
pub fn compare(current: &[Concern], previous: &[Concern]) -> Vec<Change> {
    let find = |list: &[Concern], code: &str| list.iter().find(|concern| concern.code == code).cloned();
    let still = current.iter().map(|now| {
        let change = match find(previous, &now.code) {
            None => ChangeKind::New,
            Some(before) => change_of(now.bother, before.bother),
        };
        Change { code: now.code.clone(), change }
    });
    let resolved = previous.iter().filter(|before| find(current, &before.code).is_none());
    let resolved = resolved.map(|before| Change { code: before.code.clone(), change: ChangeKind::Resolved });
    still.chain(resolved).collect()
}

fn change_of(now: Option<u8>, before: Option<u8>) -> ChangeKind {
    match (now, before) {
        (Some(now), Some(before)) if now >= before.saturating_add(CHANGE) => ChangeKind::Worse,
        (Some(now), Some(before)) if before >= now.saturating_add(CHANGE) => ChangeKind::Better,
        _ => ChangeKind::Same,
    }
}

/// The codes the participant chose, the most important first.
fn chosen(definition: &Definition, answers: &Answers) -> Vec<String> {
    let Some(item) = definition.priorities() else { return Vec::new() };
    let values = answers.values(&AnswerKey::of(&item.link_id));
    values.iter().filter_map(code_of).take(MAX_CHOSEN).map(str::to_owned).collect()
}

fn read(
    definition: &Definition,
    answers: &Answers,
    concern: &ConcernDefinition,
    chosen: &[String],
) -> Option<Concern> {
    let value = |index: Option<usize>| {
        let item: &Item = definition.item(index?)?;
        answers.values(&AnswerKey::of(&item.link_id)).first()
    };
    let gate = definition.item(concern.gate)?;
    if !matches!(code_of(value(Some(concern.gate))?), Some("yes" | "not_sure")) {
        return None;
    }
    let bother = value(concern.bother).and_then(rating);
    let rank = chosen.iter().position(|code| *code == concern.code);
    Some(Concern {
        code: concern.code.clone(),
        section: definition.section(concern.group).map(str::to_owned),
        title: concern.title.clone(),
        link_id: gate.link_id.clone(),
        bother,
        band: bother.map(BotherBand::of),
        duration: value(concern.duration).and_then(code_of).and_then(|code| code.parse().ok()),
        help: value(concern.help).and_then(code_of).and_then(|code| code.parse().ok()),
        own_words: value(concern.own_words).map(Value::words),
        chosen_rank: rank.and_then(|rank| u8::try_from(rank + 1).ok()),
        private: definition.is_private(concern.gate),
    })
}

fn code_of(value: &Value) -> Option<&str> {
    match value {
        Value::Coding(coding) => coding.code.as_deref(),
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// A rating out of ten, given as a number or as the code of an option.
fn rating(value: &Value) -> Option<u8> {
    let rating = match value {
        Value::Integer(number) => u8::try_from(*number).ok(),
        _ => code_of(value)?.parse().ok(),
    };
    rating.filter(|rating| *rating <= 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::answer::Answer;
    use crate::instrument::testing::{answer, coded, needs_assessment, parsed};
    use serde_json::json;

    fn of(answers: impl IntoIterator<Item = Answer>) -> Vec<Concern> {
        concerns(&parsed(&needs_assessment()), &answers.into_iter().collect())
    }

    fn codes(concerns: &[Concern]) -> Vec<&str> {
        concerns.iter().map(|concern| concern.code.as_str()).collect()
    }

    fn bother(prefix: &str, rating: i32) -> Answer {
        answer(&format!("{prefix}.bother"), json!([{"valueInteger": rating}]))
    }

    #[test]
    fn only_an_open_gate_is_a_concern() {
        let found =
            of([coded("leak.gate", "yes"), coded("night.gate", "no"), coded("desire.gate", "not_sure")]);
        assert_eq!(codes(&found), ["URI.leakage", "SEX.desire"]);
        assert_eq!(found[0].section.as_deref(), Some("URI"));
        assert!(!found[0].private && found[1].private);
        assert_eq!((found[0].bother, found[0].band), (None, None));
        assert!(of([]).is_empty());
    }

    #[test]
    fn everything_behind_the_gate_is_read() {
        let words = answer("leak.own_words", json!([{"valueString": "At night"}]));
        let details = [bother("leak", 7), coded("leak.duration", "worse"), coded("leak.help", "talk"), words];
        let found = of([coded("leak.gate", "yes")].into_iter().chain(details)).remove(0);
        assert_eq!((found.bother, found.band), (Some(7), Some(BotherBand::High)));
        assert_eq!((found.duration, found.help), (Some(ConcernDuration::Worse), Some(HelpWanted::Talk)));
        assert_eq!(found.own_words.as_deref(), Some("At night"));
    }

    #[test]
    fn what_was_said_before_the_gate_closed_does_not_count() {
        assert!(of([coded("leak.gate", "no"), bother("leak", 9)]).is_empty());
    }

    #[test]
    fn the_participants_choice_comes_first_then_urgency_then_bother() {
        let all = ["leak", "night", "desire", "safe"].map(|prefix| coded(&format!("{prefix}.gate"), "yes"));
        let ratings = [bother("leak", 2), bother("night", 9), bother("desire", 1), bother("safe", 5)];
        let answers = || all.clone().into_iter().chain(ratings.clone());
        assert_eq!(codes(&of(answers())), ["URI.night", "SAF.home", "URI.leakage", "SEX.desire"]);
        let urgent = answers().chain([coded("leak.help", "urgent")]);
        assert_eq!(codes(&of(urgent)), ["URI.leakage", "URI.night", "SAF.home", "SEX.desire"]);
        let choice = answer(
            "top",
            json!([{"valueCoding": {"code": "SEX.desire"}}, {"valueCoding": {"code": "SAF.home"}}]),
        );
        let found = of(answers().chain([coded("leak.help", "urgent"), choice]));
        assert_eq!(codes(&found), ["SEX.desire", "SAF.home", "URI.leakage", "URI.night"]);
        assert_eq!(found[1].chosen_rank, Some(2));
    }

    #[test]
    fn a_change_needs_two_points() {
        let rated = |rating| of([coded("leak.gate", "yes"), bother("leak", rating)]);
        let change = |now, before| compare(&rated(now), &rated(before)).remove(0).change;
        assert_eq!(change(5, 3), ChangeKind::Worse);
        assert_eq!(change(4, 3), ChangeKind::Same);
        assert_eq!(change(3, 5), ChangeKind::Better);
        assert_eq!(compare(&rated(3), &[])[0].change, ChangeKind::New);
        assert_eq!(compare(&[], &rated(3))[0].change, ChangeKind::Resolved);
    }

    #[test]
    fn the_bands_have_these_borders() {
        let bands = [0, 1, 3, 4, 6, 7, 10].map(BotherBand::of);
        use BotherBand::{High, Low, Moderate, None};
        assert_eq!(bands, [None, Low, Low, Moderate, Moderate, High, High]);
    }
}
