//! The benchmark: what the service makes of the machine, set against what the machine can do.
//!
//! Every number is set against a baseline measured in the same run, in turns with it, so that the figures mean the
//! same on any machine. `just bench` builds what it needs and runs it.

mod client;
mod figures;
mod form;
mod keys;
mod load;
mod raw;
mod raw_postgres;
mod report;
mod rounds;
mod samples;
mod server;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;

use crate::load::Wrk;
use crate::rounds::Effort;
use crate::samples::Samples;
use crate::server::Setup;
use crate::world::{World, create_database};

/// Names the throwaway PostgreSQL to measure on.
const POSTGRES: &str = "ALONGSIDE_TEST_DATABASE_URL";
const PARTICIPANTS: usize = 10_000;
const MANY_PARTICIPANTS: usize = 1_000_000;

/// Measures the server against raw databases and static JSON.
#[derive(Debug, Parser)]
struct Arguments {
    /// Fail when a figure does not hold.
    #[arg(long)]
    check: bool,
    /// One second for each measurement: rough figures, soon.
    #[arg(long)]
    quick: bool,
    /// Leave PostgreSQL out.
    #[arg(long)]
    sqlite_only: bool,
    /// Compare a million participants with ten thousand, and nothing else.
    #[arg(long)]
    scale: bool,
    /// How often everything is measured.
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// How long each measurement takes.
    #[arg(long, value_name = "SECONDS", default_value_t = 4)]
    seconds: u64,
    /// The server to measure; the one built beside this program by default.
    #[arg(long, value_name = "PROGRAM")]
    server: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let built = std::env::current_exe()?;
    let built = built.parent().context("this program has no folder")?;
    let program = arguments.server.clone().unwrap_or_else(|| built.join("alongside-api"));
    let folder = rounds::folder(built)?;
    let samples = measure(&arguments, &program, folder.path())?;
    let figures = figures::figures(&samples);
    let all_hold = report::print(&samples, &figures);
    eprintln!("kept in {}", report::keep(Path::new("bench-results"), &samples, &figures)?.display());
    Ok(if arguments.check && !all_hold { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn measure(arguments: &Arguments, program: &Path, folder: &Path) -> anyhow::Result<Samples> {
    let seconds = if arguments.quick { 1 } else { arguments.seconds };
    let effort = Effort { rounds: arguments.rounds.max(1), time: Duration::from_secs(seconds.max(1)) };
    let wrk = Wrk::new(folder)?;
    let mut samples = Samples::default();
    eprintln!("preparing");
    let sqlite = World::make(&Setup::embedded(program, &folder.join("sqlite")), PARTICIPANTS)?;
    if arguments.scale {
        let large = World::make(&Setup::embedded(program, &folder.join("large")), MANY_PARTICIPANTS)?;
        rounds::scale(&sqlite, &large, &wrk, effort, &mut samples)?;
        return Ok(samples);
    }
    rounds::start_up(&sqlite.setup, &mut samples)?;
    rounds::engine("sqlite", &sqlite, &wrk, effort, &mut samples)?;
    if !arguments.sqlite_only {
        let postgres = World::make(&postgres(program, folder)?, PARTICIPANTS)?;
        rounds::engine("postgres", &postgres, &wrk, effort, &mut samples)?;
    }
    Ok(samples)
}

fn postgres(program: &Path, folder: &Path) -> anyhow::Result<Setup> {
    let server =
        std::env::var(POSTGRES).with_context(|| format!("{POSTGRES} is not set: run scripts/bench"))?;
    create_database(&server, "alongside_bench", "template0")?;
    let (base, _) = server.rsplit_once('/').context("the URL of the server names no database")?;
    let database_url = format!("{base}/alongside_bench");
    Ok(Setup { program: program.to_owned(), folder: folder.join("postgres"), database_url })
}
