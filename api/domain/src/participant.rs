//! The person whose needs are assessed: where he stands in the programme, who he is, how to reach him safely.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::transition::IllegalTransition;

/// Where a participant stands in the programme.
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
#[cfg_attr(feature = "schema", schema(as = ParticipantStatus))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// Known to the team, not yet spoken to.
    Identified,
    Approached,
    Declined,
    Ineligible,
    /// Agreed to take part.
    Consented,
    /// Giving the first answers.
    Baseline,
    /// Allocated to an arm of a trial.
    Allocated,
    Active,
    Completed,
    /// A pause of his own choosing.
    Paused,
    /// His capacity to decide is in doubt: nothing new is asked of him.
    CapacityHold,
    /// No longer takes part.
    Stopped,
    LostContact,
    Deceased,
}

impl Status {
    /// The states that can follow this one.
    #[must_use]
    pub fn allowed_next(self) -> &'static [Self] {
        use Status::{
            Active, Allocated, Approached, Baseline, CapacityHold, Completed, Consented, Deceased, Declined,
            Identified, Ineligible, LostContact, Paused, Stopped,
        };
        match self {
            Identified => &[Approached, Deceased],
            Approached => &[Declined, Ineligible, Consented, CapacityHold, LostContact, Deceased],
            Consented => &[Baseline, Paused, CapacityHold, Stopped, LostContact, Deceased],
            Baseline => &[Allocated, Paused, CapacityHold, Stopped, LostContact, Deceased],
            Allocated => &[Active, Paused, CapacityHold, Stopped, LostContact, Deceased],
            Active => &[Completed, Paused, CapacityHold, Stopped, LostContact, Deceased],
            // From a side state the way leads back to where he was, which the record of consent and forms shows.
            Paused => &[Consented, Baseline, Allocated, Active, CapacityHold, Stopped, LostContact, Deceased],
            CapacityHold => &[Consented, Baseline, Allocated, Active, Paused, Stopped, LostContact, Deceased],
            LostContact => {
                &[Approached, Consented, Baseline, Allocated, Active, Paused, CapacityHold, Stopped, Deceased]
            }
            // Who stopped can come back by consenting afresh.
            Stopped => &[Consented, Deceased],
            Declined | Ineligible | Completed => &[Deceased],
            Deceased => &[],
        }
    }

    /// The one way from state to state.
    ///
    /// # Errors
    /// When `next` cannot follow, with what can.
    pub fn move_to(self, next: Self) -> Result<Self, IllegalTransition> {
        if self.allowed_next().contains(&next) {
            return Ok(next);
        }
        Err(IllegalTransition::new(self, next.into(), self.allowed_next().iter().copied()))
    }

    /// Whether he takes part now, which stands on consent.
    #[must_use]
    pub fn takes_part(self) -> bool {
        matches!(self, Self::Consented | Self::Baseline | Self::Allocated | Self::Active)
    }

    /// What becomes of the help by supporters.
    #[must_use]
    pub fn support(self) -> Support {
        match self {
            Self::Consented | Self::Baseline | Self::Allocated | Self::Active => Support::AsAgreed,
            Self::Identified | Self::Approached | Self::Paused | Self::CapacityHold | Self::LostContact => {
                Support::OnHold
            }
            Self::Declined | Self::Ineligible | Self::Completed | Self::Stopped | Self::Deceased => {
                Support::Over
            }
        }
    }

    /// Where consent to take part brings him: whoever was not yet, or no longer, taking part is `consented`; the
    /// others stay where they are.
    ///
    /// # Errors
    /// When he cannot take part any more.
    pub fn on_consent(self) -> Result<Self, IllegalTransition> {
        match self {
            Self::Identified => self.move_to(Self::Approached)?.move_to(Self::Consented),
            Self::Approached | Self::Stopped | Self::LostContact | Self::CapacityHold => {
                self.move_to(Self::Consented)
            }
            Self::Consented | Self::Baseline | Self::Allocated | Self::Active | Self::Paused => Ok(self),
            Self::Declined | Self::Ineligible | Self::Completed | Self::Deceased => {
                self.move_to(Self::Consented)
            }
        }
    }

    /// Where a signed form brings him: a yes that counts brings him in, a no takes out whoever was in, and doubt about
    /// his capacity holds everything until it is settled.
    ///
    /// # Errors
    /// When he says yes, and cannot take part any more.
    pub fn on_form(self, takes_part: bool, can_consent: bool) -> Result<Self, IllegalTransition> {
        match (can_consent, takes_part) {
            (false, _) => Ok(self.move_to(Self::CapacityHold).unwrap_or(self)),
            (true, true) => self.on_consent(),
            (true, false) => Ok(self.on_withdrawal()),
        }
    }

    /// Where the end of his taking part brings him.
    #[must_use]
    pub fn on_withdrawal(self) -> Self {
        self.move_to(Self::Stopped).unwrap_or(self)
    }
}

