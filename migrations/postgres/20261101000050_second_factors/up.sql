-- The second factor of a person: an authenticator that makes codes (RFC 6238).
CREATE TABLE second_factors (
    person_id uuid NOT NULL PRIMARY KEY REFERENCES people (id),
    -- Sealed; null until a first code has confirmed it, and after it was taken away.
    secret bytea,
    confirmed_at timestamptz,
    -- Sealed; shown to the person and not confirmed yet.
    pending_secret bytea,
    pending_until timestamptz,
    -- The time step of the last code that was used: no code is good twice.
    last_step bigint NOT NULL,
    removed_at timestamptz
);

CREATE TABLE recovery_codes (
    person_id uuid NOT NULL REFERENCES people (id),
    code_hash bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (person_id, code_hash)
);

-- What the person named his device, and the hash of the id with which it is known again.
ALTER TABLE sessions ADD COLUMN device_name text;
ALTER TABLE sessions ADD COLUMN device_hash bytea;
-- When a second factor was shown in this session.
ALTER TABLE sessions ADD COLUMN second_factor_at timestamptz;
-- When the person last showed that it is he who sits there.
ALTER TABLE sessions ADD COLUMN fresh_at timestamptz;
-- His second factor was taken away: nothing is open before there is another.
ALTER TABLE sessions ADD COLUMN must_enrol boolean NOT NULL DEFAULT false;
