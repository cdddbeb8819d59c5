-- Paper forms that are typed in twice, by two persons. The counts are in clear, so that rates need no sealed cell.
CREATE TABLE paper_forms (
    assessment_id uuid NOT NULL PRIMARY KEY REFERENCES assessments (id),
    programme_id uuid NOT NULL REFERENCES programmes (id),
    participant_id uuid NOT NULL REFERENCES participants (id),
    instrument_id uuid NOT NULL REFERENCES instruments (id),
    stage text NOT NULL,
    first_keyer uuid NOT NULL REFERENCES people (id),
    second_keyer uuid REFERENCES people (id),
    -- From the second entry on: how many fields were entered, and how many of them differ.
    fields integer,
    differing integer,
    -- Once it is agreed: how many fields each of the two has wrong.
    first_errors integer,
    second_errors integer,
    agreed_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT paper_forms_two_persons CHECK (second_keyer IS NULL OR second_keyer <> first_keyer)
);
CREATE INDEX paper_forms_by_programme ON paper_forms (programme_id, assessment_id);
CREATE INDEX paper_forms_by_participant ON paper_forms (participant_id);
CREATE INDEX paper_forms_by_instrument ON paper_forms (instrument_id);
CREATE INDEX paper_forms_by_first_keyer ON paper_forms (first_keyer);
CREATE INDEX paper_forms_by_second_keyer ON paper_forms (second_keyer);

-- What each of the two typed in, sealed. Never changed, never deleted.
CREATE TABLE paper_entries (
    id uuid NOT NULL PRIMARY KEY,
    assessment_id uuid NOT NULL REFERENCES paper_forms (assessment_id),
    -- 1 or 2.
    pass integer NOT NULL,
    keyer_id uuid NOT NULL REFERENCES people (id),
    keyer_role text NOT NULL,
    -- Whose judgement the form says it is.
    answered_by text NOT NULL,
    -- The number printed on the sheet.
    sheet text,
    fields integer NOT NULL,
    answers bytea NOT NULL,
    entered_at timestamptz NOT NULL,
    CONSTRAINT paper_entries_pass UNIQUE (assessment_id, pass),
    CONSTRAINT paper_entries_keyer UNIQUE (assessment_id, keyer_id)
);
CREATE INDEX paper_entries_by_keyer ON paper_entries (keyer_id);

-- What was decided where the two differ; the newest for a field counts. Never changed, never deleted.
CREATE TABLE paper_adjudications (
    id uuid NOT NULL PRIMARY KEY,
    assessment_id uuid NOT NULL REFERENCES paper_forms (assessment_id),
    link_id text NOT NULL,
    occurrence text NOT NULL,
    verdict text NOT NULL,
    -- What the paper says where neither entry has it, and the remark of who decided; sealed.
    content bytea,
    adjudicator_id uuid NOT NULL REFERENCES people (id),
    decided_at timestamptz NOT NULL
);
CREATE INDEX paper_adjudications_by_assessment ON paper_adjudications (assessment_id, id);
CREATE INDEX paper_adjudications_by_adjudicator ON paper_adjudications (adjudicator_id);
