//! The instruments that ship, held against what is published about them. Every expected number here is worked out by
//! hand from the source that stands above it, not from what the code says.

use crate::content;
use crate::instrument::score::raw_values;
use crate::instrument::{
    Answer, AnswerKey, Answers, Definition, Item, Score, Tier, Value, changes, fired, scores,
};

fn shipped(name: &str) -> &'static Definition {
    let url = format!("https://fhir.alongside.example/Questionnaire/{name}");
    let found = content::instruments().iter().find(|one| one.definition.url() == Some(&url));
    &found.unwrap_or_else(|| panic!("{name} does not ship")).definition
}

/// The answer to an item that counts this much.
fn counting(item: &Item, raw: f64) -> Answer {
    let option = item.choices.options().iter().find(|option| option.ordinal == Some(raw));
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "small whole numbers of a test"
    )]
    let value = option.map_or(Value::Integer(raw as i32), |option| option.value.clone());
    Answer::answered(AnswerKey::of(&item.link_id), vec![value])
}

fn given(definition: &Definition, raw: &[(&str, f64)]) -> Answers {
    raw.iter().map(|(link_id, raw)| counting(definition.find(link_id).unwrap().1, *raw)).collect()
}

fn all(name: &str, raw: &[(&str, f64)]) -> Vec<Score> {
    let definition = shipped(name);
    scores(definition, &given(definition, raw))
}

fn score(name: &str, code: &str, raw: &[(&str, f64)]) -> Score {
    all(name, raw).into_iter().find(|score| score.code == code).unwrap()
}

/// Items `1`, `2` .. with these raw values.
fn numbered(values: &[f64]) -> Vec<(&'static str, f64)> {
    const NAMES: [&str; 9] = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
    NAMES.into_iter().zip(values.iter().copied()).collect()
}

/// Raw values of 0 to 3 that add up to `total`.
fn adding_up(items: usize, mut total: f64) -> Vec<f64> {
    let mut values = Vec::new();
    for _ in 0..items {
        let next = total.clamp(0.0, 3.0);
        total -= next;
        values.push(next);
    }
    assert_eq!(total, 0.0);
    values
}

fn bands_of(name: &str, code: &str, items: usize, expected: &[(f64, &str)]) {
    for (total, band) in expected {
        let found = score(name, code, &numbered(&adding_up(items, *total)));
        assert_eq!(found.value, Some(*total), "{name}");
        assert_eq!(found.band.unwrap().code, *band, "{name} {total}");
    }
}

/// Kroenke, Spitzer, Williams 2001, J Gen Intern Med 16:606-613: nine items 0 to 3, cut points 5, 10, 15 and 20.
/// Instruction Manual for the PHQ and GAD-7 measures: with one or two items missing the rest may stand for them.
#[test]
fn phq_9() {
    bands_of(
        "phq-9",
        "phq9",
        9,
        &[
            (0.0, "none_minimal"),
            (4.0, "none_minimal"),
            (5.0, "mild"),
            (9.0, "mild"),
            (10.0, "moderate"),
            (14.0, "moderate"),
            (15.0, "moderately_severe"),
            (19.0, "moderately_severe"),
            (20.0, "severe"),
            (27.0, "severe"),
        ],
    );
    // Seven items add up to 14: 14 × 9 / 7 = 18.
    let seven = score("phq-9", "phq9", &numbered(&[2.0; 7]));
    assert_eq!((seven.value, seven.prorated, seven.band), (None, Some(18.0), None));
    let six = score("phq-9", "phq9", &numbered(&[2.0; 6]));
    assert_eq!((six.value, six.prorated), (None, None));
}

/// Kroenke et al. 2009, J Affect Disord 114:163-173: eight items, the same cut points, 24 at most.
#[test]
fn phq_8() {
    bands_of(
        "phq-8",
        "phq8",
        8,
        &[
            (4.0, "none_minimal"),
            (5.0, "mild"),
            (10.0, "moderate"),
            (15.0, "moderately_severe"),
            (20.0, "severe"),
            (24.0, "severe"),
        ],
    );
    assert!(shipped("phq-8").find("9").is_none(), "it asks nothing about self-harm");
    assert!(!shipped("phq-8").has_alerts());
}

