//! Care plans: what was agreed, and who does what.

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;

use super::participant;
use crate::Run;
use crate::exit::{Exit, Stop};
use crate::output::{pairs, plain, table, text, when, width, wrap};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the care plans you may see
    List {
        /// Only those of this participant
        #[arg(long)]
        participant: Option<String>,
    },
    /// Show one care plan
    Show {
        /// ID of the plan, or a participant, whose newest plan is shown
        #[arg(value_name = "PLAN_OR_PARTICIPANT")]
        wanted: String,
    },
}

pub fn run(run: &Run, command: &Command) -> Result<()> {
    match command {
        Command::List { participant } => list(run, participant.as_deref()),
        Command::Show { wanted } => show(run, wanted),
    }
}

fn list(run: &Run, wanted: Option<&str>) -> Result<()> {
    let found = plans(run, wanted)?;
    run.output.show(&json!({"items": found}), || {
        let row = |plan: &Value| {
            let of = |name: &str| text(plan, &[name]).unwrap_or("-").to_owned();
            vec![plain(&of("status")), when(&of("updated_at")), of("id")]
        };
        table(&["Status", "Changed", "ID"], found.iter().map(row))
    })
}

fn plans(run: &Run, wanted: Option<&str>) -> Result<Vec<Value>> {
    let Some(wanted) = wanted else { return run.client.list("/v1/care-plans", &[], usize::MAX) };
    let participant = participant::find(&run.client, wanted)?;
    let id = text(&participant, &["id"]).unwrap_or_default().to_owned();
    run.client.list("/v1/care-plans", &[("participant_id", &id)], usize::MAX)
}

fn show(run: &Run, wanted: &str) -> Result<()> {
    let plan = match Uuid::try_parse(wanted) {
        Ok(id) => run.client.get(&format!("/v1/care-plans/{id}"))?,
        Err(_) => newest(run, wanted)?,
    };
    run.output.show(&plan, || page(&plan))
}

fn newest(run: &Run, participant: &str) -> Result<Value> {
    // Keys grow with time, and so does the list.
    let plans = plans(run, Some(participant))?;
    let id: Option<Uuid> = plans.last().and_then(|plan| text(plan, &["id"])?.parse().ok());
    let id = id.ok_or_else(|| {
        Stop::because(Exit::NotFound, format!("There is no care plan for {participant} yet."))
    })?;
    run.client.get(&format!("/v1/care-plans/{id}"))
}

fn page(plan: &Value) -> String {
    let of = |name: &str| text(plan, &[name]).map(str::to_owned);
    let mut parts = vec![pairs([
        ("Status", of("status").map(|status| plain(&status))),
        ("Discussed", of("discussed_at").map(|at| when(&at))),
        ("Agreed", of("agreed_at").map(|at| when(&at))),
        ("Closed", of("closed_at").map(|at| when(&at))),
        ("ID", of("id")),
    ])];
    let actions = plan.get("actions").and_then(Value::as_array);
    for (position, action) in actions.into_iter().flatten().enumerate() {
        parts.push(format!("{}. {}", position + 1, step(action)));
    }
    parts.join("\n\n")
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
