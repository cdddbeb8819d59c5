//! Assessments: how far one has got, what is kept of its outcome, and who may see its answers when.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::instrument::{BotherBand, Concern, ConcernDuration, HelpWanted};
use crate::participant;
use crate::policy::{Operation, Role, relation};
use crate::transition::IllegalTransition;

/// How far an assessment has got.
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
#[cfg_attr(feature = "schema", schema(as = AssessmentStatus))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// Answers are being given.
    InProgress,
    /// The answers are final.
    Submitted,
    /// Corrected since; the first answers stand beside the new ones.
    Amended,
    /// Given up; what was answered is kept.
    Abandoned,
}

impl Status {
    /// The states that can follow.
    #[must_use]
    pub fn next(self) -> &'static [Self] {
        match self {
            Self::InProgress => &[Self::Submitted, Self::Abandoned],
            Self::Submitted | Self::Amended => &[Self::Amended],
            Self::Abandoned => &[],
        }
    }

    /// The state after `step`, which leads to `to`.
    ///
    /// # Errors
    /// When it does not lead there from here.
    pub fn step(self, step: &str, to: Self) -> Result<Self, IllegalTransition> {
        if self.next().contains(&to) {
            return Ok(to);
        }
        Err(IllegalTransition::new(self, step, self.next().iter().copied()))
    }

    /// Whether answers may still be given.
    ///
    /// # Errors
    /// When they may not.
    pub fn require_open(self) -> Result<(), IllegalTransition> {
        if self == Self::InProgress {
            return Ok(());
        }
        Err(IllegalTransition::new(self, "answers", self.next().iter().copied()))
    }

    /// Whether it was handed in, corrected since or not.
    #[must_use]
    pub fn is_submitted(self) -> bool {
        matches!(self, Self::Submitted | Self::Amended)
    }
}

/// How the answers are given.
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
pub enum Channel {
    InPerson,
    Telephone,
    Video,
    Online,
    Paper,
}

/// Why a final answer is corrected.
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
pub enum AmendmentReason {
    /// Typed in wrongly.
    Transcription,
    /// The participant says that it is different.
    ParticipantCorrection,
    /// The question was misunderstood.
    Misunderstanding,
    /// A data query was answered.
    Query,
    /// The software got it wrong.
    System,
}

impl AmendmentReason {
    /// Whether the answer itself stays the one first given, so that it was given with the same help as before.
    #[must_use]
    pub fn keeps_the_judgement(self) -> bool {
        matches!(self, Self::Transcription | Self::System)
    }
}

/// What is kept of a concern in clear, so that reports can be computed: never the participant's own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ConcernBrief {
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "URI.leakage"))]
    pub code: String,
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "URI"))]
    pub section: Option<String>,
    /// 0 to 10; null when it was not rated.
    #[cfg_attr(feature = "schema", schema(maximum = 10))]
    pub bother: Option<u8>,
    pub band: Option<BotherBand>,
    pub duration: Option<ConcernDuration>,
    pub help: Option<HelpWanted>,
    /// The participant's own rank, 1 to 4, if it was chosen.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 4))]
    pub chosen_rank: Option<u8>,
    /// Whether it is of a private section.
    pub private: bool,
}

impl From<&Concern> for ConcernBrief {
    fn from(concern: &Concern) -> Self {
        Self {
            code: concern.code.clone(),
            section: concern.section.clone(),
            bother: concern.bother,
            band: concern.band,
            duration: concern.duration,
            help: concern.help,
            chosen_rank: concern.chosen_rank,
            private: concern.private,
        }
    }
}

/// Whether nothing new may be asked of a participant: he stopped, died, or may not be able to decide.
#[must_use]
pub fn blocks_answers(status: participant::Status) -> bool {
    matches!(
        status,
        participant::Status::CapacityHold | participant::Status::Stopped | participant::Status::Deceased
    )
}

/// Whether this role reads what participants wrote in their own words. Statistics needs none of it, and a few words
/// can tell who wrote them.
#[must_use]
pub fn sees_own_words(role: Role) -> bool {
    role != Role::Statistician
}

/// How much of an assessment a caller sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// That it exists, how far it has got, and how much help there was.
    StatusOnly,
    /// Also what comes next and how far each section has got, but no answer: a helper who may not see them.
    Course(BTreeSet<String>),
    /// Also the answers, without those of private sections but the named ones, which the participant opened.
    Session(BTreeSet<String>),
    Everything,
}

