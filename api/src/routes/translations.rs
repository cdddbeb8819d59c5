//! Translations: the words of a version of an instrument in other languages, beside its codes.

use actix_web::{HttpRequest, HttpResponse, get, post, put};
use alongside_domain::id::{InstrumentId, TranslationId};
use alongside_domain::instrument::{Definition, MissingText, Texts, TranslationStatus};
use alongside_domain::language::Language;
use alongside_domain::policy::Operation;
use alongside_store::translation::{self, Translation};
use alongside_store::types::{At, Code as Coded, Document, Key};
use alongside_store::{StoreError, instrument};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::{Validate, ValidationErrors};

use super::fhir;
use crate::http::page::{self, List, Paging};
use crate::http::{Code, Ctx, Json, Path, Permit, Problem, Query, Refusal, Reply, Services};

/// The words as they are sent. Whether they belong to the instrument, and say something, is judged against it.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
struct Sent(Texts);

impl Validate for Sent {
    fn validate(&self) -> Result<(), ValidationErrors> {
        Ok(())
    }
}

/// A revision of a translation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5ea1", "instrument_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e90",
    "language": "pl", "revision": 2, "status": "draft", "complete": false, "missing_count": 1,
    "created_at": "2026-11-02T09:30:00Z", "published_at": null,
    "missing": [{"part": "option", "link_id": "1", "code": "no"}],
    "texts": {"title": "Nastrój", "items": [{"link_id": "1", "text": "Jak się czujesz?"}]}
}))]
pub struct TranslationView {
    pub id: TranslationId,
    pub instrument_id: InstrumentId,
    #[schema(max_length = 35, example = "pl")]
    pub language: String,
    /// Counted from 1 in each language.
    #[schema(minimum = 1, maximum = 2147483647)]
    pub revision: i32,
    /// The newest revision that is published is the one people are asked with.
    pub status: TranslationStatus,
    /// Whether everything that people are asked with is there. Only then can it be published.
    pub complete: bool,
    /// How much is not there.
    #[schema(minimum = 0, maximum = 100000000)]
    pub missing_count: usize,
    pub created_at: DateTime<Utc>,
    pub published_at: Option<DateTime<Utc>>,
    /// What is not there; the first thousand of it. Not on lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 1000, nullable = false)]
    pub missing: Option<Vec<MissingText>>,
    /// Not on lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub texts: Option<Texts>,
}

/// Most missing words that one answer names.
const MAX_MISSING: usize = 1000;

impl TranslationView {
    fn whole(row: Translation, definition: &Definition) -> Result<Self, Refusal> {
        let language: Language = row.language.parse().map_err(Problem::internal)?;
        let mut missing = row.texts.0.missing(definition, &language);
        let missing_count = missing.len();
        missing.truncate(MAX_MISSING);
        Ok(Self {
            id: row.id.0,
            instrument_id: row.instrument_id.0,
            language: row.language,
            revision: row.revision,
            status: row.status.0,
            complete: missing_count == 0,
            missing_count,
            created_at: row.created_at.0,
            published_at: row.published_at.map(|at| at.0),
            missing: Some(missing),
            texts: Some(row.texts.0),
        })
    }

    fn listed(row: Translation, definition: &Definition) -> Result<Self, Refusal> {
        Ok(Self { missing: None, texts: None, ..Self::whole(row, definition)? })
    }
}

