-- What alert rules found, once for each rule and assessment. Never changed, never deleted.
CREATE TABLE findings (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    participant_id uuid NOT NULL REFERENCES participants (id),
    assessment_id uuid NOT NULL REFERENCES assessments (id),
    instrument_id uuid NOT NULL REFERENCES instruments (id),
    rule text NOT NULL,
    tier text NOT NULL,
    audience text NOT NULL,
    -- The newest answer when it was found.
    seq bigint NOT NULL,
    -- What was seen and what it means, sealed.
    detail bytea NOT NULL,
    found_at timestamptz NOT NULL,
    CONSTRAINT findings_once UNIQUE (assessment_id, rule)
);
CREATE INDEX findings_by_assessment ON findings (assessment_id, id);
CREATE INDEX findings_by_programme ON findings (programme_id, id);
CREATE INDEX findings_by_participant ON findings (participant_id, id);
CREATE INDEX findings_by_instrument ON findings (instrument_id, id);
