//! Forms made at random, each with a response that is right: it is found right, it comes out as it went in, and with any
//! one thing changed it is found wrong.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::instrument::testing::parsed;
use crate::instrument::{
    Answers, Definition, Enabled, Finding, Header, ResponseStatus, Setting, judge_answer, judge_response,
    read_response, visible_items, write_response,
};

/// A question without its linkId, a value it takes, and values it does not.
#[derive(Debug, Clone)]
struct Question {
    item: Json,
    good: Json,
    bad: Vec<Json>,
}

const UCUM: &str = "http://unitsofmeasure.org";

fn hl7(name: &str, member: &str, value: Json) -> Json {
    json!({"url": format!("http://hl7.org/fhir/StructureDefinition/{name}"), member: value})
}

fn number() -> impl Strategy<Value = Question> {
    (-1000_i32..1000, 0_i32..100, 0_i32..100).prop_map(|(least, below, above)| {
        let most = least + below + above;
        let bounds =
            [hl7("minValue", "valueInteger", json!(least)), hl7("maxValue", "valueInteger", json!(most))];
        Question {
            item: json!({"type": "integer", "extension": bounds}),
            good: json!({"valueInteger": least + below}),
            bad: vec![
                json!({"valueInteger": least - 1}),
                json!({"valueInteger": most + 1}),
                json!({"valueDecimal": 0.5}),
                json!({"valueInteger": "1"}),
            ],
        }
    })
}

fn decimal() -> impl Strategy<Value = Question> {
    (any::<i16>(), 0_u32..3).prop_map(|(number, places)| {
        let number = f64::from(number) / f64::from(10_u32.pow(places));
        Question {
            item: json!({"type": "decimal", "extension": [hl7("maxDecimalPlaces", "valueInteger", json!(places))]}),
            good: json!({"valueDecimal": number}),
            bad: vec![json!({"valueDecimal": 0.0625}), json!({"valueInteger": 1})],
        }
    })
}

fn words() -> impl Strategy<Value = Question> {
    ("[a-z]{2,12}", 0_u32..5).prop_map(|(text, room)| {
        let most = u32::try_from(text.len()).unwrap() + room;
        let limits =
            [hl7("regex", "valueString", json!("[a-z]+")), hl7("minLength", "valueInteger", json!(2))];
        Question {
            item: json!({"type": "string", "maxLength": most, "extension": limits}),
            good: json!({"valueString": text}),
            bad: vec![
                json!({"valueString": "a".repeat(usize::try_from(most + 1).unwrap())}),
                json!({"valueString": "a"}),
                json!({"valueString": "A1"}),
                json!({"valueString": " "}),
                json!({"valueUri": text}),
            ],
        }
    })
}

fn choice() -> impl Strategy<Value = Question> {
    (1_usize..8, any::<prop::sample::Index>(), any::<bool>()).prop_map(|(count, chosen, is_open)| {
        let option =
            |n: usize| json!({"valueCoding": {"system": "https://example.org/s", "code": format!("c{n}")}});
        let options: Vec<Json> = (0..count).map(option).collect();
        let mut bad = vec![
            option(count),
            json!({"valueCoding": {"system": "https://example.org/other", "code": "c0"}}),
            json!({"valueBoolean": true}),
        ];
        if !is_open {
            bad.push(json!({"valueString": "c0"}));
        }
        let kind = if is_open { "open-choice" } else { "choice" };
        let good = option(chosen.index(count));
        Question { item: json!({"type": kind, "answerOption": options}), good, bad }
    })
}

fn day() -> impl Strategy<Value = Question> {
    (1900_i32..2100, 1_u32..13, 1_u32..29).prop_map(|(year, month, day)| Question {
        item: json!({"type": "date", "extension": [hl7("minValue", "valueDate", json!(year.to_string()))]}),
        good: json!({"valueDate": format!("{year}-{month:02}-{day:02}")}),
        bad: vec![
            json!({"valueDate": (year - 1).to_string()}),
            json!({"valueDate": format!("{year}-13")}),
            json!({"valueDateTime": format!("{year}-{month:02}-{day:02}")}),
        ],
    })
}

