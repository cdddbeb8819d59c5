//! Leases: of all processes on one database, one does the work of a name, until it stops renewing.
//!
//! A lease keeps processes from doing the same work side by side. It is no lock: clocks differ, and a process may stand
//! still for a while and go on. What must not happen twice is held apart by a constraint of its own as well.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::LeaseHolderId;
use diesel::prelude::*;

use crate::db::{Db, one, rewrite};
use crate::error::StoreError;
use crate::schema::leases;
use crate::types::{At, Key};

/// Whether nobody else holds the lease now.
///
/// # Errors
/// What the database says.
pub fn is_open_to(
    db: &mut Db<'_>,
    name: &str,
    holder: LeaseHolderId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let others = leases::table
        .filter(leases::name.eq(name))
        .filter(leases::holder.ne(Key(holder)))
        .filter(leases::held_until.ge(At(now)));
    Ok(!one::<_, bool>(db, diesel::select(diesel::dsl::exists(others)))?)
}

/// Takes the lease, or keeps it, in the transaction at hand; `false` while somebody else holds it.
///
/// # Errors
/// What the database says.
pub fn take(
    db: &mut Db<'_>,
    name: &str,
    holder: LeaseHolderId,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let open = leases::holder.eq(Key(holder)).or(leases::held_until.lt(At(now)));
    let ours = (leases::holder.eq(Key(holder)), leases::held_until.eq(At(until)));
    let kept = diesel::update(leases::table.filter(leases::name.eq(name)).filter(open)).set(ours);
    if rewrite(db, kept)? > 0 {
        return Ok(true);
    }
    let first = diesel::insert_into(leases::table)
        .values((leases::name.eq(name), ours))
        .on_conflict(leases::name)
        .do_nothing();
    Ok(rewrite(db, first)? > 0)
}
