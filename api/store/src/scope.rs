//! The caller's world: what a query may see at all.

use alongside_domain::id::{ParticipantId, PersonId, ProgrammeId, SiteId};
use alongside_domain::policy::Role;
use diesel::prelude::*;

use crate::db::{Db, one};
use crate::error::StoreError;
use crate::schema::{assignments, participants};
use crate::types::Key;

/// How far the caller reaches with the operation at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Everything of the installation; never for a person's record.
    Installation,
    /// One programme.
    Programme(ProgrammeId),
    /// Some sites of a programme.
    Sites(ProgrammeId, Vec<SiteId>),
    /// As [`Reach::Sites`], and one participant besides whose record was opened in an emergency.
    SitesAndOne(ProgrammeId, Vec<SiteId>, ParticipantId),
    /// Participants whom this supporter helps now, while their consent allows it.
    Caseload(ProgrammeId, PersonId),
    /// The caller's own record as a participant.
    Participant(ProgrammeId, ParticipantId),
    /// What belongs to the signed-in person himself.
    Person(ProgrammeId, PersonId),
    /// Flags of the programme for which this role stands in; nothing else.
    StandIn(ProgrammeId, Role),
    /// Nothing: the role has no object of this kind.
    Nothing,
}

/// The caller as the store must know him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub reach: Reach,
    /// The signed-in person; `None` for a service client. Flags hide from the people they exclude.
    pub person: Option<PersonId>,
}

/// To whom and where a row belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    pub programme_id: ProgrammeId,
    pub site_id: SiteId,
    pub participant_id: ParticipantId,
}

impl Scope {
    /// A world with nothing in it.
    #[must_use]
    pub fn nothing() -> Self {
        Self { reach: Reach::Nothing, person: None }
    }

    /// The one programme the caller works in.
    #[must_use]
    pub fn programme(&self) -> Option<ProgrammeId> {
        match self.reach {
            Reach::Programme(programme)
            | Reach::Sites(programme, _)
            | Reach::SitesAndOne(programme, ..)
            | Reach::Caseload(programme, _)
            | Reach::Person(programme, _)
            | Reach::StandIn(programme, _)
            | Reach::Participant(programme, _) => Some(programme),
            Reach::Installation | Reach::Nothing => None,
        }
    }

    /// Whether a programme's own description is in this world.
    #[must_use]
    pub fn admits_programme(&self, programme: ProgrammeId) -> bool {
        self.reach == Reach::Installation || self.programme() == Some(programme)
    }

    /// Whether a participant's row is in this world.
    ///
    /// # Errors
    /// What the database says.
    pub fn admits(&self, db: &mut Db<'_>, anchor: Anchor) -> Result<bool, StoreError> {
        Ok(match &self.reach {
            Reach::Installation | Reach::Person(..) | Reach::StandIn(..) | Reach::Nothing => false,
            Reach::Programme(programme) => *programme == anchor.programme_id,
            Reach::Sites(programme, sites) => {
                *programme == anchor.programme_id && sites.contains(&anchor.site_id)
            }
            Reach::SitesAndOne(programme, sites, one) => {
                *programme == anchor.programme_id
                    && (sites.contains(&anchor.site_id) || *one == anchor.participant_id)
            }
            Reach::Participant(programme, own) => {
                *programme == anchor.programme_id && *own == anchor.participant_id
            }
            Reach::Caseload(programme, supporter) => {
                *programme == anchor.programme_id && helps_now(db, *supporter, anchor.participant_id)?
            }
        })
    }

    /// As [`Scope::admits`], as the error that makes the row look absent.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] outside this world.
    pub fn require(&self, db: &mut Db<'_>, anchor: Anchor) -> Result<(), StoreError> {
        if self.admits(db, anchor)? { Ok(()) } else { Err(StoreError::NotFound) }
    }
}

/// Whether this supporter has an active assignment to the participant and the participant's consent allows contact.
///
/// # Errors
/// What the database says.
pub fn helps_now(
    db: &mut Db<'_>,
    supporter: PersonId,
    participant: ParticipantId,
) -> Result<bool, StoreError> {
    let live = assignments::table
        .inner_join(participants::table.on(participants::id.eq(assignments::participant_id)))
        .filter(assignments::supporter_id.eq(Key(supporter)))
        .filter(assignments::state.eq("active"))
        .filter(assignments::participant_id.eq(Key(participant)))
        .filter(participants::supporter_contact_allowed.eq(true));
    Ok(one(db, diesel::select(diesel::dsl::exists(live)))?)
}
