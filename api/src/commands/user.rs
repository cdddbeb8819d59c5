use std::io::{IsTerminal as _, Read as _};

use alongside_api::app::App;
use alongside_api::security::password::acceptable;
use alongside_domain::id::{MembershipId, PersonId};
use alongside_domain::policy::Role;
use alongside_store::membership::{self, Membership};
use alongside_store::person::{self, Person};
use alongside_store::types::{At, Code, Key};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret as _, SecretString};

use super::{ConfigArgs, open, runtime};

/// People, from the server's own command line.
#[derive(Debug, Args)]
pub struct User {
    #[command(flatten)]
    config: ConfigArgs,
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
}

impl User {
    pub fn run(self) -> anyhow::Result<()> {
        let config = self.config.load()?;
        let Step::CreateAdmin { email, name } = self.step;
        let app = open(&config)?;
        let password = read_password()?;
        runtime(create_admin(app, email, name, password))
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

async fn create_admin(app: App, email: String, name: String, password: SecretString) -> anyhow::Result<()> {
    let email = email.trim().to_lowercase();
    if !email.contains('@') || email.len() > 254 {
        bail!("{email:?} is not an e-mail address");
    }
    if let Err(why) = acceptable(password.expose_secret()) {
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
    app.store
        .write(move |db| {
            person::insert(db, &person)?;
            membership::insert(db, &membership)
        })
        .await
        .context("the administrator could not be created (does the address exist already?)")?;
    println!("Administrator {email} was created. Sign in with `alongside login`.");
    Ok(())
}
