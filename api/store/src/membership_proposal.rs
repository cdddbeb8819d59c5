//! Roles that take a second person to give, while they wait for him. Confirmed, a proposal becomes the membership with
//! the same id; until then it opens nothing.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{MembershipId, PersonId, kind};
use alongside_domain::policy::Role;
use diesel::prelude::*;

use crate::db::{Db, cols, exec, many, maybe, rewrite};
use crate::error::StoreError;
use crate::schema::membership_proposals;
use crate::scope::{Reach, Scope};
use crate::types::{At, Code, Key};

/// A role somebody wants to give.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = membership_proposals, treat_none_as_default_value = false)]
pub struct MembershipProposal {
    pub id: Key<kind::Membership>,
    pub person_id: Key<kind::Person>,
    pub role: Code<Role>,
    pub programme_id: Key<kind::Programme>,
    pub proposed_by: Key<kind::Person>,
    pub proposed_at: At,
    pub decided_by: Option<Key<kind::Person>>,
    pub decided_at: Option<At>,
    pub confirmed: bool,
}

/// Adds a proposal.
///
/// # Errors
/// What the database says.
pub fn insert(db: &mut Db<'_>, proposal: &MembershipProposal) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(membership_proposals::table).values(proposal))?;
    Ok(())
}

/// One proposal for a person, if it is in the caller's world.
///
/// # Errors
/// What the database says.
pub fn try_find(
    db: &mut Db<'_>,
    scope: &Scope,
    person: PersonId,
    id: MembershipId,
) -> Result<Option<MembershipProposal>, StoreError> {
    let row: Option<MembershipProposal> = maybe(
        db,
        membership_proposals::table
            .find(Key(id))
            .filter(membership_proposals::person_id.eq(Key(person)))
            .select(cols::<MembershipProposal>()),
    )?;
    Ok(row.filter(|row| match scope.reach {
        Reach::Installation => true,
        Reach::Programme(programme) => row.programme_id.0 == programme,
        _ => false,
    }))
}

/// What waits for a second person, for these people.
///
/// # Errors
/// What the database says.
pub fn open_of_people(db: &mut Db<'_>, people: &[PersonId]) -> Result<Vec<MembershipProposal>, StoreError> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<_> = people.iter().map(|id| Key(*id)).collect();
    Ok(many(
        db,
        membership_proposals::table
            .filter(membership_proposals::person_id.eq_any(keys))
            .filter(membership_proposals::decided_at.is_null())
            .order((membership_proposals::proposed_at, membership_proposals::id))
            .select(cols::<MembershipProposal>()),
    )?)
}

/// Confirms a proposal, or turns it down.
///
/// # Errors
/// [`StoreError::Stale`] when it was decided already.
pub fn decide(
    db: &mut Db<'_>,
    id: MembershipId,
    by: PersonId,
    confirmed: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = rewrite(
        db,
        diesel::update(
            membership_proposals::table.find(Key(id)).filter(membership_proposals::decided_at.is_null()),
        )
        .set((
            membership_proposals::decided_by.eq(Some(Key(by))),
            membership_proposals::decided_at.eq(Some(At(now))),
            membership_proposals::confirmed.eq(confirmed),
        )),
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}
