//! Who is asking: token, then live session, then person or client with one role in one programme.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{
    ClientId, EmergencyAccessId, ParticipantId, PersonId, ProgrammeId, SessionId, SiteId,
};
use alongside_domain::policy::{Relation, Role};
use alongside_store::scope::{Reach, Scope};
use alongside_store::session::Session;
use alongside_store::{Context, Db, Duty, StoreError, client, emergency_access, session};
use uuid::Uuid;

use super::codes::Code;
use super::problem::Problem;
use super::refusal::Refusal;
use crate::app::App;

/// A person, or a program acting for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    Person(PersonId),
    Client(ClientId),
}

/// A record of another site that is open to the caller because of an emergency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    pub access: EmergencyAccessId,
    pub participant: ParticipantId,
}

/// The signed-in caller of this request.
#[derive(Debug, Clone)]
pub struct Caller {
    pub session_id: SessionId,
    pub actor: Actor,
    pub role: Role,
    /// `None` for a role that holds in the whole installation.
    pub programme: Option<ProgrammeId>,
    /// `None` for a role that holds in the whole programme.
    pub sites: Option<Vec<SiteId>>,
    /// The record of the caller himself, where he is a participant.
    pub participant: Option<ParticipantId>,
    /// What a service client may ask for.
    pub scopes: Vec<String>,
    /// He must set up a second factor before anything else is open to him.
    pub must_enrol: bool,
    /// When he last showed that it is he who sits there.
    pub fresh_at: Option<Timestamp>,
    pub device_name: Option<String>,
    /// At this moment: asked anew at each request, so that it is over with the half hour on every replica.
    pub opened: Option<Opened>,
}

impl Caller {
    /// The caller's id, whatever he is.
    #[must_use]
    pub fn actor_id(&self) -> Uuid {
        match self.actor {
            Actor::Person(id) => id.uuid(),
            Actor::Client(id) => id.uuid(),
        }
    }

    #[must_use]
    pub fn person(&self) -> Option<PersonId> {
        match self.actor {
            Actor::Person(id) => Some(id),
            Actor::Client(_) => None,
        }
    }

    #[must_use]
    pub fn client(&self) -> Option<ClientId> {
        match self.actor {
            Actor::Client(id) => Some(id),
            Actor::Person(_) => None,
        }
    }

    /// The world that `relation` opens to this caller.
    #[must_use]
    pub fn scope(&self, relation: Relation) -> Scope {
        let reach = match (relation, self.programme) {
            (Relation::Installation, _) => Reach::Installation,
            (_, None) => Reach::Nothing,
            (Relation::Programme, Some(programme)) => Reach::Programme(programme),
            (Relation::Site, Some(programme)) => match &self.sites {
                Some(sites) => Reach::Sites(programme, sites.clone()),
                None => Reach::Programme(programme),
            },
            (Relation::Emergency, Some(programme)) => match (&self.sites, self.opened) {
                (Some(sites), Some(opened)) => {
                    Reach::SitesAndOne(programme, sites.clone(), opened.participant)
                }
                (Some(sites), None) => Reach::Sites(programme, sites.clone()),
                (None, _) => Reach::Programme(programme),
            },
            (Relation::Assigned, Some(programme)) => {
                self.person().map_or(Reach::Nothing, |person| Reach::Caseload(programme, person))
            }
            (Relation::StandIn, Some(programme)) => Reach::StandIn(programme, self.role),
            (Relation::Own, Some(programme)) => match (self.role, self.participant, self.person()) {
                (Role::Participant, Some(own), _) => Reach::Participant(programme, own),
                (_, _, Some(person)) => Reach::Person(programme, person),
                _ => Reach::Nothing,
            },
        };
        Scope { reach, person: self.person() }
    }
}

/// Finds the caller behind a request.
///
/// # Errors
/// 401 without a good token, and when its session has ended.
pub(super) async fn identify(app: &App, request: &HttpRequest, now: Timestamp) -> Result<Caller, Problem> {
    let token = bearer(request).ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    let claims = app.tokens.verify(token, now).map_err(|_| Problem::new(Code::Unauthenticated))?;
    let session_id = SessionId::new(claims.session);
    // A flood stops here, before the database is asked anything.
    let counted = app.quotas.take(claims.subject, now)?;
    let looked = app.store.read(Context::System(Duty::SignIn), move |db| {
        let session = session::find(db, session_id)?;
        let client = session.client_id.filter(|_| !counted);
        let quota = client.map(|client| client::requests_per_minute(db, client.0)).transpose()?;
        let opened = opened_to(db, &session, now)?;
        Ok((session, quota, opened))
    });
    let (session, quota, opened) = looked.await.map_err(|error| match error {
        StoreError::NotFound => Problem::new(Code::Unauthenticated),
        other => Refusal::from(other).into_problem(),
    })?;
    if !session.is_live(now) {
        return Err(Problem::new(Code::SessionEnded));
    }
    if let Some(quota) = quota {
        app.quotas.open(claims.subject, quota, now)?;
    }
    let actor = match (session.person_id, session.client_id) {
        (Some(person), None) => Actor::Person(person.0),
        (None, Some(client)) => Actor::Client(client.0),
        _ => return Err(Problem::new(Code::Unauthenticated)),
    };
    let caller = Caller {
        session_id,
        actor,
        role: session.role.0,
        programme: session.programme_id.map(|id| id.0),
        sites: session.sites.map(|sites| sites.0),
        participant: session.participant_id.map(|id| id.0),
        scopes: session.scopes.0,
        must_enrol: matches!(actor, Actor::Person(_))
            && (session.trust.must_enrol
                || (app.second_factor_required && session.trust.second_factor_at.is_none())),
        fresh_at: session.trust.fresh_at.map(|at| at.0),
        device_name: session.trust.device_name,
        opened,
    };
    if caller.actor_id() == claims.subject { Ok(caller) } else { Err(Problem::new(Code::Unauthenticated)) }
}

/// What is open in this session because of an emergency; nothing is asked of roles that never open anything, nor of who
/// reaches the whole programme anyway.
fn opened_to(db: &mut Db<'_>, session: &Session, now: Timestamp) -> Result<Option<Opened>, StoreError> {
    let (Some(person), Some(programme), Some(_)) = (session.person_id, session.programme_id, &session.sites)
    else {
        return Ok(None);
    };
    if !session.role.0.breaks_glass() {
        return Ok(None);
    }
    let open = emergency_access::opened(db, person.0, now)?;
    let open = open.filter(|open| open.programme_id == programme && open.role == session.role);
    Ok(open.map(|open| Opened { access: open.id.0, participant: open.participant_id.0 }))
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
