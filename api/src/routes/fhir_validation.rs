//! Judging a FHIR QuestionnaireResponse that nobody wants to keep: the `$validate` of FHIR.

use std::sync::Arc;

use actix_web::{HttpResponse, post, web};
use alongside_domain::id::InstrumentId;
use alongside_domain::instrument::{
    Definition, Finding, InstrumentStatus, judge_response, operation_outcome,
};
use alongside_domain::policy::Operation;
use alongside_store::instrument;
use serde_json::Value;

use super::fhir::{self, FhirJson};
use crate::http::{Code, Ctx, Permit, Problem, Refusal, Services};

/// Validate a questionnaire response
///
/// The body is a FHIR R4 QuestionnaireResponse, or Parameters with it as `resource` and, if it answers one that this
/// server does not keep, the Questionnaire as `questionnaire`; together at most 2 MiB. It may also contain its
/// Questionnaire. Otherwise the instrument is the programme's with this url and version; without a version the newest that
/// is in use, or else the newest. The answer is an OperationOutcome: an issue for everything that is wrong or odd, with
/// pointers into the response. A response in progress is judged as far as it goes. Nothing is stored.
#[utoipa::path(
    tag = "instruments", operation_id = "validate_questionnaire_response",
    request_body(
        description = "A FHIR R4 QuestionnaireResponse, or Parameters with one.",
        content((Object = "application/fhir+json", example = json!({"resourceType": "QuestionnaireResponse",
            "status": "in-progress", "questionnaire": "https://example.org/Questionnaire/mood|1",
            "item": [{"linkId": "1", "answer": [{"valueString": "Well"}]}]})),
            (Object = "application/json", example = json!({"resourceType": "QuestionnaireResponse",
            "status": "in-progress", "questionnaire": "https://example.org/Questionnaire/mood|1",
            "item": [{"linkId": "1", "answer": [{"valueString": "Well"}]}]})))
    ),
    responses((status = 200, description = "It was judged.", content_type = "application/fhir+json", body = Object,
        example = json!({"resourceType": "OperationOutcome", "issue": [{"severity": "information",
            "code": "informational", "details": {"text": "Nothing is wrong with this."}}]})))
)]
#[post("/v1/fhir/QuestionnaireResponse/$validate")]
async fn validate_questionnaire_response(
    permit: Permit<{ Operation::ValidateQuestionnaireResponse.id() }>,
    body: FhirJson,
) -> Result<HttpResponse, Problem> {
    let document = Arc::new(body.document);
    let wanted = Arc::clone(&document);
    let kept = permit.read(move |ctx| kept_definition(ctx, &wanted)).await?;
    // How long it takes is in the caller's hand: not on a thread that others wait for.
    let judged = web::block(move || judge(kept.as_deref(), &document)).await;
    Ok(fhir::found(&operation_outcome(&judged.map_err(Problem::internal)??)))
}

fn judge(kept: Option<&Definition>, document: &Value) -> Result<Vec<Finding>, Problem> {
    let Submitted { response, questionnaire } = Submitted::of(document)?;
    Ok(match (kept, questionnaire) {
        (Some(definition), _) => judge_response(definition, response),
        (None, Some((questionnaire, place))) => match Definition::parse(questionnaire) {
            Ok(parsed) => judge_response(&parsed.definition, response),
            Err(findings) => findings.into_iter().map(|finding| below(&place, finding)).collect(),
        },
        (None, None) => return Err(unnamed()),
    })
}

fn unnamed() -> Problem {
    let message = "Name the questionnaire as url|version, or send it along.";
    Problem::new(Code::Invalid).field("/questionnaire", "missing", message)
}

/// The instrument of the programme that the response answers; none where the questionnaire was sent along.
fn kept_definition(ctx: &mut Ctx<'_, '_>, document: &Value) -> Result<Option<Arc<Definition>>, Refusal> {
    let Submitted { response, questionnaire } = Submitted::of(document)?;
    if questionnaire.is_some() {
        return Ok(None);
    }
    let named = named(response).ok_or_else(unnamed)?;
    let id = instrument_named(ctx, named)?.ok_or_else(|| {
        let message = "This programme has no such instrument.";
        Problem::new(Code::Invalid).field("/questionnaire", "unknown_instrument", message)
    })?;
    Ok(Some(ctx.app.definitions.get(ctx.db, id)?))
}

