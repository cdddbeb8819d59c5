CREATE TABLE people (
    id uuid NOT NULL PRIMARY KEY,
    email text NOT NULL CONSTRAINT people_email_unique UNIQUE,
    display_name text NOT NULL,
    -- Set when the person is a participant with an account of his own.
    participant_id uuid REFERENCES participants (id),
    password_hash text,
    activation_hash bytea,
    activation_expires_at timestamptz,
    failed_attempts integer NOT NULL,
    locked_until timestamptz,
    deactivated_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX people_by_participant ON people (participant_id);

CREATE TABLE memberships (
    id uuid NOT NULL PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people (id),
    role text NOT NULL,
    programme_id uuid REFERENCES programmes (id),
    site_id uuid REFERENCES sites (id),
    granted_by uuid,
    granted_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX memberships_by_person ON memberships (person_id);
CREATE INDEX memberships_by_programme ON memberships (programme_id, role, person_id);

CREATE TABLE clients (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    scopes text NOT NULL,
    revoked_at timestamptz,
    created_by uuid,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX clients_by_programme ON clients (programme_id, id);

CREATE TABLE sessions (
    id uuid NOT NULL PRIMARY KEY,
    person_id uuid REFERENCES people (id),
    client_id uuid REFERENCES clients (id),
    role text NOT NULL,
    programme_id uuid,
    -- The sites of the role; null when it holds in the whole programme.
    sites text,
    participant_id uuid,
    scopes text NOT NULL,
    refresh_hash bytea,
    previous_refresh_hash bytea,
    -- The successor of a refresh token whose answer may have been lost, sealed, so that a retry gets the same one.
    successor bytea,
    rotated_at timestamptz,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    idle_expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text,
    CHECK ((person_id IS NULL) <> (client_id IS NULL))
);
CREATE INDEX sessions_by_person ON sessions (person_id);
CREATE INDEX sessions_by_client ON sessions (client_id);
CREATE INDEX sessions_by_refresh ON sessions (refresh_hash);
CREATE INDEX sessions_by_previous_refresh ON sessions (previous_refresh_hash);
