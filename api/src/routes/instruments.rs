//! Instruments: immutable versions of FHIR questionnaires.

use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderValue, VARY};
use actix_web::{HttpRequest, HttpResponse, get, post};
use alongside_domain::choice::Choice as _;
use alongside_domain::id::{InstrumentId, ProgrammeId};
use alongside_domain::instrument::{
    Definition, InstrumentKind, InstrumentStatus, Parsed, translated_document,
};
use alongside_domain::policy::Operation;
use alongside_store::StoreError;
use alongside_store::instrument::{self, Filter, Instrument, UNSTATED};
use alongside_store::types::{At, Code as Coded, Key};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::fhir::{self, FhirJson};
use super::instrument_words::{self, InWords, Wanted, WordsQuery};
use crate::http::etag::not_modified_tag;
use crate::http::page::{self, List, Paging};
use crate::http::{Code, Ctx, FHIR_JSON, Path, Permit, Problem, Query, Refusal, Reply, Services, wants_fhir};

/// Longest url of an instrument.
const MAX_URL: usize = 1024;
/// Longest version of an instrument.
const MAX_VERSION: usize = 64;
/// Longest name and title kept beside the text, in characters.
const MAX_TITLE: usize = 512;

/// Whoever has a version may keep it, and asks whether it is still in use.
const KEEP: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Something that is accepted but that somebody should look at.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstrumentWarning {
    /// `warning` or `information`.
    #[schema(max_length = 16, example = "warning")]
    pub severity: String,
    #[schema(max_length = 64, example = "pattern_not_supported")]
    pub code: String,
    /// JSON Pointer into the document.
    #[schema(max_length = 2048, example = "/item/3/extension/0")]
    pub pointer: String,
    /// The same place as people who know FHIR write it.
    #[schema(max_length = 2048, example = "Questionnaire.item[3].extension[0]")]
    pub path: String,
    #[schema(
        max_length = 1024,
        example = "This pattern cannot be run here; answers are not checked against it."
    )]
    pub message: String,
}

/// A version of an instrument.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstrumentView {
    pub id: InstrumentId,
    pub programme_id: ProgrammeId,
    #[schema(max_length = 1024, example = "https://fhir.alongside.example/Questionnaire/prostate-hna")]
    pub url: String,
    /// The version of the document; where it has none its date, and where it has neither `0`.
    #[schema(max_length = 64, example = "1.0.0")]
    pub version: String,
    #[schema(max_length = 512, example = "ProstateHna")]
    pub name: String,
    #[schema(max_length = 512, example = "How are things?")]
    pub title: String,
    pub kind: InstrumentKind,
    #[schema(max_length = 64, example = "en-GB")]
    pub language: String,
    /// The class of the licence, `A` to `D`, or `unstated`.
    #[schema(max_length = 16, example = "A")]
    pub licence: String,
    #[schema(minimum = 0, maximum = 2147483647, example = 120)]
    pub item_count: i32,
    /// Where it stands in the programme: assessments begin with an active version.
    pub status: InstrumentStatus,
    /// The agreement with the owner on which it was taken into use.
    #[schema(max_length = 200, example = "UMICH-2026-0117")]
    pub agreement_ref: Option<String>,
    /// Why no agreement is needed.
    #[schema(max_length = 500)]
    pub waiver: Option<String>,
    pub activated_at: Option<DateTime<Utc>>,
    pub retired_at: Option<DateTime<Utc>>,
    /// SHA-256 of the document as it was sent, in hexadecimal.
    #[schema(max_length = 64, example = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae")]
    pub sha256: String,
    #[schema(value_type = Vec<InstrumentWarning>, max_items = 10000)]
    pub warnings: Box<RawValue>,
    pub created_at: DateTime<Utc>,
    /// The language that `definition` is in, where it is not the document's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 35, example = "pl", nullable = false)]
    pub translated_into: Option<String>,
    /// The revision of the translation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 2147483647, nullable = false)]
    pub translation_revision: Option<i32>,
    /// The document, byte for byte as it was sent: a FHIR R4 Questionnaire, or a Bundle of one with its ValueSets; in
    /// another language with the words of that. Not on lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    pub definition: Option<Box<RawValue>>,
}

