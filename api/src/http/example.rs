//! Examples for the document: made from the members' own, and checked against the schemas they illustrate.

use serde_json::{Map, Value, json};

/// Deeper than any schema of ours; only a recursive one gets there.
const MAX_DEPTH: usize = 12;

/// The schema itself, or the component it refers to.
#[must_use]
pub fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let reference =
        schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

/// A value that fits the schema: its own example, or one put together from those of its members.
#[must_use]
pub fn synthesise(document: &Value, schema: &Value) -> Value {
    build(document, schema, 0)
}

fn build(document: &Value, schema: &Value, depth: usize) -> Value {
    let schema = resolve(document, schema);
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    let own = schema.get("example").or_else(|| schema.get("examples")?.get(0));
    let fixed = || schema.get("const").or_else(|| schema.get("default")).filter(|value| !value.is_null());
    if let Some(value) = own.or_else(fixed).or_else(|| schema.get("enum")?.get(0)) {
        return value.clone();
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(options) = schema.get(choice).and_then(Value::as_array) {
            let not_null = options.iter().find(|option| option.get("type") != Some(&json!("null")));
            return not_null.map_or(Value::Null, |option| build(document, option, depth + 1));
        }
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let mut whole = Map::new();
        for part in parts {
            match build(document, part, depth + 1) {
                Value::Object(members) => whole.extend(members),
                other if parts.len() == 1 => return other,
                _ => {}
            }
        }
        return Value::Object(whole);
    }
    match kinds(schema).into_iter().find(|kind| *kind != "null") {
        Some("object") => object(document, schema, depth),
        Some("array") => match schema.get("items") {
            Some(items) if depth < MAX_DEPTH / 2 => json!([build(document, items, depth + 1)]),
            _ => json!([]),
        },
        Some("string") => Value::from(text(schema)),
        Some("boolean") => json!(true),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        _ => Value::Null,
    }
}

fn object(document: &Value, schema: &Value, depth: usize) -> Value {
    let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    Value::Object(members.map(|(name, member)| (name.clone(), build(document, member, depth + 1))).collect())
}

fn text(schema: &Value) -> &'static str {
    match schema.get("format").and_then(Value::as_str).unwrap_or_default() {
        "uuid" => "0190a5c2-7d5f-7c3a-9a52-0f4b7b1f3d11",
        "date" => "2026-03-14",
        "date-time" => "2026-03-14T09:30:00Z",
        "time" => "09:30:00",
        "email" => "someone@example.org",
        "uri" | "uri-reference" => "https://example.org/",
        _ => "text",
    }
}

/// The types a schema allows.
fn kinds(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ if schema.get("properties").is_some() => vec!["object"],
        _ => Vec::new(),
    }
}

/// Where the value does not fit the schema. The part of JSON Schema that our documents use; patterns and formats are
/// left to tools that know them all.
#[must_use]
pub fn misfits(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let schema = resolve(document, schema);
    let mut out = Vec::new();
    for (word, fits) in [("oneOf", 1..=1), ("anyOf", 1..=usize::MAX)] {
        if let Some(options) = schema.get(word).and_then(Value::as_array) {
            let fitting =
                options.iter().filter(|option| misfits(document, option, value, at).is_empty()).count();
            if !fits.contains(&fitting) {
                out.push(format!("{at}: fits {fitting} of {word}"));
            }
        }
    }
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        out.extend(misfits(document, part, value, at));
    }
    let kinds = kinds(schema);
    if !kinds.is_empty() && !kinds.iter().any(|kind| is_kind(value, kind)) {
        out.push(format!("{at}: not {}", kinds.join(" or ")));
        return out;
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array)
        && !choices.contains(value)
    {
        out.push(format!("{at}: not one of the choices"));
    }
    if schema.get("const").is_some_and(|fixed| fixed != value) {
        out.push(format!("{at}: not the constant"));
    }
    match value {
        Value::Object(members) => object_misfits(document, schema, members, at, &mut out),
        Value::Array(items) => {
            bounded(schema, ["minItems", "maxItems"], Some(items.len()), at, &mut out);
            if let Some(each) = schema.get("items") {
                for (index, item) in items.iter().enumerate() {
                    out.extend(misfits(document, each, item, &format!("{at}/{index}")));
                }
            }
        }
        Value::String(text) => {
            bounded(schema, ["minLength", "maxLength"], Some(text.chars().count()), at, &mut out)
        }
        Value::Number(number) => {
            let limit = |name| schema.get(name).and_then(Value::as_f64);
            let number = number.as_f64();
            if number < limit("minimum") || limit("maximum").is_some_and(|max| number > Some(max)) {
                out.push(format!("{at}: out of bounds"));
            }
        }
        _ => {}
    }
    out
}

