//! Emergency access ("breaking the glass"): one record of another site, read for half an hour by somebody whom it would
//! otherwise not be there for, told to others at once and looked into afterwards.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{EmergencyAccessId, PersonId};

/// How long a record stays open.
pub const OPEN_MINUTES: i64 = 30;
/// Within how many days each use is looked into; until then an older one keeps its person from opening another.
pub const REVIEW_DAYS: i64 = 7;

/// Why a record had to be opened.
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
pub enum EmergencyReason {
    /// His life or health is in danger now.
    DangerToLife,
    /// He is unwell, and whoever treats him must know more.
    UrgentCare,
    /// Somebody must be found or called, and nobody of his own site can be reached.
    CannotBeReached,
    /// He stands at another site than his own and asks for help there.
    AtAnotherSite,
    Other,
}

impl EmergencyReason {
    /// The reason for the person whose record it is.
    #[must_use]
    pub const fn in_plain_words(self) -> &'static str {
        match self {
            Self::DangerToLife => "somebody's life or health was in danger",
            Self::UrgentCare => "somebody was unwell and needed care at once",
            Self::CannotBeReached => "nobody of the usual team could be reached",
            Self::AtAnotherSite => "help was asked for at another place than the usual one",
            Self::Other => "another urgent reason",
        }
    }
}

/// What whoever looked into a use made of it.
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
pub enum ReviewOutcome {
    Justified,
    NotJustified,
    /// More must be known first: the use stays on the list, and is due when it was due.
    MoreAsked,
}

impl ReviewOutcome {
    /// Whether the use has been looked into with this.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::MoreAsked)
    }
}

/// By what, besides the study id, whoever opens a record shows that it is the right one.
#[derive(Debug, Clone, Default)]
pub struct SecondIdentifier {
    pub date_of_birth: Option<NaiveDate>,
    /// Ten digits, with or without spaces.
    pub nhs_number: Option<String>,
}

impl SecondIdentifier {
    /// Whether it is of this person. All that is given must be right, and something must be given: what is not known of him
    /// confirms nothing.
    #[must_use]
    pub fn confirms(&self, date_of_birth: Option<NaiveDate>, nhs_number: Option<&str>) -> bool {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let born = self.date_of_birth.map(|given| date_of_birth == Some(given));
        let number = self.nhs_number.as_deref().map(|given| nhs_number.map(digits) == Some(digits(given)));
        let mut given = born.into_iter().chain(number).peekable();
        given.peek().is_some() && given.all(|right| right)
    }
}

/// A use, as far as its rules look at it.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Who opened the record.
    pub person: PersonId,
    pub ended_at: Option<Timestamp>,
    pub expires_at: Timestamp,
    /// Who keeps it from being told to the participant, or kept it.
    pub held_by: Option<PersonId>,
    pub released_at: Option<Timestamp>,
    pub review_due_at: Timestamp,
    pub reviewed_at: Option<Timestamp>,
}

/// Why a step is not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    #[error("It has ended already.")]
    Over,
    #[error("It was looked into already.")]
    Reviewed,
    #[error("This is your own use of a record: somebody else must look into it.")]
    Own,
    #[error("You keep it, or kept it, from being told: somebody else must look into it.")]
    HeldByReviewer,
    #[error("The record is still open: it can be looked into once it has ended.")]
    StillOpen,
    #[error("It was held back once already.")]
    HeldBefore,
    #[error("It is not held back.")]
    NotHeld,
}

impl Standing {
    /// From when on it opens nothing more.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }

    /// Whether the participant is not told for the time being.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held_by.is_some() && self.released_at.is_none()
    }

    /// Whether it should have been looked into by now.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.reviewed_at.is_none() && self.review_due_at <= now
    }

    /// Whether it may be ended.
    ///
    /// # Errors
    /// Why not.
    pub fn ends(&self, now: Timestamp) -> Result<(), NotNow> {
        if self.is_open(now) { Ok(()) } else { Err(NotNow::Over) }
    }

    /// Whether this person may look into it.
    ///
    /// # Errors
    /// Why not.
    pub fn reviews(&self, by: PersonId, now: Timestamp) -> Result<(), NotNow> {
        if self.person == by {
            Err(NotNow::Own)
        } else if self.held_by == Some(by) {
            Err(NotNow::HeldByReviewer)
        } else if self.reviewed_at.is_some() {
            Err(NotNow::Reviewed)
        } else if self.is_open(now) {
            Err(NotNow::StillOpen)
        } else {
            Ok(())
        }
    }

    /// Whether this person may keep it from being told. What was told once cannot be taken back.
    ///
    /// # Errors
    /// Why not.
    pub fn holds(&self, by: PersonId) -> Result<(), NotNow> {
        if self.person == by {
            Err(NotNow::Own)
        } else if self.held_by.is_some() {
            Err(NotNow::HeldBefore)
        } else if self.reviewed_at.is_some() {
            Err(NotNow::Reviewed)
        } else {
            Ok(())
        }
    }

    /// Whether it may be told from now on.
    ///
    /// # Errors
    /// Why not.
    pub fn releases(&self) -> Result<(), NotNow> {
        if self.is_held() { Ok(()) } else { Err(NotNow::NotHeld) }
    }
}

