-- The second factor of a person: an authenticator that makes codes (RFC 6238).
CREATE TABLE second_factors (
    person_id BLOB NOT NULL PRIMARY KEY REFERENCES people (id),
    -- Sealed; null until a first code has confirmed it, and after it was taken away.
    secret BLOB,
    confirmed_at INTEGER,
    -- Sealed; shown to the person and not confirmed yet.
    pending_secret BLOB,
    pending_until INTEGER,
    -- The time step of the last code that was used: no code is good twice.
    last_step INTEGER NOT NULL,
    removed_at INTEGER
) STRICT;

CREATE TABLE recovery_codes (
    person_id BLOB NOT NULL REFERENCES people (id),
    code_hash BLOB NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (person_id, code_hash)
) STRICT;

-- What the person named his device, and the hash of the id with which it is known again.
ALTER TABLE sessions ADD COLUMN device_name TEXT;
ALTER TABLE sessions ADD COLUMN device_hash BLOB;
-- When a second factor was shown in this session.
ALTER TABLE sessions ADD COLUMN second_factor_at INTEGER;
-- When the person last showed that it is he who sits there.
ALTER TABLE sessions ADD COLUMN fresh_at INTEGER;
-- His second factor was taken away: nothing is open before there is another.
ALTER TABLE sessions ADD COLUMN must_enrol INTEGER NOT NULL DEFAULT 0;
