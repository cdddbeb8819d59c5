//! Paper forms, typed in twice: two persons type the same form, neither sees what the other typed, and what differs is
//! decided by a third with the paper in hand. Only what all of that agrees on becomes the answers of the assessment.
//!
//! This is the double data entry of clinical trials: transcription is where paper goes wrong, and a second pair of hands
//! with a rate of discrepancies is how a trial shows how much of it did.

mod compare;
mod rate;

use serde::{Deserialize, Serialize};

pub use self::compare::{Comparison, Field, agreed, compare, judged};
pub use self::rate::{Cell, FormCounts, LEAST_PARTICIPANTS, Rates, rates};
use crate::id::PersonId;
use crate::instrument::{Answer, State};
use crate::provenance::{AnsweredBy, KeyedBy, Level, Origin};
use crate::transition::IllegalTransition;

/// The most answers of one entry.
pub const MAX_ANSWERS: usize = 500;

/// How far the double entry of a form has got.
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
#[cfg_attr(feature = "schema", schema(as = PaperStage))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Stage {
    /// Nobody has typed it in.
    NotBegun,
    /// One person has; a second one is awaited, and sees nothing of it.
    FirstEntered,
    /// Both have, and somewhere they differ.
    InAdjudication,
    /// What the form says is settled, and is the answers of the assessment.
    Agreed,
}

/// What happens to a double entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Somebody typed the form in. `open`: how many fields differ from the entry before; none for the first.
    Entry { open: u32 },
    /// Somebody decided fields. `open`: how many are left.
    Adjudication { open: u32 },
}

impl Stage {
    /// The states that can follow.
    #[must_use]
    pub fn next(self) -> &'static [Self] {
        match self {
            Self::NotBegun => &[Self::FirstEntered],
            Self::FirstEntered => &[Self::InAdjudication, Self::Agreed],
            Self::InAdjudication => &[Self::Agreed],
            Self::Agreed => &[],
        }
    }

    /// The state after `step`.
    ///
    /// # Errors
    /// When the step cannot be taken from here.
    pub fn after(self, step: Step) -> Result<Self, IllegalTransition> {
        let settled = |open: u32| if open == 0 { Self::Agreed } else { Self::InAdjudication };
        match (self, step) {
            (Self::NotBegun, Step::Entry { .. }) => Ok(Self::FirstEntered),
            (Self::FirstEntered, Step::Entry { open })
            | (Self::InAdjudication, Step::Adjudication { open }) => Ok(settled(open)),
            (_, Step::Entry { .. }) => Err(self.refusal("entry")),
            (_, Step::Adjudication { .. }) => Err(self.refusal("adjudication")),
        }
    }

    fn refusal(self, step: &str) -> IllegalTransition {
        IllegalTransition::new(self, step, self.next().iter().copied())
    }

    /// Whether both entries are there, so that they may be laid side by side.
    #[must_use]
    pub fn is_compared(self) -> bool {
        matches!(self, Self::InAdjudication | Self::Agreed)
    }
}

/// Whom the field of a form follows, where two entries differ.
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
#[cfg_attr(feature = "schema", schema(as = PaperVerdict))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    /// The first entry has it as the paper does.
    First,
    /// The second has.
    Second,
    /// Neither; what the paper says comes with the decision.
    Neither,
}

/// What was decided of one field, with what the paper says where neither entry has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub verdict: Verdict,
    pub answer: Option<Answer>,
}

impl Decision {
    /// What the field says, given the two entries of it; none where it was left blank.
    #[must_use]
    pub fn settles<'a>(&'a self, field: &'a Field) -> Option<&'a Answer> {
        match self.verdict {
            Verdict::First => field.first.as_ref(),
            Verdict::Second => field.second.as_ref(),
            Verdict::Neither => self.answer.as_ref(),
        }
    }

    /// Whether the first and the second entry of the field were wrong.
    #[must_use]
    pub fn errors(&self) -> [bool; 2] {
        match self.verdict {
            Verdict::First => [false, true],
            Verdict::Second => [true, false],
            Verdict::Neither => [true, true],
        }
    }
}

/// Why somebody may not do the next step of a double entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotIndependent {
    #[error("You typed this form in yourself. The second entry is for somebody else.")]
    SecondBySame,
    #[error("You typed this form in yourself. What it says is for somebody else to decide.")]
    AdjudicatedByKeyer,
}

/// Whether this person may type the form in, after this one did.
///
/// # Errors
/// When it is the same.
pub fn may_enter(caller: PersonId, first: Option<PersonId>) -> Result<(), NotIndependent> {
    if first == Some(caller) { Err(NotIndependent::SecondBySame) } else { Ok(()) }
}

/// Whether this person may decide what the form says: none of the two who typed it in.
///
/// # Errors
/// When it is one of them.
pub fn may_adjudicate(caller: PersonId, keyers: [PersonId; 2]) -> Result<(), NotIndependent> {
    if keyers.contains(&caller) { Err(NotIndependent::AdjudicatedByKeyer) } else { Ok(()) }
}

