//! Signing in and out.

use std::io::Read as _;

use alongside_domain::choice::Choice as _;
use alongside_domain::policy::Role;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::device;
use crate::Run;
use crate::exit::Stop;
use crate::output::{is_conversation, pairs, plain, text};
use crate::problem::Problem;

#[derive(Debug, clap::Args)]
pub struct Login {
    /// E-mail address; asked for when left out
    #[arg(long)]
    email: Option<String>,
    /// Read the password from standard input, and on a second line the code of your second factor; otherwise you are asked
    #[arg(long)]
    password_stdin: bool,
    /// Type no password here: show a code, and be let in from a device where you are signed in. For shared tablets
    #[arg(long, conflicts_with_all = ["email", "password_stdin", "role"])]
    device: bool,
    /// What this device is called, so that you can sign it out from elsewhere when it is lost
    #[arg(long, value_name = "NAME")]
    device_name: Option<String>,
    /// With several roles, the one to act in; otherwise the one that may do least
    #[arg(long)]
    role: Option<Role>,
}

pub fn login(run: &Run, args: &Login) -> Result<()> {
    let device = args.device_name.clone().unwrap_or_else(|| format!("alongside on {}", std::env::consts::OS));
    if args.device {
        device::login(run, &device)?;
    } else {
        with_password(run, args, &device)?;
    }
    let session = run.client.get("/v1/sessions/current")?;
    run.output.show(&session_document(run, &session), || {
        let role = text(&session, &["role"]).unwrap_or_default();
        let next = if session.get("must_enrol") == Some(&json!(true)) {
            "\nNothing else is open before you have set up a second factor: alongside second-factor set-up"
        } else {
            ""
        };
        format!("Signed in to {} as {}.{next}", run.client.server(), plain(role))
    })
}

fn with_password(run: &Run, args: &Login, device: &str) -> Result<()> {
    let may_ask = !run.no_input && is_conversation();
    let email = match &args.email {
        Some(email) => email.clone(),
        None if may_ask && !args.password_stdin => ask_line("E-mail address: ")?,
        None => return Err(Stop::usage("Say who signs in: --email")),
    };
    let (password, code) = if args.password_stdin {
        let mut lines = read_lines()?.into_iter();
        (lines.next().ok_or_else(nothing_given)?, lines.next())
    } else if may_ask {
        let question = format!("Password for {email} (nothing is shown while you type): ");
        (rpassword::prompt_password(question)?, None)
    } else {
        return Err(Stop::usage(
            "There is nobody to ask for the password. Give it on standard input with --password-stdin.",
        ));
    };
    let sign_in = |code: Option<&str>| {
        let mut wish = json!({"email": email, "password": password});
        if let Some(wish) = wish.as_object_mut() {
            wish.extend(args.role.map(|role| ("role".to_owned(), role.code().into())));
            wish.extend(code.map(|code| (member_of(code).to_owned(), code.into())));
        }
        run.client.sign_in(wish, device)
    };
    match sign_in(code.as_deref()) {
        Err(error) if may_ask && !args.password_stdin && asks_for_code(&error) => {
            sign_in(Some(&ask_line("The code that your app shows now (or a recovery code): ")?))
        }
        other => other,
    }
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

fn asks_for_code(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Problem>().is_some_and(|problem| problem.is("second-factor-required"))
}

/// Whether somebody typed the code of an app or a recovery code.
pub fn member_of(code: &str) -> &'static str {
    let mut letters = code.chars().filter(|c| !c.is_whitespace());
    if letters.all(|c| c.is_ascii_digit()) { "totp" } else { "recovery_code" }
}

/// The lines of standard input.
pub fn read_lines() -> Result<Vec<String>> {
    let mut text = String::new();
    std::io::stdin().take(4096).read_to_string(&mut text).context("cannot read standard input")?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// The secret on the first line of standard input.
pub fn read_secret() -> Result<String> {
    read_lines()?.into_iter().next().ok_or_else(nothing_given)
}

fn nothing_given() -> anyhow::Error {
    Stop::usage("Nothing came in on standard input: give it on a line of its own.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_told_from_a_recovery_code_by_its_digits() {
        assert_eq!([member_of("123 456"), member_of("GEZD-GNBV-GY3T-QOJQ")], ["totp", "recovery_code"]);
    }
}
