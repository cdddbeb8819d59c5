//! Versions beside each other: what is different, what is only said in other words, and what analysts are told.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::content;
use crate::instrument::testing::{
    answer, coded, definition, needs_assessment, own, parsed, part, scored_questionnaire,
};
use crate::instrument::{
    Answers, Changed, CodeTitle, Comparability, Definition, Diff, ItemTexts, OptionText, ScoreTexts, Setting,
    Severity, Texts, Value, codebook, codebook_csv, diff, judge_complete, judge_response, scores,
    translated_document, visible_items,
};
use crate::language::Language;

fn polish() -> Language {
    "pl".parse().unwrap()
}

/// Every word of an instrument in a language that nobody speaks.
fn all_texts(definition: &Definition, other: &dyn Fn(&str) -> String) -> Texts {
    let option = |value: &Value| match value {
        Value::Coding(coding) => Some(OptionText {
            system: coding.system.clone(),
            code: coding.code.clone()?,
            display: other(coding.display.as_deref()?),
        }),
        _ => None,
    };
    Texts {
        title: definition.title().map(other),
        items: definition
            .items()
            .map(|(_, item)| ItemTexts {
                link_id: item.link_id.clone(),
                text: item.text.as_deref().map(other),
                help_text: item.presentation.help_text.as_deref().map(other),
                options: item.choices.options().iter().filter_map(|one| option(&one.value)).collect(),
            })
            .collect(),
        concerns: definition
            .concerns()
            .iter()
            .map(|one| CodeTitle { code: one.code.clone(), title: other(&one.title) })
            .collect(),
        scores: definition
            .scores()
            .iter()
            .map(|one| ScoreTexts {
                code: one.code.clone(),
                title: Some(other(&one.title)),
                bands: one
                    .bands
                    .iter()
                    .map(|band| CodeTitle { code: band.code.clone(), title: other(&band.title) })
                    .collect(),
            })
            .collect(),
    }
}

fn members(found: &Diff, link_id: &str) -> Vec<(String, Comparability)> {
    let item = found.items.iter().find(|item| item.link_id == link_id).unwrap();
    item.members.iter().map(|one| (one.member.clone(), one.comparable)).collect()
}

#[test]
fn what_ships_is_the_same_as_itself_and_can_be_translated_word_by_word() {
    for shipped in content::instruments() {
        let own = &shipped.definition;
        assert!(diff(own, own).is_empty(), "{}", shipped.name);
        let texts = all_texts(own, &|text| format!("«{text}»"));
        assert_eq!(texts.check(own), [], "{}", shipped.name);
        assert_eq!(texts.missing(own, &polish()), [], "{}", shipped.name);
        let translated = own.in_language(&polish(), &texts);
        let document: Json = serde_json::from_str(shipped.source).unwrap();
        let read_again = parsed(&translated_document(&document, &translated));
        assert_eq!(read_again.language(), Some("pl"));
        // The document says what the definition says, and neither says anything but words anew.
        let told = diff(&translated, &read_again);
        let different =
            |found: &Diff| found.items.iter().flat_map(|one| one.members.clone()).collect::<Vec<_>>();
        assert!(
            different(&told).iter().all(|one| one.member == "translations"),
            "{}: {told:?}",
            shipped.name
        );
        let told = diff(own, &read_again);
        assert_eq!(told.comparable, Comparability::Reworded, "{}: {:?}", shipped.name, told.reasons);
        assert_eq!(told.items.iter().filter(|one| one.change != Changed::Changed).count(), 0);
    }
}

#[test]
fn a_translation_is_of_this_version_and_says_something() {
    let own = parsed(&needs_assessment());
    let texts: Texts = serde_json::from_value(json!({"title": " ", "items": [
        {"link_id": "nowhere", "text": "x"},
        {"link_id": "leak.gate", "text": "x", "options": [{"code": "yes", "display": "Tak"}, {"code": "perhaps", "display": "?"}]},
        {"link_id": "leak.gate", "help_text": ""}],
        "concerns": [{"code": "URI.other", "title": "x"}], "scores": [{"code": "total"}]}))
    .unwrap();
    let found: Vec<(&str, String)> =
        texts.check(&own).into_iter().map(|finding| (finding.code, finding.pointer)).collect();
    let expected = [
        ("blank", "/title"),
        ("unknown_item", "/items/0/link_id"),
        ("unknown_option", "/items/1/options/1/code"),
        ("twice", "/items/2/link_id"),
        ("blank", "/items/2/help_text"),
        ("unknown_code", "/concerns/0/code"),
        ("unknown_score", "/scores/0/code"),
    ];
    let expected = expected.map(|(code, pointer)| (code, pointer.to_owned()));
    assert_eq!(found, expected);
    // An option that is a text is an answer in itself.
    let texts: Texts = serde_json::from_value(
        json!({"items": [{"link_id": "a", "options": [{"code": "Red", "display": "Rot"}]}]}),
    )
    .unwrap();
    let own =
        definition(json!([{"linkId": "a", "type": "string", "answerOption": [{"valueString": "Red"}]}]));
    assert_eq!(texts.check(&own)[0].code, "unknown_option");
}

