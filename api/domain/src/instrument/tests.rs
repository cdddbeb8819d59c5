//! Reading and refusing definitions, and HL7's own examples.

mod examples;
mod refusals;
mod rules;
