//! The command line and records opened in an emergency.

use std::path::Path;
use std::process::Output;

use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::emergency_accesses::born;
use crate::harness::program::alongside;
use crate::harness::{PASSWORD, World};

fn run(world: &World, home: &Path, arguments: &[&str], input: &str) -> (Option<i32>, Value, String) {
    let Output { status, stdout, stderr } =
        alongside(home, &world.base, &[&["--json"], arguments].concat(), input);
    let told = serde_json::from_slice(&stdout).unwrap_or(Value::Null);
    (status.code(), told, String::from_utf8(stderr).unwrap())
}

#[test]
fn a_record_is_opened_shut_and_looked_into_from_a_terminal() {
    let world = World::start();
    let [here, there] = world.sites;
    let man = world.participant().at(here).create();
    born(&world.sign_in(Role::Coordinator), &man);
    let (nurse, officer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // A nurse of the other site alone.
    let person = json!({"email": "nora@example.org", "display_name": "Nora Nurse",
        "memberships": [{"role": "clinician", "programme_id": world.programme, "site_id": there}]});
    let made = world.admin().post("/v1/people", &person).created();
    let activation = json!({"email": "nora@example.org", "activation_code": made["activation_code"],
        "password": PASSWORD});
    world.stranger().post("/v1/activations", &activation).no_content();
    let reviewer = world.account("pia@example.org", Role::Coordinator);
    let confirmed = alongside_store::membership::Membership {
        id: alongside_store::types::Key(alongside_domain::id::MembershipId::new(reviewer.id)),
        person_id: alongside_store::types::Key(alongside_domain::id::PersonId::new(reviewer.id)),
        role: alongside_store::types::Code(Role::PrivacyOfficer),
        programme_id: Some(alongside_store::types::Key(world.programme)),
        site_id: None,
        granted_by: None,
        granted_at: alongside_store::types::At(world.app.clock.now()),
        ended_at: None,
    };
    world.write(move |db| alongside_store::membership::insert(db, &confirmed));
    let as_nurse = |arguments: &[&str], input: &str| run(&world, nurse.path(), arguments, input);
    let as_officer = |arguments: &[&str], input: &str| run(&world, officer.path(), arguments, input);
    assert_eq!(as_nurse(&["login", "--email", "nora@example.org", "--password-stdin"], PASSWORD).0, Some(0));
    let login = ["login", "--email", "pia@example.org", "--password-stdin", "--role", "privacy_officer"];
    let (exit, _, told) = as_officer(&login, PASSWORD);
    assert_eq!(exit, Some(0), "{told}");

    let show = ["participant", "show", &man.id.to_string()];
    assert_eq!(as_nurse(&show, "").0, Some(3));
    let open = ["emergency-access", "open", &man.study_id, "--reason", "danger-to-life", "--stdin"];
    assert_eq!(as_nurse(&open, "1949-05-01\n").0, Some(2));
    assert_eq!(as_nurse(&open, "1950-01-01\nHe collapsed here.\n").0, Some(1));
    let (exit, access, told) = as_nurse(&open, "1949-05-01\nHe collapsed here.\n");
    assert_eq!(exit, Some(0), "{told}");
    let id = access["id"].as_str().unwrap();
    assert_eq!(as_nurse(&show, "").0, Some(0));
    assert_eq!(as_nurse(&["emergency-access", "end", id], "").0, Some(0));
    assert_eq!(as_nurse(&show, "").0, Some(3));

    let (_, queue, _) = as_officer(&["emergency-access", "list"], "");
    assert_eq!(queue["items"][0]["id"], access["id"]);
    let (exit, held, told) = as_officer(&["emergency-access", "hold", id], "Nobody at his home may know.\n");
    assert_eq!((exit, held["held_by"].is_string()), (Some(0), true), "{told}");
    // Whoever held it does not look into it.
    assert_eq!(as_officer(&["emergency-access", "review", id, "justified"], "Seen.\n").0, Some(5));
    assert_eq!(as_officer(&["emergency-access", "release", id], "").0, Some(0));
    let (_, shown, _) = as_nurse(&["emergency-access", "show", id], "");
    assert_eq!((&shown["words"], &shown["held_by"]), (&json!("He collapsed here."), &Value::Null));
}
