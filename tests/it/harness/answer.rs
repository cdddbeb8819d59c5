//! What came back, with the verbs that make a test read as a sentence.

use serde_json::Value;

/// A response, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub bytes: Vec<u8>,
    pub asked: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn etag(&self) -> String {
        self.header("etag").unwrap_or_else(|| panic!("{} came without an ETag", self.asked)).to_owned()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| {
            panic!("{}: {error}: {}", self.asked, String::from_utf8_lossy(&self.bytes))
        })
    }

    /// The status is this one; the body as JSON.
    #[track_caller]
    pub fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, String::from_utf8_lossy(&self.bytes));
        if self.bytes.is_empty() { Value::Null } else { self.json() }
    }

    #[track_caller]
    pub fn ok(&self) -> Value {
        self.is(200)
    }

    #[track_caller]
    pub fn created(&self) -> Value {
        self.is(201)
    }

    #[track_caller]
    pub fn no_content(&self) {
        assert_eq!(self.status, 204, "{}: {}", self.asked, String::from_utf8_lossy(&self.bytes));
        assert!(self.bytes.is_empty());
    }

    /// A problem with this status and code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let body = self.is(status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.asked);
        assert_eq!(body["code"], code, "{}: {body}", self.asked);
        assert_eq!(body["status"], status, "{}: {body}", self.asked);
        assert_eq!(body["type"], format!("/problems/{code}"), "{}: {body}", self.asked);
        body
    }

    #[track_caller]
    pub fn not_found(&self) -> Value {
        self.problem(404, "not-found")
    }

    #[track_caller]
    pub fn forbidden(&self) -> Value {
        self.problem(403, "forbidden")
    }

    /// 422 with a finding at this JSON Pointer.
    #[track_caller]
    pub fn invalid_at(&self, pointer: &str) -> Value {
        let body = self.problem(422, "invalid");
        let found =
            body["errors"].as_array().is_some_and(|all| all.iter().any(|error| error["pointer"] == pointer));
        assert!(found, "{}: no finding at {pointer}: {body}", self.asked);
        body
    }
}
