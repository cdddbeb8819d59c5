-- The keys that seal the cells of one record, wrapped by a key that is not in the database. A row stays when its key is
-- destroyed, so that nobody makes the record a new one unawares.
CREATE TABLE data_keys (
    id uuid NOT NULL PRIMARY KEY,
    -- participant, person, flag (one that is about nobody in care) or installation
    record text NOT NULL,
    record_id uuid NOT NULL,
    -- identity, health, safeguarding or replies
    class text NOT NULL,
    wrapped bytea,
    wrapped_by bigint NOT NULL,
    created_at timestamptz NOT NULL,
    shredded_at timestamptz,
    CONSTRAINT data_keys_record_unique UNIQUE (record_id, class),
    CHECK ((wrapped IS NULL) = (shredded_at IS NOT NULL))
);
CREATE INDEX data_keys_by_wrapping ON data_keys (wrapped_by, id);

-- The keys of the key file as this database knows them: what shows that a key is the right one, and which key of each
-- group wraps new data keys.
CREATE TABLE wrapping_keys (
    -- sealing or safeguarding
    key_group text NOT NULL,
    id bigint NOT NULL,
    proof bytea NOT NULL,
    in_use_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (key_group, id)
);

-- When the keys of the participant's record were destroyed.
ALTER TABLE participants ADD COLUMN erased_at timestamptz;

-- What was said stays as it was said. A cell may leave the layout that had no data keys, once, and nothing beside it
-- may change on the way.
DROP TRIGGER answers_unchanged ON answers;
CREATE TRIGGER answers_unchanged BEFORE UPDATE ON answers FOR EACH ROW WHEN (NOT COALESCE((
    (substr(OLD.cell, 1, 1) = '\x01'::bytea AND substr(NEW.cell, 1, 1) = '\x02'::bytea)
    AND OLD.assessment_id IS NOT DISTINCT FROM NEW.assessment_id
    AND OLD.first_seq IS NOT DISTINCT FROM NEW.first_seq
    AND OLD.last_seq IS NOT DISTINCT FROM NEW.last_seq
    AND OLD.answered_by IS NOT DISTINCT FROM NEW.answered_by
    AND OLD.keyed_by IS NOT DISTINCT FROM NEW.keyed_by
    AND OLD.level IS NOT DISTINCT FROM NEW.level
    AND OLD.segment_id IS NOT DISTINCT FROM NEW.segment_id
    AND OLD.author_id IS NOT DISTINCT FROM NEW.author_id
    AND OLD.at IS NOT DISTINCT FROM NEW.at
), false))
EXECUTE FUNCTION refuse_change();
DROP TRIGGER flag_entries_unchanged ON flag_entries;
CREATE TRIGGER flag_entries_unchanged BEFORE UPDATE ON flag_entries FOR EACH ROW WHEN (NOT COALESCE((
    (OLD.late_reason IS NOT DISTINCT FROM NEW.late_reason OR (substr(OLD.late_reason, 1, 1) = '\x01'::bytea AND substr(NEW.late_reason, 1, 1) = '\x02'::bytea))
    AND (OLD.content IS NOT DISTINCT FROM NEW.content OR (substr(OLD.content, 1, 1) = '\x01'::bytea AND substr(NEW.content, 1, 1) = '\x02'::bytea))
    AND OLD.flag_id IS NOT DISTINCT FROM NEW.flag_id
    AND OLD.seq IS NOT DISTINCT FROM NEW.seq
    AND OLD.kind IS NOT DISTINCT FROM NEW.kind
    AND OLD.nature IS NOT DISTINCT FROM NEW.nature
    AND OLD.author_id IS NOT DISTINCT FROM NEW.author_id
    AND OLD.occurred_at IS NOT DISTINCT FROM NEW.occurred_at
    AND OLD.recorded_at IS NOT DISTINCT FROM NEW.recorded_at
), false))
EXECUTE FUNCTION refuse_change();
DROP TRIGGER flags_report_kept ON flags;
CREATE TRIGGER flags_report_kept BEFORE UPDATE OF report, source, raised_at, raised_by_person, raised_by_client ON flags FOR EACH ROW WHEN (NOT COALESCE((
    (substr(OLD.report, 1, 1) = '\x01'::bytea AND substr(NEW.report, 1, 1) = '\x02'::bytea)
    AND OLD.source IS NOT DISTINCT FROM NEW.source
    AND OLD.raised_at IS NOT DISTINCT FROM NEW.raised_at
    AND OLD.raised_by_person IS NOT DISTINCT FROM NEW.raised_by_person
    AND OLD.raised_by_client IS NOT DISTINCT FROM NEW.raised_by_client
), false))
EXECUTE FUNCTION refuse_change();
DROP TRIGGER care_plan_steps_stay ON care_plan_steps;
CREATE TRIGGER care_plan_steps_stay BEFORE UPDATE ON care_plan_steps FOR EACH ROW WHEN (NOT COALESCE((
    (substr(OLD.record, 1, 1) = '\x01'::bytea AND substr(NEW.record, 1, 1) = '\x02'::bytea)
    AND OLD.id IS NOT DISTINCT FROM NEW.id
    AND OLD.care_plan_id IS NOT DISTINCT FROM NEW.care_plan_id
    AND OLD.step IS NOT DISTINCT FROM NEW.step
    AND OLD.done_by IS NOT DISTINCT FROM NEW.done_by
    AND OLD.done_at IS NOT DISTINCT FROM NEW.done_at
), false))
EXECUTE FUNCTION care_plan_logs_stay();
DROP TRIGGER care_plan_copies_stay ON care_plan_copies;
CREATE TRIGGER care_plan_copies_stay BEFORE UPDATE ON care_plan_copies FOR EACH ROW WHEN (NOT COALESCE((
    (substr(OLD.detail, 1, 1) = '\x01'::bytea AND substr(NEW.detail, 1, 1) = '\x02'::bytea)
    AND OLD.id IS NOT DISTINCT FROM NEW.id
    AND OLD.care_plan_id IS NOT DISTINCT FROM NEW.care_plan_id
    AND OLD.recipient IS NOT DISTINCT FROM NEW.recipient
    AND OLD.format IS NOT DISTINCT FROM NEW.format
    AND OLD.sent_by IS NOT DISTINCT FROM NEW.sent_by
    AND OLD.sent_at IS NOT DISTINCT FROM NEW.sent_at
    AND OLD.delivery IS NOT DISTINCT FROM NEW.delivery
), false))
EXECUTE FUNCTION care_plan_logs_stay();
