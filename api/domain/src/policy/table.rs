//! The policy table. A row per operation: the scope a client needs, then each role with how far it reaches.
//!
//! The source is the roles and permissions matrix of the domain: deny by default, supporters through an active
//! assignment only, administrators without record content, the safeguarding case for safeguarding leads alone and, where a flag names the
//! last of them, for who stands in.

use super::Relation::{Assigned, Installation, Own, Programme, Site, StandIn};
use super::Role::{
    Admin, Clinician, Coordinator, DataManager, IntegrationClient, Monitor, Participant, PrivacyOfficer,
    Researcher, SafeguardingLead, Statistician, Supervisor, Supporter, TrialManager,
};
use super::{Operation as Op, Relation, Role, Rule};

type Grants = &'static [(Role, Relation)];

const fn rule(operation: Op, scope: &'static str, grants: Grants) -> Rule {
    Rule { operation, scope, grants, fresh: false }
}

/// As [`rule`], for who has just shown that it is he who sits there.
const fn fresh(operation: Op, scope: &'static str, grants: Grants) -> Rule {
    Rule { operation, scope, grants, fresh: true }
}

const EVERYONE_OWN: Grants = &[
    (Participant, Own),
    (Supporter, Own),
    (Coordinator, Own),
    (Supervisor, Own),
    (SafeguardingLead, Own),
    (Clinician, Own),
    (Researcher, Own),
    (TrialManager, Own),
    (DataManager, Own),
    (Statistician, Own),
    (Monitor, Own),
    (PrivacyOfficer, Own),
    (Admin, Own),
    (IntegrationClient, Own),
];

/// What belongs to the caller's own account.
const EVERY_PERSON_OWN: Grants = &[
    (Participant, Own),
    (Supporter, Own),
    (Coordinator, Own),
    (Supervisor, Own),
    (SafeguardingLead, Own),
    (Clinician, Own),
    (Researcher, Own),
    (TrialManager, Own),
    (DataManager, Own),
    (Statistician, Own),
    (Monitor, Own),
    (PrivacyOfficer, Own),
    (Admin, Own),
];

/// Letting a shared device in. Not those whose account a thief would want most: see
/// [`crate::device_authorisation::is_barred`].
const LET_A_DEVICE_IN: Grants = &[
    (Supporter, Own),
    (Coordinator, Own),
    (Supervisor, Own),
    (Clinician, Own),
    (Researcher, Own),
    (TrialManager, Own),
    (DataManager, Own),
    (Statistician, Own),
    (Monitor, Own),
];

/// What describes the programme itself: nothing about a person.
const EVERYONE_IN_PROGRAMME: Grants = &[
    (Participant, Programme),
    (Supporter, Programme),
    (Coordinator, Programme),
    (Supervisor, Programme),
    (SafeguardingLead, Programme),
    (Clinician, Programme),
    (Researcher, Programme),
    (TrialManager, Programme),
    (DataManager, Programme),
    (Statistician, Programme),
    (Monitor, Programme),
    (PrivacyOfficer, Programme),
    (Admin, Installation),
    (IntegrationClient, Programme),
];

const ADMIN_ONLY: Grants = &[(Admin, Installation)];

/// The record with its pseudonym, access needs and status.
const READ_PARTICIPANT: Grants = &[
    (Participant, Own),
    (Supporter, Assigned),
    (Coordinator, Site),
    (SafeguardingLead, Programme),
    (Clinician, Site),
    (Researcher, Site),
    (TrialManager, Programme),
    (DataManager, Programme),
    (Statistician, Programme),
    (Monitor, Programme),
    (PrivacyOfficer, Programme),
    (IntegrationClient, Programme),
];

const READ_IDENTITY: Grants = &[
    (Participant, Own),
    (Supporter, Assigned),
    (Coordinator, Site),
    (SafeguardingLead, Programme),
    (Clinician, Site),
    (Researcher, Site),
    (Monitor, Programme),
    (PrivacyOfficer, Programme),
];

