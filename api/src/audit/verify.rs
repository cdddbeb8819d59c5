//! Judging the audit log: the chain against the events, the checkpoints against the chain, and those that were shipped
//! off the machine against both.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use alongside_domain::audit_chain::{MOST_UNSIGNED, hex, month_of};
use alongside_domain::clock::Timestamp;
use alongside_domain::id::AuditEventId;
use alongside_store::audit_checkpoint::{self, Row};
use alongside_store::audit_verify::{self, Fault};
use alongside_store::{Db, StoreError, audit_seal};
use anyhow::Context as _;
use chrono::TimeDelta;
use serde::Serialize;

use super::checkpoints::{Line, PublicKeys};

/// Findings told one by one; more are counted.
const MOST_FINDINGS: usize = 20;
/// An event older than this has its seal.
const SETTLED: TimeDelta = TimeDelta::minutes(1);
/// Checkpoints read at a time.
const CHUNK: i64 = 1_000;

/// One thing that is wrong with the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// For programs.
    pub code: &'static str,
    /// The number of the first event concerned, where it has one.
    pub seq: Option<i64>,
    /// The number of the last, where there are several.
    pub to: Option<i64>,
    pub event_id: Option<AuditEventId>,
    /// For people.
    pub message: String,
}

/// What there is, and what is wrong with it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    pub intact: bool,
    /// Sealed events that are there.
    pub events: i64,
    /// The number of the newest sealed event.
    pub last: i64,
    /// Events that wait for their seal.
    pub waiting: i64,
    /// Checkpoints in the database.
    pub checkpoints: i64,
    /// Sealed events after the newest good checkpoint.
    pub unsigned: i64,
    /// Checkpoints that were shipped.
    pub shipped: i64,
    pub findings: Vec<Finding>,
    /// Findings beyond those told.
    pub more: u64,
}

impl Report {
    fn tell(&mut self, finding: Finding) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }

    fn about(&mut self, code: &'static str, seq: i64, to: Option<i64>, message: String) {
        self.tell(Finding { code, seq: Some(seq), to, event_id: None, message });
    }
}

/// Judges the whole log, with the checkpoints in these folders.
///
/// # Errors
/// When it cannot be judged: the database or a folder cannot be read.
pub fn verify(
    db: &mut Db<'_>,
    keys: &PublicKeys,
    folders: &[PathBuf],
    now: Timestamp,
) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let newest = match audit_seal::head(db) {
        Ok(head) => head.seq,
        Err(StoreError::Stored(_)) => audit_verify::last(db)?,
        Err(error) => return Err(error.into()),
    };
    let chain = audit_verify::chain(db, newest, &mut |fault| report.tell(in_words(&fault)))?;
    (report.events, report.last) = (chain.events, chain.last);
    report.waiting = audit_verify::strays(db, now - SETTLED, &mut |fault| report.tell(in_words(&fault)))?;
    stored(db, keys, newest, &mut report)?;
    for folder in folders {
        shipped(db, keys, folder, &mut report)?;
    }
    report.intact = report.findings.is_empty();
    Ok(report)
}

fn in_words(fault: &Fault) -> Finding {
    let (code, seq, to, event_id, message) = match fault {
        Fault::Changed { seq, event } => (
            "changed",
            Some(*seq),
            None,
            Some(*event),
            format!("event {seq} ({event}) is not what was sealed: it, or what stood before it, was changed"),
        ),
        Fault::Reordered { seq, event } => (
            "reordered",
            Some(*seq),
            None,
            Some(*event),
            format!("event {seq} ({event}) is not the one sealed under this number: the order was changed"),
        ),
        Fault::Missing { seq, event } => (
            "deleted",
            Some(*seq),
            None,
            Some(*event),
            format!("event {seq} ({event}) was sealed and is gone"),
        ),
        Fault::Gap { from, to } => {
            ("deleted", Some(*from), Some(*to), None, format!("the seals {from} to {to} are gone"))
        }
        Fault::Unreadable { seq } => {
            ("unreadable", Some(*seq), None, None, format!("event {seq} holds what the server never writes"))
        }
        Fault::Unsealed { event } => (
            "unsealed",
            None,
            None,
            Some(*event),
            format!("event {event} has no seal: it was put in past the server, or sealing stands still"),
        ),
        Fault::Stray { event } => (
            "stray",
            None,
            None,
            Some(*event),
            format!("participants are listed for the event {event}, which is not there"),
        ),
    };
    Finding { code, seq, to, event_id, message }
}

/// Goes from checkpoint to checkpoint and remembers the last good one, so that what is wrong is known from both sides.
struct Course<'k> {
    keys: &'k PublicKeys,
    source: String,
    good: i64,
    flags: i64,
    newest: Option<Row>,
    /// From the first checkpoint that does not fit, all later ones will not.
    lost: bool,
    /// The furthest checkpoint past the end of the log, and when it was signed.
    cut: Option<(i64, Timestamp)>,
}

impl<'k> Course<'k> {
    fn new(keys: &'k PublicKeys, source: String) -> Self {
        Self { keys, source, good: 0, flags: 0, newest: None, lost: false, cut: None }
    }

