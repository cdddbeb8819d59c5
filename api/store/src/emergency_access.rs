//! Records opened in an emergency: who opened whose, until when, and what came of looking into it.

use std::collections::HashMap;

use alongside_domain::clock::Timestamp;
use alongside_domain::emergency_access::{EmergencyReason, ReviewOutcome, Standing, of_log_detail};
use alongside_domain::id::{EmergencyAccessId, ParticipantId, PersonId, ProgrammeId, kind};
use alongside_domain::policy::Role;
use diesel::prelude::*;

use crate::audit::AuditEvent;
use crate::db::{Db, cols, exec, many, maybe, rewrite};
use crate::error::StoreError;
use crate::on_engine;
use crate::schema::{emergency_accesses, memberships, people};
use crate::scope::{Reach, Scope};
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::types::{At, Code, Key, Sealed};

/// An access, with what was said about it still sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = emergency_accesses, treat_none_as_default_value = false)]
pub struct EmergencyAccess {
    pub id: Key<kind::EmergencyAccess>,
    pub programme_id: Key<kind::Programme>,
    /// Whose record.
    pub participant_id: Key<kind::Participant>,
    /// Who opened it.
    pub person_id: Key<kind::Person>,
    pub role: Code<Role>,
    pub reason: Code<EmergencyReason>,
    /// Why, in his own words.
    pub words: Sealed,
    pub opened_at: At,
    pub expires_at: At,
    pub ended_at: Option<At>,
    pub ended_by: Option<Key<kind::Person>>,
    /// Since when, and by whom, the participant is not told.
    pub held_at: Option<At>,
    pub held_by: Option<Key<kind::Person>>,
    pub hold_reason: Option<Sealed>,
    pub released_at: Option<At>,
    pub review_due_at: At,
    /// When somebody came to an end with looking into it.
    pub reviewed_at: Option<At>,
    pub reviewed_by: Option<Key<kind::Person>>,
    pub outcome: Option<Code<ReviewOutcome>>,
    pub version: i64,
}

impl EmergencyAccess {
    /// As the rules look at it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing {
            person: self.person_id.0,
            ended_at: self.ended_at.map(|at| at.0),
            expires_at: self.expires_at.0,
            held_by: self.held_by.map(|id| id.0),
            released_at: self.released_at.map(|at| at.0),
            review_due_at: self.review_due_at.0,
            reviewed_at: self.reviewed_at.map(|at| at.0),
        }
    }

    /// Why the record was opened, in the words of who opened it.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn words(&self, keys: &RecordKeys) -> Result<String, StoreError> {
        keys.open(place(self.id.0, "words"), &self.words)
    }

    /// Why the participant is not told.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn hold_reason(&self, keys: &RecordKeys) -> Result<Option<String>, StoreError> {
        let open = |cell| keys.open(place(self.id.0, "hold_reason"), cell);
        self.hold_reason.as_ref().map(open).transpose()
    }
}

/// Where `words` and `hold_reason` are sealed.
fn place(id: EmergencyAccessId, column: &'static str) -> Place {
    Place { class: DataClass::Health, table: "emergency_accesses", column, row: id.uuid() }
}

/// Seals one cell of an access.
///
/// # Errors
/// When it cannot be sealed.
pub fn seal(
    keys: &RecordKeys,
    id: EmergencyAccessId,
    column: &'static str,
    text: &str,
) -> Result<Sealed, StoreError> {
    keys.seal(place(id, column), text)
}

/// The access under which somebody used a record. What others do about an access is no emergency of theirs.
#[must_use]
pub fn used(event: &AuditEvent) -> Option<EmergencyAccessId> {
    let by_opener = event.role.is_some_and(|role| role.0.breaks_glass());
    event.detail.as_deref().filter(|_| by_opener).and_then(of_log_detail)
}

/// Keeps a new access. Whether the record may be opened is decided before.
///
/// # Errors
/// What the database says.
pub fn insert(db: &mut Db<'_>, access: &EmergencyAccess) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(emergency_accesses::table).values(access))?;
    Ok(())
}

