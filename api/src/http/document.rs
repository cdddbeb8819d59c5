//! Finishes the document that the handlers' annotations make: what holds for every operation is added here, once.
//!
//! It works on plain JSON, because the rules are about the document as it is read, and because what is committed,
//! served and linted is then one value.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use utoipa::PartialSchema as _;
use utoipa::openapi::OpenApi;
use uuid::Uuid;

use super::codes::Code;
use super::example;
use super::problem::{PROBLEM_JSON, Problem, ProblemBody, ProblemField};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

const DESCRIPTION: &str = "\
Peer-supported holistic needs assessment: participants, supporters, assessments with answers, care plans and \
safeguarding.

**Reading.** Lists answer `{\"items\": [..], \"next\": \"<cursor>\"}` and a `Link` header; pass `next` back as `cursor` \
until it is absent. A member that is absent is null. Enumerations are open lists: expect values you do not know.

**Writing.** Send an `Idempotency-Key` with every POST and repeat the same request after any doubt: it happens once. \
Ids may be chosen by the client (UUIDv7). `PATCH` is a JSON merge patch (RFC 7396) and, like `DELETE`, needs the \
record's `ETag` in `If-Match`. `Prefer: return=minimal` leaves the body out of the answer. Unknown members are refused.

**Errors** are `application/problem+json` (RFC 9457). `type` leads to a page that explains it, `errors` names every \
member at fault with a JSON Pointer, and `instance` is the id to quote when asking for help.

**Limits.** Bodies up to 1 MiB unless an operation says otherwise; `RateLimit` tells what is left. After 429 or 503 \
wait for `Retry-After`.";

/// What the annotations cannot know.
#[derive(Debug, Default)]
pub struct Extras<'a> {
    /// Tags in reading order, each with its description.
    pub tags: &'a [(&'a str, &'a str)],
    /// `x-permission` by operation id, from the policy table. A string member `scope` becomes the security scope.
    pub permissions: BTreeMap<String, Value>,
    /// `PATCH` and `DELETE` operations on what has no version, which take no `If-Match`.
    pub unversioned: &'a [&'a str],
    /// Where one operation's answer leads to another operation.
    pub links: &'a [Link<'a>],
    /// The `webhooks` section.
    pub webhooks: Option<Value>,
}

/// From one operation's answer to another operation.
#[derive(Debug)]
pub struct Link<'a> {
    pub from: &'a str,
    pub status: &'a str,
    pub name: &'a str,
    pub to: &'a str,
    /// Parameter and runtime expression: `("id", "$response.body#/id")`.
    pub parameters: &'a [(&'a str, &'a str)],
}

/// The finished document.
///
/// # Errors
/// When the generated document cannot be written as JSON.
pub fn finish(openapi: &OpenApi, extras: &Extras<'_>) -> Result<Value, serde_json::Error> {
    let mut generated = serde_json::to_value(openapi)?;
    let mut document = Map::new();
    document.insert("openapi".to_owned(), json!("3.1.0"));
    document.insert("info".to_owned(), info());
    document.insert("servers".to_owned(), json!([{"url": "/", "description": "This server"}]));
    let tags =
        extras.tags.iter().map(|(name, description)| json!({"name": name, "description": description}));
    document.insert("tags".to_owned(), tags.collect());
    document.insert("paths".to_owned(), take(&mut generated, "paths"));
    if let Some(webhooks) = &extras.webhooks {
        document.insert("webhooks".to_owned(), webhooks.clone());
    }
    document.insert("components".to_owned(), take(&mut generated, "components"));
    let mut document = Value::Object(document);

    add_components(&mut document)?;
    close_requests(&mut document);
    for (path, item) in object(&mut document, "paths") {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if METHODS.contains(&method.as_str()) {
                finish_operation(path, method, operation, extras);
            }
        }
    }
    bound_the_rest(&mut document);
    add_examples(&mut document);
    Ok(document)
}

fn info() -> Value {
    json!({
        "title": "Alongside API",
        "summary": "Peer-supported holistic needs assessment",
        "description": DESCRIPTION,
        "license": {"name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT"},
        "version": env!("CARGO_PKG_VERSION"),
    })
}

fn take(from: &mut Value, name: &str) -> Value {
    from.get_mut(name).map_or_else(|| json!({}), Value::take)
}

