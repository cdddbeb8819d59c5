//! Where an answer comes from, as a response carries it: an extension of ours on its item.

use serde_json::{Value as Json, json};

use crate::choice::Choice;
use crate::language::Language;
use crate::provenance::Origin;

use super::extension::{Extension, extensions};
use super::fields::Fields;
use super::finding::Finding;
use super::marks;

/// The extension of ours that says whose judgement an answer is, who pressed the keys, how much help there was and in
/// which language the words were shown.
pub const ANSWER_ORIGIN: &str = "https://fhir.alongside.example/StructureDefinition/answer-origin";

/// The origin of an answer, and the segment it was given in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributed {
    /// The three facts about it.
    pub origin: Origin,
    /// The number of the segment among those of the response.
    pub segment: Option<u32>,
    /// The language of the words that were shown.
    pub language: Option<Language>,
}

impl Attributed {
    pub(super) fn write(&self) -> Json {
        let Origin { answered_by, keyed_by, level } = self.origin;
        let mut parts = vec![
            json!({"url": "answeredBy", "valueCode": answered_by.code()}),
            json!({"url": "keyedBy", "valueCode": keyed_by.code()}),
            json!({"url": "level", "valueCode": level.code()}),
        ];
        parts.extend(self.segment.map(|number| json!({"url": "segment", "valuePositiveInt": number})));
        let language = self.language.as_ref().map(Language::as_str);
        parts.extend(language.map(|tag| json!({"url": "language", "valueCode": tag})));
        json!({"url": ANSWER_ORIGIN, "extension": parts})
    }

    /// The origin that an item of a response says of its answer; what it leaves out is not known.
    pub(super) fn read(item: &Fields<'_>, out: &mut Vec<Finding>) -> Option<Self> {
        // What is wrong with the extensions as such was reported when they were read for the state.
        let found = extensions(item, &mut Vec::new());
        let extension: &Extension<'_> = found.iter().find(|extension| extension.url == ANSWER_ORIGIN)?;
        let mut read = Self { origin: Origin::unknown(), segment: None, language: None };
        for part in extension.parts(out) {
            match part.url {
                "answeredBy" => read.origin.answered_by = part.code(out)?,
                "keyedBy" => read.origin.keyed_by = part.code(out)?,
                "level" => read.origin.level = part.code(out)?,
                "segment" => read.segment = part.count(out),
                "language" => read.language = part.language(out),
                _ => out.push(marks::unknown(&part)),
            }
        }
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use crate::instrument::testing::{codes, definition};
    use crate::instrument::{AnswerKey, Attributed, read_response, write_response};
    use crate::provenance::{AnsweredBy, KeyedBy, Level, Origin};
    use serde_json::json;

    #[test]
    fn an_origin_goes_out_and_comes_in() {
        let definition = definition(json!([{"linkId": "a", "type": "boolean"}]));
        let mut response = json!({"resourceType": "QuestionnaireResponse", "status": "completed",
            "item": [{"linkId": "a", "answer": [{"valueBoolean": true}]}]});
        let (answers, mut header) = read_response(&definition, &response).unwrap();
        assert!(header.origins.is_empty());
        let (answered_by, keyed_by) = (AnsweredBy::Participant, KeyedBy::Supporter);
        let origin = Origin { answered_by, keyed_by, level: Level::A4 };
        let language = Some("cy".parse().unwrap());
        header.origins.insert(AnswerKey::of("a"), Attributed { origin, segment: Some(2), language });
        response = write_response(&definition, &answers, &header);
        let (_, read) = read_response(&definition, &response).unwrap();
        assert_eq!(read, header);
        response["item"][0]["extension"][0]["extension"][4]["valueCode"] = json!("not a tag");
        assert_eq!(codes(&read_response(&definition, &response).unwrap_err()), ["extension_malformed"]);
        response["item"][0]["extension"][0]["extension"][4]["valueCode"] = json!("cy");
        response["item"][0]["extension"][0]["extension"][2]["valueCode"] = json!("A9");
        assert_eq!(codes(&read_response(&definition, &response).unwrap_err()), ["extension_malformed"]);
    }
}
