ALTER TABLE clients DROP COLUMN requests_per_minute;
ALTER TABLE clients DROP COLUMN previous_secret_until;
ALTER TABLE clients DROP COLUMN previous_secret_hash;
