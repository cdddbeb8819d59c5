//! What the policy table says beyond how far a role reaches: what must hold besides, and what a role is not shown of
//! what it reaches.
//!
//! The rows here are about operations that [`super::RULES`] grants; the document and `docs/policy.md` print them.

use strum::VariantArray as _;

use super::Role::{
    Clinician, Coordinator, DataManager, IntegrationClient, Monitor, Participant, PrivacyOfficer, Researcher,
    SafeguardingLead, Statistician, Supporter, TrialManager,
};
use super::{Operation as Op, Relation, Role, Rule};

/// What must hold for a call besides the relation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::VariantArray, strum::Display,
)]
#[strum(serialize_all = "snake_case")]
pub enum Condition {
    ContactAllowed,
    LiveAssignment,
    OwnSession,
    NoOtherSession,
    AnswersAgreed,
    SharingAgreed,
    AnotherPerson,
    NotExcluded,
    NotRestricted,
    TwoPersons,
}

impl Condition {
    /// The condition in words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::ContactAllowed => "while the participant's consent allows contact",
            Self::LiveAssignment => "until the assignment ends",
            Self::OwnSession => {
                "in the caller's own open assistance session, 15 minutes from what was last done in it"
            }
            Self::NoOtherSession => "unless somebody else's assistance session is open",
            Self::AnswersAgreed => "with the participant's consent that the supporter sees answers",
            Self::SharingAgreed => {
                "with the participant's consent to share with GP or hospital; answers also while the clinician helps"
            }
            Self::AnotherPerson => "never twice the same person on one form",
            Self::NotExcluded => "unless the flag excludes the caller",
            Self::NotRestricted => "unless the participant had the use of the record restricted",
            Self::TwoPersons => "safeguarding lead and privacy officer each, and never the same person",
        }
    }
}

/// What a role sees of a thing, where that is not all of it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::VariantArray, strum::Display,
)]
#[strum(serialize_all = "snake_case")]
pub enum View {
    Pseudonymous,
    WithoutOwnWords,
    MinimumRecord,
    MinimumIdentity,
    WithoutAddress,
    Effect,
    StatusOnly,
    Session,
    SharedAnswers,
    SafetyFindings,
    ClinicalFindings,
    WithoutFlags,
    RequestStatus,
    OwnDecisions,
}

impl View {
    /// The view in words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Pseudonymous => "under the pseudonym, without names",
            Self::WithoutOwnWords => "under the pseudonym, without anybody's own words",
            Self::MinimumRecord => "what a helper must know",
            Self::MinimumIdentity => "name, numbers to call, safe contact and needs",
            Self::WithoutAddress => "without the home address",
            Self::Effect => "the newest alone, and what it allows",
            Self::StatusOnly => "status and help, no answers",
            Self::Session => {
                "status; answers in the caller's own open session, without private sections the participant did not open"
            }
            Self::SharedAnswers => {
                "answers where they are shared, or while the clinician helps; status otherwise"
            }
            Self::SafetyFindings => "what concerns safety",
            Self::ClinicalFindings => "without what concerns safety at home",
            Self::WithoutFlags => "without anything about safeguarding flags",
            Self::RequestStatus => "how far it is, without anybody's words",
            Self::OwnDecisions => "without what the other who decides has decided",
        }
    }
}

/// A condition with the calls it is put on.
#[derive(Debug, Clone, Copy)]
pub struct ConditionRow {
    pub condition: Condition,
    pub roles: &'static [Role],
    pub operations: &'static [Op],
}

/// A view with the calls whose answer it narrows.
#[derive(Debug, Clone, Copy)]
pub struct ViewRow {
    pub view: View,
    pub roles: &'static [Role],
    pub operations: &'static [Op],
    /// Members of the answer that are absent or null in this view, as JSON Pointers.
    pub without: &'static [&'static str],
}

/// Whoever is granted the operation.
const WHOEVER: &[Role] = Role::VARIANTS;

