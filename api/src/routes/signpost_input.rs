//! What is asked for when a signpost is added, changed or checked.

use alongside_domain::id::{PersonId, SiteId};
use alongside_domain::signpost::{is_concern_code, is_language};
use alongside_store::signpost::Signpost;
use alongside_store::types::{Document, Key};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::checks;
use crate::http::patch as merge;

/// A new signpost.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "area": "Exampleshire", "title": "Exampleshire bladder clinic",
    "description": "A nurse who knows about leaks after treatment. You can ring yourself.",
    "phone": "01632 960123", "url": "https://clinic.example", "opening": "Mondays, 9 to 12",
    "languages": ["en-GB"], "concern_codes": ["URI"], "review_due": "2027-06-30"
}))]
pub struct SignpostCreate {
    /// Chosen by the client before it sends, so that a repeat is recognised. UUIDv7.
    pub id: Option<Uuid>,
    /// The site whose people it is for; without it, everybody of the programme.
    pub site_id: Option<SiteId>,
    /// The district or town it serves; without it, it serves everywhere.
    #[validate(length(min = 1, max = 100), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 100)]
    pub area: Option<String>,
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// What there is, in plain words.
    #[validate(length(min = 1, max = 1000))]
    #[schema(min_length = 1, max_length = 1000)]
    pub description: String,
    #[validate(length(max = 32), custom(function = "checks::phone"))]
    #[schema(min_length = 3, max_length = 32)]
    pub phone: Option<String>,
    #[validate(length(max = 500), custom(function = "checks::web_address"))]
    #[schema(format = "uri", max_length = 500)]
    pub url: Option<String>,
    /// Where to write or to go.
    #[validate(length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500)]
    pub address: Option<String>,
    /// When somebody is there.
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200)]
    pub opening: Option<String>,
    /// The name of the printed leaflet, for those who are given paper.
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200)]
    pub leaflet: Option<String>,
    /// Language tags such as `en-GB`; none where nothing is known.
    #[serde(default)]
    #[validate(length(max = 50), custom(function = "all_languages"))]
    #[schema(max_items = 50, max_length = 35, required = false)]
    pub languages: Vec<String>,
    /// The concerns it helps with (`URI.leakage`), or whole sections (`URI`).
    #[validate(length(min = 1, max = 50), custom(function = "all_concern_codes"))]
    #[schema(min_items = 1, max_items = 50, max_length = 64)]
    pub concern_codes: Vec<String>,
    /// Who sees to it that it stays right; without it, whoever adds it.
    pub owner_id: Option<PersonId>,
    /// By when somebody has to check that all this is still right.
    pub review_due: NaiveDate,
}

/// What changes. Null removes what may be absent.
#[derive(Debug, Clone, Default, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"phone": "01632 960124", "opening": null}))]
pub struct SignpostUpdate {
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 100), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 100, value_type = Option<String>)]
    pub area: Option<Option<String>>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    pub title: Option<String>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1000))]
    #[schema(min_length = 1, max_length = 1000, nullable = false)]
    pub description: Option<String>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 32), custom(function = "checks::phone"))]
    #[schema(min_length = 3, max_length = 32, value_type = Option<String>)]
    pub phone: Option<Option<String>>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 500), custom(function = "checks::web_address"))]
    #[schema(format = "uri", max_length = 500, value_type = Option<String>)]
    pub url: Option<Option<String>>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, value_type = Option<String>)]
    pub address: Option<Option<String>>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200, value_type = Option<String>)]
    pub opening: Option<Option<String>>,
    #[serde(default, with = "merge::double", skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 200), custom(function = "checks::line"))]
    #[schema(min_length = 1, max_length = 200, value_type = Option<String>)]
    pub leaflet: Option<Option<String>>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 50), custom(function = "all_languages"))]
    #[schema(max_items = 50, max_length = 35, nullable = false)]
    pub languages: Option<Vec<String>>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 50), custom(function = "all_concern_codes"))]
    #[schema(min_items = 1, max_items = 50, max_length = 64, nullable = false)]
    pub concern_codes: Option<Vec<String>>,
    #[serde(default, deserialize_with = "merge::present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub owner_id: Option<PersonId>,
}

/// When it is to be checked next.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"review_due": "2027-12-31"}))]
pub struct SignpostReview {
    pub review_due: NaiveDate,
}

impl SignpostUpdate {
    /// Puts what changes into the row.
    pub fn apply(&self, row: &mut Signpost) {
        let change = self.clone();
        let optional = [
            (change.area, &mut row.area),
            (change.phone, &mut row.phone),
            (change.url, &mut row.url),
            (change.address, &mut row.address),
            (change.opening, &mut row.opening),
            (change.leaflet, &mut row.leaflet),
        ];
        for (new, kept) in optional {
            if let Some(new) = new {
                *kept = new;
            }
        }
        for (new, kept) in [(change.title, &mut row.title), (change.description, &mut row.description)] {
            if let Some(new) = new {
                new.trim().clone_into(kept);
            }
        }
        if let Some(languages) = change.languages {
            row.languages = Document(languages);
        }
        if let Some(codes) = change.concern_codes {
            row.concern_codes = Document(codes);
        }
        if let Some(owner) = change.owner_id {
            row.owner_id = Key(owner);
        }
    }
}

pub fn language(text: &str) -> Result<(), ValidationError> {
    if is_language(text) {
        return Ok(());
    }
    let message = "This must be a language tag such as cy or en-GB.";
    Err(ValidationError::new("format").with_message(message.into()))
}

pub fn concern_code(text: &str) -> Result<(), ValidationError> {
    if is_concern_code(text) {
        return Ok(());
    }
    let message = "This must be the code of a concern, such as URI.leakage, or of a section, such as URI.";
    Err(ValidationError::new("format").with_message(message.into()))
}

fn all_languages(tags: &[String]) -> Result<(), ValidationError> {
    tags.iter().try_for_each(|tag| language(tag))
}

fn all_concern_codes(codes: &[String]) -> Result<(), ValidationError> {
    codes.iter().try_for_each(|code| concern_code(code))
}
