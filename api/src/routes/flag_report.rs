//! The report of a safeguarding concern, as it is sent and as a safeguarding lead reads it.

use alongside_domain::flag::{AbuseType, Agreement, AllegedPerson, EmergencyCall, Report};
use alongside_domain::id::PersonId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// Whether the emergency services were called.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FlagEmergencyCall {
    pub called: bool,
    pub at: Option<DateTime<Utc>>,
    /// The number under which they keep it.
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    pub reference: Option<String>,
}

/// Who may have done it.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FlagAllegedPerson {
    #[validate(length(max = 1000))]
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// To the participant: "son", "supporter", "neighbour".
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    pub relationship: Option<String>,
    /// Somebody with an account in this programme. From this moment the flag does not exist for that person.
    pub person_id: Option<PersonId>,
}

/// What was reported. Kept exactly as sent; it never changes.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FlagReport {
    /// The person's own words, as they were said. This or `what_was_seen` must say something.
    #[validate(length(max = 10_000))]
    #[schema(max_length = 10_000)]
    pub verbatim: Option<String>,
    /// What was seen: where, how large, in what state.
    #[validate(length(max = 10_000))]
    #[schema(max_length = 10_000)]
    pub what_was_seen: Option<String>,
    pub happened_at: Option<DateTime<Utc>>,
    pub observed_at: Option<DateTime<Utc>>,
    #[validate(length(max = 1000))]
    #[schema(max_length = 1000)]
    pub place: Option<String>,
    #[validate(nested)]
    pub emergency_called: Option<FlagEmergencyCall>,
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub who_else_knows: Option<String>,
    /// Children or other adults who may be in danger too.
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub others_at_risk: Option<String>,
    pub agreed_to_sharing: Option<Agreement>,
    /// What the person wants to happen.
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub wishes: Option<String>,
    #[validate(nested)]
    pub alleged_person: Option<FlagAllegedPerson>,
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub evidence_kept: Option<String>,
    /// How the one who reports feels, and whether he is safe.
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub own_feelings: Option<String>,
    /// Only where it is plain; `not_sure` is a good answer, and so is none.
    #[serde(default)]
    #[validate(length(max = 11))]
    #[schema(max_items = 11, required = false)]
    pub abuse_types: Vec<AbuseType>,
}

impl From<&FlagReport> for Report {
    fn from(sent: &FlagReport) -> Self {
        let sent = sent.clone();
        Self {
            verbatim: sent.verbatim,
            what_was_seen: sent.what_was_seen,
            happened_at: sent.happened_at,
            observed_at: sent.observed_at,
            place: sent.place,
            emergency_called: sent.emergency_called.map(|call| EmergencyCall {
                called: call.called,
                at: call.at,
                reference: call.reference,
            }),
            who_else_knows: sent.who_else_knows,
            others_at_risk: sent.others_at_risk,
            agreed_to_sharing: sent.agreed_to_sharing,
            wishes: sent.wishes,
            alleged_person: sent.alleged_person.map(|alleged| AllegedPerson {
                description: alleged.description,
                relationship: alleged.relationship,
                person_id: alleged.person_id,
            }),
            evidence_kept: sent.evidence_kept,
            own_feelings: sent.own_feelings,
            abuse_types: sent.abuse_types,
        }
    }
}

impl From<Report> for FlagReport {
    fn from(kept: Report) -> Self {
        Self {
            verbatim: kept.verbatim,
            what_was_seen: kept.what_was_seen,
            happened_at: kept.happened_at,
            observed_at: kept.observed_at,
            place: kept.place,
            emergency_called: kept.emergency_called.map(|call| FlagEmergencyCall {
                called: call.called,
                at: call.at,
                reference: call.reference,
            }),
            who_else_knows: kept.who_else_knows,
            others_at_risk: kept.others_at_risk,
            agreed_to_sharing: kept.agreed_to_sharing,
            wishes: kept.wishes,
            alleged_person: kept.alleged_person.map(|alleged| FlagAllegedPerson {
                description: alleged.description,
                relationship: alleged.relationship,
                person_id: alleged.person_id,
            }),
            evidence_kept: kept.evidence_kept,
            own_feelings: kept.own_feelings,
            abuse_types: kept.abuse_types,
        }
    }
}
