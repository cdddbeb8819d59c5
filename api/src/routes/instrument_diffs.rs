//! What is different between two versions of an instrument.

use actix_web::{HttpResponse, get};
use alongside_domain::id::InstrumentId;
use alongside_domain::instrument::{Diff, diff};
use alongside_domain::policy::Operation;
use alongside_store::instrument;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::http::{Code, Path, Permit, Problem, Query, Refusal, Services};

/// With what.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DiffQuery {
    /// The other version, usually the earlier one.
    pub against: InstrumentId,
}

/// What is different between two versions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "instrument_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e91", "against": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e90",
    "version": "2", "against_version": "1",
    "diff": {"comparable": "reworded", "same_instrument": true, "header": [],
        "reasons": ["Item “1” is different in: text; its words must be judged."],
        "items": [{"link_id": "1", "text": "How are you today?", "change": "changed", "comparable": "reworded",
            "members": [{"member": "text", "before": "How are you?", "after": "How are you today?",
                "comparable": "reworded"}],
            "options": []}],
        "scores": [], "rules": []}
}))]
pub struct InstrumentDiff {
    /// The version in the path.
    pub instrument_id: InstrumentId,
    /// The version it is held against.
    pub against: InstrumentId,
    #[schema(max_length = 64, example = "2")]
    pub version: String,
    #[schema(max_length = 64, example = "1")]
    pub against_version: String,
    /// What became of the version it is held against.
    pub diff: Diff,
}

/// Compare two versions of an instrument
///
/// What was added, removed, moved or changed on the way from the version `against` to this one: items, the answers
/// offered, conditions, scores and rules, each with what it means for answers; and whether answers to both can be put
/// side by side. It compares the documents, not their translations.
#[utoipa::path(
    tag = "instruments", operation_id = "compare_instruments",
    params(("id" = InstrumentId, Path, description = "The instrument."), DiffQuery),
    responses((status = 200, description = "What is different.", body = InstrumentDiff))
)]
#[get("/v1/instruments/{id}/diff")]
async fn compare_instruments(
    permit: Permit<{ Operation::CompareInstruments.id() }>,
    path: Path<InstrumentId>,
    query: Query<DiffQuery>,
) -> Result<HttpResponse, Problem> {
    let (id, against) = (*path, query.against);
    let (now, before, versions) = permit
        .read(move |ctx| {
            let row = instrument::find(ctx.db, ctx.scope, id)?;
            let other = instrument::find(ctx.db, ctx.scope, against).map_err(elsewhere)?;
            let now = ctx.app.definitions.get(ctx.db, id)?;
            let before = ctx.app.definitions.get(ctx.db, against)?;
            Ok((now, before, (row.version, other.version)))
        })
        .await?;
    let (version, against_version) = versions;
    let diff = diff(&before, &now);
    Ok(HttpResponse::Ok().json(InstrumentDiff { instrument_id: id, against, version, against_version, diff }))
}

/// Whose instrument the other one is, a query must not tell.
fn elsewhere(error: alongside_store::StoreError) -> Refusal {
    match error {
        alongside_store::StoreError::NotFound => {
            let message = "There is no such instrument.";
            Problem::new(Code::Invalid).field("/against", "unknown", message).into()
        }
        other => other.into(),
    }
}

pub fn routes(config: &mut impl Services) {
    config.service(compare_instruments);
}
