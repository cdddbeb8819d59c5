//! One file for each resource: its request and view types, its handlers, its routes.

pub mod activations;
pub mod amendments;
pub(crate) mod answer_input;
mod answering;
pub mod answers;
pub mod assessment_summary;
pub(crate) mod assessment_view;
pub mod assessments;
pub mod assignments;
pub mod assistance_sessions;
pub mod audit_events;
pub mod care_plan_actions;
pub mod care_plans;
mod checks;
pub mod clients;
pub mod consent_forms;
pub mod consents;
pub mod digital_profiles;
mod fhir;
pub mod flag_entries;
pub mod flag_exclusions;
mod flag_report;
pub mod flags;
pub mod instruments;
pub mod memberships;
pub mod oauth;
pub(crate) mod outcome;
pub mod participant_identity;
pub mod participants;
pub mod people;
pub mod programmes;
pub mod questionnaire_responses;
pub mod segments;
pub mod sessions;
pub mod sites;
pub mod status_changes;
pub mod submissions;

use utoipa_actix_web::service_config::ServiceConfig;

/// Every operation of the document.
pub fn all(config: &mut ServiceConfig) {
    assessment_summary::routes(config);
    care_plans::routes(config);
    care_plan_actions::routes(config);
    flags::routes(config);
    flag_entries::routes(config);
    flag_exclusions::routes(config);
    sessions::routes(config);
    oauth::routes(config);
    activations::routes(config);
    programmes::routes(config);
    sites::routes(config);
    people::routes(config);
    memberships::routes(config);
    clients::routes(config);
    audit_events::routes(config);
    assignments::routes(config);
    consent_forms::routes(config);
    consents::routes(config);
    digital_profiles::routes(config);
    status_changes::routes(config);
    participant_identity::routes(config);
    participants::routes(config);
    amendments::routes(config);
    answers::routes(config);
    assessments::routes(config);
    assistance_sessions::routes(config);
    instruments::routes(config);
    questionnaire_responses::routes(config);
    segments::routes(config);
    submissions::routes(config);
}
