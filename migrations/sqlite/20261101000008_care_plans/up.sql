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
CREATE INDEX care_plans_by_participant ON care_plans (participant_id, id);
CREATE INDEX care_plans_by_programme ON care_plans (programme_id, id);
CREATE INDEX care_plans_by_site ON care_plans (site_id, id);

CREATE TABLE care_plan_actions (
    id BLOB NOT NULL PRIMARY KEY,
    care_plan_id BLOB NOT NULL REFERENCES care_plans (id),
    position INTEGER NOT NULL,
    concern_code TEXT,
    content BLOB NOT NULL,
    action TEXT NOT NULL,
    owner TEXT NOT NULL,
    due_on TEXT,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX care_plan_actions_by_plan ON care_plan_actions (care_plan_id, position);

CREATE TABLE care_plan_copies (
    id BLOB NOT NULL PRIMARY KEY,
    care_plan_id BLOB NOT NULL REFERENCES care_plans (id),
    recipient TEXT NOT NULL,
    format TEXT NOT NULL,
    sent_by BLOB NOT NULL,
    sent_at INTEGER NOT NULL
) STRICT;
CREATE INDEX care_plan_copies_by_plan ON care_plan_copies (care_plan_id, id);
