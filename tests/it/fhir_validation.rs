//! Judging FHIR documents with the command line alone: no server is running, and none is asked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::program::alongside;

struct Desk {
    home: tempfile::TempDir,
}

/// What the program said, and how it ended.
struct Judged {
    exit: Option<i32>,
    outcome: Value,
    told: String,
}

impl Judged {
    /// Our own codes, in order.
    fn codes(&self) -> Vec<&str> {
        let issues = self.outcome["issue"].as_array().unwrap();
        issues.iter().filter_map(|issue| issue["details"]["coding"][0]["code"].as_str()).collect()
    }
}

impl Desk {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs it, and holds it to what every outcome must be.
    #[track_caller]
    fn validate(&self, questionnaire: &Path, response: Option<&Path>) -> Judged {
        let mut arguments = vec!["fhir", "validate", "--questionnaire", questionnaire.to_str().unwrap()];
        arguments.extend(response.iter().flat_map(|path| ["--response", path.to_str().unwrap()]));
        let begun = Instant::now();
        // Nobody listens on this port.
        let Output { status, stdout, stderr } =
            alongside(self.home.path(), "http://127.0.0.1:1", &arguments, "");
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
        let told = String::from_utf8(stderr).unwrap();
        assert!(!told.contains("panicked"), "{told}");
        let outcome: Value =
            serde_json::from_slice(&stdout).unwrap_or_else(|error| panic!("{error}: {told}"));
        assert_eq!(outcome["resourceType"], "OperationOutcome");
        let issues = outcome["issue"].as_array().unwrap();
        assert!(!issues.is_empty() && issues.len() <= 1001);
        let severities: BTreeSet<&str> =
            issues.iter().map(|issue| issue["severity"].as_str().unwrap()).collect();
        assert!(issues.iter().all(|issue| issue["code"].is_string() && issue["details"]["text"].is_string()));
        let wanted = if severities.contains("fatal") { 2 } else { i32::from(severities.contains("error")) };
        assert_eq!(status.code(), Some(wanted), "{told}");
        Judged { exit: status.code(), outcome, told }
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fhir-r4").join(format!("{name}.json"))
}

#[test]
fn every_questionnaire_of_the_standard_is_valid() {
    let desk = Desk::new();
    for (name, warnings) in [
        ("questionnaire-example-bluebook", 0),
        ("questionnaire-example-f201-lifelines", 0),
        ("questionnaire-example-gcs", 0),
        ("questionnaire-example", 6),
        ("questionnaire-profile-example-ussg-fht", 0),
        ("questionnaire-zika-virus-exposure-assessment", 0),
    ] {
        let judged = desk.validate(&fixture(name), None);
        assert_eq!((judged.exit, judged.codes().len()), (Some(0), warnings), "{name}: {}", judged.outcome);
    }
}

/// What is wrong with HL7's own responses was checked by hand; only the coma score fits its questionnaire.
#[test]
fn every_response_of_the_standard_is_judged_against_its_questionnaire() {
    let desk = Desk::new();
    let of = |questionnaire: &str, response: &str| {
        desk.validate(&fixture(questionnaire), Some(&fixture(response)))
    };
    let gcs = of("questionnaire-example-gcs", "questionnaireresponse-example-gcs");
    assert_eq!((gcs.exit, gcs.codes()), (Some(0), vec!["instrument_draft"]), "{}", gcs.outcome);

    let book = of("questionnaire-example-bluebook", "questionnaireresponse-example-bluebook");
    assert!(book.codes().starts_with(&["unknown_question", "unknown_question", "not_an_option"]));
    let issue = &book.outcome["issue"][2];
    assert_eq!(issue["code"], "code-invalid");
    let place = "QuestionnaireResponse.item[0].item[0].item[1].answer[0].value";
    assert_eq!(issue["expression"], json!([place]));

    let lifelines =
        of("questionnaire-example-f201-lifelines", "questionnaireresponse-example-f201-lifelines");
    assert!(lifelines.codes().starts_with(&["item_misplaced", "wrong_type", "wrong_type"]));
    let cancer = of("questionnaire-example", "questionnaireresponse-example");
    for code in ["value_set_unresolved", "unknown_question", "question_not_shown"] {
        assert!(cancer.codes().contains(&code), "{code}: {}", cancer.outcome);
    }
    let family =
        of("questionnaire-profile-example-ussg-fht", "questionnaireresponse-example-ussg-fht-answers");
    assert_eq!(family.codes().iter().filter(|code| **code == "item_twice").count(), 16);
    for judged in [book, lifelines, cancer, family] {
        assert_eq!(judged.exit, Some(1), "{}", judged.told);
    }
}

#[test]
fn a_response_is_judged_as_far_as_it_says_it_has_got() {
    let desk = Desk::new();
    let mut response: Value =
        serde_json::from_str(&std::fs::read_to_string(fixture("questionnaireresponse-example-gcs")).unwrap())
            .unwrap();
    let mut form: Value =
        serde_json::from_str(&std::fs::read_to_string(fixture("questionnaire-example-gcs")).unwrap())
            .unwrap();
    form["item"][2]["required"] = json!(true);
    form["status"] = json!("active");
    response["item"].as_array_mut().unwrap().pop();
    let form = desk.file("form.json", form.to_string());
    let finished = desk.file("finished.json", response.to_string());
    let judged = desk.validate(&form, Some(&finished));
    assert_eq!((judged.exit, judged.codes()), (Some(1), vec!["answer_missing"]));
    assert_eq!(judged.outcome["issue"][0]["code"], "required");
    response["status"] = json!("in-progress");
    let begun = desk.file("begun.json", response.to_string());
    assert_eq!(desk.validate(&form, Some(&begun)).exit, Some(0));
    response["questionnaire"] = json!("http://hl7.org/fhir/Questionnaire/another");
    let other = desk.file("other.json", response.to_string());
    // What is missing is no more than a hint while it is in progress.
    assert_eq!(desk.validate(&form, Some(&other)).codes(), ["answer_missing", "other_instrument"]);
}

#[test]
fn what_cannot_be_used_is_told_apart_from_what_is_wrong() {
    let desk = Desk::new();
    let good = fixture("questionnaire-example-gcs");
    let nested = |levels: usize| {
        format!(r#"{{"resourceType":"Questionnaire","item":{}{}}}"#, "[".repeat(levels), "]".repeat(levels))
    };
    let huge = desk.home.path().join("huge.json");
    // 100 MB of nothing, without writing them.
    std::fs::File::create(&huge).unwrap().set_len(100 << 20).unwrap();
    for (file, code) in [
        (desk.home.path().join("nowhere.json"), "unreadable"),
        (desk.home.path().to_owned(), "unreadable"),
        (huge, "too_large"),
        (desk.file("empty.json", ""), "empty"),
        (desk.file("words.json", "Hello."), "syntax"),
        (desk.file("list.json", "[]"), "not_an_object"),
        (desk.file("half.json", r#"{"resourceType": "Questionnaire", "item": ["#), "syntax"),
        (
            desk.file("twice.json", r#"{"resourceType": "Patient", "resourceType": "Questionnaire"}"#),
            "duplicate_member",
        ),
        (desk.file("deep.json", nested(100_000)), "depth"),
        (desk.file("nul.json", "{\"resourceType\": \"a\\u0000\"}"), "nul"),
        (desk.file("latin.json", b"{\"resourceType\": \"\xe9\"}"), "encoding"),
        (desk.file("patient.json", r#"{"resourceType": "Patient"}"#), "wrong_resource_type"),
        (desk.file("none.json", "{}"), "wrong_resource_type"),
    ] {
        let judged = desk.validate(&file, None);
        assert_eq!((judged.exit, judged.codes()), (Some(2), vec![code]), "{}", file.display());
        assert!(judged.told.starts_with("alongside: "), "{}", judged.told);
        // It is the same with a response, whose fault it may be.
        let judged = desk.validate(&good, Some(&file));
        assert_eq!((judged.exit, judged.codes()), (Some(2), vec![code]), "{}", file.display());
        assert!(judged.outcome["issue"][0]["expression"][0].as_str().unwrap().contains("Response"));
    }
}

#[test]
fn what_was_made_to_harm_ends_in_findings() {
    let desk = Desk::new();
    let form = |items: Value| json!({"resourceType": "Questionnaire", "status": "active", "item": items});
    let waits = |link_id: &str, question: &str| {
        json!({"linkId": link_id, "type": "boolean",
            "enableWhen": [{"question": question, "operator": "=", "answerBoolean": true}]})
    };
    let circle = form(json!([waits("a", "b"), waits("b", "c"), waits("c", "a")]));
    let nested = (0..40).fold(
        json!({"linkId": "x", "type": "string"}),
        |inner, level| json!({"linkId": format!("g{level}"), "type": "group", "item": [inner]}),
    );
    let many: Vec<Value> = (0..20_000).map(|n| json!({"linkId": n.to_string(), "type": "string"})).collect();
    let strange = json!({"linkId": "a", "type": "string", "\u{1b}[2J`'\\": 1, "text": "\u{202e}"});
    for (items, exit, code) in [
        (circle, 1, "condition_in_circle"),
        (form(json!([nested])), 2, "depth"),
        (form(json!(many)), 2, "too_many_items"),
        (form(json!([strange])), 1, "unknown_member"),
        (form(json!("none")), 1, "wrong_type"),
        (form(json!([1, [], null])), 1, "wrong_type"),
    ] {
        let judged = desk.validate(&desk.file("form.json", items.to_string()), None);
        assert_eq!(judged.exit, Some(exit), "{code}: {}", judged.told);
        assert!(judged.codes().contains(&code), "{code}: {:?}", judged.codes());
        assert!(!judged.told.contains('\u{1b}') && !judged.outcome.to_string().contains('\u{1b}'));
    }
    let response = json!({"resourceType": "QuestionnaireResponse", "status": "completed",
        "item": vec![json!({"linkId": "1"}); 50_000]});
    let judged = desk.validate(
        &fixture("questionnaire-example-gcs"),
        Some(&desk.file("response.json", response.to_string())),
    );
    assert_eq!(judged.exit, Some(1));
    let last = judged.outcome["issue"].as_array().unwrap().last().unwrap();
    assert!(last["details"]["text"].as_str().unwrap().contains("more issues"));
}
