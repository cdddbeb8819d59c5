//! Emergency access ("breaking the glass"): opening one record of another site for half an hour, and who sees that.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, get, post};
use alongside_domain::emergency_access::{
    EmergencyReason, NotNow, OPEN_MINUTES, REVIEW_DAYS, ReviewOutcome, SecondIdentifier,
};
use alongside_domain::id::{EmergencyAccessId, MailId, ParticipantId, PersonId};
use alongside_domain::mail::MailKind;
use alongside_domain::policy::{Operation, Relation, Role};
use alongside_domain::study_id::StudyId;
use alongside_store::emergency_access::{self, EmergencyAccess, Filter};
use alongside_store::emergency_access_review::{self, EmergencyAccessReview};
use alongside_store::mail::{self, Mail};
use alongside_store::participant::{self, Participant};
use alongside_store::types::{At, Code as Coded, Key};
use alongside_store::{Duty, person};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::checks;
use crate::http::page::{self, List, Paging};
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Query, Refusal, Reply, Services};

/// Whose record is needed, and why.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "study_id": "AS-7K3M-9QXT-U", "date_of_birth": "1949-05-01", "reason": "danger_to_life",
    "words": "He collapsed in our waiting room; I must know what he takes."
}))]
pub struct EmergencyAccessCreate {
    /// Chosen by the client, so that a retry is recognised.
    pub id: Option<EmergencyAccessId>,
    /// The pseudonym of the participant, as it stands on his card.
    pub study_id: StudyId,
    /// The second identifier: this, or `nhs_number`, or both. So nobody opens the record of a man with a similar number.
    pub date_of_birth: Option<NaiveDate>,
    /// Ten digits, with or without spaces.
    #[validate(length(max = 16))]
    #[schema(min_length = 10, max_length = 16)]
    pub nhs_number: Option<String>,
    pub reason: EmergencyReason,
    /// What happened, for those who look into it.
    #[validate(length(min = 10, max = 2000), custom(function = "checks::said"))]
    #[schema(min_length = 10, max_length = 2000)]
    pub words: String,
}

/// A record that was opened in an emergency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e75", "version": 1,
    "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e76", "study_id": "AS-7K3M-9QXT-U",
    "person_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70", "who": "Nora Nurse", "role": "clinician",
    "reason": "danger_to_life", "words": "He collapsed in our waiting room; I must know what he takes.",
    "opened_at": "2026-11-02T09:30:00Z", "expires_at": "2026-11-02T10:00:00Z", "ended_at": null, "ended_by": null,
    "is_open": true, "held_at": null, "held_by": null, "hold_reason": null, "released_at": null,
    "review_due_at": "2026-11-09T09:30:00Z", "is_overdue": false, "reviewed_at": null, "reviewed_by": null,
    "outcome": null, "reviews": []
}))]
pub struct EmergencyAccessView {
    pub id: EmergencyAccessId,
    /// Also the `ETag`, for `If-Match`.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub version: i64,
    /// Whose record.
    pub participant_id: ParticipantId,
    #[schema(max_length = 32)]
    pub study_id: Option<String>,
    /// Who opened it.
    pub person_id: PersonId,
    #[schema(max_length = 120)]
    pub who: Option<String>,
    /// The role in which he did.
    pub role: Role,
    pub reason: EmergencyReason,
    #[schema(max_length = 2000)]
    pub words: String,
    pub opened_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// When somebody ended it before.
    pub ended_at: Option<DateTime<Utc>>,
    pub ended_by: Option<PersonId>,
    pub is_open: bool,
    /// Since when the participant is not told. Null for whoever opened the record, as are the three below.
    pub held_at: Option<DateTime<Utc>>,
    pub held_by: Option<PersonId>,
    #[schema(max_length = 2000)]
    pub hold_reason: Option<String>,
    pub released_at: Option<DateTime<Utc>>,
    /// By when somebody is to have looked into it.
    pub review_due_at: DateTime<Utc>,
    /// Nobody has in time: whoever opened it opens no other.
    pub is_overdue: bool,
    pub reviewed_at: Option<DateTime<Utc>>,
    pub reviewed_by: Option<PersonId>,
    /// What came of it in the end.
    pub outcome: Option<ReviewOutcome>,
    /// All that was said about it, the oldest first.
    #[schema(max_items = 200)]
    pub reviews: Vec<EmergencyAccessReviewView>,
}

/// What somebody said who looked into it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmergencyAccessReviewView {
    pub outcome: ReviewOutcome,
    #[schema(max_length = 2000)]
    pub words: String,
    pub reviewed_by: PersonId,
    pub reviewed_at: DateTime<Utc>,
}

