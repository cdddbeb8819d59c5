//! People with an account, and the roles they hold.

use serde::{Deserialize, Serialize};

use crate::id::PersonId;
use crate::policy::Role;

/// Whether an account can be used.
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
pub enum AccountState {
    /// Made, but its password has not been chosen yet.
    Invited,
    Active,
    Deactivated,
}

/// Where a role of a person stands.
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
pub enum MembershipState {
    /// It waits for a second person's confirmation and opens nothing.
    Pending,
    Active,
    Ended,
}

/// How long a second person may take to confirm a role.
pub const CONFIRM_WITHIN_DAYS: i64 = 14;

/// Why somebody cannot be the second person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSecond {
    #[error("Whoever proposed a role does not confirm it.")]
    ProposedIt,
    #[error("Nobody confirms a role of his own.")]
    IsHis,
}

/// Whether `by` may confirm the role that `proposed_by` wants to give to `person`.
///
/// # Errors
/// Why not.
pub fn confirms(by: PersonId, proposed_by: PersonId, person: PersonId) -> Result<(), NotSecond> {
    if by == proposed_by {
        return Err(NotSecond::ProposedIt);
    }
    if by == person { Err(NotSecond::IsHis) } else { Ok(()) }
}

/// An e-mail address as it is kept and looked up: trimmed and in lower case. `None` when it cannot be one.
///
/// Two addresses that differ only in case belong to one person everywhere it matters, and a sign-in must not fail for
/// a capital letter.
#[must_use]
pub fn email(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@')?;
    let host = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let dots = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    let plain = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    let fits = (1..=64).contains(&local.len()) && local.chars().all(plain) && dots;
    let known = domain.len() <= 190 && domain.contains('.') && domain.split('.').all(host);
    (fits && known).then(|| text.to_ascii_lowercase())
}

/// Why a role cannot be held this way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misplaced {
    #[error("A service client's role is not for people.")]
    ForClients,
    #[error("An administrator works for the whole installation, not for one programme.")]
    ProgrammeUnwanted,
    #[error("This role is held in a programme.")]
    ProgrammeMissing,
    #[error("This role is held in the whole programme, not at one site.")]
    SiteUnwanted,
}

/// Whether `role` can be held in a programme, at a site, or neither.
///
/// # Errors
/// Why not.
pub fn place_of(role: Role, programme: bool, site: bool) -> Result<(), Misplaced> {
    match role {
        Role::IntegrationClient => Err(Misplaced::ForClients),
        Role::Admin if programme || site => Err(Misplaced::ProgrammeUnwanted),
        Role::Admin => Ok(()),
        _ if !programme => Err(Misplaced::ProgrammeMissing),
        Role::Supporter | Role::Coordinator | Role::Clinician | Role::Researcher => Ok(()),
        _ if site => Err(Misplaced::SiteUnwanted),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_in_lower_case() {
        assert_eq!(email(" Ada.Example@Clinic.EXAMPLE ").as_deref(), Some("ada.example@clinic.example"));
        for wrong in [
            "",
            "a",
            "a@b",
            "@b.example",
            "a@",
            "a b@c.example",
            "a@b..example",
            ".a@b.example",
            "a@-b.example",
            "a@b@c",
        ] {
            assert_eq!(email(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_second_person_is_neither_of_the_two() {
        let [giver, taker, third] = [1, 2, 3].map(|n| PersonId::new(uuid::Uuid::from_u128(n)));
        assert_eq!(confirms(third, giver, taker), Ok(()));
        assert_eq!(confirms(giver, giver, taker), Err(NotSecond::ProposedIt));
        assert_eq!(confirms(taker, giver, taker), Err(NotSecond::IsHis));
    }

    #[test]
    fn a_role_is_held_where_it_means_something() {
        assert_eq!(place_of(Role::Admin, false, false), Ok(()));
        assert_eq!(place_of(Role::Admin, true, false), Err(Misplaced::ProgrammeUnwanted));
        assert_eq!(place_of(Role::Coordinator, true, true), Ok(()));
        assert_eq!(place_of(Role::Coordinator, false, false), Err(Misplaced::ProgrammeMissing));
        assert_eq!(place_of(Role::SafeguardingLead, true, true), Err(Misplaced::SiteUnwanted));
        assert_eq!(place_of(Role::IntegrationClient, true, false), Err(Misplaced::ForClients));
    }
}