/// An object's member as an object, made if need be. Of anything but an object, an empty one that leads nowhere.
fn object<'v>(value: &'v mut Value, name: &str) -> impl Iterator<Item = (&'v String, &'v mut Value)> {
    value.get_mut(name).and_then(Value::as_object_mut).into_iter().flatten()
}

fn add(value: &mut Value, section: &str, name: &str, content: Value) {
    if let Some(members) = value.as_object_mut() {
        let section = members.entry(section).or_insert_with(|| json!({}));
        if let Some(section) = section.as_object_mut() {
            section.insert(name.to_owned(), content);
        }
    }
}

fn add_components(document: &mut Value) -> Result<(), serde_json::Error> {
    let Some(components) = document.get_mut("components") else { return Ok(()) };
    add(components, "schemas", "Problem", serde_json::to_value(ProblemBody::schema())?);
    add(components, "schemas", "ProblemField", serde_json::to_value(ProblemField::schema())?);
    let statuses: BTreeSet<u16> = Code::ALL.iter().map(|code| code.status().as_u16()).collect();
    for status in statuses {
        add(components, "responses", &response_name(status), problem_response(status)?);
    }
    add(
        components,
        "parameters",
        "IdempotencyKey",
        json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Chosen by the client for one request and its retries. The same key and body replays the first answer for 30 days.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
            "example": "0190a5c2-7d5f-7c3a-9a52-0f4b7b1f3d11",
        }),
    );
    add(
        components,
        "parameters",
        "IfMatch",
        json!({
            "name": "If-Match", "in": "header", "required": true,
            "description": "The `ETag` of the version this change is meant for, or `*`.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "example": "\"7\"",
        }),
    );
    add(
        components,
        "parameters",
        "IfNoneMatch",
        json!({
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "The `ETag` already held: 304 when it is still current.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "example": "\"7\"",
        }),
    );
    add(
        components,
        "securitySchemes",
        "bearer",
        json!({
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "An access token from the session or token operations.",
        }),
    );
    Ok(())
}

fn response_name(status: u16) -> String {
    format!("Problem{status}")
}

/// One response component per status, with an example for every code it can carry.
fn problem_response(status: u16) -> Result<Value, serde_json::Error> {
    let request = Uuid::from_u128(0x0190_a5c2_7d5f_7c3a_9a52_0f4b_7b1f_3d11);
    let mut titles = Vec::new();
    let mut examples = Map::new();
    for code in Code::ALL.into_iter().filter(|code| code.status().as_u16() == status) {
        let problem = match code {
            Code::Invalid => Problem::new(code).field("/name", "missing", "This member is required."),
            Code::MalformedQuery => Problem::new(code).field("/limit", "range", "This must be 1 or more."),
            Code::IllegalTransition => Problem::new(code).allowed_next(["closed"]),
            _ => Problem::new(code),
        };
        let value = serde_json::to_value(problem.body(Some(request)))?;
        examples.insert(code.as_str().to_owned(), json!({"summary": code.entry().title, "value": value}));
        titles.push(code.entry().title);
    }
    let mut response = json!({
        "description": format!("{}.", titles.join("; or: ").trim_end_matches('?')),
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}},
    });
    let seconds = json!({"type": "integer", "minimum": 0, "maximum": 86400});
    if matches!(status, 429 | 503) {
        let header = json!({"description": "Seconds to wait.", "schema": seconds});
        add(&mut response, "headers", "Retry-After", header);
    }
    Ok(response)
}

