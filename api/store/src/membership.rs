//! Memberships: which role a person holds, and where.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{MembershipId, PersonId, kind};
use alongside_domain::policy::Role;
use diesel::prelude::*;

use crate::db::{Db, cols, exec, many, maybe, rewrite};
use crate::error::StoreError;
use crate::on_engine;
use crate::schema::{memberships, people, sessions};
use crate::types::{At, Code, Key};

/// A role that a person holds or held.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = memberships, treat_none_as_default_value = false)]
pub struct Membership {
    pub id: Key<kind::Membership>,
    pub person_id: Key<kind::Person>,
    pub role: Code<Role>,
    /// `None` for a role that holds in the whole installation.
    pub programme_id: Option<Key<kind::Programme>>,
    /// `None` for a role that holds in the whole programme.
    pub site_id: Option<Key<kind::Site>>,
    pub granted_by: Option<Key<kind::Person>>,
    pub granted_at: At,
    pub ended_at: Option<At>,
}

/// Adds a membership.
///
/// # Errors
/// What the database says.
pub fn insert(db: &mut Db<'_>, membership: &Membership) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(memberships::table).values(membership))?;
    Ok(())
}

/// One membership of a person.
///
/// # Errors
/// What the database says.
pub fn try_find(
    db: &mut Db<'_>,
    person: PersonId,
    id: MembershipId,
) -> Result<Option<Membership>, StoreError> {
    Ok(maybe(
        db,
        memberships::table
            .find(Key(id))
            .filter(memberships::person_id.eq(Key(person)))
            .select(cols::<Membership>()),
    )?)
}

/// All memberships of these people, ended ones too, in the order in which they were granted.
///
/// # Errors
/// What the database says.
pub fn of_people(db: &mut Db<'_>, people: &[PersonId]) -> Result<Vec<Membership>, StoreError> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<_> = people.iter().map(|id| Key(*id)).collect();
    Ok(many(
        db,
        memberships::table
            .filter(memberships::person_id.eq_any(keys))
            .order((memberships::granted_at, memberships::id))
            .select(cols::<Membership>()),
    )?)
}

/// What a person may sign in with.
///
/// # Errors
/// What the database says.
pub fn live_of(db: &mut Db<'_>, person: PersonId) -> Result<Vec<Membership>, StoreError> {
    let all = of_people(db, &[person])?;
    Ok(all.into_iter().filter(|membership| membership.ended_at.is_none()).collect())
}

/// How many people could act as administrator if this one could not.
///
/// # Errors
/// What the database says.
pub fn other_admins(db: &mut Db<'_>, than: PersonId) -> Result<usize, StoreError> {
    let others: Vec<Key<kind::Person>> = many(
        db,
        memberships::table
            .inner_join(people::table.on(people::id.eq(memberships::person_id)))
            .filter(memberships::role.eq(Code(Role::Admin)))
            .filter(memberships::ended_at.is_null())
            .filter(memberships::person_id.ne(Key(than)))
            .filter(people::deactivated_at.is_null())
            // An invitation that nobody has followed yet administers nothing.
            .filter(people::password_hash.is_not_null())
            .select(memberships::person_id)
            .limit(10),
    )?;
    Ok(others.len())
}

/// Ends a membership and, at once, every session in which it is used. Who still holds the role, at another site,
/// signs in again and gets what is left.
///
/// # Errors
/// [`StoreError::Stale`] when it has ended already.
pub fn end(db: &mut Db<'_>, membership: &Membership, now: Timestamp) -> Result<(), StoreError> {
    let ended = rewrite(
        db,
        diesel::update(memberships::table.find(membership.id).filter(memberships::ended_at.is_null()))
            .set(memberships::ended_at.eq(Some(At(now)))),
    )?;
    if ended != 1 {
        return Err(StoreError::Stale);
    }
    on_engine!(db, Backend, conn => {
        let mut used = diesel::update(sessions::table)
            .filter(sessions::person_id.eq(Some(membership.person_id)))
            .filter(sessions::role.eq(membership.role))
            .filter(sessions::ended_at.is_null())
            .set((sessions::ended_at.eq(Some(At(now))), sessions::end_reason.eq(Some("membership_ended"))))
            .into_boxed::<Backend>();
        used = match membership.programme_id {
            Some(programme) => used.filter(sessions::programme_id.eq(Some(programme))),
            None => used.filter(sessions::programme_id.is_null()),
        };
        used.execute(conn)
    })?;
    Ok(())
}
