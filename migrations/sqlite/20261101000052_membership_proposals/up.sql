-- Roles that take a second person to give: proposed, until somebody else confirms.
CREATE TABLE membership_proposals (
    id BLOB NOT NULL PRIMARY KEY,
    person_id BLOB NOT NULL REFERENCES people (id),
    role TEXT NOT NULL,
    programme_id BLOB NOT NULL REFERENCES programmes (id),
    proposed_by BLOB NOT NULL,
    proposed_at INTEGER NOT NULL,
    decided_by BLOB,
    decided_at INTEGER,
    confirmed INTEGER NOT NULL
) STRICT;
CREATE INDEX membership_proposals_by_person ON membership_proposals (person_id);
