//! Migrations: one set a database, run as one job under a lock, never by a replica that serves.

use std::collections::BTreeSet;

use diesel::migration::MigrationSource;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::context::{Context, Duty, Range};
use crate::db::{Db, one};
use crate::error::StoreError;
use crate::store::{Location, alone};
use crate::wall;

pub(crate) const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
pub(crate) const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// The migration that made the keys of records.
const DATA_KEYS: &str = "20261128000010";

/// Which migrations a database has and lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub applied: Vec<String>,
    pub pending: Vec<String>,
    /// Applied by a newer binary than this one.
    pub unknown: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "the database's schema is newer than this program: it has {0}, which this version does not know; use the newer program"
    )]
    Newer(String),
    #[error(
        "the database's schema is older than this program: run `alongside-api migrate up` first ({0} pending)"
    )]
    Older(usize),
    #[error(
        "this step back would destroy the keys of every sealed field, and with them all records: go back to a backup of the \
         database and its key file instead"
    )]
    Sealed,
    #[error("migration failed: {0}")]
    Failed(String),
}

/// What the database has applied, against what this binary carries.
///
/// # Errors
/// When the database cannot be reached.
pub fn status(location: &Location) -> Result<Status, MigrateError> {
    let read = |db: &mut Db<'_>| read_status(db).map_err(|error| StoreError::Unavailable(error.to_string()));
    alone(location, Context::Nobody, read).map_err(MigrateError::from)
}

/// Applies what is pending, under a lock, and answers the names of what it applied.
///
/// # Errors
/// When the schema is newer than this binary, or a migration fails: it leaves no trace then.
pub fn up(location: &Location) -> Result<Vec<String>, MigrateError> {
    locked(location, |db| {
        let status = read_status(db)?;
        if let Some(newer) = status.unknown.first() {
            return Err(MigrateError::Newer(newer.clone()));
        }
        match db {
            Db::Pg(c) => c.run_pending_migrations(POSTGRES).map(|_| ()),
            Db::Sqlite(c) => c.run_pending_migrations(SQLITE).map(|_| ()),
        }
        .map_err(failed)?;
        // Whoever may use the tables there were may use the new ones.
        wall::renew(db)?;
        Ok(status.pending)
    })
}

/// Takes back the newest migration and answers its name.
///
/// # Errors
/// When there is none, or it fails, or sealed fields would be lost with it.
pub fn down(location: &Location) -> Result<String, MigrateError> {
    locked(location, |db| {
        let status = read_status(db)?;
        if status.applied.last().is_some_and(|newest| newest == DATA_KEYS) && holds_keys(db)? {
            return Err(MigrateError::Sealed);
        }
        match db {
            Db::Pg(c) => c.revert_last_migration(POSTGRES),
            Db::Sqlite(c) => c.revert_last_migration(SQLITE),
        }
        .map(|version| version.to_string())
        .map_err(failed)
    })
}

/// Whether anybody's record is sealed with keys of its own.
fn holds_keys(db: &mut Db<'_>) -> Result<bool, StoreError> {
    use alongside_domain::data_class::RecordKind;
    use diesel::prelude::*;
    let of_records = crate::schema::data_keys::table
        .filter(crate::schema::data_keys::record.ne(crate::types::Code(RecordKind::Installation)))
        .filter(crate::schema::data_keys::wrapped.is_not_null())
        .select(crate::schema::data_keys::id);
    Ok(crate::db::one::<_, bool>(db, diesel::select(diesel::dsl::exists(of_records)))?)
}

/// Refuses to go on with a schema that is not exactly this binary's.
///
/// # Errors
/// Which way it differs.
pub fn require_current(location: &Location) -> Result<(), MigrateError> {
    let status = status(location)?;
    if let Some(newer) = status.unknown.first() {
        return Err(MigrateError::Newer(newer.clone()));
    }
    if status.pending.is_empty() { Ok(()) } else { Err(MigrateError::Older(status.pending.len())) }
}

