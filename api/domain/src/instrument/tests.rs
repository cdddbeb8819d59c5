//! Reading and refusing definitions, HL7's own examples, and scores.

mod alert_rules;
mod calculated;
mod catalogue;
mod examples;
mod refusals;
mod rules;
mod scores;
