//! Assistance sessions: help begins with the participant's yes and ends when somebody closes it or nothing happens.

use actix_web::{HttpResponse, post};
use alongside_domain::assistance::{CloseReason, Sections};
use alongside_domain::id::{AssessmentId, AssistanceSessionId, ParticipantId, SegmentId};
use alongside_domain::policy::{Operation, Role};
use alongside_domain::provenance::{KeyedBy, Level, OthersPresent, check_presence};
use alongside_store::assessment::{self, Assessment};
use alongside_store::assistance_session::{self, AssistanceSession};
use alongside_store::audit::any_id;
use alongside_store::segment::{self, Segment};
use alongside_store::types::{At, Code as Coded, Document, Key};
use alongside_store::{StoreError, assignment, consent};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::answering;
use super::assessment_view::AssistanceSessionView;
use super::checks;
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, ProblemField, Refusal, Reply, Services};

/// Help that is about to begin.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"affirmed": true, "level": "A2", "keyed_by": "participant", "others_present": ["nobody"]}))]
pub struct AssistanceSessionOpen {
    /// The participant was asked, and said yes to being helped now. Nothing begins without it.
    pub affirmed: bool,
    /// How much help: `A1` to `A5`. `A0` is for a participant to say of himself.
    pub level: Level,
    /// Who presses the keys.
    pub keyed_by: KeyedBy,
    /// Who else is there; `nobody` if there is no one.
    #[validate(length(min = 1, max = 7))]
    #[schema(min_items = 1, max_items = 7)]
    pub others_present: Vec<OthersPresent>,
    /// At level A4, the sections that the participant wants typed for him, by link id; all that are not private when
    /// absent.
    #[validate(length(max = 200))]
    #[schema(max_items = 200, max_length = 255, nullable = false)]
    pub sections_consented: Option<Vec<String>>,
}

/// Open an assistance session
///
/// With its first segment. A supporter must have an active assignment, and consent must allow what he is about to do:
/// contact with a supporter at all, seeing answers from level A3 on, typing them at level A4. One session at a time is
/// open on an assessment. It is over when nothing happens in it for 15 minutes.
#[utoipa::path(
    tag = "assessments", operation_id = "open_assistance_session", request_body = AssistanceSessionOpen,
    params(("id" = AssessmentId, Path, description = "The assessment.")),
    responses((status = 201, description = "Help can begin.", body = AssistanceSessionView))
)]
#[post("/v1/assessments/{id}/assistance-sessions")]
async fn open_assistance_session(
    permit: Permit<{ Operation::OpenAssistanceSession.id() }>,
    path: Path<AssessmentId>,
    body: Json<AssistanceSessionOpen>,
) -> Result<HttpResponse, Problem> {
    let (id, new) = (*path, body.into_inner());
    permit.write(move |ctx| open(ctx, id, &new)).await
}

fn open(ctx: &mut Ctx<'_, '_>, id: AssessmentId, new: &AssistanceSessionOpen) -> Result<Reply, Refusal> {
    let row = assessment::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    answering::require_open(&row)?;
    answering::require_participant(assessment::participant_status(ctx.db, row.participant_id.0)?)?;
    checks::require_unrestricted(ctx, row.participant_id.0)?;
    if !new.affirmed {
        let message = "Ask the participant first. Help begins with his yes.";
        return Err(Problem::new(Code::Invalid).field("/affirmed", "not_affirmed", message).into());
    }
    require_possible(ctx.caller.role, new.level, new.keyed_by, &new.others_present)?;
    require_sections(ctx, &row, new.sections_consented.as_deref())?;
    let assignment = match (ctx.caller.role, ctx.caller.person()) {
        (Role::Supporter, Some(supporter)) => {
            let active = assignment::active(ctx.db, supporter, row.participant_id.0)?;
            Some(active.ok_or(StoreError::NotFound)?.id)
        }
        _ => None,
    };
    require_consent(ctx, row.participant_id.0, new.level)?;
    if assistance_session::live(ctx.db, id, ctx.now)?.is_some() {
        return Err(one_at_a_time());
    }
    let row = assessment::save(ctx.db, row, ctx.now)?;
    let session = AssistanceSession {
        id: Key(AssistanceSessionId::new(ctx.fresh())),
        assessment_id: Key(id),
        helper_id: any_id(ctx.caller.actor_id()),
        helper_role: Coded(ctx.caller.role),
        assignment_id: assignment,
        affirmed_at: At(ctx.now),
        opened_sections: Document(Sections { opened: Vec::new(), scribed: new.sections_consented.clone() }),
        last_activity_at: At(ctx.now),
        opened_at: At(ctx.now),
        closed_at: None,
        close_reason: None,
    };
    assistance_session::insert(ctx.db, &session).map_err(|error| {
        if error.violates(assistance_session::ONE_OPEN) { one_at_a_time() } else { error.into() }
    })?;
    let segment = Segment {
        id: Key(SegmentId::new(ctx.fresh())),
        assistance_session_id: session.id,
        assessment_id: Key(id),
        level: Coded(new.level),
        keyed_by: Coded(new.keyed_by),
        others_present: Document(new.others_present.clone()),
        handed_over: false,
        started_at: At(ctx.now),
        ended_at: None,
    };
    segment::insert(ctx.db, &segment)?;
    let view = AssistanceSessionView::of(&session, Some(&segment));
    Reply::created(format!("/v1/assessments/{id}"), row.version, &view)
}

fn one_at_a_time() -> Refusal {
    Problem::new(Code::Conflict)
        .detail("An assistance session is open on this assessment. Close it first.")
        .into()
}

