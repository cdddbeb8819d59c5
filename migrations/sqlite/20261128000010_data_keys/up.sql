-- The keys that seal the cells of one record, wrapped by a key that is not in the database. A row stays when its key is
-- destroyed, so that nobody makes the record a new one unawares.
CREATE TABLE data_keys (
    id BLOB NOT NULL PRIMARY KEY,
    -- participant, person, flag (one that is about nobody in care) or installation
    record TEXT NOT NULL,
    record_id BLOB NOT NULL,
    -- identity, health, safeguarding or replies
    class TEXT NOT NULL,
    wrapped BLOB,
    wrapped_by INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    shredded_at INTEGER,
    CONSTRAINT data_keys_record_unique UNIQUE (record_id, class),
    CHECK ((wrapped IS NULL) = (shredded_at IS NOT NULL))
) STRICT;
CREATE INDEX data_keys_by_wrapping ON data_keys (wrapped_by, id);

-- The keys of the key file as this database knows them: what shows that a key is the right one, and which key of each
-- group wraps new data keys.
CREATE TABLE wrapping_keys (
    -- sealing or safeguarding
    key_group TEXT NOT NULL,
    id INTEGER NOT NULL,
    proof BLOB NOT NULL,
    in_use_at INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (key_group, id)
) STRICT;

-- When the keys of the participant's record were destroyed.
ALTER TABLE participants ADD COLUMN erased_at INTEGER;

-- What was said stays as it was said. A cell may leave the layout that had no data keys, once, and nothing beside it
-- may change on the way.
DROP TRIGGER answers_unchanged;
CREATE TRIGGER answers_unchanged BEFORE UPDATE ON answers WHEN NOT COALESCE((
    (substr(OLD.cell, 1, 1) = x'01' AND substr(NEW.cell, 1, 1) = x'02')
    AND OLD.assessment_id IS NEW.assessment_id
    AND OLD.first_seq IS NEW.first_seq
    AND OLD.last_seq IS NEW.last_seq
    AND OLD.answered_by IS NEW.answered_by
    AND OLD.keyed_by IS NEW.keyed_by
    AND OLD.level IS NEW.level
    AND OLD.segment_id IS NEW.segment_id
    AND OLD.author_id IS NEW.author_id
    AND OLD.at IS NEW.at
), 0)
BEGIN
    SELECT RAISE(ABORT, 'an answer is never changed');
END;
DROP TRIGGER flag_entries_unchanged;
CREATE TRIGGER flag_entries_unchanged BEFORE UPDATE ON flag_entries WHEN NOT COALESCE((
    (OLD.late_reason IS NEW.late_reason OR (substr(OLD.late_reason, 1, 1) = x'01' AND substr(NEW.late_reason, 1, 1) = x'02'))
    AND (OLD.content IS NEW.content OR (substr(OLD.content, 1, 1) = x'01' AND substr(NEW.content, 1, 1) = x'02'))
    AND OLD.flag_id IS NEW.flag_id
    AND OLD.seq IS NEW.seq
    AND OLD.kind IS NEW.kind
    AND OLD.nature IS NEW.nature
    AND OLD.author_id IS NEW.author_id
    AND OLD.occurred_at IS NEW.occurred_at
    AND OLD.recorded_at IS NEW.recorded_at
), 0)
BEGIN
    SELECT RAISE(ABORT, 'an entry of a flag is never changed');
END;
DROP TRIGGER flags_report_kept;
CREATE TRIGGER flags_report_kept BEFORE UPDATE OF report, source, raised_at, raised_by_person, raised_by_client ON flags WHEN NOT COALESCE((
    (substr(OLD.report, 1, 1) = x'01' AND substr(NEW.report, 1, 1) = x'02')
    AND OLD.source IS NEW.source
    AND OLD.raised_at IS NEW.raised_at
    AND OLD.raised_by_person IS NEW.raised_by_person
    AND OLD.raised_by_client IS NEW.raised_by_client
), 0)
BEGIN
    SELECT RAISE(ABORT, 'the report of a flag is never changed');
END;
DROP TRIGGER care_plan_steps_stay;
CREATE TRIGGER care_plan_steps_stay BEFORE UPDATE ON care_plan_steps WHEN NOT COALESCE((
    (substr(OLD.record, 1, 1) = x'01' AND substr(NEW.record, 1, 1) = x'02')
    AND OLD.id IS NEW.id
    AND OLD.care_plan_id IS NEW.care_plan_id
    AND OLD.step IS NEW.step
    AND OLD.done_by IS NEW.done_by
    AND OLD.done_at IS NEW.done_at
), 0)
BEGIN
    SELECT RAISE(ABORT, 'a step of a care plan is never changed');
END;
DROP TRIGGER care_plan_copies_stay;
CREATE TRIGGER care_plan_copies_stay BEFORE UPDATE ON care_plan_copies WHEN NOT COALESCE((
    (substr(OLD.detail, 1, 1) = x'01' AND substr(NEW.detail, 1, 1) = x'02')
    AND OLD.id IS NEW.id
    AND OLD.care_plan_id IS NEW.care_plan_id
    AND OLD.recipient IS NEW.recipient
    AND OLD.format IS NEW.format
    AND OLD.sent_by IS NEW.sent_by
    AND OLD.sent_at IS NEW.sent_at
    AND OLD.delivery IS NEW.delivery
), 0)
BEGIN
    SELECT RAISE(ABORT, 'the log of copies is never changed');
END;
