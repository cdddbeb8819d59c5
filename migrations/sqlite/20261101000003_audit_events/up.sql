CREATE TABLE audit_events (
    id BLOB NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    programme_id BLOB,
    person_id BLOB,
    client_id BLOB,
    session_id BLOB,
    role TEXT,
    operation TEXT NOT NULL,
    -- Whose record: the participant, where the request was about one.
    participant_id BLOB,
    resource_id BLOB,
    status INTEGER NOT NULL,
    -- Set on the events of safeguarding cases: read by nobody but safeguarding leads not excluded from the flag.
    flag_id BLOB,
    request_id BLOB NOT NULL,
    detail TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_events_by_programme ON audit_events (programme_id, id);
CREATE INDEX audit_events_by_participant ON audit_events (participant_id, id);
CREATE INDEX audit_events_by_person ON audit_events (person_id, id);

-- The participants whom a list showed, so that "who looked at this record" knows of lists too.
CREATE TABLE audit_subjects (
    participant_id BLOB NOT NULL,
    audit_event_id BLOB NOT NULL,
    PRIMARY KEY (participant_id, audit_event_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_records (
    caller_id BLOB NOT NULL,
    operation TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    status INTEGER NOT NULL,
    reply BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (caller_id, operation, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_records_by_age ON idempotency_records (created_at);
