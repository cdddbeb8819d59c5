//! Every table, once, for both engines. A test holds both databases to it.

use diesel::table;

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    programmes (id) {
        id -> Uid,
        code -> Text,
        name -> Text,
        kind -> Text,
        timezone -> Text,
        jurisdiction -> Text,
        synthetic -> Bool,
        created_at -> Instant,
        updated_at -> Instant,
        version -> BigInt,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    sites (id) {
        id -> Uid,
        programme_id -> Uid,
        code -> Text,
        name -> Text,
        kind -> Text,
        ods_code -> Nullable<Text>,
        local_authority -> Nullable<Text>,
        safeguarding_contact -> Nullable<Text>,
        created_at -> Instant,
        updated_at -> Instant,
        version -> BigInt,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    participants (id) {
        id -> Uid,
        programme_id -> Uid,
        site_id -> Uid,
        study_id -> Text,
        status -> Text,
        language -> Text,
        access_class -> Nullable<Text>,
        could_do_alone -> Nullable<Bool>,
        needs -> Binary,
        treatments -> Binary,
        identity -> Binary,
        safe_contact -> Binary,
        supporter_contact_allowed -> Bool,
        created_at -> Instant,
        updated_at -> Instant,
        version -> BigInt,
        erased_at -> Nullable<Instant>,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    digital_profiles (id) {
        id -> Uid,
        participant_id -> Uid,
        time_point -> Text,
        internet_at_home -> Text,
        device -> Text,
        device_shared -> Bool,
        data_affordable -> Nullable<Bool>,
        last_used -> Text,
        uses_by_proxy -> Bool,
        foundation_tasks -> Integer,
        confidence -> Integer,
        motivation -> Nullable<Integer>,
        privacy_worry -> Nullable<Integer>,
        barriers -> Text,
        available_helper -> Nullable<Bool>,
        private_space -> Nullable<Bool>,
        access_class -> Text,
        could_do_alone -> Bool,
        recorded_by -> Uid,
        recorded_at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    people (id) {
        id -> Uid,
        email -> Text,
        display_name -> Text,
        participant_id -> Nullable<Uid>,
        password_hash -> Nullable<Text>,
        activation_hash -> Nullable<Binary>,
        activation_expires_at -> Nullable<Instant>,
        failed_attempts -> Integer,
        locked_until -> Nullable<Instant>,
        deactivated_at -> Nullable<Instant>,
        created_at -> Instant,
        updated_at -> Instant,
        version -> BigInt,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    memberships (id) {
        id -> Uid,
        person_id -> Uid,
        role -> Text,
        programme_id -> Nullable<Uid>,
        site_id -> Nullable<Uid>,
        granted_by -> Nullable<Uid>,
        granted_at -> Instant,
        ended_at -> Nullable<Instant>,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    clients (id) {
        id -> Uid,
        programme_id -> Uid,
        name -> Text,
        secret_hash -> Binary,
        scopes -> Text,
        revoked_at -> Nullable<Instant>,
        created_by -> Nullable<Uid>,
        created_at -> Instant,
        version -> BigInt,
        previous_secret_hash -> Nullable<Binary>,
        previous_secret_until -> Nullable<Instant>,
        requests_per_minute -> Integer,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    sessions (id) {
        id -> Uid,
        person_id -> Nullable<Uid>,
        client_id -> Nullable<Uid>,
        role -> Text,
        programme_id -> Nullable<Uid>,
        sites -> Nullable<Text>,
        participant_id -> Nullable<Uid>,
        scopes -> Text,
        refresh_hash -> Nullable<Binary>,
        previous_refresh_hash -> Nullable<Binary>,
        successor -> Nullable<Binary>,
        rotated_at -> Nullable<Instant>,
        created_at -> Instant,
        expires_at -> Instant,
        idle_expires_at -> Instant,
        ended_at -> Nullable<Instant>,
        end_reason -> Nullable<Text>,
        device_name -> Nullable<Text>,
        device_hash -> Nullable<Binary>,
        second_factor_at -> Nullable<Instant>,
        fresh_at -> Nullable<Instant>,
        must_enrol -> Bool,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    audit_events (id) {
        id -> Uid,
        at -> Instant,
        programme_id -> Nullable<Uid>,
        person_id -> Nullable<Uid>,
        client_id -> Nullable<Uid>,
        session_id -> Nullable<Uid>,
        role -> Nullable<Text>,
        operation -> Text,
        participant_id -> Nullable<Uid>,
        resource_id -> Nullable<Uid>,
        status -> Integer,
        flag_id -> Nullable<Uid>,
        request_id -> Uid,
        detail -> Nullable<Text>,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    audit_subjects (participant_id, audit_event_id) {
        participant_id -> Uid,
        audit_event_id -> Uid,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    idempotency_records (caller_id, operation, key) {
        caller_id -> Uid,
        operation -> Text,
        key -> Text,
        fingerprint -> Binary,
        status -> Integer,
        reply -> Binary,
        created_at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    consent_forms (id) {
        id -> Uid,
        programme_id -> Uid,
        doc_version -> Text,
        language -> Text,
        title -> Text,
        introduction -> Text,
        limits_of_confidentiality -> Text,
        statements -> Text,
        created_at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    consents (id) {
        id -> Uid,
        participant_id -> Uid,
        consent_form_id -> Uid,
        answers -> Text,
        taken_by -> Uid,
        taken_on -> Date,
        method -> Text,
        witness -> Nullable<Binary>,
        capacity_judgement -> Text,
        copy_given -> Bool,
        confidentiality_limits_explained -> Bool,
        effective_from -> Instant,
        superseded_by -> Nullable<Uid>,
        withdrawn_at -> Nullable<Instant>,
        withdrawn_statements -> Nullable<Text>,
        created_at -> Instant,
        version -> BigInt,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    assignments (id) {
        id -> Uid,
        programme_id -> Uid,
        site_id -> Uid,
        participant_id -> Uid,
        supporter_id -> Uid,
        purpose -> Text,
        state -> Text,
        conditions -> Text,
        knows_participant -> Bool,
        offered_by -> Uid,
        offered_at -> Instant,
        accepted_at -> Nullable<Instant>,
        introduced_at -> Nullable<Instant>,
        started_at -> Nullable<Instant>,
        ended_at -> Nullable<Instant>,
        end_reason -> Nullable<Text>,
        created_at -> Instant,
        updated_at -> Instant,
        version -> BigInt,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    instruments (id) {
        id -> Uid,
        programme_id -> Uid,
        url -> Text,
        version -> Text,
        name -> Text,
        title -> Text,
        kind -> Text,
        language -> Text,
        licence -> Text,
        item_count -> Integer,
        definition -> Text,
        definition_sha256 -> Binary,
        warnings -> Text,
        status -> Text,
        agreement_ref -> Nullable<Text>,
        waiver -> Nullable<Text>,
        activated_by -> Nullable<Uid>,
        activated_at -> Nullable<Instant>,
        retired_by -> Nullable<Uid>,
        retired_at -> Nullable<Instant>,
        created_by -> Nullable<Uid>,
        created_at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    assessments (id) {
        id -> Uid,
        programme_id -> Uid,
        site_id -> Uid,
        participant_id -> Uid,
        instrument_id -> Uid,
        time_point -> Text,
        status -> Text,
        channel -> Text,
        location -> Nullable<Text>,
        last_seq -> BigInt,
        started_at -> Instant,
        submitted_at -> Nullable<Instant>,
        submitted_by -> Nullable<Uid>,
        abandoned_at -> Nullable<Instant>,
        end_reason -> Nullable<Text>,
        scores -> Nullable<Text>,
        concerns -> Nullable<Text>,
        provenance -> Nullable<Text>,
        created_by -> Uid,
        created_at -> Instant,
        updated_at -> Instant,
        version -> BigInt,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    assistance_sessions (id) {
        id -> Uid,
        assessment_id -> Uid,
        helper_id -> Uid,
        helper_role -> Text,
        assignment_id -> Nullable<Uid>,
        affirmed_at -> Instant,
        opened_sections -> Text,
        last_activity_at -> Instant,
        opened_at -> Instant,
        closed_at -> Nullable<Instant>,
        close_reason -> Nullable<Text>,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    segments (id) {
        id -> Uid,
        assistance_session_id -> Uid,
        assessment_id -> Uid,
        level -> Text,
        keyed_by -> Text,
        others_present -> Text,
        handed_over -> Bool,
        started_at -> Instant,
        ended_at -> Nullable<Instant>,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    answers (assessment_id, first_seq) {
        assessment_id -> Uid,
        first_seq -> BigInt,
        last_seq -> BigInt,
        cell -> Binary,
        answered_by -> Text,
        keyed_by -> Text,
        level -> Text,
        segment_id -> Nullable<Uid>,
        author_id -> Uid,
        at -> Instant,
        language -> Nullable<Text>,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    care_plans (id) {
        id -> Uid,
        programme_id -> Uid,
        site_id -> Uid,
        participant_id -> Uid,
        assessment_id -> Uid,
        status -> Text,
        discussed_at -> Nullable<Instant>,
        agreed_at -> Nullable<Instant>,
        closed_at -> Nullable<Instant>,
        revises_id -> Nullable<Uid>,
        review_on -> Nullable<Date>,
        reviewed_at -> Nullable<Instant>,
        created_at -> Instant,
        updated_at -> Instant,
        version -> BigInt,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    care_plan_actions (id) {
        id -> Uid,
        care_plan_id -> Uid,
        position -> Integer,
        concern_code -> Nullable<Text>,
        content -> Binary,
        action -> Text,
        owner -> Text,
        due_on -> Nullable<Date>,
        status -> Text,
        created_at -> Instant,
        updated_at -> Instant,
        version -> BigInt,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    care_plan_copies (id) {
        id -> Uid,
        care_plan_id -> Uid,
        recipient -> Text,
        format -> Text,
        sent_by -> Uid,
        sent_at -> Instant,
        delivery -> Text,
        detail -> Nullable<Binary>,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    care_plan_steps (id) {
        id -> Uid,
        care_plan_id -> Uid,
        step -> Text,
        record -> Binary,
        done_by -> Uid,
        done_at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    signposts (id) {
        id -> Uid,
        programme_id -> Uid,
        site_id -> Nullable<Uid>,
        area -> Nullable<Text>,
        title -> Text,
        description -> Text,
        phone -> Nullable<Text>,
        url -> Nullable<Text>,
        address -> Nullable<Text>,
        opening -> Nullable<Text>,
        leaflet -> Nullable<Text>,
        languages -> Text,
        concern_codes -> Text,
        owner_id -> Uid,
        review_due -> Date,
        reviewed_at -> Nullable<Instant>,
        reviewed_by -> Nullable<Uid>,
        retired_at -> Nullable<Instant>,
        created_at -> Instant,
        updated_at -> Instant,
        version -> BigInt,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    flags (id) {
        id -> Uid,
        programme_id -> Uid,
        participant_id -> Nullable<Uid>,
        raised_by_person -> Nullable<Uid>,
        raised_by_client -> Nullable<Uid>,
        source -> Text,
        immediate_danger -> Bool,
        report -> Binary,
        assessment_id -> Nullable<Uid>,
        trigger_link_id -> Nullable<Text>,
        trigger_kind -> Nullable<Text>,
        status -> Text,
        acknowledge_by -> Instant,
        acknowledged_at -> Nullable<Instant>,
        acknowledged_by -> Nullable<Uid>,
        raised_at -> Instant,
        updated_at -> Instant,
        version -> BigInt,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    findings (id) {
        id -> Uid,
        programme_id -> Uid,
        participant_id -> Uid,
        assessment_id -> Uid,
        instrument_id -> Uid,
        rule -> Text,
        tier -> Text,
        audience -> Text,
        seq -> BigInt,
        detail -> Binary,
        found_at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    flag_entries (flag_id, seq) {
        flag_id -> Uid,
        seq -> BigInt,
        kind -> Text,
        nature -> Text,
        author_id -> Uid,
        occurred_at -> Instant,
        recorded_at -> Instant,
        late_reason -> Nullable<Binary>,
        content -> Binary,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    flag_exclusions (flag_id, person_id) {
        flag_id -> Uid,
        person_id -> Uid,
        reason -> Binary,
        added_by -> Uid,
        added_at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    status_changes (id) {
        id -> Uid,
        participant_id -> Uid,
        from_status -> Text,
        to_status -> Text,
        reason -> Nullable<Text>,
        decided_by -> Nullable<Text>,
        criteria -> Text,
        support_offered -> Nullable<Bool>,
        effective_on -> Date,
        consent_id -> Nullable<Uid>,
        supporters -> Text,
        participant_version -> BigInt,
        recorded_by -> Uid,
        recorded_at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    translations (id) {
        id -> Uid,
        instrument_id -> Uid,
        language -> Text,
        revision -> Integer,
        status -> Text,
        texts -> Text,
        created_by -> Nullable<Uid>,
        created_at -> Instant,
        published_by -> Nullable<Uid>,
        published_at -> Nullable<Instant>,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    outcomes (assessment_id, number) {
        assessment_id -> Uid,
        number -> BigInt,
        reason -> Nullable<Text>,
        first_seq -> BigInt,
        last_seq -> BigInt,
        scores -> Nullable<Text>,
        concerns -> Nullable<Text>,
        provenance -> Nullable<Text>,
        holding -> Nullable<Text>,
        author_id -> Uid,
        at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    paper_forms (assessment_id) {
        assessment_id -> Uid,
        programme_id -> Uid,
        participant_id -> Uid,
        instrument_id -> Uid,
        stage -> Text,
        first_keyer -> Uid,
        second_keyer -> Nullable<Uid>,
        fields -> Nullable<Integer>,
        differing -> Nullable<Integer>,
        first_errors -> Nullable<Integer>,
        second_errors -> Nullable<Integer>,
        agreed_at -> Nullable<Instant>,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    paper_entries (id) {
        id -> Uid,
        assessment_id -> Uid,
        pass -> Integer,
        keyer_id -> Uid,
        keyer_role -> Text,
        answered_by -> Text,
        sheet -> Nullable<Text>,
        fields -> Integer,
        answers -> Binary,
        entered_at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    paper_adjudications (id) {
        id -> Uid,
        assessment_id -> Uid,
        link_id -> Text,
        occurrence -> Text,
        verdict -> Text,
        content -> Nullable<Binary>,
        adjudicator_id -> Uid,
        decided_at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    leases (name) {
        name -> Text,
        holder -> Uid,
        held_until -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    audit_seals (seq) {
        seq -> BigInt,
        event_id -> Uid,
        hash -> Binary,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    audit_checkpoints (seq) {
        seq -> BigInt,
        head -> Binary,
        at -> Instant,
        flags -> BigInt,
        key_id -> Text,
        signature -> Binary,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    access_notices (id) {
        id -> Uid,
        programme_id -> Uid,
        person_id -> Uid,
        rule -> Text,
        window_from -> Instant,
        window_to -> Instant,
        events -> BigInt,
        raised_at -> Instant,
        acknowledged_at -> Nullable<Instant>,
        acknowledged_by -> Nullable<Uid>,
        note -> Nullable<Binary>,
        version -> BigInt,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    second_factors (person_id) {
        person_id -> Uid,
        secret -> Nullable<Binary>,
        confirmed_at -> Nullable<Instant>,
        pending_secret -> Nullable<Binary>,
        pending_until -> Nullable<Instant>,
        last_step -> BigInt,
        removed_at -> Nullable<Instant>,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    recovery_codes (person_id, code_hash) {
        person_id -> Uid,
        code_hash -> Binary,
        used_at -> Nullable<Instant>,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    sign_in_lanes (account, source) {
        account -> Binary,
        source -> Binary,
        failed -> Integer,
        shut_until -> Nullable<Instant>,
        known_until -> Nullable<Instant>,
        last_at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    membership_proposals (id) {
        id -> Uid,
        person_id -> Uid,
        role -> Text,
        programme_id -> Uid,
        proposed_by -> Uid,
        proposed_at -> Instant,
        decided_by -> Nullable<Uid>,
        decided_at -> Nullable<Instant>,
        confirmed -> Bool,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    mails (id) {
        id -> Uid,
        kind -> Text,
        person_id -> Nullable<Uid>,
        address -> Nullable<Binary>,
        attempts -> Integer,
        due_at -> Instant,
        created_at -> Instant,
        done_at -> Nullable<Instant>,
        outcome -> Nullable<Text>,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    data_keys (id) {
        id -> Uid,
        record -> Text,
        record_id -> Uid,
        class -> Text,
        wrapped -> Nullable<Binary>,
        wrapped_by -> BigInt,
        created_at -> Instant,
        shredded_at -> Nullable<Instant>,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    rights_requests (id) {
        id -> Uid,
        programme_id -> Uid,
        site_id -> Uid,
        participant_id -> Uid,
        kind -> Text,
        state -> Text,
        channel -> Text,
        asked -> Binary,
        received_on -> Date,
        due_on -> Date,
        paused_on -> Nullable<Date>,
        paused_days -> BigInt,
        extended -> Bool,
        closed_at -> Nullable<Instant>,
        taken_by -> Uid,
        created_at -> Instant,
        updated_at -> Instant,
        version -> BigInt,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    emergency_accesses (id) {
        id -> Uid,
        programme_id -> Uid,
        participant_id -> Uid,
        person_id -> Uid,
        role -> Text,
        reason -> Text,
        words -> Binary,
        opened_at -> Instant,
        expires_at -> Instant,
        ended_at -> Nullable<Instant>,
        ended_by -> Nullable<Uid>,
        held_at -> Nullable<Instant>,
        held_by -> Nullable<Uid>,
        hold_reason -> Nullable<Binary>,
        released_at -> Nullable<Instant>,
        review_due_at -> Instant,
        reviewed_at -> Nullable<Instant>,
        reviewed_by -> Nullable<Uid>,
        outcome -> Nullable<Text>,
        version -> BigInt,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    wrapping_keys (key_group, id) {
        key_group -> Text,
        id -> BigInt,
        proof -> Binary,
        in_use_at -> Nullable<Instant>,
        created_at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    rights_request_steps (id) {
        id -> Uid,
        request_id -> Uid,
        step -> Text,
        done_as -> Text,
        record -> Binary,
        done_by -> Uid,
        done_at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    access_reports (request_id) {
        request_id -> Uid,
        content -> Binary,
        made_at -> Instant,
        expires_at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    processing_restrictions (request_id) {
        request_id -> Uid,
        participant_id -> Uid,
        imposed_at -> Instant,
        lifted_at -> Nullable<Instant>,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    emergency_access_reviews (id) {
        id -> Uid,
        emergency_access_id -> Uid,
        outcome -> Text,
        words -> Binary,
        reviewed_by -> Uid,
        reviewed_at -> Instant,
    }
}

table! {
    use crate::types::sql::*;
    use diesel::sql_types::*;

    device_authorisations (id) {
        id -> Uid,
        client -> Text,
        device_code_hash -> Binary,
        user_code_hash -> Binary,
        device_hash -> Binary,
        device_name -> Text,
        network_hash -> Binary,
        address -> Binary,
        state -> Text,
        interval_seconds -> Integer,
        polled_at -> Nullable<Instant>,
        created_at -> Instant,
        expires_at -> Instant,
        decided_at -> Nullable<Instant>,
        decided_by -> Nullable<Uid>,
        programme_id -> Nullable<Uid>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    access_notices,
    access_reports,
    answers,
    assessments,
    assignments,
    assistance_sessions,
    audit_checkpoints,
    audit_events,
    audit_seals,
    audit_subjects,
    care_plan_actions,
    care_plan_copies,
    care_plan_steps,
    care_plans,
    clients,
    consent_forms,
    consents,
    data_keys,
    device_authorisations,
    digital_profiles,
    emergency_access_reviews,
    emergency_accesses,
    findings,
    flag_entries,
    flag_exclusions,
    flags,
    idempotency_records,
    instruments,
    leases,
    mails,
    membership_proposals,
    memberships,
    outcomes,
    paper_adjudications,
    paper_entries,
    paper_forms,
    participants,
    people,
    processing_restrictions,
    programmes,
    recovery_codes,
    rights_request_steps,
    rights_requests,
    second_factors,
    segments,
    sessions,
    sign_in_lanes,
    signposts,
    sites,
    status_changes,
    translations,
    wrapping_keys,
);
