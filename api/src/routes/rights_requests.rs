//! Rights requests: what a person asks of his own record, and the clock that runs from then on.

use actix_web::{HttpRequest, HttpResponse, get, post};
use alongside_domain::id::{ParticipantId, RightsRequestId};
use alongside_domain::policy::{Operation, Role};
use alongside_domain::rights_request::due::Clock;
use alongside_domain::rights_request::{Channel, Kind, State};
use alongside_store::rights_request::{self, Asked, Filter, RightsRequest};
use alongside_store::types::{At, Code as Coded, Key};
use alongside_store::{participant, programme};
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::checks;
use super::rights_request_view::{Day, RightsRequestView};
use crate::http::page::{self, List, Paging};
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Query, Refusal, Reply, Services};

/// How long ago a request can have come that is written down only now, in days.
const OLDEST: u64 = 366;

/// A new request.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e80", "kind": "access", "channel": "letter",
    "asked": "Everything you have about me."
}))]
pub struct RightsRequestCreate {
    /// Chosen by the client before it sends, so that a repeat is recognised. UUIDv7.
    pub id: Option<RightsRequestId>,
    pub participant_id: ParticipantId,
    pub kind: Kind,
    /// How it came. From his own account always `own_account`, and from nobody else's.
    pub channel: Channel,
    /// What he asks, in his words.
    #[validate(length(min = 1, max = 4000))]
    #[schema(min_length = 1, max_length = 4000)]
    pub asked: String,
    /// Who asks on his behalf, and by what right; absent where he asks himself.
    #[validate(length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500)]
    pub on_behalf: Option<String>,
    /// The day it came; without it, today. The clock runs from then.
    pub received_on: Option<NaiveDate>,
}

/// A request on the work list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5ea0", "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e80",
    "kind": "access", "state": "received", "received_on": "2026-11-02", "due_on": "2026-12-02", "overdue": false,
    "paused_on": null, "extended": false, "closed_at": null, "version": 1
}))]
pub struct RightsRequestListItem {
    id: RightsRequestId,
    participant_id: ParticipantId,
    kind: Kind,
    state: State,
    received_on: NaiveDate,
    due_on: NaiveDate,
    /// The last day has passed, and the clock runs.
    overdue: bool,
    paused_on: Option<NaiveDate>,
    extended: bool,
    closed_at: Option<DateTime<Utc>>,
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
}

impl RightsRequestListItem {
    fn of(row: RightsRequest, today: NaiveDate) -> Self {
        Self {
            overdue: row.is_overdue(today),
            id: row.id.0,
            participant_id: row.participant_id.0,
            kind: row.kind.0,
            state: row.state.0,
            received_on: row.received_on,
            due_on: row.due_on,
            paused_on: row.paused_on,
            extended: row.extended,
            closed_at: row.closed_at.map(|at| at.0),
            version: row.version,
        }
    }
}

/// A page of requests.
#[derive(Debug, Serialize, ToSchema)]
pub struct RightsRequestPage {
    #[schema(max_items = 200)]
    items: Vec<RightsRequestListItem>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    next: Option<String>,
}

/// Which requests.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RightsRequestQuery {
    participant_id: Option<ParticipantId>,
    kind: Option<Kind>,
    state: Option<State>,
    /// Those that are open, or those that are over.
    open: Option<bool>,
    /// Only those that should have been answered by now. The clock of those that wait for him stands.
    overdue: Option<bool>,
    /// How many items at most, 1 to 200.
    #[serde(skip_serializing)]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next` of the page before.
    #[serde(skip_serializing)]
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

/// List rights requests
///
/// Those of the caller's world, oldest first: the work list of whoever answers them, with `overdue=true` for what is late.
#[utoipa::path(
    tag = "rights-requests", operation_id = "list_rights_requests", params(RightsRequestQuery),
    responses((status = 200, description = "A page of requests.", body = RightsRequestPage))
)]
#[get("/v1/rights-requests")]
async fn list_rights_requests(
    request: HttpRequest,
    permit: Permit<{ Operation::ListRightsRequests.id() }>,
    query: Query<RightsRequestQuery>,
) -> Result<HttpResponse, Problem> {
    let wanted = query.into_inner();
    let paging = Paging::new(wanted.limit, wanted.cursor.clone())?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListRightsRequests.name(), &wanted)?;
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let (fetch, limit) = (paging.fetch(), paging.limit());
    let (mut rows, today) = permit
        .read(move |ctx| {
            let programme = ctx.programme()?;
            let programme = programme::find(ctx.db, ctx.scope, programme)?;
            let today = Day::in_programme(&programme, ctx.now).today;
            let filter = Filter {
                participant: wanted.participant_id,
                kind: wanted.kind,
                state: wanted.state,
                open: wanted.open,
                due_before: (wanted.overdue == Some(true)).then_some(today),
            };
            let after = after.map(RightsRequestId::new);
            let rows = rights_request::list(ctx.db, ctx.scope, &filter, after, fetch)?;
            let shown = usize::try_from(limit).unwrap_or(usize::MAX);
            ctx.lists(rows.iter().take(shown).map(|row| row.participant_id.0));
            Ok((rows, today))
        })
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let items = rows.into_iter().map(|row| RightsRequestListItem::of(row, today)).collect();
    Ok(page::respond(&request, &RightsRequestPage { items, next: next.clone() }, next.as_deref()))
}

