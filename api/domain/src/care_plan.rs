//! Care plans: what is done about each concern of an assessment, and how a plan comes to be agreed and in his hands.

mod agreement;
mod copy;
mod document;
mod document_html;
#[cfg(test)]
mod document_tests;
mod document_text;
mod record;
mod review;

use serde::{Deserialize, Serialize};

use crate::content;
use crate::id::SignpostId;
use crate::instrument::{Concern, HelpWanted};
use crate::signpost::Local;
use crate::transition::IllegalTransition;

pub use agreement::{Held, Unfit, may_close, open_actions, open_concerns};
pub use copy::{CopyFormat, CopyRecipient, Delivery, Obstacle, Sending, obstacle};
pub use document::{Document, Facts, Line};
pub use document_html::to_html;
pub use document_text::to_text;
pub use record::{AgreementMethod, Channel, ClosureReason, Company, StepRecord};
pub use review::{ActionReview, Reviewed, Unreviewed, needs_next_review, unreviewed};

/// Most actions of one plan.
pub const MAX_ACTIONS: usize = 200;
/// Most signposts of one action.
pub const MAX_SIGNPOSTS: usize = 20;

/// Where a plan stands.
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
#[cfg_attr(feature = "schema", schema(as = CarePlanStatus))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// Made from the answers; nobody has talked about it.
    Drafted,
    /// The participant and the clinician are talking about it.
    InDiscussion,
    /// Both said yes, and every action has somebody who does it.
    Agreed,
    /// A copy has gone to somebody.
    Shared,
    /// Looked at again.
    UnderReview,
    /// A later plan took its place.
    Superseded,
    Closed,
    /// There was no concern. A good end, and no loose one.
    NoneNeeded,
}

/// A step that a plan takes.
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
#[cfg_attr(feature = "schema", schema(as = CarePlanStep))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Step {
    /// It was talked about with him.
    Discussion,
    /// He said yes to it.
    Agreement,
    /// A copy went out.
    Sharing,
    /// It was looked at again, action by action.
    Review,
    /// A later plan was agreed in its place.
    Replacement,
    Closure,
}

impl Status {
    /// The state after a step.
    ///
    /// # Errors
    /// When the step is not possible from here.
    pub fn after(self, step: Step) -> Result<Self, IllegalTransition> {
        use Status::{Agreed, Closed, Drafted, InDiscussion, NoneNeeded, Shared, Superseded, UnderReview};
        match (self, step) {
            // He may want to talk although the form found nothing, and more than once.
            (Drafted | NoneNeeded | InDiscussion, Step::Discussion) => Ok(InDiscussion),
            (InDiscussion, Step::Agreement) => Ok(Agreed),
            // One copy for him, one for the surgery: a plan may be shared more than once.
            (Agreed | Shared, Step::Sharing) => Ok(Shared),
            (UnderReview, Step::Sharing) | (Agreed | Shared | UnderReview, Step::Review) => Ok(UnderReview),
            (Agreed | Shared | UnderReview, Step::Replacement) => Ok(Superseded),
            (Drafted | InDiscussion | Agreed | Shared | UnderReview | NoneNeeded, Step::Closure) => {
                Ok(Closed)
            }
            _ => Err(IllegalTransition::new(self, step.into(), self.next().iter().copied())),
        }
    }

    /// The states that can follow.
    #[must_use]
    pub fn next(self) -> &'static [Self] {
        match self {
            Self::Drafted | Self::NoneNeeded => &[Self::InDiscussion, Self::Closed],
            Self::InDiscussion => &[Self::InDiscussion, Self::Agreed, Self::Closed],
            Self::Agreed | Self::Shared => &[Self::Shared, Self::UnderReview, Self::Superseded, Self::Closed],
            Self::UnderReview => &[Self::UnderReview, Self::Superseded, Self::Closed],
            Self::Superseded | Self::Closed => &[],
        }
    }

    /// Whether what is to be done can still be changed: until it is agreed.
    ///
    /// # Errors
    /// When it was agreed, or is at its end.
    pub fn require_editable(self) -> Result<(), IllegalTransition> {
        match self {
            Self::Drafted | Self::InDiscussion => Ok(()),
            _ => Err(IllegalTransition::new(self, "edit", self.next().iter().copied())),
        }
    }

    /// The states of a plan that counts now: agreed, and neither replaced nor at its end.
    pub const IN_FORCE: [Self; 3] = [Self::Agreed, Self::Shared, Self::UnderReview];

    #[must_use]
    pub fn is_in_force(self) -> bool {
        Self::IN_FORCE.contains(&self)
    }

    /// Whether another version of it can be begun: what was agreed is never rewritten.
    ///
    /// # Errors
    /// When nothing was agreed, or something else took its place.
    pub fn require_in_force(self) -> Result<(), IllegalTransition> {
        if self.is_in_force() {
            return Ok(());
        }
        Err(IllegalTransition::new(self, "revision", self.next().iter().copied()))
    }

    /// Whether it can still be noted how far an action has come.
    ///
    /// # Errors
    /// When the plan is at its end.
    pub fn require_open(self) -> Result<(), IllegalTransition> {
        match self {
            Self::Superseded | Self::Closed | Self::NoneNeeded => {
                Err(IllegalTransition::new(self, "progress", self.next().iter().copied()))
            }
            _ => Ok(()),
        }
    }
}

