//! FHIR documents judged on this machine: no server, no session, no settings.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use alongside_domain::instrument::{
    Finding, MAX_DOCUMENT_BYTES, Severity, Validated, operation_outcome, validate,
};
use anyhow::Result;
use clap::Subcommand;

use crate::exit::{Exit, Stop};
use crate::output::{Output, clean};

const AFTER_HELP: &str = "\
Prints a FHIR R4 OperationOutcome. The rules are those by which the server takes documents.
A response is judged as completed where its status says so, and as far as it goes where it
is in progress.

Exit codes: 0 valid, perhaps with warnings; 1 not valid; 2 the input cannot be used: it is
missing, is not JSON, is too large or nested too deep, or is another kind of document.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge a questionnaire, and a response to it
    #[command(after_long_help = AFTER_HELP)]
    Validate(Validate),
}

#[derive(Debug, clap::Args)]
pub struct Validate {
    /// A Questionnaire, or a Bundle of one with its ValueSets; - is standard input
    #[arg(long, value_name = "FILE")]
    questionnaire: PathBuf,
    /// A QuestionnaireResponse to it; - is standard input
    #[arg(long, value_name = "FILE")]
    response: Option<PathBuf>,
}

pub fn run(output: Output, command: &Command) -> Result<Exit> {
    let Command::Validate(args) = command;
    let is_stdin = |path: &Path| path.as_os_str() == "-";
    if is_stdin(&args.questionnaire) && args.response.as_deref().is_some_and(is_stdin) {
        return Err(Stop::usage("Only one of the two documents can come from standard input."));
    }
    let mut missing = Vec::new();
    let mut of = |path: &Path, resource: &str| {
        read(path).map_err(|error| missing.push(unreadable(path, resource, &error))).ok()
    };
    let questionnaire = of(&args.questionnaire, "Questionnaire");
    let response = args.response.as_deref().map(|path| of(path, "QuestionnaireResponse"));
    let validated = match (questionnaire, response) {
        (Some(questionnaire), None) => validate(&questionnaire, None),
        (Some(questionnaire), Some(Some(response))) => validate(&questionnaire, Some(&response)),
        _ => Validated { findings: missing },
    };
    output.document(&operation_outcome(&validated.findings))?;
    Ok(conclude(output, &validated))
}

/// As much of a file as may be judged, and one byte more, which shows that there was more.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let most = u64::try_from(MAX_DOCUMENT_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().take(most).read_to_end(&mut text)?;
    } else {
        std::fs::File::open(path)?.take(most).read_to_end(&mut text)?;
    }
    Ok(text)
}

fn unreadable(path: &Path, resource: &str, error: &std::io::Error) -> Finding {
    Finding::unreadable(resource, "", "unreadable", format!("{} cannot be read: {error}.", path.display()))
}

/// One line for people, and the exit code.
fn conclude(output: Output, validated: &Validated) -> Exit {
    let first = validated.findings.iter().find(|finding| finding.severity == Severity::Fatal);
    if let Some(fatal) = first {
        output.warn(&clean(&format!("alongside: {}: {}", fatal.path, fatal.message)));
        return Exit::Usage;
    }
    let refusals = validated.findings.iter().filter(|finding| finding.is_refusal()).count();
    let others = validated.findings.len() - refusals;
    if validated.is_valid() {
        output.tell(&match others {
            0 => "Valid.".to_owned(),
            _ => format!("Valid. To look at: {others}."),
        });
        return Exit::Ok;
    }
    output.tell(&format!("Not valid. Wrong: {refusals}. To look at: {others}."));
    Exit::Error
}
