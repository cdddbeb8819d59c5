//! The key file of a server, so that rows can be sealed for it without it. The tool links nothing of the server it
//! measures.

use std::path::Path;
use std::process::{Command, Stdio};

use alongside_store::sealing::KeyRing;
use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretSlice;
use serde::Deserialize;

/// What the tool needs of it.
#[derive(Deserialize)]
struct KeyFile {
    sealing: Vec<SealingKey>,
    safeguarding: Vec<SealingKey>,
}

#[derive(Deserialize)]
struct SealingKey {
    id: u32,
    key: String,
}

/// Lets the server make a key file.
pub fn make(program: &Path, file: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(program);
    let status = command.args(["keys", "init", "--file"]).arg(file).stdout(Stdio::null()).status();
    ensure!(status.context("the server cannot be run")?.success(), "no keys could be made");
    Ok(())
}

/// The ring of a key file.
pub fn ring(file: &Path) -> anyhow::Result<KeyRing> {
    let keys: KeyFile = serde_json::from_slice(&std::fs::read(file)?)?;
    let decoded = |keys: &[SealingKey]| {
        let keys = keys.iter().map(|key| Ok((key.id, SecretSlice::from(STANDARD.decode(&key.key)?))));
        keys.collect::<anyhow::Result<Vec<_>>>()
    };
    Ok(KeyRing::new(decoded(&keys.sealing)?, decoded(&keys.safeguarding)?)?)
}
