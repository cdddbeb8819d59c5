//! The door of an account: who may try at all, and what a failure and a success leave behind. An address without an account
//! has a door like any other, at the same cost.

use std::net::IpAddr;

use alongside_domain::clock::Timestamp;
use alongside_domain::id::PersonId;
use alongside_domain::sign_in::{self as rules, FREE_ATTEMPTS_OF_STRANGERS, Lane};
use alongside_store::{Db, StoreError, sign_in, sign_in_lane};
use uuid::Uuid;

use crate::security::blind::Blind;

/// Somebody at the door: at which account, from where. Keyed hashes only.
#[derive(Debug, Clone)]
pub struct Knock {
    account: Vec<u8>,
    address: Vec<u8>,
    device: Option<Vec<u8>>,
}

/// What is known at the door.
#[derive(Debug, Clone, Copy)]
struct Standing {
    lane: Lane,
    /// The lane is the device's own, not that of the address.
    by_device: bool,
}

impl Knock {
    /// `email` in the form in which it is looked up.
    #[must_use]
    pub fn new(blind: &Blind, email: &str, address: Option<IpAddr>, device: Option<Uuid>) -> Self {
        Self {
            account: blind.of("account", email.as_bytes()),
            address: blind.of("address", network(address).as_bytes()),
            device: device.map(|device| device_hash(blind, device)),
        }
    }

    fn standing(&self, db: &mut Db<'_>, now: Timestamp) -> Result<Standing, StoreError> {
        if let Some(device) = &self.device {
            let lane = sign_in_lane::find(db, &self.account, device)?;
            // A device that nobody knows is only a number: it opens no lane of its own.
            if lane.is_known(now) {
                return Ok(Standing { lane, by_device: true });
            }
        }
        Ok(Standing { lane: sign_in_lane::find(db, &self.account, &self.address)?, by_device: false })
    }

    /// Whether the door stays shut for now. `strangers_until` is until when it is for unknown places.
    ///
    /// # Errors
    /// What the database says.
    pub fn is_shut(
        &self,
        db: &mut Db<'_>,
        strangers_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Standing { lane, .. } = self.standing(db, now)?;
        let strangers = strangers_until.is_some_and(|until| now < until);
        Ok(lane.is_shut(now) || (strangers && !lane.is_known(now)))
    }

    /// Counts a failure. Counted here, so that guesses sent side by side count one by one; those at a shut door do not
    /// count, so that nobody keeps it shut by knocking.
    ///
    /// # Errors
    /// What the database says.
    pub fn fail(&self, db: &mut Db<'_>, person: Option<PersonId>, now: Timestamp) -> Result<(), StoreError> {
        // Nobody has this id: the same statements run where there is no account.
        let person = person.unwrap_or_else(|| PersonId::new(Uuid::nil()));
        let (failed, strangers_until) = sign_in::strangers(db, person)?.unwrap_or_default();
        let Standing { lane, by_device } = self.standing(db, now)?;
        let known = lane.is_known(now);
        let shut = lane.is_shut(now) || (!known && strangers_until.is_some_and(|until| now < until.0));
        let lane = if shut { lane } else { lane.after_failure(now) };
        let source = match &self.device {
            Some(device) if by_device => device,
            _ => &self.address,
        };
        sign_in_lane::put(db, &self.account, source, lane, now)?;
        let until = rules::delay(failed.saturating_add(1), FREE_ATTEMPTS_OF_STRANGERS);
        let until = until.map(|delay| now + delay).max(strangers_until.map(|until| until.0));
        sign_in::note_failure(db, person, !shut && !known, until)
    }

    /// The owner has come in: this place and this device are known from now on.
    ///
    /// # Errors
    /// What the database says.
    pub fn succeed(&self, db: &mut Db<'_>, now: Timestamp) -> Result<(), StoreError> {
        for source in std::iter::once(&self.address).chain(&self.device) {
            sign_in_lane::put(db, &self.account, source, Lane::after_success(now), now)?;
        }
        Ok(())
    }
}

/// By which a device is known again.
#[must_use]
pub fn device_hash(blind: &Blind, device: Uuid) -> Vec<u8> {
    blind.of("device", device.as_bytes())
}

/// The part of an address that its holder does not choose: all of IPv4, the first half of IPv6.
#[must_use]
pub fn network(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => String::new(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_counts_as_one_place() {
        let of = |text: &str| network(Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:1:3::9"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
