//! Assessments as FHIR R4 QuestionnaireResponses: in from elsewhere, and out to elsewhere.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, get, post};
use alongside_domain::assessment::{Status, sees_own_words};
use alongside_domain::id::AssessmentId;
use alongside_domain::instrument::{
    Answers, Enabled, Header, ResponseStatus, Setting, operation_outcome, read_response, write_response,
};
use alongside_domain::policy::Operation;
use alongside_domain::provenance::{AnsweredBy, Origin};
use alongside_store::answer::{self, Kept, New};
use alongside_store::assessment::{self, Assessment};
use serde_json::{Value, json};

use super::answer_input::is_own_words;
use super::answer_modes;
use super::answering;
use super::answers::{AnswersSaved, Effect, require_answers, sight_while_saving};
use super::assessment_view::{self, Whole};
use super::checks;
use super::double_entry;
use super::fhir::{self, FhirJson};
use super::response_header::{self, instant};
use crate::http::{Code, Ctx, Path, Permit, Problem, Refusal, Reply, Services, wants_fhir};

/// Import a questionnaire response
///
/// The body is a FHIR R4 QuestionnaireResponse of at most 2 MiB to this assessment's instrument. Its answers are saved
/// beside those that are there. Their provenance is unknown, unless the response says more: that the participant is the
/// `source`, or in the extension `answer-origin` of an item. An answer that is there already just as it is stays as it is.
/// A finished response must be complete, and is not submitted by that.
#[utoipa::path(
    tag = "assessments", operation_id = "import_questionnaire_response",
    params(("id" = AssessmentId, Path, description = "The assessment.")),
    request_body(
        description = "A FHIR R4 QuestionnaireResponse.",
        content((Object = "application/fhir+json", example = json!({"resourceType": "QuestionnaireResponse",
            "status": "in-progress", "item": [{"linkId": "1", "answer": [{"valueString": "Well"}]}]})),
            (Object = "application/json", example = json!({"resourceType": "QuestionnaireResponse",
            "status": "in-progress", "item": [{"linkId": "1", "answer": [{"valueString": "Well"}]}]})))
    ),
    responses((status = 200, description = "The answers are durable.", content((AnswersSaved = "application/json"),
        (Object = "application/fhir+json", example = json!({"resourceType": "OperationOutcome", "issue": [{
            "severity": "information", "code": "informational",
            "details": {"text": "Nothing is wrong with this."}}]})))))
)]
#[post("/v1/assessments/{id}/questionnaire-response")]
async fn import_questionnaire_response(
    request: HttpRequest,
    permit: Permit<{ Operation::ImportQuestionnaireResponse.id() }>,
    path: Path<AssessmentId>,
    body: FhirJson,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let response = permit.write(move |ctx| import(ctx, id, &body.document)).await?;
    if wants_fhir(request.headers()) {
        return Ok(fhir::in_place_of(response, operation_outcome(&[]).to_string()));
    }
    Ok(response)
}

/// Whose judgement the answers are, as far as the response says it of all of them.
fn answered_by(row: &Assessment, header: &Header) -> AnsweredBy {
    let named = |reference: &Value| reference.get("reference").cloned();
    let source = header.source.as_ref().and_then(named);
    let is_he = source.is_some() && source == named(&response_header::participant(row));
    if is_he { AnsweredBy::Participant } else { AnsweredBy::Unknown }
}

fn import(ctx: &mut Ctx<'_, '_>, id: AssessmentId, document: &Value) -> Result<Reply, Refusal> {
    let row = assessment::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    answering::require_open(&row)?;
    double_entry::require_none(ctx, &row)?;
    answering::require_participant(assessment::participant_status(ctx.db, row.participant_id.0)?)?;
    checks::require_unrestricted(ctx, row.participant_id.0)?;
    let definition = ctx.app.definitions.get(ctx.db, row.instrument_id.0)?;
    let (offered, header) = read_response(&definition, document)
        .map_err(|findings| Problem::new(Code::Invalid).fields(fhir::fields(&findings)))?;
    if header.questionnaire.as_deref().is_some_and(|named| !definition.is_named(named)) {
        let message = "This is a response to another instrument, or to another version of it.";
        return Err(Problem::new(Code::Invalid).field("/questionnaire", "other_instrument", message).into());
    }
    let keys = ctx.keys_of(row.participant_id.0)?;
    let before = answer::current(ctx.db, &keys, id)?.answers();
    let mut after = before.clone();
    let answered_by = answered_by(&row, &header);
    let mut kept = Vec::new();
    for answer in offered.iter().filter(|answer| before.get(&answer.key) != Some(answer)) {
        let answer = Arc::new(answer.clone());
        after.save(Arc::clone(&answer));
        let (origin, language) = match header.origins.get(&answer.key) {
            Some(attributed) => (attributed.origin, attributed.language.clone()),
            None => (Origin::outside_segment(answered_by), None),
        };
        kept.push(New { answer, origin, segment: None, language, device_at: None, amends: None });
    }
    let last_seq = row.last_seq;
    let grown = last_seq + i64::try_from(kept.len()).unwrap_or(0);
    let row = assessment::save(ctx.db, Assessment { last_seq: grown, ..row }, ctx.now)?;
    let (save, alerting) = answering::record(ctx, &row, last_seq, &definition, kept, &after)?;
    let sight = sight_while_saving(ctx.caller.role, None);
    let effect = Effect { definition, before, after, setting: Setting::default(), sight };
    Ok(Reply::ok_later(row.version, move || effect.reply(&row, &save, alerting)))
}

