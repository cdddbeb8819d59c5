CREATE TABLE consent_forms (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    doc_version text NOT NULL,
    language text NOT NULL,
    title text NOT NULL,
    introduction text NOT NULL,
    limits_of_confidentiality text NOT NULL,
    statements text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT consent_forms_version_unique UNIQUE (programme_id, doc_version, language)
);

CREATE TABLE consents (
    id uuid NOT NULL PRIMARY KEY,
    participant_id uuid NOT NULL REFERENCES participants (id),
    consent_form_id uuid NOT NULL REFERENCES consent_forms (id),
    answers text NOT NULL,
    taken_by uuid NOT NULL,
    taken_on date NOT NULL,
    method text NOT NULL,
    witness bytea,
    capacity_judgement text NOT NULL,
    copy_given boolean NOT NULL,
    confidentiality_limits_explained boolean NOT NULL,
    effective_from timestamptz NOT NULL,
    superseded_by uuid REFERENCES consents (id),
    withdrawn_at timestamptz,
    withdrawn_statements text,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX consents_by_participant ON consents (participant_id, id);
