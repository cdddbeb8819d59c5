//! What must hold for any input: nothing panics, what goes out comes in again, order does not matter.

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::answer::{Answer, AnswerKey, Answers, State};
use super::definition::Definition;
use super::enabled::Enabled;
use super::flow::{Setting, next_after, progress_by_section, visible_items};
use super::judge::{Judge, judge_answer, judge_complete};
use super::response::{Header, ResponseStatus, read_response};
use super::response_write::write_response;
use super::testing::{definition, needs_assessment, parsed};
use super::value::Value;
use super::{concerns, explain, positive, scores};

/// JSON that looks enough like FHIR to get past the first check now and then.
fn any_json() -> impl Strategy<Value = Json> {
    let words = prop::sample::select(vec![
        "Questionnaire",
        "group",
        "choice",
        "string",
        "leak.gate",
        "leak",
        "yes",
        "=",
        "exists",
        "active",
        "completed",
        "",
        "2019-02-30",
        "https://fhir.alongside.example/StructureDefinition/score",
    ]);
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        words.prop_map(Json::from),
        ".{0,8}".prop_map(Json::from),
    ];
    let names = prop::sample::select(vec![
        "resourceType",
        "item",
        "linkId",
        "type",
        "enableWhen",
        "question",
        "operator",
        "answerCoding",
        "answerBoolean",
        "answer",
        "valueCoding",
        "valueInteger",
        "valueString",
        "code",
        "system",
        "extension",
        "url",
        "status",
        "initial",
        "answerOption",
        "required",
        "modifierExtension",
        "contained",
        "entry",
        "resource",
    ]);
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::Array),
            prop::collection::vec((names.clone(), inner), 0..6).prop_map(|members| Json::Object(
                members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Map<_, _>>()
            )),
        ]
    })
}

/// A real questionnaire with one element replaced by anything.
fn damaged() -> impl Strategy<Value = Json> {
    (any::<prop::sample::Index>(), any_json()).prop_map(|(index, anything)| {
        let mut questionnaire = needs_assessment();
        let mut pointers = Vec::new();
        pointers_of(&questionnaire, String::new(), &mut pointers);
        let pointer = &pointers[index.index(pointers.len())];
        if let Some(slot) = questionnaire.pointer_mut(pointer) {
            *slot = anything;
        }
        questionnaire
    })
}

fn pointers_of(json: &Json, pointer: String, found: &mut Vec<String>) {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match json {
        Json::Object(map) => {
            map.iter().for_each(|(name, member)| {
                pointers_of(member, format!("{pointer}/{}", escaped(name)), found)
            });
        }
        Json::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(n, element)| pointers_of(element, format!("{pointer}/{n}"), found));
        }
        _ => {}
    }
    found.push(pointer);
}

/// Two repeating levels, a repeating question with something inside, and conditions across them.
fn repeating_form() -> Definition {
    definition(json!([
        {"linkId": "smokes", "type": "boolean"},
        {"linkId": "relative", "type": "group", "repeats": true, "item": [
            {"linkId": "name", "type": "string"},
            {"linkId": "illness", "type": "choice", "repeats": true,
             "answerOption": [{"valueCoding": {"code": "a"}}, {"valueCoding": {"code": "b"}}], "item": [
                {"linkId": "age", "type": "integer",
                 "enableWhen": [{"question": "illness", "operator": "=", "answerCoding": {"code": "b"}}]}]},
            {"linkId": "cause", "type": "group", "repeats": true,
             "enableWhen": [{"question": "smokes", "operator": "=", "answerBoolean": true}],
             "item": [{"linkId": "place", "type": "decimal"}]}]},
        {"linkId": "last", "type": "date", "enableWhen": [{"question": "age", "operator": ">", "answerInteger": 40}]},
    ]))
}

