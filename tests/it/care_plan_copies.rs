//! Copies of a care plan: what goes out, to whom, and what keeps one back.

use alongside_domain::instrument::HelpWanted;
use alongside_domain::policy::Role;
use alongside_store::exec;
use alongside_store::schema::care_plan_copies;
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::harness::plans::{agree, agreed, concern, drafted};
use crate::harness::{Caller, Man, World};

fn share(clinician: &Caller, plan: &str, body: Value) -> crate::harness::Answer {
    clinician.post(&format!("{plan}/sharing"), &body)
}

fn rules(world: &World, man: &Man, rules: &Value) {
    let coordinator = world.sign_in(Role::Coordinator);
    let path = format!("{}/identity", man.path());
    let etag = coordinator.get(&path).etag();
    coordinator.patch(&path, &etag, &json!({"safe_contact": rules})).ok();
}

#[test]
fn who_has_no_internet_gets_paper_first() {
    let world = World::start();
    let clinician = world.sign_in_at(Role::Clinician, world.sites[0]);
    let man = world.participant().at(world.sites[0]).offline().consented().create();
    let concerns = [concern("URI.leakage", Some(HelpWanted::Talk))];
    let plan = format!("/v1/care-plans/{}", drafted(&world, man.id, world.sites[0], &concerns));
    share(&clinician, &plan, json!({"recipient": "participant", "format": "print"}))
        .problem(409, "illegal-transition");
    agree(&world, &clinician, &plan);
    share(&clinician, &plan, json!({"recipient": "participant", "format": "email"})).invalid_at("/format");
    share(&clinician, &plan, json!({"recipient": "gp", "format": "pdf"})).invalid_at("/format");
    let large = json!({"recipient": "participant", "format": "large_print", "delivery": "post"});
    share(&clinician, &plan, large).ok();
    let shared = share(&clinician, &plan, json!({"recipient": "gp", "format": "email"})).ok();
    assert_eq!(shared["status"], "shared");
    let copies = shared["copies"].as_array().unwrap();
    assert_eq!((&copies[0]["delivery"], &copies[1]["delivery"]), (&json!("post"), &json!("electronic")));
    assert_eq!(copies[0]["sent_by"], json!(clinician.id));
}

#[test]
fn the_surgery_gets_a_copy_only_where_he_agreed() {
    let world = World::start();
    let clinician = world.sign_in_at(Role::Clinician, world.sites[0]);
    let man = world.participant().at(world.sites[0]).consented().but_not("share_summary_gp").create();
    let concerns = [concern("URI.leakage", Some(HelpWanted::Talk))];
    let plan = format!("/v1/care-plans/{}", drafted(&world, man.id, world.sites[0], &concerns));
    agree(&world, &clinician, &plan);
    share(&clinician, &plan, json!({"recipient": "gp", "format": "post"})).problem(409, "consent-missing");
    share(&clinician, &plan, json!({"recipient": "hospital", "format": "post"})).ok();
    let family = json!({"recipient": "family", "format": "print"});
    share(&clinician, &plan, family).invalid_at("/participant_agreed");
    let nobody = json!({"recipient": "other", "format": "print", "participant_agreed": true});
    share(&clinician, &plan, nobody).invalid_at("/recipient_name");
    let named = json!({"recipient": "other", "recipient_name": "His church", "format": "print",
        "participant_agreed": true});
    let shared = share(&clinician, &plan, named).ok();
    let copies = shared["copies"].as_array().unwrap();
    assert_eq!(copies.len(), 2, "what was refused is not noted");
    assert_eq!(copies[1]["recipient_name"], "His church");
}

#[test]
fn safe_contact_rules_hold_for_copies() {
    let world = World::start();
    let (man, clinician, plan) = agreed(&world);
    rules(&world, &man, &json!({"no_post": true}));
    share(&clinician, &plan, json!({"recipient": "participant", "format": "post"})).invalid_at("/delivery");
    let letter = json!({"recipient": "participant", "format": "large_print", "delivery": "post"});
    share(&clinician, &plan, letter).invalid_at("/delivery");
    share(&clinician, &plan, json!({"recipient": "participant", "format": "large_print"})).ok();
    share(&clinician, &plan, json!({"recipient": "gp", "format": "post"})).ok();
    let wrong = json!({"recipient": "participant", "format": "email", "delivery": "post"});
    share(&clinician, &plan, wrong).invalid_at("/delivery");

    rules(&world, &man, &json!({"no_post": false, "who_must_not_know": "His son"}));
    let mut family = json!({"recipient": "family", "format": "print", "participant_agreed": true});
    share(&clinician, &plan, family.clone()).invalid_at("/checked_who_must_not_know");
    family["checked_who_must_not_know"] = json!(true);
    share(&clinician, &plan, family).ok();
}

#[test]
fn the_log_of_copies_cannot_be_rewritten() {
    let world = World::start();
    let (_, clinician, plan) = agreed(&world);
    share(&clinician, &plan, json!({"recipient": "participant", "format": "print"})).ok();
    let tried = world.try_write(move |db| {
        Ok(exec(db, diesel::update(care_plan_copies::table).set(care_plan_copies::recipient.eq("gp")))?)
    });
    assert!(tried.is_err());
    assert_eq!(clinician.get(&plan).ok()["copies"][0]["recipient"], "participant");
}

#[test]
fn a_plan_is_printed_for_its_reader() {
    let world = World::start();
    let clinician = world.sign_in_at(Role::Clinician, world.sites[0]);
    let man = world.participant().at(world.sites[0]).consented().create();
    let mut private = concern("SEX.erections", Some(HelpWanted::Talk));
    (private.title, private.private) = ("Erections".to_owned(), true);
    let concerns = [concern("URI.leakage", Some(HelpWanted::None)), private];
    let plan = format!("/v1/care-plans/{}", drafted(&world, man.id, world.sites[0], &concerns));
    let document = format!("{plan}/document");
    assert!(clinician.get_as(&document, "text/plain").text().contains("This is a draft"));
    agree(&world, &clinician, &plan);

    let page = clinician.get_as(&document, "text/html");
    assert!(page.header("content-security-policy").unwrap().contains("style-src 'sha256-"));
    assert!(page.text().contains("Erections") && page.text().contains("Walter Invented"));
    assert!(page.text().contains("No help wanted for now"));
    let data = clinician.get(&document).ok();
    assert_eq!(
        (&data["actions"][0]["title"], &data["facts"]["agreed_how"]),
        (&json!("Erections"), &json!("spoken"))
    );
    let family = clinician.get_as(&format!("{document}?recipient=family"), "text/plain").text();
    assert!(!family.contains("Erections") && family.contains("Leaking urine"), "{family}");
    let monitor = world.sign_in(Role::Monitor).get(&document).ok();
    assert_eq!(monitor["facts"]["name"], json!(null));
    let again =
        clinician.send("GET", &document, &[("if-none-match", &clinician.get(&document).etag())], None);
    assert_eq!(again.status, 304);
    clinician.get_as(&document, "application/pdf").problem(406, "not-acceptable");
    clinician.get(&format!("{document}?recipient=everybody")).is(400);
}