/// An access of the caller's world: of his programme, or his own.
///
/// # Errors
/// [`StoreError::NotFound`] outside it.
pub fn find(db: &mut Db<'_>, scope: &Scope, id: EmergencyAccessId) -> Result<EmergencyAccess, StoreError> {
    try_find(db, scope, id)?.ok_or(StoreError::NotFound)
}

/// As [`find`].
///
/// # Errors
/// What the database says.
pub fn try_find(
    db: &mut Db<'_>,
    scope: &Scope,
    id: EmergencyAccessId,
) -> Result<Option<EmergencyAccess>, StoreError> {
    let row: Option<EmergencyAccess> =
        maybe(db, emergency_accesses::table.find(Key(id)).select(cols::<EmergencyAccess>()))?;
    Ok(row.filter(|row| match scope.reach {
        Reach::Programme(programme) => row.programme_id.0 == programme,
        Reach::Person(programme, person) => row.programme_id.0 == programme && row.person_id.0 == person,
        _ => false,
    }))
}

/// Which accesses are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Those that wait to be looked into, the one that is due first at the top; or else those that were, the newest first.
    pub reviewed: bool,
    pub person_id: Option<PersonId>,
    pub participant_id: Option<ParticipantId>,
}

/// The accesses of the caller's world. All are due as long after they were opened, so that the order of ids is that in which
/// they are due.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    filter: Filter,
    beyond: Option<EmergencyAccessId>,
    limit: u32,
) -> Result<Vec<EmergencyAccess>, StoreError> {
    let (programme, own) = match scope.reach {
        Reach::Programme(programme) => (programme, None),
        Reach::Person(programme, person) => (programme, Some(person)),
        _ => return Ok(Vec::new()),
    };
    Ok(on_engine!(db, Backend, conn => {
        let mut query = emergency_accesses::table
            .select(cols::<EmergencyAccess>())
            .filter(emergency_accesses::programme_id.eq(Key(programme)))
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        if filter.reviewed {
            query = query
                .filter(emergency_accesses::reviewed_at.is_not_null())
                .order(emergency_accesses::id.desc());
            if let Some(before) = beyond {
                query = query.filter(emergency_accesses::id.lt(Key(before)));
            }
        } else {
            query = query.filter(emergency_accesses::reviewed_at.is_null()).order(emergency_accesses::id.asc());
            if let Some(after) = beyond {
                query = query.filter(emergency_accesses::id.gt(Key(after)));
            }
        }
        for person in own.into_iter().chain(filter.person_id) {
            query = query.filter(emergency_accesses::person_id.eq(Key(person)));
        }
        if let Some(participant) = filter.participant_id {
            query = query.filter(emergency_accesses::participant_id.eq(Key(participant)));
        }
        query.load::<EmergencyAccess>(conn)
    })?)
}

/// The record that is open to a person now, if one is: asked anew at each request.
///
/// # Errors
/// What the database says.
pub fn opened(
    db: &mut Db<'_>,
    person: PersonId,
    now: Timestamp,
) -> Result<Option<EmergencyAccess>, StoreError> {
    Ok(maybe(
        db,
        emergency_accesses::table
            .filter(emergency_accesses::person_id.eq(Key(person)))
            .filter(emergency_accesses::expires_at.gt(At(now)))
            .filter(emergency_accesses::ended_at.is_null())
            .order(emergency_accesses::id.desc())
            .limit(1)
            .select(cols::<EmergencyAccess>()),
    )?)
}

/// The oldest use of this person, in whatever programme, that should have been looked into by now.
///
/// # Errors
/// What the database says.
pub fn overdue_of(
    db: &mut Db<'_>,
    person: PersonId,
    now: Timestamp,
) -> Result<Option<EmergencyAccessId>, StoreError> {
    let found: Option<Key<kind::EmergencyAccess>> = maybe(
        db,
        emergency_accesses::table
            .filter(emergency_accesses::person_id.eq(Key(person)))
            .filter(emergency_accesses::reviewed_at.is_null())
            .filter(emergency_accesses::review_due_at.le(At(now)))
            .order(emergency_accesses::id)
            .limit(1)
            .select(emergency_accesses::id),
    )?;
    Ok(found.map(|id| id.0))
}

