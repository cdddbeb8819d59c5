//! Digital profiles: what stands between a participant and an online form, measured before any help.

use actix_web::{HttpRequest, HttpResponse, get, post};
use alongside_domain::digital_profile::{Access, AccessClass, Barrier, Device, InternetAtHome, LastUsed};
use alongside_domain::id::{DigitalProfileId, ParticipantId, PersonId};
use alongside_domain::policy::Operation;
use alongside_store::digital_profile::{self, DigitalProfile};
use alongside_store::participant;
use alongside_store::types::{At, Code as Coded, Document, Key};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::http::page::{self, List, Paging};
use crate::http::{Json, Path, Permit, Problem, Query, Reply, Services};

/// What was found out, before any help was given.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "time_point": "T1", "internet_at_home": "none", "device": "phone", "device_shared": false, "last_used": "never",
    "uses_by_proxy": false, "foundation_tasks": 0, "confidence": 2, "barriers": ["sight"]
}))]
pub struct DigitalProfileCreate {
    /// Chosen by the client, so that a retry is recognised.
    pub id: Option<DigitalProfileId>,
    /// Such as `T1`: letters, digits, `.`, `_` and `-`.
    #[validate(length(min = 1, max = 32), custom(function = "is_time_point"))]
    #[schema(min_length = 1, max_length = 32, pattern = "^[A-Za-z0-9._-]+$")]
    pub time_point: String,
    pub internet_at_home: InternetAtHome,
    /// The most capable device within reach.
    pub device: Device,
    /// Shared with somebody else.
    #[serde(default)]
    pub device_shared: bool,
    pub data_affordable: Option<bool>,
    /// When he last went online himself.
    pub last_used: LastUsed,
    /// Somebody else goes online for him.
    #[serde(default)]
    pub uses_by_proxy: bool,
    /// How many of the eight foundation tasks he can do without help.
    #[validate(range(min = 0, max = 8))]
    #[schema(minimum = 0, maximum = 8)]
    pub foundation_tasks: u8,
    #[validate(range(min = 0, max = 10))]
    #[schema(minimum = 0, maximum = 10)]
    pub confidence: u8,
    #[validate(range(min = 0, max = 10))]
    #[schema(minimum = 0, maximum = 10)]
    pub motivation: Option<u8>,
    /// How much he worries about trust and privacy.
    #[validate(range(min = 0, max = 10))]
    #[schema(minimum = 0, maximum = 10)]
    pub privacy_worry: Option<u8>,
    #[serde(default)]
    #[validate(length(max = 6))]
    #[schema(max_items = 6)]
    pub barriers: Vec<Barrier>,
    /// Somebody around could help.
    pub available_helper: Option<bool>,
    /// There is a place to answer unseen.
    pub private_space: Option<bool>,
}

/// A digital profile, with what it comes to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e90", "participant_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e80",
    "time_point": "T1", "internet_at_home": "none", "device": "phone", "device_shared": false,
    "data_affordable": null, "last_used": "never", "uses_by_proxy": false, "foundation_tasks": 0, "confidence": 2,
    "motivation": null, "privacy_worry": null, "barriers": ["sight"], "available_helper": null,
    "private_space": null, "access_class": "X0", "could_do_alone": false,
    "recorded_by": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70", "recorded_at": "2026-11-02T09:30:00Z"
}))]
pub struct DigitalProfileView {
    pub id: DigitalProfileId,
    pub participant_id: ParticipantId,
    #[schema(max_length = 32)]
    pub time_point: String,
    pub internet_at_home: InternetAtHome,
    pub device: Device,
    pub device_shared: bool,
    pub data_affordable: Option<bool>,
    pub last_used: LastUsed,
    pub uses_by_proxy: bool,
    #[schema(minimum = 0, maximum = 8)]
    pub foundation_tasks: i32,
    #[schema(minimum = 0, maximum = 10)]
    pub confidence: i32,
    #[schema(minimum = 0, maximum = 10)]
    pub motivation: Option<i32>,
    #[schema(minimum = 0, maximum = 10)]
    pub privacy_worry: Option<i32>,
    #[schema(max_items = 6)]
    pub barriers: Vec<Barrier>,
    pub available_helper: Option<bool>,
    pub private_space: Option<bool>,
    /// The first rule that fits: X0 no device or never used, X1 fewer than eight tasks, X2 low confidence or by proxy,
    /// X3 independent.
    pub access_class: AccessClass,
    /// X3; or X2 after an earlier assessment done alone.
    pub could_do_alone: bool,
    /// The person or service client who recorded it.
    pub recorded_by: PersonId,
    pub recorded_at: DateTime<Utc>,
}