/// A page of such accesses.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmergencyAccessPage {
    #[schema(max_items = 200)]
    pub items: Vec<EmergencyAccessView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which accesses.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EmergencyAccessQuery {
    /// `false`, or absent: those that wait to be looked into, what is due first, or overdue, at the top. `true`: the others, the
    /// newest first.
    pub reviewed: Option<bool>,
    /// Only those of this person.
    pub person_id: Option<PersonId>,
    /// Only those to this participant's record.
    pub participant_id: Option<ParticipantId>,
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// 409 with the rule that is in the way.
pub(super) fn refused(why: NotNow) -> Refusal {
    Problem::new(Code::Conflict).detail(why.to_string()).into()
}

/// These accesses as the caller may see them.
pub(super) fn views(
    ctx: &mut Ctx<'_, '_>,
    rows: &[EmergencyAccess],
) -> Result<Vec<EmergencyAccessView>, Refusal> {
    let ids: Vec<_> = rows.iter().map(|row| row.id.0).collect();
    let people: Vec<_> = rows.iter().map(|row| row.person_id.0).collect();
    let participants: Vec<_> = rows.iter().map(|row| row.participant_id.0).collect();
    let mut said: HashMap<EmergencyAccessId, Vec<EmergencyAccessReview>> = HashMap::new();
    for review in emergency_access_review::of(ctx.db, &ids)? {
        said.entry(review.emergency_access_id.0).or_default().push(review);
    }
    let names = person::names(ctx.db, &people)?;
    let pseudonyms = participant::study_ids(ctx.db, &participants)?;
    rows.iter()
        .map(|row| {
            let who = names.get(&row.person_id.0).cloned();
            let study_id = pseudonyms.get(&row.participant_id.0).cloned();
            let reviews = said.remove(&row.id.0).unwrap_or_default();
            one(ctx, row, who, study_id, &reviews)
        })
        .collect()
}

fn one(
    ctx: &mut Ctx<'_, '_>,
    row: &EmergencyAccess,
    who: Option<String>,
    study_id: Option<String>,
    reviews: &[EmergencyAccessReview],
) -> Result<EmergencyAccessView, Refusal> {
    let (keys, standing) = (ctx.keys_of(row.participant_id.0)?, row.standing());
    // Whether it is kept from being told may be about him.
    let others = ctx.caller.person() != Some(row.person_id.0);
    let said = |review: &EmergencyAccessReview| {
        Ok::<_, Refusal>(EmergencyAccessReviewView {
            outcome: review.outcome.0,
            words: review.words(&keys)?,
            reviewed_by: review.reviewed_by.0,
            reviewed_at: review.reviewed_at.0,
        })
    };
    Ok(EmergencyAccessView {
        id: row.id.0,
        version: row.version,
        participant_id: row.participant_id.0,
        study_id,
        person_id: row.person_id.0,
        who,
        role: row.role.0,
        reason: row.reason.0,
        words: row.words(&keys)?,
        opened_at: row.opened_at.0,
        expires_at: row.expires_at.0,
        ended_at: row.ended_at.map(|at| at.0),
        ended_by: row.ended_by.map(|id| id.0),
        is_open: standing.is_open(ctx.now),
        held_at: row.held_at.filter(|_| others).map(|at| at.0),
        held_by: row.held_by.filter(|_| others).map(|id| id.0),
        hold_reason: if others { row.hold_reason(&keys)? } else { None },
        released_at: row.released_at.filter(|_| others).map(|at| at.0),
        review_due_at: row.review_due_at.0,
        is_overdue: standing.is_overdue(ctx.now),
        reviewed_at: row.reviewed_at.map(|at| at.0),
        reviewed_by: row.reviewed_by.map(|id| id.0),
        outcome: row.outcome.map(|outcome| outcome.0),
        reviews: reviews.iter().map(said).collect::<Result<_, _>>()?,
    })
}

/// One access, noted for the log with whose record it is.
pub(super) fn view(ctx: &mut Ctx<'_, '_>, row: &EmergencyAccess) -> Result<EmergencyAccessView, Refusal> {
    ctx.about(row.participant_id.0);
    ctx.under_emergency(row.id.0);
    let shown = views(ctx, std::slice::from_ref(row))?.pop();
    shown.ok_or_else(|| Problem::internal("one access gave no view").into())
}

/// Open a record in an emergency
///
/// For thirty minutes the caller reads this one record as he reads those of his own sites: nothing can be changed, nothing
/// taken out, and no safeguarding concern shows. The safeguarding leads and privacy officers of the programme are told at
/// once, the participant sees it among the uses of his record, and each request is in the audit log with the id of the access.
/// A privacy officer looks into every use. While one of the caller's is overdue, he opens no other; nor while another record
/// is open to him, nor one that he reaches anyway.
#[utoipa::path(
    tag = "emergency-accesses", operation_id = "create_emergency_access", request_body = EmergencyAccessCreate,
    responses((status = 201, description = "The record is open.", body = EmergencyAccessView))
)]
#[post("/v1/emergency-accesses")]
async fn create_emergency_access(
    permit: Permit<{ Operation::CreateEmergencyAccess.id() }>,
    body: Json<EmergencyAccessCreate>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner();
    if new.date_of_birth.is_none() && new.nhs_number.is_none() {
        let message = "Give the date of birth or the NHS number as the second identifier.";
        return Err(Problem::new(Code::Invalid).field("/date_of_birth", "missing", message));
    }
    permit.write(move |ctx| create(ctx, &new)).await
}