impl Sight {
    /// What this caller sees of an assessment in `status`.
    ///
    /// A supporter sees answers only through his own open session on an assessment that is not finished, and only if
    /// the participant `agreed` to that. A clinician sees them if the participant `agreed` to share, or while he helps.
    /// `opened` are the private sections opened in the caller's own open session; none when he has none.
    #[must_use]
    pub fn of(role: Role, status: Status, opened: Option<&[String]>, agreed: bool) -> Self {
        if relation(Operation::ListAnswers, role).is_none() {
            return Self::StatusOnly;
        }
        let opened = opened.filter(|_| status == Status::InProgress);
        match (role, opened) {
            (Role::Supporter, Some(opened)) => {
                let opened = opened.iter().cloned().collect();
                if agreed { Self::Session(opened) } else { Self::Course(opened) }
            }
            (Role::Supporter, None) => Self::StatusOnly,
            (Role::Clinician, None) if !agreed => Self::StatusOnly,
            _ => Self::Everything,
        }
    }

    /// Whether an answer can be seen, by the private section it stands in.
    #[must_use]
    pub fn shows_answer(&self, private_section: Option<&str>) -> bool {
        match self {
            Self::StatusOnly | Self::Course(_) => false,
            Self::Session(opened) => private_section.is_none_or(|section| opened.contains(section)),
            Self::Everything => true,
        }
    }

    /// Whether the course of a section can be seen: how many questions it has now would tell of the answers.
    #[must_use]
    pub fn shows_course(&self, private_section: Option<&str>) -> bool {
        match self {
            Self::StatusOnly => false,
            Self::Course(opened) | Self::Session(opened) => {
                private_section.is_none_or(|section| opened.contains(section))
            }
            Self::Everything => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_assessment_takes_no_answers() {
        assert!(Status::InProgress.require_open().is_ok());
        let refused = Status::Submitted.require_open().unwrap_err();
        assert_eq!(refused.allowed, ["amended"]);
        assert!(Status::Abandoned.step("submission", Status::Submitted).is_err());
        assert_eq!(Status::Submitted.step("amendment", Status::Amended), Ok(Status::Amended));
        assert_eq!(Status::Amended.step("amendment", Status::Amended), Ok(Status::Amended));
        assert!(Status::InProgress.step("amendment", Status::Amended).is_err());
    }

    #[test]
    fn a_supporter_sees_answers_only_in_his_session() {
        let opened = vec!["SEX".to_owned()];
        let sight = Sight::of(Role::Supporter, Status::InProgress, Some(&opened), true);
        assert!(sight.shows_answer(None) && sight.shows_answer(Some("SEX")));
        assert!(!sight.shows_answer(Some("MON")) && !sight.shows_course(Some("MON")));
        for (status, opened) in [
            (Status::InProgress, None),
            (Status::Submitted, Some(opened.as_slice())),
            (Status::Amended, Some(opened.as_slice())),
            (Status::Abandoned, Some(opened.as_slice())),
        ] {
            assert_eq!(Sight::of(Role::Supporter, status, opened, true), Sight::StatusOnly, "{status}");
        }
    }

    #[test]
    fn a_supporter_without_that_consent_sees_the_course_and_no_answer() {
        let sight = Sight::of(Role::Supporter, Status::InProgress, Some(&[]), false);
        assert!(sight.shows_course(None) && !sight.shows_answer(None));
    }

    #[test]
    fn a_clinician_sees_what_is_shared_with_him_or_what_he_helps_with() {
        let of = |status, opened, agreed| Sight::of(Role::Clinician, status, opened, agreed);
        assert_eq!(of(Status::Submitted, None, true), Sight::Everything);
        assert_eq!(of(Status::Submitted, None, false), Sight::StatusOnly);
        assert_eq!(of(Status::InProgress, Some(&[]), false), Sight::Everything);
        assert_eq!(of(Status::Submitted, Some(&[]), false), Sight::StatusOnly);
    }

    #[test]
    fn a_coordinator_sees_the_status() {
        assert_eq!(Sight::of(Role::Coordinator, Status::InProgress, None, true), Sight::StatusOnly);
        assert_eq!(Sight::of(Role::TrialManager, Status::Submitted, None, true), Sight::StatusOnly);
        assert_eq!(Sight::of(Role::Participant, Status::Submitted, None, false), Sight::Everything);
    }

    #[test]
    fn nothing_is_asked_of_who_stopped_or_may_not_decide() {
        use participant::Status as Participant;
        for status in [Participant::CapacityHold, Participant::Stopped, Participant::Deceased] {
            assert!(blocks_answers(status));
        }
        assert!(!blocks_answers(Participant::Active));
    }
}
