-- The secret before the present one works until then, so that a program can be given the new one without a gap.
ALTER TABLE clients ADD COLUMN previous_secret_hash BLOB;
ALTER TABLE clients ADD COLUMN previous_secret_until INTEGER;
ALTER TABLE clients ADD COLUMN requests_per_minute INTEGER NOT NULL DEFAULT 600;
