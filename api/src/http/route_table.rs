//! Which methods an address has and what they answer in, read from the document.
//!
//! The framework knows its routes but cannot be asked; the document knows the same and can.

use std::collections::HashMap;

use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Addresses by segment.
#[derive(Debug, Default)]
pub struct RouteTable(Node);

#[derive(Debug, Default)]
struct Node {
    fixed: HashMap<String, Node>,
    any: Option<Box<Node>>,
    methods: Vec<Answers>,
}

/// A method, and the media types of its successful answers. None at all when it answers without a body.
#[derive(Debug)]
struct Answers {
    method: Method,
    kinds: Vec<String>,
}

impl RouteTable {
    /// From an OpenAPI document as JSON, of which only this little is read.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_document(json: &str) -> Result<Self, serde_json::Error> {
        let document: Described = serde_json::from_str(json)?;
        let mut table = Self::default();
        for (path, operations) in document.paths {
            for (method, operation) in operations {
                if let Ok(method) = Method::from_bytes(method.to_ascii_uppercase().as_bytes()) {
                    table.node(&path).methods.push(Answers { method, kinds: operation.success_kinds() });
                }
            }
        }
        Ok(table)
    }

    /// Adds an address that is not in the document, with `GET` alone.
    #[must_use]
    pub fn with(mut self, path: &str) -> Self {
        self.node(path).methods.push(Answers { method: Method::GET, kinds: Vec::new() });
        self
    }

    /// The value of `Allow` for an address, if there is such an address.
    #[must_use]
    pub fn allow(&self, path: &str) -> Option<HeaderValue> {
        let node = self.find(path)?;
        let mut names: Vec<&str> = node.methods.iter().map(|answers| answers.method.as_str()).collect();
        // Every GET answers HEAD too.
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        names.sort_unstable();
        HeaderValue::from_str(&names.join(", ")).ok()
    }

    /// Whether some answer of this operation fits the `Accept` header. What is not in the table decides for itself.
    #[must_use]
    pub fn acceptable(&self, method: &Method, path: &str, accept: &str) -> bool {
        let Some(node) = self.find(path) else { return true };
        let Some(answers) = node.methods.iter().find(|answers| answers.method == *method) else {
            return true;
        };
        answers.kinds.is_empty() || answers.kinds.iter().any(|kind| accepts(accept, kind))
    }

    /// The node for a path, made if need be.
    fn node(&mut self, path: &str) -> &mut Node {
        segments(path).fold(&mut self.0, |node, segment| {
            if segment.starts_with('{') {
                node.any.get_or_insert_default()
            } else {
                node.fixed.entry(segment.to_owned()).or_default()
            }
        })
    }

    fn find(&self, path: &str) -> Option<&Node> {
        let segments: Vec<&str> = segments(path).collect();
        find(&self.0, &segments)
    }
}

/// Fixed names before parameters, and back again when a fixed name leads nowhere.
fn find<'t>(node: &'t Node, segments: &[&str]) -> Option<&'t Node> {
    let Some((segment, rest)) = segments.split_first() else {
        return (!node.methods.is_empty()).then_some(node);
    };
    let fixed = node.fixed.get(*segment).and_then(|inner| find(inner, rest));
    let any = || node.any.as_deref().filter(|_| !segment.is_empty()).and_then(|inner| find(inner, rest));
    fixed.or_else(any)
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

/// What is read of the document.
#[derive(Deserialize)]
struct Described {
    paths: HashMap<String, HashMap<String, DescribedOperation>>,
}

#[derive(Deserialize)]
struct DescribedOperation {
    responses: HashMap<String, DescribedResponse>,
}

#[derive(Deserialize)]
struct DescribedResponse {
    #[serde(default)]
    content: HashMap<String, IgnoredAny>,
}

impl DescribedOperation {
    fn success_kinds(&self) -> Vec<String> {
        let successes = self.responses.iter().filter(|(status, _)| status.starts_with('2'));
        successes
            .flat_map(|(_, response)| response.content.keys())
            .map(|kind| kind.to_ascii_lowercase())
            .collect()
    }
}

/// Whether an `Accept` header lets `kind` through. RFC 9110: the most specific range decides.
#[must_use]
pub fn accepts(accept: &str, kind: &str) -> bool {
    if accept.trim().is_empty() {
        return true;
    }
    let family = kind.split('/').next().unwrap_or_default();
    let mut best: Option<(u8, bool)> = None;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let specific = match name.as_str() {
            "*/*" => 0,
            name if name == kind => 2,
            name if name.strip_suffix("/*") == Some(family) => 1,
            _ => continue,
        };
        let refused = parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32)));
        if best.is_none_or(|(known, _)| specific >= known) {
            best = Some((specific, !refused));
        }
    }
    best.is_some_and(|(_, wanted)| wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn table() -> RouteTable {
        let json = json!({"200": {"content": {"application/json": {}}}});
        let document = json!({"paths": {
            "/v1/things": {"get": {"responses": json}, "post": {"responses": {"201": {}}}},
            "/v1/things/{id}": {"get": {"responses": json}, "patch": {"responses": json}},
            "/v1/things/export": {"post": {"responses": {"200": {"content": {"application/x-ndjson": {}}}}}},
            "/v1/{kind}/export/{id}": {"delete": {"responses": {"204": {}}}},
        }});
        RouteTable::from_document(&document.to_string()).unwrap().with("/healthz")
    }

    #[test]
    fn an_address_knows_its_methods() {
        let allow = |path| table().allow(path).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(allow("/v1/things").as_deref(), Some("GET, HEAD, POST"));
        assert_eq!(allow("/v1/things/7").as_deref(), Some("GET, HEAD, PATCH"));
        assert_eq!(allow("/v1/things/export").as_deref(), Some("POST"));
        assert_eq!(allow("/v1/things/export/3").as_deref(), Some("DELETE"));
        assert_eq!(allow("/healthz").as_deref(), Some("GET, HEAD"));
        for unknown in ["/", "/v1", "/v1/things/", "/v1/things/7/8", "/V1/things", ""] {
            assert_eq!(allow(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn an_answer_must_fit() {
        let fits = |method, path, accept| table().acceptable(&method, path, accept);
        assert!(fits(Method::GET, "/v1/things", "application/json"));
        assert!(fits(Method::GET, "/v1/things", "text/html, application/*;q=0.5"));
        assert!(!fits(Method::GET, "/v1/things", "text/html"));
        assert!(!fits(Method::GET, "/v1/things", "application/json;q=0, */*"));
        assert!(!fits(Method::POST, "/v1/things/export", "application/json"));
        assert!(fits(Method::POST, "/v1/things", "text/html"), "nothing is sent back");
        assert!(fits(Method::GET, "/elsewhere", "text/html"));
    }
}
