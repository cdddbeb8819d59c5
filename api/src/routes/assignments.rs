//! Assignments: who supports whom, from the offer to the goodbye.

use actix_web::{HttpRequest, HttpResponse, get, post};
use alongside_domain::assignment::{Condition, EndReason, Purpose, State, Step};
use alongside_domain::id::{AssignmentId, ParticipantId, PersonId, SiteId};
use alongside_domain::participant::{Status, Support};
use alongside_domain::policy::{Operation, Role};
use alongside_store::assignment::{self, Assignment, Filter};
use alongside_store::participant;
use alongside_store::types::{At, Code as Coded, Document, Key};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::checks;
use crate::http::page::{self, List, Paging};
use crate::http::{Code, Ctx, Json, OptionalJson, Path, Permit, Problem, Query, Refusal, Reply, Services};

/// A supporter is asked to help a participant.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e80", "supporter_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e73",
    "purpose": "digital_help", "conditions": ["daytime_only"], "knows_participant": false
}))]
pub struct AssignmentCreate {
    /// Chosen by the client, so that a retry is recognised.
    pub id: Option<AssignmentId>,
    pub participant_id: ParticipantId,
    /// A person with the role of supporter in this programme, for this site.
    pub supporter_id: PersonId,
    pub purpose: Purpose,
    #[serde(default)]
    #[validate(length(max = 3))]
    #[schema(max_items = 3)]
    pub conditions: Vec<Condition>,
    /// The declaration whether the supporter knows the participant. Nobody is assigned to someone he knows.
    pub knows_participant: bool,
}

/// The supporter's own declaration.
#[derive(Debug, Clone, Default, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"knows_participant": false}))]
pub struct AssignmentAcceptance {
    /// Accepting declares that he does not know the participant. Whoever does says so here, and cannot accept.
    #[serde(default)]
    pub knows_participant: bool,
}

/// How it ends.
#[derive(Debug, Clone, Default, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "completed", "plan_goodbye": false}))]
pub struct AssignmentEnding {
    /// Neutral by design: the supporter may read it. `completed` when absent.
    pub reason: Option<EndReason>,
    /// First `ending`, while the goodbye is planned; the next call ends it. Otherwise it ends at once.
    #[serde(default)]
    pub plan_goodbye: bool,
}

/// Why it comes to nothing.
#[derive(Debug, Clone, Default, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "supporter_unavailable"}))]
pub struct AssignmentWithdrawal {
    /// Neutral by design: the supporter may read it. `other` when absent.
    pub reason: Option<EndReason>,
}

