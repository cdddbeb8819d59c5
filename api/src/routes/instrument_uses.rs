//! Taking a version of an instrument into use in a programme, and out of it.

use actix_web::{HttpResponse, post};
use alongside_domain::id::InstrumentId;
use alongside_domain::instrument::{InstrumentStatus, NotUsable, may_be_used};
use alongside_domain::policy::Operation;
use alongside_store::instrument::{self, Instrument};
use alongside_store::types::{At, Code as Coded, Key};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::instruments::InstrumentView;
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Refusal, Reply, Services};

/// On what ground a version is taken into use. Nothing is needed for one whose licence is of class A.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"agreement_ref": "UMICH-2026-0117"}))]
pub struct InstrumentActivation {
    /// The agreement with the owner, as the programme files it.
    #[validate(length(min = 1, max = 200), custom(function = "said"))]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    pub agreement_ref: Option<String>,
    /// Why no agreement is needed.
    #[validate(length(min = 1, max = 500), custom(function = "said"))]
    #[schema(min_length = 1, max_length = 500, nullable = false)]
    pub waiver: Option<String>,
}

fn said(text: &str) -> Result<(), ValidationError> {
    let message = "This must not be blank.";
    let blank = text.trim().is_empty();
    if blank { Err(ValidationError::new("blank").with_message(message.into())) } else { Ok(()) }
}

/// Take an instrument into use
///
/// From now on assessments can begin with this version. One whose owner reserves rights (class B or C), or whose
/// document says nothing of its licence, needs `agreement_ref`, or a `waiver` that says why none is needed: otherwise
/// `licence-required`. A version that ships without its wording cannot be taken into use: add a copy with the wording.
#[utoipa::path(
    tag = "instruments", operation_id = "activate_instrument", request_body = InstrumentActivation,
    params(("id" = InstrumentId, Path, description = "The instrument.")),
    responses((status = 200, description = "The instrument is in use.", body = InstrumentView))
)]
#[post("/v1/instruments/{id}/activation")]
async fn activate_instrument(
    permit: Permit<{ Operation::ActivateInstrument.id() }>,
    path: Path<InstrumentId>,
    body: Json<InstrumentActivation>,
) -> Result<HttpResponse, Problem> {
    let (id, basis) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let row = instrument::find(ctx.db, ctx.scope, id)?;
            let from = row.status.0;
            let status = from.step("activation", InstrumentStatus::Active)?;
            let definition = ctx.app.definitions.get(ctx.db, id)?;
            let has_basis = basis.agreement_ref.is_some() || basis.waiver.is_some();
            may_be_used(&definition, has_basis).map_err(refused)?;
            let row = Instrument {
                status: Coded(status),
                agreement_ref: basis.agreement_ref.clone(),
                waiver: basis.waiver.clone(),
                activated_by: ctx.caller.person().map(Key),
                activated_at: Some(At(ctx.now)),
                ..row
            };
            advance(ctx, row, from)
        })
        .await
}

fn refused(why: NotUsable) -> Problem {
    let detail = format!("{why}.");
    match why {
        NotUsable::WordingWithheld => Problem::new(Code::Conflict).detail(detail),
        NotUsable::NotSupported => Problem::new(Code::LicenceRequired).detail(detail),
        NotUsable::AgreementMissing => Problem::new(Code::LicenceRequired).detail(detail).field(
            "/agreement_ref",
            "required",
            "Name the agreement, or say in `waiver` why none is needed.",
        ),
    }
}

/// Take an instrument out of use
///
/// No assessment begins with this version any more. Those that have begun go on, and what was answered stays. It does not
/// come back: add another version instead.
#[utoipa::path(
    tag = "instruments", operation_id = "retire_instrument",
    params(("id" = InstrumentId, Path, description = "The instrument.")),
    responses((status = 200, description = "The instrument is out of use.", body = InstrumentView))
)]
#[post("/v1/instruments/{id}/retirement")]
async fn retire_instrument(
    permit: Permit<{ Operation::RetireInstrument.id() }>,
    path: Path<InstrumentId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit
        .write(move |ctx| {
            let row = instrument::find(ctx.db, ctx.scope, id)?;
            let from = row.status.0;
            let status = from.step("retirement", InstrumentStatus::Retired)?;
            let row = Instrument {
                status: Coded(status),
                retired_by: ctx.caller.person().map(Key),
                retired_at: Some(At(ctx.now)),
                ..row
            };
            advance(ctx, row, from)
        })
        .await
}

fn advance(ctx: &mut Ctx<'_, '_>, row: Instrument, from: InstrumentStatus) -> Result<Reply, Refusal> {
    instrument::advance(ctx.db, &row, from)?;
    Reply::ok_plain(&InstrumentView::of(row, None)?)
}

pub fn routes(config: &mut impl Services) {
    config.service(activate_instrument).service(retire_instrument);
}