/// A page of translations.
#[derive(Debug, Serialize, ToSchema)]
pub struct TranslationPage {
    #[schema(max_items = 200)]
    pub items: Vec<TranslationView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which page.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TranslationQuery {
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// Which revision.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RevisionQuery {
    /// Left out, the newest.
    #[validate(range(min = 1))]
    #[param(minimum = 1, maximum = 2147483647)]
    pub revision: Option<i32>,
}

/// The instrument and the language that a path names. Of what is no language there is no translation.
fn named(path: Path<(InstrumentId, String)>) -> Result<(InstrumentId, Language), Problem> {
    let (id, language) = path.into_inner();
    Ok((id, language.parse().map_err(|_| Problem::not_found())?))
}

/// List the translations of an instrument
///
/// Every revision in every language, without the texts.
#[utoipa::path(
    tag = "instruments", operation_id = "list_translations",
    params(("id" = InstrumentId, Path, description = "The instrument."), TranslationQuery),
    responses((status = 200, description = "A page of translations.", body = TranslationPage))
)]
#[get("/v1/instruments/{id}/translations")]
async fn list_translations(
    request: HttpRequest,
    permit: Permit<{ Operation::ListTranslations.id() }>,
    path: Path<InstrumentId>,
    query: Query<TranslationQuery>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let TranslationQuery { limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListTranslations.name(), &id)?;
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let (definition, mut rows) = permit
        .read(move |ctx| {
            instrument::find(ctx.db, ctx.scope, id)?;
            let rows = translation::list(ctx.db, id, after.map(TranslationId::new), fetch)?;
            Ok((ctx.app.definitions.get(ctx.db, id)?, rows))
        })
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let items: Result<_, Refusal> =
        rows.into_iter().map(|row| TranslationView::listed(row, &definition)).collect();
    let items = items.map_err(Refusal::into_problem)?;
    Ok(page::respond(&request, &TranslationPage { items, next: next.clone() }, next.as_deref()))
}

/// Get a translation
///
/// The words of an instrument in a language, and which are missing. To see the instrument in them, ask for the instrument
/// in this `language` and `revision`.
#[utoipa::path(
    tag = "instruments", operation_id = "get_translation",
    params(
        ("id" = InstrumentId, Path, description = "The instrument."),
        ("language" = String, Path, description = "The language, as in BCP 47.", max_length = 35, example = "pl"),
        RevisionQuery
    ),
    responses((status = 200, description = "The translation.", body = TranslationView))
)]
#[get("/v1/instruments/{id}/translations/{language}")]
async fn get_translation(
    permit: Permit<{ Operation::GetTranslation.id() }>,
    path: Path<(InstrumentId, String)>,
    query: Query<RevisionQuery>,
) -> Result<HttpResponse, Problem> {
    let (id, language) = named(path)?;
    let view = permit
        .read(move |ctx| {
            instrument::find(ctx.db, ctx.scope, id)?;
            let row = match query.revision {
                Some(number) => translation::revision(ctx.db, id, &language, number)?,
                None => translation::newest(ctx.db, id, &language, None)?,
            };
            let definition = ctx.app.definitions.get(ctx.db, id)?;
            TranslationView::whole(row.ok_or(StoreError::NotFound)?, &definition)
        })
        .await?;
    Ok(HttpResponse::Ok().json(view))
}

/// Write a translation
///
/// Adds a revision of the words of an instrument in a language: texts by link id, options by their codes. Codes, link
/// ids, conditions, scores and rules stay those of the instrument, and answers in any language are the same answers. The
/// revision begins as a draft, and never changes: what is sent later is another one, and the same texts again answer 200.
/// Every text must belong to something of the instrument; what is missing is named in the answer.
#[utoipa::path(
    tag = "instruments", operation_id = "put_translation",
    params(
        ("id" = InstrumentId, Path, description = "The instrument."),
        ("language" = String, Path, description = "The language, as in BCP 47.", max_length = 35, example = "pl")
    ),
    request_body(content = Texts, example = json!({"title": "Nastrój", "items": [{"link_id": "1",
        "text": "Jak się czujesz?", "options": [{"code": "yes", "display": "Dobrze"}]}]})),
    responses(
        (status = 201, description = "The revision is there as a draft.", body = TranslationView),
        (status = 200, description = "These are the words of the newest revision already.", body = TranslationView)
    )
)]
#[put("/v1/instruments/{id}/translations/{language}")]
async fn put_translation(
    permit: Permit<{ Operation::PutTranslation.id() }>,
    path: Path<(InstrumentId, String)>,
    body: Json<Sent>,
) -> Result<HttpResponse, Problem> {
    let (id, language) = named(path)?;
    let texts = body.into_inner().0;
    permit.write(move |ctx| keep(ctx, id, &language, &texts)).await
}

