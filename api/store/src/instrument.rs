//! Instruments: immutable versions of questionnaires, each kept as the bytes that were sent.

use alongside_domain::id::{InstrumentId, ProgrammeId, kind};
use alongside_domain::instrument::{Finding, InstrumentKind, InstrumentStatus};
use diesel::prelude::*;
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::db::{Db, cols, exec, maybe, one, rewrite};
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
    pub status: Code<InstrumentStatus>,
    /// The agreement with the owner on which it was taken into use.
    pub agreement_ref: Option<String>,
    /// Why no agreement is needed.
    pub waiver: Option<String>,
    pub activated_by: Option<Key<kind::Person>>,
    pub activated_at: Option<At>,
    pub retired_by: Option<Key<kind::Person>>,
    pub retired_at: Option<At>,
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

/// Where the instrument stands, if it is one of this programme's: for ids that come in a body.
///
/// # Errors
/// What the database says.
pub fn status_in(
    db: &mut Db<'_>,
    programme: ProgrammeId,
    id: InstrumentId,
) -> Result<Option<InstrumentStatus>, StoreError> {
    let found: Option<(Key<kind::Programme>, Code<InstrumentStatus>)> =
        maybe(db, instruments::table.find(Key(id)).select((instruments::programme_id, instruments::status)))?;
    Ok(found.filter(|(of, _)| *of == Key(programme)).map(|(_, status)| status.0))
}

/// Writes where a version stands now, if it still stands where it did when it was read.
///
/// # Errors
/// [`StoreError::Collision`] when somebody moved it meanwhile.
pub fn advance(db: &mut Db<'_>, instrument: &Instrument, from: InstrumentStatus) -> Result<(), StoreError> {
    let update =
        diesel::update(instruments::table.find(instrument.id).filter(instruments::status.eq(Code(from))))
            .set((
                instruments::status.eq(instrument.status),
                instruments::agreement_ref.eq(&instrument.agreement_ref),
                instruments::waiver.eq(&instrument.waiver),
                instruments::activated_by.eq(instrument.activated_by),
                instruments::activated_at.eq(instrument.activated_at),
                instruments::retired_by.eq(instrument.retired_by),
                instruments::retired_at.eq(instrument.retired_at),
            ));
    if rewrite(db, update)? == 1 { Ok(()) } else { Err(StoreError::Collision) }
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
    pub status: Option<InstrumentStatus>,
}

/// The version of an instrument that was added last, in any state or in one.
///
/// # Errors
/// What the database says.
pub fn newest(
    db: &mut Db<'_>,
    programme: ProgrammeId,
    url: &str,
    status: Option<InstrumentStatus>,
) -> Result<Option<Instrument>, StoreError> {
    Ok(on_engine!(db, Backend, conn => {
        let mut query = instruments::table
            .select(cols::<Instrument>())
            .filter(instruments::programme_id.eq(Key(programme)))
            .filter(instruments::url.eq(url))
            .order((instruments::created_at.desc(), instruments::id.desc()))
            .limit(1)
            .into_boxed::<Backend>();
        if let Some(status) = status {
            query = query.filter(instruments::status.eq(Code(status)));
        }
        query.get_result::<Instrument>(conn).optional()
    })?)
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
        if let Some(status) = filter.status {
            query = query.filter(instruments::status.eq(Code(status)));
        }
        if let Some(after) = after {
            query = query.filter(instruments::id.gt(Key(after)));
        }
        query.load::<Instrument>(conn)
    })?)
}
