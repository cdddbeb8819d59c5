//! The floor under the embedded database: what SQLite itself makes of an assessment kept the plain way, a row for each
//! of its answers.

use std::path::Path;
use std::time::{Duration, Instant};

use alongside_domain::clock::{Clock as _, Ids as _, System};
use rusqlite::{Connection, Statement, params};
use uuid::Uuid;

use crate::world::Parents;

/// The size of the sealed values: header, nonce, tag and a short JSON document.
pub const SEALED_BYTES: usize = 120;

const ASSESSMENT: &str = "INSERT INTO assessments (id, programme_id, site_id, participant_id, instrument_id, \
    time_point, status, channel, location, last_seq, started_at, submitted_at, submitted_by, abandoned_at, end_reason, \
    scores, concerns, provenance, created_by, created_at, updated_at, version) VALUES (?1, ?2, ?3, ?4, ?5, 'baseline', \
    'in_progress', 'in_person', NULL, ?6, ?7, NULL, NULL, NULL, NULL, NULL, NULL, NULL, ?8, ?7, ?7, 1)";
const PLAIN_ANSWERS: &str = "CREATE TABLE IF NOT EXISTS plain_answers (assessment_id BLOB NOT NULL REFERENCES assessments (id), \
    seq INTEGER NOT NULL, link_id TEXT NOT NULL, occurrence TEXT NOT NULL, state TEXT NOT NULL, value BLOB, \
    answered_by TEXT NOT NULL, keyed_by TEXT NOT NULL, level TEXT NOT NULL, segment_id BLOB, author_id BLOB NOT NULL, \
    device_at INTEGER, at INTEGER NOT NULL, amends_seq INTEGER, reason TEXT, PRIMARY KEY (assessment_id, seq)) STRICT, \
    WITHOUT ROWID;";
const ANSWER: &str = "INSERT INTO plain_answers (assessment_id, seq, link_id, occurrence, state, value, answered_by, \
    keyed_by, level, segment_id, author_id, device_at, at, amends_seq, reason) VALUES (?1, ?2, ?3, '[]', 'answered', \
    ?4, 'participant', 'unknown', 'unknown', NULL, ?5, NULL, ?6, NULL, NULL)";
const AUDIT_EVENT: &str = "INSERT INTO audit_events (id, at, programme_id, person_id, client_id, session_id, role, \
    operation, participant_id, resource_id, status, flag_id, request_id, detail) VALUES (?1, ?2, ?3, ?4, NULL, ?5, \
    'researcher', 'create_assessment', ?6, ?7, 201, NULL, ?8, NULL)";

/// A database of its own, with the schema, the indexes and the people of the measured one.
pub struct RawSqlite {
    connection: Connection,
    parents: Parents,
}

impl RawSqlite {
    /// Opens the copy at `path`: a write-ahead log, and every commit on the disk before it is answered.
    pub fn open(path: &Path, parents: &Parents) -> anyhow::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;",
        )?;
        connection.execute_batch(PLAIN_ANSWERS)?;
        Ok(Self { connection, parents: parents.clone() })
    }

    /// Writes assessments for so long, so many to a commit, and answers how many a second.
    pub fn run(&self, group: usize, time: Duration) -> anyhow::Result<f64> {
        let mut writer = Writer {
            assessment: self.connection.prepare(ASSESSMENT)?,
            answer: self.connection.prepare(ANSWER)?,
            audit_event: self.connection.prepare(AUDIT_EVENT)?,
            parents: &self.parents,
        };
        let mut participants = self.parents.participants.iter().cycle();
        let started = Instant::now();
        let mut done = 0.0;
        while started.elapsed() < time {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            for participant in participants.by_ref().take(group) {
                writer.write(*participant)?;
                done += 1.0;
            }
            self.connection.execute_batch("COMMIT")?;
        }
        Ok(done / started.elapsed().as_secs_f64())
    }
}

struct Writer<'c> {
    assessment: Statement<'c>,
    answer: Statement<'c>,
    audit_event: Statement<'c>,
    parents: &'c Parents,
}

impl Writer<'_> {
    fn write(&mut self, participant: Uuid) -> rusqlite::Result<()> {
        let parents = self.parents;
        let [id, event, request] = [System.fresh(), System.fresh(), System.fresh()];
        let now = System.now().timestamp_micros();
        self.assessment.execute(params![
            id.as_bytes(),
            parents.programme.as_bytes(),
            parents.site.as_bytes(),
            participant.as_bytes(),
            parents.instrument.as_bytes(),
            i64::try_from(parents.link_ids.len()).unwrap_or_default(),
            now,
            parents.author.as_bytes(),
        ])?;
        for (seq, link_id) in (1_i64..).zip(&parents.link_ids) {
            let cell = [0xA5_u8; SEALED_BYTES];
            self.answer.execute(params![
                id.as_bytes(),
                seq,
                link_id,
                cell,
                parents.author.as_bytes(),
                now
            ])?;
        }
        self.audit_event.execute(params![
            event.as_bytes(),
            now,
            parents.programme.as_bytes(),
            parents.author.as_bytes(),
            parents.author.as_bytes(),
            participant.as_bytes(),
            id.as_bytes(),
            request.as_bytes(),
        ])?;
        Ok(())
    }
}
