//! The chronology of a safeguarding flag. Nothing in it is ever changed or taken away.

use actix_web::{HttpRequest, HttpResponse, get, post};
use alongside_domain::clock::truncate;
use alongside_domain::flag::{EntryKind, Nature, is_ahead, is_late};
use alongside_domain::id::{FlagId, PersonId};
use alongside_domain::policy::Operation;
use alongside_store::flag;
use alongside_store::flag_entry::{self, Content, Entry, NewEntry};
use alongside_store::sealing::RecordKeys;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::flags::reader;
use crate::http::page::{self, List, Paging};
use crate::http::{Code, Json, Path, Permit, Problem, Query, Refusal, Reply, Services};

/// Something that happened, was decided or was found out.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "contact",
    "nature": "fact",
    "occurred_at": "2026-11-06T15:05:00Z",
    "text": "Phoned him at the number he can talk on. He is safe tonight and wants help with the bank."
}))]
pub struct FlagEntryCreate {
    kind: EntryKind,
    nature: Nature,
    /// When it happened; not in the future.
    occurred_at: DateTime<Utc>,
    #[validate(length(min = 1, max = 10_000))]
    #[schema(min_length = 1, max_length = 10_000)]
    text: String,
    /// For a correction, and only for one: the number of the entry that it puts right.
    #[validate(range(min = 1, max = 9_007_199_254_740_991_i64))]
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    corrects: Option<i64>,
    /// Needed when it happened more than 24 hours ago: why it is written only now.
    #[validate(length(min = 1, max = 1000))]
    #[schema(min_length = 1, max_length = 1000)]
    late_reason: Option<String>,
}

/// An entry of the chronology.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "seq": 1,
    "kind": "contact",
    "nature": "fact",
    "occurred_at": "2026-11-06T15:05:00Z",
    "recorded_at": "2026-11-06T15:20:11.000412Z",
    "author_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e73",
    "text": "Phoned him at the number he can talk on. He is safe tonight and wants help with the bank.",
    "corrects": null,
    "late_reason": null
}))]
pub struct FlagEntryView {
    /// Its number in the chronology, from 1 without gaps.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    seq: i64,
    kind: EntryKind,
    nature: Nature,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    author_id: PersonId,
    #[schema(max_length = 10_000)]
    text: String,
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    corrects: Option<i64>,
    #[schema(max_length = 1000)]
    late_reason: Option<String>,
}

/// A page of the chronology.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"items": [{
    "seq": 1, "kind": "decision", "nature": "fact", "occurred_at": "2026-11-06T15:05:00Z",
    "recorded_at": "2026-11-06T15:20:11Z", "author_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e73",
    "text": "Referral to adult social care, with his agreement.", "corrects": null, "late_reason": null
}], "next": null}))]
pub struct FlagEntryPage {
    #[schema(max_items = 200)]
    items: Vec<FlagEntryView>,
    #[schema(max_length = 1024)]
    next: Option<String>,
}

/// Which page.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FlagEntryQuery {
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

impl FlagEntryView {
    fn of(entry: &Entry, keys: &RecordKeys) -> Result<Self, Refusal> {
        let Content { text, corrects } = entry.content(keys)?;
        Ok(Self {
            seq: entry.seq,
            kind: entry.kind.0,
            nature: entry.nature.0,
            occurred_at: entry.occurred_at.0,
            recorded_at: entry.recorded_at.0,
            author_id: entry.author_id.0,
            text,
            corrects,
            late_reason: entry.late_reason(keys)?,
        })
    }
}

