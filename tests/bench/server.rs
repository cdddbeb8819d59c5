//! The server as a process: started, watched from outside through /proc, stopped.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// The kernel counts a process's time in hundredths of a second on every Linux we know.
const TICKS_PER_SECOND: f64 = 100.0;
const PATIENCE: Duration = Duration::from_secs(120);

/// How to start a server.
#[derive(Clone)]
pub struct Setup {
    pub program: PathBuf,
    pub folder: PathBuf,
    pub database_url: String,
}

/// A running server. It stops when dropped.
pub struct Server {
    child: Child,
    address: SocketAddr,
    /// From the start of the process to its first "ready".
    pub ready_after: Duration,
}

impl Setup {
    /// On a SQLite file in `folder`.
    pub fn embedded(program: &Path, folder: &Path) -> Self {
        let database_url = format!("sqlite://{}", folder.join("alongside.db").display());
        Self { program: program.to_owned(), folder: folder.to_owned(), database_url }
    }

    /// With a synthetic programme, without limits on the rate of requests.
    pub fn demo(&self, audit_reads: bool) -> anyhow::Result<Server> {
        let mut arguments = vec!["--bench-unlimited"];
        if !audit_reads {
            arguments.push("--bench-unaudited-reads");
        }
        let address = free_address()?;
        let mut command = self.command("demo");
        command.arg("--data").arg(&self.folder).arg("--listen").arg(address.to_string());
        command.arg("--database-url").arg(&self.database_url).args(arguments);
        Server::start(command, address)
    }

    /// As an operator starts it.
    pub fn serve(&self) -> anyhow::Result<Server> {
        let address = free_address()?;
        let mut command = self.command("serve");
        command.arg("--listen").arg(address.to_string());
        command.env("ALONGSIDE_DATABASE_URL", &self.database_url);
        command.env("ALONGSIDE_KEYS_FILE", self.folder.join("alongside.key"));
        Server::start(command, address)
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.program);
        for (variable, _) in std::env::vars_os().filter(|(variable, _)| is_ours(variable)) {
            command.env_remove(variable);
        }
        command.env("ALONGSIDE_LOG", "warn").arg(name).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

/// What a developer has set must not change what is measured.
fn is_ours(variable: &OsStr) -> bool {
    variable.to_string_lossy().starts_with("ALONGSIDE_")
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

impl Server {
    fn start(mut command: Command, address: SocketAddr) -> anyhow::Result<Self> {
        let started = Instant::now();
        let child = command.spawn().context("the server cannot be started")?;
        let mut server = Self { child, address, ready_after: Duration::ZERO };
        while !is_ready(address) {
            if let Some(status) = server.child.try_wait()? {
                bail!("the server ended with {status} before it was ready");
            }
            if started.elapsed() > PATIENCE {
                bail!("the server was not ready within {} s", PATIENCE.as_secs());
            }
            sleep(Duration::from_micros(500));
        }
        server.ready_after = started.elapsed();
        Ok(server)
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The processor time it has used, in seconds.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let text = self.proc("stat")?;
        // The second field is the program's name in brackets and may hold anything; utime and stime are the 14th and 15th.
        let (_, fields) = text.rsplit_once(')').context("/proc/PID/stat looks odd")?;
        let mut fields = fields.split_whitespace().skip(11);
        let mut ticks =
            || fields.next().context("/proc/PID/stat is short")?.parse::<f64>().map_err(anyhow::Error::from);
        Ok((ticks()? + ticks()?) / TICKS_PER_SECOND)
    }

    /// The memory it holds now, in MB (2^20 bytes).
    pub fn memory_mb(&self) -> anyhow::Result<f64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib =
            line.and_then(|line| line.split_whitespace().next()).context("/proc/PID/status has no VmRSS")?;
        Ok(kib.parse::<f64>()? / 1024.0)
    }

    fn proc(&self, file: &str) -> anyhow::Result<String> {
        Ok(fs::read_to_string(format!("/proc/{}/{file}", self.child.id()))?)
    }

    /// Stops it as an operator would, so that it leaves its database folded up.
    pub fn stop(mut self) -> anyhow::Result<()> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(40) {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            sleep(Duration::from_millis(10));
        }
        bail!("the server did not stop")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail where it has already ended, and then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(head.ends_with(b"200"))
    };
    ask().unwrap_or(false)
}
