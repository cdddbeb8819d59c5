//! What an auditor asks for from time to time: who can get in, and what about that wants looking at. What it finds is a
//! question for people, never a verdict.

use chrono::TimeDelta;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::person::AccountState;
use crate::policy::Role;

/// The name and version of the document: members are added, never changed.
pub const SCHEMA: &str = "alongside-access-review-1";
/// After so many days without a sign-in an account or program counts as unused.
pub const UNUSED_DAYS: i64 = 90;

/// What wants looking at.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::VariantArray, strum::Display,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Concern {
    /// The account is open, and nobody has used it for ninety days.
    Unused,
    /// The account is closed, or holds no role, and sessions are open all the same.
    OpenAfterLeaving,
    /// The account is open and holds no role.
    WithoutRole,
    /// Roles in one person that should watch over each other.
    ConflictingRoles,
    /// The account is in use and has no second factor.
    WithoutSecondFactor,
    /// Whoever proposed one of the roles and whoever confirmed it have signed in on the same device.
    ConfirmedOnSameDevice,
    /// A role waits for a second person.
    PendingRole,
    /// A record that the person opened in an emergency has not been looked into.
    EmergencyNotReviewed,
}

/// A person, as far as the review looks at him.
#[derive(Debug, Clone)]
pub struct Standing<'a> {
    pub state: AccountState,
    pub roles: &'a [Role],
    pub created_at: Timestamp,
    pub last_seen_at: Option<Timestamp>,
    pub has_second_factor: bool,
    pub open_sessions: i64,
    pub pending_roles: usize,
    pub confirmed_on_same_device: bool,
    pub emergencies_not_reviewed: i64,
}

/// Whether it was not used for ninety days; a new one has as long to begin.
#[must_use]
pub fn is_unused(created_at: Timestamp, last_seen_at: Option<Timestamp>, now: Timestamp) -> bool {
    now - last_seen_at.unwrap_or(created_at) >= TimeDelta::days(UNUSED_DAYS)
}

/// Whether these roles should not be one person's: whoever gives roles and whoever sees what is kept from all others, and
/// whoever uses records and whoever looks into their use.
#[must_use]
pub fn conflict(roles: &[Role]) -> bool {
    let has = |role| roles.contains(&role);
    let other_than = |role: Role| roles.iter().any(|held| *held != role && *held != Role::Participant);
    (has(Role::Admin) && other_than(Role::Admin))
        || (has(Role::PrivacyOfficer) && other_than(Role::PrivacyOfficer))
        || (has(Role::Monitor) && other_than(Role::Monitor))
}

/// What wants looking at in a person's account.
#[must_use]
pub fn concerns(of: &Standing<'_>, now: Timestamp) -> Vec<Concern> {
    let is_open = of.state != AccountState::Deactivated;
    let is_active = of.state == AccountState::Active;
    [
        (Concern::Unused, is_open && is_unused(of.created_at, of.last_seen_at, now)),
        (Concern::OpenAfterLeaving, of.open_sessions > 0 && (!is_open || of.roles.is_empty())),
        (Concern::WithoutRole, is_open && of.roles.is_empty() && of.pending_roles == 0),
        (Concern::ConflictingRoles, is_open && conflict(of.roles)),
        (Concern::WithoutSecondFactor, is_active && !of.has_second_factor),
        (Concern::ConfirmedOnSameDevice, of.confirmed_on_same_device),
        (Concern::PendingRole, of.pending_roles > 0),
        (Concern::EmergencyNotReviewed, of.emergencies_not_reviewed > 0),
    ]
    .into_iter()
    .filter_map(|(concern, holds)| holds.then_some(concern))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(days: i64) -> Timestamp {
        "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + TimeDelta::days(days)
    }

    fn usual() -> Standing<'static> {
        Standing {
            state: AccountState::Active,
            roles: &[Role::Supporter],
            created_at: day(0),
            last_seen_at: Some(day(99)),
            has_second_factor: true,
            open_sessions: 1,
            pending_roles: 0,
            confirmed_on_same_device: false,
            emergencies_not_reviewed: 0,
        }
    }

    #[test]
    fn an_account_in_use_raises_nothing() {
        assert_eq!(concerns(&usual(), day(100)), []);
    }

    #[test]
    fn each_thing_that_wants_looking_at_is_found_alone() {
        for (changed, expected) in [
            (Standing { last_seen_at: Some(day(10)), ..usual() }, Concern::Unused),
            (Standing { last_seen_at: None, ..usual() }, Concern::Unused),
            (Standing { state: AccountState::Deactivated, ..usual() }, Concern::OpenAfterLeaving),
            (Standing { roles: &[], open_sessions: 0, ..usual() }, Concern::WithoutRole),
            (
                Standing { roles: &[Role::Admin, Role::SafeguardingLead], ..usual() },
                Concern::ConflictingRoles,
            ),
            (Standing { has_second_factor: false, ..usual() }, Concern::WithoutSecondFactor),
            (Standing { confirmed_on_same_device: true, ..usual() }, Concern::ConfirmedOnSameDevice),
            (Standing { pending_roles: 1, ..usual() }, Concern::PendingRole),
            (Standing { emergencies_not_reviewed: 1, ..usual() }, Concern::EmergencyNotReviewed),
        ] {
            assert_eq!(concerns(&changed, day(100)), [expected]);
        }
    }

    #[test]
    fn who_watches_does_nothing_else() {
        assert!(
            conflict(&[Role::PrivacyOfficer, Role::Clinician]) && conflict(&[Role::Admin, Role::Monitor])
        );
        assert!(!conflict(&[Role::Supporter, Role::Coordinator]) && !conflict(&[Role::Admin]));
        assert!(!conflict(&[Role::PrivacyOfficer, Role::Participant]));
    }

    #[test]
    fn ninety_days_are_counted_from_the_last_use_or_the_beginning() {
        assert!(!is_unused(day(0), None, day(89)) && is_unused(day(0), None, day(90)));
        assert!(!is_unused(day(0), Some(day(60)), day(100)));
    }
}
