//! Repeatable chance: the same seed gives the same ids, names and passwords on every machine and in every version.

use alongside_domain::clock::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// 2025-09-01T08:00:00Z: everything of a demonstration was set up then.
const START_MILLIS: u64 = 1_756_713_600_000;

const WORDS: [&str; 64] = [
    "acorn", "amber", "anchor", "apron", "barley", "basket", "beacon", "bramble", "button", "candle",
    "canyon", "cedar", "cobble", "copper", "cricket", "daisy", "dapple", "ember", "fennel", "ferry",
    "flannel", "garnet", "ginger", "glade", "hamper", "harbour", "hazel", "heron", "indigo", "jigsaw",
    "juniper", "kettle", "lantern", "lichen", "linnet", "magnet", "maple", "meadow", "mitten", "nutmeg",
    "orchard", "otter", "paddle", "pebble", "pepper", "pigeon", "plover", "quarry", "quiver", "rafter",
    "ribbon", "saddle", "saffron", "shingle", "sparrow", "tangle", "thimble", "timber", "trellis", "velvet",
    "walnut", "wicker", "willow", "zephyr",
];

/// Draws one thing after another.
#[derive(Debug, Clone)]
pub struct Draw {
    seed: u64,
    drawn: u64,
}

impl Draw {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// 32 bytes nobody could guess without the seed.
    pub fn bytes(&mut self) -> [u8; 32] {
        self.drawn += 1;
        let mut hash = Sha256::new();
        hash.update(b"alongside demonstration");
        hash.update(self.seed.to_be_bytes());
        hash.update(self.drawn.to_be_bytes());
        hash.finalize().into()
    }

    /// An id with the shape of version 7, a millisecond after the one before.
    pub fn id(&mut self) -> Uuid {
        let [a, b, c, d, e, f, g, h, i, j, ..] = self.bytes();
        let at = START_MILLIS + self.drawn;
        uuid::Builder::from_unix_timestamp_millis(at, &[a, b, c, d, e, f, g, h, i, j]).into_uuid()
    }

    /// Sets `many` ids aside, to be drawn later. Whoever draws more gets those that belong to something else, which the
    /// database refuses.
    pub fn aside(&mut self, many: u64) -> Self {
        let aside = self.clone();
        self.drawn += many;
        aside
    }

    /// Five bytes for a pseudonym.
    pub fn five(&mut self) -> [u8; 5] {
        let [a, b, c, d, e, ..] = self.bytes();
        [a, b, c, d, e]
    }

    /// A pass phrase that a person can type.
    pub fn password(&mut self) -> String {
        let bytes = self.bytes();
        let words: Vec<&str> = bytes.iter().take(4).filter_map(|byte| pick(&WORDS, *byte)).collect();
        let [.., high, low] = bytes;
        format!("{}-{}", words.join("-"), 1000 + u16::from_be_bytes([high, low]) % 9000)
    }

    /// The secret of a service client.
    pub fn secret(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", URL_SAFE_NO_PAD.encode(self.bytes()))
    }
}

fn pick<'a>(list: &[&'a str], byte: u8) -> Option<&'a str> {
    list.get(usize::from(byte) % list.len()).copied()
}

/// When the demonstration was set up.
#[must_use]
pub fn start() -> Timestamp {
    Timestamp::UNIX_EPOCH + std::time::Duration::from_millis(START_MILLIS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::password::acceptable;

    #[test]
    fn a_seed_repeats_itself() {
        let (mut a, mut b, mut other) = (Draw::new(7), Draw::new(7), Draw::new(8));
        assert_eq!((a.id(), a.password()), (b.id(), b.password()));
        assert_ne!(a.bytes(), other.bytes());
    }

    #[test]
    fn ids_have_the_shape_of_version_7_and_grow() {
        let mut draw = Draw::new(1);
        let (first, second) = (draw.id(), draw.id());
        assert_eq!(first.get_version_num(), 7);
        assert!(first < second);
    }

    #[test]
    fn what_is_set_aside_is_drawn_by_nobody_else() {
        let (mut draw, mut whole) = (Draw::new(1), Draw::new(1));
        let all: Vec<_> = (0..4).map(|_| whole.id()).collect();
        let mut aside = draw.aside(2);
        assert_eq!([aside.id(), aside.id(), draw.id(), draw.id()], all[..]);
    }

    #[test]
    fn passwords_may_be_passwords() {
        let mut draw = Draw::new(3);
        for _ in 0..200 {
            let password = draw.password();
            assert_eq!(acceptable(&password, crate::security::password::SHORTEST), Ok(()), "{password}");
        }
    }
}
