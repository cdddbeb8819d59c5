//! From settings to a serving process.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::Server;
use actix_web::web::Data;
use alongside_domain::clock::{Clock, Ids};
use alongside_domain::content;
use alongside_store::sealing::KeyRing;
use alongside_store::{Store, migrate};
use anyhow::Context as _;
use secrecy::ExposeSecret as _;

use crate::app::App;
use crate::audit::Checkpoints;
use crate::config::Config;
use crate::definitions::Definitions;
use crate::http::docs::Document;
use crate::http::health::Readiness;
use crate::http::page::CursorKey;
use crate::http::{Http, HttpSettings};
use crate::letters::Letters;
use crate::security::blind::Blind;
use crate::security::keys::Keys;
use crate::security::password::Passwords;
use crate::security::token::Tokens;
use crate::{http, jobs, openapi, routes};

/// How long in-flight requests may take to finish after the signal to stop.
const SHUTDOWN_SECONDS: u64 = 30;
/// A client must send its request's head within this time, so that slow ones cannot hold all connections.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens keys and database and makes what all workers share. The schema must be current.
///
/// # Errors
/// With one clear line for each thing that stands in the way.
pub fn prepare(
    config: &Config,
    keys: &Keys,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
) -> anyhow::Result<App> {
    content::check();
    let location = config.location();
    migrate::require_current(&location)?;
    let base_url = config.base_url.trim_end_matches('/');
    let device_url = config.device_url.clone().unwrap_or_else(|| format!("{base_url}/device"));
    let ring = ring(config, keys)?;
    let store =
        Store::open(&location, ring, ids.as_ref(), clock.now()).context("the database cannot be opened")?;
    Ok(App {
        store,
        clock,
        ids,
        tokens: Arc::new(Tokens::new(keys, &config.base_url)?),
        passwords: Arc::new(
            Passwords::new(Passwords::suggested_threads()).context("no thread for passwords")?,
        ),
        quotas: Arc::default(),
        cursors: CursorKey::new(keys.cursor().expose_secret()),
        checkpoints: Arc::new(Checkpoints::new(keys, config.checkpoints_dir())?),
        blind: Blind::new(keys.cursor().expose_secret()),
        second_factor_required: config.second_factor_required,
        letters: letters(config)?,
        definitions: Arc::new(Definitions::default()),
        base_url: base_url.into(),
        device_clients: config.device_clients.clone().into(),
        device_url: device_url.into(),
        audit_reads: true,
    })
}

/// The keys that wrap data keys. From a file they are read anew when the database names one that was added since.
fn ring(config: &Config, keys: &Keys) -> anyhow::Result<KeyRing> {
    let ring = KeyRing::new(keys.sealing(), keys.safeguarding())?;
    let Some(path) = config.keys_file.clone().filter(|_| config.keys.is_none()) else { return Ok(ring) };
    Ok(ring.reread_from(move || match Keys::load_file(&path) {
        Ok(keys) => Some([keys.sealing().collect(), keys.safeguarding().collect()]),
        Err(error) => {
            tracing::error!(%error, "the key file cannot be read anew");
            None
        }
    }))
}

/// The way letters leave, where the operator has named one.
fn letters(config: &Config) -> anyhow::Result<Option<Arc<Letters>>> {
    let (Some(server), Some(from)) = (&config.smtp_url, &config.mail_from) else { return Ok(None) };
    let base = config.base_url.trim_end_matches('/');
    let account_url = config.account_url.clone().unwrap_or_else(|| format!("{base}/account"));
    Ok(Some(Arc::new(Letters::new(server.expose_secret(), from, account_url)?)))
}

/// Takes the address before anything is served, so that a taken port is told in one line.
///
/// # Errors
/// When the address is taken or not ours.
pub fn bind(listen: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            anyhow::anyhow!(
                "cannot listen on {listen}: another program is using this port; choose another with --listen"
            )
        }
        _ => anyhow::anyhow!("cannot listen on {listen}: {error}"),
    })
}

/// Starts to serve. Await the answer to run until the server stops; its handle stops it.
///
/// # Errors
/// When the document cannot be read or the listener not be used.
pub fn start(app: App, config: &Config, listener: TcpListener) -> anyhow::Result<(Server, Data<Readiness>)> {
    let docs = Data::new(Document::new(openapi::COMMITTED));
    let settings = HttpSettings {
        max_body_bytes: config.max_body_bytes,
        request_timeout: config.request_timeout(),
        rate_limit_per_minute: config.rate_limit_per_minute,
        rate_limit_burst: config.rate_limit_burst,
        cors_origins: config.cors_origins.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        ..HttpSettings::default()
    };
    let shared = Data::new(Http::new(settings, Arc::clone(&app.ids), openapi::COMMITTED)?);
    let reached = jobs::start(&app);
    let readiness = Data::new(Readiness::default().and(move || reached.load(Ordering::Relaxed)));
    let ready = readiness.clone();
    let app = Data::new(app);
    let server = HttpServer::new(move || {
        let service = actix_web::App::new()
            .configure(routes::all)
            .app_data(app.clone())
            .app_data(docs.clone())
            .app_data(ready.clone())
            .configure(http::discovery);
        http::wrap(service, shared.clone())
    })
    .workers(config.workers)
    .client_request_timeout(HEAD_TIMEOUT)
    .shutdown_timeout(SHUTDOWN_SECONDS)
    .disable_signals()
    .listen(listener)
    .context("the listener cannot be used")?
    .run();
    readiness.set(true);
    Ok((server, readiness))
}

/// Serves until SIGTERM or Ctrl-C: not ready first, then in-flight requests finish.
///
/// # Errors
/// When the server fails.
pub async fn run_until_told(server: Server, readiness: Data<Readiness>) -> anyhow::Result<()> {
    let handle = server.handle();
    // Before the first request is answered: whoever has seen it ready may tell it to stop.
    let told = told_to_stop();
    actix_web::rt::spawn(async move {
        told.await;
        tracing::info!("stopping: finishing what is in flight");
        readiness.set(false);
        handle.stop(true).await;
    });
    server.await.context("the server failed")
}

#[cfg(unix)]
fn told_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        match signals {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            _ => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
async fn told_to_stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
