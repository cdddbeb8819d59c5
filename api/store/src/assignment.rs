//! Assignments: which supporter stands beside which participant.

use alongside_domain::assignment::{Condition, EndReason, Purpose, State, Step};
use alongside_domain::assistance::CloseReason;
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{AssignmentId, ParticipantId, PersonId, ProgrammeId, SiteId, kind};
use alongside_domain::policy::Role;
use diesel::prelude::*;
use serde::Serialize;

use crate::assistance_session;
use crate::db::{Db, cols, exec, many, maybe, one, rewrite};
use crate::error::{StoreError, Unique};
use crate::on_engine;
use crate::schema::{assignments, assistance_sessions, memberships, people};
use crate::scope::{Reach, Scope};
use crate::types::{At, Code, Document, Key};

/// One supporter at a time for one purpose.
pub const ONE_LIVE: Unique =
    Unique { constraint: "assignments_one_live", columns: "assignments.participant_id, assignments.purpose" };

/// An assignment.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = assignments, treat_none_as_default_value = false)]
pub struct Assignment {
    pub id: Key<kind::Assignment>,
    pub programme_id: Key<kind::Programme>,
    pub site_id: Key<kind::Site>,
    pub participant_id: Key<kind::Participant>,
    pub supporter_id: Key<kind::Person>,
    pub purpose: Code<Purpose>,
    pub state: Code<State>,
    pub conditions: Document<Vec<Condition>>,
    /// As declared; nobody is assigned to someone he knows.
    pub knows_participant: bool,
    pub offered_by: Key<kind::Person>,
    pub offered_at: At,
    pub accepted_at: Option<At>,
    pub introduced_at: Option<At>,
    pub started_at: Option<At>,
    pub ended_at: Option<At>,
    pub end_reason: Option<Code<EndReason>>,
    pub created_at: At,
    pub updated_at: At,
    pub version: i64,
}

/// Whether an assignment is in the caller's world. For the supporter it is over with its end, at once.
fn admits(scope: &Scope, row: &Assignment) -> bool {
    match &scope.reach {
        Reach::Programme(programme) => *programme == row.programme_id.0,
        Reach::Sites(programme, sites) => *programme == row.programme_id.0 && sites.contains(&row.site_id.0),
        Reach::SitesAndOne(programme, sites, one) => {
            *programme == row.programme_id.0
                && (sites.contains(&row.site_id.0) || *one == row.participant_id.0)
        }
        Reach::Person(programme, person) | Reach::Caseload(programme, person) => {
            *programme == row.programme_id.0 && *person == row.supporter_id.0 && row.state.0.is_live()
        }
        Reach::Participant(programme, own) => {
            *programme == row.programme_id.0 && *own == row.participant_id.0
        }
        Reach::Installation | Reach::StandIn(..) | Reach::Nothing => false,
    }
}

/// Adds an assignment.
///
/// # Errors
/// [`ONE_LIVE`] when the participant has a supporter for this purpose.
pub fn insert(db: &mut Db<'_>, assignment: &Assignment) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(assignments::table).values(assignment))?;
    Ok(())
}

/// The assignment with this id, if it is in the caller's world.
///
/// # Errors
/// What the database says.
pub fn try_find(db: &mut Db<'_>, scope: &Scope, id: AssignmentId) -> Result<Option<Assignment>, StoreError> {
    let row: Option<Assignment> = maybe(db, assignments::table.find(Key(id)).select(cols::<Assignment>()))?;
    Ok(row.filter(|row| admits(scope, row)))
}

/// As [`try_find`].
///
/// # Errors
/// [`StoreError::NotFound`] outside the caller's world.
pub fn find(db: &mut Db<'_>, scope: &Scope, id: AssignmentId) -> Result<Assignment, StoreError> {
    try_find(db, scope, id)?.ok_or(StoreError::NotFound)
}

/// The supporter's active assignment to the participant: what an assistance session stands on.
///
/// # Errors
/// What the database says.
pub fn active(
    db: &mut Db<'_>,
    supporter: PersonId,
    participant: ParticipantId,
) -> Result<Option<Assignment>, StoreError> {
    Ok(maybe(
        db,
        assignments::table
            .filter(assignments::supporter_id.eq(Key(supporter)))
            .filter(assignments::state.eq(Code(State::Active)))
            .filter(assignments::participant_id.eq(Key(participant)))
            .order(assignments::id)
            .limit(1)
            .select(cols::<Assignment>()),
    )?)
}

/// Which assignments a list shows.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Filter {
    pub participant_id: Option<ParticipantId>,
    pub supporter_id: Option<PersonId>,
    pub state: Option<State>,
}

/// Assignments of the caller's world, by id.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    filter: &Filter,
    after: Option<AssignmentId>,
    limit: u32,
) -> Result<Vec<Assignment>, StoreError> {
    Ok(on_engine!(db, Backend, conn => {
        let mut query = assignments::table
            .select(cols::<Assignment>())
            .order(assignments::id)
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        query = match &scope.reach {
            Reach::Programme(programme) => query.filter(assignments::programme_id.eq(Key(*programme))),
            Reach::Sites(programme, sites) => {
                let sites: Vec<_> = sites.iter().map(|site| Key(*site)).collect();
                query
                    .filter(assignments::programme_id.eq(Key(*programme)))
                    .filter(assignments::site_id.eq_any(sites))
            }
            Reach::SitesAndOne(programme, sites, one) => {
                let sites: Vec<_> = sites.iter().map(|site| Key(*site)).collect();
                query
                    .filter(assignments::programme_id.eq(Key(*programme)))
                    .filter(assignments::site_id.eq_any(sites).or(assignments::participant_id.eq(Key(*one))))
            }
            Reach::Person(programme, person) | Reach::Caseload(programme, person) => query
                .filter(assignments::programme_id.eq(Key(*programme)))
                .filter(assignments::supporter_id.eq(Key(*person)))
                .filter(assignments::state.ne_all([Code(State::Ended), Code(State::Withdrawn)])),
            Reach::Participant(programme, own) => query
                .filter(assignments::programme_id.eq(Key(*programme)))
                .filter(assignments::participant_id.eq(Key(*own))),
            Reach::Installation | Reach::StandIn(..) | Reach::Nothing => return Ok(Vec::new()),
        };
        if let Some(participant) = filter.participant_id {
            query = query.filter(assignments::participant_id.eq(Key(participant)));
        }
        if let Some(supporter) = filter.supporter_id {
            query = query.filter(assignments::supporter_id.eq(Key(supporter)));
        }
        if let Some(state) = filter.state {
            query = query.filter(assignments::state.eq(Code(state)));
        }
        if let Some(after) = after {
            query = query.filter(assignments::id.gt(Key(after)));
        }
        query.load::<Assignment>(conn)
    })?)
}

