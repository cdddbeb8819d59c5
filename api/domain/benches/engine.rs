//! The engine on a form longer than any in use: 800 items, 250 conditions. All of it answers in milliseconds.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark of documents made here")]

use std::hint::black_box;

use alongside_domain::instrument::{
    Answer, AnswerKey, Answers, Definition, Header, ResponseStatus, Setting, Value, judge_answer,
    judge_complete, judge_response, visible_items, write_response,
};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value as Json, json};

/// Forty sections of twenty items; in each some questions wait for the gate, and some for the section before.
fn form() -> Json {
    let question = |section: usize, number: usize| {
        let mut item = json!({"linkId": format!("{section}.{number}"), "type": "integer", "text": "How much?",
            "required": number == 0});
        let gate = match number {
            1..=5 => Some(section),
            6 => section.checked_sub(1),
            _ => None,
        };
        let gate = gate.filter(|_| section * 7 + number < 286);
        if let Some(gate) = gate {
            item["enableWhen"] =
                json!([{"question": format!("{gate}.0"), "operator": ">", "answerInteger": 0}]);
        }
        item
    };
    let section = |section: usize| {
        let items: Vec<Json> = (0..19).map(|number| question(section, number)).collect();
        json!({"linkId": format!("{section}"), "type": "group", "text": "Section", "item": items})
    };
    let items: Vec<Json> = (0..40).map(section).collect();
    json!({"resourceType": "Questionnaire", "status": "active", "url": "https://example.org/long", "item": items})
}

fn engine(criterion: &mut Criterion) {
    let form = form();
    let definition = Definition::parse(&form).unwrap().definition;
    assert_eq!(definition.items().count(), 800);
    let conditions: usize = definition.items().map(|(_, item)| item.enable_when.len()).sum();
    assert!(conditions >= 240, "{conditions}");
    let questions = definition.items().filter(|(_, item)| item.kind.is_question());
    let all: Vec<Answer> = questions
        .map(|(_, item)| Answer::answered(AnswerKey::of(&item.link_id), vec![Value::Integer(1)]))
        .collect();
    let answers: Answers = all.iter().cloned().collect();
    let last = all.last().unwrap();
    let response = write_response(&definition, &answers, &Header::with_status(ResponseStatus::Completed));

    criterion
        .bench_function("read the definition", |bench| bench.iter(|| Definition::parse(black_box(&form))));
    criterion.bench_function("judge one answer", |bench| {
        bench.iter(|| judge_answer(&definition, &answers, black_box(last), ""));
    });
    criterion.bench_function("what is on the form", |bench| {
        bench.iter(|| visible_items(&definition, black_box(&answers), &Setting::default()));
    });
    criterion.bench_function("judge whether it is complete", |bench| {
        bench.iter(|| judge_complete(&definition, black_box(&answers), &Setting::default()));
    });
    criterion.bench_function("judge a response", |bench| {
        bench.iter(|| judge_response(&definition, black_box(&response)));
    });
}

criterion_group!(benches, engine);
criterion_main!(benches);