fn create(ctx: &mut Ctx<'_, '_>, new: &EmergencyAccessCreate) -> Result<Reply, Refusal> {
    let by = ctx.caller.person().ok_or_else(Problem::not_found)?;
    let id = new.id.unwrap_or_else(|| EmergencyAccessId::new(ctx.fresh()));
    if let Some(found) = emergency_access::try_find(ctx.db, ctx.scope, id)? {
        return ctx.repeated(id.uuid(), |ctx| Reply::ok(found.version, &view(ctx, &found)?));
    }
    let man = participant::by_study_id(ctx.db, ctx.scope, new.study_id.as_str())?;
    // He learns of an attempt too.
    if let Some(man) = &man {
        ctx.seeks(man.id.0);
    }
    let told = may_open(ctx, by)?;
    let man = confirmed(ctx, man, new)?;
    if ctx.caller.scope(Relation::Site).admits(ctx.db, man.anchor())? {
        let detail = "You reach this record without an emergency: it is of your own site.";
        return Err(Problem::new(Code::Conflict).detail(detail).into());
    }
    if new.id.is_some() {
        ctx.creates(id.uuid())?;
    }
    let keys = ctx.keys_of(man.id.0)?;
    let row = EmergencyAccess {
        id: Key(id),
        programme_id: man.programme_id,
        participant_id: man.id,
        person_id: Key(by),
        role: Coded(ctx.caller.role),
        reason: Coded(new.reason),
        words: emergency_access::seal(&keys, id, "words", new.words.trim())?,
        opened_at: At(ctx.now),
        expires_at: At(ctx.now + TimeDelta::minutes(OPEN_MINUTES)),
        ended_at: None,
        ended_by: None,
        held_at: None,
        held_by: None,
        hold_reason: None,
        released_at: None,
        review_due_at: At(ctx.now + TimeDelta::days(REVIEW_DAYS)),
        reviewed_at: None,
        reviewed_by: None,
        outcome: None,
        version: 1,
    };
    emergency_access::insert(ctx.db, &row)?;
    if ctx.app.letters.is_some() {
        let to = |person| Mail::to(MailId::new(ctx.fresh()), MailKind::EmergencyAccess, person, ctx.now);
        let letters: Vec<Mail> = told.into_iter().map(to).collect();
        ctx.db.within(Duty::Post, |db| letters.iter().try_for_each(|letter| mail::insert(db, letter)))?;
    }
    ctx.resource(id.uuid());
    let shown = view(ctx, &row)?;
    Reply::created(format!("/v1/emergency-accesses/{id}"), row.version, &shown)
}

/// Whether this person may open any record now; answers whom to tell.
fn may_open(ctx: &mut Ctx<'_, '_>, by: PersonId) -> Result<Vec<PersonId>, Refusal> {
    let conflict = |detail: String| Refusal::from(Problem::new(Code::Conflict).detail(detail));
    if let Some(id) = emergency_access::overdue_of(ctx.db, by, ctx.now)? {
        return Err(conflict(format!(
            "Your emergency access {id} has not been looked into in time. Ask a privacy officer: until then you open no other."
        )));
    }
    if let Some(open) = emergency_access::opened(ctx.db, by, ctx.now)? {
        let id = open.id.0;
        return Err(conflict(format!("One record at a time: end your emergency access {id} first.")));
    }
    let programme = ctx.programme()?;
    let watchers = emergency_access::watchers(ctx.db, programme)?;
    let mut others: Vec<_> = watchers.into_iter().filter(|(person, _)| *person != by).collect();
    if !others.iter().any(|(_, role)| *role == Role::PrivacyOfficer) {
        let detail =
            "Nobody could look into it: the programme has no other person who is its privacy officer.";
        return Err(conflict(detail.to_owned()));
    }
    others.dedup_by_key(|(person, _)| *person);
    Ok(others.into_iter().map(|(person, _)| person).collect())
}

