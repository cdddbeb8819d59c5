-- The secret before the present one works until then, so that a program can be given the new one without a gap.
ALTER TABLE clients ADD COLUMN previous_secret_hash bytea;
ALTER TABLE clients ADD COLUMN previous_secret_until timestamptz;
ALTER TABLE clients ADD COLUMN requests_per_minute integer NOT NULL DEFAULT 600;
