//! The audit log: who did what to whose record. Rows are added, never changed.

use alongside_domain::id::{AuditEventId, Id, ParticipantId, kind};
use alongside_domain::policy::Role;
use diesel::prelude::*;

use crate::db::{Db, exec, maybe};
use crate::error::StoreError;
use crate::schema::{assessments, assignments, audit_events, audit_subjects, care_plans, consents};
use crate::types::{At, Code, Key};

/// One request on a person's record, whatever came of it.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_events, treat_none_as_default_value = false)]
pub struct AuditEvent {
    pub id: Key<kind::AuditEvent>,
    pub at: At,
    pub programme_id: Option<Key<kind::Programme>>,
    pub person_id: Option<Key<kind::Person>>,
    pub client_id: Option<Key<kind::Client>>,
    pub session_id: Option<Key<kind::Session>>,
    pub role: Option<Code<Role>>,
    /// The operation id of the document.
    pub operation: String,
    /// Whose record.
    pub participant_id: Option<Key<kind::Participant>>,
    /// What was named in the path, or made.
    pub resource_id: Option<Key<kind::AuditEvent>>,
    /// The HTTP status the caller got.
    pub status: i32,
    /// Set on what concerns a safeguarding flag: hidden from everybody but its safeguarding leads.
    pub flag_id: Option<Key<kind::Flag>>,
    pub request_id: Key<kind::AuditEvent>,
    /// What a machine noted: names of changed members and the like, never their values.
    pub detail: Option<String>,
}

/// Adds an event, with the participants a list showed.
///
/// # Errors
/// What the database says; then there must be no answer to the request either.
pub fn record(db: &mut Db<'_>, event: &AuditEvent, listed: &[ParticipantId]) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(audit_events::table).values(event))?;
    for participant in listed {
        exec(
            db,
            diesel::insert_into(audit_subjects::table).values((
                audit_subjects::participant_id.eq(Key(*participant)),
                audit_subjects::audit_event_id.eq(event.id),
            )),
        )?;
    }
    Ok(())
}

/// An id of any kind, as the log keeps it.
#[must_use]
pub fn any_id(uuid: uuid::Uuid) -> Key<kind::AuditEvent> {
    Key(AuditEventId::new(uuid))
}

/// What the path of a request may name that is a participant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    Participant,
    Consent,
    Assignment,
    Assessment,
    CarePlan,
}

/// Whose record it is, in whatever world: for the log alone, never for an answer.
///
/// # Errors
/// What the database says.
pub fn whose(db: &mut Db<'_>, record: Record, id: uuid::Uuid) -> Result<Option<ParticipantId>, StoreError> {
    let found: Option<Key<kind::Participant>> = match record {
        // Somebody who was never there leaves no trace but that he was asked for.
        Record::Participant => return Ok(Some(ParticipantId::new(id))),
        Record::Consent => maybe(
            db,
            consents::table.find(Key::<kind::Consent>(Id::new(id))).select(consents::participant_id),
        )?,
        Record::Assignment => maybe(
            db,
            assignments::table.find(Key::<kind::Assignment>(Id::new(id))).select(assignments::participant_id),
        )?,
        Record::Assessment => maybe(
            db,
            assessments::table.find(Key::<kind::Assessment>(Id::new(id))).select(assessments::participant_id),
        )?,
        Record::CarePlan => maybe(
            db,
            care_plans::table.find(Key::<kind::CarePlan>(Id::new(id))).select(care_plans::participant_id),
        )?,
    };
    Ok(found.map(|participant| participant.0))
}
