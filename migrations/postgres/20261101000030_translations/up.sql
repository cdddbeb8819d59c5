-- The words of an instrument in other languages. A revision is added and never changed; it can be published once.
CREATE TABLE translations (
    id uuid NOT NULL PRIMARY KEY,
    instrument_id uuid NOT NULL REFERENCES instruments (id),
    language text NOT NULL,
    revision integer NOT NULL,
    status text NOT NULL,
    texts text NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL,
    published_by uuid,
    published_at timestamptz,
    CONSTRAINT translations_revision_unique UNIQUE (instrument_id, language, revision)
);
CREATE INDEX translations_by_instrument ON translations (instrument_id, id);
