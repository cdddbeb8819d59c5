-- Letters to be sent. They hold no secret: a link is made when its letter leaves.
CREATE TABLE mails (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    person_id BLOB REFERENCES people (id),
    -- Sealed: the address somebody typed, where nobody has looked yet whether there is such an account.
    address BLOB,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    done_at INTEGER,
    -- sent, unknown (no such account, or none that may have it), given_up
    outcome TEXT,
    CHECK ((person_id IS NULL) <> (address IS NULL))
) STRICT;
CREATE INDEX mails_due ON mails (due_at) WHERE done_at IS NULL;
CREATE INDEX mails_by_person ON mails (person_id, kind, created_at);
CREATE INDEX mails_done ON mails (done_at) WHERE done_at IS NOT NULL;
