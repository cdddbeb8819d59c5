//! Both databases behind one door.
//!
//! One set of queries serves SQLite and PostgreSQL; the engine is chosen at run time by the URL. A [`Store`] has three
//! doors ([`Store::read`], [`Store::write`], [`Store::scan`]) and nothing else touches a connection. Every query about
//! a record takes the caller's [`scope::Scope`].

pub mod access_notice;
pub mod access_watch;
pub mod answer;
pub mod assessment;
pub mod assessment_history;
pub mod assessment_previous;
pub mod assignment;
pub mod assistance_session;
pub mod audit;
pub mod audit_checkpoint;
pub mod audit_list;
pub mod audit_seal;
pub mod audit_verify;
mod batch;
pub mod care_plan;
pub mod care_plan_action;
pub mod care_plan_copy;
pub mod care_plan_step;
pub mod catalogue;
pub mod client;
pub mod consent;
pub mod consent_form;
mod db;
pub mod device_authorisation;
pub mod digital_profile;
mod error;
pub mod finding;
pub mod flag;
pub mod flag_audience;
pub mod flag_entry;
pub mod flag_exclusion;
pub mod idempotency;
pub mod instrument;
pub mod lease;
pub mod mail;
pub mod membership;
pub mod membership_proposal;
pub mod migrate;
pub mod outcome;
pub mod paper_entry;
pub mod participant;
pub mod person;
mod postgres;
pub mod programme;
pub mod schema;
pub mod scope;
pub mod sealing;
pub mod second_factor;
pub mod segment;
pub mod session;
pub mod session_list;
pub mod sign_in;
pub mod sign_in_lane;
pub mod signpost;
pub mod site;
mod sqlite;
pub mod status_change;
mod store;
pub mod translation;
pub mod types;

pub use batch::WriteError;
pub use db::{Cached, Db, cols, exec, many, maybe, one};
pub use error::{StoreError, Unique};
pub use store::{Location, Store, inspect};
