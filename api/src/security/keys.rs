//! The keys of an installation: they seal fields, sign access tokens and authenticate cursors.
//!
//! They live in one file that only the service's user may read, or in the environment, and never in the database.
//! The file is JSON with a version:
//!
//! ```json
//! {"version": 1,
//!  "sealing": [{"id": 1, "key": "<32 bytes, base64>"}],
//!  "safeguarding": [{"id": 1, "key": "<32 bytes, base64>"}],
//!  "signing": [{"id": "<kid>", "pkcs8": "<Ed25519, base64>"}],
//!  "cursor": "<32 bytes, base64>"}
//! ```
//!
//! Sealing and safeguarding keys wrap the data keys that are in the database: those of flags and of findings about safety
//! have keys of their own. Several may stand side by side. All of them open; which one wraps what is new, the database
//! says (`keys rotate`), so that replicas may learn of a new one one after the other. Of the signing keys the last
//! signs and all of them verify, so that a new one can be known everywhere before it signs anything. Without this file
//! the sealed fields of its database are lost for good: it is backed up apart from the database.

mod rotation;

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use alongside_store::Location;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rand::RngExt as _;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretBox, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use rotation::RotationError;

use crate::config::Config;

const VERSION: u32 = 1;
const KEY: usize = 32;

/// More than any ring of keys needs: whoever names a wrong file hears so at once.
const LONGEST_FILE: u64 = 65_536;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key file {path} does not exist")]
    Missing { path: PathBuf },
    #[error("the key file {path} already exists and is never overwritten")]
    Exists { path: PathBuf },
    #[error("the key file {path} can be read by others than its owner (mode {mode:o}): run chmod 600 {path}")]
    Open { path: PathBuf, mode: u32 },
    #[error("the key file {path} cannot be used: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("the keys in {place} are malformed: {reason}")]
    Malformed { place: String, reason: String },
    #[error(
        "the keys in {place} are from before there was {lacks}: run `alongside-api keys upgrade --file FILE` on the key \
         file once, then start again; nothing was changed"
    )]
    Former { place: String, lacks: &'static str },
    #[error("neither a key file nor keys are set")]
    Unset,
    #[error("the machine gave no random bytes for a key")]
    Random,
}

/// A key that signs access tokens.
pub struct SigningKey {
    kid: String,
    pkcs8: SecretSlice<u8>,
    public: Vec<u8>,
}

impl SigningKey {
    /// Its name: letters, digits, `-` and `_` only.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    #[must_use]
    pub const fn pkcs8(&self) -> &SecretSlice<u8> {
        &self.pkcs8
    }

    /// The public half: 32 bytes.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    fn generate() -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Random)?;
        let document = pair.to_pkcs8().map_err(|_| KeyError::Random)?;
        let public = pair.public_key().as_ref().to_vec();
        Ok(Self { kid: thumbprint(&public), pkcs8: SecretSlice::from(document.as_ref().to_vec()), public })
    }

    fn read(kid: String, encoded: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if kid.is_empty() || kid.len() > 64 || !kid.chars().all(plain) {
            return Err("the id of a signing key must be 1 to 64 letters, digits, - and _".to_owned());
        }
        let pkcs8 = STANDARD
            .decode(encoded)
            .map(SecretSlice::from)
            .map_err(|_| format!("signing key {kid} is not base64"))?;
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.expose_secret())
            .map_err(|_| format!("signing key {kid} is not an Ed25519 key in PKCS#8"))?;
        let public = pair.public_key().as_ref().to_vec();
        Ok(Self { kid, pkcs8, public })
    }
}

type Numbered = (u32, SecretBox<[u8; KEY]>);

/// All keys of an installation. Cleared from memory when dropped.
pub struct Keys {
    sealing: Vec<Numbered>,
    safeguarding: Vec<Numbered>,
    signing: Vec<SigningKey>,
    cursor: SecretBox<[u8; KEY]>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("sealing", &self.sealing.iter().map(|(id, _)| id).collect::<Vec<_>>())
            .field("safeguarding", &self.safeguarding.iter().map(|(id, _)| id).collect::<Vec<_>>())
            .field("signing", &self.signing.iter().map(|key| &key.kid).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Keys {
    /// Fresh keys, one of each.
    ///
    /// # Errors
    /// When the machine gives no random bytes.
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self {
            sealing: vec![(1, random())],
            safeguarding: vec![(1, random())],
            signing: vec![SigningKey::generate()?],
            cursor: random(),
        })
    }

