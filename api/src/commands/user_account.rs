//! Looking at accounts and shutting them, from the server's own command line. Nothing here gives anybody a role: that takes
//! an administrator who is signed in, and for some roles two people.

use alongside_api::app::App;
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{MailId, PersonId, ProgrammeId, SiteId};
use alongside_domain::mail::MailKind;
use alongside_domain::person::AccountState;
use alongside_domain::policy::Role;
use alongside_store::mail::{self, Mail};
use alongside_store::person::{self, Filter, Person};
use alongside_store::types::At;
use alongside_store::{
    Context, Db, Duty, StoreError, access_review, audit, flag_audience, membership, second_factor, session,
};
use anyhow::bail;
use serde::Serialize;

use super::operator::{answer, event, scope};

/// How many accounts are read at once.
const CHUNK: u32 = 200;

/// A role as it is listed.
#[derive(Debug, Serialize)]
struct Held {
    role: Role,
    programme_id: Option<ProgrammeId>,
    site_id: Option<SiteId>,
    granted_at: Timestamp,
}

/// An account as it is listed.
#[derive(Debug, Serialize)]
pub(super) struct Account {
    id: PersonId,
    email: String,
    display_name: String,
    state: AccountState,
    roles: Vec<Held>,
    second_factor_since: Option<Timestamp>,
    last_seen_at: Option<Timestamp>,
    open_sessions: i64,
    created_at: Timestamp,
}

impl Account {
    fn line(&self) -> String {
        let roles: Vec<_> = self.roles.iter().map(|held| held.role.to_string()).collect();
        let roles = if roles.is_empty() { "no role".to_owned() } else { roles.join(", ") };
        let factor = if self.second_factor_since.is_some() { "second factor" } else { "no second factor" };
        format!("{}  {}  {}  {roles}  {factor}  {} open", self.id, self.email, self.state, self.open_sessions)
    }
}

fn accounts(db: &mut Db<'_>, rows: Vec<Person>, now: Timestamp) -> Result<Vec<Account>, StoreError> {
    let ids: Vec<_> = rows.iter().map(|row| row.id.0).collect();
    let held = membership::of_people(db, &ids)?;
    let factors = access_review::second_factors(db, &ids)?;
    let uses = access_review::of_people(db, &ids, now)?;
    let account = |row: Person| {
        let used = uses.get(&row.id.0).copied().unwrap_or_default();
        let roles = held.iter().filter(|held| held.person_id == row.id && held.ended_at.is_none());
        Account {
            id: row.id.0,
            state: row.state(),
            roles: roles
                .map(|held| Held {
                    role: held.role.0,
                    programme_id: held.programme_id.map(|id| id.0),
                    site_id: held.site_id.map(|id| id.0),
                    granted_at: held.granted_at.0,
                })
                .collect(),
            second_factor_since: factors.get(&row.id.0).copied(),
            last_seen_at: used.last_seen_at,
            open_sessions: used.open_sessions,
            created_at: row.created_at.0,
            email: row.email,
            display_name: row.display_name,
        }
    };
    Ok(rows.into_iter().map(account).collect())
}

/// Every account of the installation.
pub(super) async fn list(app: App, json: bool) -> anyhow::Result<()> {
    let now = app.clock.now();
    let all = app
        .store
        .scan(Context::System(Duty::Operator), move |db| {
            let mut all = Vec::new();
            let mut after = None;
            loop {
                let rows = person::list(db, &scope(), &Filter::default(), after, CHUNK)?;
                let Some(last) = rows.last() else { return Ok::<_, StoreError>(all) };
                after = Some(last.id.0);
                all.extend(accounts(db, rows, now)?);
            }
        })
        .await?;
    answer(json, &serde_json::json!({"items": all}), || all.iter().map(Account::line).collect())
}

