//! Reading FHIR extensions: which ones this engine knows, and what they hold.

use serde_json::Value as Json;

use crate::choice::Choice;
use crate::language::Language;

use super::fields::Fields;
use super::finding::{Finding, Place};
use super::value::Value;

/// Where our own extensions are defined.
pub const OWN: &str = "https://fhir.alongside.example/StructureDefinition/";

/// Where HL7's extensions are defined.
const HL7: &str = "http://hl7.org/fhir/StructureDefinition/";

/// Where the extensions of HL7's guide on structured data capture are defined.
const SDC: &str = "http://hl7.org/fhir/uv/sdc/StructureDefinition/";

/// One extension found on an element.
pub(super) struct Extension<'a> {
    /// The canonical URL; for the parts of a complex extension a plain name.
    pub(super) url: &'a str,
    fields: Fields<'a>,
}

/// The extensions of an element, in document order. A malformed one is a finding.
pub(super) fn extensions<'a>(fields: &Fields<'a>, out: &mut Vec<Finding>) -> Vec<Extension<'a>> {
    let mut found = Vec::new();
    for fields in fields.objects("extension", out) {
        match fields.text("url", out) {
            Some(url) => found.push(Extension { url, fields }),
            None if fields.map().contains_key("url") => {}
            None => out.push(fields.place().error("extension_malformed", "An extension needs a url.")),
        }
    }
    found
}

impl<'a> Extension<'a> {
    /// One extension by itself.
    pub(super) fn single(json: &'a Json, place: Place, out: &mut Vec<Finding>) -> Option<Self> {
        let fields = Fields::of(json, place, out)?;
        let url = fields.text("url", out);
        if url.is_none() && !fields.map().contains_key("url") {
            out.push(fields.place().error("extension_malformed", "An extension needs a url."));
        }
        Some(Self { url: url?, fields })
    }

