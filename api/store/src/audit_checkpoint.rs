//! Signed checkpoints over the chain of the audit log.

use alongside_domain::audit_chain::{Checkpoint, Hash};
use alongside_domain::clock::Timestamp;
use diesel::prelude::*;

use crate::db::{Db, cols, exec, many, maybe, one};
use crate::error::StoreError;
use crate::schema::{audit_checkpoints, audit_seals, flags};
use crate::types::At;

/// A checkpoint with its signature.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_checkpoints, treat_none_as_default_value = false)]
pub struct Row {
    pub seq: i64,
    pub head: Vec<u8>,
    pub at: At,
    pub flags: i64,
    pub key_id: String,
    /// Ed25519 over [`Checkpoint::message`].
    pub signature: Vec<u8>,
}

impl Row {
    #[must_use]
    pub fn new(checkpoint: &Checkpoint, signature: Vec<u8>) -> Self {
        Self {
            seq: checkpoint.seq,
            head: checkpoint.head.to_vec(),
            at: At(checkpoint.at),
            flags: checkpoint.flags,
            key_id: checkpoint.key_id.clone(),
            signature,
        }
    }

    /// What was signed; `None` when the row cannot be what the server wrote.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let head: Hash = self.head.as_slice().try_into().ok()?;
        Some(Checkpoint {
            seq: self.seq,
            head,
            at: self.at.0,
            flags: self.flags,
            key_id: self.key_id.clone(),
        })
    }
}

/// A checkpoint, and the hash that the chain has there now.
pub type Against = (Row, Option<Vec<u8>>);

/// The newest checkpoint.
///
/// # Errors
/// What the database says.
pub fn newest(db: &mut Db<'_>) -> Result<Option<Row>, StoreError> {
    let newest = audit_checkpoints::table.order(audit_checkpoints::seq.desc()).limit(1).select(cols::<Row>());
    Ok(maybe(db, newest)?)
}

/// Keeps a checkpoint; `false` when somebody else has made one there already.
///
/// # Errors
/// What the database says.
pub fn insert(db: &mut Db<'_>, row: &Row) -> Result<bool, StoreError> {
    let there: bool = one(db, diesel::select(diesel::dsl::exists(audit_checkpoints::table.find(row.seq))))?;
    if there {
        return Ok(false);
    }
    exec(db, diesel::insert_into(audit_checkpoints::table).values(row))?;
    Ok(true)
}

/// Checkpoints after this one, each with the hash that the chain has there now.
///
/// # Errors
/// What the database says.
pub fn with_hashes(db: &mut Db<'_>, after: i64, limit: i64) -> Result<Vec<Against>, StoreError> {
    let query = audit_checkpoints::table
        .left_join(audit_seals::table.on(audit_seals::seq.eq(audit_checkpoints::seq)))
        .filter(audit_checkpoints::seq.gt(after))
        .order(audit_checkpoints::seq)
        .limit(limit)
        .select((cols::<Row>(), audit_seals::hash.nullable()));
    Ok(many(db, query)?)
}

/// The hash that the chain has at this number.
///
/// # Errors
/// What the database says.
pub fn hash_at(db: &mut Db<'_>, seq: i64) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(maybe(db, audit_seals::table.find(seq).select(audit_seals::hash))?)
}

/// How many safeguarding flags were raised before this moment, in the whole installation.
///
/// # Errors
/// What the database says.
pub fn flags_before(db: &mut Db<'_>, before: Timestamp) -> Result<i64, StoreError> {
    Ok(one(db, flags::table.filter(flags::raised_at.lt(At(before))).count())?)
}
