use std::path::PathBuf;

use alongside_api::security::keys::Keys;
use clap::{Args, Subcommand};

/// Makes keys.
#[derive(Debug, Args)]
pub struct KeysCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Make a new key file. A file that exists is never overwritten.
    Init {
        /// Where to.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
}

impl KeysCommand {
    pub fn run(self) -> anyhow::Result<()> {
        let Step::Init { file } = self.step;
        Keys::generate()?.create_file(&file)?;
        println!("New keys are in {}. Keep a copy apart from the database.", file.display());
        Ok(())
    }
}
