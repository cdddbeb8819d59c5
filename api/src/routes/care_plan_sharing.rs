//! Copies of a care plan that go out, and what may keep one back.

use actix_web::{HttpResponse, post};
use alongside_domain::care_plan::{CopyFormat, CopyRecipient, Delivery, Obstacle, Sending, Step, obstacle};
use alongside_domain::id::CarePlanId;
use alongside_domain::policy::Operation;
use alongside_store::care_plan_copy::{self, CopyDetail, MAX_COPIES};
use alongside_store::{care_plan, consent, participant};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::care_plan_steps::{answer, before};
use super::care_plan_view::CarePlanView;
use super::checks;
use crate::http::{Code, Json, Path, Permit, Problem, Services};

/// A copy that goes out.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"recipient": "participant", "format": "large_print", "delivery": "post"}))]
pub struct CarePlanSharing {
    recipient: CopyRecipient,
    format: CopyFormat,
    /// The way it takes. Without it: print and large print are handed over, `post` is posted, PDF and e-mail go
    /// electronically.
    delivery: Option<Delivery>,
    /// Who gets it, by name; needed for `other`.
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200)]
    recipient_name: Option<String>,
    /// He said yes to this reader; needed for the supporter service, family and others.
    #[serde(default)]
    #[schema(required = false)]
    participant_agreed: bool,
    /// The sender has looked at whom nothing must reach, and this copy does not reach them.
    #[serde(default)]
    #[schema(required = false)]
    checked_who_must_not_know: bool,
}

impl CarePlanSharing {
    fn sending(&self) -> Sending {
        Sending {
            recipient: self.recipient,
            format: self.format,
            delivery: self.delivery.unwrap_or_else(|| self.format.usual_delivery()),
            named: self.recipient_name.is_some(),
            participant_agreed: self.participant_agreed,
            checked_who_must_not_know: self.checked_who_must_not_know,
        }
    }

    fn detail(&self) -> CopyDetail {
        CopyDetail {
            recipient_name: self.recipient_name.as_deref().map(|name| name.trim().to_owned()),
            participant_agreed: self.participant_agreed,
            checked_who_must_not_know: self.checked_who_must_not_know,
        }
    }
}

fn refused(obstacle: Obstacle) -> Problem {
    let field = |pointer: &'static str, code: &'static str, message: &'static str| {
        Problem::new(Code::Invalid).field(pointer, code, message)
    };
    match obstacle {
        Obstacle::Delivery => field("/delivery", "mismatch", "A copy in this format cannot go this way."),
        Obstacle::Unnamed => field("/recipient_name", "required", "Say who gets this copy."),
        Obstacle::Consent => Problem::new(Code::ConsentMissing)
            .detail("The participant has not agreed that this reader gets a summary or a plan."),
        Obstacle::Wish => field(
            "/participant_agreed",
            "required",
            "This reader gets a copy only where the participant said so.",
        ),
        Obstacle::NoPost => {
            field("/delivery", "no_post", "This participant asked for no letters: hand the copy over.")
        }
        Obstacle::MustNotKnow => field(
            "/checked_who_must_not_know",
            "required",
            "There is somebody whom nothing must reach: look at his safe-contact rules first.",
        ),
        Obstacle::PaperFirst => field(
            "/format",
            "paper_first",
            "This participant has no internet: first give him a copy on paper.",
        ),
    }
}

/// Share a care plan
///
/// Notes a copy that goes out; a plan may be shared more than once, and what is noted stays. The GP and the hospital get
/// one where the consent in force says so (409 otherwise); the supporter service, family and others where he said yes to
/// them. His safe-contact rules hold: no letter to him where he asked for none, and where there is somebody whom nothing
/// must reach, the sender says that he looked. Who has no internet gets his own copy on paper before any copy goes out
/// electronically. 422 says what stands in the way.
#[utoipa::path(
    tag = "care-plans", operation_id = "share_care_plan", request_body = CarePlanSharing,
    params(("id" = CarePlanId, Path, description = "The plan.")),
    responses((status = 200, description = "Shared.", body = CarePlanView))
)]
#[post("/v1/care-plans/{id}/sharing")]
async fn share_care_plan(
    permit: Permit<{ Operation::ShareCarePlan.id() }>,
    path: Path<CarePlanId>,
    body: Json<CarePlanSharing>,
) -> Result<HttpResponse, Problem> {
    let (id, sharing) = (path.into_inner(), body.into_inner());
    permit
        .write(move |ctx| {
            let (plan, next) = before(ctx, id, Step::Sharing)?;
            let by = ctx.caller.person().ok_or_else(Problem::not_found)?;
            let (sending, keys) = (sharing.sending(), ctx.keys_of(plan.participant_id.0)?);
            let copies = care_plan_copy::list(ctx.db, &plan)?;
            let has_paper = copies
                .iter()
                .any(|copy| copy.recipient.0 == CopyRecipient::Participant && copy.format.0.is_paper());
            let man = participant::find(ctx.db, ctx.scope, plan.participant_id.0)?;
            let effect = consent::effect_in_force(ctx.db, plan.participant_id.0)?;
            let offline = care_plan::is_offline(ctx.db, plan.participant_id.0)?;
            let safe_contact = man.safe_contact(&keys)?;
            if let Some(found) = obstacle(sending, effect, &safe_contact, offline, has_paper) {
                return Err(refused(found).into());
            }
            if i64::try_from(copies.len()).unwrap_or(i64::MAX) >= MAX_COPIES {
                return Err(Problem::new(Code::Conflict).detail("A plan notes at most 200 copies.").into());
            }
            let (copy, now) = (ctx.fresh(), ctx.now);
            care_plan_copy::add(ctx.db, &keys, &plan, copy, sending, &sharing.detail(), by, now)?;
            answer(ctx, plan, next)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(share_care_plan);
}
