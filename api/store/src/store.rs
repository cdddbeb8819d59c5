//! The three doors. Nothing else touches a connection.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use alongside_domain::clock::{Ids, Timestamp};
use diesel::Connection as _;
use diesel::pg::PgConnection;
use tokio::sync::oneshot;

use crate::batch::{Work, WriteError};
use crate::context::{Context, Duty, Range};
use crate::db::Db;
use crate::error::StoreError;
use crate::postgres::{Pooled, Postgres, READ, SCAN};
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
        let installation =
            alone(location, Context::System(Duty::Keys), |db| wrapping_key::admit(db, &ring, ids, now))?;
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
        context: Context,
        work: impl FnOnce(&mut Db<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => sqlite.read(work).map_err(E::from)?,
            Engine::Postgres(_) => self.look(Postgres::connection, READ, context, work).await,
        }
    }

    /// Reads in a transaction of its own, which is what the context lasts for. Whoever waits has his answer before the
    /// transaction is ended, and pays one round trip for it and not two.
    async fn look<T, E>(
        &self,
        connection: impl FnOnce(&Postgres) -> Result<Pooled, StoreError> + Send + 'static,
        begin: &'static str,
        context: Context,
        work: impl FnOnce(&mut Db<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let store = self.clone();
        let (waiting, answer) = oneshot::channel();
        // What has panicked drops `waiting`, and its connection for good.
        drop(tokio::task::spawn_blocking(move || {
            let Engine::Postgres(postgres) = &store.0.engine else { return };
            let mut connection = match connection(postgres) {
                Ok(connection) => connection,
                Err(error) => return drop(waiting.send(Err(E::from(error)))),
            };
            let mut db = Db::Pg(&mut connection);
            let looked = match db.enter(begin, context, Range::Transaction) {
                Ok(()) => work(&mut db),
                Err(error) => Err(E::from(StoreError::from(error))),
            };
            // Nobody waits when the client has gone.
            drop(waiting.send(looked));
            if let Err(error) = db.control("COMMIT") {
                tracing::debug!(%error, "a connection is given up");
                db.give_up();
            }
        }));
        answer.await.map_err(|_| E::from(StoreError::Panicked))?
    }

    /// Writes in one transaction: when this answers `Ok`, every row is durable. `work` may be run more than once, so it
    /// does no input or output and draws no ids of its own.
    ///
    /// # Errors
    /// What `work` answers, with its rows taken back; or that the database cannot be reached, is full, or overloaded.
    pub async fn write<T, E>(
        &self,
        context: Context,
        work: impl Fn(&mut Db<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: WriteError,
    {
        let (job, answer) = Work::new(context, work);
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
        context: Context,
        work: impl FnOnce(&mut Db<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if let Engine::Postgres(_) = &self.0.engine {
            return self.look(Postgres::scanner, SCAN, context, work).await;
        }
        let store = self.clone();
        off_the_worker(move || match &store.0.engine {
            Engine::Sqlite(sqlite) => work(&mut Db::Sqlite(&mut sqlite.reader().map_err(E::from)?)),
            Engine::Postgres(_) => Err(E::from(StoreError::Panicked)),
        })
        .await?
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(Context::Nobody, |db| db.control("SELECT 1").map_err(StoreError::from)).await
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
/// The context lasts as long as the connection.
///
/// # Errors
/// What `work` answers, or that the database cannot be reached.
pub(crate) fn alone<T>(
    location: &Location,
    context: Context,
    work: impl FnOnce(&mut Db<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    match location {
        Location::Sqlite(path) => work(&mut Db::Sqlite(&mut sqlite::connect(path, Mode::Write)?)),
        Location::Postgres(url) => {
            let mut connection =
                PgConnection::establish(url).map_err(|error| StoreError::Unavailable(error.to_string()))?;
            let mut db = Db::Pg(&mut connection);
            db.enter("", context, Range::Connection)?;
            work(&mut db)
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
    context: Context,
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
            let read_only = "SET default_transaction_read_only = on";
            db.enter(read_only, context, Range::Connection).map_err(StoreError::from)?;
            work(&mut db)
        }
    }
}