/// Kroenke, Spitzer, Williams 2003, Med Care 41:1284-1292, and Kroenke et al. 2007, Ann Intern Med 146:317-325: two
/// items, positive from 3 on, nothing when one is missing.
#[test]
fn phq_2_and_gad_2() {
    for (name, code) in [("phq-2", "phq2"), ("gad-2", "gad2")] {
        let of = |one: f64, two: f64| score(name, code, &numbered(&[one, two]));
        assert_eq!(of(1.0, 1.0).band.unwrap().code, "negative");
        assert_eq!(of(2.0, 1.0).band.unwrap().code, "positive");
        assert_eq!(of(3.0, 3.0).value, Some(6.0));
        assert_eq!(score(name, code, &numbered(&[3.0])).value, None);
    }
}

/// Spitzer, Kroenke, Williams, Loewe 2006, Arch Intern Med 166:1092-1097: seven items, cut points 5, 10 and 15.
#[test]
fn gad_7() {
    bands_of(
        "gad-7",
        "gad7",
        7,
        &[
            (4.0, "minimal"),
            (5.0, "mild"),
            (9.0, "mild"),
            (10.0, "moderate"),
            (14.0, "moderate"),
            (15.0, "severe"),
            (21.0, "severe"),
        ],
    );
}

/// NHS Talking Therapies manual: a change of 6 on the PHQ-9 and of 4 on the GAD-7 is reliable.
#[test]
fn a_reliable_change_of_phq_9_and_gad_7() {
    for (name, code, items, reliable) in [("phq-9", "phq9", 9, 6.0), ("gad-7", "gad7", 7, 4.0)] {
        let definition = shipped(name);
        let now = all(name, &numbered(&adding_up(items, 4.0)));
        let before = |more: f64| {
            let score = score(name, code, &numbered(&adding_up(items, 4.0 + more)));
            let json = serde_json::to_value([score]).unwrap();
            changes(definition.scores(), &now, &serde_json::from_value::<Vec<_>>(json).unwrap()).remove(0)
        };
        assert_eq!(before(reliable).reliable, Some(true), "{name}");
        assert_eq!(before(reliable - 1.0).reliable, Some(false), "{name}");
        assert_eq!(before(reliable).difference, Some(-reliable), "{name}");
    }
}

/// Office for National Statistics, Personal well-being user guidance. Satisfaction, worthwhile, happiness: 0-4 low, 5-6
/// medium, 7-8 high, 9-10 very high. Anxiety: 0-1 very low, 2-3 low, 4-5 medium, 6-10 high. There is no total.
#[test]
fn ons4() {
    let codes = ["ons4_satisfaction", "ons4_worthwhile", "ons4_happiness", "ons4_anxiety"];
    assert_eq!(all("ons4", &[]).len(), codes.len());
    let up = [
        (0.0, "low"),
        (4.0, "low"),
        (5.0, "medium"),
        (6.0, "medium"),
        (7.0, "high"),
        (8.0, "high"),
        (9.0, "very_high"),
        (10.0, "very_high"),
    ];
    let down = [
        (0.0, "very_low"),
        (1.0, "very_low"),
        (2.0, "low"),
        (3.0, "low"),
        (4.0, "medium"),
        (5.0, "medium"),
        (6.0, "high"),
        (10.0, "high"),
    ];
    for (at, code) in codes.into_iter().enumerate() {
        let expected = if code == "ons4_anxiety" { down } else { up };
        for (value, band) in expected {
            let link_id = ["1", "2", "3", "4"][at];
            let found = score("ons4", code, &[(link_id, value)]);
            assert_eq!((found.value, found.band.unwrap().code.as_str()), (Some(value), band), "{code}");
        }
    }
}

