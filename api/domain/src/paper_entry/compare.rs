//! Two entries of one form, side by side.
//!
//! What is compared is what stands on the paper, not how it was typed: numbers by their amount, codes by system and code
//! whatever is displayed, texts without the spaces around and between their words, several ticks in any order. The one
//! order that means something is that in which the participant put his priorities. That one entry has nothing where the
//! other has something is a discrepancy; a question left out in so many words and one that was not typed are the same.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use chrono::{DateTime, NaiveTime};

use super::{Decision, is_blank};
use crate::instrument::{Answer, AnswerKey, Answers, Definition, Finding, Item, Judge, State, Value};

/// What the instrument says of a question that the other answers switch off.
const NOT_SHOWN: &str = "question_not_shown";

/// One field of the form, in both entries.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub key: AnswerKey,
    pub first: Option<Answer>,
    pub second: Option<Answer>,
    /// Whether both say the same.
    pub agrees: bool,
}

impl Field {
    /// Whether something was typed in, by one of the two at least.
    fn is_entered(&self) -> bool {
        [&self.first, &self.second].into_iter().flatten().any(|answer| !is_blank(answer))
    }

    /// What both say. Where one says that nothing stands there and the other says nothing, that nothing stands there.
    fn said_by_both(&self) -> Option<&Answer> {
        match (&self.first, &self.second) {
            (Some(first), Some(second)) if first.state == State::NotShown => Some(second),
            (Some(answer), _) | (None, Some(answer)) => Some(answer),
            (None, None) => None,
        }
    }
}

/// Two entries of one form.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Every field of which one of the entries has a record, in the order of the form.
    pub fields: Vec<Field>,
    /// How many fields were entered: those in which one of the two at least found something on the paper.
    pub entered: u32,
    /// How many of these differ.
    pub differing: u32,
}

impl Comparison {
    /// The fields that differ.
    pub fn discrepancies(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !field.agrees)
    }

    /// How many of the fields that differ nobody has decided.
    #[must_use]
    pub fn open(&self, decisions: &BTreeMap<AnswerKey, Decision>) -> u32 {
        count(self.discrepancies().filter(|field| !decisions.contains_key(&field.key)).count())
    }

    /// How many of the fields that differ the first and the second entry have wrong, as far as that was decided.
    #[must_use]
    pub fn errors(&self, decisions: &BTreeMap<AnswerKey, Decision>) -> [u32; 2] {
        let decided = || self.discrepancies().filter_map(|field| decisions.get(&field.key));
        [0, 1].map(|entry| {
            count(decided().filter(|decision| decision.errors().get(entry) == Some(&true)).count())
        })
    }
}

/// Lays two entries side by side.
#[must_use]
pub fn compare(definition: &Definition, first: &Answers, second: &Answers) -> Comparison {
    let mut keys: Vec<&AnswerKey> = first.iter().chain(second.iter()).map(|answer| &answer.key).collect();
    keys.sort_unstable_by(|left, right| in_order(definition, left, right));
    keys.dedup();
    let fields: Vec<Field> = keys
        .into_iter()
        .map(|key| {
            let (first, second) = (first.get(key), second.get(key));
            Field {
                key: key.clone(),
                agrees: says_the_same(definition, key, first, second),
                first: first.cloned(),
                second: second.cloned(),
            }
        })
        .collect();
    let entered = count(fields.iter().filter(|field| field.is_entered()).count());
    let differing = count(fields.iter().filter(|field| !field.agrees).count());
    Comparison { fields, entered, differing }
}

