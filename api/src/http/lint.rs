//! What every document of ours must hold to, so that a client can be generated from it and trusted.

use std::collections::BTreeSet;

use serde_json::Value;

use super::example::{misfits, resolve};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Every violation, each with its place. A good document has none.
#[must_use]
pub fn lint(document: &Value) -> Vec<String> {
    let mut lint = Lint { document, found: Vec::new(), ids: BTreeSet::new() };
    if !document.get("openapi").and_then(Value::as_str).is_some_and(|version| version.starts_with("3.1.")) {
        lint.found.push("/openapi: not 3.1".to_owned());
    }
    for (path, method, operation) in operations(document) {
        lint.operation(&format!("{} {path}", method.to_uppercase()), operation);
    }
    lint.tags();
    for section in
        ["/components/schemas", "/components/parameters", "/components/responses", "/paths", "/webhooks"]
    {
        if let Some(part) = document.pointer(section) {
            lint.walk(section, part);
        }
    }
    lint.found
}

/// Every operation with its path and method.
pub fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let items = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    items.flat_map(|(path, item)| {
        let members = item.as_object().into_iter().flatten();
        members
            .filter(|(method, _)| METHODS.contains(&method.as_str()))
            .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

struct Lint<'d> {
    document: &'d Value,
    found: Vec<String>,
    ids: BTreeSet<&'d str>,
}

impl<'d> Lint<'d> {
    fn operation(&mut self, at: &str, operation: &'d Value) {
        let text = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default();
        let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default();
        if !is_verb_noun(id) {
            self.found.push(format!("{at}: the operation id {id:?} is not verb_noun"));
        }
        if !self.ids.insert(id) {
            self.found.push(format!("{at}: the operation id {id:?} is used twice"));
        }
        for name in ["summary", "description"] {
            if text(name).is_empty() {
                self.found.push(format!("{at}: no {name}"));
            }
        }
        if operation.get("tags").and_then(Value::as_array).map(Vec::len) != Some(1) {
            self.found.push(format!("{at}: not exactly one tag"));
        }
        let secured =
            operation.get("security").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        if secured && operation.get("x-permission").is_none() {
            self.found.push(format!("{at}: no x-permission"));
        }
        if let Some(body) = operation.get("requestBody") {
            self.examples(at, "the request", body);
        }
        let responses = operation.get("responses").and_then(Value::as_object);
        if !responses.is_some_and(|responses| responses.keys().any(|status| status.starts_with('2'))) {
            self.found.push(format!("{at}: no success"));
        }
        for (status, response) in responses.into_iter().flatten() {
            self.response(at, status, response);
        }
    }

    fn response(&mut self, at: &str, status: &str, response: &'d Value) {
        let response = resolve(self.document, response);
        if response.get("description").and_then(Value::as_str).unwrap_or_default().is_empty() {
            self.found.push(format!("{at}: {status} has no description"));
        }
        match status.chars().next() {
            Some('2') => self.examples(at, status, response),
            Some('4' | '5') if response.get("content").is_none() => {
                self.found.push(format!("{at}: {status} has no problem body"));
            }
            Some('3' | '4' | '5') => {}
            _ => self.found.push(format!("{at}: {status} is not a plain status")),
        }
    }

    /// JSON bodies have an example, and examples fit their schema.
    fn examples(&mut self, at: &str, what: &str, holder: &'d Value) {
        for (kind, content) in holder.get("content").and_then(Value::as_object).into_iter().flatten() {
            let Some(schema) = content.get("schema") else {
                self.found.push(format!("{at}: {what} has no schema for {kind}"));
                continue;
            };
            let several = content.get("examples").and_then(Value::as_object).into_iter().flatten();
            let several = several.filter_map(|(_, example)| example.get("value"));
            let examples: Vec<&Value> = content.get("example").into_iter().chain(several).collect();
            if examples.is_empty() && kind.ends_with("json") {
                self.found.push(format!("{at}: no example of {what}"));
            }
            for example in examples {
                let wrong = misfits(self.document, schema, example, "");
                self.found
                    .extend(wrong.into_iter().map(|misfit| format!("{at}: example of {what}: {misfit}")));
            }
        }
    }

    /// Every tag in use is described, and every described tag is in use.
    fn tags(&mut self) {
        let used: BTreeSet<&str> = operations(self.document)
            .flat_map(|(_, _, operation)| {
                operation.get("tags").and_then(Value::as_array).into_iter().flatten()
            })
            .filter_map(Value::as_str)
            .collect();
        let mut described = BTreeSet::new();
        for tag in self.document.get("tags").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| tag.get(name).and_then(Value::as_str).unwrap_or_default();
            if !text("description").is_empty() {
                described.insert(tag.get("name").and_then(Value::as_str).unwrap_or_default());
            }
        }
        self.found.extend(used.difference(&described).map(|tag| format!("/tags: {tag} is not described")));
        self.found.extend(described.difference(&used).map(|tag| format!("/tags: {tag} is not used")));
    }

    /// Finds every schema below `value` and checks its bounds.
    fn walk(&mut self, at: &str, value: &'d Value) {
        match value {
            Value::Object(members) => {
                self.bounds(at, value);
                for (name, member) in members {
                    // A member may be called `type` or `example`; only these places hold plain values.
                    let plain = !at.ends_with("/properties")
                        && matches!(
                            name.as_str(),
                            "example" | "examples" | "default" | "enum" | "const" | "x-permission"
                        );
                    if !plain {
                        self.walk(&format!("{at}/{name}"), member);
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.walk(&format!("{at}/{index}"), item);
                }
            }
            _ => {}
        }
    }

    fn bounds(&mut self, at: &str, schema: &Value) {
        if at.ends_with("/properties") {
            return;
        }
        let is = |kind: &str| match schema.get("type") {
            Some(Value::String(known)) => known == kind,
            Some(Value::Array(known)) => known.iter().any(|known| known == kind),
            _ => false,
        };
        let has = |names: &[&str]| names.iter().any(|name| schema.get(name).is_some());
        if is("string") && !has(&["maxLength", "format", "enum", "const", "pattern"]) {
            self.found.push(format!("{at}: a string without maxLength, format, enum or pattern"));
        }
        if is("array") && !has(&["maxItems", "prefixItems"]) {
            self.found.push(format!("{at}: an array without maxItems"));
        }
        let bounded = has(&["minimum", "exclusiveMinimum"]) && has(&["maximum", "exclusiveMaximum"]);
        if is("integer") && !bounded && !has(&["enum", "const"]) {
            self.found.push(format!("{at}: an integer without bounds"));
        }
    }
}

fn is_verb_noun(id: &str) -> bool {
    let mut words = id.split('_');
    let verb = words
        .next()
        .is_some_and(|verb| !verb.is_empty() && verb.bytes().all(|byte| byte.is_ascii_lowercase()));
    let mut nouns = words.peekable();
    verb && nouns.peek().is_some()
        && nouns.all(|noun| {
            !noun.is_empty() && noun.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}
