//! Attempts at an account, counted for each place they come from.

use alongside_domain::clock::Timestamp;
use alongside_domain::sign_in::Lane;
use diesel::prelude::*;

use crate::db::{Db, exec, maybe, rewrite};
use crate::error::{StoreError, Unique};
use crate::schema::sign_in_lanes;
use crate::types::At;

const LANE: Unique =
    Unique { constraint: "sign_in_lanes_pkey", columns: "sign_in_lanes.account, sign_in_lanes.source" };

/// The lane of this account and place; an empty one where nobody has come that way. Both are keyed hashes.
///
/// # Errors
/// What the database says.
pub fn find(db: &mut Db<'_>, account: &[u8], source: &[u8]) -> Result<Lane, StoreError> {
    let row: Option<(i32, Option<At>, Option<At>)> = maybe(
        db,
        sign_in_lanes::table.find((account.to_vec(), source.to_vec())).select((
            sign_in_lanes::failed,
            sign_in_lanes::shut_until,
            sign_in_lanes::known_until,
        )),
    )?;
    Ok(row.map_or_else(Lane::default, |(failed, shut_until, known_until)| Lane {
        failed,
        shut_until: shut_until.map(|at| at.0),
        known_until: known_until.map(|at| at.0),
    }))
}

/// Keeps the lane as it is now.
///
/// # Errors
/// What the database says.
pub fn put(
    db: &mut Db<'_>,
    account: &[u8],
    source: &[u8],
    lane: Lane,
    now: Timestamp,
) -> Result<(), StoreError> {
    let values = (
        sign_in_lanes::failed.eq(lane.failed),
        sign_in_lanes::shut_until.eq(lane.shut_until.map(At)),
        sign_in_lanes::known_until.eq(lane.known_until.map(At)),
        sign_in_lanes::last_at.eq(At(now)),
    );
    let row = sign_in_lanes::table.find((account.to_vec(), source.to_vec()));
    if rewrite(db, diesel::update(row).set(values))? == 1 {
        return Ok(());
    }
    let key = (sign_in_lanes::account.eq(account), sign_in_lanes::source.eq(source));
    match exec(db, diesel::insert_into(sign_in_lanes::table).values((key, values))).map_err(StoreError::from)
    {
        Ok(_) => Ok(()),
        Err(error) if error.violates(LANE) => Err(StoreError::Collision),
        Err(error) => Err(error),
    }
}

/// Forgets lanes on which nobody has come since `before` and from which nobody is known.
///
/// # Errors
/// What the database says.
pub fn forget(db: &mut Db<'_>, before: Timestamp, now: Timestamp) -> Result<usize, StoreError> {
    Ok(exec(
        db,
        diesel::delete(
            sign_in_lanes::table.filter(sign_in_lanes::last_at.lt(At(before))).filter(
                sign_in_lanes::known_until.is_null().or(sign_in_lanes::known_until.lt(Some(At(now)))),
            ),
        ),
    )?)
}
