//! The operator's commands, as an operator runs them beside a service that stands still.

use std::process::Output;
use std::sync::Arc;

use alongside_domain::clock::{Ids as _, System};
use alongside_domain::id::{Id, MembershipId, PersonId, SessionId};
use alongside_domain::policy::Role;
use alongside_store::membership::{self, Membership};
use alongside_store::scope::{Reach, Scope};
use alongside_store::session_list::{self, Of};
use alongside_store::types::{At, Code, Key};
use alongside_store::{Context, Duty, audit_seal, inspect, person, session};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::program::api;
use crate::harness::{Caller, Database, World};

/// What is left of a world, with its keys in a file.
struct Left {
    database: Arc<Database>,
    folder: tempfile::TempDir,
}

impl Left {
    fn of(world: World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        world.keys.create_file(&folder.path().join("alongside.key")).unwrap();
        Self { database: world.stop_when(|_| true), folder }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let keys = self.folder.path().join("alongside.key");
        let environment = [
            ("ALONGSIDE_DATABASE_URL", self.database.url.as_str()),
            ("ALONGSIDE_KEYS_FILE", keys.to_str().unwrap()),
        ];
        api(arguments, &environment)
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let done = self.run(&[arguments, &["--json"]].concat());
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments);
        assert!(!done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stdout));
        String::from_utf8(done.stderr).unwrap()
    }

    /// What the operator's own steps left in the log.
    fn noted(&self) -> Vec<String> {
        let nil = Id::new(uuid::Uuid::nil());
        let events = inspect(&self.database.location(), Context::System(Duty::Operator), |db| {
            audit_seal::unsealed(db, nil, 500)
        })
        .unwrap();
        let operators = events.into_iter().filter(|one| {
            one.detail.as_deref() == Some("command line of the server") && one.person_id.is_none()
        });
        operators.map(|one| one.operation).collect()
    }
}

fn address(caller: &Caller) -> String {
    format!("{}@example.org", caller.id)
}

fn also(world: &World, caller: &Caller, role: Role) {
    let (id, programme, now) = (PersonId::new(caller.id), world.programme, world.app.clock.now());
    let row = Membership {
        id: Key(MembershipId::new(System.fresh())),
        person_id: Key(id),
        role: Code(role),
        programme_id: Some(Key(programme)),
        site_id: None,
        granted_by: None,
        granted_at: At(now),
        ended_at: None,
    };
    world.write(move |db| membership::insert(db, &row));
}

#[test]
fn accounts_are_listed_shut_and_opened_again_and_each_step_is_in_the_log() {
    let world = World::start();
    let supporter = world.sign_in(Role::Supporter);
    let email = address(&supporter);
    let left = Left::of(world);
    let all = left.json(&["user", "list"]);
    let all = all["items"].as_array().unwrap();
    let his = all.iter().find(|one| one["email"] == email.as_str()).unwrap();
    assert_eq!((&his["state"], &his["open_sessions"]), (&json!("active"), &json!(1)));
    assert_eq!(his["roles"][0]["role"], "supporter");
    assert!(!all.iter().any(|one| one.to_string().contains("password")), "{all:?}");
    assert_eq!(left.json(&["user", "show", "--email", &email])["id"], his["id"]);
    let told = left.run(&["user", "list"]);
    assert!(String::from_utf8(told.stdout).unwrap().contains(&email));

    let ended = left.json(&["user", "end-sessions", "--email", &email]);
    assert_eq!((&ended["open_sessions"], &ended["state"]), (&json!(0), &json!("active")));
    assert!(left.refused(&["user", "reset-second-factor", "--email", &email]).contains("no second factor"));
    assert_eq!(left.json(&["user", "deactivate", "--email", &email])["state"], "deactivated");
    assert!(left.refused(&["user", "deactivate", "--email", &email]).contains("closed already"));
    assert_eq!(left.json(&["user", "reactivate", "--email", &email])["state"], "active");
    assert!(left.refused(&["user", "reactivate", "--email", &email]).contains("is open"));
    left.refused(&["user", "show", "--email", "nobody@example.org"]);

    // The last administrator stays.
    let admins: Vec<&str> = all
        .iter()
        .filter(|one| one["roles"][0]["role"] == "admin")
        .map(|one| one["email"].as_str().unwrap())
        .collect();
    let (last, others) = admins.split_last().unwrap();
    for other in others {
        left.json(&["user", "deactivate", "--email", other]);
    }
    assert!(left.refused(&["user", "deactivate", "--email", last]).contains("last administrator"));
    let noted = left.noted();
    assert_eq!(noted[..3], ["end_sessions", "deactivate_person", "reactivate_person"]);
    assert_eq!(noted.len(), 3 + others.len(), "what was refused changed nothing: {noted:?}");
}

