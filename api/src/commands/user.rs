use std::io::{IsTerminal as _, Read as _};

use alongside_api::app::App;
use alongside_api::security::password::{SHORTEST, acceptable, unlike};
use alongside_api::security::token::{OpaqueSecret, SecretKind};
use alongside_domain::id::{MembershipId, PersonId};
use alongside_domain::policy::Role;
use alongside_store::audit;
use alongside_store::membership::{self, Membership};
use alongside_store::person::{self, Person};
use alongside_store::types::{At, Code, Key};
use alongside_store::{Context, Duty, StoreError};
use anyhow::{Context as _, bail};
use chrono::TimeDelta;
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret as _, SecretString};

use super::user_account::{self, Step as Change};
use super::{ConfigArgs, open, operator, runtime};

/// How long a code from here is good.
const CODE_DAYS: i64 = 7;

/// People, from the server's own command line.
#[derive(Debug, Args)]
pub struct User {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print one JSON document, where a step answers with an account.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Create the first administrator. The password is read from standard input.
    CreateAdmin {
        #[arg(long, value_name = "ADDRESS")]
        email: String,
        /// The name others see.
        #[arg(long, value_name = "NAME", default_value = "Administrator")]
        name: String,
    },
    /// Print a code with which somebody chooses a new password: for a service that sends no letters. His second factor stays.
    IssueCode {
        #[arg(long, value_name = "ADDRESS")]
        email: String,
    },
    /// List all accounts.
    List,
    /// Show one account.
    Show(Of),
    /// Close an account: every session ends at once.
    Deactivate(Of),
    /// Open an account again. Somebody who never chose a password needs a code as well.
    Reactivate(Of),
    /// End every session of somebody, whose device was lost.
    EndSessions(Of),
    /// Take a second factor away; make sure that it is he who asks. Nothing is open to him before he sets up another.
    ResetSecondFactor(Of),
}

/// Whose account.
#[derive(Debug, Args)]
struct Of {
    #[arg(long, value_name = "ADDRESS")]
    email: String,
}

impl User {
    pub fn run(self) -> anyhow::Result<()> {
        let config = self.config.load()?;
        let app = open(&config)?;
        match self.step {
            Step::CreateAdmin { email, name } => runtime(create_admin(app, email, name, read_password()?)),
            Step::IssueCode { email } => runtime(issue_code(app, email)),
            Step::List => runtime(user_account::list(app, self.json)),
            Step::Show(of) => runtime(user_account::show(app, of.email, self.json)),
            Step::Deactivate(of) => runtime(user_account::take(app, of.email, Change::Deactivate, self.json)),
            Step::Reactivate(of) => runtime(user_account::take(app, of.email, Change::Reactivate, self.json)),
            Step::EndSessions(of) => {
                runtime(user_account::take(app, of.email, Change::EndSessions, self.json))
            }
            Step::ResetSecondFactor(of) => {
                runtime(user_account::take(app, of.email, Change::ResetSecondFactor, self.json))
            }
        }
    }
}

fn read_password() -> anyhow::Result<SecretString> {
    if std::io::stdin().is_terminal() {
        eprintln!("Password (15 characters or more), then Enter and Ctrl-D:");
    }
    let mut text = String::new();
    std::io::stdin().take(4096).read_to_string(&mut text).context("the password cannot be read")?;
    Ok(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Whoever runs the server can do this anyway; here it leaves a trace.
async fn issue_code(app: App, email: String) -> anyhow::Result<()> {
    let code = OpaqueSecret::generate(SecretKind::Activation);
    let (hash, now) = (code.hash(), app.clock.now());
    let shared = app.clone();
    let address = email.trim().to_lowercase();
    let found = app
        .store
        .write(Context::System(Duty::Operator), move |db| {
            let Some(person) = person::by_email(db, &address)? else { return Ok::<_, StoreError>(false) };
            person::invite(db, person.id.0, &hash, now + TimeDelta::days(CODE_DAYS))?;
            let of = Some(person.id.0.uuid());
            let event = operator::event(&shared, now, "issue_code", of, person.participant_id.map(|id| id.0));
            audit::record(db, &event, &[])?;
            Ok(true)
        })
        .await
        .context("the code could not be kept (is the account closed?)")?;
    if !found {
        bail!("there is no account with this address");
    }
    println!("{}", code.expose());
    eprintln!("Hand it over in person. It is good once, for {CODE_DAYS} days: `alongside activate`.");
    Ok(())
}

async fn create_admin(app: App, email: String, name: String, password: SecretString) -> anyhow::Result<()> {
    let email = email.trim().to_lowercase();
    if !email.contains('@') || email.len() > 254 {
        bail!("{email:?} is not an e-mail address");
    }
    let fits = acceptable(password.expose_secret(), SHORTEST)
        .and_then(|()| unlike(password.expose_secret(), &email, &name));
    if let Err(why) = fits {
        bail!("the password is not good enough: {why}");
    }
    let hash = app.passwords.hash(password).await?;
    let now = app.clock.now();
    let id = PersonId::new(app.ids.fresh());
    let membership = Membership {
        id: Key(MembershipId::new(app.ids.fresh())),
        person_id: Key(id),
        role: Code(Role::Admin),
        programme_id: None,
        site_id: None,
        granted_by: None,
        granted_at: At(now),
        ended_at: None,
    };
    let person = Person {
        id: Key(id),
        email: email.clone(),
        display_name: name,
        participant_id: None,
        password_hash: Some(hash),
        activation_hash: None,
        activation_expires_at: None,
        failed_attempts: 0,
        locked_until: None,
        deactivated_at: None,
        created_at: At(now),
        updated_at: At(now),
        version: 1,
    };
    let event = operator::event(&app, now, "create_admin", Some(id.uuid()), None);
    app.store
        .write(Context::System(Duty::Operator), move |db| {
            person::insert(db, &person)?;
            membership::insert(db, &membership)?;
            audit::record(db, &event, &[])
        })
        .await
        .context("the administrator could not be created (does the address exist already?)")?;
    println!("Administrator {email} was created. Sign in with `alongside login`.");
    Ok(())
}
