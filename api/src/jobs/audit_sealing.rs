//! Seals the audit log: new events get their place in the chain, and checkpoints over it are signed.
//!
//! The writer hashes nothing. A few times a second one process reads what has no seal yet, works out the links outside
//! any transaction, and adds them in a short one. Processes that do so at once are kept apart by a lease, and by the
//! numbers of the chain where clocks differ. What commits later than its id was drawn is found by looking back: a little
//! at each pass, some minutes every ten seconds, everything at the start and a few times a day.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alongside_domain::audit_chain::{Checkpoint, MOST_UNSIGNED, month_of};
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{AccessNoticeId, AuditEventId, LeaseHolderId};
use alongside_store::access_watch::{self, Unusual};
use alongside_store::audit_seal::{self, Event, Head, NewSeal};
use alongside_store::{Context, Duty, StoreError, access_notice, audit_checkpoint, lease};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::app::App;
use crate::audit::Line;

const FOR: Context = Context::System(Duty::AuditSealing);
const LEASE: &str = "audit_sealing";
/// For how long whoever seals is left alone.
const LEASE_FOR: TimeDelta = TimeDelta::seconds(5);
/// Events that share a transaction.
const BATCH: i64 = 500;
const PAUSE: Duration = Duration::from_millis(300);
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// A checkpoint follows the one before after this time, or after [`MOST_UNSIGNED`] events.
const SIGN_AFTER: TimeDelta = TimeDelta::seconds(50);

/// How far each pass looks back from the newest sealed event, at the least and at the most: as far as events were late.
const LEAST_REACH: TimeDelta = TimeDelta::seconds(2);
const MOST_REACH: TimeDelta = TimeDelta::minutes(10);
/// How far while there is more than a batch to do: the pass after that looks back as far as ever.
const BRISK_REACH: TimeDelta = TimeDelta::milliseconds(100);
/// Events looked at in one step of a longer look back.
const STEP: i64 = 20_000;
const LOOK_BACK_EVERY: Duration = Duration::from_secs(10);
const LOOK_AT_ALL_EVERY: Duration = Duration::from_secs(6 * 3600);
/// Lines of checkpoints that wait for the folder to be writable again.
const MOST_WAITING: usize = 10_000;

