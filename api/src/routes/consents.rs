//! Consents: what a participant agreed to, what it allows, and how it is taken back.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpRequest, HttpResponse, get, post};
use alongside_domain::consent::{CapacityJudgement, Effect, Method, unanswered, unasked};
use alongside_domain::id::{ConsentFormId, ConsentId, ParticipantId, PersonId, StatusChangeId};
use alongside_domain::policy::{Operation, Role, relation};
use alongside_store::consent::{self, Consent};
use alongside_store::sealing::RecordKeys;
use alongside_store::status_change::Author;
use alongside_store::types::{At, Code as Coded, Document, Key};
use alongside_store::{consent_form, membership, participant};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{ObjectBuilder, Schema, Type};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::checks;
use crate::http::page::{self, List, Paging};
use crate::http::pointer::push_member;
use crate::http::{Actor, Code, Ctx, Json, Path, Permit, Problem, Query, Refusal, Reply, Services};

/// A form as the participant answered it.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e80", "consent_form_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5ea0",
    "answers": {"take_part": true, "supporter_contact": true, "home_visit": false},
    "taken_on": "2026-11-02", "method": "wet", "capacity_judgement": "has_capacity", "copy_given": true,
    "confidentiality_limits_explained": true
}))]
pub struct ConsentCreate {
    /// Chosen by the client, so that a retry is recognised.
    pub id: Option<ConsentId>,
    pub participant_id: ParticipantId,
    pub consent_form_id: ConsentFormId,
    /// Yes or no to every statement of the form, by its code.
    #[validate(length(min = 1, max = 64))]
    #[schema(schema_with = answers_schema)]
    pub answers: BTreeMap<String, bool>,
    /// Who took it: the caller, when absent. A service client must say.
    pub taken_by: Option<PersonId>,
    /// The day on the form: today, when absent.
    pub taken_on: Option<NaiveDate>,
    pub method: Method,
    /// The name of the witness; required for spoken consent.
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200)]
    pub witness: Option<String>,
    /// Without capacity a yes allows nothing.
    pub capacity_judgement: CapacityJudgement,
    /// He was given a copy of the form.
    pub copy_given: bool,
    /// He was told what a supporter cannot keep to himself. Without it no supporter is in touch.
    pub confidentiality_limits_explained: bool,
}

/// Yes or no by the code of a statement.
fn answers_schema() -> utoipa::openapi::schema::Object {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[a-z][a-z0-9_]*$"))
        .max_length(Some(64));
    ObjectBuilder::new()
        .property_names(Some(text.build()))
        .additional_properties(Some(Schema::Object(ObjectBuilder::new().schema_type(Type::Boolean).build())))
        .description(Some("Yes or no to every statement of the form, by its code."))
        .build()
}

/// What is taken back.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"statements": ["supporter_contact"]}))]
pub struct ConsentWithdrawal {
    /// The codes of the statements. `take_part` takes everything back.
    #[validate(length(min = 1, max = 64))]
    #[schema(min_items = 1, max_items = 64, max_length = 64)]
    pub statements: BTreeSet<String>,
}

/// A consent. Supporters see only what it allows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5eb0", "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e80",
    "consent_form_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5ea0", "in_force": true,
    "effect": {"take_part": true, "supporter_contact": true, "home_visit": false, "supporter_sees_answers": false,
        "section_scribe": false, "share_summary_gp": false, "share_summary_hospital": false,
        "keep_contact_after": false, "data_linkage": false, "audio": false, "future_research": false},
    "effective_from": "2026-11-02T09:30:00Z",
    "record": {"answers": {"take_part": true, "supporter_contact": true, "home_visit": false},
        "taken_by": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70", "taken_on": "2026-11-02", "method": "wet",
        "witness": null, "capacity_judgement": "has_capacity", "copy_given": true,
        "confidentiality_limits_explained": true, "superseded_by": null, "withdrawn_at": null,
        "withdrawn_statements": []},
    "version": 1
}))]
pub struct ConsentView {
    pub id: ConsentId,
    pub participant_id: ParticipantId,
    pub consent_form_id: ConsentFormId,
    /// It is the newest, and its yes to take part stands.
    pub in_force: bool,
    /// What it allows; nothing once another took its place.
    pub effect: Effect,
    pub effective_from: DateTime<Utc>,
    /// How it was given. Not for supporters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<ConsentRecord>,
    /// What `If-Match` wants to hear, without its quotes.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub version: i64,
}

