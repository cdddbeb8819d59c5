//! Status changes: each step of a participant's way through the programme, recorded and kept.

use actix_web::{HttpRequest, HttpResponse, get, post};
use alongside_domain::id::{ConsentId, ParticipantId, PersonId, StatusChangeId};
use alongside_domain::participant::Status;
use alongside_domain::policy::Operation;
use alongside_domain::status_change::{Change, DecidedBy, Reason, is_criterion};
use alongside_store::participant::Participant;
use alongside_store::status_change::{self, Author, New, StatusChange};
use alongside_store::{consent, participant};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{Array, ArrayBuilder, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::checks;
use crate::http::etag::IfMatch;
use crate::http::page::{self, List, Paging};
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Query, Refusal, Reply, Services};

/// A step to record.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"to": "paused", "decided_by": "participant", "effective_on": "2026-11-02"}))]
pub struct StatusChangeCreate {
    /// Chosen by the client, so that a retry is recognised.
    pub id: Option<StatusChangeId>,
    /// Where he stands now.
    pub to: Status,
    /// With `declined`: why. Coming back from `capacity_hold`: how the doubt was settled. Otherwise absent.
    pub reason: Option<Reason>,
    /// With `paused` and `stopped`: who decided. Other steps say it themselves.
    pub decided_by: Option<DecidedBy>,
    /// With `ineligible`: the codes of the criteria that he does not meet, as the protocol names them.
    #[serde(default)]
    #[validate(length(max = 20), custom(function = "are_criteria"))]
    #[schema(schema_with = criteria)]
    pub criteria: Vec<String>,
    /// With `declined`: whether a supporter was offered. Without that offer, having no internet, no device or no
    /// confidence is no reason yet.
    pub support_offered: Option<bool>,
    /// The day it holds from; with `deceased` the day of death. Today, when absent.
    pub effective_on: Option<NaiveDate>,
}

fn criteria() -> Array {
    let code = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(32))
        .pattern(Some("^[A-Za-z0-9._-]+$"));
    ArrayBuilder::new().items(code).max_items(Some(20)).build()
}

fn are_criteria(codes: &[String]) -> Result<(), ValidationError> {
    if codes.iter().all(|code| is_criterion(code)) {
        return Ok(());
    }
    let message = "Each must be a code of up to 32 letters, digits, dots, hyphens and underscores.";
    Err(ValidationError::new("format").with_message(message.into()))
}

/// A step of a participant's way through the programme.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e95", "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e80",
    "from": "active", "to": "paused", "reason": null, "decided_by": "participant", "criteria": [],
    "support_offered": null, "effective_on": "2026-11-02", "consent_id": null,
    "supporters_to_tell": ["0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e73"], "participant_version": 8,
    "recorded_by": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70", "recorded_at": "2026-11-02T09:30:00Z"
}))]
pub struct StatusChangeView {
    pub id: StatusChangeId,
    pub participant_id: ParticipantId,
    pub from: Status,
    pub to: Status,
    pub reason: Option<Reason>,
    /// Who decided, or what did; null where nobody had to.
    pub decided_by: Option<DecidedBy>,
    #[schema(schema_with = criteria)]
    pub criteria: Vec<String>,
    pub support_offered: Option<bool>,
    pub effective_on: NaiveDate,
    /// The consent that was given or taken back, where that moved him.
    pub consent_id: Option<ConsentId>,
    /// The supporters who knew him and whose help it ended or put on hold. They see nothing of him from now on: a
    /// person should tell them, above all of a death.
    #[schema(max_items = 20)]
    pub supporters_to_tell: Vec<PersonId>,
    /// The version of the participant's record that it made: what `If-Match` wants to hear next.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub participant_version: i64,
    /// The person or service client who recorded it.
    pub recorded_by: PersonId,
    pub recorded_at: DateTime<Utc>,
}

impl From<StatusChange> for StatusChangeView {
    fn from(row: StatusChange) -> Self {
        Self {
            id: row.id.0,
            participant_id: row.participant_id.0,
            from: row.from_status.0,
            to: row.to_status.0,
            reason: row.reason.map(|reason| reason.0),
            decided_by: row.decided_by.map(|by| by.0),
            criteria: row.criteria.0,
            support_offered: row.support_offered,
            effective_on: row.effective_on,
            consent_id: row.consent_id.map(|id| id.0),
            supporters_to_tell: row.supporters.0,
            participant_version: row.participant_version,
            recorded_by: PersonId::new(row.recorded_by.0.uuid()),
            recorded_at: row.recorded_at.0,
        }
    }
}

