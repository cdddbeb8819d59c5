//! Safeguarding flags: what a person reports, how soon a lead must answer, and what may happen to a flag.
//!
//! A report is kept exactly as it was sent and never changes. What becomes of it is written beside it, in entries
//! that are only ever added.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::choice::Choice as _;
use crate::clock::Timestamp;
use crate::id::{ClientId, PersonId};
use crate::instrument::AlertKind;
use crate::policy::Role;
use crate::transition::IllegalTransition;

/// Longest account of what was said or seen, in characters.
pub const MAX_ACCOUNT_CHARS: usize = 10_000;

/// Who acts on a flag that excludes every safeguarding lead of its programme, the first of them who can: the privacy
/// officer as the independent person, then the trial manager as the executive, then the supervisor. Raising a concern
/// always succeeds, so somebody must always be able to see it.
pub const STAND_INS: [Role; 3] = [Role::PrivacyOfficer, Role::TrialManager, Role::Supervisor];

/// The roles that must have nobody who can act on a flag before this one sees it.
#[must_use]
pub fn nearer_than(role: Role) -> Vec<Role> {
    let before = STAND_INS.into_iter().take_while(|stand_in| *stand_in != role);
    if role == Role::SafeguardingLead {
        Vec::new()
    } else {
        [Role::SafeguardingLead].into_iter().chain(before).collect()
    }
}

/// How the concern came to the one who reports it.
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
#[cfg_attr(feature = "schema", schema(as = FlagSource))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Source {
    /// The person said so himself.
    Disclosed,
    /// The one who reports saw it.
    Seen,
    /// Somebody else told it.
    ThirdParty,
    /// Something does not feel right; unsure is reason enough.
    Suspicion,
    /// An answer in an assessment raised it. Never sent by a person.
    SystemAlert,
}

/// Where a flag stands. The list grows with the steps of the case.
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
#[cfg_attr(feature = "schema", schema(as = FlagStatus))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// Nobody has taken it on yet.
    Raised,
    /// A safeguarding lead has read it and is acting.
    Acknowledged,
}

impl Status {
    /// The state after a safeguarding lead took the flag on.
    ///
    /// # Errors
    /// When somebody already did.
    pub fn acknowledge(self) -> Result<Self, IllegalTransition> {
        match self {
            Self::Raised => Ok(Self::Acknowledged),
            Self::Acknowledged => {
                Err(IllegalTransition::new(self, "acknowledgement", self.next().iter().copied()))
            }
        }
    }

    /// The states that can follow.
    #[must_use]
    pub fn next(self) -> &'static [Self] {
        match self {
            Self::Raised => &[Self::Acknowledged],
            Self::Acknowledged => &[],
        }
    }

    /// Whether somebody must be able to act on it.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Raised | Self::Acknowledged => true,
        }
    }

    /// The states in which somebody must be able to act on it.
    pub fn all_open() -> impl Iterator<Item = Self> {
        <Self as strum::VariantArray>::VARIANTS.iter().copied().filter(|status| status.is_open())
    }

    /// Whether it waits for a person longer than it should.
    #[must_use]
    pub fn is_overdue(self, acknowledge_by: Timestamp, now: Timestamp) -> bool {
        self == Self::Raised && acknowledge_by < now
    }
}

/// What the one who raised a flag is told of it: that it arrived and that somebody has it, never what is done.
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
pub enum ReceiptStatus {
    Received,
    BeingHandled,
}

impl From<Status> for ReceiptStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Raised => Self::Received,
            Status::Acknowledged => Self::BeingHandled,
        }
    }
}

/// What an answer that raised a flag may be telling us.
pub type TriggerKind = AlertKind;

/// What a safeguarding lead is told of a flag that an answer raised. The answer itself stays where it is.
#[must_use]
pub fn words_for(trigger: TriggerKind) -> &'static str {
    match trigger {
        AlertKind::SelfHarm => {
            "An answer in a needs assessment may tell of self-harm, or of not wanting to live. Contact the participant \
             without delay, and ask first whether it is safe to talk."
        }
        AlertKind::SafetyAtHome => {
            "An answer in a needs assessment may tell of harm, pressure or neglect at home. Someone at home may answer \
             the phone or read the post: look at the safe contact rules first, then speak with the participant alone."
        }
    }
}

/// When a safeguarding lead must have taken a flag on.
///
/// Our own default until a programme sets its own: 15 minutes where somebody is in danger now; one hour where a
/// person said it, somebody saw it or an answer told it, as severity is unknown before a lead has looked and must be
/// taken for high; four hours for what was heard or suspected. Hours run day and night.
#[must_use]
pub fn acknowledge_by(raised_at: Timestamp, immediate_danger: bool, source: Source) -> Timestamp {
    let within = match (immediate_danger, source) {
        (true, _) => TimeDelta::minutes(15),
        (false, Source::Disclosed | Source::Seen | Source::SystemAlert) => TimeDelta::hours(1),
        (false, Source::ThirdParty | Source::Suspicion) => TimeDelta::hours(4),
    };
    raised_at + within
}

/// Who raised a flag: a person, or a program on somebody's behalf. Nobody, where an answer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Raiser {
    Person(PersonId),
    Client(ClientId),
}

/// A kind of abuse or neglect. Optional in a report: finding out is not the task of the one who reports.
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
pub enum AbuseType {
    Physical,
    Domestic,
    Sexual,
    Psychological,
    /// Financial or material.
    Financial,
    ModernSlavery,
    Discriminatory,
    Organisational,
    /// Neglect and acts of omission.
    Neglect,
    SelfNeglect,
    /// Always a good answer.
    NotSure,
}

/// Whether the person agreed that the concern is passed on.
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
pub enum Agreement {
    Yes,
    No,
    NotAsked,
}

