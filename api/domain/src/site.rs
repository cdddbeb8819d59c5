//! Sites: the practices, hospitals and places where a programme meets its participants.

use serde::{Deserialize, Serialize};

/// What kind of place a site is.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SiteKind {
    /// A general practice.
    Gp,
    Hospital,
    Charity,
    Library,
}

/// How the local authority's adult safeguarding team is reached. Shown to whoever raises a concern, so that nobody has
/// to look for a number when it matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SafeguardingContact {
    /// The telephone number during the hours below.
    #[cfg_attr(feature = "schema", schema(max_length = 32, example = "01632 960100"))]
    pub phone: String,
    /// When somebody answers it.
    #[cfg_attr(feature = "schema", schema(max_length = 200, example = "Monday to Friday, 09:00 to 17:00"))]
    pub hours: String,
    /// The telephone number at all other times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(max_length = 32, nullable = false, example = "01632 960199"))]
    pub out_of_hours: Option<String>,
    /// The authority's own form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schema(
            format = "uri",
            max_length = 500,
            nullable = false,
            example = "https://council.example/safeguarding"
        )
    )]
    pub form_url: Option<String>,
}
