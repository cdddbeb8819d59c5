DROP TRIGGER data_keys_stay_destroyed ON data_keys;
DROP TRIGGER data_keys_kept ON data_keys;
DROP TRIGGER rights_requests_unchanged ON rights_requests;
DROP TRIGGER rights_requests_kept ON rights_requests;
DROP TRIGGER rights_request_steps_kept ON rights_request_steps;
DROP TRIGGER emergency_accesses_stay_in_place ON emergency_accesses;
DROP TRIGGER emergency_accesses_stay_reviewed ON emergency_accesses;
