//! Unusual use of records: what is noticed, once, and who looks into it. And who looked at a record, in plain words.

use std::time::{Duration, Instant};

use alongside_domain::clock::{Ids as _, System};
use alongside_domain::policy::Role;
use alongside_store::{Context, Duty};
use chrono::{TimeDelta, Timelike as _};
use serde_json::{Value, json};

use crate::harness::{Caller, World};

fn notices(officer: &Caller) -> Vec<Value> {
    officer.get("/v1/access-notices?limit=200").ok()["items"].as_array().unwrap().clone()
}

/// Waits until there is a notice about this person by this rule.
#[track_caller]
fn noticed(officer: &Caller, who: &Caller, rule: &str) -> Value {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let path = format!("/v1/access-notices?person_id={}&rule={rule}", who.id);
        let found = officer.get(&path).ok()["items"].clone();
        match found.as_array().unwrap().as_slice() {
            [] => assert!(Instant::now() < until, "{rule} was not noticed: {:?}", notices(officer)),
            [one] => return one.clone(),
            more => panic!("noticed more than once: {more:?}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Moves the clock of the server to this hour of UTC, the next time it comes. London is there or an hour ahead.
fn at_hour(world: &World, hour: u32) {
    let now = world.app.clock.now();
    let hours = (i64::from(hour) - i64::from(now.hour())).rem_euclid(24);
    world.clock.advance(TimeDelta::hours(hours) - TimeDelta::minutes(i64::from(now.minute())));
}

/// Lets everything that was done so far be looked at.
fn settle(world: &World) {
    let until = Instant::now() + Duration::from_secs(20);
    let nil = alongside_domain::id::Id::new(uuid::Uuid::nil());
    while !alongside_store::inspect(&world.location(), Context::System(Duty::Operator), |db| {
        alongside_store::audit_seal::unsealed(db, nil, 1)
    })
    .unwrap()
    .is_empty()
    {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn twenty_ids_that_were_not_there_are_noticed_once() {
    let world = World::start();
    at_hour(&world, 12);
    let (officer, supporter) = (world.sign_in(Role::PrivacyOfficer), world.sign_in(Role::Supporter));
    for _ in 0..19 {
        supporter.get(&format!("/v1/participants/{}", System.fresh())).not_found();
    }
    // The same one again and again is a broken bookmark.
    let same = System.fresh();
    for _ in 0..5 {
        supporter.get(&format!("/v1/participants/{same}/identity")).not_found();
    }
    settle(&world);
    let found = noticed(&officer, &supporter, "unknown_ids");
    assert_eq!((&found["events"], &found["version"]), (&json!(20), &json!(1)));
    assert_eq!(found["who"], "A supporter");
    assert!(found["what"].as_str().unwrap().starts_with("Asked for twenty"));
    for _ in 0..25 {
        supporter.get(&format!("/v1/assessments/{}", System.fresh())).not_found();
    }
    settle(&world);
    noticed(&officer, &supporter, "unknown_ids");
}

#[test]
fn nineteen_are_not_noticed() {
    let world = World::start();
    at_hour(&world, 12);
    let (officer, supporter) = (world.sign_in(Role::PrivacyOfficer), world.sign_in(Role::Supporter));
    for _ in 0..19 {
        supporter.get(&format!("/v1/participants/{}", System.fresh())).not_found();
    }
    settle(&world);
    assert_eq!(notices(&officer), Vec::<Value>::new());
}

#[test]
fn asking_and_searching_outside_ones_sites_is_noticed() {
    let world = World::start();
    at_hour(&world, 12);
    let [here, there] = world.sites;
    let officer = world.sign_in(Role::PrivacyOfficer);
    let (near, far) = (world.participant().at(here).create(), world.participant().at(there).create());
    let asks = world.sign_in_at(Role::Coordinator, here);
    asks.get(&near.path()).ok();
    asks.get(&format!("/v1/participants?site_id={here}")).ok();
    settle(&world);
    assert_eq!(notices(&officer), Vec::<Value>::new());
    asks.get(&far.path()).not_found();
    noticed(&officer, &asks, "outside_area");
    let searches = world.sign_in_at(Role::Supporter, here);
    searches.get(&format!("/v1/participants?site_id={there}")).ok();
    noticed(&officer, &searches, "outside_area");
    // A supporter who helps somebody else at the same site stays inside his area.
    let neighbour = world.sign_in_at(Role::Supporter, here);
    neighbour.get(&near.path()).not_found();
    settle(&world);
    assert_eq!(notices(&officer).len(), 2);
}

#[test]
fn reading_at_night_is_noticed_once_a_night() {
    let world = World::start();
    at_hour(&world, 21);
    let man = world.participant().create();
    let (officer, coordinator) = (world.sign_in(Role::PrivacyOfficer), world.sign_in(Role::Coordinator));
    coordinator.get(&man.path()).ok();
    settle(&world);
    assert_eq!(notices(&officer), Vec::<Value>::new());
    world.clock.advance(TimeDelta::hours(3));
    let (officer, coordinator) = (world.renew(&officer), world.renew(&coordinator));
    // A man may read his own record at any hour.
    world.sign_in_participant(man.id).get(&man.path()).ok();
    coordinator.get(&man.path()).ok();
    noticed(&officer, &coordinator, "night_reads");
    // Some hours later it is the same night.
    world.clock.advance(TimeDelta::hours(2));
    let (officer, coordinator) = (world.renew(&officer), world.renew(&coordinator));
    coordinator.get(&man.path()).ok();
    settle(&world);
    noticed(&officer, &coordinator, "night_reads");
    assert_eq!(notices(&officer).len(), 1);
}

#[test]
fn the_privacy_officer_looks_into_a_notice_once_and_never_into_his_own() {
    let world = World::start();
    at_hour(&world, 12);
    let [here, there] = world.sites;
    let far = world.participant().at(there).create();
    let (officer, colleague) = (world.sign_in(Role::PrivacyOfficer), world.sign_in(Role::PrivacyOfficer));
    let (other, _) = world.other_programme();
    let elsewhere = world.enrol(Role::PrivacyOfficer, Some(other), None, None);
    let coordinator = world.sign_in_at(Role::Coordinator, here);
    coordinator.get(&far.path()).not_found();
    let notice = noticed(&officer, &coordinator, "outside_area");
    let path = format!("/v1/access-notices/{}/acknowledgement", notice["id"].as_str().unwrap());
    let note = |tag| [("content-type", "application/json"), ("if-match", tag)];
    let body = Some(json!({"note": "He moved the man to another surgery."}).to_string().into_bytes());
    let send = |by: &Caller, tag| by.send("POST", &path, &note(tag), body.clone());
    send(&world.sign_in(Role::Monitor), "\"1\"").forbidden();
    send(&elsewhere, "\"1\"").not_found();
    assert_eq!(notices(&elsewhere), Vec::<Value>::new());
    officer.post(&path, &json!({"note": "x"})).problem(428, "precondition-required");
    officer.send("POST", &path, &note("\"1\""), Some(b"{}".to_vec())).is(422);
    send(&officer, "\"7\"").problem(412, "stale");
    let done = send(&officer, "\"1\"");
    assert_eq!(done.etag(), "\"2\"");
    let done = done.ok();
    assert_eq!(done["acknowledged_by"], json!(officer.id));
    assert_eq!(done["note"], "He moved the man to another surgery.");
    send(&officer, "\"2\"").problem(409, "conflict");
    let open = officer.get("/v1/access-notices?acknowledged=false").ok();
    assert_eq!(open["items"], json!([]));
    let seen = world.sign_in(Role::Monitor).get("/v1/access-notices?acknowledged=true").ok();
    assert_eq!(seen["items"][0]["note"], done["note"]);

    // His own use of records is for somebody else to look into.
    let nosy = world.enrol(Role::PrivacyOfficer, Some(world.programme), None, None);
    for _ in 0..20 {
        nosy.get(&format!("/v1/participants/{}", System.fresh())).not_found();
    }
    let notice = noticed(&colleague, &nosy, "unknown_ids");
    let path = format!("/v1/access-notices/{}/acknowledgement", notice["id"].as_str().unwrap());
    nosy.send("POST", &path, &note("\"1\""), body.clone()).problem(409, "conflict");
    colleague.send("POST", &path, &note("\"1\""), body.clone()).ok();
}

#[test]
fn a_participant_reads_in_plain_words_who_looked() {
    let world = World::start();
    let supporter = world.sign_in(Role::Supporter);
    let man = world.participant().consented().helped_by(&supporter).create();
    supporter.get(&man.path()).ok();
    world.sign_in(Role::Supporter).get(&man.path()).not_found();
    let himself = world.sign_in_participant(man.id);
    himself.get(&man.path()).ok();
    let uses = himself.get(&format!("{}/audit-events?limit=3", man.path())).ok();
    let sentences: Vec<&str> =
        uses["items"].as_array().unwrap().iter().map(|one| one["sentence"].as_str().unwrap()).collect();
    assert!(sentences[0].ends_with(", you looked at the record."), "{sentences:?}");
    assert!(
        sentences[1].contains(", A supporter (peer supporter) was turned away and was shown nothing."),
        "{sentences:?}"
    );
    assert!(sentences[2].ends_with(", A supporter (peer supporter) looked at the record."), "{sentences:?}");
}
