//! What a person shows besides his password.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::PersonId;
use alongside_store::sealing::RecordKeys;
use alongside_store::second_factor::{self, SecondFactor};
use alongside_store::{Db, StoreError};

use crate::security::token::hash_secret;
use crate::security::totp::{TotpSecret, plain_recovery_code};

/// What somebody sent.
#[derive(Clone, Default)]
pub struct Sent {
    pub totp: Option<String>,
    pub recovery_code: Option<String>,
}

/// What it comes to. A code is not used up yet: see [`use_up`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// There is no second factor to show.
    NotSetUp,
    /// There is one, and nothing was sent.
    Missing,
    Wrong,
    Step(i64),
    Recovery([u8; 32]),
}

impl Shown {
    /// Whether a second factor was shown.
    #[must_use]
    pub fn is_good(self) -> bool {
        matches!(self, Self::Step(_) | Self::Recovery(_))
    }
}

/// Looks at what was sent.
///
/// # Errors
/// When the secret does not open.
pub fn judge(
    keys: &RecordKeys,
    factor: Option<&SecondFactor>,
    sent: &Sent,
    now: Timestamp,
) -> Result<Shown, StoreError> {
    let Some((factor, secret)) = factor.and_then(|factor| Some((factor, factor.secret.as_ref()?))) else {
        return Ok(Shown::NotSetUp);
    };
    match (&sent.totp, &sent.recovery_code) {
        (Some(code), _) => {
            let secret = keys.open_bytes(second_factor::place(factor.person_id.0), secret)?;
            let step = TotpSecret::from_bytes(secret).step_of(code, now);
            Ok(step.filter(|step| *step > factor.last_step).map_or(Shown::Wrong, Shown::Step))
        }
        (None, Some(code)) => Ok(Shown::Recovery(hash_secret(&plain_recovery_code(code)))),
        (None, None) => Ok(Shown::Missing),
    }
}

/// Uses up what was shown; false where somebody did before, or it never was good.
///
/// # Errors
/// What the database says.
pub fn use_up(db: &mut Db<'_>, person: PersonId, shown: Shown, now: Timestamp) -> Result<bool, StoreError> {
    match shown {
        Shown::Step(step) => second_factor::use_step(db, person, step),
        Shown::Recovery(hash) => second_factor::use_code(db, person, &hash, now),
        Shown::NotSetUp => Ok(true),
        Shown::Missing | Shown::Wrong => Ok(false),
    }
}
