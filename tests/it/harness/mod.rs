//! A world of its own for each test: a server, a database, people who sign in.

mod account;
mod answer;
mod caller;
mod database;
mod man;
pub mod plans;
mod post_box;
pub mod program;
pub mod rights;
pub mod rows;
#[cfg(target_os = "linux")]
pub mod terminal;
mod world;

pub use account::{PASSWORD, fail_until_slow, secret};
pub use answer::Answer;
pub use caller::Caller;
pub use database::{Database, is_on_postgres};
pub use man::{Man, assign};
pub use post_box::PostBox;
pub use world::{World, id};
