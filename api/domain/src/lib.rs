//! The rules of peer-supported holistic needs assessment, without any input or output.
//!
//! Server and command line stand on this crate, so a rule decides the same way online and offline. Nothing here
//! reads a clock, draws a random number or touches a database: time and ids come in as arguments.

pub mod access_record;
pub mod access_report;
pub mod access_review;
pub mod access_rule;
pub mod assessment;
pub mod assignment;
pub mod assistance;
pub mod audit;
pub mod audit_chain;
pub mod care_plan;
pub mod choice;
pub mod client;
pub mod clock;
pub mod consent;
pub mod content;
pub mod data_class;
pub mod device_authorisation;
pub mod digital_profile;
pub mod emergency_access;
pub mod finding;
pub mod flag;
pub mod id;
pub mod instrument;
pub mod json_pointer;
pub mod language;
pub mod mail;
pub mod outcome;
pub mod paper_entry;
pub mod participant;
pub mod person;
pub mod policy;
pub mod programme;
pub mod provenance;
pub mod rights_request;
pub mod sign_in;
pub mod signpost;
pub mod site;
pub mod status_change;
pub mod strict_json;
pub mod study_id;
pub mod summary;
pub mod transition;
pub mod working_day;
