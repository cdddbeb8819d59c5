//! The value sets a questionnaire brings along, and the options they hold.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::coding::Coding;
use super::extension;
use super::fields::Fields;
use super::finding::{Finding, Place};
use super::item::AnswerOption;
use super::value::Value;

/// How deep `expansion.contains` may nest.
const MAX_DEPTH: usize = 32;

/// The value sets at hand while a questionnaire is read, by the reference an item may use: `#id` for contained
/// ones; the canonical URL, bare and with `|version`, or the `fullUrl` for those in the same Bundle. A set whose codes are not
/// listed in it (a filter, a whole code system) is not at hand.
#[derive(Default)]
pub(super) struct ValueSets {
    by_reference: BTreeMap<String, Vec<AnswerOption>>,
    /// The contained ones, whether or not they list their codes.
    contained: BTreeSet<String>,
}

impl ValueSets {
    /// The options behind an `answerValueSet`.
    pub(super) fn resolve(&self, reference: &str) -> Option<&[AnswerOption]> {
        self.by_reference.get(reference).map(Vec::as_slice)
    }

    /// The finding for a set that is not at hand. One elsewhere, or one that does not list its codes, leaves the answers
    /// unchecked; a reference into the questionnaire that leads nowhere is a mistake.
    pub(super) fn unresolved(&self, place: &Place, url: &str) -> Finding {
        if url.starts_with('#') && !self.contained.contains(url) {
            let message = format!("The questionnaire contains no value set “{url}”.");
            return place.error("value_set_missing", message);
        }
        let message = format!(
            "The value set “{url}” is not in this document or does not list its codes. Answers are only checked \
             for being a code."
        );
        place.warning("value_set_unresolved", message)
    }

    /// Takes in the value sets contained in the questionnaire.
    pub(super) fn add_contained(&mut self, questionnaire: &Fields<'_>, out: &mut Vec<Finding>) {
        for resource in questionnaire.objects("contained", out) {
            let id = resource.map().get("id").and_then(Json::as_str);
            let id = id.map(|id| format!("#{}", id.trim_start_matches('#')));
            let is_set = resource.map().get("resourceType").and_then(Json::as_str) == Some("ValueSet");
            self.contained.extend(id.clone().filter(|_| is_set));
            self.add(&resource, id.into_iter().collect(), out);
        }
    }

    /// Takes in a resource of the Bundle, if it is a value set. `full_url` is what its entry calls it: HL7's own
    /// family history refers to its answer lists by that.
    pub(super) fn add_bundled(
        &mut self,
        resource: &Fields<'_>,
        full_url: Option<&str>,
        out: &mut Vec<Finding>,
    ) {
        let text = |name: &str| resource.map().get(name).and_then(Json::as_str);
        let url = text("url");
        let versioned = url.zip(text("version")).map(|(url, version)| format!("{url}|{version}"));
        let references = [url.map(str::to_owned), versioned, full_url.map(str::to_owned)];
        self.add(resource, references.into_iter().flatten().collect(), out);
    }

    fn add(&mut self, resource: &Fields<'_>, references: Vec<String>, out: &mut Vec<Finding>) {
        if resource.map().get("resourceType").and_then(Json::as_str) != Some("ValueSet") {
            return;
        }
        let Some(options) = expansion(resource, out).or_else(|| composition(resource, out)) else { return };
        for reference in references {
            self.by_reference.insert(reference, options.clone());
        }
    }
}

/// The codes of an expanded set.
fn expansion(set: &Fields<'_>, out: &mut Vec<Finding>) -> Option<Vec<AnswerOption>> {
    let json = set.map().get("expansion")?;
    let fields = Fields::of(json, set.place().member("expansion"), out)?;
    let mut options = Vec::new();
    contains(&fields, 0, &mut options, out);
    if options.is_empty() { None } else { Some(options) }
}

fn contains(fields: &Fields<'_>, depth: usize, options: &mut Vec<AnswerOption>, out: &mut Vec<Finding>) {
    if depth == MAX_DEPTH {
        let message = format!("Value sets nest at most {MAX_DEPTH} deep.");
        out.push(fields.place().error("too_deep", message));
        return;
    }
    for concept in fields.objects("contains", out) {
        let is_abstract = concept.map().get("abstract").and_then(Json::as_bool) == Some(true);
        if !is_abstract {
            options.extend(option(concept.map().get("system"), &concept, out));
        }
        contains(&concept, depth + 1, options, out);
    }
}

/// The codes of a set that lists them all; none where it draws on code systems or other sets.
fn composition(set: &Fields<'_>, out: &mut Vec<Finding>) -> Option<Vec<AnswerOption>> {
    let json = set.map().get("compose")?;
    let fields = Fields::of(json, set.place().member("compose"), out)?;
    if fields.map().contains_key("exclude") {
        return None;
    }
    let mut options = Vec::new();
    for include in fields.objects("include", out) {
        let concepts = include.objects("concept", out);
        if concepts.is_empty() {
            return None;
        }
        for concept in concepts {
            options.extend(option(include.map().get("system"), &concept, out));
        }
    }
    if options.is_empty() { None } else { Some(options) }
}

fn option(system: Option<&Json>, concept: &Fields<'_>, out: &mut Vec<Finding>) -> Option<AnswerOption> {
    let text = |json: Option<&Json>| json.and_then(Json::as_str).map(str::to_owned);
    let Some(code) = concept.text("code", out) else {
        if !concept.map().contains_key("code") {
            out.push(concept.place().error("code_missing", "A concept of a value set needs a code."));
        }
        return None;
    };
    let coding = Coding {
        system: text(system),
        version: None,
        code: Some(code.to_owned()),
        display: text(concept.map().get("display")),
        rest: Map::new(),
    };
    Some(AnswerOption {
        value: Value::Coding(coding),
        ordinal: extension::ordinal(concept, out),
        exclusive: false,
        initially_selected: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bundled(json: &Json) -> ValueSets {
        let mut out = Vec::new();
        let fields = Fields::of(json, Place::root("ValueSet"), &mut out).unwrap();
        let mut sets = ValueSets::default();
        sets.add_bundled(&fields, Some("urn:uuid:1"), &mut out);
        assert_eq!(out, []);
        sets
    }

    #[test]
    fn a_set_is_found_by_url_with_and_without_version() {
        let sets =
            bundled(&json!({"resourceType": "ValueSet", "url": "u", "version": "2", "compose": {"include": [
            {"system": "s", "concept": [{"code": "a", "display": "A"}, {"code": "b"}]}]}}));
        assert_eq!(sets.resolve("u").unwrap().len(), 2);
        assert_eq!(sets.resolve("u|2").unwrap().len(), 2);
        assert_eq!(sets.resolve("urn:uuid:1").unwrap().len(), 2);
        assert!(sets.resolve("u|1").is_none());
    }

    #[test]
    fn an_expansion_is_read_through_its_levels() {
        let sets = bundled(&json!({"resourceType": "ValueSet", "url": "u", "expansion": {"contains": [
            {"abstract": true, "code": "all", "contains": [{"system": "s", "code": "a"}]}, {"system": "s", "code": "b"}]}}));
        let words: Vec<String> =
            sets.resolve("u").unwrap().iter().map(|option| option.value.words()).collect();
        assert_eq!(words, ["a", "b"]);
    }

    #[test]
    fn a_set_that_does_not_list_its_codes_is_not_at_hand() {
        let whole =
            json!({"resourceType": "ValueSet", "url": "u", "compose": {"include": [{"system": "s"}]}});
        assert!(bundled(&whole).resolve("u").is_none());
    }
}
