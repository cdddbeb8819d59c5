//! Data keys: each record has its own, one for each class of what is sealed, wrapped by a key that is not in the
//! database. Destroying them erases the record, wherever its cells are.

use std::sync::Arc;

use alongside_domain::choice::Choice as _;
use alongside_domain::clock::{Ids, Timestamp};
use alongside_domain::data_class::RecordKind;
use alongside_domain::id::{ParticipantId, kind};
use diesel::prelude::*;
use rand::RngExt as _;
use secrecy::zeroize::Zeroizing;
use uuid::Uuid;

use crate::audit::any_id;
use crate::context::Duty;
use crate::db::{Db, cols, exec, many, maybe, rewrite};
use crate::error::StoreError;
use crate::schema::{data_keys, flags, participants};
use crate::sealing::{
    CLASSES, DataClass, DataKey, KEY, KeyGroup, KeyRing, KeysOfMany, Record, RecordKeys, named_key,
};
use crate::types::{At, Code, Key, Sealed};
use crate::{former_cell, mail, wrapping_key};

/// A data key, wrapped; `None` once it was destroyed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = data_keys, treat_none_as_default_value = false)]
pub(crate) struct Row {
    pub id: Key<kind::DataKey>,
    pub record: Code<RecordKind>,
    pub record_id: Key<kind::AuditEvent>,
    pub class: Code<DataClass>,
    pub wrapped: Option<Sealed>,
    /// The number of the key that wraps it, in the group of its class.
    pub wrapped_by: i64,
    pub created_at: At,
    pub shredded_at: Option<At>,
}

impl Row {
    /// A wrapped key opens in its own row only.
    fn bound_to(&self) -> Vec<u8> {
        let mut data = b"data_keys.wrapped:".to_vec();
        data.extend_from_slice(self.id.0.uuid().as_bytes());
        data.extend_from_slice(self.record_id.0.uuid().as_bytes());
        data.extend_from_slice(self.record.0.code().as_bytes());
        data.push(b'.');
        data.extend_from_slice(self.class.0.code().as_bytes());
        data
    }

    fn fresh(
        ring: &KeyRing,
        record: Record,
        class: DataClass,
        (id, wrapped_by): (Uuid, i64),
        now: Timestamp,
    ) -> Result<(Self, DataKey), StoreError> {
        let key: Zeroizing<[u8; KEY]> = Zeroizing::new(rand::rng().random());
        let mut row = Self {
            id: Key(id.into()),
            record: Code(record.kind()),
            record_id: any_id(record.id()),
            class: Code(class),
            wrapped: None,
            wrapped_by,
            created_at: At(now),
            shredded_at: None,
        };
        row.wrapped = Some(ring.wrap(KeyGroup::of(class), wrapped_by, &row.bound_to(), &*key)?);
        Ok((row, DataKey::opened(id, class, &*key)?))
    }

    fn open(&self, ring: &KeyRing) -> Result<DataKey, StoreError> {
        let (id, class) = (self.id.0.uuid(), self.class.0);
        match &self.wrapped {
            Some(wrapped) => {
                let group = KeyGroup::of(class);
                let key = ring.unwrap(group, self.wrapped_by, &self.bound_to(), wrapped)?;
                DataKey::opened(id, class, &key)
            }
            None => Ok(DataKey { id, class, cipher: None }),
        }
    }

    /// The same key, wrapped by another one of its group.
    pub(crate) fn wrapped_anew(&self, ring: &KeyRing, by: i64) -> Result<Option<Sealed>, StoreError> {
        let Some(wrapped) = &self.wrapped else { return Ok(None) };
        let (group, bound_to) = (KeyGroup::of(self.class.0), self.bound_to());
        let key = ring.unwrap(group, self.wrapped_by, &bound_to, wrapped)?;
        ring.wrap(group, by, &bound_to, &key).map(Some)
    }
}

fn rows(db: &mut Db<'_>, record: Record) -> Result<Vec<Row>, StoreError> {
    let query = data_keys::table
        .filter(data_keys::record_id.eq(any_id(record.id())))
        .order(data_keys::class)
        .limit(4)
        .select(cols::<Row>());
    Ok(many(db, query)?)
}

