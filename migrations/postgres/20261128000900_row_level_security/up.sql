-- The second wall: a statement sees and touches rows of the caller's programme, and of nobody where no caller was named.
-- The store names him in three settings of each transaction; see api/store/src/context.rs, which has the words for
-- alongside_opens() too. FORCE holds the owner of the tables to it as well. What an application's role may do with a
-- table besides stands in api/store/src/wall.rs.
--
-- A new table: one policy called `wall`, and ENABLE and FORCE, as below. A table with programme_id says so; one that hangs
-- on another follows it. Conditions read the settings and at most one row by its key: (SELECT true ..) is asked for each row
-- by itself, where EXISTS (..) could become a scan of the other table, once its rows are many.

-- A setting that was set in a transaction before is empty afterwards, not absent.
CREATE FUNCTION alongside_programme() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('alongside.programme', true), '')::uuid $$;
CREATE FUNCTION alongside_caller() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('alongside.caller', true), '')::uuid $$;
CREATE FUNCTION alongside_opens(kind text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT strpos(coalesce(current_setting('alongside.opens', true), ''), kind) > 0 $$;

-- What is kept about participants.
CREATE POLICY wall ON participants USING (programme_id = alongside_programme() OR alongside_opens('records'));
CREATE POLICY wall ON assignments USING (programme_id = alongside_programme() OR alongside_opens('records'));
CREATE POLICY wall ON assessments USING (programme_id = alongside_programme() OR alongside_opens('records'));
CREATE POLICY wall ON care_plans USING (programme_id = alongside_programme() OR alongside_opens('records'));
CREATE POLICY wall ON flags USING (programme_id = alongside_programme() OR alongside_opens('records'));
CREATE POLICY wall ON findings USING (programme_id = alongside_programme() OR alongside_opens('records'));
CREATE POLICY wall ON paper_forms USING (programme_id = alongside_programme() OR alongside_opens('records'));

-- The same, by what it belongs to.
CREATE POLICY wall ON digital_profiles USING (
    alongside_opens('records') OR
    (SELECT true FROM participants p WHERE p.id = digital_profiles.participant_id)
);
CREATE POLICY wall ON consents USING (
    alongside_opens('records') OR
    (SELECT true FROM participants p WHERE p.id = consents.participant_id)
);
CREATE POLICY wall ON status_changes USING (
    alongside_opens('records') OR
    (SELECT true FROM participants p WHERE p.id = status_changes.participant_id)
);
CREATE POLICY wall ON assistance_sessions USING (
    alongside_opens('records') OR
    (SELECT true FROM assessments p WHERE p.id = assistance_sessions.assessment_id)
);
CREATE POLICY wall ON segments USING (
    alongside_opens('records') OR
    (SELECT true FROM assessments p WHERE p.id = segments.assessment_id)
);
CREATE POLICY wall ON answers USING (
    alongside_opens('records') OR
    (SELECT true FROM assessments p WHERE p.id = answers.assessment_id)
);
CREATE POLICY wall ON outcomes USING (
    alongside_opens('records') OR
    (SELECT true FROM assessments p WHERE p.id = outcomes.assessment_id)
);
CREATE POLICY wall ON paper_entries USING (
    alongside_opens('records') OR
    (SELECT true FROM paper_forms p WHERE p.assessment_id = paper_entries.assessment_id)
);
CREATE POLICY wall ON paper_adjudications USING (
    alongside_opens('records') OR
    (SELECT true FROM paper_forms p WHERE p.assessment_id = paper_adjudications.assessment_id)
);
CREATE POLICY wall ON care_plan_actions USING (
    alongside_opens('records') OR
    (SELECT true FROM care_plans p WHERE p.id = care_plan_actions.care_plan_id)
);
CREATE POLICY wall ON care_plan_copies USING (
    alongside_opens('records') OR
    (SELECT true FROM care_plans p WHERE p.id = care_plan_copies.care_plan_id)
);
CREATE POLICY wall ON care_plan_steps USING (
    alongside_opens('records') OR
    (SELECT true FROM care_plans p WHERE p.id = care_plan_steps.care_plan_id)
);
CREATE POLICY wall ON flag_entries USING (
    alongside_opens('records') OR
    (SELECT true FROM flags p WHERE p.id = flag_entries.flag_id)
);
CREATE POLICY wall ON flag_exclusions USING (
    alongside_opens('records') OR
    (SELECT true FROM flags p WHERE p.id = flag_exclusions.flag_id)
);

-- Programmes and what they use.
CREATE POLICY wall ON programmes USING (id = alongside_programme() OR alongside_opens('programmes'));
CREATE POLICY wall ON sites USING (programme_id = alongside_programme() OR alongside_opens('programmes'));
CREATE POLICY wall ON instruments USING (programme_id = alongside_programme() OR alongside_opens('programmes'));
CREATE POLICY wall ON consent_forms USING (programme_id = alongside_programme() OR alongside_opens('programmes'));
CREATE POLICY wall ON signposts USING (programme_id = alongside_programme() OR alongside_opens('programmes'));
CREATE POLICY wall ON translations USING (
    alongside_opens('programmes') OR
    (SELECT true FROM instruments p WHERE p.id = translations.instrument_id)
);

-- Accounts. What is a person's own is open to him in whatever programme he works; a colleague is seen by the role he
-- holds or held in the programme.
CREATE POLICY wall ON memberships USING (
    programme_id = alongside_programme() OR person_id = alongside_caller() OR alongside_opens('accounts')
);
CREATE POLICY wall ON membership_proposals USING (
    programme_id = alongside_programme() OR person_id = alongside_caller() OR alongside_opens('accounts')
);
CREATE POLICY wall ON clients USING (programme_id = alongside_programme() OR alongside_opens('accounts'));
CREATE POLICY wall ON sessions USING (
    programme_id = alongside_programme() OR person_id = alongside_caller() OR client_id = alongside_caller() OR alongside_opens('accounts')
);
CREATE POLICY wall ON people USING (
    id = alongside_caller() OR alongside_opens('accounts') OR
    (SELECT true FROM memberships m WHERE m.person_id = people.id AND m.programme_id = alongside_programme() LIMIT 1)
);
CREATE POLICY wall ON second_factors USING (person_id = alongside_caller() OR alongside_opens('accounts'));
CREATE POLICY wall ON recovery_codes USING (person_id = alongside_caller() OR alongside_opens('accounts'));
CREATE POLICY wall ON mails USING (person_id = alongside_caller() OR alongside_opens('accounts'));
CREATE POLICY wall ON sign_in_lanes USING (alongside_opens('accounts'));

-- Rights of data protection, and records opened in an emergency.
CREATE POLICY wall ON rights_requests USING (programme_id = alongside_programme() OR alongside_opens('records'));
CREATE POLICY wall ON rights_request_steps USING (
    alongside_opens('records') OR
    (SELECT true FROM rights_requests p WHERE p.id = rights_request_steps.request_id)
);
CREATE POLICY wall ON access_reports USING (
    alongside_opens('records') OR
    (SELECT true FROM rights_requests p WHERE p.id = access_reports.request_id)
);
CREATE POLICY wall ON processing_restrictions USING (
    alongside_opens('records') OR
    (SELECT true FROM participants p WHERE p.id = processing_restrictions.participant_id)
);
CREATE POLICY wall ON emergency_accesses USING (
    programme_id = alongside_programme() OR person_id = alongside_caller() OR alongside_opens('accounts')
);
CREATE POLICY wall ON emergency_access_reviews USING (
    (SELECT true FROM emergency_accesses p WHERE p.id = emergency_access_reviews.emergency_access_id)
);

-- A device that waits belongs to nobody yet: whoever is signed in may have its code.
CREATE POLICY wall ON device_authorisations USING (
    programme_id = alongside_programme() OR decided_by = alongside_caller() OR alongside_opens('accounts') OR
    (programme_id IS NULL AND alongside_caller() IS NOT NULL)
);

-- Data keys follow their record. One may be made before its record is there.
CREATE POLICY wall ON data_keys USING (
    alongside_opens('keys') OR
    CASE record
        WHEN 'participant' THEN (SELECT true FROM participants p WHERE p.id = data_keys.record_id)
        WHEN 'person' THEN (SELECT true FROM people p WHERE p.id = data_keys.record_id)
        WHEN 'flag' THEN (SELECT true FROM flags p WHERE p.id = data_keys.record_id)
        ELSE false
    END
) WITH CHECK (
    alongside_caller() IS NOT NULL OR alongside_opens('keys') OR alongside_opens('records') OR alongside_opens('accounts')
);
CREATE POLICY wall ON wrapping_keys USING (
    alongside_caller() IS NOT NULL OR alongside_opens('keys') OR alongside_opens('records') OR alongside_opens('accounts')
) WITH CHECK (alongside_opens('keys'));

-- The jobs' own, and replies kept for whoever asks the same again.
CREATE POLICY wall ON leases USING (alongside_opens('upkeep'));
CREATE POLICY wall ON idempotency_records USING (caller_id = alongside_caller() OR alongside_opens('upkeep'));
CREATE POLICY wall ON access_notices USING (programme_id = alongside_programme() OR alongside_opens('audit'));
CREATE POLICY wall ON audit_seals USING (alongside_opens('audit'));
CREATE POLICY wall ON audit_checkpoints USING (alongside_opens('audit'));

-- The audit log is added to by whoever asks, in his own name; it is read in the programme, and by what is kept about a
-- participant: so that an attempt from another programme shows where his record is.
CREATE POLICY wall ON audit_events FOR SELECT USING (
    programme_id = alongside_programme() OR alongside_opens('audit') OR
    (SELECT true FROM participants p WHERE p.id = audit_events.participant_id)
);
CREATE POLICY trail ON audit_events FOR INSERT WITH CHECK (
    alongside_opens('trail') OR (
        coalesce(person_id, client_id) = alongside_caller()
        AND programme_id IS NOT DISTINCT FROM alongside_programme()
    )
);
CREATE POLICY wall ON audit_subjects FOR SELECT USING (
    alongside_opens('audit') OR (SELECT true FROM participants p WHERE p.id = audit_subjects.participant_id)
);
-- Whom a list showed: a colleague on it may take part in another programme.
CREATE POLICY trail ON audit_subjects FOR INSERT WITH CHECK (
    alongside_opens('trail') OR alongside_caller() IS NOT NULL
);

ALTER TABLE participants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE assignments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE assessments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE care_plans ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE flags ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE findings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE paper_forms ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE digital_profiles ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE consents ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE status_changes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE assistance_sessions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE segments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE answers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE outcomes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE paper_entries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE paper_adjudications ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE care_plan_actions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE care_plan_copies ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE care_plan_steps ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE flag_entries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE flag_exclusions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE programmes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE sites ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE instruments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE consent_forms ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE signposts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE translations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE memberships ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE membership_proposals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE clients ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE people ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE second_factors ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE recovery_codes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE mails ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE sign_in_lanes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE leases ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE idempotency_records ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE access_notices ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_seals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_checkpoints ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_subjects ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE rights_requests ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE rights_request_steps ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE access_reports ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE processing_restrictions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE emergency_accesses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE emergency_access_reviews ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE device_authorisations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE data_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wrapping_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