/// Of whom a participant is not told at the moment.
///
/// # Errors
/// What the database says.
pub fn held_from(db: &mut Db<'_>, participant: ParticipantId) -> Result<Vec<EmergencyAccessId>, StoreError> {
    let found: Vec<Key<kind::EmergencyAccess>> = many(
        db,
        emergency_accesses::table
            .filter(emergency_accesses::participant_id.eq(Key(participant)))
            .filter(emergency_accesses::held_at.is_not_null())
            .filter(emergency_accesses::released_at.is_null())
            .select(emergency_accesses::id),
    )?;
    Ok(found.into_iter().map(|id| id.0).collect())
}

/// Why these records were opened.
///
/// # Errors
/// What the database says.
pub fn reasons(
    db: &mut Db<'_>,
    ids: &[EmergencyAccessId],
) -> Result<HashMap<EmergencyAccessId, EmergencyReason>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let keys: Vec<_> = ids.iter().map(|id| Key(*id)).collect();
    let rows: Vec<(Key<kind::EmergencyAccess>, Code<EmergencyReason>)> = many(
        db,
        emergency_accesses::table
            .filter(emergency_accesses::id.eq_any(keys))
            .select((emergency_accesses::id, emergency_accesses::reason)),
    )?;
    Ok(rows.into_iter().map(|(id, reason)| (id.0, reason.0)).collect())
}

/// Who is told of a use in this programme: its safeguarding leads and privacy officers with an account that is open.
///
/// # Errors
/// What the database says.
pub fn watchers(db: &mut Db<'_>, programme: ProgrammeId) -> Result<Vec<(PersonId, Role)>, StoreError> {
    let rows: Vec<(Key<kind::Person>, Code<Role>)> = many(
        db,
        memberships::table
            .inner_join(people::table.on(people::id.eq(memberships::person_id)))
            .filter(memberships::programme_id.eq(Some(Key(programme))))
            .filter(memberships::role.eq_any([Code(Role::SafeguardingLead), Code(Role::PrivacyOfficer)]))
            .filter(memberships::ended_at.is_null())
            .filter(people::deactivated_at.is_null())
            // An invitation that nobody has followed yet watches over nothing.
            .filter(people::password_hash.is_not_null())
            .order((memberships::person_id, memberships::role))
            .select((memberships::person_id, memberships::role)),
    )?;
    Ok(rows.into_iter().map(|(person, role)| (person.0, role.0)).collect())
}

/// Writes what may change of an access, if nobody changed it since it was read, and answers it as it is now.
///
/// # Errors
/// [`StoreError::Stale`] when somebody did.
pub fn save(db: &mut Db<'_>, mut access: EmergencyAccess) -> Result<EmergencyAccess, StoreError> {
    let before = access.version;
    access.version += 1;
    let changed = rewrite(
        db,
        diesel::update(
            emergency_accesses::table.find(access.id).filter(emergency_accesses::version.eq(before)),
        )
        .set((
            emergency_accesses::ended_at.eq(access.ended_at),
            emergency_accesses::ended_by.eq(access.ended_by),
            emergency_accesses::held_at.eq(access.held_at),
            emergency_accesses::held_by.eq(access.held_by),
            emergency_accesses::hold_reason.eq(&access.hold_reason),
            emergency_accesses::released_at.eq(access.released_at),
            emergency_accesses::reviewed_at.eq(access.reviewed_at),
            emergency_accesses::reviewed_by.eq(access.reviewed_by),
            emergency_accesses::outcome.eq(access.outcome),
            emergency_accesses::version.eq(access.version),
        )),
    )?;
    if changed == 1 { Ok(access) } else { Err(StoreError::Stale) }
}
