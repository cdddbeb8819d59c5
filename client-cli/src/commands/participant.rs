//! Participants: finding them, and what a helper must know.

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Run;
use crate::client::Client;
use crate::exit::{Exit, Stop};
use crate::output::{needed, pairs, plain, table, text};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the participants you may see
    List {
        /// Only those of this site
        #[arg(long, value_name = "ID")]
        site: Option<Uuid>,
        /// Only those in this state, such as active
        #[arg(long)]
        status: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 50, conflicts_with = "all")]
        limit: usize,
        /// All of them, however many
        #[arg(long)]
        all: bool,
    },
    /// Show one participant
    Show {
        /// Study ID or record ID
        #[arg(value_name = "PARTICIPANT")]
        participant: String,
    },
    /// Who looked at a record, in plain words, the newest first
    Access {
        /// Study ID or record ID
        #[arg(value_name = "PARTICIPANT")]
        participant: String,
        /// How many at most
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
}

pub fn run(run: &Run, command: &Command) -> Result<()> {
    match command {
        Command::List { site, status, limit, all } => {
            list(run, *site, status.as_deref(), if *all { usize::MAX } else { *limit })
        }
        Command::Show { participant } => show(run, participant),
        Command::Access { participant, limit } => access(run, participant, *limit),
    }
}

fn list(run: &Run, site: Option<Uuid>, status: Option<&str>, most: usize) -> Result<()> {
    let site = site.map(|site| site.to_string());
    let filters = [("site_id", site.as_deref()), ("status", status)];
    let filters: Vec<(&str, &str)> =
        filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let found = run.client.list("/v1/participants", &filters, most)?;
    run.output.show(&json!({"items": found}), || match found.as_slice() {
        [] => "There is nobody to show.".to_owned(),
        found => page(found),
    })
}

fn page(found: &[Value]) -> String {
    let row = |one: &Value| {
        let of = |name: &str| text(one, &[name]).unwrap_or("-").to_owned();
        vec![of("study_id"), of("name"), plain(&of("status")), of("access_class"), of("language")]
    };
    table(&["Study ID", "Name", "Status", "Access", "Language"], found.iter().map(row))
}

fn show(run: &Run, wanted: &str) -> Result<()> {
    let found = find(&run.client, wanted)?;
    run.output.show(&found, || {
        let of = |name: &str| text(&found, &[name]).map(str::to_owned);
        let needs = |name: &str| codes(found.get("needs").and_then(|needs| needs.get(name)));
        let yes = |value: Option<&Value>| value.and_then(Value::as_bool).map(said);
        pairs([
            ("Study ID", of("study_id")),
            ("Name", of("name")),
            ("Status", of("status").map(|status| plain(&status))),
            ("Language", of("language")),
            ("Interpreter needed", yes(found.get("needs").and_then(|needs| needs.get("interpreter")))),
            ("Communication", needs("communication")),
            ("Access needs", needs("access")),
            ("Good to know", text(&found, &["needs", "note"]).map(str::to_owned)),
            ("Going online", of("access_class").map(|class| online(&class))),
            ("Could fill this in alone", yes(found.get("could_do_alone"))),
            ("Supporter may be in touch", yes(found.get("supporter_contact_allowed"))),
            ("Record ID", of("id")),
        ])
    })
}

/// Sentences that the server makes: everybody reads the same.
fn access(run: &Run, wanted: &str, most: usize) -> Result<()> {
    // Who may see this need not be one who may look at the record itself.
    let id = match Uuid::try_parse(wanted) {
        Ok(id) => id.to_string(),
        Err(_) => needed(&find(&run.client, wanted)?, "id")?.to_owned(),
    };
    let found = run.client.list(&format!("/v1/participants/{id}/audit-events"), &[], most)?;
    run.output.show(&json!({"items": found}), || {
        let sentences: Vec<&str> = found.iter().filter_map(|one| text(one, &["sentence"])).collect();
        if sentences.is_empty() { "Nobody has used this record.".to_owned() } else { sentences.join("\n") }
    })
}

/// The digital access class in words, with its code for whoever knows it.
fn online(class: &str) -> String {
    let words = match class {
        "X0" => "not at all",
        "X1" => "only with help",
        "X2" => "alone, but not sure of it",
        "X3" => "alone",
        _ => return class.to_owned(),
    };
    format!("{words} ({class})")
}

fn said(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

/// A list of codes as words.
fn codes(list: Option<&Value>) -> Option<String> {
    let codes: Vec<String> = list?.as_array()?.iter().filter_map(|code| code.as_str().map(plain)).collect();
    Some(codes.join(", "))
}

/// Finds a participant by record id or by study id, however that was typed.
///
/// # Errors
/// Not found, where there is none in the caller's world.
pub fn find(client: &Client, wanted: &str) -> Result<Value> {
    if let Ok(id) = Uuid::try_parse(wanted) {
        return client.get(&format!("/v1/participants/{id}"));
    }
    let is_wanted = |one: &Value| text(one, &["study_id"]).is_some_and(|study_id| same(study_id, wanted));
    let found = client.list("/v1/participants", &[], usize::MAX)?.into_iter().find(is_wanted);
    let words =
        || format!("There is no participant {wanted} that you may see. Try: alongside participant list");
    found.ok_or_else(|| Stop::because(Exit::NotFound, words()))
}

/// Study ids are read out and written down: case and dashes do not matter.
fn same(study_id: &str, typed: &str) -> bool {
    let bare = |text: &str| {
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
    };
    bare(study_id) == bare(typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_study_id_is_found_as_it_was_typed() {
        assert!(same("AS-7K3M-9QXT-U", "as7k3m 9qxtu"));
        assert!(!same("AS-7K3M-9QXT-U", "AS-7K3M-9QXT"));
    }
}