    fn judge(&mut self, row: Row, hash: Option<&[u8]>, last: i64, report: &mut Report) {
        let (seq, source) = (row.seq, self.source.clone());
        let Some(checkpoint) = row.checkpoint() else {
            report.about("forged", seq, None, format!("the checkpoint at {seq} {source} is malformed"));
            return;
        };
        match self.keys.verify(&checkpoint, &row.signature) {
            Some(true) => {}
            Some(false) => {
                let message =
                    format!("the checkpoint at {seq} {source} does not bear a signature of our key");
                report.about("forged", seq, None, message);
                return;
            }
            None => {
                let key = &checkpoint.key_id;
                let message =
                    format!("the checkpoint at {seq} {source} is signed by a key that is not known: {key}");
                report.about("unknown-key", seq, None, message);
                return;
            }
        }
        if checkpoint.flags < self.flags {
            let message =
                format!("the checkpoint at {seq} {source} counts fewer safeguarding flags than before");
            report.about("flags-missing", seq, None, message);
        }
        self.flags = self.flags.max(checkpoint.flags);
        let at = checkpoint.at;
        let fits = hash == Some(checkpoint.head.as_slice());
        if hash.is_none() && seq > last {
            // The furthest of these tells how much is gone.
            self.cut = self.cut.max(Some((seq, at)));
        } else if !fits && !self.lost {
            self.lost = true;
            let from = self.good + 1;
            let message = format!(
                "the events {from} to {seq} are not those that were signed at {at} {source}: the chain was written \
                 anew (it has {} there)",
                hash.map_or_else(|| "nothing".to_owned(), hex)
            );
            report.about("rewritten", from, Some(seq), message);
        }
        if fits {
            self.good = self.good.max(seq);
        }
        if self.newest.as_ref().is_none_or(|newest| newest.seq < seq) {
            self.newest = Some(row);
        }
    }

    /// What can be said at the end: whether the log goes as far as it was signed, and whether all flags of the newest
    /// checkpoint are still there.
    fn conclude(&self, db: &mut Db<'_>, report: &mut Report) -> anyhow::Result<()> {
        if let Some((seq, at)) = self.cut {
            let (last, source) = (audit_verify::last(db)?, &self.source);
            let message = format!(
                "the log ends at event {last}, but a checkpoint {source} of {at} went up to event {seq}: the end was \
                 cut off"
            );
            report.about("truncated", last + 1, Some(seq), message);
        }
        let Some(newest) = &self.newest else { return Ok(()) };
        let now = audit_checkpoint::flags_before(db, month_of(newest.at.0))?;
        if now < self.flags {
            let message = format!(
                "{} safeguarding flags are missing that a checkpoint {} counted",
                self.flags - now,
                self.source
            );
            report.about("flags-missing", newest.seq, None, message);
        }
        Ok(())
    }
}

/// The checkpoints in the database: each fits the chain, and none is missing between them.
fn stored(db: &mut Db<'_>, keys: &PublicKeys, last: i64, report: &mut Report) -> anyhow::Result<()> {
    let mut course = Course::new(keys, "in the database".to_owned());
    let mut before = 0;
    loop {
        let chunk = audit_checkpoint::with_hashes(db, before, CHUNK)?;
        let Some((newest, _)) = chunk.last() else { break };
        let next = newest.seq;
        for (row, hash) in chunk {
            unsigned(before, row.seq.min(last), report);
            before = row.seq;
            report.checkpoints += 1;
            course.judge(row, hash.as_deref(), last, report);
        }
        before = next;
    }
    unsigned(before, last, report);
    report.unsigned = (last - course.good).max(0);
    course.conclude(db, report)
}

fn unsigned(before: i64, seq: i64, report: &mut Report) {
    if seq - before > MOST_UNSIGNED {
        let from = before + 1;
        let message =
            format!("there is no checkpoint between the events {from} and {seq}: some were taken out");
        report.about("unsigned", from, Some(seq), message);
    }
}

/// The checkpoints in a folder, in the order of its files and their lines.
fn shipped(db: &mut Db<'_>, keys: &PublicKeys, folder: &Path, report: &mut Report) -> anyhow::Result<()> {
    let cannot = || format!("the checkpoints in {} cannot be read", folder.display());
    let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).with_context(cannot)?.collect();
    let mut files: Vec<PathBuf> = entries.with_context(cannot)?.into_iter().map(|file| file.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort_unstable();
    let mut course = Course::new(keys, format!("in {}", folder.display()));
    for file in files {
        let mut reader = BufReader::new(File::open(&file).with_context(cannot)?);
        let mut text = String::new();
        let mut number = 0;
        while reader.read_line(&mut text).with_context(cannot)? > 0 {
            number += 1;
            let row = serde_json::from_str::<Line>(&text).ok().and_then(|line| line.row());
            // A power cut may leave half a line at the end.
            let torn = row.is_none() && !text.ends_with('\n');
            text.clear();
            let Some(row) = row else {
                if !torn {
                    let message = format!("line {number} of {} is not a checkpoint", file.display());
                    report.tell(Finding { code: "forged", seq: None, to: None, event_id: None, message });
                }
                continue;
            };
            report.shipped += 1;
            let hash = audit_checkpoint::hash_at(db, row.seq)?;
            let last = audit_verify::last(db)?;
            course.judge(row, hash.as_deref(), last, report);
        }
    }
    course.conclude(db, report)
}
