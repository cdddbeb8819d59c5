//! Assessments: one participant, one version of an instrument, one point in time.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, get, post};
use alongside_domain::assessment::{Channel, Status};
use alongside_domain::id::{AssessmentId, InstrumentId, ParticipantId};
use alongside_domain::instrument::{Answers, Definition, InstrumentStatus};
use alongside_domain::policy::{Operation, Role};
use alongside_store::answer::Save;
use alongside_store::assessment::{self, Assessment, Filter};
use alongside_store::audit::any_id;
use alongside_store::sealing::{DataClass, Record, RecordKeys};
use alongside_store::types::{At, Code as Coded, Key};
use alongside_store::{Context, StoreError, data_key, instrument, participant};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::answer_input::{self, AnswerInput};
use super::answering;
use super::assessment_view::{AssessmentView, Shown, Whole};
use super::checks;
use crate::app::App;
use crate::http::page::{self, List, Paging};
use crate::http::{Caller, Code, Ctx, Json, Path, Permit, Problem, Query, Refusal, Reply, Services, reply};

/// A new assessment.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e80", "instrument_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5ea0",
    "time_point": "T0", "channel": "in_person", "location": "home"
}))]
pub struct AssessmentCreate {
    /// Chosen by the client, so that a retry is recognised.
    pub id: Option<AssessmentId>,
    pub participant_id: ParticipantId,
    pub instrument_id: InstrumentId,
    /// Such as `T0`: letters, digits, `.`, `_` and `-`.
    #[validate(length(min = 1, max = 32), custom(function = "time_point"))]
    #[schema(min_length = 1, max_length = 32, pattern = "^[A-Za-z0-9._-]+$")]
    pub time_point: String,
    pub channel: Channel,
    /// Where, as a short code such as `home`; never an address.
    #[validate(length(min = 1, max = 32), custom(function = "short_code"))]
    #[schema(min_length = 1, max_length = 32, pattern = "^[a-z][a-z0-9_]*$", nullable = false)]
    pub location: Option<String>,
    /// Answers that are there already: kept together with the assessment, or not at all.
    #[serde(default)]
    #[validate(length(max = 500), nested)]
    #[schema(max_items = 500, required = false)]
    pub answers: Vec<AnswerInput>,
}

fn time_point(text: &str) -> Result<(), ValidationError> {
    let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    let message = "This must be letters, digits, dots, underscores and hyphens.";
    if fits { Ok(()) } else { Err(ValidationError::new("format").with_message(message.into())) }
}

/// A code of the deployer's own, in place of words that might tell of somebody.
pub fn short_code(text: &str) -> Result<(), ValidationError> {
    let starts = text.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    let fits = starts && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let message = "This must be a short code: small letters, digits and underscores, a letter first.";
    if fits { Ok(()) } else { Err(ValidationError::new("format").with_message(message.into())) }
}

/// An assessment on a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentListItem {
    pub id: AssessmentId,
    pub participant_id: ParticipantId,
    pub instrument_id: InstrumentId,
    #[schema(max_length = 32, example = "T0")]
    pub time_point: String,
    pub status: Status,
    pub channel: Channel,
    pub started_at: DateTime<Utc>,
    pub submitted_at: Option<DateTime<Utc>>,
    pub abandoned_at: Option<DateTime<Utc>>,
    /// How much help there was, in a line; from submission on.
    #[schema(max_length = 512, example = "Scribed by a supporter (A4); partner present")]
    pub provenance_banner: Option<String>,
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub version: i64,
    pub updated_at: DateTime<Utc>,
}

impl From<Assessment> for AssessmentListItem {
    fn from(row: Assessment) -> Self {
        Self {
            id: row.id.0,
            participant_id: row.participant_id.0,
            instrument_id: row.instrument_id.0,
            time_point: row.time_point,
            status: row.status.0,
            channel: row.channel.0,
            started_at: row.started_at.0,
            submitted_at: row.submitted_at.map(|at| at.0),
            abandoned_at: row.abandoned_at.map(|at| at.0),
            provenance_banner: row.provenance.map(|provenance| provenance.0.banner),
            version: row.version,
            updated_at: row.updated_at.0,
        }
    }
}

