//! Accounts as people have them: invited, with a password of their own choice and perhaps a second factor.

use alongside_api::security::totp::TotpSecret;
use alongside_domain::policy::Role;
use serde_json::{Value, json};

use super::answer::Answer;
use super::caller::Caller;
use super::world::World;

pub const PASSWORD: &str = "otter pebble lantern 47 drum";

/// Somebody with an account.
pub struct Account<'w> {
    world: &'w World,
    pub email: String,
    pub id: uuid::Uuid,
}

impl World {
    /// Somebody who holds this role in the programme and has chosen [`PASSWORD`].
    pub fn account(&self, email: &str, role: Role) -> Account<'_> {
        let person = json!({"email": email, "display_name": "Invited",
            "memberships": [{"role": role, "programme_id": self.programme}]});
        let made = self.admin().post("/v1/people", &person).created();
        let account = Account {
            world: self,
            email: email.to_owned(),
            id: made["id"].as_str().unwrap().parse().unwrap(),
        };
        account.activate(made["activation_code"].as_str().unwrap(), PASSWORD).no_content();
        account
    }

    /// The caller these tokens belong to.
    pub fn with_tokens(&self, tokens: &Value) -> Caller {
        let token = tokens["access_token"].as_str().unwrap().to_owned();
        let mut caller = Caller::new(&self.base, Some(token), uuid::Uuid::nil(), "somebody");
        let session = caller.get("/v1/sessions/current").ok();
        caller.id = session["person_id"].as_str().unwrap().parse().unwrap();
        caller
    }
}

impl Account<'_> {
    pub fn activate(&self, code: &str, password: &str) -> Answer {
        let body = json!({"email": self.email, "activation_code": code, "password": password});
        self.world.stranger().post("/v1/activations", &body)
    }

    /// Signs in with [`PASSWORD`] and these members besides.
    pub fn try_sign_in(&self, more: &Value) -> Answer {
        self.try_sign_in_from("127.0.0.1", more)
    }

    /// As [`Account::try_sign_in`], from somewhere else: for a server that believes its proxy.
    pub fn try_sign_in_from(&self, address: &str, more: &Value) -> Answer {
        let mut body = json!({"email": self.email, "password": PASSWORD});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let headers = [("content-type", "application/json"), ("x-forwarded-for", address)];
        let body = Some(body.to_string().into_bytes());
        self.world.stranger().send("POST", "/v1/sessions", &headers, body)
    }

    pub fn sign_in(&self) -> Caller {
        self.world.with_tokens(&self.try_sign_in(&json!({})).created())
    }

    /// Sets up a second factor in a session of his; answers his app and his recovery codes.
    pub fn enrol(&self, caller: &Caller) -> (App<'_>, Vec<String>) {
        let begun = caller.post_nothing("/v1/second-factor/enrolment").created();
        let app = App { world: self.world, secret: secret(begun["secret"].as_str().unwrap()) };
        let done = caller.post("/v1/second-factor/confirmation", &json!({"totp": app.code()})).ok();
        let codes = done["recovery_codes"].as_array().unwrap();
        (app, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
    }
}

/// An authenticator, on the clock of the test.
pub struct App<'w> {
    world: &'w World,
    secret: TotpSecret,
}

impl App<'_> {
    /// What it shows now.
    pub fn code(&self) -> String {
        self.secret.code(self.world.app.clock.now().timestamp() / 30)
    }

    /// What it shows half a minute later: a code that was never used.
    pub fn next(&self) -> String {
        self.world.clock.advance(chrono::TimeDelta::seconds(30));
        self.code()
    }
}

/// Reads base32 as an app does.
pub fn secret(text: &str) -> TotpSecret {
    let (mut bytes, mut word, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).unwrap();
        word = (word << 5 | u32::try_from(value).unwrap()) & 0xffff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(word >> bits & 0xff).unwrap());
        }
    }
    TotpSecret::from_bytes(bytes)
}

/// Fails twelve times, each as soon as the door is open again: it then stays shut for a minute. Nothing depends on how fast
/// this machine is.
pub fn fail_until_slow(world: &World, free: i32, fail: impl Fn(i32)) {
    for failed in 1..=free + 7 {
        fail(failed);
        let delay = alongside_domain::sign_in::delay(failed, free).filter(|_| failed < free + 7);
        if let Some(delay) = delay {
            world.clock.advance(delay + chrono::TimeDelta::seconds(1));
        }
    }
}