/// Whether nobody was ever entered: then there is nothing that keys could have sealed.
///
/// # Errors
/// When the database cannot be reached or its schema is not current.
pub fn is_unused(location: &Location) -> Result<bool, StoreError> {
    alone(location, Context::System(Duty::Operator), |db| {
        let anybody = crate::schema::people::table.select(crate::schema::people::id);
        Ok(!one::<_, bool>(db, diesel::select(diesel::dsl::exists(anybody)))?)
    })
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> MigrateError {
    MigrateError::Failed(error.to_string())
}

fn read_status(db: &mut Db<'_>) -> Result<Status, MigrateError> {
    let (known, applied) = match db {
        Db::Pg(_) => {
            let known = MigrationSource::<Pg>::migrations(&POSTGRES).map_err(failed)?;
            let known: Vec<String> = known.iter().map(|m| m.name().version().to_string()).collect();
            (known, applied_on_postgres(db).map_err(StoreError::from)?)
        }
        Db::Sqlite(c) => {
            let known = MigrationSource::<Sqlite>::migrations(&SQLITE).map_err(failed)?;
            let known: Vec<String> = known.iter().map(|m| m.name().version().to_string()).collect();
            let applied = MigrationHarness::<Sqlite>::applied_migrations(*c).map_err(failed)?;
            (known, applied.iter().map(ToString::to_string).collect())
        }
    };
    let applied: BTreeSet<String> = applied.into_iter().collect();
    let known: BTreeSet<String> = known.into_iter().collect();
    Ok(Status {
        pending: known.difference(&applied).cloned().collect(),
        unknown: applied.difference(&known).cloned().collect(),
        applied: applied.into_iter().collect(),
    })
}

/// What the harness would answer, without the table it makes first: the application's role makes no tables.
fn applied_on_postgres(db: &mut Db<'_>) -> diesel::QueryResult<Vec<String>> {
    let there = "SELECT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() \
                 AND table_name = '__diesel_schema_migrations') AS holds";
    let Db::Pg(c) = db else { return Ok(Vec::new()) };
    if !diesel::sql_query(there).get_result::<Answer>(*c)?.holds {
        return Ok(Vec::new());
    }
    let versions = diesel::sql_query("SELECT version::text AS version FROM __diesel_schema_migrations");
    Ok(versions.load::<Applied>(*c)?.into_iter().map(|row| row.version).collect())
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    holds: bool,
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

/// One migrating process at a time: a lock file beside the embedded database, a locked row on a server. Both go with
/// their holder, so a crash leaves no lock behind.
fn locked<T>(
    location: &Location,
    work: impl FnOnce(&mut Db<'_>) -> Result<T, MigrateError>,
) -> Result<T, MigrateError> {
    match location {
        Location::Sqlite(path) => {
            let unavailable = |error: std::io::Error| {
                StoreError::Unavailable(format!("cannot write beside {}: {error}", path.display()))
            };
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder).map_err(unavailable)?;
            }
            let lock = std::fs::File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(path.with_extension("migrate-lock"))
                .map_err(unavailable)?;
            lock.lock().map_err(unavailable)?;
            let mut connection = crate::sqlite::connect(path, crate::sqlite::Mode::Write)?;
            work(&mut Db::Sqlite(&mut connection))
        }
        Location::Postgres(url) => {
            let connect = || PgConnection::establish(url).map_err(|e| StoreError::Unavailable(e.to_string()));
            let mut holder = connect()?;
            let mut holder = Db::Pg(&mut holder);
            let hold = |holder: &mut Db<'_>, sql: &str| holder.control(sql).map_err(StoreError::from);
            hold(&mut holder, "SET client_min_messages TO warning")?;
            // PostgreSQL refuses one of two that make it at once in one of several ways: it is there then all the same.
            hold(&mut holder, "CREATE TABLE IF NOT EXISTS alongside_migration_lock (id integer PRIMARY KEY)")
                .or_else(|error| {
                    hold(&mut holder, "SELECT id FROM alongside_migration_lock LIMIT 1").map_err(|_| error)
                })?;
            hold(&mut holder, "INSERT INTO alongside_migration_lock VALUES (1) ON CONFLICT DO NOTHING")?;
            hold(&mut holder, "BEGIN; SELECT id FROM alongside_migration_lock WHERE id = 1 FOR UPDATE")?;
            let mut connection = connect()?;
            let mut db = Db::Pg(&mut connection);
            // Row-level security holds the owner as well, and a migration may have to change everybody's rows.
            let system = Context::System(Duty::Migration);
            db.enter("", system, Range::Connection).map_err(StoreError::from)?;
            let result = work(&mut db);
            hold(&mut holder, "COMMIT")?;
            result
        }
    }
}
