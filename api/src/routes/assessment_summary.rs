//! The summary of a submitted assessment, as JSON, as a page for printing and as plain text.

use std::sync::{Arc, LazyLock};

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, VARY};
use actix_web::{HttpRequest, HttpResponse, get};
use alongside_domain::assessment::Status;
use alongside_domain::id::AssessmentId;
use alongside_domain::policy::{Operation, Role, relation};
use alongside_domain::provenance::Provenance;
use alongside_domain::summary::{self, Before, Facts, Header, Summary};
use alongside_store::assessment::{self, Assessment};
use alongside_store::participant::{self, Participant};
use alongside_store::{answer, assessment_previous, consent, programme, segment, site};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::answer_modes;
use super::instrument_words::{self, Wanted, WordsLanguage};
use crate::http::accept;
use crate::http::etag::not_modified_tag;
use crate::http::{Code, Ctx, Path, Permit, Problem, Query, Refusal, Services};

/// The forms a summary comes in; the first is the default.
const FORMS: [Form; 3] = [Form::Json, Form::Html, Form::Text];

/// How many bytes of its digest name a form of the summary.
const TAG_BYTES: usize = 16;

/// The page may use its own style sheet and nothing else.
static PAGE_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(summary::STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
});

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Html,
    Text,
}

impl Form {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Html => "text/html",
            Self::Text => "text/plain",
        }
    }

    const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json",
            Self::Html => "text/html; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
        })
    }

    fn write(self, summary: &Summary) -> Result<String, Problem> {
        match self {
            Self::Json => serde_json::to_string(summary).map_err(Problem::internal),
            Self::Html => Ok(summary::to_html(summary)),
            Self::Text => Ok(summary::to_text(summary)),
        }
    }
}

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
    let form = preferred(request.headers()).ok_or_else(|| Problem::new(Code::NotAcceptable))?;
    let id = *path;
    let wanted = Wanted::in_language(request.headers(), query.into_inner().language);
    let work = move |ctx: &mut Ctx<'_, '_>| {
        let text = form.write(&read(ctx, id, wanted)?)?;
        let tag = tag(&text)?;
        Ok((text, tag))
    };
    let known = |(_, tag): &(String, HeaderValue)| not_modified_tag(&request, tag).is_some();
    let status = |shown: &_| if known(shown) { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let (text, tag) = permit.read_as(work, status).await?;
    respond(&request, form, text, tag)
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
    let current = answer::current(ctx.db, &ctx.ring(), id)?;
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

/// Whether this role sees who the participant is. Those who work on the data see the pseudonym, even where they may
/// look the identity up elsewhere.
fn may_know_the_name(role: Role) -> bool {
    let works_on_data =
        matches!(role, Role::DataManager | Role::Statistician | Role::Monitor | Role::IntegrationClient);
    !works_on_data && relation(Operation::GetParticipantIdentity, role).is_some()
}

fn header(
    ctx: &mut Ctx<'_, '_>,
    row: &Assessment,
    participant: Participant,
    definition: &alongside_domain::instrument::Definition,
) -> Result<Header, Refusal> {
    let programme = programme::find(ctx.db, ctx.scope, row.programme_id.0)?;
    let site = site::find(ctx.db, ctx.scope, row.site_id.0)?;
    let ring = ctx.ring();
    let name =
        if may_know_the_name(ctx.caller.role) { Some(participant.identity(&ring)?.name) } else { None };
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
        let answers = answer::current(ctx.db, &ctx.ring(), row.id.0)?.answers();
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

/// The tag is that of the text itself: name, site and what it is compared with change without the assessment.
fn tag(text: &str) -> Result<HeaderValue, Problem> {
    let digest = Sha256::digest(text.as_bytes());
    let short = digest.get(..TAG_BYTES).unwrap_or_default();
    HeaderValue::from_str(&format!("\"{}\"", URL_SAFE_NO_PAD.encode(short))).map_err(Problem::internal)
}

fn respond(
    request: &HttpRequest,
    form: Form,
    body: String,
    tag: HeaderValue,
) -> Result<HttpResponse, Problem> {
    let mut response = match not_modified_tag(request, &tag) {
        Some(known) => known,
        None => HttpResponse::Ok().insert_header((CONTENT_TYPE, form.content_type())).body(body),
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, tag);
    headers.append(VARY, HeaderValue::from_static("Accept, Accept-Language"));
    if form == Form::Html {
        let policy = HeaderValue::from_str(&PAGE_POLICY).map_err(Problem::internal)?;
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

/// The form that the caller likes best.
fn preferred(headers: &HeaderMap) -> Option<Form> {
    accept::preferred(headers, &FORMS, Form::media_type)
}

pub fn routes(config: &mut impl Services) {
    config.service(get_assessment_summary);
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::MessageBody as _;
    use actix_web::http::header::{ACCEPT, IF_NONE_MATCH};
    use actix_web::test::TestRequest;

    fn chosen(accept: &str) -> Option<Form> {
        preferred(TestRequest::get().insert_header((ACCEPT, accept)).to_http_request().headers())
    }

    #[test]
    fn the_caller_chooses_the_form() {
        for (accept, form) in [
            ("", Some(Form::Json)),
            ("*/*", Some(Form::Json)),
            ("text/html", Some(Form::Html)),
            ("text/*", Some(Form::Html)),
            ("text/plain, text/html;q=0.9", Some(Form::Text)),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Some(Form::Html)),
            ("application/json;q=0, */*", Some(Form::Html)),
            ("application/json;q=0.25, TEXT/PLAIN;q=0.3", Some(Form::Text)),
            ("application/pdf", None),
            ("text/html;q=0, application/fhir+json", None),
        ] {
            assert_eq!(chosen(accept), form, "{accept}");
        }
        assert_eq!(preferred(TestRequest::get().to_http_request().headers()), Some(Form::Json));
    }

    #[test]
    fn who_has_this_very_text_is_not_sent_it_again() {
        let respond = |request: &HttpRequest, text: &str| {
            respond(request, Form::Html, text.to_owned(), tag(text).unwrap()).unwrap()
        };
        let first = respond(&TestRequest::get().to_http_request(), "a");
        let policy = first.headers().get(CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        let tag = first.headers().get(ETAG).unwrap().clone();
        let again = TestRequest::get().insert_header((IF_NONE_MATCH, tag.clone())).to_http_request();
        assert_eq!(respond(&again, "a").status(), StatusCode::NOT_MODIFIED);
        let changed = respond(&again, "b");
        assert_eq!(changed.status(), StatusCode::OK);
        assert_ne!(changed.headers().get(ETAG), Some(&tag));
        assert_eq!(changed.into_body().try_into_bytes().unwrap(), "b");
    }

    #[test]
    fn before_submission_the_way_forward_is_named() {
        assert!(require_submitted(Status::Amended).is_ok());
        let refused = require_submitted(Status::InProgress).unwrap_err();
        assert_eq!(refused.code(), Code::IllegalTransition);
        assert!(require_submitted(Status::Abandoned).is_err());
    }

    #[test]
    fn those_who_work_on_the_data_see_the_pseudonym() {
        for role in [Role::Participant, Role::Clinician, Role::Researcher] {
            assert!(may_know_the_name(role), "{role}");
        }
        for role in
            [Role::DataManager, Role::Statistician, Role::Monitor, Role::IntegrationClient, Role::Admin]
        {
            assert!(!may_know_the_name(role), "{role}");
        }
    }
}
