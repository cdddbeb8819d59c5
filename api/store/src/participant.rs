//! Participants: the record under the pseudonym, and the sealed cells that say who he is.

use std::collections::HashMap;

use alongside_domain::clock::Timestamp;
use alongside_domain::digital_profile::AccessClass;
use alongside_domain::id::{ParticipantId, SiteId, kind};
use alongside_domain::participant::{Identity, Needs, SafeContact, Status, Treatment};
use diesel::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::db::{Db, cols, exec, many, maybe, rewrite};
use crate::error::{StoreError, Unique};
use crate::on_engine;
use crate::schema::{assignments, participants};
use crate::scope::{Anchor, Reach, Scope};
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::types::{At, Code, Key, Sealed};

/// No two participants have one pseudonym.
pub const STUDY_ID: Unique =
    Unique { constraint: "participants_study_id_unique", columns: "participants.study_id" };

/// A participant.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = participants, treat_none_as_default_value = false)]
pub struct Participant {
    pub id: Key<kind::Participant>,
    pub programme_id: Key<kind::Programme>,
    pub site_id: Key<kind::Site>,
    pub study_id: String,
    pub status: Code<Status>,
    pub language: String,
    /// From the newest digital profile; `None` until there is one.
    pub access_class: Option<Code<AccessClass>>,
    pub could_do_alone: Option<bool>,
    pub needs: Sealed,
    pub treatments: Sealed,
    pub identity: Sealed,
    pub safe_contact: Sealed,
    /// What the consent in force allows, beside it so that every read can ask.
    pub supporter_contact_allowed: bool,
    pub created_at: At,
    pub updated_at: At,
    pub version: i64,
    /// When the keys of what says who he is were destroyed: his sealed cells open no more.
    pub erased_at: Option<At>,
}

impl Participant {
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        Anchor { programme_id: self.programme_id.0, site_id: self.site_id.0, participant_id: self.id.0 }
    }

    /// Who he is.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn identity(&self, keys: &RecordKeys) -> Result<Identity, StoreError> {
        self.open(keys, "identity", &self.identity)
    }

    /// How he can be reached without putting him at risk.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn safe_contact(&self, keys: &RecordKeys) -> Result<SafeContact, StoreError> {
        self.open(keys, "safe_contact", &self.safe_contact)
    }

    /// What a helper must know.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn needs(&self, keys: &RecordKeys) -> Result<Needs, StoreError> {
        self.open(keys, "needs", &self.needs)
    }

    /// What was done about the cancer.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn treatments(&self, keys: &RecordKeys) -> Result<Vec<Treatment>, StoreError> {
        self.open(keys, "treatments", &self.treatments)
    }

    fn open<T: DeserializeOwned>(
        &self,
        keys: &RecordKeys,
        column: &'static str,
        cell: &Sealed,
    ) -> Result<T, StoreError> {
        keys.open(place(self.id.0, column), cell)
    }
}

pub(crate) fn place(id: ParticipantId, column: &'static str) -> Place {
    let class = match column {
        "identity" | "safe_contact" => DataClass::Identity,
        _ => DataClass::Health,
    };
    Place { class, table: "participants", column, row: id.uuid() }
}

/// The sealed cells of a participant, in clear.
#[derive(Debug, Clone)]
pub struct Cells {
    pub identity: Identity,
    pub safe_contact: SafeContact,
    pub needs: Needs,
    pub treatments: Vec<Treatment>,
}

/// The same, sealed for one row.
#[derive(Debug, Clone)]
pub struct SealedCells {
    pub identity: Sealed,
    pub safe_contact: Sealed,
    pub needs: Sealed,
    pub treatments: Sealed,
}

impl Cells {
    /// Seals them for the participant with this id.
    ///
    /// # Errors
    /// When one cannot be sealed.
    pub fn seal(&self, keys: &RecordKeys, id: ParticipantId) -> Result<SealedCells, StoreError> {
        Ok(SealedCells {
            identity: seal(keys, id, "identity", &self.identity)?,
            safe_contact: seal(keys, id, "safe_contact", &self.safe_contact)?,
            needs: seal(keys, id, "needs", &self.needs)?,
            treatments: seal(keys, id, "treatments", &self.treatments)?,
        })
    }
}

/// Seals one cell of a participant's row.
///
/// # Errors
/// When it cannot be sealed.
pub fn seal<T: Serialize + ?Sized>(
    keys: &RecordKeys,
    id: ParticipantId,
    column: &'static str,
    value: &T,
) -> Result<Sealed, StoreError> {
    keys.seal(place(id, column), value)
}

/// Adds a participant. Whether the site is the caller's to add to is decided before.
///
/// # Errors
/// [`STUDY_ID`] when the pseudonym is taken.
pub fn insert(db: &mut Db<'_>, participant: &Participant) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(participants::table).values(participant))?;
    Ok(())
}

/// The participant with this id, if he is in the caller's world.
///
/// # Errors
/// What the database says.
pub fn try_find(
    db: &mut Db<'_>,
    scope: &Scope,
    id: ParticipantId,
) -> Result<Option<Participant>, StoreError> {
    let row: Option<Participant> =
        maybe(db, participants::table.find(Key(id)).select(cols::<Participant>()))?;
    let Some(row) = row else { return Ok(None) };
    Ok(if scope.admits(db, row.anchor())? { Some(row) } else { None })
}

/// As [`try_find`].
///
/// # Errors
/// [`StoreError::NotFound`] outside the caller's world.
pub fn find(db: &mut Db<'_>, scope: &Scope, id: ParticipantId) -> Result<Participant, StoreError> {
    try_find(db, scope, id)?.ok_or(StoreError::NotFound)
}

