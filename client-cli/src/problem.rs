//! What the server refused, in plain words.

use std::error::Error;
use std::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::exit::Exit;

/// A problem document (RFC 9457) as this server sends it, or what could be made of another answer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Problem {
    pub status: u16,
    pub code: String,
    pub title: String,
    pub detail: Option<String>,
    /// The request's id, for whoever looks into the server's log.
    pub instance: Option<String>,
    pub errors: Vec<Field>,
    pub allowed_next: Vec<String>,
}

/// One value that was not accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Field {
    pub pointer: String,
    pub code: String,
    pub message: String,
    /// The place as people who know FHIR write it, where the server says so.
    pub path: Option<String>,
}

impl Problem {
    /// Reads a refusal. What is no problem document, as from a proxy in between, still has its status.
    #[must_use]
    pub fn read(status: u16, body: &[u8]) -> Self {
        let mut problem: Self = serde_json::from_slice(body).unwrap_or_default();
        problem.status = status;
        if problem.title.is_empty() {
            problem.title = format!("The server answered {status}");
        }
        problem
    }

    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.code == code
    }

    #[must_use]
    pub fn exit(&self) -> Exit {
        Exit::for_status(self.status)
    }

    /// The problem as a document, for scripts.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let errors: Vec<Value> = self.errors.iter().map(Field::to_json).collect();
        json!({
            "status": self.status, "code": self.code, "title": self.title, "detail": self.detail,
            "instance": self.instance, "errors": errors, "allowed_next": self.allowed_next,
        })
    }
}

impl Field {
    fn to_json(&self) -> Value {
        json!({"pointer": self.pointer, "code": self.code, "message": self.message, "path": self.path})
    }

    /// The place in a document, as exact as it is known.
    fn place(&self) -> &str {
        self.path.as_deref().filter(|path| !path.is_empty()).unwrap_or(&self.pointer)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.title.trim_end_matches(['.', '?', '!']))?;
        if let Some(detail) = &self.detail {
            write!(f, " {detail}")?;
        }
        for field in &self.errors {
            match field.place() {
                "" => write!(f, "\n  {}", field.message)?,
                place => write!(f, "\n  {place}: {}", field.message)?,
            }
        }
        if !self.allowed_next.is_empty() {
            write!(f, "\n  Possible from here: {}", self.allowed_next.join(", "))?;
        }
        match self.code.as_str() {
            "unauthenticated" | "session-ended" => write!(f, "\n  Sign in with: alongside login")?,
            "second-factor-required" => {
                write!(f, "\n  Give the code of your app as well: on a second line with --password-stdin")?;
            }
            "enrolment-required" => write!(f, "\n  Set one up with: alongside second-factor set-up")?,
            "step-up-required" => write!(f, "\n  Do that with: alongside step-up")?,
            "internal" => {
                if let Some(instance) = &self.instance {
                    write!(f, "\n  When you report it, give this number: {instance}")?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_with_its_places() {
        let body = json!({"title": "Not acceptable", "code": "invalid", "errors": [
            {"pointer": "/answers/0/link_id", "code": "unknown_question", "message": "No such question."}]});
        let problem = Problem::read(422, body.to_string().as_bytes());
        assert_eq!(problem.to_string(), "Not acceptable.\n  /answers/0/link_id: No such question.");
        assert_eq!(problem.exit(), Exit::Error);
    }

    #[test]
    fn what_is_no_problem_document_keeps_its_status() {
        let problem = Problem::read(502, b"<html>Bad gateway</html>");
        assert_eq!(problem.to_string(), "The server answered 502.");
        assert_eq!(problem.exit(), Exit::ServerFailure);
    }
}
