//! One set of queries on two engines: a query is run on whichever connection is there.

use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager as _};
use diesel::pg::PgConnection;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::methods::{ExecuteDsl, LoadQuery};
use diesel::row::NamedRow;
use diesel::sql_types::{Integer, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel::{OptionalExtension as _, QueryResult, QueryableByName, RunQueryDsl, Selectable};

use crate::context::{Context, Duty, Range};

/// A connection of either engine, inside one of the store's doors.
pub enum Db<'c> {
    Pg(&'c mut PgConnection),
    Sqlite(&'c mut SqliteConnection),
}

impl Db<'_> {
    /// Runs `sql` as it stands. For transaction control and settings, never for data.
    ///
    /// # Errors
    /// What the engine says.
    pub(crate) fn control(&mut self, sql: &str) -> QueryResult<()> {
        match self {
            Db::Pg(c) => c.batch_execute(sql),
            // A single statement is prepared once and kept.
            Db::Sqlite(c) if !sql.contains(';') => {
                Cached(diesel::sql_query(sql)).load::<Nothing>(*c).map(drop)
            }
            Db::Sqlite(c) => c.batch_execute(sql),
        }
    }

    /// Runs `work` in a transaction of its own on a connection with nothing else around, again where it collided.
    ///
    /// # Errors
    /// What `work` answers, or the engine's failure to begin or commit.
    pub(crate) fn transaction<T>(
        &mut self,
        work: impl Fn(&mut Self) -> Result<T, crate::StoreError>,
    ) -> Result<T, crate::StoreError> {
        const ATTEMPTS: u32 = 12;
        let begin = match self {
            Db::Pg(_) => "BEGIN ISOLATION LEVEL SERIALIZABLE",
            Db::Sqlite(_) => "BEGIN IMMEDIATE",
        };
        let mut attempt = 1;
        loop {
            self.control(begin)?;
            let done = work(self).and_then(|done| Ok(self.control("COMMIT").map(|()| done)?));
            match done {
                Ok(done) => return Ok(done),
                Err(error) => {
                    if let Err(failed) = self.control("ROLLBACK") {
                        tracing::debug!(error = %failed, "the transaction had ended by itself");
                    }
                    if !error.is_collision() || attempt == ATTEMPTS {
                        return Err(error);
                    }
                    attempt += 1;
                    std::thread::sleep(std::time::Duration::from_millis(u64::from(5 * attempt)));
                }
            }
        }
    }

    /// As [`Db::control`], and puts what comes after it into a context, in the same round trip.
    ///
    /// # Errors
    /// What the engine says.
    pub(crate) fn enter(&mut self, sql: &str, context: Context, range: Range) -> QueryResult<()> {
        match self {
            Db::Pg(c) => c.batch_execute(&format!("{sql};{}", context.statements(range))),
            Db::Sqlite(_) => self.control(sql),
        }
    }

    /// Does a step of the work that must see further than the context at hand: that of `duty`, for as long as the step
    /// takes. Who asks stays who he was.
    ///
    /// # Errors
    /// What `work` answers, or the engine's failure to change the context.
    pub fn within<T, E: From<crate::StoreError>>(
        &mut self,
        duty: Duty,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let Db::Pg(c) = self else { return work(self) };
        let before = diesel::sql_query("SELECT current_setting('alongside.opens') AS words");
        let Words { words } = before.get_result(*c).map_err(crate::StoreError::from)?;
        let set = |words: &str| format!("SET LOCAL alongside.opens = '{words}'");
        self.control(&set(&duty.words())).map_err(crate::StoreError::from)?;
        let result = work(self);
        if let Err(error) = self.control(&set(&words)) {
            if result.is_ok() {
                return Err(crate::StoreError::from(error).into());
            }
            // The transaction has failed: going back to a savepoint, or its end, takes the setting back as well.
            tracing::debug!(%error, "the context goes with its transaction");
        }
        result
    }

    /// Marks the connection as one that nobody must get from the pool again.
    pub(crate) fn give_up(&mut self) {
        if let Db::Pg(c) = self {
            AnsiTransactionManager::transaction_manager_status_mut(*c).set_in_error();
        }
    }

    /// Runs `work` in a savepoint: its rows stay when it answers `Ok`, and are as if never written when it does not.
    ///
    /// # Errors
    /// What `work` answers, or the engine's failure to set or leave the savepoint.
    pub fn savepoint<T, E: From<crate::StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.control("SAVEPOINT attempt").map_err(crate::StoreError::from)?;
        let result = work(self);
        if result.is_ok() {
            self.control("RELEASE SAVEPOINT attempt").map_err(crate::StoreError::from)?;
        } else if let Err(error) = self.control("ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt") {
            // The engine has left the whole transaction, as it does when the disk is full. Why is in `result`.
            tracing::warn!(%error, "no savepoint left to go back to");
        }
        result
    }
}

/// Exactly one row.
///
/// # Errors
/// `NotFound` when there is none.
pub fn one<'q, Q, U>(db: &mut Db<'_>, query: Q) -> QueryResult<U>
where
    Q: RunQueryDsl<PgConnection>
        + RunQueryDsl<SqliteConnection>
        + LoadQuery<'q, PgConnection, U>
        + LoadQuery<'q, SqliteConnection, U>,
{
    match db {
        Db::Pg(c) => query.get_result(*c),
        Db::Sqlite(c) => query.get_result(*c),
    }
}