impl InstrumentView {
    pub fn of(row: Instrument, definition: Option<String>) -> Result<Self, StoreError> {
        Ok(Self {
            warnings: row.warnings()?,
            translated_into: None,
            translation_revision: None,
            definition: definition.map(RawValue::from_string).transpose()?,
            id: row.id.0,
            programme_id: row.programme_id.0,
            url: row.url,
            version: row.version,
            name: row.name,
            title: row.title,
            kind: row.kind.0,
            language: row.language,
            licence: row.licence,
            item_count: row.item_count,
            status: row.status.0,
            agreement_ref: row.agreement_ref,
            waiver: row.waiver,
            activated_at: row.activated_at.map(|at| at.0),
            retired_at: row.retired_at.map(|at| at.0),
            sha256: hex(&row.definition_sha256),
            created_at: row.created_at.0,
        })
    }
}

/// A page of instruments.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstrumentPage {
    #[schema(max_items = 200)]
    pub items: Vec<InstrumentView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which instruments.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InstrumentQuery {
    /// Only the versions of this instrument.
    #[validate(length(max = 1024))]
    #[param(max_length = 1024)]
    pub url: Option<String>,
    /// Only instruments of this kind.
    pub kind: Option<InstrumentKind>,
    /// Only instruments in this state.
    pub status: Option<InstrumentStatus>,
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

/// List the instruments
///
/// All versions of all instruments of the caller's programme, without their text.
#[utoipa::path(
    tag = "instruments", operation_id = "list_instruments", params(InstrumentQuery),
    responses((status = 200, description = "A page of instruments.", body = InstrumentPage))
)]
#[get("/v1/instruments")]
async fn list_instruments(
    request: HttpRequest,
    permit: Permit<{ Operation::ListInstruments.id() }>,
    query: Query<InstrumentQuery>,
) -> Result<HttpResponse, Problem> {
    let InstrumentQuery { url, kind, status, limit, cursor } = query.into_inner();
    let filter = Filter { url, kind, status };
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListInstruments.name(), &filter)?;
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let (fetch, wanted) = (paging.fetch(), filter.clone());
    let mut rows = permit
        .read(move |ctx| {
            Ok(instrument::list(ctx.db, ctx.scope, &wanted, after.map(InstrumentId::new), fetch)?)
        })
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let items = rows.into_iter().map(|row| InstrumentView::of(row, None)).collect::<Result<_, _>>();
    let items = items.map_err(|error| Refusal::from(error).into_problem())?;
    Ok(page::respond(&request, &InstrumentPage { items, next: next.clone() }, next.as_deref()))
}

/// Read an instrument
///
/// With its text, which never changes; only where it stands in the programme does. The `ETag` follows both. Whoever accepts
/// `application/fhir+json` alone gets the FHIR document itself, byte for byte as it was sent. In another language, which
/// `language` asks for or `Accept-Language` prefers, the document has the words of the published translation: its codes,
/// conditions, scores and rules stay the same, and so do `language` and `sha256`, which are those of the document as it was
/// sent.
#[utoipa::path(
    tag = "instruments", operation_id = "get_instrument",
    params(("id" = InstrumentId, Path, description = "The instrument."), WordsQuery),
    responses((status = 200, description = "The instrument.", content(
        (InstrumentView = "application/json"), (Object = "application/fhir+json", example = json!({
            "resourceType": "Questionnaire", "url": "https://example.org/Questionnaire/mood", "version": "1",
            "status": "active", "item": [{"linkId": "1", "text": "How are you?", "type": "string"}]})))))
)]
#[get("/v1/instruments/{id}")]
async fn get_instrument(
    request: HttpRequest,
    permit: Permit<{ Operation::GetInstrument.id() }>,
    path: Path<InstrumentId>,
    query: Query<WordsQuery>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let wanted = Wanted::of(&request, query.into_inner())?;
    let (view, words) = permit
        .read(move |ctx| {
            let row = instrument::find(ctx.db, ctx.scope, id)?;
            let words = instrument_words::read(ctx, id, &wanted)?;
            let source = instrument::source(ctx.db, id)?;
            Ok((in_words(row, source, &words)?, words))
        })
        .await?;
    let mut tag = format!("{}-{}", view.sha256, view.status);
    if let Some(translated) = &words.translated {
        tag = format!("{tag}-{}-{}", translated.language, translated.revision.unwrap_or_default());
    }
    let tag = HeaderValue::from_str(&format!("\"{tag}\"")).map_err(Problem::internal)?;
    let vary = HeaderValue::from_static("Accept, Accept-Language");
    if let Some(mut known) = not_modified_tag(&request, &tag) {
        known.headers_mut().insert(CACHE_CONTROL, KEEP);
        known.headers_mut().insert(VARY, vary);
        return Ok(known);
    }
    let mut answer = HttpResponse::Ok();
    answer.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, KEEP)).insert_header((VARY, vary));
    words.name_language(&mut answer);
    match &view.definition {
        Some(text) if wants_fhir(request.headers()) => {
            Ok(answer.content_type(FHIR_JSON).body(text.get().to_owned()))
        }
        _ => Ok(answer.json(view)),
    }
}