/// What the form says once every field that differs is decided, judged from its first question to its last as if it were
/// answered now. A blank that is not asked for with the other answers is left out.
///
/// # Errors
/// What the instrument does not accept, with the field: two fields can have been decided so that they do not go together.
pub fn agreed(
    definition: &Definition,
    comparison: &Comparison,
    decisions: &BTreeMap<AnswerKey, Decision>,
) -> Result<Vec<Answer>, Vec<(AnswerKey, Finding)>> {
    let mut judge = Judge::new(definition, Answers::default());
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    for field in &comparison.fields {
        let said = if field.agrees {
            field.said_by_both()
        } else {
            decisions.get(&field.key).and_then(|decision| decision.settles(field))
        };
        let Some(answer) = said else { continue };
        let mut found = judge.judge(answer, "");
        found.retain(Finding::is_refusal);
        if found.is_empty() {
            judge.save(answer.clone());
            kept.push(answer.clone());
        } else if !(is_blank(answer) && found.iter().all(|finding| finding.code == NOT_SHOWN)) {
            refused.extend(found.into_iter().map(|finding| (field.key.clone(), finding)));
        }
    }
    if refused.is_empty() { Ok(kept) } else { Err(refused) }
}

/// What one entry says, judged from the first question of the form to the last, whatever the order it was typed in. A
/// blank that is not asked for with the other answers is left out.
///
/// # Errors
/// What the instrument does not accept, with the field.
pub fn judged(definition: &Definition, entry: &Answers) -> Result<Vec<Answer>, Vec<(AnswerKey, Finding)>> {
    agreed(definition, &compare(definition, entry, entry), &BTreeMap::new())
}

/// As the questions stand on the form.
fn in_order(definition: &Definition, left: &AnswerKey, right: &AnswerKey) -> Ordering {
    let place = |key: &AnswerKey| definition.find(&key.link_id).map(|(index, _)| index);
    // Questions of one repeating group stand together, occurrence by occurrence.
    match (left.occurrence.first(), right.occurrence.first()) {
        (Some(one), Some(other)) if one != other && same_axis(definition, left, right) => one.cmp(other),
        _ => place(left).cmp(&place(right)).then_with(|| left.cmp(right)),
    }
}

fn same_axis(definition: &Definition, left: &AnswerKey, right: &AnswerKey) -> bool {
    let axis = |key: &AnswerKey| definition.find(&key.link_id).and_then(|(_, item)| item.axes.first());
    axis(left) == axis(right)
}

fn says_the_same(
    definition: &Definition,
    key: &AnswerKey,
    first: Option<&Answer>,
    second: Option<&Answer>,
) -> bool {
    let said = |answer: Option<&Answer>| match answer {
        Some(answer) if !is_blank(answer) => Some((answer.state, normal(definition, key, &answer.values))),
        _ => None,
    };
    said(first) == said(second)
}

/// The values as they stand on the paper.
fn normal(definition: &Definition, key: &AnswerKey, values: &[Value]) -> Vec<Normal> {
    let item = definition.find(&key.link_id).map(|(_, item)| item);
    let mut values: Vec<Normal> = values.iter().map(|value| Normal::of(item, value)).collect();
    let is_ranked = definition.priorities().is_some_and(|ranked| ranked.link_id == key.link_id);
    if !is_ranked {
        values.sort_unstable();
    }
    values
}

/// A value without how it was typed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Normal {
    Truth(bool),
    /// By the bits of its amount.
    Amount(u64),
    Moment(i64),
    Clock(NaiveTime),
    Words(String),
    Code(Option<String>, String),
    Measure(Option<u64>, Option<String>),
    Other(String),
}

impl Normal {
    fn of(item: Option<&Item>, value: &Value) -> Self {
        // An option can be named with less than all that the list says of it.
        let value = item.and_then(|item| item.choices.option(value)).map_or(value, |option| &option.value);
        match value {
            Value::Boolean(truth) => Self::Truth(*truth),
            Value::Integer(_) | Value::Decimal(_) => match value.number() {
                Some(number) => Self::Amount(bits(number)),
                None => Self::Other(value.to_json().to_string()),
            },
            Value::Date(text) => Self::Words(text.clone()),
            Value::DateTime(text) => match DateTime::parse_from_rfc3339(text) {
                Ok(moment) => Self::Moment(moment.timestamp_micros()),
                Err(_) => Self::Words(text.clone()),
            },
            Value::Time(text) => match NaiveTime::parse_from_str(text, "%H:%M:%S%.f") {
                Ok(clock) => Self::Clock(clock),
                Err(_) => Self::Words(text.clone()),
            },
            Value::String(text) | Value::Uri(text) => Self::Words(spaced(text)),
            Value::Coding(coding) => match &coding.code {
                Some(code) => Self::Code(coding.system.clone(), code.clone()),
                None => Self::Words(spaced(coding.display.as_deref().unwrap_or_default())),
            },
            Value::Quantity(quantity) => {
                let unit = quantity.code.as_ref().or(quantity.unit.as_ref());
                Self::Measure(value.number().map(bits), unit.map(|unit| spaced(unit)))
            }
            Value::Attachment(_) | Value::Reference(_) => Self::Other(value.to_json().to_string()),
        }
    }
}

