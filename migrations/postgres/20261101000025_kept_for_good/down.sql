DROP TRIGGER answers_kept ON answers;
DROP TRIGGER answers_unchanged ON answers;
DROP TRIGGER flag_entries_kept ON flag_entries;
DROP TRIGGER flag_entries_unchanged ON flag_entries;
DROP TRIGGER flags_kept ON flags;
DROP TRIGGER flags_report_kept ON flags;
DROP FUNCTION refuse_change();
