CREATE TABLE assignments (
    id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id),
    site_id BLOB NOT NULL REFERENCES sites (id),
    participant_id BLOB NOT NULL REFERENCES participants (id),
    supporter_id BLOB NOT NULL REFERENCES people (id),
    purpose TEXT NOT NULL,
    state TEXT NOT NULL,
    conditions TEXT NOT NULL,
    knows_participant INTEGER NOT NULL,
    offered_by BLOB NOT NULL,
    offered_at INTEGER NOT NULL,
    accepted_at INTEGER,
    introduced_at INTEGER,
    started_at INTEGER,
    ended_at INTEGER,
    end_reason TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX assignments_by_participant ON assignments (participant_id, id);
CREATE INDEX assignments_by_supporter ON assignments (supporter_id, state, participant_id);
CREATE INDEX assignments_by_programme ON assignments (programme_id, id);
CREATE INDEX assignments_by_site ON assignments (site_id, id);
-- One supporter at a time for one purpose.
CREATE UNIQUE INDEX assignments_one_live ON assignments (participant_id, purpose) WHERE state NOT IN ('ended', 'withdrawn');
