DROP TRIGGER answers_unchanged;
CREATE TRIGGER answers_unchanged BEFORE UPDATE ON answers
BEGIN
    SELECT RAISE(ABORT, 'an answer is never changed');
END;
DROP TRIGGER flag_entries_unchanged;
CREATE TRIGGER flag_entries_unchanged BEFORE UPDATE ON flag_entries
BEGIN
    SELECT RAISE(ABORT, 'an entry of a flag is never changed');
END;
DROP TRIGGER flags_report_kept;
CREATE TRIGGER flags_report_kept BEFORE UPDATE OF report, source, raised_at, raised_by_person, raised_by_client ON flags
BEGIN
    SELECT RAISE(ABORT, 'the report of a flag is never changed');
END;
DROP TRIGGER care_plan_steps_stay;
CREATE TRIGGER care_plan_steps_stay BEFORE UPDATE ON care_plan_steps
BEGIN SELECT RAISE(ABORT, 'a step of a care plan is never changed'); END;
DROP TRIGGER care_plan_copies_stay;
CREATE TRIGGER care_plan_copies_stay BEFORE UPDATE ON care_plan_copies
BEGIN SELECT RAISE(ABORT, 'the log of copies is never changed'); END;
ALTER TABLE participants DROP COLUMN erased_at;
DROP TABLE wrapping_keys;
DROP TABLE data_keys;
