//! A step of a participant's way through the programme, as somebody records it: where to, why, and who decided.

use serde::{Deserialize, Serialize};

use crate::participant::Status;

/// Why he was not won, or why he takes part again after a doubt about his capacity.
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
#[cfg_attr(feature = "schema", schema(as = StatusChangeReason))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    NoInternet,
    NoDevice,
    NotConfident,
    TooIll,
    NoNeed,
    Privacy,
    Burden,
    /// He gave none, and nobody has to.
    NotGiven,
    Other,
    /// He was found able to decide.
    CapacityConfirmed,
    /// He may not be able to decide; whoever speaks for him advised that he goes on.
    ConsulteeAdvice,
}

impl Reason {
    /// Whether it is a reason to decline.
    #[must_use]
    pub fn is_for_declining(self) -> bool {
        !self.is_about_capacity()
    }

    /// Whether it settles a doubt about capacity.
    #[must_use]
    pub fn is_about_capacity(self) -> bool {
        matches!(self, Self::CapacityConfirmed | Self::ConsulteeAdvice)
    }

    /// Whether a supporter could have taken this obstacle away. It counts as a reason only after one was offered.
    #[must_use]
    pub fn support_would_help(self) -> bool {
        matches!(self, Self::NoInternet | Self::NoDevice | Self::NotConfident)
    }
}

/// Who decided, or what did.
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
#[cfg_attr(feature = "schema", schema(as = StatusChangeDecider))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DecidedBy {
    Participant,
    Clinician,
    Study,
    LostContact,
    Capacity,
    Death,
}

impl DecidedBy {
    /// Where the new state leaves no choice.
    #[must_use]
    pub fn implied_by(to: Status) -> Option<Self> {
        match to {
            Status::LostContact => Some(Self::LostContact),
            Status::CapacityHold => Some(Self::Capacity),
            Status::Deceased => Some(Self::Death),
            _ => None,
        }
    }

    /// Whether it is somebody who can decide, and not something that happened.
    #[must_use]
    pub fn is_somebody(self) -> bool {
        matches!(self, Self::Participant | Self::Clinician | Self::Study)
    }
}

/// What is recorded of a step, besides when and by whom.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    pub from: Status,
    pub to: Status,
    pub reason: Option<Reason>,
    pub decided_by: Option<DecidedBy>,
    /// Codes of the criteria of the protocol that he does not meet.
    pub criteria: &'a [String],
    /// Whether he was offered a supporter before he declined.
    pub support_offered: Option<bool>,
}

/// What is wrong with one member of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    pub member: &'static str,
    pub code: &'static str,
    pub message: &'static str,
}

impl Change<'_> {
    /// What does not fit the step. Nothing, when it can be recorded.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        [self.about_reason(), self.about_criteria(), self.about_support(), self.about_decider()]
            .into_iter()
            .flatten()
            .collect()
    }

    fn about_reason(&self) -> Option<Finding> {
        let finding = |code, message| Some(Finding { member: "reason", code, message });
        let settles = self.from == Status::CapacityHold && self.to.takes_part();
        match self.reason {
            None if self.to == Status::Declined => {
                finding("missing", "Say why he declined; not_given is an answer.")
            }
            None if settles => finding("missing", "Say how the doubt about his capacity was settled."),
            Some(reason) if self.to == Status::Declined && !reason.is_for_declining() => {
                finding("choice", "This is no reason to decline.")
            }
            Some(reason) if settles && !reason.is_about_capacity() => {
                finding("choice", "This does not settle a doubt about capacity.")
            }
            Some(_) if self.to != Status::Declined && !settles => {
                finding("unexpected", "This step takes no reason.")
            }
            _ => None,
        }
    }

    fn about_criteria(&self) -> Option<Finding> {
        let finding = |code, message| Some(Finding { member: "criteria", code, message });
        match (self.to == Status::Ineligible, self.criteria.is_empty()) {
            (true, true) => finding("missing", "Name the criteria that he does not meet, by their codes."),
            (false, false) => finding("unexpected", "Criteria belong to ineligible alone."),
            _ => None,
        }
    }

    fn about_support(&self) -> Option<Finding> {
        let finding = |code, message| Some(Finding { member: "support_offered", code, message });
        match self.support_offered {
            None if self.to == Status::Declined => finding("missing", "Say whether a supporter was offered."),
            Some(_) if self.to != Status::Declined => {
                finding("unexpected", "This belongs to declined alone.")
            }
            Some(false) if self.reason.is_some_and(Reason::support_would_help) => {
                finding("not_yet", "A supporter helps with exactly this: offer one before this is a reason.")
            }
            _ => None,
        }
    }

    fn about_decider(&self) -> Option<Finding> {
        let finding = |code, message| Some(Finding { member: "decided_by", code, message });
        let asked = matches!(self.to, Status::Paused | Status::Stopped);
        match self.decided_by {
            None if asked => finding("missing", "Say who decided: participant, clinician or study."),
            Some(by) if asked && !by.is_somebody() => {
                finding("choice", "This must be participant, clinician or study.")
            }
            Some(by) if !asked && DecidedBy::implied_by(self.to) != Some(by) => {
                finding("unexpected", "Nobody decides this step but what the step itself says.")
            }
            _ => None,
        }
    }

    /// Who decided, as it is kept.
    #[must_use]
    pub fn decider(&self) -> Option<DecidedBy> {
        self.decided_by.or_else(|| DecidedBy::implied_by(self.to))
    }

    /// Whether the consent that is in force, or that there is none, allows the step. Taking part stands on consent;
    /// whoever was not yet, or no longer, taking part comes in by a new one alone.
    #[must_use]
    pub fn has_its_consent(&self, take_part_in_force: bool) -> bool {
        let anew = matches!(self.from, Status::Approached | Status::Stopped);
        !self.to.takes_part() || (take_part_in_force && !anew)
    }
}

