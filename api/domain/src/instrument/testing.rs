//! Small instruments and answers for the tests of this module.

use serde_json::{Value as Json, json};

use super::answer::{Answer, AnswerKey};
use super::definition::Definition;
use super::finding::Finding;
use super::value::Value;

pub(super) fn parsed(questionnaire: &Json) -> Definition {
    Definition::parse(questionnaire).unwrap().definition
}

pub(super) fn questionnaire(items: Json) -> Json {
    json!({"resourceType": "Questionnaire", "status": "active", "item": items})
}

pub(super) fn definition(items: Json) -> Definition {
    parsed(&questionnaire(items))
}

pub(super) fn refused(questionnaire: &Json) -> Vec<Finding> {
    Definition::parse(questionnaire).unwrap_err()
}

pub(super) fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code).collect()
}

pub(super) fn answer(link_id: &str, values: Json) -> Answer {
    let values = values.as_array().unwrap().iter().map(|json| Value::from_json(json).unwrap()).collect();
    Answer::answered(AnswerKey::of(link_id), values)
}

pub(super) fn coded(link_id: &str, code: &str) -> Answer {
    answer(link_id, json!([{"valueCoding": {"code": code}}]))
}

/// An extension of ours, or a part of one, with a value of the type the JSON shows.
pub(super) fn own(name: &str, value: Json) -> Json {
    part(&format!("https://fhir.alongside.example/StructureDefinition/{name}"), value)
}

pub(super) fn part(url: &str, value: Json) -> Json {
    match value {
        Json::Bool(_) => json!({"url": url, "valueBoolean": value}),
        Json::Number(_) => json!({"url": url, "valueInteger": value}),
        Json::String(_) => json!({"url": url, "valueCode": value}),
        parts => json!({"url": url, "extension": parts}),
    }
}

fn choice(link_id: &str, role: &str, text: &str, options: &[(&str, &str)]) -> Json {
    let options: Vec<Json> = options
        .iter()
        .map(|(code, display)| json!({"valueCoding": {"code": code, "display": display}}))
        .collect();
    json!({"linkId": link_id, "type": "choice", "text": text, "answerOption": options, "extension": [own("role", json!(role))]})
}

fn concern(prefix: &str, code: &str, title: &str, question: &str) -> Json {
    let when = |mut item: Json| {
        let condition = |code: &str| json!({"question": format!("{prefix}.gate"), "operator": "=", "answerCoding": {"code": code}});
        item["enableWhen"] = json!([condition("yes"), condition("not_sure")]);
        item["enableBehavior"] = json!("any");
        item
    };
    let simple = |part: &str, kind: &str, text: &str| json!({"linkId": format!("{prefix}.{part}"), "type": kind, "text": text, "extension": [own("role", json!(part))]});
    let gate = [("yes", "Yes"), ("no", "No"), ("not_sure", "Not sure"), ("prefer_not", "Prefer not to say")];
    let help = [
        ("none", "None"),
        ("information", "Information"),
        ("talk", "A talk"),
        ("practical", "Practical"),
        ("urgent", "Soon"),
    ];
    let duration = [("new", "New"), ("ongoing", "For a while"), ("worse", "Worse")];
    json!({"linkId": prefix, "type": "group",
    "extension": [own("concern", json!([part("code", json!(code)), part("title", json!(title))]))],
    "item": [
        choice(&format!("{prefix}.gate"), "gate", question, &gate),
        when(simple("bother", "integer", "How much does it bother you?")),
        when(choice(&format!("{prefix}.duration"), "duration", "Since when?", &duration)),
        when(choice(&format!("{prefix}.help"), "help", "What would help?", &help)),
        when(simple("own_words", "text", "In your own words")),
    ]})
}

/// A needs assessment in small: three sections, one private, one about safety, and a choice of what matters.
pub(super) fn needs_assessment() -> Json {
    let mut safe = concern("safe", "SAF.home", "Safe at home", "Do you feel unsafe at home?");
    safe["item"][0]["extension"]
        .as_array_mut()
        .unwrap()
        .push(own("alert", json!([part("kind", json!("safety_at_home")), part("when", json!("yes"))])));
    let section = |link_id: &str, code: &str, items: Json, more: &[Json]| {
        let extensions: Vec<Json> =
            [own("section", json!(code))].into_iter().chain(more.iter().cloned()).collect();
        json!({"linkId": link_id, "type": "group", "text": link_id, "item": items, "extension": extensions})
    };
    let coding = |code: &str| json!({"valueCoding": {"code": code}});
    let mut questionnaire = questionnaire(json!([
        section("water", "URI", json!([
            concern("leak", "URI.leakage", "Leaking urine", "Do you leak urine?"),
            concern("night", "URI.night", "Getting up at night", "Do you get up at night?"),
        ]), &[]),
        section("sex", "SEX", json!([concern("desire", "SEX.desire", "Desire", "Is desire a worry?")]),
            &[own("private-section", json!(true))]),
        section("safety", "SAF", json!([safe]),
            &[own("private-section", json!(true)), own("safety-item", json!(true))]),
        {"linkId": "top", "type": "choice", "repeats": true, "extension": [own("role", json!("priorities"))],
         "answerOption": [coding("URI.leakage"), coding("URI.night"), coding("SEX.desire"), coding("SAF.home")]},
    ]));
    questionnaire["extension"] = json!([own("kind", json!("hna")), own("licence", json!("A"))]);
    questionnaire
}

/// Three whole numbers and their sum, with the parts on missing answers as given.
pub(super) fn scored_questionnaire(missing: &[Json]) -> Json {
    let integer = |link_id: &str| json!({"linkId": link_id, "type": "integer"});
    let mut questionnaire = questionnaire(json!([integer("a"), integer("b"), integer("c")]));
    let band = |from: u8, to: u8, code: &str| {
        part(
            "band",
            json!([
                part("from", json!(from)),
                part("to", json!(to)),
                part("code", json!(code)),
                part("title", json!(code))
            ]),
        )
    };
    let mut parts = vec![
        part("code", json!("total")),
        part("title", json!("Total")),
        part("item", json!("a")),
        part("item", json!("b")),
        part("item", json!("c")),
        part("method", json!("sum")),
        band(0, 4, "low"),
        band(5, 9, "high"),
    ];
    parts.extend(missing.iter().cloned());
    questionnaire["extension"] = json!([own("kind", json!("scored")), own("score", json!(parts))]);
    questionnaire
}
