//! The authenticator of a person, and the recovery codes for the day it is lost.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{PersonId, kind};
use diesel::prelude::*;

use crate::db::{Db, cols, exec, maybe, one, rewrite};
use crate::error::{StoreError, Unique};
use crate::schema::{recovery_codes, second_factors};
use crate::sealing::{DataClass, Place};
use crate::types::{At, Key, Sealed};

const PERSON: Unique = Unique { constraint: "second_factors_pkey", columns: "second_factors.person_id" };

/// The second factor of one person.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = second_factors, treat_none_as_default_value = false)]
pub struct SecondFactor {
    pub person_id: Key<kind::Person>,
    /// `None` until a first code has confirmed it, and after it was taken away.
    pub secret: Option<Sealed>,
    pub confirmed_at: Option<At>,
    /// Shown to the person, and not confirmed yet.
    pub pending_secret: Option<Sealed>,
    pub pending_until: Option<At>,
    /// The time step of the last code that was used.
    pub last_step: i64,
    pub removed_at: Option<At>,
}

/// Where the secret of this person is sealed: before and after it is confirmed.
#[must_use]
pub fn place(person: PersonId) -> Place {
    Place { class: DataClass::Identity, table: "second_factors", column: "secret", row: person.uuid() }
}

/// The second factor of a person, set up or not.
///
/// # Errors
/// What the database says.
pub fn find(db: &mut Db<'_>, person: PersonId) -> Result<Option<SecondFactor>, StoreError> {
    Ok(maybe(db, second_factors::table.find(Key(person)).select(cols::<SecondFactor>()))?)
}

/// Keeps a secret that waits for its first code. One that is in use stays in use until then.
///
/// # Errors
/// What the database says.
pub fn begin(db: &mut Db<'_>, person: PersonId, secret: &Sealed, until: Timestamp) -> Result<(), StoreError> {
    let changed = rewrite(
        db,
        diesel::update(second_factors::table.find(Key(person))).set((
            second_factors::pending_secret.eq(Some(secret)),
            second_factors::pending_until.eq(Some(At(until))),
        )),
    )?;
    if changed == 1 {
        return Ok(());
    }
    let row = SecondFactor {
        person_id: Key(person),
        secret: None,
        confirmed_at: None,
        pending_secret: Some(secret.clone()),
        pending_until: Some(At(until)),
        last_step: 0,
        removed_at: None,
    };
    match exec(db, diesel::insert_into(second_factors::table).values(&row)).map_err(StoreError::from) {
        Ok(_) => Ok(()),
        Err(error) if error.violates(PERSON) => Err(StoreError::Collision),
        Err(error) => Err(error),
    }
}

/// Takes the secret that waited into use; the code that confirmed it is used up.
///
/// # Errors
/// [`StoreError::Stale`] when another was begun meanwhile.
pub fn confirm(db: &mut Db<'_>, row: &SecondFactor, step: i64, now: Timestamp) -> Result<(), StoreError> {
    let changed = rewrite(
        db,
        diesel::update(
            second_factors::table
                .find(row.person_id)
                .filter(second_factors::pending_secret.eq(row.pending_secret.clone())),
        )
        .set((
            second_factors::secret.eq(row.pending_secret.clone()),
            second_factors::confirmed_at.eq(Some(At(now))),
            second_factors::pending_secret.eq(None::<Sealed>),
            second_factors::pending_until.eq(None::<At>),
            second_factors::last_step.eq(step),
            second_factors::removed_at.eq(None::<At>),
        )),
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// Uses up the code of a time step; false where it, or a later one, was used before.
///
/// # Errors
/// What the database says.
pub fn use_step(db: &mut Db<'_>, person: PersonId, step: i64) -> Result<bool, StoreError> {
    let changed = rewrite(
        db,
        diesel::update(
            second_factors::table
                .find(Key(person))
                .filter(second_factors::secret.is_not_null())
                .filter(second_factors::last_step.lt(step)),
        )
        .set(second_factors::last_step.eq(step)),
    )?;
    Ok(changed == 1)
}

/// Takes the second factor away, with its recovery codes. False where there is none.
///
/// # Errors
/// What the database says.
pub fn remove(db: &mut Db<'_>, person: PersonId, now: Timestamp) -> Result<bool, StoreError> {
    exec(db, diesel::delete(recovery_codes::table.filter(recovery_codes::person_id.eq(Key(person)))))?;
    let changed = rewrite(
        db,
        diesel::update(second_factors::table.find(Key(person)).filter(second_factors::secret.is_not_null()))
            .set((
                second_factors::secret.eq(None::<Sealed>),
                second_factors::confirmed_at.eq(None::<At>),
                second_factors::pending_secret.eq(None::<Sealed>),
                second_factors::pending_until.eq(None::<At>),
                second_factors::removed_at.eq(Some(At(now))),
            )),
    )?;
    Ok(changed == 1)
}

/// Puts these recovery codes in the place of all there were.
///
/// # Errors
/// What the database says.
pub fn replace_codes(db: &mut Db<'_>, person: PersonId, hashes: &[[u8; 32]]) -> Result<(), StoreError> {
    exec(db, diesel::delete(recovery_codes::table.filter(recovery_codes::person_id.eq(Key(person)))))?;
    for hash in hashes {
        let row = (recovery_codes::person_id.eq(Key(person)), recovery_codes::code_hash.eq(hash.as_slice()));
        exec(db, diesel::insert_into(recovery_codes::table).values(row))?;
    }
    Ok(())
}

/// How many recovery codes are left.
///
/// # Errors
/// What the database says.
pub fn codes_left(db: &mut Db<'_>, person: PersonId) -> Result<i64, StoreError> {
    let left = recovery_codes::table
        .filter(recovery_codes::person_id.eq(Key(person)))
        .filter(recovery_codes::used_at.is_null());
    Ok(one(db, left.count())?)
}

/// Uses up a recovery code; false where there is none like it, or it was used before.
///
/// # Errors
/// What the database says.
pub fn use_code(db: &mut Db<'_>, person: PersonId, hash: &[u8], now: Timestamp) -> Result<bool, StoreError> {
    let changed = rewrite(
        db,
        diesel::update(
            recovery_codes::table
                .find((Key(person), hash.to_vec()))
                .filter(recovery_codes::used_at.is_null()),
        )
        .set(recovery_codes::used_at.eq(Some(At(now)))),
    )?;
    Ok(changed == 1)
}
