//! What the whole server shares.

use std::sync::Arc;

use alongside_domain::clock::{Clock, Ids};
use alongside_store::Store;

use crate::audit::Checkpoints;
use crate::client_quota::ClientQuotas;
use crate::http::page::CursorKey;
use crate::security::blind::Blind;
use crate::security::password::Passwords;
use crate::security::token::Tokens;

/// The shared parts, made once at the start and handed to every worker.
#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub tokens: Arc<Tokens>,
    pub passwords: Arc<Passwords>,
    pub cursors: CursorKey,
    /// Signs the audit log, and keeps what it signed where it can be taken off the machine.
    pub checkpoints: Arc<Checkpoints>,
    pub blind: Blind,
    /// Whether nothing is open to a person before he has set up a second factor.
    pub second_factor_required: bool,
    /// Where people choose a password: the start of the links in letters. `None` where no letters are sent.
    pub letters: Option<Arc<crate::letters::Letters>>,
    /// What service clients have asked for this minute, on this replica.
    pub quotas: Arc<ClientQuotas>,
    /// Parsed instrument versions. They never change, so a cached one is never stale.
    pub definitions: Arc<crate::definitions::Definitions>,
    /// Where this server is reached, without a slash at the end.
    pub base_url: Arc<str>,
    /// Programs that may ask for a device to be let in.
    pub device_clients: Arc<[String]>,
    /// The page where people type the code that such a device shows.
    pub device_url: Arc<str>,
    /// Only the benchmark switches this off, on synthetic data, to see what it costs.
    pub audit_reads: bool,
}
