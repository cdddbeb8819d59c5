//! Safeguarding concerns: many may raise one, few may read one, and for those whom it excludes there is none.

use actix_web::{HttpRequest, HttpResponse, get, post};
use alongside_domain::content;
use alongside_domain::flag::{Raiser, ReceiptStatus, Report, Source, Status, TriggerKind, human_sources};
use alongside_domain::id::{AssessmentId, ClientId, FlagId, ParticipantId, PersonId};
use alongside_domain::policy::Operation;
use alongside_domain::site::SafeguardingContact;
use alongside_store::StoreError;
use alongside_store::flag::{self, Filter, Flag, NewFlag};
use alongside_store::flag_audience;
use alongside_store::sealing::Record;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::flag_report::FlagReport;
use crate::http::page::{self, List, Paging};
use crate::http::{Actor, Caller, Code, Ctx, Json, Path, Permit, Problem, Query, Refusal, Reply, Services};

/// A concern about somebody's safety.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e6f",
    "source": "disclosed",
    "immediate_danger": false,
    "report": {
        "verbatim": "My son has my bank card and he won't give it back.",
        "happened_at": "2026-11-06T14:10:00Z",
        "place": "At his home",
        "agreed_to_sharing": "yes",
        "wishes": "He wants his card back and no trouble for his son.",
        "alleged_person": {"relationship": "son"},
        "abuse_types": ["financial"]
    }
}))]
pub struct FlagCreate {
    /// Chosen by the client before it sends, so that a repeat is recognised. UUIDv7.
    pub id: Option<Uuid>,
    /// Whom it is about. May be left out: then say it in words.
    pub participant_id: Option<ParticipantId>,
    /// How you know: everything but `system_alert`.
    pub source: Source,
    /// Whether somebody is in danger now. Then call 999 first.
    pub immediate_danger: bool,
    #[validate(nested)]
    pub report: FlagReport,
}

/// All that the one who raised a flag ever sees of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e6f",
    "received_at": "2026-11-06T14:31:07.120394Z",
    "status": "received",
    "contact": {"phone": "01632 960100", "hours": "Monday to Friday, 09:00 to 17:00", "out_of_hours": "01632 960199"},
    "safety": ["In immediate danger, or if someone may die or be badly hurt: call 999 now."]
}))]
pub struct FlagReceipt {
    id: FlagId,
    received_at: DateTime<Utc>,
    status: ReceiptStatus,
    /// Whom to phone about safeguarding at the participant's site, where that is known.
    contact: Option<SafeguardingContact>,
    /// To be shown with every receipt: this program is never the emergency channel.
    #[schema(max_items = 20, max_length = 500)]
    safety: Vec<String>,
}

/// Which answer raised a flag. The answer itself is not shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlagTrigger {
    kind: TriggerKind,
    assessment_id: AssessmentId,
    #[schema(max_length = 255)]
    link_id: String,
}

/// A flag on the work list.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlagItem {
    id: FlagId,
    participant_id: Option<ParticipantId>,
    source: Source,
    immediate_danger: bool,
    trigger: Option<FlagTrigger>,
    status: Status,
    raised_at: DateTime<Utc>,
    /// When a safeguarding lead must have taken it on.
    acknowledge_by: DateTime<Utc>,
    /// Whether that moment has passed and nobody has.
    overdue: bool,
    acknowledged_at: Option<DateTime<Utc>>,
    acknowledged_by: Option<PersonId>,
}

/// The work list, what is due first at the top.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"items": [{
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e6f",
    "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70",
    "source": "system_alert",
    "immediate_danger": false,
    "trigger": {"kind": "self_harm", "assessment_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71", "link_id": "phq9.9"},
    "status": "raised",
    "raised_at": "2026-11-06T17:40:00Z",
    "acknowledge_by": "2026-11-06T18:40:00Z",
    "overdue": true,
    "acknowledged_at": null,
    "acknowledged_by": null
}], "next": null}))]
pub struct FlagPage {
    #[schema(max_items = 200)]
    items: Vec<FlagItem>,
    #[schema(max_length = 1024)]
    next: Option<String>,
}