/// The response, and the questionnaire that came with it and where it stands.
struct Submitted<'a> {
    response: &'a Value,
    questionnaire: Option<(&'a Value, String)>,
}

impl<'a> Submitted<'a> {
    fn of(document: &'a Value) -> Result<Self, Problem> {
        let parameter = |name: &str| {
            let parameters = document.get("parameter").and_then(Value::as_array).into_iter().flatten();
            let mut named = parameters.enumerate().filter(|(_, one)| one.get("name") == Some(&name.into()));
            let (position, found) = named.next()?;
            Some((found.get("resource")?, format!("/parameter/{position}/resource")))
        };
        let (response, sent) = match kind(document) {
            Some("Parameters") => (parameter("resource"), parameter("questionnaire")),
            _ => (Some((document, String::new())), None),
        };
        match response {
            Some((response, place)) if kind(response) == Some("QuestionnaireResponse") => {
                Ok(Self { response, questionnaire: sent.or_else(|| contained(response, &place)) })
            }
            _ => {
                let message =
                    "This must be a FHIR R4 QuestionnaireResponse, or Parameters with one as “resource”.";
                Err(Problem::new(Code::Invalid).field("/resourceType", "wrong_resource_type", message))
            }
        }
    }
}

fn kind(resource: &Value) -> Option<&str> {
    resource.get("resourceType").and_then(Value::as_str)
}

fn named(response: &Value) -> Option<&str> {
    response.get("questionnaire").and_then(Value::as_str)
}

/// The questionnaire that a response contains and names by its id there.
fn contained<'a>(response: &'a Value, place: &str) -> Option<(&'a Value, String)> {
    let id = named(response)?.strip_prefix('#')?;
    let all = response.get("contained").and_then(Value::as_array)?;
    let found = all.iter().position(|one| one.get("id").and_then(Value::as_str) == Some(id))?;
    Some((all.get(found)?, format!("{place}/contained/{found}")))
}

fn below(place: &str, finding: Finding) -> Finding {
    Finding { pointer: format!("{place}{}", finding.pointer), ..finding }
}

/// The instrument of the caller's programme that a canonical reference means; without a version the newest
/// that is in use, or else the newest.
fn instrument_named(ctx: &mut Ctx<'_, '_>, named: &str) -> Result<Option<InstrumentId>, Refusal> {
    let programme = ctx.programme()?;
    if let Some((url, version)) = named.split_once('|') {
        return Ok(instrument::version(ctx.db, programme, url, version)?.map(|row| row.id.0));
    }
    for status in [Some(InstrumentStatus::Active), None] {
        if let Some(newest) = instrument::newest(ctx.db, programme, named, status)? {
            return Ok(Some(newest.id.0));
        }
    }
    Ok(None)
}

pub fn routes(config: &mut impl Services) {
    config.service(validate_questionnaire_response);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_response_comes_alone_or_with_its_questionnaire() {
        let form = json!({"resourceType": "Questionnaire", "id": "q"});
        let mut response = json!({"resourceType": "QuestionnaireResponse", "questionnaire": "#q"});
        assert!(Submitted::of(&response).unwrap().questionnaire.is_none());
        response["contained"] = json!([{"resourceType": "Patient", "id": "p"}, form]);
        assert_eq!(Submitted::of(&response).unwrap().questionnaire.unwrap().1, "/contained/1");
        let parameters = json!({"resourceType": "Parameters", "parameter": [
            {"name": "mode", "valueCode": "create"}, {"name": "questionnaire", "resource": form},
            {"name": "resource", "resource": response}]});
        let submitted = Submitted::of(&parameters).unwrap();
        assert_eq!(submitted.response, &response);
        assert_eq!(submitted.questionnaire.unwrap().1, "/parameter/1/resource");
    }

    #[test]
    fn nothing_else_is_judged() {
        for document in [
            json!({"resourceType": "Patient"}),
            json!({}),
            json!({"resourceType": "Parameters", "parameter": 7}),
        ] {
            assert!(Submitted::of(&document).is_err(), "{document}");
        }
    }
}
