//! Findings as FHIR says them: an OperationOutcome (R4).

use serde_json::{Map, Value as Json, json};

use super::finding::{Finding, Severity};

/// The codes of findings, as a code system.
const CODES: &str = "https://fhir.alongside.example/CodeSystem/finding";

/// The most issues one outcome names. Nobody mends more than this before looking again.
const MAX_ISSUES: usize = 1000;

/// The longest text of an issue, in characters. Some name what stands in the document, however long that is.
const MAX_TEXT: usize = 2000;

/// An OperationOutcome with an issue for each finding; without findings it says that all is well, since FHIR wants at
/// least one issue.
pub fn operation_outcome(findings: &[Finding]) -> Json {
    let mut findings: Vec<&Finding> = findings.iter().collect();
    let left_out = findings.len().saturating_sub(MAX_ISSUES);
    if left_out > 0 {
        // What refuses the document is not lost behind what does not.
        findings.sort_by_key(|finding| finding.severity);
        findings.truncate(MAX_ISSUES);
    }
    let mut issues: Vec<Json> = findings.into_iter().map(issue).collect();
    if issues.is_empty() {
        issues.push(note("Nothing is wrong with this."));
    }
    if left_out > 0 {
        issues.push(note(&format!("{left_out} more issues are not listed.")));
    }
    json!({"resourceType": "OperationOutcome", "issue": issues})
}

fn note(text: &str) -> Json {
    json!({"severity": "information", "code": "informational", "details": {"text": text}})
}

fn issue(finding: &Finding) -> Json {
    let severity = match finding.severity {
        Severity::Fatal => "fatal",
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information => "information",
    };
    let text = printable(&finding.message);
    let mut issue = Map::new();
    issue.insert("severity".to_owned(), severity.into());
    issue.insert("code".to_owned(), issue_type(finding.code).into());
    let coding = json!([{"system": CODES, "code": finding.code}]);
    issue.insert("details".to_owned(), json!({"coding": coding, "text": text}));
    if !finding.pointer.is_empty() {
        issue.insert(
            "diagnostics".to_owned(),
            format!("JSON Pointer: {}", printable(&finding.pointer)).into(),
        );
    }
    issue.insert("expression".to_owned(), json!([printable(&expression(finding))]));
    Json::Object(issue)
}

/// The kind of an issue in FHIR's closed list (`issue-type`), from our own code.
fn issue_type(code: &str) -> &'static str {
    match code {
        "unknown_question" | "value_set_unresolved" | "unreadable" => "not-found",
        "not_an_option" | "unit_not_offered" => "code-invalid",
        "modifier_extension" | "implicit_rules" | "pattern_not_supported" | "expression_not_supported" => {
            "not-supported"
        }
        "too_long" | "link_id_too_long" | "too_large" => "too-long",
        "depth" | "too_deep" | "too_many_items" | "too_many_options" | "too_many_patterns" => "too-costly",
        "no_items" | "too_few_answers" | "blank" | "empty" => "required",
        "several_questionnaires" | "duplicate_member" => "duplicate",
        "syntax"
        | "encoding"
        | "nul"
        | "not_an_object"
        | "wrong_type"
        | "wrong_resource_type"
        | "unknown_member"
        | "item_misplaced"
        | "item_out_of_order"
        | "empty_element"
        | "not_a_question"
        | "display_with_items"
        | "group_empty" => "structure",
        "question_not_shown" | "no_longer_asked" | "option_exclusive" | "read_only" | "bounds_crossed"
        | "other_instrument" | "other_version" => "business-rule",
        _ if code.starts_with("instrument_") => "business-rule",
        _ if code.ends_with("_missing") => "required",
        _ if code.ends_with("_twice") => "duplicate",
        _ if code.starts_with("unknown_") => "code-invalid",
        _ if code.starts_with("extension_") => "extension",
        _ if code.starts_with("condition_") => "business-rule",
        _ => "value",
    }
}

