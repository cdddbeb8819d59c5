CREATE TABLE care_plans (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    site_id uuid NOT NULL REFERENCES sites (id),
    participant_id uuid NOT NULL REFERENCES participants (id),
    assessment_id uuid NOT NULL CONSTRAINT care_plans_assessment_unique UNIQUE REFERENCES assessments (id),
    status text NOT NULL,
    discussed_at timestamptz,
    agreed_at timestamptz,
    closed_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX care_plans_by_participant ON care_plans (participant_id, id);
CREATE INDEX care_plans_by_programme ON care_plans (programme_id, id);
CREATE INDEX care_plans_by_site ON care_plans (site_id, id);

CREATE TABLE care_plan_actions (
    id uuid NOT NULL PRIMARY KEY,
    care_plan_id uuid NOT NULL REFERENCES care_plans (id),
    position integer NOT NULL,
    concern_code text,
    content bytea NOT NULL,
    action text NOT NULL,
    owner text NOT NULL,
    due_on date,
    status text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX care_plan_actions_by_plan ON care_plan_actions (care_plan_id, position);

CREATE TABLE care_plan_copies (
    id uuid NOT NULL PRIMARY KEY,
    care_plan_id uuid NOT NULL REFERENCES care_plans (id),
    recipient text NOT NULL,
    format text NOT NULL,
    sent_by uuid NOT NULL,
    sent_at timestamptz NOT NULL
);
CREATE INDEX care_plan_copies_by_plan ON care_plan_copies (care_plan_id, id);
