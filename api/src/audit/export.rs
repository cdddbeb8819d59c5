//! The sealed log as lines of JSON, for verifiers that know neither database.

use std::io::Write;

use alongside_domain::audit_chain::hex;
use alongside_store::audit_verify::{self, Link};
use alongside_store::{Db, audit_checkpoint};
use serde_json::json;

use super::checkpoints::Line;

const CHUNK: i64 = 1_000;

/// Writes every checkpoint, then every sealed event in the order of the chain, then how many there were of each.
///
/// # Errors
/// When the database cannot be read or the lines not be written.
pub fn export(db: &mut Db<'_>, out: &mut impl Write) -> anyhow::Result<()> {
    let (mut done, mut events, mut checkpoints) = (0, 0_u64, 0_u64);
    loop {
        let chunk = audit_checkpoint::with_hashes(db, done, CHUNK)?;
        let Some((newest, _)) = chunk.last() else { break };
        done = newest.seq;
        for (row, _) in &chunk {
            writeln!(out, "{}", json!({"checkpoint": Line::of(row)}))?;
            checkpoints += 1;
        }
    }
    // Read after the checkpoints: on a log that grows, it goes at least as far as they do.
    let last = audit_verify::last(db)?;
    done = 0;
    loop {
        let chunk = audit_verify::links(db, done, last, CHUNK)?;
        let Some(newest) = chunk.last() else { break };
        done = newest.seal.seq;
        for link in &chunk {
            writeln!(out, "{}", event(link))?;
            events += 1;
        }
    }
    writeln!(out, "{}", json!({"end": {"events": events, "checkpoints": checkpoints}}))?;
    out.flush()?;
    Ok(())
}

/// A sealed event; without its columns where it is gone.
fn event(link: &Link) -> serde_json::Value {
    let (seq, hash) = (link.seal.seq, hex(&link.seal.hash));
    let Some(event) = &link.event else { return json!({"event": {"seq": seq, "hash": hash}}) };
    let entry = event.entry(&link.subjects);
    json!({"event": {
        "seq": seq, "hash": hash, "id": entry.id, "at": entry.at, "programme_id": entry.programme_id,
        "person_id": entry.person_id, "client_id": entry.client_id, "session_id": entry.session_id,
        "role": entry.role, "operation": entry.operation, "participant_id": entry.participant_id,
        "resource_id": entry.resource_id, "status": entry.status, "flag_id": entry.flag_id,
        "request_id": entry.request_id, "detail": entry.detail, "subjects": entry.subjects,
    }})
}
