-- The rows are put back before the transaction ends; until then what refers to them waits.
PRAGMA defer_foreign_keys = ON;
CREATE TEMPORARY TABLE care_plans_kept AS SELECT * FROM care_plans;
DROP TABLE care_plans;
CREATE TABLE care_plans (
    id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id),
    site_id BLOB NOT NULL REFERENCES sites (id),
    participant_id BLOB NOT NULL REFERENCES participants (id),
    assessment_id BLOB NOT NULL REFERENCES assessments (id),
    status TEXT NOT NULL,
    discussed_at INTEGER,
    agreed_at INTEGER,
    closed_at INTEGER,
    revises_id BLOB REFERENCES care_plans (id),
    review_on TEXT,
    reviewed_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
INSERT INTO care_plans (id, programme_id, site_id, participant_id, assessment_id, status, discussed_at, agreed_at, closed_at,
    created_at, updated_at, version)
SELECT id, programme_id, site_id, participant_id, assessment_id, status, discussed_at, agreed_at, closed_at,
    created_at, updated_at, version FROM care_plans_kept;
DROP TABLE care_plans_kept;
CREATE INDEX care_plans_by_participant ON care_plans (participant_id, id);
CREATE INDEX care_plans_by_programme ON care_plans (programme_id, id);
CREATE INDEX care_plans_by_site ON care_plans (site_id, id);
CREATE UNIQUE INDEX care_plans_first_unique ON care_plans (assessment_id) WHERE revises_id IS NULL;
CREATE INDEX care_plans_by_assessment ON care_plans (assessment_id, id);
CREATE INDEX care_plans_by_revised ON care_plans (revises_id);
CREATE INDEX care_plans_by_review ON care_plans (site_id, review_on);

ALTER TABLE care_plan_copies ADD COLUMN delivery TEXT NOT NULL DEFAULT 'in_person';
ALTER TABLE care_plan_copies ADD COLUMN detail BLOB;
UPDATE care_plan_copies SET delivery = 'post' WHERE format = 'post';
UPDATE care_plan_copies SET delivery = 'electronic' WHERE format IN ('pdf', 'email');

CREATE TABLE care_plan_steps (
    id BLOB NOT NULL PRIMARY KEY,
    care_plan_id BLOB NOT NULL REFERENCES care_plans (id),
    step TEXT NOT NULL,
    record BLOB NOT NULL,
    done_by BLOB NOT NULL REFERENCES people (id),
    done_at INTEGER NOT NULL
) STRICT;
CREATE INDEX care_plan_steps_by_plan ON care_plan_steps (care_plan_id, id);
CREATE INDEX care_plan_steps_by_person ON care_plan_steps (done_by);
CREATE TRIGGER care_plan_steps_stay BEFORE UPDATE ON care_plan_steps
BEGIN SELECT RAISE(ABORT, 'a step of a care plan is never changed'); END;
CREATE TRIGGER care_plan_copies_stay BEFORE UPDATE ON care_plan_copies
BEGIN SELECT RAISE(ABORT, 'the log of copies is never changed'); END;
