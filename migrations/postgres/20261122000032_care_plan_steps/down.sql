DROP TRIGGER care_plan_copies_stay ON care_plan_copies;
DROP TABLE care_plan_steps;
DROP FUNCTION care_plan_logs_stay();
ALTER TABLE care_plan_copies DROP COLUMN detail;
ALTER TABLE care_plan_copies DROP COLUMN delivery;
-- A later version of a plan has no place in the older schema.
DELETE FROM care_plan_copies WHERE care_plan_id IN (SELECT id FROM care_plans WHERE revises_id IS NOT NULL);
DELETE FROM care_plan_actions WHERE care_plan_id IN (SELECT id FROM care_plans WHERE revises_id IS NOT NULL);
DELETE FROM care_plans WHERE revises_id IS NOT NULL;
DROP INDEX care_plans_first_unique;
DROP INDEX care_plans_by_assessment;
DROP INDEX care_plans_by_revised;
DROP INDEX care_plans_by_review;
ALTER TABLE care_plans DROP COLUMN reviewed_at;
ALTER TABLE care_plans DROP COLUMN review_on;
ALTER TABLE care_plans DROP COLUMN revises_id;
ALTER TABLE care_plans ADD CONSTRAINT care_plans_assessment_unique UNIQUE (assessment_id);
