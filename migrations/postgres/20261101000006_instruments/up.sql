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
    -- Where the version stands in its programme, and on what ground it was taken into use.
    status text NOT NULL,
    agreement_ref text,
    waiver text,
    activated_by uuid,
    activated_at timestamptz,
    retired_by uuid,
    retired_at timestamptz,
    created_by uuid,
    created_at timestamptz NOT NULL,
    CONSTRAINT instruments_version_unique UNIQUE (programme_id, url, version)
);
CREATE INDEX instruments_by_programme ON instruments (programme_id, id);
