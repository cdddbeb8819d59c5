use alongside_store::{migrate, wall};
use clap::{Args, Subcommand};

use super::ConfigArgs;

/// Changes the schema. One process at a time does, whoever else waits; run it once before the replicas start.
#[derive(Debug, Args)]
pub struct Migrate {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Clone, Subcommand)]
enum Step {
    /// Apply everything that is pending.
    Up,
    /// Take back the newest migration. Its data goes with it: back up first.
    Down,
    /// Say what is applied and what is pending.
    Status,
    /// Let a role of PostgreSQL serve: give it what the application does with each table, and no more. `up` does it again
    /// for whoever was given it once.
    Grant {
        /// The role. It must be there already.
        #[arg(long, value_name = "NAME")]
        role: String,
    },
}

impl Migrate {
    pub fn run(self) -> anyhow::Result<()> {
        let config = self.config.load()?;
        let location = config.location();
        match self.step {
            Step::Up => {
                let applied = migrate::up(&location)?;
                if applied.is_empty() {
                    println!("The schema is up to date.");
                }
                for version in applied {
                    println!("applied {version}");
                }
            }
            Step::Grant { role } => {
                migrate::require_current(&location)?;
                wall::grant(&location, &role)?;
                println!("{role} may serve.");
            }
            Step::Down => println!("took back {}", migrate::down(&location)?),
            Step::Status => {
                let status = migrate::status(&location)?;
                for (what, versions) in
                    [("applied", status.applied), ("pending", status.pending), ("unknown", status.unknown)]
                {
                    for version in versions {
                        println!("{what} {version}");
                    }
                }
            }
        }
        Ok(())
    }
}
