//! How a shared device is let in by somebody who is signed in elsewhere (RFC 8628).
//!
//! The device shows a short code; its supporter types that code where he is signed in, sees which device asks and from
//! where, and says yes or no. What he opens is a supporter's session and no other, whatever else he is.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::policy::Role;

/// The program that may ask for devices where nobody has named others.
pub const COMMAND_LINE: &str = "alongside-cli";
/// How long the device may ask and its supporter decide.
pub const LIFETIME_MINUTES: i64 = 10;
/// How long a device waits between two questions at first.
pub const INTERVAL_SECONDS: i32 = 5;
/// By how much longer it waits each time it came too early.
pub const SLOW_DOWN_SECONDS: i32 = 5;
/// What the device's session may do: the least that is of use on it, and what a coordinator can end.
pub const ROLE: Role = Role::Supporter;
/// How many devices of one network may wait at a time.
pub const MOST_WAITING: i64 = 50;

/// Letters of a code that people read off one screen and type on another: no vowels, so that no words come of them, and
/// nothing that looks like something else.
pub const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// How many of them: 34 bits, for ten minutes, where guessing is slowed.
pub const CODE_LETTERS: usize = 8;

/// What has become of a device's wish.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeviceState {
    Pending,
    Approved,
    Denied,
    /// The device has its tokens. Nobody gets others with the same code.
    Collected,
}

/// Where a device's wish stands when the device asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub state: DeviceState,
    pub interval_seconds: i32,
    pub polled_at: Option<Timestamp>,
    pub expires_at: Timestamp,
}

/// What the device is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Nobody has decided yet.
    Pending,
    /// It came before its time, and waits longer from now on.
    SlowDown,
    Denied,
    Expired,
    /// The code was good once.
    Spent,
    /// It may have its tokens.
    Approved,
}

impl Waiting {
    /// What a device is told that asks at `now`. One that comes too early is told nothing else while it still has
    /// something to hope for.
    #[must_use]
    pub fn told(self, now: Timestamp) -> Told {
        let early = self
            .polled_at
            .is_some_and(|polled| now < polled + TimeDelta::seconds(i64::from(self.interval_seconds)));
        match self.state {
            DeviceState::Collected => Told::Spent,
            DeviceState::Denied => Told::Denied,
            DeviceState::Pending | DeviceState::Approved if now >= self.expires_at => Told::Expired,
            DeviceState::Pending | DeviceState::Approved if early => Told::SlowDown,
            DeviceState::Pending => Told::Pending,
            DeviceState::Approved => Told::Approved,
        }
    }
}

/// Whether somebody who holds this role lets no device in, in whatever role he acts: a code that a stranger talked him
/// into typing would lead into an account that opens what is kept from everybody else.
#[must_use]
pub fn is_barred(role: Role) -> bool {
    matches!(role, Role::Admin | Role::SafeguardingLead | Role::PrivacyOfficer)
}

/// The code of these random bytes, as it is shown. Each byte is one of 256: the few beyond a multiple of twenty are
/// passed over, so that every letter is as likely. `None` where too few are left.
#[must_use]
pub fn user_code(random: &[u8]) -> Option<String> {
    let fair = random.iter().filter(|byte| **byte < 240);
    let letters = fair.filter_map(|byte| ALPHABET.get(usize::from(byte % 20)));
    let letters: String = letters.take(CODE_LETTERS).map(|letter| char::from(*letter)).collect();
    let (left, right) = letters.split_at_checked(CODE_LETTERS / 2)?;
    (right.len() == CODE_LETTERS / 2).then(|| format!("{left}-{right}"))
}

/// What somebody typed, as a code is compared: small letters, spaces and hyphens do not matter. `None` for what cannot be
/// one.
#[must_use]
pub fn typed(text: &str) -> Option<String> {
    let letters = text.chars().filter(|letter| !matches!(letter, ' ' | '-')).map(|c| c.to_ascii_uppercase());
    let letters: String = letters.take(CODE_LETTERS + 1).collect();
    let known = letters.bytes().all(|letter| ALPHABET.contains(&letter));
    (known && letters.len() == CODE_LETTERS).then_some(letters)
}

/// Whether this can be the name by which a program asks for a device: small letters, digits, hyphens.
#[must_use]
pub fn is_client(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(1_900_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_device_is_told_what_it_may_know() {
        use DeviceState::{Approved, Collected, Denied, Pending};
        let told = |state, polled: Option<i64>, now| {
            let waiting =
                Waiting { state, interval_seconds: 10, polled_at: polled.map(at), expires_at: at(600) };
            waiting.told(at(now))
        };
        assert_eq!(told(Pending, None, 0), Told::Pending);
        assert_eq!(told(Pending, Some(0), 9), Told::SlowDown);
        assert_eq!(told(Pending, Some(0), 10), Told::Pending);
        assert_eq!(told(Approved, Some(0), 9), Told::SlowDown);
        assert_eq!(told(Approved, Some(0), 10), Told::Approved);
        assert_eq!(told(Denied, Some(0), 1), Told::Denied);
        assert_eq!(told(Collected, Some(0), 10), Told::Spent);
        assert_eq!([told(Pending, None, 600), told(Approved, None, 600)], [Told::Expired; 2]);
        assert_eq!(told(Approved, None, 599), Told::Approved);
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = user_code(&[0, 255, 21, 42, 3, 239, 5, 6, 7, 8]).unwrap();
        assert_eq!(code, "BCDF-ZHJK");
        for text in ["BCDF-ZHJK", "bcdfzhjk", " bcdf zh-jk "] {
            assert_eq!(typed(text).as_deref(), Some("BCDFZHJK"), "{text}");
        }
        for text in ["", "BCDF-ZHJ", "BCDF-ZHJKK", "ACDF-ZHJK", "BCDF_ZHJK", "ＢCDFZHJK"] {
            assert_eq!(typed(text), None, "{text}");
        }
        assert_eq!(user_code(&[255; 64]), None);
        assert_eq!(user_code(&[1; 7]), None);
    }

    #[test]
    fn a_client_has_a_plain_name() {
        assert!(is_client("alongside-cli") && is_client("a"));
        assert!(!is_client("") && !is_client("A") && !is_client("a b") && !is_client(&"a".repeat(65)));
    }
}
