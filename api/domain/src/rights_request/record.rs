//! What is noted of each step of a request. Sealed as a whole.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    ExtensionReason, Handover, IdentityProof, PauseReason, RefusalReason, RestrictionGround, ThirdParty,
    Verdict,
};
use crate::id::{AssessmentId, AuditEventId};

/// An amendment by which something was put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AmendmentLink {
    pub assessment_id: AssessmentId,
    /// Its number among the outcomes of the assessment, from 2 on.
    #[cfg_attr(feature = "schema", schema(minimum = 2, maximum = 1_000_000))]
    pub number: i64,
}

/// What is noted of one step; what does not belong to a step is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = RightsStepRecord))]
#[serde(default)]
pub struct StepRecord {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_proof: Option<IdentityProof>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause_reason: Option<PauseReason>,
    /// For how many days the clock stood.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 100_000))]
    pub paused_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension_reason: Option<ExtensionReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal_reason: Option<RefusalReason>,
    /// The day he was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told_on: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub third_party: Option<Verdict>,
    /// What is released, where it is not all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(max_items = 5, required = false))]
    pub released: Vec<ThirdParty>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safeguarding: Option<Verdict>,
    /// What the report is to say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(max_length = 4000))]
    pub safeguarding_words: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handover: Option<Handover>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ground: Option<RestrictionGround>,
    /// The amendments by which it was put right.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(max_items = 50, required = false))]
    pub amendments: Vec<AmendmentLink>,
    /// The other changes by which it was, by their events in the audit log.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(max_items = 50, required = false))]
    pub changes: Vec<AuditEventId>,
    /// Why it was not put right.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(max_length = 2000))]
    pub declined_because: Option<String>,
    /// What he says to that, in his own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(max_length = 4000))]
    pub disagreement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(max_length = 2000))]
    pub note: Option<String>,
}
