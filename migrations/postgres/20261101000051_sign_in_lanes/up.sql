-- Attempts at one account from one place. Account and place are keyed hashes: there is a lane for an address that has no
-- account too, so that nothing tells the two apart.
CREATE TABLE sign_in_lanes (
    account bytea NOT NULL,
    source bytea NOT NULL,
    failed integer NOT NULL,
    shut_until timestamptz,
    -- Until when this place counts as one the owner signs in from.
    known_until timestamptz,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (account, source)
);
CREATE INDEX sign_in_lanes_by_time ON sign_in_lanes (last_at);