/// An assignment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5ec0", "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e80",
    "site_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e72", "supporter_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e73",
    "purpose": "digital_help", "state": "offered", "allowed_next": ["accepted", "withdrawn"],
    "conditions": ["daytime_only"], "knows_participant": false,
    "offered_by": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70", "offered_at": "2026-11-02T09:30:00Z",
    "accepted_at": null, "introduced_at": null, "started_at": null, "ended_at": null, "end_reason": null,
    "version": 1, "created_at": "2026-11-02T09:30:00Z", "updated_at": "2026-11-02T09:30:00Z"
}))]
pub struct AssignmentView {
    pub id: AssignmentId,
    pub participant_id: ParticipantId,
    pub site_id: SiteId,
    pub supporter_id: PersonId,
    pub purpose: Purpose,
    pub state: State,
    /// The states that can follow.
    #[schema(max_items = 9)]
    pub allowed_next: Vec<State>,
    #[schema(max_items = 3)]
    pub conditions: Vec<Condition>,
    pub knows_participant: bool,
    pub offered_by: PersonId,
    pub offered_at: DateTime<Utc>,
    pub accepted_at: Option<DateTime<Utc>>,
    /// When the participant said yes to this supporter.
    pub introduced_at: Option<DateTime<Utc>>,
    /// When it first became active.
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub end_reason: Option<EndReason>,
    /// What `If-Match` wants to hear, without its quotes.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<&Assignment> for AssignmentView {
    fn from(row: &Assignment) -> Self {
        Self {
            id: row.id.0,
            participant_id: row.participant_id.0,
            site_id: row.site_id.0,
            supporter_id: row.supporter_id.0,
            purpose: row.purpose.0,
            state: row.state.0,
            allowed_next: row.state.0.allowed_next().to_vec(),
            conditions: row.conditions.0.clone(),
            knows_participant: row.knows_participant,
            offered_by: row.offered_by.0,
            offered_at: row.offered_at.0,
            accepted_at: row.accepted_at.map(|at| at.0),
            introduced_at: row.introduced_at.map(|at| at.0),
            started_at: row.started_at.map(|at| at.0),
            ended_at: row.ended_at.map(|at| at.0),
            end_reason: row.end_reason.map(|reason| reason.0),
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

/// A page of assignments.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignmentPage {
    #[schema(max_items = 200)]
    pub items: Vec<AssignmentView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which assignments.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AssignmentQuery {
    /// Only those of this participant.
    pub participant_id: Option<ParticipantId>,
    /// Only those of this supporter.
    pub supporter_id: Option<PersonId>,
    /// Only those that stand here.
    pub state: Option<State>,
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// List the assignments
///
/// Those of the caller's programme or sites; for a supporter his own that are not over, offers included.
#[utoipa::path(
    tag = "assignments", operation_id = "list_assignments", params(AssignmentQuery),
    responses((status = 200, description = "A page of assignments.", body = AssignmentPage))
)]
#[get("/v1/assignments")]
async fn list_assignments(
    request: HttpRequest,
    permit: Permit<{ Operation::ListAssignments.id() }>,
    query: Query<AssignmentQuery>,
) -> Result<HttpResponse, Problem> {
    let AssignmentQuery { participant_id, supporter_id, state, limit, cursor } = query.into_inner();
    let filter = Filter { participant_id, supporter_id, state };
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListAssignments.name(), &filter)?;
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let shown = usize::try_from(paging.limit()).unwrap_or(usize::MAX);
    let mut rows = permit
        .read(move |ctx| {
            let rows = assignment::list(ctx.db, ctx.scope, &filter, after.map(AssignmentId::new), fetch)?;
            ctx.lists(rows.iter().take(shown).map(|row| row.participant_id.0));
            Ok(rows)
        })
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let items = rows.iter().map(AssignmentView::from).collect();
    Ok(page::respond(&request, &AssignmentPage { items, next: next.clone() }, next.as_deref()))
}

/// Offer a participant to a supporter
///
/// One supporter at a time for one purpose, and never someone who knows the participant. The supporter sees nothing of
/// the participant until the assignment is active.
#[utoipa::path(
    tag = "assignments", operation_id = "create_assignment", request_body = AssignmentCreate,
    responses((status = 201, description = "The supporter is asked.", body = AssignmentView))
)]
#[post("/v1/assignments")]
async fn create_assignment(
    permit: Permit<{ Operation::CreateAssignment.id() }>,
    body: Json<AssignmentCreate>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner();
    permit
        .write(move |ctx| {
            let id = new.id.unwrap_or_else(|| AssignmentId::new(ctx.fresh()));
            if new.id.is_some() {
                if let Some(found) = assignment::try_find(ctx.db, ctx.scope, id)? {
                    ctx.about(found.participant_id.0);
                    return ctx
                        .repeated(id.uuid(), |_| Reply::ok(found.version, &AssignmentView::from(&found)));
                }
                ctx.creates(id.uuid())?;
            }
            let unknown = |pointer: &'static str, message: &'static str| {
                Refusal::from(Problem::new(Code::Invalid).field(pointer, "unknown", message))
            };
            ctx.seeks(new.participant_id);
            let participant =
                participant::try_find(ctx.db, ctx.scope, new.participant_id)?.ok_or_else(|| {
                    unknown("/participant_id", "There is no such participant in this programme.")
                })?;
            ctx.about(new.participant_id);
            require_open(participant.status.0)?;
            checks::require_unrestricted(ctx, new.participant_id)?;
            let (programme, site) = (participant.programme_id.0, participant.site_id.0);
            if !assignment::is_supporter(ctx.db, new.supporter_id, programme, site)? {
                return Err(unknown("/supporter_id", "Nobody with this id is a supporter at this site now."));
            }
            if new.knows_participant {
                return Err(knows_each_other());
            }
            let row = Assignment {
                id: Key(id),
                programme_id: Key(programme),
                site_id: Key(site),
                participant_id: Key(new.participant_id),
                supporter_id: Key(new.supporter_id),
                purpose: Coded(new.purpose),
                state: Coded(State::Proposed.after(Step::Offer)?),
                conditions: Document(new.conditions.clone()),
                knows_participant: false,
                offered_by: Key(PersonId::new(ctx.caller.actor_id())),
                offered_at: At(ctx.now),
                accepted_at: None,
                introduced_at: None,
                started_at: None,
                ended_at: None,
                end_reason: None,
                created_at: At(ctx.now),
                updated_at: At(ctx.now),
                version: 1,
            };
            assignment::insert(ctx.db, &row).map_err(|error| {
                if !error.violates(assignment::ONE_LIVE) {
                    return Refusal::from(error);
                }
                let detail =
                    "The participant has a supporter for this purpose already. End that assignment first.";
                Problem::new(Code::Conflict).detail(detail).into()
            })?;
            ctx.resource(id.uuid());
            Reply::created(format!("/v1/assignments/{id}"), 1, &AssignmentView::from(&row))
        })
        .await
}

