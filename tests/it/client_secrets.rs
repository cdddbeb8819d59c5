//! Service clients: their secrets, their quota, and the switch that cuts them off.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, World};

/// A client as the administrator gets to see it when it is made.
fn connected(world: &World, more: &Value) -> Value {
    let mut client =
        json!({"programme_id": world.programme, "name": "Trial software", "scopes": ["participants:read"]});
    client.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.admin().post("/v1/clients", &client).created()
}

fn ask(world: &World, id: &Value, secret: &Value) -> Answer {
    let (id, secret) = (id.as_str().unwrap(), secret.as_str().unwrap());
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    world.stranger().post_bytes("/oauth2/token", "application/x-www-form-urlencoded", form.as_bytes())
}

fn software(world: &World, client: &Value) -> Caller {
    let tokens = ask(world, &client["client_id"], &client["client_secret"]).ok();
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    Caller::new(&world.base, Some(token), uuid::Uuid::nil(), "software")
}

fn secrets(client: &Value) -> String {
    format!("/v1/clients/{}/secrets", client["client_id"].as_str().unwrap())
}

#[test]
fn the_old_secret_works_beside_the_new_one_until_it_stops_by_itself() {
    let world = World::start();
    let client = connected(&world, &json!({}));
    let id = &client["client_id"];
    assert!(client["client_secret"].as_str().unwrap().starts_with("alongside_cs_"));
    assert_eq!(client["previous_secret_until"], Value::Null);
    let working = software(&world, &client);

    let admin = world.admin();
    let second = admin.post(&secrets(&client), &json!({"overlap_seconds": 3600})).created();
    assert_ne!(client["client_secret"], second["client_secret"]);
    assert!(second["previous_secret_until"].is_string());
    ask(&world, id, &client["client_secret"]).ok();
    ask(&world, id, &second["client_secret"]).ok();
    working.get("/v1/participants").ok();
    // Nobody sees a secret again.
    let listed = admin.get("/v1/clients").ok();
    assert_eq!(listed["items"][0]["client_secret"], Value::Null);
    assert_eq!(listed["items"][0]["previous_secret_until"], second["previous_secret_until"]);

    world.clock.advance(TimeDelta::hours(1));
    assert_eq!(ask(&world, id, &client["client_secret"]).is(401)["error"], "invalid_client");
    ask(&world, id, &second["client_secret"]).ok();

    // Only the last two can work.
    let third = world.admin().post(&secrets(&client), &json!({})).created();
    let fourth = world.admin().post(&secrets(&client), &json!({})).created();
    assert_eq!(ask(&world, id, &second["client_secret"]).is(401)["error"], "invalid_client");
    ask(&world, id, &third["client_secret"]).ok();
    ask(&world, id, &fourth["client_secret"]).ok();
}

#[test]
fn a_secret_in_the_wrong_hands_stops_at_once_with_its_tokens() {
    let world = World::start();
    let client = connected(&world, &json!({}));
    let thief = software(&world, &client);
    thief.get("/v1/participants").ok();
    let next = world.admin().post(&secrets(&client), &json!({"overlap_seconds": 0})).created();
    assert_eq!(next["previous_secret_until"], Value::Null);
    thief.get("/v1/participants").problem(401, "session-ended");
    assert_eq!(
        ask(&world, &client["client_id"], &client["client_secret"]).is(401)["error"],
        "invalid_client"
    );
    software(&world, &next).get("/v1/participants").ok();
}

#[test]
fn a_repeat_with_its_key_gets_the_same_secret() {
    let world = World::start();
    let client = connected(&world, &json!({}));
    let admin = world.admin();
    let [first, again] =
        [1, 2].map(|_| admin.post_with_key(&secrets(&client), "rotation-2026-11", &json!({})).created());
    assert_eq!(first["client_secret"], again["client_secret"]);
    ask(&world, &client["client_id"], &client["client_secret"]).ok();
    ask(&world, &client["client_id"], &first["client_secret"]).ok();
}

#[test]
fn a_program_that_was_cut_off_gets_no_secret_and_none_of_its_secrets_works() {
    let world = World::start();
    let client = connected(&world, &json!({}));
    let id = client["client_id"].as_str().unwrap();
    let working = software(&world, &client);
    let admin = world.admin();
    let second = admin.post(&secrets(&client), &json!({})).created();
    admin.post_nothing(&format!("/v1/clients/{id}/revocation")).ok();
    working.get("/v1/participants").problem(401, "session-ended");
    for known in [&client, &second] {
        assert_eq!(
            ask(&world, &client["client_id"], &known["client_secret"]).is(401)["error"],
            "invalid_client"
        );
    }
    assert_eq!(admin.post(&secrets(&client), &json!({})).status, 409);
}

#[test]
fn a_client_has_its_quota_whatever_number_of_tokens_it_uses() {
    let world = World::start();
    let client = connected(&world, &json!({"requests_per_minute": 3}));
    assert_eq!(client["requests_per_minute"], 3);
    let [one, two] = [1, 2].map(|_| software(&world, &client));
    let other = software(&world, &connected(&world, &json!({})));
    one.get("/v1/participants").ok();
    two.get("/v1/participants").ok();
    // What is refused counts as well.
    two.get("/v1/sites").problem(403, "insufficient-scope");
    for caller in [&one, &two] {
        let refused = caller.get("/v1/participants");
        refused.problem(429, "rate-limited");
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=61).contains(&wait), "{wait}");
    }
    other.get("/v1/participants").ok();
    world.sign_in(alongside_domain::policy::Role::Coordinator).get("/v1/participants").ok();
    world.clock.advance(TimeDelta::seconds(61));
    one.get("/v1/participants").ok();
}

#[test]
fn a_quota_is_changed_from_the_next_minute_on() {
    let world = World::start();
    let admin = world.admin();
    let client = connected(&world, &json!({"requests_per_minute": 1}));
    let path = format!("/v1/clients/{}", client["client_id"].as_str().unwrap());
    let change = |quota: i32| {
        let body = json!({"requests_per_minute": quota}).to_string().into_bytes();
        admin.send("PATCH", &path, &[("content-type", "application/json")], Some(body))
    };
    let software = software(&world, &client);
    software.get("/v1/participants").ok();
    software.get("/v1/participants").problem(429, "rate-limited");
    assert_eq!(change(2).ok()["requests_per_minute"], 2);
    for quota in [0, -1, 60_001] {
        change(quota).invalid_at("/requests_per_minute");
    }
    world.clock.advance(TimeDelta::seconds(61));
    software.get("/v1/participants").ok();
    software.get("/v1/participants").ok();
    software.get("/v1/participants").problem(429, "rate-limited");
    admin.post_nothing(&format!("{path}/revocation")).ok();
    change(3).problem(409, "illegal-transition");
}

#[test]
fn a_quota_and_an_overlap_have_bounds() {
    let world = World::start();
    let admin = world.admin();
    for quota in [0, -1, 60_001] {
        let client = json!({"programme_id": world.programme, "name": "Trial software",
            "scopes": ["participants:read"], "requests_per_minute": quota});
        admin.post("/v1/clients", &client).invalid_at("/requests_per_minute");
    }
    let client = connected(&world, &json!({}));
    for overlap in [-1, 2_592_001] {
        admin.post(&secrets(&client), &json!({"overlap_seconds": overlap})).invalid_at("/overlap_seconds");
    }
}
