//! How often the two who type in the same paper form read it differently.

use actix_web::{HttpResponse, get};
use alongside_domain::id::{AssessmentId, InstrumentId, PersonId, ProgrammeId};
use alongside_domain::paper_entry::{Cell, Rates, rates};
use alongside_domain::policy::Operation;
use alongside_store::{StoreError, paper_entry};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{Ctx, Path, Permit, Problem, Refusal, Services};

/// How many forms are read at a time.
const CHUNK: u32 = 1000;

/// A rate, or that it is withheld: because it is about fewer than five participants, or because one that is could be got
/// from it by subtraction. Everything else is null then.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"withheld": false, "forms": 12, "fields": 240, "found": 6, "percent": 2.5, "low": 1.15,
    "high": 5.34}))]
pub struct DiscrepancyRate {
    pub withheld: bool,
    /// The forms that were typed in twice.
    #[schema(minimum = 0, maximum = 4294967295_i64)]
    pub forms: Option<u32>,
    /// The denominator: fields entered, in one of the two entries at least.
    #[schema(minimum = 0, maximum = 4294967295_i64)]
    pub fields: Option<u32>,
    /// The numerator.
    #[schema(minimum = 0, maximum = 4294967295_i64)]
    pub found: Option<u32>,
    /// The rate in percent; null also where nothing was entered.
    pub percent: Option<f64>,
    /// The lower end of its 95 % confidence interval (Wilson), in percent.
    pub low: Option<f64>,
    pub high: Option<f64>,
}

impl From<Option<Cell>> for DiscrepancyRate {
    fn from(cell: Option<Cell>) -> Self {
        let interval = cell.and_then(Cell::interval);
        Self {
            withheld: cell.is_none(),
            forms: cell.map(|cell| cell.forms),
            fields: cell.map(|cell| cell.fields),
            found: cell.map(|cell| cell.found),
            percent: cell.and_then(Cell::percent),
            low: interval.map(|(low, _)| low),
            high: interval.map(|(_, high)| high),
        }
    }
}

/// The rate of one version of an instrument: fields that differ.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstrumentDiscrepancyRate {
    pub instrument_id: InstrumentId,
    pub rate: DiscrepancyRate,
}

/// The rate of one person: fields that he had wrong, in forms that are agreed.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyerErrorRate {
    pub person_id: PersonId,
    pub rate: DiscrepancyRate,
}

/// The rates of a programme.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiscrepancyRates {
    pub programme_id: ProgrammeId,
    /// Fields that differ, in all forms that were typed in twice.
    pub total: DiscrepancyRate,
    #[schema(max_items = 10000)]
    pub instruments: Vec<InstrumentDiscrepancyRate>,
    #[schema(max_items = 10000)]
    pub keyers: Vec<KeyerErrorRate>,
    pub as_of: DateTime<Utc>,
}

/// Get the discrepancy rates of a programme
///
/// Of the paper forms that were typed in twice, how many of the fields entered differ: in the whole programme and for each
/// version of an instrument; and for each person how many of the fields were decided against him. A rate about fewer than
/// five participants is withheld, and as many beside it as it takes that subtraction does not give it away. Nothing sealed
/// is opened.
#[utoipa::path(
    tag = "paper-entries", operation_id = "get_discrepancy_rates",
    params(("id" = ProgrammeId, Path, description = "The programme.")),
    responses((status = 200, description = "The rates.", body = DiscrepancyRates))
)]
#[get("/v1/programmes/{id}/discrepancy-rates")]
async fn get_discrepancy_rates(
    permit: Permit<{ Operation::GetDiscrepancyRates.id() }>,
    path: Path<ProgrammeId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let view = permit.scan(move |ctx| read(ctx, id)).await?;
    Ok(HttpResponse::Ok().json(view))
}

fn read(ctx: &mut Ctx<'_, '_>, id: ProgrammeId) -> Result<DiscrepancyRates, Refusal> {
    if !ctx.scope.admits_programme(id) {
        return Err(StoreError::NotFound.into());
    }
    let mut forms = Vec::new();
    let mut after = AssessmentId::new(Uuid::nil());
    loop {
        let chunk = paper_entry::of_programme(ctx.db, id, after, CHUNK)?;
        let Some(last) = chunk.last() else { break };
        after = last.assessment_id.0;
        forms.extend(chunk.iter().filter_map(paper_entry::PaperForm::counts));
    }
    let Rates { total, by_instrument, by_keyer } = rates(forms);
    Ok(DiscrepancyRates {
        programme_id: id,
        total: total.into(),
        instruments: by_instrument
            .into_iter()
            .map(|(instrument_id, cell)| InstrumentDiscrepancyRate { instrument_id, rate: cell.into() })
            .collect(),
        keyers: by_keyer
            .into_iter()
            .map(|(person_id, cell)| KeyerErrorRate { person_id, rate: cell.into() })
            .collect(),
        as_of: ctx.now,
    })
}

pub fn routes(config: &mut impl Services) {
    config.service(get_discrepancy_rates);
}