/// What is wrong with an entry written now, where the newest one has this number.
fn check(new: &FlagEntryCreate, last: i64, now: DateTime<Utc>) -> Result<(), Problem> {
    let mut problem = Problem::new(Code::Invalid);
    if is_ahead(new.occurred_at, now) {
        problem = problem.field("/occurred_at", "range", "This lies in the future.");
    }
    if is_late(new.occurred_at, now) && new.late_reason.is_none() {
        let message = "This happened more than 24 hours ago: say why it is written only now.";
        problem = problem.field("/late_reason", "required", message);
    }
    match (new.kind, new.corrects) {
        (EntryKind::Correction, None) => {
            problem =
                problem.field("/corrects", "required", "A correction names the entry that it puts right.");
        }
        (EntryKind::Correction, Some(seq)) if seq > last => {
            problem = problem.field("/corrects", "unknown", "There is no entry with this number.");
        }
        (EntryKind::Correction, Some(_)) | (_, None) => {}
        (_, Some(_)) => {
            problem = problem.field("/corrects", "unexpected", "Only a correction names another entry.");
        }
    }
    if problem.errors().is_empty() { Ok(()) } else { Err(problem) }
}

/// List the chronology of a flag
///
/// In the order in which it was written.
#[utoipa::path(
    tag = "flags", operation_id = "list_flag_entries",
    params(("id" = FlagId, Path, description = "The flag."), FlagEntryQuery),
    responses((status = 200, description = "A page of the chronology.", body = FlagEntryPage))
)]
#[get("/v1/flags/{id}/entries")]
async fn list_flag_entries(
    request: HttpRequest,
    permit: Permit<{ Operation::ListFlagEntries.id() }>,
    path: Path<FlagId>,
    query: Query<FlagEntryQuery>,
) -> Result<HttpResponse, Problem> {
    let id = path.into_inner();
    let FlagEntryQuery { limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let list = List::new(permit.caller().actor_id(), Operation::ListFlagEntries.name(), &id)?;
    let cursors = permit.cursors();
    let after: Option<i64> = paging.after(&cursors, &list)?;
    let fetch = i64::from(paging.fetch());
    let mut items = permit
        .read(move |ctx| {
            ctx.under_flag(id);
            let found = flag::find(ctx.db, ctx.scope, id)?;
            let keys = ctx.keys_of_flag(&found)?;
            let entries = flag_entry::list(ctx.db, ctx.scope, id, after, fetch)?;
            entries.iter().map(|entry| FlagEntryView::of(entry, &keys)).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    let next = paging.cut(&mut items, &cursors, &list, |entry| entry.seq)?;
    Ok(page::respond(&request, &FlagEntryPage { items, next: next.clone() }, next.as_deref()))
}

/// Add to the chronology of a flag
///
/// An entry is never changed: what was wrong is put right by another one. What happened more than 24 hours ago needs a
/// reason why it is written only now.
#[utoipa::path(
    tag = "flags", operation_id = "add_flag_entry", request_body = FlagEntryCreate,
    params(("id" = FlagId, Path, description = "The flag.")),
    responses((status = 201, description = "Added.", body = FlagEntryView))
)]
#[post("/v1/flags/{id}/entries")]
async fn add_flag_entry(
    permit: Permit<{ Operation::AddFlagEntry.id() }>,
    path: Path<FlagId>,
    body: Json<FlagEntryCreate>,
) -> Result<HttpResponse, Problem> {
    let (id, new) = (path.into_inner(), body.into_inner());
    permit
        .write(move |ctx| {
            ctx.under_flag(id);
            let found = flag::find(ctx.db, ctx.scope, id)?;
            let author = reader(ctx.caller)?;
            check(&new, flag_entry::last_seq(ctx.db, &found)?, ctx.now)?;
            let content = Content { text: new.text.clone(), corrects: new.corrects };
            let entry = NewEntry {
                kind: new.kind,
                nature: new.nature,
                author,
                occurred_at: truncate(new.occurred_at),
                late_reason: new.late_reason.as_deref(),
                content: &content,
            };
            let keys = ctx.keys_of_flag(&found)?;
            let entry = flag_entry::append(ctx.db, &keys, &found, entry, ctx.now)?;
            let view = FlagEntryView::of(&entry, &keys)?;
            Reply::created_plain(format!("/v1/flags/{id}/entries"), &view)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(list_flag_entries).service(add_flag_entry);
}
