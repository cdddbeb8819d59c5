CREATE TABLE audit_events (
    id uuid NOT NULL PRIMARY KEY,
    at timestamptz NOT NULL,
    programme_id uuid,
    person_id uuid,
    client_id uuid,
    session_id uuid,
    role text,
    operation text NOT NULL,
    -- Whose record: the participant, where the request was about one.
    participant_id uuid,
    resource_id uuid,
    status integer NOT NULL,
    -- Set on the events of safeguarding cases: read by nobody but safeguarding leads not excluded from the flag.
    flag_id uuid,
    request_id uuid NOT NULL,
    detail text
);
CREATE INDEX audit_events_by_programme ON audit_events (programme_id, id);
CREATE INDEX audit_events_by_participant ON audit_events (participant_id, id);
CREATE INDEX audit_events_by_person ON audit_events (person_id, id);

-- The participants whom a list showed, so that "who looked at this record" knows of lists too.
CREATE TABLE audit_subjects (
    participant_id uuid NOT NULL,
    audit_event_id uuid NOT NULL,
    PRIMARY KEY (participant_id, audit_event_id)
);

CREATE TABLE idempotency_records (
    caller_id uuid NOT NULL,
    operation text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status integer NOT NULL,
    reply bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (caller_id, operation, key)
);
CREATE INDEX idempotency_records_by_age ON idempotency_records (created_at);
