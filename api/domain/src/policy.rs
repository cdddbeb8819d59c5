//! Who may do what: one table, read by the server's enforcement, by the document and by the test that walks it.
//!
//! Deny by default. A role without a grant on an operation is refused the operation (403); a role with a grant sees
//! exactly the objects its relation reaches and nothing else (404).

mod printed;
mod table;
mod terms;

use std::str::FromStr as _;

pub use printed::page;
use serde::{Deserialize, Serialize};
use strum::VariantArray as _;
pub use table::{IN_EMERGENCY, RULES};
pub use terms::{CONDITIONS, Condition, ConditionRow, VIEWS, View, ViewRow};

/// What a person or a client is in a programme.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
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
pub enum Role {
    /// The person whose needs are assessed.
    Participant,
    /// Peer supporter, paid or volunteer.
    Supporter,
    /// Support coordinator.
    Coordinator,
    /// Supervises and debriefs supporters.
    Supervisor,
    /// Safeguarding lead or deputy.
    SafeguardingLead,
    /// Practice nurse, clinical nurse specialist or GP.
    Clinician,
    /// Site researcher: recruits and takes consent.
    Researcher,
    TrialManager,
    DataManager,
    Statistician,
    /// Monitor or auditor.
    Monitor,
    PrivacyOfficer,
    /// System administrator: sees no record content.
    Admin,
    /// A service client: a front end or trial software, bounded by its scopes as well.
    IntegrationClient,
}

impl Role {
    /// Whether it takes a second person to give it: who holds it sees what is kept from everybody else, or watches over who
    /// looks at what.
    #[must_use]
    pub fn needs_second_person(self) -> bool {
        matches!(self, Self::SafeguardingLead | Self::PrivacyOfficer)
    }

    /// Whether it may open a record of another site in an emergency. Those who lead the care and those who arrange the
    /// help; nobody whose role reads no record at his own sites, since there would be nothing to open.
    #[must_use]
    pub fn breaks_glass(self) -> bool {
        matches!(self, Self::Clinician | Self::Coordinator)
    }

    /// Where a role stands when one person holds several: the least privileged is used unless he asks otherwise.
    #[must_use]
    pub fn privilege(self) -> usize {
        Self::VARIANTS.iter().position(|role| *role == self).unwrap_or(usize::MAX)
    }
}

/// How far a grant reaches: the caller's world for one operation.
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
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Relation {
    /// The caller's own record.
    Own,
    /// Participants assigned to the caller now, while consent allows it.
    Assigned,
    /// The sites where the caller holds the role; every site of the programme when the role names none.
    Site,
    /// The caller's programme.
    Programme,
    /// Safeguarding flags of the programme on which nobody in a nearer role can act: see
    /// [`crate::flag::STAND_INS`].
    StandIn,
    /// Besides the sites: one participant of the programme whose record the caller has opened in an emergency, for half an
    /// hour. See [`crate::emergency_access`].
    Emergency,
    /// Everything this installation holds. No operation on a person's record has it.
    Installation,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub operation: Operation,
    /// What a service client must hold to call the operation.
    pub scope: &'static str,
    pub grants: &'static [(Role, Relation)],
    /// Open to a person only for a few minutes after he has shown that it is he who sits there: see
    /// [`crate::sign_in::is_fresh`].
    pub fresh: bool,
}

impl Rule {
    /// How far `role` reaches with this operation; `None` refuses it.
    #[must_use]
    pub fn relation(&self, role: Role) -> Option<Relation> {
        self.grants.iter().find(|(granted, _)| *granted == role).map(|(_, relation)| *relation)
    }

    /// Whether an emergency access opens the operation to `role`, on the one record it is about: only what the role reads
    /// at its own sites, and nothing of it that could change anything.
    #[must_use]
    pub fn opens_in_emergency(&self, role: Role) -> bool {
        role.breaks_glass()
            && self.relation(role) == Some(Relation::Site)
            && IN_EMERGENCY.contains(&self.operation)
    }
}

/// Everything a signed-in caller can ask for. The name in snake_case is the operation id in the document.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
    strum::FromRepr,
)]
#[strum(serialize_all = "snake_case")]
#[repr(u16)]
pub enum Operation {
    GetCurrentSession,
    EndCurrentSession,
    ListSessions,
    EndSession,
    StepUpSession,
    ListSupporterSessions,
    EndSupporterSession,
    ChangePassword,
    GetSecondFactor,
    EnrolSecondFactor,
    ConfirmSecondFactor,
    ReplaceRecoveryCodes,
    RemoveSecondFactor,
    LookUpDeviceAuthorisation,
    ApproveDeviceAuthorisation,
    DenyDeviceAuthorisation,

    ListProgrammes,
    CreateProgramme,
    GetProgramme,
    UpdateProgramme,

    ListSites,
    CreateSite,
    GetSite,
    UpdateSite,

    ListPeople,
    CreatePerson,
    GetPerson,
    UpdatePerson,
    DeactivatePerson,
    ReactivatePerson,
    CreateMembership,
    ConfirmMembership,
    EndMembership,

    ListClients,
    CreateClient,
    UpdateClient,
    RevokeClient,
    CreateClientSecret,

