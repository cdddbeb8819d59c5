//! Closed lists of codes: one spelling in the database, the API and the command line.

use std::str::FromStr;

/// An enum whose variants have a stable snake_case code each, by way of `strum`.
///
/// Derive `serde` and `strum` with `snake_case`, and the database, the document and the command line follow.
pub trait Choice: Copy + Eq + FromStr + Into<&'static str> + strum::VariantArray + 'static {
    /// The stable code, as stored and as sent.
    fn code(self) -> &'static str {
        self.into()
    }

    /// All codes of the list, for messages that say what would have been right.
    #[must_use]
    fn codes() -> String {
        Self::VARIANTS.iter().map(|choice| choice.code()).collect::<Vec<_>>().join(", ")
    }
}

impl<T> Choice for T where T: Copy + Eq + FromStr + Into<&'static str> + strum::VariantArray + 'static {}
