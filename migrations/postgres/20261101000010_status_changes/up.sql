CREATE TABLE status_changes (
    id uuid NOT NULL PRIMARY KEY,
    participant_id uuid NOT NULL REFERENCES participants (id),
    from_status text NOT NULL,
    to_status text NOT NULL,
    reason text,
    decided_by text,
    criteria text NOT NULL,
    support_offered boolean,
    effective_on date NOT NULL,
    -- The consent that was given or taken back, where that moved him.
    consent_id uuid REFERENCES consents (id),
    -- Whose help it ended or put on hold.
    supporters text NOT NULL,
    participant_version bigint NOT NULL,
    recorded_by uuid NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX status_changes_by_participant ON status_changes (participant_id, participant_version);
CREATE INDEX status_changes_by_consent ON status_changes (consent_id);
