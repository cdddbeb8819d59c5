DROP TRIGGER answers_unchanged ON answers;
CREATE TRIGGER answers_unchanged BEFORE UPDATE ON answers
FOR EACH ROW EXECUTE FUNCTION refuse_change();
DROP TRIGGER flag_entries_unchanged ON flag_entries;
CREATE TRIGGER flag_entries_unchanged BEFORE UPDATE ON flag_entries
FOR EACH ROW EXECUTE FUNCTION refuse_change();
DROP TRIGGER flags_report_kept ON flags;
CREATE TRIGGER flags_report_kept BEFORE UPDATE OF report, source, raised_at, raised_by_person, raised_by_client ON flags
FOR EACH ROW EXECUTE FUNCTION refuse_change();
DROP TRIGGER care_plan_steps_stay ON care_plan_steps;
CREATE TRIGGER care_plan_steps_stay BEFORE UPDATE ON care_plan_steps
FOR EACH ROW EXECUTE FUNCTION care_plan_logs_stay();
DROP TRIGGER care_plan_copies_stay ON care_plan_copies;
CREATE TRIGGER care_plan_copies_stay BEFORE UPDATE ON care_plan_copies
FOR EACH ROW EXECUTE FUNCTION care_plan_logs_stay();
ALTER TABLE participants DROP COLUMN erased_at;
DROP TABLE wrapping_keys;
DROP TABLE data_keys;
