//! What a difference between two scores of the same participant means.
//!
//! Two thresholds are in use and say different things. A change is *reliable* when it is larger than the measure's own
//! error would explain (Jacobson and Truax 1991, J Consult Clin Psychol 59:12-19), and *important* when it is at least
//! as large as patients notice (minimal important difference: Jaeschke, Singer, Guyatt 1989, Control Clin Trials
//! 10:407-415). Both are declared with the score, with their source.

use serde::{Deserialize, Serialize};

use super::score::{Score, ScoreDefinition};

/// Which way a score gets better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Better {
    /// A higher score is better.
    Higher,
    /// A lower score is better.
    Lower,
}

/// The `change` part of a score.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeRule {
    /// Which way is better.
    pub better: Better,
    /// From how much a difference is more than the error of the measure.
    pub reliable: Option<f64>,
    /// From how much a difference matters to patients.
    pub important: Option<f64>,
    /// Where the thresholds are published.
    pub source: Option<String>,
}

/// Which way a score went.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Direction {
    /// Towards the better end.
    Better,
    /// Towards the worse end.
    Worse,
    /// Not at all.
    Same,
}

/// A score of an earlier time point, as it was kept.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct EarlierScore {
    /// The code of the score.
    pub code: String,
    /// Its value then.
    pub value: Option<f64>,
    /// Its rule then.
    pub formula: String,
}

/// The difference of one score from an earlier time point.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ScoreChange {
    /// The code of the score.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "phq9"))]
    pub code: String,
    /// The score then; none where there was none.
    pub before: Option<f64>,
    /// The score now.
    pub now: Option<f64>,
    /// `now` less `before`.
    pub difference: Option<f64>,
    /// Which way it went; none where it is not declared which way is better.
    pub direction: Option<Direction>,
    /// Whether it is more than the error of the measure; none where no threshold is declared.
    pub reliable: Option<bool>,
    /// Whether it is as much as patients notice; none where no threshold is declared.
    pub important: Option<bool>,
    /// From how much a difference is reliable.
    pub reliable_from: Option<f64>,
    /// From how much a difference is important.
    pub important_from: Option<f64>,
    /// Where the thresholds are published.
    #[cfg_attr(feature = "schema", schema(max_length = 1024))]
    pub source: Option<String>,
    /// Why there is no difference.
    #[cfg_attr(feature = "schema", schema(max_length = 1024))]
    pub reason_missing: Option<String>,
}

/// How the scores of now differ from those of an earlier time point. Scores that were worked out by another rule then
/// are not held against each other.
pub fn changes(rules: &[ScoreDefinition], now: &[Score], before: &[EarlierScore]) -> Vec<ScoreChange> {
    rules.iter().zip(now).map(|(rule, now)| change(rule, now, before)).collect()
}

fn change(rule: &ScoreDefinition, now: &Score, before: &[EarlierScore]) -> ScoreChange {
    let earlier = before.iter().find(|score| score.code == now.code);
    let like = earlier.is_some_and(|earlier| earlier.formula == now.formula);
    let then = earlier.and_then(|earlier| earlier.value);
    let pair = now.value.zip(then).filter(|_| like);
    let difference = pair.map(|(now, then)| now - then);
    let declared = rule.change.as_ref();
    let reaches = |threshold: Option<f64>| Some(difference?.abs() >= threshold?);
    let (reliable_from, important_from) =
        (declared.and_then(|rule| rule.reliable), declared.and_then(|rule| rule.important));
    ScoreChange {
        code: now.code.clone(),
        before: then,
        now: now.value,
        difference,
        direction: declared.and_then(|rule| Some(rule.better.direction(difference?))),
        reliable: reaches(reliable_from),
        important: reaches(important_from),
        reliable_from,
        important_from,
        source: declared.and_then(|rule| rule.source.clone()),
        reason_missing: reason(now, earlier, like).map(str::to_owned).filter(|_| difference.is_none()),
    }
}

fn reason(now: &Score, earlier: Option<&EarlierScore>, like: bool) -> Option<&'static str> {
    match earlier {
        None => Some("There was no such score then."),
        Some(_) if !like => Some("It was worked out by another rule then."),
        Some(earlier) if earlier.value.is_none() => Some("There was no value then."),
        Some(_) if now.value.is_none() => Some("There is no value now."),
        Some(_) => None,
    }
}

impl Better {
    fn direction(self, difference: f64) -> Direction {
        let up = match self {
            Self::Higher => difference,
            Self::Lower => -difference,
        };
        if up > 0.0 {
            Direction::Better
        } else if up < 0.0 {
            Direction::Worse
        } else {
            Direction::Same
        }
    }
}

impl ScoreChange {
    /// How much worse it is now; none unless it is.
    pub fn worse_by(&self) -> Option<f64> {
        self.difference.map(f64::abs).filter(|_| self.direction == Some(Direction::Worse))
    }
}
