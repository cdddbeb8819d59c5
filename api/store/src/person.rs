//! People with an account.

use std::collections::HashMap;
use std::fmt;

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{ParticipantId, PersonId, ProgrammeId, kind};
use alongside_domain::person::AccountState;
use alongside_domain::policy::Role;
use diesel::prelude::*;

use crate::context::Duty;
use crate::db::{Db, cols, exec, many, maybe, one, rewrite};
use crate::error::{StoreError, Unique};
use crate::on_engine;
use crate::schema::{memberships, participants, people};
use crate::scope::{Reach, Scope};
use crate::session;
use crate::types::{At, Code, Key};

/// An e-mail address belongs to one account.
pub const EMAIL: Unique = Unique { constraint: "people_email_unique", columns: "people.email" };

/// An account.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = people, treat_none_as_default_value = false)]
pub struct Person {
    pub id: Key<kind::Person>,
    /// In lower case, as it is looked up.
    pub email: String,
    pub display_name: String,
    /// The record of the person himself, where he is a participant.
    pub participant_id: Option<Key<kind::Participant>>,
    /// `None` until he has chosen a password.
    pub password_hash: Option<String>,
    /// The SHA-256 of the one-time code with which he chooses it.
    pub activation_hash: Option<Vec<u8>>,
    pub activation_expires_at: Option<At>,
    pub failed_attempts: i32,
    pub locked_until: Option<At>,
    pub deactivated_at: Option<At>,
    pub created_at: At,
    pub updated_at: At,
    pub version: i64,
}

/// Without the hashes and the address: this may end in a log.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("id", &self.id).field("version", &self.version).finish_non_exhaustive()
    }
}

impl Person {
    /// Whether the account can be used.
    #[must_use]
    pub fn state(&self) -> AccountState {
        match (self.deactivated_at, &self.password_hash) {
            (Some(_), _) => AccountState::Deactivated,
            (None, Some(_)) => AccountState::Active,
            (None, None) => AccountState::Invited,
        }
    }
}

/// Adds an account.
///
/// # Errors
/// [`EMAIL`] when the address is taken.
pub fn insert(db: &mut Db<'_>, person: &Person) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(people::table).values(person))?;
    Ok(())
}

/// The account with this e-mail address in lower case, for signing in: nobody is asking yet.
///
/// # Errors
/// What the database says.
pub fn by_email(db: &mut Db<'_>, email: &str) -> Result<Option<Person>, StoreError> {
    Ok(maybe(db, people::table.filter(people::email.eq(email)).select(cols::<Person>()))?)
}

/// Where a participant takes part, and whether he has an account already; `None` when there is no such participant.
///
/// # Errors
/// What the database says.
pub fn standing(
    db: &mut Db<'_>,
    participant: ParticipantId,
) -> Result<Option<(ProgrammeId, bool)>, StoreError> {
    // An administrator asks, who is shown no participant.
    db.within(Duty::Standing, |db| {
        let programme: Option<Key<kind::Programme>> =
            maybe(db, participants::table.find(Key(participant)).select(participants::programme_id))?;
        let Some(programme) = programme else { return Ok(None) };
        let account = people::table.filter(people::participant_id.eq(Some(Key(participant))));
        let has_account = one(db, diesel::select(diesel::dsl::exists(account)))?;
        Ok(Some((programme.0, has_account)))
    })
}

/// The account with this id, if it is in the caller's world. See [`list`].
///
/// # Errors
/// What the database says.
pub fn try_find(db: &mut Db<'_>, scope: &Scope, id: PersonId) -> Result<Option<Person>, StoreError> {
    let within = match (&scope.reach, scope.person) {
        (Reach::Installation, _) => true,
        (_, Some(own)) if own == id => true,
        (Reach::Programme(programme) | Reach::Sites(programme, _), _) => works_in(db, id, *programme)?,
        _ => false,
    };
    if !within {
        return Ok(None);
    }
    Ok(maybe(db, people::table.find(Key(id)).select(cols::<Person>()))?)
}

