//! Findings: what an alert rule found in the answers of an assessment. A fact of the moment it was found in; nothing
//! that is answered later undoes it. Who is told of it, and when, is decided elsewhere.

use serde::{Deserialize, Serialize};

use crate::instrument::{DeclaredRule, Evidence};
use crate::policy::Role;

/// Who may learn of a finding.
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
pub enum Audience {
    /// Those who treat the participant or run the study.
    Clinical,
    /// These and the safeguarding leads: thoughts of self-harm are for both.
    Shared,
    /// The safeguarding leads alone: safety at home.
    Safeguarding,
}

impl Audience {
    /// Whom a rule is for.
    #[must_use]
    pub fn of(rule: &DeclaredRule) -> Self {
        if rule.is_restricted() {
            Self::Safeguarding
        } else if rule.recipients.contains(&Role::SafeguardingLead) {
            Self::Shared
        } else {
            Self::Clinical
        }
    }

    /// The findings a role reads, where the policy table lets it read any.
    #[must_use]
    pub fn seen_by(role: Role) -> [Self; 2] {
        match role {
            Role::SafeguardingLead => [Self::Shared, Self::Safeguarding],
            _ => [Self::Clinical, Self::Shared],
        }
    }
}

/// What is said of a finding besides its rule and tier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// Who should know.
    pub recipients: Vec<Role>,
    /// What it means, as the version said then.
    pub explanation: String,
    /// What the rule saw.
    pub evidence: Vec<Evidence>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content;

    #[test]
    fn safety_at_home_is_for_safeguarding_leads_alone() {
        let hna = &content::instruments()[0].definition;
        let audience = |code: &str| Audience::of(hna.rules().iter().find(|rule| rule.code == code).unwrap());
        for code in ["unsafe_at_home", "money_pressure", "neglect"] {
            assert_eq!(audience(code), Audience::Safeguarding, "{code}");
            assert!(!Audience::seen_by(Role::Clinician).contains(&audience(code)));
        }
        assert_eq!(audience("not_wanting_to_live"), Audience::Shared);
        assert_eq!(audience("blood_in_urine"), Audience::Clinical);
        assert!(!Audience::seen_by(Role::SafeguardingLead).contains(&Audience::Clinical));
    }
}