    ListParticipants,
    CreateParticipant,
    GetParticipant,
    UpdateParticipant,
    GetParticipantIdentity,
    UpdateParticipantIdentity,
    ListParticipantAuditEvents,
    ListDigitalProfiles,
    CreateDigitalProfile,
    ListStatusChanges,
    CreateStatusChange,

    ListConsentForms,
    CreateConsentForm,
    GetConsentForm,
    ListConsents,
    CreateConsent,
    GetConsent,
    WithdrawConsent,

    ListAssignments,
    CreateAssignment,
    GetAssignment,
    AcceptAssignment,
    IntroduceAssignment,
    ActivateAssignment,
    HoldAssignment,
    ResumeAssignment,
    EndAssignment,
    WithdrawAssignment,

    ListInstruments,
    CreateInstrument,
    GetInstrument,
    ActivateInstrument,
    RetireInstrument,
    TryInstrument,
    DryRunAlertRule,
    ListTranslations,
    GetTranslation,
    PutTranslation,
    PublishTranslation,
    CompareInstruments,
    GetCodebook,

    ListAssessments,
    CreateAssessment,
    GetAssessment,
    OpenAssistanceSession,
    CloseAssistanceSession,
    StartSegment,
    OpenPrivateSection,
    SaveAnswers,
    ListAnswers,
    SubmitAssessment,
    AbandonAssessment,
    AmendAssessment,
    GetAssessmentSummary,
    GetAssessmentScores,
    ListOutcomes,
    CreatePaperEntry,
    ListPaperEntries,
    ComparePaperEntries,
    AdjudicatePaperEntries,
    GetDiscrepancyRates,
    ExplainItem,
    ListFindings,
    ImportQuestionnaireResponse,
    ExportQuestionnaireResponse,
    ValidateQuestionnaireResponse,

    ListCarePlans,
    GetCarePlan,
    AddCarePlanAction,
    UpdateCarePlanAction,
    DiscussCarePlan,
    AgreeCarePlan,
    ShareCarePlan,
    CloseCarePlan,
    PrintCarePlan,
    ReviewCarePlan,
    ReviseCarePlan,

    ListSignposts,
    CreateSignpost,
    GetSignpost,
    UpdateSignpost,
    ReviewSignpost,
    RetireSignpost,

    ListRightsRequests,
    CreateRightsRequest,
    GetRightsRequest,
    CheckRightsIdentity,
    ScopeRightsRequest,
    PauseRightsRequest,
    ResumeRightsRequest,
    ExtendRightsRequest,
    DecideRightsRequest,
    ApproveRightsRequest,
    FulfilRightsRequest,
    RefuseRightsRequest,
    LiftRestriction,
    GetAccessReport,

    CreateFlag,
    GetFlagReceipt,
    ListFlags,
    GetFlag,
    AcknowledgeFlag,
    ListFlagEntries,
    AddFlagEntry,
    ListFlagExclusions,
    AddFlagExclusion,

    ListAuditEvents,
    ListAccessNotices,
    AcknowledgeAccessNotice,

    CreateEmergencyAccess,
    ListEmergencyAccesses,
    GetEmergencyAccess,
    EndEmergencyAccess,
    HoldEmergencyAccess,
    ReleaseEmergencyAccess,
    ReviewEmergencyAccess,
}

impl Operation {
    /// The number by which a handler's signature names its operation.
    #[must_use]
    #[expect(clippy::as_conversions, reason = "a fieldless enum's own discriminant, in a const")]
    pub const fn id(self) -> u16 {
        self as u16
    }

    /// The operation id in the document.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The operation with this operation id.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::from_str(name).ok()
    }

    /// Whether a call leaves an event in the audit log: everything does but reading what describes the programme and
    /// the caller's own session, and judging a document that is on nobody's record.
    #[must_use]
    pub fn is_audited(self) -> bool {
        !matches!(
            self,
            Self::GetCurrentSession
                | Self::ListSessions
                | Self::GetSecondFactor
                | Self::ListProgrammes
                | Self::GetProgramme
                | Self::ListSites
                | Self::GetSite
                | Self::ListInstruments
                | Self::GetInstrument
                | Self::TryInstrument
                | Self::ListTranslations
                | Self::GetTranslation
                | Self::CompareInstruments
                | Self::GetCodebook
                | Self::ValidateQuestionnaireResponse
                | Self::ListConsentForms
                | Self::GetConsentForm
                | Self::ListSignposts
                | Self::GetSignpost
        )
    }

    /// What is open to somebody who must set up a second factor before anything else: that, and signing out.
    #[must_use]
    pub fn is_for_enrolment(self) -> bool {
        matches!(
            self,
            Self::GetCurrentSession
                | Self::EndCurrentSession
                | Self::GetSecondFactor
                | Self::EnrolSecondFactor
                | Self::ConfirmSecondFactor
        )
    }

    /// This operation's row of the table.
    #[must_use]
    pub fn rule(self) -> Option<&'static Rule> {
        RULES.iter().find(|rule| rule.operation == self)
    }
}