/// Equal amounts have equal bits: there is one zero.
fn bits(number: f64) -> u64 {
    if number == 0.0 { 0 } else { number.to_bits() }
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::super::Verdict;
    use super::*;
    use crate::content;

    fn form() -> Definition {
        let json = json!({"resourceType": "Questionnaire", "status": "active", "item": [
            {"linkId": "gate", "type": "boolean"},
            {"linkId": "much", "type": "integer",
             "enableWhen": [{"question": "gate", "operator": "=", "answerBoolean": true}]},
            {"linkId": "weight", "type": "decimal"},
            {"linkId": "ticks", "type": "choice", "repeats": true, "answerOption": [
                {"valueCoding": {"system": "s", "code": "a", "display": "A"}},
                {"valueCoding": {"system": "s", "code": "b", "display": "B"}}]},
            {"linkId": "words", "type": "text"},
            {"linkId": "day", "type": "date"}]});
        Definition::parse(&json).unwrap().definition
    }

    fn answers(entries: &[(&str, Json)]) -> Answers {
        entries
            .iter()
            .map(|(link_id, json)| {
                let key = AnswerKey::of(*link_id);
                match json {
                    Json::String(state) => Answer::without(key, state.parse().unwrap()),
                    Json::Array(values) => Answer::answered(
                        key,
                        values.iter().map(|value| Value::from_json(value).unwrap()).collect(),
                    ),
                    value => Answer::answered(key, vec![Value::from_json(value).unwrap()]),
                }
            })
            .collect()
    }

    fn differ(first: &[(&str, Json)], second: &[(&str, Json)]) -> Vec<String> {
        let found = compare(&form(), &answers(first), &answers(second));
        found.discrepancies().map(|field| field.key.link_id.clone()).collect()
    }

    fn decided(of: &[(&str, Verdict)]) -> BTreeMap<AnswerKey, Decision> {
        let decision = |verdict: &Verdict| Decision { verdict: *verdict, answer: None };
        of.iter().map(|(link_id, verdict)| (AnswerKey::of(*link_id), decision(verdict))).collect()
    }

    #[test]
    fn how_it_was_typed_makes_no_difference() {
        for (one, other) in [
            ("weight", [json!({"valueDecimal": 70.0}), json!({"valueDecimal": 70})]),
            ("words", [json!({"valueString": "at  night "}), json!({"valueString": "at night"})]),
            (
                "ticks",
                [
                    json!([{"valueCoding": {"system": "s", "code": "a"}}, {"valueCoding": {"system": "s", "code": "b"}}]),
                    json!([{"valueCoding": {"system": "s", "code": "b", "display": "B"}}, {"valueCoding": {"system": "s", "code": "a"}}]),
                ],
            ),
        ]
        .map(|(link_id, [one, other])| ((link_id, one), (link_id, other)))
        {
            assert!(differ(std::slice::from_ref(&one), &[other]).is_empty(), "{}", one.0);
        }
    }

    #[test]
    fn what_was_read_differently_is_found() {
        let date = |text: &str| ("day", json!({"valueDate": text}));
        assert_eq!(differ(&[date("2024-05-01")], &[date("2024-05-31")]), ["day"]);
        // Known less precisely is another statement.
        assert_eq!(differ(&[date("2024-05")], &[date("2024-05-31")]), ["day"]);
        let words = |text: &str| ("words", json!({"valueString": text}));
        assert_eq!(differ(&[words("At night")], &[words("at night")]), ["words"]);
        assert_eq!(
            differ(&[("weight", json!({"valueDecimal": 7.1}))], &[("weight", json!({"valueDecimal": 1.7}))]),
            ["weight"]
        );
    }

    #[test]
    fn something_against_nothing_is_a_discrepancy_and_nothing_against_nothing_is_none() {
        let seven = ("weight", json!({"valueDecimal": 7}));
        assert_eq!(differ(std::slice::from_ref(&seven), &[]), ["weight"]);
        assert_eq!(differ(std::slice::from_ref(&seven), &[("weight", json!("skipped"))]), ["weight"]);
        assert_eq!(differ(&[("weight", json!("prefer_not"))], &[]), ["weight"]);
        assert!(differ(&[("weight", json!("skipped"))], &[]).is_empty());
        let both = compare(&form(), &answers(&[seven, ("words", json!("skipped"))]), &answers(&[]));
        assert_eq!((both.entered, both.differing), (1, 1));
    }

    #[test]
    fn the_order_of_priorities_is_the_participants() {
        let hna = &content::instruments()[0].definition;
        let item = hna.priorities().unwrap();
        let [one, other] = [0, 1].map(|at| item.choices.options()[at].value.clone());
        let of = |values: Vec<Value>| -> Answers {
            [Answer::answered(AnswerKey::of(&item.link_id), values)].into_iter().collect()
        };
        let found = compare(hna, &of(vec![one.clone(), other.clone()]), &of(vec![other, one]));
        assert_eq!(found.differing, 1);
    }

    #[test]
    fn decisions_make_one_form_of_two_entries() {
        let yes = ("gate", json!({"valueBoolean": true}));
        let no = ("gate", json!({"valueBoolean": false}));
        let much = ("much", json!({"valueInteger": 3}));
        let found = compare(&form(), &answers(&[yes.clone(), much.clone()]), &answers(&[no]));
        assert_eq!((found.entered, found.differing), (2, 2));
        let none = BTreeMap::new();
        assert_eq!((found.open(&none), found.errors(&none)), (2, [0, 0]));
        let first = decided(&[("gate", Verdict::First), ("much", Verdict::First)]);
        let kept = agreed(&form(), &found, &first).unwrap();
        assert_eq!(kept, answers(&[yes, much]).iter().cloned().collect::<Vec<_>>());
        assert_eq!((found.open(&first), found.errors(&first)), (0, [0, 2]));
        // No to the question, and yet an answer to the one that it opens.
        let torn = decided(&[("gate", Verdict::Second), ("much", Verdict::First)]);
        let refused = agreed(&form(), &found, &torn).unwrap_err();
        assert_eq!(refused[0].0, AnswerKey::of("much"));
        assert_eq!(refused[0].1.code, "question_not_shown");
    }

    #[test]
    fn what_neither_has_comes_with_the_decision() {
        let of = |value: i32| answers(&[("weight", json!({"valueDecimal": value}))]);
        let found = compare(&form(), &of(1), &of(2));
        let right = Answer::answered(AnswerKey::of("weight"), vec![Value::Integer(7)]);
        let paper = Answer { values: of(7).iter().next().unwrap().values.clone(), ..right };
        let decision = Decision { verdict: Verdict::Neither, answer: Some(paper.clone()) };
        let decisions = BTreeMap::from([(AnswerKey::of("weight"), decision)]);
        assert_eq!(agreed(&form(), &found, &decisions).unwrap(), [paper]);
        assert_eq!(found.errors(&decisions), [1, 1]);
    }

    #[test]
    fn an_entry_is_judged_in_the_order_of_the_form() {
        let much = |value: Json| answers(&[("much", value), ("gate", json!({"valueBoolean": true}))]);
        assert_eq!(judged(&form(), &much(json!({"valueInteger": 3}))).unwrap().len(), 2);
        let refused = judged(&form(), &much(json!({"valueString": "lots"}))).unwrap_err();
        assert_eq!(refused[0].1.pointer, "/values/0/valueString");
        let unknown = judged(&form(), &answers(&[("nowhere", json!("skipped"))])).unwrap_err();
        assert_eq!(unknown[0].1.code, "unknown_question");
    }

    #[test]
    fn a_blank_that_is_not_asked_for_is_left_out() {
        let first = answers(&[("gate", json!({"valueBoolean": false})), ("much", json!("not_shown"))]);
        let second = answers(&[("gate", json!({"valueBoolean": false})), ("much", json!("skipped"))]);
        let found = compare(&form(), &first, &second);
        assert_eq!(found.differing, 0);
        assert_eq!(agreed(&form(), &found, &BTreeMap::new()).unwrap().len(), 1);
    }

    /// What might be typed into the form.
    fn entry() -> impl Strategy<Value = Answers> {
        let value = |link_id: &'static str| match link_id {
            "gate" => any::<bool>().prop_map(|truth| json!({"valueBoolean": truth})).boxed(),
            "much" => (0..4).prop_map(|n| json!({"valueInteger": n})).boxed(),
            "weight" => (0..4).prop_map(|n| json!({"valueDecimal": f64::from(n) / 2.0})).boxed(),
            "ticks" => prop::sample::subsequence(vec!["a", "b"], 1..=2)
                .prop_shuffle()
                .prop_map(|codes| {
                    let coding = |code| json!({"valueCoding": {"system": "s", "code": code}});
                    Json::Array(codes.into_iter().map(coding).collect())
                })
                .boxed(),
            "day" => prop::sample::select(vec!["2024", "2024-05", "2024-05-31"])
                .prop_map(|day| json!({"valueDate": day}))
                .boxed(),
            _ => "[ab ]{1,4}".prop_map(|text| json!({"valueString": text})).boxed(),
        };
        let field = move |link_id: &'static str| {
            let state = prop::sample::select(vec!["skipped", "prefer_not", "not_shown"]).prop_map(Json::from);
            prop::option::of(prop_oneof![3 => value(link_id), 1 => state])
                .prop_map(move |typed| typed.map(|typed| (link_id, typed)))
        };
        ["gate", "much", "weight", "ticks", "words", "day"]
            .map(field)
            .prop_map(|typed| answers(&typed.into_iter().flatten().collect::<Vec<_>>()))
    }

    proptest! {
        #[test]
        fn who_typed_first_makes_no_difference(first in entry(), second in entry()) {
            let (one, other) = (compare(&form(), &first, &second), compare(&form(), &second, &first));
            prop_assert_eq!((one.entered, one.differing), (other.entered, other.differing));
            let keys = |found: &Comparison| {
                found.discrepancies().map(|field| field.key.clone()).collect::<Vec<_>>()
            };
            prop_assert_eq!(keys(&one), keys(&other));
            prop_assert!(one.differing <= one.entered);
        }

        #[test]
        fn an_entry_agrees_with_itself(entry in entry()) {
            let found = compare(&form(), &entry, &entry);
            prop_assert_eq!(found.differing, 0);
            let typed = entry.iter().filter(|answer| !is_blank(answer)).count();
            prop_assert_eq!(usize::try_from(found.entered).unwrap(), typed);
        }

        #[test]
        fn two_that_agree_with_a_third_agree_with_each_other(
            one in entry(), other in entry(), third in entry()
        ) {
            let same = |left, right| compare(&form(), left, right).differing == 0;
            if same(&one, &third) && same(&third, &other) {
                prop_assert!(same(&one, &other));
            }
        }

        #[test]
        fn who_follows_one_entry_throughout_gets_that_entry(first in entry(), second in entry()) {
            let form = form();
            let found = compare(&form, &first, &second);
            let all = |verdict| {
                let decision = |field: &Field| (field.key.clone(), Decision { verdict, answer: None });
                found.discrepancies().map(decision).collect::<BTreeMap<_, _>>()
            };
            for (verdict, entry) in [(Verdict::First, &first), (Verdict::Second, &second)] {
                prop_assert_eq!(found.open(&all(verdict)), 0);
                let Ok(kept) = agreed(&form, &found, &all(verdict)) else { continue };
                let kept: Answers = kept.into_iter().collect();
                prop_assert_eq!(compare(&form, &kept, entry).differing, 0);
            }
        }
    }
}
