DROP TRIGGER data_keys_stay_destroyed;
DROP TRIGGER data_keys_kept;
DROP TRIGGER rights_requests_unchanged;
DROP TRIGGER rights_requests_kept;
DROP TRIGGER rights_request_steps_kept;
DROP TRIGGER emergency_accesses_stay_in_place;
DROP TRIGGER emergency_accesses_stay_reviewed;
