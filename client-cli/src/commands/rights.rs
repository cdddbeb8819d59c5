//! Rights requests: what people ask of their own record.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use uuid::Uuid;

use super::participant;
use crate::Run;
use crate::output::{is_conversation, needed, pairs, plain, table, text, when, width, wrap};
use crate::printed::{Form, Printed};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the requests you may see, oldest first
    List {
        /// Only those about this participant
        #[arg(long)]
        participant: Option<String>,
        /// Only those that should have been answered by now
        #[arg(long)]
        overdue: bool,
        /// Only those that are still open
        #[arg(long)]
        open: bool,
    },
    /// Show one request: how far it is, and by when it must be answered
    Show {
        /// The request
        #[arg(value_name = "REQUEST")]
        id: Uuid,
    },
    /// Ask for something to be done with a record, or write down what somebody asked
    Ask(Ask),
    /// Fetch the report of all that is held
    Report(Report),
}

#[derive(Debug, clap::Args)]
pub struct Ask {
    /// Whose record
    #[arg(value_name = "PARTICIPANT")]
    participant: String,
    /// What is asked for
    #[arg(value_enum)]
    kind: Kind,
    /// How it came: own-account where the participant asks himself
    #[arg(long, value_enum, default_value = "own-account")]
    channel: Channel,
    /// The day it came, as YYYY-MM-DD; without it, today
    #[arg(long, value_name = "DAY")]
    received_on: Option<String>,
    /// Who asks on his behalf, and by what right
    #[arg(long, value_name = "WHO")]
    on_behalf: Option<String>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Access,
    Rectification,
    Restriction,
    Objection,
}

/// How it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Channel {
    OwnAccount,
    InPerson,
    Phone,
    Letter,
    Email,
}

#[derive(Debug, clap::Args)]
pub struct Report {
    /// The request
    #[arg(value_name = "REQUEST")]
    id: Uuid,
    /// As plain text, as a page to print, or as a document for programs
    #[arg(long, value_enum, default_value = "text")]
    format: Form,
    /// Write into this file, which must not exist yet; nobody else can read it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The code of a choice, as the server has it.
fn code(choice: impl ValueEnum) -> String {
    choice.to_possible_value().map(|value| value.get_name().replace('-', "_")).unwrap_or_default()
}

pub fn run(run: &Run, command: &Command) -> Result<()> {
    match command {
        Command::List { participant, overdue, open } => list(run, participant.as_deref(), *overdue, *open),
        Command::Show { id } => {
            let found = run.client.get(&format!("/v1/rights-requests/{id}"))?;
            run.output.show(&found, || page(&found))
        }
        Command::Ask(args) => ask(run, args),
        Command::Report(args) => {
            let path = format!("/v1/rights-requests/{}/report", args.id);
            let printed = Printed { what: "rights_request_id", id: args.id, path: &path };
            printed.deliver(run, args.format, args.output.as_deref())
        }
    }
}

fn list(run: &Run, wanted: Option<&str>, overdue: bool, open: bool) -> Result<()> {
    let mut query = Vec::new();
    if overdue {
        query.push(("overdue", "true".to_owned()));
    }
    if open {
        query.push(("open", "true".to_owned()));
    }
    if let Some(wanted) = wanted {
        let participant = participant::find(&run.client, wanted)?;
        query.push(("participant_id", needed(&participant, "id")?.to_owned()));
    }
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let found = run.client.list("/v1/rights-requests", &query, usize::MAX)?;
    run.output.show(&json!({"items": found}), || {
        let row = |request: &Value| {
            let of = |name: &str| text(request, &[name]).unwrap_or("-").to_owned();
            vec![plain(&of("kind")), plain(&of("state")), due(request), of("id")]
        };
        table(&["What", "How far", "Answer by", "ID"], found.iter().map(row))
    })
}

/// The last day, and in words whether it has passed or waits.
fn due(request: &Value) -> String {
    let day = text(request, &["due_on"]).unwrap_or("-");
    if request.get("overdue") == Some(&Value::Bool(true)) {
        return format!("{day} (overdue)");
    }
    match text(request, &["paused_on"]) {
        Some(_) => format!("{day} (clock stands)"),
        None => day.to_owned(),
    }
}

/// What is asked comes from standard input: words about somebody do not belong into the history of a shell.
fn ask(run: &Run, args: &Ask) -> Result<()> {
    let participant = participant::find(&run.client, &args.participant)?;
    if is_conversation() {
        run.output.tell("What is asked, in his own words? End with Ctrl-D on a line of its own.");
    }
    let asked = std::io::read_to_string(std::io::stdin()).context("cannot read what is asked")?;
    let body = json!({
        "participant_id": needed(&participant, "id")?, "kind": code(args.kind), "channel": code(args.channel),
        "asked": asked.trim(), "received_on": args.received_on, "on_behalf": args.on_behalf,
    });
    let made = run.client.post("/v1/rights-requests", &body)?;
    run.output.show(&made, || page(&made))
}

fn page(request: &Value) -> String {
    let of = |name: &str| text(request, &[name]).map(str::to_owned);
    let facts = pairs([
        ("What", of("kind").map(|kind| plain(&kind))),
        ("How far", of("state").map(|state| plain(&state))),
        ("Came on", of("received_on")),
        ("Answer by", Some(due(request))),
        ("Report until", of("report_expires_at").map(|at| when(&at))),
        ("ID", of("id")),
    ]);
    let asked = of("asked").map(|asked| wrap(&crate::output::clean(&asked), width()));
    let complain = of("right_to_complain").map(|words| wrap(&words, width()));
    [asked, Some(facts), complain].into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}
