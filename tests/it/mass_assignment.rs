//! Nobody sets what only the server sets: every member that an answer has and a request has not, sent with every request.

use std::collections::BTreeSet;

use alongside_api::http::lint;
use alongside_domain::clock::{Ids as _, System};
use alongside_domain::policy::{Operation, Role, client_scopes};
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, World};

fn document() -> Value {
    serde_json::from_str(include_str!("../../openapi/openapi.json")).unwrap()
}

fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(path) => document.pointer(path.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// The members of a schema, whatever it is put together from.
fn members(document: &Value, schema: &Value, found: &mut BTreeSet<String>) {
    let schema = resolved(document, schema);
    let own = schema["properties"].as_object().into_iter().flatten();
    found.extend(own.map(|(name, _)| name.clone()));
    for parts in ["allOf", "oneOf", "anyOf"] {
        for part in schema[parts].as_array().into_iter().flatten() {
            members(document, part, found);
        }
    }
}

/// What the answers of these operations have at their top, and the items of their lists.
fn shown(document: &Value, operations: &[&Value]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for operation in operations {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let schema = &resolved(document, response)["content"]["application/json"]["schema"];
            if status.starts_with('2') && !schema.is_null() {
                members(document, schema, &mut found);
                let items = &resolved(document, schema)["properties"]["items"]["items"];
                members(document, items, &mut found);
            }
        }
    }
    found
}

fn example(document: &Value, content: &Value) -> Value {
    let schema = resolved(document, &content["schema"]);
    [&content["example"], &schema["example"], &schema["examples"][0]]
        .into_iter()
        .find(|example| !example.is_null())
        .unwrap()
        .clone()
}

/// Somebody who may call the operation.
fn caller<'c>(callers: &'c [(Role, Caller)], stranger: &'c Caller, name: &str) -> &'c Caller {
    let Some(operation) = Operation::named(name) else { return stranger };
    let rule = operation.rule().unwrap();
    let granted = |role: Role| rule.relation(role).is_some();
    &callers.iter().find(|(role, _)| granted(*role)).unwrap_or_else(|| panic!("nobody may {name}")).1
}

/// A handler that copies what it is sent onto its record: what the attack is after.
fn careless(record: &mut Value, body: &Value) {
    record.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
}

/// A form, as it is sent.
fn form(body: &Value) -> String {
    let fields = body.as_object().unwrap().iter();
    let fields: Vec<_> = fields.map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect();
    fields.join("&").replace(' ', "+")
}

/// Whether the answer refuses just this member.
fn is_refused(answer: &Answer, kind: &str, member: &str) -> bool {
    let told = answer.json();
    if kind != "application/json" {
        return answer.status == 400 && told["error"] == "invalid_request";
    }
    let errors = told["errors"].as_array().into_iter().flatten();
    answer.status == 422 && errors.filter(|error| error["pointer"] == format!("/{member}")).count() == 1
}

#[test]
fn no_request_sets_what_only_the_server_sets() {
    let world = World::start();
    let document = document();
    let man = world.participant().create();
    let roles = [
        Role::Coordinator,
        Role::Clinician,
        Role::Researcher,
        Role::TrialManager,
        Role::DataManager,
        Role::SafeguardingLead,
        Role::PrivacyOfficer,
        Role::Supporter,
        Role::Monitor,
    ];
    let mut callers: Vec<_> = roles.iter().map(|role| (*role, world.sign_in(*role))).collect();
    callers.push((Role::Participant, world.sign_in_participant(man.id)));
    callers.push((Role::Admin, world.admin()));
    callers.push((Role::IntegrationClient, world.client(&client_scopes())));
    let stranger = world.stranger();
    let all: Vec<_> = lint::operations(&document).collect();
    let (mut sent, mut operations, mut foreign, mut wrong) = (0, 0, BTreeSet::new(), Vec::new());
    for (path, method, operation) in &all {
        let name = operation["operationId"].as_str().unwrap();
        let content = &operation["requestBody"]["content"];
        let (kind, content) =
            match (content.get("application/json"), content.get("application/x-www-form-urlencoded")) {
                (Some(json), _) => ("application/json", json),
                (None, Some(form)) => ("application/x-www-form-urlencoded", form),
                _ if content.is_null() => continue,
                _ => {
                    foreign.insert(name);
                    continue;
                }
            };
        // FHIR documents: their elements are not ours to name, and the parser names each one it does not take.
        let is_fhir = resolved(&document, &content["schema"])["properties"].get("resourceType").is_some();
        if is_fhir || example(&document, content).get("resourceType").is_some() {
            foreign.insert(name);
            continue;
        }
        let mut own = BTreeSet::new();
        members(&document, &content["schema"], &mut own);
        // What is shown of the same thing, here or where it is read.
        let of_it: Vec<&Value> = all
            .iter()
            .filter(|(other, _, _)| {
                other == path || *other == format!("{path}/{{id}}") || path.starts_with(&format!("{other}/"))
            })
            .map(|(_, _, operation)| *operation)
            .collect();
        let mut planted = shown(&document, &of_it);
        planted.extend(["id", "role", "state", "version", "created_at", "person_id"].map(str::to_owned));
        let planted: Vec<_> = planted.difference(&own).collect();
        let good = example(&document, content);
        let mut place = path.replace("{language}", "cy");
        while let (Some(from), Some(to)) = (place.find('{'), place.find('}')) {
            place.replace_range(from..=to, &System.fresh().to_string());
        }
        let by = caller(&callers, &stranger, name);
        for member in planted {
            let value = json!(System.fresh().to_string());
            let mut body = good.clone();
            body[member] = value.clone();
            // It would have worked on who does not look.
            let mut record = json!({member: "kept"});
            careless(&mut record, &body);
            assert_eq!(record[member], value);
            let headers = [("content-type", kind), ("if-match", "\"1\"")];
            let method = method.to_uppercase();
            let bytes = match kind {
                "application/json" => body.to_string(),
                _ => form(&body),
            };
            let answer = by.send(&method, &place, &headers, Some(bytes.into_bytes()));
            if !is_refused(&answer, kind, member) {
                wrong.push(format!("{name} {member}: {} {}", answer.status, answer.text()));
            }
            sent += 1;
        }
        operations += 1;
    }
    println!("{sent} members were planted in the requests of {operations} operations; FHIR: {foreign:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(operations > 50 && sent > 500, "{operations} operations, {sent} members");
    assert!(foreign.len() < 8, "{foreign:?}");
}

/// The control of the test above: without the planted member the same request is not refused for it.
#[test]
fn the_same_request_without_it_gets_further() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let mut body = json!({"site_id": world.sites[0], "identity": {"name": "A Name"}});
    let made = coordinator.post("/v1/participants", &body).created();
    body["status"] = json!("active");
    coordinator.post("/v1/participants", &body).invalid_at("/status");
    assert_ne!(made["status"], "active");
}
