//! Why a question stands on the form, or does not.

use actix_web::{HttpRequest, HttpResponse, get};
use alongside_domain::assessment::Sight;
use alongside_domain::id::AssessmentId;
use alongside_domain::instrument::{AnswerKey, Definition, Explanation, why_enabled};
use alongside_domain::language::Language;
use alongside_domain::policy::Operation;
use alongside_store::{answer, assessment};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::answers::require_answers;
use super::assessment_view::{self, private_section};
use super::instrument_words::{self, Wanted};
use crate::http::{Ctx, Path, Permit, Problem, Query, Refusal, Services};

/// Which question.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExplanationQuery {
    /// The question.
    #[validate(length(min = 1, max = 255))]
    #[param(min_length = 1, max_length = 255, example = "URI.leakage.bother")]
    pub link_id: String,
    /// Which of the enclosing repeating groups, outermost first, counting from 0, with dots between; left out for nearly
    /// all.
    #[validate(length(max = 64))]
    #[param(max_length = 64, pattern = "^[0-9]+([.][0-9]+)*$")]
    pub occurrence: Option<String>,
    /// The language of the questions in the reasons, as in BCP 47. Without it `Accept-Language` decides.
    #[param(value_type = Option<String>, max_length = 35, example = "pl")]
    pub language: Option<Language>,
}

/// Why a question stands on the form, or does not.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemExplanation {
    #[schema(max_length = 255, example = "URI.leakage.bother")]
    pub link_id: String,
    #[schema(max_items = 16, maximum = 4294967295_i64)]
    pub occurrence: Vec<u32>,
    /// Whether the answers as they stand put it on the form.
    pub enabled: bool,
    /// Whether it has an answer that does not count, because the question is not asked any more.
    pub cleared: bool,
    /// One sentence for each condition, from the question outwards. They repeat the conditions, never the answers.
    #[schema(max_items = 1000, max_length = 100000)]
    pub reasons: Vec<String>,
}

/// Explain a question
///
/// Why it is asked or not, from the conditions of the instrument and the answers as they stand. Whoever does not see the
/// answers the conditions look at gets 404: the reasons would tell of them.
#[utoipa::path(
    tag = "assessments", operation_id = "explain_item",
    params(("id" = AssessmentId, Path, description = "The assessment."), ExplanationQuery),
    responses((status = 200, description = "The explanation.", body = ItemExplanation))
)]
#[get("/v1/assessments/{id}/explanation")]
async fn explain_item(
    request: HttpRequest,
    permit: Permit<{ Operation::ExplainItem.id() }>,
    path: Path<AssessmentId>,
    query: Query<ExplanationQuery>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let ExplanationQuery { link_id, occurrence, language } = query.into_inner();
    let wanted = Wanted::in_language(request.headers(), language);
    let key = AnswerKey { link_id, occurrence: numbers(occurrence.as_deref())? };
    let view = permit.read(move |ctx| explain(ctx, id, key, &wanted)).await?;
    Ok(HttpResponse::Ok().json(view))
}

fn numbers(occurrence: Option<&str>) -> Result<Vec<u32>, Problem> {
    let numbers: Result<Vec<u32>, _> =
        occurrence.into_iter().flat_map(|text| text.split('.')).map(str::parse).collect();
    numbers.map_err(|_| {
        let message = "This must be whole numbers with dots between.";
        Problem::new(crate::http::Code::Invalid).field("/occurrence", "format", message)
    })
}

fn explain(
    ctx: &mut Ctx<'_, '_>,
    id: AssessmentId,
    key: AnswerKey,
    wanted: &Wanted,
) -> Result<ItemExplanation, Refusal> {
    let row = assessment::find(ctx.db, ctx.scope, id)?;
    ctx.about(row.participant_id.0);
    let sight = assessment_view::sight_now(ctx, &row)?;
    require_answers(ctx, &sight)?;
    let definition = instrument_words::read(ctx, row.instrument_id.0, wanted)?.definition;
    if !sees_all_reasons(&definition, &key, &sight) {
        return Err(Problem::not_found().into());
    }
    let keys = ctx.keys_of(row.participant_id.0)?;
    let answers = answer::current(ctx.db, &keys, id)?.answers();
    let found = why_enabled(&definition, &answers, &key).ok_or_else(Problem::not_found)?;
    let Explanation { enabled, reasons } = found;
    let cleared = !enabled && !answers.values(&key).is_empty();
    Ok(ItemExplanation { link_id: key.link_id, occurrence: key.occurrence, enabled, cleared, reasons })
}

/// Whether the caller sees the question and every answer that its reasons are about.
fn sees_all_reasons(definition: &Definition, key: &AnswerKey, sight: &Sight) -> bool {
    let Some((index, _)) = definition.find(&key.link_id) else { return false };
    let looked_at = definition
        .and_ancestors(index)
        .flat_map(|(_, item)| &item.enable_when)
        .filter_map(|condition| definition.item(condition.question));
    let mut link_ids = looked_at.map(|item| item.link_id.as_str()).chain([key.link_id.as_str()]);
    link_ids.all(|link_id| sight.shows_answer(private_section(definition, link_id)))
}

pub fn routes(config: &mut impl Services) {
    config.service(explain_item);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_occurrence_is_numbers_with_dots() {
        assert_eq!(numbers(None).unwrap(), Vec::<u32>::new());
        assert_eq!(numbers(Some("0.12")).unwrap(), [0, 12]);
        for wrong in ["", "1.", "-1", "1,2", "4294967296"] {
            assert!(numbers(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