fn finish_operation(path: &str, method: &str, operation: &mut Value, extras: &Extras<'_>) {
    let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let permission = extras.permissions.get(&id);
    let public = is_public(operation)
        || permission.is_some_and(|permission| permission.get("public") == Some(&json!(true)));
    if let Some(members) = operation.as_object_mut() {
        let scopes: Vec<&Value> =
            permission.and_then(|permission| permission.get("scope")).into_iter().collect();
        let security = if public { json!([]) } else { json!([{"bearer": scopes}]) };
        members.insert("security".to_owned(), security);
        if let Some(permission) = permission {
            members.insert("x-permission".to_owned(), permission.clone());
        }
    }
    let versioned = matches!(method, "patch" | "delete") && !extras.unversioned.contains(&id.as_str());
    if versioned && !has_parameter(operation, "If-Match") {
        add_parameter(operation, "IfMatch");
    }
    if method == "post" && !public {
        add_parameter(operation, "IdempotencyKey");
    }
    if operation.pointer("/responses/304").is_some() && !has_parameter(operation, "If-None-Match") {
        add_parameter(operation, "IfNoneMatch");
    }
    for status in statuses(path, method, operation, public) {
        let known =
            operation.get("responses").and_then(|responses| responses.get(status.to_string())).is_some();
        if !known {
            let reference = format!("#/components/responses/{}", response_name(status));
            add(operation, "responses", &status.to_string(), json!({"$ref": reference}));
        }
    }
    mend_problems(operation);
    sort_responses(operation);
    for link in extras.links.iter().filter(|link| link.from == id) {
        let parameters: Map<String, Value> = link
            .parameters
            .iter()
            .map(|(name, expression)| ((*name).to_owned(), json!(expression)))
            .collect();
        let content = json!({"operationId": link.to, "parameters": parameters});
        if let Some(response) =
            operation.get_mut("responses").and_then(|responses| responses.get_mut(link.status))
        {
            add(response, "links", link.name, content);
        }
    }
}

/// Annotated with `security(())`.
fn is_public(operation: &Value) -> bool {
    let alternatives = operation.get("security").and_then(Value::as_array);
    alternatives.is_some_and(|list| list.iter().all(|each| each.as_object().is_some_and(Map::is_empty)))
}

/// What an operation of this shape can answer besides its successes.
fn statuses(path: &str, method: &str, operation: &Value, public: bool) -> Vec<u16> {
    let has_body = operation.get("requestBody").is_some();
    let write = method != "get";
    let mut out = vec![414, 429, 431, 500, 503];
    if operation.get("responses").is_some_and(answers_with_content) {
        out.push(406);
    }
    if has_body {
        out.extend([400, 408, 413, 415, 422]);
    }
    if parameters(operation).any(|parameter| parameter.get("in") == Some(&json!("query"))) {
        out.push(400);
    }
    if path.contains('{') {
        out.push(404);
    }
    if !public {
        // Whom it is about may have been erased.
        out.extend([401, 403, 410]);
    }
    if write {
        out.extend([409, 507]);
    }
    if method == "post" && !public {
        // The idempotency key can be unfit or used before.
        out.push(422);
    }
    match if_match(operation) {
        Some(true) => out.extend([412, 428]),
        Some(false) => out.push(412),
        None => {}
    }
    out
}

fn answers_with_content(responses: &Value) -> bool {
    let mut all = responses.as_object().into_iter().flatten();
    all.any(|(status, response)| status.starts_with('2') && response.get("content").is_some())
}

fn parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    operation.get("parameters").and_then(Value::as_array).into_iter().flatten()
}

fn has_parameter(operation: &Value, name: &str) -> bool {
    parameters(operation).any(|parameter| {
        parameter.get("name").and_then(Value::as_str).is_some_and(|known| known.eq_ignore_ascii_case(name))
    })
}

/// Whether the operation takes `If-Match`, and if so whether it must.
fn if_match(operation: &Value) -> Option<bool> {
    parameters(operation).find_map(|parameter| {
        if parameter.get("$ref") == Some(&json!("#/components/parameters/IfMatch")) {
            return Some(true);
        }
        let name = parameter.get("name").and_then(Value::as_str)?;
        name.eq_ignore_ascii_case("if-match").then(|| parameter.get("required") == Some(&json!(true)))
    })
}

fn add_parameter(operation: &mut Value, component: &str) {
    let Some(members) = operation.as_object_mut() else { return };
    let list = members.entry("parameters").or_insert_with(|| json!([]));
    if let Some(list) = list.as_array_mut() {
        list.push(json!({"$ref": format!("#/components/parameters/{component}")}));
    }
}

/// An error that an annotation names without a body, or with one of the wrong kind, gets the common body.
fn mend_problems(operation: &mut Value) {
    for (status, response) in object(operation, "responses") {
        let error = status.starts_with('4') || status.starts_with('5');
        if !error || response.get("$ref").is_some() {
            continue;
        }
        let json = response.pointer("/content/application~1json/schema/$ref");
        if response.get("content").is_none() || json == Some(&json!("#/components/schemas/Problem")) {
            let common = status.parse().ok().and_then(|status| problem_response(status).ok());
            let content = common.and_then(|mut common| common.get_mut("content").map(Value::take));
            if let (Some(members), Some(content)) = (response.as_object_mut(), content) {
                members.insert("content".to_owned(), content);
            }
        }
    }
}

