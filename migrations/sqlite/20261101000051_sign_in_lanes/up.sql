-- Attempts at one account from one place. Account and place are keyed hashes: there is a lane for an address that has no
-- account too, so that nothing tells the two apart.
CREATE TABLE sign_in_lanes (
    account BLOB NOT NULL,
    source BLOB NOT NULL,
    failed INTEGER NOT NULL,
    shut_until INTEGER,
    -- Until when this place counts as one the owner signs in from.
    known_until INTEGER,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (account, source)
) STRICT;
CREATE INDEX sign_in_lanes_by_time ON sign_in_lanes (last_at);
