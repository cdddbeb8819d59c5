//! Reporting a concern about somebody's safety. The emergency numbers come before anything else.
//!
//! What was said never stands on the command line, where it would stay in the shell's history and be seen by others on
//! the machine. It is typed, or comes from a file or standard input, and only the receipt is printed.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use alongside_domain::clock::{Clock as _, Ids as _, System};
use alongside_domain::content;
use alongside_domain::flag::{Agreement, MAX_ACCOUNT_CHARS, Source};
use anyhow::{Context as _, Result};
use chrono::{Local, NaiveDateTime, TimeZone as _};
use serde_json::{Map, Value, json};

use super::participant;
use crate::Run;
use crate::exit::{Exit, Stop};
use crate::output::{clean, plain, text, when, width, wrap};
use crate::prompt::Screen;

/// The largest report.
const LARGEST: u64 = 1024 * 1024;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whom it is about: study ID or record ID. May be left out
    participant: Option<String>,
    /// Take the report from this file: a document as the API wants it
    #[arg(long, value_name = "FILE", conflicts_with = "stdin")]
    file: Option<PathBuf>,
    /// Take the report from standard input
    #[arg(long)]
    stdin: bool,
}

pub fn run(run: &Run, args: &Args) -> Result<()> {
    let emergency = &content::safety().emergency;
    for line in emergency {
        run.output.warn(&wrap(&clean(line), width()));
    }
    run.output.warn("");
    let mut flag = if args.file.is_some() || args.stdin {
        given(args.file.as_deref())?
    } else {
        let instead = "Give the report with --file or --stdin.";
        ask(&mut Screen::open(run.no_input, instead)?, emergency)?
    };
    if let Some(wanted) = &args.participant {
        let found = participant::find(&run.client, wanted)?;
        flag.insert("participant_id".into(), found.get("id").cloned().unwrap_or_default());
    }
    // Chosen before it is sent: a repeat on a bad line raises it once.
    flag.entry("id").or_insert_with(|| json!(System.fresh()));
    let receipt = run.client.post("/v1/flags", &Value::Object(flag)).inspect_err(|_| {
        run.output.warn("The concern was NOT received. Phone your safeguarding lead, and try again.");
    })?;
    run.output.show(&receipt, || page(&receipt))
}

/// The receipt: that it arrived, and whom to phone. Nothing of what was reported.
fn page(receipt: &Value) -> String {
    let of = |name: &str| text(receipt, &[name]).unwrap_or_default();
    let mut lines = vec![
        format!("Your concern has arrived: {}.", plain(of("status"))),
        format!("Received {}. Number {}", when(of("received_at")), of("id")),
    ];
    if let Some(contact) = text(receipt, &["contact"]) {
        lines.push(format!("Adult safeguarding: {contact}"));
    }
    lines.push(
        "Now phone your safeguarding lead and tell them yourself. Keep no notes on this device.".to_owned(),
    );
    lines.join("\n")
}

/// The report of a file, or of standard input.
fn given(file: Option<&Path>) -> Result<Map<String, Value>> {
    let mut text = String::new();
    match file {
        Some(path) => std::fs::File::open(path)
            .and_then(|file| file.take(LARGEST).read_to_string(&mut text))
            .with_context(|| format!("cannot read {}", path.display()))?,
        None => std::io::stdin().take(LARGEST).read_to_string(&mut text).context("cannot read the report")?,
    };
    serde_json::from_str(&text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Stop::because(Exit::Error, format!("The report is not a JSON object ({place}). Nothing was sent."))
    })
}

/// Asks for the report, in about three minutes. Almost everything may be left out.
fn ask(screen: &mut Screen, emergency: &[String]) -> Result<Map<String, Value>> {
    screen.heading("In an emergency")?;
    screen.points(emergency.iter().map(String::as_str))?;
    screen.wait("Press Enter to report a concern.")?;
    let danger = page_of(screen, "Danger now", |screen| screen.yes("Is anybody in danger right now?"))?;
    if danger {
        screen.say("Call 999 first. This program can wait.")?;
    }
    let mut report = Map::new();
    let called = screen.yes("Has 999 been called?")?;
    report.insert("emergency_called".into(), json!({"called": called}));
    let source = page_of(screen, "How you know", |screen| {
        let choices = [
            (Source::Disclosed, "The person told me"),
            (Source::Seen, "I saw something"),
            (Source::ThirdParty, "Somebody else told me"),
            (Source::Suspicion, "Something does not feel right"),
        ];
        screen.choose_code("How do you know about it?", &choices)
    })?;
    words(screen, &mut report)?;
    let happened = page_of(screen, "When and where", ask_time)?;
    put(&mut report, "happened_at", happened);
    let place = screen.maybe("Where was it?")?;
    put(&mut report, "place", place);
    let agreed = page_of(screen, "Sharing", |screen| {
        let choices = [
            (Agreement::Yes, "Yes, they agreed"),
            (Agreement::No, "No, they did not want it"),
            (Agreement::NotAsked, "I did not ask"),
        ];
        screen.choose_code(
            "Did the person agree that you pass this on? You can report it in any case.",
            &choices,
        )
    })?;
    report.insert("agreed_to_sharing".into(), json!(agreed));
    let wishes = screen.maybe("What does the person want to happen?")?;
    put(&mut report, "wishes", wishes);
    let alleged = page_of(screen, "Who may have done it", |screen| {
        let relationship = screen.maybe("Who is it to the person, such as son, neighbour or carer?")?;
        let description = screen.maybe("Anything else that tells who it is?")?;
        Ok((relationship, description))
    })?;
    if alleged.0.is_some() || alleged.1.is_some() {
        report.insert("alleged_person".into(), json!({"relationship": alleged.0, "description": alleged.1}));
    }
    screen.clear()?;
    screen.heading("Send?")?;
    if !screen.yes("Send this to the safeguarding lead now?")? {
        return Err(Stop::because(Exit::Error, "Nothing was sent. Phone your safeguarding lead."));
    }
    let flag = json!({"source": source, "immediate_danger": danger, "report": report});
    match flag {
        Value::Object(flag) => Ok(flag),
        _ => Ok(Map::new()),
    }
}

