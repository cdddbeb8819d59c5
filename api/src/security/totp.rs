//! One-time codes from an authenticator: RFC 6238 with what every app understands (SHA-1, six digits, thirty seconds).

use alongside_domain::clock::Timestamp;
use aws_lc_rs::hmac;
use rand::RngExt as _;
use secrecy::zeroize::Zeroizing;
use subtle::ConstantTimeEq as _;

pub const STEP_SECONDS: i64 = 30;
/// The code before and the one after are good as well: a phone's clock is not ours (RFC 6238, 5.2).
const STEPS_BESIDE: i64 = 1;
const DIGITS: usize = 6;
/// As long as the hash (RFC 4226, 4).
const SECRET_BYTES: usize = 20;
const RECOVERY_BYTES: usize = 10;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What authenticator and server share.
pub struct TotpSecret(Zeroizing<Vec<u8>>);

impl TotpSecret {
    #[must_use]
    pub fn generate() -> Self {
        Self(Zeroizing::new(rand::rng().random::<[u8; SECRET_BYTES]>().to_vec()))
    }

    /// As it was kept.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// To be typed into an app that cannot read the address.
    #[must_use]
    pub fn base32(&self) -> String {
        base32(&self.0)
    }

    /// The address that apps read from a QR code. `issuer` and `account` are what the person sees in his app.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> String {
        let (issuer, account) = (percent(issuer), percent(account));
        let secret = self.base32();
        format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}\
             &period={STEP_SECONDS}"
        )
    }

    /// The time step whose code this is, if it is one of those that are good now. Takes as long for a wrong one.
    #[must_use]
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let present = now.timestamp().div_euclid(STEP_SECONDS);
        let steps = present - STEPS_BESIDE..=present + STEPS_BESIDE;
        let matches = |step: &i64| bool::from(self.code(*step).as_bytes().ct_eq(code.as_bytes()));
        steps.filter(matches).max()
    }

    /// The code of a time step (RFC 4226, 5.3).
    #[must_use]
    pub fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let bytes = tag.as_ref();
        let offset = usize::from(bytes.last().copied().unwrap_or_default() & 0x0f);
        let word = bytes.iter().skip(offset).take(4).fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        format!("{:0DIGITS$}", (word & 0x7fff_ffff) % 1_000_000)
    }
}

/// A code for the day the authenticator is lost: eighty bits, in groups that can be read out.
#[must_use]
pub fn recovery_code() -> Zeroizing<String> {
    let text = Zeroizing::new(base32(&rand::rng().random::<[u8; RECOVERY_BYTES]>()));
    let mut grouped = Zeroizing::new(String::with_capacity(text.len() + 3));
    for (position, letter) in text.chars().enumerate() {
        if position > 0 && position % 4 == 0 {
            grouped.push('-');
        }
        grouped.push(letter);
    }
    grouped
}

/// A recovery code however somebody typed it off his paper.
#[must_use]
pub fn plain_recovery_code(typed: &str) -> Zeroizing<String> {
    let letter = |c: char| match c.to_ascii_uppercase() {
        '0' => 'O',
        '1' => 'I',
        '8' => 'B',
        other => other,
    };
    Zeroizing::new(typed.chars().filter(char::is_ascii_alphanumeric).map(letter).collect())
}

/// RFC 4648, without padding.
fn base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut word, mut bits) = (0_u32, 0_u32);
    let mut put = |index: u32| {
        let letter = usize::try_from(index & 31).ok().and_then(|index| ALPHABET.get(index));
        out.extend(letter.map(|letter| char::from(*letter)));
    };
    for byte in bytes {
        word = (word << 8 | u32::from(*byte)) & 0xffff;
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            put(word >> bits);
        }
    }
    if bits > 0 {
        put(word << (5 - bits));
    }
    out
}

fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> TotpSecret {
        TotpSecret::from_bytes(b"12345678901234567890".to_vec())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(seconds, 0).unwrap()
    }

    /// RFC 6238, appendix B, the last six of eight digits.
    #[test]
    fn the_codes_of_the_standard() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret().code(seconds / STEP_SECONDS), code);
            assert_eq!(secret().step_of(code, at(seconds)), Some(seconds / STEP_SECONDS));
        }
    }

    #[test]
    fn one_step_to_either_side_is_good_and_no_more() {
        let code = secret().code(1000);
        let accepted: Vec<i64> =
            (997..=1003).filter(|step| secret().step_of(&code, at(step * STEP_SECONDS)).is_some()).collect();
        assert_eq!(accepted, [999, 1000, 1001]);
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert_eq!(secret().step_of(&spaced, at(30_000)), Some(1000));
        for wrong in ["", "0", "12345", "1234567", "abcdef", "٠٠٠٠٠٠"] {
            assert_eq!(secret().step_of(wrong, at(30_000)), None, "{wrong}");
        }
    }

    /// RFC 4648, section 10.
    #[test]
    fn base32_is_that_of_the_standard() {
        for (plain, coded) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(plain.as_bytes()), coded);
        }
        assert_eq!(secret().base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn the_address_names_issuer_and_account() {
        let uri = secret().uri("Alongside needs.example", "a+b@c.example");
        assert!(
            uri.starts_with("otpauth://totp/Alongside%20needs.example:a%2Bb%40c.example?secret=GEZ"),
            "{uri}"
        );
        assert!(
            uri.ends_with("&issuer=Alongside%20needs.example&algorithm=SHA1&digits=6&period=30"),
            "{uri}"
        );
    }

    #[test]
    fn a_recovery_code_may_be_typed_as_one_likes() {
        let code = recovery_code();
        assert_eq!(code.len(), 19);
        assert_ne!(*code, *recovery_code());
        let typed = code.to_lowercase().replace('-', " ");
        assert_eq!(*plain_recovery_code(&typed), code.replace('-', ""));
        assert_eq!(*plain_recovery_code("O1-B8"), "OIBB");
    }
}
