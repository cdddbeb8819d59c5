//! Changing the keys that wrap data keys, while servers run. Each step is a small transaction of its own, finds by itself
//! what is left to do, and so may be stopped at any moment and begun again.

use std::sync::Arc;

use alongside_domain::choice::Choice as _;
use alongside_domain::clock::{Ids, Timestamp};
use alongside_domain::id::kind;
use diesel::dsl::exists;
use diesel::prelude::*;
use uuid::Uuid;

use crate::data_key::Row;
use crate::db::{Db, cols, many, one, rewrite};
use crate::error::StoreError;
use crate::former_cell;
pub use crate::former_cell::Progress;
use crate::schema::data_keys;
use crate::sealing::{DataClass, KeyGroup, KeyRing};
use crate::types::{Code, Key};
use crate::wrapping_key::{self, GROUPS};

/// The keys that wrap what is new, one for each group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InUse {
    pub sealing: i64,
    pub safeguarding: i64,
}

impl InUse {
    #[must_use]
    pub const fn of(self, group: KeyGroup) -> i64 {
        match group {
            KeyGroup::Sealing => self.sealing,
            KeyGroup::Safeguarding => self.safeguarding,
        }
    }
}

/// Lets the newest keys of the ring wrap what is new from now on, on every replica.
///
/// # Errors
/// What the database says.
pub fn take_into_use(db: &mut Db<'_>, ring: &KeyRing, now: Timestamp) -> Result<InUse, StoreError> {
    wrapping_key::learn(db, ring, now)?;
    let [sealing, safeguarding] = GROUPS;
    Ok(InUse {
        sealing: wrapping_key::use_newest(db, ring, sealing, now)?,
        safeguarding: wrapping_key::use_newest(db, ring, safeguarding, now)?,
    })
}

/// Wraps at most `limit` data keys behind `after` anew, where another key than the one in use wraps them. Answers how
/// many there were, and the last of them; `None` when there are no more.
///
/// # Errors
/// What the database says, and [`StoreError::KeyMissing`].
pub fn rewrap_some(
    db: &mut Db<'_>,
    ring: &KeyRing,
    in_use: InUse,
    after: Uuid,
    limit: i64,
) -> Result<(usize, Option<Uuid>), StoreError> {
    let after: Key<kind::DataKey> = Key(after.into());
    let safeguarding = Code(DataClass::Safeguarding);
    let rows: Vec<Row> = many(
        db,
        data_keys::table
            .filter(data_keys::id.gt(after))
            .filter(data_keys::wrapped.is_not_null())
            .filter(
                data_keys::class
                    .eq(safeguarding)
                    .and(data_keys::wrapped_by.ne(in_use.safeguarding))
                    .or(data_keys::class.ne(safeguarding).and(data_keys::wrapped_by.ne(in_use.sealing))),
            )
            .order(data_keys::id)
            .limit(limit)
            .select(cols::<Row>()),
    )?;
    for row in &rows {
        let by = in_use.of(KeyGroup::of(row.class.0));
        let wrapped = row.wrapped_anew(ring, by)?;
        // A record that is erased at this moment stays erased.
        let same = data_keys::table
            .find(row.id)
            .filter(data_keys::wrapped_by.eq(row.wrapped_by))
            .filter(data_keys::wrapped.is_not_null());
        rewrite(
            db,
            diesel::update(same).set((data_keys::wrapped.eq(wrapped), data_keys::wrapped_by.eq(by))),
        )?;
    }
    let is_full = i64::try_from(rows.len()).unwrap_or(i64::MAX) == limit;
    Ok((rows.len(), rows.last().filter(|_| is_full).map(|row| row.id.0.uuid())))
}

/// Moves at most `limit` cells from before there were data keys to the data key of their record. Answers how many, and
/// where to go on; `None` when there are no more.
///
/// # Errors
/// What the database says, and when a cell does not open: the log names it.
pub fn move_some(
    db: &mut Db<'_>,
    ring: &Arc<KeyRing>,
    ids: &dyn Ids,
    now: Timestamp,
    at: Progress,
    limit: i64,
) -> Result<(usize, Option<Progress>), StoreError> {
    former_cell::move_some(db, ring, ids, now, at, limit)
}

/// What still needs a key, in words; `None` when nothing does.
///
/// # Errors
/// What the database says.
pub fn needed_for(db: &mut Db<'_>, group: KeyGroup, number: i64) -> Result<Option<&'static str>, StoreError> {
    if wrapping_key::in_use(db, group)? == number {
        return Ok(Some("it wraps what is new"));
    }
    let safeguarding = Code(DataClass::Safeguarding);
    let wrapped =
        data_keys::table.filter(data_keys::wrapped_by.eq(number)).filter(data_keys::wrapped.is_not_null());
    let wraps: bool = match group {
        KeyGroup::Safeguarding => {
            one(db, diesel::select(exists(wrapped.filter(data_keys::class.eq(safeguarding)))))?
        }
        KeyGroup::Sealing => {
            one(db, diesel::select(exists(wrapped.filter(data_keys::class.ne(safeguarding)))))?
        }
    };
    if wraps {
        return Ok(Some("it still wraps data keys"));
    }
    // Such cells may have been sealed with any of them.
    if group == KeyGroup::Sealing && former_cell::is_any_left(db)? {
        return Ok(Some("there are still cells from before there were data keys"));
    }
    Ok(None)
}

/// The numbers of the keys that the database knows and nothing needs.
///
/// # Errors
/// What the database says.
pub fn not_needed(db: &mut Db<'_>) -> Result<Vec<(KeyGroup, i64)>, StoreError> {
    let mut found = Vec::new();
    for group in GROUPS {
        for number in wrapping_key::known(db, group)? {
            if needed_for(db, group, number)?.is_none() {
                found.push((group, number));
            }
        }
    }
    Ok(found)
}

/// Forgets a key, so that the database opens without it.
///
/// # Errors
/// [`StoreError::Stored`], with the reason, when something still needs it.
pub fn retire(db: &mut Db<'_>, group: KeyGroup, number: i64) -> Result<(), StoreError> {
    match needed_for(db, group, number)? {
        Some(reason) => Err(StoreError::Stored(reason)),
        None => wrapping_key::forget(db, group, number),
    }
}

/// The name of a group as an operator writes it.
#[must_use]
pub fn group_name(group: KeyGroup) -> &'static str {
    group.code()
}
