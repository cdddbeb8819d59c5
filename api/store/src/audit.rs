//! The audit log: who did what to whose record. Rows are added, never changed.

use alongside_domain::audit::Outcome;
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{AuditEventId, Id, ParticipantId, kind};
use alongside_domain::policy::{Operation, Role};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use crate::context::Duty;
use crate::db::{Db, cols, exec, maybe, rewrite};
use crate::error::StoreError;
use crate::schema::{assessments, assignments, audit_events, care_plans, consents, rights_requests};
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
    if !listed.is_empty() {
        subjects(db, event, listed)?;
    }
    Ok(())
}

/// One statement whatever their number, prepared once: they go in as a JSON array, since nothing else that holds many
/// values is known to both engines.
fn subjects(db: &mut Db<'_>, event: &AuditEvent, listed: &[ParticipantId]) -> Result<(), StoreError> {
    let listed = serde_json::to_string(listed)?;
    let event = event.id.0.uuid().to_string();
    let rows = match db {
        Db::Pg(_) => {
            "INSERT INTO audit_subjects (participant_id, audit_event_id) \
             SELECT value::uuid, $1::uuid FROM jsonb_array_elements_text($2::jsonb)"
        }
        Db::Sqlite(_) => {
            "INSERT INTO audit_subjects (participant_id, audit_event_id) \
             SELECT unhex(value, '-'), unhex(?, '-') FROM json_each(?)"
        }
    };
    rewrite(db, sql_query(rows).bind::<Text, _>(event).bind::<Text, _>(listed))?;
    Ok(())
}

/// The event with this id, where it says that this was done to this participant's record by one of these operations,
/// from `since` on.
///
/// # Errors
/// What the database says.
pub fn is_change(
    db: &mut Db<'_>,
    id: AuditEventId,
    participant: ParticipantId,
    operations: &[Operation],
    since: Timestamp,
) -> Result<bool, StoreError> {
    let event: Option<AuditEvent> =
        maybe(db, audit_events::table.find(Key(id)).select(cols::<AuditEvent>()))?;
    Ok(event.is_some_and(|event| {
        event.participant_id == Some(Key(participant))
            && operations.iter().any(|operation| operation.name() == event.operation)
            && Outcome::of_status(event.status) == Outcome::Done
            && event.at.0 >= since
    }))
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
    RightsRequest,
}

/// Whose record it is, in whatever world: for the log alone, never for an answer.
///
/// # Errors
/// What the database says.
pub fn whose(db: &mut Db<'_>, record: Record, id: uuid::Uuid) -> Result<Option<ParticipantId>, StoreError> {
    // Somebody who was never there leaves no trace but that he was asked for.
    if record == Record::Participant {
        return Ok(Some(ParticipantId::new(id)));
    }
    let found: Option<Key<kind::Participant>> = db.within(Duty::WhoseRecord, |db| {
        Ok::<_, StoreError>(match record {
            Record::Participant => None,
            Record::Consent => maybe(
                db,
                consents::table.find(Key::<kind::Consent>(Id::new(id))).select(consents::participant_id),
            )?,
            Record::Assignment => maybe(
                db,
                assignments::table
                    .find(Key::<kind::Assignment>(Id::new(id)))
                    .select(assignments::participant_id),
            )?,
            Record::Assessment => maybe(
                db,
                assessments::table
                    .find(Key::<kind::Assessment>(Id::new(id)))
                    .select(assessments::participant_id),
            )?,
            Record::CarePlan => maybe(
                db,
                care_plans::table.find(Key::<kind::CarePlan>(Id::new(id))).select(care_plans::participant_id),
            )?,
            Record::RightsRequest => maybe(
                db,
                rights_requests::table
                    .find(Key::<kind::RightsRequest>(Id::new(id)))
                    .select(rights_requests::participant_id),
            )?,
        })
    })?;
    Ok(found.map(|participant| participant.0))
}
