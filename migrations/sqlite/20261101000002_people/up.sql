CREATE TABLE people (
    id BLOB NOT NULL PRIMARY KEY,
    email TEXT NOT NULL CONSTRAINT people_email_unique UNIQUE,
    display_name TEXT NOT NULL,
    -- Set when the person is a participant with an account of his own.
    participant_id BLOB REFERENCES participants (id),
    password_hash TEXT,
    activation_hash BLOB,
    activation_expires_at INTEGER,
    failed_attempts INTEGER NOT NULL,
    locked_until INTEGER,
    deactivated_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX people_by_participant ON people (participant_id);

CREATE TABLE memberships (
    id BLOB NOT NULL PRIMARY KEY,
    person_id BLOB NOT NULL REFERENCES people (id),
    role TEXT NOT NULL,
    programme_id BLOB REFERENCES programmes (id),
    site_id BLOB REFERENCES sites (id),
    granted_by BLOB,
    granted_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX memberships_by_person ON memberships (person_id);
CREATE INDEX memberships_by_programme ON memberships (programme_id, role, person_id);

CREATE TABLE clients (
    id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id),
    name TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    scopes TEXT NOT NULL,
    revoked_at INTEGER,
    created_by BLOB,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX clients_by_programme ON clients (programme_id, id);

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    person_id BLOB REFERENCES people (id),
    client_id BLOB REFERENCES clients (id),
    role TEXT NOT NULL,
    programme_id BLOB,
    -- The sites of the role; null when it holds in the whole programme.
    sites TEXT,
    participant_id BLOB,
    scopes TEXT NOT NULL,
    refresh_hash BLOB,
    previous_refresh_hash BLOB,
    -- The successor of a refresh token whose answer may have been lost, sealed, so that a retry gets the same one.
    successor BLOB,
    rotated_at INTEGER,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    idle_expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    end_reason TEXT,
    CHECK ((person_id IS NULL) <> (client_id IS NULL))
) STRICT;
CREATE INDEX sessions_by_person ON sessions (person_id);
CREATE INDEX sessions_by_client ON sessions (client_id);
CREATE INDEX sessions_by_refresh ON sessions (refresh_hash);
CREATE INDEX sessions_by_previous_refresh ON sessions (previous_refresh_hash);
