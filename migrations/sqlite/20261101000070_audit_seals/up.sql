-- Who may do a job that the clock drives, and until when: see api/store/src/lease.rs.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder BLOB NOT NULL,
    held_until INTEGER NOT NULL
) STRICT;

-- The chain over the audit log, in the order of sealing; docs/audit-log.md describes it.
CREATE TABLE audit_seals (
    seq INTEGER NOT NULL PRIMARY KEY,
    event_id BLOB NOT NULL,
    hash BLOB NOT NULL,
    CONSTRAINT audit_seals_event_unique UNIQUE (event_id)
) STRICT;

-- What the server's key has signed of it.
CREATE TABLE audit_checkpoints (
    seq INTEGER NOT NULL PRIMARY KEY,
    head BLOB NOT NULL,
    at INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    signature BLOB NOT NULL
) STRICT;

-- An event is sealed with the participants whom its list showed.
CREATE INDEX audit_subjects_by_event ON audit_subjects (audit_event_id, participant_id);

-- Unusual use of records, for the privacy officer: a person once for each rule and stretch of time.
CREATE TABLE access_notices (
    id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id),
    person_id BLOB NOT NULL REFERENCES people (id),
    rule TEXT NOT NULL,
    window_from INTEGER NOT NULL,
    window_to INTEGER NOT NULL,
    -- How many events there were when it was noticed.
    events INTEGER NOT NULL,
    raised_at INTEGER NOT NULL,
    acknowledged_at INTEGER,
    acknowledged_by BLOB REFERENCES people (id),
    -- What the privacy officer found, sealed.
    note BLOB,
    version INTEGER NOT NULL,
    CONSTRAINT access_notices_once UNIQUE (programme_id, person_id, rule, window_from)
) STRICT;
CREATE INDEX access_notices_by_programme ON access_notices (programme_id, id);
CREATE INDEX access_notices_by_person ON access_notices (person_id, id);
CREATE INDEX access_notices_by_reader ON access_notices (acknowledged_by);

-- Rows of the log are added, never changed. Who takes these triggers off is found out by the chain.
CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_subjects_no_update BEFORE UPDATE ON audit_subjects
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_subjects_no_delete BEFORE DELETE ON audit_subjects
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_seals_no_update BEFORE UPDATE ON audit_seals
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_seals_no_delete BEFORE DELETE ON audit_seals
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_checkpoints_no_update BEFORE UPDATE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
