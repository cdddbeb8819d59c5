//! One's own account: the second factor, the password, and where one is signed in. Codes and passwords are typed where nobody
//! sees them, or come on standard input; they never stand on the command line.

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;

use super::sign_in::{ask_line, member_of, read_lines, read_secret};
use crate::Run;
use crate::exit::Stop;
use crate::output::{is_conversation, needed, pairs, plain, table, text, when};

#[derive(Debug, Subcommand)]
pub enum SecondFactor {
    /// Whether there is one, and how many recovery codes are left
    Show,
    /// Set one up with an app on your telephone that shows codes
    SetUp,
    /// Make ten new recovery codes; the old ones are worth nothing then
    RecoveryCodes,
}

#[derive(Debug, Subcommand)]
pub enum Session {
    /// Where you are signed in
    List {
        /// Instead, where the supporters you look after are signed in
        #[arg(long)]
        supporters: bool,
    },
    /// Sign out elsewhere: for a device that was lost
    End {
        #[arg(value_name = "SESSION")]
        id: Uuid,
        /// It is a supporter's
        #[arg(long)]
        supporter: bool,
    },
}

#[derive(Debug, clap::Args)]
pub struct FromStdin {
    /// Read from standard input, a line each; otherwise you are asked
    #[arg(long)]
    stdin: bool,
}

#[derive(Debug, clap::Args)]
pub struct Forgotten {
    /// E-mail address of the account; asked for when left out
    #[arg(long)]
    email: Option<String>,
}

pub fn second_factor(run: &Run, command: &SecondFactor) -> Result<()> {
    match command {
        SecondFactor::Show => show(run),
        SecondFactor::SetUp => set_up(run),
        SecondFactor::RecoveryCodes => {
            let made = run.client.post_once("/v1/second-factor/recovery-codes", &json!({}))?;
            run.output.show(&made, || paper(&made))
        }
    }
}

fn show(run: &Run) -> Result<()> {
    let found = run.client.get("/v1/second-factor")?;
    let yes = |name: &str| if found.get(name) == Some(&json!(true)) { "yes" } else { "no" }.to_owned();
    run.output.show(&found, || {
        pairs([
            ("Set up", Some(yes("is_set_up"))),
            ("Needed", Some(yes("is_required"))),
            ("Since", text(&found, &["confirmed_at"]).map(when)),
            ("Recovery codes left", found.get("recovery_codes_left").map(Value::to_string)),
        ])
    })
}

fn set_up(run: &Run) -> Result<()> {
    if run.no_input || !is_conversation() {
        return Err(Stop::usage("Setting up a second factor takes somebody who types the first code."));
    }
    let begun = run.client.post_once("/v1/second-factor/enrolment", &json!({}))?;
    let (key, uri) = (needed(&begun, "secret")?, needed(&begun, "otpauth_uri")?);
    run.output.tell(&format!(
        "Open the app on your telephone that shows codes, add an account, and type this key:\n\n  {}\n\nOr make a QR code \
         of this line and scan it:\n\n  {}\n",
        key, uri
    ));
    let code = ask_line("The code that the app shows now: ")?;
    let made = run.client.post_once("/v1/second-factor/confirmation", &json!({"totp": code}))?;
    run.output.show(&made, || format!("The second factor is set up.\n\n{}", paper(&made)))
}

/// The recovery codes, to be copied onto paper.
fn paper(made: &Value) -> String {
    let codes = made.get("recovery_codes").and_then(Value::as_array).into_iter().flatten();
    let codes: Vec<&str> = codes.filter_map(Value::as_str).collect();
    format!(
        "Write these codes down and keep the paper where you keep your keys. Each lets you in once, if the telephone is \
         lost. They are not shown again.\n\n  {}",
        codes.join("\n  ")
    )
}

