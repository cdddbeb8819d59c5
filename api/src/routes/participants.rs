//! Participants: the record under the pseudonym. Who somebody is stands apart, in `participant_identity`.

use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use alongside_domain::digital_profile::AccessClass;
use alongside_domain::id::{ParticipantId, ProgrammeId, SiteId};
use alongside_domain::participant::{AccessNeed, CommunicationNeed, Needs, Status, Treatment};
use alongside_domain::policy::{Operation, Role, relation};
use alongside_domain::study_id::StudyId;
use alongside_store::participant::{self, Cells, Filter, Listed, Participant};
use alongside_store::scope::Reach;
use alongside_store::sealing::{DataClass, KeysOfMany, Record, RecordKeys, unless_erased};
use alongside_store::types::{At, Code as Coded, Key};
use alongside_store::{StoreError, access_watch, site};
use chrono::{DateTime, Utc};
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::participant_identity::{IdentityInput, SafeContactInput, accept, below, check_birth, merged};
use crate::http::etag::IfMatch;
use crate::http::page::{self, List, Paging};
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Query, Refusal, Reply, Services, patch as merge};

/// The language of a participant where nothing else is said.
const DEFAULT_LANGUAGE: &str = "en-GB";

/// A new participant.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "site_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e72",
    "identity": {"name": "Arthur Example", "date_of_birth": "1949-05-01", "phones": ["01632 960123"]},
    "safe_contact": {"times": "Mornings", "no_voicemail": true},
    "needs": {"communication": ["large_print"]},
    "treatments": ["surgery"], "language": "en-GB"
}))]
pub struct ParticipantCreate {
    /// Chosen by the client, so that a retry is recognised.
    pub id: Option<ParticipantId>,
    pub site_id: SiteId,
    #[validate(nested)]
    pub identity: IdentityInput,
    #[serde(default)]
    #[validate(nested)]
    pub safe_contact: SafeContactInput,
    #[serde(default)]
    #[validate(nested)]
    pub needs: NeedsInput,
    #[serde(default)]
    #[validate(length(max = 8))]
    #[schema(max_items = 8)]
    pub treatments: Vec<Treatment>,
    /// The language of forms and letters, as in BCP 47; `en-GB` when absent.
    #[validate(length(max = 35), custom(function = "is_language"))]
    #[schema(min_length = 2, max_length = 35, pattern = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")]
    pub language: Option<String>,
}

/// What a helper must know to be of help.
#[derive(Debug, Clone, Default, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NeedsInput {
    #[serde(default)]
    pub interpreter: bool,
    /// The language to interpret into, where it is not the participant's own.
    #[validate(length(max = 35), custom(function = "is_language"))]
    #[schema(min_length = 2, max_length = 35, pattern = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")]
    pub interpreter_language: Option<String>,
    #[serde(default)]
    #[validate(length(max = 20))]
    #[schema(max_items = 20)]
    pub communication: Vec<CommunicationNeed>,
    #[serde(default)]
    #[validate(length(max = 20))]
    #[schema(max_items = 20)]
    pub access: Vec<AccessNeed>,
    #[validate(length(max = 500))]
    #[schema(max_length = 500)]
    pub note: Option<String>,
}

/// What may be changed here. Consent, digital profile and identity have operations of their own.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"needs": {"communication": ["large_print", "hearing"]}, "treatments": ["surgery"]}))]
pub struct ParticipantUpdate {
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 35), custom(function = "is_language"))]
    #[schema(min_length = 2, max_length = 35, nullable = false)]
    pub language: Option<String>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub needs: Option<NeedsUpdate>,
    /// As a whole: what is sent takes the place of what was there.
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 8))]
    #[schema(max_items = 8, nullable = false)]
    pub treatments: Option<Vec<Treatment>>,
}

/// Changes to what a helper must know, merged member by member.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NeedsUpdate {
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub interpreter: Option<bool>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 35, value_type = Option<String>)]
    pub interpreter_language: Option<Option<String>>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20, nullable = false)]
    pub communication: Option<Vec<CommunicationNeed>>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20, nullable = false)]
    pub access: Option<Vec<AccessNeed>>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500, value_type = Option<String>)]
    pub note: Option<Option<String>>,
}

