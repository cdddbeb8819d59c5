//! The seals over the audit log: a hash chain in the order of sealing.
//!
//! Which events have no seal yet is found by what is missing, never by what is newer than the last: transactions commit
//! in another order than their ids were drawn.

use std::collections::HashMap;

use alongside_domain::audit_chain::{BEGINNING, Entry, Hash, hex, seal};
use alongside_domain::id::{AuditEventId, kind};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use uuid::Uuid;

use crate::db::{Db, cols, many, maybe, rewrite};
use crate::error::StoreError;
use crate::schema::{audit_events, audit_seals, audit_subjects};
use crate::types::{At, Key};

/// An event with every column as it is kept: what does not fit our types is still read, and found to be wrong.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = audit_events)]
pub struct Event {
    pub id: Key<kind::AuditEvent>,
    pub at: At,
    pub programme_id: Option<Key<kind::Programme>>,
    pub person_id: Option<Key<kind::Person>>,
    pub client_id: Option<Key<kind::Client>>,
    pub session_id: Option<Key<kind::Session>>,
    pub role: Option<String>,
    pub operation: String,
    pub participant_id: Option<Key<kind::Participant>>,
    pub resource_id: Option<Key<kind::AuditEvent>>,
    pub status: i32,
    pub flag_id: Option<Key<kind::Flag>>,
    pub request_id: Key<kind::AuditEvent>,
    pub detail: Option<String>,
}

impl Event {
    /// As it goes under the hash, with the participants whom its list showed, in order.
    #[must_use]
    pub fn entry<'a>(&'a self, subjects: &'a [Uuid]) -> Entry<'a> {
        Entry {
            id: self.id.0.uuid(),
            at: self.at.0.timestamp_micros(),
            programme_id: self.programme_id.map(|id| id.0.uuid()),
            person_id: self.person_id.map(|id| id.0.uuid()),
            client_id: self.client_id.map(|id| id.0.uuid()),
            session_id: self.session_id.map(|id| id.0.uuid()),
            role: self.role.as_deref(),
            operation: &self.operation,
            participant_id: self.participant_id.map(|id| id.0.uuid()),
            resource_id: self.resource_id.map(|id| id.0.uuid()),
            status: self.status,
            flag_id: self.flag_id.map(|id| id.0.uuid()),
            request_id: self.request_id.0.uuid(),
            detail: self.detail.as_deref(),
            subjects,
        }
    }
}

/// One link of the chain.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = audit_seals)]
pub struct Seal {
    pub seq: i64,
    pub event_id: Key<kind::AuditEvent>,
    pub hash: Vec<u8>,
}

/// The end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many events are sealed.
    pub seq: i64,
    pub hash: Hash,
}

/// A seal in the making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewSeal {
    pub event: AuditEventId,
    pub hash: Hash,
}

/// Where the chain ends now.
///
/// # Errors
/// What the database says.
pub fn head(db: &mut Db<'_>) -> Result<Head, StoreError> {
    let newest = audit_seals::table.order(audit_seals::seq.desc()).limit(1).select(cols::<Seal>());
    let Some(newest) = maybe::<_, Seal>(db, newest)? else { return Ok(Head { seq: 0, hash: BEGINNING }) };
    let hash = newest.hash.try_into().map_err(|_| StoreError::Stored("a seal is not 32 bytes long"))?;
    Ok(Head { seq: newest.seq, hash })
}

/// The newest of all sealed events, by id.
///
/// # Errors
/// What the database says.
pub fn newest_event(db: &mut Db<'_>) -> Result<Option<AuditEventId>, StoreError> {
    let newest =
        audit_seals::table.order(audit_seals::event_id.desc()).limit(1).select(audit_seals::event_id);
    Ok(maybe::<_, Key<_>>(db, newest)?.map(|id| id.0))
}

/// Events without a seal, from this id on, by id.
///
/// # Errors
/// What the database says.
pub fn unsealed(db: &mut Db<'_>, from: AuditEventId, limit: i64) -> Result<Vec<Event>, StoreError> {
    // The bound stands on both sides: an engine that walks both in step would begin at the first seal otherwise.
    let sealed = audit_seals::table
        .filter(audit_seals::event_id.eq(audit_events::id))
        .filter(audit_seals::event_id.ge(Key(from)));
    let query = audit_events::table
        .filter(audit_events::id.ge(Key(from)))
        .filter(not(exists(sealed)))
        .order(audit_events::id)
        .limit(limit)
        .select(cols::<Event>());
    Ok(many(db, query)?)
}

