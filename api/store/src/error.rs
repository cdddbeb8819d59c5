//! What can go wrong between a rule and its rows.

use diesel::result::{DatabaseErrorKind, Error as Diesel};

/// A unique rule of the schema, by the name each engine reports.
#[derive(Debug, Clone, Copy)]
pub struct Unique {
    /// PostgreSQL reports the constraint.
    pub constraint: &'static str,
    /// SQLite reports the columns, as in `people.email`, separated by `, `.
    pub columns: &'static str,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("no such row in the caller's world")]
    NotFound,
    #[error("a unique rule refused the row: {0}")]
    Unique(String),
    #[error("a reference points nowhere: {0}")]
    Foreign(String),
    #[error("the row was changed by somebody else")]
    Stale,
    #[error("more is being written than can be kept up with")]
    Overloaded,
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    #[error("the disk is full")]
    StorageFull,
    #[error("a sealed cell does not open: {0}")]
    Sealed(&'static str),
    /// The data key of the cell was destroyed, on purpose and for good.
    #[error("the record was erased")]
    Erased,
    #[error("this database needs {group} key {number}, which the key file does not have")]
    KeyMissing { group: &'static str, number: i64 },
    #[error("{group} key {number} of the key file is not the {group} key {number} of this database")]
    WrongKey { group: &'static str, number: i64 },
    #[error("a stored document cannot be read: {0}")]
    Document(#[from] serde_json::Error),
    #[error("a stored record is not readable: {0}")]
    Stored(&'static str),
    #[error("the work behind the request failed")]
    Panicked,
    /// Concurrent transactions collided; the store retries these by itself.
    #[error("concurrent transactions collided")]
    Collision,
    #[error("database: {0}")]
    Database(Diesel),
}

impl StoreError {
    /// Whether `rule` refused the row.
    #[must_use]
    pub fn violates(&self, rule: Unique) -> bool {
        matches!(self, Self::Unique(named) if named == rule.constraint || named == rule.columns)
    }

    /// Whether the same work may succeed when simply done again.
    #[must_use]
    pub fn is_collision(&self) -> bool {
        matches!(self, Self::Collision)
    }
}

impl From<Diesel> for StoreError {
    fn from(error: Diesel) -> Self {
        match error {
            Diesel::NotFound => Self::NotFound,
            Diesel::DatabaseError(kind, ref information) => {
                let message = information.message();
                match kind {
                    DatabaseErrorKind::UniqueViolation => {
                        let columns = message.strip_prefix("UNIQUE constraint failed: ");
                        // SQLite names the index instead of the columns where the index has a condition.
                        let columns =
                            columns.map(|text| text.trim_start_matches("index ").trim_matches('\''));
                        let name = information.constraint_name().or(columns).unwrap_or(message);
                        Self::Unique(name.to_owned())
                    }
                    DatabaseErrorKind::ForeignKeyViolation => {
                        Self::Foreign(information.constraint_name().unwrap_or("foreign key").to_owned())
                    }
                    DatabaseErrorKind::SerializationFailure => Self::Collision,
                    DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                        Self::Unavailable("the connection was closed".to_owned())
                    }
                    _ if message.contains("deadlock detected") || message.contains("could not serialize") => {
                        Self::Collision
                    }
                    _ if message.contains("database is locked") => Self::Overloaded,
                    _ if message.contains("database or disk is full")
                        || message.contains("No space left") =>
                    {
                        Self::StorageFull
                    }
                    _ if message.contains("terminating connection") || message.contains("server closed") => {
                        Self::Unavailable("the connection was closed".to_owned())
                    }
                    _ => Self::Database(error),
                }
            }
            other => Self::Database(other),
        }
    }
}
