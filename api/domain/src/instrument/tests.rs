//! Reading and refusing definitions, HL7's own examples, and scores.

mod alert_rules;
mod calculated;
mod catalogue;
mod examples;
mod generated;
mod invariants;
mod refusals;
mod responses;
mod rules;
mod scores;
mod versions;
