//! Segments of an assistance session, and the private sections that the participant opens in it.

use actix_web::{HttpResponse, post};
use alongside_domain::id::{AssessmentId, SegmentId};
use alongside_domain::policy::{Operation, Role};
use alongside_domain::provenance::{KeyedBy, Level, OthersPresent};
use alongside_store::assessment::{self, Assessment};
use alongside_store::assistance_session;
use alongside_store::segment::{self, Segment};
use alongside_store::types::{At, Code as Coded, Document, Key};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::answering::{self, Help};
use super::assessment_view::AssistanceSessionView;
use super::assistance_sessions::{require_consent, require_possible};
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Refusal, Reply, Services};

/// The help, or the company, from now on.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "level": "A2", "keyed_by": "participant", "others_present": ["nobody"], "handed_over": true
}))]
pub struct SegmentStart {
    /// How much help: `A1` to `A5`. `A0` is for a participant to say of himself.
    pub level: Level,
    /// Who presses the keys.
    pub keyed_by: KeyedBy,
    /// Who else is there; `nobody` if there is no one.
    #[validate(length(min = 1, max = 7))]
    #[schema(min_items = 1, max_items = 7)]
    pub others_present: Vec<OthersPresent>,
    /// The device is in the participant's hands and the helper looks away: for private sections.
    #[serde(default)]
    #[schema(required = false)]
    pub handed_over: bool,
}

/// Start a segment
///
/// Ends the one before. Whenever the help changes, somebody comes or goes, or the device changes hands.
#[utoipa::path(
    tag = "assessments", operation_id = "start_segment", request_body = SegmentStart,
    params(("id" = AssessmentId, Path, description = "The assessment.")),
    responses((status = 201, description = "The session with its new segment.", body = AssistanceSessionView))
)]
#[post("/v1/assessments/{id}/segments")]
async fn start_segment(
    permit: Permit<{ Operation::StartSegment.id() }>,
    path: Path<AssessmentId>,
    body: Json<SegmentStart>,
) -> Result<HttpResponse, Problem> {
    let (id, new) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let (row, help) = helped(ctx, id)?;
            require_possible(ctx.caller.role, new.level, new.keyed_by, &new.others_present)?;
            require_consent(ctx, row.participant_id.0, new.level)?;
            let row = assessment::save(ctx.db, row, ctx.now)?;
            segment::end(ctx.db, help.session.id.0, ctx.now)?;
            let segment = Segment {
                id: Key(SegmentId::new(ctx.fresh())),
                assistance_session_id: help.session.id,
                assessment_id: Key(id),
                level: Coded(new.level),
                keyed_by: Coded(new.keyed_by),
                others_present: Document(new.others_present.clone()),
                handed_over: new.handed_over,
                started_at: At(ctx.now),
                ended_at: None,
            };
            segment::insert(ctx.db, &segment)?;
            assistance_session::touch(ctx.db, help.session.id.0, ctx.now)?;
            let mut session = help.session;
            session.last_activity_at = At(ctx.now);
            let view = AssistanceSessionView::of(&session, Some(&segment));
            Reply::created(format!("/v1/assessments/{id}"), row.version, &view)
        })
        .await
}

/// The help that is going on, for who takes part in it.
fn helped(ctx: &mut Ctx<'_, '_>, id: AssessmentId) -> Result<(Assessment, Help), Refusal> {
    let row = assessment::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    answering::require_open(&row)?;
    let help = answering::required_help(ctx, &row)?;
    match help {
        Some(help) => Ok((row, help)),
        None => Err(answering::no_session()),
    }
}

/// A private section that the participant opens.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"link_id": "SEX"}))]
pub struct SectionOpening {
    /// The private section, by the link id of its group.
    #[validate(length(min = 1, max = 255))]
    #[schema(min_length = 1, max_length = 255)]
    pub link_id: String,
}

/// Open a private section to the helper
///
/// The participant's own act, for this session only: from his own account, or on the helper's device while that is
/// handed over to him. Until the session closes the helper may read and, after taking the device back, type the answers
/// of this section.
#[utoipa::path(
    tag = "assessments", operation_id = "open_private_section", request_body = SectionOpening,
    params(("id" = AssessmentId, Path, description = "The assessment.")),
    responses((status = 200, description = "The session with the section open.", body = AssistanceSessionView))
)]
#[post("/v1/assessments/{id}/section-openings")]
async fn open_private_section(
    permit: Permit<{ Operation::OpenPrivateSection.id() }>,
    path: Path<AssessmentId>,
    body: Json<SectionOpening>,
) -> Result<HttpResponse, Problem> {
    let (id, SectionOpening { link_id }) = (*path, body.into_inner());
    permit
        .write(move |ctx| {
            let (row, help) = helped(ctx, id)?;
            if ctx.caller.role != Role::Participant && !help.now.is_private() {
                let detail =
                    "Only the participant opens a private section: hand the device over to him first.";
                return Err(Problem::new(Code::Conflict).detail(detail).into());
            }
            let definition = ctx.app.definitions.get(ctx.db, row.instrument_id.0)?;
            let is_private = definition
                .find(&link_id)
                .and_then(|(index, _)| definition.private_section(index))
                .is_some_and(|section| section.link_id == link_id);
            if !is_private {
                let message = "This instrument has no private section with this link id.";
                return Err(Problem::new(Code::Invalid).field("/link_id", "unknown", message).into());
            }
            let row = assessment::save(ctx.db, row, ctx.now)?;
            let mut session = help.session;
            let sections = &mut session.opened_sections.0;
            if !sections.opened.contains(&link_id) {
                sections.opened.push(link_id.clone());
            }
            assistance_session::set_sections(ctx.db, session.id.0, &session.opened_sections.0, ctx.now)?;
            session.last_activity_at = At(ctx.now);
            Reply::ok(row.version, &AssistanceSessionView::of(&session, Some(&help.segment)))
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(start_segment).service(open_private_section);
}
