-- A destroyed key stays destroyed, and none is taken away: a record without one would get another.
CREATE TRIGGER data_keys_stay_destroyed BEFORE UPDATE ON data_keys FOR EACH ROW
WHEN (OLD.shredded_at IS NOT NULL AND (NEW.wrapped IS NOT NULL OR NEW.shredded_at IS NULL))
EXECUTE FUNCTION refuse_change();
CREATE TRIGGER data_keys_kept BEFORE DELETE ON data_keys FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What was asked, of whom and when, decides the clock.
CREATE TRIGGER rights_requests_unchanged BEFORE UPDATE OF programme_id, participant_id, kind, asked, received_on ON rights_requests
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rights_requests_kept BEFORE DELETE ON rights_requests FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rights_request_steps_kept BEFORE DELETE ON rights_request_steps FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- No access leaves the list of what a privacy officer looks into but by being looked into.
CREATE TRIGGER emergency_accesses_stay_in_place BEFORE UPDATE OF programme_id ON emergency_accesses
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER emergency_accesses_stay_reviewed BEFORE UPDATE ON emergency_accesses FOR EACH ROW
WHEN (
    OLD.reviewed_at IS NOT NULL
    AND (OLD.reviewed_at IS DISTINCT FROM NEW.reviewed_at OR OLD.outcome IS DISTINCT FROM NEW.outcome)
)
EXECUTE FUNCTION refuse_change();
