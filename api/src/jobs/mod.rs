//! What the clock drives. Every job may run on every replica at once: it does nothing twice.

mod audit_sealing;
mod post;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alongside_store::{
    Context, Duty, StoreError, access_report, device_authorisation, flag_audience, idempotency, mail,
    sign_in_lane,
};
use chrono::TimeDelta;

use crate::app::App;

/// How long the reply to an idempotency key is kept.
const KEEP_REPLIES: TimeDelta = TimeDelta::days(30);
/// How long failures at the door are kept after the last one, and wishes of devices that are over.
const KEEP_LANES: TimeDelta = TimeDelta::days(1);
/// How long it is kept that a letter was sent.
const KEEP_MAILS: TimeDelta = TimeDelta::days(7);
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(3600);
const WATCH_EVERY: Duration = Duration::from_secs(300);
const PROBE_EVERY: Duration = Duration::from_secs(2);

/// Starts the jobs on the current runtime; answers whether the database was reached the last time it was asked.
pub fn start(app: &App) -> Arc<AtomicBool> {
    let reached = Arc::new(AtomicBool::new(true));
    actix_web::rt::spawn(probe(app.clone(), Arc::clone(&reached)));
    actix_web::rt::spawn(housekeeping(app.clone()));
    actix_web::rt::spawn(watch_flags(app.clone()));
    actix_web::rt::spawn(audit_sealing::run(app.clone()));
    if let Some(letters) = &app.letters {
        actix_web::rt::spawn(post::deliver(app.clone(), Arc::clone(letters)));
    }
    reached
}

async fn probe(app: App, reached: Arc<AtomicBool>) {
    loop {
        tokio::time::sleep(PROBE_EVERY).await;
        let answer = app.store.ping().await;
        let before = reached.swap(answer.is_ok(), Ordering::Relaxed);
        match answer {
            Err(error) if before => tracing::error!(%error, "the database does not answer"),
            Ok(()) if !before => tracing::info!("the database answers again"),
            _ => {}
        }
    }
}

/// Says so in the log, again and again, while there is a flag on which nobody can act.
async fn watch_flags(app: App) {
    loop {
        match app.store.read(Context::System(Duty::Upkeep), flag_audience::unattended).await {
            Ok(programmes) => {
                for programme in programmes {
                    tracing::error!(%programme, "open safeguarding flags have nobody who can act on them");
                }
            }
            Err(error) => tracing::warn!(%error, "nobody could look for unattended flags"),
        }
        tokio::time::sleep(WATCH_EVERY).await;
    }
}

async fn housekeeping(app: App) {
    loop {
        let before = app.clock.now() - KEEP_REPLIES;
        match app.store.write(Context::System(Duty::Upkeep), move |db| idempotency::forget(db, before)).await
        {
            Ok(0) => {}
            Ok(forgotten) => tracing::info!(forgotten, "old replies forgotten"),
            Err(error @ StoreError::Overloaded) => tracing::debug!(%error, "housekeeping waits"),
            Err(error) => tracing::warn!(%error, "housekeeping failed"),
        }
        let now = app.clock.now();
        let forgotten = app.store.write(Context::System(Duty::Upkeep), move |db| {
            sign_in_lane::forget(db, now - KEEP_LANES, now)?;
            access_report::forget(db, now)?;
            device_authorisation::forget(db, now - KEEP_LANES)?;
            mail::forget(db, now - KEEP_MAILS)
        });
        if let Err(error) = forgotten.await {
            tracing::debug!(%error, "housekeeping waits");
        }
        tokio::time::sleep(HOUSEKEEPING_EVERY).await;
    }
}
