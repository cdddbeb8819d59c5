//! Instruments: the questionnaires that can be used.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;

use super::instrument_version;
use crate::Run;
use crate::client::Client;
use crate::exit::{Exit, Stop};
use crate::output::{self, pairs, table, text};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the questionnaires
    List,
    /// Show one questionnaire
    Show {
        /// ID, web address or name
        #[arg(value_name = "INSTRUMENT")]
        instrument: String,
        /// Print the FHIR document, byte for byte as it was added
        #[arg(long)]
        fhir: bool,
    },
    /// Add a questionnaire: a FHIR R4 Questionnaire, or a Bundle with its value sets
    Import {
        /// The document; it is sent exactly as it is
        file: PathBuf,
    },
    /// Take a questionnaire into use: from then on assessments can begin with it
    Activate {
        /// ID, web address or name
        #[arg(value_name = "INSTRUMENT")]
        instrument: String,
        /// The agreement with its owner, as you file it
        #[arg(long, value_name = "REF")]
        agreement: Option<String>,
        /// Why no agreement is needed
        #[arg(long, value_name = "REASON", conflicts_with = "agreement")]
        waiver: Option<String>,
    },
    /// Take a questionnaire out of use; assessments that have begun go on
    Retire {
        /// ID, web address or name
        #[arg(value_name = "INSTRUMENT")]
        instrument: String,
    },
    /// Say what is different between two versions, and whether answers to both can be compared
    Diff {
        /// The earlier version: ID, web address with |version, or name
        #[arg(value_name = "BEFORE")]
        before: String,
        /// The later version
        #[arg(value_name = "AFTER")]
        after: String,
    },
    /// Describe every variable of a questionnaire, for analysts
    Codebook {
        /// ID, web address or name
        #[arg(value_name = "INSTRUMENT")]
        instrument: String,
        /// As a table for spreadsheets
        #[arg(long)]
        csv: bool,
        /// The language of the labels, such as pl
        #[arg(long, value_name = "LANGUAGE")]
        language: Option<String>,
    },
    /// List the translations of a questionnaire
    Translations {
        /// ID, web address or name
        #[arg(value_name = "INSTRUMENT")]
        instrument: String,
    },
    /// Add the words of a questionnaire in another language, as a draft
    Translate {
        /// ID, web address or name
        #[arg(value_name = "INSTRUMENT")]
        instrument: String,
        /// The language, such as pl
        #[arg(value_name = "LANGUAGE")]
        language: String,
        /// JSON with the texts by link id and code; it is sent exactly as it is
        file: PathBuf,
    },
    /// Ask people in the newest words of a language from now on
    PublishTranslation {
        /// ID, web address or name
        #[arg(value_name = "INSTRUMENT")]
        instrument: String,
        /// The language, such as pl
        #[arg(value_name = "LANGUAGE")]
        language: String,
    },
}

pub fn run(run: &Run, command: &Command) -> Result<()> {
    match command {
        Command::List => list(run),
        Command::Show { instrument, fhir } => show(run, instrument, *fhir),
        Command::Import { file } => import(run, file),
        Command::Activate { instrument, agreement, waiver } => {
            activate(run, instrument, agreement.as_deref(), waiver.as_deref())
        }
        Command::Retire { instrument } => retire(run, instrument),
        Command::Diff { before, after } => instrument_version::diff(run, before, after),
        Command::Codebook { instrument, csv, language } => {
            instrument_version::codebook(run, instrument, *csv, language.as_deref())
        }
        Command::Translations { instrument } => instrument_version::translations(run, instrument),
        Command::Translate { instrument, language, file } => {
            instrument_version::translate(run, instrument, language, file)
        }
        Command::PublishTranslation { instrument, language } => {
            instrument_version::publish(run, instrument, language)
        }
    }
}

fn list(run: &Run) -> Result<()> {
    let found = run.client.list("/v1/instruments", &[], usize::MAX)?;
    run.output.show(&json!({"items": found}), || {
        let row = |one: &Value| {
            let of = |name: &str| text(one, &[name]).unwrap_or("-").to_owned();
            vec![of("name"), of("title"), of("version"), of("status"), of("kind"), of("licence"), of("id")]
        };
        table(&["Name", "Title", "Version", "Status", "Kind", "Licence", "ID"], found.iter().map(row))
    })
}

fn show(run: &Run, wanted: &str, fhir: bool) -> Result<()> {
    let id = find(&run.client, wanted)?;
    if fhir {
        return output::write_bytes(source(&run.client, id)?.get().as_bytes());
    }
    let mut found = run.client.get(&format!("/v1/instruments/{id}"))?;
    if !run.output.json
        && let Some(members) = found.as_object_mut()
    {
        members.shift_remove("definition");
    }
    run.output.show(&found, || {
        let of = |name: &str| text(&found, &[name]).map(str::to_owned);
        let about = pairs([
            ("Title", of("title")),
            ("Name", of("name")),
            ("Address", of("url")),
            ("Version", of("version")),
            ("Status", of("status")),
            ("Kind", of("kind")),
            ("Language", of("language")),
            ("Licence", of("licence")),
            ("Items", found.get("item_count").map(Value::to_string)),
            ("SHA-256", of("sha256")),
            ("ID", of("id")),
        ]);
        format!("{about}\n{}", warnings(&found)).trim_end().to_owned()
    })
}