impl From<DigitalProfile> for DigitalProfileView {
    fn from(row: DigitalProfile) -> Self {
        Self {
            id: row.id.0,
            participant_id: row.participant_id.0,
            time_point: row.time_point,
            internet_at_home: row.internet_at_home.0,
            device: row.device.0,
            device_shared: row.device_shared,
            data_affordable: row.data_affordable,
            last_used: row.last_used.0,
            uses_by_proxy: row.uses_by_proxy,
            foundation_tasks: row.foundation_tasks,
            confidence: row.confidence,
            motivation: row.motivation,
            privacy_worry: row.privacy_worry,
            barriers: row.barriers.0,
            available_helper: row.available_helper,
            private_space: row.private_space,
            access_class: row.access_class.0,
            could_do_alone: row.could_do_alone,
            recorded_by: row.recorded_by.0,
            recorded_at: row.recorded_at.0,
        }
    }
}

/// A page of digital profiles, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct DigitalProfilePage {
    #[schema(max_items = 200)]
    pub items: Vec<DigitalProfileView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which page.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DigitalProfileQuery {
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// The name of a time point.
fn is_time_point(text: &str) -> Result<(), ValidationError> {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
        return Ok(());
    }
    let message = "This must be letters, digits, dots, hyphens and underscores.";
    Err(ValidationError::new("format").with_message(message.into()))
}

/// List a participant's digital profiles
///
/// One for each time point at which it was measured, oldest first. They never change.
#[utoipa::path(
    tag = "participants", operation_id = "list_digital_profiles",
    params(("id" = ParticipantId, Path, description = "The participant."), DigitalProfileQuery),
    responses((status = 200, description = "A page of digital profiles.", body = DigitalProfilePage))
)]
#[get("/v1/participants/{id}/digital-profiles")]
async fn list_digital_profiles(
    request: HttpRequest,
    permit: Permit<{ Operation::ListDigitalProfiles.id() }>,
    path: Path<ParticipantId>,
    query: Query<DigitalProfileQuery>,
) -> Result<HttpResponse, Problem> {
    let (id, DigitalProfileQuery { limit, cursor }) = (*path, query.into_inner());
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListDigitalProfiles.name(), &id)?;
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let mut rows = permit
        .read(move |ctx| {
            participant::find(ctx.db, ctx.scope, id)?;
            ctx.about(id);
            Ok(digital_profile::list(ctx.db, id, after.map(DigitalProfileId::new), fetch)?)
        })
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let items = rows.into_iter().map(DigitalProfileView::from).collect();
    Ok(page::respond(&request, &DigitalProfilePage { items, next: next.clone() }, next.as_deref()))
}

/// Record a digital profile
///
/// Measured before any help. The server derives the access class and whether he could have done a form alone, and
/// carries both to the participant's record.
#[utoipa::path(
    tag = "participants", operation_id = "create_digital_profile", request_body = DigitalProfileCreate,
    params(("id" = ParticipantId, Path, description = "The participant.")),
    responses((status = 201, description = "The profile is recorded.", body = DigitalProfileView))
)]
#[post("/v1/participants/{id}/digital-profiles")]
async fn create_digital_profile(
    permit: Permit<{ Operation::CreateDigitalProfile.id() }>,
    path: Path<ParticipantId>,
    body: Json<DigitalProfileCreate>,
) -> Result<HttpResponse, Problem> {
    let (participant_id, new) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let participant = participant::find(ctx.db, ctx.scope, participant_id)?;
            ctx.about(participant_id);
            let id = new.id.unwrap_or_else(|| DigitalProfileId::new(ctx.fresh()));
            if new.id.is_some() {
                if let Some(found) = digital_profile::try_find(ctx.db, participant_id, id)? {
                    return ctx.repeated(id.uuid(), |_| Reply::ok_plain(&DigitalProfileView::from(found)));
                }
                ctx.creates(id.uuid())?;
            }
            let access = Access {
                device: new.device,
                last_used: new.last_used,
                uses_by_proxy: new.uses_by_proxy,
                foundation_tasks: new.foundation_tasks,
                confidence: new.confidence,
            };
            let (access_class, could_do_alone) =
                digital_profile::derive(ctx.db, participant_id, &new.time_point, access)?;
            let row = DigitalProfile {
                id: Key(id),
                participant_id: Key(participant_id),
                time_point: new.time_point.clone(),
                internet_at_home: Coded(new.internet_at_home),
                device: Coded(new.device),
                device_shared: new.device_shared,
                data_affordable: new.data_affordable,
                last_used: Coded(new.last_used),
                uses_by_proxy: new.uses_by_proxy,
                foundation_tasks: i32::from(new.foundation_tasks),
                confidence: i32::from(new.confidence),
                motivation: new.motivation.map(i32::from),
                privacy_worry: new.privacy_worry.map(i32::from),
                barriers: Document(new.barriers.clone()),
                available_helper: new.available_helper,
                private_space: new.private_space,
                access_class: Coded(access_class),
                could_do_alone,
                recorded_by: Key(PersonId::new(ctx.caller.actor_id())),
                recorded_at: At(ctx.now),
            };
            digital_profile::insert(ctx.db, &participant, &row)?;
            ctx.resource(id.uuid());
            let place = format!("/v1/participants/{participant_id}/digital-profiles");
            Reply::created_plain(place, &DigitalProfileView::from(row))
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(list_digital_profiles).service(create_digital_profile);
}
