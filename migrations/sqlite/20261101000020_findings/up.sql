-- What alert rules found, once for each rule and assessment. Never changed, never deleted.
CREATE TABLE findings (
    id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id),
    participant_id BLOB NOT NULL REFERENCES participants (id),
    assessment_id BLOB NOT NULL REFERENCES assessments (id),
    instrument_id BLOB NOT NULL REFERENCES instruments (id),
    rule TEXT NOT NULL,
    tier TEXT NOT NULL,
    audience TEXT NOT NULL,
    -- The newest answer when it was found.
    seq INTEGER NOT NULL,
    -- What was seen and what it means, sealed.
    detail BLOB NOT NULL,
    found_at INTEGER NOT NULL,
    CONSTRAINT findings_once UNIQUE (assessment_id, rule)
) STRICT;
CREATE INDEX findings_by_assessment ON findings (assessment_id, id);
CREATE INDEX findings_by_programme ON findings (programme_id, id);
CREATE INDEX findings_by_participant ON findings (participant_id, id);
CREATE INDEX findings_by_instrument ON findings (instrument_id, id);
