//! Notices of unusual use of records, for the privacy officer.

use alongside_domain::access_rule::AccessRule;
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{AccessNoticeId, PersonId, kind};
use diesel::prelude::*;

use crate::access_watch::Unusual;
use crate::db::{Db, cols, maybe, one, rewrite};
use crate::error::StoreError;
use crate::on_engine;
use crate::schema::access_notices;
use crate::scope::{Reach, Scope};
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::types::{At, Code, Key, Sealed};

/// A notice, with its note still sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = access_notices, treat_none_as_default_value = false)]
pub struct AccessNotice {
    pub id: Key<kind::AccessNotice>,
    pub programme_id: Key<kind::Programme>,
    /// Whose use of records it was.
    pub person_id: Key<kind::Person>,
    pub rule: Code<AccessRule>,
    pub window_from: At,
    pub window_to: At,
    pub events: i64,
    pub raised_at: At,
    pub acknowledged_at: Option<At>,
    pub acknowledged_by: Option<Key<kind::Person>>,
    pub note: Option<Sealed>,
    pub version: i64,
}

impl AccessNotice {
    /// What the privacy officer wrote.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn note(&self, keys: &RecordKeys) -> Result<Option<String>, StoreError> {
        self.note.as_ref().map(|cell| keys.open(place(self.id.0), cell)).transpose()
    }
}

fn place(id: AccessNoticeId) -> Place {
    Place { class: DataClass::Identity, table: "access_notices", column: "note", row: id.uuid() }
}

/// Whether this was told already.
///
/// # Errors
/// What the database says.
pub(crate) fn is_there(db: &mut Db<'_>, unusual: &Unusual) -> Result<bool, StoreError> {
    let same = access_notices::table
        .filter(access_notices::programme_id.eq(Key(unusual.programme)))
        .filter(access_notices::person_id.eq(Key(unusual.person)))
        .filter(access_notices::rule.eq(Code(unusual.rule)))
        .filter(access_notices::window_from.eq(At(unusual.window.from)));
    Ok(one(db, diesel::select(diesel::dsl::exists(same)))?)
}

/// Raises a notice, once for each person, rule and window.
///
/// # Errors
/// What the database says.
pub fn raise(
    db: &mut Db<'_>,
    id: AccessNoticeId,
    unusual: &Unusual,
    now: Timestamp,
) -> Result<(), StoreError> {
    let notice = AccessNotice {
        id: Key(id),
        programme_id: Key(unusual.programme),
        person_id: Key(unusual.person),
        rule: Code(unusual.rule),
        window_from: At(unusual.window.from),
        window_to: At(unusual.window.to),
        events: unusual.events,
        raised_at: At(now),
        acknowledged_at: None,
        acknowledged_by: None,
        note: None,
        version: 1,
    };
    let insert = diesel::insert_into(access_notices::table)
        .values(&notice)
        .on_conflict((
            access_notices::programme_id,
            access_notices::person_id,
            access_notices::rule,
            access_notices::window_from,
        ))
        .do_nothing();
    rewrite(db, insert)?;
    Ok(())
}

/// Which notices are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub acknowledged: Option<bool>,
    pub person_id: Option<PersonId>,
    pub rule: Option<AccessRule>,
}

/// The notices of the caller's programme, the newest first.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    filter: &Filter,
    before: Option<AccessNoticeId>,
    limit: u32,
) -> Result<Vec<AccessNotice>, StoreError> {
    let Reach::Programme(programme) = scope.reach else { return Ok(Vec::new()) };
    Ok(on_engine!(db, Backend, conn => {
        let mut query = access_notices::table
            .select(cols::<AccessNotice>())
            .filter(access_notices::programme_id.eq(Key(programme)))
            .order(access_notices::id.desc())
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        match filter.acknowledged {
            Some(true) => query = query.filter(access_notices::acknowledged_at.is_not_null()),
            Some(false) => query = query.filter(access_notices::acknowledged_at.is_null()),
            None => {}
        }
        if let Some(person) = filter.person_id {
            query = query.filter(access_notices::person_id.eq(Key(person)));
        }
        if let Some(rule) = filter.rule {
            query = query.filter(access_notices::rule.eq(Code(rule)));
        }
        if let Some(before) = before {
            query = query.filter(access_notices::id.lt(Key(before)));
        }
        query.load::<AccessNotice>(conn)
    })?)
}

/// A notice of the caller's programme.
///
/// # Errors
/// [`StoreError::NotFound`] outside it.
pub fn find(db: &mut Db<'_>, scope: &Scope, id: AccessNoticeId) -> Result<AccessNotice, StoreError> {
    let Reach::Programme(programme) = scope.reach else { return Err(StoreError::NotFound) };
    let query = access_notices::table
        .filter(access_notices::id.eq(Key(id)))
        .filter(access_notices::programme_id.eq(Key(programme)))
        .select(cols::<AccessNotice>());
    maybe(db, query)?.ok_or(StoreError::NotFound)
}

/// Keeps who looked into a notice, when, and what he found.
///
/// # Errors
/// [`StoreError::Stale`] when it was changed since it was read.
pub fn acknowledge(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    notice: AccessNotice,
    by: PersonId,
    note: &str,
    now: Timestamp,
) -> Result<AccessNotice, StoreError> {
    let done = AccessNotice {
        acknowledged_at: Some(At(now)),
        acknowledged_by: Some(Key(by)),
        note: Some(keys.seal(place(notice.id.0), note)?),
        version: notice.version + 1,
        ..notice
    };
    let unchanged = access_notices::table
        .filter(access_notices::id.eq(done.id))
        .filter(access_notices::version.eq(done.version - 1));
    let update = diesel::update(unchanged).set((
        access_notices::acknowledged_at.eq(done.acknowledged_at),
        access_notices::acknowledged_by.eq(done.acknowledged_by),
        access_notices::note.eq(done.note.clone()),
        access_notices::version.eq(done.version),
    ));
    if rewrite(db, update)? == 0 { Err(StoreError::Stale) } else { Ok(done) }
}
