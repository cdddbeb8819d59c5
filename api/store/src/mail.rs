//! Letters to be sent: put down in the transaction of what they are about, claimed by one replica at a time.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{MailId, ParticipantId, PersonId, kind};
use alongside_domain::mail::{MailKind, MailOutcome};
use diesel::prelude::*;

use crate::db::{Db, cols, exec, many, one, rewrite};
use crate::error::StoreError;
use crate::schema::{mails, people};
use crate::sealing::{DataClass, Place};
use crate::types::{At, Code, Key, Sealed};

/// Most letters to one person that are told of.
const MOST_OF_ONE: i64 = 1000;

/// A letter, to a person or to an address that somebody typed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = mails, treat_none_as_default_value = false)]
pub struct Mail {
    pub id: Key<kind::Mail>,
    pub kind: Code<MailKind>,
    pub person_id: Option<Key<kind::Person>>,
    /// Nobody has looked yet whether there is such an account.
    pub address: Option<Sealed>,
    pub attempts: i32,
    pub due_at: At,
    pub created_at: At,
    pub done_at: Option<At>,
    pub outcome: Option<Code<MailOutcome>>,
}

impl Mail {
    /// A letter to a person, to be sent at once.
    #[must_use]
    pub fn to(id: MailId, kind: MailKind, person: PersonId, now: Timestamp) -> Self {
        Self { person_id: Some(Key(person)), ..Self::blank(id, kind, now) }
    }

    /// A letter to an address somebody typed, sealed at [`place`].
    #[must_use]
    pub fn to_address(id: MailId, kind: MailKind, address: Sealed, now: Timestamp) -> Self {
        Self { address: Some(address), ..Self::blank(id, kind, now) }
    }

    fn blank(id: MailId, kind: MailKind, now: Timestamp) -> Self {
        Self {
            id: Key(id),
            kind: Code(kind),
            person_id: None,
            address: None,
            attempts: 0,
            due_at: At(now),
            created_at: At(now),
            done_at: None,
            outcome: None,
        }
    }
}

/// Where the address of a letter is sealed.
#[must_use]
pub fn place(id: MailId) -> Place {
    Place { class: DataClass::Identity, table: "mails", column: "address", row: id.uuid() }
}

/// Puts a letter down.
///
/// # Errors
/// What the database says.
pub fn insert(db: &mut Db<'_>, mail: &Mail) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(mails::table).values(mail))?;
    Ok(())
}

/// Whether anything is due.
///
/// # Errors
/// What the database says.
pub fn is_due(db: &mut Db<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let due = mails::table.filter(mails::done_at.is_null()).filter(mails::due_at.le(At(now)));
    Ok(one(db, diesel::select(diesel::dsl::exists(due)))?)
}

/// Takes what is due, at most `most`, for this caller alone: nobody else gets it before `until`, when it is due again.
///
/// # Errors
/// What the database says.
pub fn claim(db: &mut Db<'_>, now: Timestamp, until: Timestamp, most: i64) -> Result<Vec<Mail>, StoreError> {
    let due: Vec<Mail> = many(
        db,
        mails::table
            .filter(mails::done_at.is_null())
            .filter(mails::due_at.le(At(now)))
            .order((mails::due_at, mails::id))
            .limit(most)
            .select(cols::<Mail>()),
    )?;
    let mut claimed = Vec::with_capacity(due.len());
    for mut mail in due {
        let taken = rewrite(
            db,
            diesel::update(
                mails::table
                    .find(mail.id)
                    .filter(mails::done_at.is_null())
                    .filter(mails::attempts.eq(mail.attempts)),
            )
            .set((mails::attempts.eq(mail.attempts + 1), mails::due_at.eq(At(until)))),
        )?;
        if taken == 1 {
            mail.attempts += 1;
            claimed.push(mail);
        }
    }
    Ok(claimed)
}

/// Notes what became of a letter; the address somebody typed gives way to the person it belongs to, or to nothing.
///
/// # Errors
/// What the database says.
pub fn finish(
    db: &mut Db<'_>,
    mail: &Mail,
    person: Option<PersonId>,
    outcome: MailOutcome,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = mails::table.find(mail.id);
    let what = (mails::done_at.eq(Some(At(now))), mails::outcome.eq(Some(Code(outcome))));
    match person {
        // Whom it went to is known now, so that he does not get another one too soon.
        Some(person) => rewrite(
            db,
            diesel::update(done).set((
                what,
                mails::person_id.eq(Some(Key(person))),
                mails::address.eq(None::<Sealed>),
            )),
        )?,
        // An address without an account is nobody's business any more.
        None => {
            let nothing = mail.address.as_ref().map(|_| Sealed(Vec::new()));
            rewrite(db, diesel::update(done).set((what, mails::address.eq(nothing))))?
        }
    };
    Ok(())
}

/// Tries a letter again at `due`.
///
/// # Errors
/// What the database says.
pub fn postpone(db: &mut Db<'_>, mail: &Mail, due: Timestamp) -> Result<(), StoreError> {
    rewrite(db, diesel::update(mails::table.find(mail.id)).set(mails::due_at.eq(At(due))))?;
    Ok(())
}

/// Whether such a letter went to this person since then.
///
/// # Errors
/// What the database says.
pub fn was_sent(
    db: &mut Db<'_>,
    person: PersonId,
    kind: MailKind,
    since: Timestamp,
) -> Result<bool, StoreError> {
    let sent = mails::table
        .filter(mails::person_id.eq(Some(Key(person))))
        .filter(mails::kind.eq(Code(kind)))
        .filter(mails::outcome.eq(Some(Code(MailOutcome::Sent))))
        .filter(mails::created_at.ge(At(since)));
    Ok(one(db, diesel::select(diesel::dsl::exists(sent)))?)
}

/// Forgets the letters to a participant with an account.
pub(crate) fn forget_participant(db: &mut Db<'_>, participant: ParticipantId) -> Result<(), StoreError> {
    let accounts =
        people::table.filter(people::participant_id.eq(Some(Key(participant)))).select(people::id.nullable());
    exec(db, diesel::delete(mails::table.filter(mails::person_id.eq_any(accounts))))?;
    Ok(())
}

/// Forgets letters that were done with before then.
///
/// # Errors
/// What the database says.
pub fn forget(db: &mut Db<'_>, before: Timestamp) -> Result<usize, StoreError> {
    Ok(exec(db, diesel::delete(mails::table.filter(mails::done_at.lt(Some(At(before))))))?)
}

/// The letters to a participant's own account that are still known of, in the order they were put down.
///
/// # Errors
/// What the database says.
pub fn of_participant(db: &mut Db<'_>, participant: ParticipantId) -> Result<Vec<Mail>, StoreError> {
    Ok(many(
        db,
        mails::table
            .inner_join(people::table.on(mails::person_id.eq(people::id.nullable())))
            .filter(people::participant_id.eq(Some(Key(participant))))
            .order(mails::id)
            .limit(MOST_OF_ONE)
            .select(cols::<Mail>()),
    )?)
}
