//! Scores: missing answers, weights, recodings, parts, transformations and what a difference means.

use serde_json::{Value as Json, json};

use crate::instrument::testing::{
    answer, codes, own, parsed, part, questionnaire, refused, scored_questionnaire,
};
use crate::instrument::{Answers, Definition, Direction, EarlierScore, Score, changes, scores};

fn three_items(missing: &[Json]) -> Definition {
    parsed(&scored_questionnaire(missing))
}

fn answered(values: &[i32]) -> Answers {
    let keyed = ["a", "b", "c", "d"].iter().zip(values);
    keyed.map(|(link_id, value)| answer(link_id, json!([{"valueInteger": value}]))).collect()
}

fn one(definition: &Definition, values: &[i32]) -> Score {
    scores(definition, &answered(values)).remove(0)
}

/// Four whole numbers from 1 to 5, and the scores given.
fn four(scores: &[Json]) -> Json {
    let options: Vec<Json> = (1..=5).map(|n| json!({"valueInteger": n})).collect();
    let item = |link_id: &str| json!({"linkId": link_id, "type": "integer", "answerOption": options});
    let mut questionnaire = questionnaire(json!([item("a"), item("b"), item("c"), item("d")]));
    let scores = scores.iter().map(|parts| own("score", parts.clone()));
    questionnaire["extension"] = scores.collect();
    questionnaire
}

fn named(code: &str, method: &str, rest: &[Json]) -> Json {
    let mut parts =
        vec![part("code", json!(code)), part("title", json!(code)), part("method", json!(method))];
    parts.extend(rest.iter().cloned());
    Json::Array(parts)
}

fn item(link_id: &str, rest: &[Json]) -> Json {
    let mut parts = vec![part("linkId", json!(link_id))];
    parts.extend(rest.iter().cloned());
    part("item", Json::Array(parts))
}

fn recode(pairs: &[(u8, f64)]) -> Vec<Json> {
    let pair =
        |(from, to): &(u8, f64)| part("recode", json!([part("from", json!(from)), part("to", json!(to))]));
    pairs.iter().map(pair).collect()
}

#[test]
fn a_complete_form_has_a_total_and_a_band() {
    let score = one(&three_items(&[part("missing", json!("all_required"))]), &[1, 2, 3]);
    assert_eq!(score.value, Some(6.0));
    assert_eq!(score.band.unwrap().code, "high");
    assert_eq!((score.answered, score.of), (3, 3));
    assert_eq!(score.reason_missing, None);
    assert_eq!(score.formula, "sum(a, b, c); none when any answer is missing");
}

#[test]
fn a_missing_answer_is_never_zero() {
    let score = one(&three_items(&[part("missing", json!("all_required"))]), &[1, 2]);
    assert_eq!((score.value, score.prorated, score.band), (None, None, None));
    assert_eq!(score.missing, ["c"]);
    assert_eq!(score.reason_missing.as_deref(), Some("1 of 3 answers are missing."));
}

#[test]
fn an_estimate_stands_apart_from_the_total() {
    let definition = three_items(&[part("missing", json!("prorate")), part("maxMissing", json!(1))]);
    let score = one(&definition, &[1, 2]);
    assert_eq!((score.value, score.prorated, score.band), (None, Some(4.5), None));
    assert_eq!((one(&definition, &[1]).value, one(&definition, &[1]).prorated), (None, None));
    let whole = one(&definition, &[1, 2, 3]);
    assert_eq!((whole.value, whole.prorated), (Some(6.0), None));
}

#[test]
fn a_mean_may_tolerate_a_share_of_missing_answers() {
    let items = ["a", "b", "c", "d"].map(|link_id| part("item", json!(link_id)));
    let tolerant = |share: f64| {
        let mut rest = items.to_vec();
        rest.extend([part("missing", json!("tolerate")), part("maxMissingShare", json!(share))]);
        parsed(&four(&[named("m", "mean", &rest)]))
    };
    // A fifth of four is less than one item.
    assert_eq!(one(&tolerant(0.2), &[1, 2, 3]).value, None);
    let score = one(&tolerant(0.25), &[1, 2, 3]);
    assert_eq!((score.value, score.prorated, score.reason_missing), (Some(2.0), None, None));
    assert_eq!(score.missing, ["d"]);
    assert_eq!(one(&tolerant(0.25), &[1, 2]).value, None);
    assert!(score.formula.ends_with("while at most 1 of 4 are missing, else none"), "{}", score.formula);
    let mut rest = items.to_vec();
    rest.extend([part("missing", json!("tolerate")), part("maxMissing", json!(1))]);
    assert_eq!(codes(&refused(&four(&[named("s", "sum", &rest)]))), ["score_malformed"]);
}

