//! The chronology of a flag: entries that are only ever added.

use alongside_domain::clock::Timestamp;
use alongside_domain::flag::{EntryKind, Nature};
use alongside_domain::id::{FlagId, PersonId, kind};
use diesel::dsl::max;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::db::{Db, cols, exec, one};
use crate::error::StoreError;
use crate::flag::{self, Flag};
use crate::schema::flag_entries;
use crate::scope::Scope;
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::types::{At, Code, Key, Sealed};

/// One entry with its text still sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = flag_entries, treat_none_as_default_value = false)]
pub struct Entry {
    pub flag_id: Key<kind::Flag>,
    pub seq: i64,
    pub kind: Code<EntryKind>,
    pub nature: Code<Nature>,
    pub author_id: Key<kind::Person>,
    pub occurred_at: At,
    pub recorded_at: At,
    /// Why it was written so long after the event.
    pub late_reason: Option<Sealed>,
    pub content: Sealed,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub text: String,
    /// The entry that a correction puts right.
    pub corrects: Option<i64>,
}

/// An entry as it is written.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry<'a> {
    pub kind: EntryKind,
    pub nature: Nature,
    pub author: PersonId,
    pub occurred_at: Timestamp,
    pub late_reason: Option<&'a str>,
    pub content: &'a Content,
}

impl Entry {
    /// What it says.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn content(&self, keys: &RecordKeys) -> Result<Content, StoreError> {
        keys.open(place(self.flag_id.0, self.seq, "content"), &self.content)
    }

    /// Why it was written late, where it was.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn late_reason(&self, keys: &RecordKeys) -> Result<Option<String>, StoreError> {
        let place = place(self.flag_id.0, self.seq, "late_reason");
        self.late_reason.as_ref().map(|cell| keys.open(place, cell)).transpose()
    }
}

fn place(flag: FlagId, seq: i64, column: &'static str) -> Place {
    Place {
        class: DataClass::Safeguarding,
        table: "flag_entries",
        column,
        row: flag::part_of(flag, u128::from(seq.unsigned_abs())),
    }
}

/// The number of the newest entry; 0 when there is none.
///
/// # Errors
/// What the database says.
pub fn last_seq(db: &mut Db<'_>, flag: &Flag) -> Result<i64, StoreError> {
    let query = flag_entries::table.filter(flag_entries::flag_id.eq(flag.id)).select(max(flag_entries::seq));
    Ok(one::<_, Option<i64>>(db, query)?.unwrap_or(0))
}

/// Adds an entry to a flag that the caller was shown.
///
/// # Errors
/// [`StoreError::Collision`] when somebody added another at the same moment.
pub fn append(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    flag: &Flag,
    new: NewEntry<'_>,
    now: Timestamp,
) -> Result<Entry, StoreError> {
    flag::touch(db, flag, now)?;
    let seq = last_seq(db, flag)? + 1;
    let late_place = place(flag.id.0, seq, "late_reason");
    let entry = Entry {
        flag_id: flag.id,
        seq,
        kind: Code(new.kind),
        nature: Code(new.nature),
        author_id: Key(new.author),
        occurred_at: At(new.occurred_at),
        recorded_at: At(now),
        late_reason: new.late_reason.map(|reason| keys.seal(late_place, reason)).transpose()?,
        content: keys.seal(place(flag.id.0, seq, "content"), new.content)?,
    };
    exec(db, diesel::insert_into(flag_entries::table).values(&entry))?;
    Ok(entry)
}

/// The chronology in the order it was written.
///
/// # Errors
/// [`StoreError::NotFound`] when the flag is not for the caller.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    flag: FlagId,
    after: Option<i64>,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let flag = flag::find(db, scope, flag)?;
    let query = flag_entries::table
        .filter(flag_entries::flag_id.eq(flag.id))
        .filter(flag_entries::seq.gt(after.unwrap_or(0)))
        .order(flag_entries::seq)
        .limit(limit)
        .select(cols::<Entry>());
    Ok(crate::db::many(db, query)?)
}
