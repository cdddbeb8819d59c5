//! The audit log: who did what to whose record.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, get};
use alongside_domain::access_record::{Use, sentence};
use alongside_domain::audit::{Outcome, is_confidential, named_in_plain_words};
use alongside_domain::emergency_access::{EmergencyReason, of_log_detail};
use alongside_domain::id::{AuditEventId, ClientId, EmergencyAccessId, ParticipantId, PersonId};
use alongside_domain::policy::{Operation, Role};
use alongside_store::audit::AuditEvent;
use alongside_store::audit_list::{self, Filter};
use alongside_store::{Duty, StoreError, client, emergency_access, person, programme};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use crate::http::page::{self, List, Paging};
use crate::http::{Code, Path, Permit, Problem, Query, Services};

/// One request, whatever came of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e75", "at": "2026-11-02T09:30:00Z",
    "person_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70", "client_id": null, "role": "supporter",
    "operation": "get_participant", "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e76",
    "resource_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e76", "status": 200, "outcome": "done",
    "emergency_access_id": null, "request_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e77"
}))]
pub struct AuditEventView {
    pub id: AuditEventId,
    pub at: DateTime<Utc>,
    pub person_id: Option<PersonId>,
    pub client_id: Option<ClientId>,
    /// The role in which the request was made.
    pub role: Option<Role>,
    /// The operation id of the document.
    #[schema(max_length = 64)]
    pub operation: String,
    /// Whose record it was about. Null for a list, which is found by each participant it showed.
    pub participant_id: Option<ParticipantId>,
    /// What was named or made.
    pub resource_id: Option<Uuid>,
    /// The HTTP status of the answer.
    #[schema(minimum = 100, maximum = 599)]
    pub status: i32,
    pub outcome: Outcome,
    /// The access in an emergency that it was about, or without which nothing would have been shown.
    pub emergency_access_id: Option<EmergencyAccessId>,
    /// The request's id, as in `X-Request-Id`.
    pub request_id: Uuid,
}

impl From<AuditEvent> for AuditEventView {
    fn from(row: AuditEvent) -> Self {
        Self {
            id: row.id.0,
            at: row.at.0,
            person_id: row.person_id.map(|id| id.0),
            client_id: row.client_id.map(|id| id.0),
            role: row.role.map(|role| role.0),
            operation: row.operation,
            participant_id: row.participant_id.map(|id| id.0),
            resource_id: row.resource_id.map(|id| id.0.uuid()),
            status: row.status,
            outcome: Outcome::of_status(row.status),
            emergency_access_id: access_of(&row.detail),
            request_id: row.request_id.0.uuid(),
        }
    }
}

fn access_of(detail: &Option<String>) -> Option<EmergencyAccessId> {
    detail.as_deref().and_then(of_log_detail)
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEventPage {
    #[schema(max_items = 200)]
    pub items: Vec<AuditEventView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which events.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditEventQuery {
    /// Only events on this participant's record, and lists that showed it.
    pub participant_id: Option<ParticipantId>,
    /// Only what this person did.
    pub person_id: Option<PersonId>,
    /// Only this operation, by its id in the document.
    #[validate(length(max = 64))]
    #[param(max_length = 64)]
    pub operation: Option<String>,
    /// From this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub to: Option<DateTime<Utc>>,
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// An operation that is on the list, by its name.
fn operation(name: &str) -> Result<Operation, Problem> {
    Operation::named(name).filter(|operation| !is_confidential(*operation)).ok_or_else(|| {
        let message = "This must be the id of an operation in the document whose events are on this list.";
        Problem::new(Code::MalformedQuery).field("/operation", "choice", message)
    })
}

/// Read the audit log
///
/// What was done in the programme, the newest first. What concerns safeguarding cases is not on this list.
#[utoipa::path(
    tag = "audit-events", operation_id = "list_audit_events", params(AuditEventQuery),
    responses((status = 200, description = "A page of events.", body = AuditEventPage))
)]
#[get("/v1/audit-events")]
async fn list_audit_events(
    request: HttpRequest,
    permit: Permit<{ Operation::ListAuditEvents.id() }>,
    query: Query<AuditEventQuery>,
) -> Result<HttpResponse, Problem> {
    let AuditEventQuery { participant_id, person_id, operation: name, from, to, limit, cursor } =
        query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let filtered = (participant_id, person_id, &name, from, to);
    let list = List::new(permit.caller().actor_id(), Operation::ListAuditEvents.name(), &filtered)?;
    let before: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let operation = name.as_deref().map(operation).transpose()?;
    let filter = Filter { participant_id, person_id, operation, from, to, ..Filter::default() };
    let mut rows = permit
        .read(move |ctx| {
            let rows = audit_list::list(ctx.db, ctx.scope, &filter, before.map(AuditEventId::new), fetch)?;
            if let Some(participant) = filter.participant_id {
                ctx.about(participant);
            }
            Ok(rows)
        })
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let items = rows.into_iter().map(AuditEventView::from).collect();
    Ok(page::respond(&request, &AuditEventPage { items, next: next.clone() }, next.as_deref()))
}

/// One use of a record, for the person whose record it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e75", "at": "2026-11-02T09:30:00Z", "who": "Sam Supporter",
    "role": "supporter", "client": null, "operation": "get_participant", "what": "Looked at the record",
    "outcome": "done", "emergency_reason": null,
    "sentence": "On 2 November 2026 at 09:30, Sam Supporter (peer supporter) looked at the record."
}))]
pub struct RecordUseView {
    pub id: AuditEventId,
    pub at: DateTime<Utc>,
    /// The name of the person; null for a program and for somebody whose account is gone.
    #[schema(max_length = 120)]
    pub who: Option<String>,
    /// The role in which it was done.
    pub role: Option<Role>,
    /// The name of the program, where a program acted.
    #[schema(max_length = 120)]
    pub client: Option<String>,
    /// The operation id of the document.
    #[schema(max_length = 64)]
    pub operation: String,
    /// The operation in plain words.
    #[schema(max_length = 80)]
    pub what: String,
    pub outcome: Outcome,
    /// Why the record was open to somebody of another site, where only an emergency opened it.
    pub emergency_reason: Option<EmergencyReason>,
    /// All of it in one sentence for the person whose record it is; the time is that of the programme.
    #[schema(max_length = 600)]
    pub sentence: String,
}

