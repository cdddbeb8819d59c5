use std::net::SocketAddr;

use alongside_api::server;
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
        runtime(async move {
            tracing::info!(listen = %config.listen, database = %config.database_label(), "serving");
            let (server, readiness) = server::start(app, &config, listener)?;
            server::run_until_told(server, readiness).await
        })
    }
}
