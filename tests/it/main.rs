//! One binary for all journeys and rules. Each test drives the real HTTP server on a real database of its own:
//! SQLite, or PostgreSQL where `ALONGSIDE_TEST_DATABASE_URL` names a server.

mod harness;

mod care_plans;
mod flags;
mod migrations;
mod sessions;
