//! Live sessions: what makes a token good until this very request.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{ClientId, PersonId, SessionId, SiteId, kind};
use alongside_domain::policy::Role;
use diesel::prelude::*;

use crate::db::{Db, cols, exec, one, rewrite};
use crate::device_authorisation;
use crate::error::StoreError;
use crate::schema::sessions;
use crate::types::{At, Code, Document, Key, Sealed};

/// One sign-in of a person, or one token of a service client.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
pub struct Session {
    pub id: Key<kind::Session>,
    pub person_id: Option<Key<kind::Person>>,
    pub client_id: Option<Key<kind::Client>>,
    pub role: Code<Role>,
    /// `None` for a role that holds in the whole installation.
    pub programme_id: Option<Key<kind::Programme>>,
    /// `None` for a role that holds in the whole programme.
    pub sites: Option<Document<Vec<SiteId>>>,
    pub participant_id: Option<Key<kind::Participant>>,
    /// What a service client may ask for; empty for people, whom their role bounds.
    pub scopes: Document<Vec<String>>,
    pub refresh_hash: Option<Vec<u8>>,
    pub previous_refresh_hash: Option<Vec<u8>>,
    pub successor: Option<Sealed>,
    pub rotated_at: Option<At>,
    pub created_at: At,
    pub expires_at: At,
    pub idle_expires_at: At,
    pub ended_at: Option<At>,
    pub end_reason: Option<String>,
    #[diesel(embed)]
    pub trust: Trust,
}

/// On which device a session is, and what its person has shown of himself.
#[derive(Debug, Clone, Default, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
pub struct Trust {
    /// As its owner named it.
    pub device_name: Option<String>,
    /// The keyed hash of the id by which the device is known again.
    pub device_hash: Option<Vec<u8>>,
    /// When a second factor was shown. `None` in sessions of clients, and where no second factor is set up.
    pub second_factor_at: Option<At>,
    /// When the person last showed that it is he who sits there.
    pub fresh_at: Option<At>,
    /// His second factor was taken away: nothing is open before there is another.
    pub must_enrol: bool,
}

impl Session {
    /// Whether requests may still come with it.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at.0 && now < self.idle_expires_at.0
    }
}

/// Keeps a new session.
///
/// # Errors
/// What the database says.
pub fn insert(db: &mut Db<'_>, session: &Session) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(sessions::table).values(session))?;
    Ok(())
}

/// The session with this id, live or not.
///
/// # Errors
/// [`StoreError::NotFound`] when there never was one.
pub fn find(db: &mut Db<'_>, id: SessionId) -> Result<Session, StoreError> {
    Ok(one(db, sessions::table.find(Key(id)).select(cols::<Session>()))?)
}

/// What one turn of a refresh token changes.
#[derive(Debug, Clone, AsChangeset)]
#[diesel(table_name = sessions, treat_none_as_null = true)]
pub struct Rotation {
    pub refresh_hash: Option<Vec<u8>>,
    pub previous_refresh_hash: Option<Vec<u8>>,
    pub successor: Option<Sealed>,
    pub rotated_at: Option<At>,
    pub idle_expires_at: At,
}