/// The same questions with nothing that repeats, each waiting for others in some way.
fn flat_form() -> Definition {
    definition(json!([
        {"linkId": "smokes", "type": "boolean", "item": [
            {"linkId": "name", "type": "string", "item": [
                {"linkId": "illness", "type": "choice",
                 "answerOption": [{"valueCoding": {"code": "a"}}, {"valueCoding": {"code": "b"}}]}]}]},
        {"linkId": "relative", "type": "group",
         "enableWhen": [{"question": "age", "operator": ">", "answerInteger": 40}], "item": [
            {"linkId": "cause", "type": "group",
             "enableWhen": [{"question": "smokes", "operator": "=", "answerBoolean": true}],
             "item": [{"linkId": "place", "type": "decimal"}]}]},
        {"linkId": "age", "type": "integer", "enableBehavior": "any",
         "enableWhen": [{"question": "illness", "operator": "=", "answerCoding": {"code": "b"}},
                        {"question": "smokes", "operator": "exists", "answerBoolean": false}]},
        {"linkId": "last", "type": "date", "enableWhen": [{"question": "place", "operator": "exists", "answerBoolean": true}]},
    ]))
}

fn any_answer() -> impl Strategy<Value = Answer> {
    let link_ids = ["smokes", "relative", "name", "illness", "age", "cause", "place", "last", "nowhere"];
    let value = prop_oneof![
        any::<bool>().prop_map(Value::Boolean),
        any::<i32>().prop_map(Value::Integer),
        (-500_i32..500)
            .prop_map(|n| Value::Decimal(serde_json::Number::from_f64(f64::from(n) / 4.0).unwrap())),
        prop::sample::select(vec!["a", "b", "c"]).prop_map(|code| {
            Value::from_json(&json!({"valueCoding": {"code": code, "display": code}})).unwrap()
        }),
        ".{0,6}".prop_map(Value::String),
        (1900..2030_i32).prop_map(|year| Value::Date(year.to_string())),
    ];
    let state = prop::sample::select(vec![
        State::Answered,
        State::Answered,
        State::Skipped,
        State::PreferNot,
        State::NotShown,
    ]);
    let values = prop::collection::vec(value, 0..3);
    let occurrence = prop::collection::vec(0_u32..3, 0..3);
    (prop::sample::select(link_ids.to_vec()), occurrence, state, values).prop_map(
        |(link_id, occurrence, state, values)| Answer {
            key: AnswerKey::at(link_id, &occurrence),
            state,
            values,
        },
    )
}

/// Saves, in rounds, every answer that is acceptable as things stand; an occurrence is begun only behind the one
/// before it, because a response has no gaps.
fn acceptable(definition: &Definition, offered: &[Answer]) -> Answers {
    let mut answers = Answers::default();
    for offered in offered {
        let mut answer = offered.clone();
        if answer.state != State::Answered {
            answer.values.clear();
        }
        let Some((_, item)) = definition.find(&answer.key.link_id) else { continue };
        answer.key.occurrence.resize(item.axes.len(), 0);
        answer.values.retain(|value| item.takes(value));
        if judge_answer(definition, &answers, &answer, "").is_empty() {
            answers.save(answer);
        }
    }
    answers.in_effect(definition)
}

/// Numbers the occurrences of repeating groups without gaps, as a response does.
fn without_gaps(definition: &Definition, answers: &Answers) -> Answers {
    let written = write_response(definition, answers, &Header::with_status(ResponseStatus::InProgress));
    read_response(definition, &written).unwrap().0
}

