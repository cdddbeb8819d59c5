DROP TRIGGER care_plan_copies_stay;
DROP TABLE care_plan_steps;
ALTER TABLE care_plan_copies DROP COLUMN detail;
ALTER TABLE care_plan_copies DROP COLUMN delivery;
-- A later version of a plan has no place in the older schema.
DELETE FROM care_plan_copies WHERE care_plan_id IN (SELECT id FROM care_plans WHERE revises_id IS NOT NULL);
DELETE FROM care_plan_actions WHERE care_plan_id IN (SELECT id FROM care_plans WHERE revises_id IS NOT NULL);
-- The rows are put back before the transaction ends; until then what refers to them waits.
PRAGMA defer_foreign_keys = ON;
CREATE TEMPORARY TABLE care_plans_kept AS SELECT * FROM care_plans;
DROP TABLE care_plans;
CREATE TABLE care_plans (
    id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id),
    site_id BLOB NOT NULL REFERENCES sites (id),
    participant_id BLOB NOT NULL REFERENCES participants (id),
    assessment_id BLOB NOT NULL CONSTRAINT care_plans_assessment_unique UNIQUE REFERENCES assessments (id),
    status TEXT NOT NULL,
    discussed_at INTEGER,
    agreed_at INTEGER,
    closed_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
INSERT INTO care_plans (id, programme_id, site_id, participant_id, assessment_id, status, discussed_at, agreed_at, closed_at,
    created_at, updated_at, version)
SELECT id, programme_id, site_id, participant_id, assessment_id, status, discussed_at, agreed_at, closed_at,
    created_at, updated_at, version FROM care_plans_kept WHERE revises_id IS NULL;
DROP TABLE care_plans_kept;
CREATE INDEX care_plans_by_participant ON care_plans (participant_id, id);
CREATE INDEX care_plans_by_programme ON care_plans (programme_id, id);
CREATE INDEX care_plans_by_site ON care_plans (site_id, id);
