//! The way of each participant through the programme: every step is kept, and what it ends is over with it.

use alongside_domain::assistance::CloseReason;
use alongside_domain::clock::Timestamp;
use alongside_domain::consent::Effect;
use alongside_domain::id::{ConsentId, ParticipantId, PersonId, StatusChangeId, kind};
use alongside_domain::participant::{Status, Support};
use alongside_domain::status_change::{DecidedBy, Reason};
use chrono::NaiveDate;
use diesel::prelude::*;
use uuid::Uuid;

use crate::audit::any_id;
use crate::db::{Db, cols, exec, maybe};
use crate::error::StoreError;
use crate::participant::{self, Participant};
use crate::schema::status_changes;
use crate::types::{At, Code, Document, Key};
use crate::{assignment, assistance_session, on_engine, person, processing_restriction};

/// One step.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = status_changes, treat_none_as_default_value = false)]
pub struct StatusChange {
    pub id: Key<kind::StatusChange>,
    pub participant_id: Key<kind::Participant>,
    pub from_status: Code<Status>,
    pub to_status: Code<Status>,
    pub reason: Option<Code<Reason>>,
    pub decided_by: Option<Code<DecidedBy>>,
    pub criteria: Document<Vec<String>>,
    pub support_offered: Option<bool>,
    /// The day it holds from; with a death, the day of it.
    pub effective_on: NaiveDate,
    /// The consent that was given or taken back, where that moved him.
    pub consent_id: Option<Key<kind::Consent>>,
    /// Those who knew him and whose help it ended or put on hold.
    pub supporters: Document<Vec<PersonId>>,
    /// The version of the participant's record that it made.
    pub participant_version: i64,
    /// A person or a service client.
    pub recorded_by: Key<kind::AuditEvent>,
    pub recorded_at: At,
}

/// Who records a step, and under which id it is kept.
#[derive(Debug, Clone, Copy)]
pub struct Author {
    pub change: StatusChangeId,
    pub by: Uuid,
}

/// A step as somebody records it.
#[derive(Debug, Clone)]
pub struct New {
    pub author: Author,
    pub to: Status,
    pub reason: Option<Reason>,
    pub decided_by: Option<DecidedBy>,
    pub criteria: Vec<String>,
    pub support_offered: Option<bool>,
    pub effective_on: NaiveDate,
}

/// Records a step. What it ends is over, and what `effect` allows holds, when this is durable.
///
/// # Errors
/// [`StoreError::Stale`] when the participant's row was changed meanwhile.
pub fn record(
    db: &mut Db<'_>,
    participant: &Participant,
    new: New,
    effect: &Effect,
    now: Timestamp,
) -> Result<StatusChange, StoreError> {
    let supporters = carry(db, participant, new.to, new.to.support(), effect, now)?;
    let row = StatusChange {
        id: Key(new.author.change),
        participant_id: participant.id,
        from_status: participant.status,
        to_status: Code(new.to),
        reason: new.reason.map(Code),
        decided_by: new.decided_by.map(Code),
        criteria: Document(new.criteria),
        support_offered: new.support_offered,
        effective_on: new.effective_on,
        consent_id: None,
        supporters: Document(supporters),
        participant_version: participant.version + 1,
        recorded_by: any_id(new.author.by),
        recorded_at: At(now),
    };
    exec(db, diesel::insert_into(status_changes::table).values(&row))?;
    Ok(row)
}

/// Carries what a consent allows to the participant's row, and keeps the step where it moved him. Without contact
/// every assignment is over.
///
/// # Errors
/// [`StoreError::Stale`] when the participant's row was changed meanwhile.
pub(crate) fn by_consent(
    db: &mut Db<'_>,
    participant: &Participant,
    status: Status,
    (consent, effect): (ConsentId, &Effect),
    author: Author,
    now: Timestamp,
) -> Result<(), StoreError> {
    let support = if effect.supporter_contact { status.support() } else { Support::Over };
    let supporters = carry(db, participant, status, support, effect, now)?;
    if status == participant.status.0 {
        return Ok(());
    }
    let row = StatusChange {
        id: Key(author.change),
        participant_id: participant.id,
        from_status: participant.status,
        to_status: Code(status),
        reason: None,
        decided_by: Some(Code(DecidedBy::implied_by(status).unwrap_or(DecidedBy::Participant))),
        criteria: Document(Vec::new()),
        support_offered: None,
        effective_on: now.date_naive(),
        consent_id: Some(Key(consent)),
        supporters: Document(supporters),
        participant_version: participant.version + 1,
        recorded_by: any_id(author.by),
        recorded_at: At(now),
    };
    exec(db, diesel::insert_into(status_changes::table).values(&row))?;
    Ok(())
}

/// Moves the participant, with all that hangs on it. Answers the supporters whom he knew and who are not to come now.
fn carry(
    db: &mut Db<'_>,
    participant: &Participant,
    status: Status,
    support: Support,
    effect: &Effect,
    now: Timestamp,
) -> Result<Vec<PersonId>, StoreError> {
    let mut after = participant.clone();
    after.status = Code(status);
    after.supporter_contact_allowed = effect.supporter_contact
        && support == Support::AsAgreed
        && !processing_restriction::is_in_force(db, participant.id.0)?;
    participant::save(db, &after, now)?;
    let id = participant.id.0;
    if status == Status::Deceased {
        person::close_of_deceased(db, id, now)?;
    }
    if !status.takes_part() {
        assistance_session::close_all(db, id, CloseReason::SupportEnded, now)?;
    }
    match support {
        Support::AsAgreed => Ok(Vec::new()),
        Support::OnHold => assignment::hold_support(db, id, now),
        Support::Over => assignment::stop_support(db, id, now),
    }
}

/// The step of this participant with this id. The caller has found the participant in his world before.
///
/// # Errors
/// What the database says.
pub fn try_find(
    db: &mut Db<'_>,
    participant: ParticipantId,
    id: StatusChangeId,
) -> Result<Option<StatusChange>, StoreError> {
    Ok(maybe(
        db,
        status_changes::table
            .find(Key(id))
            .filter(status_changes::participant_id.eq(Key(participant)))
            .select(cols::<StatusChange>()),
    )?)
}

/// The steps of a participant in the order they were taken: by the version of his record that each made. The caller has found the participant in his world before.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    participant: ParticipantId,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<StatusChange>, StoreError> {
    Ok(on_engine!(db, Backend, conn => {
        let mut query = status_changes::table
            .filter(status_changes::participant_id.eq(Key(participant)))
            .select(cols::<StatusChange>())
            .order(status_changes::participant_version)
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        if let Some(after) = after {
            query = query.filter(status_changes::participant_version.gt(after));
        }
        query.load::<StatusChange>(conn)
    })?)
}