/// A page of the uses of a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordUsePage {
    #[schema(max_items = 200)]
    pub items: Vec<RecordUseView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which uses of the record.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecordUseQuery {
    /// From this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub to: Option<DateTime<Utc>>,
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// See who looked at a record
///
/// Who used the record, when and what for, the newest first: lists that showed it and requests that were refused too.
#[utoipa::path(
    tag = "audit-events", operation_id = "list_participant_audit_events",
    params(("id" = ParticipantId, Path, description = "The participant."), RecordUseQuery),
    responses((status = 200, description = "A page of the uses of the record.", body = RecordUsePage))
)]
#[get("/v1/participants/{id}/audit-events")]
async fn list_participant_audit_events(
    request: HttpRequest,
    permit: Permit<{ Operation::ListParticipantAuditEvents.id() }>,
    path: Path<ParticipantId>,
    query: Query<RecordUseQuery>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let RecordUseQuery { from, to, limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let filtered = (id, from, to);
    let list =
        List::new(permit.caller().actor_id(), Operation::ListParticipantAuditEvents.name(), &filtered)?;
    let before: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    // On a participant's own screen a safeguarding lead's reading would tell whoever looks over his shoulder that
    // somebody raised a concern.
    let without_role = (permit.caller().role == Role::Participant).then_some(Role::SafeguardingLead);
    let mut filter = Filter { from, to, without_role, ..Filter::default() };
    let own = permit.caller().role == Role::Participant;
    let (mut rows, names, timezone) = permit
        .read(move |ctx| {
            if own {
                filter.without_access = emergency_access::held_from(ctx.db, id)?;
            }
            let before = before.map(AuditEventId::new);
            let rows = audit_list::of_participant(ctx.db, ctx.scope, id, &filter, before, fetch)?;
            let people: Vec<_> = rows.iter().filter_map(|row| row.person_id).map(|id| id.0).collect();
            let clients: Vec<_> = rows.iter().filter_map(|row| row.client_id).map(|id| id.0).collect();
            let accesses: Vec<_> = rows.iter().filter_map(|row| access_of(&row.detail)).collect();
            ctx.about(id);
            let programme = ctx.programme()?;
            let timezone = programme::find(ctx.db, ctx.scope, programme)?.timezone;
            // Who reached for him from another programme has a name as well.
            let (people, clients) = ctx.db.within(Duty::AccessRecord, |db| {
                Ok::<_, StoreError>((person::names(db, &people)?, client::names(db, &clients)?))
            })?;
            let reasons = emergency_access::reasons(ctx.db, &accesses)?;
            Ok((rows, Names { people, clients, reasons }, timezone))
        })
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let view = |row| record_use(row, &names, &timezone, own);
    let items = rows.into_iter().map(view).collect();
    Ok(page::respond(&request, &RecordUsePage { items, next: next.clone() }, next.as_deref()))
}

/// What ids on the page stand for.
struct Names {
    people: HashMap<PersonId, String>,
    clients: HashMap<ClientId, String>,
    reasons: HashMap<EmergencyAccessId, EmergencyReason>,
}

fn record_use(row: AuditEvent, names: &Names, timezone: &str, own: bool) -> RecordUseView {
    let what = named_in_plain_words(&row.operation);
    let who = row.person_id.and_then(|id| names.people.get(&id.0));
    let client = row.client_id.and_then(|id| names.clients.get(&id.0));
    let reason = emergency_access::used(&row).and_then(|id| names.reasons.get(&id)).copied();
    let told = Use {
        at: row.at.0,
        timezone,
        who: who.map(String::as_str),
        client: client.map(String::as_str),
        role: row.role.map(|role| role.0),
        what,
        outcome: Outcome::of_status(row.status),
        emergency: reason,
    };
    RecordUseView {
        id: row.id.0,
        at: row.at.0,
        sentence: sentence(&told, own),
        who: who.cloned(),
        role: told.role,
        client: client.cloned(),
        what: what.to_owned(),
        operation: row.operation,
        outcome: told.outcome,
        emergency_reason: told.emergency,
    }
}

pub fn routes(config: &mut impl Services) {
    config.service(list_audit_events).service(list_participant_audit_events);
}