proptest! {
    #[test]
    fn reading_a_definition_is_total(json in any_json()) {
        let _ = Definition::parse(&json);
    }

    #[test]
    fn reading_a_damaged_definition_is_total(json in damaged(), answers in prop::collection::vec(any_answer(), 0..6)) {
        if let Ok(parsed) = Definition::parse(&json) {
            let answers: Answers = answers.into_iter().collect();
            let definition = &parsed.definition;
            let _ = (scores(definition, &answers), concerns(definition, &answers));
            let _ = visible_items(definition, &answers, &Setting::default());
        }
    }

    #[test]
    fn reading_a_response_is_total(json in any_json()) {
        let _ = read_response(&parsed(&needs_assessment()), &json);
        let response = json!({"resourceType": "QuestionnaireResponse", "status": "completed", "item": json});
        let _ = read_response(&parsed(&needs_assessment()), &response);
    }

    #[test]
    fn judging_is_total(answers in prop::collection::vec(any_answer(), 0..20), answer in any_answer(), json in any_json()) {
        let definition = repeating_form();
        let answers: Answers = answers.into_iter().collect();
        let _ = Value::from_json(&json);
        let _ = judge_answer(&definition, &answers, &answer, "/answers/0");
        let _ = judge_complete(&definition, &answers, &Setting { family_present: true });
        let _ = progress_by_section(&definition, &answers, &Setting::default());
        let _ = next_after(&definition, &answers, &Setting::default(), Some(&answer.key));
        let _ = explain::why_enabled(&definition, &answers, &answer.key);
        let _ = positive(&definition, &answer);
        let _ = write_response(&definition, &answers, &Header::with_status(ResponseStatus::Stopped));
    }

    #[test]
    fn what_is_written_is_read_again(offered in prop::collection::vec(any_answer(), 0..60)) {
        let definition = repeating_form();
        let answers = without_gaps(&definition, &acceptable(&definition, &offered));
        let header = Header { authored: Some("2024-05-31".into()), ..Header::with_status(ResponseStatus::InProgress) };
        let written = write_response(&definition, &answers, &header);
        let (read, read_header) = read_response(&definition, &written).unwrap();
        prop_assert_eq!(&read, &answers);
        prop_assert_eq!(&read_header, &header);
        prop_assert_eq!(write_response(&definition, &read, &read_header), written);
    }

    #[test]
    fn one_item_is_worked_out_alone_as_within_the_whole_form(offered in prop::collection::vec(any_answer(), 0..30)) {
        let definition = repeating_form();
        let answers: Answers = offered.iter().cloned().collect();
        for key in offered.iter().map(|answer| &answer.key) {
            let whole = Enabled::with(&definition, &answers, Some(key));
            let alone = Enabled::around(&definition, &answers, key);
            prop_assert_eq!(alone.contains(&definition, key), whole.contains(&definition, key));
        }
    }

    #[test]
    fn a_form_that_is_followed_is_the_form_worked_out_anew(offered in prop::collection::vec(any_answer(), 0..30)) {
        for definition in [repeating_form(), flat_form()] {
            let mut judge = Judge::new(&definition, Answers::default());
            for answer in &offered {
                let alone = judge_answer(&definition, judge.answers(), answer, "/answers/0");
                prop_assert_eq!(judge.judge(answer, "/answers/0"), alone);
                judge.save(answer.clone());
                prop_assert_eq!(judge.enabled(), &Enabled::of(&definition, judge.answers()));
            }
        }
    }

    #[test]
    fn the_order_of_answers_does_not_matter(offered in prop::collection::vec(any_answer(), 0..30), seed in any::<u64>()) {
        let definition = repeating_form();
        let at_once: Answers = offered.iter().cloned().collect();
        let mut one_by_one = Answers::default();
        let mut shuffled: Vec<Answer> = at_once.iter().cloned().collect();
        shuffled.sort_by_key(|answer| answer.key.link_id.bytes().fold(seed, |hash, byte| hash.rotate_left(7) ^ u64::from(byte)));
        for answer in shuffled {
            one_by_one.save(answer);
            let _ = Enabled::of(&definition, &one_by_one);
        }
        prop_assert_eq!(Enabled::of(&definition, &one_by_one), Enabled::of(&definition, &at_once));
        let setting = Setting::default();
        prop_assert_eq!(visible_items(&definition, &one_by_one, &setting), visible_items(&definition, &at_once, &setting));
    }
}