/// What is done about a concern.
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
pub enum ActionKind {
    SelfManage,
    InfoGiven,
    /// He is told where to turn to.
    Signpost,
    /// Somebody else takes it on.
    Refer,
    GpTask,
    /// He said that he wants nothing done. Written down, so that nobody thinks it was forgotten.
    NoneWanted,
}

/// Who sees to it that it is done.
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
pub enum ActionOwner {
    Participant,
    SupporterService,
    Clinician,
    Gp,
    Other,
    /// Nobody yet: a plan with such an action cannot be agreed.
    Undecided,
}

/// How far an action has come.
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
pub enum ActionProgress {
    Planned,
    UnderWay,
    Done,
    /// Not wanted or not possible any more.
    Dropped,
}

impl ActionProgress {
    /// Whether something is still to be done.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Planned | Self::UnderWay)
    }
}

/// Whether an agreed plan can hold this action as it is.
#[must_use]
pub fn is_settled(action: ActionKind, owner: ActionOwner) -> bool {
    action == ActionKind::NoneWanted || owner != ActionOwner::Undecided
}

/// Where to turn to, as it was when the plan was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = PrintedSignpost))]
pub struct Signpost {
    /// The signpost of the programme it was taken from; none for one that ships or was typed.
    #[serde(default)]
    pub id: Option<SignpostId>,
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub title: String,
    #[cfg_attr(feature = "schema", schema(max_length = 50))]
    pub phone: Option<String>,
    #[cfg_attr(feature = "schema", schema(max_length = 2048))]
    pub url: Option<String>,
    #[cfg_attr(feature = "schema", schema(max_length = 1000))]
    pub note: String,
}

impl From<&content::Signpost> for Signpost {
    fn from(sign: &content::Signpost) -> Self {
        Self {
            id: None,
            title: sign.title.clone(),
            phone: sign.phone.clone(),
            url: sign.url.clone(),
            note: sign.note.clone(),
        }
    }
}

/// What an action says, sealed as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActionContent {
    pub title: String,
    /// How the participant put it.
    pub own_words: Option<String>,
    /// What he wants to be different.
    pub goal: Option<String>,
    pub signposts: Vec<Signpost>,
    pub outcome: Option<String>,
    /// About something that he was asked in private: not for a helper's or a relative's eyes.
    pub private: bool,
}

/// An action before it has an id and a place in a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionDraft {
    pub concern_code: Option<String>,
    pub action: ActionKind,
    pub owner: ActionOwner,
    pub content: ActionContent,
}

/// The state of a new plan.
#[must_use]
pub fn first_status(actions: usize) -> Status {
    if actions == 0 { Status::NoneNeeded } else { Status::Drafted }
}

/// A proposal for each concern, in the order of the concerns, with what there is nearby before what there is
/// everywhere. Nothing in it is decided before somebody talked with him.
#[must_use]
pub fn draft(concerns: &[Concern], nearby: &[Local]) -> Vec<ActionDraft> {
    concerns.iter().take(MAX_ACTIONS).map(|concern| propose(concern, nearby)).collect()
}

