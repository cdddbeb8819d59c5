//! What was answered to a request that may be sent again.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::kind;
use diesel::prelude::*;

use crate::db::{Db, cols, exec, maybe};
use crate::error::{StoreError, Unique};
use crate::schema::idempotency_records;
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
