//! What must be settled before a plan can be agreed, and before it can be closed.

use super::{ActionKind, ActionOwner, ActionProgress, ClosureReason, Status, is_settled};

/// What the rules look at in an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held<'a> {
    pub concern_code: Option<&'a str>,
    pub action: ActionKind,
    pub owner: ActionOwner,
    pub progress: ActionProgress,
}

/// The concerns of the assessment that became neither an action nor a “no help wanted”. The newest answers count: a
/// correction may have raised what the draft did not know of.
#[must_use]
pub fn open_concerns<'a>(concerns: impl IntoIterator<Item = &'a str>, actions: &[Held<'_>]) -> Vec<&'a str> {
    let answered = |code: &str| actions.iter().any(|action| action.concern_code == Some(code));
    concerns.into_iter().filter(|code| !answered(code)).collect()
}

/// The places of the actions that nobody does yet.
#[must_use]
pub fn open_actions(actions: &[Held<'_>]) -> Vec<usize> {
    let open = actions.iter().enumerate().filter(|(_, held)| !is_settled(held.action, held.owner));
    open.map(|(place, _)| place).collect()
}

/// Why a plan cannot be closed for this reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// There are concerns or actions, so “no concerns” would be untrue.
    SomethingRaised,
    /// Nobody has talked with him, and nothing says so.
    NotDiscussed,
    /// Nothing was agreed, so nothing can be completed.
    NotAgreed,
    /// The places of actions that are still to be done.
    StillToDo(Vec<usize>),
}

/// Whether a plan can be closed for this reason. “No concerns” is a good end and must be true and talked about;
/// “completed” means that nothing is left. A plan can always end because he declines it or takes part no longer.
///
/// # Errors
/// What stands against it.
pub fn may_close(
    reason: ClosureReason,
    status: Status,
    concerns: usize,
    actions: &[Held<'_>],
    discussed: bool,
) -> Result<(), Unfit> {
    match reason {
        ClosureReason::NoConcerns if concerns > 0 || !actions.is_empty() => Err(Unfit::SomethingRaised),
        ClosureReason::NoConcerns | ClosureReason::Declined if !discussed => Err(Unfit::NotDiscussed),
        ClosureReason::Completed if !status.is_in_force() => Err(Unfit::NotAgreed),
        ClosureReason::Completed => {
            let live = actions.iter().enumerate();
            let live: Vec<usize> = live.filter(|(_, held)| held.is_live()).map(|(place, _)| place).collect();
            if live.is_empty() { Ok(()) } else { Err(Unfit::StillToDo(live)) }
        }
        ClosureReason::NoConcerns | ClosureReason::Declined | ClosureReason::Ended => Ok(()),
    }
}

impl Held<'_> {
    /// Whether somebody still has something to do.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.action != ActionKind::NoneWanted && self.progress.is_live()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strum::VariantArray as _;

    use super::*;

    fn held(code: &'static str, action: ActionKind, owner: ActionOwner) -> Held<'static> {
        Held { concern_code: Some(code), action, owner, progress: ActionProgress::Planned }
    }

    #[test]
    fn a_concern_is_answered_by_an_action_or_by_a_no() {
        let actions = [
            held("URI.leakage", ActionKind::Refer, ActionOwner::Clinician),
            held("EMO.worry", ActionKind::NoneWanted, ActionOwner::Undecided),
            held("GEN.sleep", ActionKind::InfoGiven, ActionOwner::Undecided),
        ];
        let concerns = ["URI.leakage", "EMO.worry", "GEN.sleep", "MON.bills"];
        assert_eq!(open_concerns(concerns, &actions), ["MON.bills"]);
        assert_eq!(open_actions(&actions), [2]);
    }

    #[test]
    fn no_concerns_must_be_true_and_talked_about() {
        let close = |concerns, actions: &[Held<'_>], discussed| {
            may_close(ClosureReason::NoConcerns, Status::NoneNeeded, concerns, actions, discussed)
        };
        assert_eq!(close(0, &[], true), Ok(()));
        assert_eq!(close(0, &[], false), Err(Unfit::NotDiscussed));
        assert_eq!(close(1, &[], true), Err(Unfit::SomethingRaised));
        let none = held("EMO.worry", ActionKind::NoneWanted, ActionOwner::Participant);
        assert_eq!(close(0, &[none], true), Err(Unfit::SomethingRaised));
    }

    #[test]
    fn completed_means_that_nothing_is_left() {
        let none = held("EMO.worry", ActionKind::NoneWanted, ActionOwner::Participant);
        let open = held("URI.leakage", ActionKind::Refer, ActionOwner::Clinician);
        let done = Held { progress: ActionProgress::Done, ..open };
        let close =
            |status, actions: &[Held<'_>]| may_close(ClosureReason::Completed, status, 2, actions, true);
        assert_eq!(close(Status::Shared, &[none, done]), Ok(()));
        assert_eq!(close(Status::Shared, &[none, open]), Err(Unfit::StillToDo(vec![1])));
        assert_eq!(close(Status::InDiscussion, &[none]), Err(Unfit::NotAgreed));
    }

    proptest! {
        #[test]
        fn a_concern_is_open_exactly_when_no_action_names_it(
            concerns in prop::collection::vec("[A-D]", 0..6), named in prop::collection::vec("[A-D]", 0..6),
        ) {
            let actions: Vec<Held<'_>> = named
                .iter()
                .map(|code| Held {
                    concern_code: Some(code),
                    action: ActionKind::NoneWanted,
                    owner: ActionOwner::Undecided,
                    progress: ActionProgress::Planned,
                })
                .collect();
            let open = open_concerns(concerns.iter().map(String::as_str), &actions);
            for code in &concerns {
                prop_assert_eq!(open.contains(&code.as_str()), !named.contains(code));
            }
        }

        #[test]
        fn every_plan_has_an_end(status in prop::sample::select(Status::VARIANTS), concerns in 0_usize..3) {
            prop_assert_eq!(may_close(ClosureReason::Ended, status, concerns, &[], false), Ok(()));
        }
    }
}
