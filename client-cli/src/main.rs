//! `alongside`: helps a supporter to help, from a terminal, over the published HTTP API.

mod client;
mod commands;
mod config;
mod exit;
mod output;
mod printed;
mod problem;
mod prompt;
mod session;

use std::io;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use serde_json::json;

use crate::client::Client;
use crate::commands::{
    account, activate, assess, care_plan, concern, device, emergency_access, fhir, instrument, manual, paper,
    participant, rights, sign_in, signpost, summary, today,
};
use crate::config::Config;
use crate::exit::{Exit, Stop};
use crate::output::Output;
use crate::problem::Problem;

const AFTER_HELP: &str = "\
Results go to standard output, messages to standard error.

Exit codes: 0 done, 1 error, 2 wrong use, 3 not found, 4 not authorised, 5 conflict,
6 kept for later (reserved), 7 the server failed, 75 try again later.

The server is taken from --server, or ALONGSIDE_CLI_SERVER, or the line
`server = \"https://...\"` in config.toml, or else is the one you are signed in to.
Files are in ALONGSIDE_CLI_CONFIG_DIR, or in alongside below XDG_CONFIG_HOME.
ALONGSIDE_CLI_ALLOW_HTTP=1 allows a server on another machine without TLS: for tests only.

This program is never the emergency channel. In danger, call 999.";

/// Help people fill in a needs assessment, and report a concern.
#[derive(Debug, Parser)]
#[command(name = "alongside", version, after_long_help = AFTER_HELP, propagate_version = true)]
pub struct Cli {
    /// Address of the server
    #[arg(long, global = true, env = "ALONGSIDE_CLI_SERVER", value_name = "URL")]
    server: Option<String>,
    /// Print one JSON document
    #[arg(long, global = true)]
    json: bool,
    /// Never ask anything; fail where an answer is needed
    #[arg(long, global = true)]
    no_input: bool,
    /// Say nothing but results and errors
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Set the password of your account, with the code you were given
    Activate(activate::Args),
    /// Sign in on this device
    Login(sign_in::Login),
    /// Sign out and forget the session on this device
    Logout,
    /// Who is signed in, and as what
    Whoami,
    /// Show once more that it is you, for what asks for that
    StepUp(account::FromStdin),
    /// Your second factor: the app that shows codes
    #[command(subcommand)]
    SecondFactor(account::SecondFactor),
    /// Change your password
    Password(account::FromStdin),
    /// Ask for a letter with which you choose a new password
    ForgotPassword(account::Forgotten),
    /// Where you are signed in
    #[command(subcommand)]
    Session(account::Session),
    /// Sign a shared device in that shows you a code
    #[command(subcommand)]
    Device(device::Command),
    /// What there is to do
    Today,
    /// Look at participants
    #[command(subcommand)]
    Participant(participant::Command),
    /// Fill in an assessment together, or go on with one
    Assess(assess::Args),
    /// Read or print the summary of an assessment that was handed in
    Summary(summary::Args),
    /// Report a concern about somebody's safety
    Concern(concern::Args),
    /// Open a record of another site in an emergency, and look into such uses
    #[command(subcommand)]
    EmergencyAccess(emergency_access::Command),
    /// Look at questionnaires, or add one
    #[command(subcommand)]
    Instrument(instrument::Command),
    /// Type in paper forms, twice, and decide where the two differ
    #[command(subcommand)]
    Paper(paper::Command),
    /// Judge FHIR documents on this machine, without a server
    #[command(subcommand)]
    Fhir(fhir::Command),
    /// Read and print care plans
    #[command(subcommand)]
    CarePlan(care_plan::Command),
    /// What people ask of their own record: a copy, a correction, that it is not used
    #[command(subcommand)]
    Rights(rights::Command),
    /// Find where people can turn to nearby
    #[command(subcommand)]
    Signpost(signpost::Command),
    /// Print a completion script for a shell
    Completion(manual::Completion),
    /// Print the manual page, or write all pages into a folder
    Man(manual::Man),
}

/// What every command works with.
pub struct Run {
    pub client: Client,
    pub output: Output,
    pub no_input: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output { json: cli.json, quiet: cli.quiet };
    match run(cli, output) {
        Ok(exit) => exit.into(),
        Err(error) if is_broken_pipe(&error) => Exit::Ok.into(),
        Err(error) => report(&error, output).into(),
    }
}

fn run(cli: Cli, output: Output) -> Result<Exit> {
    let command = match cli.command {
        Command::Completion(args) => return manual::completion(&args),
        Command::Man(args) => return manual::man(&args),
        Command::Fhir(command) => return fhir::run(output, &command),
        command => command,
    };
    let client = Client::new(Config::load(cli.server.as_deref())?)?;
    let run = Run { client, output, no_input: cli.no_input };
    match command {
        Command::Activate(args) => activate::run(&run, &args),
        Command::Login(args) => sign_in::login(&run, &args),
        Command::Logout => sign_in::logout(&run),
        Command::Whoami => sign_in::whoami(&run),
        Command::StepUp(args) => account::step_up(&run, &args),
        Command::SecondFactor(command) => account::second_factor(&run, &command),
        Command::Password(args) => account::change_password(&run, &args),
        Command::ForgotPassword(args) => account::forgot_password(&run, &args),
        Command::Session(command) => account::session(&run, &command),
        Command::Device(command) => device::run(&run, &command),
        Command::Today => today::run(&run),
        Command::Participant(command) => participant::run(&run, &command),
        Command::Assess(args) => assess::run(&run, &args),
        Command::Summary(args) => summary::run(&run, &args),
        Command::Concern(args) => concern::run(&run, &args),
        Command::EmergencyAccess(command) => emergency_access::run(&run, &command),
        Command::Instrument(command) => instrument::run(&run, &command),
        Command::Paper(command) => paper::run(&run, &command),
        Command::CarePlan(command) => care_plan::run(&run, &command),
        Command::Rights(command) => rights::run(&run, &command),
        Command::Signpost(command) => signpost::run(&run, &command),
        Command::Completion(_) | Command::Man(_) | Command::Fhir(_) => Ok(()),
    }?;
    Ok(Exit::Ok)
}

/// Whoever reads the output has seen enough: `alongside participant list | head`.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let of = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(of))
}

/// Tells what went wrong, on stderr: in words, or as a document for `--json`.
fn report(error: &anyhow::Error, output: Output) -> Exit {
    let problem = error.downcast_ref::<Problem>();
    let stop = error.downcast_ref::<Stop>();
    let exit = problem.map(Problem::exit).or_else(|| stop.map(|stop| stop.exit)).unwrap_or(Exit::Error);
    let words = format!("{error:#}");
    if output.json {
        let problem = problem.map(Problem::to_json);
        let document = json!({"error": {"exit": exit.number(), "message": words, "problem": problem}});
        output.warn(&document.to_string());
    } else {
        output.warn(&output::wrap(&output::clean(&format!("alongside: {words}")), output::width()));
    }
    exit
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_closed_pipe_is_recognised_below_other_words() {
        let error = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("cannot write");
        assert!(is_broken_pipe(&error));
        assert!(!is_broken_pipe(&Stop::usage("no")));
    }

    #[test]
    fn a_refusal_decides_how_the_program_ends() {
        let output = Output { json: true, quiet: false };
        let of = |status| report(&Problem::read(status, b"{}").into(), output);
        assert_eq!([of(404), of(403), of(409)], [Exit::NotFound, Exit::NotAuthorised, Exit::Conflict]);
    }
}