const READ_CONSENT: Grants = &[
    (Participant, Own),
    (Supporter, Assigned),
    (Coordinator, Site),
    (SafeguardingLead, Programme),
    (Clinician, Site),
    (Researcher, Site),
    (TrialManager, Programme),
    (DataManager, Programme),
    (Statistician, Programme),
    (Monitor, Programme),
    (PrivacyOfficer, Programme),
    (IntegrationClient, Programme),
];

/// How he came to stand where he stands; a supporter knows where, and no more.
const READ_STATUS_CHANGES: Grants = &[
    (Participant, Own),
    (Coordinator, Site),
    (SafeguardingLead, Programme),
    (Clinician, Site),
    (Researcher, Site),
    (TrialManager, Programme),
    (DataManager, Programme),
    (Statistician, Programme),
    (Monitor, Programme),
    (PrivacyOfficer, Programme),
    (IntegrationClient, Programme),
];

/// Taking somebody in, and recording where he goes from there.
const TAKE_CONSENT: Grants = &[(Coordinator, Site), (Researcher, Site), (IntegrationClient, Programme)];

const READ_ASSIGNMENT: Grants = &[
    (Participant, Own),
    (Supporter, Own),
    (Coordinator, Site),
    (Supervisor, Programme),
    (SafeguardingLead, Programme),
    (Clinician, Site),
    (Researcher, Site),
    (TrialManager, Programme),
    (Monitor, Programme),
    (PrivacyOfficer, Programme),
];

const ARRANGE_ASSIGNMENT: Grants = &[(Coordinator, Site)];
const CARRY_ASSIGNMENT: Grants = &[(Supporter, Own), (Coordinator, Site)];

/// Status and provenance of an assessment; its answers are a matter of their own.
const READ_ASSESSMENT: Grants = &[
    (Participant, Own),
    (Supporter, Assigned),
    (Coordinator, Site),
    (Clinician, Site),
    (Researcher, Site),
    (TrialManager, Programme),
    (DataManager, Programme),
    (Statistician, Programme),
    (Monitor, Programme),
    (IntegrationClient, Programme),
];

/// Helping or filling in: those who may stand at the form while it is open.
const FILL_ASSESSMENT: Grants = &[
    (Participant, Own),
    (Supporter, Assigned),
    (Clinician, Site),
    (Researcher, Site),
    (IntegrationClient, Programme),
];

const READ_ANSWERS: Grants = &[
    (Participant, Own),
    (Supporter, Assigned),
    (Clinician, Site),
    (Researcher, Site),
    (DataManager, Programme),
    (Statistician, Programme),
    (Monitor, Programme),
    (IntegrationClient, Programme),
];

const AMEND_ASSESSMENT: Grants = &[(Clinician, Site), (Researcher, Site), (DataManager, Programme)];

/// Typing a paper form in. Two persons do it, each for himself: no program, which has no second pair of eyes.
const ENTER_PAPER: Grants = &[(Researcher, Site), (DataManager, Programme)];
const READ_PAPER: Grants = &[(Researcher, Site), (DataManager, Programme), (Monitor, Programme)];
const ADJUDICATE_PAPER: Grants = &[(DataManager, Programme)];
/// Numbers of the programme, and nothing of any one form.
const READ_DISCREPANCY_RATES: Grants =
    &[(TrialManager, Programme), (DataManager, Programme), (Monitor, Programme)];

const READ_SUMMARY: Grants = &[
    (Participant, Own),
    (Clinician, Site),
    (Researcher, Site),
    (DataManager, Programme),
    (Statistician, Programme),
    (Monitor, Programme),
    (IntegrationClient, Programme),
];

/// What alert rules found. Not the supporter, who is told only that a call is arranged; of what there is, safeguarding
/// leads see what concerns safety, and nobody else sees what concerns safety at home.
const READ_FINDINGS: Grants = &[
    (SafeguardingLead, Programme),
    (Clinician, Site),
    (Researcher, Site),
    (Statistician, Programme),
    (Monitor, Programme),
];

/// To answer a version as if one were a participant. Nothing is kept.
const TRY_INSTRUMENT: Grants = &[
    (Clinician, Programme),
    (Researcher, Programme),
    (TrialManager, Programme),
    (DataManager, Programme),
    (IntegrationClient, Programme),
];

