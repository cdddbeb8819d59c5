-- What was said stays as it was said, whoever has the database open.

CREATE TRIGGER flags_report_kept BEFORE UPDATE OF report, source, raised_at, raised_by_person, raised_by_client ON flags
BEGIN
    SELECT RAISE(ABORT, 'the report of a flag is never changed');
END;
CREATE TRIGGER flags_kept BEFORE DELETE ON flags
BEGIN
    SELECT RAISE(ABORT, 'a flag is never deleted');
END;
CREATE TRIGGER flag_entries_unchanged BEFORE UPDATE ON flag_entries
BEGIN
    SELECT RAISE(ABORT, 'an entry of a flag is never changed');
END;
CREATE TRIGGER flag_entries_kept BEFORE DELETE ON flag_entries
BEGIN
    SELECT RAISE(ABORT, 'an entry of a flag is never deleted');
END;
CREATE TRIGGER answers_unchanged BEFORE UPDATE ON answers
BEGIN
    SELECT RAISE(ABORT, 'an answer is never changed');
END;
CREATE TRIGGER answers_kept BEFORE DELETE ON answers
BEGIN
    SELECT RAISE(ABORT, 'an answer is never deleted');
END;
