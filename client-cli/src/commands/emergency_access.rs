//! Records of another site, opened in an emergency, and looking into that.

use anyhow::{Context as _, Result};
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use uuid::Uuid;

use super::sign_in::{ask_line, read_lines};
use crate::Run;
use crate::exit::Stop;
use crate::output::{clean, is_conversation, needed, pairs, plain, table, text, when, width, wrap};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open one record of another site for half an hour; others are told at once
    Open(Open),
    /// What waits to be looked into, what is overdue at the top
    List {
        /// Instead, what was looked into already
        #[arg(long)]
        reviewed: bool,
    },
    /// Show one
    Show(One),
    /// Shut the record before its time
    End(One),
    /// Say what came of looking into it; the words are asked for, or come on standard input
    Review {
        #[arg(value_name = "ACCESS")]
        id: Uuid,
        outcome: Outcome,
    },
    /// Keep it from being told to the participant; the reason is asked for, or comes on standard input
    Hold(One),
    /// Let it be told to the participant
    Release(One),
}

#[derive(Debug, clap::Args)]
pub struct One {
    #[arg(value_name = "ACCESS")]
    id: Uuid,
}

/// The second identifier and the words are never on the command line, where others could read them.
#[derive(Debug, clap::Args)]
pub struct Open {
    /// The study id on the participant's card
    #[arg(value_name = "STUDY_ID")]
    study_id: String,
    /// Why
    #[arg(long, value_enum)]
    reason: Reason,
    /// Read the second identifier and what happened from standard input, a line each; otherwise you are asked
    #[arg(long)]
    stdin: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Reason {
    DangerToLife,
    UrgentCare,
    CannotBeReached,
    AtAnotherSite,
    Other,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Outcome {
    Justified,
    NotJustified,
    MoreAsked,
}

/// A choice as the server writes it.
fn code(choice: impl ValueEnum) -> String {
    choice.to_possible_value().map(|value| value.get_name().replace('-', "_")).unwrap_or_default()
}

pub fn run(run: &Run, command: &Command) -> Result<()> {
    match command {
        Command::Open(args) => open(run, args),
        Command::List { reviewed } => {
            let reviewed = if *reviewed { "true" } else { "false" };
            let found = run.client.list("/v1/emergency-accesses", &[("reviewed", reviewed)], usize::MAX)?;
            run.output.show(&json!({"items": found}), || rows(&found))
        }
        Command::Show(One { id }) => {
            let found = run.client.get(&path(*id))?;
            run.output.show(&found, || page(&found))
        }
        Command::End(One { id }) => {
            let ended = run.client.post_bare(&format!("{}/ending", path(*id)))?;
            run.output.show(&ended, || "The record is shut.".to_owned())
        }
        Command::Review { id, outcome } => {
            let words = said(run, "What did you find, or what do you ask? ")?;
            let body = json!({"outcome": code(*outcome), "words": words});
            step(run, *id, "reviews", Some(&body))
        }
        Command::Hold(One { id }) => {
            let reason = said(run, "Why is the participant not to be told yet? ")?;
            step(run, *id, "hold", Some(&json!({"reason": reason})))
        }
        Command::Release(One { id }) => step(run, *id, "release", None),
    }
}

fn path(id: Uuid) -> String {
    format!("/v1/emergency-accesses/{id}")
}

/// A step on the version that is there now.
fn step(run: &Run, id: Uuid, step: &str, body: Option<&Value>) -> Result<()> {
    let version = run
        .client
        .get(&path(id))?
        .get("version")
        .and_then(Value::as_i64)
        .context("the server's answer cannot be read: it has no version")?;
    let done = run.client.post_version(&format!("{}/{step}", path(id)), version, body)?;
    run.output.show(&done, || page(&done))
}

fn open(run: &Run, args: &Open) -> Result<()> {
    let (second, words) = if args.stdin {
        let mut lines = read_lines()?.into_iter();
        match (lines.next(), lines.next()) {
            (Some(second), Some(words)) => (second, words),
            _ => return Err(Stop::usage("Give the second identifier and what happened, a line each.")),
        }
    } else if run.no_input || !is_conversation() {
        return Err(Stop::usage(
            "There is nobody to ask. Give the second identifier and what happened with --stdin, a line each.",
        ));
    } else {
        run.output.tell("Others are told at once that you open this record, and the participant sees it.");
        (ask_line("Date of birth (YYYY-MM-DD) or NHS number: ")?, ask_line("What happened? ")?)
    };
    let second = second.trim();
    let member = if second.contains('-') { "date_of_birth" } else { "nhs_number" };
    let body =
        json!({"study_id": args.study_id, "reason": code(args.reason), "words": words, member: second});
    let opened = run.client.post("/v1/emergency-accesses", &body)?;
    let participant = needed(&opened, "participant_id")?.to_owned();
    run.output.show(&opened, || format!("{}\n\nNow: alongside participant show {participant}", page(&opened)))
}

/// Words from the person, or all of standard input.
fn said(run: &Run, question: &str) -> Result<String> {
    if !is_conversation() {
        return Ok(read_lines()?.join("\n"));
    }
    if run.no_input {
        return Err(Stop::usage("There is nobody to ask. Give the words on standard input."));
    }
    ask_line(question)
}

fn state(one: &Value) -> &'static str {
    let is = |name: &str| one.get(name) == Some(&Value::Bool(true));
    match (is("is_open"), is("is_overdue"), text(one, &["outcome"])) {
        (true, ..) => "open now",
        (_, true, _) => "overdue",
        (_, _, Some(_)) => "looked into",
        _ => "to look into",
    }
}

fn rows(found: &[Value]) -> String {
    if found.is_empty() {
        return "There is nothing to show.".to_owned();
    }
    let row = |one: &Value| {
        let of = |name: &str| text(one, &[name]).unwrap_or("-").to_owned();
        vec![
            state(one).to_owned(),
            of("who"),
            of("study_id"),
            plain(&of("reason")),
            when(&of("opened_at")),
            when(&of("review_due_at")),
            of("id"),
        ]
    };
    table(&["", "Who", "Participant", "Why", "Opened", "Look into by", "Access"], found.iter().map(row))
}

fn page(one: &Value) -> String {
    let of = |name: &str| text(one, &[name]).map(str::to_owned);
    let at = |name: &str| text(one, &[name]).map(when);
    let facts = pairs([
        ("State", Some(state(one).to_owned())),
        ("Who", of("who")),
        ("Role", of("role").map(|role| plain(&role))),
        ("Participant", of("study_id")),
        ("Why", of("reason").map(|reason| plain(&reason))),
        ("Opened", at("opened_at")),
        ("Open until", at("expires_at")),
        ("Ended", at("ended_at")),
        ("Look into by", at("review_due_at")),
        ("Looked into", at("reviewed_at")),
        ("Outcome", of("outcome").map(|outcome| plain(&outcome))),
        ("Not told since", at("held_at")),
        ("Told since", at("released_at")),
        ("Access", of("id")),
    ]);
    let reviews = one.get("reviews").and_then(Value::as_array).into_iter().flatten();
    let reviews = reviews.filter_map(|review| {
        Some(format!("{}: {}", plain(text(review, &["outcome"])?), text(review, &["words"])?))
    });
    let words = of("words").into_iter().chain(reviews).map(|words| wrap(&clean(&words), width()));
    std::iter::once(facts).chain(words).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_written_as_the_server_has_them() {
        assert_eq!(
            (code(Reason::DangerToLife), code(Outcome::NotJustified)),
            ("danger_to_life".to_owned(), "not_justified".to_owned())
        );
    }

    #[test]
    fn what_is_overdue_says_so_and_an_open_one_too() {
        let one = json!({"id": "1", "is_open": false, "is_overdue": true, "who": "Nora Nurse"});
        assert!(rows(std::slice::from_ref(&one)).contains("overdue"));
        assert_eq!(state(&json!({"is_open": true})), "open now");
        assert_eq!(state(&json!({"outcome": "justified"})), "looked into");
        assert_eq!(rows(&[]), "There is nothing to show.");
    }
}
