-- Roles that take a second person to give: proposed, until somebody else confirms.
CREATE TABLE membership_proposals (
    id uuid NOT NULL PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people (id),
    role text NOT NULL,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    proposed_by uuid NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by uuid,
    decided_at timestamptz,
    confirmed boolean NOT NULL
);
CREATE INDEX membership_proposals_by_person ON membership_proposals (person_id);