/// A flag with its report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e6f",
    "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70",
    "raised_by_person_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e72",
    "raised_by_client_id": null,
    "source": "disclosed",
    "immediate_danger": false,
    "trigger": null,
    "report": {"verbatim": "My son has my bank card and he won't give it back.", "abuse_types": ["financial"]},
    "status": "raised",
    "raised_at": "2026-11-06T14:31:07.120394Z",
    "acknowledge_by": "2026-11-06T15:31:07.120394Z",
    "acknowledged_at": null,
    "acknowledged_by": null
}))]
pub struct FlagView {
    id: FlagId,
    participant_id: Option<ParticipantId>,
    /// Both null when an answer raised it.
    raised_by_person_id: Option<PersonId>,
    raised_by_client_id: Option<ClientId>,
    source: Source,
    immediate_danger: bool,
    trigger: Option<FlagTrigger>,
    report: FlagReport,
    status: Status,
    raised_at: DateTime<Utc>,
    acknowledge_by: DateTime<Utc>,
    acknowledged_at: Option<DateTime<Utc>>,
    acknowledged_by: Option<PersonId>,
}

/// Who took a flag on, and when.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e6f",
    "status": "acknowledged",
    "acknowledged_at": "2026-11-06T14:40:00Z",
    "acknowledged_by": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e73"
}))]
pub struct FlagAcknowledgement {
    id: FlagId,
    status: Status,
    acknowledged_at: Option<DateTime<Utc>>,
    acknowledged_by: Option<PersonId>,
}

/// Which flags are wanted.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FlagQuery {
    /// Only those in this state.
    status: Option<Status>,
    /// `true`: only those that wait longer than they should. `false`: only the others.
    overdue: Option<bool>,
    /// Only those about this participant.
    participant_id: Option<ParticipantId>,
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

impl FlagReceipt {
    fn of(ctx: &mut Ctx<'_, '_>, flag: &Flag) -> Result<Self, Refusal> {
        Ok(Self {
            id: flag.id.0,
            received_at: flag.raised_at.0,
            status: flag.status.0.into(),
            contact: flag::contact(ctx.db, flag)?,
            safety: safety(flag_audience::has_somebody(ctx.db, flag.id.0)?),
        })
    }
}

/// What whoever raised a concern must know before anything else.
fn safety(somebody_can_act: bool) -> Vec<String> {
    let text = content::safety();
    let alone = (!somebody_can_act).then(|| text.nobody_to_act.clone());
    alone.into_iter().chain(text.emergency.iter().cloned()).collect()
}

impl FlagTrigger {
    fn of(flag: &Flag) -> Option<Self> {
        Some(Self {
            kind: flag.trigger_kind?.0,
            assessment_id: flag.assessment_id?.0,
            link_id: flag.trigger_link_id.clone()?,
        })
    }
}

impl FlagItem {
    fn of(flag: &Flag, now: DateTime<Utc>) -> Self {
        Self {
            id: flag.id.0,
            participant_id: flag.participant_id.map(|id| id.0),
            source: flag.source.0,
            immediate_danger: flag.immediate_danger,
            trigger: FlagTrigger::of(flag),
            status: flag.status.0,
            raised_at: flag.raised_at.0,
            acknowledge_by: flag.acknowledge_by.0,
            overdue: flag.status.0.is_overdue(flag.acknowledge_by.0, now),
            acknowledged_at: flag.acknowledged_at.map(|at| at.0),
            acknowledged_by: flag.acknowledged_by.map(|id| id.0),
        }
    }
}

impl FlagView {
    fn of(flag: &Flag, report: Report) -> Self {
        Self {
            id: flag.id.0,
            participant_id: flag.participant_id.map(|id| id.0),
            raised_by_person_id: flag.raised_by_person.map(|id| id.0),
            raised_by_client_id: flag.raised_by_client.map(|id| id.0),
            source: flag.source.0,
            immediate_danger: flag.immediate_danger,
            trigger: FlagTrigger::of(flag),
            report: report.into(),
            status: flag.status.0,
            raised_at: flag.raised_at.0,
            acknowledge_by: flag.acknowledge_by.0,
            acknowledged_at: flag.acknowledged_at.map(|at| at.0),
            acknowledged_by: flag.acknowledged_by.map(|id| id.0),
        }
    }
}

/// The person behind the request. The case of a flag is for people alone.
pub(super) fn reader(caller: &Caller) -> Result<PersonId, Refusal> {
    caller.person().ok_or_else(|| Problem::not_found().into())
}

