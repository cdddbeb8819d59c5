//! The document of this service, made from its code.

use alongside_domain::policy::{Relation, Rule};
use serde_json::{Map, Value, json};
use utoipa_actix_web::AppExt as _;

use crate::http::document::{Extras, Link, finish};
use crate::routes;

/// Tags in reading order.
const TAGS: &[(&str, &str)] = &[
    ("sessions", "Signing in and out; tokens for service clients."),
    ("people", "Those who work with the programme, and their roles."),
    ("clients", "Programs that call for themselves, within scopes."),
    ("programmes", "The services and trials that offer peer support."),
    ("sites", "The surgeries, hospitals, charities and libraries of a programme."),
    (
        "participants",
        "The persons whose needs are assessed: pseudonymous record, identity apart, digital profile.",
    ),
    ("consent-forms", "Versioned consent statements and the limits of confidentiality."),
    ("consents", "What a participant agreed to, and its withdrawal."),
    ("assignments", "Who supports whom, from the offer to the goodbye."),
    ("instruments", "Questionnaires as data, in the shape of FHIR R4. A version never changes."),
    ("assessments", "Answers, one by one, with who judged, who keyed and how much help was given."),
    ("paper-entries", "Paper forms typed in twice, where the two differ, and how often."),
    ("care-plans", "What follows from the concerns, and who does it."),
    ("signposts", "Where people can turn to nearby, checked from time to time."),
    ("rights-requests", "What people ask of their own record: a copy, a correction, that it is not used."),
    ("flags", "Safeguarding concerns: many may raise one, few may read one."),
    ("audit-events", "Who did what to whose record."),
    ("access-notices", "Unusual use of records, for the privacy officer."),
    (
        "emergency-accesses",
        "Records of another site opened in an emergency (break-glass): for half an hour, told at once, looked into afterwards.",
    ),
];

/// Operations whose `DELETE` or `PATCH` changes something without a version.
const UNVERSIONED: &[&str] =
    &["end_current_session", "end_session", "end_supporter_session", "update_client"];

const ID: &[(&str, &str)] = &[("id", "$response.body#/id")];

/// Where an answer leads.
const LINKS: &[Link<'_>] = &[
    Link {
        from: "create_participant",
        status: "201",
        name: "participant",
        to: "get_participant",
        parameters: ID,
    },
    Link { from: "create_consent", status: "201", name: "consent", to: "get_consent", parameters: ID },
    Link {
        from: "create_assignment",
        status: "201",
        name: "accept",
        to: "accept_assignment",
        parameters: ID,
    },
    Link {
        from: "create_assessment",
        status: "201",
        name: "save_answers",
        to: "save_answers",
        parameters: ID,
    },
    Link {
        from: "create_assessment",
        status: "201",
        name: "submit",
        to: "submit_assessment",
        parameters: ID,
    },
    Link {
        from: "submit_assessment",
        status: "200",
        name: "summary",
        to: "get_assessment_summary",
        parameters: ID,
    },
    Link {
        from: "create_rights_request",
        status: "201",
        name: "request",
        to: "get_rights_request",
        parameters: ID,
    },
    Link { from: "create_flag", status: "201", name: "receipt", to: "get_flag_receipt", parameters: ID },
];

/// The OpenAPI document as it is served: the committed file, which a test holds equal to [`generate`]. A server that made
/// it anew would start later and hold more memory, for the same bytes.
pub const COMMITTED: &str = include_str!("../../openapi/openapi.json");

/// The OpenAPI document as the code says it, as the file holds it.
///
/// # Errors
/// When the generated document cannot be written as JSON.
pub fn generate() -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(&document()?)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn document() -> Result<Value, serde_json::Error> {
    let (_, document) =
        actix_web::App::new().into_utoipa_app().configure(|config| routes::all(config)).split_for_parts();
    let permissions = alongside_domain::policy::RULES
        .iter()
        .map(|rule| (rule.operation.name().to_owned(), permission(rule)))
        .collect();
    finish(
        &document,
        &Extras { tags: TAGS, permissions, unversioned: UNVERSIONED, links: LINKS, webhooks: None },
    )
}

/// A row of the policy table: how far each role reaches, what must hold besides, and what is left out of the answer.
fn permission(rule: &Rule) -> Value {
    let (mut grants, mut conditions, mut views) = (Map::new(), Map::new(), Map::new());
    for (role, relation) in rule.grants {
        grants.insert(role.to_string(), json!(relation.to_string()));
        let must_hold: Vec<_> = rule.conditions(*role).iter().map(ToString::to_string).collect();
        if !must_hold.is_empty() {
            conditions.insert(role.to_string(), json!(must_hold));
        }
        if let Some(row) = rule.view(*role) {
            views.insert(role.to_string(), json!({"view": row.view.to_string(), "without": row.without}));
        }
    }
    let mut row = json!({"scope": rule.scope, "grants": grants, "conditions": conditions, "views": views});
    if let Some(row) = row.as_object_mut().filter(|_| rule.fresh) {
        row.insert("fresh_minutes".to_owned(), json!(alongside_domain::sign_in::FRESH_MINUTES));
    }
    let opening: Vec<_> =
        rule.grants.iter().map(|(role, _)| *role).filter(|role| rule.opens_in_emergency(*role)).collect();
    if let Some(row) = row.as_object_mut().filter(|_| !opening.is_empty()) {
        row.insert(Relation::Emergency.to_string(), json!(opening));
    }
    row
}
