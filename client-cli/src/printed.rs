//! What goes on paper: fetched in the form that was asked for, and shown or written into a private file.

use std::path::Path;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use serde_json::json;
use uuid::Uuid;

use crate::{Run, output};

/// The forms it comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
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

/// One thing to print.
pub struct Printed<'a> {
    /// What the note of where it went calls its id.
    pub what: &'a str,
    pub id: Uuid,
    /// Where it is on the server.
    pub path: &'a str,
}

impl Printed<'_> {
    /// Shows it, or writes it into a file that nobody else can read.
    ///
    /// # Errors
    /// When the server refuses, or the file cannot be written.
    pub fn deliver(&self, run: &Run, form: Form, file: Option<&Path>) -> Result<()> {
        // `--json` asks for one document: with a file, that is the note of where it went.
        let form = if run.output.json && file.is_none() { Form::Json } else { form };
        let bytes = run.client.get_as(self.path, form.media_type())?;
        let Some(file) = file else {
            return match form {
                Form::Json => run.output.document(&serde_json::from_slice(&bytes)?),
                Form::Text => output::write(&output::clean(&String::from_utf8_lossy(&bytes))),
                Form::Html => output::write_bytes(&bytes),
            };
        };
        output::write_private(file, &bytes).with_context(|| format!("cannot write {}", file.display()))?;
        if run.output.json {
            let note = json!({self.what: self.id, "file": file, "bytes": bytes.len()});
            run.output.document(&note)?;
        }
        run.output.tell(&format!("Written to {}. Only you can read it.", file.display()));
        Ok(())
    }
}