/// One of each of the other types.
fn other() -> impl Strategy<Value = Question> {
    let question = |item: Json, good: Json, bad: Vec<Json>| Question { item, good, bad };
    prop::sample::select(vec![
        question(
            json!({"type": "boolean"}),
            json!({"valueBoolean": false}),
            vec![json!({"valueString": "no"})],
        ),
        question(
            json!({"type": "dateTime"}),
            json!({"valueDateTime": "2019-05-31T09:30:00+01:00"}),
            vec![json!({"valueDateTime": "2019-05-31T09:30:00"})],
        ),
        question(
            json!({"type": "time"}),
            json!({"valueTime": "09:30:00"}),
            vec![json!({"valueTime": "25:00:00"})],
        ),
        question(
            json!({"type": "text"}),
            json!({"valueString": "a\nb"}),
            vec![json!({"valueString": "\u{1}"})],
        ),
        question(
            json!({"type": "url"}),
            json!({"valueUri": "https://example.org"}),
            vec![json!({"valueUri": "https://example .org"})],
        ),
        question(
            json!({"type": "attachment", "extension": [hl7("mimeType", "valueCode", json!("text/plain"))]}),
            json!({"valueAttachment": {"contentType": "text/plain", "data": "YWJj", "size": 3}}),
            vec![
                json!({"valueAttachment": {"contentType": "text/plain", "data": "YWJj", "size": 4}}),
                json!({"valueAttachment": {"contentType": "text/html", "data": "YWJj"}}),
                json!({"valueAttachment": {"contentType": "text/plain", "data": "?"}}),
            ],
        ),
        question(
            json!({"type": "reference", "extension": [hl7("questionnaire-referenceResource", "valueCode", json!("Patient"))]}),
            json!({"valueReference": {"reference": "Patient/1"}}),
            vec![
                json!({"valueReference": {"reference": "Group/1"}}),
                json!({"valueReference": {"reference": "#x"}}),
            ],
        ),
        question(
            json!({"type": "quantity", "extension": [hl7("questionnaire-unitOption", "valueCoding", json!({"system": UCUM, "code": "kg"}))]}),
            json!({"valueQuantity": {"value": 70.5, "system": UCUM, "code": "kg"}}),
            vec![
                json!({"valueQuantity": {"value": 70.5, "system": UCUM, "code": "g"}}),
                json!({"valueQuantity": {"value": 70.5, "code": "kg"}}),
                json!({"valueQuantity": {"system": UCUM, "code": "kg"}}),
            ],
        ),
    ])
}

fn question() -> impl Strategy<Value = Question> {
    prop_oneof![number(), decimal(), words(), choice(), day(), other()]
}

/// How a question stands in the form.
#[derive(Debug, Clone)]
enum Piece {
    Alone(Question),
    /// Behind a gate that is open.
    Gated(Question),
    /// Inside the answer to another.
    Inside(Question, Question),
    /// In a group, with as many occurrences.
    Group(Vec<Question>, usize),
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        question().prop_map(Piece::Alone),
        question().prop_map(Piece::Gated),
        (question(), question()).prop_map(|(outer, inner)| Piece::Inside(outer, inner)),
        (prop::collection::vec(question(), 1..4), 1_usize..4).prop_map(|(all, n)| Piece::Group(all, n)),
    ]
}

/// A form, a response that is right, and the places of answers in it with values that are wrong there.
struct Made {
    definition: Definition,
    form: Json,
    response: Json,
    wrong: Vec<(String, Json)>,
}

fn item(link_id: &str, question: &Question) -> Json {
    let mut item = question.item.clone();
    item["linkId"] = json!(link_id);
    item["text"] = json!(format!("Question {link_id}"));
    item["required"] = json!(true);
    item
}

fn entry(link_id: &str, question: &Question) -> Json {
    json!({"linkId": link_id, "text": format!("Question {link_id}"), "answer": [question.good]})
}

