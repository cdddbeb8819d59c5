use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use alongside_api::config::Config;
use alongside_api::security::keys::Keys;
use alongside_api::{demo, server};
use alongside_domain::clock::System;
use alongside_store::migrate;
use anyhow::Context as _;
use clap::Args;
use secrecy::SecretString;

use super::{announce_keys, refuse_lost_keys, runtime, start_logging};

/// Serves a synthetic programme: made on the first start, found again on the next.
#[derive(Debug, Args)]
pub struct Demo {
    /// The folder of the embedded database, its keys and the demo's logins.
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Another database than the embedded one: `postgres://...` or `sqlite://PATH`.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Another seed makes other people.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// For the benchmark alone: reads leave no audit event.
    #[arg(long, hide = true)]
    bench_unaudited_reads: bool,
    /// For the benchmark alone: no limit on the rate of requests.
    #[arg(long, hide = true)]
    bench_unlimited: bool,
}

impl Demo {
    pub fn run(self) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.data)
            .with_context(|| format!("cannot write to the data folder {}", self.data.display()))?;
        let mut config = self.config()?;
        start_logging(&config)?;
        let listener = server::bind(self.listen)?;
        config.listen = listener.local_addr()?;
        config.base_url = format!("http://{}", config.listen);
        migrate::up(&config.location())?;
        refuse_lost_keys(&config)?;
        let (keys, created) = Keys::load_or_create(&self.data.join("alongside.key"))?;
        if created {
            announce_keys(config.keys_file.as_deref());
        }
        let mut app = server::prepare(&config, &keys, Arc::new(System), Arc::new(System))?;
        app.audit_reads = !self.bench_unaudited_reads;
        let file = self.data.join("demo.json");
        let kept = if self.database_url.is_some() { demo::Kept::Elsewhere } else { demo::Kept::InFolder };
        runtime(async move {
            let accounts = demo::seed(&app, self.seed).await?;
            demo::write_accounts(&file, &accounts)?;
            let base_url = config.base_url.clone();
            let (server, readiness) = server::start(app, &config, listener)?;
            for line in demo::next_steps(&accounts, &base_url, &file, kept) {
                println!("{line}");
            }
            server::run_until_told(server, readiness).await
        })
    }

    fn config(&self) -> anyhow::Result<Config> {
        let mut config = Config::load(None)?;
        let database = self.database_url.clone();
        let database =
            database.unwrap_or_else(|| format!("sqlite://{}", self.data.join("alongside.db").display()));
        config.database_url = SecretString::from(database);
        config.keys_file = Some(self.data.join("alongside.key"));
        // Its passwords are in a file for everybody to read: a second factor would only stand in the way.
        config.second_factor_required = false;
        if std::env::var_os("ALONGSIDE_LOG").is_none() {
            // The terminal belongs to the lines that say what to try.
            config.log = "warn".to_owned();
        }
        if self.bench_unlimited {
            config.rate_limit_per_minute = 0;
        }
        Ok(config)
    }
}
