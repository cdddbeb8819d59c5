DROP TRIGGER answers_language_stays ON answers;
ALTER TABLE answers DROP COLUMN language;
