//! The three doors. Nothing else touches a connection.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use alongside_domain::clock::{Ids, Timestamp};
use diesel::Connection as _;
use diesel::pg::PgConnection;

use crate::batch::{Work, WriteError};
use crate::db::Db;
use crate::error::StoreError;
use crate::postgres::Postgres;
use crate::sealing::{KeyRing, RecordKeys};
use crate::sqlite::{self, Mode, Sqlite};
use crate::wrapping_key;

/// Where the records are: chosen at run time, by the URL alone.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file of the embedded database.
    Sqlite(PathBuf),
    /// The URL of a PostgreSQL server, or of an engine that speaks its protocol.
    Postgres(String),
}

impl Location {
    /// `postgres://...` and `postgresql://...` name a server; `sqlite://PATH`, `sqlite:PATH` and a plain path a file.
    #[must_use]
    pub fn from_url(url: &str) -> Self {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Self::Postgres(url.to_owned());
        }
        let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
        Self::Sqlite(PathBuf::from(path))
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            // The URL may hold a password.
            Self::Postgres(_) => f.write_str("postgres"),
        }
    }
}

enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

struct Inner {
    engine: Engine,
    ring: Arc<KeyRing>,
    installation: RecordKeys,
}

/// Both databases behind one door each for reading, writing and scanning.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.engine {
            Engine::Sqlite(_) => "Store(sqlite)",
            Engine::Postgres(_) => "Store(postgres)",
        })
    }
}

impl Store {
    /// Opens the database, with the keys it was used with before. Its schema must be current: see [`crate::migrate`].
    ///
    /// # Errors
    /// When it cannot be reached; [`StoreError::KeyMissing`] and [`StoreError::WrongKey`] when these are not its keys.
    pub fn open(
        location: &Location,
        ring: KeyRing,
        ids: &dyn Ids,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let ring = Arc::new(ring);
        let installation = alone(location, |db| wrapping_key::admit(db, &ring, ids, now))?;
        let engine = match location {
            Location::Sqlite(path) => Engine::Sqlite(Sqlite::open(path)?),
            Location::Postgres(url) => Engine::Postgres(Postgres::open(url, 20)?),
        };
        Ok(Self(Arc::new(Inner { engine, ring, installation })))
    }

    /// The keys that wrap data keys.
    #[must_use]
    pub fn ring(&self) -> &Arc<KeyRing> {
        &self.0.ring
    }

    /// The data keys of what belongs to no record. They are never destroyed, so they are kept at hand.
    #[must_use]
    pub fn installation(&self) -> &RecordKeys {
        &self.0.installation
    }

    /// Reads at bounded cost: a point, or at most 200 rows.
    ///
    /// # Errors
    /// What `work` answers, or that the database cannot be reached.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Db<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => sqlite.read(work).map_err(E::from)?,
            Engine::Postgres(_) => {
                let store = self.clone();
                off_the_worker(move || {
                    let Engine::Postgres(postgres) = &store.0.engine else {
                        return Err(E::from(StoreError::Panicked));
                    };
                    work(&mut Db::Pg(&mut *postgres.connection().map_err(E::from)?))
                })
                .await?
            }
        }
    }

    /// Writes in one transaction: when this answers `Ok`, every row is durable. `work` may be run more than once, so it
    /// does no input or output and draws no ids of its own.
    ///
    /// # Errors
    /// What `work` answers, with its rows taken back; or that the database cannot be reached, is full, or overloaded.
    pub async fn write<T, E>(
        &self,
        work: impl Fn(&mut Db<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: WriteError,
    {
        let (job, answer) = Work::new(work);
        match &self.0.engine {
            Engine::Sqlite(sqlite) => {
                sqlite.submit(Box::new(job)).map_err(E::from)?;
                answer.await.map_err(|_| E::from(StoreError::Panicked))?
            }
            Engine::Postgres(postgres) => {
                let grouped = postgres.enter();
                let _leave = Leave(postgres);
                if grouped {
                    postgres.submit(Box::new(job)).map_err(E::from)?;
                } else {
                    let store = self.clone();
                    off_the_worker::<(), E>(move || {
                        if let Engine::Postgres(postgres) = &store.0.engine {
                            postgres.run_alone(Box::new(job));
                        }
                        Ok(())
                    })
                    .await??;
                }
                answer.await.map_err(|_| E::from(StoreError::Panicked))?
            }
        }
    }

    /// Reads at any length on a connection of its own, off the request's worker. `work` reads in keyset chunks and hands
    /// each on through a bounded channel, so memory stays constant and the writer never waits.
    ///
    /// # Errors
    /// What `work` answers, or that the database cannot be reached.
    pub async fn scan<T, E>(
        &self,
        work: impl FnOnce(&mut Db<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let store = self.clone();
        off_the_worker(move || match &store.0.engine {
            Engine::Sqlite(sqlite) => work(&mut Db::Sqlite(&mut sqlite.reader().map_err(E::from)?)),
            Engine::Postgres(postgres) => work(&mut Db::Pg(&mut *postgres.scanner().map_err(E::from)?)),
        })
        .await?
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(|db| db.control("SELECT 1").map_err(StoreError::from)).await
    }
}

struct Leave<'p>(&'p Postgres);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

async fn off_the_worker<T: Send + 'static, E: From<StoreError> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<Result<T, E>, E> {
    tokio::task::spawn_blocking(work).await.map_err(|_| E::from(StoreError::Panicked))
}

/// Runs `work` on one fresh connection with nothing else around: for migrations and commands of the operator.
///
/// # Errors
/// What `work` answers, or that the database cannot be reached.
pub(crate) fn alone<T>(
    location: &Location,
    work: impl FnOnce(&mut Db<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    match location {
        Location::Sqlite(path) => work(&mut Db::Sqlite(&mut sqlite::connect(path, Mode::Write)?)),
        Location::Postgres(url) => {
            let mut connection =
                PgConnection::establish(url).map_err(|error| StoreError::Unavailable(error.to_string()))?;
            work(&mut Db::Pg(&mut connection))
        }
    }
}

/// Runs `work` on one fresh connection that can read and nothing else: for the operator's commands that look at what is
/// there, whether or not a server runs on it.
///
/// # Errors
/// What `work` answers, or that the database cannot be reached.
pub fn inspect<T, E: From<StoreError>>(
    location: &Location,
    work: impl FnOnce(&mut Db<'_>) -> Result<T, E>,
) -> Result<T, E> {
    match location {
        Location::Sqlite(path) if !path.is_file() => {
            Err(StoreError::Unavailable(format!("{} is not there", path.display())).into())
        }
        Location::Sqlite(path) => work(&mut Db::Sqlite(&mut sqlite::connect(path, Mode::Read)?)),
        Location::Postgres(url) => {
            let mut connection =
                PgConnection::establish(url).map_err(|error| StoreError::Unavailable(error.to_string()))?;
            let mut db = Db::Pg(&mut connection);
            db.control("SET default_transaction_read_only = on").map_err(StoreError::from)?;
            work(&mut db)
        }
    }
}
