//! Rights requests on their way, for tests that begin somewhere on it.

use alongside_domain::id::ParticipantId;
use alongside_domain::policy::Role;
use serde_json::{Value, json};

use super::{Answer, Caller, World};

/// Those who deal with a request.
pub struct Office {
    pub coordinator: Caller,
    pub privacy: Caller,
    pub lead: Caller,
}

impl Office {
    pub fn of(world: &World) -> Self {
        Self {
            coordinator: world.sign_in(Role::Coordinator),
            privacy: world.sign_in(Role::PrivacyOfficer),
            lead: world.sign_in(Role::SafeguardingLead),
        }
    }

    /// Writes down a request that came by letter. Answers where it is.
    pub fn ask(&self, man: ParticipantId, kind: &str) -> String {
        let body = json!({"participant_id": man, "kind": kind, "channel": "letter", "asked": "Please."});
        let made = self.coordinator.post("/v1/rights-requests", &body).created();
        format!("/v1/rights-requests/{}", made["id"].as_str().unwrap())
    }

    /// Checks who asks, and what.
    pub fn scope(&self, request: &str) {
        step(&self.coordinator, request, "identity-check", &json!({"identity_proof": "document"})).ok();
        step(&self.privacy, request, "scope", &json!({"note": "All of it."})).ok();
    }

    pub fn approve(&self, request: &str) {
        step(&self.privacy, request, "approval", &json!({"note": "It is his."})).ok();
    }

    /// Everything up to the report, of which the decisions let everything out.
    pub fn report(&self, man: ParticipantId) -> String {
        let request = self.ask(man, "access");
        self.scope(&request);
        for who in [&self.lead, &self.privacy] {
            step(who, &request, "decisions", &decision("release")).ok();
        }
        self.approve(&request);
        step(&self.privacy, &request, "fulfilment", &told(&json!({}))).ok();
        request
    }
}

/// Takes a step of a request as it is now.
pub fn step(by: &Caller, request: &str, name: &str, body: &Value) -> Answer {
    let etag = by.get(request).etag();
    let headers = [("content-type", "application/json"), ("if-match", etag.as_str())];
    by.send("POST", &format!("{request}/{name}"), &headers, Some(body.to_string().into_bytes()))
}

pub fn decision(verdict: &str) -> Value {
    json!({"third_party": verdict, "safeguarding": verdict, "note": "Looked at it."})
}

/// What is said with a fulfilment, and these members besides.
pub fn told(more: &Value) -> Value {
    let mut body = json!({"note": "It is done.", "told_on": "2026-01-05", "handover": "own_account"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}
