//! What every state machine here shares: the refusal of a step that the present state does not allow.

use crate::choice::Choice;

/// A step that is not possible from here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not from {from}: {step} is possible from other states only")]
pub struct IllegalTransition {
    /// The present state.
    pub from: String,
    /// The step that was asked for.
    pub step: String,
    /// What is possible from here.
    pub allowed: Vec<String>,
}

impl IllegalTransition {
    /// The refusal of `step` from `from`, where only `allowed` is possible.
    pub fn new(from: impl Choice, step: &str, allowed: impl IntoIterator<Item = impl Choice>) -> Self {
        Self {
            from: from.code().to_owned(),
            step: step.to_owned(),
            allowed: allowed.into_iter().map(|next| next.code().to_owned()).collect(),
        }
    }
}
