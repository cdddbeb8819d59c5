-- Who may do a job that the clock drives, and until when: see api/store/src/lease.rs.
CREATE TABLE leases (
    name text NOT NULL PRIMARY KEY,
    holder uuid NOT NULL,
    held_until timestamptz NOT NULL
);

-- The chain over the audit log, in the order of sealing; docs/audit-log.md describes it.
CREATE TABLE audit_seals (
    seq bigint NOT NULL PRIMARY KEY,
    event_id uuid NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_seals_event_unique UNIQUE (event_id)
);

-- What the server's key has signed of it.
CREATE TABLE audit_checkpoints (
    seq bigint NOT NULL PRIMARY KEY,
    head bytea NOT NULL,
    at timestamptz NOT NULL,
    flags bigint NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL
);

-- An event is sealed with the participants whom its list showed.
CREATE INDEX audit_subjects_by_event ON audit_subjects (audit_event_id, participant_id);

-- Unusual use of records, for the privacy officer: a person once for each rule and stretch of time.
CREATE TABLE access_notices (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    person_id uuid NOT NULL REFERENCES people (id),
    rule text NOT NULL,
    window_from timestamptz NOT NULL,
    window_to timestamptz NOT NULL,
    -- How many events there were when it was noticed.
    events bigint NOT NULL,
    raised_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by uuid REFERENCES people (id),
    -- What the privacy officer found, sealed.
    note bytea,
    version bigint NOT NULL,
    CONSTRAINT access_notices_once UNIQUE (programme_id, person_id, rule, window_from)
);
CREATE INDEX access_notices_by_programme ON access_notices (programme_id, id);
CREATE INDEX access_notices_by_person ON access_notices (person_id, id);
CREATE INDEX access_notices_by_reader ON access_notices (acknowledged_by);

-- Rows of the log are added, never changed. Who takes these triggers off is found out by the chain.
CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_subjects_append_only BEFORE UPDATE OR DELETE ON audit_subjects FOR EACH ROW EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_subjects_no_truncate BEFORE TRUNCATE ON audit_subjects FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_seals_append_only BEFORE UPDATE OR DELETE ON audit_seals FOR EACH ROW EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_seals_no_truncate BEFORE TRUNCATE ON audit_seals FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_checkpoints_append_only BEFORE UPDATE OR DELETE ON audit_checkpoints FOR EACH ROW EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_checkpoints_no_truncate BEFORE TRUNCATE ON audit_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