pub static CONDITIONS: &[ConditionRow] = &[
    ConditionRow {
        condition: Condition::LiveAssignment,
        roles: &[Supporter],
        operations: &[Op::ListAssignments, Op::GetAssignment, Op::AcceptAssignment, Op::WithdrawAssignment],
    },
    ConditionRow {
        condition: Condition::OwnSession,
        roles: &[Supporter],
        operations: &[
            Op::StartSegment,
            Op::OpenPrivateSection,
            Op::SaveAnswers,
            Op::SubmitAssessment,
            Op::ListAnswers,
            Op::ExplainItem,
        ],
    },
    ConditionRow {
        condition: Condition::NoOtherSession,
        roles: &[Supporter],
        operations: &[Op::AbandonAssessment],
    },
    ConditionRow {
        condition: Condition::AnswersAgreed,
        roles: &[Supporter],
        operations: &[Op::ListAnswers, Op::ExplainItem],
    },
    ConditionRow {
        condition: Condition::SharingAgreed,
        roles: &[Clinician],
        operations: &[
            Op::ListAnswers,
            Op::ExplainItem,
            Op::GetAssessmentSummary,
            Op::GetAssessmentScores,
            Op::ListOutcomes,
            Op::ExportQuestionnaireResponse,
        ],
    },
    ConditionRow {
        condition: Condition::AnotherPerson,
        roles: &[Researcher, DataManager],
        operations: &[Op::CreatePaperEntry, Op::AdjudicatePaperEntries],
    },
    ConditionRow {
        condition: Condition::NotExcluded,
        roles: WHOEVER,
        operations: &[
            Op::GetFlagReceipt,
            Op::ListFlags,
            Op::GetFlag,
            Op::AcknowledgeFlag,
            Op::ListFlagEntries,
            Op::AddFlagEntry,
            Op::ListFlagExclusions,
            Op::AddFlagExclusion,
        ],
    },
    ConditionRow {
        condition: Condition::NotRestricted,
        roles: WHOEVER,
        operations: &[
            Op::CreateAssessment,
            Op::OpenAssistanceSession,
            Op::SaveAnswers,
            Op::SubmitAssessment,
            Op::CreatePaperEntry,
            Op::AdjudicatePaperEntries,
            Op::ImportQuestionnaireResponse,
            Op::ExportQuestionnaireResponse,
            Op::CreateAssignment,
            Op::AcceptAssignment,
            Op::IntroduceAssignment,
            Op::ActivateAssignment,
            Op::ResumeAssignment,
            Op::AddCarePlanAction,
            Op::UpdateCarePlanAction,
            Op::DiscussCarePlan,
            Op::AgreeCarePlan,
            Op::ShareCarePlan,
            Op::PrintCarePlan,
            Op::CloseCarePlan,
            Op::ReviewCarePlan,
            Op::ReviseCarePlan,
        ],
    },
    ConditionRow {
        condition: Condition::TwoPersons,
        roles: &[SafeguardingLead, PrivacyOfficer],
        operations: &[Op::DecideRightsRequest],
    },
];

pub static VIEWS: &[ViewRow] = &[
    ViewRow {
        view: View::MinimumRecord,
        roles: &[Supporter],
        operations: &[Op::GetParticipant],
        without: &["/treatments"],
    },
    ViewRow {
        view: View::Pseudonymous,
        roles: &[TrialManager, DataManager, Statistician, IntegrationClient],
        operations: &[Op::GetParticipant, Op::CreateParticipant, Op::UpdateParticipant],
        without: &["/name", "/needs/note"],
    },
    ViewRow {
        view: View::Pseudonymous,
        roles: &[TrialManager, DataManager, Statistician, IntegrationClient],
        operations: &[Op::ListParticipants],
        without: &["/items/0/name"],
    },
    ViewRow {
        view: View::MinimumIdentity,
        roles: &[Supporter],
        operations: &[Op::GetParticipantIdentity],
        without: &["/date_of_birth", "/nhs_number", "/address", "/email", "/gp", "/emergency_contact"],
    },
    ViewRow {
        view: View::WithoutAddress,
        roles: &[Clinician, Monitor],
        operations: &[Op::GetParticipantIdentity],
        without: &["/address"],
    },
    ViewRow {
        view: View::Effect,
        roles: &[Supporter],
        operations: &[Op::ListConsents],
        without: &["/items/0/record"],
    },
    ViewRow { view: View::Effect, roles: &[Supporter], operations: &[Op::GetConsent], without: &["/record"] },
    ViewRow {
        view: View::Pseudonymous,
        roles: &[TrialManager, DataManager, Statistician, IntegrationClient],
        operations: &[Op::ListConsents],
        without: &["/items/0/record/witness"],
    },
    ViewRow {
        view: View::Pseudonymous,
        roles: &[TrialManager, DataManager, Statistician, IntegrationClient],
        operations: &[Op::GetConsent],
        without: &["/record/witness"],
    },
    ViewRow {
        view: View::StatusOnly,
        roles: &[Coordinator, TrialManager],
        operations: &[Op::GetAssessment],
        without: &["/answers"],
    },
    ViewRow {
        view: View::Session,
        roles: &[Supporter],
        operations: &[Op::GetAssessment, Op::ListAnswers],
        without: &[],
    },
    ViewRow {
        view: View::SharedAnswers,
        roles: &[Clinician],
        operations: &[Op::GetAssessment],
        without: &[],
    },
    ViewRow {
        view: View::WithoutOwnWords,
        roles: &[Statistician],
        operations: &[
            Op::GetAssessment,
            Op::ListAnswers,
            Op::GetAssessmentSummary,
            Op::ExportQuestionnaireResponse,
        ],
        without: &[],
    },
    ViewRow {
        view: View::Pseudonymous,
        roles: &[DataManager, Monitor, IntegrationClient],
        operations: &[Op::GetAssessmentSummary, Op::PrintCarePlan],
        without: &[],
    },
    ViewRow {
        view: View::SafetyFindings,
        roles: &[SafeguardingLead],
        operations: &[Op::ListFindings],
        without: &[],
    },
    ViewRow {
        view: View::ClinicalFindings,
        roles: &[Clinician, Researcher, Statistician, Monitor],
        operations: &[Op::ListFindings],
        without: &[],
    },
    ViewRow {
        view: View::WithoutFlags,
        roles: WHOEVER,
        operations: &[Op::ListAuditEvents, Op::ListParticipantAuditEvents],
        without: &[],
    },
    ViewRow {
        view: View::RequestStatus,
        roles: &[Coordinator],
        operations: &[Op::GetRightsRequest, Op::CreateRightsRequest, Op::CheckRightsIdentity],
        without: &["/asked"],
    },
    ViewRow {
        view: View::OwnDecisions,
        roles: &[Participant, SafeguardingLead, PrivacyOfficer],
        operations: &[Op::GetRightsRequest],
        without: &[],
    },
];

