//! What alert rules found in the answers of an assessment.

use actix_web::{HttpRequest, HttpResponse, get};
use alongside_domain::assessment::Sight;
use alongside_domain::finding::{Audience, Detail};
use alongside_domain::id::{AssessmentId, FindingId, InstrumentId, ParticipantId};
use alongside_domain::instrument::{Evidence, Tier};
use alongside_domain::policy::{Operation, Role};
use alongside_store::finding::{self, Finding};
use alongside_store::sealing::RecordKeys;
use alongside_store::{StoreError, assessment};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::{assessment_view, double_entry};
use crate::http::page::{self, List, Paging};
use crate::http::{Path, Permit, Problem, Query, Refusal, Services};

/// What a rule found.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingView {
    pub id: FindingId,
    pub assessment_id: AssessmentId,
    pub participant_id: ParticipantId,
    pub instrument_id: InstrumentId,
    /// The code of the rule, as the version declares it.
    #[schema(max_length = 64, example = "phq9_self_harm_often")]
    pub rule: String,
    pub tier: Tier,
    /// Who should know.
    #[schema(max_items = 3)]
    pub recipients: Vec<Role>,
    /// What it means, as the version said then.
    #[schema(max_length = 500)]
    pub explanation: String,
    /// What the rule saw; empty for a clinician with whom the participant does not share answers, and for who may yet be
    /// the second to type in a paper form.
    #[schema(max_items = 100)]
    pub evidence: Vec<Evidence>,
    /// The number of the newest answer then, 0 where it was found in a paper form that was not agreed yet. Later answers
    /// may be others; the finding stays.
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    pub seq: i64,
    pub found_at: DateTime<Utc>,
}

impl FindingView {
    fn of(row: Finding, keys: &RecordKeys, told: bool) -> Result<Self, StoreError> {
        let Detail { recipients, explanation, evidence } = row.detail(keys)?;
        Ok(Self {
            id: row.id.0,
            assessment_id: row.assessment_id.0,
            participant_id: row.participant_id.0,
            instrument_id: row.instrument_id.0,
            rule: row.rule,
            tier: row.tier.0,
            recipients,
            explanation,
            evidence: if told { evidence } else { Vec::new() },
            seq: row.seq,
            found_at: row.found_at.0,
        })
    }
}

/// A page of findings.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingPage {
    #[schema(max_items = 200)]
    pub items: Vec<FindingView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which page.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FindingQuery {
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// List the findings of an assessment
///
/// What the alert rules of the instrument found, on every save, in unfinished and abandoned forms too; each rule at most
/// once in an assessment. Safeguarding leads see what is addressed to them; nobody else sees what is addressed to them
/// alone. Supporters see none.
#[utoipa::path(
    tag = "assessments", operation_id = "list_findings",
    params(("id" = AssessmentId, Path, description = "The assessment."), FindingQuery),
    responses((status = 200, description = "A page of findings.", body = FindingPage))
)]
#[get("/v1/assessments/{id}/findings")]
async fn list_findings(
    request: HttpRequest,
    permit: Permit<{ Operation::ListFindings.id() }>,
    path: Path<AssessmentId>,
    query: Query<FindingQuery>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let FindingQuery { limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListFindings.name(), &id)?;
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let mut items = permit
        .read(move |ctx| {
            let row = assessment::find(ctx.db, ctx.scope, id)?;
            ctx.about(row.participant_id.0);
            // That something was found is told to a clinician in any case; what was answered, where it is shared with him.
            let told = match ctx.caller.role {
                Role::Clinician => assessment_view::sight_now(ctx, &row)? == Sight::Everything,
                _ => !double_entry::is_blind(ctx, &row)?,
            };
            let (seen, keys) = (Audience::seen_by(ctx.caller.role), ctx.keys_of(row.participant_id.0)?);
            let rows = finding::list(ctx.db, id, seen, after.map(FindingId::new), fetch)?;
            let views =
                rows.into_iter().map(|row| FindingView::of(row, &keys, told)).collect::<Result<Vec<_>, _>>();
            views.map_err(Refusal::from)
        })
        .await?;
    let next = paging.cut(&mut items, &cursors, &list, |view| view.id.uuid())?;
    Ok(page::respond(&request, &FindingPage { items, next: next.clone() }, next.as_deref()))
}

pub fn routes(config: &mut impl Services) {
    config.service(list_findings);
}