/// Goes through so many events after this one: the first without a seal among them, and the last looked at; `None` at
/// the end of the log.
///
/// # Errors
/// What the database says.
pub fn look_for_unsealed(
    db: &mut Db<'_>,
    after: AuditEventId,
    rows: i64,
) -> Result<(Option<AuditEventId>, Option<AuditEventId>), StoreError> {
    let query = audit_events::table
        .left_join(audit_seals::table.on(audit_seals::event_id.eq(audit_events::id)))
        .filter(audit_events::id.gt(Key(after)))
        .order(audit_events::id)
        .limit(rows)
        .select((audit_events::id, audit_seals::seq.nullable()));
    let found: Vec<(Key<kind::AuditEvent>, Option<i64>)> = many(db, query)?;
    let unsealed = found.iter().find(|(_, seq)| seq.is_none()).map(|(id, _)| id.0);
    Ok((unsealed, found.last().map(|(id, _)| id.0)))
}

/// The participants whom the lists of these events showed, in the order of their bytes.
///
/// # Errors
/// What the database says.
pub fn subjects(db: &mut Db<'_>, events: &[Event]) -> Result<HashMap<AuditEventId, Vec<Uuid>>, StoreError> {
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    let query = audit_subjects::table
        .filter(audit_subjects::audit_event_id.eq_any(ids))
        .select((audit_subjects::audit_event_id, audit_subjects::participant_id));
    let rows: Vec<(Key<kind::AuditEvent>, Key<kind::Participant>)> = many(db, query)?;
    Ok(by_event(rows))
}

/// The rows of each event together, in order.
pub(crate) fn by_event(
    rows: Vec<(Key<kind::AuditEvent>, Key<kind::Participant>)>,
) -> HashMap<AuditEventId, Vec<Uuid>> {
    let mut found: HashMap<AuditEventId, Vec<Uuid>> = HashMap::new();
    for (event, participant) in rows {
        found.entry(event.0).or_default().push(participant.0.uuid());
    }
    found.values_mut().for_each(|subjects| subjects.sort_unstable());
    found
}

/// The next links of the chain, for these events in this order.
#[must_use]
pub fn links(head: Head, events: &[Event], subjects: &HashMap<AuditEventId, Vec<Uuid>>) -> Vec<NewSeal> {
    let mut previous = head.hash;
    let numbers = head.seq + 1..;
    let chained = numbers.zip(events).map(|(seq, event)| {
        let listed = subjects.get(&event.id.0).map_or(&[][..], Vec::as_slice);
        previous = seal(&previous, seq, &event.entry(listed));
        NewSeal { event: event.id.0, hash: previous }
    });
    chained.collect()
}

/// Adds links behind `head`; `false` when the chain does not end there any more, because somebody else was faster.
///
/// # Errors
/// What the database says.
pub fn append(db: &mut Db<'_>, head: Head, new: &[NewSeal]) -> Result<bool, StoreError> {
    if self::head(db)? != head {
        return Ok(false);
    }
    // One statement whatever their number, prepared once, as for the participants of a list. Each link is one text of
    // digits, so that nothing is parsed for each of them.
    let rows: Vec<String> = new.iter().map(|link| hex(link.event.as_bytes()) + &hex(&link.hash)).collect();
    let rows = serde_json::to_string(&rows)?;
    let insert = match db {
        Db::Pg(_) => {
            "INSERT INTO audit_seals (seq, event_id, hash) \
             SELECT $1 + place, substr(link, 1, 32)::uuid, decode(substr(link, 33), 'hex') \
             FROM jsonb_array_elements_text($2::jsonb) WITH ORDINALITY AS given (link, place)"
        }
        Db::Sqlite(_) => {
            "INSERT INTO audit_seals (seq, event_id, hash) \
             SELECT ? + 1 + key, unhex(substr(value, 1, 32)), unhex(substr(value, 33)) FROM json_each(?)"
        }
    };
    let insert = sql_query(insert).bind::<BigInt, _>(head.seq).bind::<Text, _>(rows);
    match rewrite(db, insert).map_err(StoreError::from) {
        Ok(_) => Ok(true),
        // Done again, this finds that the chain has grown.
        Err(StoreError::Unique(_)) => Err(StoreError::Collision),
        Err(error) => Err(error),
    }
}

/// The least id that an event drawn this long before another may have.
#[must_use]
pub fn earlier(event: AuditEventId, by: chrono::TimeDelta) -> AuditEventId {
    // A UUIDv7 begins with its milliseconds.
    let milliseconds = event.uuid().as_u128() >> 80;
    let by = u128::try_from(by.num_milliseconds()).unwrap_or(0);
    AuditEventId::new(Uuid::from_u128(milliseconds.saturating_sub(by) << 80))
}
