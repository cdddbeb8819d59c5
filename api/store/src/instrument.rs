//! Instruments: immutable versions of questionnaires, each kept as the bytes that were sent.

use alongside_domain::id::{InstrumentId, ProgrammeId, kind};
use alongside_domain::instrument::{Finding, InstrumentKind};
use diesel::prelude::*;
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::db::{Db, cols, exec, maybe, one};
use crate::error::{StoreError, Unique};
use crate::on_engine;
use crate::schema::instruments;
use crate::scope::Scope;
use crate::types::{At, Code, Key};

/// A version is kept once in a programme.
pub const VERSION: Unique = Unique {
    constraint: "instruments_version_unique",
    columns: "instruments.programme_id, instruments.url, instruments.version",
};

/// What an instrument says of its licence when it says nothing.
pub const UNSTATED: &str = "unstated";

/// A version of an instrument, without its text.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = instruments, treat_none_as_default_value = false)]
pub struct Instrument {
    pub id: Key<kind::Instrument>,
    pub programme_id: Key<kind::Programme>,
    pub url: String,
    pub version: String,
    pub name: String,
    pub title: String,
    pub kind: Code<InstrumentKind>,
    pub language: String,
    /// The class of the licence, or [`UNSTATED`].
    pub licence: String,
    pub item_count: i32,
    pub definition_sha256: Vec<u8>,
    /// What somebody should look at, as JSON text.
    pub warnings: String,
    pub created_by: Option<Key<kind::Person>>,
    pub created_at: At,
}

impl Instrument {
    /// The warnings as they were found.
    ///
    /// # Errors
    /// When the stored text is no JSON.
    pub fn warnings(&self) -> Result<Box<RawValue>, StoreError> {
        Ok(RawValue::from_string(self.warnings.clone())?)
    }
}

/// The digest that says whether two texts are the same.
#[must_use]
pub fn digest(source: &str) -> Vec<u8> {
    Sha256::digest(source.as_bytes()).to_vec()
}

/// The warnings as they are kept.
///
/// # Errors
/// When they cannot be written as JSON.
pub fn warnings_text(findings: &[Finding]) -> Result<String, StoreError> {
    Ok(serde_json::to_string(findings)?)
}

/// Adds a version with its text.
///
/// # Errors
/// [`VERSION`] when the programme has this version already.
pub fn insert(db: &mut Db<'_>, instrument: &Instrument, source: &str) -> Result<(), StoreError> {
    exec(
        db,
        diesel::insert_into(instruments::table).values((instrument, instruments::definition.eq(source))),
    )?;
    Ok(())
}

/// The instrument with this id, if its programme is in the caller's world.
///
/// # Errors
/// [`StoreError::NotFound`] outside it.
pub fn find(db: &mut Db<'_>, scope: &Scope, id: InstrumentId) -> Result<Instrument, StoreError> {
    let row: Instrument = one(db, instruments::table.find(Key(id)).select(cols::<Instrument>()))?;
    if scope.admits_programme(row.programme_id.0) { Ok(row) } else { Err(StoreError::NotFound) }
}

/// Whether the instrument is one of this programme's: for ids that come in a body.
///
/// # Errors
/// What the database says.
pub fn is_in(db: &mut Db<'_>, programme: ProgrammeId, id: InstrumentId) -> Result<bool, StoreError> {
    let of = maybe(db, instruments::table.find(Key(id)).select(instruments::programme_id))?;
    Ok(of == Some(Key(programme)))
}

/// This version in a programme, if it has it.
///
/// # Errors
/// What the database says.
pub fn version(
    db: &mut Db<'_>,
    programme: ProgrammeId,
    url: &str,
    version: &str,
) -> Result<Option<Instrument>, StoreError> {
    Ok(maybe(
        db,
        instruments::table
            .filter(instruments::programme_id.eq(Key(programme)))
            .filter(instruments::url.eq(url))
            .filter(instruments::version.eq(version))
            .select(cols::<Instrument>()),
    )?)
}

/// The text, byte for byte as it was sent. Whether the caller may see it is decided before.
///
/// # Errors
/// [`StoreError::NotFound`] for an unknown id.
pub fn source(db: &mut Db<'_>, id: InstrumentId) -> Result<String, StoreError> {
    Ok(one(db, instruments::table.find(Key(id)).select(instruments::definition))?)
}

/// Which instruments a list shows.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Filter {
    pub url: Option<String>,
    pub kind: Option<InstrumentKind>,
}

/// Instruments of the caller's programme, by id.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    filter: &Filter,
    after: Option<InstrumentId>,
    limit: u32,
) -> Result<Vec<Instrument>, StoreError> {
    let Some(programme) = scope.programme() else { return Ok(Vec::new()) };
    Ok(on_engine!(db, Backend, conn => {
        let mut query = instruments::table
            .select(cols::<Instrument>())
            .filter(instruments::programme_id.eq(Key(programme)))
            .order(instruments::id)
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        if let Some(url) = &filter.url {
            query = query.filter(instruments::url.eq(url));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(instruments::kind.eq(Code(kind)));
        }
        if let Some(after) = after {
            query = query.filter(instruments::id.gt(Key(after)));
        }
        query.load::<Instrument>(conn)
    })?)
}