/// The participant with this pseudonym, if he is in the caller's world.
///
/// # Errors
/// What the database says.
pub fn by_study_id(
    db: &mut Db<'_>,
    scope: &Scope,
    study_id: &str,
) -> Result<Option<Participant>, StoreError> {
    let row: Option<Participant> = maybe(
        db,
        participants::table.filter(participants::study_id.eq(study_id)).select(cols::<Participant>()),
    )?;
    let Some(row) = row else { return Ok(None) };
    Ok(if scope.admits(db, row.anchor())? { Some(row) } else { None })
}

/// The site of a participant, in whatever world: for the log alone, never for an answer.
///
/// # Errors
/// What the database says.
pub fn site_of(db: &mut Db<'_>, id: ParticipantId) -> Result<Option<SiteId>, StoreError> {
    let site: Option<Key<kind::Site>> =
        maybe(db, participants::table.find(Key(id)).select(participants::site_id))?;
    Ok(site.map(|site| site.0))
}

/// The pseudonyms of these participants.
///
/// # Errors
/// What the database says.
pub fn study_ids(
    db: &mut Db<'_>,
    ids: &[ParticipantId],
) -> Result<HashMap<ParticipantId, String>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let keys: Vec<_> = ids.iter().map(|id| Key(*id)).collect();
    let rows: Vec<(Key<kind::Participant>, String)> = many(
        db,
        participants::table
            .filter(participants::id.eq_any(keys))
            .select((participants::id, participants::study_id)),
    )?;
    Ok(rows.into_iter().map(|(id, study_id)| (id.0, study_id)).collect())
}

/// Which participants a list shows.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Filter {
    pub site_id: Option<SiteId>,
    pub status: Option<Status>,
    pub access_class: Option<AccessClass>,
}

/// What a list shows of a participant, and no more: the other cells are large.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = participants)]
pub struct Listed {
    pub id: Key<kind::Participant>,
    pub site_id: Key<kind::Site>,
    pub study_id: String,
    pub status: Code<Status>,
    pub language: String,
    pub access_class: Option<Code<AccessClass>>,
    pub could_do_alone: Option<bool>,
    pub identity: Sealed,
    pub supporter_contact_allowed: bool,
}

impl Listed {
    /// His name, without reading whatever else says who he is.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn name(&self, keys: &RecordKeys) -> Result<String, StoreError> {
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        Ok(keys.open::<Named>(place(self.id.0, "identity"), &self.identity)?.name)
    }
}

/// Participants of the caller's world, by id.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    filter: &Filter,
    after: Option<ParticipantId>,
    limit: u32,
) -> Result<Vec<Listed>, StoreError> {
    Ok(on_engine!(db, Backend, conn => {
        let mut query = participants::table
            .select(cols::<Listed>())
            .order(participants::id)
            .limit(i64::from(limit))
            .into_boxed::<Backend>();
        query = match &scope.reach {
            Reach::Programme(programme) => query.filter(participants::programme_id.eq(Key(*programme))),
            Reach::Sites(programme, sites) => {
                let sites: Vec<_> = sites.iter().map(|site| Key(*site)).collect();
                query
                    .filter(participants::programme_id.eq(Key(*programme)))
                    .filter(participants::site_id.eq_any(sites))
            }
            Reach::SitesAndOne(programme, sites, one) => {
                let sites: Vec<_> = sites.iter().map(|site| Key(*site)).collect();
                query
                    .filter(participants::programme_id.eq(Key(*programme)))
                    .filter(participants::site_id.eq_any(sites).or(participants::id.eq(Key(*one))))
            }
            Reach::Caseload(programme, supporter) => {
                let helped = assignments::table
                    .filter(assignments::supporter_id.eq(Key(*supporter)))
                    .filter(assignments::state.eq("active"))
                    .select(assignments::participant_id);
                query
                    .filter(participants::programme_id.eq(Key(*programme)))
                    .filter(participants::supporter_contact_allowed.eq(true))
                    .filter(participants::id.eq_any(helped))
            }
            Reach::Participant(programme, own) => query
                .filter(participants::programme_id.eq(Key(*programme)))
                .filter(participants::id.eq(Key(*own))),
            Reach::Installation | Reach::Person(..) | Reach::StandIn(..) | Reach::Nothing => return Ok(Vec::new()),
        };
        if let Some(site) = filter.site_id {
            query = query.filter(participants::site_id.eq(Key(site)));
        }
        if let Some(status) = filter.status {
            query = query.filter(participants::status.eq(Code(status)));
        }
        if let Some(class) = filter.access_class {
            query = query.filter(participants::access_class.eq(Some(Code(class))));
        }
        if let Some(after) = after {
            query = query.filter(participants::id.gt(Key(after)));
        }
        query.load::<Listed>(conn)
    })?)
}

/// Writes what a patch may change of a participant, if nobody changed the row since it was read.
///
/// # Errors
/// [`StoreError::Stale`] when somebody did.
pub fn save(db: &mut Db<'_>, participant: &Participant, now: Timestamp) -> Result<(), StoreError> {
    let changed = rewrite(
        db,
        diesel::update(
            participants::table.find(participant.id).filter(participants::version.eq(participant.version)),
        )
        .set((
            participants::status.eq(participant.status),
            participants::language.eq(&participant.language),
            participants::needs.eq(&participant.needs),
            participants::treatments.eq(&participant.treatments),
            participants::identity.eq(&participant.identity),
            participants::safe_contact.eq(&participant.safe_contact),
            participants::access_class.eq(participant.access_class),
            participants::could_do_alone.eq(participant.could_do_alone),
            participants::supporter_contact_allowed.eq(participant.supporter_contact_allowed),
            participants::updated_at.eq(At(now)),
            participants::version.eq(participant.version + 1),
        )),
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}
