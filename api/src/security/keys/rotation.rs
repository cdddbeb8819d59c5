//! Changing the signing keys of a key file, one step at a time.
//!
//! Tokens are signed by one key and verified by all. A change that no caller notices takes four steps, each followed
//! by a restart of the replicas one after the other: add a key that only verifies, let it sign, wait until the tokens
//! of the old key have expired, retire the old key.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use alongside_domain::choice::Choice as _;
use alongside_domain::data_class::KeyGroup;
use rand::RngExt as _;
use secrecy::ExposeSecret as _;

use super::{KeyError, Keys, Numbered, SigningKey, random};

/// Why the signing keys stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error("there is no signing key {0}")]
    Unknown(String),
    #[error("{0} is the key that signs: let another one sign first")]
    Signs(String),
    #[error("there are {0} keys of this kind already: retire one first")]
    Many(usize),
    #[error("there is no {group} key {number}")]
    NotThere { group: &'static str, number: u32 },
    #[error("it is the only {0} key")]
    Only(&'static str),
    #[error("the changed keys do not read back as they were written; the key file is as it was")]
    Changed,
}

fn add(keys: &mut Vec<Numbered>) -> u32 {
    let number = keys.iter().map(|(id, _)| *id).max().unwrap_or(0).saturating_add(1);
    keys.push((number, random()));
    number
}

/// More than a change ever needs: each one makes the check of a token a little longer.
const MOST: usize = 8;

impl Keys {
    /// Adds a signing key that verifies and does not sign yet; answers its id.
    ///
    /// # Errors
    /// When there are too many, or no random bytes.
    pub fn add_signing(&mut self) -> Result<String, RotationError> {
        if self.signing.len() >= MOST {
            return Err(RotationError::Many(self.signing.len()));
        }
        let key = SigningKey::generate()?;
        let kid = key.kid.clone();
        // The last one signs.
        self.signing.insert(0, key);
        Ok(kid)
    }

    /// Lets this key sign from now on. The one that signed before goes on verifying.
    ///
    /// # Errors
    /// When there is no such key.
    pub fn use_signing(&mut self, kid: &str) -> Result<(), RotationError> {
        let key = self.take_signing(kid)?;
        self.signing.push(key);
        Ok(())
    }

    /// Forgets a key: its tokens are refused.
    ///
    /// # Errors
    /// When there is no such key, and when it is the one that signs.
    pub fn retire_signing(&mut self, kid: &str) -> Result<(), RotationError> {
        if self.signing.last().is_some_and(|key| key.kid == kid) {
            return Err(RotationError::Signs(kid.to_owned()));
        }
        self.take_signing(kid).map(drop)
    }

    /// Adds a sealing and a safeguarding key behind those that are there; answers their numbers.
    ///
    /// # Errors
    /// When there are too many already.
    pub fn add_wrapping(&mut self) -> Result<(u32, u32), RotationError> {
        let most = self.sealing.len().max(self.safeguarding.len());
        if most >= MOST {
            return Err(RotationError::Many(most));
        }
        Ok((add(&mut self.sealing), add(&mut self.safeguarding)))
    }

    /// Forgets a key that wraps nothing any more. Whether it does, the database says: that is asked before.
    ///
    /// # Errors
    /// When there is no such key, and when it is the only one.
    pub fn retire_wrapping(&mut self, group: KeyGroup, number: u32) -> Result<(), RotationError> {
        let keys = match group {
            KeyGroup::Sealing => &mut self.sealing,
            KeyGroup::Safeguarding => &mut self.safeguarding,
        };
        let place = keys.iter().position(|(id, _)| *id == number);
        let place = place.ok_or(RotationError::NotThere { group: group.code(), number })?;
        if keys.len() == 1 {
            return Err(RotationError::Only(group.code()));
        }
        keys.remove(place);
        Ok(())
    }

    fn take_signing(&mut self, kid: &str) -> Result<SigningKey, RotationError> {
        let place = self.signing.iter().position(|key| key.kid == kid);
        Ok(self.signing.remove(place.ok_or_else(|| RotationError::Unknown(kid.to_owned()))?))
    }

    /// Changes a key file. It is the old one or the new one whenever the power fails, and two changes at the same time
    /// follow one another.
    ///
    /// # Errors
    /// What `change` refuses, and when the file cannot be read or written; it is as it was then.
    pub fn change_file<T>(
        path: &Path,
        change: impl FnOnce(&mut Self) -> Result<T, RotationError>,
    ) -> Result<T, RotationError> {
        Self::change(path, false, change)
    }

    /// Adds to a key file of a former version the keys that it lacks. A file that lacks none stays as it is.
    ///
    /// # Errors
    /// As [`Keys::change_file`].
    pub fn upgrade_file(path: &Path) -> Result<(), RotationError> {
        match Self::load_file(path) {
            Err(KeyError::Former { .. }) => Self::change(path, true, |_| Ok(())),
            loaded => Ok(loaded.map(drop)?),
        }
    }

    fn change<T>(
        path: &Path,
        complete: bool,
        change: impl FnOnce(&mut Self) -> Result<T, RotationError>,
    ) -> Result<T, RotationError> {
        // A rename would put a file of its own in the place of a link to the real one.
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => KeyError::Missing { path: path.to_owned() },
            _ => KeyError::File { path: path.to_owned(), source },
        };
        let real = path.canonicalize().map_err(failed)?;
        let directory = real.parent().unwrap_or_else(|| Path::new("."));
        let lock = File::open(directory).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let mut keys = Self::read_file(&real, complete)?;
        let answer = change(&mut keys)?;
        let temporary = directory.join(format!(".alongside-{:016x}.tmp", rand::rng().random::<u64>()));
        let written = keys.write(&temporary).map_err(failed).and_then(|()| Self::load_file(&temporary));
        let placed = written.map_err(RotationError::from).and_then(|read| {
            // The sealing keys are in there, too: nothing is replaced by what cannot be read.
            if read.to_text().expose_secret() != keys.to_text().expose_secret() {
                return Err(RotationError::Changed);
            }
            Ok(fs::rename(&temporary, &real).and_then(|()| lock.sync_all()).map_err(failed)?)
        });
        // Gone already when it was renamed.
        let _ = fs::remove_file(&temporary);
        placed.map(|()| answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kids(keys: &Keys) -> Vec<String> {
        keys.signing().iter().map(|key| key.kid().to_owned()).collect()
    }

    #[test]
    fn a_new_key_verifies_first_then_signs_and_the_old_one_goes_last() {
        let mut keys = Keys::generate().unwrap();
        let old = kids(&keys).remove(0);
        let new = keys.add_signing().unwrap();
        assert_eq!(kids(&keys), [new.clone(), old.clone()]);
        assert!(matches!(keys.retire_signing(&old), Err(RotationError::Signs(_))));
        keys.use_signing(&new).unwrap();
        assert_eq!(kids(&keys), [old.clone(), new.clone()]);
        keys.retire_signing(&old).unwrap();
        assert_eq!(kids(&keys), std::slice::from_ref(&new));
        assert!(matches!(keys.retire_signing(&new), Err(RotationError::Signs(_))));
        for wrong in ["", "../x", &old] {
            assert!(matches!(keys.use_signing(wrong), Err(RotationError::Unknown(_))));
            assert!(matches!(keys.retire_signing(wrong), Err(RotationError::Unknown(_))));
        }
    }

    #[test]
    fn there_are_never_many() {
        let mut keys = Keys::generate().unwrap();
        let added = std::iter::repeat_with(|| keys.add_signing()).take_while(Result::is_ok).take(100).count();
        assert_eq!(added, MOST - 1);
    }

    #[test]
    fn wrapping_keys_are_added_at_the_end_and_the_last_one_of_a_group_stays() {
        let mut keys = Keys::generate().unwrap();
        assert_eq!(keys.add_wrapping().unwrap(), (2, 2));
        let numbers = |keys: &Keys| keys.sealing().map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!(numbers(&keys), [1, 2]);
        let again: Keys = keys.to_text().expose_secret().parse().unwrap();
        assert_eq!(numbers(&again), [1, 2]);
        keys.retire_wrapping(KeyGroup::Sealing, 1).unwrap();
        assert_eq!((numbers(&keys), keys.safeguarding().count()), (vec![2], 2));
        let refused = keys.retire_wrapping(KeyGroup::Sealing, 1);
        assert!(matches!(refused, Err(RotationError::NotThere { group: "sealing", number: 1 })));
        assert!(matches!(keys.retire_wrapping(KeyGroup::Sealing, 2), Err(RotationError::Only("sealing"))));
        // A number is never given twice while its key may still be somewhere.
        assert_eq!(keys.add_wrapping().unwrap(), (3, 3));
    }

    #[test]
    fn a_change_of_the_file_keeps_everything_else_and_leaves_nothing_behind() {
        let directory = std::env::temp_dir().join(format!("alongside-rotation-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        let path = directory.join("alongside.key");
        let (before, _) = Keys::load_or_create(&path).unwrap();
        let changes: Vec<_> = (0..4)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || Keys::change_file(&path, Keys::add_signing).unwrap())
            })
            .collect();
        let mut added: Vec<_> = changes.into_iter().map(|change| change.join().unwrap()).collect();
        let refused = Keys::change_file(&path, |keys| keys.retire_signing("nobody"));
        assert!(matches!(refused, Err(RotationError::Unknown(_))));
        let mut after = Keys::load_file(&path).unwrap();
        added.sort();
        let mut found = kids(&after);
        assert_eq!(found.pop().as_deref(), Some(before.signing()[0].kid()), "another key signs");
        found.sort();
        assert_eq!(found, added, "a change was lost");
        for kid in added {
            after.retire_signing(&kid).unwrap();
        }
        assert_eq!(after.to_text().expose_secret(), before.to_text().expose_secret());
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "a temporary file was left");
        let _ = fs::remove_dir_all(&directory);
    }
}
