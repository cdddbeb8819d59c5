//! The pseudonym under which a participant stands in everything but the identity record.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Thirty-one symbols, a prime number of them: digits and capitals without those that are mistaken for one another
/// when read aloud or copied by hand (0, 1, I, L, O).
const ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
const PREFIX: &str = "AS";
/// Symbols that carry the random number; one more checks them.
const PAYLOAD: usize = 8;
const BASE: u64 = 31;
/// Powers of 3, which generates every residue modulo 31: no two positions weigh the same.
const RADIX: u64 = 3;

/// A study id such as `AS-7K3M-9QXT-U`: random, so that nothing about the person can be derived from it, with a check
/// symbol that finds every single wrong symbol and every two symbols that changed places.
///
/// The check is a pure system in the manner of ISO/IEC 7064, with modulus 31 and radix 3.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StudyId(String);

/// Why a text is no study id. It never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StudyIdError {
    #[error("a study id looks like AS-7K3M-9QXT-U")]
    Form,
    #[error("the check symbol does not fit: one symbol or more was mistyped")]
    Check,
}

impl StudyId {
    /// How it looks, for messages and the document.
    pub const PATTERN: &str = "^AS-[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]$";

    /// The study id of five random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 5]) -> Self {
        let mut number = bytes.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        let mut values = Vec::with_capacity(PAYLOAD + 1);
        for _ in 0..PAYLOAD {
            values.push(number % BASE);
            number /= BASE;
        }
        values.push(check(&values));
        Self(format_values(&values))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The value that makes the weighted sum of all symbols a multiple of 31.
fn check(payload: &[u64]) -> u64 {
    // Horner's rule gives the last symbol weight 1, the one before it 3, and so on.
    let sum = payload.iter().fold(0, |sum, value| (sum + value) * RADIX % BASE);
    (BASE - sum) % BASE
}

fn format_values(values: &[u64]) -> String {
    let mut text = String::from(PREFIX);
    for (position, value) in values.iter().enumerate() {
        if position % 4 == 0 {
            text.push('-');
        }
        let symbol = usize::try_from(*value).ok().and_then(|at| ALPHABET.get(at));
        text.extend(symbol.map(|symbol| char::from(*symbol)));
    }
    text
}

impl FromStr for StudyId {
    type Err = StudyIdError;

    /// Reads what a person typed: small letters, spaces and missing hyphens are forgiven, wrong symbols are not.
    fn from_str(text: &str) -> Result<Self, StudyIdError> {
        let symbols: String =
            text.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_uppercase()).collect();
        let symbols = symbols.strip_prefix(PREFIX).ok_or(StudyIdError::Form)?;
        let mut values = Vec::with_capacity(PAYLOAD + 1);
        for symbol in symbols.bytes() {
            let at = ALPHABET.iter().position(|known| *known == symbol).ok_or(StudyIdError::Form)?;
            values.push(u64::try_from(at).map_err(|_| StudyIdError::Form)?);
        }
        let (given, payload) = values.split_last().ok_or(StudyIdError::Form)?;
        if payload.len() != PAYLOAD {
            return Err(StudyIdError::Form);
        }
        if check(payload) != *given {
            return Err(StudyIdError::Check);
        }
        Ok(Self(format_values(&values)))
    }
}

impl TryFrom<String> for StudyId {
    type Error = StudyIdError;
    fn try_from(text: String) -> Result<Self, StudyIdError> {
        text.parse()
    }
}

impl From<StudyId> for String {
    fn from(id: StudyId) -> Self {
        id.0
    }
}

impl fmt::Display for StudyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for StudyId {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some(Self::PATTERN))
            .max_length(Some(14))
            .description(Some("The participant's pseudonym, with a check symbol at its end."))
            .examples(["AS-7K3M-9QXT-U"])
            .into()
    }
}
#[cfg(feature = "schema")]
impl utoipa::ToSchema for StudyId {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn looks_as_promised_and_is_read_as_people_write_it() {
        let id = StudyId::from_random([1, 2, 3, 4, 5]);
        assert_eq!(id.as_str().len(), 14, "{id}");
        assert!(regex::Regex::new(StudyId::PATTERN).unwrap().is_match(id.as_str()), "{id}");
        let sloppy = id.as_str().to_lowercase().replace('-', " ");
        assert_eq!(sloppy.parse(), Ok(id));
        assert_eq!("AS-7K3M-9QXT".parse::<StudyId>(), Err(StudyIdError::Form));
        assert_eq!("".parse::<StudyId>(), Err(StudyIdError::Form));
    }

    #[test]
    fn the_documented_example_is_valid() {
        let found = ALPHABET
            .iter()
            .map(|symbol| format!("AS-7K3M-9QXT-{}", char::from(*symbol)))
            .find(|text| text.parse::<StudyId>().is_ok());
        assert_eq!(found.as_deref(), Some("AS-7K3M-9QXT-U"));
    }

    proptest! {
        #[test]
        fn a_wrong_symbol_is_found(bytes: [u8; 5], at in 0_usize..14, symbol in 0_usize..31) {
            let id = StudyId::from_random(bytes);
            prop_assert_eq!(&id.as_str().parse::<StudyId>().unwrap(), &id);
            let mut changed: Vec<char> = id.as_str().chars().collect();
            let symbol = char::from(ALPHABET[symbol]);
            prop_assume!(changed[at] != symbol);
            changed[at] = symbol;
            prop_assert!(changed.iter().collect::<String>().parse::<StudyId>().is_err());
        }

        #[test]
        fn two_neighbours_in_each_others_place_are_found(bytes: [u8; 5], at in 0_usize..10) {
            let id = StudyId::from_random(bytes);
            let mut symbols: Vec<char> = id.as_str().chars().filter(|c| *c != '-').collect();
            prop_assume!(symbols[at] != symbols[at + 1]);
            symbols.swap(at, at + 1);
            prop_assert!(symbols.iter().collect::<String>().parse::<StudyId>().is_err());
        }
    }
}
