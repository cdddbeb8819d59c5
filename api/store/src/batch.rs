//! Jobs that share one commit: each in a savepoint of its own, answered only when the commit is durable.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use rand::RngExt as _;
use tokio::sync::oneshot;

use crate::context::{Context, Range};
use crate::db::Db;
use crate::error::StoreError;

/// How often colliding work is done again before the collision is reported.
const ATTEMPTS: u32 = 12;

/// A write waiting for its turn.
pub(crate) trait Job: Send {
    /// For whom it works.
    fn context(&self) -> Context;
    /// Does the work in a fresh savepoint; `false` asks for its rows to be taken back.
    fn run(&mut self, db: &mut Db<'_>) -> bool;
    /// Whether the work asks to be done again because of a collision.
    fn collided(&self) -> bool;
    /// Answers whoever waits. `failed` says why the batch as a whole did not become durable.
    fn answer(self: Box<Self>, failed: Option<StoreError>);
}

/// A closure with the channel its answer goes to.
pub(crate) struct Work<F, T, E> {
    context: Context,
    work: F,
    result: Option<Result<T, E>>,
    waiting: oneshot::Sender<Result<T, E>>,
    collided: bool,
}

impl<F, T, E> Work<F, T, E> {
    pub(crate) fn new(context: Context, work: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (waiting, receiver) = oneshot::channel();
        (Self { context, work, result: None, waiting, collided: false }, receiver)
    }
}

/// An error type of the callers', as far as the store must know it.
pub trait WriteError: From<StoreError> + Send + 'static {
    /// Whether concurrent transactions collided, so that the same work may succeed when done again.
    fn is_collision(&self) -> bool;
}

impl WriteError for StoreError {
    fn is_collision(&self) -> bool {
        Self::is_collision(self)
    }
}

impl<F, T, E> Job for Work<F, T, E>
where
    F: Fn(&mut Db<'_>) -> Result<T, E> + Send,
    T: Send,
    E: WriteError,
{
    fn context(&self) -> Context {
        self.context
    }

    fn run(&mut self, db: &mut Db<'_>) -> bool {
        // A panic in one request's work must not take the writer, and everybody's writes, with it.
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(db)))
            .unwrap_or_else(|_| Err(E::from(StoreError::Panicked)));
        self.collided = result.as_ref().is_err_and(WriteError::is_collision);
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn collided(&self) -> bool {
        self.collided
    }

    fn answer(self: Box<Self>, failed: Option<StoreError>) {
        let result = match (failed, self.result) {
            // A refusal stands whether or not the others' rows became durable.
            (_, Some(Err(refused))) => Err(refused),
            (Some(failed), _) => Err(E::from(failed)),
            (None, Some(done)) => done,
            (None, None) => Err(E::from(StoreError::Panicked)),
        };
        // Nobody waits when the client has gone; the rows are durable all the same.
        drop(self.waiting.send(result));
    }
}

/// How a batch ended.
enum Outcome {
    Durable,
    Failed(StoreError),
    /// Nothing is durable and the whole batch may be tried again.
    Collided,
}

/// Runs `jobs` in one transaction. Nothing is answered here.
fn run(db: &mut Db<'_>, begin: &str, jobs: &mut [Box<dyn Job>]) -> Outcome {
    // Several jobs set their contexts one after the other, each behind its savepoint.
    let begun = match jobs {
        [only] => db.enter(begin, only.context(), Range::Transaction),
        _ => db.control(begin),
    };
    if let Err(error) = begun {
        db.give_up();
        return Outcome::Failed(error.into());
    }
    let outcome = run_jobs(db, jobs).and_then(|any| {
        if any {
            db.control("COMMIT").map_err(StoreError::from)
        } else {
            db.control("ROLLBACK").map_err(StoreError::from)
        }
    });
    match outcome {
        Ok(()) => Outcome::Durable,
        Err(error) => {
            // After some failures the engine has already left the transaction; then there is nothing to roll back.
            if let Err(rollback) = db.control("ROLLBACK") {
                tracing::debug!(%rollback, "no transaction left to roll back");
                db.give_up();
            }
            if error.is_collision() { Outcome::Collided } else { Outcome::Failed(error) }
        }
    }
}

/// Tries a batch until it no longer collides; one that keeps colliding is taken apart, so that a job collides for itself
/// alone. Answers every job.
pub(crate) fn run_and_answer(db: &mut Db<'_>, begin: &str, jobs: &mut Vec<Box<dyn Job>>) {
    let tries = if jobs.len() > 1 { 3 } else { ATTEMPTS };
    for attempt in 0..tries {
        match run(db, begin, jobs) {
            Outcome::Durable => return jobs.drain(..).for_each(|job| job.answer(None)),
            Outcome::Failed(error) => return fail_all(jobs, &error),
            Outcome::Collided => {
                let most = 1_u64 << attempt.min(6);
                std::thread::sleep(Duration::from_micros(rand::rng().random_range(200..=1000) * most));
            }
        }
    }
    if jobs.len() == 1 {
        return jobs.drain(..).for_each(|job| job.answer(Some(StoreError::Collision)));
    }
    for job in jobs.drain(..) {
        run_and_answer(db, begin, &mut vec![job]);
    }
}

/// Tells every job that nothing became durable.
pub(crate) fn fail_all(jobs: &mut Vec<Box<dyn Job>>, error: &StoreError) {
    tracing::error!(%error, jobs = jobs.len(), "a group of writes failed");
    for job in jobs.drain(..) {
        job.answer(Some(match error {
            StoreError::StorageFull => StoreError::StorageFull,
            other => StoreError::Unavailable(other.to_string()),
        }));
    }
}

fn run_jobs(db: &mut Db<'_>, jobs: &mut [Box<dyn Job>]) -> Result<bool, StoreError> {
    if let [only] = jobs {
        let keep = only.run(db);
        return if only.collided() { Err(StoreError::Collision) } else { Ok(keep) };
    }
    let mut any = false;
    for job in jobs {
        db.enter("SAVEPOINT job", job.context(), Range::Transaction)?;
        let keep = job.run(db);
        if job.collided() {
            return Err(StoreError::Collision);
        }
        if keep {
            db.control("RELEASE SAVEPOINT job")?;
        } else {
            db.control("ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job")?;
        }
        any |= keep;
    }
    Ok(any)
}
