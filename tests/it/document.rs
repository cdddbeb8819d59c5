//! The document is what the server does, and the policy table is what the document says.

use std::collections::BTreeSet;

use alongside_api::http::lint;
use alongside_domain::policy::{Operation, RULES};
use serde_json::{Value, json};

use crate::harness::World;

/// Operations that ask nobody who he is.
const PUBLIC: &[&str] = &[
    "create_session",
    "refresh_session",
    "create_token",
    "revoke_token",
    "introspect_token",
    "create_device_authorisation",
    "create_activation",
    "create_password_reset",
    "get_key_set",
    "get_authorization_server",
];

fn committed() -> Value {
    serde_json::from_str(include_str!("../../openapi/openapi.json")).unwrap()
}

fn operation_ids(document: &Value) -> BTreeSet<String> {
    lint::operations(document)
        .map(|(_, _, operation)| operation["operationId"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_committed_document_is_the_one_served() {
    let world = World::start();
    let served = world.stranger().get("/openapi.json");
    assert_eq!(served.status, 200);
    assert!(served.text() == include_str!("../../openapi/openapi.json"));
}

#[test]
fn the_committed_document_is_what_the_code_says() {
    let generated = alongside_api::openapi::generate().unwrap();
    let is_current = generated == include_bytes!("../../openapi/openapi.json");
    assert!(is_current, "openapi/openapi.json is stale: run `just openapi`");
}

#[test]
fn the_document_keeps_the_rules_of_the_house() {
    let found = lint::lint(&committed());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_operation_has_its_row_in_the_policy_table_and_every_row_its_operation() {
    let described = operation_ids(&committed());
    let ruled: BTreeSet<String> = RULES.iter().map(|rule| rule.operation.name().to_owned()).collect();
    let public: BTreeSet<String> = PUBLIC.iter().map(|name| (*name).to_owned()).collect();
    let without_row: Vec<_> = described.difference(&ruled).filter(|name| !public.contains(*name)).collect();
    let without_operation: Vec<_> = ruled.difference(&described).collect();
    assert!(without_row.is_empty(), "operations without a row: {without_row:?}");
    assert!(without_operation.is_empty(), "rows without an operation: {without_operation:?}");
}

#[test]
fn the_document_prints_the_policy_table() {
    let document = committed();
    for (_, _, operation) in lint::operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        let Some(rule) = Operation::named(name).and_then(Operation::rule) else { continue };
        let printed = &operation["x-permission"];
        assert_eq!(printed["scope"], rule.scope, "{name}");
        assert_eq!(printed["grants"].as_object().unwrap().len(), rule.grants.len(), "{name}");
        assert_eq!(printed["fresh_minutes"] == 5, rule.fresh, "{name}");
        let opened: Vec<_> = rule
            .grants
            .iter()
            .filter(|(role, _)| rule.opens_in_emergency(*role))
            .map(|(role, _)| json!(role))
            .collect();
        let said = printed["emergency"].as_array().cloned().unwrap_or_default();
        assert_eq!(said, opened, "{name}");
        for (role, relation) in rule.grants {
            assert_eq!(printed["grants"][role.to_string()], relation.to_string(), "{name} {role}");
            let conditions: Vec<_> = rule.conditions(*role).iter().map(ToString::to_string).collect();
            let said = &printed["conditions"][role.to_string()];
            assert_eq!(said.is_null(), conditions.is_empty(), "{name} {role}");
            assert!(said.is_null() || *said == json!(conditions), "{name} {role}: {said}");
            let view = rule.view(*role).map(|row| row.view.to_string());
            assert_eq!(printed["views"][role.to_string()]["view"], json!(view), "{name} {role}");
        }
    }
}

#[test]
fn every_kind_of_problem_is_explained_on_this_server() {
    let world = World::start();
    let stranger = world.stranger();
    for code in alongside_api::http::Code::ALL {
        let page = stranger.get_as(&format!("/problems/{}", code.as_str()), "text/html");
        assert_eq!(page.status, 200, "{}", code.as_str());
        assert!(page.text().contains(code.as_str()));
    }
}

#[test]
fn the_pages_of_the_document_need_nothing_from_elsewhere() {
    let world = World::start();
    let stranger = world.stranger();
    let page = stranger.get_as("/docs/", "text/html");
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"), "{policy}");
    assert!(!page.text().contains("http://") && !page.text().contains("https://"), "{}", page.text());
}