fn make(pieces: &[Piece]) -> Made {
    let (mut items, mut entries, mut wrong) = (Vec::new(), Vec::<Json>::new(), Vec::new());
    let mut spoil = |place: String, question: &Question| {
        wrong.extend(question.bad.iter().map(|bad| (format!("{place}/answer/0"), bad.clone())));
    };
    for (n, piece) in pieces.iter().enumerate() {
        let link_id = n.to_string();
        let place = format!("/item/{}", entries.len());
        match piece {
            Piece::Alone(question) => {
                items.push(item(&link_id, question));
                entries.push(entry(&link_id, question));
                spoil(place, question);
            }
            Piece::Gated(question) => {
                let gate = format!("{n}.gate");
                let mut gated = item(&link_id, question);
                gated["enableWhen"] = json!([{"question": gate, "operator": "=", "answerBoolean": true}]);
                items.push(json!({"linkId": gate, "type": "boolean", "required": true}));
                items.push(gated);
                entries.push(json!({"linkId": gate, "answer": [{"valueBoolean": true}]}));
                entries.push(entry(&link_id, question));
                // With the gate closed the question behind it is not asked.
                spoil(format!("/item/{}", entries.len() - 1), question);
                spoil(place, &Question { bad: vec![json!({"valueBoolean": false})], ..question.clone() });
            }
            Piece::Inside(outer, inner) => {
                let inside = format!("{n}.inside");
                let mut holder = item(&link_id, outer);
                holder["item"] = json!([item(&inside, inner)]);
                items.push(holder);
                let mut answered = entry(&link_id, outer);
                answered["answer"][0]["item"] = json!([entry(&inside, inner)]);
                entries.push(answered);
                spoil(format!("{place}/answer/0/item/0"), inner);
            }
            Piece::Group(questions, times) => {
                let ids: Vec<String> = (0..questions.len()).map(|q| format!("{n}.{q}")).collect();
                let inside: Vec<Json> =
                    ids.iter().zip(questions).map(|(id, question)| item(id, question)).collect();
                items.push(json!({"linkId": link_id, "type": "group", "repeats": true, "item": inside}));
                for _ in 0..*times {
                    let here = format!("/item/{}", entries.len());
                    for (q, question) in questions.iter().enumerate() {
                        spoil(format!("{here}/item/{q}"), question);
                    }
                    let inside: Vec<Json> =
                        ids.iter().zip(questions).map(|(id, question)| entry(id, question)).collect();
                    entries.push(json!({"linkId": link_id, "item": inside}));
                }
            }
        }
    }
    let url = "https://example.org/Questionnaire/made";
    let form = json!({"resourceType": "Questionnaire", "status": "active", "url": url, "version": "1", "item": items});
    let response = json!({"resourceType": "QuestionnaireResponse", "questionnaire": format!("{url}|1"),
        "status": "completed", "item": entries});
    Made { definition: parsed(&form), form, response, wrong }
}

fn refusals(definition: &Definition, response: &Json) -> Vec<Finding> {
    judge_response(definition, response).into_iter().filter(Finding::is_refusal).collect()
}

