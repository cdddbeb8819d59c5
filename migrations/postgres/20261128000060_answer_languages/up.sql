-- The language of the words that were shown with the answers of the row; NULL where nobody said it.
ALTER TABLE answers ADD COLUMN language text;

-- It stays as it was said, like all of the row.
CREATE TRIGGER answers_language_stays BEFORE UPDATE OF language ON answers FOR EACH ROW EXECUTE FUNCTION refuse_change();
