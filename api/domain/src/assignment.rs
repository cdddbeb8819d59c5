//! A supporter beside a participant: from the offer to the goodbye.

use serde::{Deserialize, Serialize};

use crate::transition::IllegalTransition;

/// Where an assignment stands.
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
#[cfg_attr(feature = "schema", schema(as = AssignmentState))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// Found by matching, not yet put to the supporter.
    Proposed,
    /// Put to the supporter.
    Offered,
    Accepted,
    /// The participant said yes to this supporter.
    Introduced,
    /// The only state in which the supporter sees anything of the participant.
    Active,
    OnHold,
    /// The goodbye is planned.
    Ending,
    Ended,
    /// Came to nothing, or was broken off.
    Withdrawn,
}

/// What can be done with an assignment.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
)]
#[strum(serialize_all = "snake_case")]
pub enum Step {
    Offer,
    Accept,
    Introduce,
    Activate,
    Hold,
    Resume,
    PlanGoodbye,
    End,
    Withdraw,
}

impl State {
    /// Whether it still counts as the one assignment for its purpose.
    #[must_use]
    pub fn is_live(self) -> bool {
        !matches!(self, Self::Ended | Self::Withdrawn)
    }

    /// Whether the two know each other: then the supporter is told by a person when it is over, not by a list.
    #[must_use]
    pub fn have_met(self) -> bool {
        matches!(self, Self::Introduced | Self::Active | Self::OnHold | Self::Ending)
    }

    /// The states that can follow this one.
    #[must_use]
    pub fn allowed_next(self) -> &'static [Self] {
        match self {
            Self::Proposed => &[Self::Offered, Self::Withdrawn],
            Self::Offered => &[Self::Accepted, Self::Withdrawn],
            Self::Accepted => &[Self::Introduced, Self::Withdrawn],
            Self::Introduced => &[Self::Active, Self::Withdrawn],
            Self::Active => &[Self::OnHold, Self::Ending, Self::Ended, Self::Withdrawn],
            Self::OnHold => &[Self::Active, Self::Ending, Self::Ended, Self::Withdrawn],
            Self::Ending => &[Self::Ended, Self::Withdrawn],
            Self::Ended | Self::Withdrawn => &[],
        }
    }

    /// The one way from state to state. Ending passes through `ending` even when there is nothing to say goodbye for.
    ///
    /// # Errors
    /// When the step cannot be taken from here, with the states that can follow.
    pub fn after(self, step: Step) -> Result<Self, IllegalTransition> {
        let next = match (self, step) {
            (Self::Proposed, Step::Offer) => Self::Offered,
            (Self::Offered, Step::Accept) => Self::Accepted,
            (Self::Accepted, Step::Introduce) => Self::Introduced,
            (Self::Introduced, Step::Activate) | (Self::OnHold, Step::Resume) => Self::Active,
            (Self::Active, Step::Hold) => Self::OnHold,
            (Self::Active | Self::OnHold, Step::PlanGoodbye) => Self::Ending,
            (Self::Active | Self::OnHold | Self::Ending, Step::End) => Self::Ended,
            (from, Step::Withdraw) if from.is_live() => Self::Withdrawn,
            _ => return Err(IllegalTransition::new(self, step.into(), self.allowed_next().iter().copied())),
        };
        Ok(next)
    }

    /// Where an assignment goes when the participant no longer wants a supporter: what had begun is over, what had
    /// not begun comes to nothing. `None` where it is over already.
    #[must_use]
    pub fn when_support_stops(self) -> Option<Self> {
        self.after(Step::End).or_else(|_| self.after(Step::Withdraw)).ok()
    }
}

/// What the supporter is there for.
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
#[cfg_attr(feature = "schema", schema(as = AssignmentPurpose))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Purpose {
    /// Help with the form and the device.
    DigitalHelp,
    Companion,
    /// Staying in touch between time points.
    Retention,
}

/// What meetings must keep to.
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
#[cfg_attr(feature = "schema", schema(as = AssignmentCondition))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Condition {
    TwoPerson,
    DaytimeOnly,
    VenueOnly,
}

/// Why it ended. Neutral by design: the supporter reads it, and a reason must not tell him of a concern.
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
#[cfg_attr(feature = "schema", schema(as = AssignmentEndReason))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EndReason {
    Completed,
    RotaChange,
    SupporterUnavailable,
    /// The participant's choice, whatever lies behind it.
    SupportNotNeeded,
    NotAMatch,
    Other,
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn the_whole_way_can_be_gone() {
        let steps = [
            (Step::Offer, State::Offered),
            (Step::Accept, State::Accepted),
            (Step::Introduce, State::Introduced),
            (Step::Activate, State::Active),
            (Step::Hold, State::OnHold),
            (Step::Resume, State::Active),
            (Step::PlanGoodbye, State::Ending),
            (Step::End, State::Ended),
        ];
        let mut state = State::Proposed;
        for (step, next) in steps {
            state = state.after(step).unwrap();
            assert_eq!(state, next);
        }
    }

    #[test]
    fn every_step_leads_where_the_list_says() {
        for state in State::VARIANTS {
            let reached: Vec<State> =
                Step::VARIANTS.iter().filter_map(|step| state.after(*step).ok()).collect();
            for next in &reached {
                assert!(state.allowed_next().contains(next), "{state} {next}");
            }
            for next in state.allowed_next() {
                assert!(reached.contains(next), "{state} {next}");
            }
            assert_eq!(state.after(Step::Withdraw).is_ok(), state.is_live(), "{state}");
        }
    }

    #[test]
    fn nothing_is_skipped() {
        let refused = State::Offered.after(Step::Activate).unwrap_err();
        assert_eq!((refused.from.as_str(), refused.step.as_str()), ("offered", "activate"));
        assert_eq!(refused.allowed, ["accepted", "withdrawn"]);
        assert!(State::Accepted.after(Step::End).is_err());
        assert!(State::Ended.after(Step::Resume).is_err());
    }

    #[test]
    fn support_stops_wherever_it_stood() {
        assert_eq!(State::Active.when_support_stops(), Some(State::Ended));
        assert_eq!(State::OnHold.when_support_stops(), Some(State::Ended));
        assert_eq!(State::Offered.when_support_stops(), Some(State::Withdrawn));
        assert_eq!(State::Ended.when_support_stops(), None);
    }
}