/// Whether the emergency services were called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmergencyCall {
    pub called: bool,
    pub at: Option<Timestamp>,
    /// The number under which they keep it.
    pub reference: Option<String>,
}

/// Who may have done it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllegedPerson {
    pub description: Option<String>,
    /// To the participant, as in "son" or "supporter".
    pub relationship: Option<String>,
    /// Set when it is somebody with an account here, who then must never see the flag.
    pub person_id: Option<PersonId>,
}

/// What was reported, sealed as a whole and never changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// The person's own words, kept exactly as sent.
    pub verbatim: Option<String>,
    pub what_was_seen: Option<String>,
    pub happened_at: Option<Timestamp>,
    pub observed_at: Option<Timestamp>,
    pub place: Option<String>,
    pub emergency_called: Option<EmergencyCall>,
    pub who_else_knows: Option<String>,
    /// Children or other adults who may be in danger too.
    pub others_at_risk: Option<String>,
    pub agreed_to_sharing: Option<Agreement>,
    /// What the person wants to happen.
    pub wishes: Option<String>,
    pub alleged_person: Option<AllegedPerson>,
    pub evidence_kept: Option<String>,
    /// How the one who reports feels and whether he is safe.
    pub own_feelings: Option<String>,
    pub abuse_types: Vec<AbuseType>,
}

impl Report {
    /// The report of a flag that an answer raised.
    #[must_use]
    pub fn from_answer(trigger: TriggerKind) -> Self {
        Self { what_was_seen: Some(words_for(trigger).to_owned()), ..Self::default() }
    }

    /// Whether it says anything at all.
    #[must_use]
    pub fn tells_something(&self) -> bool {
        [&self.verbatim, &self.what_was_seen].into_iter().flatten().any(|text| !text.trim().is_empty())
    }
}

/// What an entry of the chronology records. Reading is no entry: the audit log has it.
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
#[cfg_attr(feature = "schema", schema(as = FlagEntryKind))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EntryKind {
    Observation,
    Contact,
    Decision,
    Referral,
    Document,
    Note,
    /// Puts right an earlier entry, which stays as it is.
    Correction,
}

/// How an entry knows what it says.
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
#[cfg_attr(feature = "schema", schema(as = FlagEntryNature))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Nature {
    Fact,
    Opinion,
    Hearsay,
}

/// Whether an entry is written so long after the event that it must say why.
#[must_use]
pub fn is_late(occurred_at: Timestamp, recorded_at: Timestamp) -> bool {
    recorded_at - occurred_at > TimeDelta::hours(24)
}

/// Whether an event would lie in the future, with some leave for clocks that are not quite right.
#[must_use]
pub fn is_ahead(occurred_at: Timestamp, now: Timestamp) -> bool {
    occurred_at - now > TimeDelta::minutes(5)
}

/// The sources that a person may give.
#[must_use]
pub fn human_sources() -> String {
    let human =
        <Source as strum::VariantArray>::VARIANTS.iter().filter(|source| **source != Source::SystemAlert);
    human.map(|source| source.code()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_clock_runs_by_what_is_known_before_a_lead_has_looked() {
        let raised = at("2026-11-06T17:40:00Z");
        let due = |danger, source| (acknowledge_by(raised, danger, source) - raised).num_minutes();
        assert_eq!(due(false, Source::Disclosed), 60);
        assert_eq!(due(false, Source::Seen), 60);
        assert_eq!(due(false, Source::SystemAlert), 60);
        assert_eq!(due(false, Source::Suspicion), 240);
        assert_eq!(due(false, Source::ThirdParty), 240);
        assert_eq!(due(true, Source::Suspicion), 15);
    }

    #[test]
    fn only_what_nobody_took_on_is_overdue() {
        let (due, now) = (at("2026-11-06T18:40:00Z"), at("2026-11-06T18:40:01Z"));
        assert!(Status::Raised.is_overdue(due, now));
        assert!(!Status::Raised.is_overdue(due, due));
        assert!(!Status::Acknowledged.is_overdue(due, now));
    }

    #[test]
    fn a_flag_is_taken_on_once() {
        assert_eq!(Status::Raised.acknowledge().unwrap(), Status::Acknowledged);
        assert_eq!(Status::Acknowledged.acknowledge().unwrap_err().step, "acknowledgement");
    }

    #[test]
    fn whoever_stands_in_comes_after_all_who_are_nearer() {
        assert_eq!(nearer_than(Role::SafeguardingLead), []);
        let mut nearer = vec![Role::SafeguardingLead];
        for stand_in in STAND_INS {
            assert_eq!(nearer_than(stand_in), nearer);
            nearer.push(stand_in);
        }
    }

    #[test]
    fn late_is_after_a_day_and_not_before() {
        let happened = at("2026-11-06T12:00:00Z");
        assert!(!is_late(happened, at("2026-11-07T12:00:00Z")));
        assert!(is_late(happened, at("2026-11-07T12:00:01Z")));
        assert!(is_ahead(at("2026-11-06T12:06:00Z"), happened));
        assert!(!is_ahead(at("2026-11-06T12:05:00Z"), happened));
    }

    #[test]
    fn a_report_says_something_or_is_none() {
        let of = |verbatim: &str, seen: &str| Report {
            verbatim: Some(verbatim.to_owned()),
            what_was_seen: Some(seen.to_owned()),
            ..Report::default()
        };
        assert!(!of(" \n", "").tells_something());
        assert!(of("He takes my pension", "").tells_something());
        assert!(Report::from_answer(AlertKind::SelfHarm).tells_something());
    }

    #[test]
    fn a_person_gives_a_persons_source() {
        assert_eq!(human_sources(), "disclosed, seen, third_party, suspicion");
    }
}