/// How a consent was given, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentRecord {
    /// Yes or no to every statement of the form, by its code.
    #[schema(schema_with = answers_schema)]
    pub answers: BTreeMap<String, bool>,
    pub taken_by: PersonId,
    pub taken_on: NaiveDate,
    pub method: Method,
    /// Only for roles that may know names.
    #[schema(max_length = 200)]
    pub witness: Option<String>,
    pub capacity_judgement: CapacityJudgement,
    pub copy_given: bool,
    pub confidentiality_limits_explained: bool,
    /// The consent that took its place.
    pub superseded_by: Option<ConsentId>,
    /// When something was last taken back.
    pub withdrawn_at: Option<DateTime<Utc>>,
    #[schema(max_items = 64, max_length = 64)]
    pub withdrawn_statements: BTreeSet<String>,
}

impl ConsentView {
    fn of(row: &Consent, keys: &RecordKeys, role: Role) -> Result<Self, Refusal> {
        let names = relation(Operation::GetParticipantIdentity, role).is_some();
        let record = match role {
            Role::Supporter => None,
            _ => Some(ConsentRecord {
                answers: row.answers.0.clone(),
                taken_by: row.taken_by.0,
                taken_on: row.taken_on,
                method: row.method.0,
                witness: if names { row.witness(keys)? } else { None },
                capacity_judgement: row.capacity_judgement.0,
                copy_given: row.copy_given,
                confidentiality_limits_explained: row.confidentiality_limits_explained,
                superseded_by: row.superseded_by.map(|id| id.0),
                withdrawn_at: row.withdrawn_at.map(|at| at.0),
                withdrawn_statements: row.withdrawn_statements.clone().map(|s| s.0).unwrap_or_default(),
            }),
        };
        Ok(Self {
            id: row.id.0,
            participant_id: row.participant_id.0,
            consent_form_id: row.consent_form_id.0,
            in_force: row.is_in_force(),
            effect: if row.superseded_by.is_none() { row.effect() } else { Effect::default() },
            effective_from: row.effective_from.0,
            record,
            version: row.version,
        })
    }
}

