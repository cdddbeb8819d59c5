//! One binary for all journeys and rules. Each test drives the real HTTP server on a real database of its own:
//! SQLite, or PostgreSQL where `ALONGSIDE_TEST_DATABASE_URL` names a server.

mod harness;

mod access_notices;
mod assessment_summary;
mod audit_events;
mod audit_sealing;
mod care_plan_copies;
mod care_plan_reviews;
mod care_plans;
mod client_secrets;
mod command_line;
mod command_line_account;
#[cfg(target_os = "linux")]
mod command_line_journey;
mod document;
mod faults;
mod fhir;
mod fhir_validation;
mod findings;
mod flags;
mod ground_rules;
mod guessing;
mod instrument_uses;
mod instrument_versions;
mod instruments;
mod key_rotation;
mod letters;
mod memberships;
mod migrations;
mod oauth_tokens;
mod offline_man;
mod outcomes;
mod paper_entries;
mod participants;
mod passwords;
mod policy;
mod reach;
mod sealed_fields;
mod second_factors;
mod session_lists;
mod sessions;
mod signing_keys;
mod signposts;
mod status_changes;
mod step_ups;
mod translations;