/// Essential digital skills framework: the foundation level is met only when all eight can be done without help.
#[test]
fn foundation_tasks() {
    let tasks = content::foundation_tasks();
    let able = |number: usize| -> Vec<(&str, f64)> {
        tasks
            .tasks
            .iter()
            .enumerate()
            .map(|(at, task)| (task.code.as_str(), f64::from(u8::from(at < number))))
            .collect()
    };
    let of = |number: usize| score("foundation-tasks", "foundation_tasks", &able(number));
    assert_eq!((of(8).value, of(8).band.unwrap().code.as_str()), (Some(8.0), "met"));
    assert_eq!((of(7).value, of(7).band.unwrap().code.as_str()), (Some(7.0), "below"));
    assert_eq!(score("foundation-tasks", "foundation_tasks", &able(8)[..7]).value, None);
    // The words are those of the text that is read to people elsewhere.
    for task in &tasks.tasks {
        assert_eq!(shipped("foundation-tasks").find(&task.code).unwrap().1.text.as_ref(), Some(&task.text));
    }
}

/// Our own question; the bands are those of concerns.
#[test]
fn distress() {
    for (value, band) in [
        (0.0, "none"),
        (1.0, "low"),
        (3.0, "low"),
        (4.0, "moderate"),
        (6.0, "moderate"),
        (7.0, "high"),
        (10.0, "high"),
    ] {
        assert_eq!(score("distress", "distress", &[("1", value)]).band.unwrap().code, band);
    }
}

/// EPIC-26 scoring instructions, University of Michigan: each response is carried to 0 to 100 (five levels: 0, 25, 50,
/// 75, 100; four levels: 0, 33, 67, 100; 100 is best), a domain is the mean of its items, and has no score when more
/// than a fifth of its items are missing.
#[test]
fn epic_26() {
    const INCONTINENCE: [(&str, f64); 4] = [("Q1", 4.0), ("Q2", 3.0), ("Q3", 1.0), ("Q4a", 1.0)];
    let of = |code: &str, raw: &[(&str, f64)]| score("epic-26", code, raw).value;
    // (75 + 67 + 67 + 75) / 4
    assert_eq!(of("epic26_incontinence", &INCONTINENCE), Some(71.0));
    assert_eq!(of("epic26_incontinence", &INCONTINENCE[..3]), None, "three of four are too few");
    // (100 + 75 + 50 + 25) / 4
    let irritative = [("Q4b", 0.0), ("Q4c", 1.0), ("Q4d", 2.0), ("Q4e", 3.0)];
    assert_eq!(of("epic26_irritative", &irritative), Some(62.5));
    assert_eq!(of("epic26_irritative", &irritative[1..]), None);
    // (50 + 25 + 33 + 0 + 100) / 5 = 41.6 with Q12 missing; with two missing there is none.
    let sexual = [("Q8a", 3.0), ("Q8b", 2.0), ("Q9", 2.0), ("Q10", 1.0), ("Q11", 5.0)];
    assert_eq!(of("epic26_sexual", &sexual), Some(41.6));
    assert_eq!(of("epic26_sexual", &sexual[..4]), None);
    // (100 + 75 + 50 + 25 + 0 + 75) / 6, the last being Q7 = 2.
    let bowel = [("Q6a", 0.0), ("Q6b", 1.0), ("Q6c", 2.0), ("Q6d", 3.0), ("Q6e", 4.0), ("Q7", 2.0)];
    assert_eq!(of("epic26_bowel", &bowel), Some(325.0 / 6.0));
    assert_eq!(of("epic26_bowel", &bowel[..5]), Some(50.0));
    assert_eq!(of("epic26_bowel", &bowel[..4]), None);
    let hormonal = [("Q13a", 4.0), ("Q13b", 4.0), ("Q13c", 2.0), ("Q13d", 2.0), ("Q13e", 0.0)];
    // (0 + 0 + 50 + 50 + 100) / 5, and (0 + 0 + 50 + 50) / 4
    assert_eq!(of("epic26_hormonal", &hormonal), Some(40.0));
    assert_eq!(of("epic26_hormonal", &hormonal[..4]), Some(25.0));
    assert_eq!(of("epic26_hormonal", &hormonal[..3]), None);
    assert_eq!(of("epic26_urinary_bother", &[("Q5", 2.0)]), Some(75.0));
    assert_eq!(of("epic26_urinary_bother", &[]), None);
}

