//! Assistance sessions: from the participant's yes to being helped, until somebody closes it or nothing happens.

use alongside_domain::assistance::{CloseReason, Sections, expires_at};
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{AssessmentId, AssistanceSessionId, ParticipantId, kind};
use alongside_domain::policy::Role;
use diesel::prelude::*;

use crate::db::{Db, cols, exec, many, maybe, rewrite};
use crate::error::{StoreError, Unique};
use crate::schema::{assessments, assistance_sessions};
use crate::segment;
use crate::types::{At, Code, Document, Key};

/// One session at a time is open on an assessment.
pub const ONE_OPEN: Unique =
    Unique { constraint: "assistance_sessions_one_open", columns: "assistance_sessions.assessment_id" };

/// A session of help.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = assistance_sessions, treat_none_as_default_value = false)]
pub struct AssistanceSession {
    pub id: Key<kind::AssistanceSession>,
    pub assessment_id: Key<kind::Assessment>,
    /// A person, or a service client.
    pub helper_id: Key<kind::AuditEvent>,
    pub helper_role: Code<Role>,
    pub assignment_id: Option<Key<kind::Assignment>>,
    pub affirmed_at: At,
    pub opened_sections: Document<Sections>,
    pub last_activity_at: At,
    pub opened_at: At,
    pub closed_at: Option<At>,
    pub close_reason: Option<Code<CloseReason>>,
}

impl AssistanceSession {
    /// Whether help is going on in it.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.closed_at.is_none() && now < expires_at(self.last_activity_at.0)
    }
}

/// Adds a session.
///
/// # Errors
/// [`ONE_OPEN`] when another is open.
pub fn insert(db: &mut Db<'_>, session: &AssistanceSession) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(assistance_sessions::table).values(session))?;
    Ok(())
}

/// The sessions of an assessment, the first first.
///
/// # Errors
/// What the database says.
pub fn of_assessment(
    db: &mut Db<'_>,
    assessment: AssessmentId,
) -> Result<Vec<AssistanceSession>, StoreError> {
    Ok(many(
        db,
        assistance_sessions::table
            .filter(assistance_sessions::assessment_id.eq(Key(assessment)))
            .order(assistance_sessions::id)
            .select(cols::<AssistanceSession>()),
    )?)
}

/// The session that nobody closed yet, expired or not.
///
/// # Errors
/// What the database says.
pub fn unclosed(db: &mut Db<'_>, assessment: AssessmentId) -> Result<Option<AssistanceSession>, StoreError> {
    Ok(maybe(
        db,
        assistance_sessions::table
            .filter(assistance_sessions::assessment_id.eq(Key(assessment)))
            .filter(assistance_sessions::closed_at.is_null())
            .select(cols::<AssistanceSession>()),
    )?)
}

/// The session in which help is going on. One in which nothing happened for too long is closed here, as of the moment
/// it was over.
///
/// # Errors
/// What the database says.
pub fn live(
    db: &mut Db<'_>,
    assessment: AssessmentId,
    now: Timestamp,
) -> Result<Option<AssistanceSession>, StoreError> {
    let Some(session) = unclosed(db, assessment)? else { return Ok(None) };
    if session.is_live(now) {
        return Ok(Some(session));
    }
    let over = expires_at(session.last_activity_at.0);
    close(db, session.id.0, CloseReason::Expired, over)?;
    Ok(None)
}

/// Closes a session, with its segment.
///
/// # Errors
/// What the database says.
pub fn close(
    db: &mut Db<'_>,
    id: AssistanceSessionId,
    reason: CloseReason,
    at: Timestamp,
) -> Result<(), StoreError> {
    segment::end(db, id, at)?;
    rewrite(
        db,
        diesel::update(
            assistance_sessions::table.find(Key(id)).filter(assistance_sessions::closed_at.is_null()),
        )
        .set((
            assistance_sessions::closed_at.eq(Some(At(at))),
            assistance_sessions::close_reason.eq(Some(Code(reason))),
        )),
    )?;
    Ok(())
}

/// Closes whatever help is going on with any assessment of a participant.
///
/// # Errors
/// What the database says.
pub(crate) fn close_all(
    db: &mut Db<'_>,
    participant: ParticipantId,
    reason: CloseReason,
    at: Timestamp,
) -> Result<(), StoreError> {
    let open: Vec<Key<kind::AssistanceSession>> = many(
        db,
        assistance_sessions::table
            .inner_join(assessments::table.on(assessments::id.eq(assistance_sessions::assessment_id)))
            .filter(assessments::participant_id.eq(Key(participant)))
            .filter(assistance_sessions::closed_at.is_null())
            .select(assistance_sessions::id),
    )?;
    for session in open {
        close(db, session.0, reason, at)?;
    }
    Ok(())
}

/// Notes that something happens in the session.
///
/// # Errors
/// What the database says.
pub fn touch(db: &mut Db<'_>, id: AssistanceSessionId, now: Timestamp) -> Result<(), StoreError> {
    rewrite(
        db,
        diesel::update(assistance_sessions::table.find(Key(id)))
            .set(assistance_sessions::last_activity_at.eq(At(now))),
    )?;
    Ok(())
}

/// Notes what the participant opened, which is something happening, too.
///
/// # Errors
/// What the database says.
pub fn set_sections(
    db: &mut Db<'_>,
    id: AssistanceSessionId,
    sections: &Sections,
    now: Timestamp,
) -> Result<(), StoreError> {
    rewrite(
        db,
        diesel::update(assistance_sessions::table.find(Key(id))).set((
            assistance_sessions::opened_sections.eq(Document(sections.clone())),
            assistance_sessions::last_activity_at.eq(At(now)),
        )),
    )?;
    Ok(())
}
