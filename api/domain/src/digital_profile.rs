//! What stands between someone and an online form, measured before any help is given.

use serde::{Deserialize, Serialize};

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
pub enum InternetAtHome {
    None,
    MobileOnly,
    Broadband,
}

/// The most capable device within reach.
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
pub enum Device {
    None,
    /// For calls and texts.
    Phone,
    Smartphone,
    Tablet,
    Computer,
}

/// When someone last went online himself.
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
pub enum LastUsed {
    Never,
    OverThreeMonths,
    UnderThreeMonths,
    Weekly,
    Daily,
}

/// What makes a device hard to use.
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
pub enum Barrier {
    Sight,
    Dexterity,
    Hearing,
    Cognition,
    Literacy,
    Language,
}

/// How far someone is from using an online form, from X0 (offline) to X3 (independent).
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
pub enum AccessClass {
    /// No device, or never used one.
    X0,
    /// Fewer than eight of the eight foundation tasks without help.
    X1,
    /// All eight, but with little confidence or by way of somebody else.
    X2,
    X3,
}

/// How many foundation tasks there are; the level is met only by all of them.
pub const FOUNDATION_TASKS: u8 = 8;
/// Confidence, 0 to 10, up to which someone counts as not confident.
pub const LOW_CONFIDENCE: u8 = 4;

/// The axes that decide the access class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    pub device: Device,
    pub last_used: LastUsed,
    /// Somebody else goes online for him.
    pub uses_by_proxy: bool,
    /// Of eight, those done without help.
    pub foundation_tasks: u8,
    /// 0 to 10.
    pub confidence: u8,
}

impl Access {
    /// The access class: the first rule that fits.
    #[must_use]
    pub fn class(self) -> AccessClass {
        if self.device == Device::None || self.last_used == LastUsed::Never {
            AccessClass::X0
        } else if self.foundation_tasks < FOUNDATION_TASKS {
            AccessClass::X1
        } else if self.confidence <= LOW_CONFIDENCE || self.uses_by_proxy {
            AccessClass::X2
        } else {
            AccessClass::X3
        }
    }
}

impl AccessClass {
    /// Whether he could have filled in the form alone. `independent_before`: he completed an assessment at an earlier
    /// time point alone or with no more than the device set up for him.
    #[must_use]
    pub fn could_do_alone(self, independent_before: bool) -> bool {
        match self {
            Self::X3 => true,
            Self::X2 => independent_before,
            Self::X0 | Self::X1 => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABLE: Access = Access {
        device: Device::Tablet,
        last_used: LastUsed::Daily,
        uses_by_proxy: false,
        foundation_tasks: 8,
        confidence: 9,
    };

    #[test]
    fn without_a_device_or_any_use_he_is_offline() {
        // Even where later rules would say otherwise: the first match wins.
        assert_eq!(Access { device: Device::None, ..ABLE }.class(), AccessClass::X0);
        assert_eq!(Access { last_used: LastUsed::Never, ..ABLE }.class(), AccessClass::X0);
        assert_eq!(Access { device: Device::None, foundation_tasks: 0, ..ABLE }.class(), AccessClass::X0);
    }

    #[test]
    fn the_foundation_takes_all_eight_tasks() {
        for tasks in 0..8 {
            let access = Access { foundation_tasks: tasks, ..ABLE };
            assert_eq!(access.class(), AccessClass::X1, "{tasks}");
            assert_eq!(Access { confidence: 0, uses_by_proxy: true, ..access }.class(), AccessClass::X1);
        }
        // A phone for calls is a device; what cannot be done with it shows in the tasks.
        assert_eq!(Access { device: Device::Phone, foundation_tasks: 2, ..ABLE }.class(), AccessClass::X1);
    }

    #[test]
    fn low_confidence_or_a_proxy_makes_the_difference_at_the_top() {
        assert_eq!(Access { confidence: 4, ..ABLE }.class(), AccessClass::X2);
        assert_eq!(Access { confidence: 5, ..ABLE }.class(), AccessClass::X3);
        assert_eq!(Access { uses_by_proxy: true, ..ABLE }.class(), AccessClass::X2);
        assert_eq!(ABLE.class(), AccessClass::X3);
    }

    #[test]
    fn who_could_do_it_alone() {
        assert!(AccessClass::X3.could_do_alone(false));
        assert!(!AccessClass::X2.could_do_alone(false));
        assert!(AccessClass::X2.could_do_alone(true));
        assert!(!AccessClass::X1.could_do_alone(true));
        assert!(!AccessClass::X0.could_do_alone(true));
    }
}
