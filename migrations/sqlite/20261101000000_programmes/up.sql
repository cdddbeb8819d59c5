CREATE TABLE programmes (
    id BLOB NOT NULL PRIMARY KEY,
    code TEXT NOT NULL CONSTRAINT programmes_code_unique UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('service', 'trial')),
    timezone TEXT NOT NULL,
    jurisdiction TEXT NOT NULL,
    synthetic INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;

CREATE TABLE sites (
    id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('gp', 'hospital', 'charity', 'library')),
    ods_code TEXT,
    local_authority TEXT,
    safeguarding_contact TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT sites_programme_code_unique UNIQUE (programme_id, code)
) STRICT;
