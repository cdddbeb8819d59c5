//! Paper forms: typing one in, looking where two entries differ, deciding what the paper says.
//!
//! What stands on a form comes from a file or standard input, never from the command line, where it would stay in the
//! shell's history.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use alongside_domain::clock::{Ids as _, System};
use anyhow::{Context as _, Result};
use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Run;
use crate::exit::{Exit, Stop};
use crate::output::{pairs, plain, table, text};

/// The largest file.
const LARGEST: u64 = 1024 * 1024;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Type a form in, as the first or the second of two persons
    ///
    /// The file is a document such as {"sheet": "N-0231", "answers": [{"link_id": "1", "values": [{"valueInteger": 7}]}]}.
    Enter {
        /// ID of the assessment
        assessment: Uuid,
        /// The file with what stands on the form, or - for standard input
        #[arg(long, value_name = "FILE")]
        answers: PathBuf,
    },
    /// Show where the two entries of a form differ
    Compare {
        /// ID of the assessment
        assessment: Uuid,
    },
    /// Decide what the form says, where its two entries differ
    ///
    /// The file is a document such as {"decisions": [{"link_id": "1", "verdict": "second"}]}. A verdict is first, second, or
    /// neither with the "values" that stand on the paper.
    Adjudicate {
        /// ID of the assessment
        assessment: Uuid,
        /// The file with the decisions, or - for standard input
        #[arg(long, value_name = "FILE")]
        decisions: PathBuf,
    },
    /// Show how often two who type in the same form differ
    Rates {
        /// ID of the programme
        programme: Uuid,
    },
}

pub fn run(run: &Run, command: &Command) -> Result<()> {
    match command {
        Command::Enter { assessment, answers } => {
            let mut entry = read(answers)?;
            // Chosen before it is sent: a repeat on a bad line makes one entry.
            if let Some(members) = entry.as_object_mut() {
                members.entry("id").or_insert_with(|| json!(System.fresh()));
            }
            let form = run.client.post(&format!("/v1/assessments/{assessment}/paper-entries"), &entry)?;
            run.output.show(&form, || entered(&form))
        }
        Command::Compare { assessment } => {
            let seen = run.client.get(&format!("/v1/assessments/{assessment}/paper-comparison"))?;
            run.output.show(&seen, || compared(&seen))
        }
        Command::Adjudicate { assessment, decisions } => {
            let decisions = read(decisions)?;
            let path = format!("/v1/assessments/{assessment}/paper-adjudications");
            let seen = run.client.post(&path, &decisions)?;
            run.output.show(&seen, || compared(&seen))
        }
        Command::Rates { programme } => {
            let rates = run.client.get(&format!("/v1/programmes/{programme}/discrepancy-rates"))?;
            run.output.show(&rates, || listed(&rates))
        }
    }
}

/// The document of a file, or of standard input. What is wrong is told by its place: the text may be somebody's answers.
fn read(path: &Path) -> Result<Value> {
    let mut text = String::new();
    let reading = if path.as_os_str() == "-" {
        std::io::stdin().take(LARGEST).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text))
    };
    reading.with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Stop::because(Exit::Error, format!("The file is not a JSON document ({place}). Nothing was sent."))
    })
}

/// What became of the form, without what stands on it.
fn entered(form: &Value) -> String {
    let next = match text(form, &["stage"]) {
        Some("first_entered") => "Now somebody else types it in, without seeing what you typed.",
        Some("in_adjudication") => "The two entries differ: somebody else decides, with the paper in hand.",
        _ => "The two entries agree. The assessment can be handed in.",
    };
    let known = pairs([
        ("Stage", text(form, &["stage"]).map(plain)),
        ("Fields entered", number(form, "fields")),
        ("That differ", number(form, "differing")),
    ]);
    format!("{known}\n\n{next}")
}

fn compared(seen: &Value) -> String {
    let known = pairs([
        ("Stage", text(seen, &["stage"]).map(plain)),
        ("Fields entered", number(seen, "fields")),
        ("That differ", number(seen, "differing")),
        ("To be decided", number(seen, "open")),
    ]);
    let all = seen.get("discrepancies").and_then(Value::as_array);
    let rows = all.into_iter().flatten().map(|one| {
        let decided = text(one, &["decision", "verdict"]).map_or("open".to_owned(), plain);
        vec![field(one), said(one.get("first")), said(one.get("second")), decided]
    });
    format!("{known}\n\n{}", table(&["Question", "First", "Second", "Decided"], rows))
}

fn listed(rates: &Value) -> String {
    let row = |name: String, rate: Option<&Value>| {
        let of = |member: &str| rate.and_then(|rate| number(rate, member)).unwrap_or_else(|| "-".to_owned());
        vec![name, of("forms"), of("fields"), of("found"), of("percent")]
    };
    let group = |member: &str, id: &str, what: &str| -> Vec<Vec<String>> {
        let all = rates.get(member).and_then(Value::as_array).into_iter().flatten();
        all.map(|one| row(format!("{what} {}", text(one, &[id]).unwrap_or("-")), one.get("rate"))).collect()
    };
    let mut rows = vec![row("Programme".to_owned(), rates.get("total"))];
    rows.extend(group("instruments", "instrument_id", "Instrument"));
    rows.extend(group("keyers", "person_id", "Person"));
    let shown = table(&["Of", "Forms", "Fields", "Found", "Percent"], rows);
    format!("{shown}\n\n- is withheld: it would be about fewer than five participants.")
}

fn number(value: &Value, member: &str) -> Option<String> {
    value.get(member).filter(|number| number.is_number()).map(Value::to_string)
}

/// The question, with the occurrence where it repeats.
fn field(one: &Value) -> String {
    let name = text(one, &["link_id"]).unwrap_or_default();
    match one.get("occurrence").and_then(Value::as_array) {
        Some(of) if !of.is_empty() => format!("{name} {}", Value::from(of.clone())),
        _ => name.to_owned(),
    }
}

/// What an entry has in a field.
fn said(answer: Option<&Value>) -> String {
    let Some(answer) = answer.filter(|answer| !answer.is_null()) else { return "blank".to_owned() };
    let values = answer.get("values").and_then(Value::as_array).into_iter().flatten();
    let values: Vec<String> = values
        .filter_map(|value| alongside_domain::instrument::Value::from_json(value).ok())
        .map(|value| value.words())
        .collect();
    if values.is_empty() {
        text(answer, &["state"]).map(plain).unwrap_or_default()
    } else {
        values.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_two_entries_differ_stands_in_a_table() {
        let seen = json!({"stage": "in_adjudication", "fields": 10, "differing": 2, "open": 1, "discrepancies": [
            {"link_id": "1", "occurrence": [], "first": {"state": "answered", "values": [{"valueInteger": 7}]},
             "second": {"state": "answered", "values": [{"valueInteger": 1}]}, "decision": {"verdict": "first"}},
            {"link_id": "2", "occurrence": [1], "first": null, "second": {"state": "prefer_not", "values": []},
             "decision": null}]});
        let page = compared(&seen);
        for words in ["in adjudication", "7", "2 [1]", "blank", "prefer not", "open", "first"] {
            assert!(page.contains(words), "{words}: {page}");
        }
    }

    #[test]
    fn what_is_withheld_is_a_dash() {
        let rates = json!({"total": {"withheld": false, "forms": 5, "fields": 100, "found": 5, "percent": 5.0},
            "instruments": [{"instrument_id": "i", "rate": {"withheld": true, "forms": null}}], "keyers": []});
        let page = listed(&rates);
        assert!(page.contains("5.0") && page.contains("Instrument i") && page.contains("  -"), "{page}");
    }
}
