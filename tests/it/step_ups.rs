//! What gives power asks who sits there.

use alongside_domain::policy::{Operation, RULES, Role};
use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{PASSWORD, World, fail_until_slow};

#[test]
fn five_minutes_after_the_sign_in_a_role_is_given_only_with_a_fresh_code() {
    let world = World::start();
    let manager = world.account("manager@example.org", Role::TrialManager);
    let caller = manager.sign_in();
    let (app, codes) = manager.enrol(&caller);
    let instrument = world.instrument("/phq-9");
    let dry_run = format!("/v1/instruments/{}/alert-rule-dry-runs", instrument["id"].as_str().unwrap());
    let ask = || caller.post(&dry_run, &json!({}));
    // Fresh from setting it up: the body is looked at.
    assert_ne!(ask().json()["code"], "step-up-required");
    world.clock.advance(TimeDelta::minutes(6));
    ask().problem(403, "step-up-required");
    let step_up = |proof: serde_json::Value| caller.post("/v1/sessions/current/step-up", &proof);
    step_up(json!({"password": PASSWORD})).invalid_at("/totp");
    step_up(json!({})).invalid_at("/totp");
    step_up(json!({"totp": "000000"})).invalid_at("/totp");
    ask().problem(403, "step-up-required");
    let code = app.next();
    let fresh = step_up(json!({"totp": code})).ok();
    assert_eq!(caller.get("/v1/sessions/current").ok()["fresh_until"], fresh["fresh_until"]);
    assert_ne!(ask().json()["code"], "step-up-required");
    // The same code is not good twice, and neither is a recovery code.
    step_up(json!({"totp": code})).invalid_at("/totp");
    step_up(json!({"recovery_code": codes[0]})).ok();
    step_up(json!({"recovery_code": codes[0]})).invalid_at("/recovery_code");
}

#[test]
fn without_a_second_factor_the_password_will_do_where_none_is_asked_for() {
    let world = World::start();
    let manager = world.account("manager@example.org", Role::TrialManager);
    let caller = manager.sign_in();
    world.clock.advance(TimeDelta::minutes(6));
    assert!(caller.get("/v1/sessions/current").ok()["fresh_until"].is_null());
    let step_up = |proof: serde_json::Value| caller.post("/v1/sessions/current/step-up", &proof);
    step_up(json!({"password": "wrong"})).invalid_at("/password");
    step_up(json!({"totp": "123456"})).invalid_at("/totp");
    step_up(json!({"password": PASSWORD, "totp": "123456"})).invalid_at("/password");
    step_up(json!({"password": PASSWORD})).ok();
    assert!(!caller.get("/v1/sessions/current").ok()["fresh_until"].is_null());
}

#[test]
fn guessing_at_the_step_up_is_slow() {
    let world = World::start();
    let manager = world.account("manager@example.org", Role::TrialManager);
    let thief = manager.sign_in();
    let (app, _) = manager.enrol(&thief);
    fail_until_slow(&world, 5, |guess| {
        let code = format!("{guess:06}");
        thief.post("/v1/sessions/current/step-up", &json!({"totp": code})).invalid_at("/totp");
    });
    thief.post("/v1/sessions/current/step-up", &json!({"totp": app.code()})).invalid_at("/totp");
    world.clock.advance(TimeDelta::seconds(70));
    thief.post("/v1/sessions/current/step-up", &json!({"totp": app.code()})).ok();
}

/// Every operation whose row says so, and no other.
#[test]
fn the_table_says_what_asks_for_a_fresh_sign_in() {
    let world = World::start();
    let admin = world.admin();
    world.clock.advance(TimeDelta::minutes(6));
    let id = alongside_domain::clock::Ids::fresh(&alongside_domain::clock::System);
    let document: serde_json::Value =
        serde_json::from_str(include_str!("../../openapi/openapi.json")).unwrap();
    let mut asked = 0;
    for (path, method, operation) in alongside_api::http::lint::operations(&document) {
        let Some(known) = operation["operationId"].as_str().and_then(Operation::named) else { continue };
        let rule = RULES.iter().find(|rule| rule.operation == known).unwrap();
        if rule.relation(Role::Admin).is_none() || known == Operation::EndCurrentSession {
            continue;
        }
        let path = path.replace("{language}", "cy");
        let path = path.replace("{id}", &id.to_string()).replace("{membership_id}", &id.to_string());
        let body = (method != "get").then(|| b"{}".to_vec());
        let headers = [("content-type", "application/json"), ("if-match", "\"1\"")];
        let headers = if operation.get("requestBody").is_some() { &headers[..] } else { &headers[1..] };
        let body = if operation.get("requestBody").is_some() { body } else { body.map(|_| Vec::new()) };
        let answer = admin.send(&method.to_uppercase(), &path, headers, body);
        let refused = answer.status == 403 && answer.json()["code"] == "step-up-required";
        assert_eq!(refused, rule.fresh, "{known}: {} {}", answer.status, answer.text());
        asked += usize::from(refused);
    }
    assert!(asked >= 5, "{asked}");
}
