//! Alert rules: when they hold, on unfinished forms too, and what is no rule.

use std::convert::Infallible;

use serde_json::{Value as Json, json};

use crate::instrument::testing::{answer, codes, own, parsed, part, refused, scored_questionnaire};
use crate::instrument::{Answer, Answers, DeclaredRule, Definition, EarlierScore, State, fired, scores};

fn rule(code: &str, rest: &[Json]) -> Json {
    let mut parts = vec![
        part("code", json!(code)),
        part("tier", json!("T2")),
        part("recipient", json!("clinician")),
        part("explanation", json!("Somebody should look.")),
    ];
    parts.extend(rest.iter().cloned());
    own("alert-rule", Json::Array(parts))
}

fn when(parts: &[(&str, Json)]) -> Json {
    part("when", parts.iter().map(|(name, value)| part(name, value.clone())).collect())
}

/// Three whole numbers from 0 to 3, their sum, and these rules.
fn with(rules: &[Json]) -> Json {
    let change = part("change", json!([part("better", json!("lower")), part("important", json!(3))]));
    let mut questionnaire = scored_questionnaire(&[change]);
    let bound = |name: &str, value: u8| json!({"url": format!("http://hl7.org/fhir/StructureDefinition/{name}"), "valueInteger": value});
    for item in questionnaire["item"].as_array_mut().unwrap() {
        item["extension"] = json!([bound("minValue", 0), bound("maxValue", 3)]);
    }
    questionnaire["extension"].as_array_mut().unwrap().extend(rules.iter().cloned());
    questionnaire
}

fn given(values: &[(&str, i32)]) -> Vec<Answer> {
    values.iter().map(|(link_id, value)| answer(link_id, json!([{"valueInteger": value}]))).collect()
}

/// The codes of the rules that go off when the last of these answers is saved.
fn after_last(definition: &Definition, values: &[(&str, i32)], before: &[EarlierScore]) -> Vec<String> {
    let answers = given(values);
    let saved: Vec<&Answer> = answers.last().into_iter().collect();
    let after: Answers = answers.iter().cloned().collect();
    let found = fired(definition, &saved, &after, || Ok::<_, Infallible>(before.to_vec())).unwrap();
    found.iter().map(|fired| fired.rule.code.clone()).collect()
}

#[test]
fn an_answer_between_bounds_sets_a_rule_off_when_it_is_saved() {
    let definition = parsed(&with(&[
        rule("red", &[when(&[("item", json!("a")), ("atLeast", json!(2))])]),
        rule("amber", &[when(&[("item", json!("a")), ("atLeast", json!(1)), ("atMost", json!(1))])]),
    ]));
    assert_eq!(after_last(&definition, &[("a", 2)], &[]), ["red"]);
    assert_eq!(after_last(&definition, &[("a", 1)], &[]), ["amber"]);
    assert!(after_last(&definition, &[("a", 0)], &[]).is_empty());
    // A save of something else does not look at the rule at all.
    assert!(after_last(&definition, &[("a", 2), ("b", 1)], &[]).is_empty());
    let skipped = Answer { state: State::Skipped, ..given(&[("a", 2)]).remove(0) };
    let after: Answers = [skipped.clone()].into_iter().collect();
    assert!(fired(&definition, &[&skipped], &after, || Ok::<_, Infallible>(Vec::new())).unwrap().is_empty());
}

#[test]
fn a_score_of_an_unfinished_form_sets_a_rule_off_once_nothing_can_change_it() {
    let definition = parsed(&with(&[
        rule("high", &[when(&[("score", json!("total")), ("atLeast", json!(5))])]),
        rule("low", &[when(&[("score", json!("total")), ("atMost", json!(4))])]),
    ]));
    assert!(after_last(&definition, &[("a", 3)], &[]).is_empty());
    assert_eq!(after_last(&definition, &[("a", 3), ("b", 2)], &[]), ["high"]);
    assert_eq!(after_last(&definition, &[("a", 1), ("b", 0)], &[]), ["low"]);
    assert_eq!(after_last(&definition, &[("a", 3), ("b", 2), ("c", 0)], &[]), ["high"]);
}

