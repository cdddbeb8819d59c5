//! Assessments as FHIR R4 QuestionnaireResponses: in from elsewhere, and out to elsewhere.

use actix_web::{HttpResponse, get, post};
use alongside_domain::assessment::{Status, sees_own_words};
use alongside_domain::id::AssessmentId;
use alongside_domain::instrument::{
    Answers, Header, OWN_EXTENSIONS, ResponseStatus, Setting, read_response, write_response,
};
use alongside_domain::policy::Operation;
use alongside_domain::provenance::{AnsweredBy, Origin};
use alongside_store::answer::{self, New};
use alongside_store::assessment::{self, Assessment};
use alongside_store::assistance_session;
use chrono::SecondsFormat;
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer_input::is_own_words;
use super::answering;
use super::answers::{AnswersSaved, Effect, require_answers, sight_while_saving};
use super::assessment_view::{self, Whole};
use super::fhir::{self, FhirJson};
use crate::http::{Code, Ctx, Path, Permit, Problem, Refusal, Reply};

/// Import a questionnaire response
///
/// The body is a FHIR R4 QuestionnaireResponse of at most 2 MiB to this assessment's instrument. Its answers are saved
/// beside those that are there, with unknown provenance; an answer that is there already just as it is stays as it is.
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
    responses((status = 200, description = "The answers are durable.", body = AnswersSaved))
)]
#[post("/v1/assessments/{id}/questionnaire-response")]
async fn import_questionnaire_response(
    permit: Permit<{ Operation::ImportQuestionnaireResponse.id() }>,
    path: Path<AssessmentId>,
    body: FhirJson,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    permit.write(move |ctx| import(ctx, id, &body.document)).await
}

fn import(ctx: &mut Ctx<'_, '_>, id: AssessmentId, document: &Value) -> Result<Reply, Refusal> {
    let row = assessment::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    answering::require_open(&row)?;
    answering::require_participant(assessment::participant_status(ctx.db, row.participant_id.0)?)?;
    let definition = ctx.app.definitions.get(ctx.db, row.instrument_id.0)?;
    let (offered, header) = read_response(&definition, document)
        .map_err(|findings| Problem::new(Code::Invalid).fields(fhir::fields(&findings)))?;
    if header.questionnaire.as_deref().is_some_and(|named| !definition.is_named(named)) {
        let message = "This is a response to another instrument, or to another version of it.";
        return Err(Problem::new(Code::Invalid).field("/questionnaire", "other_instrument", message).into());
    }
    let before = answer::current(ctx.db, id)?.open(&ctx.ring())?;
    let mut after = before.clone();
    let mut kept = Vec::new();
    for answer in offered.iter().filter(|answer| before.get(&answer.key) != Some(answer)) {
        after.save(answer.clone());
        let origin = Origin::unknown();
        kept.push(New { answer: answer.clone(), origin, segment: None, device_at: None, amends: None });
    }
    let last_seq = row.last_seq;
    let grown = last_seq + i64::try_from(kept.len()).unwrap_or(0);
    let row = assessment::save(ctx.db, Assessment { last_seq: grown, ..row }, ctx.now)?;
    let (rows, alerting) = answering::record(ctx, &row, last_seq, &definition, &kept)?;
    let effect = Effect {
        definition: &definition,
        before: &before,
        after: &after,
        setting: Setting::default(),
        sight: sight_while_saving(ctx.caller.role, None),
    };
    Reply::ok(row.version, &effect.reply(&row, &rows, alerting))
}

/// Export an assessment as a questionnaire response
///
/// A FHIR R4 QuestionnaireResponse with the answers that count. The extension `assistance` says how much help there was.
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
    let session = assistance_session::unclosed(ctx.db, id)?.filter(|session| session.is_live(ctx.now));
    let sight = assessment_view::sight(ctx, &row, session.as_ref())?;
    require_answers(ctx, &sight)?;
    let definition = ctx.app.definitions.get(ctx.db, row.instrument_id.0)?;
    let whole = Whole::load(ctx.db, row.id.0)?;
    let answers = whole.current.open(&ctx.ring())?;
    let provenance = match &row.provenance {
        Some(kept) => kept.0.clone(),
        None => whole.provenance(&definition, &answers),
    };
    let mut counting = answers.in_effect(&definition);
    if !sees_own_words(ctx.caller.role) {
        counting = without_own_words(&counting);
    }
    let subject = json!({"reference": format!("Patient/{}", row.participant_id.0), "type": "Patient"});
    let all_his_own = whole.current.rows().all(|row| row.answered_by.0 == AnsweredBy::Participant);
    let header = Header {
        status: response_status(row.status.0),
        authored: Some(row.updated_at.0.to_rfc3339_opts(SecondsFormat::Micros, true)),
        source: all_his_own.then(|| subject.clone()),
        subject: Some(subject),
        author: None,
        questionnaire: None,
    };
    let mut document = write_response(&definition, &counting, &header);
    if let Some(members) = document.as_object_mut() {
        members.insert("id".to_owned(), json!(row.id.0));
        let help = json!([{"url": format!("{OWN_EXTENSIONS}assistance"), "extension": [
            {"url": "level", "valueCode": provenance.max_level},
            {"url": "banner", "valueString": provenance.banner}]}]);
        members.insert("extension".to_owned(), help);
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

pub fn routes(config: &mut ServiceConfig) {
    config.service(import_questionnaire_response).service(export_questionnaire_response);
}
