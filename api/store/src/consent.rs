//! Consents: what was agreed to, what took its place, what was taken back, and what follows at once from each.

use std::collections::{BTreeMap, BTreeSet};

use alongside_domain::clock::Timestamp;
use alongside_domain::consent::{CapacityJudgement, Effect, Given, Method};
use alongside_domain::id::{ConsentId, ParticipantId, kind};
use alongside_domain::participant::Status;
use chrono::NaiveDate;
use diesel::prelude::*;

use crate::db::{Cached, Db, cols, exec, maybe};
use crate::error::StoreError;
use crate::participant::{self, Participant};
use crate::schema::consents;
use crate::scope::Scope;
use crate::sealing::{KeyRing, Place};
use crate::types::{At, Code, Document, Key, Sealed};
use crate::{assignment, on_engine};

/// One signed form.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = consents, treat_none_as_default_value = false)]
pub struct Consent {
    pub id: Key<kind::Consent>,
    pub participant_id: Key<kind::Participant>,
    pub consent_form_id: Key<kind::ConsentForm>,
    pub answers: Document<BTreeMap<String, bool>>,
    pub taken_by: Key<kind::Person>,
    pub taken_on: NaiveDate,
    pub method: Code<Method>,
    /// A name: see [`seal_witness`].
    pub witness: Option<Sealed>,
    pub capacity_judgement: Code<CapacityJudgement>,
    pub copy_given: bool,
    pub confidentiality_limits_explained: bool,
    pub effective_from: At,
    /// The consent that took its place.
    pub superseded_by: Option<Key<kind::Consent>>,
    /// When something was last taken back.
    pub withdrawn_at: Option<At>,
    pub withdrawn_statements: Option<Document<BTreeSet<String>>>,
    pub created_at: At,
    pub version: i64,
}

impl Consent {
    /// What it allows, or allowed while it was in force.
    #[must_use]
    pub fn effect(&self) -> Effect {
        let none = BTreeSet::new();
        Effect::of(Given {
            answers: &self.answers.0,
            withdrawn: self.withdrawn_statements.as_ref().map_or(&none, |withdrawn| &withdrawn.0),
            capacity: self.capacity_judgement.0,
            confidentiality_limits_explained: self.confidentiality_limits_explained,
        })
    }

    /// Whether it is the one that counts, and allows anything.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        self.superseded_by.is_none() && self.effect().take_part
    }

    /// Who witnessed it.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn witness(&self, ring: &KeyRing) -> Result<Option<String>, StoreError> {
        self.witness.as_ref().map(|cell| ring.open(witness_place(self.id.0), cell)).transpose()
    }
}

fn witness_place(id: ConsentId) -> Place {
    Place { table: "consents", column: "witness", row: id.uuid() }
}

/// Seals the name of a witness for the consent with this id.
///
/// # Errors
/// When it cannot be sealed.
pub fn seal_witness(ring: &KeyRing, id: ConsentId, name: &str) -> Result<Sealed, StoreError> {
    ring.seal(witness_place(id), name)
}

/// The participant's newest consent, whether or not it still allows anything.
///
/// # Errors
/// What the database says.
pub fn newest(db: &mut Db<'_>, participant: ParticipantId) -> Result<Option<Consent>, StoreError> {
    Ok(maybe(
        db,
        consents::table
            .filter(consents::participant_id.eq(Key(participant)))
            .filter(consents::superseded_by.is_null())
            .order(consents::id.desc())
            .limit(1)
            .select(cols::<Consent>()),
    )?)
}

/// What the participant's consent in force allows; nothing without one. For rules on records that the caller has
/// found in his world before.
///
/// # Errors
/// What the database says.
pub fn effect_in_force(db: &mut Db<'_>, participant: ParticipantId) -> Result<Effect, StoreError> {
    Ok(newest(db, participant)?.map_or_else(Effect::default, |consent| consent.effect()))
}

