//! The commands, one file for each resource.

pub mod account;
pub mod activate;
pub mod assess;
pub mod care_plan;
pub mod concern;
pub mod device;
pub mod emergency_access;
pub mod fhir;
pub mod instrument;
mod instrument_version;
pub mod manual;
pub mod paper;
pub mod participant;
pub mod rights;
pub mod sign_in;
pub mod signpost;
pub mod summary;
pub mod today;
