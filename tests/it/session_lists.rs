//! Where one is signed in, and where one's supporters are.

use alongside_domain::clock::{Ids as _, System};
use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::{Caller, World};

fn items(caller: &Caller, path: &str) -> Vec<Value> {
    caller.get(path).ok()["items"].as_array().unwrap().clone()
}

#[test]
fn everybody_sees_and_ends_his_own_sessions_and_nobody_elses() {
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let lost = json!({"device": {"id": System.fresh(), "name": "Lost telephone"}});
    let lost = world.with_tokens(&nurse.try_sign_in(&lost).created());
    let here = nurse.sign_in();
    let listed = items(&here, "/v1/sessions");
    assert_eq!(listed.len(), 2);
    assert_eq!(
        (&listed[0]["device_name"], &listed[0]["is_current"]),
        (&json!("Lost telephone"), &json!(false))
    );
    assert_eq!((&listed[1]["device_name"], &listed[1]["is_current"]), (&json!("ureq"), &json!(true)));
    assert!(listed.iter().all(|session| session.get("address").is_none()));
    let path = format!("/v1/sessions/{}", listed[0]["id"].as_str().unwrap());
    world.sign_in(Role::Clinician).delete(&path).not_found();
    world.admin().delete(&path).not_found();
    here.delete(&path).no_content();
    lost.get("/v1/participants").problem(401, "session-ended");
    here.delete(&path).not_found();
    assert_eq!(items(&here, "/v1/sessions").len(), 1);
    let first = here.get("/v1/sessions?limit=1").ok();
    assert!(first["next"].is_null());
}

#[test]
fn a_device_has_one_session_and_another_device_has_its_own() {
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let on = |id: uuid::Uuid| {
        let device = json!({"device": {"id": id, "name": "Tablet"}});
        world.with_tokens(&nurse.try_sign_in(&device).created())
    };
    let [tablet, telephone] = [System.fresh(), System.fresh()];
    let (first, other) = (on(tablet), on(telephone));
    let second = on(tablet);
    first.get("/v1/sessions/current").problem(401, "session-ended");
    other.get("/v1/sessions/current").ok();
    assert_eq!(items(&second, "/v1/sessions").len(), 2);
}

#[test]
fn the_list_goes_on_page_by_page() {
    let world = World::start();
    let nurse = world.account("nurse@example.org", Role::Clinician);
    let callers = [(); 3].map(|()| nurse.sign_in());
    let (mut seen, mut path) = (Vec::new(), "/v1/sessions?limit=2".to_owned());
    loop {
        let page = callers[0].get(&path).ok();
        seen.extend(page["items"].as_array().unwrap().iter().map(|session| session["id"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/sessions?limit=2&cursor={next}");
    }
    assert_eq!(seen.len(), 3);
}

#[test]
fn a_coordinator_ends_the_session_on_a_lost_tablet() {
    let world = World::start();
    let [here, there] = world.sites;
    let mine = world.sign_in_at(Role::Supporter, here);
    let everywhere = world.sign_in(Role::Supporter);
    let other = world.sign_in_at(Role::Supporter, there);
    let (elsewhere, _) = world.other_programme();
    let foreign = world.enrol(Role::Supporter, Some(elsewhere), None, None);
    let coordinator = world.sign_in_at(Role::Coordinator, here);
    let of = |caller: &Caller| items(caller, "/v1/sessions")[0]["id"].as_str().unwrap().to_owned();
    let listed = items(&coordinator, "/v1/supporter-sessions");
    let ids: Vec<&str> = listed.iter().map(|session| session["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [of(&mine), of(&everywhere)]);
    let filtered = items(&coordinator, &format!("/v1/supporter-sessions?person_id={}", mine.id));
    assert_eq!(filtered.len(), 1);
    let end = |id: &str| coordinator.delete(&format!("/v1/supporter-sessions/{id}"));
    for beyond in [of(&other), of(&foreign), of(&coordinator), System.fresh().to_string()] {
        end(&beyond).not_found();
    }
    end(&of(&mine)).no_content();
    mine.get("/v1/participants").problem(401, "session-ended");
    everywhere.get("/v1/participants").ok();
    // A coordinator of the whole programme looks after all of its supporters.
    let all = items(&world.sign_in(Role::Coordinator), "/v1/supporter-sessions");
    assert_eq!(all.len(), 2);
    world.sign_in(Role::Supporter).get("/v1/supporter-sessions").forbidden();
}