    /// The keys that the settings name. On SQLite a missing file is made beside the database, and `true` says so; on
    /// PostgreSQL it is an error, because other replicas have the right one.
    ///
    /// # Errors
    /// When the keys are missing, malformed or readable by others.
    pub fn open(config: &Config) -> Result<(Self, bool), KeyError> {
        if let Some(keys) = &config.keys {
            return Ok((keys.expose_secret().parse()?, false));
        }
        let path = config.keys_file.as_deref().ok_or(KeyError::Unset)?;
        match config.location() {
            Location::Sqlite(_) => Self::load_or_create(path),
            Location::Postgres(_) => Ok((Self::load_file(path)?, false)),
        }
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// When it is missing, malformed or readable by others.
    pub fn load_file(path: &Path) -> Result<Self, KeyError> {
        Self::read_file(path, false)
    }

    fn read_file(path: &Path, complete: bool) -> Result<Self, KeyError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => KeyError::Missing { path: path.to_owned() },
            _ => KeyError::File { path: path.to_owned(), source },
        };
        let file = File::open(path).map_err(failed)?;
        refuse_readable_by_others(path, &file)?;
        // Room for all of it from the start: a growing text would leave copies of the keys behind.
        let mut text =
            Zeroizing::new(String::with_capacity(usize::try_from(LONGEST_FILE + 1).unwrap_or(KEY)));
        file.take(LONGEST_FILE + 1).read_to_string(&mut text).map_err(failed)?;
        Self::parse(&text, &path.display().to_string(), complete)
    }

    /// Reads a key file, or makes one with fresh keys when there is none; `true` says that it was made.
    ///
    /// # Errors
    /// When it is malformed, readable by others, or cannot be made.
    pub fn load_or_create(path: &Path) -> Result<(Self, bool), KeyError> {
        match Self::load_file(path) {
            Err(KeyError::Missing { .. }) => {}
            loaded => return Ok((loaded?, false)),
        }
        let keys = Self::generate()?;
        match keys.create_file(path) {
            Ok(()) => Ok((keys, true)),
            // Another process was faster: its keys are the ones.
            Err(KeyError::Exists { .. }) => Ok((Self::load_file(path)?, false)),
            Err(error) => Err(error),
        }
    }

    /// Writes the keys to a new file that only its owner may read. It is whole or not there, even after a power cut.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn create_file(&self, path: &Path) -> Result<(), KeyError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyError::Exists { path: path.to_owned() },
            _ => KeyError::File { path: path.to_owned(), source },
        };
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(directory).map_err(failed)?;
        let unique = format!(".alongside-{:016x}.tmp", rand::rng().random::<u64>());
        let temporary = directory.join(unique);
        let placed = self.write(&temporary).and_then(|()| place(&temporary, path));
        // Gone already when it was renamed.
        let _ = fs::remove_file(&temporary);
        placed.and_then(|()| File::open(directory)?.sync_all()).map_err(failed)
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(self.to_text().expose_secret().as_bytes())?;
        file.sync_all()
    }

    /// The keys as a key file holds them.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        let encode = |bytes: &[u8]| Zeroizing::new(STANDARD.encode(bytes));
        let sealing: Vec<_> =
            self.sealing.iter().map(|(id, key)| (*id, encode(key.expose_secret()))).collect();
        let safeguarding: Vec<_> =
            self.safeguarding.iter().map(|(id, key)| (*id, encode(key.expose_secret()))).collect();
        let signing: Vec<_> =
            self.signing.iter().map(|key| (&key.kid, encode(key.pkcs8.expose_secret()))).collect();
        let cursor = encode(self.cursor.expose_secret());
        let written = Written {
            version: VERSION,
            sealing: sealing.iter().map(|(id, key)| WrittenSealing { id: *id, key }).collect(),
            safeguarding: safeguarding.iter().map(|(id, key)| WrittenSealing { id: *id, key }).collect(),
            signing: signing.iter().map(|(id, pkcs8)| WrittenSigning { id, pkcs8 }).collect(),
            cursor: &cursor,
        };
        SecretString::from(serde_json::to_string_pretty(&written).unwrap_or_default())
    }

    /// The sealing keys by id, for the store's ring.
    pub fn sealing(&self) -> impl Iterator<Item = (u32, SecretSlice<u8>)> + '_ {
        handed_out(&self.sealing)
    }

    /// The keys for what only safeguarding leads see, by id, for the store's ring.
    pub fn safeguarding(&self) -> impl Iterator<Item = (u32, SecretSlice<u8>)> + '_ {
        handed_out(&self.safeguarding)
    }

    /// The keys that verify tokens, oldest first.
    #[must_use]
    pub fn signing(&self) -> &[SigningKey] {
        &self.signing
    }

    /// The key that authenticates cursors.
    #[must_use]
    pub const fn cursor(&self) -> &SecretBox<[u8; KEY]> {
        &self.cursor
    }

    /// Reads keys. What a file of a former version lacks is made where `complete` asks for it, and refused otherwise.
    fn parse(text: &str, place: &str, complete: bool) -> Result<Self, KeyError> {
        let malformed = |reason: String| KeyError::Malformed { place: place.to_owned(), reason };
        if u64::try_from(text.len()).map_or(true, |length| length > LONGEST_FILE) {
            return Err(malformed(format!("longer than {LONGEST_FILE} bytes")));
        }
        if text.trim().is_empty() {
            return Err(malformed("empty".to_owned()));
        }
        let reader = &mut serde_json::Deserializer::from_str(text);
        let read: Read = serde_path_to_error::deserialize(&mut *reader).map_err(|error| {
            // The reader's own words may quote a value: say only where.
            let (line, column) = (error.inner().line(), error.inner().column());
            malformed(format!("not a key file at line {line}, column {column} (member {})", error.path()))
        })?;
        reader.end().map_err(|_| malformed("there is more after the end".to_owned()))?;
        if read.safeguarding.is_none() && !complete {
            return Err(KeyError::Former { place: place.to_owned(), lacks: "a safeguarding key" });
        }
        read.keys().map_err(malformed)
    }
}

