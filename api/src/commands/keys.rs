use std::path::{Path, PathBuf};

use alongside_api::security::keys::Keys;
use alongside_api::security::token::LIFETIME_SECONDS;
use clap::{Args, Subcommand};

use super::rotate::{Retire, Rotate};

/// Makes keys, and changes them.
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
    /// Add to a key file of a former version the keys that it lacks. The keys it has stay as they are.
    Upgrade {
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Add a sealing key and a safeguarding key that open and do not wrap anything yet.
    Add {
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Let the newest keys wrap everything, while servers run. May be stopped at any moment and run again.
    Rotate(Rotate),
    /// Forget a sealing or safeguarding key that wraps nothing any more.
    Retire(Retire),
    /// List the signing keys. No key material is shown.
    List {
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Add a signing key that verifies tokens and does not sign yet.
    AddSigning {
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Let a key sign that every replica knows already.
    UseSigning {
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// The id of the key.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
    /// Forget a key that no longer signs: its tokens are refused.
    RetireSigning {
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// The id of the key.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
}

impl KeysCommand {
    pub fn run(self) -> anyhow::Result<()> {
        match self.step {
            Step::Init { file } => {
                Keys::generate()?.create_file(&file)?;
                println!("New keys are in {}. Keep a copy apart from the database.", file.display());
            }
            Step::Upgrade { file } => {
                Keys::upgrade_file(&file)?;
                println!(
                    "{} has every key. Copy it to its safe place again, and to every replica.",
                    file.display()
                );
            }
            Step::Add { file } => {
                let (sealing, safeguarding) = Keys::change_file(&file, Keys::add_wrapping)?;
                println!("Added sealing key {sealing} and safeguarding key {safeguarding}.");
                eprintln!(
                    "Bring the file to every replica, and its copy to its safe place. Then: alongside-api keys rotate."
                );
            }
            Step::Rotate(rotate) => rotate.run()?,
            Step::Retire(retire) => retire.run()?,
            Step::List { file } => list(&file)?,
            Step::AddSigning { file } => {
                let kid = Keys::change_file(&file, Keys::add_signing)?;
                println!("{kid}");
                eprintln!(
                    "The key verifies after the next start of each replica. Then: alongside-api keys use-signing."
                );
            }
            Step::UseSigning { file, kid } => {
                Keys::change_file(&file, |keys| keys.use_signing(&kid))?;
                eprintln!(
                    "{kid} signs after the next start. {} minutes after the last replica has started, the old key can \
                     go: alongside-api keys retire-signing.",
                    LIFETIME_SECONDS / 60
                );
            }
            Step::RetireSigning { file, kid } => {
                Keys::change_file(&file, |keys| keys.retire_signing(&kid))?;
                eprintln!(
                    "{kid} is forgotten after the next start. Copy the key file to its safe place again."
                );
            }
        }
        Ok(())
    }
}

fn list(file: &Path) -> anyhow::Result<()> {
    let keys = Keys::load_file(file)?;
    let signing = keys.signing();
    for (index, key) in signing.iter().enumerate() {
        let use_of_it = if index + 1 == signing.len() { "signs and verifies" } else { "verifies" };
        println!("{}  {use_of_it}", key.kid());
    }
    Ok(())
}