/// A page of assessments.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentPage {
    #[schema(max_items = 200)]
    pub items: Vec<AssessmentListItem>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which assessments.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AssessmentQuery {
    /// Only those of this participant.
    pub participant_id: Option<ParticipantId>,
    /// Only those in this state.
    pub status: Option<Status>,
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// List the assessments
///
/// Those of the participants in the caller's world, without answers.
#[utoipa::path(
    tag = "assessments", operation_id = "list_assessments", params(AssessmentQuery),
    responses((status = 200, description = "A page of assessments.", body = AssessmentPage))
)]
#[get("/v1/assessments")]
async fn list_assessments(
    request: HttpRequest,
    permit: Permit<{ Operation::ListAssessments.id() }>,
    query: Query<AssessmentQuery>,
) -> Result<HttpResponse, Problem> {
    let AssessmentQuery { participant_id, status, limit, cursor } = query.into_inner();
    let filter = Filter { participant_id, status };
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListAssessments.name(), &filter)?;
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let (fetch, limit, wanted) = (paging.fetch(), paging.limit(), filter.clone());
    let mut rows = permit
        .read(move |ctx| {
            let rows = assessment::list(ctx.db, ctx.scope, &wanted, after.map(AssessmentId::new), fetch)?;
            let shown = usize::try_from(limit).unwrap_or(usize::MAX);
            ctx.lists(rows.iter().take(shown).map(|row| row.participant_id.0));
            Ok(rows)
        })
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let items = rows.into_iter().map(AssessmentListItem::from).collect();
    Ok(page::respond(&request, &AssessmentPage { items, next: next.clone() }, next.as_deref()))
}

/// Read an assessment
///
/// Status and provenance for all who may know that it exists. How far the sections have got, the answers as they stand,
/// scores and concerns for those who may read answers: for a supporter only while he has an open session on an
/// unfinished assessment, without private sections that are not open to him, and never after submission.
#[utoipa::path(
    tag = "assessments", operation_id = "get_assessment",
    params(("id" = AssessmentId, Path, description = "The assessment.")),
    responses((status = 200, description = "The assessment.", body = AssessmentView))
)]
#[get("/v1/assessments/{id}")]
async fn get_assessment(
    permit: Permit<{ Operation::GetAssessment.id() }>,
    path: Path<AssessmentId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let shown = permit
        .read(move |ctx| {
            let row = assessment::find(ctx.db, ctx.scope, id)?;
            ctx.about(row.participant_id.0);
            Shown::read(ctx, row)
        })
        .await?;
    let view = shown.view();
    // What is shown changes with session and consent, not with the version alone: nothing is answered from a copy.
    Ok(reply::shown(view.version, &view))
}

/// Begin an assessment
///
/// With up to 500 answers that are there already. They are outside any assistance session, so how much help there was
/// is kept as `unknown`; a supporter opens a session first and saves answers in it.
#[utoipa::path(
    tag = "assessments", operation_id = "create_assessment", request_body = AssessmentCreate,
    responses(
        (status = 201, description = "The assessment has begun.", body = AssessmentView),
        (status = 200, description = "The same request made it before.", body = AssessmentView)
    )
)]
#[post("/v1/assessments")]
async fn create_assessment(
    permit: Permit<{ Operation::CreateAssessment.id() }>,
    body: Json<AssessmentCreate>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner();
    let (app, caller) = (permit.app(), permit.caller());
    let id = new.id.unwrap_or_else(|| AssessmentId::new(app.ids.fresh()));
    // What cannot be prepared is done, or refused, when it is the request's turn.
    let prepared = match app.definitions.known(new.instrument_id) {
        Some(definition) => {
            let keys = keys_before(app, caller, new.participant_id).await?;
            Prepared::new(&definition, &keys, caller, permit.now(), id, &new.answers).ok()
        }
        None => None,
    };
    permit.write(move |ctx| create(ctx, id, &new, prepared.as_ref())).await
}

/// The keys of a participant, before it is known whether the caller reaches him. Where there are none, passing ones: what
/// follows takes as long for an id that belongs to nobody.
async fn keys_before(
    app: &App,
    caller: &Caller,
    participant: ParticipantId,
) -> Result<Arc<RecordKeys>, Problem> {
    let (ring, record) = (Arc::clone(app.store.ring()), Record::Participant(participant));
    let context = Context::Caller { actor: caller.actor_id(), programme: caller.programme };
    let found = app.store.read(context, move |db| {
        let keys = data_key::load(db, &ring, record)?;
        if keys.has(DataClass::Health) { Ok(keys) } else { RecordKeys::passing(Arc::clone(&ring), record) }
    });
    found.await.map(Arc::new).map_err(|error| Refusal::from(error).into_problem())
}

/// The answers of a new assessment, judged and sealed. That takes longer than everything else and needs no database: it
/// is done before the writer's turn comes, so that others do not wait for it.
#[derive(Clone)]
struct Prepared {
    save: Arc<Save>,
    whole: Arc<Whole>,
    answers: Arc<Answers>,
    keys: Arc<RecordKeys>,
}

