//! The signed-in session on this device: one file that only its owner can read.

use std::fmt;
use std::path::{Path, PathBuf};

use alongside_domain::clock::{Ids as _, System};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::output::write_private;

/// Tokens, and the server they are for. They are never sent to another.
#[derive(Clone, Serialize, Deserialize)]
pub struct Session {
    pub server: String,
    pub access_token: String,
    pub refresh_token: Option<String>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Session {
    /// The session kept in `dir`, if there is one.
    pub fn load(dir: &Path) -> Result<Option<Self>> {
        let path = file(dir);
        match std::fs::read(&path) {
            Ok(bytes) => {
                let session = serde_json::from_slice(&bytes)
                    .with_context(|| format!("{} is damaged. Sign in again.", path.display()))?;
                Ok(Some(session))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Keeps it. A crash leaves the old file or the new one, never half of either.
    pub fn save(&self, dir: &Path) -> Result<()> {
        make_dir(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let path = file(dir);
        let aside = dir.join(format!(".session-{}.tmp", std::process::id()));
        // What an earlier run left behind when it was stopped.
        let _ = std::fs::remove_file(&aside);
        let written = write_private(&aside, &serde_json::to_vec(self)?)
            .and_then(|()| std::fs::rename(&aside, &path))
            .with_context(|| format!("cannot write {}", path.display()));
        if written.is_err() {
            let _ = std::fs::remove_file(&aside);
        }
        written
    }

    /// Forgets whatever is kept in `dir`.
    pub fn forget(dir: &Path) -> Result<()> {
        match std::fs::remove_file(file(dir)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).context("cannot remove the session file")
            }
            _ => Ok(()),
        }
    }
}

/// The id by which the server knows this device again, kept for its owner alone.
pub fn device_id(dir: &Path) -> Result<Uuid> {
    let path = dir.join("device");
    let kept = std::fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
    if let Some(kept) = kept {
        return Ok(kept);
    }
    make_dir(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    // What cannot be read as an id is of no use to anybody.
    let _ = std::fs::remove_file(&path);
    let id = System.fresh();
    write_private(&path, id.to_string().as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(id)
}

fn file(dir: &Path) -> PathBuf {
    dir.join("session.json")
}

fn make_dir(dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_keeps_its_id() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("alongside");
        let first = device_id(&dir).unwrap();
        assert_eq!(device_id(&dir).unwrap(), first);
        std::fs::write(dir.join("device"), "spoilt").unwrap();
        assert_ne!(device_id(&dir).unwrap(), first);
    }

    #[test]
    fn a_session_is_kept_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("alongside");
        assert!(Session::load(&dir).unwrap().is_none());
        let session = Session {
            server: "https://api.example".into(),
            access_token: "secret".into(),
            refresh_token: Some("also secret".into()),
        };
        session.save(&dir).unwrap();
        session.save(&dir).unwrap();
        assert_eq!(Session::load(&dir).unwrap().unwrap().access_token, "secret");
        assert!(!format!("{session:?}").contains("secret"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(file(&dir)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        Session::forget(&dir).unwrap();
        Session::forget(&dir).unwrap();
        assert!(Session::load(&dir).unwrap().is_none());
    }
}