/// How far `role` reaches with `operation`; `None` refuses the function altogether.
#[must_use]
pub fn relation(operation: Operation, role: Role) -> Option<Relation> {
    operation.rule().and_then(|rule| rule.relation(role))
}

/// Every scope a service client can be given, sorted.
#[must_use]
pub fn client_scopes() -> Vec<&'static str> {
    let mut scopes: Vec<_> = RULES
        .iter()
        .filter(|rule| rule.relation(Role::IntegrationClient).is_some())
        .map(|rule| rule.scope)
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device_authorisation::is_barred;
    use crate::flag::STAND_INS;

    #[test]
    fn every_operation_has_exactly_one_row() {
        for operation in Operation::VARIANTS {
            let rows = RULES.iter().filter(|rule| rule.operation == *operation).count();
            assert_eq!(rows, 1, "{operation}");
        }
    }

    #[test]
    fn a_row_names_a_role_once() {
        for rule in RULES {
            for (role, _) in rule.grants {
                let named = rule.grants.iter().filter(|(other, _)| other == role).count();
                assert_eq!(named, 1, "{} names {role} {named} times", rule.operation);
            }
        }
    }

    #[test]
    fn an_administrator_reaches_no_record_content() {
        for rule in RULES {
            let about_records = [
                "participants:",
                "answers:",
                "assessments:",
                "care_plans:",
                "flags:",
                "identity:",
                "consents:",
                "rights:",
            ]
            .iter()
            .any(|prefix| rule.scope.starts_with(prefix));
            if about_records {
                assert_eq!(rule.relation(Role::Admin), None, "{}", rule.operation);
            }
        }
    }

    #[test]
    fn what_gives_power_asks_for_a_fresh_sign_in() {
        for rule in RULES {
            // A client has nobody who could show that it is he.
            assert!(!rule.fresh || rule.relation(Role::IntegrationClient).is_none(), "{}", rule.operation);
            assert!(!rule.fresh || !rule.operation.is_for_enrolment(), "{}", rule.operation);
        }
        for operation in [
            Operation::CreatePerson,
            Operation::CreateMembership,
            Operation::ConfirmMembership,
            Operation::RemoveSecondFactor,
            Operation::ReplaceRecoveryCodes,
            Operation::CreateClient,
            Operation::DryRunAlertRule,
            Operation::DecideRightsRequest,
            Operation::ApproveRightsRequest,
            Operation::FulfilRightsRequest,
            Operation::LiftRestriction,
            Operation::GetAccessReport,
            Operation::ApproveDeviceAuthorisation,
        ] {
            assert!(operation.rule().unwrap().fresh, "{operation}");
        }
    }

    #[test]
    fn an_emergency_opens_what_is_read_at_ones_own_sites_and_nothing_else() {
        // What carries the record out of the house stays shut.
        let carried = [Operation::ExportQuestionnaireResponse, Operation::PrintCarePlan];
        for rule in RULES {
            for role in Role::VARIANTS {
                let reads = crate::access_rule::reads_records(rule.operation);
                let at_site = rule.relation(*role) == Some(Relation::Site);
                let expected = role.breaks_glass() && at_site && reads && !carried.contains(&rule.operation);
                assert_eq!(rule.opens_in_emergency(*role), expected, "{role} {}", rule.operation);
            }
            assert!(
                rule.grants.iter().all(|(_, relation)| *relation != Relation::Emergency),
                "{}",
                rule.operation
            );
        }
        let create = Operation::CreateEmergencyAccess.rule().unwrap();
        for role in Role::VARIANTS {
            assert_eq!(create.relation(*role).is_some(), role.breaks_glass(), "{role}");
        }
        assert!(create.fresh);
    }

    #[test]
    fn no_device_is_let_in_by_who_is_barred_from_it() {
        for operation in [
            Operation::LookUpDeviceAuthorisation,
            Operation::ApproveDeviceAuthorisation,
            Operation::DenyDeviceAuthorisation,
        ] {
            for role in Role::VARIANTS.iter().filter(|role| is_barred(**role)) {
                assert_eq!(relation(operation, *role), None, "{role} {operation}");
            }
            assert_eq!(relation(operation, Role::Supporter), Some(Relation::Own));
        }
    }

    #[test]
    fn no_client_can_read_a_flag() {
        for operation in [Operation::ListFlags, Operation::GetFlag, Operation::ListFlagEntries] {
            assert_eq!(relation(operation, Role::IntegrationClient), None);
        }
    }

    #[test]
    fn only_safeguarding_leads_and_who_stands_in_for_them_reach_the_case() {
        for operation in [
            Operation::ListFlags,
            Operation::GetFlag,
            Operation::AcknowledgeFlag,
            Operation::ListFlagEntries,
            Operation::AddFlagEntry,
            Operation::ListFlagExclusions,
            Operation::AddFlagExclusion,
        ] {
            for role in Role::VARIANTS {
                let expected = match role {
                    Role::SafeguardingLead => Some(Relation::Programme),
                    role if STAND_INS.contains(role) => Some(Relation::StandIn),
                    _ => None,
                };
                assert_eq!(relation(operation, *role), expected, "{role} {operation}");
            }
        }
    }
}
