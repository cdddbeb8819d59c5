//! Signing in and out.

use std::io::Read as _;

use alongside_domain::choice::Choice as _;
use alongside_domain::policy::Role;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::Run;
use crate::exit::Stop;
use crate::output::{is_conversation, pairs, plain, text};

#[derive(Debug, clap::Args)]
pub struct Login {
    /// E-mail address; asked for when left out
    #[arg(long)]
    email: Option<String>,
    /// Read the password from standard input; otherwise it is asked for
    #[arg(long)]
    password_stdin: bool,
    /// With several roles, the one to act in; otherwise the one that may do least
    #[arg(long)]
    role: Option<Role>,
}

pub fn login(run: &Run, args: &Login) -> Result<()> {
    let may_ask = !run.no_input && is_conversation();
    let email = match &args.email {
        Some(email) => email.clone(),
        None if may_ask && !args.password_stdin => ask_line("E-mail address: ")?,
        None => return Err(Stop::usage("Say who signs in: --email")),
    };
    let password = if args.password_stdin {
        read_password()?
    } else if may_ask {
        rpassword::prompt_password(format!("Password for {email} (nothing is shown while you type): "))?
    } else {
        return Err(Stop::usage(
            "There is nobody to ask for the password. Give it on standard input with --password-stdin.",
        ));
    };
    run.client.sign_in(&email, &password, args.role.map(|role| role.code()))?;
    let session = run.client.get("/v1/sessions/current")?;
    run.output.show(&session_document(run, &session), || {
        let role = text(&session, &["role"]).unwrap_or_default();
        format!("Signed in to {} as {}.", run.client.server(), plain(role))
    })
}

pub fn logout(run: &Run) -> Result<()> {
    run.client.sign_out()?;
    run.output.show(&json!({"server": run.client.server(), "signed_in": false}), || "Signed out.".to_owned())
}

pub fn whoami(run: &Run) -> Result<()> {
    let session = run.client.get("/v1/sessions/current")?;
    run.output.show(&session_document(run, &session), || {
        let of = |name: &str| text(&session, &[name]).map(str::to_owned);
        pairs([
            ("Server", Some(run.client.server().to_owned())),
            ("Role", of("role").map(|role| plain(&role))),
            ("Programme", of("programme_id")),
            ("Person", of("person_id").or_else(|| of("client_id"))),
            ("Participant", of("participant_id")),
        ])
    })
}

fn session_document(run: &Run, session: &Value) -> Value {
    json!({"server": run.client.server(), "signed_in": true, "session": session})
}

/// One line typed by the person, without spaces around it.
pub fn ask_line(question: &str) -> Result<String> {
    eprint!("{question}");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("nothing could be read")?;
    Ok(line.trim().to_owned())
}

/// The password alone, or with the line end that `echo` adds.
pub fn read_password() -> Result<String> {
    let mut password = String::new();
    std::io::stdin().take(4096).read_to_string(&mut password).context("cannot read the password")?;
    let password = password.strip_suffix('\n').unwrap_or(&password);
    Ok(password.strip_suffix('\r').unwrap_or(password).to_owned())
}
