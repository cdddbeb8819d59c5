//! Trying an alert rule out on the answers there are, before it is declared: how often would it have found something?

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::{HttpResponse, post};
use alongside_domain::id::{AssessmentId, InstrumentId};
use alongside_domain::instrument::{Answer, Answers, DeclaredRule, Definition, EarlierScore, Tier, fired_of};
use alongside_domain::policy::Operation;
use alongside_store::answer;
use alongside_store::assessment::Assessment;
use alongside_store::{StoreError, assessment_history, instrument};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::fhir;
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Refusal, Services};

/// How many assessments are read at a time.
const CHUNK: u32 = 100;
/// How many answers are read at a time.
/// A smaller number than this could tell of somebody.
const LEAST_SHOWN: u64 = 5;

/// A rule to try out.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"rule": {
    "url": "https://fhir.alongside.example/StructureDefinition/alert-rule",
    "extension": [
        {"url": "code", "valueCode": "distress_high"}, {"url": "tier", "valueCode": "T2"},
        {"url": "recipient", "valueCode": "clinician"}, {"url": "explanation", "valueString": "Very upset or troubled."},
        {"url": "when", "extension": [{"url": "item", "valueString": "EMO.distress"}, {"url": "atLeast", "valueInteger": 8}]}
    ]}}))]
pub struct AlertRuleDryRunCreate {
    /// The rule, as the `alert-rule` extension would stand in a version of the instrument.
    #[schema(value_type = Object)]
    pub rule: serde_json::Value,
}

/// A number of things; not told where it is small but not nothing, and otherwise rounded down to a multiple of five, because
/// it could tell of somebody, or its difference from that of another rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct GuardedCount {
    /// A multiple of five; null when it is 1 to 4.
    #[schema(minimum = 0, maximum = 9007199254740991_i64, multiple_of = 5)]
    pub count: Option<u64>,
    /// Whether it is 1 to 4.
    pub fewer_than_five: bool,
}

impl GuardedCount {
    fn of(count: u64) -> Self {
        let small = (1..LEAST_SHOWN).contains(&count);
        Self { count: (!small).then_some(count - count % LEAST_SHOWN), fewer_than_five: small }
    }
}

/// How often the rule would have found something.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertRuleDryRun {
    #[schema(max_length = 64, example = "distress_high")]
    pub rule: String,
    pub tier: Tier,
    /// The assessments with this version, unfinished and abandoned ones too.
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    pub assessments: u64,
    /// In how many of them it would have found something.
    pub found_in: GuardedCount,
    /// In how many of these nothing was submitted.
    pub found_in_unfinished: GuardedCount,
    /// How many participants these are about.
    pub participants: GuardedCount,
    pub as_of: DateTime<Utc>,
}

/// Try an alert rule out
///
/// Goes through every save of every assessment with this version in the programme, in order, as the rule would have, and
/// counts. Nothing is kept, nobody is told, and no name or answer comes back; counts of 1 to 4 are withheld.
#[utoipa::path(
    tag = "instruments", operation_id = "dry_run_alert_rule", request_body = AlertRuleDryRunCreate,
    params(("id" = InstrumentId, Path, description = "The instrument.")),
    responses((status = 200, description = "How often it would have found something.", body = AlertRuleDryRun))
)]
#[post("/v1/instruments/{id}/alert-rule-dry-runs")]
async fn dry_run_alert_rule(
    permit: Permit<{ Operation::DryRunAlertRule.id() }>,
    path: Path<InstrumentId>,
    body: Json<AlertRuleDryRunCreate>,
) -> Result<HttpResponse, Problem> {
    let (id, new) = (*path, body.into_inner());
    let view = permit.scan(move |ctx| run(ctx, id, &new.rule)).await?;
    Ok(HttpResponse::Ok().json(view))
}

fn run(
    ctx: &mut Ctx<'_, '_>,
    id: InstrumentId,
    rule: &serde_json::Value,
) -> Result<AlertRuleDryRun, Refusal> {
    instrument::find(ctx.db, ctx.scope, id)?;
    let definition = ctx.app.definitions.get(ctx.db, id)?;
    let rule = DeclaredRule::parse(rule, &definition, "/rule")
        .map_err(|findings| Problem::new(Code::Invalid).fields(fhir::fields(&findings)))?;
    let rule = [rule];
    let (mut assessments, mut found_in, mut unfinished) = (0, 0, 0);
    let mut participants = BTreeSet::new();
    let mut after = AssessmentId::new(Uuid::nil());
    loop {
        let chunk = assessment_history::of_instrument(ctx.db, ctx.scope, id, after, CHUNK)?;
        let Some(last) = chunk.last() else { break };
        after = last.id.0;
        for assessment in &chunk {
            assessments += 1;
            if would_find(ctx, &definition, &rule, assessment)? {
                found_in += 1;
                unfinished += u64::from(!assessment.status.0.is_submitted());
                participants.insert(assessment.participant_id.0);
            }
        }
    }
    let participants = u64::try_from(participants.len()).unwrap_or(u64::MAX);
    let [DeclaredRule { code, tier, .. }] = rule;
    Ok(AlertRuleDryRun {
        rule: code,
        tier,
        assessments,
        found_in: GuardedCount::of(found_in),
        found_in_unfinished: GuardedCount::of(unfinished),
        participants: GuardedCount::of(participants),
        as_of: ctx.now,
    })
}

/// Whether the rule would have found something at any save of this assessment.
fn would_find(
    ctx: &mut Ctx<'_, '_>,
    definition: &Definition,
    rule: &[DeclaredRule],
    assessment: &Assessment,
) -> Result<bool, Refusal> {
    let keys = ctx.keys_of(assessment.participant_id.0)?;
    let before: Vec<EarlierScore> = match assessment_history::earlier(ctx.db, assessment, ctx.now, 1)?.first()
    {
        Some(earlier) => earlier.scores()?,
        None => Vec::new(),
    };
    let kept = answer::all(ctx.db, &keys, assessment.id.0)?;
    let mut answers = Answers::default();
    // The answers of one save have the same moment.
    for save in kept.chunk_by(|one, next| one.at == next.at) {
        for kept in save {
            answers.save(Arc::clone(&kept.answer));
        }
        let saved: Vec<&Answer> = save.iter().map(|kept| kept.answer.as_ref()).collect();
        let found = fired_of::<StoreError>(definition, rule, &saved, &answers, || Ok(before.clone()))?;
        if !found.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

pub fn routes(config: &mut impl Services) {
    config.service(dry_run_alert_rule);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_number_is_not_told() {
        assert_eq!(GuardedCount::of(0), GuardedCount { count: Some(0), fewer_than_five: false });
        assert_eq!(GuardedCount::of(4), GuardedCount { count: None, fewer_than_five: true });
        assert_eq!(GuardedCount::of(5), GuardedCount { count: Some(5), fewer_than_five: false });
    }
}
