//! A fresh, migrated database for each test, copied from a template that is made once.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use alongside_store::{Location, migrate, wall};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, QueryResult, SqliteConnection};
use tempfile::TempDir;

/// Names the server the tests run on; without it they run on the embedded database.
pub const VARIABLE: &str = "ALONGSIDE_TEST_DATABASE_URL";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Owns the databases of the tests: no superuser, so that row-level security holds it like an operator's.
const OWNER: &str = "alongside_test_owner";
/// Serves in the tests, as an operator's application does: it owns nothing.
const APPLICATION: &str = "alongside_test_application";
/// What puts whoever has the database open past every policy that asks for a context.
const OPEN: &str = "SET alongside.opens = 'records programmes accounts audit trail upkeep';";

/// One test's database. It goes when the test ends.
pub struct Database {
    /// For whoever serves: on PostgreSQL the application's role. A database without a schema has only its owner.
    pub url: String,
    /// For whoever changes the schema.
    pub owner_url: String,
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
                let url = format!("sqlite://{}", path.display());
                Self { owner_url: url.clone(), url, folder, drop_on: None }
            }
            Some(server) => {
                let name = unique_name();
                let template = if migrated { postgres_template(&server) } else { "template0".to_owned() };
                // PostgreSQL copies a template only while nobody else does.
                static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
                let _guard = ONE_AT_A_TIME.lock().unwrap();
                roles(&server);
                on(&server, &format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}"));
                let owner_url = as_role(&database_url(&server, &name), OWNER);
                let serves = if migrated { APPLICATION } else { OWNER };
                let url = as_role(&owner_url, serves);
                Self { url, owner_url, folder, drop_on: Some((server, name)) }
            }
        }
    }

    pub fn is_postgres(&self) -> bool {
        self.drop_on.is_some()
    }

    pub fn location(&self) -> Location {
        Location::from_url(&self.url)
    }

    /// As whoever changes the schema reaches it.
    pub fn owners_location(&self) -> Location {
        Location::from_url(&self.owner_url)
    }

    /// For the one whom no policy holds. Only on PostgreSQL.
    pub fn superusers_url(&self) -> String {
        let (server, name) = self.drop_on.as_ref().expect("a server");
        database_url(server, name)
    }

    /// What its owner does who has it open, past the server and every policy.
    pub fn execute(&self, sql: &str) -> QueryResult<()> {
        match self.owners_location() {
            Location::Sqlite(path) => {
                let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                // Its server may be writing.
                connection
                    .batch_execute("PRAGMA busy_timeout = 5000")
                    .and_then(|()| connection.batch_execute(sql))
            }
            Location::Postgres(url) => {
                let mut connection = PgConnection::establish(&url).unwrap();
                connection.batch_execute(OPEN).and_then(|()| connection.batch_execute(sql))
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.drop_on {
            on(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// Whether the tests run on PostgreSQL; says loudly what is left out where they do not.
pub fn is_on_postgres(otherwise: &str) -> bool {
    let there = server().is_some();
    if !there {
        use std::io::Write as _;
        let line = format!("*** SKIPPED on SQLite, which has no row-level security: {otherwise} ***\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    there
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

/// The two roles, once for all tests of a server. They have the password of whoever runs the tests, if he has one.
fn roles(server: &str) {
    static MADE: OnceLock<()> = OnceLock::new();
    MADE.get_or_init(|| {
        let password = credentials(server).1.map_or_else(String::new, |secret| format!("PASSWORD '{secret}'"));
        for role in [OWNER, APPLICATION] {
            on(
                server,
                &format!(
                    "DO $$ BEGIN CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE {password}; \
                     EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
                ),
            );
        }
    });
}

/// Who connects with this URL: the part before the host, and the password in it.
fn credentials(url: &str) -> (String, Option<String>) {
    let (_, rest) = url.split_once("://").expect("a URL");
    let authority = rest.split('/').next().unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    let password = user.split_once(':').map(|(_, password)| password.to_owned());
    (user.to_owned(), password)
}

fn as_role(url: &str, role: &str) -> String {
    let (user, password) = credentials(url);
    let password = password.map_or_else(String::new, |password| format!(":{password}"));
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let rest = rest.strip_prefix(&format!("{user}@")).unwrap_or(rest);
    format!("{scheme}://{role}{password}@{rest}")
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
            roles(server);
            on(server, &format!("CREATE DATABASE {name} OWNER {OWNER}"));
            let location = Location::from_url(&as_role(&database_url(server, &name), OWNER));
            migrate::up(&location).unwrap();
            // A database that is copied from it has what was granted here as well.
            wall::grant(&location, APPLICATION).unwrap();
            name
        })
        .clone()
}