/// A participant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e80", "study_id": "AS-7K3M-9QXT-U",
    "programme_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71", "site_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e72",
    "name": "Arthur Example", "status": "identified", "allowed_next": ["approached", "deceased"],
    "language": "en-GB", "access_class": null,
    "could_do_alone": null, "supporter_contact_allowed": false,
    "needs": {"interpreter": false, "interpreter_language": null, "communication": ["large_print"], "access": [],
        "note": null},
    "treatments": ["surgery"], "version": 1, "created_at": "2026-11-02T09:30:00Z",
    "updated_at": "2026-11-02T09:30:00Z"
}))]
pub struct ParticipantView {
    pub id: ParticipantId,
    #[schema(value_type = StudyId)]
    pub study_id: String,
    pub programme_id: ProgrammeId,
    pub site_id: SiteId,
    /// Only for roles that may know who the participant is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, nullable = false)]
    pub name: Option<String>,
    pub status: Status,
    /// The states that can follow. Those that take part stand on consent as well.
    #[schema(max_items = 14)]
    pub allowed_next: Vec<Status>,
    #[schema(max_length = 35)]
    pub language: String,
    /// From the newest digital profile; null until there is one.
    pub access_class: Option<AccessClass>,
    /// Whether he could have filled in a form alone, as found by the newest digital profile.
    pub could_do_alone: Option<bool>,
    /// Whether the consent in force lets a supporter be in touch.
    pub supporter_contact_allowed: bool,
    pub needs: Needs,
    /// Not for supporters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 8, nullable = false)]
    pub treatments: Option<Vec<Treatment>>,
    /// What `If-Match` wants to hear, without its quotes.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Whether the role may know who a participant is.
fn knows_names(role: Role) -> bool {
    relation(Operation::GetParticipantIdentity, role).is_some()
}

fn name(row: &Participant, keys: &RecordKeys, role: Role) -> Result<Option<String>, Refusal> {
    Ok(if knows_names(role) { Some(row.identity(keys)?.name) } else { None })
}

impl ParticipantView {
    fn of(row: &Participant, keys: &RecordKeys, role: Role) -> Result<Self, Refusal> {
        let mut needs = row.needs(keys)?;
        if !knows_names(role) {
            // Words of one's own may name somebody.
            needs.note = None;
        }
        Ok(Self {
            id: row.id.0,
            study_id: row.study_id.clone(),
            programme_id: row.programme_id.0,
            site_id: row.site_id.0,
            name: name(row, keys, role)?,
            status: row.status.0,
            allowed_next: row.status.0.allowed_next().to_vec(),
            language: row.language.clone(),
            access_class: row.access_class.map(|class| class.0),
            could_do_alone: row.could_do_alone,
            supporter_contact_allowed: row.supporter_contact_allowed,
            needs,
            treatments: if role == Role::Supporter { None } else { Some(row.treatments(keys)?) },
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

/// A participant as a list shows him.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParticipantItem {
    pub id: ParticipantId,
    #[schema(value_type = StudyId)]
    pub study_id: String,
    pub site_id: SiteId,
    /// Only for roles that may know who the participant is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, nullable = false)]
    pub name: Option<String>,
    pub status: Status,
    pub access_class: Option<AccessClass>,
    pub could_do_alone: Option<bool>,
    #[schema(max_length = 35)]
    pub language: String,
    pub supporter_contact_allowed: bool,
}

impl ParticipantItem {
    fn of(row: Listed, keys: &KeysOfMany, role: Role) -> Result<Self, Refusal> {
        let name = if knows_names(role) {
            // Whoever was erased stays in the list, without a name.
            unless_erased(keys.of(Record::Participant(row.id.0)).and_then(|keys| row.name(keys)))?
        } else {
            None
        };
        Ok(Self {
            name,
            id: row.id.0,
            study_id: row.study_id,
            site_id: row.site_id.0,
            status: row.status.0,
            access_class: row.access_class.map(|class| class.0),
            could_do_alone: row.could_do_alone,
            language: row.language,
            supporter_contact_allowed: row.supporter_contact_allowed,
        })
    }
}

/// A page of participants.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "items": [{"id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e80", "study_id": "AS-7K3M-9QXT-U",
        "site_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e72", "name": "Arthur Example", "status": "consented",
        "access_class": "X0", "could_do_alone": false, "language": "en-GB", "supporter_contact_allowed": true}],
    "next": null
}))]
pub struct ParticipantPage {
    #[schema(max_items = 200)]
    pub items: Vec<ParticipantItem>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which participants.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ParticipantQuery {
    /// Only those of this site.
    pub site_id: Option<SiteId>,
    /// Only those who stand here.
    pub status: Option<Status>,
    /// Only those of this access class.
    pub access_class: Option<AccessClass>,
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// A language tag as in BCP 47.
pub(super) fn is_language(text: &str) -> Result<(), ValidationError> {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    let fits = (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
    if fits {
        return Ok(());
    }
    Err(ValidationError::new("format")
        .with_message("This must be a language tag such as en-GB or cy.".into()))
}

/// 422 unless the caller may add participants at this site. Sites elsewhere do not exist for him.
fn require_site(ctx: &mut Ctx<'_, '_>, programme: ProgrammeId, id: SiteId) -> Result<(), Refusal> {
    let reached = match &ctx.scope.reach {
        Reach::Sites(_, sites) => sites.contains(&id),
        _ => true,
    };
    if reached && site::is_in(ctx.db, programme, id)? {
        return Ok(());
    }
    Err(Problem::new(Code::Invalid)
        .field("/site_id", "unknown", "There is no such site in this programme.")
        .into())
}

/// List the participants
///
/// Those of the caller's programme or sites; for a supporter those whom he helps now. Names only for roles that may
/// know them.
#[utoipa::path(
    tag = "participants", operation_id = "list_participants", params(ParticipantQuery),
    responses((status = 200, description = "A page of participants.", body = ParticipantPage))
)]
#[get("/v1/participants")]
async fn list_participants(
    request: HttpRequest,
    permit: Permit<{ Operation::ListParticipants.id() }>,
    query: Query<ParticipantQuery>,
) -> Result<HttpResponse, Problem> {
    let ParticipantQuery { site_id, status, access_class, limit, cursor } = query.into_inner();
    let filter = Filter { site_id, status, access_class };
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListParticipants.name(), &filter)?;
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let shown = usize::try_from(paging.limit()).unwrap_or(usize::MAX);
    let mut items = permit
        .read(move |ctx| {
            let area = ctx.caller.sites.as_ref();
            if site_id.zip(area).is_some_and(|(site, area)| !area.contains(&site)) {
                ctx.note(access_watch::OUTSIDE_AREA);
            }
            let rows = participant::list(ctx.db, ctx.scope, &filter, after.map(ParticipantId::new), fetch)?;
            ctx.lists(rows.iter().take(shown).map(|row| row.id.0));
            let role = ctx.caller.role;
            let named = rows.iter().filter(|_| knows_names(role)).map(|row| Record::Participant(row.id.0));
            let keys = ctx.keys_of_all(DataClass::Identity, named)?;
            rows.into_iter().map(|row| ParticipantItem::of(row, &keys, role)).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    let next = paging.cut(&mut items, &cursors, &list, |item| item.id.uuid())?;
    Ok(page::respond(&request, &ParticipantPage { items, next: next.clone() }, next.as_deref()))
}

/// Enter a participant
///
/// The server draws the study id. A new participant is `identified`: consent is recorded afterwards.
#[utoipa::path(
    tag = "participants", operation_id = "create_participant", request_body = ParticipantCreate,
    responses((status = 201, description = "The participant is entered.", body = ParticipantView))
)]
#[post("/v1/participants")]
async fn create_participant(
    permit: Permit<{ Operation::CreateParticipant.id() }>,
    body: Json<ParticipantCreate>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner();
    permit
        .write(move |ctx| {
            let role = ctx.caller.role;
            let id = new.id.unwrap_or_else(|| ParticipantId::new(ctx.fresh()));
            if new.id.is_some() {
                if let Some(found) = participant::try_find(ctx.db, ctx.scope, id)? {
                    ctx.about(id);
                    return ctx.repeated(id.uuid(), |ctx| {
                        let keys = ctx.keys_of(id)?;
                        Reply::ok(found.version, &ParticipantView::of(&found, &keys, role)?)
                    });
                }
                ctx.creates(id.uuid())?;
            }
            let programme = ctx.programme()?;
            require_site(ctx, programme, new.site_id)?;
            let row = entered(ctx, &new, id, programme)?;
            participant::insert(ctx.db, &row).map_err(|error| {
                // A pseudonym drawn twice: the work is done again, with another one.
                if error.violates(participant::STUDY_ID) { StoreError::Collision } else { error }
            })?;
            ctx.about(id);
            ctx.resource(id.uuid());
            let keys = ctx.keys_of(id)?;
            Reply::created(format!("/v1/participants/{id}"), 1, &ParticipantView::of(&row, &keys, role)?)
        })
        .await
}