fn handed_out(keys: &[Numbered]) -> impl Iterator<Item = (u32, SecretSlice<u8>)> + '_ {
    keys.iter().map(|(id, key)| (*id, SecretSlice::from(key.expose_secret().to_vec())))
}

impl FromStr for Keys {
    type Err = KeyError;

    /// Reads the content of a key file that came in the environment.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::parse(text, "the setting keys", false)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    version: u32,
    sealing: Vec<ReadSealing>,
    /// Not there in a file of a former version.
    safeguarding: Option<Vec<ReadSealing>>,
    signing: Vec<ReadSigning>,
    cursor: SecretString,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadSealing {
    id: u32,
    key: SecretString,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadSigning {
    id: String,
    pkcs8: SecretString,
}

impl Read {
    fn keys(self) -> Result<Keys, String> {
        if self.version != VERSION {
            return Err(format!("version {} is not known, only {VERSION}", self.version));
        }
        let sealing = numbered("sealing", self.sealing)?;
        let safeguarding = match self.safeguarding {
            Some(keys) => numbered("safeguarding", keys)?,
            None => vec![(1, random())],
        };
        let mut signing: Vec<SigningKey> = Vec::with_capacity(self.signing.len());
        for key in self.signing {
            let key = SigningKey::read(key.id, key.pkcs8.expose_secret())?;
            if signing.iter().any(|other| other.kid == key.kid) {
                return Err(format!("signing key {} is there twice", key.kid));
            }
            signing.push(key);
        }
        if sealing.is_empty() || safeguarding.is_empty() || signing.is_empty() {
            return Err("there must be a sealing key, a safeguarding key and a signing key".to_owned());
        }
        Ok(Keys { sealing, safeguarding, signing, cursor: bytes("the cursor key", &self.cursor)? })
    }
}

fn numbered(group: &str, keys: Vec<ReadSealing>) -> Result<Vec<Numbered>, String> {
    let mut read = Vec::with_capacity(keys.len());
    let mut ids = BTreeSet::new();
    for key in keys {
        if !ids.insert(key.id) {
            return Err(format!("{group} key {} is there twice", key.id));
        }
        read.push((key.id, bytes(&format!("{group} key {}", key.id), &key.key)?));
    }
    Ok(read)
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    sealing: Vec<WrittenSealing<'a>>,
    safeguarding: Vec<WrittenSealing<'a>>,
    signing: Vec<WrittenSigning<'a>>,
    cursor: &'a str,
}

#[derive(Serialize)]
struct WrittenSealing<'a> {
    id: u32,
    key: &'a str,
}

#[derive(Serialize)]
struct WrittenSigning<'a> {
    id: &'a str,
    pkcs8: &'a str,
}