#[test]
fn weights_recodings_and_reversals_are_declared() {
    let pairs = recode(&[(1, 0.0), (2, 33.0), (3, 67.0), (4, 100.0), (5, 100.0)]);
    let definition = parsed(&four(&[named(
        "w",
        "sum",
        &[
            item("a", &[part("weight", json!(2))]),
            item("b", &[part("reverse", json!(true))]),
            item("c", &pairs),
        ],
    )]));
    let score = one(&definition, &[3, 1, 2]);
    // 2 × 3, and 6 − 1, and 33
    assert_eq!(score.value, Some(44.0));
    let inputs: Vec<_> = score.inputs.iter().map(|input| (input.raw, input.value, input.weight)).collect();
    assert_eq!(
        inputs,
        [(Some(3.0), Some(3.0), 2.0), (Some(1.0), Some(5.0), 1.0), (Some(2.0), Some(33.0), 1.0)]
    );
    assert_eq!(
        score.formula,
        "sum(2 × a, (6 − b), recoded c); c recoded 1→0, 2→33, 3→67, 4→100, 5→100; none when any answer is missing"
    );
    // A weighted mean divides by the weights of the answers there are.
    let mean = parsed(&four(&[named(
        "m",
        "mean",
        &[item("a", &[part("weight", json!(3))]), part("item", json!("b"))],
    )]));
    assert_eq!(one(&mean, &[5, 1]).value, Some(4.0));
}

#[test]
fn a_score_can_be_made_of_scores_and_carried_to_another_range() {
    let definition = parsed(&four(&[
        named("first", "sum", &[part("item", json!("a")), part("item", json!("b"))]),
        named("second", "sum", &[part("item", json!("c")), part("item", json!("d"))]),
        named(
            "total",
            "sum",
            &[
                part("subscale", json!("first")),
                part("subscale", json!("second")),
                part(
                    "rescale",
                    json!([
                        part("from", json!(4)),
                        part("to", json!(20)),
                        part("low", json!(0)),
                        part("high", json!(100))
                    ]),
                ),
            ],
        ),
    ]));
    let all = scores(&definition, &answered(&[5, 5, 1, 1]));
    assert_eq!([all[0].value, all[1].value, all[2].value], [Some(10.0), Some(2.0), Some(50.0)]);
    assert_eq!(all[2].inputs[0].score.as_deref(), Some("first"));
    assert_eq!(
        all[2].formula,
        "sum(first, second); 4 to 20 carried to 0 to 100; none when any answer is missing"
    );
    let part_done = scores(&definition, &answered(&[5, 5, 1]));
    assert_eq!((part_done[0].value, part_done[2].value), (Some(10.0), None));
    assert_eq!(part_done[2].missing, ["second"]);
}

#[test]
fn what_cannot_be_scored_is_refused() {
    let count = |link_id: &str| part("item", json!(link_id));
    for (rest, words) in [
        (vec![item("a", &recode(&[(1, 0.0)]))], "which the recoding does not know"),
        (vec![item("a", &[part("weight", json!(0))])], "counts nothing"),
        (vec![count("a"), count("a")], "twice"),
        (vec![part("subscale", json!("later"))], "no score before it"),
        (vec![count("nowhere")], "no item has this linkId"),
        (vec![count("a"), part("missing", json!("guess"))], "all_required, prorate or tolerate"),
        (
            vec![count("a"), part("rescale", json!([part("from", json!(5)), part("to", json!(1))]))],
            "A rescaling needs",
        ),
        (vec![count("a"), part("change", json!([part("important", json!(5))]))], "which way is better"),
    ] {
        let found = refused(&four(&[named("s", "sum", &rest)]));
        assert!(found.iter().any(|finding| finding.message.contains(words)), "{words}: {found:?}");
        assert!(found[0].path.starts_with("Questionnaire.extension[0]"), "{}", found[0].path);
    }
}

#[test]
fn bands_do_not_overlap() {
    let mut questionnaire = scored_questionnaire(&[]);
    let parts = questionnaire["extension"][1]["extension"].as_array_mut().unwrap();
    let both = [("from", json!(4)), ("to", json!(6)), ("code", json!("x")), ("title", json!("x"))];
    parts.push(part("band", both.into_iter().map(|(name, value)| part(name, value)).collect()));
    assert_eq!(codes(&refused(&questionnaire)), ["score_malformed"]);
}

#[test]
fn a_difference_is_held_against_its_thresholds() {
    let thresholds = part(
        "change",
        json!([
            part("better", json!("lower")),
            part("reliable", json!(6)),
            part("important", json!(5)),
            part("source", json!("a paper"))
        ]),
    );
    let definition = three_items(&[thresholds]);
    let now = scores(&definition, &answered(&[5, 5, 5]));
    let before = |value: f64, formula: &str| {
        vec![EarlierScore { code: "total".into(), value: Some(value), formula: formula.into() }]
    };
    let of = |before: &[EarlierScore]| changes(definition.scores(), &now, before).remove(0);
    let worse = of(&before(9.0, &now[0].formula));
    assert_eq!((worse.difference, worse.direction), (Some(6.0), Some(Direction::Worse)));
    assert_eq!((worse.reliable, worse.important, worse.worse_by()), (Some(true), Some(true), Some(6.0)));
    let better = of(&before(20.0, &now[0].formula));
    assert_eq!((better.difference, better.direction), (Some(-5.0), Some(Direction::Better)));
    assert_eq!((better.reliable, better.important, better.worse_by()), (Some(false), Some(true), None));
    let other = of(&before(20.0, "sum(a, b)"));
    assert_eq!((other.difference, other.reliable), (None, None));
    assert_eq!(other.reason_missing.as_deref(), Some("It was worked out by another rule then."));
    assert_eq!(of(&[]).reason_missing.as_deref(), Some("There was no such score then."));
}
