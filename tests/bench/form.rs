//! The form that is sent: ten concerns of the shipped needs assessment, five answers each.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use uuid::Uuid;

pub const URL: &str = "https://fhir.alongside.example/Questionnaire/prostate-hna";
const DEFINITION: &str = include_str!("../../api/domain/instruments/prostate-hna.json");
const OWN: &str = "https://fhir.alongside.example/StructureDefinition/";
const CONCERNS: usize = 10;
const ANSWERS: usize = 50;

/// The body that records an assessment of the participant `%ID%` with all its answers at once.
pub fn assessment(instrument: Uuid) -> anyhow::Result<String> {
    let definition: Value = serde_json::from_str(DEFINITION)?;
    let mut concerns = Vec::new();
    collect(&definition, &mut concerns);
    let items = concerns.iter().take(CONCERNS).flat_map(|concern| children(concern));
    let answers: Vec<Value> = items.map(answer).collect::<anyhow::Result<_>>()?;
    ensure!(answers.len() == ANSWERS, "the form has {} answers, not {ANSWERS}", answers.len());
    let body = json!({
        "participant_id": "%ID%", "instrument_id": instrument, "time_point": "baseline", "channel": "in_person",
        "answers": answers,
    });
    Ok(body.to_string())
}

/// The questions answered in a body made by [`assessment`].
pub fn link_ids(body: &str) -> anyhow::Result<Vec<String>> {
    let body: Value = serde_json::from_str(body)?;
    let answers = body.get("answers").and_then(Value::as_array).context("a body without answers")?;
    let link_id = |answer: &Value| answer.get("link_id").and_then(Value::as_str).map(str::to_owned);
    answers.iter().map(|answer| link_id(answer).context("an answer without a link id")).collect()
}

fn children(item: &Value) -> &[Value] {
    item.get("item").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn has(item: &Value, extension: &str) -> bool {
    let mut extensions = item.get("extension").and_then(Value::as_array).into_iter().flatten();
    extensions.any(|found| found.get("url").and_then(Value::as_str) == Some(&format!("{OWN}{extension}")))
}

/// The concerns that anybody may be asked about, in order; none that raises an alert.
fn collect<'d>(item: &'d Value, concerns: &mut Vec<&'d Value>) {
    if has(item, "private-section") || has(item, "safety-item") {
        return;
    }
    let alerts = children(item).iter().any(|child| has(child, "alert"));
    if has(item, "concern") && !alerts {
        concerns.push(item);
        return;
    }
    for child in children(item) {
        collect(child, concerns);
    }
}

/// An answer to one question: the first option, a middling number, a few words.
fn answer(item: &Value) -> anyhow::Result<Value> {
    let text = |name: &str| {
        item.get(name).and_then(Value::as_str).with_context(|| format!("an item without {name}"))
    };
    let value = match text("type")? {
        "choice" => {
            let coding = item.pointer("/answerOption/0/valueCoding").context("a choice without options")?;
            json!({"valueCoding": {"system": coding.get("system"), "code": coding.get("code")}})
        }
        "integer" => json!({"valueInteger": 5}),
        "text" => json!({"valueString": "Mostly at night, and worse after a long walk."}),
        other => anyhow::bail!("no answer is known for an item of type {other}"),
    };
    Ok(json!({"link_id": text("linkId")?, "state": "answered", "values": [value]}))
}
