//! Sealed cells: authenticated encryption of one field in one row.
//!
//! A cell is XChaCha20-Poly1305 over the plaintext, bound to table, column and row, so that a cell copied to another
//! place does not open there. It is sealed with a data key of the record it belongs to ([`RecordKeys`]); the data key is
//! in the database, wrapped by a key that is not ([`KeyRing`]). Layout: version (1 byte, 2), id of the data key (16
//! bytes), nonce (24), ciphertext with its tag.
//!
//! Cells from before there were data keys have the version 1 and the number of a sealing key (4 bytes, little endian) in
//! the place of the data key. They open as long as the key file has that key; nothing makes new ones.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use alongside_domain::choice::Choice as _;
use alongside_domain::data_class::RecordKind;
pub use alongside_domain::data_class::{DataClass, KeyGroup};
use alongside_domain::id::{FlagId, ParticipantId, PersonId};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand::RngExt as _;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretSlice};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::StoreError;
use crate::types::Sealed;

/// The layout from before there were data keys.
const FORMER_LAYOUT: u8 = 1;
const LAYOUT: u8 = 2;
const NONCE: usize = 24;
/// Every class there is.
pub(crate) const CLASSES: [DataClass; 4] =
    [DataClass::Identity, DataClass::Health, DataClass::Safeguarding, DataClass::Replies];
/// Length of every key.
pub const KEY: usize = 32;

/// Whose data keys seal a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Record {
    Participant(ParticipantId),
    /// Somebody who works with the service.
    Person(PersonId),
    /// A flag that is about nobody in care.
    Flag(FlagId),
    /// What belongs to no record, such as the secrets of second factors.
    Installation,
}

impl Record {
    /// The id by which its data keys are found.
    #[must_use]
    pub fn id(self) -> Uuid {
        match self {
            Self::Participant(id) => id.uuid(),
            Self::Person(id) => id.uuid(),
            Self::Flag(id) => id.uuid(),
            Self::Installation => Uuid::nil(),
        }
    }

    #[must_use]
    pub(crate) const fn kind(self) -> RecordKind {
        match self {
            Self::Participant(_) => RecordKind::Participant,
            Self::Person(_) => RecordKind::Person,
            Self::Flag(_) => RecordKind::Flag,
            Self::Installation => RecordKind::Installation,
        }
    }

    /// Whose flag it is: the participant's, or the flag stands for itself.
    #[must_use]
    pub fn of_flag(flag: FlagId, participant: Option<ParticipantId>) -> Self {
        participant.map_or(Self::Flag(flag), Self::Participant)
    }
}

/// Where a cell belongs.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub class: DataClass,
    pub table: &'static str,
    pub column: &'static str,
    pub row: Uuid,
}

impl Place {
    fn associated_data(self) -> Vec<u8> {
        let mut data = Vec::with_capacity(self.table.len() + self.column.len() + 18);
        data.extend_from_slice(self.table.as_bytes());
        data.push(b'.');
        data.extend_from_slice(self.column.as_bytes());
        data.push(b':');
        data.extend_from_slice(self.row.as_bytes());
        data
    }
}

/// Keys of both groups by number, the sealing keys first.
pub type NumberedKeys = [Vec<(u32, SecretSlice<u8>)>; 2];

/// Where the keys can be read anew.
type Source = Box<dyn Fn() -> Option<NumberedKeys> + Send + Sync>;

/// The keys that wrap data keys. They come from a file or the environment, never from the database.
pub struct KeyRing {
    ciphers: RwLock<Groups>,
    source: Option<Source>,
}

struct Groups {
    sealing: Ciphers,
    safeguarding: Ciphers,
}

type Ciphers = BTreeMap<u32, XChaCha20Poly1305>;

impl Groups {
    const fn of(&self, group: KeyGroup) -> &Ciphers {
        match group {
            KeyGroup::Sealing => &self.sealing,
            KeyGroup::Safeguarding => &self.safeguarding,
        }
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("sealing", &self.numbers(KeyGroup::Sealing))
            .field("safeguarding", &self.numbers(KeyGroup::Safeguarding))
            .finish_non_exhaustive()
    }
}

