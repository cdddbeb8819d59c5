//! Decisions on what goes into an access report: one of the safeguarding lead, one of the privacy officer.

use actix_web::{HttpResponse, post};
use alongside_domain::id::RightsRequestId;
use alongside_domain::policy::{Operation, Role};
use alongside_domain::rights_request::{Step, StepRecord, ThirdParty, Verdict};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::rights_request_steps::{begin, decisions, finish};
use super::rights_request_view::RightsRequestView;
use crate::http::etag::IfMatch;
use crate::http::{Code, Json, Path, Permit, Problem, Services};

/// What goes out, and why.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "third_party": "partly", "released": ["witnesses"], "safeguarding": "release",
    "note": "The witness was his own choice."
}))]
pub struct RightsDecision {
    /// What is about other people.
    third_party: Verdict,
    /// What of it is released; with `partly` alone.
    #[serde(default)]
    #[validate(length(max = 5))]
    #[schema(max_items = 5, required = false)]
    released: Vec<ThirdParty>,
    /// What is about safeguarding. Nothing of that is ever put into a report by itself: only what the safeguarding lead
    /// writes here, where the privacy officer lets it too. Decided for everybody, whether there is anything or not.
    safeguarding: Verdict,
    /// What the report is to say of it. From the safeguarding lead, and not where it is withheld.
    #[validate(length(min = 1, max = 4000))]
    #[schema(min_length = 1, max_length = 4000)]
    safeguarding_words: Option<String>,
    /// Why.
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    note: String,
}

impl RightsDecision {
    fn check(&self, role: Role) -> Result<(), Problem> {
        let invalid = |pointer: &'static str, code: &'static str, message: &'static str| {
            Err(Problem::new(Code::Invalid).field(pointer, code, message))
        };
        if (self.third_party == Verdict::Partly) == self.released.is_empty() {
            return invalid(
                "/released",
                "mismatch",
                "Say what is released where it is partly, and only there.",
            );
        }
        if self.safeguarding_words.is_some()
            && (role != Role::SafeguardingLead || self.safeguarding == Verdict::Withhold)
        {
            let message = "These words are the safeguarding lead's, where something is released.";
            return invalid("/safeguarding_words", "mismatch", message);
        }
        Ok(())
    }
}

/// Decide what goes into a report
///
/// The safeguarding lead and the privacy officer each decide, for every report, and are two people (409 otherwise). What
/// the one keeps back the other cannot release. Each may decide anew until the report is approved. What was decided is
/// seen by who decided; the other, and everybody else, sees that it was.
#[utoipa::path(
    tag = "rights-requests", operation_id = "decide_rights_request", request_body = RightsDecision,
    params(
        ("id" = RightsRequestId, Path, description = "The request."),
        ("If-Match" = String, Header, description = "The version that was read.", max_length = 64)
    ),
    responses((status = 200, description = "The request as it is now.", body = RightsRequestView))
)]
#[post("/v1/rights-requests/{id}/decisions")]
async fn decide_rights_request(
    permit: Permit<{ Operation::DecideRightsRequest.id() }>,
    path: Path<RightsRequestId>,
    if_match: IfMatch,
    body: Json<RightsDecision>,
) -> Result<HttpResponse, Problem> {
    let (id, decision) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let (row, next) = begin(ctx, id, &if_match, Step::Redaction)?;
            let role = ctx.caller.role;
            decision.check(role)?;
            let by = ctx.caller.person().ok_or_else(Problem::not_found)?;
            let mut others = decisions(ctx, &row)?.into_iter().flatten();
            if others.any(|other| other.done_as.0 != role && other.done_by.0 == by) {
                let detail = "You have decided in the other role: another person has to decide in this one.";
                return Err(Problem::new(Code::Conflict).detail(detail).into());
            }
            let record = StepRecord {
                third_party: Some(decision.third_party),
                released: decision.released.clone(),
                safeguarding: Some(decision.safeguarding),
                safeguarding_words: decision.safeguarding_words.clone(),
                note: Some(decision.note.clone()),
                ..StepRecord::default()
            };
            finish(ctx, row, next, Step::Redaction, &record)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(decide_rights_request);
}