/// A page of consents, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentPage {
    #[schema(max_items = 200)]
    pub items: Vec<ConsentView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Whose consents.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConsentQuery {
    /// The participant.
    pub participant_id: ParticipantId,
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// List a participant's consents
///
/// Oldest first, those no longer in force as well; for a supporter only the newest.
#[utoipa::path(
    tag = "consents", operation_id = "list_consents", params(ConsentQuery),
    responses((status = 200, description = "A page of consents.", body = ConsentPage))
)]
#[get("/v1/consents")]
async fn list_consents(
    request: HttpRequest,
    permit: Permit<{ Operation::ListConsents.id() }>,
    query: Query<ConsentQuery>,
) -> Result<HttpResponse, Problem> {
    let ConsentQuery { participant_id, limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListConsents.name(), &participant_id)?;
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let mut items = permit
        .read(move |ctx| {
            // Before it is known whether he may: an attempt is about him as well.
            ctx.about(participant_id);
            participant::find(ctx.db, ctx.scope, participant_id)?;
            let (keys, role) = (ctx.keys_of(participant_id)?, ctx.caller.role);
            let newest_only = role == Role::Supporter;
            let rows = consent::list(ctx.db, participant_id, newest_only, after.map(ConsentId::new), fetch)?;
            rows.iter().map(|row| ConsentView::of(row, &keys, role)).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    let next = paging.cut(&mut items, &cursors, &list, |item| item.id.uuid())?;
    Ok(page::respond(&request, &ConsentPage { items, next: next.clone() }, next.as_deref()))
}

/// Record a consent
///
/// It takes the place of the one before, and what it allows holds at once. Where a supporter may no longer be in touch,
/// his assignments end. A yes to take part makes the participant `consented`; a no ends his taking part; doubt about
/// his capacity puts everything on hold.
#[utoipa::path(
    tag = "consents", operation_id = "create_consent", request_body = ConsentCreate,
    responses((status = 201, description = "The consent is recorded.", body = ConsentView))
)]
#[post("/v1/consents")]
async fn create_consent(
    permit: Permit<{ Operation::CreateConsent.id() }>,
    body: Json<ConsentCreate>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner();
    if new.method == Method::VerbalWitnessed && new.witness.is_none() {
        let message = "Spoken consent needs a witness.";
        return Err(Problem::new(Code::Invalid).field("/witness", "missing", message));
    }
    permit
        .write(move |ctx| {
            let role = ctx.caller.role;
            let id = new.id.unwrap_or_else(|| ConsentId::new(ctx.fresh()));
            if new.id.is_some() {
                if let Some((found, _)) = consent::try_find(ctx.db, ctx.scope, id)? {
                    ctx.about(found.participant_id.0);
                    return ctx.repeated(id.uuid(), |ctx| {
                        let keys = ctx.keys_of(found.participant_id.0)?;
                        Reply::ok(found.version, &ConsentView::of(&found, &keys, role)?)
                    });
                }
                ctx.creates(id.uuid())?;
            }
            ctx.seeks(new.participant_id);
            let participant =
                participant::try_find(ctx.db, ctx.scope, new.participant_id)?.ok_or_else(|| {
                    unknown("/participant_id", "There is no such participant in this programme.")
                })?;
            ctx.about(new.participant_id);
            check_answers(ctx, &new)?;
            let keys = ctx.keys_of(new.participant_id)?;
            let row = Consent {
                id: Key(id),
                participant_id: Key(new.participant_id),
                consent_form_id: Key(new.consent_form_id),
                answers: Document(new.answers.clone()),
                taken_by: Key(taken_by(ctx, &new)?),
                taken_on: taken_on(ctx, &new)?,
                method: Coded(new.method),
                witness: new
                    .witness
                    .as_deref()
                    .map(|name| consent::seal_witness(&keys, id, name))
                    .transpose()?,
                capacity_judgement: Coded(new.capacity_judgement),
                copy_given: new.copy_given,
                confidentiality_limits_explained: new.confidentiality_limits_explained,
                effective_from: At(ctx.now),
                superseded_by: None,
                withdrawn_at: None,
                withdrawn_statements: None,
                created_at: At(ctx.now),
                version: 1,
            };
            let status =
                participant.status.0.on_form(row.effect().take_part, new.capacity_judgement.can_consent())?;
            let author = author(ctx);
            consent::record(ctx.db, &participant, status, &row, author)?;
            ctx.resource(id.uuid());
            Reply::created(format!("/v1/consents/{id}"), 1, &ConsentView::of(&row, &keys, role)?)
        })
        .await
}

/// Who moves the participant by it, where it does.
fn author(ctx: &Ctx<'_, '_>) -> Author {
    Author { change: StatusChangeId::new(ctx.fresh()), by: ctx.caller.actor_id() }
}

fn unknown(pointer: &'static str, message: &'static str) -> Refusal {
    Problem::new(Code::Invalid).field(pointer, "unknown", message).into()
}

/// Every statement of a form of this programme is answered, and nothing else.
fn check_answers(ctx: &mut Ctx<'_, '_>, new: &ConsentCreate) -> Result<(), Refusal> {
    let programme = ctx.programme()?;
    let form = consent_form::try_find(ctx.db, ctx.scope, new.consent_form_id)?
        .filter(|form| form.programme_id.0 == programme)
        .ok_or_else(|| unknown("/consent_form_id", "There is no such consent form in this programme."))?;
    let statements = &form.statements.0;
    let mut problem = Problem::new(Code::Invalid);
    let at = |code: &str| {
        let mut pointer = "/answers".to_owned();
        push_member(&mut pointer, code);
        pointer
    };
    for code in unanswered(statements, &new.answers) {
        problem = problem.field(at(code), "missing", "This statement of the form has no answer.");
    }
    for code in unasked(statements, &new.answers) {
        problem = problem.field(at(code), "unknown", "The form has no such statement.");
    }
    if problem.errors().is_empty() { Ok(()) } else { Err(problem.into()) }
}

