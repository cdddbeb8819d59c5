//! Access tokens and opaque secrets.
//!
//! An access token is a JWT as RFC 8725 wants it: one algorithm (EdDSA), an explicit type, keys from our own ring by
//! `kid` alone, issuer and audience checked. It says which session it belongs to and lives ten minutes; whether that
//! session still stands is for the caller to look up, on every request. Everything longer-lived (refresh tokens,
//! client secrets, activation codes) is an [`OpaqueSecret`], of which the database keeps only the hash.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use alongside_domain::clock::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::RngExt as _;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::security::keys::{KeyError, Keys, SigningKey};

/// Who the tokens are for.
pub const AUDIENCE: &str = "alongside";

/// The type of RFC 9068: no other JWT of ours can pass for an access token.
const TYPE: &str = "at+jwt";

/// How long a token lives, in seconds.
pub const LIFETIME_SECONDS: i64 = 600;

/// How far the clocks of two replicas may be apart, in seconds.
const LEEWAY_SECONDS: i64 = 5;

/// Ours have about 500 bytes. Longer ones are not worth a look.
const LONGEST: usize = 4_096;

const SHARDS: usize = 16;
const SHARD_CAPACITY: usize = 10_000 / SHARDS;

/// What a verified token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// The person or the client.
    pub subject: Uuid,
    pub session: Uuid,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    /// The token's own id.
    pub token: Uuid,
}

/// Why a token was refused. The caller learns no more than that it was; the reason is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is too long")]
    TooLong,
    #[error("the token is malformed")]
    Malformed,
    #[error("the token's header is not one of ours")]
    Header,
    #[error("the token's signature is wrong")]
    Signature,
    #[error("the token's claims are not ours")]
    Claims,
    #[error("the token is not valid yet")]
    Early,
    #[error("the token has expired")]
    Expired,
}

/// The claims as they travel.
#[derive(Serialize, Deserialize)]
struct Wire {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    iat: i64,
    exp: i64,
    jti: Uuid,
}

struct Verifier {
    /// The one header a token of this key may have.
    header: Header,
    key: DecodingKey,
    public: String,
}

/// Issues and verifies access tokens.
pub struct Tokens {
    issuer: String,
    header: Header,
    signer: EncodingKey,
    /// By kid, oldest first. A handful: a walk is quicker than a map.
    verifiers: Vec<Verifier>,
    validation: Validation,
    verified: Cache,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Tokens {
    /// The newest of the keys signs, all of them verify. `issuer` is the address callers use.
    ///
    /// # Errors
    /// When there is no signing key.
    pub fn new(keys: &Keys, issuer: &str) -> Result<Self, KeyError> {
        let newest = keys.signing().last().ok_or(KeyError::Unset)?;
        let verifiers = keys.signing().iter().map(verifier).collect::<Result<_, _>>()?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        // The library would look at the machine's clock, not at ours: time is checked by hand.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        Ok(Self {
            issuer: issuer.to_owned(),
            header: header(newest.kid()),
            signer: EncodingKey::from_ed_der(newest.pkcs8().expose_secret()),
            verifiers,
            validation,
            verified: Cache::default(),
        })
    }

    /// A token for `subject` in its `session`, and for how many seconds it is good.
    ///
    /// # Errors
    /// When signing fails, which only a broken key does.
    pub fn issue(&self, subject: Uuid, session: Uuid, now: Timestamp) -> Result<(String, i64), TokenError> {
        let issued = now.timestamp();
        let wire = Wire {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: subject,
            sid: session,
            iat: issued,
            exp: issued + LIFETIME_SECONDS,
            jti: uuid::Builder::from_random_bytes(rand::rng().random()).into_uuid(),
        };
        let token =
            jsonwebtoken::encode(&self.header, &wire, &self.signer).map_err(|_| TokenError::Signature)?;
        Ok((token, LIFETIME_SECONDS))
    }

    /// What the token says, if it is ours and `now` lies in its life.
    ///
    /// # Errors
    /// With the reason, when it is not.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::TooLong);
        }
        // A caller sends the same token for ten minutes; the signature need not be computed each time.
        let digest = hash_secret(token);
        if let Some(claims) = self.verified.get(&digest) {
            return alive(claims, now);
        }
        let claims = alive(self.verify_signature(token)?, now)?;
        self.verified.put(digest, claims, now);
        Ok(claims)
    }

    fn verify_signature(&self, token: &str) -> Result<Claims, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
        // Equal as a whole: no other algorithm or type, and no key or address of a key inside the token.
        let verifier =
            self.verifiers.iter().find(|verifier| verifier.header == header).ok_or(TokenError::Header)?;
        let wire = jsonwebtoken::decode::<Wire>(token, &verifier.key, &self.validation)
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidSignature => TokenError::Signature,
                ErrorKind::Base64(_) | ErrorKind::Json(_) | ErrorKind::Utf8(_) | ErrorKind::InvalidToken => {
                    TokenError::Malformed
                }
                _ => TokenError::Claims,
            })?
            .claims;
        let instant = |seconds: i64| DateTime::from_timestamp(seconds, 0).ok_or(TokenError::Claims);
        Ok(Claims {
            subject: wire.sub,
            session: wire.sid,
            issued_at: instant(wire.iat)?,
            expires_at: instant(wire.exp)?,
            token: wire.jti,
        })
    }

    /// The public keys, for `/.well-known/jwks.json`.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        let keys: Vec<_> = self
            .verifiers
            .iter()
            .map(|verifier| {
                serde_json::json!({
                    "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
                    "kid": verifier.header.kid, "x": verifier.public,
                })
            })
            .collect();
        serde_json::json!({ "keys": keys })
    }
}

