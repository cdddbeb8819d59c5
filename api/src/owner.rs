//! The owner of an account who is signed in and shows once more that it is he.

use std::net::IpAddr;

use alongside_domain::clock::Timestamp;
use alongside_domain::id::PersonId;
use alongside_store::second_factor::{self, SecondFactor};
use alongside_store::sign_in::{self, Login};
use alongside_store::{Context, Duty, StoreError};
use secrecy::SecretString;

use crate::app::App;
use crate::door::Knock;
use crate::http::{Problem, Refusal};
use crate::security::password::Verdict;
use crate::sign_in::busy;

/// What his account has to compare with. Guessing is slowed as at the door: a stolen session must not open a way round it.
pub struct Owner {
    pub login: Login,
    pub factor: Option<SecondFactor>,
    knock: Knock,
    shut: bool,
}

impl Owner {
    /// Looks the account up.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find(
        app: &App,
        person: PersonId,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let blind = app.blind.clone();
        app.store
            .read(Context::System(Duty::SignIn), move |db| {
                let login = sign_in::by_id(db, person)?;
                let factor = second_factor::find(db, person)?;
                let knock = Knock::new(&blind, &login.email, address, None);
                // The door for strangers is not his: he is inside.
                let shut = knock.is_shut(db, None, now)?;
                Ok::<_, StoreError>(Self { login, factor, knock, shut })
            })
            .await
            .map_err(|error| Refusal::from(error).into_problem())
    }

    /// Whether he has failed too often and must wait: answered as if what he sent were wrong.
    #[must_use]
    pub fn must_wait(&self) -> bool {
        self.shut
    }

    #[must_use]
    pub fn has_second_factor(&self) -> bool {
        self.factor.as_ref().is_some_and(|factor| factor.secret.is_some())
    }

    /// Whether this is his password. It never is while he must wait.
    ///
    /// # Errors
    /// 503 when too many passwords are being checked.
    pub async fn knows(&self, app: &App, password: String) -> Result<bool, Problem> {
        let stored = self.login.password_hash.clone().filter(|_| !self.shut);
        let verdict = app.passwords.verify(SecretString::from(password), stored).await.map_err(busy)?;
        Ok(verdict != Verdict::Wrong)
    }

    /// Counts a failure.
    ///
    /// # Errors
    /// When it could not be kept.
    pub async fn failed(&self, app: &App, now: Timestamp) -> Result<(), Problem> {
        let (knock, person) = (self.knock.clone(), self.login.id.0);
        app.store
            .write(Context::System(Duty::SignIn), move |db| knock.fail(db, Some(person), now))
            .await
            .map_err(|error| Refusal::from(error).into_problem())
    }
}
