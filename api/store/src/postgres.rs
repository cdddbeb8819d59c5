//! PostgreSQL: pooled connections; a transaction each while few write, groups through one writer when many do.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use diesel::pg::PgConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection};

use crate::batch::{self, Job};
use crate::db::Db;
use crate::error::StoreError;

/// From so many writes in flight on, they share commits.
const GROUP_FROM: usize = 16;
const BATCH: usize = 64;
const QUEUE: usize = 4096;
const BEGIN: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";
/// A transaction for its context alone: each statement sees what is there when it runs, as it would without one.
pub(crate) const READ: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY";
/// As [`READ`]; whoever takes a long answer may be slow to take it.
pub(crate) const SCAN: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0";

pub(crate) type Pooled = PooledConnection<ConnectionManager<PgConnection>>;

pub(crate) struct Postgres {
    pool: Pool<ConnectionManager<PgConnection>>,
    scans: Pool<ConnectionManager<PgConnection>>,
    in_flight: AtomicUsize,
    queue: Option<Sender<Box<dyn Job>>>,
    writer: Option<JoinHandle<()>>,
}

impl Postgres {
    pub(crate) fn open(url: &str, connections: u32) -> Result<Self, StoreError> {
        let pool = pool(url, connections)?;
        let scans = pool_lazy(url, 2)?;
        let (queue, jobs) = bounded::<Box<dyn Job>>(QUEUE);
        let for_writer = pool.clone();
        let writer = std::thread::Builder::new()
            .name("postgres-writer".to_owned())
            .spawn(move || write_until_closed(&for_writer, &jobs))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { pool, scans, in_flight: AtomicUsize::new(0), queue: Some(queue), writer: Some(writer) })
    }

    pub(crate) fn connection(&self) -> Result<Pooled, StoreError> {
        checkout(&self.pool)
    }

    pub(crate) fn scanner(&self) -> Result<Pooled, StoreError> {
        checkout(&self.scans)
    }

    /// Notes one more write; answers whether it should join a group.
    pub(crate) fn enter(&self) -> bool {
        self.in_flight.fetch_add(1, Ordering::Relaxed) >= GROUP_FROM
    }

    pub(crate) fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn submit(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let queue =
            self.queue.as_ref().ok_or_else(|| StoreError::Unavailable("the store is closing".to_owned()))?;
        queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => StoreError::Unavailable("the writer has stopped".to_owned()),
        })
    }

    /// Runs one job in a transaction of its own, on the calling thread.
    pub(crate) fn run_alone(&self, job: Box<dyn Job>) {
        let mut alone = vec![job];
        run_on(&self.pool, &mut alone);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer ended in a panic");
        }
    }
}

/// Connects once at the start, so that an unreachable database is told at once and not at the first request.
fn pool(url: &str, connections: u32) -> Result<Pool<ConnectionManager<PgConnection>>, StoreError> {
    PgConnection::establish(url).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    pool_lazy(url, connections)
}

fn pool_lazy(url: &str, connections: u32) -> Result<Pool<ConnectionManager<PgConnection>>, StoreError> {
    Ok(Pool::builder()
        .max_size(connections)
        .min_idle(Some(1))
        .test_on_check_out(false)
        .connection_timeout(Duration::from_secs(5))
        .connection_customizer(Box::new(Settings))
        .build_unchecked(ConnectionManager::new(url)))
}

/// What every connection promises, whatever the server's or the role's defaults are: an acknowledged write is on disk,
/// and nothing waits for ever.
#[derive(Debug)]
struct Settings;

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for Settings {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        connection
            .batch_execute(
                "SET synchronous_commit = on; SET statement_timeout = '30s'; SET lock_timeout = '10s'; \
                 SET idle_in_transaction_session_timeout = '60s'",
            )
            .map_err(diesel::r2d2::Error::QueryError)
    }
}

fn checkout(pool: &Pool<ConnectionManager<PgConnection>>) -> Result<Pooled, StoreError> {
    pool.get().map_err(|error| StoreError::Unavailable(error.to_string()))
}

fn write_until_closed(pool: &Pool<ConnectionManager<PgConnection>>, jobs: &Receiver<Box<dyn Job>>) {
    let mut batch: Vec<Box<dyn Job>> = Vec::with_capacity(BATCH);
    while let Ok(first) = jobs.recv() {
        batch.push(first);
        while batch.len() < BATCH {
            let Ok(job) = jobs.try_recv() else { break };
            batch.push(job);
        }
        run_on(pool, &mut batch);
    }
}

fn run_on(pool: &Pool<ConnectionManager<PgConnection>>, jobs: &mut Vec<Box<dyn Job>>) {
    match checkout(pool) {
        Ok(mut connection) => batch::run_and_answer(&mut Db::Pg(&mut connection), BEGIN, jobs),
        Err(error) => batch::fail_all(jobs, &error),
    }
}
