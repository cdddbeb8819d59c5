//! Letting a shared device in: the device shows a code, and its supporter types that where he is signed in (RFC 8628).

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;

use super::sign_in::ask_line;
use crate::Run;
use crate::exit::{Exit, Stop};
use crate::output::{clean, is_conversation, needed, pairs, plain, text, when};
use crate::problem::Problem;

/// The name by which the server knows this program.
const CLIENT: &str = "alongside-cli";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// How much longer to wait after `slow_down`: RFC 8628, section 3.5.
const SLOW_DOWN: Duration = Duration::from_secs(5);

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sign in, as yourself, the device that shows this code
    Approve {
        code: String,
        /// With several programmes, the one to work in on it
        #[arg(long, value_name = "PROGRAMME")]
        programme: Option<Uuid>,
        /// Do not ask whether it is the right device
        #[arg(long)]
        yes: bool,
    },
    /// Refuse the device that shows this code
    Deny { code: String },
}

pub fn run(run: &Run, command: &Command) -> Result<()> {
    match command {
        Command::Approve { code, programme, yes } => approve(run, code, *programme, *yes),
        Command::Deny { code } => {
            run.client.post_once("/v1/device-authorisations/denials", &json!({"user_code": code}))?;
            run.output.show(&json!({"approved": false}), || "The device is refused.".to_owned())
        }
    }
}

fn approve(run: &Run, code: &str, programme: Option<Uuid>, yes: bool) -> Result<()> {
    let device = run.client.post_once("/v1/device-authorisations/lookups", &json!({"user_code": code}))?;
    if !yes {
        if run.no_input || !is_conversation() {
            return Err(Stop::usage("There is nobody to ask whether it is the right device: add --yes."));
        }
        run.output.warn(&format!(
            "{}\n\nOnly go on if you hold this device in your hands, and began this yourself.",
            page(&device)
        ));
        if !matches!(ask_line("Sign this device in as yourself? (yes or no): ")?.as_str(), "yes" | "y") {
            return Err(Stop::usage("Nothing was done. To refuse the device: alongside device deny"));
        }
    }
    let mut approval = json!({"user_code": code});
    if let (Some(approval), Some(programme)) = (approval.as_object_mut(), programme) {
        approval.insert("programme_id".to_owned(), json!(programme));
    }
    run.client.post_once("/v1/device-authorisations/approvals", &approval)?;
    run.output.show(&json!({"approved": true, "device": device}), || {
        "The device is signed in in a moment. To sign it out again: alongside session list".to_owned()
    })
}

fn page(device: &Value) -> String {
    let of = |name: &str| text(device, &[name]).map(str::to_owned);
    let count = device.get("operations").and_then(Value::as_array).map(Vec::len);
    let may = of("role").zip(count).map(|(role, count)| {
        format!("work as your {} ({count} operations); nothing that asks for a fresh sign-in", plain(&role))
    });
    pairs([
        ("Device", of("device_name")),
        ("Program", of("client_id")),
        ("Asks from", of("address")),
        ("Asked", of("requested_at").map(|at| when(&at))),
        ("It could", may),
    ])
}

/// Signs this device in: shows a code, and waits until somebody has decided elsewhere.
pub fn login(run: &Run, name: &str) -> Result<()> {
    let id = run.client.device_id()?.to_string();
    let fields = [("client_id", CLIENT), ("device_id", id.as_str()), ("device_name", name)];
    let (status, body) = begin(run, &fields)?;
    if status != 200 {
        return Err(refusal(status, &body));
    }
    let begun: Value = serde_json::from_slice(&body).context("The server's answer is not JSON.")?;
    let device_code = needed(&begun, "device_code")?;
    // Nothing goes on without these words: they are shown even when quiet.
    run.output.warn(&clean(&format!(
        "On a device where you are signed in, type this code:\n\n  {}\n\nWhere and how: {}\nWaiting. Ctrl-C to give up.",
        needed(&begun, "user_code")?,
        needed(&begun, "verification_uri")?
    )));
    let seconds = |member: &str| begun.get(member).and_then(Value::as_u64).map(Duration::from_secs);
    let lifetime = seconds("expires_in").context("The server did not say how long it waits.")?;
    let until = Instant::now() + lifetime;
    let mut interval = seconds("interval").unwrap_or(SLOW_DOWN);
    let fields = [("grant_type", GRANT), ("client_id", CLIENT), ("device_code", device_code)];
    while Instant::now() < until {
        std::thread::sleep(interval);
        // A line that breaks is no answer: the code is good until it expires.
        let Some((status, body)) = run.client.post_form("/oauth2/token", &fields)? else { continue };
        if status == 200 {
            return run.client.keep_tokens(&body);
        }
        match error_of(&body).as_str() {
            "authorization_pending" => {}
            "slow_down" => interval += SLOW_DOWN,
            _ if matches!(status, 429 | 503) => {}
            _ => return Err(refusal(status, &body)),
        }
    }
    Err(Stop::because(Exit::TryLater, "Nobody decided in time. Begin again: alongside login --device"))
}

/// Has a code made. Beginning again does no harm on a bad line: the server forgets what the same device began before.
fn begin(run: &Run, fields: &[(&str, &str)]) -> Result<(u16, Vec<u8>)> {
    for pause in [1, 2, 4] {
        if let Some(begun) = run.client.post_form("/oauth2/device_authorization", fields)? {
            return Ok(begun);
        }
        std::thread::sleep(Duration::from_secs(pause));
    }
    let words = format!("The server at {} cannot be reached.", run.client.server());
    Err(Stop::because(Exit::TryLater, words))
}

fn error_of(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    text(&body, &["error"]).unwrap_or_default().to_owned()
}

/// What the server refused, in words.
fn refusal(status: u16, body: &[u8]) -> anyhow::Error {
    match error_of(body).as_str() {
        "access_denied" => Stop::because(Exit::NotAuthorised, "This device was refused."),
        "expired_token" => {
            Stop::because(Exit::TryLater, "Nobody decided in time. Begin again: alongside login --device")
        }
        "invalid_grant" => {
            let words = "The code was used up; perhaps the answer was lost on the way. Begin again: alongside login --device";
            Stop::because(Exit::NotAuthorised, words)
        }
        "invalid_client" => {
            Stop::because(Exit::NotAuthorised, "This server lets no device in from this program.")
        }
        _ => Problem::read(status, body).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_how_to_go_on() {
        let of = |error: &str| {
            let told = refusal(400, json!({"error": error}).to_string().as_bytes());
            told.downcast_ref::<Stop>().map(|stop| stop.exit)
        };
        assert_eq!(of("access_denied"), Some(Exit::NotAuthorised));
        assert_eq!(of("expired_token"), Some(Exit::TryLater));
        assert_eq!(of("invalid_grant"), Some(Exit::NotAuthorised));
        assert_eq!(of("something_else"), None);
    }

    #[test]
    fn who_decides_is_shown_which_device_asks_and_from_where() {
        let device = json!({"device_name": "Tablet\u{1b}[2J 7", "client_id": "alongside-cli", "role": "supporter",
            "address": "192.0.2.17", "operations": ["list_participants"]});
        let page = page(&device);
        assert!(page.contains("192.0.2.17") && page.contains("Tablet") && !page.contains('\u{1b}'), "{page}");
        assert!(page.contains("as your supporter (1 operations)"), "{page}");
    }
}