/// The same response with one thing about its items changed, whatever they are.
fn with_other_items(response: &Json) -> Vec<(&'static str, Json)> {
    let mut all = Vec::new();
    let mut change = |name: &'static str, change: &dyn Fn(&mut Json)| {
        let mut changed = response.clone();
        change(&mut changed);
        all.push((name, changed));
    };
    change("another linkId", &|json| json["item"][0]["linkId"] = json!("nowhere"));
    change("no linkId", &|json| drop(json["item"][0].as_object_mut().unwrap().shift_remove("linkId")));
    change("other words", &|json| json["item"][0]["text"] = json!("Something else?"));
    change("a strange member", &|json| json["item"][0]["colour"] = json!("red"));
    change("an empty list", &|json| json["item"][0]["item"] = json!([]));
    change("a modifier", &|json| json["item"][0]["modifierExtension"] = json!([{"url": "u"}]));
    change("nothing at all", &|json| drop(json.as_object_mut().unwrap().shift_remove("item")));
    change("another status", &|json| json["status"] = json!("done"));
    change("another version", &|json| {
        json["questionnaire"] = json!("https://example.org/Questionnaire/made|2");
    });
    change("another resource", &|json| json["resourceType"] = json!("Observation"));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_right_is_found_right(pieces in prop::collection::vec(piece(), 1..8)) {
        let Made { definition, response, .. } = make(&pieces);
        prop_assert_eq!(judge_response(&definition, &response), vec![]);
    }

    #[test]
    fn any_one_wrong_value_is_found(pieces in prop::collection::vec(piece(), 1..5)) {
        let Made { definition, response, wrong, .. } = make(&pieces);
        for (place, bad) in wrong {
            let mut spoilt = response.clone();
            let slot = spoilt.pointer_mut(&place).unwrap();
            let inside = slot.get("item").cloned();
            *slot = bad.clone();
            if let Some(inside) = inside {
                slot["item"] = inside;
            }
            prop_assert!(!refusals(&definition, &spoilt).is_empty(), "{} at {}", bad, place);
        }
    }

    #[test]
    fn any_one_change_of_the_items_is_found(pieces in prop::collection::vec(piece(), 2..5)) {
        let Made { definition, response, form, .. } = make(&pieces);
        for (name, spoilt) in with_other_items(&response) {
            prop_assert!(!refusals(&definition, &spoilt).is_empty(), "{}", name);
        }
        let count = response["item"].as_array().unwrap().len();
        for at in 0..count {
            let mut without = response.clone();
            let entries = without["item"].as_array_mut().unwrap();
            let gone = entries.remove(at);
            let is_group = gone.get("item").is_some();
            prop_assert!(is_group || !refusals(&definition, &without).is_empty(), "without {}", gone);
            let mut twice = response.clone();
            twice["item"].as_array_mut().unwrap().insert(at, gone);
            prop_assert!(is_group || !refusals(&definition, &twice).is_empty());
        }
        let mut reversed = response;
        reversed["item"].as_array_mut().unwrap().reverse();
        let items = form["item"].as_array().unwrap().len();
        prop_assert!(items < 2 || !refusals(&definition, &reversed).is_empty());
    }

    #[test]
    fn it_comes_out_as_it_went_in(pieces in prop::collection::vec(piece(), 1..8)) {
        let Made { definition, response, .. } = make(&pieces);
        let (answers, header) = read_response(&definition, &response).unwrap();
        let written = write_response(&definition, &answers, &header);
        prop_assert_eq!(&written["questionnaire"], &response["questionnaire"]);
        let (again, same) = read_response(&definition, &written).unwrap();
        prop_assert_eq!((&again, &same), (&answers, &header));
        prop_assert_eq!(write_response(&definition, &again, &same), written);
    }

    #[test]
    fn answer_by_answer_comes_to_the_same_as_at_once(pieces in prop::collection::vec(piece(), 1..6)) {
        let Made { definition, response, .. } = make(&pieces);
        let (at_once, _) = read_response(&definition, &response).unwrap();
        let mut one_by_one = Answers::default();
        // In the order of the form: what opens a question is answered before it.
        let mut all: Vec<_> = at_once.iter().cloned().collect();
        all.sort_by_key(|answer| definition.find(&answer.key.link_id).map(|(index, _)| index));
        for answer in all {
            prop_assert_eq!(judge_answer(&definition, &one_by_one, &answer, ""), vec![]);
            one_by_one.save(answer);
        }
        prop_assert_eq!(&one_by_one, &at_once);
        prop_assert_eq!(Enabled::of(&definition, &one_by_one), Enabled::of(&definition, &at_once));
        let shown = |answers| visible_items(&definition, answers, &Setting::default());
        prop_assert_eq!(shown(&one_by_one), shown(&at_once));
        let header = Header::with_status(ResponseStatus::Completed);
        prop_assert!(read_response(&definition, &write_response(&definition, &one_by_one, &header)).is_ok());
    }
}
