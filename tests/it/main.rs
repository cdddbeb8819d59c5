//! One binary for all journeys and rules. Each test drives the real HTTP server on a real database of its own:
//! SQLite, or PostgreSQL where `ALONGSIDE_TEST_DATABASE_URL` names a server.

mod harness;

mod access_notices;
mod assessment_summary;
mod asvs;
mod audit_events;
mod audit_sealing;
mod care_plan_copies;
mod care_plan_reviews;
mod care_plans;
mod client_secrets;
mod command_line;
mod command_line_account;
mod command_line_emergency;
#[cfg(target_os = "linux")]
mod command_line_journey;
mod device_authorisations;
mod document;
mod emergency_accesses;
mod faults;
mod fhir;
mod fhir_validation;
mod findings;
mod flags;
mod ground_rules;
mod guessing;
mod injection;
mod instrument_uses;
mod instrument_versions;
mod instruments;
mod letters;
mod mass_assignment;
mod memberships;
mod migrations;
mod oauth_tokens;
mod offline_man;
mod operator;
mod outcomes;
mod paper_entries;
mod participants;
mod passwords;
mod policy;
mod reach;
mod rights_requests;
mod row_level_security;
mod row_level_security_contexts;
mod second_factors;
mod session_lists;
mod sessions;
mod shown_languages;
mod signing_keys;
mod signposts;
mod status_changes;
mod step_ups;
mod translations;
