CREATE TABLE assessments (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    site_id uuid NOT NULL REFERENCES sites (id),
    participant_id uuid NOT NULL REFERENCES participants (id),
    instrument_id uuid NOT NULL REFERENCES instruments (id),
    time_point text NOT NULL,
    status text NOT NULL,
    channel text NOT NULL,
    location text,
    last_seq bigint NOT NULL,
    started_at timestamptz NOT NULL,
    submitted_at timestamptz,
    submitted_by uuid,
    abandoned_at timestamptz,
    end_reason text,
    -- Derived at submission and at each amendment, in clear under the pseudonym, so that reports can be computed.
    scores text,
    concerns text,
    provenance text,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX assessments_by_participant ON assessments (participant_id, id);
CREATE INDEX assessments_by_programme ON assessments (programme_id, id);
CREATE INDEX assessments_by_site ON assessments (site_id, id);
CREATE INDEX assessments_by_instrument ON assessments (instrument_id, id);

CREATE TABLE assistance_sessions (
    id uuid NOT NULL PRIMARY KEY,
    assessment_id uuid NOT NULL REFERENCES assessments (id),
    helper_id uuid NOT NULL,
    helper_role text NOT NULL,
    assignment_id uuid REFERENCES assignments (id),
    -- The participant said yes to being helped, before the help.
    affirmed_at timestamptz NOT NULL,
    opened_sections text NOT NULL,
    last_activity_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    close_reason text
);
CREATE INDEX assistance_sessions_by_assessment ON assistance_sessions (assessment_id, id);
CREATE UNIQUE INDEX assistance_sessions_one_open ON assistance_sessions (assessment_id) WHERE closed_at IS NULL;

CREATE TABLE segments (
    id uuid NOT NULL PRIMARY KEY,
    assistance_session_id uuid NOT NULL REFERENCES assistance_sessions (id),
    assessment_id uuid NOT NULL REFERENCES assessments (id),
    level text NOT NULL,
    keyed_by text NOT NULL,
    others_present text NOT NULL,
    handed_over boolean NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX segments_by_session ON segments (assistance_session_id, id);
CREATE INDEX segments_by_assessment ON segments (assessment_id, id);
CREATE UNIQUE INDEX segments_one_open ON segments (assistance_session_id) WHERE ended_at IS NULL;

-- Every save of every answer, in order; the newest entry for a question is its answer. Never changed, never deleted.
CREATE TABLE answers (
    assessment_id uuid NOT NULL REFERENCES assessments (id),
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    cell bytea NOT NULL,
    answered_by text NOT NULL,
    keyed_by text NOT NULL,
    level text NOT NULL,
    segment_id uuid,
    author_id uuid NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (assessment_id, first_seq)
);
