//! Restrictions: a record that is kept and not used. What is in force hangs on the request that brought it about.

use alongside_domain::assistance::CloseReason;
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{ParticipantId, RightsRequestId, kind};
use alongside_domain::participant::Support;
use diesel::prelude::*;

use crate::db::{Db, cols, exec, maybe, one, rewrite};
use crate::error::StoreError;
use crate::participant::Participant;
use crate::schema::processing_restrictions;
use crate::types::{At, Key};
use crate::{assignment, assistance_session, consent, participant};

/// A restriction.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = processing_restrictions, treat_none_as_default_value = false)]
pub struct Restriction {
    pub request_id: Key<kind::RightsRequest>,
    pub participant_id: Key<kind::Participant>,
    pub imposed_at: At,
    pub lifted_at: Option<At>,
}

/// Whether the use of this participant's record is restricted now.
///
/// # Errors
/// What the database says.
pub fn is_in_force(db: &mut Db<'_>, participant: ParticipantId) -> Result<bool, StoreError> {
    let found = processing_restrictions::table
        .filter(processing_restrictions::participant_id.eq(Key(participant)))
        .filter(processing_restrictions::lifted_at.is_null());
    Ok(one(db, diesel::select(diesel::dsl::exists(found)))?)
}

/// The restriction that a request brought about.
///
/// # Errors
/// What the database says.
pub fn of_request(db: &mut Db<'_>, request: RightsRequestId) -> Result<Option<Restriction>, StoreError> {
    let found = processing_restrictions::table.find(Key(request)).select(cols::<Restriction>());
    Ok(maybe(db, found)?)
}

/// Restricts the record: nobody is in touch from here on, and help that is going on is closed.
///
/// # Errors
/// [`StoreError::Stale`] when the participant's row was changed meanwhile.
pub fn impose(
    db: &mut Db<'_>,
    request: RightsRequestId,
    participant: &Participant,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = Restriction {
        request_id: Key(request),
        participant_id: participant.id,
        imposed_at: At(now),
        lifted_at: None,
    };
    exec(db, diesel::insert_into(processing_restrictions::table).values(&row))?;
    let mut after = participant.clone();
    after.supporter_contact_allowed = false;
    participant::save(db, &after, now)?;
    assistance_session::close_all(db, participant.id.0, CloseReason::SupportEnded, now)?;
    assignment::hold_support(db, participant.id.0, now)?;
    Ok(())
}

/// Ends the restriction of a request. Contact is allowed again as far as consent and status go, where no other is in
/// force; assignments on hold are resumed one by one.
///
/// # Errors
/// [`StoreError::NotFound`] where it was lifted before; [`StoreError::Stale`] when the participant's row was changed
/// meanwhile.
pub fn lift(
    db: &mut Db<'_>,
    request: RightsRequestId,
    participant: &Participant,
    now: Timestamp,
) -> Result<(), StoreError> {
    let lifted = rewrite(
        db,
        diesel::update(
            processing_restrictions::table
                .find(Key(request))
                .filter(processing_restrictions::lifted_at.is_null()),
        )
        .set(processing_restrictions::lifted_at.eq(Some(At(now)))),
    )?;
    if lifted != 1 {
        return Err(StoreError::NotFound);
    }
    let effect = consent::effect_in_force(db, participant.id.0)?;
    let mut after = participant.clone();
    after.supporter_contact_allowed = effect.supporter_contact
        && participant.status.0.support() == Support::AsAgreed
        && !is_in_force(db, participant.id.0)?;
    participant::save(db, &after, now)
}
