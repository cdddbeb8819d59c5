//! The real programs, run as an operator or a supporter runs them.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::caller::Caller;

/// Builds both programs once, as the tests themselves were built, and answers where this one is.
pub fn binary(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let folder = test.parent().unwrap().parent().unwrap().to_owned();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--workspace", "--bins"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        cargo.arg("--target-dir").arg(folder.parent().unwrap());
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success(), "the programs do not build");
        folder
    });
    folder.join(name)
}

/// Runs the server's program to its end.
pub fn api(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(binary("alongside-api"));
    command.args(arguments).stdin(Stdio::null());
    clean(&mut command).envs(environment.iter().copied());
    command.output().unwrap()
}

/// Nothing of this shell's settings reaches the program.
fn clean(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ALONGSIDE_") {
            command.env_remove(name);
        }
    }
    command
}

/// A demo server in a process of its own, which a test may kill.
pub struct Demo {
    pub folder: PathBuf,
    pub base: String,
    port: u16,
    database_url: Option<String>,
    settings: Vec<(String, String)>,
    told: Arc<Mutex<Vec<String>>>,
    child: Child,
}

impl Demo {
    /// Starts it in `folder`, on `database_url` where the tests run on a server.
    pub fn start(folder: &Path, database_url: Option<&str>) -> Self {
        Self::start_with(folder, database_url, &[])
    }

    /// As [`Demo::start`], with these in its environment.
    pub fn start_with(folder: &Path, database_url: Option<&str>, settings: &[(&str, &str)]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let database_url = database_url.map(str::to_owned);
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let told = Arc::default();
        let child = spawn(folder, port, database_url.as_deref(), &settings, &told);
        let demo = Self {
            folder: folder.to_owned(),
            base: format!("http://127.0.0.1:{port}"),
            port,
            database_url,
            settings,
            told,
            child,
        };
        demo.wait_until_ready();
        demo
    }

    /// What it has said on standard error, line by line.
    pub fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    /// No warning, no goodbye.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again where it was; answers how long until it was ready.
    pub fn restart(&mut self) -> Duration {
        let begun = Instant::now();
        let url = self.database_url.as_deref();
        self.child = spawn(&self.folder, self.port, url, &self.settings, &self.told);
        self.wait_until_ready();
        begun.elapsed()
    }

    /// Asks it to stop, as a service manager does, and answers its exit code.
    #[cfg(unix)]
    pub fn terminate(&mut self) -> Option<i32> {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        self.child.wait().unwrap().code()
    }

    fn wait_until_ready(&self) {
        let stranger = Caller::new(&self.base, None, uuid::Uuid::nil(), "probe");
        let until = Instant::now() + Duration::from_secs(60);
        while Instant::now() < until {
            if stranger.try_get("/readyz").is_some_and(|answer| answer.status == 200) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the demo did not become ready");
    }

    /// Signs in with a login of `demo.json`.
    pub fn sign_in(&self, name: &'static str) -> Caller {
        let accounts = std::fs::read_to_string(self.folder.join("demo.json")).unwrap();
        let accounts: Value = serde_json::from_str(&accounts).unwrap();
        let person = &accounts["people"][name];
        let stranger = Caller::new(&self.base, None, uuid::Uuid::nil(), name);
        let body = serde_json::json!({"email": person["email"], "password": person["password"]});
        let tokens = stranger.post("/v1/sessions", &body).created();
        let token = tokens["access_token"].as_str().unwrap().to_owned();
        Caller::new(&self.base, Some(token), person["person_id"].as_str().unwrap().parse().unwrap(), name)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(
    folder: &Path,
    port: u16,
    database_url: Option<&str>,
    settings: &[(String, String)],
    told: &Arc<Mutex<Vec<String>>>,
) -> Child {
    let mut command = Command::new(binary("alongside-api"));
    command.arg("demo").arg("--data").arg(folder).args(["--listen", &format!("127.0.0.1:{port}")]);
    if let Some(url) = database_url {
        command.args(["--database-url", url]);
    }
    clean(&mut command).env("ALONGSIDE_RATE_LIMIT_PER_MINUTE", "0");
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    // A trace is for the test, not for its output.
    let shown = settings.is_empty();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // What it says on standard error goes to the test's own output, so that a failure can be read.
    let (said, told) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(told));
    std::thread::spawn(move || {
        for line in said.lines().map_while(Result::ok) {
            if shown {
                eprintln!("demo: {line}");
            }
            told.lock().unwrap().push(line);
        }
    });
    child
}

/// A home and a server for the command line, and nothing of this shell's.
pub fn settings<'a>(command: &'a mut Command, home: &Path, server: &str) -> &'a mut Command {
    clean(command)
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_STATE_HOME", home.join("state"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("ALONGSIDE_CLI_SERVER", server)
}

/// Runs the command line as a supporter does, with a home of his own.
pub fn alongside(home: &Path, server: &str, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(binary("alongside"));
    settings(&mut command, home, server)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}
