//! Notices of unusual use of records, for the privacy officer.

use actix_web::{HttpRequest, HttpResponse, get, post};
use alongside_domain::access_rule::AccessRule;
use alongside_domain::id::{AccessNoticeId, PersonId};
use alongside_domain::policy::Operation;
use alongside_store::access_notice::{self, AccessNotice, Filter};
use alongside_store::person;
use alongside_store::sealing::{DataClass, Record, RecordKeys};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use crate::http::etag::IfMatch;
use crate::http::page::{self, List, Paging};
use crate::http::{Code, Json, Path, Permit, Problem, Query, Refusal, Reply, Services};

/// Unusual use of records by one person. A question, not a verdict: on-call work looks like this too.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e75", "version": 1,
    "person_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70", "who": "Sam Supporter", "rule": "unknown_ids",
    "what": "Asked for twenty or more records within a day that were not there to see",
    "window_from": "2026-11-02T00:00:00Z", "window_to": "2026-11-03T00:00:00Z", "events": 20,
    "raised_at": "2026-11-02T09:30:00Z", "acknowledged_at": null, "acknowledged_by": null, "note": null
}))]
pub struct AccessNoticeView {
    pub id: AccessNoticeId,
    /// Also the `ETag`, for `If-Match`.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub version: i64,
    /// Whose use of records it was: `GET /v1/audit-events?person_id=` shows what was done.
    pub person_id: PersonId,
    #[schema(max_length = 120)]
    pub who: Option<String>,
    pub rule: AccessRule,
    /// The rule in plain words.
    #[schema(max_length = 200)]
    pub what: String,
    /// Within this stretch of time the person is noticed once by this rule.
    pub window_from: DateTime<Utc>,
    pub window_to: DateTime<Utc>,
    /// How many events there were when it was noticed.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub events: i64,
    pub raised_at: DateTime<Utc>,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub acknowledged_by: Option<PersonId>,
    /// What whoever looked into it found.
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

impl AccessNoticeView {
    fn of(row: &AccessNotice, who: Option<String>, keys: &RecordKeys) -> Result<Self, Refusal> {
        Ok(Self {
            id: row.id.0,
            version: row.version,
            person_id: row.person_id.0,
            who,
            rule: row.rule.0,
            what: row.rule.0.in_plain_words().to_owned(),
            window_from: row.window_from.0,
            window_to: row.window_to.0,
            events: row.events,
            raised_at: row.raised_at.0,
            acknowledged_at: row.acknowledged_at.map(|at| at.0),
            acknowledged_by: row.acknowledged_by.map(|id| id.0),
            note: row.note(keys)?,
        })
    }
}

/// A page of notices.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessNoticePage {
    #[schema(max_items = 200)]
    pub items: Vec<AccessNoticeView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which notices.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccessNoticeQuery {
    /// `false`: only those nobody has looked into yet. `true`: only the others.
    pub acknowledged: Option<bool>,
    /// Only those about this person.
    pub person_id: Option<PersonId>,
    /// Only those of this rule.
    pub rule: Option<AccessRule>,
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// What came of looking into it.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"note": "On call that night; the calls are in the log."}))]
pub struct AccessNoticeAcknowledgement {
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    pub note: String,
}

/// List notices of unusual use of records
///
/// The newest first. A person appears once for each rule and stretch of time: asking for twenty records within a day that
/// were not there for him, asking or searching outside his own sites, reading between 23:00 and 05:00 where the programme
/// is.
#[utoipa::path(
    tag = "access-notices", operation_id = "list_access_notices", params(AccessNoticeQuery),
    responses((status = 200, description = "A page of notices.", body = AccessNoticePage))
)]
#[get("/v1/access-notices")]
async fn list_access_notices(
    request: HttpRequest,
    permit: Permit<{ Operation::ListAccessNotices.id() }>,
    query: Query<AccessNoticeQuery>,
) -> Result<HttpResponse, Problem> {
    let AccessNoticeQuery { acknowledged, person_id, rule, limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let filtered = (acknowledged, person_id, rule);
    let list = List::new(permit.caller().actor_id(), Operation::ListAccessNotices.name(), &filtered)?;
    let before: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let filter = Filter { acknowledged, person_id, rule };
    let mut items = permit
        .read(move |ctx| {
            let before = before.map(AccessNoticeId::new);
            let rows = access_notice::list(ctx.db, ctx.scope, &filter, before, fetch)?;
            let people: Vec<_> = rows.iter().map(|row| row.person_id.0).collect();
            let names = person::names(ctx.db, &people)?;
            let keys = ctx.keys_of_all(DataClass::Identity, people.into_iter().map(Record::Person))?;
            let view = |row: &AccessNotice| {
                let who = names.get(&row.person_id.0).cloned();
                AccessNoticeView::of(row, who, keys.of(Record::Person(row.person_id.0))?)
            };
            rows.iter().map(view).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    let next = paging.cut(&mut items, &cursors, &list, |view| view.id.uuid())?;
    Ok(page::respond(&request, &AccessNoticePage { items, next: next.clone() }, next.as_deref()))
}

/// Acknowledge a notice
///
/// With what was found. Once; and never by the person whose use of records it was.
#[utoipa::path(
    tag = "access-notices", operation_id = "acknowledge_access_notice",
    params(("id" = AccessNoticeId, Path, description = "The notice.")),
    request_body = AccessNoticeAcknowledgement,
    responses((status = 200, description = "Acknowledged.", body = AccessNoticeView))
)]
#[post("/v1/access-notices/{id}/acknowledgement")]
async fn acknowledge_access_notice(
    permit: Permit<{ Operation::AcknowledgeAccessNotice.id() }>,
    path: Path<AccessNoticeId>,
    if_match: IfMatch,
    body: Json<AccessNoticeAcknowledgement>,
) -> Result<HttpResponse, Problem> {
    let (id, found) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let row = access_notice::find(ctx.db, ctx.scope, id)?;
            ctx.resource(id.uuid());
            if_match.check(row.version)?;
            let by = ctx.caller.person().ok_or_else(Problem::not_found)?;
            if row.person_id.0 == by {
                let why = "This notice is about your own use of records: somebody else must look into it.";
                return Err(Problem::new(Code::Conflict).detail(why).into());
            }
            if row.acknowledged_at.is_some() {
                return Err(Problem::new(Code::Conflict).detail("This was acknowledged already.").into());
            }
            let keys = ctx.keys(Record::Person(row.person_id.0))?;
            let row = access_notice::acknowledge(ctx.db, &keys, row, by, &found.note, ctx.now)?;
            let who = person::names(ctx.db, &[row.person_id.0])?.remove(&row.person_id.0);
            Reply::ok(row.version, &AccessNoticeView::of(&row, who, &keys)?)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(list_access_notices).service(acknowledge_access_notice);
}