fn is_kind(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn bounded(schema: &Value, [min, max]: [&str; 2], size: Option<usize>, at: &str, out: &mut Vec<String>) {
    let limit = |name| schema.get(name).and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
    if limit(min).is_some_and(|least| size < Some(least)) || limit(max).is_some_and(|most| size > Some(most))
    {
        out.push(format!("{at}: wrong length"));
    }
}

fn object_misfits(
    document: &Value,
    schema: &Value,
    members: &Map<String, Value>,
    at: &str,
    out: &mut Vec<String>,
) {
    let properties = schema.get("properties").and_then(Value::as_object);
    for name in
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    {
        if !members.contains_key(name) {
            out.push(format!("{at}/{name}: missing"));
        }
    }
    for (name, value) in members {
        let here = format!("{at}/{name}");
        match (properties.and_then(|known| known.get(name)), schema.get("additionalProperties")) {
            (Some(member), _) => out.extend(misfits(document, member, value, &here)),
            (None, Some(Value::Bool(false))) => out.push(format!("{here}: unknown")),
            (None, Some(other @ Value::Object(_))) => out.extend(misfits(document, other, value, &here)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        json!({"components": {"schemas": {
            "Thing": {
                "type": "object",
                "required": ["id", "parts"],
                "additionalProperties": false,
                "properties": {
                    "id": {"type": "string", "format": "uuid"},
                    "name": {"type": ["string", "null"], "maxLength": 5, "example": "Ann"},
                    "parts": {"type": "array", "maxItems": 2, "items": {"$ref": "#/components/schemas/Part"}},
                    "state": {"oneOf": [{"type": "null"}, {"type": "string", "enum": ["open"]}]}
                }
            },
            "Part": {"type": "object", "properties": {"number": {"type": "integer", "minimum": 3, "maximum": 9}}}
        }}})
    }

    #[test]
    fn an_example_is_put_together_and_fits() {
        let (document, schema) = (document(), json!({"$ref": "#/components/schemas/Thing"}));
        let example = synthesise(&document, &schema);
        assert_eq!(example["parts"], json!([{"number": 3}]));
        assert_eq!((&example["name"], &example["state"]), (&json!("Ann"), &json!("open")));
        assert_eq!(misfits(&document, &schema, &example, ""), Vec::<String>::new());
    }

    #[test]
    fn misfits_are_found() {
        let (document, schema) = (document(), json!({"$ref": "#/components/schemas/Thing"}));
        let wrong = json!({"id": 1, "name": "too long", "odd": 1, "state": "shut"});
        let found = misfits(&document, &schema, &wrong, "");
        let expected = [
            "/parts: missing",
            "/id: not string",
            "/name: wrong length",
            "/odd: unknown",
            "/state: fits 0 of oneOf",
        ];
        assert_eq!(found, expected);
        let wrong = json!({"id": "", "parts": [{"number": 10}, {"number": 2}, {}]});
        assert_eq!(
            misfits(&document, &schema, &wrong, ""),
            ["/parts: wrong length", "/parts/0/number: out of bounds", "/parts/1/number: out of bounds"]
        );
    }
}