fn page_of<T>(screen: &mut Screen, heading: &str, ask: impl FnOnce(&mut Screen) -> Result<T>) -> Result<T> {
    screen.clear()?;
    screen.heading(heading)?;
    ask(screen)
}

fn put(report: &mut Map<String, Value>, name: &str, value: Option<String>) {
    if let Some(value) = value {
        report.insert(name.to_owned(), value.into());
    }
}

/// The person's own words and what was seen; one of the two at least.
fn words(screen: &mut Screen, report: &mut Map<String, Value>) -> Result<()> {
    loop {
        screen.clear()?;
        screen.heading("What was said, what you saw")?;
        screen.say(
            "Write it just as it was said. Do not tidy it up, and do not ask for more than you were told.",
        )?;
        let said = block(screen, "The person's own words:")?;
        let seen = block(screen, "What you saw or heard yourself:")?;
        if said.is_some() || seen.is_some() {
            put(report, "verbatim", said);
            put(report, "what_was_seen", seen);
            return Ok(());
        }
        screen.wait("Please write one or the other. Press Enter.")?;
    }
}

fn block(screen: &mut Screen, question: &str) -> Result<Option<String>> {
    loop {
        screen.say(&format!(
            "{question}\nPress Enter after each line. When you have finished, type a full stop on a line of its own. To \
             leave this out, type only a full stop."
        ))?;
        let typed = screen.lines()?;
        if typed.chars().count() <= MAX_ACCOUNT_CHARS {
            return Ok(Some(typed).filter(|typed| !typed.trim().is_empty()));
        }
        screen.say(&format!("That is more than {MAX_ACCOUNT_CHARS} letters. Please write it shorter."))?;
    }
}

/// When it happened, as the clock on the wall had it.
fn ask_time(screen: &mut Screen) -> Result<Option<String>> {
    loop {
        let asked = "When did it happen? Type a date and time like 31/05/2024 14:30, or now.";
        let Some(typed) = screen.maybe(asked)? else { return Ok(None) };
        if typed.eq_ignore_ascii_case("now") {
            return Ok(Some(rfc3339(System.now())));
        }
        if let Some(time) = local(&typed) {
            return Ok(Some(time));
        }
        screen.say("Please type it like 31/05/2024 14:30, or leave it out.")?;
    }
}

fn local(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let with_time = if typed.contains(':') { typed.to_owned() } else { format!("{typed} 12:00") };
    let naive = NaiveDateTime::parse_from_str(&with_time, "%d/%m/%Y %H:%M").ok()?;
    Some(rfc3339(Local.from_local_datetime(&naive).earliest()?.to_utc()))
}

fn rfc3339(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_asked_for_and_kept_word_by_word() {
        let typed =
            "\n2\n2\n1\nMy son has my card.\nHe won't give it back.\n.\n.\n\nAt home\n1\n\nson\n\n1\n";
        let mut screen = Screen::scripted(typed, Vec::new());
        let flag = Value::Object(ask(&mut screen, &[]).unwrap());
        assert_eq!(flag["report"]["verbatim"], "My son has my card.\nHe won't give it back.");
        assert_eq!(
            (flag["source"].as_str(), flag["immediate_danger"].as_bool()),
            (Some("disclosed"), Some(false))
        );
        assert_eq!(flag["report"]["alleged_person"]["relationship"], "son");
        assert_eq!(flag["report"].get("what_was_seen"), None);
    }

    #[test]
    fn nothing_is_sent_without_a_last_yes() {
        let typed = "\n2\n2\n4\nx\n.\n.\n\n\n3\n\n\n\n2\n";
        let error = ask(&mut Screen::scripted(typed, Vec::new()), &[]).unwrap_err();
        assert!(error.to_string().contains("Nothing was sent"));
    }

    #[test]
    fn the_receipt_repeats_nothing() {
        let receipt = json!({"id": "f", "received_at": "2026-11-06T14:31:07Z", "status": "received", "contact": "01632 960123"});
        assert!(page(&receipt).contains("01632 960123"));
    }
}
