//! Typed identifiers: a participant's id cannot be handed to a function that wants a person's.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// The id of a `K`: a UUID, version 7 when made here, so that keys grow with time.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

impl<K> Id<K> {
    #[must_use]
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl<K> From<Uuid> for Id<K> {
    fn from(uuid: Uuid) -> Self {
        Self::new(uuid)
    }
}
impl<K> FromStr for Id<K> {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self::new)
    }
}
impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(feature = "schema")]
impl<K> utoipa::PartialSchema for Id<K> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::Uuid)))
            .description(Some("A UUID; version 7 when this server made it."))
            .into()
    }
}
#[cfg(feature = "schema")]
impl<K> utoipa::ToSchema for Id<K> {
    fn name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }
}

/// The kinds that have ids. They exist only to tell the ids apart.
pub mod kind {
    pub enum AccessNotice {}
    pub enum Answer {}
    pub enum Assessment {}
    pub enum AssistanceSession {}
    pub enum Assignment {}
    pub enum AuditEvent {}
    pub enum CarePlan {}
    pub enum CarePlanAction {}
    pub enum CarePlanStep {}
    pub enum Client {}
    pub enum Consent {}
    pub enum ConsentForm {}
    pub enum DataKey {}
    pub enum DeviceAuthorisation {}
    pub enum DigitalProfile {}
    pub enum EmergencyAccess {}
    pub enum EmergencyAccessReview {}
    pub enum Finding {}
    pub enum Flag {}
    pub enum FlagEntry {}
    pub enum Instrument {}
    pub enum LeaseHolder {}
    pub enum Mail {}
    pub enum Membership {}
    pub enum PaperAdjudication {}
    pub enum PaperEntry {}
    pub enum Participant {}
    pub enum Person {}
    pub enum Programme {}
    pub enum RightsRequest {}
    pub enum RightsRequestStep {}
    pub enum Segment {}
    pub enum Session {}
    pub enum Signpost {}
    pub enum Site {}
    pub enum StatusChange {}
    pub enum Translation {}
}

pub type AccessNoticeId = Id<kind::AccessNotice>;
pub type AnswerId = Id<kind::Answer>;
pub type AssessmentId = Id<kind::Assessment>;
pub type AssistanceSessionId = Id<kind::AssistanceSession>;
pub type AssignmentId = Id<kind::Assignment>;
pub type AuditEventId = Id<kind::AuditEvent>;
pub type CarePlanId = Id<kind::CarePlan>;
pub type CarePlanActionId = Id<kind::CarePlanAction>;
pub type CarePlanStepId = Id<kind::CarePlanStep>;
pub type ClientId = Id<kind::Client>;
pub type ConsentId = Id<kind::Consent>;
pub type ConsentFormId = Id<kind::ConsentForm>;
pub type DeviceAuthorisationId = Id<kind::DeviceAuthorisation>;
pub type DigitalProfileId = Id<kind::DigitalProfile>;
pub type EmergencyAccessId = Id<kind::EmergencyAccess>;
pub type EmergencyAccessReviewId = Id<kind::EmergencyAccessReview>;
pub type FindingId = Id<kind::Finding>;
pub type FlagId = Id<kind::Flag>;
pub type FlagEntryId = Id<kind::FlagEntry>;
pub type InstrumentId = Id<kind::Instrument>;
pub type LeaseHolderId = Id<kind::LeaseHolder>;
pub type MailId = Id<kind::Mail>;
pub type MembershipId = Id<kind::Membership>;
pub type PaperAdjudicationId = Id<kind::PaperAdjudication>;
pub type PaperEntryId = Id<kind::PaperEntry>;
pub type ParticipantId = Id<kind::Participant>;
pub type PersonId = Id<kind::Person>;
pub type ProgrammeId = Id<kind::Programme>;
pub type RightsRequestId = Id<kind::RightsRequest>;
pub type RightsRequestStepId = Id<kind::RightsRequestStep>;
pub type SegmentId = Id<kind::Segment>;
pub type SessionId = Id<kind::Session>;
pub type SignpostId = Id<kind::Signpost>;
pub type SiteId = Id<kind::Site>;
pub type StatusChangeId = Id<kind::StatusChange>;
pub type TranslationId = Id<kind::Translation>;