/// As [`try_find`].
///
/// # Errors
/// [`StoreError::NotFound`] outside the caller's world.
pub fn find(db: &mut Db<'_>, scope: &Scope, id: PersonId) -> Result<Person, StoreError> {
    try_find(db, scope, id)?.ok_or(StoreError::NotFound)
}

fn works_in(db: &mut Db<'_>, id: PersonId, programme: ProgrammeId) -> Result<bool, StoreError> {
    let held = memberships::table
        .filter(memberships::person_id.eq(Key(id)))
        .filter(memberships::programme_id.eq(Some(Key(programme))))
        .filter(memberships::role.ne(Code(Role::Participant)));
    Ok(one(db, diesel::select(diesel::dsl::exists(held)))?)
}

/// Which accounts are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Who holds this role now.
    pub role: Option<Role>,
    /// Who holds a role in this programme now.
    pub programme_id: Option<ProgrammeId>,
}

/// Accounts of the caller's world, by id. In a programme these are the people who work or worked in it: a participant's
/// account tells that he takes part, so it is on nobody's list but the administrator's.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    filter: &Filter,
    after: Option<PersonId>,
    limit: u32,
) -> Result<Vec<Person>, StoreError> {
    let (of_programme, own) = match (&scope.reach, scope.person) {
        (Reach::Installation, _) => (None, None),
        (Reach::Programme(programme) | Reach::Sites(programme, _), _) => (Some(*programme), None),
        (_, Some(own)) => (None, Some(own)),
        (_, None) => return Ok(Vec::new()),
    };
    Ok(on_engine!(db, Backend, conn => {
        let mut query = people::table
            .select(cols::<Person>())
            .order(people::id)
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        if let Some(programme) = of_programme {
            query = query.filter(people::id.eq_any(
                memberships::table
                    .filter(memberships::programme_id.eq(Some(Key(programme))))
                    .filter(memberships::role.ne(Code(Role::Participant)))
                    .select(memberships::person_id),
            ));
        }
        if let Some(own) = own {
            query = query.filter(people::id.eq(Key(own)));
        }
        if filter.role.is_some() || filter.programme_id.is_some() {
            let mut held = memberships::table
                .filter(memberships::ended_at.is_null())
                .select(memberships::person_id)
                .into_boxed::<Backend>();
            if let Some(role) = filter.role {
                held = held.filter(memberships::role.eq(Code(role)));
            }
            // Who holds a role elsewhere is not asked about here.
            if let Some(programme) = filter.programme_id.or(of_programme) {
                held = held.filter(memberships::programme_id.eq(Some(Key(programme))));
            }
            query = query.filter(people::id.eq_any(held));
        }
        if let Some(after) = after {
            query = query.filter(people::id.gt(Key(after)));
        }
        query.load::<Person>(conn)
    })?)
}