/// Whether a text is the code of a criterion, as protocols number or name them.
#[must_use]
pub fn is_criterion(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strum::VariantArray as _;

    use super::*;

    fn change(from: Status, to: Status) -> Change<'static> {
        Change { from, to, reason: None, decided_by: None, criteria: &[], support_offered: None }
    }

    fn members(change: &Change<'_>) -> Vec<(&'static str, &'static str)> {
        change.findings().iter().map(|finding| (finding.member, finding.code)).collect()
    }

    #[test]
    fn who_declines_is_asked_why_and_whether_help_was_offered() {
        let bare = change(Status::Approached, Status::Declined);
        assert_eq!(members(&bare), [("reason", "missing"), ("support_offered", "missing")]);
        let of = |reason, offered| Change { reason: Some(reason), support_offered: Some(offered), ..bare };
        for reason in Reason::VARIANTS.iter().copied().filter(|reason| reason.is_for_declining()) {
            assert_eq!(members(&of(reason, true)), []);
        }
        assert_eq!(members(&of(Reason::NoInternet, false)), [("support_offered", "not_yet")]);
        assert_eq!(members(&of(Reason::Burden, false)), []);
        assert_eq!(members(&of(Reason::ConsulteeAdvice, true)), [("reason", "choice")]);
    }

    #[test]
    fn ineligible_names_its_criteria() {
        let bare = change(Status::Approached, Status::Ineligible);
        assert_eq!(members(&bare), [("criteria", "missing")]);
        let criteria = ["I3".to_owned()];
        assert_eq!(members(&Change { criteria: &criteria, ..bare }), []);
        let elsewhere = change(Status::Allocated, Status::Active);
        assert_eq!(members(&Change { criteria: &criteria, ..elsewhere }), [("criteria", "unexpected")]);
        assert!(is_criterion("exclusion-4.b") && !is_criterion("") && !is_criterion("too old"));
    }

    #[test]
    fn a_pause_and_an_end_say_who_decided_and_fate_says_it_itself() {
        for to in [Status::Paused, Status::Stopped] {
            let bare = change(Status::Active, to);
            assert_eq!(members(&bare), [("decided_by", "missing")]);
            assert_eq!(members(&Change { decided_by: Some(DecidedBy::Clinician), ..bare }), []);
            let death = Change { decided_by: Some(DecidedBy::Death), ..bare };
            assert_eq!(members(&death), [("decided_by", "choice")]);
        }
        let lost = change(Status::Active, Status::LostContact);
        assert_eq!((members(&lost), lost.decider()), (vec![], Some(DecidedBy::LostContact)));
        let wrong = Change { decided_by: Some(DecidedBy::Study), ..lost };
        assert_eq!(members(&wrong), [("decided_by", "unexpected")]);
    }

    #[test]
    fn a_doubt_about_capacity_is_settled_not_forgotten() {
        let back = change(Status::CapacityHold, Status::Active);
        assert_eq!(members(&back), [("reason", "missing")]);
        assert_eq!(members(&Change { reason: Some(Reason::Burden), ..back }), [("reason", "choice")]);
        assert_eq!(members(&Change { reason: Some(Reason::ConsulteeAdvice), ..back }), []);
        assert_eq!(members(&change(Status::CapacityHold, Status::Deceased)), []);
        let plain = change(Status::Paused, Status::Active);
        let reasoned = Change { reason: Some(Reason::CapacityConfirmed), ..plain };
        assert_eq!(members(&reasoned), [("reason", "unexpected")]);
    }

    /// What can happen to a participant, one after another.
    #[derive(Debug, Clone, Copy)]
    enum Event {
        Recorded(Status),
        Consents,
        Withdraws,
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            6 => proptest::sample::select(Status::VARIANTS).prop_map(Event::Recorded),
            2 => Just(Event::Consents),
            1 => Just(Event::Withdraws),
        ]
    }

    proptest! {
        /// Whatever is recorded in whatever order: nobody takes part without consent in force, and death is the end.
        #[test]
        fn nobody_takes_part_without_consent(events in proptest::collection::vec(event(), 0..40)) {
            let (mut status, mut in_force) = (Status::Identified, false);
            for event in events {
                let before = status;
                match event {
                    Event::Recorded(to) => {
                        let allowed = status.move_to(to).is_ok();
                        prop_assert_eq!(allowed, status.allowed_next().contains(&to));
                        if allowed && change(status, to).has_its_consent(in_force) {
                            status = to;
                        }
                    }
                    Event::Consents => if let Ok(to) = status.on_consent() {
                        (status, in_force) = (to, true);
                    },
                    Event::Withdraws => (status, in_force) = (status.on_withdrawal(), false),
                }
                prop_assert!(!status.takes_part() || in_force, "{} by {:?}", status, event);
                prop_assert!(before != Status::Deceased || status == Status::Deceased);
            }
        }
    }
}
