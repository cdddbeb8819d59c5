//! The sealed audit log: signing its checkpoints, judging it, and handing it out for others to judge.
//!
//! `docs/audit-log.md` describes the format.

mod checkpoints;
mod export;
mod verify;

pub use checkpoints::{Checkpoints, Line, PublicKeys};
pub use export::export;
pub use verify::{Finding, Report, verify};
