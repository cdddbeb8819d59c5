-- The language of the words that were shown with the answers of the row; NULL where nobody said it.
ALTER TABLE answers ADD COLUMN language TEXT;

-- It stays as it was said, like all of the row.
CREATE TRIGGER answers_language_stays BEFORE UPDATE OF language ON answers
BEGIN
    SELECT RAISE(ABORT, 'an answer is never changed');
END;
