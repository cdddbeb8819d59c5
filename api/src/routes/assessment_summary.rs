//! The summary of a submitted assessment, as JSON, as a page for printing and as plain text.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, get};
use alongside_domain::assessment::Status;
use alongside_domain::id::AssessmentId;
use alongside_domain::policy::{Operation, Role};
use alongside_domain::provenance::Provenance;
use alongside_domain::summary::{self, Before, Facts, Header, Summary};
use alongside_store::assessment::{self, Assessment};
use alongside_store::participant::{self, Participant};
use alongside_store::{answer, assessment_previous, consent, programme, segment, site};

use super::instrument_words::{self, Wanted, WordsLanguage};
use super::{answer_modes, checks};
use crate::http::printed::{self, Writers};
use crate::http::{Code, Ctx, Path, Permit, Problem, Query, Refusal, Services};

/// Get the summary of an assessment
///
/// What the participant takes to the consultation and what the nurse reads first: how the form was filled in, what
/// matters most, all concerns with what has changed since the last time, scores, and where to turn to. There is one as
/// soon as the assessment is submitted. `Accept` chooses between JSON, a self-contained page in large print
/// (`text/html`) and plain text.
///
/// Questions and answers are in the `language` that is asked for; for the participant else in that of the record, for
/// everybody else as `Accept-Language` prefers, as far as the instrument has been translated.
///
/// A clinician needs the participant's consent to share the summary (409 without). The name is shown only to those who
/// may know it, and statisticians see no free text.
#[utoipa::path(
    tag = "assessments", operation_id = "get_assessment_summary",
    params(("id" = AssessmentId, Path, description = "The assessment."), WordsLanguage),
    responses((status = 200, description = "The summary.", content(
        (Summary = "application/json"),
        (String = "text/html", example = "<!doctype html>"),
        (String = "text/plain", example = "How are things?")
    )))
)]
#[get("/v1/assessments/{id}/summary")]
async fn get_assessment_summary(
    request: HttpRequest,
    permit: Permit<{ Operation::GetAssessmentSummary.id() }>,
    path: Path<AssessmentId>,
    query: Query<WordsLanguage>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let writers = Writers { html: summary::to_html, text: summary::to_text };
    let wanted = Wanted::in_language(request.headers(), query.into_inner().language);
    printed::answer(&request, permit, writers, move |ctx| read(ctx, id, wanted)).await
}

fn read(ctx: &mut Ctx<'_, '_>, id: AssessmentId, wanted: Wanted) -> Result<Summary, Refusal> {
    let row = assessment::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    let role = ctx.caller.role;
    if role == Role::Clinician {
        let effect = consent::effect_in_force(ctx.db, row.participant_id.0)?;
        if !(effect.share_summary_gp || effect.share_summary_hospital) {
            let detail = "The participant has not agreed to share the summary with the GP or the hospital.";
            return Err(Problem::new(Code::ConsentMissing).detail(detail).into());
        }
    }
    require_submitted(row.status.0)?;
    let participant = participant::find(ctx.db, ctx.scope, row.participant_id.0)?;
    let his_language = participant.language.parse().ok().filter(|_| role == Role::Participant);
    let wanted = wanted.or_rather(his_language);
    let definition = instrument_words::read(ctx, row.instrument_id.0, &wanted)?.definition;
    let keys = ctx.keys_of(row.participant_id.0)?;
    let current = answer::current(ctx.db, &keys, id)?;
    let amended = current.iter().filter(|kept| kept.amends.is_some()).count();
    let segments = segment::of_assessment(ctx.db, id)?;
    let earlier = match assessment_previous::find(ctx.db, ctx.scope, &row)? {
        Some(earlier) => Some(Earlier::read(ctx, earlier, &wanted.beside())?),
        None => None,
    };
    let answers = current.answers();
    let summary = Summary::of(&Facts {
        header: header(ctx, &row, participant, &definition)?,
        definition: &definition,
        administration: answer_modes::of_all(&definition, &answers, &current),
        answers,
        provenance: match row.provenance {
            Some(provenance) => provenance.0,
            None => Provenance::of(&current.origins(), &[], &[]),
        },
        handed_over: segments.iter().any(|segment| segment.handed_over),
        amended: u32::try_from(amended).unwrap_or(u32::MAX),
        before: earlier.as_ref().map(Earlier::as_before),
    });
    Ok(if role == Role::Statistician { summary.without_own_words() } else { summary })
}

fn require_submitted(status: Status) -> Result<(), Problem> {
    let (detail, next) = match status {
        Status::Submitted | Status::Amended => return Ok(()),
        Status::InProgress => {
            ("There is a summary when the assessment has been submitted.", Some("submission"))
        }
        Status::Abandoned => ("This assessment was abandoned: there is no summary of it.", None),
    };
    Err(Problem::new(Code::IllegalTransition).detail(detail).allowed_next(next))
}

fn header(
    ctx: &mut Ctx<'_, '_>,
    row: &Assessment,
    participant: Participant,
    definition: &alongside_domain::instrument::Definition,
) -> Result<Header, Refusal> {
    let programme = programme::find(ctx.db, ctx.scope, row.programme_id.0)?;
    let site = site::find(ctx.db, ctx.scope, row.site_id.0)?;
    let keys = ctx.keys_of(participant.id.0)?;
    let name = if checks::may_know_the_name(ctx.caller.role) {
        Some(participant.identity(&keys)?.name)
    } else {
        None
    };
    Ok(Header {
        study_id: participant.study_id,
        name,
        site: site.name,
        programme: programme.name,
        time_point: row.time_point.clone(),
        submitted_at: row.submitted_at.map_or(row.updated_at.0, |at| at.0),
        timezone: programme.timezone,
        instrument_title: definition.title().or(definition.url()).unwrap_or_default().to_owned(),
        instrument_version: definition.version().map(str::to_owned),
        language: definition.language().map(str::to_owned),
        synthetic: programme.synthetic,
    })
}

/// The assessment to compare with.
struct Earlier {
    row: Assessment,
    definition: Arc<alongside_domain::instrument::Definition>,
    answers: alongside_domain::instrument::Answers,
}

impl Earlier {
    fn read(ctx: &mut Ctx<'_, '_>, row: Assessment, wanted: &Wanted) -> Result<Self, Refusal> {
        let definition = instrument_words::read(ctx, row.instrument_id.0, wanted)?.definition;
        let keys = ctx.keys_of(row.participant_id.0)?;
        let answers = answer::current(ctx.db, &keys, row.id.0)?.answers();
        Ok(Self { row, definition, answers })
    }

    fn as_before(&self) -> Before<'_> {
        Before {
            definition: &self.definition,
            answers: self.answers.clone(),
            time_point: self.row.time_point.clone(),
            submitted_at: self.row.submitted_at.map_or(self.row.updated_at.0, |at| at.0),
        }
    }
}

pub fn routes(config: &mut impl Services) {
    config.service(get_assessment_summary);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_submission_the_way_forward_is_named() {
        assert!(require_submitted(Status::Amended).is_ok());
        let refused = require_submitted(Status::InProgress).unwrap_err();
        assert_eq!(refused.code(), Code::IllegalTransition);
        assert!(require_submitted(Status::Abandoned).is_err());
    }
}
