-- A destroyed key stays destroyed, and none is taken away: a record without one would get another.
CREATE TRIGGER data_keys_stay_destroyed BEFORE UPDATE ON data_keys
WHEN OLD.shredded_at IS NOT NULL AND (NEW.wrapped IS NOT NULL OR NEW.shredded_at IS NULL)
BEGIN SELECT RAISE(ABORT, 'a destroyed key stays destroyed'); END;
CREATE TRIGGER data_keys_kept BEFORE DELETE ON data_keys
BEGIN SELECT RAISE(ABORT, 'a data key is destroyed, never deleted'); END;

-- What was asked, of whom and when, decides the clock.
CREATE TRIGGER rights_requests_unchanged BEFORE UPDATE OF programme_id, participant_id, kind, asked, received_on ON rights_requests
BEGIN SELECT RAISE(ABORT, 'what was asked is never changed'); END;
CREATE TRIGGER rights_requests_kept BEFORE DELETE ON rights_requests
BEGIN SELECT RAISE(ABORT, 'a rights request is never deleted'); END;
CREATE TRIGGER rights_request_steps_kept BEFORE DELETE ON rights_request_steps
BEGIN SELECT RAISE(ABORT, 'a step of a rights request is never deleted'); END;

-- No access leaves the list of what a privacy officer looks into but by being looked into.
CREATE TRIGGER emergency_accesses_stay_in_place BEFORE UPDATE OF programme_id ON emergency_accesses
BEGIN SELECT RAISE(ABORT, 'how a record was opened in an emergency is never changed'); END;
CREATE TRIGGER emergency_accesses_stay_reviewed BEFORE UPDATE ON emergency_accesses
WHEN OLD.reviewed_at IS NOT NULL AND (OLD.reviewed_at IS NOT NEW.reviewed_at OR OLD.outcome IS NOT NEW.outcome)
BEGIN SELECT RAISE(ABORT, 'what was found about an access is never changed'); END;
