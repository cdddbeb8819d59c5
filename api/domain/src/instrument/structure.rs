//! What holds of every FHIR document in JSON, whatever resource it is.

use serde_json::{Map, Value as Json};

use super::finding::{Finding, Place};

/// How deep the JSON of a document may nest before it is not walked any further. Items use two levels each.
const MAX_JSON_DEPTH: usize = 128;

/// Walks a whole document and reports
///
/// - modifier extensions: one may change the meaning of what surrounds it, so whoever does not understand it must not go
///   on (FHIR R4, 2.4.0.1), and none is understood here;
/// - members and lists that are empty, and `null` where it does not keep the place of an extension: FHIR's JSON has
///   neither (FHIR R4, 2.6.2).
pub(super) fn check(json: &Json, root: &Place, out: &mut Vec<Finding>) {
    let mut walk = Walk { root, steps: Vec::new(), is_too_deep: false, out };
    match json {
        Json::Object(map) => walk.object(map),
        Json::Array(list) => walk.list(list, false),
        _ => {}
    }
}

enum Step<'a> {
    Member(&'a str),
    Index(usize),
}

struct Walk<'a, 'w> {
    root: &'w Place,
    /// The way from the root to where the walk is. A place is made of it only where there is something to say.
    steps: Vec<Step<'a>>,
    is_too_deep: bool,
    out: &'w mut Vec<Finding>,
}

impl<'a> Walk<'a, '_> {
    fn place(&self) -> Place {
        self.steps.iter().fold(self.root.clone(), |place, step| match step {
            Step::Member(name) => place.member(name),
            Step::Index(index) => place.index(*index),
        })
    }

    fn error(&mut self, code: &'static str, message: &str) {
        let finding = self.place().error(code, message);
        self.out.push(finding);
    }

    fn object(&mut self, map: &'a Map<String, Json>) {
        for (name, member) in map {
            self.steps.push(Step::Member(name));
            if name == "modifierExtension" {
                let message = "A modifier extension may change what this means, and none is understood here.";
                self.error("modifier_extension", message);
            } else {
                self.value(member, has_twin(map, name));
            }
            self.steps.pop();
        }
    }

    fn list(&mut self, list: &'a [Json], may_have_gaps: bool) {
        for (index, element) in list.iter().enumerate() {
            if may_have_gaps && element.is_null() {
                continue;
            }
            self.steps.push(Step::Index(index));
            self.value(element, false);
            self.steps.pop();
        }
    }

    fn value(&mut self, json: &'a Json, may_have_gaps: bool) {
        if self.steps.len() > MAX_JSON_DEPTH {
            if !self.is_too_deep {
                self.is_too_deep = true;
                let finding = self.place().fatal("too_deep", format!("JSON may nest {MAX_JSON_DEPTH} deep."));
                self.out.push(finding);
            }
            return;
        }
        match json {
            Json::Null => self.error("empty_element", "FHIR has no null here; leave the member out."),
            Json::Object(map) if map.is_empty() => {
                self.error("empty_element", "An element must have something in it; leave it out.");
            }
            Json::Array(list) if list.is_empty() => {
                self.error("empty_element", "A list must have something in it; leave it out.");
            }
            Json::Object(map) => self.object(map),
            Json::Array(list) => self.list(list, may_have_gaps),
            _ => {}
        }
    }
}

/// Whether a list has a second one beside it, for the values or for their extensions: then either may have gaps.
fn has_twin(map: &Map<String, Json>, name: &str) -> bool {
    let twin = name.strip_prefix('_').map_or_else(|| format!("_{name}"), str::to_owned);
    map.get(&twin).is_some_and(Json::is_array)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(json: &Json) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        check(json, &Place::root("X"), &mut out);
        out.into_iter().map(|finding| (finding.code, finding.pointer)).collect()
    }

    #[test]
    fn modifier_extensions_are_found_wherever_they_stand() {
        let json = json!({"item": [{"code": [{"modifierExtension": [{"url": "u"}]}]}]});
        assert_eq!(found(&json), [("modifier_extension", "/item/0/code/0/modifierExtension".into())]);
    }

    #[test]
    fn nothing_is_empty() {
        let json = json!({"a": {}, "b": [], "c": null, "d": [1, null], "e": [{}], "f": ""});
        let places: Vec<String> = found(&json).into_iter().map(|(_, pointer)| pointer).collect();
        assert_eq!(places, ["/a", "/b", "/c", "/d/1", "/e/0"]);
    }

    #[test]
    fn a_list_may_have_gaps_where_another_fills_them() {
        let json = json!({"given": ["a", null], "_given": [null, {"id": "b"}]});
        assert!(found(&json).is_empty());
    }

    #[test]
    fn a_document_is_walked_only_so_deep() {
        let deep = (0..1000).fold(json!(1), |inside, _| json!([inside]));
        let found = found(&json!({"a": deep}));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "too_deep");
    }
}
