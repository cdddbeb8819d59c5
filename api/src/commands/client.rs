use alongside_api::app::App;
use alongside_api::security::token::{OpaqueSecret, SecretKind};
use alongside_domain::client::ClientState;
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{ClientId, ProgrammeId};
use alongside_domain::policy::client_scopes;
use alongside_store::client::{self as store, Client as Row};
use alongside_store::types::{At, Document, Key};
use alongside_store::{Context, Db, Duty, StoreError, audit, programme};
use anyhow::bail;
use chrono::TimeDelta;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::operator::{answer, event, scope};
use super::{ConfigArgs, open, runtime};

/// How many clients are read at once.
const CHUNK: u32 = 200;

/// Programs that act for themselves, from the server's own command line.
#[derive(Debug, Args)]
pub struct ClientCommand {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print one JSON document.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// List the programs, those that were cut off too.
    List,
    /// Show one program.
    Show { id: ClientId },
    /// Connect a program. Its secret is printed this once.
    Create {
        #[arg(long, value_name = "PROGRAMME")]
        programme: ProgrammeId,
        #[arg(long)]
        name: String,
        /// What it may ask for; may be given several times.
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
        /// How often it may ask in a minute.
        #[arg(long, value_name = "REQUESTS", default_value_t = 600, value_parser = clap::value_parser!(i32).range(1..=60_000))]
        quota: i32,
    },
    /// Give a program a new secret, printed this once. The old one works for another day.
    RotateSecret {
        id: ClientId,
        /// The old one is in the wrong hands: it stops at once, and every token it has got.
        #[arg(long)]
        at_once: bool,
    },
    /// Cut a program off, for ever.
    Revoke { id: ClientId },
    /// Change how often a program may ask in a minute.
    Quota {
        id: ClientId,
        #[arg(value_parser = clap::value_parser!(i32).range(1..=60_000))]
        requests: i32,
    },
}

/// A program as it is listed.
#[derive(Debug, Serialize)]
struct Shown {
    client_id: ClientId,
    programme_id: ProgrammeId,
    name: String,
    scopes: Vec<String>,
    state: ClientState,
    requests_per_minute: i32,
    created_at: Timestamp,
    revoked_at: Option<Timestamp>,
    /// Only where this step made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

impl From<Row> for Shown {
    fn from(row: Row) -> Self {
        Self {
            client_id: row.id.0,
            programme_id: row.programme_id.0,
            name: row.name,
            scopes: row.scopes.0,
            state: if row.revoked_at.is_some() { ClientState::Revoked } else { ClientState::Active },
            requests_per_minute: row.requests_per_minute,
            created_at: row.created_at.0,
            revoked_at: row.revoked_at.map(|at| at.0),
            client_secret: None,
        }
    }
}

impl Shown {
    fn lines(&self) -> Vec<String> {
        let line = format!(
            "{}  {}  {}  {} a minute  {}",
            self.client_id,
            self.name,
            self.state,
            self.requests_per_minute,
            self.scopes.join(" ")
        );
        std::iter::once(line).chain(self.client_secret.clone()).collect()
    }
}

impl ClientCommand {
    pub fn run(self) -> anyhow::Result<()> {
        let app = open(&self.config.load()?)?;
        let json = self.json;
        match self.step {
            Step::List => runtime(list(app, json)),
            Step::Show { id } => runtime(show(app, id, json)),
            Step::Create { programme, name, scopes, quota } => {
                runtime(create(app, programme, name, scopes, quota, json))
            }
            Step::RotateSecret { id, at_once } => runtime(rotate(app, id, at_once, json)),
            Step::Revoke { id } => runtime(change(app, id, "revoke_client", json, store::revoke)),
            Step::Quota { id, requests } => {
                runtime(change(app, id, "update_client", json, move |db, row, _| {
                    store::set_quota(db, row, requests)
                }))
            }
        }
    }
}

async fn list(app: App, json: bool) -> anyhow::Result<()> {
    let all = app
        .store
        .scan(Context::System(Duty::Operator), |db| {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let rows = store::list(db, &scope(), None, after, CHUNK)?;
                let Some(last) = rows.last() else { return Ok::<_, StoreError>(all) };
                after = Some(last.id.0);
                all.extend(rows.into_iter().map(Shown::from));
            }
        })
        .await?;
    answer(json, &serde_json::json!({"items": all}), || all.iter().flat_map(Shown::lines).collect())
}

