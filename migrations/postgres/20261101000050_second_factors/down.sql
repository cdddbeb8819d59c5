ALTER TABLE sessions DROP COLUMN must_enrol;
ALTER TABLE sessions DROP COLUMN fresh_at;
ALTER TABLE sessions DROP COLUMN second_factor_at;
ALTER TABLE sessions DROP COLUMN device_hash;
ALTER TABLE sessions DROP COLUMN device_name;
DROP TABLE recovery_codes;
DROP TABLE second_factors;
