//! The chain that seals the audit log, and the checkpoints that sign it: which bytes are hashed and signed.
//!
//! `docs/audit-log.md` describes both for whoever writes a verifier in another language. A change here is a new version
//! of the format, never a change of this one.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::clock::Timestamp;

/// What every event's bytes begin with, so that they are never taken for anything else.
const EVENT: &[u8] = b"alongside audit event 1\n";
/// The name and version of the checkpoints' format: the first line of what is signed.
pub const CHECKPOINT: &str = "alongside-audit-checkpoint-1";
/// The hash before the first event.
pub const BEGINNING: Hash = [0; 32];
/// A value that is not there has this length.
const ABSENT: u32 = u32::MAX;

/// Events that may follow a checkpoint before the next.
pub const MOST_UNSIGNED: i64 = 1_000;

/// SHA-256.
pub type Hash = [u8; 32];

/// One event as it is sealed: every column, as it is kept.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub id: Uuid,
    /// Microseconds since 1970.
    pub at: i64,
    pub programme_id: Option<Uuid>,
    pub person_id: Option<Uuid>,
    pub client_id: Option<Uuid>,
    pub session_id: Option<Uuid>,
    pub role: Option<&'a str>,
    pub operation: &'a str,
    pub participant_id: Option<Uuid>,
    pub resource_id: Option<Uuid>,
    pub status: i32,
    pub flag_id: Option<Uuid>,
    pub request_id: Uuid,
    pub detail: Option<&'a str>,
    /// The participants whom a list showed, by their bytes.
    pub subjects: &'a [Uuid],
}

/// The bytes on their way into the hash: a few hundred at once are cheaper than a few at a time.
struct Bytes(Vec<u8>);

impl Bytes {
    fn value(&mut self, value: Option<&[u8]>) {
        match value {
            Some(bytes) => {
                // No column comes near this.
                let length = u32::try_from(bytes.len()).unwrap_or(ABSENT - 1);
                self.0.extend_from_slice(&length.to_be_bytes());
                self.0.extend_from_slice(bytes);
            }
            None => self.0.extend_from_slice(&ABSENT.to_be_bytes()),
        }
    }

    fn id(&mut self, id: Option<Uuid>) {
        self.value(id.as_ref().map(|id| id.as_bytes().as_slice()));
    }
}

/// The hash of the event with the number `seq`, over all that came before it by way of `previous`.
#[must_use]
pub fn seal(previous: &Hash, seq: i64, entry: &Entry<'_>) -> Hash {
    let mut bytes = Bytes(Vec::with_capacity(512));
    bytes.0.extend_from_slice(EVENT);
    bytes.0.extend_from_slice(previous);
    bytes.0.extend_from_slice(&seq.to_be_bytes());
    bytes.id(Some(entry.id));
    bytes.value(Some(&entry.at.to_be_bytes()));
    bytes.id(entry.programme_id);
    bytes.id(entry.person_id);
    bytes.id(entry.client_id);
    bytes.id(entry.session_id);
    bytes.value(entry.role.map(str::as_bytes));
    bytes.value(Some(entry.operation.as_bytes()));
    bytes.id(entry.participant_id);
    bytes.id(entry.resource_id);
    bytes.value(Some(&i64::from(entry.status).to_be_bytes()));
    bytes.id(entry.flag_id);
    bytes.id(Some(entry.request_id));
    bytes.value(entry.detail.map(str::as_bytes));
    let count = u32::try_from(entry.subjects.len()).unwrap_or(ABSENT);
    bytes.0.extend_from_slice(&count.to_be_bytes());
    for subject in entry.subjects {
        bytes.0.extend_from_slice(subject.as_bytes());
    }
    Sha256::digest(&bytes.0).into()
}

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The number of the newest event it covers; there are as many.
    pub seq: i64,
    /// The hash of that event.
    pub head: Hash,
    /// When it was signed.
    pub at: Timestamp,
    /// Safeguarding flags raised before the first day of that month (UTC), in the whole installation: this number never
    /// gets smaller, so a flag that is made to disappear is missed.
    pub flags: i64,
    /// The id of the key that signs.
    pub key_id: String,
}

