//! The keys of the key file as the database knows them: which there are, what shows that one is the right one, and
//! which of them wraps new data keys.

use std::sync::Arc;

use alongside_domain::choice::Choice as _;
use alongside_domain::clock::{Ids, Timestamp};
use diesel::dsl::max;
use diesel::prelude::*;

use crate::data_key;
use crate::db::{Db, cols, exec, many, one, rewrite};
use crate::error::StoreError;
use crate::former_cell;
use crate::key_rotation;
use crate::schema::wrapping_keys;
use crate::sealing::{KeyGroup, KeyRing, Record, RecordKeys};
use crate::types::{At, Code, Sealed};

/// What is sealed with each key: opening it shows that the key is the right one.
const PROOF: &[u8] = b"alongside";
/// The groups whose keys wrap.
pub(crate) const GROUPS: [KeyGroup; 2] = [KeyGroup::Sealing, KeyGroup::Safeguarding];

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = wrapping_keys, treat_none_as_default_value = false)]
struct Row {
    key_group: Code<KeyGroup>,
    id: i64,
    proof: Sealed,
    in_use_at: Option<At>,
    created_at: At,
}

fn bound_to(group: KeyGroup, number: i64) -> Vec<u8> {
    format!("wrapping_keys.proof:{}:{number}", group.code()).into_bytes()
}

fn all(db: &mut Db<'_>) -> Result<Vec<Row>, StoreError> {
    let query = wrapping_keys::table
        .order((wrapping_keys::key_group, wrapping_keys::id))
        .limit(200)
        .select(cols::<Row>());
    Ok(many(db, query)?)
}

/// The number of the key that wraps new data keys of a group.
///
/// # Errors
/// When the database was never opened with a ring.
pub(crate) fn in_use(db: &mut Db<'_>, group: KeyGroup) -> Result<i64, StoreError> {
    let query = wrapping_keys::table
        .filter(wrapping_keys::key_group.eq(Code(group)))
        .filter(wrapping_keys::in_use_at.is_not_null())
        .select(max(wrapping_keys::id));
    one::<_, Option<i64>>(db, query)?.ok_or(StoreError::Stored("no key is in use"))
}

/// Lets the newest key of the ring wrap what is new from now on; answers its number.
///
/// # Errors
/// What the database says.
pub(crate) fn use_newest(
    db: &mut Db<'_>,
    ring: &KeyRing,
    group: KeyGroup,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let newest =
        ring.numbers(group).last().copied().map(i64::from).ok_or(StoreError::Sealed("a group has no key"))?;
    let row = wrapping_keys::table.find((Code(group), newest)).filter(wrapping_keys::in_use_at.is_null());
    rewrite(db, diesel::update(row).set(wrapping_keys::in_use_at.eq(Some(At(now)))))?;
    Ok(newest)
}

/// Forgets a key that wraps nothing any more. Whether it does is looked at before, in the same transaction.
///
/// # Errors
/// What the database says.
pub(crate) fn forget(db: &mut Db<'_>, group: KeyGroup, number: i64) -> Result<(), StoreError> {
    exec(db, diesel::delete(wrapping_keys::table.find((Code(group), number))))?;
    Ok(())
}

/// The numbers of the keys that the database knows.
///
/// # Errors
/// What the database says.
pub(crate) fn known(db: &mut Db<'_>, group: KeyGroup) -> Result<Vec<i64>, StoreError> {
    let rows = all(db)?.into_iter().filter(|row| row.key_group.0 == group);
    Ok(rows.map(|row| row.id).collect())
}

/// Whether every key that the database needs is on the ring, and is that key.
fn check(db: &mut Db<'_>, rows: &[Row], ring: &KeyRing) -> Result<(), StoreError> {
    for row in rows {
        let (group, number) = (row.key_group.0, row.id);
        match ring.unwrap(group, number, &bound_to(group, number), &row.proof) {
            Ok(proof) if proof.as_slice() == PROOF => {}
            Err(missing @ StoreError::KeyMissing { .. }) => {
                // One that was retired, and learnt once more from a replica that had the old file.
                if key_rotation::needed_for(db, group, number)?.is_some() {
                    return Err(missing);
                }
            }
            Ok(_) | Err(_) => return Err(StoreError::WrongKey { group: group.code(), number }),
        }
    }
    Ok(())
}

/// Notes every key of the ring that the database does not know yet. None of them wraps anything by that.
pub(crate) fn learn(db: &mut Db<'_>, ring: &KeyRing, now: Timestamp) -> Result<(), StoreError> {
    for group in GROUPS {
        for number in ring.numbers(group).into_iter().map(i64::from) {
            let proof = ring.wrap(group, number, &bound_to(group, number), PROOF)?;
            let row = Row { key_group: Code(group), id: number, proof, in_use_at: None, created_at: At(now) };
            let insert = diesel::insert_into(wrapping_keys::table)
                .values(&row)
                .on_conflict((wrapping_keys::key_group, wrapping_keys::id))
                .do_nothing();
            rewrite(db, insert)?;
        }
    }
    Ok(())
}

fn is_complete(rows: &[Row], ring: &KeyRing) -> bool {
    GROUPS.into_iter().all(|group| {
        let mut of_group = rows.iter().filter(|row| row.key_group.0 == group);
        let has =
            |number: u32| rows.iter().any(|row| row.key_group.0 == group && row.id == i64::from(number));
        ring.numbers(group).into_iter().all(has) && of_group.any(|row| row.in_use_at.is_some())
    })
}

/// Holds the ring against the database before anything is done with either; answers the keys of what belongs to no
/// record. A database that is used for the first time learns the keys, and a key that was added is learnt, too; one that
/// is missing or another one than it was is refused, and nothing is written.
///
/// # Errors
/// [`StoreError::KeyMissing`] and [`StoreError::WrongKey`].
pub(crate) fn admit(
    db: &mut Db<'_>,
    ring: &Arc<KeyRing>,
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<RecordKeys, StoreError> {
    let rows = all(db)?;
    check(db, &rows, ring)?;
    let keys = data_key::load(db, ring, Record::Installation)?;
    if is_complete(&rows, ring) && data_key::is_whole(&keys) {
        return Ok(keys);
    }
    db.transaction(|db| {
        let rows = all(db)?;
        check(db, &rows, ring)?;
        if rows.is_empty() {
            former_cell::check(db, ring)?;
        }
        learn(db, ring, now)?;
        for group in GROUPS {
            if !rows.iter().any(|row| row.key_group.0 == group && row.in_use_at.is_some()) {
                use_newest(db, ring, group, now)?;
            }
        }
        data_key::ensure(db, ring, Record::Installation, ids, now)
    })
}
