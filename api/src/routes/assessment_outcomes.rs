//! What the final answers of an assessment came to, as it was submitted and after each amendment.

use actix_web::{HttpRequest, HttpResponse, get};
use alongside_domain::assessment::{AmendmentReason, ConcernBrief};
use alongside_domain::finding::Audience;
use alongside_domain::id::AssessmentId;
use alongside_domain::instrument::Tier;
use alongside_domain::outcome::{Holding, ScoreStep, steps};
use alongside_domain::policy::{Operation, relation};
use alongside_store::assessment;
use alongside_store::outcome::{self, Outcome};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::answers::require_answers;
use super::assessment_view;
use crate::http::page::{self, List, Paging};
use crate::http::{Ctx, Path, Permit, Problem, Query, Refusal, Services};

/// An alert rule that held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"rule": "distress_high", "tier": "T3"}))]
pub struct HoldingView {
    #[schema(max_length = 64, example = "distress_high")]
    pub rule: String,
    pub tier: Tier,
}

/// What the answers came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutcomeView {
    /// 1 as it was submitted, and one more for each amendment.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub number: i64,
    /// Why the answers were corrected; null as it was submitted.
    pub reason: Option<AmendmentReason>,
    /// Who submitted or corrected: a person or a service client.
    pub author_id: Uuid,
    pub at: DateTime<Utc>,
    /// The first of the answers that came with it, by number.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub first_seq: i64,
    /// The last answer it takes into account.
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    pub last_seq: i64,
    #[schema(value_type = Option<Vec<alongside_domain::instrument::Score>>, max_items = 100)]
    pub scores: Option<serde_json::Value>,
    #[schema(max_items = 1000)]
    pub concerns: Option<Vec<ConcernBrief>>,
    /// How much help there was, in a line.
    #[schema(max_length = 512, example = "Scribed by a supporter (A4); partner present")]
    pub provenance_banner: Option<String>,
    /// The alert rules that held with these answers, those that the caller may learn of; null for who may learn of none,
    /// or where it is not known.
    #[schema(max_items = 200)]
    pub holding: Option<Vec<HoldingView>>,
    /// The scores that are others than in the outcome before.
    #[schema(max_items = 200)]
    pub score_steps: Vec<ScoreStep>,
    /// The rules that did not hold in the outcome before, by code; null where `holding` is, here or before.
    #[schema(max_items = 200, max_length = 64)]
    pub holds_now: Option<Vec<String>>,
    /// The rules that held in the outcome before and do no longer. What they found stays among the findings.
    #[schema(max_items = 200, max_length = 64)]
    pub held_before: Option<Vec<String>>,
}

/// A page of outcomes.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutcomePage {
    #[schema(max_items = 200)]
    pub items: Vec<OutcomeView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which page.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OutcomeQuery {
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// List the outcomes of an assessment
///
/// Scores, concerns and the alert rules that held, as it was submitted and after each amendment, with who corrected it,
/// when, why, and what that changed. The first outcome stays whatever comes later. A clinician needs the participant's
/// consent to share.
#[utoipa::path(
    tag = "assessments", operation_id = "list_outcomes",
    params(("id" = AssessmentId, Path, description = "The assessment."), OutcomeQuery),
    responses((status = 200, description = "A page of outcomes.", body = OutcomePage))
)]
#[get("/v1/assessments/{id}/outcomes")]
async fn list_outcomes(
    request: HttpRequest,
    permit: Permit<{ Operation::ListOutcomes.id() }>,
    path: Path<AssessmentId>,
    query: Query<OutcomeQuery>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let OutcomeQuery { limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListOutcomes.name(), &id)?;
    let after: Option<i64> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let mut items = permit.read(move |ctx| read(ctx, id, after.unwrap_or(0), fetch)).await?;
    let next = paging.cut(&mut items, &cursors, &list, |view| view.number)?;
    Ok(page::respond(&request, &OutcomePage { items, next: next.clone() }, next.as_deref()))
}

fn read(
    ctx: &mut Ctx<'_, '_>,
    id: AssessmentId,
    after: i64,
    fetch: u32,
) -> Result<Vec<OutcomeView>, Refusal> {
    let row = assessment::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    let sight = assessment_view::sight_now(ctx, &row)?;
    require_answers(ctx, &sight)?;
    // The outcome before the first of the page is read with it, to compare with.
    let rows = outcome::list(ctx.db, id, after, fetch.saturating_add(1))?;
    let role = ctx.caller.role;
    let seen = relation(Operation::ListFindings, role).map(|_| Audience::seen_by(role));
    let mut views = Vec::with_capacity(rows.len());
    let mut before: Option<Outcome> = None;
    for row in rows {
        if row.number > after {
            views.push(view(&row, before.as_ref(), seen)?);
        }
        before = Some(row);
    }
    views.truncate(usize::try_from(fetch).unwrap_or(usize::MAX));
    Ok(views)
}

fn view(
    row: &Outcome,
    before: Option<&Outcome>,
    seen: Option<[Audience; 2]>,
) -> Result<OutcomeView, Refusal> {
    let holding = visible(row, seen);
    let held = before.and_then(|before| visible(before, seen));
    let missing_from = |these: &[&Holding], those: &[&Holding]| -> Vec<String> {
        let is_in = |one: &Holding| those.iter().any(|other| other.rule == one.rule);
        these.iter().filter(|one| !is_in(one)).map(|one| one.rule.clone()).collect()
    };
    let both = holding.as_deref().zip(held.as_deref());
    Ok(OutcomeView {
        number: row.number,
        reason: row.reason.map(|reason| reason.0),
        author_id: row.author_id.0.uuid(),
        at: row.at.0,
        first_seq: row.first_seq,
        last_seq: row.last_seq,
        scores: row.scores.as_ref().map(|scores| scores.0.clone()),
        concerns: row.concerns.as_ref().map(|concerns| concerns.0.clone()),
        provenance_banner: row.provenance.as_ref().map(|provenance| provenance.0.banner.clone()),
        score_steps: match before {
            Some(before) => steps(&before.scores()?, &row.scores()?),
            None => Vec::new(),
        },
        holds_now: both.map(|(now, before)| missing_from(now, before)),
        held_before: both.map(|(now, before)| missing_from(before, now)),
        holding: holding.map(|all| {
            all.into_iter().map(|one| HoldingView { rule: one.rule.clone(), tier: one.tier }).collect()
        }),
    })
}

/// The rules that held, those for an audience to which the caller belongs.
fn visible(row: &Outcome, seen: Option<[Audience; 2]>) -> Option<Vec<&Holding>> {
    let (holding, seen) = (row.holding.as_ref()?, seen?);
    Some(holding.0.iter().filter(|one| seen.contains(&one.audience)).collect())
}

pub fn routes(config: &mut impl Services) {
    config.service(list_outcomes);
}
