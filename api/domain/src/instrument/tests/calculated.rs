//! Calculated expressions: the forms in use are read as scores, the rest is refused by name.

use serde_json::{Value as Json, json};

use crate::instrument::testing::{answer, codes, questionnaire};
use crate::instrument::{Answers, Definition, Finding, Parsed, Score, scores};

const VARIABLE: &str = "http://hl7.org/fhir/StructureDefinition/variable";
const SDC: &str = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression";

fn weighted(link_id: &str) -> Json {
    let option = |(code, weight): (&str, u8)| {
        json!({"valueCoding": {"code": code}, "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/ordinalValue", "valueDecimal": weight}]})
    };
    let options: Vec<Json> = [("never", 0), ("some", 1), ("often", 2)].map(option).to_vec();
    json!({"linkId": link_id, "type": "choice", "answerOption": options})
}

fn with(expression: &str) -> Json {
    let mut questionnaire = questionnaire(json!([
        {"linkId": "g", "type": "group", "item": [weighted("g.1"), weighted("g.2")]},
        {"linkId": "n", "type": "integer"},
        {"linkId": "total", "type": "decimal", "text": "Total", "required": true, "readOnly": true,
         "extension": [{"url": SDC, "valueExpression": {"language": "text/fhirpath", "expression": expression}}]},
    ]));
    questionnaire["extension"] = json!([{"url": VARIABLE, "valueExpression": {
        "name": "one", "language": "text/fhirpath",
        "expression": "%resource.item.where(linkId='g').item.where(linkId='g.1').answer.value.ordinal()"}}]);
    questionnaire
}

fn read(expression: &str) -> Result<Parsed, Vec<Finding>> {
    Definition::parse(&with(expression))
}

/// The score where `g.1` counts 2, `g.2` counts 1 and `n` is 5.
fn of(expression: &str) -> Score {
    let definition =
        read(expression).unwrap_or_else(|findings| panic!("{expression}: {findings:?}")).definition;
    let coded = |link_id: &str, code: &str| answer(link_id, json!([{"valueCoding": {"code": code}}]));
    let answers: Answers =
        [coded("g.1", "often"), coded("g.2", "some"), answer("n", json!([{"valueInteger": 5}]))]
            .into_iter()
            .collect();
    scores(&definition, &answers).remove(0)
}

#[test]
fn the_forms_in_use_are_read_as_scores() {
    let one = "%resource.item.where(linkId='g').item.where(linkId = 'g.1').answer.value.ordinal()";
    let two = "%resource.descendants().where(linkId='g.2').answer.value.ordinal()";
    for (expression, value) in [
        (format!("{one} + {two}"), 3.0),
        (format!("{one} - {two}"), 1.0),
        (format!("2 * {one} + {two} * 0.5"), 4.5),
        (format!("({one} + {two}) / 2"), 1.5),
        (format!("({one} + {two}) * 5 + 10"), 25.0),
        (format!("-{two} + 4"), 3.0),
        ("%one + %one * 2".to_owned(), 6.0),
        ("%resource.item.where(linkId='n').answer.value + 1".to_owned(), 6.0),
        ("%resource.repeat(item).where(linkId='g.1').answer.value.weight()".to_owned(), 2.0),
        (
            "%resource.item.item.where(linkId='g.1' or linkId='g.2').answer.value.ordinal().sum()".to_owned(),
            3.0,
        ),
        ("%resource.item.item.where(linkId in ('g.1' | 'g.2')).answer.value.ordinal().avg()".to_owned(), 1.5),
        (
            "%resource.item.item.where(linkId='g.1').answer.valueCoding.extension.where(url='http://hl7.org/fhir/\
             StructureDefinition/ordinalValue').valueDecimal"
                .replace(char::is_whitespace, ""),
            2.0,
        ),
    ] {
        let score = of(&expression);
        assert_eq!(score.value, Some(value), "{expression}: {}", score.formula);
        assert_eq!((score.code.as_str(), score.title.as_str()), ("total", "Total"));
    }
}

#[test]
fn a_calculated_item_is_not_required_and_a_missing_answer_gives_no_score() {
    let parsed = read("%one + %resource.descendants().where(linkId='n').answer.value").unwrap();
    assert!(!parsed.definition.find("total").unwrap().1.required);
    let answers: Answers = [answer("n", json!([{"valueInteger": 5}]))].into_iter().collect();
    let score = scores(&parsed.definition, &answers).remove(0);
    assert_eq!((score.value, score.missing), (None, vec!["g.1".to_owned()]));
}

#[test]
fn sum_is_read_more_strictly_and_says_so() {
    let parsed = read("%resource.item.item.where(linkId='g.1' or linkId='g.2').answer.value.ordinal().sum()");
    assert_eq!(codes(&parsed.unwrap().warnings), ["expression_stricter"]);
}

#[test]
fn anything_else_is_refused_by_name_at_its_place() {
    for (expression, words) in [
        ("iif(%one.exists(), %one, 0)", "“iif” is not supported"),
        (
            "%resource.item.where(linkId='g.1').answer.value.ordinal().aggregate($this)",
            "“$” is not supported",
        ),
        ("%two", "no variable is called “two”"),
        ("%resource.item.where(linkId='g.1').answer.value", "ordinal() must be taken"),
        ("%resource.item.where(linkId='x').answer.value", "no item has this linkId"),
        ("%resource.item.answer.value.ordinal()", "each item must be named"),
        ("%one * %one", "two answers are multiplied"),
        ("%one / 0", "something other than a number"),
        ("%one + ", "something is missing at the end"),
        ("%one %one", "“%one” is not supported here"),
        ("%resource.item.where(linkId.startsWith('g')).answer.value", "only where(linkId"),
        ("(%one | %one).sum()", "“)” is missing before “|”"),
        ("%resource.item.where(linkId='g.1' or linkId='g.2').answer.value.ordinal()", "without sum()"),
        ("5", "it counts no answer"),
        ("'g.1", "a quote is not closed"),
    ] {
        let found = read(expression).unwrap_err();
        assert_eq!(codes(&found), ["expression_not_supported"], "{expression}: {found:?}");
        assert!(found[0].message.contains(words), "{expression}: {}", found[0].message);
        assert_eq!(found[0].path, "Questionnaire.item[2].extension[0].valueExpression.expression");
    }
    let other = with("x").to_string().replace(
        "\"language\":\"text/fhirpath\",\"expression\":\"x\"",
        "\"language\":\"text/cql\",\"expression\":\"x\"",
    );
    let found = Definition::parse(&serde_json::from_str(&other).unwrap()).unwrap_err();
    assert_eq!(found[0].code, "expression_not_supported", "{found:?}");
}

#[test]
fn an_expression_without_end_is_refused_without_harm() {
    for expression in ["(".repeat(500), "-".repeat(10_000), format!("{}%one", "%one + ".repeat(20_000))] {
        let found = read(&expression).unwrap_err();
        assert_eq!(codes(&found), ["expression_not_supported"], "{found:?}");
    }
    let mut circular = with("%one");
    circular["extension"][0]["valueExpression"]["expression"] = json!("%one + %one");
    assert_eq!(codes(&Definition::parse(&circular).unwrap_err()), ["expression_not_supported"]);
}