/// The best and the worst answer of every item, as they stand on the form.
#[test]
fn epic_26_at_its_ends() {
    let best = |link_id: &str| match link_id {
        "Q1" | "Q8a" | "Q8b" | "Q10" | "Q11" => 5.0,
        "Q2" | "Q9" => 4.0,
        "Q5" | "Q7" | "Q12" => 1.0,
        _ => 0.0,
    };
    let worst = |link_id: &str| match link_id {
        "Q1" | "Q2" | "Q8a" | "Q8b" | "Q9" | "Q10" | "Q11" => 1.0,
        "Q3" => 3.0,
        "Q5" | "Q7" | "Q12" => 5.0,
        _ => 4.0,
    };
    let names: Vec<&str> = shipped("epic-26").items().map(|(_, item)| item.link_id.as_str()).collect();
    assert_eq!(names.len(), 26);
    let at = |end: &dyn Fn(&str) -> f64| -> Vec<(&str, f64)> {
        names.iter().map(|name| (*name, end(name))).collect()
    };
    assert!(all("epic-26", &at(&best)).iter().all(|score| score.value == Some(100.0)));
    assert!(all("epic-26", &at(&worst)).iter().all(|score| score.value == Some(0.0)));
}

/// Skolarus et al. 2015, Urology 85:101-105: important from 6 (incontinence), 5 (irritative), 4 (bowel), 10 (sexual) and
/// 4 (hormonal) points.
#[test]
fn the_thresholds_of_epic_26() {
    let thresholds: Vec<f64> =
        shipped("epic-26").scores().iter().filter_map(|score| score.change.as_ref()?.important).collect();
    assert_eq!(thresholds, [6.0, 5.0, 4.0, 10.0, 4.0]);
}

/// Chang et al. 2011, J Urol 186:865-872: five domains of three items, 0 to 12 each, 60 in all, high is worse.
#[test]
fn epic_cp() {
    let definition = shipped("epic-cp");
    let names: Vec<&str> = definition.items().map(|(_, item)| item.link_id.as_str()).collect();
    assert_eq!(names.len(), 16);
    let worst: Vec<(&str, f64)> = names.iter().map(|name| (*name, 4.0)).collect();
    let values: Vec<Option<f64>> = all("epic-cp", &worst).iter().map(|score| score.value).collect();
    assert_eq!(values, [Some(12.0), Some(12.0), Some(12.0), Some(12.0), Some(12.0), Some(60.0)]);
    let best: Vec<(&str, f64)> = names.iter().map(|name| (*name, 0.0)).collect();
    assert!(all("epic-cp", &best).iter().all(|score| score.value == Some(0.0)));
    let but_one: Vec<(&str, f64)> = worst.into_iter().filter(|(name, _)| *name != "Q9").collect();
    let values: Vec<Option<f64>> = all("epic-cp", &but_one).iter().map(|score| score.value).collect();
    assert_eq!(values, [Some(12.0), Some(12.0), Some(12.0), None, Some(12.0), None]);
}

/// Norman, Skinner 2006, J Med Internet Res 8(4):e27: eight items from 1 to 5, added up: 8 to 40.
#[test]
fn eheals() {
    let of = |values: &[f64]| score("eheals", "eheals", &numbered(values)).value;
    assert_eq!(of(&[1.0; 8]), Some(8.0));
    assert_eq!(of(&[5.0; 8]), Some(40.0));
    assert_eq!(of(&[1.0, 2.0, 3.0, 4.0, 5.0, 4.0, 3.0, 2.0]), Some(24.0));
    assert_eq!(of(&[5.0; 7]), None);
}

