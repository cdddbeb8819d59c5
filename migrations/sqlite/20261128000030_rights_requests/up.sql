CREATE TABLE rights_requests (
    id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id),
    site_id BLOB NOT NULL REFERENCES sites (id),
    participant_id BLOB NOT NULL REFERENCES participants (id),
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    channel TEXT NOT NULL,
    asked BLOB NOT NULL,
    received_on TEXT NOT NULL,
    due_on TEXT NOT NULL,
    paused_on TEXT,
    paused_days INTEGER NOT NULL,
    extended INTEGER NOT NULL,
    closed_at INTEGER,
    taken_by BLOB NOT NULL REFERENCES people (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX rights_requests_by_programme ON rights_requests (programme_id, id);
CREATE INDEX rights_requests_by_site ON rights_requests (site_id, id);
CREATE INDEX rights_requests_by_participant ON rights_requests (participant_id, id);
CREATE INDEX rights_requests_by_taker ON rights_requests (taken_by);
CREATE INDEX rights_requests_open ON rights_requests (programme_id, due_on) WHERE closed_at IS NULL;

CREATE TABLE rights_request_steps (
    id BLOB NOT NULL PRIMARY KEY,
    request_id BLOB NOT NULL REFERENCES rights_requests (id),
    step TEXT NOT NULL,
    done_as TEXT NOT NULL,
    record BLOB NOT NULL,
    done_by BLOB NOT NULL REFERENCES people (id),
    done_at INTEGER NOT NULL
) STRICT;
CREATE INDEX rights_request_steps_by_request ON rights_request_steps (request_id, id);
CREATE INDEX rights_request_steps_by_person ON rights_request_steps (done_by);
CREATE TRIGGER rights_request_steps_stay BEFORE UPDATE ON rights_request_steps
BEGIN SELECT RAISE(ABORT, 'a step of a rights request is never changed'); END;

CREATE TABLE access_reports (
    request_id BLOB NOT NULL PRIMARY KEY REFERENCES rights_requests (id),
    content BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX access_reports_by_expiry ON access_reports (expires_at);

CREATE TABLE processing_restrictions (
    request_id BLOB NOT NULL PRIMARY KEY REFERENCES rights_requests (id),
    participant_id BLOB NOT NULL REFERENCES participants (id),
    imposed_at INTEGER NOT NULL,
    lifted_at INTEGER
) STRICT;
CREATE INDEX processing_restrictions_in_force ON processing_restrictions (participant_id) WHERE lifted_at IS NULL;
CREATE INDEX processing_restrictions_by_participant ON processing_restrictions (participant_id);