/// What the log says beside each request that an emergency access opened, or that is about one.
const IN_LOG: &str = "emergency_access:";

/// The words of the log for this access.
#[must_use]
pub fn log_detail(id: EmergencyAccessId) -> String {
    format!("{IN_LOG}{id}")
}

/// The access that words of the log name.
#[must_use]
pub fn of_log_detail(detail: &str) -> Option<EmergencyAccessId> {
    detail.strip_prefix(IN_LOG)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use uuid::Uuid;

    fn at(minute: i64) -> Timestamp {
        "2026-11-28T09:00:00Z".parse::<Timestamp>().unwrap() + TimeDelta::minutes(minute)
    }

    fn person(number: u128) -> PersonId {
        PersonId::new(Uuid::from_u128(number))
    }

    fn opened() -> Standing {
        Standing {
            person: person(1),
            ended_at: None,
            expires_at: at(OPEN_MINUTES),
            held_by: None,
            released_at: None,
            review_due_at: at(REVIEW_DAYS * 24 * 60),
            reviewed_at: None,
        }
    }

    #[test]
    fn it_is_open_for_half_an_hour_or_until_it_is_ended() {
        assert!(opened().is_open(at(0)) && opened().is_open(at(29)));
        assert!(!opened().is_open(at(30)));
        let ended = Standing { ended_at: Some(at(3)), ..opened() };
        assert!(!ended.is_open(at(4)));
        assert_eq!((ended.ends(at(4)), opened().ends(at(29))), (Err(NotNow::Over), Ok(())));
    }

    #[test]
    fn neither_who_used_nor_who_held_it_looks_into_it_and_nobody_while_it_is_open() {
        let late = at(40);
        assert_eq!(opened().reviews(person(1), late), Err(NotNow::Own));
        assert_eq!(opened().reviews(person(2), at(10)), Err(NotNow::StillOpen));
        assert_eq!(opened().reviews(person(2), late), Ok(()));
        let held = Standing { held_by: Some(person(2)), ..opened() };
        assert_eq!(held.reviews(person(2), late), Err(NotNow::HeldByReviewer));
        let told = Standing { released_at: Some(at(35)), ..held };
        assert_eq!(told.reviews(person(2), late), Err(NotNow::HeldByReviewer));
        assert_eq!(held.reviews(person(3), late), Ok(()));
        let done = Standing { reviewed_at: Some(at(35)), ..opened() };
        assert_eq!(done.reviews(person(2), late), Err(NotNow::Reviewed));
    }

    #[test]
    fn it_is_held_once_and_told_once() {
        assert_eq!((opened().holds(person(1)), opened().holds(person(2))), (Err(NotNow::Own), Ok(())));
        let held = Standing { held_by: Some(person(2)), ..opened() };
        assert!(held.is_held() && !opened().is_held());
        assert_eq!(held.holds(person(3)), Err(NotNow::HeldBefore));
        assert_eq!((held.releases(), opened().releases()), (Ok(()), Err(NotNow::NotHeld)));
    }

    #[test]
    fn it_is_overdue_from_the_seventh_day_until_somebody_looked_into_it() {
        let week = REVIEW_DAYS * 24 * 60;
        assert!(!opened().is_overdue(at(week - 1)) && opened().is_overdue(at(week)));
        assert!(!Standing { reviewed_at: Some(at(50)), ..opened() }.is_overdue(at(week)));
        assert!(ReviewOutcome::NotJustified.is_final() && !ReviewOutcome::MoreAsked.is_final());
    }

    #[test]
    fn the_log_names_the_access() {
        let id = EmergencyAccessId::new(Uuid::from_u128(7));
        assert_eq!(of_log_detail(&log_detail(id)), Some(id));
        assert!(of_log_detail("outside_area").is_none() && of_log_detail("emergency_access:x").is_none());
    }

    #[test]
    fn two_identifiers_or_none() {
        let born = NaiveDate::from_ymd_opt(1949, 5, 1);
        let other = NaiveDate::from_ymd_opt(1949, 5, 2);
        let by = |date_of_birth, nhs: Option<&str>| SecondIdentifier {
            date_of_birth,
            nhs_number: nhs.map(str::to_owned),
        };
        assert!(by(born, None).confirms(born, None));
        assert!(by(None, Some("943 476 5919")).confirms(None, Some("9434765919")));
        assert!(!by(None, None).confirms(born, Some("9434765919")));
        assert!(!by(other, None).confirms(born, None) && !by(born, None).confirms(None, None));
        assert!(!by(born, Some("9434765919")).confirms(born, Some("9434765870")));
        assert!(!by(None, Some("9434765919")).confirms(born, None));
    }
}
