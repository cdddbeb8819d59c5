//! Reading the chain of the audit log again from its beginning, against the events as they are now. Constant memory
//! at any length: it goes on in chunks and keeps nothing but the last hash.

use std::collections::HashMap;

use alongside_domain::audit_chain::{BEGINNING, Hash, seal};
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{AuditEventId, kind};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use uuid::Uuid;

use crate::audit_seal::{Event, Seal, by_event};
use crate::db::{Db, cols, many, maybe, one};
use crate::error::StoreError;
use crate::schema::{audit_events, audit_seals, audit_subjects};
use crate::types::{At, Key};

/// Events read at a time.
const CHUNK: i64 = 4_000;

/// One thing that is not as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The event under this number, or the participants its list showed, are not what was sealed there.
    Changed { seq: i64, event: AuditEventId },
    /// Events were put in another order: this one stands where another was sealed.
    Reordered { seq: i64, event: AuditEventId },
    /// The event under this number is gone.
    Missing { seq: i64, event: AuditEventId },
    /// The seals of these numbers are gone.
    Gap { from: i64, to: i64 },
    /// The row of this number cannot be read at all.
    Unreadable { seq: i64 },
    /// An event from long ago without a seal: put in past the server.
    Unsealed { event: AuditEventId },
    /// Participants listed for an event that is not there.
    Stray { event: AuditEventId },
}

/// What the chain holds, where nothing is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Chain {
    /// Sealed events.
    pub events: i64,
    /// The number of the newest.
    pub last: i64,
}

/// A sealed event as it is now.
pub struct Link {
    pub seal: Seal,
    pub event: Option<Event>,
    pub subjects: Vec<Uuid>,
}

/// Sealed events after this number, in order.
///
/// # Errors
/// What the database says.
pub fn links(db: &mut Db<'_>, after: i64, to: i64, limit: i64) -> Result<Vec<Link>, StoreError> {
    let query = audit_seals::table
        .left_join(audit_events::table.on(audit_events::id.eq(audit_seals::event_id)))
        .filter(audit_seals::seq.gt(after))
        .filter(audit_seals::seq.le(to))
        .order(audit_seals::seq)
        .limit(limit)
        .select((cols::<Seal>(), cols::<Event>().nullable()));
    let rows: Vec<(Seal, Option<Event>)> = many(db, query)?;
    let Some((last, _)) = rows.last() else { return Ok(Vec::new()) };
    let listed = audit_subjects::table
        .inner_join(audit_seals::table.on(audit_seals::event_id.eq(audit_subjects::audit_event_id)))
        .filter(audit_seals::seq.gt(after))
        .filter(audit_seals::seq.le(last.seq))
        .select((audit_subjects::audit_event_id, audit_subjects::participant_id));
    let mut subjects: HashMap<AuditEventId, Vec<Uuid>> = by_event(many(db, listed)?);
    let links = rows.into_iter().map(|(seal, event)| {
        let subjects = subjects.remove(&seal.event_id.0).unwrap_or_default();
        Link { seal, event, subjects }
    });
    Ok(links.collect())
}

/// The number of the newest seal; 0 when there is none.
///
/// # Errors
/// What the database says.
pub fn last(db: &mut Db<'_>) -> Result<i64, StoreError> {
    let newest = audit_seals::table.order(audit_seals::seq.desc()).limit(1).select(audit_seals::seq);
    Ok(maybe(db, newest)?.unwrap_or(0))
}

/// Goes through the whole chain up to `to`, and tells of each fault as it is found.
///
/// # Errors
/// When the database cannot be read.
pub fn chain(db: &mut Db<'_>, to: i64, tell: &mut impl FnMut(Fault)) -> Result<Chain, StoreError> {
    let mut walk = Walk { done: 0, events: 0, previous: Some(BEGINNING) };
    while walk.done < to {
        let chunk = match links(db, walk.done, to, CHUNK) {
            Ok(chunk) => chunk,
            Err(StoreError::Database(diesel::result::Error::DeserializationError(_))) => {
                walk.one_by_one(db, to, tell)?;
                continue;
            }
            Err(error) => return Err(error),
        };
        if chunk.is_empty() {
            tell(Fault::Gap { from: walk.done + 1, to });
            break;
        }
        walk.chunk(&chunk, tell);
    }
    Ok(Chain { events: walk.events, last: walk.done.min(to) })
}

struct Walk {
    /// The number up to which everything is looked at.
    done: i64,
    events: i64,
    /// The hash there; `None` where it is lost.
    previous: Option<Hash>,
}

