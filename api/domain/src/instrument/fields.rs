//! Reading the members of one JSON object, and saying so when they are not what they should be.

use serde_json::{Map, Value as Json};

use crate::choice::Choice;

use super::finding::{Finding, Place};

/// One JSON object of a submitted document, and where it stands.
#[derive(Clone)]
pub(super) struct Fields<'a> {
    map: &'a Map<String, Json>,
    place: Place,
}

impl<'a> Fields<'a> {
    /// The object at `place`, or a finding when there is something else.
    pub(super) fn of(json: &'a Json, place: Place, out: &mut Vec<Finding>) -> Option<Self> {
        match json.as_object() {
            Some(map) => Some(Self { map, place }),
            None => {
                out.push(place.error("wrong_type", "This must be a JSON object."));
                None
            }
        }
    }

    pub(super) fn map(&self) -> &'a Map<String, Json> {
        self.map
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// A text member. FHIR strings are never empty, so an empty one is a finding too.
    pub(super) fn text(&self, name: &str, out: &mut Vec<Finding>) -> Option<&'a str> {
        let json = self.map.get(name)?;
        match json.as_str() {
            Some(text) if !text.trim().is_empty() => Some(text),
            Some(_) => {
                out.push(self.place.member(name).error("blank", "This text must not be empty."));
                None
            }
            None => {
                out.push(self.place.member(name).error("wrong_type", "This must be a text."));
                None
            }
        }
    }

    /// A text member that must be one of a closed list of codes; `code` names the finding otherwise.
    pub(super) fn code<T: Choice>(
        &self,
        name: &str,
        code: &'static str,
        out: &mut Vec<Finding>,
    ) -> Option<T> {
        let text = self.text(name, out)?;
        let known = text.parse().ok();
        if known.is_none() {
            let message = format!("“{text}” is not known here. It must be one of: {}.", T::codes());
            out.push(self.place.member(name).error(code, message));
        }
        known
    }

    /// A true-or-false member; absent means false.
    pub(super) fn flag(&self, name: &str, out: &mut Vec<Finding>) -> bool {
        let Some(json) = self.map.get(name) else { return false };
        json.as_bool().unwrap_or_else(|| {
            out.push(self.place.member(name).error("wrong_type", "This must be true or false."));
            false
        })
    }

    /// A whole number, zero or more.
    pub(super) fn count(&self, name: &str, out: &mut Vec<Finding>) -> Option<u32> {
        let json = self.map.get(name)?;
        let count = json.as_u64().and_then(|n| u32::try_from(n).ok());
        if count.is_none() {
            out.push(
                self.place.member(name).error("wrong_type", "This must be a whole number, zero or more."),
            );
        }
        count
    }

    /// The elements of a list member with their places; absent means none.
    pub(super) fn list(&self, name: &str, out: &mut Vec<Finding>) -> Vec<(&'a Json, Place)> {
        let Some(json) = self.map.get(name) else { return Vec::new() };
        let place = self.place.member(name);
        let Some(list) = json.as_array() else {
            out.push(place.error("wrong_type", "This must be a list."));
            return Vec::new();
        };
        list.iter().enumerate().map(|(index, element)| (element, place.index(index))).collect()
    }

    /// The elements of a list member that are objects; anything else in it is a finding.
    pub(super) fn objects(&self, name: &str, out: &mut Vec<Finding>) -> Vec<Fields<'a>> {
        let list = self.list(name, out);
        list.into_iter().filter_map(|(json, place)| Fields::of(json, place, out)).collect()
    }

    /// Refuses members of a resource outside a closed list. `implicitRules` would say by which rules to read it, and
    /// like a modifier extension must not be passed over.
    pub(super) fn resource_members(&self, known: &[&str], out: &mut Vec<Finding>) {
        for name in self.map.keys().filter(|name| name.as_str() == "implicitRules") {
            let message = "These rules may change what this means, and none are understood here.";
            out.push(self.place.member(name).error("implicit_rules", message));
        }
        let known: Vec<&str> = known.iter().copied().chain(["implicitRules"]).collect();
        self.only(&known, None, out);
    }

    /// Refuses members outside a closed list. `choice` is the prefix of a `value[x]`-like member that the
    /// caller reads itself; `_name` carries the extensions of the primitive `name`, as FHIR's JSON has it.
    pub(super) fn only(&self, known: &[&str], choice: Option<&str>, out: &mut Vec<Finding>) {
        for name in self.map.keys() {
            let bare = name.strip_prefix('_').unwrap_or(name);
            let is_choice = choice.is_some_and(|prefix| bare.starts_with(prefix));
            // `modifierExtension` is reported by the walk over the whole document.
            if is_choice || known.contains(&bare) || name == "modifierExtension" {
                continue;
            }
            let message = format!("“{name}” is not a member FHIR knows here.");
            out.push(self.place.member(name).error("unknown_member", message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_reading_complains_about_the_wrong_type() {
        let json = json!({"t": 1, "f": "yes", "n": -1, "l": {}, "blank": " "});
        let mut out = Vec::new();
        let fields = Fields::of(&json, Place::root("X"), &mut out).unwrap();
        assert_eq!(fields.text("t", &mut out), None);
        assert!(!fields.flag("f", &mut out));
        assert_eq!(fields.count("n", &mut out), None);
        assert!(fields.list("l", &mut out).is_empty());
        assert_eq!(fields.text("blank", &mut out), None);
        let pointers: Vec<&str> = out.iter().map(|f| f.pointer.as_str()).collect();
        assert_eq!(pointers, ["/t", "/f", "/n", "/l", "/blank"]);
    }

    #[test]
    fn the_list_of_members_is_closed() {
        let json = json!({"text": "a", "_text": {}, "valueCode": "x", "colour": 1});
        let mut out = Vec::new();
        let fields = Fields::of(&json, Place::root("X"), &mut out).unwrap();
        fields.only(&["text"], Some("value"), &mut out);
        assert_eq!(out.len(), 1);
        assert_eq!(out[0].pointer, "/colour");
    }
}
