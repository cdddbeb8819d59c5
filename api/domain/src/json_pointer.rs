//! JSON Pointers (RFC 6901).

use std::fmt::Write as _;

/// One step down into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Member(String),
    Index(usize),
}

/// The pointer that takes these steps; empty for the document itself.
#[must_use]
pub fn pointer(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        match step {
            Step::Member(name) => push_member(&mut out, name),
            Step::Index(index) => push_index(&mut out, *index),
        }
    }
    out
}

/// Appends a member's name, escaped.
pub fn push_member(out: &mut String, name: &str) {
    out.push('/');
    for c in name.chars() {
        match c {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            c => out.push(c),
        }
    }
}

/// Appends an array index.
pub fn push_index(out: &mut String, index: usize) {
    // Writing to a string cannot fail.
    let _ = write!(out, "/{index}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped() {
        let steps = [
            Step::Member("a/b".into()),
            Step::Index(3),
            Step::Member("~".into()),
            Step::Member(String::new()),
        ];
        assert_eq!(pointer(&steps), "/a~1b/3/~0/");
        assert_eq!(pointer(&[]), "");
    }
}
