//! Who is in the demonstration. Every name says that it is invented.

use alongside_domain::assignment::State;
use alongside_domain::participant::Status;
use alongside_domain::policy::Role;

/// The people with an account, by the name under which a demonstration speaks of them.
pub const PEOPLE: [(&str, Role); 15] = [
    ("supporter_a", Role::Supporter),
    ("supporter_b", Role::Supporter),
    ("coordinator", Role::Coordinator),
    ("clinician", Role::Clinician),
    ("supervisor", Role::Supervisor),
    ("researcher", Role::Researcher),
    ("safeguarding_lead", Role::SafeguardingLead),
    ("safeguarding_deputy", Role::SafeguardingLead),
    ("admin", Role::Admin),
    ("trial_manager", Role::TrialManager),
    ("data_manager", Role::DataManager),
    ("statistician", Role::Statistician),
    ("monitor", Role::Monitor),
    ("privacy_officer", Role::PrivacyOfficer),
    ("participant_a", Role::Participant),
];

pub const GIVEN: [&str; 12] = [
    "Arlo", "Barnaby", "Cosmo", "Dorian", "Ellery", "Florian", "Gulliver", "Horatio", "Inigo", "Jolyon",
    "Kit", "Lysander",
];
pub const FAMILY: [&str; 2] = ["Example", "Specimen"];

/// What a participant agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreed {
    /// Nothing was asked yet, or he said no.
    Nothing,
    Everything,
    /// A supporter may be in touch, but sees no answers.
    HandsOff,
    /// No contact by a supporter.
    Alone,
    /// To everything, and took it all back.
    TakenBack,
}

/// One participant: where he stands, what he agreed to, and who helps him.
pub struct Part {
    pub status: Status,
    pub agreed: Agreed,
    pub helped: Option<(&'static str, State)>,
}

const fn part(status: Status, agreed: Agreed) -> Part {
    Part { status, agreed, helped: None }
}

const fn helped(status: Status, agreed: Agreed, supporter: &'static str, state: State) -> Part {
    Part { status, agreed, helped: Some((supporter, state)) }
}

/// The participants. Their access classes go round X0, X1, X2, X3; their sites take turns.
pub const PARTICIPANTS: [Part; 24] = [
    helped(Status::Active, Agreed::Everything, "supporter_a", State::Active),
    helped(Status::Active, Agreed::Everything, "supporter_a", State::Active),
    helped(Status::Active, Agreed::Everything, "supporter_a", State::Active),
    helped(Status::Baseline, Agreed::Everything, "supporter_a", State::Active),
    helped(Status::Consented, Agreed::HandsOff, "supporter_a", State::Active),
    helped(Status::Active, Agreed::Everything, "supporter_b", State::Active),
    helped(Status::Active, Agreed::Everything, "supporter_b", State::Active),
    helped(Status::Baseline, Agreed::Everything, "supporter_b", State::Active),
    helped(Status::Consented, Agreed::HandsOff, "supporter_b", State::Active),
    helped(Status::Allocated, Agreed::Everything, "supporter_b", State::Offered),
    part(Status::Active, Agreed::Alone),
    part(Status::Consented, Agreed::Everything),
    part(Status::Identified, Agreed::Nothing),
    part(Status::Approached, Agreed::Nothing),
    part(Status::Declined, Agreed::Nothing),
    helped(Status::Completed, Agreed::Everything, "supporter_b", State::Ended),
    part(Status::Paused, Agreed::Everything),
    part(Status::Stopped, Agreed::TakenBack),
    part(Status::Active, Agreed::Alone),
    part(Status::Consented, Agreed::Everything),
    part(Status::LostContact, Agreed::Everything),
    part(Status::Approached, Agreed::Nothing),
    part(Status::Active, Agreed::Alone),
    part(Status::Baseline, Agreed::Everything),
];