fn ciphers(keys: impl IntoIterator<Item = (u32, SecretSlice<u8>)>) -> Result<Ciphers, StoreError> {
    let mut ciphers = BTreeMap::new();
    for (id, key) in keys {
        let cipher = XChaCha20Poly1305::new_from_slice(key.expose_secret())
            .map_err(|_| StoreError::Sealed("a sealing key must be 32 bytes long"))?;
        ciphers.insert(id, cipher);
    }
    if ciphers.is_empty() {
        return Err(StoreError::Sealed("there is no sealing key"));
    }
    Ok(ciphers)
}

impl KeyRing {
    /// A ring of 32-byte keys by number, for each group.
    ///
    /// # Errors
    /// When a group has no key, or one is not 32 bytes long.
    pub fn new(
        sealing: impl IntoIterator<Item = (u32, SecretSlice<u8>)>,
        safeguarding: impl IntoIterator<Item = (u32, SecretSlice<u8>)>,
    ) -> Result<Self, StoreError> {
        let groups = Groups { sealing: ciphers(sealing)?, safeguarding: ciphers(safeguarding)? };
        Ok(Self { ciphers: RwLock::new(groups), source: None })
    }

    /// With a place to look when a key is asked for that is not there: a key that was added to the file since this
    /// process started is found without a new start.
    #[must_use]
    pub fn reread_from(self, source: impl Fn() -> Option<NumberedKeys> + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }

    /// The numbers of a group's keys, in order.
    pub(crate) fn numbers(&self, group: KeyGroup) -> Vec<u32> {
        let groups = self.ciphers.read().unwrap_or_else(PoisonError::into_inner);
        groups.of(group).keys().copied().collect()
    }

    fn key(&self, group: KeyGroup, number: i64) -> Result<XChaCha20Poly1305, StoreError> {
        let missing = StoreError::KeyMissing { group: group.code(), number };
        let Ok(wanted) = u32::try_from(number) else { return Err(missing) };
        let known = |ring: &Self| {
            let groups = ring.ciphers.read().unwrap_or_else(PoisonError::into_inner);
            groups.of(group).get(&wanted).cloned()
        };
        if let Some(key) = known(self) {
            return Ok(key);
        }
        self.reread();
        known(self).ok_or(missing)
    }

    /// Takes in what was added. A key that is there already stays as it is.
    fn reread(&self) {
        let Some([sealing, safeguarding]) = self.source.as_ref().and_then(|source| source()) else { return };
        let (Ok(sealing), Ok(safeguarding)) = (ciphers(sealing), ciphers(safeguarding)) else { return };
        let mut groups = self.ciphers.write().unwrap_or_else(PoisonError::into_inner);
        for (number, key) in sealing {
            groups.sealing.entry(number).or_insert(key);
        }
        for (number, key) in safeguarding {
            groups.safeguarding.entry(number).or_insert(key);
        }
    }

    /// Seals with a wrapping key itself: data keys, and what shows that a key is the right one.
    pub(crate) fn wrap(
        &self,
        group: KeyGroup,
        number: i64,
        bound_to: &[u8],
        plain: &[u8],
    ) -> Result<Sealed, StoreError> {
        let mut wrapped = Vec::with_capacity(NONCE + plain.len() + 16);
        encrypt(&self.key(group, number)?, bound_to, plain, &mut wrapped)?;
        Ok(Sealed(wrapped))
    }

    /// Opens what [`KeyRing::wrap`] sealed.
    pub(crate) fn unwrap(
        &self,
        group: KeyGroup,
        number: i64,
        bound_to: &[u8],
        wrapped: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        decrypt(&self.key(group, number)?, bound_to, &wrapped.0).map(Zeroizing::new)
    }

