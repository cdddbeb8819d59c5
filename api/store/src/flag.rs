//! Safeguarding flags. Every read leaves out the flags that exclude the reader, as if they did not exist.

use alongside_domain::clock::Timestamp;
use alongside_domain::flag::{Raiser, Report, Source, Status, TriggerKind, acknowledge_by};
use alongside_domain::id::{AssessmentId, FlagId, ParticipantId, PersonId, ProgrammeId, kind};
use alongside_domain::policy::Role;
use alongside_domain::site::SafeguardingContact;
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use uuid::Uuid;

use crate::db::{Db, cols, exec, maybe, one, rewrite};
use crate::error::StoreError;
use crate::flag_audience::{nearer, out_of_reach_of};
use crate::flag_exclusion;
use crate::schema::{flag_exclusions, flags, memberships, participants, people, sites};
use crate::scope::{Anchor, Reach, Scope};
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::types::{At, Code, Document, Key, Sealed};

/// A flag with its report still sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = flags, treat_none_as_default_value = false)]
pub struct Flag {
    pub id: Key<kind::Flag>,
    pub programme_id: Key<kind::Programme>,
    pub participant_id: Option<Key<kind::Participant>>,
    pub raised_by_person: Option<Key<kind::Person>>,
    pub raised_by_client: Option<Key<kind::Client>>,
    pub source: Code<Source>,
    pub immediate_danger: bool,
    pub report: Sealed,
    /// Set, with the question and the kind, on a flag that an answer raised.
    pub assessment_id: Option<Key<kind::Assessment>>,
    pub trigger_link_id: Option<String>,
    pub trigger_kind: Option<Code<TriggerKind>>,
    pub status: Code<Status>,
    pub acknowledge_by: At,
    pub acknowledged_at: Option<At>,
    pub acknowledged_by: Option<Key<kind::Person>>,
    pub raised_at: At,
    pub updated_at: At,
    pub version: i64,
}

impl Flag {
    /// What was reported.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn report(&self, keys: &RecordKeys) -> Result<Report, StoreError> {
        keys.open(report_place(self.id.0), &self.report)
    }
}

fn report_place(flag: FlagId) -> Place {
    Place { class: DataClass::Safeguarding, table: "flags", column: "report", row: flag.uuid() }
}

/// To which row a cell is bound in a table whose rows have the flag and something else for their key.
pub(crate) fn part_of(flag: FlagId, part: u128) -> Uuid {
    Uuid::from_u128(flag.uuid().as_u128() ^ part)
}

/// A concern as a person raises it.
#[derive(Debug, Clone, Copy)]
pub struct NewFlag<'a> {
    pub id: FlagId,
    pub programme: ProgrammeId,
    pub participant: Option<ParticipantId>,
    pub raiser: Raiser,
    pub source: Source,
    pub immediate_danger: bool,
    pub report: &'a Report,
}

/// Whether the caller may raise a concern about this participant.
///
/// # Errors
/// [`StoreError::NotFound`] when the participant is not in the caller's world.
pub fn require_in_world(
    db: &mut Db<'_>,
    scope: &Scope,
    participant: ParticipantId,
) -> Result<(), StoreError> {
    let anchor = anchor_of(db, participant)?;
    scope.require(db, anchor)
}

/// Keeps a person's concern. The alleged person, where he has an account here, is excluded with it: there is no moment
/// at which he could see it.
///
/// # Errors
/// [`StoreError::NotFound`] when the participant is not in the caller's world.
pub fn raise(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    scope: &Scope,
    new: NewFlag<'_>,
    now: Timestamp,
) -> Result<Flag, StoreError> {
    if let Some(participant) = new.participant {
        require_in_world(db, scope, participant)?;
    }
    let (person, client) = match new.raiser {
        Raiser::Person(person) => (Some(Key(person)), None),
        Raiser::Client(client) => (None, Some(Key(client))),
    };
    let flag = Flag {
        id: Key(new.id),
        programme_id: Key(new.programme),
        participant_id: new.participant.map(Key),
        raised_by_person: person,
        raised_by_client: client,
        source: Code(new.source),
        immediate_danger: new.immediate_danger,
        report: keys.seal(report_place(new.id), new.report)?,
        assessment_id: None,
        trigger_link_id: None,
        trigger_kind: None,
        status: Code(Status::Raised),
        acknowledge_by: At(acknowledge_by(now, new.immediate_danger, new.source)),
        acknowledged_at: None,
        acknowledged_by: None,
        raised_at: At(now),
        updated_at: At(now),
        version: 1,
    };
    exec(db, diesel::insert_into(flags::table).values(&flag))?;
    if let Some(alleged) = new.report.alleged_person.as_ref().and_then(|alleged| alleged.person_id) {
        let by = match new.raiser {
            Raiser::Person(person) => person.uuid(),
            Raiser::Client(client) => client.uuid(),
        };
        flag_exclusion::insert(db, keys, new.id, alleged, flag_exclusion::NAMED_IN_REPORT, by, now)?;
    }
    Ok(flag)
}

