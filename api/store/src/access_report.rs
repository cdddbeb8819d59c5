//! Finished access reports: sealed, for a while.

use alongside_domain::access_report::Report;
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{RightsRequestId, kind};
use diesel::prelude::*;

use crate::db::{Db, cols, exec, maybe, rewrite};
use crate::error::StoreError;
use crate::schema::access_reports;
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::types::{At, Key, Sealed};

/// A report with its content still sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = access_reports, treat_none_as_default_value = false)]
pub struct AccessReport {
    pub request_id: Key<kind::RightsRequest>,
    content: Sealed,
    pub made_at: At,
    pub expires_at: At,
}

impl AccessReport {
    /// What it says.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn content(&self, keys: &RecordKeys) -> Result<Report, StoreError> {
        keys.open(place(self.request_id.0), &self.content)
    }
}

fn place(id: RightsRequestId) -> Place {
    Place { class: DataClass::Health, table: "access_reports", column: "content", row: id.uuid() }
}

/// Keeps the report of a request until it expires.
///
/// # Errors
/// What the database says.
pub fn insert(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    id: RightsRequestId,
    report: &Report,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let row = AccessReport {
        request_id: Key(id),
        content: keys.seal(place(id), report)?,
        made_at: At(report.made_at),
        expires_at: At(expires_at),
    };
    exec(db, diesel::insert_into(access_reports::table).values(&row))?;
    Ok(())
}

/// The report of a request that the caller was shown, while it has not expired.
///
/// # Errors
/// What the database says.
pub fn find(
    db: &mut Db<'_>,
    id: RightsRequestId,
    now: Timestamp,
) -> Result<Option<AccessReport>, StoreError> {
    let query = access_reports::table
        .find(Key(id))
        .filter(access_reports::expires_at.gt(At(now)))
        .select(cols::<AccessReport>());
    Ok(maybe(db, query)?)
}

/// Until when the report of a request can be fetched.
///
/// # Errors
/// What the database says.
pub fn expires_at(db: &mut Db<'_>, id: RightsRequestId) -> Result<Option<Timestamp>, StoreError> {
    let found: Option<At> =
        maybe(db, access_reports::table.find(Key(id)).select(access_reports::expires_at))?;
    Ok(found.map(|at| at.0))
}

/// Takes away the reports that expired; answers how many there were.
///
/// # Errors
/// What the database says.
pub fn forget(db: &mut Db<'_>, now: Timestamp) -> Result<usize, StoreError> {
    Ok(rewrite(db, diesel::delete(access_reports::table.filter(access_reports::expires_at.le(At(now)))))?)
}
