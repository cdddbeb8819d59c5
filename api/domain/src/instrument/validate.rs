//! Judging FHIR documents as they come from elsewhere: a questionnaire, and a response to it.

use serde_json::Value as Json;

use super::definition::Definition;
use super::finding::{Finding, Severity};
use super::response::judge_response;
use crate::strict_json;

/// The largest document read, in bytes; an instrument with all its lists of answers is larger than an ordinary
/// request, and still far below this.
pub const MAX_DOCUMENT_BYTES: usize = 2 << 20;

/// What there is to say about the documents, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validated {
    /// Warnings as well as refusals.
    pub findings: Vec<Finding>,
}

impl Validated {
    /// Whether nothing refuses the documents; warnings do not.
    pub fn is_valid(&self) -> bool {
        !self.findings.iter().any(Finding::is_refusal)
    }

    /// Whether every document could be judged; otherwise one of them is not what it should be, or could not be read to
    /// its end.
    pub fn is_usable(&self) -> bool {
        !self.findings.iter().any(|finding| finding.severity == Severity::Fatal)
    }
}

/// Judges the texts of a questionnaire and, where there is one, of a response: as completed where it says it is, as far
/// as it goes where it is in progress. What cannot be read has one finding that says so. A response is judged only
/// against a questionnaire that is right itself.
pub fn validate(questionnaire: &[u8], response: Option<&[u8]>) -> Validated {
    let mut findings = Vec::new();
    let questionnaire = read(questionnaire, "Questionnaire", &mut findings);
    let response = response.and_then(|text| read(text, "QuestionnaireResponse", &mut findings));
    let definition = questionnaire.and_then(|json| match Definition::parse(&json) {
        Ok(parsed) => {
            findings.extend(parsed.warnings);
            Some(parsed.definition)
        }
        Err(found) => {
            findings.extend(found);
            None
        }
    });
    if let (Some(definition), Some(response)) = (definition, response) {
        findings.extend(judge_response(&definition, &response));
    }
    Validated { findings }
}

fn read(text: &[u8], resource: &str, findings: &mut Vec<Finding>) -> Option<Json> {
    if text.len() > MAX_DOCUMENT_BYTES {
        let message = format!("The document has more than {MAX_DOCUMENT_BYTES} bytes and was not read.");
        findings.push(Finding::unreadable(resource, "", "too_large", message));
        return None;
    }
    let strict = strict_json::parse(text).map_err(|malformed| {
        Finding::unreadable(resource, &malformed.pointer, malformed.code, malformed.message)
    });
    // Kept as it is written: the strict reader has made 1 of 1.0, which is not the same in FHIR.
    let read = strict.and_then(|_| {
        serde_json::from_slice(text)
            .map_err(|_| Finding::unreadable(resource, "", "syntax", "This is not JSON."))
    });
    read.map_err(|finding| findings.push(finding)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::testing::codes;
    use serde_json::json;

    fn form() -> Vec<u8> {
        let item = json!([{"linkId": "a", "type": "boolean", "required": true}]);
        let url = "https://example.org/Questionnaire/q";
        json!({"resourceType": "Questionnaire", "url": url, "status": "active", "item": item})
            .to_string()
            .into()
    }

    /// What refuses a response.
    fn judged(response: &str) -> Vec<&'static str> {
        let findings = validate(&form(), Some(response.as_bytes())).findings;
        findings.into_iter().filter(Finding::is_refusal).map(|finding| finding.code).collect()
    }

    #[test]
    fn only_a_completed_response_must_be_complete() {
        let of =
            |status: &str| json!({"resourceType": "QuestionnaireResponse", "status": status}).to_string();
        assert_eq!(judged(&of("completed")), ["answer_missing"]);
        assert!(judged(&of("in-progress")).is_empty());
    }

    #[test]
    fn a_response_to_something_else_is_refused() {
        let of = |name: &str| {
            let json = json!({"resourceType": "QuestionnaireResponse", "status": "in-progress", "questionnaire": name});
            judged(&json.to_string())
        };
        assert!(of("Questionnaire/q").is_empty());
        assert_eq!(of("https://example.org/Questionnaire/other"), ["other_instrument"]);
    }

    #[test]
    fn what_cannot_be_read_says_so() {
        let nested = format!("{{\"item\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let huge = " ".repeat(MAX_DOCUMENT_BYTES + 1);
        for (text, code) in [
            (nested.as_str(), "depth"),
            (huge.as_str(), "too_large"),
            ("", "empty"),
            ("[]", "not_an_object"),
            ("{\"status\": \"a\u{0}b\"}", "syntax"),
            ("{\"status\": \"a\\u0000b\"}", "nul"),
            ("{\"resourceType\": \"Patient\"}", "wrong_resource_type"),
        ] {
            let validated = validate(text.as_bytes(), None);
            assert_eq!(codes(&validated.findings), [code]);
            assert!(!validated.is_usable() && !validated.is_valid());
        }
        assert_eq!(codes(&validate(b"{\"a\": \"\xff\"}", None).findings), ["encoding"]);
    }

    /// As much as fits into a document, in the shapes that could make judging slow.
    #[test]
    fn a_document_made_to_be_slow_is_judged_all_the_same() {
        let boolean = |link_id: &str, more: Json| {
            let mut item = json!({"linkId": link_id, "type": "boolean"});
            item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            item
        };
        let when = json!({"enableWhen": [{"question": "b", "operator": "=", "answerBoolean": true}]});
        let group = |link_id: &str, items: Json| json!({"linkId": link_id, "type": "group", "repeats": true, "item": items});
        let form = json!({"resourceType": "Questionnaire", "status": "active", "item": [
            group("o", json!([group("i", json!([boolean("b", json!({})), boolean("c", when.clone())]))])),
            group("p", json!([group("j", json!([boolean("d", when)]))])),
            {"linkId": "x", "type": "choice", "answerOption": [{"valueInteger": 1}]}]});
        let answered = |link_id: &str| json!({"linkId": link_id, "answer": [{"valueBoolean": false}]});
        let many = |outer: &str, inner: &str, items: Json, each: usize, all: usize| {
            let inner = vec![json!({"linkId": inner, "item": items}); each];
            vec![json!({"linkId": outer, "item": inner}); all]
        };
        let mut items = many("o", "i", json!([answered("b"), answered("c")]), 80, 80);
        items.extend(many("p", "j", json!([answered("d")]), 80, 80));
        items.extend(vec![json!({"linkId": "o"}); 1000]);
        items.push(json!({"linkId": "x", "answer": vec![json!({"valueInteger": 1}); 20_000]}));
        let response = json!({"resourceType": "QuestionnaireResponse", "status": "completed", "item": items});
        let text = response.to_string();
        assert!(text.len() < MAX_DOCUMENT_BYTES, "{}", text.len());
        let begun = std::time::Instant::now();
        let found = validate(form.to_string().as_bytes(), Some(text.as_bytes())).findings;
        for code in ["occurrence_out_of_range", "question_not_shown", "too_many_answers"] {
            assert!(codes(&found).contains(&code), "{code}");
        }
        // It takes seconds in an unoptimised build; looking everything up for everything took minutes.
        assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    }
}
