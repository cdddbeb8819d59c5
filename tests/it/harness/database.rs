//! A fresh, migrated database for each test, copied from a template that is made once.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use alongside_store::{Location, migrate};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use tempfile::TempDir;

/// Names the server the tests run on; without it they run on the embedded database.
pub const VARIABLE: &str = "ALONGSIDE_TEST_DATABASE_URL";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// One test's database. It goes when the test ends.
pub struct Database {
    pub url: String,
    /// Where the test may put files.
    pub folder: TempDir,
    drop_on: Option<(String, String)>,
}

impl Database {
    /// A migrated, empty database.
    pub fn fresh() -> Self {
        Self::make(true)
    }

    /// A database without a schema.
    pub fn blank() -> Self {
        Self::make(false)
    }

    fn make(migrated: bool) -> Self {
        let folder = TempDir::new().unwrap();
        match server() {
            None => {
                let path = folder.path().join("alongside.db");
                if migrated {
                    std::fs::copy(sqlite_template(), &path).unwrap();
                }
                Self { url: format!("sqlite://{}", path.display()), folder, drop_on: None }
            }
            Some(server) => {
                let name = unique_name();
                let template = if migrated { postgres_template(&server) } else { "template0".to_owned() };
                // PostgreSQL copies a template only while nobody else does.
                static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
                let _guard = ONE_AT_A_TIME.lock().unwrap();
                on(&server, &format!("CREATE DATABASE {name} TEMPLATE {template}"));
                Self { url: database_url(&server, &name), folder, drop_on: Some((server, name)) }
            }
        }
    }

    pub fn is_postgres(&self) -> bool {
        self.drop_on.is_some()
    }

    pub fn location(&self) -> Location {
        Location::from_url(&self.url)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.drop_on {
            on(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// The server's URL, where the tests run on one. Says loudly when they do not.
fn server() -> Option<String> {
    static SAID: OnceLock<()> = OnceLock::new();
    let url = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty());
    SAID.get_or_init(|| {
        // Straight to the terminal: a passing test's own output is swallowed.
        use std::io::Write as _;
        let line = match &url {
            None => format!(
                "*** Running on SQLite only: {VARIABLE} is not set. `just test-postgres` runs the rest. ***\n"
            ),
            Some(_) => "*** Running on PostgreSQL. ***\n".to_owned(),
        };
        let _ = std::io::stderr().write_all(line.as_bytes());
    });
    url
}

fn unique_name() -> String {
    format!("alongside_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn database_url(server: &str, name: &str) -> String {
    let (base, options) = server.split_once('?').map_or((server, ""), |(base, options)| (base, options));
    let after_scheme = base.find("://").map_or(0, |at| at + 3);
    let base = match base[after_scheme..].find('/') {
        Some(slash) => &base[..after_scheme + slash],
        None => base,
    };
    if options.is_empty() { format!("{base}/{name}") } else { format!("{base}/{name}?{options}") }
}

fn on(server: &str, sql: &str) {
    let mut connection = PgConnection::establish(server).expect("the test server answers");
    connection.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

fn sqlite_template() -> PathBuf {
    static TEMPLATE: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = TEMPLATE.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("template.db");
        migrate::up(&Location::Sqlite(path.clone())).unwrap();
        (folder, path)
    });
    path.clone()
}

fn postgres_template(server: &str) -> String {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE
        .get_or_init(|| {
            let name = format!("{}_template", unique_name());
            on(server, &format!("CREATE DATABASE {name}"));
            migrate::up(&Location::from_url(&database_url(server, &name))).unwrap();
            name
        })
        .clone()
}