/// The participant with both identifiers. Which of them was wrong is not said.
fn confirmed(
    ctx: &mut Ctx<'_, '_>,
    man: Option<Participant>,
    new: &EmergencyAccessCreate,
) -> Result<Participant, Refusal> {
    let second = SecondIdentifier { date_of_birth: new.date_of_birth, nhs_number: new.nhs_number.clone() };
    let mut is_he = |man: &Participant| {
        let keys = ctx.keys_of(man.id.0)?;
        let identity = man.identity(&keys)?;
        let number = identity.nhs_number.as_ref().map(|number| number.as_str());
        Ok::<_, Refusal>(second.confirms(identity.date_of_birth, number))
    };
    match man {
        Some(man) if is_he(&man)? => Ok(man),
        _ => {
            let message = "There is no record with this study id and this second identifier.";
            Err(Problem::new(Code::Invalid).field("/study_id", "unknown", message).into())
        }
    }
}

/// List the records opened in an emergency
///
/// For safeguarding leads, privacy officers and monitors those of the programme; for others their own. The work list of the
/// privacy officer: what waits to be looked into, what is overdue at the top.
#[utoipa::path(
    tag = "emergency-accesses", operation_id = "list_emergency_accesses", params(EmergencyAccessQuery),
    responses((status = 200, description = "A page of accesses.", body = EmergencyAccessPage))
)]
#[get("/v1/emergency-accesses")]
async fn list_emergency_accesses(
    request: HttpRequest,
    permit: Permit<{ Operation::ListEmergencyAccesses.id() }>,
    query: Query<EmergencyAccessQuery>,
) -> Result<HttpResponse, Problem> {
    let EmergencyAccessQuery { reviewed, person_id, participant_id, limit, cursor } = query.into_inner();
    let reviewed = reviewed.unwrap_or(false);
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let filtered = (reviewed, person_id, participant_id);
    let list = List::new(permit.caller().actor_id(), Operation::ListEmergencyAccesses.name(), &filtered)?;
    let beyond: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let filter = Filter { reviewed, person_id, participant_id };
    let mut items = permit
        .read(move |ctx| {
            let beyond = beyond.map(EmergencyAccessId::new);
            let rows = emergency_access::list(ctx.db, ctx.scope, filter, beyond, fetch)?;
            // What is listed are accesses. That a privacy officer looked at one would tell of what he holds afterwards.
            views(ctx, &rows)
        })
        .await?;
    let next = paging.cut(&mut items, &cursors, &list, |view| view.id.uuid())?;
    Ok(page::respond(&request, &EmergencyAccessPage { items, next: next.clone() }, next.as_deref()))
}

/// Look at how a record was opened in an emergency
///
/// Who opened whose and why, until when, and what was found by those who looked into it.
#[utoipa::path(
    tag = "emergency-accesses", operation_id = "get_emergency_access",
    params(("id" = EmergencyAccessId, Path, description = "The access.")),
    responses((status = 200, description = "The access.", body = EmergencyAccessView))
)]
#[get("/v1/emergency-accesses/{id}")]
async fn get_emergency_access(
    permit: Permit<{ Operation::GetEmergencyAccess.id() }>,
    path: Path<EmergencyAccessId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .read(move |ctx| {
            let row = emergency_access::find(ctx.db, ctx.scope, id)?;
            Ok((row.version, view(ctx, &row)?))
        })
        .await
        .map(|(version, view)| crate::http::reply::shown(version, &view))
}

/// End an access before its time
///
/// By whoever opened the record, or by a privacy officer. The next request is refused.
#[utoipa::path(
    tag = "emergency-accesses", operation_id = "end_emergency_access",
    params(("id" = EmergencyAccessId, Path, description = "The access.")),
    responses((status = 200, description = "The record is shut.", body = EmergencyAccessView))
)]
#[post("/v1/emergency-accesses/{id}/ending")]
async fn end_emergency_access(
    permit: Permit<{ Operation::EndEmergencyAccess.id() }>,
    path: Path<EmergencyAccessId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .write(move |ctx| {
            let mut row = emergency_access::find(ctx.db, ctx.scope, id)?;
            ctx.about(row.participant_id.0);
            ctx.under_emergency(id);
            row.standing().ends(ctx.now).map_err(refused)?;
            row.ended_at = Some(At(ctx.now));
            row.ended_by = ctx.caller.person().map(Key);
            let row = emergency_access::save(ctx.db, row)?;
            Reply::ok(row.version, &view(ctx, &row)?)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config
        .service(create_emergency_access)
        .service(list_emergency_accesses)
        .service(get_emergency_access)
        .service(end_emergency_access);
}
