//! Sealed cells: authenticated encryption of one field in one row.
//!
//! A cell is XChaCha20-Poly1305 over the plaintext, bound to table, column and row, so that a cell copied to another
//! place does not open there. Layout: version (1 byte, 1), key id (4 bytes, little endian), nonce (24), ciphertext
//! with its tag. The key id is the seam for rotation: the ring opens with any key it holds and seals with the newest.

use std::collections::BTreeMap;
use std::fmt;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand::RngExt as _;
use secrecy::{ExposeSecret as _, SecretSlice};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::StoreError;
use crate::types::Sealed;

const LAYOUT: u8 = 1;
const NONCE: usize = 24;
const HEADER: usize = 1 + 4 + NONCE;

/// Where a cell belongs.
#[derive(Debug, Clone, Copy)]
pub struct Place {
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

/// The keys that seal and open cells. They come from a file or the environment, never from the database.
pub struct KeyRing {
    ciphers: BTreeMap<u32, XChaCha20Poly1305>,
    newest: u32,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("keys", &self.ciphers.keys()).finish_non_exhaustive()
    }
}

impl KeyRing {
    /// A ring of 32-byte keys by id; the highest id seals.
    ///
    /// # Errors
    /// When there is no key, or one is not 32 bytes long.
    pub fn new(keys: impl IntoIterator<Item = (u32, SecretSlice<u8>)>) -> Result<Self, StoreError> {
        let mut ciphers = BTreeMap::new();
        for (id, key) in keys {
            let cipher = XChaCha20Poly1305::new_from_slice(key.expose_secret())
                .map_err(|_| StoreError::Sealed("a sealing key must be 32 bytes long"))?;
            ciphers.insert(id, cipher);
        }
        let newest = *ciphers.keys().next_back().ok_or(StoreError::Sealed("there is no sealing key"))?;
        Ok(Self { ciphers, newest })
    }

    /// Seals `value` for its place.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub fn seal<T: Serialize + ?Sized>(&self, place: Place, value: &T) -> Result<Sealed, StoreError> {
        self.seal_bytes(place, &serde_json::to_vec(value)?)
    }

    /// Opens the cell at its place.
    ///
    /// # Errors
    /// When the cell was changed or moved, or its key is not on the ring.
    pub fn open<T: DeserializeOwned>(&self, place: Place, cell: &Sealed) -> Result<T, StoreError> {
        Ok(serde_json::from_slice(&self.open_bytes(place, cell)?)?)
    }

    /// Seals bytes for their place.
    ///
    /// # Errors
    /// When the ring has lost its newest key.
    pub fn seal_bytes(&self, place: Place, plain: &[u8]) -> Result<Sealed, StoreError> {
        let cipher = self.ciphers.get(&self.newest).ok_or(StoreError::Sealed("there is no sealing key"))?;
        let nonce: [u8; NONCE] = rand::rng().random();
        let associated = place.associated_data();
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &associated })
            .map_err(|_| StoreError::Sealed("the cell is too long"))?;
        let mut cell = Vec::with_capacity(HEADER + sealed.len());
        cell.push(LAYOUT);
        cell.extend_from_slice(&self.newest.to_le_bytes());
        cell.extend_from_slice(&nonce);
        cell.extend_from_slice(&sealed);
        Ok(Sealed(cell))
    }

    /// Opens bytes at their place.
    ///
    /// # Errors
    /// When the cell was changed or moved, or its key is not on the ring.
    pub fn open_bytes(&self, place: Place, cell: &Sealed) -> Result<Vec<u8>, StoreError> {
        let (header, sealed) =
            cell.0.split_at_checked(HEADER).ok_or(StoreError::Sealed("the cell is cut short"))?;
        let (layout, rest) = header.split_first().ok_or(StoreError::Sealed("the cell is cut short"))?;
        if *layout != LAYOUT {
            return Err(StoreError::Sealed("the cell has an unknown layout"));
        }
        let (id, nonce) = rest.split_first_chunk::<4>().ok_or(StoreError::Sealed("the cell is cut short"))?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| StoreError::Sealed("the cell is cut short"))?;
        let cipher = self
            .ciphers
            .get(&u32::from_le_bytes(*id))
            .ok_or(StoreError::Sealed("the key that sealed the cell is not on the ring"))?;
        let associated = place.associated_data();
        cipher
            .decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: &associated })
            .map_err(|_| StoreError::Sealed("the cell was changed, moved or sealed with another key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(ids: &[u8]) -> KeyRing {
        KeyRing::new(ids.iter().map(|id| (u32::from(*id), SecretSlice::from(vec![*id; 32])))).unwrap()
    }

    fn place(column: &'static str) -> Place {
        Place { table: "participants", column, row: Uuid::from_u128(7) }
    }

    #[test]
    fn a_cell_opens_where_it_was_sealed_and_nowhere_else() {
        let ring = ring(&[1]);
        let cell = ring.seal(place("identity"), "Cornelius Ashdown").unwrap();
        assert_eq!(ring.open::<String>(place("identity"), &cell).unwrap(), "Cornelius Ashdown");
        assert!(ring.open::<String>(place("needs"), &cell).is_err());
        let elsewhere = Place { row: Uuid::from_u128(8), ..place("identity") };
        assert!(ring.open::<String>(elsewhere, &cell).is_err());
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let ring = ring(&[1]);
        let cell = ring.seal(place("identity"), "Cornelius Ashdown").unwrap();
        for at in 0..cell.0.len() {
            let mut changed = cell.clone();
            changed.0[at] ^= 1;
            assert!(ring.open::<String>(place("identity"), &changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn an_older_key_still_opens_and_a_missing_one_says_so() {
        let cell = ring(&[1]).seal(place("identity"), "text").unwrap();
        assert!(ring(&[1, 2]).open::<String>(place("identity"), &cell).is_ok());
        let refused = ring(&[2]).open::<String>(place("identity"), &cell).unwrap_err();
        assert!(refused.to_string().contains("not on the ring"), "{refused}");
    }
}
