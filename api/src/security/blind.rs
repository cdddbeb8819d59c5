//! Keyed hashes of what must be found again and not be read: addresses at the door, devices.

use std::fmt;

use aws_lc_rs::hmac;

/// Makes such hashes. All replicas share the key.
#[derive(Clone)]
pub struct Blind(hmac::Key);

impl Blind {
    /// With a key of its own, drawn from `secret`.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        let from = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let own = hmac::sign(&from, b"alongside blind index 1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, own.as_ref()))
    }

    /// The hash of `value` as a `kind` of thing: equal values of different kinds have nothing in common.
    #[must_use]
    pub fn of(&self, kind: &str, value: &[u8]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(kind.as_bytes());
        context.update(&[0]);
        context.update(value);
        context.sign().as_ref().to_vec()
    }
}

impl fmt::Debug for Blind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blind(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_key_kind_and_value() {
        let blind = Blind::new(&[1; 32]);
        assert_eq!(blind.of("account", b"a"), Blind::new(&[1; 32]).of("account", b"a"));
        let others =
            [blind.of("account", b"b"), blind.of("device", b"a"), Blind::new(&[2; 32]).of("account", b"a")];
        assert!(others.iter().all(|other| *other != blind.of("account", b"a")));
    }
}
