-- What was said stays as it was said, whoever has the database open.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% keeps its rows as they are', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER flags_report_kept BEFORE UPDATE OF report, source, raised_at, raised_by_person, raised_by_client ON flags
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER flags_kept BEFORE DELETE ON flags FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER flag_entries_unchanged BEFORE UPDATE ON flag_entries FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER flag_entries_kept BEFORE DELETE ON flag_entries FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER answers_unchanged BEFORE UPDATE ON answers FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER answers_kept BEFORE DELETE ON answers FOR EACH ROW EXECUTE FUNCTION refuse_change();
