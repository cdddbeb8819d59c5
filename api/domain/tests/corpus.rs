//! The corpus of the fuzzer, and mutations of it, on stable: whatever comes in ends in a finding, never in a panic, and
//! soon.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test")]

#[path = "../../../fuzz/exercise.rs"]
mod exercise;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use alongside_domain::instrument::{Definition, judge_response};
use exercise::Target;
use serde_json::{Value as Json, json};

/// How many mutations of each file are tried.
const MUTATIONS: u32 = 150;

/// No document may take longer, even in an unoptimised build on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// What is put in here and there.
const TOKENS: [&str; 20] = [
    "null",
    "{}",
    "[]",
    "-1",
    "1e308",
    "0.1",
    "\"\"",
    "true",
    "\"type\"",
    "\"linkId\"",
    "\"item\":[",
    "{\"valueInteger\":",
    "\"\\ud83d\\ude00\"",
    "\"#\"",
    "999999999999",
    "\"choice\"",
    "\"group\"",
    "],",
    "}",
    "\u{fffd}",
];

/// A small generator of numbers (xorshift), so that a failure comes again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn mutate(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            let length = self.below(40).min(bytes.len() - at);
            match self.below(5) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => drop(bytes.drain(at..at + length)),
                2 => {
                    let copy = bytes[at..at + length].to_vec();
                    let to = self.below(bytes.len());
                    drop(bytes.splice(to..to, copy));
                }
                3 => {
                    let token = TOKENS[self.below(TOKENS.len())].as_bytes();
                    drop(bytes.splice(at..at, token.iter().copied()));
                }
                _ => self.swap_values(&mut bytes),
            }
            if bytes.is_empty() {
                break;
            }
        }
        bytes
    }

    /// Replaces one value of a document by another one of it, so that it stays JSON.
    fn swap_values(&mut self, bytes: &mut Vec<u8>) {
        let Ok(mut json) = serde_json::from_slice::<Json>(bytes) else { return };
        let mut places = Vec::new();
        pointers(&json, String::new(), &mut places);
        let (from, to) = (&places[self.below(places.len())], &places[self.below(places.len())]);
        let value = json.pointer(from).cloned().unwrap_or_default();
        if let Some(slot) = json.pointer_mut(to) {
            *slot = value;
        }
        *bytes = json.to_string().into_bytes();
    }
}

fn pointers(json: &Json, pointer: String, found: &mut Vec<String>) {
    match json {
        Json::Object(map) => {
            for (name, member) in map {
                let name = name.replace('~', "~0").replace('/', "~1");
                pointers(member, format!("{pointer}/{name}"), found);
            }
        }
        Json::Array(list) => {
            for (index, element) in list.iter().enumerate() {
                pointers(element, format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
    found.push(pointer);
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn run(target: Target, name: &str) {
    for (path, seed) in corpus(name) {
        target.run(&seed);
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        let begun = Instant::now();
        for _ in 0..MUTATIONS {
            target.run(&dice.mutate(&seed));
        }
        assert!(begun.elapsed() < 10 * SOON, "{path:?}");
    }
}

#[test]
fn questionnaires_of_every_kind_are_read_to_an_end() {
    run(Target::Questionnaire, "questionnaire");
}

#[test]
fn responses_of_every_kind_are_read_to_an_end() {
    run(Target::Response, "response");
}

#[test]
fn answers_of_every_kind_are_read_to_an_end() {
    run(Target::Answers, "answers");
}

fn soon<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    assert!(begun.elapsed() < SOON, "{what} took {:?}", begun.elapsed());
    done
}

fn questionnaire(items: Json) -> Json {
    json!({"resourceType": "Questionnaire", "status": "active", "item": items})
}

fn refused(json: &Json) -> Vec<&'static str> {
    let findings = soon("reading", || Definition::parse(json)).err().unwrap_or_default();
    findings.into_iter().filter(|finding| finding.is_refusal()).map(|finding| finding.code).collect()
}

#[test]
fn patterns_made_to_be_slow_are_not() {
    let regex =
        |text: &str| json!([{"url": "http://hl7.org/fhir/StructureDefinition/regex", "valueString": text}]);
    let long = "a".repeat(2_000_000) + "!";
    for pattern in ["(a+)+$", "(a|aa)*b", "(.*)*x", "^(([a-z])+.)+[A-Z]([a-z])+$"] {
        let form = questionnaire(json!([{"linkId": "a", "type": "string", "extension": regex(pattern)}]));
        let definition = Definition::parse(&form).unwrap().definition;
        let response = json!({"resourceType": "QuestionnaireResponse", "status": "completed",
            "item": [{"linkId": "a", "answer": [{"valueString": long}]}]});
        let found = soon(pattern, || judge_response(&definition, &response));
        assert!(found.iter().any(|finding| finding.code == "wrong_form"), "{pattern}");
    }
    // And many that take long to prepare.
    let items: Vec<Json> = (0..1000)
        .map(|n| json!({"linkId": n.to_string(), "type": "string", "extension": regex(&format!("(\\p{{L}}{{9}}){n}"))}))
        .collect();
    assert!(refused(&questionnaire(json!(items))).contains(&"too_many_patterns"));
}

#[test]
fn long_texts_are_taken_for_what_they_are() {
    let long = "x".repeat(10_000_000);
    let found = refused(&questionnaire(json!([{"linkId": long, "type": long, "prefix": long}])));
    assert!(found.contains(&"link_id_too_long") && found.contains(&"unknown_item_type"), "{found:?}");
}

#[test]
fn lists_of_options_have_an_end() {
    let options = |count: usize| -> Json {
        let all: Vec<Json> = (0..count).map(|n| json!({"valueInteger": n})).collect();
        questionnaire(json!([{"linkId": "a", "type": "choice", "answerOption": all}]))
    };
    assert!(refused(&options(10_000)).is_empty());
    assert_eq!(refused(&options(10_001)), ["too_many_options"]);
}

#[test]
fn many_occurrences_of_what_is_required_are_judged_soon() {
    let form = questionnaire(json!([{"linkId": "o", "type": "group", "repeats": true, "item": [
        {"linkId": "i", "type": "group", "repeats": true, "required": true, "item": [
            {"linkId": "g", "type": "group", "required": true, "item": [
                {"linkId": "a", "type": "boolean", "required": true}]}]}]}]));
    let definition = Definition::parse(&form).unwrap().definition;
    let answered = json!({"linkId": "i", "item": [{"linkId": "g", "item": [
        {"linkId": "a", "answer": [{"valueBoolean": true}]}]}]});
    let outer = json!({"linkId": "o", "item": vec![answered; 120]});
    let response =
        json!({"resourceType": "QuestionnaireResponse", "status": "completed", "item": vec![outer; 120]});
    let found = soon("judging", || judge_response(&definition, &response));
    assert!(found.iter().all(|finding| !finding.is_refusal()), "{:?}", found.first());
}

#[test]
fn a_document_that_contains_itself_by_name_is_read_once() {
    let mut form = questionnaire(json!([{"linkId": "a", "type": "choice", "answerValueSet": "#v"}]));
    form["contained"] = json!([{"resourceType": "ValueSet", "id": "v", "compose": {"include": [{"valueSet": ["#v"]}]}},
        {"resourceType": "Questionnaire", "id": "q", "derivedFrom": ["#q"]}]);
    assert!(refused(&form).is_empty());
}
