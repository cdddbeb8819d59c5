//! What the program says about itself: completion scripts and manual pages.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::Cli;
use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub struct Completion {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, clap::Args)]
pub struct Man {
    /// Folder for the pages, one for each command; without it the main page goes to standard output
    dir: Option<PathBuf>,
}

pub fn completion(args: &Completion) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "alongside", &mut script);
    output::write_bytes(&script)?;
    Ok(Exit::Ok)
}

pub fn man(args: &Man) -> Result<Exit> {
    let command = Cli::command();
    match &args.dir {
        Some(dir) => {
            std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
            clap_mangen::generate_to(command, dir)
                .with_context(|| format!("cannot write into {}", dir.display()))?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            output::write_bytes(&page)?;
        }
    }
    Ok(Exit::Ok)
}