    /// Opens a cell of the layout from before there were data keys: all of them were sealed by keys of one group.
    pub(crate) fn open_former(&self, place: Place, cell: &Sealed) -> Result<Vec<u8>, StoreError> {
        let rest = cell.0.strip_prefix(&[FORMER_LAYOUT]).ok_or(UNKNOWN_LAYOUT)?;
        let (number, sealed) = rest.split_first_chunk::<4>().ok_or(CUT_SHORT)?;
        let key = self.key(KeyGroup::Sealing, i64::from(u32::from_le_bytes(*number)))?;
        decrypt(&key, &place.associated_data(), sealed)
    }
}

const CUT_SHORT: StoreError = StoreError::Sealed("the cell is cut short");
const UNKNOWN_LAYOUT: StoreError = StoreError::Sealed("the cell has an unknown layout");

fn encrypt(
    key: &XChaCha20Poly1305,
    bound_to: &[u8],
    plain: &[u8],
    into: &mut Vec<u8>,
) -> Result<(), StoreError> {
    let nonce: [u8; NONCE] = rand::rng().random();
    let sealed = key
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: bound_to })
        .map_err(|_| StoreError::Sealed("the cell is too long"))?;
    into.extend_from_slice(&nonce);
    into.extend_from_slice(&sealed);
    Ok(())
}

fn decrypt(key: &XChaCha20Poly1305, bound_to: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(CUT_SHORT)?;
    key.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: bound_to })
        .map_err(|_| StoreError::Sealed("the cell was changed, moved or sealed with another key"))
}

/// A cell that was sealed before there were data keys: the number of the key it was sealed with.
pub(crate) fn former_key(cell: &Sealed) -> Option<u32> {
    let number = cell.0.strip_prefix(&[FORMER_LAYOUT])?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*number))
}

/// The data key that a cell names; none for one from before there were any.
pub(crate) fn named_key(cell: &Sealed) -> Result<Option<Uuid>, StoreError> {
    match cell.0.split_first() {
        Some((&LAYOUT, [])) => Err(StoreError::Erased),
        Some((&LAYOUT, rest)) => {
            let (id, _) = rest.split_first_chunk::<16>().ok_or(CUT_SHORT)?;
            Ok(Some(Uuid::from_bytes(*id)))
        }
        Some((&FORMER_LAYOUT, _)) => Ok(None),
        Some(_) => Err(UNKNOWN_LAYOUT),
        None => Err(CUT_SHORT),
    }
}

/// A cell without content: what is left of one that was sealed before there were data keys, once the record is erased.
pub(crate) fn emptied() -> Sealed {
    Sealed(vec![LAYOUT])
}

/// A data key at hand; without its cipher once it was destroyed.
pub(crate) struct DataKey {
    pub id: Uuid,
    pub class: DataClass,
    pub cipher: Option<XChaCha20Poly1305>,
}

impl DataKey {
    /// With the key itself, as it came out of its wrapping.
    pub(crate) fn opened(id: Uuid, class: DataClass, key: &[u8]) -> Result<Self, StoreError> {
        let cipher = XChaCha20Poly1305::new_from_slice(key)
            .map_err(|_| StoreError::Sealed("a data key must be 32 bytes long"))?;
        Ok(Self { id, class, cipher: Some(cipher) })
    }
}

/// The data keys of one record, unwrapped. They live as long as one request: the next one reads them anew, so that a
/// record erased on one replica is erased on all.
pub struct RecordKeys {
    ring: Arc<KeyRing>,
    record: Record,
    keys: Vec<DataKey>,
}

impl fmt::Debug for RecordKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordKeys").field("record", &self.record).finish_non_exhaustive()
    }
}

impl RecordKeys {
    pub(crate) fn new(ring: Arc<KeyRing>, record: Record, keys: Vec<DataKey>) -> Self {
        Self { ring, record, keys }
    }

    /// Keys that are kept nowhere: what they seal is never opened. So that work for a record that is not there takes as
    /// long as for one that is.
    ///
    /// # Errors
    /// Never, but for a cipher that takes no key of its own length.
    pub fn passing(ring: Arc<KeyRing>, record: Record) -> Result<Self, StoreError> {
        let key: [u8; KEY] = rand::rng().random();
        let of = |class| DataKey::opened(Uuid::nil(), class, &key);
        let keys = CLASSES.into_iter().map(of).collect::<Result<_, _>>()?;
        Ok(Self { ring, record, keys })
    }