/// A page of status changes, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusChangePage {
    #[schema(max_items = 200)]
    pub items: Vec<StatusChangeView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which page.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatusChangeQuery {
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// List a participant's status changes
///
/// His way through the programme, oldest first: who recorded which step when and why, those that a consent brought
/// about as well. They never change.
#[utoipa::path(
    tag = "participants", operation_id = "list_status_changes",
    params(("id" = ParticipantId, Path, description = "The participant."), StatusChangeQuery),
    responses((status = 200, description = "A page of status changes.", body = StatusChangePage))
)]
#[get("/v1/participants/{id}/status-changes")]
async fn list_status_changes(
    request: HttpRequest,
    permit: Permit<{ Operation::ListStatusChanges.id() }>,
    path: Path<ParticipantId>,
    query: Query<StatusChangeQuery>,
) -> Result<HttpResponse, Problem> {
    let (id, StatusChangeQuery { limit, cursor }) = (*path, query.into_inner());
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListStatusChanges.name(), &id)?;
    let after: Option<i64> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let mut rows = permit
        .read(move |ctx| {
            participant::find(ctx.db, ctx.scope, id)?;
            ctx.about(id);
            Ok(status_change::list(ctx.db, id, after, fetch)?)
        })
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.participant_version)?;
    let items = rows.into_iter().map(StatusChangeView::from).collect();
    Ok(page::respond(&request, &StatusChangePage { items, next: next.clone() }, next.as_deref()))
}

/// Record a status change
///
/// The next step of his way: approached, declined, ineligible, baseline, allocated, active, completed, and at the side
/// paused, on hold for his capacity, out of contact, stopped, deceased. `If-Match` names the version of the
/// participant's record. A step that cannot follow is refused with those that can. Taking part stands on consent: who
/// was not taking part yet, or stopped, comes in by a new consent, not by this.
///
/// What it ends is over with this answer. Unless he takes part, no supporter is in touch and help with a form that is
/// going on is closed; assignments go on hold (`paused`, `capacity_hold`, `lost_contact`) or end (`completed`,
/// `stopped`, `declined`, `ineligible`, `deceased`). With a death his own account is closed. Back from a pause, contact is allowed again as far as his consent
/// goes, and each assignment is resumed by itself.
#[utoipa::path(
    tag = "participants", operation_id = "create_status_change", request_body = StatusChangeCreate,
    params(
        ("id" = ParticipantId, Path, description = "The participant."),
        ("If-Match" = String, Header, description = "The version of the participant that was read.", max_length = 64)
    ),
    responses(
        (status = 201, description = "The step is recorded.", body = StatusChangeView),
        (status = 200, description = "The same request recorded it before.", body = StatusChangeView)
    )
)]
#[post("/v1/participants/{id}/status-changes")]
async fn create_status_change(
    permit: Permit<{ Operation::CreateStatusChange.id() }>,
    path: Path<ParticipantId>,
    if_match: IfMatch,
    body: Json<StatusChangeCreate>,
) -> Result<HttpResponse, Problem> {
    let (participant_id, new) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let participant = participant::find(ctx.db, ctx.scope, participant_id)?;
            ctx.about(participant_id);
            let id = new.id.unwrap_or_else(|| StatusChangeId::new(ctx.fresh()));
            if new.id.is_some() {
                if let Some(found) = status_change::try_find(ctx.db, participant_id, id)? {
                    return ctx.repeated(id.uuid(), |_| Reply::ok_plain(&StatusChangeView::from(found)));
                }
                ctx.creates(id.uuid())?;
            }
            if_match.check(participant.version)?;
            let author = Author { change: id, by: ctx.caller.actor_id() };
            let row = record(ctx, &participant, &new, author)?;
            ctx.resource(id.uuid());
            let place = format!("/v1/participants/{participant_id}/status-changes");
            Reply::created_plain(place, &StatusChangeView::from(row))
        })
        .await
}

fn record(
    ctx: &mut Ctx<'_, '_>,
    participant: &Participant,
    new: &StatusChangeCreate,
    author: Author,
) -> Result<StatusChange, Refusal> {
    let change = Change {
        from: participant.status.0,
        to: participant.status.0.move_to(new.to)?,
        reason: new.reason,
        decided_by: new.decided_by,
        criteria: &new.criteria,
        support_offered: new.support_offered,
    };
    let mut problem = Problem::new(Code::Invalid);
    for finding in change.findings() {
        problem = problem.field(format!("/{}", finding.member), finding.code, finding.message);
    }
    let today = ctx.now.date_naive();
    let effective_on = new.effective_on.unwrap_or(today);
    if checks::is_to_come(effective_on, today) {
        problem = problem.field("/effective_on", "future", "This day has not come yet.");
    }
    if !problem.errors().is_empty() {
        return Err(problem.into());
    }
    let effect = consent::effect_in_force(ctx.db, participant.id.0)?;
    if !change.has_its_consent(effect.take_part) {
        let detail = "Nobody takes part without consent in force. Record a new consent: it brings him in.";
        return Err(Problem::new(Code::ConsentMissing).detail(detail).into());
    }
    let new = New {
        author,
        to: change.to,
        reason: change.reason,
        decided_by: change.decider(),
        criteria: new.criteria.clone(),
        support_offered: new.support_offered,
        effective_on,
    };
    Ok(status_change::record(ctx.db, participant, new, &effect, ctx.now)?)
}

pub fn routes(config: &mut impl Services) {
    config.service(list_status_changes).service(create_status_change);
}
