//! What the final answers of an assessment come to, once at submission and once more at each amendment. None of these
//! outcomes takes the place of the one before it: who reads a score can tell what it was, who changed it, and why.

use serde::{Deserialize, Serialize};

use crate::finding::Audience;
use crate::instrument::{Answer, Answers, Definition, EarlierScore, Tier, fired};

/// An alert rule that holds with the answers as they stand. Findings stay whatever comes later; this says which of them
/// still hold, and which would not have been made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// The code of the rule, as the version declares it.
    pub rule: String,
    pub tier: Tier,
    /// Who may learn of it.
    pub audience: Audience,
}

/// The alert rules that hold with these answers, in the order of the version. `before` answers the scores of the
/// participant's assessment before this one; it is asked only where a rule looks at them.
///
/// # Errors
/// What `before` says.
pub fn holding<E>(
    definition: &Definition,
    answers: &Answers,
    before: impl FnOnce() -> Result<Vec<EarlierScore>, E>,
) -> Result<Vec<Holding>, E> {
    if definition.rules().is_empty() {
        return Ok(Vec::new());
    }
    let counting = answers.in_effect(definition);
    let all: Vec<&Answer> = counting.iter().collect();
    let found = fired(definition, &all, answers, before)?;
    Ok(found
        .into_iter()
        .map(|fired| Holding {
            rule: fired.rule.code.clone(),
            tier: fired.rule.tier,
            audience: Audience::of(fired.rule),
        })
        .collect())
}

/// A score that is another than in the outcome before.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(example = json!({"code": "phq9", "before": 12.0, "now": 14.0})))]
pub struct ScoreStep {
    /// The code of the score.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "phq9"))]
    pub code: String,
    /// Null where there was none.
    pub before: Option<f64>,
    /// Null where there is none.
    pub now: Option<f64>,
}

/// The scores that differ between two outcomes of one assessment.
#[must_use]
pub fn steps(before: &[EarlierScore], now: &[EarlierScore]) -> Vec<ScoreStep> {
    let value = |all: &[EarlierScore], code: &str| {
        all.iter().find(|score| score.code == code).and_then(|score| score.value)
    };
    let gone = before.iter().filter(|score| !now.iter().any(|other| other.code == score.code));
    now.iter()
        .chain(gone)
        .map(|score| ScoreStep {
            code: score.code.clone(),
            before: value(before, &score.code),
            now: value(now, &score.code),
        })
        .filter(|step| step.before != step.now)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::content;
    use crate::instrument::{AnswerKey, State, Value};

    fn distress() -> &'static Definition {
        let is_it = |one: &&content::Instrument| one.definition.url().unwrap().ends_with("/distress");
        &content::instruments().iter().find(is_it).unwrap().definition
    }

    fn rules(answer: Answer) -> Vec<String> {
        let answers: Answers = [answer].into_iter().collect();
        let held = holding::<Infallible>(distress(), &answers, || Ok(Vec::new())).unwrap();
        held.into_iter().map(|holding| holding.rule).collect()
    }

    #[test]
    fn what_holds_follows_the_answers_as_they_stand() {
        let of = |value| rules(Answer::answered(AnswerKey::of("1"), vec![Value::Integer(value)]));
        assert_eq!(of(9), ["distress_high"]);
        assert!(of(0).is_empty());
        assert!(rules(Answer::without(AnswerKey::of("1"), State::Skipped)).is_empty());
    }

    #[test]
    fn only_scores_that_differ_are_steps() {
        let score =
            |code: &str, value| EarlierScore { code: code.to_owned(), value, formula: "sum".to_owned() };
        let before = [score("a", Some(1.0)), score("b", Some(2.0)), score("gone", Some(3.0))];
        let now = [score("a", Some(1.0)), score("b", None), score("new", Some(4.0))];
        let found: Vec<_> =
            steps(&before, &now).into_iter().map(|step| (step.code, step.before, step.now)).collect();
        assert_eq!(
            found,
            [
                ("b".to_owned(), Some(2.0), None),
                ("new".to_owned(), None, Some(4.0)),
                ("gone".to_owned(), Some(3.0), None)
            ]
        );
    }
}
