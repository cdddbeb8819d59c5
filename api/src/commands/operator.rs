//! What the operator's steps have in common: a world that is the whole installation, an event for each, and JSON or lines.

use alongside_api::app::App;
use alongside_domain::clock::Timestamp;
use alongside_domain::id::ParticipantId;
use alongside_store::audit::{AuditEvent, any_id};
use alongside_store::scope::{Reach, Scope};
use alongside_store::types::{At, Key};
use serde::Serialize;
use uuid::Uuid;

/// Everything of the installation but a person's record.
pub(super) fn scope() -> Scope {
    Scope { reach: Reach::Installation, person: None }
}

/// The event of a step. Whoever runs the server has no account: the log says where he stood.
pub(super) fn event(
    app: &App,
    now: Timestamp,
    operation: &str,
    of: Option<Uuid>,
    participant: Option<ParticipantId>,
) -> AuditEvent {
    let id = any_id(app.ids.fresh());
    AuditEvent {
        id,
        at: At(now),
        programme_id: None,
        person_id: None,
        client_id: None,
        session_id: None,
        role: None,
        operation: operation.to_owned(),
        participant_id: participant.map(Key),
        resource_id: of.map(any_id),
        status: 200,
        flag_id: None,
        request_id: id,
        detail: Some("command line of the server".to_owned()),
    }
}

/// Prints one JSON document, or lines for people.
pub(super) fn answer(
    json: bool,
    document: &impl Serialize,
    lines: impl FnOnce() -> Vec<String>,
) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(document)?);
    } else {
        for line in lines() {
            println!("{}", clean(&line));
        }
    }
    Ok(())
}

/// A name from the database cannot steer the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