impl Rule {
    /// What must hold besides the relation when `role` calls this operation; nothing where it may not.
    #[must_use]
    pub fn conditions(&self, role: Role) -> Vec<Condition> {
        let Some(relation) = self.relation(role) else { return Vec::new() };
        let by_relation = (relation == Relation::Assigned).then_some(Condition::ContactAllowed);
        let by_row = CONDITIONS
            .iter()
            .filter(|row| row.roles.contains(&role) && row.operations.contains(&self.operation))
            .map(|row| row.condition);
        by_relation.into_iter().chain(by_row).collect()
    }

    /// What `role` is shown by this operation, where that is not everything.
    #[must_use]
    pub fn view(&self, role: Role) -> Option<&'static ViewRow> {
        self.relation(role)?;
        VIEWS.iter().find(|row| row.roles.contains(&role) && row.operations.contains(&self.operation))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::policy::relation;

    #[test]
    fn every_row_is_about_calls_that_are_granted() {
        let rows = CONDITIONS.iter().map(|row| (row.condition.to_string(), row.roles, row.operations));
        let views = VIEWS.iter().map(|row| (row.view.to_string(), row.roles, row.operations));
        for (name, roles, operations) in rows.chain(views) {
            for role in roles.iter().filter(|_| roles.len() < WHOEVER.len()) {
                let granted = operations.iter().any(|operation| relation(*operation, *role).is_some());
                assert!(granted, "{name}: {role} may call none of these");
            }
            for operation in operations {
                let granted = roles.iter().any(|role| relation(*operation, *role).is_some());
                assert!(granted, "{name}: none of these may call {operation}");
            }
        }
    }

    #[test]
    fn a_role_has_one_view_of_an_operation_and_a_condition_once() {
        for operation in Op::VARIANTS {
            for role in Role::VARIANTS {
                let names = |roles: &[Role], operations: &[Op]| {
                    roles.contains(role) && operations.contains(operation)
                };
                let views = VIEWS.iter().filter(|row| names(row.roles, row.operations)).count();
                assert!(views <= 1, "{role} has {views} views of {operation}");
                let conditions: Vec<_> = CONDITIONS
                    .iter()
                    .filter(|row| names(row.roles, row.operations))
                    .map(|row| row.condition.to_string())
                    .collect();
                let distinct: BTreeSet<_> = conditions.iter().collect();
                assert_eq!(distinct.len(), conditions.len(), "{role} {operation}");
            }
        }
    }

    #[test]
    fn whatever_a_supporter_reaches_of_somebody_hangs_on_consent() {
        for rule in crate::policy::RULES {
            let assigned = rule.relation(Supporter) == Some(Relation::Assigned);
            let bound = rule.conditions(Supporter).contains(&Condition::ContactAllowed);
            assert_eq!(assigned, bound, "{}", rule.operation);
        }
    }

    #[test]
    fn a_flag_is_never_read_by_whom_it_excludes() {
        for rule in crate::policy::RULES.iter().filter(|rule| rule.scope.starts_with("flags:")) {
            for (role, _) in rule.grants.iter().filter(|_| rule.operation != Op::CreateFlag) {
                let bound = rule.conditions(*role).contains(&Condition::NotExcluded);
                assert!(bound, "{role} {}", rule.operation);
            }
        }
    }
}
