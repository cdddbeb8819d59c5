//! Looking into records that were opened in an emergency, and keeping one from being told for a while.

use actix_web::{HttpResponse, post};
use alongside_domain::emergency_access::ReviewOutcome;
use alongside_domain::id::{EmergencyAccessId, EmergencyAccessReviewId, PersonId};
use alongside_domain::policy::Operation;
use alongside_store::emergency_access::{self, EmergencyAccess};
use alongside_store::emergency_access_review::{self, EmergencyAccessReview};
use alongside_store::types::{At, Code as Coded, Key};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::checks;
use super::emergency_accesses::{EmergencyAccessView, refused, view};
use crate::http::etag::IfMatch;
use crate::http::{Ctx, Json, Path, Permit, Problem, Refusal, Reply, Services};

/// What came of looking into it.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"outcome": "justified", "words": "The ambulance's report has the same time and place."}))]
pub struct EmergencyAccessReviewCreate {
    pub outcome: ReviewOutcome,
    /// What was found, or what is asked.
    #[validate(length(min = 1, max = 2000), custom(function = "checks::said"))]
    #[schema(min_length = 1, max_length = 2000)]
    pub words: String,
}

/// Why the participant is not to be told for the time being.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Somebody at his home reads over his shoulder; his team tells him in person."}))]
pub struct EmergencyAccessHold {
    #[validate(length(min = 10, max = 2000), custom(function = "checks::said"))]
    #[schema(min_length = 10, max_length = 2000)]
    pub reason: String,
}

/// The access at hand, noted for the log, and who asks.
fn found(
    ctx: &mut Ctx<'_, '_>,
    id: EmergencyAccessId,
    if_match: &IfMatch,
) -> Result<(EmergencyAccess, PersonId), Refusal> {
    let row = emergency_access::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    ctx.under_emergency(id);
    if_match.check(row.version)?;
    let by = ctx.caller.person().ok_or_else(Problem::not_found)?;
    Ok((row, by))
}

/// Look into a use
///
/// By a privacy officer who neither opened the record nor kept it from being told. With `more_asked` it stays on the list and is
/// due when it was due.
#[utoipa::path(
    tag = "emergency-accesses", operation_id = "review_emergency_access",
    params(("id" = EmergencyAccessId, Path, description = "The access.")),
    request_body = EmergencyAccessReviewCreate,
    responses((status = 200, description = "The access as it is now.", body = EmergencyAccessView))
)]
#[post("/v1/emergency-accesses/{id}/reviews")]
async fn review_emergency_access(
    permit: Permit<{ Operation::ReviewEmergencyAccess.id() }>,
    path: Path<EmergencyAccessId>,
    if_match: IfMatch,
    body: Json<EmergencyAccessReviewCreate>,
) -> Result<HttpResponse, Problem> {
    let (id, new) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let (mut row, by) = found(ctx, id, &if_match)?;
            row.standing().reviews(by, ctx.now).map_err(refused)?;
            let review = EmergencyAccessReviewId::new(ctx.fresh());
            let words = emergency_access_review::seal(
                &*ctx.keys_of(row.participant_id.0)?,
                review,
                new.words.trim(),
            )?;
            let review = EmergencyAccessReview {
                id: Key(review),
                emergency_access_id: row.id,
                outcome: Coded(new.outcome),
                words,
                reviewed_by: Key(by),
                reviewed_at: At(ctx.now),
            };
            emergency_access_review::insert(ctx.db, &review)?;
            if new.outcome.is_final() {
                row.reviewed_at = Some(At(ctx.now));
                row.reviewed_by = Some(Key(by));
                row.outcome = Some(Coded(new.outcome));
            }
            let row = emergency_access::save(ctx.db, row)?;
            Reply::ok(row.version, &view(ctx, &row)?)
        })
        .await
}

/// Keep a use from being told to the participant
///
/// With a reason, once. He does not see it among the uses of his record until it is released. Whoever holds it does not look
/// into it.
#[utoipa::path(
    tag = "emergency-accesses", operation_id = "hold_emergency_access",
    params(("id" = EmergencyAccessId, Path, description = "The access.")),
    request_body = EmergencyAccessHold,
    responses((status = 200, description = "The access as it is now.", body = EmergencyAccessView))
)]
#[post("/v1/emergency-accesses/{id}/hold")]
async fn hold_emergency_access(
    permit: Permit<{ Operation::HoldEmergencyAccess.id() }>,
    path: Path<EmergencyAccessId>,
    if_match: IfMatch,
    body: Json<EmergencyAccessHold>,
) -> Result<HttpResponse, Problem> {
    let (id, new) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let (mut row, by) = found(ctx, id, &if_match)?;
            row.standing().holds(by).map_err(refused)?;
            row.held_at = Some(At(ctx.now));
            row.held_by = Some(Key(by));
            let reason = emergency_access::seal(
                &*ctx.keys_of(row.participant_id.0)?,
                id,
                "hold_reason",
                new.reason.trim(),
            )?;
            row.hold_reason = Some(reason);
            let row = emergency_access::save(ctx.db, row)?;
            Reply::ok(row.version, &view(ctx, &row)?)
        })
        .await
}

/// Let a use be told
///
/// From now on the participant sees it among the uses of his record.
#[utoipa::path(
    tag = "emergency-accesses", operation_id = "release_emergency_access",
    params(("id" = EmergencyAccessId, Path, description = "The access.")),
    responses((status = 200, description = "The access as it is now.", body = EmergencyAccessView))
)]
#[post("/v1/emergency-accesses/{id}/release")]
async fn release_emergency_access(
    permit: Permit<{ Operation::ReleaseEmergencyAccess.id() }>,
    path: Path<EmergencyAccessId>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .write(move |ctx| {
            let (mut row, _) = found(ctx, id, &if_match)?;
            row.standing().releases().map_err(refused)?;
            row.released_at = Some(At(ctx.now));
            let row = emergency_access::save(ctx.db, row)?;
            Reply::ok(row.version, &view(ctx, &row)?)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(review_emergency_access).service(hold_emergency_access).service(release_emergency_access);
}
