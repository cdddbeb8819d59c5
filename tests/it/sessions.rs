//! Signing in and out.

use alongside_domain::policy::Role;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Caller, PASSWORD, World, fail_until_slow};

/// A person with an account of his own making, as an administrator invites one.
fn invited(world: &World, email: &str, role: Role) {
    world.account(email, role);
}

fn sign_in(world: &World, email: &str, password: &str) -> crate::harness::Answer {
    world.stranger().post("/v1/sessions", &json!({"email": email, "password": password}))
}

fn with_token(world: &World, tokens: &Value) -> Caller {
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    Caller::new(&world.base, Some(token), uuid::Uuid::nil(), "somebody")
}

#[test]
fn whoever_signs_out_is_refused_at_once() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    assert_eq!(coordinator.get("/v1/sessions/current").ok()["role"], "coordinator");
    coordinator.delete("/v1/sessions/current").no_content();
    coordinator.get("/v1/sessions/current").problem(401, "session-ended");
}

#[test]
fn a_stranger_is_asked_who_he_is() {
    let world = World::start();
    let answer = world.stranger().get("/v1/participants");
    answer.problem(401, "unauthenticated");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[test]
fn an_invited_person_chooses_a_password_and_signs_in() {
    let world = World::start();
    invited(&world, "nurse@example.org", Role::Clinician);
    let tokens = sign_in(&world, "Nurse@Example.org", PASSWORD).created();
    assert_eq!(tokens["token_type"], "Bearer");
    assert!(tokens["expires_in"].as_i64().unwrap() <= 900);
    assert_eq!(with_token(&world, &tokens).get("/v1/sessions/current").ok()["role"], "clinician");
}

#[test]
fn whatever_is_wrong_the_door_says_the_same() {
    let world = World::start();
    invited(&world, "nurse@example.org", Role::Clinician);
    let answers = [
        sign_in(&world, "nurse@example.org", "wrong"),
        sign_in(&world, "nobody@example.org", PASSWORD),
        sign_in(&world, "nobody@example.org", ""),
    ];
    answers[0].problem(401, "wrong-credentials");
    let strip = |answer: &crate::harness::Answer| {
        let mut body = answer.json();
        body["instance"] = Value::Null;
        (answer.status, body)
    };
    assert_eq!(strip(&answers[0]), strip(&answers[1]));
    answers[2].invalid_at("/password");
}

#[test]
fn guessing_is_slowed_and_the_owner_gets_in_again() {
    let world = World::start();
    invited(&world, "nurse@example.org", Role::Clinician);
    fail_until_slow(&world, 5, |_| {
        sign_in(&world, "nurse@example.org", "wrong").problem(401, "wrong-credentials");
    });
    // Even the right password is refused for a while, in the same words.
    sign_in(&world, "nurse@example.org", PASSWORD).problem(401, "wrong-credentials");
    world.clock.advance(TimeDelta::minutes(16));
    sign_in(&world, "nurse@example.org", PASSWORD).created();
}

#[test]
fn a_refresh_token_turns_and_an_old_one_ends_the_session() {
    let world = World::start();
    invited(&world, "nurse@example.org", Role::Clinician);
    let first = sign_in(&world, "nurse@example.org", PASSWORD).created();
    let refresh =
        |token: &Value| world.stranger().post("/v1/sessions/refresh", &json!({"refresh_token": token}));
    let second = refresh(&first["refresh_token"]).ok();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    // The answer was lost on a bad line: the same request gets the same successor.
    assert_eq!(refresh(&first["refresh_token"]).ok()["refresh_token"], second["refresh_token"]);
    with_token(&world, &second).get("/v1/sessions/current").ok();
    world.clock.advance(TimeDelta::minutes(2));
    refresh(&first["refresh_token"]).problem(401, "session-ended");
    refresh(&second["refresh_token"]).problem(401, "session-ended");
    // However long ago it was spent.
    let first = sign_in(&world, "nurse@example.org", PASSWORD).created();
    let newest =
        refresh(&refresh(&refresh(&first["refresh_token"]).ok()["refresh_token"]).ok()["refresh_token"]).ok();
    refresh(&first["refresh_token"]).problem(401, "session-ended");
    refresh(&newest["refresh_token"]).problem(401, "session-ended");
    with_token(&world, &second).get("/v1/sessions/current").problem(401, "session-ended");
}

#[test]
fn a_refresh_token_turned_by_many_at_once_has_one_successor() {
    let world = World::start();
    invited(&world, "nurse@example.org", Role::Clinician);
    let tokens = sign_in(&world, "nurse@example.org", PASSWORD).created();
    let body = json!({"refresh_token": tokens["refresh_token"]});
    let replica = world.replica();
    let bases = [&world.base, &replica.base];
    let got: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8)
            .map(|number| {
                let caller = Caller::new(bases[number % 2], None, uuid::Uuid::nil(), "tablet");
                let body = &body;
                scope.spawn(move || caller.post("/v1/sessions/refresh", body))
            })
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let successors: std::collections::BTreeSet<_> =
        got.iter().map(|answer| answer.ok()["refresh_token"].as_str().unwrap().to_owned()).collect();
    assert_eq!(successors.len(), 1, "{successors:?}");
    let next = json!({"refresh_token": successors.first().unwrap()});
    world.stranger().post("/v1/sessions/refresh", &next).ok();
}

#[test]
fn an_access_token_expires_within_minutes() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    world.clock.advance(TimeDelta::minutes(16));
    coordinator.get("/v1/sessions/current").problem(401, "unauthenticated");
}

#[test]
fn a_deactivated_person_is_out_at_once() {
    let world = World::start();
    let supporter = world.sign_in(Role::Supporter);
    supporter.get("/v1/participants").ok();
    world.admin().post_nothing(&format!("/v1/people/{}/deactivation", supporter.id)).ok();
    supporter.get("/v1/participants").problem(401, "session-ended");
}

#[test]
fn trial_software_gets_a_token_with_its_secret_and_loses_it_with_its_client() {
    let world = World::start();
    let admin = world.admin();
    let made = admin
        .post(
            "/v1/clients",
            &json!({"programme_id": world.programme, "name": "Trial software", "scopes": ["participants:read"]}),
        )
        .created();
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    let form = |secret: &str| format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let ask = |form: String| {
        world.stranger().post_bytes("/oauth2/token", "application/x-www-form-urlencoded", form.as_bytes())
    };
    assert_eq!(ask(form("alongside_cs_wrong")).is(401)["error"], "invalid_client");
    let tokens = ask(form(secret)).ok();
    assert_eq!(tokens["scope"], "participants:read");
    let software = with_token(&world, &tokens);
    software.get("/v1/participants").ok();
    software.get("/v1/flags").forbidden();
    admin.post_nothing(&format!("/v1/clients/{id}/revocation")).ok();
    software.get("/v1/participants").problem(401, "session-ended");
    assert_eq!(ask(form(secret)).is(401)["error"], "invalid_client");
}