/// Export an assessment as a questionnaire response
///
/// A FHIR R4 QuestionnaireResponse with the answers that count. Who answered is its `source`, who pressed the keys its
/// `author`, where that is one and the same for all answers. Extensions say how the answers were taken, how much help
/// there was (`assistance`), in which stretches (`segment`), and for each item whose judgement it is (`answer-origin`):
/// they are described under `/v1/fhir/StructureDefinition/{name}`.
/// A clinician needs the participant's consent to share, and statisticians see no free text.
#[utoipa::path(
    tag = "assessments", operation_id = "export_questionnaire_response",
    params(("id" = AssessmentId, Path, description = "The assessment.")),
    responses((status = 200, description = "The response.", content_type = "application/fhir+json", body = Object,
        example = json!({"resourceType": "QuestionnaireResponse", "status": "completed",
            "questionnaire": "https://example.org/Questionnaire/mood|1",
            "item": [{"linkId": "1", "answer": [{"valueString": "Well"}]}]})))
)]
#[get("/v1/assessments/{id}/questionnaire-response")]
async fn export_questionnaire_response(
    permit: Permit<{ Operation::ExportQuestionnaireResponse.id() }>,
    path: Path<AssessmentId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let document = permit.read(move |ctx| export(ctx, id)).await?;
    Ok(fhir::found(&document))
}

fn export(ctx: &mut Ctx<'_, '_>, id: AssessmentId) -> Result<Value, Refusal> {
    let row = assessment::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    let sight = assessment_view::sight_now(ctx, &row)?;
    require_answers(ctx, &sight)?;
    checks::require_unrestricted(ctx, row.participant_id.0)?;
    let definition = ctx.app.definitions.get(ctx.db, row.instrument_id.0)?;
    let keys = ctx.keys_of(row.participant_id.0)?;
    let whole = Whole::load(ctx.db, &keys, row.id.0)?;
    let answers = whole.current.answers();
    let provenance = match &row.provenance {
        Some(kept) => kept.0.clone(),
        None => whole.provenance(&definition, &Enabled::of(&definition, &answers)),
    };
    let mut counting = answers.in_effect(&definition);
    if !sees_own_words(ctx.caller.role) {
        counting = without_own_words(&counting);
    }
    let kept: Vec<&Kept> =
        whole.current.iter().filter(|kept| counting.get(&kept.answer.key).is_some()).collect();
    let header = Header {
        status: response_status(row.status.0),
        authored: Some(instant(row.updated_at.0)),
        subject: Some(response_header::participant(&row)),
        source: response_header::source(&row, &kept),
        author: response_header::author(&row, &kept),
        questionnaire: None,
        origins: response_header::origins(&kept, &whole.segments),
    };
    let mut document = write_response(&definition, &counting, &header);
    if let Some(members) = document.as_object_mut() {
        members.insert("id".to_owned(), json!(row.id.0));
        let administration = answer_modes::of_all(&definition, &answers, &whole.current);
        let extensions = response_header::extensions(&row, &provenance, &administration, &whole.segments);
        members.insert("extension".to_owned(), extensions);
    }
    Ok(document)
}

fn response_status(status: Status) -> ResponseStatus {
    match status {
        Status::InProgress => ResponseStatus::InProgress,
        Status::Submitted => ResponseStatus::Completed,
        Status::Amended => ResponseStatus::Amended,
        Status::Abandoned => ResponseStatus::Stopped,
    }
}

/// Without the answers that hold what somebody wrote.
fn without_own_words(answers: &Answers) -> Answers {
    answers.iter().filter(|answer| !answer.values.iter().any(is_own_words)).cloned().collect()
}

pub fn routes(config: &mut impl Services) {
    config.service(import_questionnaire_response).service(export_questionnaire_response);
}