fn header(kid: &str) -> Header {
    Header { typ: Some(TYPE.to_owned()), kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) }
}

fn verifier(key: &SigningKey) -> Result<Verifier, KeyError> {
    let public = URL_SAFE_NO_PAD.encode(key.public());
    let malformed = |_| KeyError::Malformed {
        place: "the ring".to_owned(),
        reason: format!("signing key {} has no public half", key.kid()),
    };
    Ok(Verifier {
        header: header(key.kid()),
        key: DecodingKey::from_ed_components(&public).map_err(malformed)?,
        public,
    })
}

/// The leeway bridges the clocks of two replicas at the start of a token's life; nothing is added to its end, except
/// by the clock that is behind.
fn alive(claims: Claims, now: Timestamp) -> Result<Claims, TokenError> {
    if claims.expires_at <= now {
        return Err(TokenError::Expired);
    }
    if claims.issued_at > now + TimeDelta::seconds(LEEWAY_SECONDS) {
        return Err(TokenError::Early);
    }
    if claims.expires_at - claims.issued_at > TimeDelta::seconds(LIFETIME_SECONDS) {
        return Err(TokenError::Claims);
    }
    Ok(claims)
}

/// The tokens whose signature was found right, by their hash; a bounded number of them. Whether one is still alive is
/// asked at each use.
struct Cache([Mutex<Shard>; SHARDS]);

#[derive(Default)]
struct Shard {
    claims: HashMap<[u8; 32], Claims>,
    /// Oldest first; the same entries as `claims`.
    order: VecDeque<[u8; 32]>,
}

impl Default for Cache {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Cache {
    fn shard(&self, digest: &[u8; 32]) -> Option<&Mutex<Shard>> {
        let [first, ..] = digest;
        self.0.get(usize::from(*first) % SHARDS)
    }

    fn get(&self, digest: &[u8; 32]) -> Option<Claims> {
        let shard = self.shard(digest)?.lock().unwrap_or_else(PoisonError::into_inner);
        shard.claims.get(digest).copied()
    }

    fn put(&self, digest: [u8; 32], claims: Claims, now: Timestamp) {
        let Some(shard) = self.shard(&digest) else { return };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let Shard { claims: known, order } = &mut *shard;
        // Two requests may have verified the same token at once.
        if known.insert(digest, claims).is_some() {
            return;
        }
        // All live equally long, so that the oldest expires first, or nearly.
        while let Some(oldest) = order.front() {
            let expired = known.get(oldest).is_none_or(|claims| claims.expires_at <= now);
            if !expired && order.len() < SHARD_CAPACITY {
                break;
            }
            known.remove(oldest);
            order.pop_front();
        }
        order.push_back(digest);
    }
}

/// What an opaque secret is for. Its prefix lets a scanner find a leaked one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    Refresh,
    Client,
    Activation,
    /// What a device asks with while it waits to be let in.
    Device,
}