impl Prepared {
    fn new(
        definition: &Definition,
        keys: &Arc<RecordKeys>,
        caller: &Caller,
        now: DateTime<Utc>,
        id: AssessmentId,
        inputs: &[AnswerInput],
    ) -> Result<Self, Refusal> {
        let situation = answering::situation(caller.role, None);
        let mut answers = Answers::default();
        let kept = answer_input::judge(definition, &mut answers, inputs, &situation, None, None)?;
        let save = Save::new(keys, id, 0, caller.actor_id(), kept, now)?;
        let mut whole = Whole::default();
        whole.current.take(save.kept().iter().cloned());
        let (whole, keys) = (Arc::new(whole), Arc::clone(keys));
        Ok(Self { save: Arc::new(save), whole, answers: Arc::new(answers), keys })
    }
}

fn create(
    ctx: &mut Ctx<'_, '_>,
    id: AssessmentId,
    new: &AssessmentCreate,
    prepared: Option<&Prepared>,
) -> Result<Reply, Refusal> {
    ctx.resource(id.uuid());
    if new.id.is_some() {
        if let Some(found) = assessment::try_find(ctx.db, ctx.scope, id)? {
            ctx.about(found.participant_id.0);
            let version = found.version;
            return ctx.repeated(id.uuid(), |ctx| Reply::ok(version, &Shown::read(ctx, found)?.view()));
        }
        ctx.creates(id.uuid())?;
    }
    ctx.seeks(new.participant_id);
    let Some(participant) = participant::try_find(ctx.db, ctx.scope, new.participant_id)? else {
        return Err(foreign("/participant_id", "There is no such participant in your programme."));
    };
    ctx.about(new.participant_id);
    match instrument::status_in(ctx.db, participant.programme_id.0, new.instrument_id)? {
        Some(InstrumentStatus::Active) => {}
        Some(status) => return Err(not_in_use(status)),
        None => return Err(foreign("/instrument_id", "There is no such instrument in this programme.")),
    }
    answering::require_participant(participant.status.0)?;
    checks::require_unrestricted(ctx, new.participant_id)?;
    if ctx.caller.role == Role::Supporter && !new.answers.is_empty() {
        return Err(answering::no_session());
    }
    let definition = ctx.app.definitions.get(ctx.db, new.instrument_id)?;
    if participant.erased_at.is_some() {
        return Err(StoreError::Erased.into());
    }
    let Prepared { save, whole, answers, keys } = match prepared {
        Some(prepared) if prepared.keys.are_kept() => prepared.clone(),
        _ => {
            let keys = ctx.keys_of(new.participant_id)?;
            Prepared::new(&definition, &keys, ctx.caller, ctx.now, id, &new.answers)?
        }
    };
    ctx.knows_keys(keys);
    let row = Assessment {
        id: Key(id),
        programme_id: participant.programme_id,
        site_id: participant.site_id,
        participant_id: participant.id,
        instrument_id: Key(new.instrument_id),
        time_point: new.time_point.clone(),
        status: Coded(Status::InProgress),
        channel: Coded(new.channel),
        location: new.location.clone(),
        last_seq: save.count(),
        started_at: At(ctx.now),
        submitted_at: None,
        submitted_by: None,
        abandoned_at: None,
        end_reason: None,
        scores: None,
        concerns: None,
        provenance: None,
        created_by: any_id(ctx.caller.actor_id()),
        created_at: At(ctx.now),
        updated_at: At(ctx.now),
        version: 1,
    };
    assessment::insert(ctx.db, &row)?;
    let alerting = answering::record_sealed(ctx, &row, &definition, &save, &answers)?;
    let shown = Shown::of(ctx, row, whole, answers, alerting)?;
    Ok(Reply::created_later(format!("/v1/assessments/{id}"), 1, move || shown.view()))
}

fn foreign(pointer: &'static str, message: &'static str) -> Refusal {
    Problem::new(Code::Invalid).field(pointer, "unknown", message).into()
}

/// A draft can be tried out, and with a retired version those assessments go on that have begun.
fn not_in_use(status: InstrumentStatus) -> Refusal {
    let detail = format!("This version of the instrument is not in use: it is {status}.");
    let message = "Name a version that is active.";
    Problem::new(Code::Conflict).detail(detail).field("/instrument_id", "not_active", message).into()
}

pub fn routes(config: &mut impl Services) {
    config.service(list_assessments).service(get_assessment).service(create_assessment);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_short_and_say_nothing_of_anybody() {
        assert!(short_code("home").is_ok() && short_code("ward_7").is_ok());
        assert!(short_code("At his home").is_err() && short_code("7up").is_err() && short_code("").is_err());
        assert!(time_point("T10w").is_ok() && time_point("T 1").is_err());
    }
}
