//! Rights requests: what a person asks of his own record under data protection law, and the way of each request.
//!
//! One function, [`Standing::after`], says what can follow what. The clock is in [`due`], what is noted of a step in
//! [`record`].

pub mod due;
pub mod record;

use serde::{Deserialize, Serialize};
use strum::VariantArray as _;

use crate::transition::IllegalTransition;

pub use record::{AmendmentLink, StepRecord};

/// A closed list of codes.
macro_rules! codes {
    ($(#[$about:meta])* $name:ident as $schema:ident { $($(#[$doc:meta])* $variant:ident,)+ }) => {
        $(#[$about])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr,
            strum::VariantArray, strum::Display,
        )]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "schema", schema(as = $schema))]
        #[serde(rename_all = "snake_case")]
        #[strum(serialize_all = "snake_case")]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }
    };
}

codes! {
    /// What is asked for.
    Kind as RightsRequestKind {
        /// A copy of what is held, with who helped and who looked.
        Access,
        /// That something wrong is put right: by an amendment, which keeps what was there.
        Rectification,
        /// That the record is kept and not used.
        Restriction,
        /// That something is not done with it.
        Objection,
    }
}

codes! {
    /// How far a request has come.
    State as RightsRequestState {
        Received,
        IdentityChecked,
        Scoped,
        /// What goes out is being decided. Access alone.
        Redaction,
        Approved,
        Fulfilled,
        Refused,
    }
}

codes! {
    /// What can be done with a request.
    Step as RightsRequestStep {
        IdentityCheck,
        Scoping,
        /// A decision on what goes out.
        Redaction,
        Approval,
        Fulfilment,
        Refusal,
        /// The clock stops.
        Pause,
        /// The clock goes on.
        Resumption,
        /// Two months more.
        Extension,
        /// A restriction ends.
        Lifting,
    }
}

codes! {
    /// How it came.
    Channel as RightsRequestChannel {
        /// From his own account.
        OwnAccount,
        InPerson,
        Phone,
        Letter,
        Email,
    }
}

codes! {
    /// How it was made sure that it is he.
    IdentityProof as RightsIdentityProof {
        /// He signed in with his own account.
        OwnAccount,
        /// Whoever checked knows him.
        KnownInPerson,
        /// He showed a document.
        Document,
        /// He answered questions only he can answer.
        Questions,
        /// Somebody may act for him, and showed it.
        Authority,
    }
}

codes! {
    /// What is waited for while the clock stands.
    PauseReason as RightsPauseReason {
        /// Who he is.
        Identity,
        /// What he wants.
        Clarification,
    }
}

codes! {
    /// Why two months more are needed.
    ExtensionReason as RightsExtensionReason {
        Complexity,
        ManyRequests,
    }
}

codes! {
    /// Why nothing, or nothing more, is done.
    RefusalReason as RightsRefusalReason {
        ManifestlyUnfounded,
        Excessive,
        IdentityNotShown,
        /// An exemption of the law applies.
        Exemption,
        /// What is asked for is not so: it is right as it stands, or there are grounds that outweigh.
        NoGrounds,
        Withdrawn,
    }
}

codes! {
    /// What becomes of something in the report.
    Verdict as RightsVerdict {
        Release,
        Withhold,
        /// Some of it is released.
        Partly,
    }
}

codes! {
    /// What in a record may be about somebody else.
    ThirdParty as RightsThirdParty {
        /// Emergency contact, and who must not know.
        Contacts,
        /// Who else was there.
        PeoplePresent,
        /// Who witnessed a consent.
        Witnesses,
        /// Who got a copy, by name.
        Recipients,
        /// What staff wrote down.
        Notes,
    }
}

codes! {
    /// Why the record is not to be used.
    RestrictionGround as RestrictionGround {
        AccuracyContested,
        UnlawfulProcessing,
        NeededForClaim,
        ObjectionPending,
    }
}

codes! {
    /// How he got the answer.
    Handover as RightsHandover {
        OwnAccount,
        InPerson,
        Post,
        SecureEmail,
    }
}

impl State {
    /// Whether something is still to be done.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Fulfilled | Self::Refused)
    }
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub kind: Kind,
    pub state: State,
    /// The clock stands.
    pub paused: bool,
}

impl Standing {
    /// The state after this step.
    ///
    /// # Errors
    /// The steps that are possible, where this one is not.
    pub fn after(self, step: Step) -> Result<State, IllegalTransition> {
        self.next(step).ok_or_else(|| IllegalTransition::new(self.state, step.into(), self.steps()))
    }

    /// What can be done now.
    #[must_use]
    pub fn steps(self) -> Vec<Step> {
        Step::VARIANTS.iter().copied().filter(|step| self.next(*step).is_some()).collect()
    }

    fn next(self, step: Step) -> Option<State> {
        // Access alone has something to be cut out before it is approved.
        let decides = self.kind == Kind::Access;
        match (self.state, step) {
            (State::Fulfilled, Step::Lifting) if self.kind == Kind::Restriction => Some(State::Fulfilled),
            (state, _) if !state.is_open() => None,
            (_, Step::Refusal) => Some(State::Refused),
            (state, Step::Resumption) => self.paused.then_some(state),
            // Nothing moves while the clock stands.
            _ if self.paused => None,
            (state, Step::Pause | Step::Extension) => Some(state),
            (State::Received, Step::IdentityCheck) => Some(State::IdentityChecked),
            (State::IdentityChecked, Step::Scoping) => Some(State::Scoped),
            (State::Scoped | State::Redaction, Step::Redaction) if decides => Some(State::Redaction),
            (State::Redaction, Step::Approval) => Some(State::Approved),
            (State::Scoped, Step::Approval) if !decides => Some(State::Approved),
            (State::Approved, Step::Fulfilment) => Some(State::Fulfilled),
            _ => None,
        }
    }
}

