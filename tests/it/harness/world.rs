//! A server in this process, on a database of its own, with a clock the test may move.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use alongside_api::app::App;
use alongside_api::audit::PublicKeys;
use alongside_api::config::Config;
use alongside_api::security::keys::Keys;
use alongside_api::{jobs, server};
use alongside_domain::clock::{Ids as _, ShiftedClock, System};
use alongside_domain::id::{ClientId, MembershipId, ParticipantId, PersonId, ProgrammeId, SessionId, SiteId};
use alongside_domain::policy::Role;
use alongside_store::membership::{self, Membership};
use alongside_store::person::{self, Person};
use alongside_store::sealing::{Record, RecordKeys};
use alongside_store::session::{self, Session, Trust};
use alongside_store::types::{At, Code, Document, Key};
use alongside_store::{Context, Db, Duty, Location, StoreError, data_key};
use chrono::TimeDelta;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::caller::Caller;
use super::database::Database;

/// A running server and the programme in it.
pub struct World {
    pub base: String,
    pub app: App,
    pub keys: Keys,
    pub clock: Arc<ShiftedClock>,
    pub programme: ProgrammeId,
    /// Two sites of the programme.
    pub sites: [SiteId; 2],
    database: Arc<Database>,
    config: Config,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl World {
    /// A server with one programme of two sites and nobody in it.
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    /// As [`World::start`], with settings changed first.
    pub fn with(settings: impl FnOnce(&mut Config)) -> Self {
        let database = Database::fresh();
        let mut config = Config::from_sources(None, []).unwrap();
        config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.database_url = SecretString::from(database.url.clone());
        config.rate_limit_per_minute = 0;
        config.workers = 1;
        // Tests of the second factor say otherwise.
        config.second_factor_required = false;
        settings(&mut config);
        let listener = server::bind(config.listen).unwrap();
        config.listen = listener.local_addr().unwrap();
        config.base_url = format!("http://{}", config.listen);
        let clock = Arc::new(ShiftedClock::default());
        let keys = Keys::generate().unwrap();
        let app = server::prepare(&config, &keys, Arc::clone(&clock) as _, Arc::new(System)).unwrap();
        let kept = config.clone();
        let base = config.base_url.clone();
        let (handle, thread) = serve(app.clone(), config, listener);
        let mut world = Self {
            base,
            app,
            keys,
            clock,
            programme: ProgrammeId::new(uuid::Uuid::nil()),
            sites: [SiteId::new(uuid::Uuid::nil()); 2],
            database: Arc::new(database),
            config: kept,
            handle,
            thread: Some(thread),
        };
        world.found_programme();
        world
    }

    /// Where its records are.
    pub fn location(&self) -> Location {
        self.database.location()
    }

    /// What the owner of its database does behind its back; see [`Database::execute`].
    pub fn execute(&self, sql: &str) -> diesel::QueryResult<()> {
        self.database.execute(sql)
    }

    /// Its database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// What its signatures are judged by.
    pub fn public_keys(&self) -> PublicKeys {
        PublicKeys::of(&self.keys)
    }

    /// Lets it go on until this holds, then stops it; what is left is its database.
    pub fn stop_when(self, holds: impl Fn(&Self) -> bool) -> Arc<Database> {
        let until = Instant::now() + Duration::from_secs(60);
        while !holds(&self) {
            assert!(Instant::now() < until, "what was waited for did not come");
            std::thread::sleep(Duration::from_millis(20));
        }
        Arc::clone(&self.database)
    }

    /// What the clock drives, a second time on the same database, as on another replica.
    pub fn another(&self) -> Another {
        let app = server::prepare(&self.config, &self.keys, Arc::clone(&self.clock) as _, Arc::new(System));
        let app = app.unwrap();
        let (stop, stopped) = channel::<()>();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                jobs::start(&app);
                while stopped.try_recv() == Err(TryRecvError::Empty) {
                    actix_web::rt::time::sleep(Duration::from_millis(20)).await;
                }
            });
        });
        Another { stop: Some(stop), thread: Some(thread) }
    }

    /// A second server on the same database, as another replica.
    pub fn replica(&self) -> Replica {
        let mut config = self.config.clone();
        config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = server::bind(config.listen).unwrap();
        config.listen = listener.local_addr().unwrap();
        let base = format!("http://{}", config.listen);
        let app = server::prepare(&config, &self.keys, Arc::clone(&self.clock) as _, Arc::new(System));
        let (handle, thread) = serve(app.unwrap(), config, listener);
        Replica { base, handle, thread: Some(thread) }
    }

    /// A fresh sign-in of the same person, once the token before has run out.
    pub fn renew(&self, caller: &Caller) -> Caller {
        let role = caller.role.parse().unwrap();
        let person = Some(PersonId::new(caller.id));
        self.open_session(person, None, role, Some(self.programme), None, None, Vec::new())
    }

    /// As [`World::renew`], for who holds his role at one site.
    pub fn renew_at(&self, caller: &Caller, site: SiteId) -> Caller {
        let role = caller.role.parse().unwrap();
        let person = Some(PersonId::new(caller.id));
        self.open_session(person, None, role, Some(self.programme), Some(vec![site]), None, Vec::new())
    }

    /// The same person, signed in in another role of the programme.
    pub fn in_role(&self, caller: &Caller, role: Role) -> Caller {
        let mut other = caller.clone();
        other.role = role.into();
        self.renew(&other)
    }

    fn found_programme(&mut self) {
        let admin = self.admin();
        let programme = admin
            .post(
                "/v1/programmes",
                &json!({"code": "TEST", "name": "Test programme", "kind": "trial", "timezone": "Europe/London",
                    "jurisdiction": "GB-ENG"}),
            )
            .created();
        self.programme = id(&programme);
        let programme = self.programme;
        self.sites = ["NORTH", "SOUTH"].map(|code| {
            let site = json!({"programme_id": programme, "code": code, "name": format!("{code} surgery"), "kind": "gp"});
            id(&admin.post("/v1/sites", &site).created())
        });
    }

    /// Another programme on the same server, with a site.
    pub fn other_programme(&self) -> (ProgrammeId, SiteId) {
        let admin = self.admin();
        let programme = json!({"code": "OTHER", "name": "Another programme", "kind": "service",
            "timezone": "Europe/London", "jurisdiction": "GB-ENG"});
        let programme: ProgrammeId = id(&admin.post("/v1/programmes", &programme).created());
        let site = json!({"programme_id": programme, "code": "EAST", "name": "East surgery", "kind": "gp"});
        (programme, id(&admin.post("/v1/sites", &site).created()))
    }

    /// Nobody in particular.
    pub fn stranger(&self) -> Caller {
        Caller::new(&self.base, None, uuid::Uuid::nil(), "stranger")
    }

    /// A system administrator.
    pub fn admin(&self) -> Caller {
        self.enrol(Role::Admin, None, None, None)
    }

    /// Somebody new who holds this role in the whole programme.
    pub fn sign_in(&self, role: Role) -> Caller {
        self.enrol(role, Some(self.programme), None, None)
    }

    /// Somebody new who holds this role at one site.
    pub fn sign_in_at(&self, role: Role, site: SiteId) -> Caller {
        self.enrol(role, Some(self.programme), Some(site), None)
    }

    /// The participant himself, with an account.
    pub fn sign_in_participant(&self, participant: ParticipantId) -> Caller {
        self.enrol(Role::Participant, Some(self.programme), None, Some(participant))
    }

    /// Adds a person with a role and a live session.
    pub fn enrol(
        &self,
        role: Role,
        programme: Option<ProgrammeId>,
        site: Option<SiteId>,
        participant: Option<ParticipantId>,
    ) -> Caller {
        let now = At(self.app.clock.now());
        let id = PersonId::new(System.fresh());
        let person = Person {
            id: Key(id),
            email: format!("{id}@example.org"),
            display_name: format!("A {role}"),
            participant_id: participant.map(Key),
            // No password opens it, but the account counts as activated.
            password_hash: Some("none".to_owned()),
            activation_hash: None,
            activation_expires_at: None,
            failed_attempts: 0,
            locked_until: None,
            deactivated_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let membership = Membership {
            id: Key(MembershipId::new(System.fresh())),
            person_id: Key(id),
            role: Code(role),
            programme_id: programme.map(Key),
            site_id: site.map(Key),
            granted_by: None,
            granted_at: now,
            ended_at: None,
        };
        self.write(move |db| {
            person::insert(db, &person)?;
            membership::insert(db, &membership)
        });
        self.open_session(
            Some(id),
            None,
            role,
            programme,
            site.map(|site| vec![site]),
            participant,
            Vec::new(),
        )
    }

    /// A service client of the programme with these scopes.
    pub fn client(&self, scopes: &[&str]) -> Caller {
        self.client_of(self.programme, scopes)
    }

    /// A service client of some programme with these scopes.
    pub fn client_of(&self, programme: ProgrammeId, scopes: &[&str]) -> Caller {
        let made = self
            .admin()
            .post("/v1/clients", &json!({"programme_id": programme, "name": "A client", "scopes": scopes}))
            .created();
        let id: ClientId = made["client_id"].as_str().unwrap().parse().unwrap();
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.open_session(None, Some(id), Role::IntegrationClient, Some(programme), None, None, scopes)
    }

    #[expect(clippy::too_many_arguments, reason = "one row of the sessions table")]
    fn open_session(
        &self,
        person: Option<PersonId>,
        client: Option<ClientId>,
        role: Role,
        programme: Option<ProgrammeId>,
        sites: Option<Vec<SiteId>>,
        participant: Option<ParticipantId>,
        scopes: Vec<String>,
    ) -> Caller {
        let now = self.app.clock.now();
        let session_id = SessionId::new(System.fresh());
        let session = Session {
            id: Key(session_id),
            person_id: person.map(Key),
            client_id: client.map(Key),
            role: Code(role),
            programme_id: programme.map(Key),
            sites: sites.map(Document),
            participant_id: participant.map(Key),
            scopes: Document(scopes),
            refresh_hash: None,
            previous_refresh_hash: None,
            successor: None,
            rotated_at: None,
            created_at: At(now),
            expires_at: At(now + TimeDelta::days(30)),
            idle_expires_at: At(now + TimeDelta::days(7)),
            ended_at: None,
            end_reason: None,
            trust: Trust {
                fresh_at: Some(At(now)),
                second_factor_at: person.map(|_| At(now)),
                ..Trust::default()
            },
        };
        self.write(move |db| session::insert(db, &session));
        let subject = person.map(PersonId::uuid).or(client.map(ClientId::uuid)).unwrap();
        let (token, _) = self.app.tokens.issue(subject, session_id.uuid(), now).unwrap();
        Caller::new(&self.base, Some(token), subject, role.into())
    }

    /// The data keys of a participant, made where there are none yet.
    pub fn keys_of(&self, participant: ParticipantId) -> Arc<RecordKeys> {
        let (ring, now) = (Arc::clone(self.app.store.ring()), self.app.clock.now());
        Arc::new(
            self.write(move |db| data_key::ensure(db, &ring, Record::Participant(participant), &System, now)),
        )
    }

    /// As another replica starts, with these keys.
    pub fn prepare(&self, keys: &Keys) -> Result<App, String> {
        let made = server::prepare(&self.config, keys, Arc::clone(&self.clock) as _, Arc::new(System));
        made.map_err(|error| format!("{error:#}"))
    }

    /// Writes behind the API's back, where a test must.
    pub fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Db<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.try_write(work).unwrap()
    }

    /// As [`World::write`], where the database may refuse.
    pub fn try_write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Db<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        actix_web::rt::System::new().block_on(self.app.store.write(Context::System(Duty::Operator), work))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let handle = self.handle.clone();
        actix_web::rt::System::new().block_on(handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Serves on a thread of its own.
fn serve(app: App, config: Config, listener: TcpListener) -> (ServerHandle, JoinHandle<()>) {
    let (told, started) = channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let (server, _readiness) = server::start(app, &config, listener).unwrap();
            told.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    (started.recv().unwrap(), thread)
}

/// See [`World::replica`].
pub struct Replica {
    pub base: String,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Replica {
    fn drop(&mut self) {
        let handle = self.handle.clone();
        actix_web::rt::System::new().block_on(handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// See [`World::another`].
pub struct Another {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Another {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The `id` of a representation.
pub fn id<K>(view: &Value) -> alongside_domain::id::Id<K> {
    view["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("no id in {view}"))
}