/// Ask for something to be done with a record
///
/// He asks for himself, from his own account; or a coordinator or the privacy officer writes down what came by letter,
/// telephone or word of mouth. There is one calendar month to answer, from the day it came; a last day on a weekend or a
/// public holiday is put off to the next working day.
#[utoipa::path(
    tag = "rights-requests", operation_id = "create_rights_request", request_body = RightsRequestCreate,
    responses(
        (status = 201, description = "The request is there, and its clock runs.", body = RightsRequestView),
        (status = 200, description = "The same request made it before.", body = RightsRequestView)
    )
)]
#[post("/v1/rights-requests")]
async fn create_rights_request(
    permit: Permit<{ Operation::CreateRightsRequest.id() }>,
    body: Json<RightsRequestCreate>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner();
    permit.write(move |ctx| create(ctx, &new)).await
}

fn create(ctx: &mut Ctx<'_, '_>, new: &RightsRequestCreate) -> Result<Reply, Refusal> {
    let id = new.id.unwrap_or_else(|| RightsRequestId::new(ctx.fresh()));
    ctx.resource(id.uuid());
    if new.id.is_some() {
        if let Some(found) = rights_request::try_find(ctx.db, ctx.scope, id)? {
            ctx.about(found.participant_id.0);
            let version = found.version;
            return ctx.repeated(id.uuid(), |ctx| Reply::ok(version, &RightsRequestView::of(ctx, &found)?));
        }
        ctx.creates(id.uuid())?;
    }
    let invalid = |pointer: &'static str, code: &'static str, message: &'static str| {
        Refusal::from(Problem::new(Code::Invalid).field(pointer, code, message))
    };
    let Some(man) = participant::try_find(ctx.db, ctx.scope, new.participant_id)? else {
        return Err(invalid("/participant_id", "unknown", "There is no such participant in your programme."));
    };
    ctx.about(new.participant_id);
    let own = ctx.caller.role == Role::Participant;
    if own != (new.channel == Channel::OwnAccount) {
        let message = "This is for what the participant asks from his own account, and for nothing else.";
        return Err(invalid("/channel", "mismatch", message));
    }
    if own && new.on_behalf.is_some() {
        return Err(invalid("/on_behalf", "mismatch", "From his own account the participant asks himself."));
    }
    let programme = programme::find(ctx.db, ctx.scope, man.programme_id.0)?;
    let day = Day::in_programme(&programme, ctx.now);
    let received_on = new.received_on.unwrap_or(day.today);
    if checks::is_to_come(received_on, day.today) || (own && received_on != day.today) {
        return Err(invalid("/received_on", "future", "This day has not come yet, or is not today."));
    }
    if day.today.checked_sub_days(Days::new(OLDEST)).is_some_and(|oldest| received_on < oldest) {
        return Err(invalid("/received_on", "past", "This is more than a year ago."));
    }
    let by = ctx.caller.person().ok_or_else(Problem::not_found)?;
    let clock = Clock { received_on, paused_days: 0, extended: false, region: day.region };
    let asked = Asked { words: new.asked.clone(), on_behalf: new.on_behalf.clone() };
    let row = RightsRequest {
        id: Key(id),
        programme_id: man.programme_id,
        site_id: man.site_id,
        participant_id: man.id,
        kind: Coded(new.kind),
        state: Coded(State::Received),
        channel: Coded(new.channel),
        asked: rights_request::seal(&*ctx.keys_of(man.id.0)?, id, &asked)?,
        received_on,
        due_on: clock.due_on(),
        paused_on: None,
        paused_days: 0,
        extended: false,
        closed_at: None,
        taken_by: Key(by),
        created_at: At(ctx.now),
        updated_at: At(ctx.now),
        version: 1,
    };
    rights_request::insert(ctx.db, &row)?;
    let view = RightsRequestView::of(ctx, &row)?;
    Reply::created(format!("/v1/rights-requests/{id}"), 1, &view)
}

/// Look at a rights request
///
/// What is asked, how far it is, by when it must be answered, and each step so far. Those who decide what goes into a
/// report see their own decisions and that the other has decided, and a coordinator sees how far it is.
#[utoipa::path(
    tag = "rights-requests", operation_id = "get_rights_request",
    params(("id" = RightsRequestId, Path, description = "The request.")),
    responses((status = 200, description = "The request.", body = RightsRequestView))
)]
#[get("/v1/rights-requests/{id}")]
async fn get_rights_request(
    permit: Permit<{ Operation::GetRightsRequest.id() }>,
    path: Path<RightsRequestId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let (version, view) = permit
        .read(move |ctx| {
            let row = rights_request::find(ctx.db, ctx.scope, id)?;
            ctx.about(row.participant_id.0);
            Ok((row.version, RightsRequestView::of(ctx, &row)?))
        })
        .await?;
    // Whether it is overdue changes with the day, not with the version: nothing is answered from a copy.
    Ok(crate::http::reply::shown(version, &view))
}

pub fn routes(config: &mut impl Services) {
    config.service(list_rights_requests).service(create_rights_request).service(get_rights_request);
}