/// What may become of the help by supporters in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// As far as the consent in force goes.
    AsAgreed,
    /// Nobody is in touch; what was arranged can go on later.
    OnHold,
    /// Every arrangement ends.
    Over,
}

/// What was done about the cancer, as far as the questions depend on it.
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
pub enum Treatment {
    Surgery,
    ExternalBeamRadiotherapy,
    Brachytherapy,
    HormoneTherapy,
    Chemotherapy,
    ActiveSurveillance,
    WatchfulWaiting,
    Other,
}

/// Help with understanding and being understood.
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
pub enum CommunicationNeed {
    Hearing,
    Sight,
    /// Reading or writing is hard.
    Literacy,
    LargePrint,
    EasyRead,
    Braille,
    Audio,
    SignLanguage,
    Speech,
    Memory,
    /// Needs more time than usual.
    ExtraTime,
}

/// Help with getting there and taking part.
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
pub enum AccessNeed {
    Wheelchair,
    StepFree,
    ToiletNearby,
    /// Hands that do not do what a touchscreen wants.
    Dexterity,
    ShortSessions,
    CompanionPresent,
    HomeOnly,
}

/// What a helper must know to be of help.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Needs {
    pub interpreter: bool,
    /// The language to interpret into, where it is not the participant's own language on the record.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 35, example = "pl"))]
    pub interpreter_language: Option<String>,
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    pub communication: Vec<CommunicationNeed>,
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    pub access: Vec<AccessNeed>,
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 500))]
    pub note: Option<String>,
}

/// Who someone is. Kept sealed, apart from everything under the pseudonym.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub name: String,
    #[serde(default)]
    pub date_of_birth: Option<NaiveDate>,
    #[serde(default)]
    pub nhs_number: Option<NhsNumber>,
    #[serde(default)]
    pub address: Option<Address>,
    #[serde(default)]
    pub phones: Vec<String>,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub gp: Option<Gp>,
    #[serde(default)]
    pub emergency_contact: Option<EmergencyContact>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Address {
    #[cfg_attr(feature = "schema", schema(max_items = 6, max_length = 100))]
    pub lines: Vec<String>,
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 10, example = "ZZ99 9ZZ"))]
    pub postcode: Option<String>,
}

/// The general practice he is registered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Gp {
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub practice: String,
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub name: Option<String>,
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 32))]
    pub phone: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EmergencyContact {
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub name: String,
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 100))]
    pub relationship: Option<String>,
    #[cfg_attr(feature = "schema", schema(max_length = 32))]
    pub phone: String,
}

/// How he can be reached without putting him at risk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SafeContact {
    /// The numbers that may be rung; when empty, any of his.
    #[cfg_attr(feature = "schema", schema(max_items = 10, max_length = 32))]
    pub numbers: Vec<String>,
    /// When to ring, in words.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 500))]
    pub times: Option<String>,
    pub no_voicemail: bool,
    pub no_post: bool,
    /// Whom nothing must reach.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 500))]
    pub who_must_not_know: Option<String>,
}

/// An NHS number: ten digits, the last of them a check digit modulo 11.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NhsNumber(String);

/// Why a text is no NHS number. It never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an NHS number: ten digits, of which the last checks the others")]
pub struct NotAnNhsNumber;

impl NhsNumber {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for NhsNumber {
    type Err = NotAnNhsNumber;