fn random() -> SecretBox<[u8; KEY]> {
    SecretBox::init_with_mut(|key: &mut [u8; KEY]| rand::rng().fill(key))
}

fn bytes(name: &str, encoded: &SecretString) -> Result<SecretBox<[u8; KEY]>, String> {
    let decoded = STANDARD
        .decode(encoded.expose_secret())
        .map(Zeroizing::new)
        .map_err(|_| format!("{name} is not base64"))?;
    if decoded.len() != KEY {
        return Err(format!("{name} has {} bytes, not {KEY}", decoded.len()));
    }
    let key = SecretBox::init_with_mut(|key: &mut [u8; KEY]| key.copy_from_slice(&decoded));
    if key.expose_secret().iter().all(|byte| *byte == 0) {
        return Err(format!("{name} is all zeros"));
    }
    Ok(key)
}

/// The name of a public key by RFC 7638.
fn thumbprint(public: &[u8]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)))
}

/// Puts the finished file in its place. A hard link, unlike a rename, never replaces what is there; where the file
/// system knows no hard links, a look before the rename has to do.
fn place(temporary: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) if path.symlink_metadata().is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(temporary, path),
        Ok(()) => Ok(()),
    }
}

#[cfg(unix)]
fn refuse_readable_by_others(path: &Path, file: &File) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file.metadata().map_err(|source| KeyError::File { path: path.to_owned(), source })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyError::Open { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn refuse_readable_by_others(_path: &Path, _file: &File) -> Result<(), KeyError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("alongside-keys-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("alongside.key")
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn edited(edit: impl FnOnce(&mut serde_json::Value)) -> Result<Keys, KeyError> {
        let text = Keys::generate().unwrap().to_text();
        let mut json: serde_json::Value = serde_json::from_str(text.expose_secret()).unwrap();
        edit(&mut json);
        json.to_string().parse()
    }

    fn refused(edit: impl FnOnce(&mut serde_json::Value)) -> String {
        edited(edit).unwrap_err().to_string()
    }

    #[test]
    fn keys_survive_writing_and_reading() {
        let keys = Keys::generate().unwrap();
        let again: Keys = keys.to_text().expose_secret().parse().unwrap();
        assert_eq!(keys.to_text().expose_secret(), again.to_text().expose_secret());
        assert_eq!(keys.signing()[0].public(), again.signing()[0].public());
        assert_eq!((keys.signing()[0].kid().len(), keys.signing()[0].public().len()), (43, 32));
        assert_eq!(
            keys.sealing().map(|(id, key)| (id, key.expose_secret().len())).collect::<Vec<_>>(),
            [(1, 32)]
        );
        let other = Keys::generate().unwrap();
        assert_ne!(keys.cursor().expose_secret(), other.cursor().expose_secret());
    }

    #[test]
    fn the_file_is_made_once_for_its_owner_alone_and_never_overwritten() {
        let directory = Directory::new("once");
        let path = directory.file();
        assert!(matches!(Keys::load_file(&path), Err(KeyError::Missing { .. })));
        let (made, created) = Keys::load_or_create(&path).unwrap();
        let (read, created_again) = Keys::load_or_create(&path).unwrap();
        assert!(created && !created_again);
        assert_eq!(made.to_text().expose_secret(), read.to_text().expose_secret());
        assert!(matches!(Keys::generate().unwrap().create_file(&path), Err(KeyError::Exists { .. })));
        assert_eq!(Keys::load_file(&path).unwrap().to_text().expose_secret(), made.to_text().expose_secret());
        assert_eq!(fs::read_dir(&directory.0).unwrap().count(), 1, "a temporary file was left");
    }

    #[test]
    fn starts_at_the_same_moment_agree_on_one_file() {
        let directory = Directory::new("race");
        let path = directory.file();
        let starts: Vec<_> = (0..8)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || Keys::load_or_create(&path).unwrap())
            })
            .collect();
        let keys: Vec<_> = starts.into_iter().map(|start| start.join().unwrap()).collect();
        assert_eq!(keys.iter().filter(|(_, created)| *created).count(), 1);
        let first = keys[0].0.to_text();
        assert!(keys.iter().all(|(key, _)| key.to_text().expose_secret() == first.expose_secret()));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = Directory::new("mode");
        let path = directory.file();
        Keys::load_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for mode in [0o640, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let refused = Keys::load_file(&path).unwrap_err().to_string();
            assert!(refused.contains("chmod 600") && refused.contains(&format!("{mode:o}")), "{refused}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(Keys::load_file(&path).is_ok());
    }

    #[test]
    fn what_is_wrong_with_a_key_is_said_without_the_key() {
        let short = STANDARD.encode([1; 31]);
        assert!(refused(|json| json["cursor"] = short.clone().into()).contains("has 31 bytes, not 32"));
        assert!(
            refused(|json| json["sealing"][0]["key"] = "%%".into()).contains("sealing key 1 is not base64")
        );
        assert!(refused(|json| json["signing"][0]["pkcs8"] = short.into()).contains("is not an Ed25519 key"));
        assert!(refused(|json| json["signing"][0]["id"] = "../x".into()).contains("id of a signing key"));
        assert!(refused(|json| json["sealing"] = serde_json::json!([])).contains("must be a sealing key"));
        assert!(refused(|json| json["version"] = 2.into()).contains("version 2 is not known"));
        assert!(refused(|json| json["cursor"] = STANDARD.encode([0; 32]).into()).contains("all zeros"));
        let twice =
            |json: &mut serde_json::Value| json["sealing"] = vec![json["sealing"][0].clone(); 2].into();
        assert!(refused(twice).contains("there twice"));
        for wrong in [r#"{"version":1,"sealing":"hunter22hunter22"}"#, "hunter22hunter22", ""] {
            let refused = wrong.parse::<Keys>().unwrap_err().to_string();
            assert!(refused.contains("malformed") && !refused.contains("hunter22"), "{refused}");
        }
    }

    #[test]
    fn a_file_of_a_former_version_is_refused_until_it_is_upgraded_and_keeps_its_keys() {
        let directory = Directory::new("former");
        let path = directory.file();
        Keys::load_or_create(&path).unwrap();
        let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        json.as_object_mut().unwrap().remove("safeguarding").unwrap();
        fs::write(&path, json.to_string()).unwrap();
        let refused = Keys::load_file(&path).unwrap_err().to_string();
        assert!(refused.contains("keys upgrade") && !refused.contains('\n'), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), json.to_string(), "the file was changed");
        Keys::upgrade_file(&path).unwrap();
        let upgraded: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(upgraded["sealing"], json["sealing"]);
        assert_eq!(upgraded["safeguarding"].as_array().unwrap().len(), 1);
        Keys::upgrade_file(&path).unwrap();
        let again: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(again, upgraded, "a second upgrade changed a key");
    }

    #[test]
    fn nothing_shows_a_key() {
        let keys = Keys::generate().unwrap();
        let shown = format!("{keys:?}");
        assert!(shown.contains(keys.signing()[0].kid()));
        assert!(!shown.contains(&STANDARD.encode(keys.cursor().expose_secret())));
        assert!(!shown.contains(&format!("{:?}", keys.cursor().expose_secret())));
    }
}
