//! Giving tokens back, asking after them, and where all this is described.

use alongside_domain::policy::Role;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, World};

const PASSWORD: &str = "otter pebble lantern 47 drum";

/// A person who signs in with his password, so that he has a refresh token.
fn signed_in(world: &World) -> Value {
    let email = "nurse@example.org";
    let person = json!({"email": email, "display_name": "Invited",
        "memberships": [{"role": Role::Clinician, "programme_id": world.programme}]});
    let made = world.admin().post("/v1/people", &person).created();
    let activation =
        json!({"email": email, "activation_code": made["activation_code"], "password": PASSWORD});
    let answer = world.stranger().post("/v1/activations", &activation);
    assert!((200..300).contains(&answer.status), "{}", answer.text());
    world.stranger().post("/v1/sessions", &json!({"email": email, "password": PASSWORD})).created()
}

struct Software {
    id: String,
    secret: String,
    token: String,
}

fn software(world: &World) -> Software {
    let client =
        json!({"programme_id": world.programme, "name": "Trial software", "scopes": ["participants:read"]});
    let made = world.admin().post("/v1/clients", &client).created();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (id, secret) = (text(&made["client_id"]), text(&made["client_secret"]));
    let named = format!("client_id={id}&client_secret={secret}");
    let tokens = send(world, "/oauth2/token", &format!("grant_type=client_credentials&{named}")).ok();
    Software { id, secret, token: text(&tokens["access_token"]) }
}

impl Software {
    fn named(&self, token: &str) -> String {
        format!("token={token}&client_id={}&client_secret={}", self.id, self.secret)
    }
}

fn send(world: &World, path: &str, form: &str) -> Answer {
    world.stranger().post_bytes(path, "application/x-www-form-urlencoded", form.as_bytes())
}

fn with(world: &World, token: &str) -> Caller {
    Caller::new(&world.base, Some(token.to_owned()), uuid::Uuid::nil(), "somebody")
}

#[test]
fn either_token_of_a_person_ends_his_session() {
    let world = World::start();
    let tokens = signed_in(&world);
    let sign_in = || {
        let body = json!({"email": "nurse@example.org", "password": PASSWORD});
        world.stranger().post("/v1/sessions", &body).created()
    };
    for (tokens, shown, hint) in
        [(tokens, "refresh_token", "access_token"), (sign_in(), "access_token", "nonsense")]
    {
        let access = tokens["access_token"].as_str().unwrap();
        with(&world, access).get("/v1/sessions/current").ok();
        let shown = tokens[shown].as_str().unwrap();
        let answer = send(&world, "/oauth2/revoke", &format!("token={shown}&token_type_hint={hint}"));
        assert_eq!((answer.status, answer.bytes.len()), (200, 0), "{}", answer.text());
        with(&world, access).get("/v1/sessions/current").problem(401, "session-ended");
        let refresh = json!({"refresh_token": tokens["refresh_token"]});
        world.stranger().post("/v1/sessions/refresh", &refresh).problem(401, "session-ended");
        // Again, and the answer is the same.
        assert_eq!(send(&world, "/oauth2/revoke", &format!("token={shown}")).status, 200);
    }
}

#[test]
fn who_only_knows_the_session_cannot_end_it() {
    let world = World::start();
    let tokens = signed_in(&world);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let [_, session, mark] = refresh.split('.').collect::<Vec<_>>()[..] else { panic!("{refresh}") };
    let software = software(&world);
    let made_up = format!("alr_{}.{session}", "A".repeat(43));
    let guesses = [made_up.clone(), format!("{made_up}.{mark}"), session.to_owned(), "x".to_owned()];
    for guess in guesses {
        assert_eq!(send(&world, "/oauth2/revoke", &format!("token={guess}")).status, 200);
        let refreshed = world.stranger().post("/v1/sessions/refresh", &json!({"refresh_token": guess}));
        assert_eq!(refreshed.status, 401);
    }
    // A program does not end a person's session, even with his token.
    assert_eq!(send(&world, "/oauth2/revoke", &software.named(refresh)).status, 200);
    with(&world, tokens["access_token"].as_str().unwrap()).get("/v1/sessions/current").ok();
}

