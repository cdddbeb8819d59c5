//! Reading and refusing definitions, and HL7's own examples.

mod examples;
mod generated;
mod invariants;
mod refusals;
mod responses;
mod rules;
