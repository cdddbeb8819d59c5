//! Changing the keys that wrap data keys, from the operator's side.

use std::time::{Duration, Instant};

use alongside_api::key_rotation;
use alongside_api::security::keys::Keys;
use alongside_domain::choice::Choice as _;
use alongside_domain::data_class::KeyGroup;
use alongside_store::StoreError;
use anyhow::{Context as _, bail};
use clap::Args;

use super::{ConfigArgs, open, runtime};

/// How often progress is told.
const EVERY: Duration = Duration::from_secs(2);

/// Takes the newest keys of the key file into use and wraps every data key by them, while servers run.
#[derive(Debug, Args)]
pub struct Rotate {
    #[command(flatten)]
    config: ConfigArgs,
    /// Add a new sealing key and a new safeguarding key to the key file first. Where there are several copies of the
    /// file, add the keys with `keys add`, bring the file to every replica, and rotate without this.
    #[arg(long)]
    add: bool,
}

impl Rotate {
    pub fn run(self) -> anyhow::Result<()> {
        let config = self.config.load()?;
        if self.add {
            if config.keys.is_some() {
                bail!(
                    "the keys come from the environment: add the new ones there, then rotate without --add"
                );
            }
            let file = config.keys_file.as_deref().context("no key file is set")?;
            let (sealing, safeguarding) = Keys::change_file(file, Keys::add_wrapping)?;
            eprintln!("Added sealing key {sealing} and safeguarding key {safeguarding}.");
        }
        let app = open(&config)?;
        runtime(async move {
            let mut last = Instant::now();
            let told = |keys: usize, cells: usize| {
                if last.elapsed() >= EVERY {
                    last = Instant::now();
                    eprintln!("{cells} cells moved, {keys} data keys wrapped anew");
                }
            };
            let done = key_rotation::rotate(&app, told)
                .await
                .context("the rotation stopped; what is done is done, and running it again does the rest")?;
            println!(
                "{} cells moved, {} data keys wrapped anew. Sealing key {} and safeguarding key {} wrap what is new.",
                done.cells, done.keys, done.in_use.sealing, done.in_use.safeguarding
            );
            if done.not_needed.is_empty() {
                println!("No key may be retired.");
            }
            for (group, number) in done.not_needed {
                let group = group.code();
                println!(
                    "{group} key {number} wraps nothing any more and may be retired: alongside-api keys retire {group} \
                     {number}. Backups from before this rotation still need it."
                );
            }
            Ok(())
        })
    }
}

/// Forgets a key that wraps nothing any more.
#[derive(Debug, Args)]
pub struct Retire {
    #[command(flatten)]
    config: ConfigArgs,
    /// `sealing` or `safeguarding`.
    #[arg(value_parser = group)]
    group: KeyGroup,
    /// The number of the key.
    number: u32,
}

fn group(text: &str) -> Result<KeyGroup, String> {
    text.parse().map_err(|_| format!("one of {}", KeyGroup::codes()))
}

impl Retire {
    pub fn run(self) -> anyhow::Result<()> {
        let config = self.config.load()?;
        let file = config.keys_file.clone().filter(|_| config.keys.is_none());
        let (group, number) = (self.group, self.number);
        let app = open(&config)?;
        runtime(async move {
            match key_rotation::retire(&app, group, number).await {
                Err(StoreError::Stored(reason)) => {
                    bail!("{} key {number} cannot be retired: {reason}", group.code())
                }
                done => Ok(done?),
            }
        })?;
        match file {
            Some(file) => {
                Keys::change_file(&file, |keys| keys.retire_wrapping(group, number))?;
                println!(
                    "{} key {number} is forgotten. Copy the key file to its safe place again.",
                    group.code()
                );
            }
            None => println!("Nothing needs {} key {number}: take it out of the environment.", group.code()),
        }
        Ok(())
    }
}
