//! What kind of thing a sealed field holds, and whose it is: each kind of each record has a data key of its own.

/// What a sealed field holds. One kind of a record can be erased and another kept.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum DataClass {
    /// Who somebody is and how to reach him.
    Identity,
    /// Answers, own words, plans.
    Health,
    /// Flags, and what was found about safety.
    Safeguarding,
    /// Answers of this service that are kept for a repeated request.
    Replies,
}

/// A group of keys that wrap data keys: whoever has the keys of one group opens nothing of the other.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum KeyGroup {
    Sealing,
    Safeguarding,
}

impl KeyGroup {
    /// The group whose keys wrap the data keys of this class.
    #[must_use]
    pub const fn of(class: DataClass) -> Self {
        match class {
            DataClass::Safeguarding => Self::Safeguarding,
            DataClass::Identity | DataClass::Health | DataClass::Replies => Self::Sealing,
        }
    }
}

/// What has data keys.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum RecordKind {
    Participant,
    /// Somebody who works with the service.
    Person,
    /// A flag that is about nobody in care.
    Flag,
    /// What belongs to no record, such as the secrets of second factors.
    Installation,
}