    /// Whether these keys are in the database, and so open again what they seal.
    #[must_use]
    pub fn are_kept(&self) -> bool {
        self.keys.iter().all(|key| !key.id.is_nil())
    }

    /// Whose keys these are.
    #[must_use]
    pub const fn record(&self) -> Record {
        self.record
    }

    /// Whether the record has a key of this class, be it destroyed.
    #[must_use]
    pub fn has(&self, class: DataClass) -> bool {
        self.keys.iter().any(|key| key.class == class)
    }

    /// Seals `value` for its place.
    ///
    /// # Errors
    /// [`StoreError::Erased`] once the record is erased, and when the value cannot be written as JSON.
    pub fn seal<T: Serialize + ?Sized>(&self, place: Place, value: &T) -> Result<Sealed, StoreError> {
        self.seal_bytes(place, &Zeroizing::new(serde_json::to_vec(value)?))
    }

    /// Opens the cell at its place.
    ///
    /// # Errors
    /// [`StoreError::Erased`] once the record is erased, and when the cell was changed or moved.
    pub fn open<T: DeserializeOwned>(&self, place: Place, cell: &Sealed) -> Result<T, StoreError> {
        Ok(serde_json::from_slice(&Zeroizing::new(self.open_bytes(place, cell)?))?)
    }

    /// Seals bytes for their place.
    ///
    /// # Errors
    /// As [`RecordKeys::seal`].
    pub fn seal_bytes(&self, place: Place, plain: &[u8]) -> Result<Sealed, StoreError> {
        let key = self.keys.iter().find(|key| key.class == place.class);
        let key = key.ok_or(StoreError::Sealed("the record has no data key of this class"))?;
        let cipher = key.cipher.as_ref().ok_or(StoreError::Erased)?;
        let mut cell = Vec::with_capacity(1 + 16 + NONCE + plain.len() + 16);
        cell.push(LAYOUT);
        cell.extend_from_slice(key.id.as_bytes());
        encrypt(cipher, &place.associated_data(), plain, &mut cell)?;
        Ok(Sealed(cell))
    }

    /// Opens bytes at their place.
    ///
    /// # Errors
    /// As [`RecordKeys::open`].
    pub fn open_bytes(&self, place: Place, cell: &Sealed) -> Result<Vec<u8>, StoreError> {
        let (layout, rest) = cell.0.split_first().ok_or(CUT_SHORT)?;
        match *layout {
            FORMER_LAYOUT => self.ring.open_former(place, cell),
            LAYOUT if rest.is_empty() => Err(StoreError::Erased),
            LAYOUT => {
                let (id, sealed) = rest.split_first_chunk::<16>().ok_or(CUT_SHORT)?;
                let key = self.keys.iter().find(|key| key.id.as_bytes() == id);
                let key = key.ok_or(StoreError::Sealed("the cell names a data key of another record"))?;
                decrypt(key.cipher.as_ref().ok_or(StoreError::Erased)?, &place.associated_data(), sealed)
            }
            _ => Err(UNKNOWN_LAYOUT),
        }
    }
}

/// The data keys of several records, for a list of them.
#[derive(Debug)]
pub struct KeysOfMany(BTreeMap<Record, RecordKeys>);

impl KeysOfMany {
    pub(crate) fn new(keys: impl IntoIterator<Item = RecordKeys>) -> Self {
        Self(keys.into_iter().map(|keys| (keys.record, keys)).collect())
    }

    /// The keys of one of them.
    ///
    /// # Errors
    /// When they were not asked for.
    pub fn of(&self, record: Record) -> Result<&RecordKeys, StoreError> {
        self.0.get(&record).ok_or(StoreError::Sealed("the keys of the record were not read"))
    }
}

/// What a cell says; nothing once the record is erased.
///
/// # Errors
/// Whatever else keeps it shut.
pub fn unless_erased<T>(opened: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(StoreError::Erased) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
