//! What the access review reads: how accounts and programs were used, who confirmed which role, and on which devices.
//! For the operator alone, of the whole installation.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{ClientId, MembershipId, PersonId, kind};
use diesel::dsl::{count_star, max};
use diesel::prelude::*;

use crate::db::{Db, cols, many};
use crate::error::StoreError;
use crate::membership_proposal::MembershipProposal;
use crate::schema::{emergency_accesses, membership_proposals, second_factors, sessions};
use crate::types::{At, Key};

/// How an account or program was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uses {
    /// When it last signed in or got new tokens.
    pub last_seen_at: Option<Timestamp>,
    pub open_sessions: i64,
}

/// Who signed in on which device, where both are known.
type OnDevice = (Option<Key<kind::Person>>, Option<Vec<u8>>);
/// The newest sign-in, and the newest turn of its tokens.
type Last<K> = (Option<Key<K>>, Option<At>, Option<At>);

fn seen<K>(rows: Vec<Last<K>>) -> impl Iterator<Item = (alongside_domain::id::Id<K>, Option<Timestamp>)> {
    rows.into_iter().filter_map(|(id, created, rotated)| {
        Some((id?.0, created.map(|at| at.0).max(rotated.map(|at| at.0))))
    })
}

/// How these accounts were used.
///
/// # Errors
/// What the database says.
pub fn of_people(
    db: &mut Db<'_>,
    people: &[PersonId],
    now: Timestamp,
) -> Result<HashMap<PersonId, Uses>, StoreError> {
    let keys: Vec<_> = people.iter().map(|id| Some(Key(*id))).collect();
    let last: Vec<Last<kind::Person>> = many(
        db,
        sessions::table
            .filter(sessions::person_id.eq_any(keys.clone()))
            .group_by(sessions::person_id)
            .select((sessions::person_id, max(sessions::created_at), max(sessions::rotated_at))),
    )?;
    let open: Vec<(Option<Key<kind::Person>>, i64)> = many(
        db,
        sessions::table
            .filter(sessions::person_id.eq_any(keys))
            .filter(sessions::ended_at.is_null())
            .filter(sessions::expires_at.gt(At(now)))
            .filter(sessions::idle_expires_at.gt(At(now)))
            .group_by(sessions::person_id)
            .select((sessions::person_id, count_star())),
    )?;
    let mut uses: HashMap<PersonId, Uses> = HashMap::new();
    for (id, last_seen_at) in seen(last) {
        uses.entry(id).or_default().last_seen_at = last_seen_at;
    }
    for (id, open_sessions) in open {
        if let Some(id) = id {
            uses.entry(id.0).or_default().open_sessions = open_sessions;
        }
    }
    Ok(uses)
}

/// How these programs were used.
///
/// # Errors
/// What the database says.
pub fn of_clients(
    db: &mut Db<'_>,
    clients: &[ClientId],
    now: Timestamp,
) -> Result<HashMap<ClientId, Uses>, StoreError> {
    let keys: Vec<_> = clients.iter().map(|id| Some(Key(*id))).collect();
    let last: Vec<Last<kind::Client>> = many(
        db,
        sessions::table
            .filter(sessions::client_id.eq_any(keys.clone()))
            .group_by(sessions::client_id)
            .select((sessions::client_id, max(sessions::created_at), max(sessions::rotated_at))),
    )?;
    let open: Vec<(Option<Key<kind::Client>>, i64)> = many(
        db,
        sessions::table
            .filter(sessions::client_id.eq_any(keys))
            .filter(sessions::ended_at.is_null())
            .filter(sessions::expires_at.gt(At(now)))
            .filter(sessions::idle_expires_at.gt(At(now)))
            .group_by(sessions::client_id)
            .select((sessions::client_id, count_star())),
    )?;
    let mut uses: HashMap<ClientId, Uses> = HashMap::new();
    for (id, last_seen_at) in seen(last) {
        uses.entry(id).or_default().last_seen_at = last_seen_at;
    }
    for (id, open_sessions) in open {
        if let Some(id) = id {
            uses.entry(id.0).or_default().open_sessions = open_sessions;
        }
    }
    Ok(uses)
}

/// Since when these people have a second factor.
///
/// # Errors
/// What the database says.
pub fn second_factors(
    db: &mut Db<'_>,
    people: &[PersonId],
) -> Result<HashMap<PersonId, Timestamp>, StoreError> {
    let keys: Vec<_> = people.iter().map(|id| Key(*id)).collect();
    let rows: Vec<(Key<kind::Person>, Option<At>)> = many(
        db,
        second_factors::table
            .filter(second_factors::person_id.eq_any(keys))
            .select((second_factors::person_id, second_factors::confirmed_at)),
    )?;
    Ok(rows.into_iter().filter_map(|(id, at)| Some((id.0, at?.0))).collect())
}

/// The proposals that became a role of these people, by the id that both have.
///
/// # Errors
/// What the database says.
pub fn confirmed(
    db: &mut Db<'_>,
    people: &[PersonId],
) -> Result<HashMap<MembershipId, MembershipProposal>, StoreError> {
    let keys: Vec<_> = people.iter().map(|id| Key(*id)).collect();
    let rows: Vec<MembershipProposal> = many(
        db,
        membership_proposals::table
            .filter(membership_proposals::person_id.eq_any(keys))
            .filter(membership_proposals::confirmed.eq(true))
            .select(cols::<MembershipProposal>()),
    )?;
    Ok(rows.into_iter().map(|row| (row.id.0, row)).collect())
}

/// The devices on which these people have signed in, by their keyed hashes.
///
/// # Errors
/// What the database says.
pub fn devices(
    db: &mut Db<'_>,
    people: &[PersonId],
) -> Result<BTreeMap<PersonId, BTreeSet<Vec<u8>>>, StoreError> {
    let keys: Vec<_> = people.iter().map(|id| Some(Key(*id))).collect();
    let rows: Vec<OnDevice> = many(
        db,
        sessions::table
            .filter(sessions::person_id.eq_any(keys))
            .filter(sessions::device_hash.is_not_null())
            .select((sessions::person_id, sessions::device_hash))
            .distinct(),
    )?;
    let mut devices: BTreeMap<PersonId, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for (person, device) in rows {
        if let (Some(person), Some(device)) = (person, device) {
            devices.entry(person.0).or_default().insert(device);
        }
    }
    Ok(devices)
}

/// How many uses of records in an emergency of these people nobody has looked into.
///
/// # Errors
/// What the database says.
pub fn emergencies_not_reviewed(
    db: &mut Db<'_>,
    people: &[PersonId],
) -> Result<HashMap<PersonId, i64>, StoreError> {
    let keys: Vec<_> = people.iter().map(|id| Key(*id)).collect();
    let rows: Vec<(Key<kind::Person>, i64)> = many(
        db,
        emergency_accesses::table
            .filter(emergency_accesses::person_id.eq_any(keys))
            .filter(emergency_accesses::reviewed_at.is_null())
            .group_by(emergency_accesses::person_id)
            .select((emergency_accesses::person_id, count_star())),
    )?;
    Ok(rows.into_iter().map(|(id, count)| (id.0, count)).collect())
}