fn entered(
    ctx: &mut Ctx<'_, '_>,
    new: &ParticipantCreate,
    id: ParticipantId,
    programme: ProgrammeId,
) -> Result<Participant, Refusal> {
    let cells = Cells {
        identity: accept(&new.identity)?,
        safe_contact: accept(&new.safe_contact)?,
        needs: accept(&new.needs)?,
        treatments: new.treatments.clone(),
    };
    check_birth(&cells.identity, ctx.now.date_naive())
        .map_err(|problem| below("/identity", problem.into()))?;
    let sealed = cells.seal(&*ctx.keys_of(id)?, id)?;
    Ok(Participant {
        id: Key(id),
        programme_id: Key(programme),
        site_id: Key(new.site_id),
        study_id: StudyId::from_random(rand::rng().random()).to_string(),
        status: Coded(Status::Identified),
        language: new.language.clone().unwrap_or_else(|| DEFAULT_LANGUAGE.to_owned()),
        access_class: None,
        could_do_alone: None,
        needs: sealed.needs,
        treatments: sealed.treatments,
        identity: sealed.identity,
        safe_contact: sealed.safe_contact,
        supporter_contact_allowed: false,
        created_at: At(ctx.now),
        updated_at: At(ctx.now),
        version: 1,
        erased_at: None,
    })
}