/// Shows once more that it is the same person who sits there.
pub fn step_up(run: &Run, args: &FromStdin) -> Result<()> {
    let has_factor = run.client.get("/v1/second-factor")?.get("is_set_up") == Some(&json!(true));
    let proof = if args.stdin {
        read_secret()?
    } else if run.no_input || !is_conversation() {
        return Err(Stop::usage("There is nobody to ask. Give the code or the password with --stdin."));
    } else if has_factor {
        ask_line("The code that the app shows now (or a recovery code): ")?
    } else {
        rpassword::prompt_password("Your password (nothing is shown while you type): ")?
    };
    let member = if has_factor { member_of(&proof) } else { "password" };
    let fresh = run.client.post_once("/v1/sessions/current/step-up", &json!({member: proof}))?;
    run.output.show(&fresh, || "Good for five minutes.".to_owned())
}

pub fn change_password(run: &Run, args: &FromStdin) -> Result<()> {
    let (current, new) = if args.stdin {
        let mut lines = read_lines()?.into_iter();
        match (lines.next(), lines.next()) {
            (Some(current), Some(new)) => (current, new),
            _ => return Err(Stop::usage("Give the old password and the new one, a line each.")),
        }
    } else if run.no_input || !is_conversation() {
        return Err(Stop::usage("There is nobody to ask. Give both passwords with --stdin, a line each."));
    } else {
        let current = rpassword::prompt_password("Present password (nothing is shown while you type): ")?;
        let new = rpassword::prompt_password("New password: ")?;
        if rpassword::prompt_password("The same again: ")? != new {
            return Err(Stop::usage("The two are not the same. Nothing was changed."));
        }
        (current, new)
    };
    let change = json!({"current_password": current, "new_password": new});
    run.client.post_once("/v1/password-changes", &change)?;
    run.output.show(&json!({"changed": true}), || {
        "The password is changed. Other devices were signed out.".to_owned()
    })
}

/// Asks for a letter with a code. The answer is the same for every address.
pub fn forgot_password(run: &Run, args: &Forgotten) -> Result<()> {
    let email = match &args.email {
        Some(email) => email.trim().to_owned(),
        None if !run.no_input && is_conversation() => ask_line("E-mail address: ")?,
        None => return Err(Stop::usage("--email is missing.")),
    };
    run.client.ask_for_letter(&email)?;
    run.output.show(&json!({"asked": true}), || {
        "If there is an account with this address, a letter with a code is on its way. Then: alongside activate".to_owned()
    })
}

pub fn session(run: &Run, command: &Session) -> Result<()> {
    let collection = |supporters: bool| if supporters { "/v1/supporter-sessions" } else { "/v1/sessions" };
    match command {
        Session::List { supporters } => {
            let found = run.client.list(collection(*supporters), &[], usize::MAX)?;
            run.output.show(&json!({"items": found}), || page(&found))
        }
        Session::End { id, supporter } => {
            run.client.delete(&format!("{}/{id}", collection(*supporter)))?;
            run.output.show(&json!({"id": id, "ended": true}), || "Signed out there.".to_owned())
        }
    }
}

fn page(found: &[Value]) -> String {
    if found.is_empty() {
        return "There is nothing to show.".to_owned();
    }
    let row = |one: &Value| {
        let of = |name: &str| text(one, &[name]).unwrap_or_default().to_owned();
        let here = if one.get("is_current") == Some(&json!(true)) { "this one" } else { "" };
        vec![of("id"), of("device_name"), plain(&of("role")), when(&of("last_seen_at")), here.to_owned()]
    };
    table(&["Session", "Device", "Role", "Last seen", ""], found.iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_codes_stand_below_each_other() {
        let page = paper(&json!({"recovery_codes": ["AAAA-BBBB", "CCCC-DDDD"]}));
        assert!(page.ends_with("\n\n  AAAA-BBBB\n  CCCC-DDDD"), "{page}");
    }

    #[test]
    fn the_session_one_sits_in_is_marked() {
        let one = json!({"id": "1", "device_name": "Tablet", "role": "supporter", "is_current": true,
            "last_seen_at": "2026-11-02T09:30:00Z"});
        assert!(page(&[one]).contains("this one"));
        assert_eq!(page(&[]), "There is nothing to show.");
    }
}
