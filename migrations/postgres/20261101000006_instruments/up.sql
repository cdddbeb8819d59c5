CREATE TABLE instruments (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    url text NOT NULL,
    version text NOT NULL,
    name text NOT NULL,
    title text NOT NULL,
    kind text NOT NULL,
    language text NOT NULL,
    licence text NOT NULL,
    item_count integer NOT NULL,
    -- The Questionnaire as it was sent, byte for byte.
    definition text NOT NULL,
    definition_sha256 bytea NOT NULL,
    warnings text NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL,
    CONSTRAINT instruments_version_unique UNIQUE (programme_id, url, version)
);
CREATE INDEX instruments_by_programme ON instruments (programme_id, id);