fn keep(
    ctx: &mut Ctx<'_, '_>,
    id: InstrumentId,
    language: &Language,
    texts: &Texts,
) -> Result<Reply, Refusal> {
    instrument::find(ctx.db, ctx.scope, id)?;
    ctx.resource(id.uuid());
    let definition = ctx.app.definitions.get(ctx.db, id)?;
    let own = definition.language().and_then(|tag| tag.parse::<Language>().ok());
    if own.as_ref() == Some(language) {
        return Err(Problem::new(Code::Conflict)
            .detail(
                "The instrument is in this language itself. Its own words never change: add another version.",
            )
            .into());
    }
    let wrong = texts.check(&definition);
    if !wrong.is_empty() {
        return Err(Problem::new(Code::Invalid).fields(fhir::fields(&wrong)).into());
    }
    let newest = translation::newest(ctx.db, id, language, None)?;
    let last = newest.as_ref().map_or(0, |row| row.revision);
    if let Some(row) = newest.filter(|row| row.texts.0 == *texts) {
        return Reply::ok_plain(&TranslationView::whole(row, &definition)?);
    }
    let row = Translation {
        id: Key(TranslationId::new(ctx.fresh())),
        instrument_id: Key(id),
        language: language.to_string(),
        revision: last.saturating_add(1),
        status: Coded(TranslationStatus::Draft),
        texts: Document(texts.clone()),
        created_by: ctx.caller.person().map(Key),
        created_at: At(ctx.now),
        published_by: None,
        published_at: None,
    };
    match translation::insert(ctx.db, &row) {
        // Somebody else adds one at this moment: done again, this one comes after it.
        Err(error) if error.violates(translation::REVISION) => return Err(StoreError::Collision.into()),
        other => other?,
    }
    let location = format!("/v1/instruments/{id}/translations/{language}?revision={}", row.revision);
    Reply::created_plain(location, &TranslationView::whole(row, &definition)?)
}

/// Publish a translation
///
/// From now on people are asked in the words of the newest revision in this language. It must be complete: otherwise 409,
/// and `errors` names what is missing. What was asked in earlier words stays asked.
#[utoipa::path(
    tag = "instruments", operation_id = "publish_translation",
    params(
        ("id" = InstrumentId, Path, description = "The instrument."),
        ("language" = String, Path, description = "The language, as in BCP 47.", max_length = 35, example = "pl")
    ),
    responses((status = 200, description = "The translation is published.", body = TranslationView))
)]
#[post("/v1/instruments/{id}/translations/{language}/publication")]
async fn publish_translation(
    permit: Permit<{ Operation::PublishTranslation.id() }>,
    path: Path<(InstrumentId, String)>,
) -> Result<HttpResponse, Problem> {
    let (id, language) = named(path)?;
    permit
        .write(move |ctx| {
            instrument::find(ctx.db, ctx.scope, id)?;
            ctx.resource(id.uuid());
            let row = translation::newest(ctx.db, id, &language, None)?.ok_or(StoreError::NotFound)?;
            let status = row.status.0.publish("publication")?;
            let definition = ctx.app.definitions.get(ctx.db, id)?;
            let missing = row.texts.0.missing(&definition, &language);
            if !missing.is_empty() {
                return Err(incomplete(&missing).into());
            }
            let row = Translation {
                status: Coded(status),
                published_by: ctx.caller.person().map(Key),
                published_at: Some(At(ctx.now)),
                ..row
            };
            translation::publish(ctx.db, &row)?;
            Reply::ok_plain(&TranslationView::whole(row, &definition)?)
        })
        .await
}

fn incomplete(missing: &[MissingText]) -> Problem {
    let problem = Problem::new(Code::Conflict)
        .detail(format!("{} texts are missing. People would be asked in two languages.", missing.len()));
    missing.iter().take(MAX_MISSING).fold(problem, |problem, text| {
        let what = match (&text.link_id, &text.code) {
            (Some(link_id), Some(code)) => format!("The {} {code} of item {link_id}", text.part),
            (Some(link_id), None) => format!("The {} of item {link_id}", text.part),
            (None, Some(code)) => format!("The {} {code}", text.part),
            (None, None) => format!("The {}", text.part),
        };
        problem.field("", "missing", format!("{what} is not translated."))
    })
}

pub fn routes(config: &mut impl Services) {
    config
        .service(list_translations)
        .service(get_translation)
        .service(put_translation)
        .service(publish_translation);
}