const READ_CARE_PLAN: Grants =
    &[(Participant, Own), (Clinician, Site), (Researcher, Site), (Monitor, Programme)];
const WORK_CARE_PLAN: Grants = &[(Clinician, Site)];

/// Where to turn to nearby: kept by those who arrange help and by those who give it.
const KEEP_SIGNPOSTS: Grants = &[(Coordinator, Site), (Clinician, Site), (TrialManager, Programme)];

/// What somebody asks of his own record: he himself, those who may write it down for him, and those who answer it.
const READ_RIGHTS: Grants =
    &[(Participant, Own), (Coordinator, Site), (SafeguardingLead, Programme), (PrivacyOfficer, Programme)];
const ASK_RIGHTS: Grants = &[(Participant, Own), (Coordinator, Site), (PrivacyOfficer, Programme)];
const CHECK_RIGHTS: Grants = &[(Coordinator, Site), (PrivacyOfficer, Programme)];
/// What leaves the house is decided by two, who look for different things.
const DECIDE_RIGHTS: Grants = &[(SafeguardingLead, Programme), (PrivacyOfficer, Programme)];
const ANSWER_RIGHTS: Grants = &[(PrivacyOfficer, Programme)];
const READ_REPORT: Grants = &[(Participant, Own), (PrivacyOfficer, Programme)];

const RAISE_FLAG: Grants = &[
    (Participant, Own),
    (Supporter, Assigned),
    (Coordinator, Site),
    (Supervisor, Programme),
    (SafeguardingLead, Programme),
    (Clinician, Site),
    (Researcher, Site),
    (TrialManager, Programme),
    (IntegrationClient, Programme),
];

/// The case. Those who stand in see nothing of a flag that a safeguarding lead can act on.
const SAFEGUARDING: Grants = &[
    (SafeguardingLead, Programme),
    (PrivacyOfficer, StandIn),
    (TrialManager, StandIn),
    (Supervisor, StandIn),
];

