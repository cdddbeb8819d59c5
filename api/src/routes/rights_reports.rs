//! Access reports: fetched by the person they are about, or by the privacy officer who hands them over.

use actix_web::{HttpRequest, HttpResponse, get};
use alongside_domain::access_report::{self as rules, Report};
use alongside_domain::id::RightsRequestId;
use alongside_domain::policy::Operation;
use alongside_store::{StoreError, access_report, rights_request};

use super::rights_request_view;
use crate::http::printed::{self, Writers};
use crate::http::{Ctx, Path, Permit, Problem, Refusal, Services};

/// Fetch an access report
///
/// Everything that is held about him: who he is, what he agreed to, who helped, his answers with how much help there was,
/// plans and copies, letters, requests, and who used the record. `Accept` chooses between JSON, a self-contained page in
/// large print (`text/html`) and plain text. It is there for 30 days from the fulfilment of the request. What is about
/// other people or about safeguarding is in it only as far as safeguarding lead and privacy officer both let it.
#[utoipa::path(
    tag = "rights-requests", operation_id = "get_access_report",
    params(("id" = RightsRequestId, Path, description = "The request.")),
    responses((status = 200, description = "The report.", content(
        (Report = "application/json", example = json!({
            "study_id": "AS-7K3M-9QXT-U", "programme": "Alongside", "timezone": "Europe/London", "synthetic": true,
            "made_at": "2026-11-20T09:30:00Z",
            "sections": [{"code": "identity", "title": "Who you are, and how we reach you",
                "entries": [{"title": "", "lines": [{"label": "Name", "text": "Walter Invented"}]}]}],
            "left_out": ["witnesses"], "notes": ["You can ask us to put right what is wrong."]
        })),
        (String = "text/html", example = "<!doctype html>"),
        (String = "text/plain", example = "What we hold about you")
    )))
)]
#[get("/v1/rights-requests/{id}/report")]
async fn get_access_report(
    request: HttpRequest,
    permit: Permit<{ Operation::GetAccessReport.id() }>,
    path: Path<RightsRequestId>,
) -> Result<HttpResponse, Problem> {
    let id = path.into_inner();
    let writers = Writers { html: rules::to_html, text: rules::to_text };
    printed::answer(&request, permit, writers, move |ctx| read(ctx, id)).await
}

fn read(ctx: &mut Ctx<'_, '_>, id: RightsRequestId) -> Result<Report, Refusal> {
    let row = rights_request::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    if !rights_request_view::is_handed_to(ctx, &row)? {
        return Err(StoreError::NotFound.into());
    }
    let report = access_report::find(ctx.db, id, ctx.now)?.ok_or(StoreError::NotFound)?;
    Ok(report.content(&*ctx.keys_of(row.participant_id.0)?)?)
}

pub fn routes(config: &mut impl Services) {
    config.service(get_access_report);
}
