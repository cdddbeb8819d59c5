//! SQLite: readers on the calling threads, one writer thread with group commit, checkpoints elsewhere.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use diesel::connection::SimpleConnection as _;
use diesel::sqlite::SqliteConnection;
use diesel::{Connection as _, ConnectionError};

use crate::batch::{self, Job};
use crate::db::Db;
use crate::error::StoreError;

/// Writes waiting for the writer; one more is refused, so that overload shows early.
const QUEUE: usize = 4096;
/// Jobs that share one commit at the most.
const BATCH: usize = 256;
/// How long the writer waits for company, and only after a batch that had some.
const LINGER: Duration = Duration::from_micros(300);
/// Past this size of the write-ahead log the writer itself stops to fold it in.
const WAL_LIMIT: u64 = 64 << 20;
const CHECKPOINT_EVERY: Duration = Duration::from_millis(250);

static NEXT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static READERS: RefCell<HashMap<u64, SqliteConnection>> = RefCell::new(HashMap::new());
}

/// One database file with its writer.
pub(crate) struct Sqlite {
    key: u64,
    path: PathBuf,
    queue: Option<Sender<Box<dyn Job>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Sqlite {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut writer = connect(path, Mode::Write)?;
        let (queue, jobs) = bounded::<Box<dyn Job>>(QUEUE);
        let (stop, stopped) = bounded::<()>(0);
        let wal = wal_path(path);
        let writer = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || {
                write_until_closed(&mut writer, &jobs, &wal);
                drop(stop);
            })
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let mut folder = connect(path, Mode::Write)?;
        let wal = wal_path(path);
        let checkpointer = std::thread::Builder::new()
            .name("sqlite-checkpoint".to_owned())
            .spawn(move || checkpoint_until_stopped(&mut folder, &stopped, &wal))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            key: NEXT.fetch_add(1, Ordering::Relaxed),
            path: path.to_owned(),
            queue: Some(queue),
            threads: vec![writer, checkpointer],
        })
    }

    /// Runs `work` on this thread's own read-only connection.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&mut Db<'_>) -> T) -> Result<T, StoreError> {
        READERS.with_borrow_mut(|readers| {
            let reader = match readers.entry(self.key) {
                std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(connect(&self.path, Mode::Read)?)
                }
            };
            Ok(work(&mut Db::Sqlite(reader)))
        })
    }

    /// A connection of its own for a long read.
    pub(crate) fn reader(&self) -> Result<SqliteConnection, StoreError> {
        connect(&self.path, Mode::Read)
    }

    pub(crate) fn submit(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let queue =
            self.queue.as_ref().ok_or_else(|| StoreError::Unavailable("the store is closing".to_owned()))?;
        queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => StoreError::Unavailable("the writer has stopped".to_owned()),
        })
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store ended in a panic");
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Read,
    Write,
}

/// Opens the file with the settings every connection needs. `busy_timeout` comes first: the rest may have to wait.
pub(crate) fn connect(path: &Path, mode: Mode) -> Result<SqliteConnection, StoreError> {
    let unreachable = |error: &dyn std::fmt::Display| {
        StoreError::Unavailable(format!("cannot open {}: {error}", path.display()))
    };
    keep_private(path).map_err(|error| unreachable(&error))?;
    let text = path.to_str().ok_or_else(|| unreachable(&"the path is not UTF-8"))?;
    let mut connection =
        SqliteConnection::establish(text).map_err(|error: ConnectionError| unreachable(&error))?;
    let settings = match mode {
        Mode::Read => "PRAGMA query_only = ON; PRAGMA mmap_size = 268435456;",
        Mode::Write => "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;",
    };
    connection
        .batch_execute(&format!(
            "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
             PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; {settings}"
        ))
        .map_err(|error| unreachable(&error))?;
    Ok(connection)
}

/// Makes the file, where it is missing, readable by its owner alone. SQLite gives its side files the same mode.
fn keep_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn wal_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

fn write_until_closed(connection: &mut SqliteConnection, jobs: &Receiver<Box<dyn Job>>, wal: &Path) {
    let mut batch: Vec<Box<dyn Job>> = Vec::with_capacity(BATCH);
    let mut company = 1;
    let mut since_look = 0;
    while let Ok(first) = jobs.recv() {
        batch.push(first);
        gather(jobs, &mut batch, company);
        company = batch.len();
        batch::run_and_answer(&mut Db::Sqlite(connection), "BEGIN IMMEDIATE", &mut batch);
        since_look += 1;
        if since_look >= 64 {
            since_look = 0;
            if wal.metadata().is_ok_and(|file| file.len() > WAL_LIMIT) {
                fold(connection, "PRAGMA wal_checkpoint(RESTART)");
            }
        }
    }
    fold(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
}

/// Takes what is queued; lingers a little for as many as came together the last time.
fn gather(jobs: &Receiver<Box<dyn Job>>, batch: &mut Vec<Box<dyn Job>>, company: usize) {
    while batch.len() < BATCH {
        let Ok(job) = jobs.try_recv() else { break };
        batch.push(job);
    }
    if company < 2 {
        return;
    }
    let until = Instant::now() + LINGER;
    while batch.len() < company.min(BATCH) {
        match jobs.recv_deadline(until) {
            Ok(job) => batch.push(job),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
}

fn checkpoint_until_stopped(connection: &mut SqliteConnection, stopped: &Receiver<()>, wal: &Path) {
    let mut folded = 0;
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(CHECKPOINT_EVERY) {
        // An idle server leaves its disk alone.
        let length = wal.metadata().map_or(0, |file| file.len());
        if length != folded {
            fold(connection, "PRAGMA wal_checkpoint(PASSIVE)");
            folded = length;
        }
    }
}

fn fold(connection: &mut SqliteConnection, pragma: &str) {
    if let Err(error) = connection.batch_execute(pragma) {
        tracing::warn!(%error, "the write-ahead log could not be folded in now");
    }
}
