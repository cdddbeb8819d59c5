//! Digital profiles: measured once a time point, never changed afterwards.

use alongside_domain::digital_profile::{Access, AccessClass, Barrier, Device, InternetAtHome, LastUsed};
use alongside_domain::id::{DigitalProfileId, ParticipantId, kind};
use alongside_domain::provenance::Level;
use diesel::prelude::*;

use crate::db::{Db, cols, exec, maybe, one};
use crate::error::StoreError;
use crate::on_engine;
use crate::participant::{self, Participant};
use crate::schema::{answers, assessments, digital_profiles};
use crate::types::{At, Code, Document, Key};

/// How far somebody is from using an online form, at one time point.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = digital_profiles, treat_none_as_default_value = false)]
pub struct DigitalProfile {
    pub id: Key<kind::DigitalProfile>,
    pub participant_id: Key<kind::Participant>,
    pub time_point: String,
    pub internet_at_home: Code<InternetAtHome>,
    pub device: Code<Device>,
    pub device_shared: bool,
    pub data_affordable: Option<bool>,
    pub last_used: Code<LastUsed>,
    pub uses_by_proxy: bool,
    pub foundation_tasks: i32,
    pub confidence: i32,
    pub motivation: Option<i32>,
    pub privacy_worry: Option<i32>,
    pub barriers: Document<Vec<Barrier>>,
    pub available_helper: Option<bool>,
    pub private_space: Option<bool>,
    /// Derived when it was recorded, and kept as derived.
    pub access_class: Code<AccessClass>,
    pub could_do_alone: bool,
    /// A person or a service client.
    pub recorded_by: Key<kind::Person>,
    pub recorded_at: At,
}

/// What `access` comes to for this participant at this time point.
///
/// # Errors
/// What the database says.
pub fn derive(
    db: &mut Db<'_>,
    participant: ParticipantId,
    time_point: &str,
    access: Access,
) -> Result<(AccessClass, bool), StoreError> {
    let class = access.class();
    let before = class == AccessClass::X2 && independent_before(db, participant, time_point)?;
    Ok((class, class.could_do_alone(before)))
}

/// Whether he submitted an assessment at another time point, which can only be an earlier one, with no help beyond
/// having the device set up. An answer of unknown provenance speaks against it.
fn independent_before(
    db: &mut Db<'_>,
    participant: ParticipantId,
    time_point: &str,
) -> Result<bool, StoreError> {
    const ALONE: [Code<Level>; 2] = [Code(Level::A0), Code(Level::A1)];
    let helped = answers::table
        .filter(answers::assessment_id.eq(assessments::id))
        .filter(answers::level.ne_all(ALONE));
    let answered = answers::table.filter(answers::assessment_id.eq(assessments::id));
    let alone = assessments::table
        .filter(assessments::participant_id.eq(Key(participant)))
        .filter(assessments::submitted_at.is_not_null())
        .filter(assessments::time_point.ne(time_point.to_owned()))
        .filter(diesel::dsl::exists(answered))
        .filter(diesel::dsl::not(diesel::dsl::exists(helped)));
    Ok(one(db, diesel::select(diesel::dsl::exists(alone)))?)
}

/// Adds a profile and carries its result to the participant's row.
///
/// # Errors
/// [`StoreError::Stale`] when the participant's row was changed meanwhile.
pub fn insert(
    db: &mut Db<'_>,
    participant: &Participant,
    profile: &DigitalProfile,
) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(digital_profiles::table).values(profile))?;
    let mut participant = participant.clone();
    participant.access_class = Some(profile.access_class);
    participant.could_do_alone = Some(profile.could_do_alone);
    participant::save(db, &participant, profile.recorded_at.0)
}

/// The profile of this participant with this id. The caller has found the participant in his world before.
///
/// # Errors
/// What the database says.
pub fn try_find(
    db: &mut Db<'_>,
    participant: ParticipantId,
    id: DigitalProfileId,
) -> Result<Option<DigitalProfile>, StoreError> {
    Ok(maybe(
        db,
        digital_profiles::table
            .find(Key(id))
            .filter(digital_profiles::participant_id.eq(Key(participant)))
            .select(cols::<DigitalProfile>()),
    )?)
}

/// The profiles of a participant, by id. The caller has found the participant in his world before.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    participant: ParticipantId,
    after: Option<DigitalProfileId>,
    limit: u32,
) -> Result<Vec<DigitalProfile>, StoreError> {
    Ok(on_engine!(db, Backend, conn => {
        let mut query = digital_profiles::table
            .filter(digital_profiles::participant_id.eq(Key(participant)))
            .select(cols::<DigitalProfile>())
            .order(digital_profiles::id)
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        if let Some(after) = after {
            query = query.filter(digital_profiles::id.gt(Key(after)));
        }
        query.load::<DigitalProfile>(conn)
    })?)
}
