//! Somebody who calls the API over the wire.

use std::time::Duration;

use serde_json::Value;
use ureq::http::Request;
use ureq::{Agent, Body};

use super::answer::Answer;

/// A signed-in (or unknown) caller.
#[derive(Clone)]
pub struct Caller {
    pub base: String,
    pub token: Option<String>,
    /// The person or client.
    pub id: uuid::Uuid,
    pub role: &'static str,
    agent: Agent,
}

impl Caller {
    pub fn new(base: &str, token: Option<String>, id: uuid::Uuid, role: &'static str) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .max_redirects(0)
            .build()
            .new_agent();
        Self { base: base.to_owned(), token, id, role, agent }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    /// `None` when nobody answers.
    pub fn try_get(&self, path: &str) -> Option<Answer> {
        self.try_send("GET", path, &[], None).ok()
    }

    pub fn get_as(&self, path: &str, accept: &str) -> Answer {
        self.send("GET", path, &[("accept", accept)], None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], Some(body.to_string().into_bytes()))
    }

    /// A POST that needs no body.
    pub fn post_nothing(&self, path: &str) -> Answer {
        self.send("POST", path, &[], Some(Vec::new()))
    }

    pub fn post_with_key(&self, path: &str, key: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        self.send("POST", path, &headers, Some(body.to_string().into_bytes()))
    }

    pub fn post_fhir(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, &[("content-type", "application/fhir+json")], Some(body.as_bytes().to_vec()))
    }

    pub fn post_bytes(&self, path: &str, content_type: &str, body: &[u8]) -> Answer {
        self.send("POST", path, &[("content-type", content_type)], Some(body.to_vec()))
    }

    pub fn patch(&self, path: &str, etag: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json"), ("if-match", etag)];
        self.send("PATCH", path, &headers, Some(body.to_string().into_bytes()))
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None)
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Answer {
        self.try_send(method, path, headers, body)
            .unwrap_or_else(|error| panic!("{} {method} {path}: {error}", self.role))
    }

    /// As [`Caller::send`], for a server that may be gone before it answers.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Answer, ureq::Error> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let asked = format!("{} {method} {path}", self.role);
        let response = match body {
            Some(bytes) => self.agent.run(request.body(bytes).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        read(response?, asked)
    }
}

fn read(mut response: ureq::http::Response<Body>, asked: String) -> Result<Answer, ureq::Error> {
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let bytes = response.body_mut().with_config().limit(64 << 20).read_to_vec()?;
    Ok(Answer { status: response.status().as_u16(), headers, bytes, asked })
}
