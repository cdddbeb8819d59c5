//! Service clients: programs that act for themselves, within their scopes.

use std::collections::HashMap;
use std::fmt;

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{ClientId, ProgrammeId, kind};
use diesel::prelude::*;

use crate::db::{Db, cols, exec, many, maybe, rewrite};
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
