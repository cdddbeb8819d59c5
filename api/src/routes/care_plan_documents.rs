//! A care plan on paper: as JSON, as a page in large print and as plain text, for one reader.

use actix_web::{HttpRequest, HttpResponse, get};
use alongside_domain::care_plan::{self as rules, CopyRecipient, Document, Facts, Line, Step};
use alongside_domain::id::CarePlanId;
use alongside_domain::policy::Operation;
use alongside_store::{care_plan, care_plan_action, care_plan_step, participant, programme, site};
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use super::checks;
use crate::http::printed::{self, Writers};
use crate::http::{Ctx, Path, Permit, Problem, Query, Refusal, Services};

/// For whom it is printed.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CarePlanDocumentQuery {
    /// The reader; without it the participant. Copies for helpers and relatives leave out what he was asked in private.
    recipient: Option<CopyRecipient>,
}

/// Print a care plan
///
/// What was agreed, who does what by when, and where to turn to, in plain words. `Accept` chooses between JSON, a
/// self-contained page in large print (`text/html`) and plain text. Printing notes nothing: a copy that goes out is noted
/// with `.../sharing`. The name is shown only to those who may know it.
#[utoipa::path(
    tag = "care-plans", operation_id = "print_care_plan",
    params(("id" = CarePlanId, Path, description = "The plan."), CarePlanDocumentQuery),
    responses((status = 200, description = "The plan for this reader.", content(
        (Document = "application/json", example = json!({
            "recipient": "participant",
            "facts": {"study_id": "AS-7K3M-9QXT-U", "name": null, "site": "Oak Street Surgery",
                "programme": "Alongside", "timezone": "Europe/London", "synthetic": true, "status": "agreed",
                "agreed_at": "2026-11-10T09:40:00Z", "agreed_how": "spoken", "review_on": "2027-01-12"},
            "actions": [{"title": "Leaking urine", "action": "refer", "owner": "clinician",
                "due_on": "2026-12-04", "progress": "planned", "own_words": "At night, mostly", "goal": null,
                "outcome": null, "signposts": []}],
            "no_help_wanted": []
        })),
        (String = "text/html", example = "<!doctype html>"),
        (String = "text/plain", example = "Care plan")
    )))
)]
#[get("/v1/care-plans/{id}/document")]
async fn print_care_plan(
    request: HttpRequest,
    permit: Permit<{ Operation::PrintCarePlan.id() }>,
    path: Path<CarePlanId>,
    query: Query<CarePlanDocumentQuery>,
) -> Result<HttpResponse, Problem> {
    let (id, reader) = (path.into_inner(), query.into_inner().recipient);
    let reader = reader.unwrap_or(CopyRecipient::Participant);
    let writers = Writers { html: rules::to_html, text: rules::to_text };
    printed::answer(&request, permit, writers, move |ctx| read(ctx, id, reader)).await
}

fn read(ctx: &mut Ctx<'_, '_>, id: CarePlanId, reader: CopyRecipient) -> Result<Document, Refusal> {
    let plan = care_plan::find(ctx.db, ctx.scope, id)?;
    ctx.about(plan.participant_id.0);
    checks::require_unrestricted(ctx, plan.participant_id.0)?;
    let man = participant::find(ctx.db, ctx.scope, plan.participant_id.0)?;
    let programme = programme::find(ctx.db, ctx.scope, plan.programme_id.0)?;
    let site = site::find(ctx.db, ctx.scope, plan.site_id.0)?;
    let keys = ctx.keys_of(man.id.0)?;
    let steps = care_plan_step::list(ctx.db, &plan)?;
    let agreed = steps.iter().rev().find(|step| step.step.0 == Step::Agreement);
    let agreed_how = match agreed {
        Some(step) => step.record(&keys)?.method,
        None => None,
    };
    let name =
        if checks::may_know_the_name(ctx.caller.role) { Some(man.identity(&keys)?.name) } else { None };
    let facts = Facts {
        study_id: man.study_id,
        name,
        site: site.name,
        programme: programme.name,
        timezone: programme.timezone,
        synthetic: programme.synthetic,
        status: plan.status.0,
        agreed_at: plan.agreed_at.map(|at| at.0),
        agreed_how,
        review_on: plan.review_on,
    };
    let mut lines = Vec::new();
    for action in care_plan_action::list(ctx.db, &plan)? {
        let content = action.content(&keys)?;
        let private = content.private;
        let line = Line::new(action.action.0, action.owner.0, action.status.0, action.due_on, content);
        lines.push((line, private));
    }
    Ok(Document::of(reader, facts, lines))
}

pub fn routes(config: &mut impl Services) {
    config.service(print_care_plan);
}