#[test]
fn what_a_translation_lacks_is_named() {
    let own = definition(json!([
        {"linkId": "a", "type": "choice", "text": "Well?", "extension": [own("help-text", json!("Say how."))],
         "answerOption": [{"valueCoding": {"code": "y", "display": "Yes"}}, {"valueCoding": {"code": "z"}}]},
        {"linkId": "b", "type": "string", "text": "More", "_text": {"extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/translation", "extension": [
                {"url": "lang", "valueCode": "pl"}, {"url": "content", "valueString": "Więcej"}]}]}},
        {"linkId": "c", "type": "string", "text": "Never seen",
         "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/questionnaire-hidden", "valueBoolean": true}]},
    ]));
    let lacks: Vec<_> = Texts::default()
        .missing(&own, &polish())
        .into_iter()
        .map(|one| (one.part, one.link_id.unwrap(), one.code))
        .collect();
    let a = || "a".to_owned();
    assert_eq!(
        lacks,
        [("text", a(), None), ("help_text", a(), None), ("option", a(), Some("y".to_owned()))],
        "b came along, c is never shown"
    );
    assert_eq!(own.languages().into_iter().collect::<Vec<_>>(), [polish()]);
    let (_, item) = own.find("b").unwrap();
    let translated = own.in_language(&polish(), &Texts::default());
    let (_, polish) = translated.find("b").unwrap();
    assert_eq!((item.words(), polish.words()), ("More", "Więcej"));
    assert!(polish.says("More") && polish.says("Więcej"), "a response may repeat either");
}

#[test]
fn a_value_set_is_listed_where_its_words_are_translated() {
    let document = json!({"resourceType": "Bundle", "entry": [
        {"resource": {"resourceType": "ValueSet", "url": "http://example.org/vs", "status": "active", "compose":
            {"include": [{"system": "s", "concept": [{"code": "a", "display": "One"}, {"code": "b", "display": "Two"}]}]}}},
        {"resource": {"resourceType": "Questionnaire", "status": "active", "item": [
            {"linkId": "q", "type": "choice", "text": "Which?", "answerValueSet": "http://example.org/vs"}]}}]});
    let own = parsed(&document);
    let translated = own.in_language(&polish(), &all_texts(&own, &|text| text.to_uppercase()));
    let written = translated_document(&document, &translated);
    let offered = &written["entry"][1]["resource"]["item"][0]["answerOption"];
    assert_eq!(offered[1], json!({"valueCoding": {"system": "s", "code": "b", "display": "TWO"}}));
    assert_eq!(diff(&own, &parsed(&written)).comparable, Comparability::Reworded);
}

#[test]
fn each_kind_of_difference_says_what_it_means_for_answers() {
    let before = needs_assessment();
    let first = parsed(&before);
    let with = |change: &dyn Fn(&mut Json)| {
        let mut after = before.clone();
        change(&mut after);
        diff(&first, &parsed(&after))
    };
    let worded = with(&|after| after["item"][0]["item"][0]["item"][0]["text"] = json!("Does urine leak?"));
    assert_eq!(
        (worded.comparable, members(&worded, "leak.gate")),
        (Comparability::Reworded, vec![("text".to_owned(), Comparability::Reworded)])
    );
    assert_eq!(worded.items[0].members[0].before.as_deref(), Some("Do you leak urine?"));

    let typed = with(&|after| after["item"][0]["item"][0]["item"][1]["type"] = json!("decimal"));
    assert_eq!(typed.comparable, Comparability::NotComparable);
    assert!(
        typed.reasons[0].contains("leak.bother") && typed.reasons[0].contains("type"),
        "{:?}",
        typed.reasons
    );

    let branched = with(&|after| {
        after["item"][0]["item"][0]["item"][1]["enableWhen"][1]["answerCoding"]["code"] = json!("prefer_not");
    });
    assert_eq!(branched.comparable, Comparability::Partly);
    assert_eq!(
        branched.items[0].members[0].after.as_deref(),
        Some("any of: leak.gate = yes; leak.gate = prefer_not")
    );

    let gone = with(&|after| drop(after["item"][0]["item"][1]["item"].as_array_mut().unwrap().pop()));
    assert_eq!((gone.comparable, gone.items.len()), (Comparability::Partly, 1));
    assert_eq!((gone.items[0].change, gone.items[0].link_id.as_str()), (Changed::Removed, "night.own_words"));

    let unoffered = with(&|after| {
        let options = after["item"][0]["item"][0]["item"][0]["answerOption"].as_array_mut().unwrap();
        options.remove(3);
        options.swap(0, 1);
        options.push(json!({"valueCoding": {"code": "never", "display": "Never"}}));
    });
    let options: Vec<_> = unoffered.items[0]
        .options
        .iter()
        .map(|one| (one.code.as_str(), one.change, one.comparable))
        .collect();
    assert_eq!(
        options[..2],
        [
            ("never", Changed::Added, Comparability::Partly),
            ("prefer_not", Changed::Removed, Comparability::NotComparable),
        ]
    );
    assert_eq!((options.len(), options[2].1), (3, Changed::Moved));
    assert!(!with(&|after| after["url"] = json!("http://example.org/other")).same_instrument);
}