    /// The name, if this is an extension of ours.
    pub(super) fn own(&self) -> Option<&'a str> {
        self.url.strip_prefix(OWN)
    }

    /// The name, if this is one of HL7's.
    pub(super) fn standard(&self) -> Option<&'a str> {
        self.url.strip_prefix(HL7)
    }

    /// Whether it says how an answer is worked out, under its present name or the one it had before.
    pub(super) fn is_calculation(&self) -> bool {
        let present = self.url.strip_prefix(SDC) == Some("sdc-questionnaire-calculatedExpression");
        present || self.standard() == Some("questionnaire-calculatedExpression")
    }

    /// Whether it has parts instead of a value.
    pub(super) fn is_complex(&self) -> bool {
        self.fields.map().contains_key("extension")
    }

    /// The members of a `valueExpression`.
    pub(super) fn expression(&self, out: &mut Vec<Finding>) -> Option<Fields<'a>> {
        match self.fields.map().get("valueExpression") {
            Some(json) => Fields::of(json, self.place().member("valueExpression"), out),
            None => self.malformed("a valueExpression", out),
        }
    }

    /// The name, if this is one of HL7's guide on structured data capture.
    pub(super) fn data_capture(&self) -> Option<&'a str> {
        self.url.strip_prefix(SDC)
    }

    pub(super) fn place(&self) -> &Place {
        self.fields.place()
    }

    /// The parts of a complex extension.
    pub(super) fn parts(&self, out: &mut Vec<Finding>) -> Vec<Extension<'a>> {
        extensions(&self.fields, out)
    }

    /// A text, whether it is called string, code, uri or markdown.
    pub(super) fn text(&self, out: &mut Vec<Finding>) -> Option<&'a str> {
        match self.text_member() {
            Some(member) => self.fields.text(member, out),
            None => self.malformed("a text", out),
        }
    }

    /// Whether the value is a text.
    pub(super) fn is_textual(&self) -> bool {
        self.text_member().is_some()
    }

    fn text_member(&self) -> Option<&'static str> {
        let names = ["valueString", "valueCode", "valueUri", "valueMarkdown", "valueUrl", "valueCanonical"];
        names.into_iter().find(|name| self.fields.map().contains_key(*name))
    }

    /// One of a closed list of codes.
    pub(super) fn code<T: Choice>(&self, out: &mut Vec<Finding>) -> Option<T> {
        let text = self.text(out)?;
        let known = text.parse().ok();
        if known.is_none() {
            let message = format!("“{text}” is not known here. It must be one of: {}.", T::codes());
            out.push(self.place().error("extension_malformed", message));
        }
        known
    }

    /// A language tag.
    pub(super) fn language(&self, out: &mut Vec<Finding>) -> Option<Language> {
        let text = self.text(out)?;
        match text.parse() {
            Ok(language) => Some(language),
            Err(_) => self.malformed("a language tag such as en-GB or cy", out),
        }
    }

    /// True or false.
    pub(super) fn flag(&self, out: &mut Vec<Finding>) -> Option<bool> {
        match self.fields.map().get("valueBoolean") {
            Some(Json::Bool(flag)) => Some(*flag),
            _ => self.malformed("true or false", out),
        }
    }

    /// A whole number, zero or more.
    pub(super) fn count(&self, out: &mut Vec<Finding>) -> Option<u32> {
        let names = ["valueInteger", "valuePositiveInt", "valueUnsignedInt"];
        let number = names.iter().find_map(|name| self.fields.map().get(*name)?.as_u64());
        match number.and_then(|number| u32::try_from(number).ok()) {
            Some(count) => Some(count),
            None => self.malformed("a whole number, zero or more", out),
        }
    }

    /// A number.
    pub(super) fn number(&self, out: &mut Vec<Finding>) -> Option<f64> {
        let number =
            ["valueDecimal", "valueInteger"].iter().find_map(|name| self.fields.map().get(*name)?.as_f64());
        if number.is_some() { number } else { self.malformed("a number", out) }
    }

    /// A value of one of the types an answer can have.
    pub(super) fn value(&self, out: &mut Vec<Finding>) -> Option<Value> {
        match Value::choose("value", self.fields.map()) {
            Ok(Some(value)) => Some(value),
            Ok(None) => self.malformed("a value", out),
            Err(misread) => {
                out.push(self.place().error("extension_malformed", misread.message));
                None
            }
        }
    }

    /// The first code of a `valueCodeableConcept`; HL7's itemControl has one.
    pub(super) fn concept(&self, out: &mut Vec<Finding>) -> Option<&'a str> {
        let concept = self.fields.map().get("valueCodeableConcept").filter(|concept| concept.is_object());
        let Some(concept) = concept else { return self.malformed("a valueCodeableConcept", out) };
        let coding = concept.get("coding")?.as_array()?.first()?;
        coding.get("code")?.as_str()
    }

    pub(super) fn malformed<T>(&self, expected: &str, out: &mut Vec<Finding>) -> Option<T> {
        let message = format!("The extension “{}” must hold {expected}.", self.url);
        out.push(self.place().error("extension_malformed", message));
        None
    }
}

/// What an option counts in a score, by HL7's ordinalValue or its successor itemWeight.
pub(super) fn ordinal(fields: &Fields<'_>, out: &mut Vec<Finding>) -> Option<f64> {
    let found = extensions(fields, out);
    let weight = found.iter().find(|ext| matches!(ext.standard(), Some("ordinalValue" | "itemWeight")));
    weight.and_then(|ext| ext.number(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_extension_is_read_by_its_url() {
        let json = json!({"extension": [
            {"url": "https://fhir.alongside.example/StructureDefinition/section", "valueCode": "URI"},
            {"url": "http://hl7.org/fhir/StructureDefinition/ordinalValue", "valueDecimal": 2.5},
            {"valueCode": "lost"},
        ]});
        let mut out = Vec::new();
        let fields = Fields::of(&json, Place::root("X"), &mut out).unwrap();
        let found = extensions(&fields, &mut out);
        assert_eq!(found[0].own(), Some("section"));
        assert_eq!(found[0].text(&mut out), Some("URI"));
        assert_eq!(found[1].standard(), Some("ordinalValue"));
        assert_eq!(found.len(), 2);
        assert_eq!(out.len(), 1);
        assert_eq!(ordinal(&fields, &mut out), Some(2.5));
    }

    #[test]
    fn the_wrong_type_is_a_finding_at_the_extension() {
        let json = json!({"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/minLength", "valueString": "3"}]});
        let mut out = Vec::new();
        let fields = Fields::of(&json, Place::root("X"), &mut out).unwrap();
        assert_eq!(extensions(&fields, &mut out)[0].count(&mut out), None);
        assert_eq!(out[0].code, "extension_malformed");
        assert_eq!(out[0].pointer, "/extension/0");
    }
}