impl Walk {
    fn chunk(&mut self, chunk: &[Link], tell: &mut impl FnMut(Fault)) {
        for link in chunk {
            let seq = link.seal.seq;
            if seq > self.done + 1 {
                tell(Fault::Gap { from: self.done + 1, to: seq - 1 });
                self.previous = None;
            }
            self.done = seq;
            let stored: Option<Hash> = link.seal.hash.as_slice().try_into().ok();
            match &link.event {
                None => tell(Fault::Missing { seq, event: link.seal.event_id.0 }),
                Some(event) => {
                    self.events += 1;
                    if let Some(previous) = self.previous
                        && stored != Some(seal(&previous, seq, &event.entry(&link.subjects)))
                    {
                        tell(wrong(chunk, link, &previous));
                    }
                }
            }
            // What was stored goes on, so that one wrong event is one fault.
            self.previous = stored;
        }
    }

    /// A row of the next chunk cannot be read: up to it everything is judged, and it is told and left out.
    fn one_by_one(
        &mut self,
        db: &mut Db<'_>,
        to: i64,
        tell: &mut impl FnMut(Fault),
    ) -> Result<(), StoreError> {
        loop {
            match links(db, self.done, to, 1) {
                Ok(link) if link.is_empty() => return Ok(()),
                Ok(link) => self.chunk(&link, tell),
                Err(StoreError::Database(diesel::result::Error::DeserializationError(_))) => {
                    let next = audit_seals::table
                        .filter(audit_seals::seq.gt(self.done))
                        .order(audit_seals::seq)
                        .select(audit_seals::seq);
                    let seq: i64 = one(db, next.limit(1))?;
                    tell(Fault::Unreadable { seq });
                    self.done = seq;
                    self.previous = None;
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// What is wrong with an event that does not have its hash: is another of those around it the one that was sealed here?
fn wrong(chunk: &[Link], link: &Link, previous: &Hash) -> Fault {
    let (seq, event) = (link.seal.seq, link.seal.event_id.0);
    let belongs = chunk.iter().filter(|other| other.seal.seq != seq).any(|other| {
        let sealed = other.event.as_ref().map(|event| seal(previous, seq, &event.entry(&other.subjects)));
        sealed.is_some_and(|hash| hash[..] == link.seal.hash[..] || hash[..] == other.seal.hash[..])
    });
    if belongs { Fault::Reordered { seq, event } } else { Fault::Changed { seq, event } }
}

/// Looks for events without a seal, and for listed participants without an event. What came after `settled` may still
/// wait for its seal; answers how many do.
///
/// # Errors
/// When the database cannot be read.
pub fn strays(db: &mut Db<'_>, settled: Timestamp, tell: &mut impl FnMut(Fault)) -> Result<i64, StoreError> {
    let (mut after, mut waiting) = (AuditEventId::new(Uuid::nil()), 0);
    loop {
        let query = audit_events::table
            .left_join(audit_seals::table.on(audit_seals::event_id.eq(audit_events::id)))
            .filter(audit_events::id.gt(Key(after)))
            .order(audit_events::id)
            .limit(CHUNK * 4)
            .select((audit_events::id, audit_events::at, audit_seals::seq.nullable()));
        let chunk: Vec<(Key<kind::AuditEvent>, At, Option<i64>)> = many(db, query)?;
        for (id, at, _) in chunk.iter().filter(|(_, _, seq)| seq.is_none()) {
            if at.0 < settled {
                tell(Fault::Unsealed { event: id.0 });
            } else {
                waiting += 1;
            }
        }
        let Some((last, _, _)) = chunk.last() else { break };
        listed_between(db, after, Some(last.0), tell)?;
        after = last.0;
    }
    listed_between(db, after, None, tell)?;
    Ok(waiting)
}

/// One listed participant without an event is as good as all of the stretch.
fn listed_between(
    db: &mut Db<'_>,
    after: AuditEventId,
    to: Option<AuditEventId>,
    tell: &mut impl FnMut(Fault),
) -> Result<(), StoreError> {
    let to = to.unwrap_or_else(|| AuditEventId::new(Uuid::max()));
    let there = audit_events::table.filter(audit_events::id.eq(audit_subjects::audit_event_id));
    let query = audit_subjects::table
        .filter(audit_subjects::audit_event_id.gt(Key(after)))
        .filter(audit_subjects::audit_event_id.le(Key(to)))
        .filter(not(exists(there)))
        .select(audit_subjects::audit_event_id)
        .limit(1);
    let found: Vec<Key<kind::AuditEvent>> = many(db, query)?;
    found.into_iter().for_each(|id| tell(Fault::Stray { event: id.0 }));
    Ok(())
}
