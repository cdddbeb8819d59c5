//! The audit log: who did what to whose record. Rows are added, never changed.

use alongside_domain::id::{AuditEventId, ParticipantId, kind};
use alongside_domain::policy::Role;
use diesel::prelude::*;

use crate::db::{Db, exec};
use crate::error::StoreError;
use crate::schema::{audit_events, audit_subjects};
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
