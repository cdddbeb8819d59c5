-- Records opened in an emergency by somebody of another site: for half an hour, told at once, looked into afterwards.
CREATE TABLE emergency_accesses (
    id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id),
    participant_id BLOB NOT NULL REFERENCES participants (id),
    person_id BLOB NOT NULL REFERENCES people (id),
    role TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- Sealed: why, in the person's own words.
    words BLOB NOT NULL,
    opened_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    ended_by BLOB REFERENCES people (id),
    -- While it is held the participant is not told.
    held_at INTEGER,
    held_by BLOB REFERENCES people (id),
    hold_reason BLOB,
    released_at INTEGER,
    review_due_at INTEGER NOT NULL,
    reviewed_at INTEGER,
    reviewed_by BLOB REFERENCES people (id),
    outcome TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX emergency_accesses_by_programme ON emergency_accesses (programme_id, id);
CREATE INDEX emergency_accesses_to_review ON emergency_accesses (programme_id, id) WHERE reviewed_at IS NULL;
CREATE INDEX emergency_accesses_by_person ON emergency_accesses (person_id, expires_at);
CREATE INDEX emergency_accesses_by_participant ON emergency_accesses (participant_id, id);
CREATE INDEX emergency_accesses_by_end ON emergency_accesses (ended_by);
CREATE INDEX emergency_accesses_by_holder ON emergency_accesses (held_by);
CREATE INDEX emergency_accesses_by_reviewer ON emergency_accesses (reviewed_by);

-- What was said about a use, each time somebody looked into it.
CREATE TABLE emergency_access_reviews (
    id BLOB NOT NULL PRIMARY KEY,
    emergency_access_id BLOB NOT NULL REFERENCES emergency_accesses (id),
    outcome TEXT NOT NULL,
    -- Sealed.
    words BLOB NOT NULL,
    reviewed_by BLOB NOT NULL REFERENCES people (id),
    reviewed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX emergency_access_reviews_by_access ON emergency_access_reviews (emergency_access_id, id);
CREATE INDEX emergency_access_reviews_by_person ON emergency_access_reviews (reviewed_by);

CREATE TRIGGER emergency_accesses_unchanged BEFORE UPDATE OF person_id, participant_id, role, reason, words, opened_at, expires_at, review_due_at ON emergency_accesses
BEGIN SELECT RAISE(ABORT, 'how a record was opened in an emergency is never changed'); END;
CREATE TRIGGER emergency_accesses_kept BEFORE DELETE ON emergency_accesses
BEGIN SELECT RAISE(ABORT, 'an access in an emergency is never deleted'); END;
CREATE TRIGGER emergency_access_reviews_unchanged BEFORE UPDATE ON emergency_access_reviews
BEGIN SELECT RAISE(ABORT, 'what was found about an access is never changed'); END;
CREATE TRIGGER emergency_access_reviews_kept BEFORE DELETE ON emergency_access_reviews
BEGIN SELECT RAISE(ABORT, 'what was found about an access is never deleted'); END;
