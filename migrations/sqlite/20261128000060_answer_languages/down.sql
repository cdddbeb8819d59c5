DROP TRIGGER answers_language_stays;
ALTER TABLE answers DROP COLUMN language;
