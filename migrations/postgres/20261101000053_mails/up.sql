-- Letters to be sent. They hold no secret: a link is made when its letter leaves.
CREATE TABLE mails (
    id uuid NOT NULL PRIMARY KEY,
    kind text NOT NULL,
    person_id uuid REFERENCES people (id),
    -- Sealed: the address somebody typed, where nobody has looked yet whether there is such an account.
    address bytea,
    attempts integer NOT NULL,
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    done_at timestamptz,
    -- sent, unknown (no such account, or none that may have it), given_up
    outcome text,
    CHECK ((person_id IS NULL) <> (address IS NULL))
);
CREATE INDEX mails_due ON mails (due_at) WHERE done_at IS NULL;
CREATE INDEX mails_by_person ON mails (person_id, kind, created_at);
CREATE INDEX mails_done ON mails (done_at) WHERE done_at IS NOT NULL;
