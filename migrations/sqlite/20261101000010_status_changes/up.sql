CREATE TABLE status_changes (
    id BLOB NOT NULL PRIMARY KEY,
    participant_id BLOB NOT NULL REFERENCES participants (id),
    from_status TEXT NOT NULL,
    to_status TEXT NOT NULL,
    reason TEXT,
    decided_by TEXT,
    criteria TEXT NOT NULL,
    support_offered INTEGER,
    effective_on TEXT NOT NULL,
    -- The consent that was given or taken back, where that moved him.
    consent_id BLOB REFERENCES consents (id),
    -- Whose help it ended or put on hold.
    supporters TEXT NOT NULL,
    participant_version INTEGER NOT NULL,
    recorded_by BLOB NOT NULL,
    recorded_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX status_changes_by_participant ON status_changes (participant_id, participant_version);
CREATE INDEX status_changes_by_consent ON status_changes (consent_id);
