//! What is wrong with a document, where, and in words a person understands.

use serde::Serialize;

/// How much a finding matters; the four levels of FHIR `OperationOutcome.issue.severity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The document could not be read any further.
    Fatal,
    /// The document breaks a rule and is refused.
    Error,
    /// The document is taken, but somebody should look.
    Warning,
    /// Worth knowing.
    Information,
}

/// One thing to say about one element of a submitted document.
///
/// Messages about answers never repeat the answer: a finding may be logged or read by a helper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// A stable code for machines.
    pub code: &'static str,
    /// JSON Pointer (RFC 6901) into the submitted document.
    pub pointer: String,
    /// The same place as people who know FHIR write it: `Questionnaire.item[2].item[0].type`.
    pub path: String,
    /// What is wrong, in plain words.
    pub message: String,
}

impl Finding {
    /// A document that could not be read at all, or not past `pointer`.
    pub fn unreadable(resource: &str, pointer: &str, code: &'static str, message: impl Into<String>) -> Self {
        Place::below(pointer, resource).fatal(code, message)
    }

    /// Whether this finding alone is reason to refuse the document.
    pub fn is_refusal(&self) -> bool {
        self.severity <= Severity::Error
    }
}

/// The address of an element while a document is being walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pointer: String,
    path: String,
}

impl Place {
    /// The document itself, called by its resource type.
    pub(super) fn root(name: &str) -> Self {
        Self { pointer: String::new(), path: name.to_owned() }
    }

    /// No place: for judging whether there is anything to find, before it is worked out where.
    pub(super) fn nowhere() -> Self {
        Self { pointer: String::new(), path: String::new() }
    }

    pub(super) fn is_nowhere(&self) -> bool {
        self.path.is_empty()
    }

    /// A place inside a larger document that is not ours: the pointer goes on from `pointer`.
    pub(super) fn below(pointer: &str, name: &str) -> Self {
        Self { pointer: pointer.to_owned(), path: name.to_owned() }
    }

    pub(super) fn member(&self, name: &str) -> Self {
        if self.is_nowhere() {
            return Self::nowhere();
        }
        let escaped = name.replace('~', "~0").replace('/', "~1");
        Self { pointer: format!("{}/{escaped}", self.pointer), path: format!("{}.{name}", self.path) }
    }

    pub(super) fn index(&self, index: usize) -> Self {
        if self.is_nowhere() {
            return Self::nowhere();
        }
        Self { pointer: format!("{}/{index}", self.pointer), path: format!("{}[{index}]", self.path) }
    }

    pub(super) fn fatal(&self, code: &'static str, message: impl Into<String>) -> Finding {
        self.finding(Severity::Fatal, code, message)
    }

    pub(super) fn error(&self, code: &'static str, message: impl Into<String>) -> Finding {
        self.finding(Severity::Error, code, message)
    }

    pub(super) fn warning(&self, code: &'static str, message: impl Into<String>) -> Finding {
        self.finding(Severity::Warning, code, message)
    }

    pub(super) fn information(&self, code: &'static str, message: impl Into<String>) -> Finding {
        self.finding(Severity::Information, code, message)
    }

    fn finding(&self, severity: Severity, code: &'static str, message: impl Into<String>) -> Finding {
        Finding {
            severity,
            code,
            pointer: self.pointer.clone(),
            path: self.path.clone(),
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_both_ways() {
        let place = Place::root("Questionnaire").member("item").index(2).member("a/b~c");
        let finding = place.error("unknown_member", "No such member.");
        assert_eq!(finding.pointer, "/item/2/a~1b~0c");
        assert_eq!(finding.path, "Questionnaire.item[2].a/b~c");
    }

    #[test]
    fn only_errors_refuse() {
        let place = Place::root("Questionnaire");
        assert!(place.fatal("x", "x").is_refusal());
        assert!(place.error("x", "x").is_refusal());
        assert!(!place.warning("x", "x").is_refusal());
    }
}