/// Keeps a consent in the place of the former one. What it allows, and what it ends, holds when this is durable.
/// Answers where the participant stands then.
///
/// # Errors
/// [`StoreError::Stale`] when the participant's row was changed meanwhile.
pub fn record(
    db: &mut Db<'_>,
    participant: &Participant,
    status: Status,
    consent: &Consent,
) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(consents::table).values(consent))?;
    exec(
        db,
        Cached(
            diesel::update(
                consents::table
                    .filter(consents::participant_id.eq(consent.participant_id))
                    .filter(consents::superseded_by.is_null())
                    .filter(consents::id.ne(consent.id)),
            )
            .set((
                consents::superseded_by.eq(Some(consent.id)),
                consents::version.eq(consents::version + 1),
            )),
        ),
    )?;
    take_effect(db, participant, status, &consent.effect(), consent.created_at.0)
}

/// Takes statements back. What they allowed ends when this is durable.
///
/// # Errors
/// [`StoreError::Stale`] when the consent or the participant's row was changed meanwhile.
pub fn withdraw(
    db: &mut Db<'_>,
    participant: &Participant,
    consent: &Consent,
    statements: BTreeSet<String>,
    now: Timestamp,
) -> Result<Consent, StoreError> {
    let mut after = consent.clone();
    let mut withdrawn = after.withdrawn_statements.take().map(|former| former.0).unwrap_or_default();
    withdrawn.extend(statements);
    after.withdrawn_statements = Some(Document(withdrawn));
    after.withdrawn_at = Some(At(now));
    after.version += 1;
    let changed = exec(
        db,
        Cached(
            diesel::update(consents::table.find(consent.id).filter(consents::version.eq(consent.version)))
                .set((
                    consents::withdrawn_at.eq(after.withdrawn_at),
                    consents::withdrawn_statements.eq(after.withdrawn_statements.clone()),
                    consents::version.eq(after.version),
                )),
        ),
    )?;
    if changed != 1 {
        return Err(StoreError::Stale);
    }
    let effect = after.effect();
    let took_part = consent.effect().take_part;
    let status = match participant.status.0 {
        status if took_part && !effect.take_part => status.on_withdrawal(),
        status => status,
    };
    take_effect(db, participant, status, &effect, now)?;
    Ok(after)
}

/// Carries what a consent allows to the participant's row; without contact every assignment is over.
fn take_effect(
    db: &mut Db<'_>,
    participant: &Participant,
    status: Status,
    effect: &Effect,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut after = participant.clone();
    after.supporter_contact_allowed = effect.supporter_contact;
    after.status = Code(status);
    participant::save(db, &after, now)?;
    if !effect.supporter_contact {
        assignment::stop_support(db, participant.id.0, now)?;
    }
    Ok(())
}

/// The consent with this id, if its participant is in the caller's world, with the participant.
///
/// # Errors
/// What the database says.
pub fn try_find(
    db: &mut Db<'_>,
    scope: &Scope,
    id: ConsentId,
) -> Result<Option<(Consent, Participant)>, StoreError> {
    let row: Option<Consent> = maybe(db, consents::table.find(Key(id)).select(cols::<Consent>()))?;
    let Some(row) = row else { return Ok(None) };
    let participant = participant::try_find(db, scope, row.participant_id.0)?;
    Ok(participant.map(|participant| (row, participant)))
}

/// As [`try_find`].
///
/// # Errors
/// [`StoreError::NotFound`] outside the caller's world.
pub fn find(
    db: &mut Db<'_>,
    scope: &Scope,
    id: ConsentId,
) -> Result<(Consent, Participant), StoreError> {
    try_find(db, scope, id)?.ok_or(StoreError::NotFound)
}

/// The consents of a participant, by id. The caller has found the participant in his world before.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    participant: ParticipantId,
    newest_only: bool,
    after: Option<ConsentId>,
    limit: u32,
) -> Result<Vec<Consent>, StoreError> {
    Ok(on_engine!(db, Backend, conn => {
        let mut query = consents::table
            .filter(consents::participant_id.eq(Key(participant)))
            .select(cols::<Consent>())
            .order(consents::id)
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        if newest_only {
            query = query.filter(consents::superseded_by.is_null());
        }
        if let Some(after) = after {
            query = query.filter(consents::id.gt(Key(after)));
        }
        query.load::<Consent>(conn)
    })?)
}
