//! Why work behind a door stopped, on its way to becoming a problem.

use alongside_domain::transition::IllegalTransition;
use alongside_store::{StoreError, WriteError};

use super::codes::Code;
use super::problem::Problem;

/// A rule's refusal, or the store's.
#[derive(Debug)]
pub enum Refusal {
    Problem(Problem),
    Store(StoreError),
}

impl Refusal {
    /// Whether the caller's request is at fault, so that this answer would be the same again.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Problem(problem) => problem.code().status().is_client_error(),
            Self::Store(error) => matches!(
                error,
                StoreError::NotFound
                    | StoreError::Unique(_)
                    | StoreError::Foreign(_)
                    | StoreError::Stale
                    | StoreError::Erased
            ),
        }
    }

    /// The one table from what went wrong to what the caller is told.
    #[track_caller]
    #[must_use]
    pub fn into_problem(self) -> Problem {
        match self {
            Self::Problem(problem) => problem,
            Self::Store(error) => match error {
                StoreError::NotFound => Problem::not_found(),
                StoreError::Unique(_) => Problem::new(Code::AlreadyExists),
                StoreError::Foreign(_) => Problem::new(Code::Conflict),
                StoreError::Stale => Problem::new(Code::Stale),
                StoreError::Erased => Problem::new(Code::Erased),
                missing @ (StoreError::KeyMissing { .. } | StoreError::WrongKey { .. }) => {
                    Problem::new(Code::Unavailable).caused_by(missing)
                }
                busy @ (StoreError::Overloaded | StoreError::Collision) => {
                    Problem::new(Code::Unavailable).caused_by(busy)
                }
                StoreError::Unavailable(cause) => Problem::new(Code::Unavailable).caused_by(cause),
                StoreError::StorageFull => Problem::new(Code::StorageFull),
                other => Problem::internal(other),
            },
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<IllegalTransition> for Refusal {
    fn from(refused: IllegalTransition) -> Self {
        let detail = format!("This is not possible in the state {}.", refused.from);
        Self::Problem(Problem::new(Code::IllegalTransition).detail(detail).allowed_next(refused.allowed))
    }
}

impl From<serde_json::Error> for Refusal {
    #[track_caller]
    fn from(error: serde_json::Error) -> Self {
        Self::Problem(Problem::internal(error))
    }
}

impl WriteError for Refusal {
    fn is_collision(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_collision())
    }
}
