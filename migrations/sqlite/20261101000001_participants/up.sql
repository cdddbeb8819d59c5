CREATE TABLE participants (
    id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id),
    site_id BLOB NOT NULL REFERENCES sites (id),
    study_id TEXT NOT NULL CONSTRAINT participants_study_id_unique UNIQUE,
    status TEXT NOT NULL,
    language TEXT NOT NULL,
    -- Derived from the newest digital profile; null until there is one.
    access_class TEXT,
    could_do_alone INTEGER,
    needs BLOB NOT NULL,
    treatments BLOB NOT NULL,
    identity BLOB NOT NULL,
    safe_contact BLOB NOT NULL,
    -- What the consent in force allows, kept beside it so that every read can ask.
    supporter_contact_allowed INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX participants_by_programme ON participants (programme_id, id);
CREATE INDEX participants_by_site ON participants (site_id, id);

CREATE TABLE digital_profiles (
    id BLOB NOT NULL PRIMARY KEY,
    participant_id BLOB NOT NULL REFERENCES participants (id),
    time_point TEXT NOT NULL,
    internet_at_home TEXT NOT NULL,
    device TEXT NOT NULL,
    device_shared INTEGER NOT NULL,
    data_affordable INTEGER,
    last_used TEXT NOT NULL,
    uses_by_proxy INTEGER NOT NULL,
    foundation_tasks INTEGER NOT NULL CHECK (foundation_tasks BETWEEN 0 AND 8),
    confidence INTEGER NOT NULL CHECK (confidence BETWEEN 0 AND 10),
    motivation INTEGER CHECK (motivation BETWEEN 0 AND 10),
    privacy_worry INTEGER CHECK (privacy_worry BETWEEN 0 AND 10),
    barriers TEXT NOT NULL,
    available_helper INTEGER,
    private_space INTEGER,
    access_class TEXT NOT NULL,
    could_do_alone INTEGER NOT NULL,
    recorded_by BLOB NOT NULL,
    recorded_at INTEGER NOT NULL
) STRICT;
CREATE INDEX digital_profiles_by_participant ON digital_profiles (participant_id, id);