pub static RULES: &[Rule] = &[
    rule(Op::GetCurrentSession, "session", EVERYONE_OWN),
    rule(Op::EndCurrentSession, "session", EVERYONE_OWN),
    rule(Op::ListSessions, "session", EVERY_PERSON_OWN),
    rule(Op::EndSession, "session", EVERY_PERSON_OWN),
    rule(Op::StepUpSession, "session", EVERY_PERSON_OWN),
    rule(Op::ListSupporterSessions, "people:read", &[(Coordinator, Site)]),
    rule(Op::EndSupporterSession, "people:write", &[(Coordinator, Site)]),
    rule(Op::ChangePassword, "session", EVERY_PERSON_OWN),
    rule(Op::GetSecondFactor, "session", EVERY_PERSON_OWN),
    rule(Op::EnrolSecondFactor, "session", EVERY_PERSON_OWN),
    rule(Op::ConfirmSecondFactor, "session", EVERY_PERSON_OWN),
    fresh(Op::ReplaceRecoveryCodes, "session", EVERY_PERSON_OWN),
    fresh(Op::RemoveSecondFactor, "people:write", ADMIN_ONLY),
    rule(Op::LookUpDeviceAuthorisation, "session", LET_A_DEVICE_IN),
    fresh(Op::ApproveDeviceAuthorisation, "session", LET_A_DEVICE_IN),
    rule(Op::DenyDeviceAuthorisation, "session", LET_A_DEVICE_IN),
    rule(Op::ListProgrammes, "programmes:read", EVERYONE_IN_PROGRAMME),
    rule(Op::CreateProgramme, "programmes:write", ADMIN_ONLY),
    rule(Op::GetProgramme, "programmes:read", EVERYONE_IN_PROGRAMME),
    rule(Op::UpdateProgramme, "programmes:write", &[(TrialManager, Programme), (Admin, Installation)]),
    rule(Op::ListSites, "sites:read", EVERYONE_IN_PROGRAMME),
    rule(Op::CreateSite, "sites:write", &[(TrialManager, Programme), (Admin, Installation)]),
    rule(Op::GetSite, "sites:read", EVERYONE_IN_PROGRAMME),
    rule(Op::UpdateSite, "sites:write", &[(TrialManager, Programme), (Admin, Installation)]),
    rule(
        Op::ListPeople,
        "people:read",
        &[
            (Supporter, Own),
            (Coordinator, Programme),
            (Supervisor, Programme),
            (SafeguardingLead, Programme),
            (Clinician, Own),
            (Researcher, Own),
            (TrialManager, Programme),
            (Monitor, Programme),
            (PrivacyOfficer, Programme),
            (Admin, Installation),
        ],
    ),
    fresh(Op::CreatePerson, "people:write", ADMIN_ONLY),
    rule(
        Op::GetPerson,
        "people:read",
        &[
            (Participant, Own),
            (Supporter, Own),
            (Coordinator, Programme),
            (Supervisor, Programme),
            (SafeguardingLead, Programme),
            (Clinician, Own),
            (Researcher, Own),
            (TrialManager, Programme),
            (Monitor, Programme),
            (PrivacyOfficer, Programme),
            (Admin, Installation),
        ],
    ),
    rule(Op::UpdatePerson, "people:write", ADMIN_ONLY),
    rule(Op::DeactivatePerson, "people:write", ADMIN_ONLY),
    rule(Op::ReactivatePerson, "people:write", ADMIN_ONLY),
    fresh(Op::CreateMembership, "people:write", ADMIN_ONLY),
    fresh(
        Op::ConfirmMembership,
        "people:write",
        &[(SafeguardingLead, Programme), (PrivacyOfficer, Programme), (Admin, Installation)],
    ),
    rule(Op::EndMembership, "people:write", ADMIN_ONLY),
    rule(Op::ListClients, "clients:read", ADMIN_ONLY),
    fresh(Op::CreateClient, "clients:write", ADMIN_ONLY),
    rule(Op::UpdateClient, "clients:write", ADMIN_ONLY),
    rule(Op::RevokeClient, "clients:write", ADMIN_ONLY),
    rule(Op::CreateClientSecret, "clients:write", ADMIN_ONLY),
    rule(Op::ListParticipants, "participants:read", READ_PARTICIPANT),
    rule(
        Op::CreateParticipant,
        "participants:write",
        &[(Coordinator, Site), (Researcher, Site), (IntegrationClient, Programme)],
    ),
    rule(Op::GetParticipant, "participants:read", READ_PARTICIPANT),
    rule(
        Op::UpdateParticipant,
        "participants:write",
        &[(Coordinator, Site), (Researcher, Site), (IntegrationClient, Programme)],
    ),
    rule(Op::GetParticipantIdentity, "identity:read", READ_IDENTITY),
    rule(
        Op::UpdateParticipantIdentity,
        "identity:write",
        &[(Participant, Own), (Coordinator, Site), (Researcher, Site)],
    ),
    rule(
        Op::ListParticipantAuditEvents,
        "audit:read",
        &[(Participant, Own), (Monitor, Programme), (PrivacyOfficer, Programme)],
    ),
    rule(Op::ListDigitalProfiles, "participants:read", READ_PARTICIPANT),
    rule(
        Op::CreateDigitalProfile,
        "participants:write",
        &[(Coordinator, Site), (Researcher, Site), (IntegrationClient, Programme)],
    ),
    rule(Op::ListStatusChanges, "participants:read", READ_STATUS_CHANGES),
    rule(Op::CreateStatusChange, "participants:write", TAKE_CONSENT),
    rule(Op::ListConsentForms, "consents:read", READ_FORMS),
    rule(Op::CreateConsentForm, "consents:write", &[(TrialManager, Programme)]),
    rule(Op::GetConsentForm, "consents:read", READ_FORMS),
    rule(Op::ListConsents, "consents:read", READ_CONSENT),
    rule(Op::CreateConsent, "consents:write", TAKE_CONSENT),
    rule(Op::GetConsent, "consents:read", READ_CONSENT),
    rule(Op::WithdrawConsent, "consents:write", TAKE_CONSENT),
    rule(Op::ListAssignments, "assignments:read", READ_ASSIGNMENT),
    rule(Op::CreateAssignment, "assignments:write", ARRANGE_ASSIGNMENT),
    rule(Op::GetAssignment, "assignments:read", READ_ASSIGNMENT),
    rule(Op::AcceptAssignment, "assignments:write", CARRY_ASSIGNMENT),
    rule(Op::IntroduceAssignment, "assignments:write", ARRANGE_ASSIGNMENT),
    rule(Op::ActivateAssignment, "assignments:write", ARRANGE_ASSIGNMENT),
    rule(Op::HoldAssignment, "assignments:write", ARRANGE_ASSIGNMENT),
    rule(Op::ResumeAssignment, "assignments:write", ARRANGE_ASSIGNMENT),
    rule(Op::EndAssignment, "assignments:write", ARRANGE_ASSIGNMENT),
    rule(Op::WithdrawAssignment, "assignments:write", CARRY_ASSIGNMENT),
    rule(Op::ListInstruments, "instruments:read", EVERYONE_IN_PROGRAMME_BUT_ADMIN),
    rule(
        Op::CreateInstrument,
        "instruments:write",
        &[(TrialManager, Programme), (DataManager, Programme), (IntegrationClient, Programme)],
    ),
    rule(Op::GetInstrument, "instruments:read", EVERYONE_IN_PROGRAMME_BUT_ADMIN),
    rule(Op::ActivateInstrument, "instruments:write", &[(TrialManager, Programme)]),
    rule(Op::RetireInstrument, "instruments:write", &[(TrialManager, Programme)]),
    rule(Op::TryInstrument, "instruments:read", TRY_INSTRUMENT),
    rule(Op::ListTranslations, "instruments:read", EVERYONE_IN_PROGRAMME_BUT_ADMIN),
    rule(Op::GetTranslation, "instruments:read", EVERYONE_IN_PROGRAMME_BUT_ADMIN),
    rule(
        Op::PutTranslation,
        "instruments:write",
        &[(TrialManager, Programme), (DataManager, Programme), (IntegrationClient, Programme)],
    ),
    rule(Op::PublishTranslation, "instruments:write", &[(TrialManager, Programme)]),
    rule(Op::CompareInstruments, "instruments:read", EVERYONE_IN_PROGRAMME_BUT_ADMIN),
    rule(Op::GetCodebook, "instruments:read", EVERYONE_IN_PROGRAMME_BUT_ADMIN),
    fresh(Op::DryRunAlertRule, "instruments:write", &[(TrialManager, Programme), (DataManager, Programme)]),
    rule(Op::ListAssessments, "assessments:read", READ_ASSESSMENT),
    rule(Op::CreateAssessment, "assessments:write", FILL_ASSESSMENT),
    rule(Op::GetAssessment, "assessments:read", READ_ASSESSMENT),
    rule(Op::OpenAssistanceSession, "assessments:write", FILL_ASSESSMENT),
    rule(Op::CloseAssistanceSession, "assessments:write", FILL_ASSESSMENT),
    rule(Op::StartSegment, "assessments:write", FILL_ASSESSMENT),
    rule(Op::OpenPrivateSection, "assessments:write", FILL_ASSESSMENT),
    rule(Op::SaveAnswers, "assessments:write", FILL_ASSESSMENT),
    rule(Op::ListAnswers, "answers:read", READ_ANSWERS),
    rule(Op::SubmitAssessment, "assessments:write", FILL_ASSESSMENT),
    rule(Op::AbandonAssessment, "assessments:write", FILL_ASSESSMENT),
    rule(Op::AmendAssessment, "answers:amend", AMEND_ASSESSMENT),
    rule(Op::GetAssessmentSummary, "answers:read", READ_SUMMARY),
    rule(Op::GetAssessmentScores, "answers:read", READ_SUMMARY),
    rule(Op::ListOutcomes, "answers:read", READ_SUMMARY),
    rule(Op::CreatePaperEntry, "answers:enter", ENTER_PAPER),
    rule(Op::ListPaperEntries, "answers:read", READ_PAPER),
    rule(Op::ComparePaperEntries, "answers:read", READ_PAPER),
    rule(Op::AdjudicatePaperEntries, "answers:adjudicate", ADJUDICATE_PAPER),
    rule(Op::GetDiscrepancyRates, "reports:read", READ_DISCREPANCY_RATES),
    rule(Op::ExplainItem, "answers:read", READ_ANSWERS),
    rule(Op::ListFindings, "findings:read", READ_FINDINGS),
    rule(
        Op::ImportQuestionnaireResponse,
        "assessments:write",
        &[(Researcher, Site), (DataManager, Programme), (IntegrationClient, Programme)],
    ),
    rule(Op::ExportQuestionnaireResponse, "answers:read", READ_SUMMARY),
    rule(Op::ValidateQuestionnaireResponse, "instruments:read", EVERYONE_IN_PROGRAMME_BUT_ADMIN),
    rule(Op::ListCarePlans, "care_plans:read", READ_CARE_PLAN),
    rule(Op::GetCarePlan, "care_plans:read", READ_CARE_PLAN),
    rule(Op::AddCarePlanAction, "care_plans:write", WORK_CARE_PLAN),
    rule(Op::UpdateCarePlanAction, "care_plans:write", WORK_CARE_PLAN),
    rule(Op::DiscussCarePlan, "care_plans:write", WORK_CARE_PLAN),
    rule(Op::AgreeCarePlan, "care_plans:write", WORK_CARE_PLAN),
    rule(Op::ShareCarePlan, "care_plans:write", WORK_CARE_PLAN),
    rule(Op::CloseCarePlan, "care_plans:write", WORK_CARE_PLAN),
    rule(Op::PrintCarePlan, "care_plans:read", READ_CARE_PLAN),
    rule(Op::ReviewCarePlan, "care_plans:write", WORK_CARE_PLAN),
    rule(Op::ReviseCarePlan, "care_plans:write", WORK_CARE_PLAN),
    rule(Op::ListSignposts, "signposts:read", EVERYONE_IN_PROGRAMME_BUT_ADMIN),
    rule(Op::CreateSignpost, "signposts:write", KEEP_SIGNPOSTS),
    rule(Op::GetSignpost, "signposts:read", EVERYONE_IN_PROGRAMME_BUT_ADMIN),
    rule(Op::UpdateSignpost, "signposts:write", KEEP_SIGNPOSTS),
    rule(Op::ReviewSignpost, "signposts:write", KEEP_SIGNPOSTS),
    rule(Op::RetireSignpost, "signposts:write", KEEP_SIGNPOSTS),
    rule(Op::ListRightsRequests, "rights:read", READ_RIGHTS),
    rule(Op::CreateRightsRequest, "rights:write", ASK_RIGHTS),
    rule(Op::GetRightsRequest, "rights:read", READ_RIGHTS),
    rule(Op::CheckRightsIdentity, "rights:write", CHECK_RIGHTS),
    rule(Op::ScopeRightsRequest, "rights:write", ANSWER_RIGHTS),
    rule(Op::PauseRightsRequest, "rights:write", ANSWER_RIGHTS),
    rule(Op::ResumeRightsRequest, "rights:write", ANSWER_RIGHTS),
    rule(Op::ExtendRightsRequest, "rights:write", ANSWER_RIGHTS),
    fresh(Op::DecideRightsRequest, "rights:write", DECIDE_RIGHTS),
    fresh(Op::ApproveRightsRequest, "rights:write", ANSWER_RIGHTS),
    fresh(Op::FulfilRightsRequest, "rights:write", ANSWER_RIGHTS),
    rule(Op::RefuseRightsRequest, "rights:write", ANSWER_RIGHTS),
    fresh(Op::LiftRestriction, "rights:write", ANSWER_RIGHTS),
    fresh(Op::GetAccessReport, "rights:read", READ_REPORT),
    rule(Op::CreateFlag, "flags:create", RAISE_FLAG),
    rule(Op::GetFlagReceipt, "flags:create", RAISE_FLAG_OWN),
    rule(Op::ListFlags, "flags:read", SAFEGUARDING),
    rule(Op::GetFlag, "flags:read", SAFEGUARDING),
    rule(Op::AcknowledgeFlag, "flags:write", SAFEGUARDING),
    rule(Op::ListFlagEntries, "flags:read", SAFEGUARDING),
    rule(Op::AddFlagEntry, "flags:write", SAFEGUARDING),
    rule(Op::ListFlagExclusions, "flags:read", SAFEGUARDING),
    rule(Op::AddFlagExclusion, "flags:write", SAFEGUARDING),
    rule(Op::ListAuditEvents, "audit:read", &[(Monitor, Programme), (PrivacyOfficer, Programme)]),
    rule(Op::ListAccessNotices, "access_notices:read", &[(Monitor, Programme), (PrivacyOfficer, Programme)]),
    rule(Op::AcknowledgeAccessNotice, "access_notices:write", &[(PrivacyOfficer, Programme)]),
    // Whose record it may be is the programme's; which one, two identifiers say.
    fresh(
        Op::CreateEmergencyAccess,
        "emergency_accesses:create",
        &[(Coordinator, Programme), (Clinician, Programme)],
    ),
    rule(Op::ListEmergencyAccesses, "emergency_accesses:read", READ_EMERGENCY_ACCESS),
    rule(Op::GetEmergencyAccess, "emergency_accesses:read", READ_EMERGENCY_ACCESS),
    rule(
        Op::EndEmergencyAccess,
        "emergency_accesses:create",
        &[(Coordinator, Own), (Clinician, Own), (PrivacyOfficer, Programme)],
    ),
    rule(Op::HoldEmergencyAccess, "emergency_accesses:write", REVIEW_EMERGENCY_ACCESS),
    rule(Op::ReleaseEmergencyAccess, "emergency_accesses:write", REVIEW_EMERGENCY_ACCESS),
    rule(Op::ReviewEmergencyAccess, "emergency_accesses:write", REVIEW_EMERGENCY_ACCESS),
];

