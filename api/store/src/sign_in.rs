//! What signing in needs to know of a person, and what it leaves behind.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{PersonId, kind};
use alongside_domain::policy::Role;
use diesel::prelude::*;

use crate::db::{Db, cols, many, maybe, one, rewrite};
use crate::error::StoreError;
use crate::schema::{memberships, people};
use crate::types::{At, Code, Key};

/// A person at the door.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = people)]
pub struct Login {
    pub id: Key<kind::Person>,
    pub participant_id: Option<Key<kind::Participant>>,
    pub password_hash: Option<String>,
    pub failed_attempts: i32,
    /// Until when the door is shut to strangers.
    pub locked_until: Option<At>,
    pub deactivated_at: Option<At>,
    pub display_name: String,
    pub email: String,
}

/// A role a person holds now.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = memberships)]
pub struct Held {
    pub role: Code<Role>,
    pub programme_id: Option<Key<kind::Programme>>,
    pub site_id: Option<Key<kind::Site>>,
}

/// The person with this e-mail address, lower-cased.
///
/// # Errors
/// What the database says.
pub fn by_email(db: &mut Db<'_>, email: &str) -> Result<Option<Login>, StoreError> {
    Ok(maybe(db, people::table.filter(people::email.eq(email)).select(cols::<Login>()))?)
}

/// As [`by_email`], for somebody already found.
///
/// # Errors
/// [`StoreError::NotFound`] when he is gone.
pub fn by_id(db: &mut Db<'_>, person: PersonId) -> Result<Login, StoreError> {
    Ok(one(db, people::table.find(Key(person)).select(cols::<Login>()))?)
}

/// The roles a person holds now.
///
/// # Errors
/// What the database says.
pub fn held(db: &mut Db<'_>, person: PersonId) -> Result<Vec<Held>, StoreError> {
    Ok(many(
        db,
        memberships::table
            .filter(memberships::person_id.eq(Key(person)))
            .filter(memberships::ended_at.is_null())
            .order(memberships::granted_at)
            .limit(200)
            .select(cols::<Held>()),
    )?)
}

/// How many strangers failed at this account, and until when the door is shut to them.
///
/// # Errors
/// What the database says.
pub fn strangers(db: &mut Db<'_>, person: PersonId) -> Result<Option<(i32, Option<At>)>, StoreError> {
    Ok(maybe(db, people::table.find(Key(person)).select((people::failed_attempts, people::locked_until)))?)
}

/// Counts a stranger's failure where it `counts`, and keeps the door shut to strangers until `locked_until`.
///
/// # Errors
/// What the database says.
pub fn note_failure(
    db: &mut Db<'_>,
    person: PersonId,
    counts: bool,
    locked_until: Option<Timestamp>,
) -> Result<(), StoreError> {
    // The same statement whether it counts or not: neither tells itself by the time it takes.
    rewrite(
        db,
        diesel::update(people::table.find(Key(person)).filter(counts.into_sql::<diesel::sql_types::Bool>()))
            .set((
                people::failed_attempts.eq(people::failed_attempts + 1),
                people::locked_until.eq(locked_until.map(At)),
            )),
    )?;
    Ok(())
}

/// Forgets the failures of strangers after the owner has come in.
///
/// # Errors
/// What the database says.
pub fn note_success(db: &mut Db<'_>, person: PersonId) -> Result<(), StoreError> {
    rewrite(
        db,
        diesel::update(people::table.find(Key(person)))
            .set((people::failed_attempts.eq(0), people::locked_until.eq(None::<At>))),
    )?;
    Ok(())
}

/// Replaces a password hash made with older parameters.
///
/// # Errors
/// What the database says.
pub fn rehash(db: &mut Db<'_>, person: PersonId, hash: &str) -> Result<(), StoreError> {
    rewrite(
        db,
        diesel::update(people::table.find(Key(person))).set(people::password_hash.eq(Some(hash.to_owned()))),
    )?;
    Ok(())
}