/// One account.
pub(super) async fn show(app: App, email: String, json: bool) -> anyhow::Result<()> {
    let now = app.clock.now();
    let found = app
        .store
        .scan(Context::System(Duty::Operator), move |db| {
            let row = person::by_email(db, &email.trim().to_lowercase())?;
            Ok::<_, StoreError>(accounts(db, row.into_iter().collect(), now)?.pop())
        })
        .await?;
    let Some(account) = found else { bail!("there is no account with this address") };
    answer(json, &account, || {
        let held = account.roles.iter().map(|held| {
            let place = held.programme_id.map_or_else(|| "the installation".to_owned(), |id| id.to_string());
            format!("  {} in {place} since {}", held.role, held.granted_at)
        });
        std::iter::once(account.line()).chain(held).collect()
    })
}

/// A step on one account.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Deactivate,
    Reactivate,
    EndSessions,
    ResetSecondFactor,
}

impl Step {
    /// What the log calls it: an operation of the document where the step is the same.
    fn operation(self) -> &'static str {
        match self {
            Self::Deactivate => "deactivate_person",
            Self::Reactivate => "reactivate_person",
            Self::EndSessions => "end_sessions",
            Self::ResetSecondFactor => "remove_second_factor",
        }
    }
}

/// Takes a step, or says why it is not open.
pub(super) async fn take(app: App, email: String, step: Step, json: bool) -> anyhow::Result<()> {
    let (now, shared) = (app.clock.now(), app.clone());
    let done = app
        .store
        .write(Context::System(Duty::Operator), move |db| {
            let Some(row) = person::by_email(db, &email.trim().to_lowercase())? else {
                return Ok::<_, StoreError>(Err("there is no account with this address"));
            };
            let (id, participant) = (row.id.0, row.participant_id.map(|id| id.0));
            if let Err(why) = change(db, &shared, row, step, now)? {
                return Ok(Err(why));
            }
            audit::record(db, &event(&shared, now, step.operation(), Some(id.uuid()), participant), &[])?;
            let row = person::of_job(db, id)?;
            Ok(Ok(accounts(db, row.into_iter().collect(), now)?.pop()))
        })
        .await?;
    match done {
        Ok(account) => answer(json, &account, || account.iter().map(Account::line).collect()),
        Err(why) => bail!(why),
    }
}

/// What a step does, or why it is not open. Nothing was changed then.
fn change(
    db: &mut Db<'_>,
    app: &App,
    mut row: Person,
    step: Step,
    now: Timestamp,
) -> Result<Result<(), &'static str>, StoreError> {
    let id = row.id.0;
    match step {
        Step::Deactivate => {
            if row.state() == AccountState::Deactivated {
                return Ok(Err("the account is closed already"));
            }
            let administers = membership::live_of(db, id)?.iter().any(|held| held.role.0 == Role::Admin);
            if administers && membership::other_admins(db, id)? == 0 {
                return Ok(Err("this is the last administrator: set up another one first"));
            }
            if flag_audience::needs_person(db, id)? {
                return Ok(Err(
                    "a safeguarding concern is open on which nobody else can act: give another person that role first",
                ));
            }
            row.deactivated_at = Some(At(now));
            row.activation_hash = None;
            row.activation_expires_at = None;
            row.updated_at = At(now);
            person::save(db, &scope(), &row)?;
            session::end_all_of_person(db, id, "deactivated", now)?;
        }
        Step::Reactivate => {
            if row.state() != AccountState::Deactivated {
                return Ok(Err("the account is open"));
            }
            row.deactivated_at = None;
            row.updated_at = At(now);
            person::save(db, &scope(), &row)?;
        }
        Step::EndSessions => session::end_all_of_person(db, id, "ended by the operator", now)?,
        Step::ResetSecondFactor => {
            if !second_factor::remove(db, id, now)? {
                return Ok(Err("there is no second factor"));
            }
            session::end_all_of_person(db, id, "second_factor_removed", now)?;
            if app.letters.is_some() {
                let letter = MailId::new(app.ids.fresh());
                mail::insert(db, &Mail::to(letter, MailKind::SecondFactorRemoved, id, now))?;
            }
        }
    }
    Ok(Ok(()))
}