fn raiser(caller: &Caller) -> Raiser {
    match caller.actor {
        Actor::Person(id) => Raiser::Person(id),
        Actor::Client(id) => Raiser::Client(id),
    }
}

/// The rules of a concern that go beyond single members.
fn check(new: &FlagCreate, report: &Report) -> Result<(), Problem> {
    let mut problem = Problem::new(Code::Invalid);
    if new.source == Source::SystemAlert {
        let message = format!("Only an answer raises this by itself. Choose one of: {}.", human_sources());
        problem = problem.field("/source", "choice", message);
    }
    if !report.tells_something() {
        let message = "Say in `verbatim` what was said, or in `what_was_seen` what was seen.";
        problem = problem.field("/report/verbatim", "required", message);
    }
    if problem.errors().is_empty() { Ok(()) } else { Err(problem) }
}

/// Raise a concern
///
/// Keeps the report exactly as sent; the answer comes when it is durable, and is a receipt, nothing more. A person with
/// an account who is named in `alleged_person` never sees the flag, whatever his role. In danger call 999 first:
/// this program is never the emergency channel. A supporter names only participants whom he helps now; about anybody
/// else leave `participant_id` out and say it in words.
#[utoipa::path(
    tag = "flags", operation_id = "create_flag", request_body = FlagCreate,
    responses((status = 201, description = "Received.", body = FlagReceipt))
)]
#[post("/v1/flags")]
async fn create_flag(
    permit: Permit<{ Operation::CreateFlag.id() }>,
    body: Json<FlagCreate>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner();
    permit
        .write(move |ctx| {
            let id = FlagId::new(new.id.unwrap_or_else(|| ctx.fresh()));
            // First of all: even the trace of a refused attempt is not for ordinary readers of the log.
            ctx.under_flag(id);
            ctx.resource(id.uuid());
            let report = Report::from(&new.report);
            check(&new, &report)?;
            let programme = ctx.programme()?;
            let raiser = raiser(ctx.caller);
            if let Some(found) = flag::try_find_own(ctx.db, ctx.scope, programme, raiser, id)? {
                return ctx.repeated(id.uuid(), |ctx| {
                    let receipt = FlagReceipt::of(ctx, &found)?;
                    Reply::ok_plain(&receipt)
                });
            }
            if new.id.is_some() {
                ctx.creates(id.uuid())?;
            }
            let alleged = report.alleged_person.as_ref().and_then(|alleged| alleged.person_id);
            if let Some(alleged) = alleged
                && !flag::knows_person(ctx.db, programme, alleged)?
            {
                let message =
                    "There is no such person in this programme. Describe the person in words instead.";
                let problem = Problem::new(Code::Invalid);
                return Err(problem.field("/report/alleged_person/person_id", "unknown", message).into());
            }
            let raised = NewFlag {
                id,
                programme,
                participant: new.participant_id,
                raiser,
                source: new.source,
                immediate_danger: new.immediate_danger,
                report: &report,
            };
            if let Some(participant) = new.participant_id {
                flag::require_in_world(ctx.db, ctx.scope, participant).map_err(unknown_participant)?;
            }
            let keys = ctx.keys(Record::of_flag(id, new.participant_id))?;
            let raised =
                flag::raise(ctx.db, &keys, ctx.scope, raised, ctx.now).map_err(unknown_participant)?;
            let receipt = FlagReceipt::of(ctx, &raised)?;
            Reply::created_plain(format!("/v1/flags/{id}/receipt"), &receipt)
        })
        .await
}

/// Get the receipt of a concern
///
/// For the one who raised it: that it arrived, and whether somebody has it.
#[utoipa::path(
    tag = "flags", operation_id = "get_flag_receipt",
    params(("id" = FlagId, Path, description = "The flag.")),
    responses((status = 200, description = "The receipt.", body = FlagReceipt))
)]
#[get("/v1/flags/{id}/receipt")]
async fn get_flag_receipt(
    permit: Permit<{ Operation::GetFlagReceipt.id() }>,
    path: Path<FlagId>,
) -> Result<HttpResponse, Problem> {
    let id = path.into_inner();
    let receipt = permit
        .read(move |ctx| {
            ctx.under_flag(id);
            let programme = ctx.programme()?;
            let found = flag::try_find_own(ctx.db, ctx.scope, programme, raiser(ctx.caller), id)?;
            FlagReceipt::of(ctx, &found.ok_or(StoreError::NotFound)?)
        })
        .await?;
    Ok(HttpResponse::Ok().json(receipt))
}

