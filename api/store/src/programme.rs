//! Programmes: rows and their rules.

use alongside_domain::id::{ProgrammeId, kind};
use alongside_domain::programme::ProgrammeKind;
use diesel::prelude::*;

use crate::db::{Db, cols, exec, maybe, rewrite};
use crate::error::{StoreError, Unique};
use crate::on_engine;
use crate::schema::programmes;
use crate::scope::{Reach, Scope};
use crate::types::{At, Code, Key};

/// A code names one programme of the installation.
pub const CODE: Unique = Unique { constraint: "programmes_code_unique", columns: "programmes.code" };

/// A study or a service.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = programmes, treat_none_as_default_value = false)]
pub struct Programme {
    pub id: Key<kind::Programme>,
    pub code: String,
    pub name: String,
    pub kind: Code<ProgrammeKind>,
    pub timezone: String,
    pub jurisdiction: String,
    /// All its people are invented.
    pub synthetic: bool,
    pub created_at: At,
    pub updated_at: At,
    pub version: i64,
}

/// Adds a programme.
///
/// # Errors
/// [`CODE`] when the code is taken.
pub fn insert(db: &mut Db<'_>, programme: &Programme) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(programmes::table).values(programme))?;
    Ok(())
}

/// The programme with this id, if it is in the caller's world.
///
/// # Errors
/// What the database says.
pub fn try_find(db: &mut Db<'_>, scope: &Scope, id: ProgrammeId) -> Result<Option<Programme>, StoreError> {
    if !scope.admits_programme(id) {
        return Ok(None);
    }
    Ok(maybe(db, programmes::table.find(Key(id)).select(cols::<Programme>()))?)
}

/// As [`try_find`].
///
/// # Errors
/// [`StoreError::NotFound`] outside the caller's world.
pub fn find(db: &mut Db<'_>, scope: &Scope, id: ProgrammeId) -> Result<Programme, StoreError> {
    try_find(db, scope, id)?.ok_or(StoreError::NotFound)
}

/// The programme with this code, for the operator's commands: they work for nobody in particular.
///
/// # Errors
/// What the database says.
pub fn by_code(db: &mut Db<'_>, code: &str) -> Result<Option<Programme>, StoreError> {
    Ok(maybe(db, programmes::table.filter(programmes::code.eq(code)).select(cols::<Programme>()))?)
}

/// Programmes of the caller's world, by id.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    after: Option<ProgrammeId>,
    limit: u32,
) -> Result<Vec<Programme>, StoreError> {
    let only = match (&scope.reach, scope.programme()) {
        (Reach::Installation, _) => None,
        (_, Some(programme)) => Some(programme),
        (_, None) => return Ok(Vec::new()),
    };
    Ok(on_engine!(db, Backend, conn => {
        let mut query = programmes::table
            .select(cols::<Programme>())
            .order(programmes::id)
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        if let Some(programme) = only {
            query = query.filter(programmes::id.eq(Key(programme)));
        }
        if let Some(after) = after {
            query = query.filter(programmes::id.gt(Key(after)));
        }
        query.load::<Programme>(conn)
    })?)
}

/// Writes what may change of a programme, if nobody changed it since it was read.
///
/// # Errors
/// [`StoreError::Stale`] when somebody did; [`StoreError::NotFound`] outside the caller's world.
pub fn save(db: &mut Db<'_>, scope: &Scope, programme: &Programme) -> Result<(), StoreError> {
    if !scope.admits_programme(programme.id.0) {
        return Err(StoreError::NotFound);
    }
    let changed = rewrite(
        db,
        diesel::update(
            programmes::table.find(programme.id).filter(programmes::version.eq(programme.version)),
        )
        .set((
            programmes::name.eq(&programme.name),
            programmes::timezone.eq(&programme.timezone),
            programmes::jurisdiction.eq(&programme.jurisdiction),
            programmes::updated_at.eq(programme.updated_at),
            programmes::version.eq(programme.version + 1),
        )),
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}