/// Keeps the concern that a saved answer raised, at most once for each question of an assessment: whatever becomes of
/// the answer later, the flag stays and no second one comes. Answers whether it was new.
///
/// Runs in the transaction that saves the answer, so that neither is ever there without the other.
///
/// # Errors
/// What the database says.
#[expect(
    clippy::too_many_arguments,
    reason = "each names one fact of the answer; a struct would only repeat them"
)]
pub fn raise_from_answer(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    programme: ProgrammeId,
    participant: ParticipantId,
    assessment: AssessmentId,
    link_id: &str,
    kind: TriggerKind,
    now: Timestamp,
    id: FlagId,
) -> Result<bool, StoreError> {
    let flag = Flag {
        id: Key(id),
        programme_id: Key(programme),
        participant_id: Some(Key(participant)),
        raised_by_person: None,
        raised_by_client: None,
        source: Code(Source::SystemAlert),
        immediate_danger: false,
        report: keys.seal(report_place(id), &Report::from_answer(kind))?,
        assessment_id: Some(Key(assessment)),
        trigger_link_id: Some(link_id.to_owned()),
        trigger_kind: Some(Code(kind)),
        status: Code(Status::Raised),
        acknowledge_by: At(acknowledge_by(now, false, Source::SystemAlert)),
        acknowledged_at: None,
        acknowledged_by: None,
        raised_at: At(now),
        updated_at: At(now),
        version: 1,
    };
    let insert = diesel::insert_into(flags::table)
        .values(&flag)
        .on_conflict((flags::assessment_id, flags::trigger_link_id))
        .do_nothing();
    Ok(rewrite(db, insert)? > 0)
}

/// Flags that do not exclude this person.
#[diesel::dsl::auto_type(no_type_alias)]
fn open_to(person: Key<kind::Person>) -> _ {
    not(exists(
        flag_exclusions::table
            .filter(flag_exclusions::flag_id.eq(flags::id))
            .filter(flag_exclusions::person_id.eq(person)),
    ))
}

/// The programme and the person for whom flags are read, and the role where he only stands in; nobody else reads any.
fn reader(scope: &Scope) -> Result<(ProgrammeId, PersonId, Option<Role>), StoreError> {
    match (&scope.reach, scope.person) {
        (Reach::Programme(programme), Some(person)) => Ok((*programme, person, None)),
        (Reach::StandIn(programme, role), Some(person)) => Ok((*programme, person, Some(*role))),
        _ => Err(StoreError::NotFound),
    }
}

/// One flag, for who can act on it. One query whether it is absent, elsewhere or excludes the caller.
///
/// # Errors
/// [`StoreError::NotFound`] in each of these cases.
pub fn find(db: &mut Db<'_>, scope: &Scope, id: FlagId) -> Result<Flag, StoreError> {
    let (programme, person, stand_in) = reader(scope)?;
    let query = flags::table
        .filter(flags::id.eq(Key(id)))
        .filter(flags::programme_id.eq(Key(programme)))
        .filter(open_to(Key(person)));
    Ok(match stand_in {
        None => one(db, query.select(cols::<Flag>()))?,
        Some(role) => one(db, query.filter(out_of_reach_of(nearer(role))).select(cols::<Flag>()))?,
    })
}

/// A flag that the caller raised himself, for its receipt; gone once it excludes him.
///
/// # Errors
/// What the database says.
pub fn try_find_own(
    db: &mut Db<'_>,
    scope: &Scope,
    programme: ProgrammeId,
    raiser: Raiser,
    id: FlagId,
) -> Result<Option<Flag>, StoreError> {
    let mine = flags::table.filter(flags::id.eq(Key(id))).filter(flags::programme_id.eq(Key(programme)));
    let found = match raiser {
        Raiser::Person(person) if scope.person == Some(person) => {
            let query = mine
                .filter(flags::raised_by_person.eq(Some(Key(person))))
                .filter(open_to(Key(person)))
                .select(cols::<Flag>());
            maybe(db, query)?
        }
        Raiser::Client(client) if scope.person.is_none() => {
            maybe(db, mine.filter(flags::raised_by_client.eq(Some(Key(client)))).select(cols::<Flag>()))?
        }
        _ => None,
    };
    Ok(found)
}

/// Which flags of the work list are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub status: Option<Status>,
    /// Only those that wait longer than they should, or only those that do not.
    pub overdue: Option<bool>,
    pub participant: Option<ParticipantId>,
}

