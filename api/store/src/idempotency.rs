//! What was answered to a request that may be sent again.

use std::sync::Arc;

use alongside_domain::clock::{Ids, Timestamp};
use alongside_domain::id::{FlagId, ParticipantId, kind};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::data_key;
use crate::db::{Db, cols, exec, many, maybe, one, rewrite};
use crate::error::{StoreError, Unique};
use crate::former_cell::FIRST;
use crate::schema::idempotency_records;
use crate::sealing::{DataClass, KeyRing, Place, Record as Whose, emptied};
use crate::types::{At, Key, Sealed};

/// Two requests with one key at the same moment: the later one meets this.
pub const KEY: Unique = Unique {
    constraint: "idempotency_records_pkey",
    columns: "idempotency_records.caller_id, idempotency_records.operation, idempotency_records.key",
};

/// The reply to one key of one caller for one operation.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = idempotency_records, treat_none_as_default_value = false)]
pub struct Record {
    pub caller_id: Key<kind::AuditEvent>,
    pub operation: String,
    pub key: String,
    /// SHA-256 of method, path and body.
    pub fingerprint: Vec<u8>,
    pub status: i32,
    /// The reply, sealed: it may hold what the record holds.
    pub reply: Sealed,
    pub created_at: At,
}

/// The record of this key, if there is one.
///
/// # Errors
/// What the database says.
pub fn find(
    db: &mut Db<'_>,
    caller: Key<kind::AuditEvent>,
    operation: &str,
    key: &str,
) -> Result<Option<Record>, StoreError> {
    Ok(maybe(db, idempotency_records::table.find((caller, operation, key)).select(cols::<Record>()))?)
}

/// Keeps a reply. Where another replica answers the same key at this moment, the work is done again and finds its record.
///
/// # Errors
/// What the database says.
pub fn insert(db: &mut Db<'_>, record: &Record) -> Result<(), StoreError> {
    match exec(db, diesel::insert_into(idempotency_records::table).values(record)).map_err(StoreError::from) {
        Ok(_) => Ok(()),
        Err(error) if error.violates(KEY) => Err(StoreError::Collision),
        Err(error) => Err(error),
    }
}

/// Forgets the replies to keys made before `before`. The fingerprints of ids that clients chose stay: an id is for ever.
///
/// # Errors
/// What the database says.
pub fn forget(db: &mut Db<'_>, before: Timestamp) -> Result<usize, StoreError> {
    Ok(exec(
        db,
        diesel::delete(
            idempotency_records::table
                .filter(idempotency_records::created_at.lt(At(before)))
                .filter(idempotency_records::key.not_like("id:%")),
        ),
    )?)
}

/// With whose data key, and of which class, a reply about this record is sealed: it is erased with the record.
#[must_use]
pub fn keeper(participant: Option<ParticipantId>, flag: Option<FlagId>) -> (Whose, DataClass) {
    match (flag, participant) {
        (Some(flag), participant) => (Whose::of_flag(flag, participant), DataClass::Safeguarding),
        (None, Some(participant)) => (Whose::Participant(participant), DataClass::Replies),
        (None, None) => (Whose::Installation, DataClass::Replies),
    }
}

/// Where a reply is sealed: each opens under its own key only.
#[must_use]
pub fn place(class: DataClass, caller: Uuid, operation: &str, key: &str) -> Place {
    let mut hash = Sha256::new();
    for part in [caller.as_bytes().as_slice(), operation.as_bytes(), key.as_bytes()] {
        hash.update(part);
        hash.update([0]);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let row = digest.first_chunk::<16>().map_or(Uuid::nil(), |bytes| Uuid::from_bytes(*bytes));
    Place { class, table: "idempotency_records", column: "reply", row }
}

/// Where the reply to an id that a client chose is sealed.
#[must_use]
pub fn place_of_chosen_id(caller: Uuid) -> Place {
    Place { class: DataClass::Replies, table: "idempotency_records", column: "reply", row: caller }
}

/// In SQL, what tells replies from before there were data keys.
macro_rules! is_former {
    () => {
        sql::<Bool>("substr(reply, 1, 1) = ").bind::<Binary, _>(FIRST.as_slice())
    };
}

/// Moves at most `limit` replies from before there were data keys to the data key of their record; answers how many.
pub(crate) fn move_former(
    db: &mut Db<'_>,
    ring: &Arc<KeyRing>,
    ids: &dyn Ids,
    now: Timestamp,
    limit: i64,
) -> Result<usize, StoreError> {
    /// Whose record a kept reply is about.
    #[derive(Deserialize)]
    struct About {
        participant: Option<ParticipantId>,
        flag: Option<FlagId>,
    }
    let records: Vec<Record> =
        many(db, idempotency_records::table.filter(is_former!()).limit(limit).select(cols::<Record>()))?;
    for record in &records {
        let caller = record.caller_id.0.uuid();
        let chosen = record.key.starts_with("id:");
        let place = if chosen {
            place_of_chosen_id(caller)
        } else {
            place(DataClass::Replies, caller, &record.operation, &record.key)
        };
        let plain = ring.open_former(place, &record.reply)?;
        let (whose, class) = match serde_json::from_slice(&plain) {
            Ok(About { participant, flag }) if !chosen => keeper(participant, flag),
            _ => keeper(None, None),
        };
        let keys = data_key::ensure(db, ring, whose, ids, now)?;
        let reply = match keys.seal_bytes(Place { class, ..place }, &plain) {
            Ok(reply) => reply,
            Err(StoreError::Erased) => emptied(),
            Err(error) => return Err(error),
        };
        let row = idempotency_records::table.find((record.caller_id, &record.operation, &record.key));
        rewrite(db, diesel::update(row).set(idempotency_records::reply.eq(reply)))?;
    }
    Ok(records.len())
}

/// Whether any reply from before there were data keys is left.
pub(crate) fn is_any_former(db: &mut Db<'_>) -> Result<bool, StoreError> {
    let former = idempotency_records::table.filter(is_former!());
    Ok(one(db, diesel::select(diesel::dsl::exists(former)))?)
}

/// Empties every reply from before there were data keys: whom one is about stands in its cell alone.
pub(crate) fn empty_former(db: &mut Db<'_>) -> Result<(), StoreError> {
    let former =
        idempotency_records::table.filter(is_former!()).filter(idempotency_records::key.not_like("id:%"));
    rewrite(db, diesel::update(former).set(idempotency_records::reply.eq(emptied())))?;
    Ok(())
}