/// The instrument with its document in these words.
fn in_words(row: Instrument, source: String, words: &InWords) -> Result<InstrumentView, StoreError> {
    let Some(translated) = &words.translated else { return InstrumentView::of(row, Some(source)) };
    let document = translated_document(&serde_json::from_str(&source)?, &words.definition);
    let mut view = InstrumentView::of(row, Some(document.to_string()))?;
    view.translated_into = Some(translated.language.to_string());
    view.translation_revision = translated.revision;
    Ok(view)
}

/// Add an instrument
///
/// The body is a FHIR R4 Questionnaire, or a Bundle of one with its ValueSets, of at most 2 MiB. It is kept byte for
/// byte, and begins as a draft: it can be tried out, and is taken into use by its activation. What could not be asked safely is refused with `unsupported-instrument`, naming every element at fault; what
/// somebody should look at comes back in `warnings`. A version is immutable: the same document again answers 200,
/// another one under the same `url` and version 409. A document without a version goes by its date, or by `0`. Whoever
/// accepts `application/fhir+json` alone gets the document back, or an OperationOutcome that says why not.
#[utoipa::path(
    tag = "instruments", operation_id = "create_instrument",
    request_body(
        description = "A FHIR R4 Questionnaire, or a Bundle of one with its ValueSets.",
        content((Object = "application/fhir+json", example = json!({"resourceType": "Questionnaire",
            "url": "https://example.org/Questionnaire/mood", "version": "1", "name": "Mood", "title": "Mood", "status": "active",
            "item": [{"linkId": "1", "text": "How are you?", "type": "string"}]})),
            (Object = "application/json", example = json!({"resourceType": "Questionnaire",
            "url": "https://example.org/Questionnaire/mood", "version": "1", "name": "Mood", "title": "Mood", "status": "active",
            "item": [{"linkId": "1", "text": "How are you?", "type": "string"}]})))
    ),
    responses(
        (status = 201, description = "The instrument is there as a draft.", content(
            (InstrumentView = "application/json"), (Object = "application/fhir+json", example = json!({
            "resourceType": "Questionnaire", "url": "https://example.org/Questionnaire/mood", "version": "1",
            "status": "active", "item": [{"linkId": "1", "text": "How are you?", "type": "string"}]})))),
        (status = 200, description = "The programme has exactly this version already.", content(
            (InstrumentView = "application/json"), (Object = "application/fhir+json", example = json!({
            "resourceType": "Questionnaire", "url": "https://example.org/Questionnaire/mood", "version": "1",
            "status": "active", "item": [{"linkId": "1", "text": "How are you?", "type": "string"}]}))))
    )
)]
#[post("/v1/instruments")]
async fn create_instrument(
    request: HttpRequest,
    permit: Permit<{ Operation::CreateInstrument.id() }>,
    body: FhirJson,
) -> Result<HttpResponse, Problem> {
    let FhirJson { text, document } = body;
    let parsed = match Definition::parse(&document) {
        Ok(parsed) => parsed,
        Err(findings) => return fhir::refused(&request, Code::UnsupportedInstrument, &findings),
    };
    let described = Described::of(&document, &parsed)?;
    let echo = wants_fhir(request.headers()).then(|| text.clone());
    let response = permit.write(move |ctx| keep(ctx, &described, &text)).await?;
    Ok(match echo {
        Some(text) => fhir::in_place_of(response, text),
        None => response,
    })
}

/// What is kept beside the text.
struct Described {
    url: String,
    version: String,
    name: String,
    title: String,
    kind: InstrumentKind,
    language: String,
    licence: &'static str,
    item_count: i32,
    warnings: String,
}