/// The work list of a safeguarding lead, or of who stands in: what is due first comes first.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    filter: Filter,
    now: Timestamp,
    after: Option<(Timestamp, FlagId)>,
    limit: i64,
) -> Result<Vec<Flag>, StoreError> {
    let Ok((programme, person, stand_in)) = reader(scope) else { return Ok(Vec::new()) };
    Ok(crate::on_engine!(db, Backend, conn => {
        let mut query = flags::table.select(cols::<Flag>()).into_boxed::<Backend>();
        query = query.filter(flags::programme_id.eq(Key(programme))).filter(open_to(Key(person)));
        if let Some(role) = stand_in {
            query = query.filter(out_of_reach_of(nearer(role)));
        }
        if let Some(status) = filter.status {
            query = query.filter(flags::status.eq(Code(status)));
        }
        if let Some(participant) = filter.participant {
            query = query.filter(flags::participant_id.eq(Some(Key(participant))));
        }
        query = match filter.overdue {
            None => query,
            Some(true) => query
                .filter(flags::status.eq(Code(Status::Raised)))
                .filter(flags::acknowledge_by.lt(At(now))),
            Some(false) => query
                .filter(flags::status.ne(Code(Status::Raised)).or(flags::acknowledge_by.ge(At(now)))),
        };
        if let Some((due, id)) = after {
            query = query.filter(
                flags::acknowledge_by.gt(At(due)).or(flags::acknowledge_by.eq(At(due)).and(flags::id.gt(Key(id)))),
            );
        }
        query.order((flags::acknowledge_by, flags::id)).limit(limit).load::<Flag>(conn)
    })?)
}

/// Notes that a safeguarding lead took the flag on.
///
/// # Errors
/// [`StoreError::Collision`] when it was changed since it was read.
pub fn acknowledge(
    db: &mut Db<'_>,
    flag: Flag,
    status: Status,
    by: PersonId,
    now: Timestamp,
) -> Result<Flag, StoreError> {
    let version = flag.version + 1;
    let update = diesel::update(flags::table)
        .filter(flags::id.eq(flag.id))
        .filter(flags::version.eq(flag.version))
        .set((
            flags::status.eq(Code(status)),
            flags::acknowledged_at.eq(Some(At(now))),
            flags::acknowledged_by.eq(Some(Key(by))),
            flags::updated_at.eq(At(now)),
            flags::version.eq(version),
        ));
    if rewrite(db, update)? == 0 {
        return Err(StoreError::Collision);
    }
    Ok(Flag {
        status: Code(status),
        acknowledged_at: Some(At(now)),
        acknowledged_by: Some(Key(by)),
        updated_at: At(now),
        version,
        ..flag
    })
}

/// Marks the flag as changed, so that two who add to it at once come one after the other.
pub(crate) fn touch(db: &mut Db<'_>, flag: &Flag, now: Timestamp) -> Result<(), StoreError> {
    let update = diesel::update(flags::table)
        .filter(flags::id.eq(flag.id))
        .filter(flags::version.eq(flag.version))
        .set((flags::updated_at.eq(At(now)), flags::version.eq(flag.version + 1)));
    if rewrite(db, update)? == 0 { Err(StoreError::Collision) } else { Ok(()) }
}

/// Whether the programme knows this person: as a member, now or before, or as a participant with an account.
///
/// # Errors
/// What the database says.
pub fn knows_person(db: &mut Db<'_>, programme: ProgrammeId, person: PersonId) -> Result<bool, StoreError> {
    let member = memberships::table
        .filter(memberships::person_id.eq(Key(person)))
        .filter(memberships::programme_id.eq(Some(Key(programme))));
    let participant = people::table
        .inner_join(participants::table.on(people::participant_id.eq(participants::id.nullable())))
        .filter(people::id.eq(Key(person)))
        .filter(participants::programme_id.eq(Key(programme)));
    Ok(one(db, diesel::select(exists(member)))? || one(db, diesel::select(exists(participant)))?)
}

/// Whom to phone about safeguarding at the participant's site.
///
/// # Errors
/// What the database says.
pub fn contact(db: &mut Db<'_>, flag: &Flag) -> Result<Option<SafeguardingContact>, StoreError> {
    let Some(participant) = flag.participant_id else { return Ok(None) };
    let query = participants::table
        .inner_join(sites::table.on(sites::id.eq(participants::site_id)))
        .filter(participants::id.eq(participant))
        .select(sites::safeguarding_contact);
    let found: Option<Option<Document<SafeguardingContact>>> = maybe(db, query)?;
    Ok(found.flatten().map(|contact| contact.0))
}

fn anchor_of(db: &mut Db<'_>, participant: ParticipantId) -> Result<Anchor, StoreError> {
    let query = participants::table
        .filter(participants::id.eq(Key(participant)))
        .select((participants::programme_id, participants::site_id));
    let (programme, site): (Key<kind::Programme>, Key<kind::Site>) = one(db, query)?;
    Ok(Anchor { programme_id: programme.0, site_id: site.0, participant_id: participant })
}
