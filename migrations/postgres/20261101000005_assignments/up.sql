CREATE TABLE assignments (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    site_id uuid NOT NULL REFERENCES sites (id),
    participant_id uuid NOT NULL REFERENCES participants (id),
    supporter_id uuid NOT NULL REFERENCES people (id),
    purpose text NOT NULL,
    state text NOT NULL,
    conditions text NOT NULL,
    knows_participant boolean NOT NULL,
    offered_by uuid NOT NULL,
    offered_at timestamptz NOT NULL,
    accepted_at timestamptz,
    introduced_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    end_reason text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX assignments_by_participant ON assignments (participant_id, id);
CREATE INDEX assignments_by_supporter ON assignments (supporter_id, state, participant_id);
CREATE INDEX assignments_by_programme ON assignments (programme_id, id);
CREATE INDEX assignments_by_site ON assignments (site_id, id);
-- One supporter at a time for one purpose.
CREATE UNIQUE INDEX assignments_one_live ON assignments (participant_id, purpose) WHERE state NOT IN ('ended', 'withdrawn');
