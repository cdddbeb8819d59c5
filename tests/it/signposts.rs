//! Signposts: who keeps them, how they are found, and how they come into plans.

use alongside_domain::policy::Role;
use alongside_store::exec;
use alongside_store::schema::signposts;
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::harness::plans::{day, from_answers, talk};
use crate::harness::{Caller, World};

fn sign(world: &World, title: &str, codes: &[&str]) -> Value {
    json!({"title": title, "description": "In plain words.", "phone": "01632 960123", "concern_codes": codes,
        "review_due": day(world, 200)})
}

fn with(mut body: Value, member: &str, value: impl Into<Value>) -> Value {
    body[member] = value.into();
    body
}

fn titles(caller: &Caller, query: &str) -> Vec<String> {
    let page = caller.get(&format!("/v1/signposts?{query}")).ok();
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn signposts_are_found_by_area_language_concern_and_site() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let add = |body: Value| coordinator.post("/v1/signposts", &body).created();
    add(sign(&world, "Everywhere", &["EMO.worry"]));
    add(with(sign(&world, "Bladder clinic", &["URI"]), "area", "Leeds"));
    add(with(with(sign(&world, "Welsh line", &["EMO"]), "languages", vec!["cy"]), "area", "Gwynedd"));
    add(with(
        with(sign(&world, "Ward group", &["GEN.fatigue"]), "site_id", world.sites[0].to_string()),
        "languages",
        vec!["en-GB", "pl"],
    ));

    let reader = world.sign_in(Role::Supporter);
    assert_eq!(titles(&reader, "").len(), 4);
    assert_eq!(titles(&reader, "concern=URI.leakage"), ["Bladder clinic"]);
    assert_eq!(titles(&reader, "concern=EMO.worry"), ["Everywhere", "Welsh line"]);
    assert_eq!(titles(&reader, "concern=EMO_worry").len(), 0, "an underscore is no wildcard");
    assert_eq!(titles(&reader, "language=pl&concern=GEN.fatigue"), ["Ward group"]);
    assert_eq!(titles(&reader, "language=en"), ["Everywhere", "Bladder clinic", "Ward group"]);
    assert_eq!(titles(&reader, "area=Gwynedd"), ["Everywhere", "Welsh line", "Ward group"]);
    let other = format!("site_id={}", world.sites[1]);
    assert_eq!(titles(&reader, &other), ["Everywhere", "Bladder clinic", "Welsh line"]);
    reader.get("/v1/signposts?concern=no%25").is(400);
    let first = reader.get("/v1/signposts?limit=3").ok();
    let next = first["next"].as_str().unwrap();
    assert_eq!(titles(&reader, &format!("limit=3&cursor={next}")), ["Ward group"]);

    let (other, site) = world.other_programme();
    let foreign = world.enrol(Role::Coordinator, Some(other), Some(site), None);
    assert_eq!(titles(&foreign, "").len(), 0);
}

#[test]
fn signposts_are_kept_by_those_who_may() {
    let world = World::start();
    let [here, there] = world.sites;
    let coordinator = world.sign_in(Role::Coordinator);
    let at_a_site = world.sign_in_at(Role::Coordinator, here);
    let body = sign(&world, "Bladder clinic", &["URI"]);
    for role in [Role::Supporter, Role::Participant, Role::Researcher, Role::Monitor, Role::Admin] {
        let caller = match role {
            Role::Participant => world.sign_in_participant(world.participant().create().id),
            Role::Admin => world.admin(),
            role => world.sign_in(role),
        };
        caller.post("/v1/signposts", &body).forbidden();
    }
    at_a_site.post("/v1/signposts", &body).invalid_at("/site_id");
    at_a_site.post("/v1/signposts", &with(body.clone(), "site_id", there.to_string())).invalid_at("/site_id");
    let own = at_a_site.post("/v1/signposts", &with(body.clone(), "site_id", here.to_string())).created();
    assert_eq!(own["owner_id"], json!(at_a_site.id));
    let made = coordinator.post("/v1/signposts", &body);
    let path = made.header("location").unwrap().to_owned();
    at_a_site.get(&path).ok();
    at_a_site.patch(&path, "\"1\"", &json!({"title": "Mine"})).not_found();
    at_a_site.post_nothing(&format!("{path}/retirement")).not_found();

    for (pointer, wrong) in [
        ("/concern_codes", with(body.clone(), "concern_codes", vec!["URI leakage"])),
        ("/concern_codes", with(body.clone(), "concern_codes", Vec::<String>::new())),
        ("/languages", with(body.clone(), "languages", vec!["English!"])),
        ("/url", with(body.clone(), "url", "http://insecure.example")),
        ("/owner_id", with(body.clone(), "owner_id", here.to_string())),
        ("/site_id", with(body, "site_id", made.created()["id"].clone())),
    ] {
        coordinator.post("/v1/signposts", &wrong).invalid_at(pointer);
    }
    let changed = coordinator.patch(&path, "\"1\"", &json!({"phone": null, "area": "Leeds"}));
    assert_eq!((&changed.ok()["phone"], changed.etag()), (&json!(null), "\"2\"".to_owned()));
    coordinator.patch(&path, "\"1\"", &json!({"title": "Late"})).problem(412, "stale");
}