/// Who took the consent: somebody who may, in this programme, now.
fn taken_by(ctx: &mut Ctx<'_, '_>, new: &ConsentCreate) -> Result<PersonId, Refusal> {
    let named = match (new.taken_by, ctx.caller.actor) {
        (None, Actor::Person(caller)) => return Ok(caller),
        (Some(named), Actor::Person(caller)) if named == caller => return Ok(caller),
        (Some(named), _) => named,
        (None, Actor::Client(_)) => {
            let problem = Problem::new(Code::Invalid);
            return Err(problem
                .field("/taken_by", "missing", "A service client must say who took it.")
                .into());
        }
    };
    let programme = Key(ctx.programme()?);
    let may = membership::live_of(ctx.db, named)?.into_iter().any(|held| {
        held.programme_id == Some(programme) && relation(Operation::CreateConsent, held.role.0).is_some()
    });
    if may {
        Ok(named)
    } else {
        Err(unknown("/taken_by", "Nobody with this id takes consent in this programme."))
    }
}

fn taken_on(ctx: &Ctx<'_, '_>, new: &ConsentCreate) -> Result<NaiveDate, Refusal> {
    let today = ctx.now.date_naive();
    let day = new.taken_on.unwrap_or(today);
    if checks::is_to_come(day, today) {
        let problem = Problem::new(Code::Invalid);
        return Err(problem.field("/taken_on", "future", "This day has not come yet.").into());
    }
    Ok(day)
}

/// Look at a consent
///
/// What it allows, whether it is in force, and how it was given; for a supporter only what it allows.
#[utoipa::path(
    tag = "consents", operation_id = "get_consent",
    params(("id" = ConsentId, Path, description = "The consent.")),
    responses((status = 200, description = "The consent.", body = ConsentView))
)]
#[get("/v1/consents/{id}")]
async fn get_consent(
    permit: Permit<{ Operation::GetConsent.id() }>,
    path: Path<ConsentId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .show(move |ctx| {
            let (row, participant) = consent::find(ctx.db, ctx.scope, id)?;
            ctx.about(participant.id.0);
            let keys = ctx.keys_of(participant.id.0)?;
            Ok((row.version, ConsentView::of(&row, &keys, ctx.caller.role)?))
        })
        .await
}

/// Take back a consent, or parts of it
///
/// Statement by statement; no reason is asked. Without `supporter_contact` or `take_part` the supporter's access ends
/// with this answer, and his assignments with a neutral reason. What was withdrawn comes back only by a new consent.
#[utoipa::path(
    tag = "consents", operation_id = "withdraw_consent", request_body = ConsentWithdrawal,
    params(("id" = ConsentId, Path, description = "The consent.")),
    responses((status = 200, description = "The consent as it stands now.", body = ConsentView))
)]
#[post("/v1/consents/{id}/withdrawal")]
async fn withdraw_consent(
    permit: Permit<{ Operation::WithdrawConsent.id() }>,
    path: Path<ConsentId>,
    body: Json<ConsentWithdrawal>,
) -> Result<HttpResponse, Problem> {
    let (id, withdrawal) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let (row, participant) = consent::find(ctx.db, ctx.scope, id)?;
            ctx.about(participant.id.0);
            if row.superseded_by.is_some() {
                let detail = "Another consent has taken the place of this one. Withdraw that one.";
                return Err(Problem::new(Code::Conflict).detail(detail).into());
            }
            if withdrawal.statements.iter().any(|code| !row.answers.0.contains_key(code)) {
                return Err(unknown("/statements", "One of these is no statement of the form."));
            }
            let (author, statements) = (author(ctx), withdrawal.statements.clone());
            let row = consent::withdraw(ctx.db, &participant, &row, statements, author, ctx.now)?;
            let keys = ctx.keys_of(participant.id.0)?;
            Reply::ok(row.version, &ConsentView::of(&row, &keys, ctx.caller.role)?)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(list_consents).service(create_consent).service(get_consent).service(withdraw_consent);
}