#[test]
fn what_only_stands_elsewhere_is_moved_and_the_rest_is_not() {
    let items = |order: &[&str]| {
        let items: Vec<Json> = order.iter().map(|one| json!({"linkId": one, "type": "string"})).collect();
        definition(Json::Array(items))
    };
    let moved = |after: &[&str]| -> Vec<String> {
        let found = diff(&items(&["a", "b", "c", "d", "e"]), &items(after));
        assert!(found.items.iter().all(|item| item.change == Changed::Moved), "{found:?}");
        found.items.into_iter().map(|item| item.link_id).collect()
    };
    assert_eq!(moved(&["b", "c", "d", "e", "a"]), ["a"]);
    assert_eq!(moved(&["a", "d", "b", "c", "e"]), ["d"]);
    let group = definition(json!([{"linkId": "a", "type": "string"},
        {"linkId": "g", "type": "group", "item": [{"linkId": "b", "type": "string"}]}]));
    let other = definition(json!([{"linkId": "a", "type": "string"}, {"linkId": "b", "type": "string"},
        {"linkId": "g", "type": "group", "item": [{"linkId": "c", "type": "string"}]}]));
    let found = diff(&group, &other);
    let b = found.items.iter().find(|item| item.link_id == "b").unwrap();
    assert_eq!(b.change, Changed::Moved);
    assert_eq!(
        (b.members[0].before.as_deref(), b.members[0].after.as_deref()),
        (Some("in g, first"), Some("at the top, after a"))
    );
}

#[test]
fn a_score_with_another_rule_is_another_score() {
    let first = parsed(&scored_questionnaire(&[]));
    let stricter =
        parsed(&scored_questionnaire(&[part("missing", json!("prorate")), part("maxMissing", json!(1))]));
    let found = diff(&first, &stricter);
    assert_eq!((found.comparable, found.items.len()), (Comparability::NotComparable, 0));
    assert_eq!(found.scores[0].members[0].member, "formula");
    // An alert rule more tells somebody more, and changes no answer.
    let mut document = scored_questionnaire(&[]);
    let rule = own(
        "alert-rule",
        json!([
            part("code", json!("high")),
            part("tier", json!("T2")),
            part("recipient", json!("clinician")),
            part("explanation", json!("High.")),
            part("when", json!([part("score", json!("total")), part("atLeast", json!(5))]))
        ]),
    );
    document["extension"].as_array_mut().unwrap().push(rule);
    let found = diff(&first, &parsed(&document));
    assert_eq!((found.comparable, found.rules[0].change), (Comparability::Same, Changed::Added));
    assert!(!found.is_empty());
}

#[test]
fn the_codebook_says_of_every_question_what_an_analyst_must_know() {
    let book = codebook(&parsed(&needs_assessment()));
    let gate = book.variables.iter().find(|one| one.link_id == "safe.gate").unwrap();
    assert_eq!(
        (gate.name.as_str(), gate.section.as_deref(), gate.concern.as_deref()),
        ("safe_gate", Some("SAF"), Some("SAF.home"))
    );
    assert!(gate.private && gate.safety_item && !gate.free_text && gate.branching.is_none());
    let values: Vec<&str> = gate.values.iter().map(|value| value.value.as_str()).collect();
    assert_eq!(values, ["yes", "no", "not_sure", "prefer_not"]);
    assert_eq!(gate.missing.len(), 3, "it may not be shown");
    let bother = book.variables.iter().find(|one| one.link_id == "leak.bother").unwrap();
    assert_eq!(
        bother.branching.as_deref(),
        Some(
            "Asked when the answer to leak.gate “Do you leak urine?” is “Yes” or the answer to leak.gate “Do you leak urine?” is “Not sure”."
        )
    );
    assert!(book.variables.iter().find(|one| one.link_id == "leak.own_words").unwrap().free_text);
    assert!(book.variables.iter().all(|one| one.kind != "group"));
    let scored = codebook(&parsed(&scored_questionnaire(&[])));
    assert_eq!(scored.scores[0].name, "score_total");
    assert_eq!(scored.scores[0].formula, "sum(a, b, c); none when any answer is missing");
    assert_eq!(scored.variables[0].counted_in, ["total"]);
    let csv = codebook_csv(&scored);
    assert_eq!(csv.lines().count(), 5);
    assert!(
        csv.lines()
            .nth(4)
            .unwrap()
            .starts_with("score,score_total,total,Total,decimal,,0 to 4 = low low | 5 to 9 = high high,")
    );
}