#[test]
fn what_nobody_checked_is_late_until_somebody_does() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let made = coordinator.post("/v1/signposts", &sign(&world, "Bladder clinic", &["URI"])).created();
    let path = format!("/v1/signposts/{}", made["id"].as_str().unwrap());
    assert_eq!(titles(&coordinator, "review_overdue=true").len(), 0);
    let yesterday = world.app.clock.now().date_naive().pred_opt().unwrap();
    world.write(move |db| {
        Ok(exec(db, diesel::update(signposts::table).set(signposts::review_due.eq(yesterday)))?)
    });
    assert_eq!(titles(&coordinator, "review_overdue=true"), ["Bladder clinic"]);
    assert_eq!(coordinator.get(&path).ok()["review_overdue"], json!(true));
    let review = format!("{path}/review");
    coordinator.post(&review, &json!({"review_due": day(&world, -5)})).invalid_at("/review_due");
    let checked = coordinator.post(&review, &json!({"review_due": day(&world, 365)})).ok();
    assert_eq!(
        (&checked["review_overdue"], &checked["reviewed_by"]),
        (&json!(false), &json!(coordinator.id))
    );
    coordinator.post_nothing(&format!("{path}/retirement")).ok();
    assert_eq!((titles(&coordinator, "").len(), titles(&coordinator, "retired=true").len()), (0, 1));
    coordinator.post(&review, &json!({"review_due": day(&world, 365)})).problem(409, "illegal-transition");
}

#[test]
fn a_plan_proposes_what_is_nearby_and_an_action_can_name_it() {
    let world = World::start();
    let (coordinator, clinician) = (world.sign_in(Role::Coordinator), world.sign_in(Role::Clinician));
    let add = |body: Value| coordinator.post("/v1/signposts", &body).created();
    let clinic = add(sign(&world, "Bladder clinic", &["URI"]));
    add(with(sign(&world, "Welsh line", &["URI"]), "languages", vec!["cy"]));
    let man = world.participant().at(world.sites[0]).consented().create();
    add(with(sign(&world, "Next door", &["URI"]), "site_id", world.sites[1].to_string()));
    let plan = from_answers(&world, &clinician, &man, &["URI.leakage"], &[]);
    let drafted = clinician.get(&plan).ok();
    let signs = drafted["actions"][0]["signposts"].as_array().unwrap();
    assert_eq!((&signs[0]["title"], &signs[0]["id"]), (&json!("Bladder clinic"), &clinic["id"]));
    assert!(signs.iter().all(|sign| sign["title"] != "Welsh line" && sign["title"] != "Next door"));

    clinician.post(&format!("{plan}/discussion"), &talk()).ok();
    let path = format!("{plan}/actions/{}", drafted["actions"][0]["id"].as_str().unwrap());
    let named = json!({"signpost_ids": [clinic["id"]], "owner": "participant"});
    let changed = clinician.patch(&path, "\"1\"", &named).ok();
    assert_eq!(changed["signposts"].as_array().unwrap().len(), 1);
    // What it says in the plan stays, whatever becomes of the signpost.
    let clinic = format!("/v1/signposts/{}", clinic["id"].as_str().unwrap());
    coordinator.post_nothing(&format!("{clinic}/retirement")).ok();
    assert_eq!(clinician.get(&plan).ok()["actions"][0]["signposts"][0]["title"], "Bladder clinic");
    clinician.patch(&path, "\"2\"", &named).invalid_at("/signpost_ids/0");
}