#[test]
fn a_score_that_got_worse_sets_a_rule_off() {
    let definition = parsed(&with(&[
        rule("worse", &[when(&[("change", json!("total")), ("worse", json!("important"))])]),
        rule("much", &[when(&[("change", json!("total")), ("worseBy", json!(5))])]),
    ]));
    let now = [("a", 2), ("b", 2), ("c", 2)];
    let formula = scores(&definition, &Answers::default()).remove(0).formula;
    let before = |value: f64| {
        vec![EarlierScore { code: "total".into(), value: Some(value), formula: formula.clone() }]
    };
    assert_eq!(after_last(&definition, &now, &before(3.0)), ["worse"]);
    assert_eq!(after_last(&definition, &now, &before(1.0)), ["worse", "much"]);
    assert!(after_last(&definition, &now, &before(9.0)).is_empty(), "better");
    assert!(after_last(&definition, &now, &[]).is_empty(), "nothing before");
    assert!(after_last(&definition, &now[..2], &before(0.0)).is_empty(), "unfinished");
}

#[test]
fn conditions_go_together_as_the_rule_says() {
    let both = [
        when(&[("item", json!("a")), ("atLeast", json!(2))]),
        when(&[("item", json!("b")), ("atLeast", json!(2))]),
    ];
    let mut any = both.to_vec();
    any.push(part("match", json!("any")));
    let definition = parsed(&with(&[rule("all", &both), rule("any", &any)]));
    assert_eq!(after_last(&definition, &[("a", 2)], &[]), ["any"]);
    assert_eq!(after_last(&definition, &[("a", 2), ("b", 2)], &[]), ["all", "any"]);
    assert_eq!(after_last(&definition, &[("b", 2), ("a", 2)], &[]), ["all", "any"]);
}

#[test]
fn the_past_is_asked_only_when_a_rule_needs_it() {
    let definition = parsed(&with(&[rule("red", &[when(&[("item", json!("a")), ("atLeast", json!(2))])])]));
    let answers = given(&[("a", 2)]);
    let after: Answers = answers.iter().cloned().collect();
    assert_eq!(fired(&definition, &[&answers[0]], &after, || Err("asked")).unwrap().len(), 1);
}

#[test]
fn what_cannot_be_a_rule_is_refused() {
    let fine = when(&[("item", json!("a")), ("atLeast", json!(2))]);
    for (rest, words) in [
        (vec![], "must say when"),
        (vec![when(&[("item", json!("a"))])], "A condition looks at"),
        (vec![when(&[("item", json!("x")), ("atLeast", json!(2))])], "No item has the linkId"),
        (vec![when(&[("score", json!("x")), ("atLeast", json!(2))])], "No score has the code"),
        (vec![when(&[("change", json!("total")), ("worse", json!("reliable"))])], "not this threshold"),
        (vec![when(&[("change", json!("total"))])], "how much worse"),
        (vec![fine.clone(), part("recipient", json!("supporter"))], "for a safeguarding_lead"),
    ] {
        let found = refused(&with(&[rule("r", &rest)]));
        assert!(found.iter().any(|finding| finding.message.contains(words)), "{words}: {found:?}");
        assert!(found[0].path.starts_with("Questionnaire.extension[2]"), "{}", found[0].path);
    }
    let one = rule("r", std::slice::from_ref(&fine));
    let twice = [one.clone(), one];
    assert_eq!(codes(&refused(&with(&twice))), ["rule_malformed"]);
}

#[test]
fn a_rule_can_be_read_by_itself() {
    let definition = parsed(&with(&[]));
    let json = rule("r", &[when(&[("item", json!("a")), ("atLeast", json!(2))])]);
    assert_eq!(DeclaredRule::parse(&json, &definition, "/rule").unwrap().code, "r");
    let broken = rule("r", &[when(&[("item", json!("x")), ("atLeast", json!(2))])]);
    let found = DeclaredRule::parse(&broken, &definition, "/rule").unwrap_err();
    assert!(found[0].pointer.starts_with("/rule/extension/4"), "{found:?}");
    assert!(DeclaredRule::parse(&json!({"url": "http://example.org"}), &definition, "/rule").is_err());
}

#[test]
fn what_is_for_safeguarding_leads_alone_is_restricted() {
    let fine = when(&[("item", json!("a")), ("atLeast", json!(2))]);
    let mut alone = rule("r", &[fine]);
    let definition = parsed(&with(&[]));
    assert!(!DeclaredRule::parse(&alone, &definition, "").unwrap().is_restricted());
    alone["extension"][2] = part("recipient", json!("safeguarding_lead"));
    assert!(DeclaredRule::parse(&alone, &definition, "").unwrap().is_restricted());
}
