//! The tests themselves are in `it/`.