#[test]
fn a_program_gives_back_its_own_token_and_no_other() {
    let world = World::start();
    let [one, other] = [1, 2].map(|_| software(&world));
    let alive = |software: &Software| with(&world, &software.token).get("/v1/participants").status == 200;
    assert_eq!(send(&world, "/oauth2/revoke", &other.named(&one.token)).status, 200);
    assert_eq!(send(&world, "/oauth2/revoke", &format!("token={}", one.token)).status, 200);
    assert!(alive(&one), "somebody else ended it");
    let wrong = format!("token={}&client_id={}&client_secret=wrong", one.token, one.id);
    assert_eq!(send(&world, "/oauth2/revoke", &wrong).is(401)["error"], "invalid_client");
    assert!(alive(&one));
    assert_eq!(send(&world, "/oauth2/revoke", &one.named(&one.token)).status, 200);
    with(&world, &one.token).get("/v1/participants").problem(401, "session-ended");
    assert!(alive(&other));
    assert_eq!(send(&world, "/oauth2/revoke", "nothing=1").is(400)["error"], "invalid_request");
}

#[test]
fn a_program_learns_of_its_own_tokens_whether_they_are_good() {
    let world = World::start();
    let [one, other] = [1, 2].map(|_| software(&world));
    let ask = |who: &Software, token: &str| send(&world, "/oauth2/introspect", &who.named(token)).ok();
    let said = ask(&one, &one.token);
    assert_eq!(said["active"], true);
    assert_eq!((&said["client_id"], &said["sub"]), (&json!(one.id), &json!(one.id)));
    assert_eq!((&said["scope"], &said["iss"]), (&json!("participants:read"), &json!(world.base)));
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 600);

    let person = signed_in(&world);
    let inactive = json!({"active": false});
    for foreign in [
        other.token.as_str(),
        person["access_token"].as_str().unwrap(),
        person["refresh_token"].as_str().unwrap(),
        "x",
        "a.b.c",
    ] {
        assert_eq!(ask(&one, foreign), inactive, "{foreign}");
    }
    world.clock.advance(TimeDelta::minutes(11));
    assert_eq!(ask(&one, &one.token), inactive);
}

#[test]
fn a_token_given_back_is_not_active() {
    let world = World::start();
    let one = software(&world);
    send(&world, "/oauth2/revoke", &one.named(&one.token));
    assert_eq!(send(&world, "/oauth2/introspect", &one.named(&one.token)).ok(), json!({"active": false}));
}

#[test]
fn whoever_does_not_name_himself_is_told_nothing() {
    let world = World::start();
    let one = software(&world);
    let admin = world.admin();
    admin.post_nothing(&format!("/v1/clients/{}/revocation", software(&world).id)).ok();
    for form in [
        format!("token={}", one.token),
        format!("token={}&client_id={}", one.token, one.id),
        format!("token={}&client_id={}&client_secret=alongside_cs_wrong", one.token, one.id),
        format!("token={}&client_id=nobody&client_secret={}", one.token, one.secret),
    ] {
        let answer = send(&world, "/oauth2/introspect", &form);
        assert_eq!(answer.is(401)["error"], "invalid_client", "{form}");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic"));
    }
    admin.post_nothing(&format!("/v1/clients/{}/revocation", one.id)).ok();
    assert_eq!(send(&world, "/oauth2/introspect", &one.named(&one.token)).status, 401);
}

#[test]
fn the_metadata_names_endpoints_that_are_there() {
    let world = World::start();
    let metadata = world.stranger().get("/.well-known/oauth-authorization-server").ok();
    assert_eq!(metadata["issuer"], json!(world.base));
    for endpoint in ["token_endpoint", "revocation_endpoint", "introspection_endpoint"] {
        let path = metadata[endpoint].as_str().unwrap().strip_prefix(&world.base).unwrap();
        assert_eq!(send(&world, path, "x=y").is(400)["error"], "invalid_request", "{endpoint}");
    }
    let path = metadata["jwks_uri"].as_str().unwrap().strip_prefix(&world.base).unwrap();
    assert_eq!(world.stranger().get(path).ok()["keys"][0]["alg"], "EdDSA");
}