/// What both decisions let out of what is about others: what the one keeps back, the other cannot release.
#[must_use]
pub fn released(decisions: [&StepRecord; 2]) -> Vec<ThirdParty> {
    let lets = |decision: &StepRecord, matter: ThirdParty| match decision.third_party {
        Some(Verdict::Release) => true,
        Some(Verdict::Partly) => decision.released.contains(&matter),
        Some(Verdict::Withhold) | None => false,
    };
    let all = ThirdParty::VARIANTS.iter().copied();
    all.filter(|matter| decisions.iter().all(|decision| lets(decision, *matter))).collect()
}

/// The words of the safeguarding lead that go into the report: where both let them.
#[must_use]
pub fn safeguarding_words(decisions: [&StepRecord; 2]) -> Option<&str> {
    let lets =
        |decision: &&StepRecord| matches!(decision.safeguarding, Some(Verdict::Release | Verdict::Partly));
    let all = decisions.iter().all(lets);
    decisions.into_iter().filter(|_| all).find_map(|decision| decision.safeguarding_words.as_deref())
}

/// What whoever is refused is told besides the reason.
pub const RIGHT_TO_COMPLAIN: &str = "If you do not agree, you can ask our privacy officer to look at it again, complain to \
    the Information Commissioner's Office (ico.org.uk/make-a-complaint, telephone 0303 123 1113), or go to court.";

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(kind: Kind, state: State) -> Standing {
        Standing { kind, state, paused: false }
    }

    fn walk(kind: Kind, steps: &[Step]) -> Result<State, IllegalTransition> {
        steps.iter().try_fold(State::Received, |state, step| standing(kind, state).after(*step))
    }

    #[test]
    fn each_kind_has_its_way_to_the_end() {
        use Step::{Approval, Fulfilment, IdentityCheck, Redaction, Scoping};
        let way = [IdentityCheck, Scoping, Redaction, Redaction, Approval, Fulfilment];
        assert_eq!(walk(Kind::Access, &way), Ok(State::Fulfilled));
        let short = [IdentityCheck, Scoping, Approval, Fulfilment];
        for kind in [Kind::Rectification, Kind::Restriction, Kind::Objection] {
            assert_eq!(walk(kind, &short), Ok(State::Fulfilled), "{kind}");
            assert!(walk(kind, &way).is_err(), "{kind}");
        }
        let undecided = walk(Kind::Access, &short).unwrap_err();
        assert_eq!(undecided.from, "scoped");
        assert!(undecided.allowed.contains(&"redaction".to_owned()), "{undecided:?}");
    }

    #[test]
    fn nothing_moves_while_the_clock_stands_but_it_can_be_refused() {
        for state in State::VARIANTS.iter().copied().filter(|state| state.is_open()) {
            let stopped = Standing { paused: true, ..standing(Kind::Access, state) };
            assert_eq!(stopped.steps(), [Step::Refusal, Step::Resumption], "{state}");
            assert!(standing(Kind::Access, state).after(Step::Resumption).is_err());
        }
    }

    #[test]
    fn what_is_over_stays_over() {
        for kind in Kind::VARIANTS {
            assert!(standing(*kind, State::Refused).steps().is_empty(), "{kind}");
            let lifts = standing(*kind, State::Fulfilled).steps() == [Step::Lifting];
            assert_eq!(lifts, *kind == Kind::Restriction, "{kind}");
        }
    }

    #[test]
    fn what_one_keeps_back_the_other_cannot_release() {
        let decision = |verdict, released: &[ThirdParty]| StepRecord {
            third_party: Some(verdict),
            released: released.to_vec(),
            ..StepRecord::default()
        };
        let all = decision(Verdict::Release, &[]);
        let some = decision(Verdict::Partly, &[ThirdParty::Witnesses]);
        let none = decision(Verdict::Withhold, &[]);
        assert_eq!(released([&all, &all]), ThirdParty::VARIANTS);
        assert_eq!(released([&all, &some]), [ThirdParty::Witnesses]);
        assert!(released([&some, &none]).is_empty());
        assert!(released([&all, &StepRecord::default()]).is_empty());
    }

    #[test]
    fn words_about_safeguarding_need_both() {
        let decision = |verdict, words: Option<&str>| StepRecord {
            safeguarding: Some(verdict),
            safeguarding_words: words.map(str::to_owned),
            ..StepRecord::default()
        };
        let lead = decision(Verdict::Partly, Some("We wrote down a worry."));
        let words = safeguarding_words([&decision(Verdict::Release, None), &lead]).map(str::to_owned);
        assert_eq!(words.as_deref(), Some("We wrote down a worry."));
        assert_eq!(safeguarding_words([&decision(Verdict::Withhold, None), &lead]), None);
        assert_eq!(safeguarding_words([&StepRecord::default(), &lead]), None);
    }
}
