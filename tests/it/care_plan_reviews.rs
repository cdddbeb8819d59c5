//! Looking at a care plan again: what came of each action, what is late, and the next version.

use alongside_domain::policy::Role;
use alongside_store::exec;
use alongside_store::schema::care_plans;
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::harness::plans::{agree, agreed, day};
use crate::harness::{Caller, World};

fn review(clinician: &Caller, plan: &str, outcomes: Value, next: Option<String>) -> crate::harness::Answer {
    let body =
        json!({"with": ["participant"], "channel": "phone", "outcomes": outcomes, "next_review_on": next});
    clinician.post(&format!("{plan}/review"), &body)
}

fn action(view: &Value) -> &str {
    view["actions"][0]["id"].as_str().unwrap()
}

#[test]
fn a_review_says_what_came_of_each_action() {
    let world = World::start();
    let (_, clinician, plan) = agreed(&world);
    let view = clinician.get(&plan).ok();
    let of = |outcome: &str| json!([{"action_id": action(&view), "outcome": outcome, "note": "Rang twice."}]);
    review(&clinician, &plan, json!([]), Some(day(&world, 30))).invalid_at("/outcomes");
    let stranger = json!([{"action_id": view["id"], "outcome": "done"}]);
    review(&clinician, &plan, stranger, None).invalid_at("/outcomes/0/action_id");
    review(&clinician, &plan, of("continuing"), None).invalid_at("/next_review_on");
    review(&clinician, &plan, of("continuing"), Some(day(&world, -2))).invalid_at("/next_review_on");
    let reviewed = review(&clinician, &plan, of("continuing"), Some(day(&world, 30))).ok();
    assert_eq!(
        (&reviewed["status"], &reviewed["review_on"]),
        (&json!("under_review"), &json!(day(&world, 30)))
    );
    assert_eq!(reviewed["actions"][0]["progress"], "under_way");
    assert_eq!(reviewed["history"][2]["outcomes"][0]["note"], "Rang twice.");

    // A copy may still go out, and the next review finds it done.
    let copy = json!({"recipient": "participant", "format": "print"});
    assert_eq!(clinician.post(&format!("{plan}/sharing"), &copy).ok()["status"], "under_review");
    let done = review(&clinician, &plan, of("done"), None).ok();
    assert_eq!((&done["actions"][0]["progress"], &done["review_on"]), (&json!("done"), &json!(null)));
    let outcomes: Vec<&Value> =
        done["history"].as_array().unwrap().iter().map(|step| &step["outcomes"]).collect();
    assert_eq!(outcomes[2][0]["outcome"], "continuing", "what an earlier review found stays");
    let end = clinician.post(&format!("{plan}/closure"), &json!({"reason": "completed"})).ok();
    assert_eq!(end["status"], "closed");
    review(&clinician, &plan, json!([]), None).problem(409, "illegal-transition");
}

#[test]
fn a_late_review_is_on_the_work_list_of_its_site() {
    let world = World::start();
    let (_, clinician, plan) = agreed(&world);
    let late = |caller: &Caller| {
        let page = caller.get("/v1/care-plans?review_overdue=true").ok();
        page["items"].as_array().unwrap().clone()
    };
    assert_eq!(late(&clinician), Vec::<Value>::new());
    let yesterday = world.app.clock.now().date_naive().pred_opt();
    world.write(move |db| {
        Ok(exec(db, diesel::update(care_plans::table).set(care_plans::review_on.eq(yesterday)))?)
    });
    let listed = late(&clinician);
    assert_eq!((listed.len(), &listed[0]["review_overdue"]), (1, &json!(true)));
    assert_eq!(format!("/v1/care-plans/{}", listed[0]["id"].as_str().unwrap()), plan);
    assert_eq!(late(&world.sign_in_at(Role::Clinician, world.sites[1])).len(), 0);
    let view = clinician.get(&plan).ok();
    let outcomes = json!([{"action_id": action(&view), "outcome": "continuing"}]);
    review(&clinician, &plan, outcomes, Some(day(&world, 30))).ok();
    assert_eq!(late(&clinician).len(), 0);
}

#[test]
fn a_later_wish_makes_a_new_version_and_keeps_the_old() {
    let world = World::start();
    let (_, clinician, plan) = agreed(&world);
    let view = clinician.get(&plan).ok();
    let outcomes = json!([{"action_id": action(&view), "outcome": "changed"}]);
    review(&clinician, &plan, outcomes, Some(day(&world, 30))).ok();
    let begun = clinician.post_nothing(&format!("{plan}/revision"));
    let draft = begun.created();
    assert_eq!((&draft["status"], &draft["revises_id"]), (&json!("drafted"), &view["id"]));
    let next = begun.header("location").unwrap().to_owned();
    clinician.post_nothing(&format!("{plan}/revision")).problem(409, "conflict");
    clinician.post_nothing(&format!("{next}/revision")).problem(409, "illegal-transition");
    // Until he says yes to the new one, the old one counts.
    assert_eq!(clinician.get(&plan).ok()["status"], "under_review");
    let changed = format!("{next}/actions/{}", action(&draft));
    clinician.patch(&changed, "\"1\"", &json!({"title": "Talk to the specialist nurse"})).ok();
    let agreed = agree(&world, &clinician, &next);
    assert_eq!(agreed["actions"][0]["title"], "Talk to the specialist nurse");
    let old = clinician.get(&plan).ok();
    assert_eq!(
        (&old["status"], &old["actions"][0]["title"]),
        (&json!("superseded"), &json!("Leaking urine"))
    );
    assert_eq!(old["history"].as_array().unwrap().len(), 3);
    clinician.post_nothing(&format!("{plan}/revision")).problem(409, "illegal-transition");
}

#[test]
fn what_was_done_in_an_earlier_version_is_not_open_in_the_next() {
    let world = World::start();
    let clinician = world.sign_in(Role::Clinician);
    let man = world.participant().consented().create();
    let plan =
        crate::harness::plans::from_answers(&world, &clinician, &man, &["URI.leakage", "GEN.fatigue"], &[]);
    let view = clinician.get(&plan).ok();
    for action in view["actions"].as_array().unwrap() {
        let path = format!("{plan}/actions/{}", action["id"].as_str().unwrap());
        clinician.patch(&path, "\"1\"", &json!({"owner": "clinician"})).ok();
    }
    agree(&world, &clinician, &plan);
    let outcomes = json!([
        {"action_id": view["actions"][0]["id"], "outcome": "done"},
        {"action_id": view["actions"][1]["id"], "outcome": "changed"},
    ]);
    review(&clinician, &plan, outcomes, Some(day(&world, 30))).ok();
    let next = clinician.post_nothing(&format!("{plan}/revision")).created();
    assert_eq!((next["actions"].as_array().unwrap().len(), &next["open_concerns"]), (1, &json!([])));
    let next = format!("/v1/care-plans/{}", next["id"].as_str().unwrap());
    assert_eq!(agree(&world, &clinician, &next)["status"], "agreed");
}
