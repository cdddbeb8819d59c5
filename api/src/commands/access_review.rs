use std::collections::BTreeSet;

use alongside_api::app::App;
use alongside_domain::access_review::{Concern, SCHEMA, Standing, concerns, is_unused};
use alongside_domain::client::ClientState;
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{ClientId, MembershipId, PersonId, ProgrammeId, SiteId};
use alongside_domain::person::AccountState;
use alongside_domain::policy::Role;
use alongside_store::person::{Filter, Person};
use alongside_store::{
    Context, Db, Duty, StoreError, access_review as store, audit, client, membership, membership_proposal,
    person,
};
use clap::Args;
use serde::Serialize;

use super::operator::{answer, event, scope};
use super::{ConfigArgs, open, runtime};

/// How many are read at once.
const CHUNK: u32 = 200;

/// Who can get in, with what wants looking at: for the review that an auditor asks for.
#[derive(Debug, Args)]
pub struct AccessReview {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print one JSON document; its members are described in docs/operations.md.
    #[arg(long)]
    json: bool,
}

/// The whole document.
#[derive(Debug, Serialize)]
struct Review {
    schema: &'static str,
    made_at: Timestamp,
    people: Vec<Reviewed>,
    clients: Vec<ReviewedClient>,
}

/// A role a person holds or is to hold.
#[derive(Debug, Serialize)]
struct Held {
    membership_id: MembershipId,
    role: Role,
    programme_id: Option<ProgrammeId>,
    site_id: Option<SiteId>,
    /// Absent where the command line of the server gave it.
    granted_by: Option<PersonId>,
    /// Where it took a second person.
    confirmed_by: Option<PersonId>,
    granted_at: Timestamp,
    /// It waits for a second person and opens nothing.
    pending: bool,
}

#[derive(Debug, Serialize)]
struct Reviewed {
    person_id: PersonId,
    display_name: String,
    email: String,
    state: AccountState,
    created_at: Timestamp,
    age_days: i64,
    roles: Vec<Held>,
    second_factor_since: Option<Timestamp>,
    last_seen_at: Option<Timestamp>,
    open_sessions: i64,
    emergencies_not_reviewed: i64,
    concerns: Vec<Concern>,
}

#[derive(Debug, Serialize)]
struct ReviewedClient {
    client_id: ClientId,
    programme_id: ProgrammeId,
    name: String,
    state: ClientState,
    scopes: Vec<String>,
    requests_per_minute: i32,
    created_by: Option<PersonId>,
    created_at: Timestamp,
    age_days: i64,
    last_seen_at: Option<Timestamp>,
    open_sessions: i64,
    concerns: Vec<Concern>,
}

impl AccessReview {
    pub fn run(self) -> anyhow::Result<()> {
        let app = open(&self.config.load()?)?;
        runtime(review(app, self.json))
    }
}

async fn review(app: App, json: bool) -> anyhow::Result<()> {
    let now = app.clock.now();
    // That somebody had all of it is in the log before he has it.
    let event = event(&app, now, "access_review", None, None);
    app.store.write(Context::System(Duty::Operator), move |db| audit::record(db, &event, &[])).await?;
    let review = app
        .store
        .scan(Context::System(Duty::Operator), move |db| {
            let (people, clients) = (people(db, now)?, clients(db, now)?);
            Ok::<_, StoreError>(Review { schema: SCHEMA, made_at: now, people, clients })
        })
        .await?;
    answer(json, &review, || lines(&review))
}

fn lines(review: &Review) -> Vec<String> {
    let said = |concerns: &[Concern]| {
        let words: Vec<_> = concerns.iter().map(|concern| concern.to_string().replace('_', " ")).collect();
        if words.is_empty() { "-".to_owned() } else { words.join(", ") }
    };
    let seen =
        |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| at.date_naive().to_string());
    let people = review.people.iter().map(|one| {
        let roles: Vec<_> = one.roles.iter().map(|held| held.role.to_string()).collect();
        format!(
            "{}  {}  {}  [{}]  seen {}  {} open  {}",
            one.person_id,
            one.email,
            one.state,
            roles.join(", "),
            seen(one.last_seen_at),
            one.open_sessions,
            said(&one.concerns)
        )
    });
    let clients = review.clients.iter().map(|one| {
        format!(
            "{}  {}  {}  {} a minute  seen {}  {} open  {}",
            one.client_id,
            one.name,
            one.state,
            one.requests_per_minute,
            seen(one.last_seen_at),
            one.open_sessions,
            said(&one.concerns)
        )
    });
    people.chain(clients).collect()
}

fn people(db: &mut Db<'_>, now: Timestamp) -> Result<Vec<Reviewed>, StoreError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let rows = person::list(db, &scope(), &Filter::default(), after, CHUNK)?;
        let Some(last) = rows.last() else { return Ok(all) };
        after = Some(last.id.0);
        all.extend(reviewed(db, rows, now)?);
    }
}

