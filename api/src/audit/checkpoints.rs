//! Checkpoints signed with the server's newest signing key, and the folder that holds them outside the database.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use alongside_domain::audit_chain::{CHECKPOINT, Checkpoint, hex, instant, unhex};
use alongside_domain::clock::Timestamp;
use alongside_store::audit_checkpoint::Row;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use crate::security::keys::Keys;

/// What signs the audit log, and where the signed checkpoints go besides the database.
pub struct Checkpoints {
    key_id: String,
    key: Ed25519KeyPair,
    folder: Option<PathBuf>,
}

impl Checkpoints {
    /// Signs with the key that signs tokens: what is signed begins with the name of the format, which no token does.
    ///
    /// # Errors
    /// When there is no usable signing key.
    pub fn new(keys: &Keys, folder: Option<PathBuf>) -> anyhow::Result<Self> {
        let newest = keys.signing().last().ok_or_else(|| anyhow::anyhow!("there is no signing key"))?;
        let key = Ed25519KeyPair::from_pkcs8(newest.pkcs8().expose_secret())
            .map_err(|_| anyhow::anyhow!("the signing key {} cannot be used", newest.kid()))?;
        Ok(Self { key_id: newest.kid().to_owned(), key, folder })
    }

    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The folder that is shipped off the machine, where there is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The signed checkpoint.
    #[must_use]
    pub fn sign(&self, checkpoint: &Checkpoint) -> Row {
        let signature = self.key.sign(checkpoint.message().as_bytes());
        Row::new(checkpoint, signature.as_ref().to_vec())
    }

    /// Adds lines to the file of that day, and answers when they are on the disk.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn keep(&self, day: Timestamp, lines: &str) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        if !folder.is_dir() {
            fs::create_dir_all(folder)?;
        }
        let path = folder.join(format!("audit-checkpoints-{}.jsonl", day.format("%Y-%m-%d")));
        let new = !path.exists();
        let mut options = File::options();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path)?;
        file.write_all(lines.as_bytes())?;
        file.sync_all()?;
        if new { File::open(folder)?.sync_all() } else { Ok(()) }
    }
}

/// A checkpoint as a line of JSON: in the folder, and in what is handed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub format: String,
    pub seq: i64,
    pub head: String,
    /// Exactly as it stands in what was signed.
    pub at: String,
    pub flags: i64,
    pub key: String,
    /// Ed25519, base64.
    pub signature: String,
}

impl Line {
    #[must_use]
    pub fn of(row: &Row) -> Self {
        Self {
            format: CHECKPOINT.to_owned(),
            seq: row.seq,
            head: hex(&row.head),
            at: instant(row.at.0),
            flags: row.flags,
            key: row.key_id.clone(),
            signature: STANDARD.encode(&row.signature),
        }
    }

    /// The checkpoint it says it is; `None` when it cannot be one of this format.
    #[must_use]
    pub fn row(&self) -> Option<Row> {
        let at: Timestamp = self.at.parse().ok()?;
        let well_formed = self.format == CHECKPOINT && self.at == instant(at);
        let checkpoint = Checkpoint {
            seq: self.seq,
            head: unhex(&self.head)?,
            at,
            flags: self.flags,
            key_id: self.key.clone(),
        };
        well_formed.then_some(Row::new(&checkpoint, STANDARD.decode(&self.signature).ok()?))
    }
}

/// The public halves of signing keys, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicKeys(BTreeMap<String, Vec<u8>>);

impl PublicKeys {
    /// Those of an installation: all that have ever signed and are still in its key file.
    #[must_use]
    pub fn of(keys: &Keys) -> Self {
        Self(keys.signing().iter().map(|key| (key.kid().to_owned(), key.public().to_vec())).collect())
    }

    /// Adds one as an operator writes it: `KID=BASE64`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn add(&mut self, written: &str) -> Result<(), String> {
        let (kid, key) = written.split_once('=').ok_or("a public key is written as KID=BASE64")?;
        let key = STANDARD.decode(key).map_err(|_| format!("the public key {kid} is not base64"))?;
        if key.len() != 32 {
            return Err(format!("the public key {kid} is not 32 bytes long"));
        }
        self.0.insert(kid.to_owned(), key);
        Ok(())
    }

    /// As an operator writes them, one a line.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().map(|(kid, key)| format!("{kid}={}", STANDARD.encode(key)))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the signature is good; `None` when its key is not known.
    #[must_use]
    pub fn verify(&self, checkpoint: &Checkpoint, signature: &[u8]) -> Option<bool> {
        let key = self.0.get(&checkpoint.key_id)?;
        let key = UnparsedPublicKey::new(&ED25519, key);
        Some(key.verify(checkpoint.message().as_bytes(), signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(keys: &Checkpoints) -> Checkpoint {
        Checkpoint {
            seq: 3,
            head: [7; 32],
            at: "2026-11-22T19:00:00.000001Z".parse().unwrap(),
            flags: 0,
            key_id: keys.key_id().to_owned(),
        }
    }

    #[test]
    fn what_is_signed_is_verified_and_nothing_else() {
        let keys = Keys::generate().unwrap();
        let signer = Checkpoints::new(&keys, None).unwrap();
        let signed = checkpoint(&signer);
        let row = signer.sign(&signed);
        let public = PublicKeys::of(&keys);
        assert_eq!(public.verify(&signed, &row.signature), Some(true));
        let other = Checkpoint { seq: 4, ..signed.clone() };
        assert_eq!(public.verify(&other, &row.signature), Some(false));
        assert_eq!(PublicKeys::of(&Keys::generate().unwrap()).verify(&signed, &row.signature), None);
        let mut told = PublicKeys::default();
        public.lines().for_each(|line| told.add(&line).unwrap());
        assert_eq!(told, public);
        assert!(told.add("kid").is_err() && told.add("kid=!").is_err() && told.add("kid=AAAA").is_err());
    }

    #[test]
    fn a_line_is_read_back_as_it_was_written() {
        let folder = tempfile();
        let signer = Checkpoints::new(&Keys::generate().unwrap(), Some(folder.clone())).unwrap();
        let row = signer.sign(&checkpoint(&signer));
        let line = serde_json::to_string(&Line::of(&row)).unwrap();
        signer.keep(row.at.0, &format!("{line}\n")).unwrap();
        signer.keep(row.at.0, &format!("{line}\n")).unwrap();
        let kept = fs::read_to_string(folder.join("audit-checkpoints-2026-11-22.jsonl")).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(kept, format!("{line}\n{line}\n"));
        let read: Line = serde_json::from_str(&line).unwrap();
        assert_eq!(read.row().unwrap().checkpoint(), row.checkpoint());
        let wrong = Line { at: "2026-11-22T19:00:00Z".to_owned(), ..read };
        assert!(wrong.row().is_none());
    }

    fn tempfile() -> PathBuf {
        let name = format!("alongside-checkpoints-{}", std::process::id());
        std::env::temp_dir().join(name)
    }
}
