//! What there is to do.

use anyhow::Result;
use serde_json::{Value, json};

use crate::Run;
use crate::output::{plain, table, text};

/// A participant on the page.
struct Line {
    study_id: String,
    name: String,
    next: String,
}

pub fn run(run: &Run) -> Result<()> {
    let session = run.client.get("/v1/sessions/current")?;
    let can = |operation: &str| {
        let operations = session.get("operations").and_then(Value::as_array);
        operations.is_some_and(|operations| operations.iter().any(|one| one.as_str() == Some(operation)))
    };
    let list = |operation: &str, path: &str, filters: &[(&str, &str)]| {
        if can(operation) { run.client.list(path, filters, usize::MAX) } else { Ok(Vec::new()) }
    };
    let is_supporter = text(&session, &["role"]) == Some("supporter");
    // A supporter sees those he is with; for others everybody would be too many.
    let assignments =
        if is_supporter { list("list_assignments", "/v1/assignments", &[])? } else { Vec::new() };
    let participants =
        if is_supporter { list("list_participants", "/v1/participants", &[])? } else { Vec::new() };
    let open = list("list_assessments", "/v1/assessments", &[("status", "in_progress")])?;
    let flags = list("list_flags", "/v1/flags", &[])?;
    let waiting: Vec<Value> =
        flags.into_iter().filter(|flag| text(flag, &["status"]) == Some("raised")).collect();
    let document = json!({
        "role": session.get("role"), "assignments": assignments, "participants": participants,
        "open_assessments": open, "flags_waiting": waiting,
    });
    run.output.show(&document, || {
        let mut parts = Vec::new();
        if !waiting.is_empty() {
            parts.push(flags_page(&waiting));
        }
        parts.push(if is_supporter {
            caseload(&assignments, &participants, &open)
        } else {
            open_page(&open)
        });
        parts.join("\n\n")
    })
}

fn flags_page(waiting: &[Value]) -> String {
    let overdue = waiting.iter().filter(|flag| flag.get("overdue") == Some(&Value::Bool(true))).count();
    format!("{} safeguarding concerns wait for somebody to take them on; {overdue} overdue.", waiting.len())
}

fn open_page(open: &[Value]) -> String {
    if open.is_empty() {
        return "No assessment is open.".to_owned();
    }
    let row = |one: &Value| {
        let of = |name: &str| text(one, &[name]).unwrap_or("-").to_owned();
        vec![of("time_point"), crate::output::when(&of("started_at")), of("id")]
    };
    format!("Open assessments\n\n{}", table(&["Time point", "Begun", "ID"], open.iter().map(row)))
}

fn caseload(assignments: &[Value], participants: &[Value], open: &[Value]) -> String {
    let lines: Vec<Line> = assignments.iter().map(|one| line(one, participants, open)).collect();
    if lines.is_empty() {
        return "Nobody is assigned to you.".to_owned();
    }
    let rows = lines.into_iter().map(|line| vec![line.study_id, line.name, line.next]);
    table(&["Study ID", "Name", "What to do next"], rows)
}

fn line(assignment: &Value, participants: &[Value], open: &[Value]) -> Line {
    let id = text(assignment, &["participant_id"]).unwrap_or_default();
    let participant = participants.iter().find(|one| text(one, &["id"]) == Some(id));
    let of = |name: &str| participant.and_then(|one| text(one, &[name])).unwrap_or("-").to_owned();
    let is_open = open.iter().any(|one| text(one, &["participant_id"]) == Some(id));
    let study_id = of("study_id");
    Line { next: next_step(assignment, is_open, &study_id), study_id, name: of("name") }
}

fn next_step(assignment: &Value, is_open: bool, study_id: &str) -> String {
    let state = text(assignment, &["state"]).unwrap_or_default();
    match state {
        "offered" => "Say whether you can take this on: tell your coordinator".to_owned(),
        "accepted" => "Wait to be introduced".to_owned(),
        "introduced" => "Wait for the start".to_owned(),
        "active" if is_open => format!("Go on: alongside assess {study_id}"),
        "active" => format!("When it is due: alongside assess {study_id}"),
        "on_hold" => "Nothing for now: on hold".to_owned(),
        "ending" => "Say goodbye as planned".to_owned(),
        other => plain(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_to_do_next() {
        let participants = [json!({"id": "p", "study_id": "AS-1", "name": "Arthur Example"})];
        let assignments = [
            json!({"participant_id": "p", "state": "active"}),
            json!({"participant_id": "q", "state": "offered"}),
        ];
        let page = caseload(&assignments, &participants, &[json!({"participant_id": "p"})]);
        assert!(page.contains("Arthur Example") && page.contains("Go on: alongside assess AS-1"));
        assert!(page.contains("Say whether you can take this on"));
    }
}
