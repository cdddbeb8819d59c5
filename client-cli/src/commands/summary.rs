//! The summary of an assessment: what goes to the consultation.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use serde_json::json;
use uuid::Uuid;

use crate::Run;
use crate::output;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The assessment
    #[arg(value_name = "ASSESSMENT")]
    assessment: Uuid,
    /// As plain text, as a page to print, or as a document for programs
    #[arg(long, value_enum, default_value = "text")]
    format: Form,
    /// Write into this file, which must not exist yet; nobody else can read it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Html,
    Json,
}

impl Form {
    fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain",
            Self::Html => "text/html",
            Self::Json => "application/json",
        }
    }
}

pub fn run(run: &Run, args: &Args) -> Result<()> {
    // `--json` asks for one document: with a file, that is the note of where the summary went.
    let form = if run.output.json && args.output.is_none() { Form::Json } else { args.format };
    let summary =
        run.client.get_as(&format!("/v1/assessments/{}/summary", args.assessment), form.media_type())?;
    let Some(path) = &args.output else {
        return match form {
            Form::Json => run.output.document(&serde_json::from_slice(&summary)?),
            Form::Text => output::write(&output::clean(&String::from_utf8_lossy(&summary))),
            Form::Html => output::write_bytes(&summary),
        };
    };
    output::write_private(path, &summary).with_context(|| format!("cannot write {}", path.display()))?;
    let note = json!({"assessment_id": args.assessment, "file": path, "bytes": summary.len()});
    if run.output.json {
        run.output.document(&note)?;
    }
    run.output.tell(&format!("Written to {}. Only you can read it.", path.display()));
    Ok(())
}