/// Writes what may change of an account, if nobody changed it since it was read.
///
/// # Errors
/// [`StoreError::Stale`] when somebody did; [`StoreError::NotFound`] outside the caller's world.
pub fn save(db: &mut Db<'_>, scope: &Scope, person: &Person) -> Result<(), StoreError> {
    if scope.reach != Reach::Installation {
        return Err(StoreError::NotFound);
    }
    let changed = rewrite(
        db,
        diesel::update(people::table.find(person.id).filter(people::version.eq(person.version))).set((
            people::display_name.eq(&person.display_name),
            people::activation_hash.eq(&person.activation_hash),
            people::activation_expires_at.eq(person.activation_expires_at),
            people::deactivated_at.eq(person.deactivated_at),
            people::updated_at.eq(person.updated_at),
            people::version.eq(person.version + 1),
        )),
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// Closes the account of a participant who died: nobody signs in with it any more, or goes on.
///
/// # Errors
/// What the database says.
pub fn close_of_deceased(
    db: &mut Db<'_>,
    participant: ParticipantId,
    now: Timestamp,
) -> Result<(), StoreError> {
    // The account is his in every programme.
    db.within(Duty::Bereavement, |db| {
        let account = people::table
            .filter(people::participant_id.eq(Some(Key(participant))))
            .filter(people::deactivated_at.is_null());
        let found: Option<Key<kind::Person>> = maybe(db, account.select(people::id))?;
        let Some(id) = found else { return Ok(()) };
        rewrite(
            db,
            diesel::update(people::table.find(id)).set((
                people::deactivated_at.eq(Some(At(now))),
                people::updated_at.eq(At(now)),
                people::version.eq(people::version + 1),
            )),
        )?;
        session::end_all_of_person(db, id.0, "deceased", now)
    })
}

/// Takes the password that the person chose. The code that let him is used up, whatever sessions there were end, and
/// attempts that failed are forgotten.
///
/// # Errors
/// [`StoreError::Stale`] when the code was used at the same moment.
pub fn activate(
    db: &mut Db<'_>,
    person: &Person,
    password_hash: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = rewrite(
        db,
        diesel::update(
            people::table
                .find(person.id)
                .filter(people::activation_hash.eq(person.activation_hash.clone()))
                .filter(people::deactivated_at.is_null()),
        )
        .set((
            people::password_hash.eq(Some(password_hash)),
            people::activation_hash.eq(None::<Vec<u8>>),
            people::activation_expires_at.eq(None::<At>),
            people::failed_attempts.eq(0),
            people::locked_until.eq(None::<At>),
            people::updated_at.eq(At(now)),
            people::version.eq(people::version + 1),
        )),
    )?;
    if changed != 1 {
        return Err(StoreError::Stale);
    }
    session::end_all_of_person(db, person.id.0, "password_chosen", now)
}

/// The names of these people, for showing who did something.
///
/// # Errors
/// What the database says.
pub fn names(db: &mut Db<'_>, ids: &[PersonId]) -> Result<HashMap<PersonId, String>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let keys: Vec<_> = ids.iter().map(|id| Key(*id)).collect();
    let rows: Vec<(Key<kind::Person>, String)> =
        many(db, people::table.filter(people::id.eq_any(keys)).select((people::id, people::display_name)))?;
    Ok(rows.into_iter().map(|(id, name)| (id.0, name)).collect())
}

/// Takes the new password of somebody who knew the old one.
///
/// # Errors
/// [`StoreError::Stale`] when it was changed at the same moment, or the account was closed.
pub fn change_password(
    db: &mut Db<'_>,
    id: PersonId,
    old_hash: &str,
    new_hash: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = rewrite(
        db,
        diesel::update(
            people::table
                .find(Key(id))
                .filter(people::password_hash.eq(Some(old_hash)))
                .filter(people::deactivated_at.is_null()),
        )
        .set((
            people::password_hash.eq(Some(new_hash)),
            people::activation_hash.eq(None::<Vec<u8>>),
            people::activation_expires_at.eq(None::<At>),
            people::updated_at.eq(At(now)),
            people::version.eq(people::version + 1),
        )),
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// Keeps the code of a letter, in the place of the one before.
///
/// # Errors
/// [`StoreError::Stale`] when the account was closed.
pub fn invite(db: &mut Db<'_>, id: PersonId, code_hash: &[u8], until: Timestamp) -> Result<(), StoreError> {
    let changed = rewrite(
        db,
        diesel::update(people::table.find(Key(id)).filter(people::deactivated_at.is_null())).set((
            people::activation_hash.eq(Some(code_hash.to_vec())),
            people::activation_expires_at.eq(Some(At(until))),
        )),
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// The account with this id, for a job of the service itself: nobody is asking.
///
/// # Errors
/// What the database says.
pub fn of_job(db: &mut Db<'_>, id: PersonId) -> Result<Option<Person>, StoreError> {
    Ok(maybe(db, people::table.find(Key(id)).select(cols::<Person>()))?)
}
