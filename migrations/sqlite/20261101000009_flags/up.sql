CREATE TABLE flags (
    id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id),
    participant_id BLOB REFERENCES participants (id),
    raised_by_person BLOB,
    raised_by_client BLOB,
    source TEXT NOT NULL,
    immediate_danger INTEGER NOT NULL,
    -- The raiser's words and everything he told, sealed and never changed.
    report BLOB NOT NULL,
    -- Set on a flag that an answer raised: at most one for each question of an assessment.
    assessment_id BLOB REFERENCES assessments (id),
    trigger_link_id TEXT,
    trigger_kind TEXT,
    status TEXT NOT NULL,
    acknowledge_by INTEGER NOT NULL,
    acknowledged_at INTEGER,
    acknowledged_by BLOB REFERENCES people (id),
    raised_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT flags_trigger_unique UNIQUE (assessment_id, trigger_link_id)
) STRICT;
CREATE INDEX flags_by_programme ON flags (programme_id, id);
CREATE INDEX flags_by_participant ON flags (participant_id);
CREATE INDEX flags_worklist ON flags (programme_id, status, acknowledge_by, id);

CREATE TABLE flag_entries (
    flag_id BLOB NOT NULL REFERENCES flags (id),
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    nature TEXT NOT NULL,
    author_id BLOB NOT NULL,
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    late_reason BLOB,
    content BLOB NOT NULL,
    PRIMARY KEY (flag_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE flag_exclusions (
    flag_id BLOB NOT NULL REFERENCES flags (id),
    person_id BLOB NOT NULL REFERENCES people (id),
    reason BLOB NOT NULL,
    added_by BLOB NOT NULL,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (flag_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX flag_exclusions_by_person ON flag_exclusions (person_id, flag_id);
