//! Where the server is and where this program keeps its files: a flag comes before the environment, the environment
//! before the file.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use figment::Figment;
use figment::providers::{Format as _, Toml};
use serde::Deserialize;

use crate::exit::Stop;
use crate::session::Session;

/// Where a server on this machine listens when nobody said otherwise.
pub const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

/// What `config.toml` may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    server: Option<String>,
}

impl File {
    /// Whoever has no file has said nothing.
    fn load(path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let read = Figment::from(Toml::string(&text)).extract();
        read.map_err(|error| Stop::usage(format!("{} is not right: {error}", path.display())))
    }
}

/// The settings in force.
#[derive(Debug, Clone)]
pub struct Config {
    pub dir: PathBuf,
    /// Without a slash at its end.
    pub server: String,
}

impl Config {
    /// Puts the settings together. `server` is what the flag or the environment said; without it and without a line in
    /// the file, it is the server one is signed in to.
    pub fn load(server: Option<&str>) -> Result<Self> {
        let dir = dir()?;
        let file = File::load(&dir.join("config.toml"))?;
        let signed_in = || Session::load(&dir).ok().flatten().map(|session| session.server);
        let server = server.map(str::to_owned).or(file.server).or_else(signed_in);
        let server = server.unwrap_or_else(|| DEFAULT_SERVER.to_owned());
        Ok(Self { server: checked(&server)?, dir })
    }
}

/// `ALONGSIDE_CLI_CONFIG_DIR`, or else where the XDG rules put it.
fn dir() -> Result<PathBuf> {
    let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    of("ALONGSIDE_CLI_CONFIG_DIR")
        .or_else(|| {
            of("XDG_CONFIG_HOME").filter(|path| path.is_absolute()).map(|path| path.join("alongside"))
        })
        .or_else(|| of("HOME").map(|home| home.join(Path::new(".config/alongside"))))
        .or_else(|| of("APPDATA").map(|data| data.join("alongside")))
        .context("There is no home directory. Set ALONGSIDE_CLI_CONFIG_DIR.")
}

/// Tokens and answers go over the line: without TLS only to this machine.
fn checked(server: &str) -> Result<String> {
    let server = server.trim_end_matches('/');
    let bad = |words: &str| Err(Stop::usage(format!("{words}: {server}")));
    if let Some(rest) = server.strip_prefix("http://") {
        let host = rest.split('/').next().unwrap_or_default();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let is_local = matches!(name, "127.0.0.1" | "localhost" | "[::1]");
        let is_allowed = std::env::var_os("ALONGSIDE_CLI_ALLOW_HTTP").is_some_and(|value| value == "1");
        if !is_local && !is_allowed {
            return bad("A server on another machine must have an address that begins with https://");
        }
    } else if !server.starts_with("https://") {
        return bad("The address of a server begins with https://");
    }
    Ok(server.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_may_be_missing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        assert!(File::load(&path).unwrap().server.is_none());
        std::fs::write(&path, "server = \"https://api.example\"").unwrap();
        assert_eq!(File::load(&path).unwrap().server.as_deref(), Some("https://api.example"));
        std::fs::write(&path, "sever = \"https://api.example\"").unwrap();
        assert!(File::load(&path).is_err());
    }

    #[test]
    fn nothing_goes_over_an_open_line_to_another_machine() {
        assert_eq!(checked("https://api.example/").unwrap(), "https://api.example");
        assert_eq!(checked("http://127.0.0.1:8080").unwrap(), "http://127.0.0.1:8080");
        assert!(checked("http://localhost:1").is_ok());
        assert!(checked("http://api.example").is_err());
        assert!(checked("http://localhost.evil.example").is_err());
        assert!(checked("api.example").is_err());
    }
}