/// One row, or none.
///
/// # Errors
/// What the engine says.
pub fn maybe<'q, Q, U>(db: &mut Db<'_>, query: Q) -> QueryResult<Option<U>>
where
    Q: RunQueryDsl<PgConnection>
        + RunQueryDsl<SqliteConnection>
        + LoadQuery<'q, PgConnection, U>
        + LoadQuery<'q, SqliteConnection, U>,
{
    one(db, query).optional()
}

/// All rows. The query itself bounds how many.
///
/// # Errors
/// What the engine says.
pub fn many<'q, Q, U>(db: &mut Db<'_>, query: Q) -> QueryResult<Vec<U>>
where
    Q: RunQueryDsl<PgConnection>
        + RunQueryDsl<SqliteConnection>
        + LoadQuery<'q, PgConnection, U>
        + LoadQuery<'q, SqliteConnection, U>,
{
    match db {
        Db::Pg(c) => query.load(*c),
        Db::Sqlite(c) => query.load(*c),
    }
}

/// Runs an insert, an update or a delete; answers how many rows it touched.
///
/// # Errors
/// What the engine says.
pub fn exec<Q>(db: &mut Db<'_>, query: Q) -> QueryResult<usize>
where
    Q: RunQueryDsl<PgConnection>
        + RunQueryDsl<SqliteConnection>
        + ExecuteDsl<PgConnection>
        + ExecuteDsl<SqliteConnection>,
{
    match db {
        Db::Pg(c) => query.execute(*c),
        Db::Sqlite(c) => query.execute(*c),
    }
}

/// Builds and runs a query once per engine: for boxed queries with optional filters, which pin a backend.
#[macro_export]
macro_rules! on_engine {
    ($db:expr, $backend:ident, $conn:ident => $body:expr) => {
        match $db {
            $crate::Db::Pg($conn) => {
                type $backend = ::diesel::pg::Pg;
                let $conn = &mut **$conn;
                $body
            }
            $crate::Db::Sqlite($conn) => {
                type $backend = ::diesel::sqlite::Sqlite;
                let $conn = &mut **$conn;
                $body
            }
        }
    };
}

/// The columns of a row type, for SELECT and RETURNING on either engine.
#[must_use]
pub fn cols<T: Selectable<Sqlite>>() -> T::SelectExpression {
    T::construct_selection()
}

/// Runs an UPDATE, an upsert or raw SQL that changes rows, with its prepared form kept; answers how many rows it touched.
///
/// # Errors
/// What the engine says.
pub fn rewrite<Q>(db: &mut Db<'_>, query: Q) -> QueryResult<usize>
where
    Q: QueryFragment<diesel::pg::Pg> + QueryFragment<Sqlite>,
{
    match db {
        Db::Pg(c) => Cached(query).execute(*c),
        // On SQLite diesel forgets on its way to `execute` that a statement may be kept, but not on its way to `load`.
        Db::Sqlite(c) => Cached(Touched(query)).load::<i32>(*c).map(|rows| rows.len()),
    }
}

/// A statement that answers a row for each one it touches.
struct Touched<Q>(Q);

impl<Q> Query for Touched<Q> {
    type SqlType = Integer;
}
impl<Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Touched<Q> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.0.walk_ast(pass.reborrow())?;
        pass.push_sql(" RETURNING 1");
        Ok(())
    }
}

/// What a context opens.
#[derive(QueryableByName)]
struct Words {
    #[diesel(sql_type = Text)]
    words: String,
}

/// What a statement without rows answers.
struct Nothing;

impl QueryableByName<Sqlite> for Nothing {
    fn build<'a>(_: &impl NamedRow<'a, Sqlite>) -> diesel::deserialize::Result<Self> {
        Ok(Self)
    }
}

/// A statement whose prepared form is kept, by its text. diesel keeps none of UPDATE, upsert and raw SQL by itself,
/// which costs a parse at each run. Only for statements whose text has few shapes: the cache has no bound.
pub struct Cached<Q>(pub Q);

impl<Q: Query> Query for Cached<Q> {
    type SqlType = Q::SqlType;
}
impl<Q> QueryId for Cached<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<Q, C> RunQueryDsl<C> for Cached<Q> {}
impl<Q, DB> QueryFragment<DB> for Cached<Q>
where
    DB: diesel::backend::Backend,
    Q: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass.reborrow())
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use diesel::Connection as _;
    use diesel::connection::{Instrumentation, InstrumentationEvent};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<AtomicUsize>);

    impl Instrumentation for Kept {
        fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
            if matches!(event, InstrumentationEvent::CacheQuery { .. }) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn what_changes_rows_is_prepared_once_and_says_how_many() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        connection
            .batch_execute("CREATE TABLE t (n INTEGER NOT NULL); INSERT INTO t VALUES (1), (2)")
            .unwrap();
        let kept = Kept::default();
        connection.set_instrumentation(kept.clone());
        let mut db = Db::Sqlite(&mut connection);
        let above = |n: i32| diesel::sql_query("UPDATE t SET n = n WHERE n > ?").bind::<Integer, _>(n);
        let touched = [0, 1, 2].map(|n| rewrite(&mut db, above(n)).unwrap());
        assert_eq!((touched, kept.0.load(Ordering::Relaxed)), ([2, 1, 0], 1));
        for _ in 0..3 {
            db.control("SAVEPOINT s").unwrap();
            db.control("RELEASE SAVEPOINT s").unwrap();
        }
        assert_eq!(kept.0.load(Ordering::Relaxed), 3);
    }
}
