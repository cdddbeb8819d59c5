//! The review of a plan: what came of each action, and when it is looked at next.

use serde::{Deserialize, Serialize};

use super::ActionProgress;
use crate::id::CarePlanActionId;

/// What a review finds about one action.
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
#[cfg_attr(feature = "schema", schema(as = CarePlanActionOutcome))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Reviewed {
    Done,
    /// Goes on as agreed.
    Continuing,
    /// Something else is wanted: a new version of the plan says what.
    Changed,
    NoLongerWanted,
    NotPossible,
}

impl Reviewed {
    /// How far the action has come after it.
    #[must_use]
    pub fn progress(self, before: ActionProgress) -> ActionProgress {
        match self {
            Self::Done => ActionProgress::Done,
            Self::NoLongerWanted | Self::NotPossible => ActionProgress::Dropped,
            Self::Continuing if before == ActionProgress::Planned => ActionProgress::UnderWay,
            Self::Continuing | Self::Changed => before,
        }
    }

    /// Whether something is left that must be looked at again.
    #[must_use]
    pub fn goes_on(self) -> bool {
        matches!(self, Self::Continuing | Self::Changed)
    }
}

/// The outcome of one action at one review, kept for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionReview {
    pub action_id: CarePlanActionId,
    pub outcome: Reviewed,
    pub note: Option<String>,
}

/// What is wrong with the outcomes of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreviewed {
    /// The action at this place of the plan is still to be done, and nothing is said of it.
    Missing(usize, CarePlanActionId),
    /// The outcome at this place is about no action of the plan.
    Unknown(usize),
    /// The outcome at this place is the second about its action.
    Twice(usize),
}

/// Everything that is wrong with the outcomes: each action that is still to be done has exactly one. `actions` are all
/// of the plan, with whether something is still to be done.
#[must_use]
pub fn unreviewed(actions: &[(CarePlanActionId, bool)], outcomes: &[ActionReview]) -> Vec<Unreviewed> {
    let mut wrong = Vec::new();
    for (place, outcome) in outcomes.iter().enumerate() {
        if !actions.iter().any(|(id, _)| *id == outcome.action_id) {
            wrong.push(Unreviewed::Unknown(place));
        } else if outcomes.iter().take(place).any(|earlier| earlier.action_id == outcome.action_id) {
            wrong.push(Unreviewed::Twice(place));
        }
    }
    let spoken_of = |id| outcomes.iter().any(|outcome| outcome.action_id == id);
    let silent = actions.iter().enumerate().filter(|(_, (id, live))| *live && !spoken_of(*id));
    wrong.extend(silent.map(|(place, (id, _))| Unreviewed::Missing(place, *id)));
    wrong
}

/// Whether a day for the next review must be named: while anything goes on.
#[must_use]
pub fn needs_next_review(outcomes: &[ActionReview]) -> bool {
    outcomes.iter().any(|outcome| outcome.outcome.goes_on())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strum::VariantArray as _;
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> CarePlanActionId {
        CarePlanActionId::new(Uuid::from_u128(number))
    }

    fn review(number: u128, outcome: Reviewed) -> ActionReview {
        ActionReview { action_id: id(number), outcome, note: None }
    }

    #[test]
    fn each_action_that_is_still_to_be_done_is_spoken_of_once() {
        let actions = [(id(1), true), (id(2), false), (id(3), true)];
        let outcomes = [review(1, Reviewed::Done), review(1, Reviewed::Done), review(9, Reviewed::Done)];
        assert_eq!(
            unreviewed(&actions, &outcomes),
            [Unreviewed::Twice(1), Unreviewed::Unknown(2), Unreviewed::Missing(2, id(3))]
        );
        // Who wanted nothing last time may want something now.
        let all = [review(1, Reviewed::Done), review(2, Reviewed::Changed), review(3, Reviewed::Continuing)];
        assert_eq!(unreviewed(&actions, &all), []);
    }

    #[test]
    fn what_goes_on_is_looked_at_again() {
        assert!(needs_next_review(&[review(1, Reviewed::Done), review(2, Reviewed::Continuing)]));
        assert!(!needs_next_review(&[review(1, Reviewed::Done), review(2, Reviewed::NotPossible)]));
        assert_eq!(Reviewed::Continuing.progress(ActionProgress::Planned), ActionProgress::UnderWay);
    }

    proptest! {
        #[test]
        fn what_goes_on_is_never_over_and_what_is_over_never_goes_on(
            outcome in prop::sample::select(Reviewed::VARIANTS),
            before in prop::sample::select(&[ActionProgress::Planned, ActionProgress::UnderWay][..]),
        ) {
            prop_assert_eq!(outcome.progress(before).is_live(), outcome.goes_on());
        }

        #[test]
        fn one_outcome_for_each_is_always_enough(live in prop::collection::vec(any::<bool>(), 0..8)) {
            let actions: Vec<_> = (0_u128..).zip(&live).map(|(number, live)| (id(number), *live)).collect();
            let outcomes: Vec<_> = actions
                .iter()
                .filter(|(_, live)| *live)
                .map(|(id, _)| ActionReview { action_id: *id, outcome: Reviewed::Done, note: None })
                .collect();
            prop_assert_eq!(unreviewed(&actions, &outcomes), []);
        }
    }
}
