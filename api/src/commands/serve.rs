use std::net::SocketAddr;

use alongside_api::config::Config;
use alongside_api::server;
use alongside_store::wall::{self, Hold};
use anyhow::{Context as _, bail};
use clap::Args;

use super::{ConfigArgs, open, runtime, start_logging};

/// Serves the API until SIGTERM or Ctrl-C.
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    config: ConfigArgs,
    /// The address to listen on; goes before the settings.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

impl Serve {
    pub fn run(self) -> anyhow::Result<()> {
        let mut config = self.config.load()?;
        if let Some(listen) = self.listen {
            config.listen_on(listen);
        }
        start_logging(&config)?;
        let listener = server::bind(config.listen)?;
        let app = open(&config)?;
        look_at_the_wall(&config)?;
        runtime(async move {
            tracing::info!(listen = %config.listen, database = %config.database_label(), "serving");
            let (server, readiness) = server::start(app, &config, listener)?;
            server::run_until_told(server, readiness).await
        })
    }
}

/// Says what row-level security does for this process, and refuses to serve without it, unless the operator has said that
/// it may.
fn look_at_the_wall(config: &Config) -> anyhow::Result<()> {
    let standing = wall::standing(&config.location())
        .context("the database does not say whether row-level security holds this role")?;
    let Some(standing) = standing else { return Ok(()) };
    match standing.hold {
        Hold::Full => tracing::info!(role = %standing.role, "{standing}"),
        Hold::Owner => {
            tracing::warn!(role = %standing.role, "{standing}: serve with a role of its own (docs/operations.md)");
        }
        Hold::Bypassed | Hold::Open(_) if config.row_security_required => bail!(
            "{standing}: serve with a role of its own (`alongside-api migrate grant`, docs/operations.md), or set \
             row_security to \"optional\""
        ),
        Hold::Bypassed | Hold::Open(_) => tracing::warn!(role = %standing.role, "{standing}"),
    }
    Ok(())
}
