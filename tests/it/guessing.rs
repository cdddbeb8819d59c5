//! Who guesses is slowed, learns nothing, and locks nobody out.

use std::time::{Duration, Instant};

use alongside_domain::clock::{Ids as _, System};
use alongside_domain::policy::Role;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Answer, World, fail_until_slow};

/// A server that believes the proxy the tests are.
fn behind_a_proxy() -> World {
    World::with(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()])
}

/// Everything a stranger sees, but for what differs from request to request.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let mut body = answer.json();
    body["instance"] = Value::Null;
    let changing = ["date", "x-request-id", "traceparent", "ratelimit"];
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| !changing.contains(&name.to_ascii_lowercase().as_str()));
    headers.sort();
    (answer.status, headers, body)
}

#[test]
fn whatever_is_wrong_every_byte_is_the_same() {
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let closed = world.account("closed@example.org", Role::Clinician);
    let locked = world.account("locked@example.org", Role::Clinician);
    let with_factor = world.account("factor@example.org", Role::Clinician);
    with_factor.enrol(&with_factor.sign_in());
    let invited = json!({"email": "invited@example.org", "display_name": "I", "memberships": []});
    world.admin().post("/v1/people", &invited).created();
    world.admin().post_nothing(&format!("/v1/people/{}/deactivation", closed.id)).ok();
    fail_until_slow(&world, 5, |_| {
        locked.try_sign_in(&json!({"password": "wrong"})).problem(401, "wrong-credentials");
    });
    let answers = [
        nurse.try_sign_in(&json!({"password": "wrong"})),
        nurse.try_sign_in(&json!({"password": "wrong", "totp": "123456"})),
        nurse.try_sign_in(&json!({"email": "nobody@example.org"})),
        nurse.try_sign_in(&json!({"email": "invited@example.org"})),
        nurse.try_sign_in(&json!({"email": "not an address"})),
        nurse.try_sign_in(&json!({"role": "admin"})),
        closed.try_sign_in(&json!({})),
        locked.try_sign_in(&json!({})),
        with_factor.try_sign_in(&json!({"password": "wrong"})),
        with_factor.try_sign_in(&json!({"totp": "000000"})),
    ];
    for answer in &answers {
        assert_eq!(seen(answer), seen(&answers[0]), "{}", answer.text());
    }
}

#[test]
fn a_failure_costs_the_same_whether_there_is_an_account_or_not() {
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let took = |email: &str| {
        let begun = Instant::now();
        nurse.try_sign_in(&json!({"email": email, "password": "wrong"})).problem(401, "wrong-credentials");
        begun.elapsed()
    };
    let mut times: [Vec<Duration>; 2] = Default::default();
    for round in 0..20 {
        // In turn, so that a busy machine slows both alike; each unknown address is a new one.
        times[0].push(took("nurse@example.org"));
        times[1].push(took(&format!("nobody-{round}@example.org")));
    }
    let medians = times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    });
    // Told, not judged: a busy machine proves nothing. What is judged is that both leave the same rows behind.
    println!("median of a wrong password {:?}, of an unknown address {:?}", medians[0], medians[1]);
    use alongside_store::schema::{audit_events, sign_in_lanes};
    use diesel::prelude::*;
    let (lanes, events) = world.write(|db| {
        let lanes: i64 = alongside_store::one(db, sign_in_lanes::table.count())?;
        let failed = audit_events::table
            .filter(audit_events::operation.eq("create_session"))
            .filter(audit_events::status.eq(401));
        Ok((lanes, alongside_store::one::<_, i64>(db, failed.count())?))
    });
    assert_eq!((lanes, events), (21, 40));
}

#[test]
fn five_are_free_and_the_delay_grows() {
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let wrong = || nurse.try_sign_in(&json!({"password": "wrong"})).problem(401, "wrong-credentials");
    for _ in 0..5 {
        wrong();
    }
    nurse.try_sign_in(&json!({})).created();
    fail_until_slow(&world, 5, |_| drop(wrong()));
    nurse.try_sign_in(&json!({})).problem(401, "wrong-credentials");
    // Knocking at a shut door does not keep it shut.
    for _ in 0..20 {
        nurse.try_sign_in(&json!({})).problem(401, "wrong-credentials");
    }
    world.clock.advance(TimeDelta::seconds(65));
    nurse.try_sign_in(&json!({})).created();
}

#[test]
fn a_stranger_delays_himself_and_not_the_owner() {
    let world = behind_a_proxy();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    fail_until_slow(&world, 5, |_| {
        nurse
            .try_sign_in_from("198.51.100.7", &json!({"password": "wrong"}))
            .problem(401, "wrong-credentials");
    });
    nurse.try_sign_in_from("198.51.100.7", &json!({})).problem(401, "wrong-credentials");
    nurse.try_sign_in_from("192.0.2.1", &json!({})).created();
}

#[test]
fn many_strangers_shut_the_door_to_strangers_alone() {
    let world = behind_a_proxy();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let tablet = json!({"device": {"id": System.fresh(), "name": "Tablet"}});
    nurse.try_sign_in_from("192.0.2.1", &tablet).created();
    fail_until_slow(&world, 25, |round| {
        let from = format!("198.51.100.{round}");
        // A device id that nobody knows is no lane of its own.
        let guess = json!({"password": "wrong", "device": {"id": System.fresh(), "name": "Tablet"}});
        nurse.try_sign_in_from(&from, &guess).problem(401, "wrong-credentials");
    });
    // From a new place the right password waits, in the same words.
    nurse.try_sign_in_from("203.0.113.9", &json!({})).problem(401, "wrong-credentials");
    // From where she has been, and with the device she has used, she comes in.
    nurse.try_sign_in_from("192.0.2.1", &json!({})).created();
    fail_until_slow(&world, 25, |round| {
        let from = format!("198.51.100.{}", round + 100);
        nurse.try_sign_in_from(&from, &json!({"password": "wrong"})).problem(401, "wrong-credentials");
    });
    nurse.try_sign_in_from("203.0.113.9", &json!({})).problem(401, "wrong-credentials");
    nurse.try_sign_in_from("203.0.113.9", &tablet).created();
}

#[test]
fn the_second_factor_is_guessed_no_faster() {
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let (app, _) = nurse.enrol(&nurse.sign_in());
    fail_until_slow(&world, 5, |guess| {
        let code = format!("{guess:06}");
        nurse.try_sign_in(&json!({"totp": code})).problem(401, "wrong-credentials");
        // A right password alone does not wipe the slate.
        let answer = nurse.try_sign_in(&json!({}));
        assert_eq!(answer.status, 401);
    });
    nurse.try_sign_in(&json!({"totp": app.code()})).problem(401, "wrong-credentials");
    world.clock.advance(TimeDelta::minutes(16));
    nurse.try_sign_in(&json!({"totp": app.code()})).created();
}

#[test]
fn guesses_side_by_side_count_one_by_one() {
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let nurse = &nurse;
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(move || {
                nurse.try_sign_in(&json!({"password": "wrong"})).problem(401, "wrong-credentials")
            });
        }
    });
    use alongside_store::schema::sign_in_lanes;
    use diesel::prelude::*;
    let counted: Option<i32> = world.write(|db| {
        Ok(alongside_store::one(db, sign_in_lanes::table.select(diesel::dsl::max(sign_in_lanes::failed)))?)
    });
    // The sixth shuts the door, and what comes then does not count.
    assert!(counted.unwrap() >= 6, "{counted:?}");
}