async fn show(app: App, id: ClientId, json: bool) -> anyhow::Result<()> {
    let found = app.store.scan(Context::System(Duty::Operator), move |db| store::by_id(db, id)).await?;
    let Some(row) = found else { bail!("there is no such program") };
    let shown = Shown::from(row);
    answer(json, &shown, || shown.lines())
}

async fn create(
    app: App,
    of: ProgrammeId,
    name: String,
    mut scopes: Vec<String>,
    quota: i32,
    json: bool,
) -> anyhow::Result<()> {
    let known = client_scopes();
    if let Some(unknown) = scopes.iter().find(|scope| !known.contains(&scope.as_str())) {
        bail!("{unknown:?} is no scope; there are: {}", known.join(", "));
    }
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 120 || name.chars().any(char::is_control) {
        bail!("the name must be one line of 1 to 120 characters");
    }
    scopes.sort();
    scopes.dedup();
    let secret = OpaqueSecret::generate(SecretKind::Client);
    let now = app.clock.now();
    let row = Row {
        id: Key(ClientId::new(app.ids.fresh())),
        programme_id: Key(of),
        name,
        secret_hash: secret.hash().to_vec(),
        scopes: Document(scopes),
        revoked_at: None,
        created_by: None,
        created_at: At(now),
        version: 1,
        previous_secret_hash: None,
        previous_secret_until: None,
        requests_per_minute: quota,
    };
    let (shared, made) = (app.clone(), row.clone());
    let is_made = app
        .store
        .write(Context::System(Duty::Operator), move |db| {
            if programme::try_find(db, &scope(), of)?.is_none() {
                return Ok::<_, StoreError>(false);
            }
            store::insert(db, &made)?;
            audit::record(db, &event(&shared, now, "create_client", Some(made.id.0.uuid()), None), &[])?;
            Ok(true)
        })
        .await?;
    if !is_made {
        bail!("there is no such programme");
    }
    let mut shown = Shown::from(row);
    shown.client_secret = Some(secret.expose().to_owned());
    answer(json, &shown, || shown.lines())
}

async fn rotate(app: App, id: ClientId, at_once: bool, json: bool) -> anyhow::Result<()> {
    let secret = OpaqueSecret::generate(SecretKind::Client);
    let hash = secret.hash();
    let step = move |db: &mut Db<'_>, row: &Row, now: Timestamp| {
        let until = (!at_once).then(|| now + TimeDelta::days(1));
        store::replace_secret(db, row, &hash, until, now)
    };
    let mut shown = changed(app, id, "create_client_secret", step).await?;
    shown.client_secret = Some(secret.expose().to_owned());
    answer(json, &shown, || shown.lines())
}

async fn change(
    app: App,
    id: ClientId,
    operation: &'static str,
    json: bool,
    step: impl Fn(&mut Db<'_>, &Row, Timestamp) -> Result<(), StoreError> + Send + 'static,
) -> anyhow::Result<()> {
    let shown = changed(app, id, operation, step).await?;
    answer(json, &shown, || shown.lines())
}

/// Takes a step on a program that is not cut off, and answers it as it is now.
async fn changed(
    app: App,
    id: ClientId,
    operation: &'static str,
    step: impl Fn(&mut Db<'_>, &Row, Timestamp) -> Result<(), StoreError> + Send + 'static,
) -> anyhow::Result<Shown> {
    let (now, shared) = (app.clock.now(), app.clone());
    let done = app
        .store
        .write(Context::System(Duty::Operator), move |db| {
            let Some(row) = store::by_id(db, id)? else {
                return Ok::<_, StoreError>(Err("there is no such program"));
            };
            if row.revoked_at.is_some() {
                return Ok(Err("the program was cut off: connect a new one"));
            }
            step(db, &row, now)?;
            audit::record(db, &event(&shared, now, operation, Some(id.uuid()), None), &[])?;
            Ok(store::by_id(db, id)?.ok_or("there is no such program"))
        })
        .await?;
    match done {
        Ok(row) => Ok(Shown::from(row)),
        Err(why) => bail!(why),
    }
}
