//! Changing the keys that wrap data keys, while servers run: small transactions one after the other, each of which finds
//! by itself what is left to do.

use alongside_domain::data_class::KeyGroup;
use alongside_store::key_rotation::{self as store, InUse, Progress};
use alongside_store::{Context, Duty, StoreError};
use uuid::Uuid;

use crate::app::App;

/// Data keys or cells of one transaction: a server that writes at the same time waits for no more than these.
const BATCH: i64 = 100;

/// What a rotation has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    pub in_use: InUse,
    /// Data keys that were wrapped anew.
    pub keys: usize,
    /// Cells from before there were data keys that were moved to the one of their record.
    pub cells: usize,
    /// Keys that nothing needs any more.
    pub not_needed: Vec<(KeyGroup, i64)>,
}

/// Takes the newest keys into use, wraps every data key by them, and moves cells from before there were data keys.
/// `told` hears how far it has come: data keys and cells so far. Stopped at any moment, it is simply begun again.
///
/// # Errors
/// What the database says, and when a cell does not open.
pub async fn rotate(app: &App, mut told: impl FnMut(usize, usize)) -> Result<Rotated, StoreError> {
    let (shared, now) = (app.clone(), app.clock.now());
    let in_use = app
        .store
        .write(Context::System(Duty::Operator), move |db| store::take_into_use(db, shared.store.ring(), now))
        .await?;
    // The keys come first: a damaged cell from before must not keep what can be protected under the old key.
    let mut keys = 0;
    let mut after = Some(Uuid::nil());
    while let Some(from) = after {
        let shared = app.clone();
        let wrapped = app.store.write(Context::System(Duty::Operator), move |db| {
            store::rewrap_some(db, shared.store.ring(), in_use, from, BATCH)
        });
        let (wrapped, next) = wrapped.await?;
        keys += wrapped;
        after = next;
        if wrapped > 0 {
            told(keys, 0);
        }
    }
    let mut cells = 0;
    let mut at = Some(Progress::default());
    while let Some(from) = at {
        let shared = app.clone();
        let moved = app.store.write(Context::System(Duty::Operator), move |db| {
            store::move_some(db, shared.store.ring(), shared.ids.as_ref(), now, from, BATCH)
        });
        let (moved, next) = moved.await?;
        cells += moved;
        at = next;
        if moved > 0 {
            told(keys, cells);
        }
    }
    let not_needed = app.store.scan(Context::System(Duty::Operator), store::not_needed).await?;
    Ok(Rotated { in_use, keys, cells, not_needed })
}

/// Lets the database forget a key that nothing needs.
///
/// # Errors
/// [`StoreError::Stored`], with the reason, when something still needs it.
pub async fn retire(app: &App, group: KeyGroup, number: u32) -> Result<(), StoreError> {
    app.store
        .write(Context::System(Duty::Operator), move |db| store::retire(db, group, i64::from(number)))
        .await
}
