-- What the final answers of an assessment came to, at submission and at each amendment. Never changed, never deleted.
CREATE TABLE outcomes (
    assessment_id BLOB NOT NULL REFERENCES assessments (id),
    number INTEGER NOT NULL,
    -- Why the answers were corrected; null for the outcome of the submission.
    reason TEXT,
    -- The answers that came with it.
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    -- In clear under the pseudonym, as on the assessment.
    scores TEXT,
    concerns TEXT,
    provenance TEXT,
    -- The alert rules that held; null where nobody worked that out.
    holding TEXT,
    author_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (assessment_id, number)
) STRICT, WITHOUT ROWID;

-- What was submitted before outcomes were kept, as long as nothing has been corrected since.
INSERT INTO outcomes
SELECT id, 1, NULL, 1, last_seq, scores, concerns, provenance, NULL, submitted_by, submitted_at
FROM assessments
WHERE status = 'submitted' AND submitted_by IS NOT NULL AND submitted_at IS NOT NULL;
