CREATE TABLE assessments (
    id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id),
    site_id BLOB NOT NULL REFERENCES sites (id),
    participant_id BLOB NOT NULL REFERENCES participants (id),
    instrument_id BLOB NOT NULL REFERENCES instruments (id),
    time_point TEXT NOT NULL,
    status TEXT NOT NULL,
    channel TEXT NOT NULL,
    location TEXT,
    last_seq INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    submitted_at INTEGER,
    submitted_by BLOB,
    abandoned_at INTEGER,
    end_reason TEXT,
    -- Derived at submission and at each amendment, in clear under the pseudonym, so that reports can be computed.
    scores TEXT,
    concerns TEXT,
    provenance TEXT,
    created_by BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX assessments_by_participant ON assessments (participant_id, id);
CREATE INDEX assessments_by_programme ON assessments (programme_id, id);
CREATE INDEX assessments_by_site ON assessments (site_id, id);
CREATE INDEX assessments_by_instrument ON assessments (instrument_id, id);

CREATE TABLE assistance_sessions (
    id BLOB NOT NULL PRIMARY KEY,
    assessment_id BLOB NOT NULL REFERENCES assessments (id),
    helper_id BLOB NOT NULL,
    helper_role TEXT NOT NULL,
    assignment_id BLOB REFERENCES assignments (id),
    -- The participant said yes to being helped, before the help.
    affirmed_at INTEGER NOT NULL,
    opened_sections TEXT NOT NULL,
    last_activity_at INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    close_reason TEXT
) STRICT;
CREATE INDEX assistance_sessions_by_assessment ON assistance_sessions (assessment_id, id);
CREATE UNIQUE INDEX assistance_sessions_one_open ON assistance_sessions (assessment_id) WHERE closed_at IS NULL;

CREATE TABLE segments (
    id BLOB NOT NULL PRIMARY KEY,
    assistance_session_id BLOB NOT NULL REFERENCES assistance_sessions (id),
    assessment_id BLOB NOT NULL REFERENCES assessments (id),
    level TEXT NOT NULL,
    keyed_by TEXT NOT NULL,
    others_present TEXT NOT NULL,
    handed_over INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX segments_by_session ON segments (assistance_session_id, id);
CREATE INDEX segments_by_assessment ON segments (assessment_id, id);
CREATE UNIQUE INDEX segments_one_open ON segments (assistance_session_id) WHERE ended_at IS NULL;

-- Every save of every answer, in order; the newest entry for a question is its answer. Never changed, never deleted.
CREATE TABLE answers (
    assessment_id BLOB NOT NULL REFERENCES assessments (id),
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    cell BLOB NOT NULL,
    answered_by TEXT NOT NULL,
    keyed_by TEXT NOT NULL,
    level TEXT NOT NULL,
    segment_id BLOB,
    author_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (assessment_id, first_seq)
) STRICT, WITHOUT ROWID;
