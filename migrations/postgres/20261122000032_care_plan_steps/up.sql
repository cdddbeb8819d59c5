ALTER TABLE care_plans DROP CONSTRAINT care_plans_assessment_unique;
ALTER TABLE care_plans ADD COLUMN revises_id uuid REFERENCES care_plans (id);
ALTER TABLE care_plans ADD COLUMN review_on date;
ALTER TABLE care_plans ADD COLUMN reviewed_at timestamptz;
CREATE UNIQUE INDEX care_plans_first_unique ON care_plans (assessment_id) WHERE revises_id IS NULL;
CREATE INDEX care_plans_by_assessment ON care_plans (assessment_id, id);
CREATE INDEX care_plans_by_revised ON care_plans (revises_id);
CREATE INDEX care_plans_by_review ON care_plans (site_id, review_on);

ALTER TABLE care_plan_copies ADD COLUMN delivery text NOT NULL DEFAULT 'in_person';
ALTER TABLE care_plan_copies ADD COLUMN detail bytea;
UPDATE care_plan_copies SET delivery = 'post' WHERE format = 'post';
UPDATE care_plan_copies SET delivery = 'electronic' WHERE format IN ('pdf', 'email');

CREATE TABLE care_plan_steps (
    id uuid NOT NULL PRIMARY KEY,
    care_plan_id uuid NOT NULL REFERENCES care_plans (id),
    step text NOT NULL,
    record bytea NOT NULL,
    done_by uuid NOT NULL REFERENCES people (id),
    done_at timestamptz NOT NULL
);
CREATE INDEX care_plan_steps_by_plan ON care_plan_steps (care_plan_id, id);
CREATE INDEX care_plan_steps_by_person ON care_plan_steps (done_by);
CREATE FUNCTION care_plan_logs_stay() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'what is noted of a care plan is never changed'; END $$;
CREATE TRIGGER care_plan_steps_stay BEFORE UPDATE ON care_plan_steps
FOR EACH ROW EXECUTE FUNCTION care_plan_logs_stay();
CREATE TRIGGER care_plan_copies_stay BEFORE UPDATE ON care_plan_copies
FOR EACH ROW EXECUTE FUNCTION care_plan_logs_stay();
