//! Service clients: programs that act for themselves, within their scopes.

use std::collections::HashMap;
use std::fmt;

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{ClientId, ProgrammeId, kind};
use diesel::prelude::*;

use crate::db::{Db, cols, exec, many, maybe, one, rewrite};
use crate::error::StoreError;
use crate::on_engine;
use crate::schema::clients;
use crate::scope::{Reach, Scope};
use crate::session;
use crate::types::{At, Document, Key};

/// A service client.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = clients, treat_none_as_default_value = false)]
pub struct Client {
    pub id: Key<kind::Client>,
    pub programme_id: Key<kind::Programme>,
    pub name: String,
    /// The SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    pub scopes: Document<Vec<String>>,
    pub revoked_at: Option<At>,
    pub created_by: Option<Key<kind::Person>>,
    pub created_at: At,
    pub version: i64,
    /// The SHA-256 of the secret before, which works until [`Client::previous_secret_until`].
    pub previous_secret_hash: Option<Vec<u8>>,
    pub previous_secret_until: Option<At>,
    /// How often all its tokens together may ask, on each replica.
    pub requests_per_minute: i32,
}

impl Client {
    /// The hashes of the secrets that work at `now`: none once it is revoked.
    pub fn secret_hashes(&self, now: Timestamp) -> impl Iterator<Item = &[u8]> {
        let previous = self.previous_secret_hash.as_deref();
        let previous = previous.filter(|_| self.previous_secret_until.is_some_and(|until| now < until.0));
        std::iter::once(self.secret_hash.as_slice()).chain(previous).filter(|_| self.revoked_at.is_none())
    }
}

/// Without the hash: this may end in a log.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("id", &self.id).field("version", &self.version).finish_non_exhaustive()
    }
}

/// Adds a client.
///
/// # Errors
/// What the database says.
pub fn insert(db: &mut Db<'_>, client: &Client) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(clients::table).values(client))?;
    Ok(())
}

/// The client with this id, for its own sign-in: nobody is asking yet.
///
/// # Errors
/// What the database says.
pub fn by_id(db: &mut Db<'_>, id: ClientId) -> Result<Option<Client>, StoreError> {
    Ok(maybe(db, clients::table.find(Key(id)).select(cols::<Client>()))?)
}

/// The client with this id, if it is in the caller's world.
///
/// # Errors
/// What the database says.
pub fn try_find(db: &mut Db<'_>, scope: &Scope, id: ClientId) -> Result<Option<Client>, StoreError> {
    Ok(by_id(db, id)?.filter(|client| scope.admits_programme(client.programme_id.0)))
}

/// As [`try_find`].
///
/// # Errors
/// [`StoreError::NotFound`] outside the caller's world.
pub fn find(db: &mut Db<'_>, scope: &Scope, id: ClientId) -> Result<Client, StoreError> {
    try_find(db, scope, id)?.ok_or(StoreError::NotFound)
}

/// Clients of the caller's world, by id; of one programme where one is named.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    of: Option<ProgrammeId>,
    after: Option<ClientId>,
    limit: u32,
) -> Result<Vec<Client>, StoreError> {
    let only = match (&scope.reach, scope.programme()) {
        (Reach::Installation, _) => of,
        (_, Some(own)) if of.is_none_or(|of| of == own) => Some(own),
        _ => return Ok(Vec::new()),
    };
    Ok(on_engine!(db, Backend, conn => {
        let mut query = clients::table
            .select(cols::<Client>())
            .order(clients::id)
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        if let Some(programme) = only {
            query = query.filter(clients::programme_id.eq(Key(programme)));
        }
        if let Some(after) = after {
            query = query.filter(clients::id.gt(Key(after)));
        }
        query.load::<Client>(conn)
    })?)
}

/// Revokes a client: each of its sessions ends at once, and it gets no other.
///
/// # Errors
/// [`StoreError::Stale`] when it was revoked already.
pub fn revoke(db: &mut Db<'_>, client: &Client, now: Timestamp) -> Result<(), StoreError> {
    let revoked = rewrite(
        db,
        diesel::update(clients::table.find(client.id).filter(clients::revoked_at.is_null()))
            .set((clients::revoked_at.eq(Some(At(now))), clients::version.eq(clients::version + 1))),
    )?;
    if revoked != 1 {
        return Err(StoreError::Stale);
    }
    session::end_all_of_client(db, client.id.0, "client_revoked", now)
}

/// Puts a new secret in the place of the present one, which works until `present_until`. Without that time it is as good
/// as stolen: it stops at once, and so does every session it may have opened.
///
/// # Errors
/// [`StoreError::Stale`] when the client was revoked or got another secret meanwhile.
pub fn replace_secret(
    db: &mut Db<'_>,
    client: &Client,
    secret_hash: &[u8],
    present_until: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let previous = present_until.map(|_| client.secret_hash.clone());
    let replaced = rewrite(
        db,
        diesel::update(
            clients::table
                .find(client.id)
                .filter(clients::version.eq(client.version))
                .filter(clients::revoked_at.is_null()),
        )
        .set((
            clients::secret_hash.eq(secret_hash.to_vec()),
            clients::previous_secret_hash.eq(previous),
            clients::previous_secret_until.eq(present_until.map(At)),
            clients::version.eq(clients::version + 1),
        )),
    )?;
    match (replaced, present_until) {
        (1, Some(_)) => Ok(()),
        (1, None) => session::end_all_of_client(db, client.id.0, "secret_replaced", now),
        _ => Err(StoreError::Stale),
    }
}

/// Changes how often a client may ask in a minute: from its next minute on, on each replica.
///
/// # Errors
/// [`StoreError::Stale`] when it was changed or revoked meanwhile.
pub fn set_quota(db: &mut Db<'_>, client: &Client, requests_per_minute: i32) -> Result<(), StoreError> {
    let changed = rewrite(
        db,
        diesel::update(
            clients::table
                .find(client.id)
                .filter(clients::version.eq(client.version))
                .filter(clients::revoked_at.is_null()),
        )
        .set((
            clients::requests_per_minute.eq(requests_per_minute),
            clients::version.eq(clients::version + 1),
        )),
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// How often a client may ask in a minute.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such client.
pub fn requests_per_minute(db: &mut Db<'_>, id: ClientId) -> Result<i32, StoreError> {
    Ok(one(db, clients::table.find(Key(id)).select(clients::requests_per_minute))?)
}

/// The names of these clients, for showing who did something.
///
/// # Errors
/// What the database says.
pub fn names(db: &mut Db<'_>, ids: &[ClientId]) -> Result<HashMap<ClientId, String>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let keys: Vec<_> = ids.iter().map(|id| Key(*id)).collect();
    let rows: Vec<(Key<kind::Client>, String)> =
        many(db, clients::table.filter(clients::id.eq_any(keys)).select((clients::id, clients::name)))?;
    Ok(rows.into_iter().map(|(id, name)| (id.0, name)).collect())
}
