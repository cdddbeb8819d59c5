//! Looking at new events of the audit log with the rules of `alongside_domain::access_rule`.

use std::collections::{BTreeMap, HashMap};

use alongside_domain::access_rule::{AccessRule, UNKNOWN_IDS, Window, is_night, is_watched, reads_records};
use alongside_domain::audit::confidential;
use alongside_domain::id::{ParticipantId, PersonId, ProgrammeId, SessionId, SiteId, kind};
use alongside_domain::policy::{Operation, Role};
use chrono::TimeDelta;
use diesel::dsl::count;
use diesel::prelude::*;

use crate::access_notice;
use crate::audit_seal::{Event, earlier};
use crate::db::{Db, many, one};
use crate::error::StoreError;
use crate::schema::{audit_events, participants, programmes, sessions};
use crate::types::{At, Document, Key};

/// What a request notes of itself when it searches at a site that is not the caller's.
pub const OUTSIDE_AREA: &str = "outside_area";

/// Something unusual that nobody was told of yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unusual {
    pub programme: ProgrammeId,
    pub person: PersonId,
    pub rule: AccessRule,
    pub window: Window,
    /// How many events there are so far.
    pub events: i64,
}

/// Who did what, as far as the rules look at it.
struct Act<'e> {
    event: &'e Event,
    programme: ProgrammeId,
    person: PersonId,
    operation: Operation,
}

impl<'e> Act<'e> {
    fn of(event: &'e Event) -> Option<Self> {
        let role: Role = event.role.as_deref()?.parse().ok()?;
        let operation = Operation::named(&event.operation)?;
        let watched = is_watched(operation, role) && event.flag_id.is_none();
        let (programme, person) = (event.programme_id?.0, event.person_id?.0);
        watched.then_some(Self { event, programme, person, operation })
    }
}

/// What is unusual in these events, seen with what came before them. Nothing that was told already.
///
/// # Errors
/// What the database says.
pub fn judge(db: &mut Db<'_>, events: &[Event]) -> Result<Vec<Unusual>, StoreError> {
    let acts: Vec<Act<'_>> = events.iter().filter_map(Act::of).collect();
    if acts.is_empty() {
        return Ok(Vec::new());
    }
    let zones = timezones(db, &acts)?;
    let outside = outside(db, &acts)?;
    let mut found: BTreeMap<_, Unusual> = BTreeMap::new();
    for (act, outside) in acts.iter().zip(outside) {
        let zone = zones.get(&act.programme).map_or("UTC", String::as_str);
        let at = act.event.at.0;
        let missed = act.event.status == 404;
        let night = act.event.status < 400 && reads_records(act.operation) && is_night(at, zone);
        for (rule, holds) in [
            (AccessRule::UnknownIds, missed && act.event.resource_id.is_some()),
            (AccessRule::OutsideArea, outside),
            (AccessRule::NightReads, night),
        ] {
            if holds {
                let window = rule.window(at, zone);
                let unusual =
                    Unusual { programme: act.programme, person: act.person, rule, window, events: 0 };
                found.entry((act.programme, act.person, rule, window.from)).or_insert(unusual).events += 1;
            }
        }
    }
    let mut kept = Vec::new();
    for mut unusual in found.into_values() {
        if access_notice::is_there(db, &unusual)? {
            continue;
        }
        if unusual.rule == AccessRule::UnknownIds {
            unusual.events = missed_by(db, &unusual, &acts)?;
            if unusual.events < UNKNOWN_IDS {
                continue;
            }
        }
        kept.push(unusual);
    }
    Ok(kept)
}

fn timezones(db: &mut Db<'_>, acts: &[Act<'_>]) -> Result<HashMap<ProgrammeId, String>, StoreError> {
    let mut ids: Vec<_> = acts.iter().map(|act| act.programme).collect();
    ids.sort_unstable();
    ids.dedup();
    let ids: Vec<_> = ids.into_iter().map(Key).collect();
    let query =
        programmes::table.filter(programmes::id.eq_any(ids)).select((programmes::id, programmes::timezone));
    let rows: Vec<(Key<kind::Programme>, String)> = many(db, query)?;
    Ok(rows.into_iter().map(|(id, zone)| (id.0, zone)).collect())
}

/// How many different ids were not there for this person, within the day before the newest of these events.
fn missed_by(db: &mut Db<'_>, unusual: &Unusual, acts: &[Act<'_>]) -> Result<i64, StoreError> {
    let his = acts.iter().filter(|act| act.person == unusual.person && act.programme == unusual.programme);
    let Some(newest) = his.map(|act| act.event).max_by_key(|event| event.at) else { return Ok(0) };
    let hidden: Vec<&'static str> = confidential().map(Operation::name).collect();
    let day = TimeDelta::days(1);
    let query = audit_events::table
        .filter(audit_events::person_id.eq(Some(Key(unusual.person))))
        // For the index; the moment itself decides.
        .filter(audit_events::id.ge(Key(earlier(newest.id.0, day + TimeDelta::hours(1)))))
        .filter(audit_events::at.gt(At(newest.at.0 - day)))
        .filter(audit_events::programme_id.eq(Some(Key(unusual.programme))))
        .filter(audit_events::status.eq(404))
        .filter(audit_events::flag_id.is_null())
        .filter(audit_events::operation.ne_all(hidden))
        .select(count(audit_events::resource_id).aggregate_distinct());
    Ok(one(db, query)?)
}

/// The sites where a session holds; all of them for `None`.
type Area = (Key<kind::Session>, Option<Document<Vec<SiteId>>>);

/// Of each act, whether it reached for somebody outside the sites where its session holds.
fn outside(db: &mut Db<'_>, acts: &[Act<'_>]) -> Result<Vec<bool>, StoreError> {
    let refused = |act: &Act<'_>| match (act.event.participant_id, act.event.session_id) {
        (Some(participant), Some(session)) if act.event.status == 404 => Some((participant.0, session.0)),
        _ => None,
    };
    let named: Vec<(ParticipantId, SessionId)> = acts.iter().filter_map(refused).collect();
    let mut places = HashMap::new();
    let mut areas = HashMap::new();
    if !named.is_empty() {
        let ids: Vec<_> = named.iter().map(|(participant, _)| Key(*participant)).collect();
        let query = participants::table.filter(participants::id.eq_any(ids)).select((
            participants::id,
            participants::programme_id,
            participants::site_id,
        ));
        let rows: Vec<(Key<kind::Participant>, Key<kind::Programme>, Key<kind::Site>)> = many(db, query)?;
        places.extend(rows.into_iter().map(|(id, programme, site)| (id.0, (programme.0, site.0))));
        let ids: Vec<_> = named.iter().map(|(_, session)| Key(*session)).collect();
        let query = sessions::table.filter(sessions::id.eq_any(ids)).select((sessions::id, sessions::sites));
        let rows: Vec<Area> = many(db, query)?;
        areas.extend(rows.into_iter().map(|(id, sites)| (id.0, sites)));
    }
    let is_outside = |act: &Act<'_>| {
        if act.event.detail.as_deref() == Some(OUTSIDE_AREA) {
            return true;
        }
        let Some((participant, session)) = refused(act) else { return false };
        let Some((programme, site)) = places.get(&participant) else { return false };
        let area = areas.get(&session).and_then(Option::as_ref);
        *programme != act.programme || area.is_some_and(|area| !area.0.contains(site))
    };
    Ok(acts.iter().map(is_outside).collect())
}
