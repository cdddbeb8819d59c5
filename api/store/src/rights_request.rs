//! Rights requests: what a person asks of his own record, and how far that is.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{ParticipantId, RightsRequestId, kind};
use alongside_domain::rights_request::{Channel, Kind, Standing, State};
use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::db::{Db, cols, exec, maybe, rewrite};
use crate::error::StoreError;
use crate::on_engine;
use crate::schema::rights_requests;
use crate::scope::{Anchor, Reach, Scope};
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::types::{At, Code, Key, Sealed};

/// A request.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = rights_requests, treat_none_as_default_value = false)]
pub struct RightsRequest {
    pub id: Key<kind::RightsRequest>,
    pub programme_id: Key<kind::Programme>,
    pub site_id: Key<kind::Site>,
    pub participant_id: Key<kind::Participant>,
    pub kind: Code<Kind>,
    pub state: Code<State>,
    pub channel: Code<Channel>,
    pub asked: Sealed,
    pub received_on: NaiveDate,
    /// As far as is known: while the clock stands it moves on.
    pub due_on: NaiveDate,
    /// Since when the clock stands.
    pub paused_on: Option<NaiveDate>,
    pub paused_days: i64,
    pub extended: bool,
    pub closed_at: Option<At>,
    /// Who wrote it down: he himself, or whoever took it.
    pub taken_by: Key<kind::Person>,
    pub created_at: At,
    pub updated_at: At,
    pub version: i64,
}

/// What is asked, and by whom on his behalf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub words: String,
    pub on_behalf: Option<String>,
}

impl RightsRequest {
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        Anchor {
            programme_id: self.programme_id.0,
            site_id: self.site_id.0,
            participant_id: self.participant_id.0,
        }
    }

    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing { kind: self.kind.0, state: self.state.0, paused: self.paused_on.is_some() }
    }

    /// Whether it should have been answered before this day.
    #[must_use]
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        self.closed_at.is_none() && self.paused_on.is_none() && self.due_on < today
    }

    /// What is asked.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn asked(&self, keys: &RecordKeys) -> Result<Asked, StoreError> {
        keys.open(place(self.id.0), &self.asked)
    }
}

fn place(id: RightsRequestId) -> Place {
    Place { class: DataClass::Identity, table: "rights_requests", column: "asked", row: id.uuid() }
}

/// Seals what is asked for the request with this id.
///
/// # Errors
/// When it cannot be sealed.
pub fn seal(keys: &RecordKeys, id: RightsRequestId, asked: &Asked) -> Result<Sealed, StoreError> {
    keys.seal(place(id), asked)
}

/// Adds a request. That the participant is the caller's to write of is decided before.
///
/// # Errors
/// What the database says.
pub fn insert(db: &mut Db<'_>, row: &RightsRequest) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(rights_requests::table).values(row))?;
    Ok(())
}

/// The request with this id, if it is in the caller's world.
///
/// # Errors
/// What the database says.
pub fn try_find(
    db: &mut Db<'_>,
    scope: &Scope,
    id: RightsRequestId,
) -> Result<Option<RightsRequest>, StoreError> {
    let row: Option<RightsRequest> =
        maybe(db, rights_requests::table.find(Key(id)).select(cols::<RightsRequest>()))?;
    let Some(row) = row else { return Ok(None) };
    Ok(if scope.admits(db, row.anchor())? { Some(row) } else { None })
}

/// As [`try_find`].
///
/// # Errors
/// [`StoreError::NotFound`] outside the caller's world.
pub fn find(db: &mut Db<'_>, scope: &Scope, id: RightsRequestId) -> Result<RightsRequest, StoreError> {
    try_find(db, scope, id)?.ok_or(StoreError::NotFound)
}

/// Which requests are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub participant: Option<ParticipantId>,
    pub kind: Option<Kind>,
    pub state: Option<State>,
    /// Those still open, or those that are over.
    pub open: Option<bool>,
    /// Those whose clock runs and whose last day was before this one.
    pub due_before: Option<NaiveDate>,
}

/// Requests of the caller's world, by id.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    filter: &Filter,
    after: Option<RightsRequestId>,
    limit: u32,
) -> Result<Vec<RightsRequest>, StoreError> {
    Ok(on_engine!(db, Backend, conn => {
        let mut query = rights_requests::table
            .select(cols::<RightsRequest>())
            .order(rights_requests::id)
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        query = match &scope.reach {
            Reach::Programme(programme) => query.filter(rights_requests::programme_id.eq(Key(*programme))),
            Reach::Sites(programme, sites) => query
                .filter(rights_requests::programme_id.eq(Key(*programme)))
                .filter(rights_requests::site_id.eq_any(sites.iter().copied().map(Key).collect::<Vec<_>>())),
            Reach::Participant(programme, own) => query
                .filter(rights_requests::programme_id.eq(Key(*programme)))
                .filter(rights_requests::participant_id.eq(Key(*own))),
            _ => return Ok(Vec::new()),
        };
        if let Some(participant) = filter.participant {
            query = query.filter(rights_requests::participant_id.eq(Key(participant)));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(rights_requests::kind.eq(Code(kind)));
        }
        if let Some(state) = filter.state {
            query = query.filter(rights_requests::state.eq(Code(state)));
        }
        match filter.open {
            Some(true) => query = query.filter(rights_requests::closed_at.is_null()),
            Some(false) => query = query.filter(rights_requests::closed_at.is_not_null()),
            None => {}
        }
        if let Some(day) = filter.due_before {
            query = query
                .filter(rights_requests::closed_at.is_null())
                .filter(rights_requests::paused_on.is_null())
                .filter(rights_requests::due_on.lt(day));
        }
        if let Some(after) = after {
            query = query.filter(rights_requests::id.gt(Key(after)));
        }
        query.load::<RightsRequest>(conn)
    })?)
}

/// Writes how far a request is, if nobody changed it since it was read.
///
/// # Errors
/// [`StoreError::Stale`] when somebody did.
pub fn save(db: &mut Db<'_>, mut row: RightsRequest, now: Timestamp) -> Result<RightsRequest, StoreError> {
    let changed = rewrite(
        db,
        diesel::update(rights_requests::table.find(row.id).filter(rights_requests::version.eq(row.version)))
            .set((
                rights_requests::state.eq(row.state),
                rights_requests::due_on.eq(row.due_on),
                rights_requests::paused_on.eq(row.paused_on),
                rights_requests::paused_days.eq(row.paused_days),
                rights_requests::extended.eq(row.extended),
                rights_requests::closed_at.eq(row.closed_at),
                rights_requests::updated_at.eq(At(now)),
                rights_requests::version.eq(row.version + 1),
            )),
    )?;
    if changed != 1 {
        return Err(StoreError::Stale);
    }
    row.updated_at = At(now);
    row.version += 1;
    Ok(row)
}
