CREATE TABLE rights_requests (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    site_id uuid NOT NULL REFERENCES sites (id),
    participant_id uuid NOT NULL REFERENCES participants (id),
    kind text NOT NULL,
    state text NOT NULL,
    channel text NOT NULL,
    asked bytea NOT NULL,
    received_on date NOT NULL,
    due_on date NOT NULL,
    paused_on date,
    paused_days bigint NOT NULL,
    extended boolean NOT NULL,
    closed_at timestamptz,
    taken_by uuid NOT NULL REFERENCES people (id),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX rights_requests_by_programme ON rights_requests (programme_id, id);
CREATE INDEX rights_requests_by_site ON rights_requests (site_id, id);
CREATE INDEX rights_requests_by_participant ON rights_requests (participant_id, id);
CREATE INDEX rights_requests_by_taker ON rights_requests (taken_by);
CREATE INDEX rights_requests_open ON rights_requests (programme_id, due_on) WHERE closed_at IS NULL;

CREATE TABLE rights_request_steps (
    id uuid NOT NULL PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES rights_requests (id),
    step text NOT NULL,
    done_as text NOT NULL,
    record bytea NOT NULL,
    done_by uuid NOT NULL REFERENCES people (id),
    done_at timestamptz NOT NULL
);
CREATE INDEX rights_request_steps_by_request ON rights_request_steps (request_id, id);
CREATE INDEX rights_request_steps_by_person ON rights_request_steps (done_by);
CREATE TRIGGER rights_request_steps_stay BEFORE UPDATE ON rights_request_steps
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE access_reports (
    request_id uuid NOT NULL PRIMARY KEY REFERENCES rights_requests (id),
    content bytea NOT NULL,
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX access_reports_by_expiry ON access_reports (expires_at);

CREATE TABLE processing_restrictions (
    request_id uuid NOT NULL PRIMARY KEY REFERENCES rights_requests (id),
    participant_id uuid NOT NULL REFERENCES participants (id),
    imposed_at timestamptz NOT NULL,
    lifted_at timestamptz
);
CREATE INDEX processing_restrictions_in_force ON processing_restrictions (participant_id) WHERE lifted_at IS NULL;
CREATE INDEX processing_restrictions_by_participant ON processing_restrictions (participant_id);
