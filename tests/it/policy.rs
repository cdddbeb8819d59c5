//! Every role against every operation of the document, on a running server.

use std::collections::BTreeSet;

use alongside_api::http::lint;
use alongside_domain::clock::{Ids as _, System};
use alongside_domain::policy::{Operation, Relation, Role, VIEWS, relation};
use serde_json::{Value, json};
use strum::VariantArray as _;

use crate::harness::{Answer, Caller, Man, World};

fn document() -> Value {
    serde_json::from_str(include_str!("../../openapi/openapi.json")).unwrap()
}

/// Calls an operation with ids that exist nowhere and, where it takes a body, an empty one.
fn attempt(caller: &Caller, method: &str, path: &str, operation: &Value) -> Answer {
    let mut path = path.to_owned();
    while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
        path.replace_range(from..=to, &System.fresh().to_string());
    }
    let method = method.to_uppercase();
    let mut headers = vec![("if-match", "\"1\"")];
    let body = operation.get("requestBody").map(|body| {
        let kind = if body["content"].get("application/fhir+json").is_some() {
            "application/fhir+json"
        } else {
            "application/json"
        };
        headers.push(("content-type", kind));
        b"{}".to_vec()
    });
    let body = body.or_else(|| (method == "POST").then(Vec::new));
    caller.send(&method, &path, &headers, body)
}

/// The callers of every role, each in the test's programme.
fn everyone(world: &World, man: &Man) -> Vec<(Role, Caller)> {
    Role::VARIANTS
        .iter()
        .map(|role| {
            let caller = match role {
                Role::Admin => world.admin(),
                Role::Participant => world.sign_in_participant(man.id),
                Role::IntegrationClient => world.client(&alongside_domain::policy::client_scopes()),
                role => world.sign_in(*role),
            };
            (*role, caller)
        })
        .collect()
}

#[test]
fn a_role_is_refused_exactly_the_operations_it_has_no_grant_for() {
    let world = World::start();
    let man = world.participant().create();
    let document = document();
    let mut cells = 0;
    for (role, caller) in everyone(&world, &man) {
        for (path, method, operation) in lint::operations(&document) {
            let name = operation["operationId"].as_str().unwrap();
            let Some(known) = Operation::named(name) else { continue };
            // It would end the session this walk needs.
            if known == Operation::EndCurrentSession {
                continue;
            }
            let answer = attempt(&caller, method, path, operation);
            let granted = relation(known, role).is_some();
            assert_ne!(answer.status, 401, "{role} {name}");
            assert_ne!(answer.status, 500, "{role} {name}");
            let refused = answer.status == 403 && answer.json()["code"] == "forbidden";
            assert_eq!(refused, !granted, "{role} {name}: {} {}", answer.status, answer.text());
            cells += 1;
        }
    }
    println!("{cells} cells of role and operation were walked");
    assert!(cells > 900, "only {cells} cells were walked");
}

#[test]
fn nobody_without_a_token_gets_past_the_door() {
    let world = World::start();
    let stranger = world.stranger();
    let document = document();
    for (path, method, operation) in lint::operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        if Operation::named(name).is_some() {
            attempt(&stranger, method, path, operation).problem(401, "unauthenticated");
        }
    }
}

#[test]
fn a_client_needs_the_scope_of_each_operation() {
    let world = World::start();
    let client = world.client(&["sites:read"]);
    client.get("/v1/sites").ok();
    let refused = client.get("/v1/participants");
    refused.problem(403, "insufficient-scope");
    assert!(refused.header("www-authenticate").unwrap().contains("participants:read"));
}

/// The page that people read is what the code does.
#[test]
fn the_printed_policy_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/policy.md");
    let is_current = std::fs::read_to_string(path).unwrap() == alongside_domain::policy::page();
    assert!(is_current, "docs/policy.md is stale: run `just policy`");
}

