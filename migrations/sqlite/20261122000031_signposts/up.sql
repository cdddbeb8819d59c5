CREATE TABLE signposts (
    id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id),
    site_id BLOB REFERENCES sites (id),
    area TEXT,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    phone TEXT,
    url TEXT,
    address TEXT,
    opening TEXT,
    leaflet TEXT,
    languages TEXT NOT NULL,
    concern_codes TEXT NOT NULL,
    owner_id BLOB NOT NULL REFERENCES people (id),
    review_due TEXT NOT NULL,
    reviewed_at INTEGER,
    reviewed_by BLOB REFERENCES people (id),
    retired_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX signposts_by_programme ON signposts (programme_id, id);
CREATE INDEX signposts_by_site ON signposts (site_id, id);
CREATE INDEX signposts_by_owner ON signposts (owner_id);
CREATE INDEX signposts_by_reviewer ON signposts (reviewed_by);
