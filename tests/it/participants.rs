//! A participant's record: pseudonym, identity apart, and who sees what of it.

use alongside_domain::policy::Role;
use alongside_domain::study_id::StudyId;
use serde_json::json;

use crate::harness::{World, assign};

#[test]
fn a_participant_gets_a_pseudonym_that_proves_itself() {
    let world = World::start();
    let man = world.participant().create();
    assert!(man.study_id.parse::<StudyId>().is_ok(), "{}", man.study_id);
}

#[test]
fn the_access_class_follows_the_digital_profile() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let man = world.participant().offline().create();
    assert_eq!(coordinator.get(&man.path()).ok()["access_class"], "X0");
    let better = json!({"time_point": "T1", "internet_at_home": "broadband", "device": "tablet",
        "last_used": "weekly", "foundation_tasks": 8, "confidence": 8});
    coordinator.post(&format!("{}/digital-profiles", man.path()), &better).created();
    assert_eq!(coordinator.get(&man.path()).ok()["access_class"], "X3");
    let history = coordinator.get(&format!("{}/digital-profiles", man.path())).ok();
    assert_eq!(history["items"].as_array().unwrap().len(), 2);
}

#[test]
fn a_supporter_sees_his_man_only_while_assigned_and_only_the_least() {
    let world = World::start();
    let (supporter, coordinator) = (world.sign_in(Role::Supporter), world.sign_in(Role::Coordinator));
    let man = world.participant().consented().create();
    supporter.get(&man.path()).not_found();
    let assignment = assign(&coordinator, &supporter, &man);
    supporter.get(&man.path()).ok();
    let identity = supporter.get(&format!("{}/identity", man.path())).ok();
    assert_eq!(identity["name"], "Walter Invented");
    for kept in ["nhs_number", "date_of_birth", "address"] {
        assert!(identity.get(kept).is_none(), "a supporter was shown the {kept}");
    }
    let path = format!("/v1/assignments/{}", assignment["id"].as_str().unwrap());
    coordinator.post(&format!("{path}/ending"), &json!({})).ok();
    supporter.get(&man.path()).not_found();
    assert_eq!(supporter.get("/v1/participants").ok()["items"], json!([]));
}

#[test]
fn no_supporter_comes_without_consent_and_none_stays_after_its_withdrawal() {
    let world = World::start();
    let (supporter, coordinator) = (world.sign_in(Role::Supporter), world.sign_in(Role::Coordinator));
    let unasked = world.participant().create();
    let offer = json!({"participant_id": unasked.id, "supporter_id": supporter.id, "purpose": "digital_help",
        "knows_participant": false});
    let refusing = world.participant().consented().but_not("supporter_contact").create();
    for man in [&unasked, &refusing] {
        let mut offer = offer.clone();
        offer["participant_id"] = json!(man.id);
        let offered = coordinator.post("/v1/assignments", &offer);
        if offered.status == 201 {
            let path = format!("/v1/assignments/{}", offered.json()["id"].as_str().unwrap());
            supporter.post(&format!("{path}/acceptance"), &json!({"knows_participant": false}));
            coordinator.post_nothing(&format!("{path}/introduction"));
            coordinator.post_nothing(&format!("{path}/activation")).problem(409, "consent-missing");
        } else {
            offered.problem(409, "consent-missing");
        }
        supporter.get(&man.path()).not_found();
    }
    let agreed = world.participant().consented().helped_by(&supporter).create();
    supporter.get(&agreed.path()).ok();
    let consent = format!("/v1/consents/{}/withdrawal", agreed.consent.unwrap());
    coordinator.post(&consent, &json!({"statements": ["supporter_contact"]})).ok();
    supporter.get(&agreed.path()).not_found();
}

#[test]
fn two_who_change_a_record_at_once_do_not_overwrite_each_other() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let man = world.participant().create();
    let read = coordinator.get(&man.path());
    let change = json!({"language": "cy"});
    coordinator.patch(&man.path(), &read.etag(), &change).ok();
    let late = coordinator.patch(&man.path(), &read.etag(), &json!({"language": "pa"}));
    late.problem(412, "stale");
    assert_eq!(coordinator.get(&man.path()).ok()["language"], "cy");
    let headers = [("content-type", "application/json")];
    let blind = coordinator.send("PATCH", &man.path(), &headers, Some(change.to_string().into_bytes()));
    blind.problem(428, "precondition-required");
}

#[test]
fn a_site_of_another_programme_is_no_site_here() {
    let (world, elsewhere) = (World::start(), World::start());
    let coordinator = world.sign_in(Role::Coordinator);
    let body = json!({"site_id": elsewhere.sites[0], "identity": {"name": "Nobody"}});
    coordinator.post("/v1/participants", &body).invalid_at("/site_id");
}

#[test]
fn who_looked_at_a_record_can_be_told() {
    let world = World::start();
    let man = world.participant().consented().create();
    let clinician = world.sign_in(Role::Clinician);
    clinician.get(&man.path()).ok();
    clinician.get("/v1/participants").ok();
    let officer = world.sign_in(Role::PrivacyOfficer);
    let looked = officer.get(&format!("{}/audit-events?limit=200", man.path())).ok();
    let by_clinician: Vec<_> =
        looked["items"].as_array().unwrap().iter().filter(|event| event["role"] == "clinician").collect();
    assert_eq!(by_clinician.len(), 2, "one event for the record and one for the list: {looked}");
    // And who was turned away, because the record was not his to see or the function not his to call.
    world.sign_in(Role::Supporter).get(&man.path()).not_found();
    world.sign_in(Role::Supervisor).get(&man.path()).forbidden();
    let looked = officer.get(&format!("{}/audit-events?limit=200", man.path())).ok();
    let of =
        |role: &str| looked["items"].as_array().unwrap().iter().filter(|event| event["role"] == role).count();
    assert_eq!((of("supporter"), of("supervisor")), (1, 1), "{looked}");
}
