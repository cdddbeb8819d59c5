CREATE TABLE consent_forms (
    id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id),
    doc_version TEXT NOT NULL,
    language TEXT NOT NULL,
    title TEXT NOT NULL,
    introduction TEXT NOT NULL,
    limits_of_confidentiality TEXT NOT NULL,
    statements TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT consent_forms_version_unique UNIQUE (programme_id, doc_version, language)
) STRICT;

CREATE TABLE consents (
    id BLOB NOT NULL PRIMARY KEY,
    participant_id BLOB NOT NULL REFERENCES participants (id),
    consent_form_id BLOB NOT NULL REFERENCES consent_forms (id),
    answers TEXT NOT NULL,
    taken_by BLOB NOT NULL,
    taken_on TEXT NOT NULL,
    method TEXT NOT NULL,
    witness BLOB,
    capacity_judgement TEXT NOT NULL,
    copy_given INTEGER NOT NULL,
    confidentiality_limits_explained INTEGER NOT NULL,
    effective_from INTEGER NOT NULL,
    superseded_by BLOB REFERENCES consents (id),
    withdrawn_at INTEGER,
    withdrawn_statements TEXT,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX consents_by_participant ON consents (participant_id, id);
