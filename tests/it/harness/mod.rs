//! A world of its own for each test: a server, a database, people who sign in.

mod answer;
mod caller;
mod database;
pub mod rows;
mod world;

pub use answer::Answer;
pub use caller::Caller;
pub use database::Database;
pub use world::World;