/// Look at a participant
///
/// The record under the pseudonym: where he stands, what a helper must know, what consent allows.
#[utoipa::path(
    tag = "participants", operation_id = "get_participant",
    params(("id" = ParticipantId, Path, description = "The participant.")),
    responses((status = 200, description = "The participant.", body = ParticipantView))
)]
#[get("/v1/participants/{id}")]
async fn get_participant(
    permit: Permit<{ Operation::GetParticipant.id() }>,
    path: Path<ParticipantId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .show(move |ctx| {
            let row = participant::find(ctx.db, ctx.scope, id)?;
            ctx.about(id);
            let keys = ctx.keys_of(id)?;
            Ok((row.version, ParticipantView::of(&row, &keys, ctx.caller.role)?))
        })
        .await
}

/// Change a participant
///
/// A merge patch of language, needs and treatments.
#[utoipa::path(
    tag = "participants", operation_id = "update_participant", request_body = ParticipantUpdate,
    params(
        ("id" = ParticipantId, Path, description = "The participant."),
        ("If-Match" = String, Header, description = "The version that was read.", max_length = 64)
    ),
    responses((status = 200, description = "The participant as he stands now.", body = ParticipantView))
)]
#[patch("/v1/participants/{id}")]
async fn update_participant(
    permit: Permit<{ Operation::UpdateParticipant.id() }>,
    path: Path<ParticipantId>,
    if_match: IfMatch,
    body: Json<ParticipantUpdate>,
) -> Result<HttpResponse, Problem> {
    let (id, change) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let mut row = participant::find(ctx.db, ctx.scope, id)?;
            ctx.about(id);
            if_match.check(row.version)?;
            let keys = ctx.keys_of(id)?;
            if let Some(language) = &change.language {
                row.language.clone_from(language);
            }
            if let Some(needs) = &change.needs {
                let input: NeedsInput =
                    merged(&row.needs(&keys)?, needs).map_err(|refused| below("/needs", refused))?;
                row.needs = participant::seal(&keys, id, "needs", &accept::<Needs>(&input)?)?;
            }
            if let Some(treatments) = &change.treatments {
                row.treatments = participant::seal(&keys, id, "treatments", treatments)?;
            }
            row.updated_at = At(ctx.now);
            participant::save(ctx.db, &row, ctx.now)?;
            row.version += 1;
            Reply::ok(row.version, &ParticipantView::of(&row, &keys, ctx.caller.role)?)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config
        .service(list_participants)
        .service(create_participant)
        .service(get_participant)
        .service(update_participant);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags() {
        for good in ["en", "en-GB", "cy", "zh-Hant-TW", "sgn-GB"] {
            assert!(is_language(good).is_ok(), "{good}");
        }
        for wrong in ["", "e", "english", "en_GB", "en-", "12-GB", "en-toolongpart"] {
            assert!(is_language(wrong).is_err(), "{wrong}");
        }
    }
}
