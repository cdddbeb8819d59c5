-- Records opened in an emergency by somebody of another site: for half an hour, told at once, looked into afterwards.
CREATE TABLE emergency_accesses (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    participant_id uuid NOT NULL REFERENCES participants (id),
    person_id uuid NOT NULL REFERENCES people (id),
    role text NOT NULL,
    reason text NOT NULL,
    -- Sealed: why, in the person's own words.
    words bytea NOT NULL,
    opened_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by uuid REFERENCES people (id),
    -- While it is held the participant is not told.
    held_at timestamptz,
    held_by uuid REFERENCES people (id),
    hold_reason bytea,
    released_at timestamptz,
    review_due_at timestamptz NOT NULL,
    reviewed_at timestamptz,
    reviewed_by uuid REFERENCES people (id),
    outcome text,
    version bigint NOT NULL
);
CREATE INDEX emergency_accesses_by_programme ON emergency_accesses (programme_id, id);
CREATE INDEX emergency_accesses_to_review ON emergency_accesses (programme_id, id) WHERE reviewed_at IS NULL;
CREATE INDEX emergency_accesses_by_person ON emergency_accesses (person_id, expires_at);
CREATE INDEX emergency_accesses_by_participant ON emergency_accesses (participant_id, id);
CREATE INDEX emergency_accesses_by_end ON emergency_accesses (ended_by);
CREATE INDEX emergency_accesses_by_holder ON emergency_accesses (held_by);
CREATE INDEX emergency_accesses_by_reviewer ON emergency_accesses (reviewed_by);

-- What was said about a use, each time somebody looked into it.
CREATE TABLE emergency_access_reviews (
    id uuid NOT NULL PRIMARY KEY,
    emergency_access_id uuid NOT NULL REFERENCES emergency_accesses (id),
    outcome text NOT NULL,
    -- Sealed.
    words bytea NOT NULL,
    reviewed_by uuid NOT NULL REFERENCES people (id),
    reviewed_at timestamptz NOT NULL
);
CREATE INDEX emergency_access_reviews_by_access ON emergency_access_reviews (emergency_access_id, id);
CREATE INDEX emergency_access_reviews_by_person ON emergency_access_reviews (reviewed_by);

CREATE TRIGGER emergency_accesses_unchanged BEFORE UPDATE OF person_id, participant_id, role, reason, words, opened_at, expires_at, review_due_at ON emergency_accesses
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER emergency_accesses_kept BEFORE DELETE ON emergency_accesses FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER emergency_access_reviews_unchanged BEFORE UPDATE ON emergency_access_reviews
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER emergency_access_reviews_kept BEFORE DELETE ON emergency_access_reviews
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