/// The keys of a record: one look-up by index. A record from before there were data keys has none until something of it
/// is written. Whether the caller may see the record is decided before.
///
/// # Errors
/// [`StoreError::KeyMissing`] when one is wrapped by a key that is not on the ring.
pub fn load(db: &mut Db<'_>, ring: &Arc<KeyRing>, record: Record) -> Result<RecordKeys, StoreError> {
    let keys = rows(db, record)?.iter().map(|row| row.open(ring)).collect::<Result<_, _>>()?;
    Ok(RecordKeys::new(Arc::clone(ring), record, keys))
}

/// The keys of one class of the records of a page. Whether the caller may see them is decided before.
///
/// # Errors
/// As [`load`].
pub fn load_many(
    db: &mut Db<'_>,
    ring: &Arc<KeyRing>,
    class: DataClass,
    records: impl IntoIterator<Item = Record>,
) -> Result<KeysOfMany, StoreError> {
    let mut records: Vec<Record> = records.into_iter().collect();
    records.sort_unstable();
    records.dedup();
    let ids: Vec<_> = records.iter().map(|record| any_id(record.id())).collect();
    let found: Vec<Row> = if ids.is_empty() {
        Vec::new()
    } else {
        many(
            db,
            data_keys::table
                .filter(data_keys::record_id.eq_any(ids))
                .filter(data_keys::class.eq(Code(class)))
                .select(cols::<Row>()),
        )?
    };
    let of = |record: &Record| {
        let id = any_id(record.id());
        let keys = found.iter().filter(|row| row.record_id == id).map(|row| row.open(ring));
        Ok(RecordKeys::new(Arc::clone(ring), *record, keys.collect::<Result<_, StoreError>>()?))
    };
    Ok(KeysOfMany::new(records.iter().map(of).collect::<Result<Vec<_>, StoreError>>()?))
}