#[test]
fn programs_are_connected_bounded_and_cut_off() {
    let world = World::start();
    let programme = world.programme.to_string();
    let left = Left::of(world);
    let create = ["client", "create", "--programme", &programme, "--name", "Trial database"];
    let made = left.json(&[&create[..], &["--scope", "sites:read", "--quota", "30"]].concat());
    assert!(made["client_secret"].as_str().unwrap().starts_with("alongside_cs_"));
    assert_eq!((&made["requests_per_minute"], &made["scopes"]), (&json!(30), &json!(["sites:read"])));
    assert!(left.refused(&[&create[..], &["--scope", "everything"]].concat()).contains("is no scope"));
    let nowhere = System.fresh().to_string();
    let elsewhere = ["client", "create", "--programme", &nowhere, "--name", "X", "--scope", "sites:read"];
    assert!(left.refused(&elsewhere).contains("no such programme"));
    let id = made["client_id"].as_str().unwrap();
    assert!(left.json(&["client", "show", id])["client_secret"].is_null());
    assert_eq!(left.json(&["client", "quota", id, "1200"])["requests_per_minute"], 1200);
    left.refused(&["client", "quota", id, "0"]);
    let rotated = left.json(&["client", "rotate-secret", id]);
    assert_ne!(rotated["client_secret"], made["client_secret"]);
    assert_eq!(left.json(&["client", "revoke", id])["state"], "revoked");
    for step in ["revoke", "rotate-secret"] {
        assert!(left.refused(&["client", step, id]).contains("cut off"), "{step}");
    }
    let listed = left.json(&["client", "list"]);
    assert_eq!(
        (&listed["items"][0]["state"], listed["items"].as_array().unwrap().len()),
        (&json!("revoked"), 1)
    );
    assert_eq!(left.noted(), ["create_client", "update_client", "create_client_secret", "revoke_client"]);
}

#[test]
fn the_access_review_finds_what_wants_looking_at() {
    let world = World::start();
    let [here, there] = world.sites;
    world.clock.advance(TimeDelta::days(-100));
    let forgotten = world.sign_in(Role::Researcher);
    world.clock.advance(TimeDelta::days(100));
    let (admin, second) = (world.admin(), world.admin());
    let both = world.admin();
    also(&world, &both, Role::SafeguardingLead);

    // Proposed and confirmed on the same device; and one that waits.
    let officer = world.sign_in(Role::Supporter);
    let role = json!({"role": "privacy_officer", "programme_id": world.programme});
    let proposed = admin.post(&format!("/v1/people/{}/memberships", officer.id), &role).created();
    let path =
        format!("/v1/people/{}/memberships/{}/confirmation", officer.id, proposed["id"].as_str().unwrap());
    second.post_nothing(&path).ok();
    for person in [&admin, &second] {
        let (id, now) = (PersonId::new(person.id), world.app.clock.now());
        world.write(move |db| {
            let scope = Scope { reach: Reach::Installation, person: None };
            let mut row = session_list::list(db, &scope, Of::Own(id), None, 1, now)?.remove(0);
            row.id = Key(SessionId::new(System.fresh()));
            row.trust.device_hash = Some(vec![7; 32]);
            session::insert(db, &row)
        });
    }
    let waiting = world.sign_in(Role::Clinician);
    admin.post(&format!("/v1/people/{}/memberships", waiting.id), &role).created();

    // Closed, and still signed in somewhere.
    let gone = world.sign_in(Role::Coordinator);
    let (id, now) = (PersonId::new(gone.id), world.app.clock.now());
    world.write(move |db| {
        let scope = Scope { reach: Reach::Installation, person: None };
        let mut row = person::find(db, &scope, id)?;
        row.deactivated_at = Some(At(now));
        person::save(db, &scope, &row)
    });
    let man = world.participant().at(here).create();
    crate::emergency_accesses::born(&world.sign_in(Role::Coordinator), &man);
    let nurse = world.sign_in_at(Role::Clinician, there);
    nurse.post("/v1/emergency-accesses", &crate::emergency_accesses::asked(&man)).created();
    world.client(&["sites:read"]);

    let left = Left::of(world);
    let review = left.json(&["access-review"]);
    assert_eq!(review["schema"], "alongside-access-review-1");
    let of = |caller: &Caller| {
        let people = review["people"].as_array().unwrap();
        people.iter().find(|one| one["person_id"] == json!(caller.id)).unwrap()
    };
    let finds =
        |caller: &Caller, concern: &str| of(caller)["concerns"].as_array().unwrap().contains(&json!(concern));
    assert!(finds(&forgotten, "unused") && !finds(&admin, "unused"));
    assert!((99..=100).contains(&of(&forgotten)["age_days"].as_i64().unwrap()));
    assert!(finds(&both, "conflicting_roles") && !finds(&second, "conflicting_roles"));
    assert!(finds(&officer, "confirmed_on_same_device") && !finds(&waiting, "confirmed_on_same_device"));
    assert!(finds(&waiting, "pending_role") && finds(&gone, "open_after_leaving"));
    assert!(finds(&nurse, "emergency_not_reviewed") && finds(&nurse, "without_second_factor"));
    assert_eq!(of(&nurse)["roles"][0]["site_id"], json!(there));
    let confirmed = of(&officer)["roles"].as_array().unwrap();
    let confirmed = confirmed.iter().find(|held| held["role"] == "privacy_officer").unwrap();
    assert_eq!((&confirmed["granted_by"], &confirmed["confirmed_by"]), (&json!(admin.id), &json!(second.id)));
    let client = &review["clients"][0];
    assert_eq!((&client["requests_per_minute"], &client["open_sessions"]), (&json!(600), &json!(1)));
    assert_eq!(left.noted(), ["access_review"]);
    let table = String::from_utf8(left.run(&["access-review"]).stdout).unwrap();
    assert!(table.contains(&address(&both)) && table.contains("conflicting roles"), "{table}");
}