pub(super) async fn run(app: App) {
    if app.checkpoints.folder().is_none() {
        tracing::warn!(
            "audit_checkpoints_dir is not set: an audit log cut off at its end would not be noticed"
        );
    }
    let mut sealer = Sealer::new(app);
    loop {
        match sealer.pass().await {
            Ok(true) => tokio::task::yield_now().await,
            Ok(false) => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                match error {
                    StoreError::Overloaded => tracing::debug!(%error, "sealing waits"),
                    error => tracing::error!(%error, "the audit log could not be sealed"),
                }
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

struct Sealer {
    app: App,
    holder: LeaseHolderId,
    reach: TimeDelta,
    /// The batch before was full.
    brisk: bool,
    look_back: LookBack,
    /// A month's first moment, and the flags raised before it.
    flags: Option<(Timestamp, i64)>,
    /// Lines that the folder has not taken yet.
    waiting: Vec<String>,
}

/// A longer look back, in steps.
struct LookBack {
    /// After which event it goes on; `None` between two.
    after: Option<AuditEventId>,
    next: Instant,
    next_of_all: Instant,
}

/// What a pass finds.
struct Found {
    head: Head,
    /// Number and moment of the newest checkpoint.
    signed: Option<(i64, Timestamp)>,
    newest: Option<AuditEventId>,
    events: Vec<Event>,
    links: Vec<NewSeal>,
    unusual: Vec<Unusual>,
}

impl Sealer {
    fn new(app: App) -> Self {
        let now = Instant::now();
        Self {
            holder: LeaseHolderId::new(app.ids.fresh()),
            app,
            reach: LEAST_REACH,
            brisk: false,
            look_back: LookBack { after: None, next: now, next_of_all: now },
            flags: None,
            waiting: Vec::new(),
        }
    }

    /// One round; `true` when there is more to do at once.
    async fn pass(&mut self) -> Result<bool, StoreError> {
        let (now, holder) = (self.app.clock.now(), self.holder);
        let open = self.app.store.read(FOR, move |db| lease::is_open_to(db, LEASE, holder, now)).await?;
        if !open {
            return Ok(false);
        }
        let from = self.look_back().await?;
        let found = self.look(from).await?;
        let signed = found.signed.map_or(0, |(seq, _)| seq);
        let many = i64::try_from(found.events.len()).unwrap_or(BATCH);
        if found.head.seq > signed && found.head.seq - signed + many > MOST_UNSIGNED {
            return self.sign(found.head, now).await;
        }
        let mut head = found.head;
        self.brisk = many == BATCH;
        if let Some(last) = found.links.last() {
            if !self.append(&found, now).await? {
                return Ok(false);
            }
            head = Head { seq: head.seq + many, hash: last.hash };
            self.learn(&found);
        }
        let due = found.signed.is_none_or(|(_, at)| (now - at).abs() >= SIGN_AFTER);
        if head.seq > signed && due {
            self.sign(head, now).await?;
        }
        Ok(many == BATCH || from.is_some())
    }

    /// What has no seal yet, with the links it will get.
    async fn look(&self, from: Option<AuditEventId>) -> Result<Found, StoreError> {
        let reach = if self.brisk { BRISK_REACH } else { self.reach };
        self.app
            .store
            .read(FOR, move |db| {
                let head = audit_seal::head(db)?;
                let signed = audit_checkpoint::newest(db)?.map(|row| (row.seq, row.at.0));
                let newest = audit_seal::newest_event(db)?;
                let recent = newest.map(|newest| audit_seal::earlier(newest, reach));
                let from = from.or(recent).unwrap_or_else(|| AuditEventId::new(Uuid::nil()));
                let events = audit_seal::unsealed(db, from, BATCH)?;
                let subjects = audit_seal::subjects(db, &events)?;
                let links = audit_seal::links(head, &events, &subjects);
                // A rule that fails must not keep the log from being sealed.
                let unusual = access_watch::judge(db, &events).unwrap_or_else(|error| {
                    tracing::error!(%error, "the use of records could not be looked at");
                    Vec::new()
                });
                Ok(Found { head, signed, newest, events, links, unusual })
            })
            .await
    }

    /// Adds the links, and raises the notices, in one short transaction; `false` when another process was faster.
    async fn append(&self, found: &Found, now: Timestamp) -> Result<bool, StoreError> {
        let (holder, head) = (self.holder, found.head);
        let links = Arc::new(found.links.clone());
        let notices: Vec<(AccessNoticeId, Unusual)> = found
            .unusual
            .iter()
            .map(|unusual| (AccessNoticeId::new(self.app.ids.fresh()), *unusual))
            .collect();
        self.app
            .store
            .write(FOR, move |db| {
                if !lease::take(db, LEASE, holder, now, now + LEASE_FOR)?
                    || !audit_seal::append(db, head, &links)?
                {
                    return Ok(false);
                }
                for (id, unusual) in &notices {
                    access_notice::raise(db, *id, unusual, now)?;
                }
                Ok(true)
            })
            .await
    }

    /// Looks back as far as events were late, and gradually less far again.
    fn learn(&mut self, found: &Found) {
        let milliseconds = |id: AuditEventId| id.uuid().as_u128() >> 80;
        let late = found
            .newest
            .zip(found.events.first())
            .map_or(0, |(newest, first)| milliseconds(newest).saturating_sub(milliseconds(first.id.0)));
        let late = i64::try_from(late).map_or(MOST_REACH, TimeDelta::milliseconds);
        self.reach = (late * 2).max(self.reach * 99 / 100).clamp(LEAST_REACH, MOST_REACH);
    }

    /// One step of a longer look back, where one is due: the first event without a seal that it meets.
    async fn look_back(&mut self) -> Result<Option<AuditEventId>, StoreError> {
        let now = Instant::now();
        let all = now >= self.look_back.next_of_all;
        let after = match self.look_back.after {
            Some(after) => after,
            None if all => {
                self.look_back.next_of_all = now + LOOK_AT_ALL_EVERY;
                AuditEventId::new(Uuid::nil())
            }
            None if now >= self.look_back.next => {
                let newest = self.app.store.read(FOR, audit_seal::newest_event).await?;
                let Some(newest) = newest else { return Ok(None) };
                audit_seal::earlier(newest, MOST_REACH)
            }
            None => return Ok(None),
        };
        let step = self.app.store.scan(FOR, move |db| audit_seal::look_for_unsealed(db, after, STEP));
        let (unsealed, last) = step.await?;
        self.look_back.after = match (unsealed, last) {
            // Once more from here, when this one and those behind it are sealed.
            (Some(_), _) => Some(after),
            (None, Some(last)) => Some(last),
            (None, None) => {
                self.look_back.next = now + LOOK_BACK_EVERY;
                None
            }
        };
        Ok(unsealed)
    }

    /// Signs the chain as far as `head`, in the database and then in the folder; `true` when it is signed.
    async fn sign(&mut self, head: Head, now: Timestamp) -> Result<bool, StoreError> {
        let month = month_of(now);
        let flags = match self.flags {
            Some((counted, flags)) if counted == month => flags,
            _ => self.app.store.read(FOR, move |db| audit_checkpoint::flags_before(db, month)).await?,
        };
        self.flags = Some((month, flags));
        let key_id = self.app.checkpoints.key_id().to_owned();
        let row =
            self.app.checkpoints.sign(&Checkpoint { seq: head.seq, head: head.hash, at: now, flags, key_id });
        let (holder, kept) = (self.holder, row.clone());
        let signed = self
            .app
            .store
            .write(FOR, move |db| {
                let ours = lease::take(db, LEASE, holder, now, now + LEASE_FOR)?;
                Ok::<_, StoreError>(ours && audit_checkpoint::insert(db, &kept)?)
            })
            .await?;
        if signed {
            self.waiting.push(serde_json::to_string(&Line::of(&row))? + "\n");
            self.ship(now).await;
        }
        Ok(signed)
    }

    /// Writes the lines into the folder. Where it cannot be written to, sealing goes on, and the lines wait.
    async fn ship(&mut self, day: Timestamp) {
        let (checkpoints, lines) = (Arc::clone(&self.app.checkpoints), self.waiting.concat());
        let kept = tokio::task::spawn_blocking(move || checkpoints.keep(day, &lines)).await;
        match kept.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked))) {
            Ok(()) => self.waiting.clear(),
            Err(error) => {
                tracing::error!(%error, waiting = self.waiting.len(), "checkpoints cannot be written to their folder");
                let most = self.waiting.len().saturating_sub(MOST_WAITING);
                self.waiting.drain(..most);
            }
        }
    }
}