/// 422 unless a segment can be like this.
///
/// # Errors
/// 422 with every fault.
pub fn require_possible(
    role: Role,
    level: Level,
    keyed_by: KeyedBy,
    others_present: &[OthersPresent],
) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    let mut fault = |pointer: &'static str, code: &'static str, message: String| {
        faults.push(ProblemField { pointer: pointer.into(), code: code.into(), message: message.into() });
    };
    if !level.may_be_chosen_by(role) {
        fault("/level", "choice", "A helper chooses from A1 to A5.".to_owned());
    }
    if keyed_by == KeyedBy::Unknown {
        fault("/keyed_by", "choice", "Say who presses the keys.".to_owned());
    }
    if let Err(wrong) = check_presence(others_present) {
        fault("/others_present", "presence", wrong.to_string());
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::new(Code::Invalid).fields(faults).into()) }
}

fn require_sections(
    ctx: &mut Ctx<'_, '_>,
    row: &Assessment,
    sections: Option<&[String]>,
) -> Result<(), Refusal> {
    let Some(sections) = sections else { return Ok(()) };
    let definition = ctx.app.definitions.get(ctx.db, row.instrument_id.0)?;
    let unknown = sections.iter().enumerate().filter(|(_, section)| definition.find(section).is_none());
    let faults: Vec<_> = unknown
        .map(|(position, _)| ProblemField {
            pointer: format!("/sections_consented/{position}").into(),
            code: "unknown".into(),
            message: "This instrument has no item with this link id.".into(),
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::new(Code::Invalid).fields(faults).into()) }
}

/// 409 unless the participant agreed to this much help from a supporter. Others who help are bound by their own
/// relation to him.
///
/// # Errors
/// 409.
pub fn require_consent(
    ctx: &mut Ctx<'_, '_>,
    participant: ParticipantId,
    level: Level,
) -> Result<(), Refusal> {
    if ctx.caller.role != Role::Supporter {
        return Ok(());
    }
    let effect = consent::effect_in_force(ctx.db, participant)?;
    let missing = if !effect.supporter_contact {
        Some("to being in contact with a supporter")
    } else if level.sees_answers() && !effect.supporter_sees_answers {
        Some("that a supporter sees his answers while helping")
    } else if level == Level::A4 && !effect.section_scribe {
        Some("that a supporter types his answers")
    } else {
        None
    };
    match missing {
        Some(what) => {
            let detail = format!("The participant has not agreed {what}.");
            Err(Problem::new(Code::ConsentMissing).detail(detail).into())
        }
        None => Ok(()),
    }
}

/// Close an assistance session
///
/// From this moment on a supporter sees nothing of the answers.
#[utoipa::path(
    tag = "assessments", operation_id = "close_assistance_session",
    params(
        ("id" = AssessmentId, Path, description = "The assessment."),
        ("session_id" = AssistanceSessionId, Path, description = "The session.")
    ),
    responses((status = 200, description = "The session is closed.", body = AssistanceSessionView))
)]
#[post("/v1/assessments/{id}/assistance-sessions/{session_id}/closure")]
async fn close_assistance_session(
    permit: Permit<{ Operation::CloseAssistanceSession.id() }>,
    path: Path<(AssessmentId, AssistanceSessionId)>,
) -> Result<HttpResponse, Problem> {
    let (id, session_id) = *path;
    permit
        .write(move |ctx| {
            let row = assessment::find(ctx.db, ctx.scope, id)?;
            ctx.about(row.participant_id.0);
            let sessions = assistance_session::of_assessment(ctx.db, id)?;
            let mut session = sessions
                .into_iter()
                .find(|session| session.id.0 == session_id)
                .ok_or(StoreError::NotFound)?;
            // Closing twice is no mistake: what was wanted is so.
            if session.closed_at.is_some() {
                return Reply::ok(row.version, &AssistanceSessionView::of(&session, None));
            }
            let (reason, at) = if session.is_live(ctx.now) {
                (CloseReason::Closed, ctx.now)
            } else {
                let over = alongside_domain::assistance::expires_at(session.last_activity_at.0);
                (CloseReason::Expired, over)
            };
            let row = assessment::save(ctx.db, row, ctx.now)?;
            assistance_session::close(ctx.db, session_id, reason, at)?;
            session.closed_at = Some(At(at));
            session.close_reason = Some(Coded(reason));
            Reply::ok(row.version, &AssistanceSessionView::of(&session, None))
        })
        .await
}

pub fn routes(config: &mut impl Services) {
    config.service(open_assistance_session).service(close_assistance_session);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(role: Role, level: Level, keyed_by: KeyedBy, present: &[OthersPresent]) -> Vec<String> {
        match require_possible(role, level, keyed_by, present) {
            Ok(()) => Vec::new(),
            Err(refused) => {
                refused.into_problem().errors().iter().map(|error| error.pointer.to_string()).collect()
            }
        }
    }

    #[test]
    fn a_segment_says_what_is() {
        let nobody = [OthersPresent::Nobody];
        assert!(codes(Role::Supporter, Level::A4, KeyedBy::Supporter, &nobody).is_empty());
        assert_eq!(codes(Role::Supporter, Level::A0, KeyedBy::Supporter, &nobody), ["/level"]);
        assert!(codes(Role::Participant, Level::A0, KeyedBy::Participant, &nobody).is_empty());
        assert_eq!(
            codes(Role::Supporter, Level::Unknown, KeyedBy::Unknown, &[]),
            ["/level", "/keyed_by", "/others_present"]
        );
    }
}