/// The place as FHIRPath. An element with a choice of types is called by its bare name there: `value`, not
/// `valueCoding`.
fn expression(finding: &Finding) -> String {
    let resource: String = finding.path.chars().take_while(char::is_ascii_alphabetic).collect();
    if finding.pointer.is_empty() {
        // Some places are not in the document, because what should be there is missing.
        return if resource.is_empty() { "Resource".to_owned() } else { finding.path.clone() };
    }
    let mut out = if resource.is_empty() { "Resource".to_owned() } else { resource };
    for step in finding.pointer.split('/').skip(1) {
        if !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) {
            out.push_str(&format!("[{step}]"));
            continue;
        }
        let name = step.replace("~1", "/").replace("~0", "~");
        out.push('.');
        match element(&name) {
            Some(element) => out.push_str(element),
            None => {
                let quoted = name.replace('\\', "\\\\").replace('`', "\\`");
                out.push_str(&format!("`{quoted}`"));
            }
        }
    }
    out
}

/// The name of an element, where a name in JSON is one; other names need quotes.
fn element(name: &str) -> Option<&str> {
    let is_name = name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric());
    let types = [
        "Boolean",
        "Decimal",
        "Integer",
        "Date",
        "DateTime",
        "Time",
        "String",
        "Uri",
        "Attachment",
        "Coding",
        "Quantity",
        "Reference",
        "Code",
    ];
    let of_a_type = |stem: &str| name.strip_prefix(stem).is_some_and(|rest| types.contains(&rest));
    match name {
        _ if !is_name => None,
        _ if of_a_type("value") => Some("value"),
        _ if of_a_type("answer") => Some("answer"),
        _ => Some(name),
    }
}

/// A text as FHIR allows one: no control characters, and not without end.
fn printable(text: &str) -> String {
    let is_allowed = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t');
    let letters = text.chars().map(|letter| if is_allowed(letter) { letter } else { ' ' });
    let mut cut: String = letters.take(MAX_TEXT).collect();
    if text.chars().nth(MAX_TEXT).is_some() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: Severity, code: &'static str, pointer: &str, path: &str) -> Finding {
        Finding { severity, code, pointer: pointer.into(), path: path.into(), message: "Words.".into() }
    }

    #[test]
    fn a_finding_becomes_an_issue() {
        let pointer = "/item/0/answer/1/valueCoding";
        let path = "QuestionnaireResponse.item[0].answer[1].valueCoding";
        let outcome = operation_outcome(&[finding(Severity::Error, "not_an_option", pointer, path)]);
        assert_eq!(
            outcome,
            json!({"resourceType": "OperationOutcome", "issue": [{
                "severity": "error", "code": "code-invalid",
                "details": {"coding": [{"system": CODES, "code": "not_an_option"}], "text": "Words."},
                "diagnostics": "JSON Pointer: /item/0/answer/1/valueCoding",
                "expression": ["QuestionnaireResponse.item[0].answer[1].value"]}]})
        );
    }

    #[test]
    fn a_place_is_written_as_fhirpath() {
        let of = |pointer: &str, path: &str| expression(&finding(Severity::Error, "x", pointer, path));
        assert_eq!(of("", "Questionnaire"), "Questionnaire");
        assert_eq!(of("", "QuestionnaireResponse.descendants().where(linkId='a')").chars().last(), Some(')'));
        assert_eq!(
            of("/item/2/answerValueSet", "Questionnaire.item[2]"),
            "Questionnaire.item[2].answerValueSet"
        );
        assert_eq!(
            of("/item/0/enableWhen/0/answerCoding", "Questionnaire"),
            "Questionnaire.item[0].enableWhen[0].answer"
        );
        assert_eq!(of("/a~1b~0`c", "Questionnaire"), "Questionnaire.`a/b~\\`c`");
        assert_eq!(of("", "\u{1}"), "Resource");
    }

    #[test]
    fn nothing_found_is_said_as_well() {
        let outcome = operation_outcome(&[]);
        assert_eq!(outcome["issue"][0]["severity"], "information");
    }

    #[test]
    fn an_outcome_has_an_end_and_keeps_what_refuses() {
        let mut findings =
            vec![finding(Severity::Warning, "option_twice", "/item", "Questionnaire.item"); 2000];
        findings.push(Finding {
            message: "x\u{0}".repeat(5000),
            ..finding(Severity::Error, "no_items", "", "Questionnaire")
        });
        let outcome = operation_outcome(&findings);
        let issues = outcome["issue"].as_array().unwrap();
        assert_eq!(issues.len(), MAX_ISSUES + 1);
        assert_eq!(issues[0]["severity"], "error");
        let text = issues[0]["details"]["text"].as_str().unwrap();
        assert!(text.chars().count() == MAX_TEXT + 1 && !text.contains('\u{0}'));
    }
}
