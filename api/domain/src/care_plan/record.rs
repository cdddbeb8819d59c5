//! What is noted of each step of a plan: who was there, how it was talked about, how he agreed, why it ended.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{ActionReview, Signpost};

/// Who was part of a conversation about the plan, besides the one who writes it down.
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
#[cfg_attr(feature = "schema", schema(as = CarePlanCompany))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Company {
    Participant,
    FamilyFriend,
    Carer,
    Interpreter,
    Supporter,
    Gp,
    Hospital,
    Other,
}

/// How a conversation was held.
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
#[cfg_attr(feature = "schema", schema(as = CarePlanChannel))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Channel {
    InPerson,
    Home,
    Phone,
    Video,
}

/// How he said yes.
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
#[cfg_attr(feature = "schema", schema(as = CarePlanAgreementMethod))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AgreementMethod {
    /// Said so, face to face.
    Spoken,
    /// With his name on paper.
    Signed,
    Phone,
    Video,
    /// In an application of his own.
    Electronic,
}

/// Why a plan comes to its end.
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
#[cfg_attr(feature = "schema", schema(as = CarePlanClosureReason))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ClosureReason {
    /// Nothing was raised, and that was talked about.
    NoConcerns,
    /// Everything that was agreed is done, or not wanted any more.
    Completed,
    /// He wants no plan.
    Declined,
    /// He takes part no longer.
    Ended,
}

/// What is noted of one step. Sealed as a whole; what does not belong to a step is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepRecord {
    pub with: Vec<Company>,
    pub channel: Option<Channel>,
    pub method: Option<AgreementMethod>,
    pub reason: Option<ClosureReason>,
    /// When it shall be looked at again.
    pub review_on: Option<NaiveDate>,
    /// What the review found, action by action.
    pub outcomes: Vec<ActionReview>,
    /// Where he was told he can turn to.
    pub signposts: Vec<Signpost>,
    pub note: Option<String>,
}
