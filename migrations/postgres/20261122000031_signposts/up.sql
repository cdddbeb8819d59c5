CREATE TABLE signposts (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    site_id uuid REFERENCES sites (id),
    area text,
    title text NOT NULL,
    description text NOT NULL,
    phone text,
    url text,
    address text,
    opening text,
    leaflet text,
    languages text NOT NULL,
    concern_codes text NOT NULL,
    owner_id uuid NOT NULL REFERENCES people (id),
    review_due date NOT NULL,
    reviewed_at timestamptz,
    reviewed_by uuid REFERENCES people (id),
    retired_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX signposts_by_programme ON signposts (programme_id, id);
CREATE INDEX signposts_by_site ON signposts (site_id, id);
CREATE INDEX signposts_by_owner ON signposts (owner_id);
CREATE INDEX signposts_by_reviewer ON signposts (reviewed_by);