impl Described {
    fn of(document: &Value, parsed: &Parsed) -> Result<Self, Problem> {
        let definition = &parsed.definition;
        let questionnaire = questionnaire(document);
        let text = |name: &str| questionnaire.get(name).and_then(Value::as_str);
        let url = definition.url().unwrap_or_default();
        if url.is_empty() || url.len() > MAX_URL {
            let message = "An instrument needs a url of at most 1024 characters, by which it is known.";
            return Err(Problem::new(Code::UnsupportedInstrument).field("/url", "missing", message));
        }
        let version = definition.version().or_else(|| text("date")).unwrap_or("0");
        if version.is_empty() || version.len() > MAX_VERSION {
            let message = "A version has 1 to 64 characters.";
            return Err(Problem::new(Code::UnsupportedInstrument).field("/version", "length", message));
        }
        let title = definition.title().unwrap_or(url);
        Ok(Self {
            url: url.to_owned(),
            version: version.to_owned(),
            name: cut(text("name").unwrap_or(title)),
            title: cut(title),
            kind: definition.kind(),
            language: cut(definition.language().unwrap_or("und")),
            licence: definition.licence().map_or(UNSTATED, |class| class.code()),
            item_count: i32::try_from(definition.items().count()).unwrap_or(i32::MAX),
            warnings: instrument::warnings_text(&parsed.warnings).map_err(Problem::internal)?,
        })
    }
}

/// The questionnaire itself, where it came in a bundle.
fn questionnaire(document: &Value) -> &Value {
    let is_one =
        |resource: &&Value| resource.get("resourceType").and_then(Value::as_str) == Some("Questionnaire");
    let entries = document.get("entry").and_then(Value::as_array);
    let mut resources = entries.into_iter().flatten().filter_map(|entry| entry.get("resource"));
    resources.find(is_one).unwrap_or(document)
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TITLE).collect()
}

fn keep(ctx: &mut Ctx<'_, '_>, described: &Described, text: &str) -> Result<Reply, Refusal> {
    let programme = ctx.programme()?;
    let digest = instrument::digest(text);
    if let Some(found) = instrument::version(ctx.db, programme, &described.url, &described.version)? {
        ctx.resource(found.id.0.uuid());
        if found.definition_sha256 == digest {
            return Reply::ok_plain(&InstrumentView::of(found, Some(text.to_owned()))?);
        }
        return Err(Problem::new(Code::AlreadyExists)
            .detail("There is another document with this url and version. A version never changes: give it a new one.")
            .field("/version", "taken", "Another document has this version.")
            .into());
    }
    let id = InstrumentId::new(ctx.fresh());
    let row = Instrument {
        id: Key(id),
        programme_id: Key(programme),
        url: described.url.clone(),
        version: described.version.clone(),
        name: described.name.clone(),
        title: described.title.clone(),
        kind: Coded(described.kind),
        language: described.language.clone(),
        licence: described.licence.to_owned(),
        item_count: described.item_count,
        definition_sha256: digest,
        warnings: described.warnings.clone(),
        status: Coded(InstrumentStatus::Draft),
        agreement_ref: None,
        waiver: None,
        activated_by: None,
        activated_at: None,
        retired_by: None,
        retired_at: None,
        created_by: ctx.caller.person().map(Key),
        created_at: At(ctx.now),
    };
    match instrument::insert(ctx.db, &row, text) {
        // Somebody else adds it at this moment: done again, this one will find it.
        Err(error) if error.violates(instrument::VERSION) => return Err(StoreError::Collision.into()),
        other => other?,
    }
    ctx.resource(id.uuid());
    Reply::created_plain(format!("/v1/instruments/{id}"), &InstrumentView::of(row, Some(text.to_owned()))?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn routes(config: &mut impl Services) {
    config.service(list_instruments).service(get_instrument).service(create_instrument);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn described(json: &Value) -> Result<Described, Problem> {
        Described::of(json, &Definition::parse(json).unwrap())
    }

    #[test]
    fn a_document_without_a_version_goes_by_its_date() {
        let mut json = json!({"resourceType": "Questionnaire", "url": "https://example.org/q", "status": "draft",
            "item": [{"linkId": "1", "type": "string"}]});
        assert_eq!(described(&json).unwrap().version, "0");
        json["date"] = json!("2013-02-19");
        let found = described(&json).unwrap();
        assert_eq!(
            (found.version.as_str(), found.licence, found.kind),
            ("2013-02-19", "unstated", InstrumentKind::General)
        );
        json["version"] = json!("2.0");
        assert_eq!(described(&json).unwrap().version, "2.0");
        json.as_object_mut().unwrap().remove("url");
        assert_eq!(described(&json).err().unwrap().errors()[0].pointer, "/url");
    }

    #[test]
    fn a_bundle_is_described_by_its_questionnaire() {
        let bundle = json!({"resourceType": "Bundle", "entry": [
            {"resource": {"resourceType": "ValueSet"}}, {"resource": {"resourceType": "Questionnaire", "name": "Q"}}]});
        assert_eq!(questionnaire(&bundle)["name"], "Q");
    }
}
