CREATE TABLE programmes (
    id uuid NOT NULL PRIMARY KEY,
    code text NOT NULL CONSTRAINT programmes_code_unique UNIQUE,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('service', 'trial')),
    timezone text NOT NULL,
    jurisdiction text NOT NULL,
    synthetic boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL
);

CREATE TABLE sites (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    code text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('gp', 'hospital', 'charity', 'library')),
    ods_code text,
    local_authority text,
    safeguarding_contact text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT sites_programme_code_unique UNIQUE (programme_id, code)
);