/// Every role that reaches a participant, on what the table says it is not shown of him, and on what it does not say.
#[test]
fn a_role_is_shown_exactly_what_its_view_leaves() {
    let world = World::start();
    let [here, _] = world.sites;
    let supporter = world.sign_in(Role::Supporter);
    let man = world.participant().at(here).consented().helped_by(&supporter).create();
    let coordinator = world.sign_in(Role::Coordinator);
    let about = json!({"needs": {"note": "Knock loudly."}, "treatments": ["surgery"]});
    let etag = coordinator.get(&man.path()).header("etag").unwrap().to_owned();
    coordinator.patch(&man.path(), &etag, &about).ok();
    let identity = json!({"date_of_birth": "1949-05-01", "nhs_number": "9434765919", "email": "walter@example.org",
        "address": {"lines": ["1 Invented Row"], "postcode": "ZZ99 3WZ"}, "gp": {"practice": "Invented Surgery"},
        "emergency_contact": {"name": "Wanda Invented", "phone": "01632 960556"}});
    let etag = coordinator.get(&man.path()).header("etag").unwrap().to_owned();
    coordinator.patch(&format!("{}/identity", man.path()), &etag, &identity).ok();
    let places = [
        (Operation::GetParticipant, man.path()),
        (Operation::ListParticipants, "/v1/participants".to_owned()),
        (Operation::GetParticipantIdentity, format!("{}/identity", man.path())),
        (Operation::GetConsent, format!("/v1/consents/{}", man.consent.unwrap())),
        (Operation::ListConsents, format!("/v1/consents?participant_id={}", man.id)),
    ];
    let mut cells = 0;
    for (operation, path) in places {
        // This consent had no witness: there is nothing to be left out.
        let hideable: BTreeSet<&str> = VIEWS
            .iter()
            .filter(|row| row.operations.contains(&operation))
            .flat_map(|row| row.without.iter().copied())
            .filter(|pointer| !pointer.ends_with("/witness"))
            .collect();
        assert!(!hideable.is_empty(), "{operation}");
        for (role, caller) in everyone(&world, &man) {
            let caller = if role == Role::Supporter { supporter.clone() } else { caller };
            let rule = operation.rule().unwrap();
            if rule.relation(role).is_none() {
                continue;
            }
            let answer = caller.get(&path).ok();
            let without = rule.view(role).map_or(&[][..], |row| row.without);
            for pointer in &hideable {
                let shown = answer.pointer(pointer).is_some_and(|value| !value.is_null());
                assert_eq!(shown, !without.contains(pointer), "{role} {operation} {pointer}");
                cells += 1;
            }
        }
    }
    println!("{cells} cells of role, operation and member were walked");
    assert!(cells > 100, "only {cells} cells were walked");
}

/// How far each relation reaches, on real records: here, at another site, in another programme.
#[test]
fn a_grant_reaches_as_far_as_its_relation_and_no_further() {
    let world = World::start();
    let [here, there] = world.sites;
    let supporter = world.sign_in(Role::Supporter);
    let mine = world.participant().at(here).consented().helped_by(&supporter).create();
    let other = world.participant().at(there).create();
    let elsewhere = World::start();
    let foreign = elsewhere.participant().create();
    for role in Role::VARIANTS {
        let Some(reach) = relation(Operation::GetParticipant, *role) else { continue };
        let caller = match role {
            Role::Participant => world.sign_in_participant(mine.id),
            Role::Supporter => supporter.clone(),
            Role::IntegrationClient => world.client(&["participants:read"]),
            role => world.sign_in_at(*role, here),
        };
        caller.get(&mine.path()).ok();
        let next_door = caller.get(&other.path());
        match reach {
            Relation::Programme => drop(next_door.ok()),
            _ => drop(next_door.not_found()),
        }
        caller.get(&foreign.path()).not_found();
        let listed = caller.get("/v1/participants").ok();
        let listed: Vec<_> =
            listed["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
        assert!(listed.contains(&json!(mine.id)), "{role}");
        assert_eq!(listed.contains(&json!(other.id)), reach == Relation::Programme, "{role}");
    }
}

#[test]
fn what_is_out_of_reach_looks_exactly_like_what_never_was() {
    let world = World::start();
    let supporter = world.sign_in(Role::Supporter);
    let man = world.participant().consented().create();
    let unseen = supporter.get(&man.path());
    let absent = supporter.get("/v1/participants/0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e6f");
    let mut bodies = [unseen.not_found(), absent.not_found()];
    for body in &mut bodies {
        assert!(body["instance"].as_str().unwrap().starts_with("urn:uuid:"));
        body["instance"] = Value::Null;
    }
    assert_eq!(bodies[0], bodies[1]);
    let names =
        |answer: &Answer| answer.headers.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>();
    assert_eq!(names(&unseen), names(&absent));
}
