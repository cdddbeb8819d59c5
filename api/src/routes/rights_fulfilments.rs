//! The end of a rights request: what was asked for is done, and told.

use actix_web::{HttpResponse, post};
use alongside_domain::id::{AuditEventId, RightsRequestId};
use alongside_domain::policy::Operation;
use alongside_domain::rights_request::{
    AmendmentLink, Handover, Kind, RestrictionGround, Step, StepRecord, released, safeguarding_words,
};
use alongside_store::rights_request::RightsRequest;
use alongside_store::{
    StoreError, access_report, assessment, audit, outcome, participant, processing_restriction,
};
use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::rights_content;
use super::rights_request_steps::{begin, decisions, finish, require_told};
use super::rights_request_view::{Day, RightsRequestView};
use crate::http::etag::IfMatch;
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Refusal, Services};

/// How long a report can be fetched.
const REPORT_FOR: TimeDelta = TimeDelta::days(30);

/// By which something in a record is put right, besides the amendment of an answer.
const CORRECTIONS: [Operation; 5] = [
    Operation::UpdateParticipant,
    Operation::UpdateParticipantIdentity,
    Operation::CreateDigitalProfile,
    Operation::UpdateCarePlanAction,
    Operation::CreateConsent,
];

/// What was done, and how he was told. Which members there are hangs on what was asked.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "note": "Your report is ready in your account.", "told_on": "2026-11-20", "handover": "own_account"
}))]
pub struct RightsFulfilment {
    /// What he was told.
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    note: String,
    /// The day he was told.
    told_on: NaiveDate,
    /// How he gets the answer.
    handover: Handover,
    /// Restriction: why the record is not to be used.
    ground: Option<RestrictionGround>,
    /// Rectification: the amendments by which answers were put right.
    #[serde(default)]
    #[validate(length(max = 50))]
    #[schema(max_items = 50, required = false)]
    amendments: Vec<AmendmentLink>,
    /// Rectification: other changes by which it was, by their events in the audit log; made since the request came.
    #[serde(default)]
    #[validate(length(max = 50))]
    #[schema(max_items = 50, required = false)]
    changes: Vec<AuditEventId>,
    /// Rectification: why it was not put right. What he says to that then stays with the record.
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    declined_because: Option<String>,
    /// Rectification: what he says where it was declined, in his own words.
    #[validate(length(min = 1, max = 4000))]
    #[schema(min_length = 1, max_length = 4000)]
    disagreement: Option<String>,
}

fn invalid(pointer: String, code: &'static str, message: &'static str) -> Refusal {
    Problem::new(Code::Invalid).field(pointer, code, message).into()
}

impl RightsFulfilment {
    /// That the members are those of this kind of request.
    fn check(&self, kind: Kind) -> Result<(), Refusal> {
        let corrects = !self.amendments.is_empty() || !self.changes.is_empty();
        let given = [
            ("/ground", self.ground.is_some(), Kind::Restriction),
            ("/amendments", !self.amendments.is_empty(), Kind::Rectification),
            ("/changes", !self.changes.is_empty(), Kind::Rectification),
            ("/declined_because", self.declined_because.is_some(), Kind::Rectification),
            ("/disagreement", self.disagreement.is_some(), Kind::Rectification),
        ];
        for (pointer, there, of) in given {
            if there && kind != of {
                return Err(invalid(
                    pointer.to_owned(),
                    "mismatch",
                    "This belongs to another kind of request.",
                ));
            }
        }
        match kind {
            Kind::Restriction if self.ground.is_none() => {
                Err(invalid("/ground".to_owned(), "required", "Say why the record is not to be used."))
            }
            Kind::Rectification if corrects == self.declined_because.is_some() => {
                let message = "Name what put it right, or say why it was declined; not both.";
                Err(invalid("/amendments".to_owned(), "required", message))
            }
            Kind::Rectification if self.declined_because.is_some() != self.disagreement.is_some() => {
                let message = "Where it is declined, what he says to that is attached, and only there.";
                Err(invalid("/disagreement".to_owned(), "required", message))
            }
            _ => Ok(()),
        }
    }

    fn record(&self) -> StepRecord {
        StepRecord {
            note: Some(self.note.clone()),
            told_on: Some(self.told_on),
            handover: Some(self.handover),
            ground: self.ground,
            amendments: self.amendments.clone(),
            changes: self.changes.clone(),
            declined_because: self.declined_because.clone(),
            disagreement: self.disagreement.clone(),
            ..StepRecord::default()
        }
    }
}

/// That each link names something that was put right in this record since the request came.
fn require_corrections(
    ctx: &mut Ctx<'_, '_>,
    row: &RightsRequest,
    done: &RightsFulfilment,
) -> Result<(), Refusal> {
    for (place, link) in done.amendments.iter().enumerate() {
        let found = assessment::try_find(ctx.db, ctx.scope, link.assessment_id)?
            .filter(|assessment| assessment.participant_id == row.participant_id);
        let amended = match found {
            Some(_) => outcome::list(ctx.db, link.assessment_id, link.number, 1)?
                .first()
                .is_some_and(|outcome| outcome.number == link.number && outcome.reason.is_some()),
            None => false,
        };
        if !amended {
            let message = "There is no such amendment of an assessment of his.";
            return Err(invalid(format!("/amendments/{place}"), "unknown", message));
        }
    }
    for (place, id) in done.changes.iter().enumerate() {
        let since = row.created_at.0;
        if !audit::is_change(ctx.db, *id, row.participant_id.0, &CORRECTIONS, since)? {
            let message = "There is no such change of his record since the request came.";
            return Err(invalid(format!("/changes/{place}"), "unknown", message));
        }
    }
    Ok(())
}