/// List the flags to work on
///
/// For safeguarding leads: every flag of the programme but those that exclude the caller, by the moment at which
/// somebody must have taken it on. A flag that leaves no safeguarding lead is on the list of the privacy officer, or else
/// of the trial manager, or else of the supervisor, who act on it in their stead.
#[utoipa::path(
    tag = "flags", operation_id = "list_flags", params(FlagQuery),
    responses((status = 200, description = "A page of the work list.", body = FlagPage))
)]
#[get("/v1/flags")]
async fn list_flags(
    request: HttpRequest,
    permit: Permit<{ Operation::ListFlags.id() }>,
    query: Query<FlagQuery>,
) -> Result<HttpResponse, Problem> {
    let FlagQuery { status, overdue, participant_id, limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let list = List::new(
        permit.caller().actor_id(),
        Operation::ListFlags.name(),
        &(status, overdue, participant_id),
    )?;
    let cursors = permit.cursors();
    let after: Option<(DateTime<Utc>, FlagId)> = paging.after(&cursors, &list)?;
    let (fetch, now) = (i64::from(paging.fetch()), permit.now());
    let filter = Filter { status, overdue, participant: participant_id };
    let mut rows =
        permit.read(move |ctx| Ok(flag::list(ctx.db, ctx.scope, filter, ctx.now, after, fetch)?)).await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| (row.acknowledge_by.0, row.id.0))?;
    let items = rows.iter().map(|row| FlagItem::of(row, now)).collect();
    Ok(page::respond(&request, &FlagPage { items, next: next.clone() }, next.as_deref()))
}

/// Get a flag
///
/// For safeguarding leads, or who stands in where there is none: the report as it was sent.
#[utoipa::path(
    tag = "flags", operation_id = "get_flag",
    params(("id" = FlagId, Path, description = "The flag.")),
    responses((status = 200, description = "The flag.", body = FlagView))
)]
#[get("/v1/flags/{id}")]
async fn get_flag(
    permit: Permit<{ Operation::GetFlag.id() }>,
    path: Path<FlagId>,
) -> Result<HttpResponse, Problem> {
    let id = path.into_inner();
    permit
        .show(move |ctx| {
            ctx.under_flag(id);
            let found = flag::find(ctx.db, ctx.scope, id)?;
            let keys = ctx.keys_of_flag(&found)?;
            let report = found.report(&keys)?;
            Ok((found.version, FlagView::of(&found, report)))
        })
        .await
}

fn unknown_participant(error: StoreError) -> Refusal {
    match error {
        StoreError::NotFound => {
            let message = "There is no such participant in your programme or caseload. Leave this out and say in words \
                           whom it is about.";
            Problem::new(Code::Invalid).field("/participant_id", "unknown", message).into()
        }
        other => Refusal::from(other),
    }
}

/// Take a flag on
///
/// A safeguarding lead says that he has read it and is acting; its clock stops. Whoever raised it sees that it is being
/// handled.
#[utoipa::path(
    tag = "flags", operation_id = "acknowledge_flag",
    params(("id" = FlagId, Path, description = "The flag.")),
    responses((status = 200, description = "Taken on.", body = FlagAcknowledgement))
)]
#[post("/v1/flags/{id}/acknowledgement")]
async fn acknowledge_flag(
    permit: Permit<{ Operation::AcknowledgeFlag.id() }>,
    path: Path<FlagId>,
) -> Result<HttpResponse, Problem> {
    let id = path.into_inner();
    permit
        .write(move |ctx| {
            ctx.under_flag(id);
            let found = flag::find(ctx.db, ctx.scope, id)?;
            let by = reader(ctx.caller)?;
            let status = found.status.0.acknowledge()?;
            let taken = flag::acknowledge(ctx.db, found, status, by, ctx.now)?;
            // No report in here: a kept answer is given again without asking whether the caller was excluded since.
            let view = FlagAcknowledgement {
                id,
                status: taken.status.0,
                acknowledged_at: taken.acknowledged_at.map(|at| at.0),
                acknowledged_by: taken.acknowledged_by.map(|by| by.0),
            };
            Reply::ok(taken.version, &view)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config
        .service(create_flag)
        .service(get_flag_receipt)
        .service(list_flags)
        .service(get_flag)
        .service(acknowledge_flag);
}