fn reviewed(db: &mut Db<'_>, rows: Vec<Person>, now: Timestamp) -> Result<Vec<Reviewed>, StoreError> {
    let ids: Vec<_> = rows.iter().map(|row| row.id.0).collect();
    let held = membership::of_people(db, &ids)?;
    let open = membership_proposal::open_of_people(db, &ids)?;
    let confirmed = store::confirmed(db, &ids)?;
    let pairs = confirmed.values().flat_map(|one| [Some(one.proposed_by), one.decided_by]);
    let devices = store::devices(db, &pairs.flatten().map(|id| id.0).collect::<Vec<_>>())?;
    let factors = store::second_factors(db, &ids)?;
    let uses = store::of_people(db, &ids, now)?;
    let emergencies = store::emergencies_not_reviewed(db, &ids)?;
    let share = |one: PersonId, other: PersonId| match (devices.get(&one), devices.get(&other)) {
        (Some(ones), Some(others)) => ones.intersection(others).next().is_some(),
        _ => false,
    };
    let review = |row: Person| {
        let id = row.id.0;
        let used = uses.get(&id).copied().unwrap_or_default();
        let live = held.iter().filter(|held| held.person_id == row.id && held.ended_at.is_none());
        let mut roles: Vec<Held> = live
            .map(|held| Held {
                membership_id: held.id.0,
                role: held.role.0,
                programme_id: held.programme_id.map(|id| id.0),
                site_id: held.site_id.map(|id| id.0),
                granted_by: held.granted_by.map(|id| id.0),
                confirmed_by: confirmed.get(&held.id.0).and_then(|one| one.decided_by).map(|id| id.0),
                granted_at: held.granted_at.0,
                pending: false,
            })
            .collect();
        let on_same_device = roles.iter().any(|held| match (held.granted_by, held.confirmed_by) {
            (Some(by), Some(confirmed_by)) => share(by, confirmed_by),
            _ => false,
        });
        let kinds: BTreeSet<Role> = roles.iter().map(|held| held.role).collect();
        let kinds: Vec<Role> = kinds.into_iter().collect();
        let waiting = open.iter().filter(|open| open.person_id == row.id).map(|open| Held {
            membership_id: open.id.0,
            role: open.role.0,
            programme_id: Some(open.programme_id.0),
            site_id: None,
            granted_by: Some(open.proposed_by.0),
            confirmed_by: None,
            granted_at: open.proposed_at.0,
            pending: true,
        });
        roles.extend(waiting);
        let standing = Standing {
            state: row.state(),
            roles: &kinds,
            created_at: row.created_at.0,
            last_seen_at: used.last_seen_at,
            has_second_factor: factors.contains_key(&id),
            open_sessions: used.open_sessions,
            pending_roles: roles.iter().filter(|held| held.pending).count(),
            confirmed_on_same_device: on_same_device,
            emergencies_not_reviewed: emergencies.get(&id).copied().unwrap_or_default(),
        };
        Reviewed {
            person_id: id,
            state: standing.state,
            created_at: standing.created_at,
            age_days: (now - standing.created_at).num_days(),
            second_factor_since: factors.get(&id).copied(),
            last_seen_at: standing.last_seen_at,
            open_sessions: standing.open_sessions,
            emergencies_not_reviewed: standing.emergencies_not_reviewed,
            concerns: concerns(&standing, now),
            display_name: row.display_name,
            email: row.email,
            roles,
        }
    };
    Ok(rows.into_iter().map(review).collect())
}

fn clients(db: &mut Db<'_>, now: Timestamp) -> Result<Vec<ReviewedClient>, StoreError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let rows = client::list(db, &scope(), None, after, CHUNK)?;
        let Some(last) = rows.last() else { return Ok(all) };
        after = Some(last.id.0);
        let ids: Vec<_> = rows.iter().map(|row| row.id.0).collect();
        let uses = store::of_clients(db, &ids, now)?;
        all.extend(rows.into_iter().map(|row| {
            let used = uses.get(&row.id.0).copied().unwrap_or_default();
            let is_open = row.revoked_at.is_none();
            let unused = is_open && is_unused(row.created_at.0, used.last_seen_at, now);
            ReviewedClient {
                client_id: row.id.0,
                programme_id: row.programme_id.0,
                name: row.name,
                state: if is_open { ClientState::Active } else { ClientState::Revoked },
                scopes: row.scopes.0,
                requests_per_minute: row.requests_per_minute,
                created_by: row.created_by.map(|id| id.0),
                created_at: row.created_at.0,
                age_days: (now - row.created_at.0).num_days(),
                last_seen_at: used.last_seen_at,
                open_sessions: used.open_sessions,
                concerns: unused.then_some(Concern::Unused).into_iter().collect(),
            }
        }));
    }
}