impl SecretKind {
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "alr_",
            Self::Client => "alongside_cs_",
            Self::Activation => "ala_",
            Self::Device => "ald_",
        }
    }
}

/// A random secret that is shown once and kept only as a hash. 256 bits need no slow hash.
pub struct OpaqueSecret(SecretString);

impl OpaqueSecret {
    /// A fresh one: the prefix and 32 random bytes in base64url.
    #[must_use]
    pub fn generate(kind: SecretKind) -> Self {
        let random = Zeroizing::new(rand::rng().random::<[u8; 32]>());
        let mut text = String::with_capacity(64);
        text.push_str(kind.prefix());
        URL_SAFE_NO_PAD.encode_string(random.as_slice(), &mut text);
        Self(SecretString::from(text))
    }

    /// The secret, for the one response that hands it out.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What the database keeps.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        hash_secret(self.expose())
    }
}

impl fmt::Debug for OpaqueSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpaqueSecret(..)")
    }
}

/// The SHA-256 of a secret.
#[must_use]
pub fn hash_secret(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Compares two hashes in the same time wherever they differ.
#[must_use]
pub fn same_hash(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ISSUER: &str = "https://needs.example.org";

    fn at(seconds: i64) -> Timestamp {
        DateTime::from_timestamp(1_900_000_000 + seconds, 0).unwrap()
    }

    fn tokens() -> (Keys, Tokens) {
        let keys = Keys::generate().unwrap();
        let tokens = Tokens::new(&keys, ISSUER).unwrap();
        (keys, tokens)
    }

    fn ids() -> (Uuid, Uuid) {
        (Uuid::from_u128(1), Uuid::from_u128(2))
    }

    fn claims() -> Value {
        let (subject, session) = ids();
        json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "sid": session,
            "iat": at(0).timestamp(), "exp": at(LIFETIME_SECONDS).timestamp(), "jti": Uuid::from_u128(3),
        })
    }

    /// A token signed with the ring's own key, with header and claims as wanted.
    fn signed(keys: &Keys, edit: impl FnOnce(&mut Header, &mut Value)) -> String {
        let key = keys.signing().last().unwrap();
        let (mut header, mut claims) = (header(key.kid()), claims());
        edit(&mut header, &mut claims);
        let signer = EncodingKey::from_ed_der(key.pkcs8().expose_secret());
        jsonwebtoken::encode(&header, &claims, &signer).unwrap()
    }

    fn unsigned(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(header), part(claims))
    }

    #[test]
    fn a_token_is_good_for_ten_minutes_even_from_the_cache() {
        let (_, tokens) = tokens();
        let (subject, session) = ids();
        let (token, expires_in) = tokens.issue(subject, session, at(0)).unwrap();
        assert_eq!(expires_in, 600);
        for now in [0, 0, 1, 599, -LEEWAY_SECONDS] {
            let claims = tokens.verify(&token, at(now)).unwrap();
            assert_eq!((claims.subject, claims.session, claims.issued_at), (subject, session, at(0)));
        }
        assert_eq!(tokens.verify(&token, at(600)), Err(TokenError::Expired));
        assert_eq!(tokens.verify(&token, at(-6)), Err(TokenError::Early));
        assert!(token.len() < 700, "{}", token.len());
    }

    #[test]
    fn the_clock_is_the_injected_one() {
        let (_, tokens) = tokens();
        let (subject, session) = ids();
        let long_ago = DateTime::from_timestamp(1_000_000_000, 0).unwrap();
        let (token, _) = tokens.issue(subject, session, long_ago).unwrap();
        assert!(tokens.verify(&token, long_ago).is_ok());
    }

    #[test]
    fn the_helper_of_these_tests_makes_good_tokens() {
        let (keys, tokens) = tokens();
        assert!(tokens.verify(&signed(&keys, |_, _| {}), at(0)).is_ok());
    }

    #[test]
    fn no_algorithm_but_ours() {
        let (keys, tokens) = tokens();
        let key = keys.signing().last().unwrap();
        for algorithm in ["none", "None", "NONE", "nOnE", "EdDSA"] {
            let token = unsigned(&json!({"alg": algorithm, "typ": TYPE, "kid": key.kid()}), &claims());
            assert!(tokens.verify(&token, at(0)).is_err(), "{algorithm}");
            assert!(tokens.verify(token.trim_end_matches('.'), at(0)).is_err(), "{algorithm}");
        }
        // The public key is known to all: it must not do as a shared secret, in any of its spellings.
        let x = URL_SAFE_NO_PAD.encode(key.public());
        for secret in [key.public(), x.as_bytes()] {
            for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                let header = Header { alg: algorithm, ..header(key.kid()) };
                let secret = EncodingKey::from_secret(secret);
                let token = jsonwebtoken::encode(&header, &claims(), &secret).unwrap();
                assert_eq!(tokens.verify(&token, at(0)), Err(TokenError::Header));
            }
        }
    }

    #[test]
    fn no_key_but_ours() {
        let (keys, tokens) = tokens();
        let (foreign, _) = self::tokens();
        let kid = keys.signing()[0].kid().to_owned();
        assert_eq!(tokens.verify(&signed(&foreign, |_, _| {}), at(0)), Err(TokenError::Header));
        let claimed = signed(&foreign, |header, _| header.kid = Some(kid.clone()));
        assert_eq!(tokens.verify(&claimed, at(0)), Err(TokenError::Signature));
        for other in [None, Some(""), Some("../../../dev/null"), Some("' OR 1=1 --"), Some("/etc/passwd\0")] {
            let token = signed(&keys, |header, _| header.kid = other.map(str::to_owned));
            assert_eq!(tokens.verify(&token, at(0)), Err(TokenError::Header), "{other:?}");
        }
        let pointed = signed(&foreign, |header, _| {
            header.kid = Some(kid.clone());
            header.jku = Some("https://attacker.example/jwks.json".to_owned());
        });
        assert_eq!(tokens.verify(&pointed, at(0)), Err(TokenError::Header));
        let critical = signed(&keys, |header, _| header.crit = Some(vec!["b64".to_owned()]));
        assert_eq!(tokens.verify(&critical, at(0)), Err(TokenError::Header));
    }

    #[test]
    fn no_other_kind_of_token() {
        let (keys, tokens) = tokens();
        for kind in [None, Some("JWT"), Some("logout+jwt")] {
            let token = signed(&keys, |header, _| header.typ = kind.map(str::to_owned));
            assert_eq!(tokens.verify(&token, at(0)), Err(TokenError::Header), "{kind:?}");
        }
    }

    #[test]
    fn no_claims_but_ours() {
        let (keys, tokens) = tokens();
        for (name, value) in [
            ("iss", json!("https://needs.example.com")),
            ("iss", json!([ISSUER, "https://needs.example.com"])),
            ("aud", json!("another")),
            ("aud", json!([AUDIENCE, "another"])),
            ("sub", json!("admin")),
            ("sid", Value::Null),
            ("exp", json!(i64::MAX)),
            ("exp", json!("tomorrow")),
            ("exp", json!(at(86_400).timestamp())),
            ("iat", json!(at(60).timestamp())),
        ] {
            let token = signed(&keys, |_, claims| claims[name] = value.clone());
            assert!(tokens.verify(&token, at(0)).is_err(), "{name} {value}");
        }
        for name in ["iss", "aud", "sub", "sid", "exp", "iat", "jti"] {
            let token = signed(&keys, |_, claims| {
                claims.as_object_mut().unwrap().remove(name);
            });
            assert!(tokens.verify(&token, at(0)).is_err(), "without {name}");
        }
    }

    #[test]
    fn a_changed_or_cut_token_is_refused_even_when_the_right_one_is_known() {
        let (_, tokens) = tokens();
        let (subject, session) = ids();
        let (token, _) = tokens.issue(subject, session, at(0)).unwrap();
        tokens.verify(&token, at(0)).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let mut other = claims();
        other["sub"] = json!(Uuid::from_u128(99));
        let payload = URL_SAFE_NO_PAD.encode(other.to_string());
        let tampered = format!("{}.{payload}.{}", parts[0], parts[2]);
        assert_eq!(tokens.verify(&tampered, at(0)), Err(TokenError::Signature));
        let mut refused = 0;
        for index in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            refused += usize::from(tokens.verify(&changed, at(0)).is_err());
            assert!(tokens.verify(&token[..index], at(0)).is_err());
        }
        assert_eq!(refused, token.len());
        for wrong in
            ["", ".", "..", "...", "a.b.c", &format!("{token}.x"), &format!(" {token}"), &format!("{token}=")]
        {
            assert!(tokens.verify(wrong, at(0)).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_oversized_token_is_not_looked_at() {
        let (keys, tokens) = tokens();
        let token = signed(&keys, |_, claims| claims["pad"] = "x".repeat(LONGEST).into());
        assert_eq!(tokens.verify(&token, at(0)), Err(TokenError::TooLong));
    }

    #[test]
    fn an_older_key_of_the_ring_still_verifies() {
        let read = |keys: &Keys| -> Value { serde_json::from_str(keys.to_text().expose_secret()).unwrap() };
        let (old, old_tokens) = tokens();
        let mut both = read(&old);
        both["signing"].as_array_mut().unwrap().push(read(&Keys::generate().unwrap())["signing"][0].clone());
        let both: Keys = both.to_string().parse().unwrap();
        let tokens = Tokens::new(&both, ISSUER).unwrap();
        let (subject, session) = ids();
        let (token, _) = old_tokens.issue(subject, session, at(0)).unwrap();
        assert!(tokens.verify(&token, at(0)).is_ok());
        let (token, _) = tokens.issue(subject, session, at(0)).unwrap();
        assert_eq!(old_tokens.verify(&token, at(0)), Err(TokenError::Header));
        let jwks = tokens.jwks();
        assert_eq!(jwks["keys"].as_array().unwrap().len(), 2);
        assert_eq!(jwks["keys"][0]["kid"], old.signing()[0].kid());
        assert!(!jwks.to_string().contains("\"d\""), "the private half is public");
    }

    #[test]
    fn the_cache_stays_small_and_lets_go_of_the_expired() {
        let cache = Cache::default();
        let (subject, session) = ids();
        let claims =
            Claims { subject, session, issued_at: at(0), expires_at: at(600), token: Uuid::from_u128(3) };
        let count = || {
            cache.0.iter().fold((0, 0), |(claims, order), shard| {
                let shard = shard.lock().unwrap();
                (claims + shard.claims.len(), order + shard.order.len())
            })
        };
        let digests: Vec<_> = (0..16_000).map(|n| hash_secret(&n.to_string())).collect();
        for digest in &digests {
            cache.put(*digest, claims, at(0));
            cache.put(*digest, claims, at(0));
        }
        assert_eq!(count(), (SHARD_CAPACITY * SHARDS, SHARD_CAPACITY * SHARDS));
        assert!(cache.get(&digests[15_999]).is_some() && cache.get(&digests[0]).is_none());
        for digest in &digests {
            cache.put(*digest, Claims { expires_at: at(601), ..claims }, at(600));
        }
        cache.put(digests[0], claims, at(601));
        assert!(count().0 < SHARD_CAPACITY * SHARDS && count().0 == count().1);
    }

    #[test]
    fn an_opaque_secret_is_long_random_and_known_by_its_prefix() {
        for (kind, prefix) in [
            (SecretKind::Refresh, "alr_"),
            (SecretKind::Client, "alongside_cs_"),
            (SecretKind::Activation, "ala_"),
        ] {
            let secret = OpaqueSecret::generate(kind);
            assert!(secret.expose().starts_with(prefix) && secret.expose().len() == prefix.len() + 43);
            assert_ne!(secret.expose(), OpaqueSecret::generate(kind).expose());
            assert!(same_hash(&secret.hash(), &hash_secret(secret.expose())));
            assert!(!same_hash(&secret.hash(), &hash_secret("alr_")) && !same_hash(&secret.hash(), &[]));
            assert_eq!(format!("{secret:?}"), "OpaqueSecret(..)");
        }
    }
}
