//! Whether a secret is a service client's.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::ClientId;
use alongside_store::client::{self, Client};
use alongside_store::{Context, Duty};

use crate::app::App;
use crate::http::{Problem, Refusal};
use crate::security::token::{hash_secret, same_hash};

/// The client with this id, if the secret is its own and works at `now`.
///
/// # Errors
/// When the database cannot be asked.
pub async fn check(app: &App, id: ClientId, secret: &str, now: Timestamp) -> Result<Option<Client>, Problem> {
    let found = app
        .store
        .read(Context::System(Duty::SignIn), move |db| client::by_id(db, id))
        .await
        .map_err(|error| Refusal::from(error).into_problem())?;
    let hash = hash_secret(secret);
    Ok(found.filter(|client| opens(client, &hash, now)))
}

/// Whether the secret with this hash works at `now`: the present one, or the one before while it overlaps.
#[must_use]
pub fn opens(client: &Client, hash: &[u8], now: Timestamp) -> bool {
    client.secret_hashes(now).any(|known| same_hash(known, hash))
}