/// 409 where every arrangement is over for good.
fn require_open(status: Status) -> Result<(), Refusal> {
    if status.support() != Support::Over {
        return Ok(());
    }
    let detail = format!("No supporter is offered while the participant is in the state {status}.");
    Err(Problem::new(Code::Conflict).detail(detail).into())
}

fn knows_each_other() -> Refusal {
    let detail =
        "A supporter is never assigned to someone he knows. Offer this participant to another supporter.";
    let message = "He knows the participant.";
    Problem::new(Code::Conflict).detail(detail).field("/knows_participant", "conflict", message).into()
}

/// Look at an assignment
///
/// For the supporter it is gone with its end.
#[utoipa::path(
    tag = "assignments", operation_id = "get_assignment",
    params(("id" = AssignmentId, Path, description = "The assignment.")),
    responses((status = 200, description = "The assignment.", body = AssignmentView))
)]
#[get("/v1/assignments/{id}")]
async fn get_assignment(
    permit: Permit<{ Operation::GetAssignment.id() }>,
    path: Path<AssignmentId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .show(move |ctx| {
            let row = assignment::find(ctx.db, ctx.scope, id)?;
            ctx.about(row.participant_id.0);
            Ok((row.version, AssignmentView::from(&row)))
        })
        .await
}

/// Takes one step, with what it changes besides the state.
fn take(
    ctx: &mut Ctx<'_, '_>,
    id: AssignmentId,
    step: Step,
    change: impl FnOnce(&mut Assignment, At),
) -> Result<Reply, Refusal> {
    let mut row = assignment::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    row.state = Coded(row.state.0.after(step)?);
    match row.state.0 {
        State::Active => require_ready(ctx, &row)?,
        // On the way to being in touch.
        State::Accepted | State::Introduced => checks::require_unrestricted(ctx, row.participant_id.0)?,
        _ => {}
    }
    change(&mut row, At(ctx.now));
    let row = assignment::save(ctx.db, &row, ctx.now)?;
    Reply::ok(row.version, &AssignmentView::from(&row))
}

/// Active means that the supporter sees the participant: consent must be in force, and the supporter still be one.
fn require_ready(ctx: &mut Ctx<'_, '_>, row: &Assignment) -> Result<(), Refusal> {
    checks::require_unrestricted(ctx, row.participant_id.0)?;
    let participant = participant::find(ctx.db, ctx.scope, row.participant_id.0)?;
    if !participant.supporter_contact_allowed {
        let detail = "The consent in force does not let a supporter be in touch with this participant.";
        return Err(Problem::new(Code::ConsentMissing).detail(detail).into());
    }
    if assignment::is_supporter(ctx.db, row.supporter_id.0, row.programme_id.0, row.site_id.0)? {
        return Ok(());
    }
    Err(Problem::new(Code::Conflict).detail("This person is not a supporter at this site any more.").into())
}

/// Accept an offer
///
/// The supporter says that he will help, and by this that he does not know the participant.
#[utoipa::path(
    tag = "assignments", operation_id = "accept_assignment", request_body = Option<AssignmentAcceptance>,
    params(("id" = AssignmentId, Path, description = "The assignment.")),
    responses((status = 200, description = "The assignment as it stands now.", body = AssignmentView))
)]
#[post("/v1/assignments/{id}/acceptance")]
async fn accept_assignment(
    permit: Permit<{ Operation::AcceptAssignment.id() }>,
    path: Path<AssignmentId>,
    body: OptionalJson<AssignmentAcceptance>,
) -> Result<HttpResponse, Problem> {
    let (id, said) = (*path, body.0.unwrap_or_default());
    permit
        .write(move |ctx| {
            if said.knows_participant {
                let row = assignment::find(ctx.db, ctx.scope, id)?;
                ctx.about(row.participant_id.0);
                return Err(knows_each_other());
            }
            take(ctx, id, Step::Accept, |row, now| row.accepted_at = Some(now))
        })
        .await
}

/// Introduce the supporter
///
/// The participant said yes to this person.
#[utoipa::path(
    tag = "assignments", operation_id = "introduce_assignment",
    params(("id" = AssignmentId, Path, description = "The assignment.")),
    responses((status = 200, description = "The assignment as it stands now.", body = AssignmentView))
)]
#[post("/v1/assignments/{id}/introduction")]
async fn introduce_assignment(
    permit: Permit<{ Operation::IntroduceAssignment.id() }>,
    path: Path<AssignmentId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit.write(move |ctx| take(ctx, id, Step::Introduce, |row, now| row.introduced_at = Some(now))).await
}