/// Puts the report together, and keeps it sealed.
fn make_report(ctx: &mut Ctx<'_, '_>, row: &RightsRequest) -> Result<(), Refusal> {
    let keys = ctx.keys_of(row.participant_id.0)?;
    let [Some(privacy), Some(safeguarding)] = decisions(ctx, row)? else {
        return Err(StoreError::Stored("an approved report without its decisions").into());
    };
    let (privacy, safeguarding) = (privacy.record(&keys)?, safeguarding.record(&keys)?);
    let both = [&privacy, &safeguarding];
    let report = rights_content::report(ctx, row, released(both), safeguarding_words(both))?;
    Ok(access_report::insert(ctx.db, &keys, row.id.0, &report, ctx.now + REPORT_FOR)?)
}

/// Do what a request asks for
///
/// Access: the report is put together and can be fetched for 30 days. Rectification: what put it right is linked, an
/// amendment or another change of the record, or it was declined with a reason and what he says to that. Restriction: from
/// this answer on the record is kept and not used: new assessments, plans, contact and exports answer 409
/// `processing-restricted`. Objection: in words, what is not done any more.
#[utoipa::path(
    tag = "rights-requests", operation_id = "fulfil_rights_request", request_body = RightsFulfilment,
    params(
        ("id" = RightsRequestId, Path, description = "The request."),
        ("If-Match" = String, Header, description = "The version that was read.", max_length = 64)
    ),
    responses((status = 200, description = "The request as it is now.", body = RightsRequestView))
)]
#[post("/v1/rights-requests/{id}/fulfilment")]
async fn fulfil_rights_request(
    permit: Permit<{ Operation::FulfilRightsRequest.id() }>,
    path: Path<RightsRequestId>,
    if_match: IfMatch,
    body: Json<RightsFulfilment>,
) -> Result<HttpResponse, Problem> {
    let (id, done) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let (row, next) = begin(ctx, id, &if_match, Step::Fulfilment)?;
            require_told(done.told_on, Day::of(ctx, &row)?.today)?;
            done.check(row.kind.0)?;
            match row.kind.0 {
                Kind::Access => make_report(ctx, &row)?,
                Kind::Rectification => require_corrections(ctx, &row, &done)?,
                Kind::Restriction => {
                    let man = participant::find(ctx.db, ctx.scope, row.participant_id.0)?;
                    processing_restriction::impose(ctx.db, id, &man, ctx.now)?;
                }
                Kind::Objection => {}
            }
            finish(ctx, row, next, Step::Fulfilment, &done.record())
        })
        .await
}

/// Why the restriction ends, and that he was told before.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"note": "The dates were checked with the hospital.", "told_on": "2026-11-20"}))]
pub struct RightsLifting {
    /// What he was told.
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    note: String,
    /// The day he was told: before the restriction ends.
    told_on: NaiveDate,
}

/// Lift a restriction
///
/// He is told before. Contact is allowed again as far as his consent and his way through the programme go, and each
/// assignment that went on hold is resumed by itself.
#[utoipa::path(
    tag = "rights-requests", operation_id = "lift_restriction", request_body = RightsLifting,
    params(
        ("id" = RightsRequestId, Path, description = "The request that brought the restriction about."),
        ("If-Match" = String, Header, description = "The version that was read.", max_length = 64)
    ),
    responses((status = 200, description = "The request as it is now.", body = RightsRequestView))
)]
#[post("/v1/rights-requests/{id}/lifting")]
async fn lift_restriction(
    permit: Permit<{ Operation::LiftRestriction.id() }>,
    path: Path<RightsRequestId>,
    if_match: IfMatch,
    body: Json<RightsLifting>,
) -> Result<HttpResponse, Problem> {
    let (id, lifting) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let (row, next) = begin(ctx, id, &if_match, Step::Lifting)?;
            require_told(lifting.told_on, Day::of(ctx, &row)?.today)?;
            let restriction = processing_restriction::of_request(ctx.db, id)?;
            if restriction.is_none_or(|restriction| restriction.lifted_at.is_some()) {
                return Err(Problem::new(Code::Conflict)
                    .detail("This restriction was lifted before.")
                    .into());
            }
            let man = participant::find(ctx.db, ctx.scope, row.participant_id.0)?;
            processing_restriction::lift(ctx.db, id, &man, ctx.now)?;
            let record = StepRecord {
                note: Some(lifting.note.clone()),
                told_on: Some(lifting.told_on),
                ..StepRecord::default()
            };
            finish(ctx, row, next, Step::Lifting, &record)
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(fulfil_rights_request).service(lift_restriction);
}
