CREATE TABLE instruments (
    id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id),
    url TEXT NOT NULL,
    version TEXT NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    language TEXT NOT NULL,
    licence TEXT NOT NULL,
    item_count INTEGER NOT NULL,
    -- The Questionnaire as it was sent, byte for byte.
    definition TEXT NOT NULL,
    definition_sha256 BLOB NOT NULL,
    warnings TEXT NOT NULL,
    -- Where the version stands in its programme, and on what ground it was taken into use.
    status TEXT NOT NULL,
    agreement_ref TEXT,
    waiver TEXT,
    activated_by BLOB,
    activated_at INTEGER,
    retired_by BLOB,
    retired_at INTEGER,
    created_by BLOB,
    created_at INTEGER NOT NULL,
    CONSTRAINT instruments_version_unique UNIQUE (programme_id, url, version)
) STRICT;
CREATE INDEX instruments_by_programme ON instruments (programme_id, id);
