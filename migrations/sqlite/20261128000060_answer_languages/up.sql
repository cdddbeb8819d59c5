-- The language of the words that were shown with the answers of the row; NULL where nobody said it.
ALTER TABLE answers ADD COLUMN language TEXT;
