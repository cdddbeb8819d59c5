DROP TRIGGER answers_kept;
DROP TRIGGER answers_unchanged;
DROP TRIGGER flag_entries_kept;
DROP TRIGGER flag_entries_unchanged;
DROP TRIGGER flags_kept;
DROP TRIGGER flags_report_kept;
