//! How the program ends: one number for each kind of outcome, so that a script can decide without reading words.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

/// The exit codes. They are part of the contract and never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Ok,
    Error,
    /// The command line, or a missing answer where nobody may be asked.
    Usage,
    NotFound,
    NotAuthorised,
    Conflict,
    /// Kept on this device for later. Reserved: nothing queues yet.
    Queued,
    ServerFailure,
    /// Nobody answers, or the server asks to wait.
    TryLater,
}

impl Exit {
    /// The number itself.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::NotAuthorised => 4,
            Self::Conflict => 5,
            Self::Queued => 6,
            Self::ServerFailure => 7,
            Self::TryLater => 75,
        }
    }

    /// What a refusal by the server means for the caller.
    #[must_use]
    pub const fn for_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::NotAuthorised,
            404 => Self::NotFound,
            409 | 412 | 428 => Self::Conflict,
            408 | 429 | 503 => Self::TryLater,
            500..=599 => Self::ServerFailure,
            _ => Self::Error,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

/// An end with a reason in words.
#[derive(Debug, Clone)]
pub struct Stop {
    pub exit: Exit,
    pub words: String,
}

impl Stop {
    pub fn because(exit: Exit, words: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Self { exit, words: words.into() })
    }

    pub fn usage(words: impl Into<String>) -> anyhow::Error {
        Self::because(Exit::Usage, words)
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl Error for Stop {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_exit() {
        let of = |status| Exit::for_status(status).number();
        assert_eq!([401, 403, 404, 409, 412, 422, 500, 503, 429].map(of), [4, 4, 3, 5, 5, 1, 7, 75, 75]);
    }
}