fn import(run: &Run, file: &Path) -> Result<()> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let added = run.client.post_bytes("/v1/instruments", "application/fhir+json", bytes)?;
    run.output.show(&added, || {
        let of = |name: &str| text(&added, &[name]).unwrap_or_default();
        let added = format!("{} version {} is added. Its ID is {}.", of("title"), of("version"), of("id"));
        match of("status") {
            "draft" => {
                format!("{added}\nIt is a draft. To use it: alongside instrument activate {}", of("id"))
            }
            status => format!("{added}\nIt is {status}."),
        }
    })?;
    let warnings = warnings(&added);
    if !run.output.json && !warnings.is_empty() {
        run.output.warn(&warnings);
    }
    Ok(())
}

fn activate(run: &Run, wanted: &str, agreement: Option<&str>, waiver: Option<&str>) -> Result<()> {
    let id = find(&run.client, wanted)?;
    let ground = match (agreement, waiver) {
        (Some(agreement), _) => json!({"agreement_ref": agreement}),
        (None, Some(waiver)) => json!({"waiver": waiver}),
        (None, None) => json!({}),
    };
    let active = run.client.post(&format!("/v1/instruments/{id}/activation"), &ground)?;
    run.output.show(&active, || format!("{} is in use: assessments can begin with it.", called(&active)))
}

fn retire(run: &Run, wanted: &str) -> Result<()> {
    let id = find(&run.client, wanted)?;
    let retired = run.client.post_bare(&format!("/v1/instruments/{id}/retirement"))?;
    run.output
        .show(&retired, || format!("{} is out of use. Assessments that have begun go on.", called(&retired)))
}

/// The title with the version.
fn called(instrument: &Value) -> String {
    let of = |name: &str| text(instrument, &[name]).unwrap_or_default();
    format!("{} version {}", of("title"), of("version"))
}

/// What somebody should look at, each with its place in the document.
fn warnings(instrument: &Value) -> String {
    let warnings = instrument.get("warnings").and_then(Value::as_array);
    let lines = warnings.into_iter().flatten().map(|warning| {
        let of = |name: &str| text(warning, &[name]).unwrap_or_default();
        output::clean(&format!("{}: {}: {}", of("severity"), of("path"), of("message")))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The document of an instrument with every byte kept.
pub fn source(client: &Client, id: Uuid) -> Result<Box<serde_json::value::RawValue>> {
    #[derive(serde::Deserialize)]
    struct WithSource {
        definition: Box<serde_json::value::RawValue>,
    }
    Ok(client.get_typed::<WithSource>(&format!("/v1/instruments/{id}"))?.definition)
}

/// Finds an instrument by id, by web address (with `|version` for exactly that one) or by name. Of several versions the
/// newest in use is taken, or else the newest.
///
/// # Errors
/// Not found, where there is none.
pub fn find(client: &Client, wanted: &str) -> Result<Uuid> {
    if let Ok(id) = Uuid::try_parse(wanted) {
        return Ok(id);
    }
    let all = client.list("/v1/instruments", &[], usize::MAX)?;
    let matching = all.iter().filter(|one| is_called(one, wanted));
    let rank =
        |one: &Value| Some((text(one, &["status"]) == Some("active"), text(one, &["id"])?.parse().ok()?));
    let newest = matching.filter_map(rank).max().map(|(_, id)| id);
    let words = || format!("There is no questionnaire {wanted}. Try: alongside instrument list");
    newest.ok_or_else(|| Stop::because(Exit::NotFound, words()))
}

/// Whether somebody who types `wanted` means this one. `prostate-hna` means the address that ends so, and `ProstateHna`.
fn is_called(instrument: &Value, wanted: &str) -> bool {
    let of = |name: &str| text(instrument, &[name]).unwrap_or_default();
    let (address, version) = wanted.split_once('|').unwrap_or((wanted, ""));
    if !version.is_empty() && of("version") != version {
        return false;
    }
    let bare = |text: &str| {
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
    };
    let last = of("url").rsplit('/').next().unwrap_or_default();
    of("url") == address || [last, of("name")].into_iter().any(|name| bare(name) == bare(address))
}

/// Whether somebody who types `wanted` may mean the instrument with this id.
pub fn is(client: &Client, id: Uuid, wanted: &str) -> Result<bool> {
    if let Ok(wanted) = Uuid::try_parse(wanted) {
        return Ok(wanted == id);
    }
    Ok(is_called(&client.get(&format!("/v1/instruments/{id}"))?, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instrument_has_several_names() {
        let one = json!({"url": "https://fhir.alongside.example/Questionnaire/prostate-hna", "version": "1.0.0",
            "name": "ProstateHolisticNeeds"});
        for name in [
            "prostate-hna",
            "Prostate-HNA",
            "prostateholisticneeds",
            "https://fhir.alongside.example/Questionnaire/prostate-hna",
            "https://fhir.alongside.example/Questionnaire/prostate-hna|1.0.0",
        ] {
            assert!(is_called(&one, name), "{name}");
        }
        assert!(!is_called(&one, "phq-9") && !is_called(&one, "prostate-hna|2"));
    }
}
