//! The audit log as people read it.

use serde::{Deserialize, Serialize};
use strum::VariantArray as _;

use crate::policy::Operation;

/// What came of a request.
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
pub enum Outcome {
    /// It was done or shown.
    Done,
    /// It was refused: nothing was shown.
    Refused,
    /// It did not fit the state of the record or the rules: nothing was changed.
    NotPossible,
    /// It failed on our side.
    Failed,
}

impl Outcome {
    /// What an HTTP status says about the request.
    #[must_use]
    pub fn of_status(status: i32) -> Self {
        match status {
            100..400 => Self::Done,
            401 | 403 | 404 => Self::Refused,
            400..500 => Self::NotPossible,
            _ => Self::Failed,
        }
    }
}

/// Whether the operation is about safeguarding flags. Its events are read by nobody but the flags' own audience:
/// that somebody looked for a flag tells that there may be one.
#[must_use]
pub fn is_confidential(operation: Operation) -> bool {
    operation.rule().is_none_or(|rule| rule.scope.starts_with("flags:"))
}

/// All operations whose events are [confidential](is_confidential).
pub fn confidential() -> impl Iterator<Item = Operation> {
    Operation::VARIANTS.iter().copied().filter(|operation| is_confidential(*operation))
}

/// What the operation does, for the person whose record it is.
#[must_use]
pub const fn in_plain_words(operation: Operation) -> &'static str {
    use Operation as Op;
    match operation {
        Op::GetCurrentSession => "Looked at their own sign-in",
        Op::EndCurrentSession => "Signed out",
        Op::ListSessions => "Looked at where they are signed in",
        Op::EndSession => "Signed out on another device",
        Op::StepUpSession => "Showed once more who they are",
        Op::ListSupporterSessions => "Looked at where supporters are signed in",
        Op::EndSupporterSession => "Signed a supporter out on a device",
        Op::ChangePassword => "Changed their password",
        Op::GetSecondFactor => "Looked at their second factor",
        Op::EnrolSecondFactor => "Began to set up a second factor",
        Op::ConfirmSecondFactor => "Set up a second factor",
        Op::ReplaceRecoveryCodes => "Made new recovery codes",
        Op::RemoveSecondFactor => "Took a second factor away",
        Op::LookUpDeviceAuthorisation => "Looked at a device that wanted to be signed in",
        Op::ApproveDeviceAuthorisation => "Signed a device in",
        Op::DenyDeviceAuthorisation => "Refused a device",
        Op::ListProgrammes => "Looked at the list of programmes",
        Op::CreateProgramme => "Set up a programme",
        Op::GetProgramme => "Looked at a programme",
        Op::UpdateProgramme => "Changed a programme",
        Op::ListSites => "Looked at the list of sites",
        Op::CreateSite => "Set up a site",
        Op::GetSite => "Looked at a site",
        Op::UpdateSite => "Changed a site",
        Op::ListPeople => "Looked at the list of people with an account",
        Op::CreatePerson => "Set up an account",
        Op::GetPerson => "Looked at an account",
        Op::UpdatePerson => "Changed an account",
        Op::DeactivatePerson => "Closed an account",
        Op::ReactivatePerson => "Opened an account again",
        Op::CreateMembership => "Gave someone a role",
        Op::ConfirmMembership => "Confirmed a role as the second person",
        Op::EndMembership => "Took a role away",
        Op::ListClients => "Looked at the list of connected programs",
        Op::CreateClient => "Connected a program",
        Op::UpdateClient => "Changed what a connected program may ask for",
        Op::RevokeClient => "Cut off a connected program",
        Op::CreateClientSecret => "Gave a program a new secret",
        Op::ListParticipants => "Saw the record in a list",
        Op::CreateParticipant => "Made the record",
        Op::GetParticipant => "Looked at the record",
        Op::UpdateParticipant => "Changed the record",
        Op::GetParticipantIdentity => "Looked at name and contact details",
        Op::UpdateParticipantIdentity => "Changed name or contact details",
        Op::ListParticipantAuditEvents => "Looked at who has used the record",
        Op::ListDigitalProfiles => "Looked at what is known about using the internet",
        Op::CreateDigitalProfile => "Noted how the person uses the internet",
        Op::ListStatusChanges => "Looked at the way through the programme",
        Op::CreateStatusChange => "Noted a step on the way through the programme",
        Op::ListConsentForms => "Looked at the list of consent forms",
        Op::CreateConsentForm => "Added a consent form",
        Op::GetConsentForm => "Looked at a consent form",
        Op::ListConsents => "Looked at what was agreed to",
        Op::CreateConsent => "Noted what was agreed to",
        Op::GetConsent => "Looked at what was agreed to",
        Op::WithdrawConsent => "Noted that an agreement was taken back",
        Op::ListAssignments => "Looked at who helps",
        Op::CreateAssignment => "Proposed a supporter",
        Op::GetAssignment => "Looked at who helps",
        Op::AcceptAssignment => "Accepted to help",
        Op::IntroduceAssignment => "Noted that the supporter was introduced",
        Op::ActivateAssignment => "Started the help by a supporter",
        Op::HoldAssignment => "Paused the help by a supporter",
        Op::ResumeAssignment => "Went on with the help by a supporter",
        Op::EndAssignment => "Ended the help by a supporter",
        Op::WithdrawAssignment => "Took back the proposal of a supporter",
        Op::ListInstruments => "Looked at the list of questionnaires",
        Op::CreateInstrument => "Added a questionnaire",
        Op::GetInstrument => "Looked at a questionnaire",
        Op::ActivateInstrument => "Took a questionnaire into use",
        Op::RetireInstrument => "Took a questionnaire out of use",
        Op::TryInstrument => "Tried a questionnaire out",
        Op::DryRunAlertRule => "Counted how often a rule would have found something",
        Op::ListTranslations => "Looked at the list of translations of a questionnaire",
        Op::GetTranslation => "Looked at a translation of a questionnaire",
        Op::PutTranslation => "Translated a questionnaire",
        Op::PublishTranslation => "Took a translation of a questionnaire into use",
        Op::CompareInstruments => "Compared two versions of a questionnaire",
        Op::GetCodebook => "Looked at the description of a questionnaire for analysts",
        Op::ValidateQuestionnaireResponse => "Had answers from elsewhere judged",
        Op::ListAssessments => "Looked at the list of assessments",
        Op::CreateAssessment => "Started an assessment",
        Op::GetAssessment => "Looked at the state of an assessment",
        Op::OpenAssistanceSession => "Started to help with an assessment",
        Op::CloseAssistanceSession => "Stopped helping with an assessment",
        Op::StartSegment => "Noted how help was given with an assessment",
        Op::OpenPrivateSection => "Opened a private part of an assessment to the helper",
        Op::SaveAnswers => "Saved answers",
        Op::ListAnswers => "Looked at answers",
        Op::SubmitAssessment => "Finished an assessment",
        Op::AbandonAssessment => "Stopped an assessment before its end",
        Op::AmendAssessment => "Corrected an answer",
        Op::GetAssessmentSummary => "Looked at the summary of an assessment",
        Op::GetAssessmentScores => "Looked at the scores of an assessment",
        Op::ListOutcomes => "Looked at how the scores of an assessment were corrected",
        Op::CreatePaperEntry => "Typed in a paper form",
        Op::ListPaperEntries => "Looked at how a paper form was typed in",
        Op::ComparePaperEntries => "Compared what two people typed in from a paper form",
        Op::AdjudicatePaperEntries => "Decided what a paper form says",
        Op::GetDiscrepancyRates => "Looked at how often typing in paper forms goes wrong",
        Op::ExplainItem => "Looked at why a question is asked",
        Op::ListFindings => "Looked at what was noticed in answers",
        Op::ImportQuestionnaireResponse => "Brought in answers from another program",
        Op::ExportQuestionnaireResponse => "Took out the answers for another program",
        Op::ListCarePlans => "Looked at the list of care plans",
        Op::GetCarePlan => "Looked at a care plan",
        Op::AddCarePlanAction => "Added to a care plan",
        Op::UpdateCarePlanAction => "Changed a care plan",
        Op::DiscussCarePlan => "Noted that a care plan was talked about",
        Op::AgreeCarePlan => "Noted that a care plan was agreed",
        Op::ShareCarePlan => "Sent a copy of a care plan",
        Op::CloseCarePlan => "Closed a care plan",
        Op::PrintCarePlan => "Printed a care plan",
        Op::ReviewCarePlan => "Looked at a care plan again with the person",
        Op::ReviseCarePlan => "Began a new version of a care plan",
        Op::ListSignposts => "Looked at the list of places to turn to",
        Op::CreateSignpost => "Added a place to turn to",
        Op::GetSignpost => "Looked at a place to turn to",
        Op::UpdateSignpost => "Changed a place to turn to",
        Op::ReviewSignpost => "Checked a place to turn to",
        Op::RetireSignpost => "Took a place to turn to out of use",
        Op::ListRightsRequests => "Looked at the list of requests about a record",
        Op::CreateRightsRequest => "Asked for something to be done with the record, or noted that",
        Op::GetRightsRequest => "Looked at a request about the record",
        Op::CheckRightsIdentity => "Made sure who asked for something to be done with the record",
        Op::ScopeRightsRequest => "Noted what a request about the record covers",
        Op::PauseRightsRequest => "Asked back about a request",
        Op::ResumeRightsRequest => "Noted an answer about a request",
        Op::ExtendRightsRequest => "Took more time for a request",
        Op::DecideRightsRequest => "Looked at what can go into a report",
        Op::ApproveRightsRequest => "Approved a request about the record",
        Op::FulfilRightsRequest => "Did what a request about the record asked for",
        Op::RefuseRightsRequest => "Refused a request about the record",
        Op::LiftRestriction => "Allowed the record to be used again",
        Op::GetAccessReport => "Fetched the report of all that is held",
        Op::CreateFlag
        | Op::GetFlagReceipt
        | Op::ListFlags
        | Op::GetFlag
        | Op::AcknowledgeFlag
        | Op::ListFlagEntries
        | Op::AddFlagEntry
        | Op::ListFlagExclusions
        | Op::AddFlagExclusion => "Worked on a confidential matter",
        Op::ListAuditEvents => "Looked at the audit log",
        Op::ListAccessNotices => "Looked at the list of unusual uses of records",
        Op::AcknowledgeAccessNotice => "Looked into an unusual use of records",
        Op::CreateEmergencyAccess => "Opened the record in an emergency",
        Op::ListEmergencyAccesses => "Looked at the list of records opened in an emergency",
        Op::GetEmergencyAccess => "Looked at how the record was opened in an emergency",
        Op::EndEmergencyAccess => "Ended an access to the record in an emergency",
        Op::HoldEmergencyAccess => "Decided that an access in an emergency is not told yet",
        Op::ReleaseEmergencyAccess => "Decided that an access in an emergency is told",
        Op::ReviewEmergencyAccess => "Looked into why the record was opened in an emergency",
    }
}

/// As [`in_plain_words`], for an operation as the log names it: with those that ask nobody who he is.
#[must_use]
pub fn named_in_plain_words(operation: &str) -> &'static str {
    match Operation::named(operation) {
        Some(operation) => in_plain_words(operation),
        None if operation == "create_activation" => "Chose a password",
        None => "Signed in",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_about_flags_is_confidential_and_nothing_else() {
        for operation in Operation::VARIANTS {
            assert_eq!(is_confidential(*operation), operation.name().contains("flag"), "{operation}");
        }
    }

    #[test]
    fn words_are_for_people() {
        for operation in Operation::VARIANTS {
            let words = in_plain_words(*operation);
            assert!(words.len() < 80 && !words.contains('_'), "{operation}");
        }
    }

    #[test]
    fn statuses_have_outcomes() {
        assert_eq!(Outcome::of_status(200), Outcome::Done);
        assert_eq!(Outcome::of_status(404), Outcome::Refused);
        assert_eq!(Outcome::of_status(409), Outcome::NotPossible);
        assert_eq!(Outcome::of_status(503), Outcome::Failed);
    }
}