fn sort_responses(operation: &mut Value) {
    if let Some(Value::Object(responses)) = operation.get_mut("responses") {
        responses.sort_keys();
    }
}

/// The largest integer that every client can hold.
const LARGEST_INTEGER: i64 = (1 << 53) - 1;

/// More characters than any page for reading has.
const LARGEST_PAGE: i64 = 10_000_000;

/// Gives integers without bounds those that hold for the whole API, 2^53 on either side of zero, and pages theirs.
fn bound_the_rest(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for page in ["text/csv", "text/html", "text/plain"] {
                if let Some(Value::Object(schema)) =
                    members.get_mut(page).and_then(|media| media.get_mut("schema"))
                {
                    schema.entry("maxLength").or_insert_with(|| json!(LARGEST_PAGE));
                }
            }
            let integer = match members.get("type") {
                Some(Value::String(kind)) => kind == "integer",
                Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "integer"),
                _ => false,
            };
            if integer && !members.contains_key("enum") {
                members.entry("minimum").or_insert_with(|| json!(-LARGEST_INTEGER));
                members.entry("maximum").or_insert_with(|| json!(LARGEST_INTEGER));
            }
            members
                .iter_mut()
                .filter(|(name, _)| *name != "example")
                .for_each(|(_, member)| bound_the_rest(member));
        }
        Value::Array(items) => items.iter_mut().for_each(bound_the_rest),
        _ => {}
    }
}

/// Refuses unknown members in every schema that a request can bring.
fn close_requests(document: &mut Value) {
    let mut open: Vec<String> = Vec::new();
    for (_, item) in object(document, "paths") {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(body) = operation.get_mut("requestBody") {
                close(body, &mut open);
            }
        }
    }
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let schemas = document.get_mut("components").and_then(|components| components.get_mut("schemas"));
        if let Some(schema) = schemas.and_then(|schemas| schemas.get_mut(&name)) {
            close(schema, &mut open);
        }
    }
}

/// Closes a schema and those within it, and notes the components it refers to.
fn close(schema: &mut Value, open: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                open.extend(reference.strip_prefix("#/components/schemas/").map(str::to_owned));
            }
            for (name, member) in members.iter_mut() {
                // Each part of an `allOf` knows only its own members.
                if !matches!(name.as_str(), "allOf" | "example" | "examples" | "default" | "enum") {
                    close(member, open);
                }
            }
            let is_object = members.get("type") == Some(&json!("object"))
                || members.get("type") == Some(&json!(["object", "null"]));
            if is_object && members.get("properties").is_some_and(Value::is_object) {
                members.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| close(item, open)),
        _ => {}
    }
}

/// Gives every JSON request and success without an example one, put together from its members'.
fn add_examples(document: &mut Value) {
    let source = document.clone();
    for (_, item) in object(document, "paths") {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(body) = operation.get_mut("requestBody") {
                add_example(&source, body);
            }
            for (status, response) in object(operation, "responses") {
                if status.starts_with('2') {
                    add_example(&source, response);
                }
            }
        }
    }
}

