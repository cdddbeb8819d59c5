//! Reading the audit log. What concerns safeguarding flags is on no list here.

use std::collections::HashSet;

use alongside_domain::audit::confidential;
use alongside_domain::clock::Timestamp;
use alongside_domain::emergency_access::log_detail;
use alongside_domain::id::{AuditEventId, EmergencyAccessId, ParticipantId, PersonId, ProgrammeId, kind};
use alongside_domain::policy::{Operation, Role};
use diesel::prelude::*;

use crate::audit::AuditEvent;
use crate::db::{Db, cols, many, maybe};
use crate::error::StoreError;
use crate::on_engine;
use crate::schema::{audit_events, audit_subjects, participants};
use crate::scope::{Anchor, Reach, Scope};
use crate::types::{At, Code, Key};

/// Which events are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Whose record: named by the event, or shown by a list.
    pub participant_id: Option<ParticipantId>,
    pub person_id: Option<PersonId>,
    pub operation: Option<Operation>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
    /// Events under this role are left out.
    pub without_role: Option<Role>,
    /// What was done under these accesses in an emergency, or about them, is left out.
    pub without_access: Vec<EmergencyAccessId>,
}

/// How an event is about a participant.
#[derive(Clone, Copy)]
enum About {
    Anybody,
    Named(ParticipantId),
    Listed(ParticipantId),
}

/// Events of the caller's programme, the newest first. Whose record it was is said of the programme's own participants
/// alone: an attempt on somebody else's looks like one on what never was.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    filter: &Filter,
    before: Option<AuditEventId>,
    limit: u32,
) -> Result<Vec<AuditEvent>, StoreError> {
    let Reach::Programme(programme) = scope.reach else { return Ok(Vec::new()) };
    if let Some(participant) = filter.participant_id
        && own(db, programme, &[participant])?.is_empty()
    {
        return Ok(Vec::new());
    }
    let mut found = events(db, Some(programme), filter, before, limit)?;
    let named: Vec<_> = found.iter().filter_map(|event| event.participant_id).map(|id| id.0).collect();
    let own = own(db, programme, &named)?;
    for event in &mut found {
        event.participant_id = event.participant_id.filter(|id| own.contains(&id.0));
    }
    Ok(found)
}

/// Those of these participants who are the programme's.
fn own(
    db: &mut Db<'_>,
    programme: ProgrammeId,
    ids: &[ParticipantId],
) -> Result<HashSet<ParticipantId>, StoreError> {
    let keys: Vec<_> = ids.iter().map(|id| Key(*id)).collect();
    let found: Vec<Key<kind::Participant>> = many(
        db,
        participants::table
            .filter(participants::programme_id.eq(Key(programme)))
            .filter(participants::id.eq_any(keys))
            .select(participants::id),
    )?;
    Ok(found.into_iter().map(|id| id.0).collect())
}

/// Events on one participant's record, the newest first: attempts from another programme as well.
///
/// # Errors
/// [`StoreError::NotFound`] when the participant is outside the caller's world.
pub fn of_participant(
    db: &mut Db<'_>,
    scope: &Scope,
    participant: ParticipantId,
    filter: &Filter,
    before: Option<AuditEventId>,
    limit: u32,
) -> Result<Vec<AuditEvent>, StoreError> {
    let place = maybe(
        db,
        participants::table
            .find(Key(participant))
            .select((participants::programme_id, participants::site_id)),
    )?;
    let (programme, site): (Key<_>, Key<_>) = place.ok_or(StoreError::NotFound)?;
    let anchor = Anchor { programme_id: programme.0, site_id: site.0, participant_id: participant };
    scope.require(db, anchor)?;
    let filter = Filter { participant_id: Some(participant), ..filter.clone() };
    events(db, None, &filter, before, limit)
}

/// An event that names a participant and one that lists him are found by different indexes: each is asked for a full
/// page, and the page is made of both.
fn events(
    db: &mut Db<'_>,
    programme: Option<ProgrammeId>,
    filter: &Filter,
    before: Option<AuditEventId>,
    limit: u32,
) -> Result<Vec<AuditEvent>, StoreError> {
    let Some(participant) = filter.participant_id else {
        return query(db, programme, filter, About::Anybody, before, limit);
    };
    let mut found = query(db, programme, filter, About::Named(participant), before, limit)?;
    found.extend(query(db, programme, filter, About::Listed(participant), before, limit)?);
    found.sort_by_key(|event| std::cmp::Reverse(event.id.0));
    found.dedup_by_key(|event| event.id.0);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

fn query(
    db: &mut Db<'_>,
    programme: Option<ProgrammeId>,
    filter: &Filter,
    about: About,
    before: Option<AuditEventId>,
    limit: u32,
) -> Result<Vec<AuditEvent>, StoreError> {
    let hidden: Vec<&'static str> = confidential().map(Operation::name).collect();
    let held: Vec<String> = filter.without_access.iter().map(|id| log_detail(*id)).collect();
    Ok(on_engine!(db, Backend, conn => {
        let mut query = audit_events::table
            .select(cols::<AuditEvent>())
            .filter(audit_events::flag_id.is_null())
            .filter(audit_events::operation.ne_all(hidden))
            .order(audit_events::id.desc())
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        if let Some(programme) = programme {
            query = query.filter(audit_events::programme_id.eq(Some(Key(programme))));
        }
        match about {
            About::Anybody => {}
            About::Named(participant) => {
                query = query.filter(audit_events::participant_id.eq(Some(Key(participant))));
            }
            About::Listed(participant) => {
                query = query.filter(audit_events::id.eq_any(
                    audit_subjects::table
                        .filter(audit_subjects::participant_id.eq(Key(participant)))
                        .select(audit_subjects::audit_event_id),
                ));
            }
        }
        if let Some(person) = filter.person_id {
            query = query.filter(audit_events::person_id.eq(Some(Key(person))));
        }
        if let Some(operation) = filter.operation {
            query = query.filter(audit_events::operation.eq(operation.name()));
        }
        if let Some(from) = filter.from {
            query = query.filter(audit_events::at.ge(At(from)));
        }
        if let Some(to) = filter.to {
            query = query.filter(audit_events::at.lt(At(to)));
        }
        if let Some(role) = filter.without_role {
            query = query.filter(audit_events::role.is_null().or(audit_events::role.ne(Some(Code(role)))));
        }
        if !held.is_empty() {
            query = query.filter(audit_events::detail.is_null().or(audit_events::detail.ne_all(held)));
            // An attempt that came to nothing bears no id, and tells of the one that did.
            let attempt = Operation::CreateEmergencyAccess.name();
            query = query.filter(audit_events::operation.ne(attempt).or(audit_events::detail.is_not_null()));
        }
        if let Some(before) = before {
            query = query.filter(audit_events::id.lt(Key(before)));
        }
        query.load::<AuditEvent>(conn)
    })?)
}
