//! Consent forms: what people are asked to agree to, version by version.

use actix_web::{HttpRequest, HttpResponse, get, post};
use alongside_domain::consent::{Statement, StatementsError, check_statements};
use alongside_domain::id::{ConsentFormId, ProgrammeId};
use alongside_domain::policy::Operation;
use alongside_store::consent_form::{self, ConsentForm};
use alongside_store::types::{At, Document, Key};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::checks;
use super::participants::is_language;
use crate::http::page::{self, List, Paging};
use crate::http::{Code, Json, Path, Permit, Problem, Query, Reply, Services, reply};

/// A form never changes, so its version is always the first.
const VERSION: i64 = 1;

/// A new version of the text, or the text in another language.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "doc_version": "1.1", "language": "en-GB", "title": "Taking part: your choices",
    "introduction": "You choose what you agree to, and can change your mind at any time.",
    "limits_of_confidentiality": "A supporter must tell a named person if somebody may be at risk of serious harm.",
    "statements": [
        {"code": "take_part", "text": "I agree to take part.", "required": true},
        {"code": "supporter_contact", "text": "I agree that a supporter may contact me.", "required": false}
    ]
}))]
pub struct ConsentFormCreate {
    /// Chosen by the client, so that a retry is recognised.
    pub id: Option<ConsentFormId>,
    /// As printed on the form.
    #[validate(length(min = 1, max = 32), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 32)]
    pub doc_version: String,
    #[validate(length(max = 35), custom(function = "is_language"))]
    #[schema(min_length = 2, max_length = 35, pattern = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")]
    pub language: String,
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    #[validate(length(min = 1, max = 20_000))]
    #[schema(min_length = 1, max_length = 20_000)]
    pub introduction: String,
    /// What a supporter cannot keep to himself.
    #[validate(length(min = 1, max = 20_000))]
    #[schema(min_length = 1, max_length = 20_000)]
    pub limits_of_confidentiality: String,
    /// One of them is `take_part`, and required. Codes that this server acts on: `supporter_contact`, `home_visit`,
    /// `supporter_sees_answers_while_helping`, `section_scribe`, `share_summary_gp`, `share_summary_hospital`,
    /// `keep_contact_after`, `data_linkage`, `audio`, `future_research`. Others are kept and shown.
    #[validate(length(min = 1, max = 64), nested)]
    #[schema(min_items = 1, max_items = 64)]
    pub statements: Vec<StatementInput>,
}

/// One statement, to be answered with yes or no.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementInput {
    #[validate(length(min = 1, max = 64), custom(function = "statement_code"))]
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]*$")]
    pub code: String,
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    pub text: String,
    /// Without a yes to it nobody takes part.
    #[serde(default)]
    pub required: bool,
}

/// A consent form.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5ea0", "programme_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e71",
    "doc_version": "1.0", "language": "en-GB", "title": "Taking part: your choices",
    "introduction": "You choose what you agree to, and can change your mind at any time.",
    "limits_of_confidentiality": "A supporter must tell a named person if somebody may be at risk of serious harm.",
    "statements": [{"code": "take_part", "text": "I agree to take part.", "required": true}],
    "created_at": "2026-11-02T09:30:00Z"
}))]
pub struct ConsentFormView {
    pub id: ConsentFormId,
    pub programme_id: ProgrammeId,
    #[schema(max_length = 32)]
    pub doc_version: String,
    #[schema(max_length = 35)]
    pub language: String,
    #[schema(max_length = 200)]
    pub title: String,
    #[schema(max_length = 20_000)]
    pub introduction: String,
    #[schema(max_length = 20_000)]
    pub limits_of_confidentiality: String,
    #[schema(max_items = 64)]
    pub statements: Vec<Statement>,
    pub created_at: DateTime<Utc>,
}

impl From<ConsentForm> for ConsentFormView {
    fn from(row: ConsentForm) -> Self {
        Self {
            id: row.id.0,
            programme_id: row.programme_id.0,
            doc_version: row.doc_version,
            language: row.language,
            title: row.title,
            introduction: row.introduction,
            limits_of_confidentiality: row.limits_of_confidentiality,
            statements: row.statements.0,
            created_at: row.created_at.0,
        }
    }
}

/// A page of consent forms.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentFormPage {
    #[schema(max_items = 200)]
    pub items: Vec<ConsentFormView>,
    /// The cursor of the next page; null on the last one.
    #[schema(max_length = 1024)]
    pub next: Option<String>,
}

/// Which consent forms.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConsentFormQuery {
    /// Only those in this language.
    #[validate(length(max = 35))]
    #[param(max_length = 35)]
    pub language: Option<String>,
    /// How many items at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[param(max_length = 1024)]
    pub cursor: Option<String>,
}

