use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use alongside_api::audit::{self, PublicKeys, Report};
use alongside_api::config::Config;
use alongside_api::security::keys::Keys;
use alongside_domain::clock::{Clock as _, System};
use alongside_store::{Context, Duty, inspect, migrate};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;

use super::ConfigArgs;

/// The log could not be judged.
const NOT_JUDGED: u8 = 2;

/// Judges the sealed audit log, or hands it out.
#[derive(Debug, Args)]
pub struct Audit {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Check every event, every seal and every checkpoint. Exit code 0: intact; 1: something is wrong; 2: it could not be
    /// judged.
    Verify(Verify),
    /// Write the sealed log to standard output, a line of JSON each: for other verifiers (docs/audit-log.md).
    Export,
    /// Print the public halves of the signing keys, as `verify --public-key` takes them.
    PublicKeys,
}

#[derive(Debug, Args)]
struct Verify {
    /// A folder of checkpoints that were shipped off the machine; may be given several times. Without it, the folder of
    /// this server's settings.
    #[arg(long, value_name = "DIR")]
    checkpoints: Vec<PathBuf>,
    /// A public key to judge signatures by, instead of those in the key file; may be given several times.
    #[arg(long, value_name = "KID=BASE64")]
    public_key: Vec<String>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

impl Audit {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.answer() {
            Ok(code) => Ok(code),
            Err(error) => {
                eprintln!("alongside-api: {error:#}");
                Ok(ExitCode::from(NOT_JUDGED))
            }
        }
    }

    fn answer(self) -> anyhow::Result<ExitCode> {
        let config = self.config.load()?;
        match self.step {
            Step::Verify(verify) => verify.run(&config),
            Step::Export => {
                migrate::require_current(&config.location())?;
                let mut out = BufWriter::new(std::io::stdout().lock());
                inspect(&config.location(), Context::System(Duty::Operator), |db| {
                    audit::export(db, &mut out)
                })?;
                Ok(ExitCode::SUCCESS)
            }
            Step::PublicKeys => {
                public_keys(&config)?.lines().for_each(|line| println!("{line}"));
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// Those of the key file, which is never made here.
fn public_keys(config: &Config) -> anyhow::Result<PublicKeys> {
    let keys = match (&config.keys, &config.keys_file) {
        (Some(keys), _) => keys.expose_secret().parse()?,
        (None, Some(file)) => Keys::load_file(file)?,
        (None, None) => anyhow::bail!("neither a key file nor keys are set"),
    };
    Ok(PublicKeys::of(&keys))
}

impl Verify {
    fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let mut keys = PublicKeys::default();
        for written in &self.public_key {
            keys.add(written).map_err(anyhow::Error::msg)?;
        }
        if keys.is_empty() {
            keys = public_keys(config)?;
        }
        let mut folders = self.checkpoints;
        if folders.is_empty() {
            folders.extend(config.checkpoints_dir().filter(|folder| folder.is_dir()));
        }
        migrate::require_current(&config.location())?;
        let report = inspect(&config.location(), Context::System(Duty::Operator), |db| {
            audit::verify(db, &keys, &folders, System.now())
        })?;
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
        } else {
            for line in lines(&report, folders.is_empty()) {
                writeln!(out, "{line}")?;
            }
        }
        Ok(if report.intact { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn lines(report: &Report, alone: bool) -> Vec<String> {
    let Report { events, last, waiting, checkpoints, unsigned, shipped, findings, more, .. } = report;
    let mut lines = Vec::new();
    for finding in findings {
        lines.push(format!("WRONG ({}): {}.", finding.code, finding.message));
    }
    if *more > 0 {
        lines.push(format!("... and {more} more."));
    }
    if findings.is_empty() {
        lines.push(format!("Intact: {events} events, the newest has the number {last}."));
    } else {
        lines.push(format!("Not intact. Looked at {events} events, up to the number {last}."));
    }
    lines.push(format!("Checkpoints: {checkpoints} in the database, {shipped} in the folders given."));
    if *unsigned > 0 {
        lines.push(format!("The newest {unsigned} events are under no good checkpoint yet."));
    }
    if *waiting > 0 {
        lines.push(format!("Not sealed yet: {waiting}."));
    }
    if alone {
        lines.push(
            "No folder of checkpoints was given: events cut off at the end would not be noticed.".to_owned(),
        );
    }
    lines
}
