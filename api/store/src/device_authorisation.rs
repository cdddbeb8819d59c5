//! Devices that ask to be let in by somebody who is signed in elsewhere.

use alongside_domain::clock::Timestamp;
use alongside_domain::device_authorisation::{DeviceState, Waiting};
use alongside_domain::id::{DeviceAuthorisationId, PersonId, ProgrammeId, kind};
use diesel::prelude::*;

use crate::db::{Db, cols, exec, maybe, one, rewrite};
use crate::error::StoreError;
use crate::schema::device_authorisations;
use crate::sealing::{DataClass, Place};
use crate::types::{At, Code, Key, Sealed};

/// A device's wish.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = device_authorisations, treat_none_as_default_value = false)]
pub struct DeviceAuthorisation {
    pub id: Key<kind::DeviceAuthorisation>,
    /// The program on the device.
    pub client: String,
    /// The SHA-256 of the code that the device asks with.
    pub device_code_hash: Vec<u8>,
    /// The keyed hash of the code that people type.
    pub user_code_hash: Vec<u8>,
    /// By which the device is known again.
    pub device_hash: Vec<u8>,
    pub device_name: String,
    pub network_hash: Vec<u8>,
    /// Where it asks from, sealed at [`place`].
    pub address: Sealed,
    pub state: Code<DeviceState>,
    pub interval_seconds: i32,
    pub polled_at: Option<At>,
    pub created_at: At,
    pub expires_at: At,
    pub decided_at: Option<At>,
    pub decided_by: Option<Key<kind::Person>>,
    /// Where the supporter who said yes will work on it.
    pub programme_id: Option<Key<kind::Programme>>,
}

impl DeviceAuthorisation {
    /// Where it stands when the device asks.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        Waiting {
            state: self.state.0,
            interval_seconds: self.interval_seconds,
            polled_at: self.polled_at.map(|at| at.0),
            expires_at: self.expires_at.0,
        }
    }
}

/// Where the address is sealed.
#[must_use]
pub fn place(id: DeviceAuthorisationId) -> Place {
    Place { class: DataClass::Identity, table: "device_authorisations", column: "address", row: id.uuid() }
}

/// Keeps a device's wish. What the same device wished before and nobody has decided is forgotten with it.
///
/// # Errors
/// [`StoreError::Unique`] where a living wish has the same code.
pub fn insert(db: &mut Db<'_>, new: &DeviceAuthorisation) -> Result<(), StoreError> {
    exec(
        db,
        diesel::delete(
            device_authorisations::table
                .filter(device_authorisations::device_hash.eq(new.device_hash.clone()))
                .filter(device_authorisations::state.eq(Code(DeviceState::Pending))),
        ),
    )?;
    exec(db, diesel::insert_into(device_authorisations::table).values(new))?;
    Ok(())
}

/// How many devices of this network wait for somebody.
///
/// # Errors
/// What the database says.
pub fn waiting(db: &mut Db<'_>, network: &[u8], now: Timestamp) -> Result<i64, StoreError> {
    Ok(one(
        db,
        device_authorisations::table
            .filter(device_authorisations::network_hash.eq(network.to_vec()))
            .filter(device_authorisations::expires_at.gt(At(now)))
            .filter(device_authorisations::state.eq(Code(DeviceState::Pending)))
            .count(),
    )?)
}

/// The wish of the device with this code.
///
/// # Errors
/// What the database says.
pub fn by_device_code(db: &mut Db<'_>, hash: &[u8]) -> Result<Option<DeviceAuthorisation>, StoreError> {
    Ok(maybe(
        db,
        device_authorisations::table
            .filter(device_authorisations::device_code_hash.eq(hash.to_vec()))
            .select(cols::<DeviceAuthorisation>()),
    )?)
}

/// The wish that somebody may decide who typed this code: nobody has, and there is still time.
///
/// # Errors
/// What the database says.
pub fn by_user_code(
    db: &mut Db<'_>,
    hash: &[u8],
    now: Timestamp,
) -> Result<Option<DeviceAuthorisation>, StoreError> {
    Ok(maybe(
        db,
        device_authorisations::table
            .filter(device_authorisations::user_code_hash.eq(hash.to_vec()))
            .filter(device_authorisations::state.eq(Code(DeviceState::Pending)))
            .filter(device_authorisations::expires_at.gt(At(now)))
            .select(cols::<DeviceAuthorisation>()),
    )?)
}

/// Notes that the device has asked, and how long it waits before it asks again.
///
/// # Errors
/// What the database says.
pub fn poll(
    db: &mut Db<'_>,
    id: DeviceAuthorisationId,
    interval_seconds: i32,
    now: Timestamp,
) -> Result<(), StoreError> {
    rewrite(
        db,
        diesel::update(device_authorisations::table.find(Key(id))).set((
            device_authorisations::polled_at.eq(Some(At(now))),
            device_authorisations::interval_seconds.eq(interval_seconds),
        )),
    )?;
    Ok(())
}

/// Keeps what somebody decided: yes, to work in this programme, or no.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else decided first.
pub fn decide(
    db: &mut Db<'_>,
    id: DeviceAuthorisationId,
    by: PersonId,
    programme: Option<ProgrammeId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let state = if programme.is_some() { DeviceState::Approved } else { DeviceState::Denied };
    let decided = rewrite(
        db,
        diesel::update(
            device_authorisations::table
                .find(Key(id))
                .filter(device_authorisations::state.eq(Code(DeviceState::Pending))),
        )
        .set((
            device_authorisations::state.eq(Code(state)),
            device_authorisations::decided_at.eq(Some(At(now))),
            device_authorisations::decided_by.eq(Some(Key(by))),
            device_authorisations::programme_id.eq(programme.map(Key)),
        )),
    )?;
    if decided == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// Turns the yes into a no for what this person let in and nobody has collected yet.
///
/// # Errors
/// What the database says.
pub fn take_back(db: &mut Db<'_>, person: PersonId, now: Timestamp) -> Result<(), StoreError> {
    let approved = device_authorisations::table
        .filter(device_authorisations::decided_by.eq(Some(Key(person))))
        .filter(device_authorisations::state.eq(Code(DeviceState::Approved)));
    let denied = (
        device_authorisations::state.eq(Code(DeviceState::Denied)),
        device_authorisations::decided_at.eq(Some(At(now))),
    );
    rewrite(db, diesel::update(approved).set(denied))?;
    Ok(())
}

/// Uses the code up; false where another request did a moment before.
///
/// # Errors
/// What the database says.
pub fn collect(db: &mut Db<'_>, id: DeviceAuthorisationId, now: Timestamp) -> Result<bool, StoreError> {
    let collected = rewrite(
        db,
        diesel::update(
            device_authorisations::table
                .find(Key(id))
                .filter(device_authorisations::state.eq(Code(DeviceState::Approved))),
        )
        .set((
            device_authorisations::state.eq(Code(DeviceState::Collected)),
            device_authorisations::polled_at.eq(Some(At(now))),
        )),
    )?;
    Ok(collected == 1)
}

/// Forgets what has been over since `before`.
///
/// # Errors
/// What the database says.
pub fn forget(db: &mut Db<'_>, before: Timestamp) -> Result<usize, StoreError> {
    Ok(exec(
        db,
        diesel::delete(device_authorisations::table.filter(device_authorisations::expires_at.lt(At(before)))),
    )?)
}