fn statement_code(text: &str) -> Result<(), ValidationError> {
    let fits = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if fits {
        return Ok(());
    }
    let message = "This must be small letters, digits and underscores, beginning with a letter.";
    Err(ValidationError::new("format").with_message(message.into()))
}

/// List the consent forms
///
/// Every version in every language, oldest first.
#[utoipa::path(
    tag = "consent-forms", operation_id = "list_consent_forms", params(ConsentFormQuery),
    responses((status = 200, description = "A page of consent forms.", body = ConsentFormPage))
)]
#[get("/v1/consent-forms")]
async fn list_consent_forms(
    request: HttpRequest,
    permit: Permit<{ Operation::ListConsentForms.id() }>,
    query: Query<ConsentFormQuery>,
) -> Result<HttpResponse, Problem> {
    let ConsentFormQuery { language, limit, cursor } = query.into_inner();
    let paging = Paging::new(limit, cursor)?;
    let cursors = permit.cursors();
    let list = List::new(permit.caller().actor_id(), Operation::ListConsentForms.name(), &language)?;
    let after: Option<Uuid> = paging.after(&cursors, &list)?;
    let fetch = paging.fetch();
    let mut rows = permit
        .read(move |ctx| {
            let after = after.map(ConsentFormId::new);
            Ok(consent_form::list(ctx.db, ctx.scope, language.as_deref(), after, fetch)?)
        })
        .await?;
    let next = paging.cut(&mut rows, &cursors, &list, |row| row.id.0.uuid())?;
    let items = rows.into_iter().map(ConsentFormView::from).collect();
    Ok(page::respond(&request, &ConsentFormPage { items, next: next.clone() }, next.as_deref()))
}

/// Add a consent form
///
/// A form is never changed: a new text is a new version.
#[utoipa::path(
    tag = "consent-forms", operation_id = "create_consent_form", request_body = ConsentFormCreate,
    responses((status = 201, description = "The form is added.", body = ConsentFormView))
)]
#[post("/v1/consent-forms")]
async fn create_consent_form(
    permit: Permit<{ Operation::CreateConsentForm.id() }>,
    body: Json<ConsentFormCreate>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner();
    let statements: Vec<Statement> = new
        .statements
        .iter()
        .map(|s| Statement { code: s.code.clone(), text: s.text.clone(), required: s.required })
        .collect();
    check_statements(&statements).map_err(|error| {
        let (pointer, code) = match error {
            StatementsError::NoTakePart => ("/statements".to_owned(), "missing"),
            StatementsError::Repeated(position) => (format!("/statements/{position}/code"), "duplicate"),
        };
        Problem::new(Code::Invalid).field(pointer, code, error.to_string())
    })?;
    permit
        .write(move |ctx| {
            let id = new.id.unwrap_or_else(|| ConsentFormId::new(ctx.fresh()));
            if new.id.is_some() {
                if let Some(found) = consent_form::try_find(ctx.db, ctx.scope, id)? {
                    return ctx.repeated(id.uuid(), |_| Reply::ok(VERSION, &ConsentFormView::from(found)));
                }
                ctx.creates(id.uuid())?;
            }
            let row = ConsentForm {
                id: Key(id),
                programme_id: Key(ctx.programme()?),
                doc_version: new.doc_version.clone(),
                language: new.language.clone(),
                title: new.title.clone(),
                introduction: new.introduction.clone(),
                limits_of_confidentiality: new.limits_of_confidentiality.clone(),
                statements: Document(statements.clone()),
                created_at: At(ctx.now),
            };
            consent_form::insert(ctx.db, &row).map_err(|error| {
                let message = "There is a form of this version in this language already.";
                checks::taken(error, consent_form::VERSION, "/doc_version", message)
            })?;
            ctx.resource(id.uuid());
            Reply::created(format!("/v1/consent-forms/{id}"), VERSION, &ConsentFormView::from(row))
        })
        .await
}

/// Look at a consent form
///
/// The text as people were asked, with the statements to answer and the limits of confidentiality to explain.
#[utoipa::path(
    tag = "consent-forms", operation_id = "get_consent_form",
    params(("id" = ConsentFormId, Path, description = "The consent form.")),
    responses((status = 200, description = "The consent form.", body = ConsentFormView))
)]
#[get("/v1/consent-forms/{id}")]
async fn get_consent_form(
    request: HttpRequest,
    permit: Permit<{ Operation::GetConsentForm.id() }>,
    path: Path<ConsentFormId>,
) -> Result<HttpResponse, Problem> {
    let id = *path;
    let row = permit.read(move |ctx| Ok(consent_form::find(ctx.db, ctx.scope, id)?)).await?;
    Ok(reply::found(&request, VERSION, &ConsentFormView::from(row)))
}

pub fn routes(config: &mut impl Services) {
    config.service(list_consent_forms).service(create_consent_form).service(get_consent_form);
}