/// Whether this person may see what an entry says. Until both are there each is its author's alone: the second entry is
/// blind, and whoever is yet to type must not be told by somebody who has looked.
#[must_use]
pub fn may_read(caller: Option<PersonId>, author: PersonId, stage: Stage) -> bool {
    stage.is_compared() || caller == Some(author)
}

/// Whether a record says that nothing stands on the paper: as good as no record.
#[must_use]
pub fn is_blank(answer: &Answer) -> bool {
    matches!(answer.state, State::Skipped | State::NotShown)
}

/// The origin of what was typed in from paper: staff pressed the keys. How much help there was when it was filled in,
/// nobody recorded. Whose judgement it is the form says; where the two who read it disagree it is not known.
#[must_use]
pub fn origin(first: AnsweredBy, second: AnsweredBy) -> Origin {
    let answered_by = if first == second { first } else { AnsweredBy::Unknown };
    Origin { answered_by, keyed_by: KeyedBy::Clerk, level: Level::Unknown }
}

/// Whether a text can be the number of a sheet: no words, so nobody's name.
#[must_use]
pub fn is_sheet(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c))
        && text.chars().any(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;
    use uuid::Uuid;

    use super::*;

    fn person(number: u128) -> PersonId {
        PersonId::new(Uuid::from_u128(number))
    }

    #[test]
    fn a_form_is_settled_by_two_that_agree_or_by_a_third() {
        let typed = |open| Step::Entry { open };
        let decided = |open| Step::Adjudication { open };
        assert_eq!(Stage::NotBegun.after(typed(0)), Ok(Stage::FirstEntered));
        assert_eq!(Stage::FirstEntered.after(typed(0)), Ok(Stage::Agreed));
        assert_eq!(Stage::FirstEntered.after(typed(3)), Ok(Stage::InAdjudication));
        assert_eq!(Stage::InAdjudication.after(decided(1)), Ok(Stage::InAdjudication));
        assert_eq!(Stage::InAdjudication.after(decided(0)), Ok(Stage::Agreed));
        for (stage, step) in [
            (Stage::NotBegun, decided(0)),
            (Stage::FirstEntered, decided(0)),
            (Stage::InAdjudication, typed(0)),
            (Stage::Agreed, typed(0)),
            (Stage::Agreed, decided(0)),
        ] {
            assert!(stage.after(step).is_err(), "{stage} {step:?}");
        }
        assert_eq!(Stage::InAdjudication.after(typed(0)).unwrap_err().allowed, ["agreed"]);
    }

    #[test]
    fn every_step_leads_where_the_stage_says() {
        for stage in Stage::VARIANTS {
            for step in [
                Step::Entry { open: 0 },
                Step::Entry { open: 1 },
                Step::Adjudication { open: 0 },
                Step::Adjudication { open: 1 },
            ] {
                if let Ok(next) = stage.after(step) {
                    assert!(stage.next().contains(&next) || next == *stage, "{stage} {step:?} {next}");
                }
            }
        }
    }

    #[test]
    fn three_persons_are_needed() {
        let [first, second, third] = [1, 2, 3].map(person);
        assert_eq!(may_enter(first, None), Ok(()));
        assert_eq!(may_enter(first, Some(first)), Err(NotIndependent::SecondBySame));
        assert_eq!(may_enter(second, Some(first)), Ok(()));
        for keyer in [first, second] {
            assert_eq!(may_adjudicate(keyer, [first, second]), Err(NotIndependent::AdjudicatedByKeyer));
        }
        assert_eq!(may_adjudicate(third, [first, second]), Ok(()));
    }

    #[test]
    fn the_second_entry_is_blind() {
        let [first, second] = [1, 2].map(person);
        assert!(may_read(Some(first), first, Stage::FirstEntered));
        assert!(!may_read(Some(second), first, Stage::FirstEntered));
        assert!(!may_read(None, first, Stage::FirstEntered));
        assert!(may_read(Some(second), first, Stage::InAdjudication));
        assert!(may_read(Some(person(3)), first, Stage::Agreed));
    }

    #[test]
    fn the_origin_says_no_more_than_is_known() {
        let told = origin(AnsweredBy::Participant, AnsweredBy::Participant);
        assert_eq!((told.answered_by, told.keyed_by), (AnsweredBy::Participant, KeyedBy::Clerk));
        assert_eq!(told.level, Level::Unknown);
        assert_eq!(origin(AnsweredBy::Participant, AnsweredBy::Proxy).answered_by, AnsweredBy::Unknown);
    }

    #[test]
    fn a_sheet_is_named_by_a_number() {
        assert!(is_sheet("N-0231/2") && is_sheet("7"));
        assert!(!is_sheet("Walter") && !is_sheet("") && !is_sheet("a 1") && !is_sheet(&"1".repeat(65)));
    }
}