fn propose(concern: &Concern, nearby: &[Local]) -> ActionDraft {
    let nearby =
        nearby.iter().filter(|local| local.helps_with(&concern.code)).map(|local| local.sign.clone());
    let signposts: Vec<Signpost> =
        nearby.chain(content::signposts_for(&concern.code).into_iter().map(Signpost::from)).collect();
    let (action, owner) = match concern.help {
        Some(HelpWanted::None) => (ActionKind::NoneWanted, ActionOwner::Participant),
        Some(HelpWanted::Information) if signposts.is_empty() => {
            (ActionKind::InfoGiven, ActionOwner::Clinician)
        }
        Some(HelpWanted::Information) => (ActionKind::Signpost, ActionOwner::Participant),
        Some(HelpWanted::Practical) if !signposts.is_empty() => {
            (ActionKind::Signpost, ActionOwner::SupporterService)
        }
        Some(HelpWanted::Practical) => (ActionKind::Refer, ActionOwner::SupporterService),
        Some(HelpWanted::Talk | HelpWanted::Urgent) => (ActionKind::Refer, ActionOwner::Clinician),
        // He did not say what he wants: it must be asked before the plan can be agreed.
        None => (ActionKind::InfoGiven, ActionOwner::Undecided),
    };
    let signposts = if action == ActionKind::NoneWanted { Vec::new() } else { signposts };
    ActionDraft {
        concern_code: Some(concern.code.clone()),
        action,
        owner,
        content: ActionContent {
            title: concern.title.clone(),
            own_words: concern.own_words.clone(),
            signposts: signposts.into_iter().take(MAX_SIGNPOSTS).collect(),
            private: concern.private,
            ..ActionContent::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    fn concern(code: &str, help: Option<HelpWanted>) -> Concern {
        Concern {
            code: code.to_owned(),
            section: code.split_once('.').map(|(section, _)| section.to_owned()),
            title: "Leaking urine".to_owned(),
            link_id: "leak".to_owned(),
            bother: Some(7),
            band: None,
            duration: None,
            help,
            own_words: Some("At night".to_owned()),
            chosen_rank: None,
            private: false,
        }
    }

    #[test]
    fn every_concern_becomes_a_proposal_that_follows_his_wish() {
        let of = |help| draft(&[concern("URI.leakage", help)], &[]).remove(0);
        let none = of(Some(HelpWanted::None));
        assert_eq!((none.action, none.content.signposts.len()), (ActionKind::NoneWanted, 0));
        let information = of(Some(HelpWanted::Information));
        assert_eq!(information.action, ActionKind::Signpost);
        assert_eq!(information.content.signposts[0].title, "Bladder & Bowel UK");
        assert_eq!(information.content.own_words.as_deref(), Some("At night"));
        for help in [HelpWanted::Talk, HelpWanted::Urgent] {
            assert_eq!(
                (of(Some(help)).action, of(Some(help)).owner),
                (ActionKind::Refer, ActionOwner::Clinician)
            );
        }
        let nowhere = draft(&[concern("XYZ.unknown", Some(HelpWanted::Practical))], &[]).remove(0);
        assert_eq!((nowhere.action, nowhere.owner), (ActionKind::Refer, ActionOwner::SupporterService));
        let unsaid = of(None);
        assert!(!is_settled(unsaid.action, unsaid.owner));
    }

    #[test]
    fn no_concern_is_a_good_end() {
        assert_eq!(first_status(draft(&[], &[]).len()), Status::NoneNeeded);
        assert_eq!(Status::NoneNeeded.after(Step::Closure).unwrap(), Status::Closed);
    }

    #[test]
    fn what_is_offered_as_next_is_what_a_step_can_reach() {
        for status in Status::VARIANTS {
            let mut reached: Vec<_> = Vec::new();
            for step in Step::VARIANTS {
                if let Ok(next) = status.after(*step)
                    && !reached.contains(&next)
                {
                    reached.push(next);
                }
            }
            assert_eq!(reached, status.next(), "{status}");
        }
    }

    #[test]
    fn nothing_leads_back_from_what_was_agreed_and_every_way_ends() {
        for status in Status::VARIANTS.iter().filter(|status| status.is_in_force()) {
            for step in Step::VARIANTS {
                let next = status.after(*step);
                assert!(
                    next.is_err()
                        || next.as_ref().is_ok_and(|next| next.is_in_force() || next.next().is_empty()),
                    "{status} {step}"
                );
            }
            assert!(status.require_editable().is_err() && status.require_in_force().is_ok());
        }
        for status in Status::VARIANTS {
            assert!(status.next().is_empty() || status.after(Step::Closure).is_ok(), "{status}");
        }
        assert!(Status::Drafted.require_in_force().is_err());
    }

    #[test]
    fn what_is_nearby_comes_first() {
        let local = Local {
            codes: vec!["URI".to_owned()],
            sign: Signpost {
                id: Some(SignpostId::new(uuid::Uuid::nil())),
                title: "Oak Street bladder clinic".to_owned(),
                phone: None,
                url: None,
                note: "Ask at the desk.".to_owned(),
            },
        };
        let near = [local];
        let titles = |code| {
            let drafted = draft(&[concern(code, Some(HelpWanted::Information))], &near).remove(0);
            drafted.content.signposts.into_iter().map(|sign| sign.title).collect::<Vec<_>>()
        };
        assert_eq!(titles("URI.leakage"), ["Oak Street bladder clinic", "Bladder & Bowel UK"]);
        assert!(!titles("GEN.fatigue").contains(&"Oak Street bladder clinic".to_owned()));
    }

    #[test]
    fn an_agreed_plan_is_worked_on_but_not_rewritten() {
        assert!(Status::Agreed.require_editable().is_err() && Status::Agreed.require_open().is_ok());
        assert!(Status::Drafted.require_editable().is_ok());
        assert!(Status::Closed.require_open().is_err());
    }
}
