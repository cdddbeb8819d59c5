//! The operator's commands.

mod access_review;
mod audit;
mod client;
mod demo;
mod keys;
mod migrate;
mod operator;
mod rotate;
mod serve;
mod user;
mod user_account;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use alongside_api::app::App;
use alongside_api::config::{Config, LogFormat};
use alongside_api::http::problems;
use alongside_api::security::keys::Keys;
use alongside_api::{openapi, server};
use alongside_domain::clock::System;
use alongside_store::migrate as migrate_store;
use anyhow::bail;
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Alongside: peer-supported holistic needs assessment as a service.
#[derive(Debug, Parser)]
#[command(name = "alongside-api", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API.
    Serve(serve::Serve),
    /// Serve a synthetic programme that one can explore at once.
    Demo(demo::Demo),
    /// Bring the database's schema up to date, or take its last step back.
    Migrate(migrate::Migrate),
    /// Print the OpenAPI document.
    Openapi,
    /// Print the problem codes, as a page in Markdown.
    Problems,
    /// Print who may do what, as a page in Markdown.
    Policy,
    /// Manage people from the server's own command line.
    User(user::User),
    /// Manage programs that act for themselves, from the server's own command line.
    Client(client::ClientCommand),
    /// Print who can get in, with what wants looking at.
    AccessReview(access_review::AccessReview),
    /// Manage the key file.
    Keys(keys::KeysCommand),
    /// Judge the sealed audit log, or hand it out for others to judge.
    Audit(audit::Audit),
}

/// Where the settings come from, besides the environment.
#[derive(Debug, Args)]
struct ConfigArgs {
    /// A settings file (TOML). The environment (`ALONGSIDE_*`) goes before it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArgs {
    fn load(&self) -> anyhow::Result<Config> {
        Ok(Config::load(self.config.as_deref())?)
    }
}

impl Cli {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let done = match self.command {
            Command::Audit(audit) => return audit.run(),
            Command::Serve(serve) => serve.run(),
            Command::Demo(demo) => demo.run(),
            Command::Migrate(migrate) => migrate.run(),
            Command::Openapi => print_document(),
            Command::Problems => print_problems(),
            Command::Policy => print_policy(),
            Command::User(user) => user.run(),
            Command::Client(client) => client.run(),
            Command::AccessReview(review) => review.run(),
            Command::Keys(keys) => keys.run(),
        };
        done.map(|()| ExitCode::SUCCESS)
    }
}

fn print_document() -> anyhow::Result<()> {
    std::io::stdout().write_all(&openapi::generate()?)?;
    Ok(())
}

fn print_problems() -> anyhow::Result<()> {
    std::io::stdout().write_all(problems::catalogue().as_bytes())?;
    Ok(())
}

fn print_policy() -> anyhow::Result<()> {
    std::io::stdout().write_all(alongside_domain::policy::page().as_bytes())?;
    Ok(())
}

/// Log lines go to standard error, so that standard output stays for what a command answers.
fn start_logging(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log)?;
    // Colours are for a terminal: in a file they are bytes that steer whoever reads it.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let started = match config.log_format {
        LogFormat::Json => builder.json().try_init(),
        LogFormat::Text => builder.try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))
}

/// Opens what a command of the operator needs: keys, store and the rest.
fn open(config: &Config) -> anyhow::Result<App> {
    migrate_store::require_current(&config.location())?;
    refuse_lost_keys(config)?;
    let (keys, created) = Keys::open(config)?;
    if created {
        announce_keys(config.keys_file.as_deref());
    }
    server::prepare(config, &keys, Arc::new(System), Arc::new(System))
}

/// New keys beside a database in use would open nothing of it and hide that the right ones are missing.
fn refuse_lost_keys(config: &Config) -> anyhow::Result<()> {
    match &config.keys_file {
        Some(file) if !file.exists() && !migrate_store::is_unused(&config.location())? => bail!(
            "the key file {} is missing, and the database is in use: put the file back, without it sealed records \
             stay sealed",
            file.display()
        ),
        _ => Ok(()),
    }
}

fn announce_keys(path: Option<&Path>) {
    let place =
        path.map_or_else(|| "beside the database".to_owned(), |path| format!("in {}", path.display()));
    eprintln!(
        "New keys were made {place}. Keep a copy apart from the database: without them sealed records stay sealed."
    );
}

fn runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    actix_web::rt::System::new().block_on(work)
}
