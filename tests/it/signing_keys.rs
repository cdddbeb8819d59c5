//! Tokens that were made up, and changing the key that signs the good ones.

use alongside_api::security::keys::Keys;
use alongside_api::security::token::{AUDIENCE, Tokens};
use alongside_domain::policy::Role;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::program::api;
use crate::harness::{Answer, Caller, World};

fn with(world: &World, token: &str) -> Answer {
    Caller::new(&world.base, Some(token.to_owned()), Uuid::nil(), "forger").get("/v1/sessions/current")
}

/// What a good token says, read off it: a forger has seen one.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn header(algorithm: Algorithm, kid: &str) -> Header {
    let kid = Some(kid.to_owned());
    Header { typ: Some("at+jwt".to_owned()), kid, ..Header::new(algorithm) }
}

/// Signed by the newest of these keys, under any name.
fn signed(keys: &Keys, kid: &str, claims: &Value) -> String {
    let key = keys.signing().last().unwrap();
    let signer = EncodingKey::from_ed_der(key.pkcs8().expose_secret());
    jsonwebtoken::encode(&header(Algorithm::EdDSA, kid), claims, &signer).unwrap()
}

#[test]
fn every_forged_token_is_refused_in_the_same_words() {
    let world = World::start();
    let good = world.sign_in(Role::Coordinator).token.unwrap();
    let claims = claims(&good);
    let key = world.keys.signing().last().unwrap();
    let kid = key.kid();
    let stranger = Keys::generate().unwrap();
    let changed = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let hmac = |secret: &[u8]| {
        jsonwebtoken::encode(&header(Algorithm::HS256, kid), &claims, &EncodingKey::from_secret(secret))
            .unwrap()
    };
    let none = json!({"alg": "none", "typ": "at+jwt", "kid": kid});
    let published = world.stranger().get("/.well-known/jwks.json").ok()["keys"][0].clone();
    let now = world.app.clock.now();
    let forged = [
        ("no algorithm", format!("{}.{}.", part(&none), part(&claims))),
        ("no algorithm, good signature", {
            let signature = good.rsplit_once('.').unwrap().1;
            format!("{}.{}.{signature}", part(&none), part(&claims))
        }),
        ("the public key as a shared secret", hmac(key.public())),
        ("the published key as a shared secret", hmac(published["x"].as_str().unwrap().as_bytes())),
        ("the published document as a shared secret", hmac(published.to_string().as_bytes())),
        ("a key nobody knows", signed(&stranger, stranger.signing()[0].kid(), &claims)),
        ("a foreign key under our name", signed(&stranger, kid, &claims)),
        ("a name that is a path", signed(&world.keys, "../../../../dev/null", &claims)),
        ("a name that is an absolute path", signed(&world.keys, "/etc/alongside/alongside.key", &claims)),
        ("a name that is SQL", signed(&world.keys, "' OR 1=1 --", &claims)),
        ("another issuer", signed(&world.keys, kid, &changed("iss", json!("https://elsewhere.example")))),
        ("another audience", signed(&world.keys, kid, &changed("aud", json!("elsewhere")))),
        ("one audience too many", signed(&world.keys, kid, &changed("aud", json!([AUDIENCE, "elsewhere"])))),
        (
            "expired",
            signed(&world.keys, kid, &{
                let mut old = changed("iat", json!((now - TimeDelta::minutes(11)).timestamp()));
                old["exp"] = json!((now - TimeDelta::minutes(1)).timestamp());
                old
            }),
        ),
        (
            "good for ever",
            signed(&world.keys, kid, &changed("exp", json!((now + TimeDelta::days(3650)).timestamp()))),
        ),
        ("another's session", signed(&world.keys, kid, &changed("sub", json!(Uuid::from_u128(7))))),
        ("no session", signed(&world.keys, kid, &changed("sid", json!(Uuid::from_u128(7))))),
    ];
    let told = |answer: &Answer| {
        let mut body = answer.problem(401, "unauthenticated");
        body["instance"] = Value::Null;
        (body, answer.header("www-authenticate").map(str::to_owned))
    };
    let nobody = told(&with(&world, "x"));
    for (what, token) in forged {
        assert_eq!(told(&with(&world, &token)), nobody, "{what}");
    }
    // The tools of this test make good tokens where nothing is wrong with them.
    with(&world, &signed(&world.keys, kid, &claims)).ok();
    with(&world, &good).ok();
}

#[test]
fn a_signing_key_is_changed_on_the_command_line_and_no_token_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alongside.key");
    let path = file.to_str().unwrap();
    let run = |arguments: &[&str]| {
        let output = api(arguments, &[]);
        let said = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().trim().to_owned();
        (output.status.success(), said(&output.stdout), said(&output.stderr))
    };
    let keys = |step: &str, more: &[&str]| {
        let mut arguments = vec!["keys", step, "--file", path];
        arguments.extend(more);
        run(&arguments)
    };
    let tokens = || Tokens::new(&Keys::load_file(&file).unwrap(), "https://needs.example.org").unwrap();
    let now = chrono::DateTime::from_timestamp(1_900_000_000, 0).unwrap();
    let issue = |tokens: &Tokens| tokens.issue(Uuid::from_u128(1), Uuid::from_u128(2), now).unwrap().0;
    let shown = |tokens: &Tokens| tokens.jwks()["keys"].as_array().unwrap().len();

    assert!(keys("init", &[]).0);
    let before = tokens();
    let old = Keys::load_file(&file).unwrap().signing()[0].kid().to_owned();
    let (done, new, _) = keys("add-signing", &[]);
    assert!(done && new != old);
    let (_, listed, _) = keys("list", &[]);
    assert_eq!(listed, format!("{new}  verifies\n{old}  signs and verifies"));
    // Replicas that know the new key and those that do not yet understand each other.
    let added = tokens();
    assert!(before.verify(&issue(&added), now).is_ok() && added.verify(&issue(&before), now).is_ok());
    assert_eq!(shown(&added), 2);

    let (done, _, said) = keys("retire-signing", &[&old]);
    assert!(!done && said.contains("signs"), "{said}");
    assert!(keys("use-signing", &[&new]).0);
    let used = tokens();
    assert!(added.verify(&issue(&used), now).is_ok() && used.verify(&issue(&added), now).is_ok());
    assert!(before.verify(&issue(&used), now).is_err(), "the new key signs");

    assert!(keys("retire-signing", &[&old]).0);
    let after = tokens();
    assert!(after.verify(&issue(&used), now).is_ok() && after.verify(&issue(&before), now).is_err());
    assert_eq!(shown(&after), 1);
    let (done, _, said) = keys("use-signing", &[&old]);
    assert!(!done && said.contains("no signing key"), "{said}");
}
