-- The words of an instrument in other languages. A revision is added and never changed; it can be published once.
CREATE TABLE translations (
    id BLOB NOT NULL PRIMARY KEY,
    instrument_id BLOB NOT NULL REFERENCES instruments (id),
    language TEXT NOT NULL,
    revision INTEGER NOT NULL,
    status TEXT NOT NULL,
    texts TEXT NOT NULL,
    created_by BLOB,
    created_at INTEGER NOT NULL,
    published_by BLOB,
    published_at INTEGER,
    CONSTRAINT translations_revision_unique UNIQUE (instrument_id, language, revision)
) STRICT;
CREATE INDEX translations_by_instrument ON translations (instrument_id, id);