/// Writes where an assignment stands, if nobody changed it since it was read, and answers it as it is now. Help that
/// is going on is over unless the assignment is active.
///
/// # Errors
/// [`StoreError::Stale`] when somebody changed it.
pub fn save(db: &mut Db<'_>, assignment: &Assignment, now: Timestamp) -> Result<Assignment, StoreError> {
    let mut after = assignment.clone();
    after.updated_at = At(now);
    after.version += 1;
    let changed = rewrite(
        db,
        diesel::update(
            assignments::table.find(assignment.id).filter(assignments::version.eq(assignment.version)),
        )
        .set((
            assignments::state.eq(after.state),
            assignments::knows_participant.eq(after.knows_participant),
            assignments::accepted_at.eq(after.accepted_at),
            assignments::introduced_at.eq(after.introduced_at),
            assignments::started_at.eq(after.started_at),
            assignments::ended_at.eq(after.ended_at),
            assignments::end_reason.eq(after.end_reason),
            assignments::updated_at.eq(after.updated_at),
            assignments::version.eq(after.version),
        )),
    )?;
    if changed != 1 {
        return Err(StoreError::Stale);
    }
    if after.state.0 != State::Active {
        close_help(db, assignment.id, now)?;
    }
    Ok(after)
}

/// Ends every assignment of a participant for whom there is no supporter any more. Answers those who knew him.
///
/// # Errors
/// [`StoreError::Stale`] when one was changed meanwhile.
pub(crate) fn stop_support(
    db: &mut Db<'_>,
    participant: ParticipantId,
    now: Timestamp,
) -> Result<Vec<PersonId>, StoreError> {
    let mut knew = Vec::new();
    for mut assignment in live(db, participant)? {
        let Some(state) = assignment.state.0.when_support_stops() else { continue };
        if assignment.state.0.have_met() {
            knew.push(assignment.supporter_id.0);
        }
        assignment.state = Code(state);
        assignment.ended_at = Some(At(now));
        assignment.end_reason = Some(Code(EndReason::SupportNotNeeded));
        save(db, &assignment, now)?;
    }
    Ok(knew)
}

/// Puts on hold what is going on for a participant who is not to be contacted for now. Answers whose help it is.
///
/// # Errors
/// [`StoreError::Stale`] when an assignment was changed meanwhile.
pub(crate) fn hold_support(
    db: &mut Db<'_>,
    participant: ParticipantId,
    now: Timestamp,
) -> Result<Vec<PersonId>, StoreError> {
    let mut held = Vec::new();
    for mut assignment in live(db, participant)? {
        let Ok(state) = assignment.state.0.after(Step::Hold) else { continue };
        held.push(assignment.supporter_id.0);
        assignment.state = Code(state);
        save(db, &assignment, now)?;
    }
    Ok(held)
}

/// A participant's assignments that are not over.
fn live(db: &mut Db<'_>, participant: ParticipantId) -> Result<Vec<Assignment>, StoreError> {
    Ok(many(
        db,
        assignments::table
            .filter(assignments::participant_id.eq(Key(participant)))
            .filter(assignments::state.ne_all([Code(State::Ended), Code(State::Withdrawn)]))
            .order(assignments::id)
            .select(cols::<Assignment>()),
    )?)
}

/// Closes the assistance sessions that stand on an assignment, with their segments.
fn close_help(db: &mut Db<'_>, assignment: Key<kind::Assignment>, now: Timestamp) -> Result<(), StoreError> {
    let open: Vec<Key<kind::AssistanceSession>> = many(
        db,
        assistance_sessions::table
            .filter(assistance_sessions::assignment_id.eq(Some(assignment)))
            .filter(assistance_sessions::closed_at.is_null())
            .select(assistance_sessions::id),
    )?;
    for session in open {
        assistance_session::close(db, session.0, CloseReason::SupportEnded, now)?;
    }
    Ok(())
}

/// Whether the person is a supporter of this programme now, for participants of this site.
///
/// # Errors
/// What the database says.
pub fn is_supporter(
    db: &mut Db<'_>,
    person: PersonId,
    programme: ProgrammeId,
    site: SiteId,
) -> Result<bool, StoreError> {
    let live = memberships::table
        .inner_join(people::table.on(people::id.eq(memberships::person_id)))
        .filter(memberships::person_id.eq(Key(person)))
        .filter(memberships::role.eq(Code(Role::Supporter)))
        .filter(memberships::programme_id.eq(Some(Key(programme))))
        .filter(memberships::site_id.is_null().or(memberships::site_id.eq(Some(Key(site)))))
        .filter(memberships::ended_at.is_null())
        .filter(people::deactivated_at.is_null());
    Ok(one(db, diesel::select(diesel::dsl::exists(live)))?)
}