/// Puts the successor in the place of the refresh token.
///
/// # Errors
/// [`StoreError::Stale`] when another request turned it first.
pub fn rotate(db: &mut Db<'_>, session: &Session, rotation: &Rotation) -> Result<(), StoreError> {
    let turned = rewrite(
        db,
        diesel::update(
            sessions::table.find(session.id).filter(sessions::refresh_hash.eq(session.refresh_hash.clone())),
        )
        .set(rotation),
    )?;
    if turned == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// Ends one session. Ending it again changes nothing.
///
/// # Errors
/// What the database says.
pub fn end(db: &mut Db<'_>, id: SessionId, reason: &str, now: Timestamp) -> Result<(), StoreError> {
    rewrite(
        db,
        diesel::update(sessions::table.find(Key(id)).filter(sessions::ended_at.is_null()))
            .set((sessions::ended_at.eq(Some(At(now))), sessions::end_reason.eq(Some(reason)))),
    )?;
    Ok(())
}

/// Ends every session of a person: the next request of each is refused, on every replica.
///
/// # Errors
/// What the database says.
pub fn end_all_of_person(
    db: &mut Db<'_>,
    person: PersonId,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    rewrite(
        db,
        diesel::update(
            sessions::table
                .filter(sessions::person_id.eq(Some(Key(person))))
                .filter(sessions::ended_at.is_null()),
        )
        .set((sessions::ended_at.eq(Some(At(now))), sessions::end_reason.eq(Some(reason)))),
    )?;
    // A device that he let in and that has not come yet does not come either.
    device_authorisation::take_back(db, person, now)
}

/// Ends every session of a person but one.
///
/// # Errors
/// What the database says.
pub fn end_others_of_person(
    db: &mut Db<'_>,
    person: PersonId,
    but: SessionId,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    rewrite(
        db,
        diesel::update(
            sessions::table
                .filter(sessions::person_id.eq(Some(Key(person))))
                .filter(sessions::id.ne(Key(but)))
                .filter(sessions::ended_at.is_null()),
        )
        .set((sessions::ended_at.eq(Some(At(now))), sessions::end_reason.eq(Some(reason)))),
    )?;
    // A device that he let in and that has not come yet does not come either.
    device_authorisation::take_back(db, person, now)
}

/// Ends what the person left open on the same device in the same role: a device has one session of it.
///
/// # Errors
/// What the database says.
pub fn end_on_device(db: &mut Db<'_>, new: &Session, now: Timestamp) -> Result<(), StoreError> {
    let Some(device) = &new.trust.device_hash else { return Ok(()) };
    rewrite(
        db,
        diesel::update(
            sessions::table
                .filter(sessions::person_id.eq(new.person_id))
                .filter(sessions::device_hash.eq(Some(device)))
                .filter(sessions::role.eq(new.role))
                // Null only for roles of the whole installation, which have no programme ever.
                .filter(sessions::programme_id.eq(new.programme_id).or(sessions::programme_id.is_null()))
                .filter(sessions::ended_at.is_null()),
        )
        .set((sessions::ended_at.eq(Some(At(now))), sessions::end_reason.eq(Some("signed in anew")))),
    )?;
    Ok(())
}

/// Notes that the person has shown that it is he who sits there.
///
/// # Errors
/// What the database says.
pub fn freshen(db: &mut Db<'_>, id: SessionId, now: Timestamp) -> Result<(), StoreError> {
    rewrite(db, diesel::update(sessions::table.find(Key(id))).set(sessions::fresh_at.eq(Some(At(now)))))?;
    Ok(())
}

/// Notes that a second factor was shown: the session is no longer bounded to setting one up.
///
/// # Errors
/// What the database says.
pub fn show_second_factor(db: &mut Db<'_>, id: SessionId, now: Timestamp) -> Result<(), StoreError> {
    rewrite(
        db,
        diesel::update(sessions::table.find(Key(id))).set((
            sessions::second_factor_at.eq(Some(At(now))),
            sessions::fresh_at.eq(Some(At(now))),
            sessions::must_enrol.eq(false),
        )),
    )?;
    Ok(())
}

/// Ends every session of a service client.
///
/// # Errors
/// What the database says.
pub fn end_all_of_client(
    db: &mut Db<'_>,
    client: ClientId,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    rewrite(
        db,
        diesel::update(
            sessions::table
                .filter(sessions::client_id.eq(Some(Key(client))))
                .filter(sessions::ended_at.is_null()),
        )
        .set((sessions::ended_at.eq(Some(At(now))), sessions::end_reason.eq(Some(reason)))),
    )?;
    Ok(())
}
