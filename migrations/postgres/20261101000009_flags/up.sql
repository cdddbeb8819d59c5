CREATE TABLE flags (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    participant_id uuid REFERENCES participants (id),
    raised_by_person uuid,
    raised_by_client uuid,
    source text NOT NULL,
    immediate_danger boolean NOT NULL,
    -- The raiser's words and everything he told, sealed and never changed.
    report bytea NOT NULL,
    -- Set on a flag that an answer raised: at most one for each question of an assessment.
    assessment_id uuid REFERENCES assessments (id),
    trigger_link_id text,
    trigger_kind text,
    status text NOT NULL,
    acknowledge_by timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by uuid REFERENCES people (id),
    raised_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT flags_trigger_unique UNIQUE (assessment_id, trigger_link_id)
);
CREATE INDEX flags_by_programme ON flags (programme_id, id);
CREATE INDEX flags_by_participant ON flags (participant_id);
CREATE INDEX flags_worklist ON flags (programme_id, status, acknowledge_by, id);

CREATE TABLE flag_entries (
    flag_id uuid NOT NULL REFERENCES flags (id),
    seq bigint NOT NULL,
    kind text NOT NULL,
    nature text NOT NULL,
    author_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    late_reason bytea,
    content bytea NOT NULL,
    PRIMARY KEY (flag_id, seq)
);

CREATE TABLE flag_exclusions (
    flag_id uuid NOT NULL REFERENCES flags (id),
    person_id uuid NOT NULL REFERENCES people (id),
    reason bytea NOT NULL,
    added_by uuid NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (flag_id, person_id)
);
CREATE INDEX flag_exclusions_by_person ON flag_exclusions (person_id, flag_id);