fn add_example(document: &Value, holder: &mut Value) {
    for (kind, content) in object(holder, "content") {
        let has_one = content.get("example").is_some() || content.get("examples").is_some();
        if has_one || !kind.ends_with("json") {
            continue;
        }
        let example = content.get("schema").map(|schema| example::synthesise(document, schema));
        if let (Some(members), Some(example)) = (content.as_object_mut(), example) {
            members.insert("example".to_owned(), example);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::lint::lint;
    use serde::{Deserialize, Serialize};
    use utoipa::{OpenApi as _, ToSchema};

    #[derive(Serialize, Deserialize, ToSchema)]
    struct Thing {
        /// What it is called.
        #[schema(min_length = 1, max_length = 40, example = "Kettle")]
        name: String,
        #[schema(max_items = 3)]
        parts: Vec<Part>,
    }

    #[derive(Serialize, Deserialize, ToSchema)]
    struct Part {
        #[schema(minimum = 1, maximum = 9)]
        number: i32,
        /// When it was made.
        made_on: Option<chrono::NaiveDate>,
    }

    #[utoipa::path(post, path = "/v1/things", operation_id = "create_thing", tag = "things", request_body = Thing,
        summary = "Adds a thing", description = "Adds one thing.",
        responses((status = 201, description = "Added.", body = Thing), (status = 409, description = "There is one already.", body = ProblemBody)))]
    #[expect(dead_code, reason = "only its annotation is read")]
    async fn create_thing() {}

    #[utoipa::path(patch, path = "/v1/things/{id}", operation_id = "update_thing", tag = "things", request_body = Part,
        params(("id" = Uuid, Path, description = "Which.")), summary = "Changes a thing", description = "Changes it.",
        responses((status = 200, description = "Changed.", body = Thing)))]
    #[expect(dead_code, reason = "only its annotation is read")]
    async fn update_thing() {}

    #[utoipa::path(get, path = "/v1/about", operation_id = "get_about", tag = "things", security(()),
        summary = "About", description = "Says hello.", responses((status = 204, description = "Hello.")))]
    #[expect(dead_code, reason = "only its annotation is read")]
    async fn get_about() {}

    #[derive(utoipa::OpenApi)]
    #[openapi(paths(create_thing, update_thing, get_about), components(schemas(Thing, Part)))]
    struct Api;

    fn finished() -> Value {
        let permissions = ["create_thing", "update_thing"]
            .map(|id| (id.to_owned(), json!({"scope": "things", "grants": []})));
        let link = Link {
            from: "create_thing",
            status: "201",
            name: "update",
            to: "update_thing",
            parameters: &[("id", "$response.body#/id")],
        };
        let extras = Extras {
            tags: &[("things", "Things.")],
            permissions: permissions.into(),
            links: &[link],
            ..Extras::default()
        };
        finish(&Api::openapi(), &extras).unwrap()
    }

    fn statuses_of(document: &Value, pointer: &str) -> Vec<String> {
        document.pointer(pointer).unwrap()["responses"].as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_finished_document_keeps_the_rules() {
        assert_eq!(lint(&finished()), Vec::<String>::new());
    }

    #[test]
    fn operations_list_what_their_shape_implies() {
        let document = finished();
        let create = statuses_of(&document, "/paths/~1v1~1things/post");
        let all = "201 400 401 403 406 408 409 410 413 414 415 422 429 431 500 503 507";
        assert_eq!(create.join(" "), all);
        let update = statuses_of(&document, "/paths/~1v1~1things~1{id}/patch");
        assert_eq!(
            update.join(" "),
            "200 400 401 403 404 406 408 409 410 412 413 414 415 422 428 429 431 500 503 507"
        );
        assert_eq!(statuses_of(&document, "/paths/~1v1~1about/get").join(" "), "204 414 429 431 500 503");
        let create = &document["paths"]["/v1/things"]["post"];
        assert_eq!(create["security"], json!([{"bearer": ["things"]}]));
        assert_eq!(create["x-permission"]["scope"], "things");
        assert!(
            create["responses"]["409"]["content"]["application/problem+json"]["examples"]["already-exists"]
                .is_object()
        );
        assert_eq!(create["responses"]["201"]["links"]["update"]["operationId"], "update_thing");
        assert_eq!(document["paths"]["/v1/about"]["get"]["security"], json!([]));
    }

    #[test]
    fn requests_are_closed_all_the_way_down() {
        let schemas = &finished()["components"]["schemas"];
        assert_eq!(schemas["Thing"]["additionalProperties"], json!(false));
        assert_eq!(schemas["Part"]["additionalProperties"], json!(false));
        assert_eq!(schemas["Problem"].get("additionalProperties"), None);
    }

    #[test]
    fn violations_are_named() {
        let mut document = finished();
        *document.pointer_mut("/paths/~1v1~1about/get/operationId").unwrap() = json!("about");
        *document.pointer_mut("/components/schemas/Thing/properties/name").unwrap() =
            json!({"type": "string"});
        *document
            .pointer_mut("/paths/~1v1~1things/post/requestBody/content/application~1json/example")
            .unwrap() = json!({});
        let found = lint(&document);
        let has = |text: &str| assert!(found.iter().any(|line| line.contains(text)), "{text}: {found:#?}");
        has("about");
        has("/components/schemas/Thing/properties/name: a string without");
        has("example of the request: /name: missing");
    }
}