    /// Spaces and hyphens between the digits, as on letters, are left out.
    fn from_str(text: &str) -> Result<Self, NotAnNhsNumber> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let values: Option<Vec<u32>> = digits.chars().map(|digit| digit.to_digit(10)).collect();
        let values = values.filter(|values| values.len() == 10).ok_or(NotAnNhsNumber)?;
        let (given, rest) = values.split_last().ok_or(NotAnNhsNumber)?;
        let sum: u32 = rest.iter().zip((2..=10).rev()).map(|(digit, weight)| digit * weight).sum();
        // 10 is never issued; 11 stands for 0.
        let expected = match 11 - sum % 11 {
            11 => 0,
            other => other,
        };
        if expected == *given { Ok(Self(digits)) } else { Err(NotAnNhsNumber) }
    }
}

impl TryFrom<String> for NhsNumber {
    type Error = NotAnNhsNumber;
    fn try_from(text: String) -> Result<Self, NotAnNhsNumber> {
        text.parse()
    }
}

impl From<NhsNumber> for String {
    fn from(number: NhsNumber) -> Self {
        number.0
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for NhsNumber {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some("^[0-9]{10}$"))
            .max_length(Some(10))
            .description(Some("An NHS number: ten digits, of which the last checks the others."))
            .examples(["9434765919"])
            .into()
    }
}
#[cfg(feature = "schema")]
impl utoipa::ToSchema for NhsNumber {}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn the_way_through_the_programme_is_open_and_its_end_is_not_left() {
        let way = [
            Status::Identified,
            Status::Approached,
            Status::Consented,
            Status::Baseline,
            Status::Allocated,
            Status::Active,
            Status::Completed,
        ];
        for pair in way.windows(2) {
            assert_eq!(pair[0].move_to(pair[1]), Ok(pair[1]));
        }
        for status in Status::VARIANTS {
            assert!(Status::Deceased.move_to(*status).is_err());
            assert_eq!(status.move_to(Status::Deceased).is_ok(), *status != Status::Deceased);
        }
        let refused = Status::Declined.move_to(Status::Active).unwrap_err();
        assert_eq!((refused.from.as_str(), refused.step.as_str()), ("declined", "active"));
        assert_eq!(refused.allowed, ["deceased"]);
    }

    #[test]
    fn help_stands_on_taking_part() {
        for status in Status::VARIANTS {
            assert_eq!(status.support() == Support::AsAgreed, status.takes_part(), "{status}");
            // What has no way back but by a new consent, or none at all, leaves nothing arranged.
            let back = status.allowed_next().iter().any(|next| next.support() != Support::Over);
            let over = status.support() == Support::Over;
            assert_eq!(over, !back || *status == Status::Stopped, "{status}");
        }
    }

    #[test]
    fn consent_brings_in_and_withdrawal_takes_out() {
        for status in [Status::Identified, Status::Approached, Status::Stopped, Status::CapacityHold] {
            assert_eq!(status.on_consent(), Ok(Status::Consented), "{status}");
        }
        assert_eq!(Status::Active.on_consent(), Ok(Status::Active));
        assert!(Status::Deceased.on_consent().is_err());
        assert_eq!(Status::Active.on_withdrawal(), Status::Stopped);
        assert_eq!(Status::Completed.on_withdrawal(), Status::Completed);
        assert_eq!(Status::Identified.on_form(false, true), Ok(Status::Identified));
        assert_eq!(Status::Active.on_form(false, true), Ok(Status::Stopped));
        assert_eq!(Status::Active.on_form(false, false), Ok(Status::CapacityHold));
        assert_eq!(Status::Approached.on_form(true, true), Ok(Status::Consented));
    }

    #[test]
    fn nhs_numbers_are_checked() {
        // The published test number, and one whose check digit comes out as 11.
        assert_eq!("943 476 5919".parse::<NhsNumber>().unwrap().as_str(), "9434765919");
        assert!("9434765918".parse::<NhsNumber>().is_err());
        assert!("9344765919".parse::<NhsNumber>().is_err());
        assert!("943476591".parse::<NhsNumber>().is_err());
        assert!("94347659191".parse::<NhsNumber>().is_err());
        assert!("943476591x".parse::<NhsNumber>().is_err());
        assert!("0000000000".parse::<NhsNumber>().is_ok());
    }
}
