//! The plan as it goes on paper: what was agreed, who does what by when, and where to turn to, for one reader.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::{
    ActionContent, ActionKind, ActionOwner, ActionProgress, AgreementMethod, CopyRecipient, Signpost, Status,
};

/// Whose plan it is, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = CarePlanFacts))]
pub struct Facts {
    /// The pseudonym.
    #[cfg_attr(feature = "schema", schema(max_length = 16, example = "AS-7K3M-9QXT-U"))]
    pub study_id: String,
    /// The name, for those who may know it.
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub name: Option<String>,
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub site: String,
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub programme: String,
    /// Where the clock on the wall stands: a name of the IANA time zone database.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "Europe/London"))]
    pub timezone: String,
    /// Made up for demonstration: nobody is behind it.
    pub synthetic: bool,
    pub status: Status,
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
    pub agreed_at: Option<DateTime<Utc>>,
    /// How he said yes.
    pub agreed_how: Option<AgreementMethod>,
    /// When it is looked at next.
    pub review_on: Option<NaiveDate>,
}

/// One action on paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = CarePlanLine))]
pub struct Line {
    #[cfg_attr(feature = "schema", schema(max_length = 300))]
    pub title: String,
    pub action: ActionKind,
    pub owner: ActionOwner,
    pub due_on: Option<NaiveDate>,
    pub progress: ActionProgress,
    #[cfg_attr(feature = "schema", schema(max_length = 2000))]
    pub own_words: Option<String>,
    #[cfg_attr(feature = "schema", schema(max_length = 2000))]
    pub goal: Option<String>,
    #[cfg_attr(feature = "schema", schema(max_length = 2000))]
    pub outcome: Option<String>,
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    pub signposts: Vec<Signpost>,
}

/// A plan for one reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = CarePlanDocument))]
pub struct Document {
    /// For whom it is written: copies for helpers and relatives leave out what he was asked in private.
    pub recipient: CopyRecipient,
    pub facts: Facts,
    /// What is to be done.
    #[cfg_attr(feature = "schema", schema(max_items = 200))]
    pub actions: Vec<Line>,
    /// What he wants no help with.
    #[cfg_attr(feature = "schema", schema(max_items = 200))]
    pub no_help_wanted: Vec<Line>,
}

impl Line {
    /// A line from an action and what it says.
    #[must_use]
    pub fn new(
        action: ActionKind,
        owner: ActionOwner,
        progress: ActionProgress,
        due_on: Option<NaiveDate>,
        content: ActionContent,
    ) -> Self {
        Self {
            title: content.title,
            action,
            owner,
            due_on,
            progress,
            own_words: content.own_words.filter(|words| !words.trim().is_empty()),
            goal: content.goal.filter(|goal| !goal.trim().is_empty()),
            outcome: content.outcome.filter(|outcome| !outcome.trim().is_empty()),
            signposts: content.signposts,
        }
    }
}

impl Document {
    /// The plan for this reader. Each line comes with whether it is about something asked in private.
    #[must_use]
    pub fn of(recipient: CopyRecipient, facts: Facts, lines: impl IntoIterator<Item = (Line, bool)>) -> Self {
        let shown = lines.into_iter().filter(|(_, private)| !private || recipient.sees_private());
        let (no_help_wanted, actions) =
            shown.map(|(line, _)| line).partition(|line: &Line| line.action == ActionKind::NoneWanted);
        Self { recipient, facts, actions, no_help_wanted }
    }

    /// What stands under the title: how far the plan counts.
    pub(super) fn standing(&self) -> &'static str {
        match self.facts.status {
            Status::Drafted | Status::InDiscussion => "This is a draft. It has not been agreed yet.",
            Status::Agreed | Status::Shared | Status::UnderReview => {
                "This is what we agreed. You can ask to change it at any time."
            }
            Status::Superseded => "This plan is no longer in use: a newer one took its place.",
            Status::Closed => "This plan is finished.",
            Status::NoneNeeded => "No needs or worries were raised, so no plan is needed for now.",
        }
    }
}

pub(super) fn kind(action: ActionKind) -> &'static str {
    match action {
        ActionKind::SelfManage => "something to do yourself",
        ActionKind::InfoGiven => "information",
        ActionKind::Signpost => "somewhere to turn to",
        ActionKind::Refer => "a referral to somebody who can help",
        ActionKind::GpTask => "something for the GP to do",
        ActionKind::NoneWanted => "no help wanted",
    }
}

pub(super) fn owner(owner: ActionOwner) -> &'static str {
    match owner {
        ActionOwner::Participant => "you",
        ActionOwner::SupporterService => "the support service",
        ActionOwner::Clinician => "your nurse or doctor",
        ActionOwner::Gp => "your GP",
        ActionOwner::Other => "somebody else, see the note",
        ActionOwner::Undecided => "not decided yet",
    }
}

pub(super) fn progress(progress: ActionProgress) -> &'static str {
    match progress {
        ActionProgress::Planned => "planned",
        ActionProgress::UnderWay => "under way",
        ActionProgress::Done => "done",
        ActionProgress::Dropped => "not wanted or not possible any more",
    }
}

pub(super) fn agreed_how(method: AgreementMethod) -> &'static str {
    match method {
        AgreementMethod::Spoken => "said face to face",
        AgreementMethod::Signed => "signed on paper",
        AgreementMethod::Phone => "said on the telephone",
        AgreementMethod::Video => "said in a video call",
        AgreementMethod::Electronic => "confirmed electronically",
    }
}

/// A day as people write it.
pub(super) fn day(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

/// A signpost with the ways to reach it.
pub(super) fn reach(sign: &Signpost) -> String {
    let ways: Vec<&str> = [sign.phone.as_deref(), sign.url.as_deref()].into_iter().flatten().collect();
    if ways.is_empty() { sign.title.clone() } else { format!("{}: {}", sign.title, ways.join(", ")) }
}
