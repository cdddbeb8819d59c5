//! Care plans: what is done about each concern of an assessment, and how a plan comes to be agreed and in his hands.

use serde::{Deserialize, Serialize};

use crate::content;
use crate::instrument::{Concern, HelpWanted};
use crate::transition::IllegalTransition;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Discussion,
    Agreement,
    Sharing,
    Closure,
}

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Self::Discussion => "discussion",
            Self::Agreement => "agreement",
            Self::Sharing => "sharing",
            Self::Closure => "closure",
        }
    }
}

impl Status {
    /// The state after a step.
    ///
    /// # Errors
    /// When the step is not possible from here.
    pub fn after(self, step: Step) -> Result<Self, IllegalTransition> {
        use Status::{Agreed, Closed, Drafted, InDiscussion, NoneNeeded, Shared, UnderReview};
        match (self, step) {
            // He may want to talk although the form found nothing.
            (Drafted | NoneNeeded, Step::Discussion) => Ok(InDiscussion),
            (InDiscussion, Step::Agreement) => Ok(Agreed),
            // One copy for him, one for the surgery: a plan may be shared more than once.
            (Agreed | Shared, Step::Sharing) => Ok(Shared),
            (Drafted | InDiscussion | Agreed | Shared | UnderReview | NoneNeeded, Step::Closure) => {
                Ok(Closed)
            }
            _ => Err(IllegalTransition::new(self, step.name(), self.next().iter().copied())),
        }
    }

    /// The states that can follow.
    #[must_use]
    pub fn next(self) -> &'static [Self] {
        match self {
            Self::Drafted | Self::NoneNeeded => &[Self::InDiscussion, Self::Closed],
            Self::InDiscussion => &[Self::Agreed, Self::Closed],
            Self::Agreed | Self::Shared => &[Self::Shared, Self::Closed],
            Self::UnderReview => &[Self::Closed],
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

/// Whether an agreed plan can hold this action as it is.
#[must_use]
pub fn is_settled(action: ActionKind, owner: ActionOwner) -> bool {
    action == ActionKind::NoneWanted || owner != ActionOwner::Undecided
}

/// Who gets a copy.
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
pub enum CopyRecipient {
    Participant,
    Gp,
    Hospital,
    SupporterService,
    Family,
    Other,
}

/// In which form a copy goes out.
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
pub enum CopyFormat {
    /// Paper, handed over.
    Print,
    /// Paper in large print, handed over or posted.
    LargePrint,
    /// Paper, sent by post.
    Post,
    Pdf,
    Email,
}

impl CopyFormat {
    #[must_use]
    pub fn is_paper(self) -> bool {
        matches!(self, Self::Print | Self::LargePrint | Self::Post)
    }
}

/// Whether this copy may go out: who has no internet gets his plan on paper before any of it goes out electronically.
#[must_use]
pub fn may_share(offline: bool, has_paper: bool, format: CopyFormat) -> bool {
    !offline || has_paper || format.is_paper()
}

/// Where to turn to, as it was when the plan was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signpost {
    pub title: String,
    pub phone: Option<String>,
    pub url: Option<String>,
    pub note: String,
}

impl From<&content::Signpost> for Signpost {
    fn from(sign: &content::Signpost) -> Self {
        Self {
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

/// A proposal for each concern, in the order of the concerns. Nothing in it is decided before somebody talked with him.
#[must_use]
pub fn draft(concerns: &[Concern]) -> Vec<ActionDraft> {
    concerns.iter().take(MAX_ACTIONS).map(propose).collect()
}

fn propose(concern: &Concern) -> ActionDraft {
    let signposts = content::signposts_for(&concern.code);
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
            signposts: signposts.into_iter().take(MAX_SIGNPOSTS).map(Signpost::from).collect(),
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
        let of = |help| draft(&[concern("URI.leakage", help)]).remove(0);
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
        let nowhere = draft(&[concern("XYZ.unknown", Some(HelpWanted::Practical))]).remove(0);
        assert_eq!((nowhere.action, nowhere.owner), (ActionKind::Refer, ActionOwner::SupporterService));
        let unsaid = of(None);
        assert!(!is_settled(unsaid.action, unsaid.owner));
    }

    #[test]
    fn no_concern_is_a_good_end() {
        assert_eq!(first_status(draft(&[]).len()), Status::NoneNeeded);
        assert_eq!(Status::NoneNeeded.after(Step::Closure).unwrap(), Status::Closed);
    }

    #[test]
    fn what_is_offered_as_next_is_what_a_step_can_reach() {
        for status in Status::VARIANTS {
            let steps = [Step::Discussion, Step::Agreement, Step::Sharing, Step::Closure];
            let reached: Vec<_> = steps.into_iter().filter_map(|step| status.after(step).ok()).collect();
            assert_eq!(reached, status.next(), "{status}");
        }
    }

    #[test]
    fn who_is_offline_gets_paper_first() {
        assert!(!may_share(true, false, CopyFormat::Pdf));
        assert!(!may_share(true, false, CopyFormat::Email));
        assert!(may_share(true, false, CopyFormat::Post));
        assert!(may_share(true, false, CopyFormat::LargePrint));
        assert!(may_share(true, true, CopyFormat::Pdf));
        assert!(may_share(false, false, CopyFormat::Email));
    }

    #[test]
    fn an_agreed_plan_is_worked_on_but_not_rewritten() {
        assert!(Status::Agreed.require_editable().is_err() && Status::Agreed.require_open().is_ok());
        assert!(Status::Drafted.require_editable().is_ok());
        assert!(Status::Closed.require_open().is_err());
    }
}
