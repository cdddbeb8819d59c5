CREATE TABLE participants (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    site_id uuid NOT NULL REFERENCES sites (id),
    study_id text NOT NULL CONSTRAINT participants_study_id_unique UNIQUE,
    status text NOT NULL,
    language text NOT NULL,
    -- Derived from the newest digital profile; null until there is one.
    access_class text,
    could_do_alone boolean,
    needs bytea NOT NULL,
    treatments bytea NOT NULL,
    identity bytea NOT NULL,
    safe_contact bytea NOT NULL,
    -- What the consent in force allows, kept beside it so that every read can ask.
    supporter_contact_allowed boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX participants_by_programme ON participants (programme_id, id);
CREATE INDEX participants_by_site ON participants (site_id, id);

CREATE TABLE digital_profiles (
    id uuid NOT NULL PRIMARY KEY,
    participant_id uuid NOT NULL REFERENCES participants (id),
    time_point text NOT NULL,
    internet_at_home text NOT NULL,
    device text NOT NULL,
    device_shared boolean NOT NULL,
    data_affordable boolean,
    last_used text NOT NULL,
    uses_by_proxy boolean NOT NULL,
    foundation_tasks integer NOT NULL CHECK (foundation_tasks BETWEEN 0 AND 8),
    confidence integer NOT NULL CHECK (confidence BETWEEN 0 AND 10),
    motivation integer CHECK (motivation BETWEEN 0 AND 10),
    privacy_worry integer CHECK (privacy_worry BETWEEN 0 AND 10),
    barriers text NOT NULL,
    available_helper boolean,
    private_space boolean,
    access_class text NOT NULL,
    could_do_alone boolean NOT NULL,
    recorded_by uuid NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX digital_profiles_by_participant ON digital_profiles (participant_id, id);