/// Begin the support
///
/// From now on the supporter sees the participant. The consent in force must allow contact.
#[utoipa::path(
    tag = "assignments", operation_id = "activate_assignment",
    params(("id" = AssignmentId, Path, description = "The assignment.")),
    responses((status = 200, description = "The assignment as it stands now.", body = AssignmentView))
)]
#[post("/v1/assignments/{id}/activation")]
async fn activate_assignment(
    permit: Permit<{ Operation::ActivateAssignment.id() }>,
    path: Path<AssignmentId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit.write(move |ctx| take(ctx, id, Step::Activate, |row, now| row.started_at = Some(now))).await
}

/// Put the support on hold
///
/// The supporter sees nothing of the participant until it goes on.
#[utoipa::path(
    tag = "assignments", operation_id = "hold_assignment",
    params(("id" = AssignmentId, Path, description = "The assignment.")),
    responses((status = 200, description = "The assignment as it stands now.", body = AssignmentView))
)]
#[post("/v1/assignments/{id}/hold")]
async fn hold_assignment(
    permit: Permit<{ Operation::HoldAssignment.id() }>,
    path: Path<AssignmentId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit.write(move |ctx| take(ctx, id, Step::Hold, |_, _| ())).await
}

/// Go on with the support
///
/// The consent in force must allow contact, as at the beginning.
#[utoipa::path(
    tag = "assignments", operation_id = "resume_assignment",
    params(("id" = AssignmentId, Path, description = "The assignment.")),
    responses((status = 200, description = "The assignment as it stands now.", body = AssignmentView))
)]
#[post("/v1/assignments/{id}/resumption")]
async fn resume_assignment(
    permit: Permit<{ Operation::ResumeAssignment.id() }>,
    path: Path<AssignmentId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit.write(move |ctx| take(ctx, id, Step::Resume, |_, _| ())).await
}

/// End the support
///
/// At once, or with a planned goodbye first. The supporter's access is over with this answer.
#[utoipa::path(
    tag = "assignments", operation_id = "end_assignment", request_body = Option<AssignmentEnding>,
    params(("id" = AssignmentId, Path, description = "The assignment.")),
    responses((status = 200, description = "The assignment as it stands now.", body = AssignmentView))
)]
#[post("/v1/assignments/{id}/ending")]
async fn end_assignment(
    permit: Permit<{ Operation::EndAssignment.id() }>,
    path: Path<AssignmentId>,
    body: OptionalJson<AssignmentEnding>,
) -> Result<HttpResponse, Problem> {
    let (id, how) = (*path, body.0.unwrap_or_default());
    permit
        .write(move |ctx| {
            if how.plan_goodbye {
                return take(ctx, id, Step::PlanGoodbye, |row, _| row.end_reason = how.reason.map(Coded));
            }
            take(ctx, id, Step::End, |row, now| {
                let reason = how.reason.map(Coded).or(row.end_reason);
                row.end_reason = reason.or(Some(Coded(EndReason::Completed)));
                row.ended_at = Some(now);
            })
        })
        .await
}

/// Withdraw an assignment
///
/// It comes to nothing, or is broken off. A supporter declines an offer, or steps back, in this way.
#[utoipa::path(
    tag = "assignments", operation_id = "withdraw_assignment", request_body = Option<AssignmentWithdrawal>,
    params(("id" = AssignmentId, Path, description = "The assignment.")),
    responses((status = 200, description = "The assignment as it stands now.", body = AssignmentView))
)]
#[post("/v1/assignments/{id}/withdrawal")]
async fn withdraw_assignment(
    permit: Permit<{ Operation::WithdrawAssignment.id() }>,
    path: Path<AssignmentId>,
    body: OptionalJson<AssignmentWithdrawal>,
) -> Result<HttpResponse, Problem> {
    let (id, why) = (*path, body.0.unwrap_or_default());
    permit
        .write(move |ctx| {
            let usual = match ctx.caller.role {
                Role::Supporter => EndReason::SupporterUnavailable,
                _ => EndReason::Other,
            };
            take(ctx, id, Step::Withdraw, |row, now| {
                row.end_reason = Some(Coded(why.reason.unwrap_or(usual)));
                row.ended_at = Some(now);
            })
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config
        .service(list_assignments)
        .service(create_assignment)
        .service(get_assignment)
        .service(accept_assignment)
        .service(introduce_assignment)
        .service(activate_assignment)
        .service(hold_assignment)
        .service(resume_assignment)
        .service(end_assignment)
        .service(withdraw_assignment);
}
