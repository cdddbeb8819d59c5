//! A world of its own for each test: a server, a database, people who sign in.

mod answer;
mod caller;
mod database;
mod man;
pub mod plans;
pub mod program;
pub mod rows;
#[cfg(target_os = "linux")]
pub mod terminal;
mod world;

pub use answer::Answer;
pub use caller::Caller;
pub use database::Database;
pub use man::{Man, assign};
pub use world::{World, id};