impl Checkpoint {
    /// What is signed: lines of `name=value`, each ended by a line feed, after a first line with the format.
    #[must_use]
    pub fn message(&self) -> String {
        format!(
            "{CHECKPOINT}\nseq={}\nhead={}\nat={}\nflags={}\nkey={}\n",
            self.seq,
            hex(&self.head),
            instant(self.at),
            self.flags,
            self.key_id
        )
    }
}

/// The first moment of this moment's month, UTC.
#[must_use]
pub fn month_of(at: Timestamp) -> Timestamp {
    use chrono::{Datelike as _, NaiveTime};
    at.date_naive().with_day(1).map_or(at, |first| first.and_time(NaiveTime::MIN).and_utc())
}

/// A moment as a checkpoint writes it: to the microsecond, UTC.
#[must_use]
pub fn instant(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A hash from its digits.
#[must_use]
pub fn unhex(text: &str) -> Option<Hash> {
    let mut hash = BEGINNING;
    if text.len() != hash.len() * 2 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry<'static> {
        let id = |n: u128| Uuid::from_u128(n);
        Entry {
            id: id(1),
            at: 1_793_957_400_000_000,
            programme_id: Some(id(2)),
            person_id: Some(id(3)),
            client_id: None,
            session_id: Some(id(4)),
            role: Some("supporter"),
            operation: "get_participant",
            participant_id: Some(id(5)),
            resource_id: Some(id(5)),
            status: 200,
            flag_id: None,
            request_id: id(6),
            detail: None,
            subjects: &[],
        }
    }

    #[test]
    fn the_format_does_not_change_by_accident() {
        // The worked example of docs/audit-log.md.
        let first = seal(&BEGINNING, 1, &entry());
        assert_eq!(hex(&first), "ada0c514f752174cc37251efc8c5c6c9ee21490187f756946c6f2e1444a50a94");
        let page = include_str!("../../../docs/audit-log.md");
        assert!(page.contains(&hex(&first)), "the example of the page is not this one");
    }

    #[test]
    fn every_part_of_an_event_is_under_the_hash() {
        let plain = seal(&BEGINNING, 1, &entry());
        let other = Some(Uuid::from_u128(99));
        let changed = [
            Entry { id: Uuid::from_u128(99), ..entry() },
            Entry { at: 1, ..entry() },
            Entry { programme_id: other, ..entry() },
            Entry { person_id: other, ..entry() },
            Entry { client_id: other, ..entry() },
            Entry { session_id: None, ..entry() },
            Entry { role: Some("clinician"), ..entry() },
            Entry { role: None, ..entry() },
            Entry { operation: "get_participan", role: Some("supportert"), ..entry() },
            Entry { participant_id: None, ..entry() },
            Entry { resource_id: other, ..entry() },
            Entry { status: 404, ..entry() },
            Entry { flag_id: other, ..entry() },
            Entry { request_id: Uuid::from_u128(99), ..entry() },
            Entry { detail: Some(""), ..entry() },
            Entry { subjects: &[Uuid::from_u128(7)], ..entry() },
        ];
        let mut hashes: Vec<_> = changed.iter().map(|entry| seal(&BEGINNING, 1, entry)).collect();
        hashes.extend([plain, seal(&BEGINNING, 2, &entry()), seal(&plain, 1, &entry())]);
        let all = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), all);
    }

    #[test]
    fn a_checkpoint_is_signed_line_by_line() {
        let at: Timestamp = "2026-11-22T19:00:00.5Z".parse().unwrap();
        let checkpoint = Checkpoint { seq: 7, head: BEGINNING, at, flags: 2, key_id: "a-key".to_owned() };
        let zeros = "0".repeat(64);
        let expected = format!(
            "alongside-audit-checkpoint-1\nseq=7\nhead={zeros}\nat=2026-11-22T19:00:00.500000Z\nflags=2\nkey=a-key\n"
        );
        assert_eq!(checkpoint.message(), expected);
        assert_eq!(instant(month_of(at)), "2026-11-01T00:00:00.000000Z");
    }

    #[test]
    fn digits_are_read_back() {
        let hash = seal(&BEGINNING, 1, &entry());
        assert_eq!(unhex(&hex(&hash)), Some(hash));
        for wrong in ["", "0", &"g".repeat(64), &"é".repeat(32), &"0".repeat(66)] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }
}
