//! The live sessions of one person, and those of the supporters whom a coordinator looks after.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{PersonId, SessionId};
use alongside_domain::policy::Role;
use diesel::prelude::*;

use crate::db::{Db, cols};
use crate::error::StoreError;
use crate::on_engine;
use crate::schema::{memberships, sessions};
use crate::scope::{Reach, Scope};
use crate::session::Session;
use crate::types::{At, Code, Key};

/// Whose sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// This person's own, in whatever role and programme.
    Own(PersonId),
    /// Of the supporters of the caller's world; of one of them alone where one is named.
    Supporters(Option<PersonId>),
}

/// Live sessions, by id.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    of: Of,
    after: Option<SessionId>,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    select(db, scope, of, None, after, limit, now)
}

/// One live session of these.
///
/// # Errors
/// [`StoreError::NotFound`] when it is none of them, or has ended.
pub fn find(
    db: &mut Db<'_>,
    scope: &Scope,
    of: Of,
    id: SessionId,
    now: Timestamp,
) -> Result<Session, StoreError> {
    select(db, scope, of, Some(id), None, 1, now)?.pop().ok_or(StoreError::NotFound)
}

fn select(
    db: &mut Db<'_>,
    scope: &Scope,
    of: Of,
    id: Option<SessionId>,
    after: Option<SessionId>,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let (programme, sites) = match (of, &scope.reach) {
        (Of::Own(_), _) => (None, None),
        (_, Reach::Programme(programme)) => (Some(*programme), None),
        (_, Reach::Sites(programme, sites)) => (Some(*programme), Some(sites.clone())),
        _ => return Ok(Vec::new()),
    };
    Ok(on_engine!(db, Backend, conn => {
        let mut query = sessions::table
            .filter(sessions::ended_at.is_null())
            .filter(sessions::expires_at.gt(At(now)))
            .filter(sessions::idle_expires_at.gt(At(now)))
            .select(cols::<Session>())
            .order(sessions::id)
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        if let Some(programme) = programme {
            let mut theirs = memberships::table
                .filter(memberships::programme_id.eq(Some(Key(programme))))
                .filter(memberships::role.eq(Code(Role::Supporter)))
                .filter(memberships::ended_at.is_null())
                .select(memberships::person_id.nullable())
                .into_boxed::<Backend>();
            if let Some(sites) = sites {
                let keys: Vec<_> = sites.into_iter().map(|site| Some(Key(site))).collect();
                // A supporter of the whole programme helps at this site too.
                theirs = theirs.filter(memberships::site_id.eq_any(keys).or(memberships::site_id.is_null()));
            }
            query = query
                .filter(sessions::programme_id.eq(Some(Key(programme))))
                .filter(sessions::role.eq(Code(Role::Supporter)))
                .filter(sessions::person_id.eq_any(theirs));
        }
        if let Of::Own(person) | Of::Supporters(Some(person)) = of {
            query = query.filter(sessions::person_id.eq(Some(Key(person))));
        }
        if let Some(id) = id {
            query = query.filter(sessions::id.eq(Key(id)));
        }
        if let Some(after) = after {
            query = query.filter(sessions::id.gt(Key(after)));
        }
        query.load(conn)
    })?)
}
