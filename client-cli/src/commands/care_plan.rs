//! Care plans: what was agreed, and who does what.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use uuid::Uuid;

use super::participant;
use crate::Run;
use crate::exit::{Exit, Stop};
use crate::output::{needed, pairs, plain, table, text, when, width, wrap};
use crate::printed::{Form, Printed};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the care plans you may see
    List {
        /// Only those of this participant
        #[arg(long)]
        participant: Option<String>,
        /// Only those that should have been looked at again by now
        #[arg(long)]
        overdue: bool,
    },
    /// Show one care plan
    Show {
        /// ID of the plan, or a participant, whose newest plan is shown
        #[arg(value_name = "PLAN_OR_PARTICIPANT")]
        wanted: String,
    },
    /// Print one care plan, in large print or as plain text
    Print(Print),
}

#[derive(Debug, clap::Args)]
pub struct Print {
    /// ID of the plan, or a participant, whose newest plan is printed
    #[arg(value_name = "PLAN_OR_PARTICIPANT")]
    wanted: String,
    /// Who will read it: copies for helpers and relatives leave out what was asked in private
    #[arg(long = "for", value_enum, default_value = "participant")]
    reader: Reader,
    /// As plain text, as a page to print, or as a document for programs
    #[arg(long, value_enum, default_value = "text")]
    format: Form,
    /// Write into this file, which must not exist yet; nobody else can read it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Who a copy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Reader {
    Participant,
    Gp,
    Hospital,
    SupporterService,
    Family,
    Other,
}

impl Reader {
    fn code(self) -> &'static str {
        match self {
            Self::Participant => "participant",
            Self::Gp => "gp",
            Self::Hospital => "hospital",
            Self::SupporterService => "supporter_service",
            Self::Family => "family",
            Self::Other => "other",
        }
    }
}

pub fn run(run: &Run, command: &Command) -> Result<()> {
    match command {
        Command::List { participant, overdue } => list(run, participant.as_deref(), *overdue),
        Command::Show { wanted } => show(run, wanted),
        Command::Print(args) => print(run, args),
    }
}

fn list(run: &Run, wanted: Option<&str>, overdue: bool) -> Result<()> {
    let found = plans(run, wanted, overdue)?;
    run.output.show(&json!({"items": found}), || {
        let row = |plan: &Value| {
            let of = |name: &str| text(plan, &[name]).unwrap_or("-").to_owned();
            let late = plan.get("review_overdue") == Some(&Value::Bool(true));
            let review = if late { format!("{} (overdue)", of("review_on")) } else { of("review_on") };
            vec![plain(&of("status")), when(&of("updated_at")), review, of("id")]
        };
        table(&["Status", "Changed", "Review", "ID"], found.iter().map(row))
    })
}

fn plans(run: &Run, wanted: Option<&str>, overdue: bool) -> Result<Vec<Value>> {
    let mut query = if overdue { vec![("review_overdue", "true".to_owned())] } else { Vec::new() };
    if let Some(wanted) = wanted {
        let participant = participant::find(&run.client, wanted)?;
        query.push(("participant_id", needed(&participant, "id")?.to_owned()));
    }
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    run.client.list("/v1/care-plans", &query, usize::MAX)
}

fn print(run: &Run, args: &Print) -> Result<()> {
    let id = match Uuid::try_parse(&args.wanted) {
        Ok(id) => id,
        Err(_) => newest_id(run, &args.wanted)?,
    };
    let path = format!("/v1/care-plans/{id}/document?recipient={}", args.reader.code());
    let printed = Printed { what: "care_plan_id", id, path: &path };
    printed.deliver(run, args.format, args.output.as_deref())
}

fn show(run: &Run, wanted: &str) -> Result<()> {
    let plan = match Uuid::try_parse(wanted) {
        Ok(id) => run.client.get(&format!("/v1/care-plans/{id}"))?,
        Err(_) => newest(run, wanted)?,
    };
    run.output.show(&plan, || page(&plan))
}

fn newest(run: &Run, participant: &str) -> Result<Value> {
    run.client.get(&format!("/v1/care-plans/{}", newest_id(run, participant)?))
}

fn newest_id(run: &Run, participant: &str) -> Result<Uuid> {
    // Keys grow with time, and so does the list.
    let plans = plans(run, Some(participant), false)?;
    let id: Option<Uuid> = plans.last().and_then(|plan| text(plan, &["id"])?.parse().ok());
    id.ok_or_else(|| Stop::because(Exit::NotFound, format!("There is no care plan for {participant} yet.")))
}

fn page(plan: &Value) -> String {
    let of = |name: &str| text(plan, &[name]).map(str::to_owned);
    let mut parts = vec![pairs([
        ("Status", of("status").map(|status| plain(&status))),
        ("Discussed", of("discussed_at").map(|at| when(&at))),
        ("Agreed", of("agreed_at").map(|at| when(&at))),
        ("Looked at again", of("reviewed_at").map(|at| when(&at))),
        ("Next review", of("review_on")),
        ("Closed", of("closed_at").map(|at| when(&at))),
        ("ID", of("id")),
    ])];
    let open = plan.get("open_concerns").and_then(Value::as_array).into_iter().flatten();
    let open: Vec<&str> = open.filter_map(|concern| text(concern, &["concern_code"])).collect();
    if !open.is_empty() {
        parts.push(format!("Concerns nobody has answered yet: {}", open.join(", ")));
    }
    let actions = plan.get("actions").and_then(Value::as_array);
    for (position, action) in actions.into_iter().flatten().enumerate() {
        parts.push(format!("{}. {}", position + 1, step(action)));
    }
    let copies = plan.get("copies").and_then(Value::as_array).into_iter().flatten();
    let copies: Vec<String> = copies.map(copy).collect();
    if !copies.is_empty() {
        parts.push(format!("Copies\n{}", copies.join("\n")));
    }
    parts.join("\n\n")
}

/// Who got a copy, how and when.
fn copy(copy: &Value) -> String {
    let of = |name: &str| text(copy, &[name]).unwrap_or("-");
    let name = text(copy, &["recipient_name"]).map(|name| format!(" ({name})")).unwrap_or_default();
    let line = format!(
        "- {}{name}: {}, {}, {}",
        plain(of("recipient")),
        plain(of("format")),
        plain(of("delivery")),
        when(of("sent_at"))
    );
    wrap(&crate::output::clean(&line), width())
}

fn step(action: &Value) -> String {
    let of = |name: &str| text(action, &[name]).map(str::to_owned);
    let known = pairs([
        ("   What", of("action").map(|code| plain(&code))),
        ("   Who", of("owner").map(|code| plain(&code))),
        ("   Goal", of("goal")),
        ("   By", of("due_on")),
        ("   How far", of("progress").map(|code| plain(&code))),
        ("   Outcome", of("outcome").map(|code| plain(&code))),
    ]);
    let signs = action.get("signposts").and_then(Value::as_array);
    let signs = signs.into_iter().flatten().map(|sign| {
        let of = |name: &str| text(sign, &[name]);
        let line: Vec<&str> = [of("title"), of("phone"), of("url")].into_iter().flatten().collect();
        format!("   - {}", line.join(", "))
    });
    let title = crate::output::clean(&of("title").unwrap_or_default());
    let lines: Vec<String> = [title, known].into_iter().chain(signs).collect();
    wrap(&lines.join("\n"), width())
}