#[test]
fn a_declared_range_is_what_the_items_give() {
    for shipped in content::instruments() {
        let definition = &shipped.definition;
        for rule in definition.scores().iter().filter(|rule| rule.rescale.is_none()) {
            let (Some(min), Some(max)) = (rule.min, rule.max) else { continue };
            let ends = |worst: bool| -> Answers {
                let item = |(_, item): (usize, &Item)| {
                    let values = raw_values(item)?;
                    let pick = if worst { f64::max } else { f64::min };
                    Some(counting(item, values.into_iter().reduce(pick)?))
                };
                definition.items().filter(|(_, item)| item.kind.is_question()).filter_map(item).collect()
            };
            let at = |answers: &Answers| {
                scores(definition, answers)
                    .into_iter()
                    .find(|score| score.code == rule.code)
                    .unwrap()
                    .value
                    .unwrap()
            };
            let (one, other) = (at(&ends(false)), at(&ends(true)));
            let inside = [one, other].iter().all(|value| (min..=max).contains(value));
            assert!(inside, "{} {}: {one} and {other}", shipped.name, rule.code);
        }
    }
}

#[test]
fn every_score_says_where_its_rule_is_published() {
    for shipped in content::instruments() {
        for score in shipped.definition.scores() {
            assert!(score.source.is_some(), "{} {}", shipped.name, score.code);
        }
    }
}

#[test]
fn what_is_not_ours_to_ship_stands_here_by_its_codes_alone() {
    for name in ["epic-26", "epic-cp", "eheals"] {
        let definition = shipped(name);
        assert!(definition.is_wording_withheld(), "{name}");
        for (_, item) in definition.items() {
            let text = item.text.as_deref().unwrap();
            assert!(text.ends_with(&format!(" {}", item.link_id)) && text.len() < 16, "{name}: {text}");
            assert!(
                item.choices
                    .options()
                    .iter()
                    .all(|option| matches!(&option.value, Value::Coding(coding) if coding.display.is_none()))
            );
        }
    }
    let withheld = content::instruments().iter().filter(|one| one.definition.is_wording_withheld());
    assert_eq!(withheld.count(), 3);
}

#[test]
fn the_rules_of_the_domain_are_declared() {
    let found = |name: &str, raw: &[(&str, f64)]| -> Vec<(Tier, &'static str)> {
        let definition = shipped(name);
        let after = given(definition, raw);
        let saved: Vec<&Answer> = after.iter().collect();
        let fired =
            fired(definition, &saved, &after, || Ok::<_, std::convert::Infallible>(Vec::new())).unwrap();
        fired.iter().map(|fired| (fired.rule.tier, fired.rule.code.as_str())).collect()
    };
    assert_eq!(found("phq-9", &[("9", 2.0)]), [(Tier::T1, "phq9_self_harm_often")]);
    assert_eq!(found("phq-9", &[("9", 1.0)]), [(Tier::T2, "phq9_self_harm_some")]);
    assert!(found("phq-9", &[("9", 0.0)]).is_empty());
    // Five answers of 3 are 15 already, whatever comes.
    assert_eq!(found("phq-9", &numbered(&[3.0; 5])), [(Tier::T2, "phq9_high")]);
    assert_eq!(found("gad-7", &numbered(&[3.0; 5])), [(Tier::T2, "gad7_high")]);
    assert_eq!(found("phq-2", &[("1", 3.0)]), [(Tier::T3, "phq2_positive")]);
    assert_eq!(found("distress", &[("1", 8.0)]), [(Tier::T2, "distress_high")]);
    assert_eq!(found("distress", &[("1", 7.0)]), [(Tier::T3, "distress_some")]);
    assert!(found("distress", &[("1", 3.0)]).is_empty());
    assert_eq!(found("epic-26", &[("Q6d", 1.0)]), [(Tier::T3, "epic26_blood")]);
}
