//! Choosing and changing a password.

use alongside_domain::policy::Role;
use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{Caller, PASSWORD, World, fail_until_slow};

const OTHER: &str = "seven walruses paint the harbour";

fn change(caller: &Caller, from: &str, to: &str) -> crate::harness::Answer {
    caller.post("/v1/password-changes", &json!({"current_password": from, "new_password": to}))
}

#[test]
fn a_first_password_is_long_unusual_and_not_the_name_on_the_door() {
    let world = World::start();
    let person = json!({"email": "sam.supporter@example.org", "display_name": "Samuel Whitlock",
        "memberships": [{"role": "supporter", "programme_id": world.programme}]});
    let made = world.admin().post("/v1/people", &person).created();
    let choose = |code: &serde_json::Value, password: &str| {
        let body =
            json!({"email": "sam.supporter@example.org", "activation_code": code, "password": password});
        world.stranger().post("/v1/activations", &body)
    };
    let code = &made["activation_code"];
    for wrong in [
        "short",
        "elevenchars",
        "password1234567",
        "the Whitlock in the rain 9",
        "sam.supporter is here 4 now",
    ] {
        choose(code, wrong).invalid_at("/password");
    }
    // How long it must be for this account is told to nobody who has not the code.
    choose(&json!("ala_wrong"), "elevenchars").problem(401, "wrong-credentials");
    choose(&json!("ala_wrong"), "the Whitlock in the rain 9").problem(401, "wrong-credentials");
    // The refusals have not used the code up; composed and decomposed accents are the same letters.
    choose(code, "Grüße aus Wörlitz, 7 Enten").no_content();
    choose(code, OTHER).problem(401, "wrong-credentials");
    let sign_in = json!({"email": "sam.supporter@example.org",
        "password": "Gru\u{308}ße aus Wo\u{308}rlitz, 7 Enten"});
    world.stranger().post("/v1/sessions", &sign_in).created();
}

#[test]
fn whoever_changes_his_password_ends_his_other_sessions() {
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let elsewhere = nurse.try_sign_in(&json!({})).created();
    let here = nurse.sign_in();
    change(&here, "not the password at all", OTHER).invalid_at("/current_password");
    change(&here, PASSWORD, "too short").invalid_at("/new_password");
    change(&here, PASSWORD, "nurse@example.org is me").invalid_at("/new_password");
    change(&here, PASSWORD, OTHER).no_content();
    here.get("/v1/sessions/current").ok();
    let refresh = json!({"refresh_token": elsewhere["refresh_token"]});
    world.stranger().post("/v1/sessions/refresh", &refresh).problem(401, "session-ended");
    let token = elsewhere["access_token"].as_str().unwrap().to_owned();
    let other = Caller::new(&world.base, Some(token), uuid::Uuid::nil(), "elsewhere");
    other.get("/v1/sessions/current").problem(401, "session-ended");
    nurse.try_sign_in(&json!({})).problem(401, "wrong-credentials");
    nurse.try_sign_in(&json!({"password": OTHER})).created();
}

#[test]
fn a_stolen_session_is_no_way_round_the_slow_door() {
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let thief = nurse.sign_in();
    fail_until_slow(&world, 5, |_| {
        change(&thief, "a guess that is wrong", OTHER).invalid_at("/current_password");
    });
    // The right one is told nothing from a wrong one now.
    let refused = change(&thief, PASSWORD, OTHER).invalid_at("/current_password");
    assert_eq!(refused["errors"][0]["code"], "wrong");
    world.clock.advance(TimeDelta::minutes(2));
    change(&thief, PASSWORD, OTHER).no_content();
}