#[test]
fn names_of_variables_are_usable_and_different() {
    let long = "x".repeat(80);
    let names = ["A.b", "a-b", "1", "é", &long, &format!("{long}y")];
    let items: Vec<Json> = names.iter().map(|name| json!({"linkId": name, "type": "string"})).collect();
    let book = codebook(&definition(Json::Array(items)));
    let found: Vec<&str> = book.variables.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(found[..4], ["a_b", "a_b_2", "q1", "q"]);
    assert_eq!((found[4], found[5]), (&*"x".repeat(60), &*format!("{}_2", "x".repeat(58))));
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[ -~żółć]{1,20}", 1..8)
}

fn given() -> impl Strategy<Value = Answers> {
    let gate = |link_id: &'static str| {
        prop::sample::select(vec!["yes", "no", "not_sure", "prefer_not", "other"])
            .prop_map(move |code| coded(link_id, code))
    };
    let number = (-1_i32..12).prop_map(|number| answer("leak.bother", json!([{"valueInteger": number}])));
    let one = prop_oneof![gate("leak.gate"), gate("safe.gate"), gate("night.gate"), number];
    prop::collection::vec(one, 0..5).prop_map(|answers| answers.into_iter().collect())
}

proptest! {
    #[test]
    fn a_translation_changes_nothing_that_judging_finds(words in texts(), answers in given()) {
        let own = parsed(&needs_assessment());
        let other = |text: &str| format!("{}{text}", words[text.len() % words.len()]);
        let texts = all_texts(&own, &other);
        let translated = own.in_language(&polish(), &texts);
        let setting = Setting::default();
        prop_assert_eq!(judge_complete(&own, &answers, &setting), judge_complete(&translated, &answers, &setting));
        let keys = |definition: &Definition| -> Vec<_> {
            visible_items(definition, &answers, &setting).into_iter().map(|visible| visible.key).collect()
        };
        prop_assert_eq!(keys(&own), keys(&translated));
        let values = |definition: &Definition| -> Vec<_> {
            scores(definition, &answers).into_iter().map(|score| (score.code, score.value)).collect()
        };
        prop_assert_eq!(values(&own), values(&translated));
        let found = diff(&own, &translated);
        prop_assert!(found.comparable <= Comparability::Reworded, "{:?}", found.reasons);
        prop_assert!(diff(&translated, &translated).is_empty());
    }

    #[test]
    fn a_response_in_either_language_is_as_right_as_in_the_other(words in texts()) {
        let own = parsed(&needs_assessment());
        let translated = own.in_language(&polish(), &all_texts(&own, &|text| format!("{}{text}", words[0])));
        for text in ["Do you leak urine?".to_owned(), format!("{}Do you leak urine?", words[0])] {
            let response = json!({"resourceType": "QuestionnaireResponse", "status": "in-progress", "item": [
                {"linkId": "water", "item": [{"linkId": "leak", "item": [{"linkId": "leak.gate", "text": text,
                    "answer": [{"valueCoding": {"code": "yes"}}]}]}]}]});
            let found = judge_response(&translated, &response);
            prop_assert!(found.iter().all(|one| one.severity == Severity::Information), "{found:?}");
        }
    }

    #[test]
    fn reordering_moves_as_few_as_can_be(order in Just((0..12).collect::<Vec<usize>>()).prop_shuffle()) {
        let items = |order: &[usize]| {
            let items: Vec<Json> = order.iter().map(|n| json!({"linkId": n.to_string(), "type": "string"})).collect();
            definition(Json::Array(items))
        };
        let found = diff(&items(&(0..12).collect::<Vec<_>>()), &items(&order));
        let moved: Vec<&str> = found.items.iter().map(|item| item.link_id.as_str()).collect();
        let rest: Vec<usize> = order.iter().copied().filter(|n| !moved.contains(&n.to_string().as_str())).collect();
        prop_assert!(rest.is_sorted(), "{rest:?} stays in order");
        prop_assert!(moved.len() < 12);
    }
}