/// The keys of a record that is written: those that it lacks are made in this transaction.
///
/// # Errors
/// As [`load`].
pub fn ensure(
    db: &mut Db<'_>,
    ring: &Arc<KeyRing>,
    record: Record,
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<RecordKeys, StoreError> {
    let keys = load(db, ring, record)?;
    if is_whole(&keys) {
        return Ok(keys);
    }
    // The record may not be there yet, and then the wall hides its keys even from whoever makes them.
    db.within(Duty::Keys, |db| complete(db, ring, record, ids, now))
}

fn complete(
    db: &mut Db<'_>,
    ring: &Arc<KeyRing>,
    record: Record,
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<RecordKeys, StoreError> {
    let there = rows(db, record)?;
    let mut keys = there.iter().map(|row| row.open(ring)).collect::<Result<Vec<_>, _>>()?;
    for class in CLASSES.into_iter().filter(|class| is_needed(record, *class)) {
        if there.iter().any(|row| row.class.0 == class) {
            continue;
        }
        let wrapped_by = wrapping_key::in_use(db, KeyGroup::of(class))?;
        let (row, key) = Row::fresh(ring, record, class, (ids.fresh(), wrapped_by), now)?;
        // Two who write the record for the first time at once: one of them does it again.
        exec(db, diesel::insert_into(data_keys::table).values(&row)).map_err(
            |error| match StoreError::from(error) {
                StoreError::Unique(_) => StoreError::Collision,
                other => other,
            },
        )?;
        keys.push(key);
    }
    Ok(RecordKeys::new(Arc::clone(ring), record, keys))
}

/// A flag has nothing but what was said of it, and nobody's health is kept with a member of staff.
fn is_needed(record: Record, class: DataClass) -> bool {
    match record {
        Record::Participant(_) => true,
        Record::Person(_) => class == DataClass::Identity,
        Record::Flag(_) => class == DataClass::Safeguarding,
        Record::Installation => matches!(class, DataClass::Identity | DataClass::Replies),
    }
}

/// Destroys the keys of these classes of a record; answers how many there were. What they sealed opens nowhere any
/// more, in this database or in what was written to its log; only backups from before still hold them, wrapped.
pub(crate) fn destroy(
    db: &mut Db<'_>,
    record: Record,
    classes: &[DataClass],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut destroyed = 0;
    for class in classes {
        let key = data_keys::table
            .filter(data_keys::record_id.eq(any_id(record.id())))
            .filter(data_keys::class.eq(Code(*class)))
            .filter(data_keys::wrapped.is_not_null());
        let gone = (data_keys::wrapped.eq(None::<Sealed>), data_keys::shredded_at.eq(Some(At(now))));
        destroyed += rewrite(db, diesel::update(key).set(gone))?;
    }
    Ok(destroyed)
}

/// The keys with which a cell was sealed, by the data key that it names.
///
/// # Errors
/// As [`load`]; [`StoreError::Erased`] for a cell that was emptied.
pub fn of_cell(
    db: &mut Db<'_>,
    ring: &Arc<KeyRing>,
    cell: &Sealed,
) -> Result<Option<RecordKeys>, StoreError> {
    let Some(id) = named_key(cell)? else { return Ok(None) };
    let id: Key<kind::DataKey> = Key(id.into());
    let row: Option<Row> = maybe(db, data_keys::table.find(id).select(cols::<Row>()))?;
    let row = row.ok_or(StoreError::Sealed("the cell names a data key that is not there"))?;
    // Only the one key is wanted, whosever it is.
    Ok(Some(RecordKeys::new(Arc::clone(ring), Record::Installation, vec![row.open(ring)?])))
}

/// Whether the record has every key that it needs.
pub(crate) fn is_whole(keys: &RecordKeys) -> bool {
    CLASSES.into_iter().filter(|class| is_needed(keys.record(), *class)).all(|class| keys.has(class))
}

/// What became of a record that was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shredded {
    /// How many data keys were destroyed; none when it was erased before.
    pub keys: usize,
}

/// Erases a participant's record: the keys of everything sealed about him are destroyed, but for the classes in `kept`
/// (what a legal hold or the safeguarding retention holds back). From the commit on, whatever needs one of these cells
/// is told [`StoreError::Erased`], on every replica; what stands in clear under the pseudonym stays. Replies that were
/// kept for repeated requests go in any case, and so do letters to him. Done again, it destroys what `kept` no longer
/// holds back.
///
/// Whether the caller may, and that the participant is there, is decided before.
///
/// # Errors
/// What the database says.
pub fn shred(
    db: &mut Db<'_>,
    ids: &dyn Ids,
    participant: ParticipantId,
    kept: &[DataClass],
    now: Timestamp,
) -> Result<Shredded, StoreError> {
    let record = Record::Participant(participant);
    let goes = |class: &DataClass| *class == DataClass::Replies || !kept.contains(class);
    let classes: Vec<DataClass> = CLASSES.into_iter().filter(goes).collect();
    let mut keys = destroy(db, record, &classes, now)?;
    let there = rows(db, record)?;
    for class in classes.iter().filter(|class| !there.iter().any(|row| row.class.0 == **class)) {
        // Nobody makes this record a new key unawares.
        let row = Row {
            id: Key(ids.fresh().into()),
            record: Code(record.kind()),
            record_id: any_id(record.id()),
            class: Code(*class),
            wrapped: None,
            wrapped_by: 0,
            created_at: At(now),
            shredded_at: Some(At(now)),
        };
        exec(db, diesel::insert_into(data_keys::table).values(&row))?;
    }
    if classes.contains(&DataClass::Safeguarding) {
        let flags: Vec<Key<kind::Flag>> = many(
            db,
            flags::table.filter(flags::participant_id.eq(Some(Key(participant)))).select(flags::id),
        )?;
        for flag in flags {
            keys += destroy(db, Record::Flag(flag.0), &classes, now)?;
        }
    }
    db.within(Duty::Erasure, |db| {
        former_cell::empty(db, participant, &classes)?;
        mail::forget_participant(db, participant)
    })?;
    if classes.contains(&DataClass::Identity) {
        let row = participants::table.find(Key(participant)).filter(participants::erased_at.is_null());
        rewrite(
            db,
            diesel::update(row).set((
                participants::erased_at.eq(Some(At(now))),
                participants::updated_at.eq(At(now)),
                participants::version.eq(participants::version + 1),
            )),
        )?;
    }
    Ok(Shredded { keys })
}
