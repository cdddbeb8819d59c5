-- Devices that ask to be signed in by somebody who is signed in elsewhere (RFC 8628). Neither code is kept.
CREATE TABLE device_authorisations (
    id uuid NOT NULL PRIMARY KEY,
    client text NOT NULL,
    -- The SHA-256 of the code that the device asks with.
    device_code_hash bytea NOT NULL,
    -- A keyed hash: what people type is short.
    user_code_hash bytea NOT NULL,
    device_hash bytea NOT NULL,
    device_name text NOT NULL,
    network_hash bytea NOT NULL,
    -- Sealed: where the device asks from, for who decides.
    address bytea NOT NULL,
    -- pending, approved, denied, collected
    state text NOT NULL,
    interval_seconds integer NOT NULL,
    polled_at timestamptz,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by uuid REFERENCES people (id),
    programme_id uuid REFERENCES programmes (id),
    CHECK ((decided_at IS NULL) = (decided_by IS NULL)),
    CHECK (state = 'pending' OR decided_at IS NOT NULL),
    CHECK (state NOT IN ('approved', 'collected') OR programme_id IS NOT NULL)
);
CREATE UNIQUE INDEX device_authorisations_by_device_code ON device_authorisations (device_code_hash);
CREATE UNIQUE INDEX device_authorisations_by_user_code ON device_authorisations (user_code_hash);
CREATE INDEX device_authorisations_by_network ON device_authorisations (network_hash, expires_at);
CREATE INDEX device_authorisations_by_device ON device_authorisations (device_hash);
CREATE INDEX device_authorisations_by_time ON device_authorisations (expires_at);
CREATE INDEX device_authorisations_by_person ON device_authorisations (decided_by);
CREATE INDEX device_authorisations_by_programme ON device_authorisations (programme_id);
