//! The load: one run of `wrk`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

const SCRIPT: &str = include_str!("wrk.lua");

/// What `wrk` saw.
#[derive(Debug, Deserialize)]
pub struct Seen {
    pub requests: f64,
    pub seconds: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Answers with a status of 400 or more.
    pub refused: f64,
    /// Requests without an answer.
    pub broken: f64,
    /// What the first refusals said, where requests are few enough to look.
    #[serde(skip)]
    pub said: String,
}

impl Seen {
    pub fn per_second(&self) -> f64 {
        self.requests / self.seconds
    }

    /// Requests that were refused or got no answer.
    pub fn lost(&self) -> f64 {
        self.refused + self.broken
    }
}

/// A request to repeat, with `%ID%` where the next of the ids belongs.
pub struct Request {
    head: String,
    body: String,
}

impl Request {
    pub fn get(path: &str, token: Option<&str>) -> Self {
        let authorization =
            token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        Self { head: format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{authorization}"), body: String::new() }
    }

    pub fn post(path: &str, token: Option<&str>, body: &str) -> Self {
        let mut request = Self::get(path, token);
        request.head = request.head.replacen("GET", "POST", 1);
        request.head.push_str("Content-Type: application/json\r\n");
        body.clone_into(&mut request.body);
        request
    }

    fn bytes(&self) -> String {
        // An id is 36 characters long, its stand-in 4.
        let length = self.body.len() + 32 * self.body.matches("%ID%").count();
        let length =
            if self.body.is_empty() { String::new() } else { format!("Content-Length: {length}\r\n") };
        format!("{}{length}\r\n{}", self.head, self.body)
    }
}

/// Where the script and the requests are kept for `wrk` to read.
pub struct Wrk {
    folder: PathBuf,
}

/// A run under way.
pub struct Running {
    child: Child,
    what: String,
}

impl Wrk {
    pub fn new(folder: &Path) -> anyhow::Result<Self> {
        std::fs::write(folder.join("wrk.lua"), SCRIPT)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Repeats `request` on so many connections for so long.
    pub fn run(
        &self,
        base: &str,
        connections: u32,
        time: Duration,
        request: &Request,
        ids: &Path,
    ) -> anyhow::Result<Seen> {
        let seen = self.start("load", base, connections, time, request, ids)?.finish()?;
        let asked = request.head.lines().next().unwrap_or_default();
        if seen.lost() > 0.0 {
            eprintln!("{} of {} times no good answer to {asked}\n{}", seen.lost(), seen.requests, seen.said);
        }
        ensure!(seen.lost() < seen.requests / 10.0, "what is refused cannot be measured: {asked}");
        Ok(seen)
    }

    /// Starts a run; several may go on at once under different names.
    pub fn start(
        &self,
        name: &str,
        base: &str,
        connections: u32,
        time: Duration,
        request: &Request,
        ids: &Path,
    ) -> anyhow::Result<Running> {
        let file = self.folder.join(format!("{name}.http"));
        std::fs::write(&file, request.bytes())?;
        let threads = connections.min(2).to_string();
        let child = Command::new("wrk")
            .args(["--threads", &threads, "--connections", &connections.to_string(), "--latency"])
            .args(["--duration", &format!("{}s", time.as_secs()), "--timeout", "20s"])
            .arg("--script")
            .arg(self.folder.join("wrk.lua"))
            .arg(base)
            .arg("--")
            .args([&file, ids])
            .arg(&threads)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("wrk cannot be started")?;
        Ok(Running { child, what: format!("{base}, {connections} connections") })
    }
}

impl Running {
    pub fn finish(self) -> anyhow::Result<Seen> {
        let output = self.child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let result = text.lines().find_map(|line| line.strip_prefix("RESULT "));
        let said = String::from_utf8_lossy(&output.stderr);
        let result = result.with_context(|| format!("wrk said nothing of {}: {text}{said}", self.what))?;
        Ok(Seen { said: said.into_owned(), ..serde_json::from_str(result)? })
    }
}
