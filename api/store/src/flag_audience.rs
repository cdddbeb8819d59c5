//! Who can act on a flag. Its safeguarding leads, but for those it excludes; where that leaves nobody, the roles that
//! stand in for them, one after another. An account that was never activated, or is closed, acts on nothing.

use alongside_domain::flag::{STAND_INS, Status, nearer_than};
use alongside_domain::id::{FlagId, MembershipId, PersonId, ProgrammeId, kind};
use alongside_domain::policy::Role;
use diesel::dsl::{exists, not};
use diesel::prelude::*;

use crate::context::Duty;
use crate::db::{Db, many, one};
use crate::error::StoreError;
use crate::schema::{flag_exclusions, flags, memberships, people};
use crate::types::{Code, Key};

/// The memberships by which somebody can act on the flag at hand, in one of these roles.
#[diesel::dsl::auto_type(type_name = "Eligible")]
fn eligible(roles: Vec<Code<Role>>) -> _ {
    let excluded = flag_exclusions::table
        .filter(flag_exclusions::flag_id.eq(flags::id))
        .filter(flag_exclusions::person_id.eq(memberships::person_id));
    memberships::table
        .inner_join(people::table.on(people::id.eq(memberships::person_id)))
        .filter(memberships::programme_id.eq(flags::programme_id.nullable()))
        .filter(memberships::role.eq_any(roles))
        .filter(memberships::ended_at.is_null())
        .filter(people::deactivated_at.is_null())
        .filter(people::password_hash.is_not_null())
        .filter(not(exists(excluded)))
}

/// Flags on which nobody in these roles can act.
#[diesel::dsl::auto_type(no_type_alias)]
pub(crate) fn out_of_reach_of(roles: Vec<Code<Role>>) -> _ {
    let eligible: Eligible = eligible(roles);
    not(exists(eligible))
}

/// The roles that come before this one.
pub(crate) fn nearer(role: Role) -> Vec<Code<Role>> {
    nearer_than(role).into_iter().map(Code).collect()
}

/// All roles that may ever act on a flag.
fn all() -> Vec<Code<Role>> {
    [Role::SafeguardingLead].into_iter().chain(STAND_INS).map(Code).collect()
}

fn open() -> Vec<Code<Status>> {
    Status::all_open().map(Code).collect()
}

/// Whether anybody at all can act on the flag now.
///
/// # Errors
/// What the database says.
pub fn has_somebody(db: &mut Db<'_>, flag: FlagId) -> Result<bool, StoreError> {
    let found = flags::table.filter(flags::id.eq(Key(flag))).filter(exists(eligible(all())));
    Ok(one(db, diesel::select(exists(found)))?)
}

/// Whether this person can act on the flag, and nobody else could if it excluded him.
///
/// # Errors
/// What the database says.
pub fn is_last(db: &mut Db<'_>, flag: FlagId, person: PersonId) -> Result<bool, StoreError> {
    let he = eligible(all()).filter(memberships::person_id.eq(Key(person)));
    let another = eligible(all()).filter(memberships::person_id.ne(Key(person)));
    let left = flags::table.filter(flags::id.eq(Key(flag))).filter(exists(he)).filter(not(exists(another)));
    Ok(one(db, diesel::select(exists(left)))?)
}

/// Whether an open flag would have nobody who can act on it without this person's account.
///
/// # Errors
/// What the database says.
pub fn needs_person(db: &mut Db<'_>, person: PersonId) -> Result<bool, StoreError> {
    let he = eligible(all()).filter(memberships::person_id.eq(Key(person)));
    let another = eligible(all()).filter(memberships::person_id.ne(Key(person)));
    let left =
        flags::table.filter(flags::status.eq_any(open())).filter(exists(he)).filter(not(exists(another)));
    // An administrator asks, who is shown no flag.
    db.within(Duty::FlagAudience, |db| Ok(one(db, diesel::select(exists(left)))?))
}

/// Whether an open flag would have nobody who can act on it without this membership, or the programme no
/// safeguarding lead while one is open.
///
/// The second asks for any lead, excluded from a flag or not: so this answer tells nobody that a flag names somebody.
///
/// # Errors
/// What the database says.
pub fn needs_membership(
    db: &mut Db<'_>,
    programme: ProgrammeId,
    id: MembershipId,
    role: Role,
) -> Result<bool, StoreError> {
    db.within(Duty::FlagAudience, |db| {
        let this = eligible(all()).filter(memberships::id.eq(Key(id)));
        let another = eligible(all()).filter(memberships::id.ne(Key(id)));
        let left = flags::table
            .filter(flags::programme_id.eq(Key(programme)))
            .filter(flags::status.eq_any(open()))
            .filter(exists(this))
            .filter(not(exists(another)));
        if one(db, diesel::select(exists(left)))? {
            return Ok(true);
        }
        if role != Role::SafeguardingLead {
            return Ok(false);
        }
        let waiting =
            flags::table.filter(flags::programme_id.eq(Key(programme))).filter(flags::status.eq_any(open()));
        let other_leads = memberships::table
            .inner_join(people::table.on(people::id.eq(memberships::person_id)))
            .filter(memberships::programme_id.eq(Some(Key(programme))))
            .filter(memberships::role.eq(Code(Role::SafeguardingLead)))
            .filter(memberships::id.ne(Key(id)))
            .filter(memberships::ended_at.is_null())
            .filter(people::deactivated_at.is_null())
            .filter(people::password_hash.is_not_null());
        Ok(one(db, diesel::select(exists(waiting)))? && !one(db, diesel::select(exists(other_leads)))?)
    })
}

/// The programmes, up to a hundred of them, that have an open flag on which nobody can act.
///
/// # Errors
/// What the database says.
pub fn unattended(db: &mut Db<'_>) -> Result<Vec<ProgrammeId>, StoreError> {
    let query = flags::table
        .filter(flags::status.eq_any(open()))
        .filter(out_of_reach_of(all()))
        .select(flags::programme_id)
        .distinct()
        .limit(100);
    let found: Vec<Key<kind::Programme>> = many(db, query)?;
    Ok(found.into_iter().map(|programme| programme.0).collect())
}
