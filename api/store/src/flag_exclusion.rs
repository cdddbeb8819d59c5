//! From whom a flag is hidden. An exclusion is never taken back.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{FlagId, PersonId, kind};
use diesel::prelude::*;
use uuid::Uuid;

use crate::audit::any_id;
use crate::db::{Db, cols, exec, many, one};
use crate::error::{StoreError, Unique};
use crate::flag::{self, Flag};
use crate::schema::flag_exclusions;
use crate::scope::Scope;
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::types::{At, Key, Sealed};

/// A person is excluded from a flag once.
pub const ONCE: Unique = Unique {
    constraint: "flag_exclusions_pkey",
    columns: "flag_exclusions.flag_id, flag_exclusions.person_id",
};

/// The reason that comes with a report.
pub(crate) const NAMED_IN_REPORT: &str = "Named in the report.";

/// One exclusion with its reason still sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = flag_exclusions, treat_none_as_default_value = false)]
pub struct Exclusion {
    pub flag_id: Key<kind::Flag>,
    pub person_id: Key<kind::Person>,
    pub reason: Sealed,
    /// A person or a client.
    pub added_by: Key<kind::AuditEvent>,
    pub added_at: At,
}

impl Exclusion {
    /// Why.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn reason(&self, keys: &RecordKeys) -> Result<String, StoreError> {
        keys.open(place(self.flag_id.0, self.person_id.0), &self.reason)
    }
}

fn place(flag: FlagId, person: PersonId) -> Place {
    let row = flag::part_of(flag, person.uuid().as_u128());
    Place { class: DataClass::Safeguarding, table: "flag_exclusions", column: "reason", row }
}

pub(crate) fn insert(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    flag: FlagId,
    person: PersonId,
    reason: &str,
    by: Uuid,
    now: Timestamp,
) -> Result<Exclusion, StoreError> {
    let exclusion = Exclusion {
        flag_id: Key(flag),
        person_id: Key(person),
        reason: keys.seal(place(flag, person), reason)?,
        added_by: any_id(by),
        added_at: At(now),
    };
    exec(db, diesel::insert_into(flag_exclusions::table).values(&exclusion))?;
    Ok(exclusion)
}

/// Hides a flag that the caller was shown from one person, from this moment on.
///
/// # Errors
/// [`ONCE`] when he is excluded already; [`StoreError::Collision`] when the flag was changed since it was read.
pub fn add(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    flag: &Flag,
    person: PersonId,
    reason: &str,
    by: PersonId,
    now: Timestamp,
) -> Result<Exclusion, StoreError> {
    flag::touch(db, flag, now)?;
    insert(db, keys, flag.id.0, person, reason, by.uuid(), now)
}

/// Whether the flag is hidden from this person.
///
/// # Errors
/// What the database says.
pub fn excludes(db: &mut Db<'_>, flag: FlagId, person: PersonId) -> Result<bool, StoreError> {
    let excluded = flag_exclusions::table.find((Key(flag), Key(person)));
    Ok(one(db, diesel::select(diesel::dsl::exists(excluded)))?)
}

/// From whom the flag is hidden.
///
/// # Errors
/// [`StoreError::NotFound`] when the flag is not for the caller.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    flag: FlagId,
    after: Option<PersonId>,
    limit: i64,
) -> Result<Vec<Exclusion>, StoreError> {
    let flag = flag::find(db, scope, flag)?;
    let query = flag_exclusions::table
        .filter(flag_exclusions::flag_id.eq(flag.id))
        .filter(flag_exclusions::person_id.gt(Key(after.unwrap_or(PersonId::new(Uuid::nil())))))
        .order(flag_exclusions::person_id)
        .limit(limit)
        .select(cols::<Exclusion>());
    Ok(many(db, query)?)
}
