//! The summary of an assessment: what goes to the consultation.

use std::path::PathBuf;

use anyhow::Result;
use uuid::Uuid;

use crate::Run;
use crate::printed::{Form, Printed};

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

pub fn run(run: &Run, args: &Args) -> Result<()> {
    let path = format!("/v1/assessments/{}/summary", args.assessment);
    let printed = Printed { what: "assessment_id", id: args.assessment, path: &path };
    printed.deliver(run, args.format, args.output.as_deref())
}