/// What an emergency access opens besides: everything that clinicians and coordinators read of a record at their own sites,
/// but what carries it out of the house.
pub static IN_EMERGENCY: &[Op] = &[
    Op::ListParticipants,
    Op::GetParticipant,
    Op::GetParticipantIdentity,
    Op::ListDigitalProfiles,
    Op::ListStatusChanges,
    Op::ListConsents,
    Op::GetConsent,
    Op::ListAssignments,
    Op::GetAssignment,
    Op::ListAssessments,
    Op::GetAssessment,
    Op::ListAnswers,
    Op::ExplainItem,
    Op::GetAssessmentSummary,
    Op::GetAssessmentScores,
    Op::ListOutcomes,
    Op::ListFindings,
    Op::ListCarePlans,
    Op::GetCarePlan,
];

/// Who opened a record in an emergency sees his own uses; safeguarding leads and privacy officers are told of all.
const READ_EMERGENCY_ACCESS: Grants = &[
    (Coordinator, Own),
    (SafeguardingLead, Programme),
    (Clinician, Own),
    (Monitor, Programme),
    (PrivacyOfficer, Programme),
];
const REVIEW_EMERGENCY_ACCESS: Grants = &[(PrivacyOfficer, Programme)];

const RAISE_FLAG_OWN: Grants = &[
    (Participant, Own),
    (Supporter, Own),
    (Coordinator, Own),
    (Supervisor, Own),
    (SafeguardingLead, Own),
    (Clinician, Own),
    (Researcher, Own),
    (TrialManager, Own),
    (IntegrationClient, Own),
];

const READ_FORMS: Grants = &[
    (Participant, Programme),
    (Supporter, Programme),
    (Coordinator, Programme),
    (SafeguardingLead, Programme),
    (Clinician, Programme),
    (Researcher, Programme),
    (TrialManager, Programme),
    (DataManager, Programme),
    (Monitor, Programme),
    (PrivacyOfficer, Programme),
    (IntegrationClient, Programme),
];

const EVERYONE_IN_PROGRAMME_BUT_ADMIN: Grants = &[
    (Participant, Programme),
    (Supporter, Programme),
    (Coordinator, Programme),
    (Supervisor, Programme),
    (SafeguardingLead, Programme),
    (Clinician, Programme),
    (Researcher, Programme),
    (TrialManager, Programme),
    (DataManager, Programme),
    (Statistician, Programme),
    (Monitor, Programme),
    (PrivacyOfficer, Programme),
    (IntegrationClient, Programme),
];
