//! Scores: sums and means over the weights of answers, and what they mean.
//!
//! A missing answer is never counted as 0. A total exists only when nothing is missing; an estimate from the
//! answers there are stands in a field of its own.

use serde::Serialize;

use super::alert::ordinal;
use super::answer::{AnswerKey, Answers};
use super::definition::Definition;
use super::item::Item;

/// How the weights are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Method {
    /// Added up.
    Sum,
    /// Added up and divided by how many there are.
    Mean,
}

/// What happens when an answer is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingRule {
    /// No total.
    AllRequired,
    /// No total, but an estimate in its own field while at most this many are missing.
    Prorate(u32),
}

/// A range of a score and what it is called.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Band {
    /// The least score in it.
    pub from: f64,
    /// The greatest score in it.
    pub to: f64,
    /// A stable code.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "mild"))]
    pub code: String,
    /// What it is called.
    #[cfg_attr(feature = "schema", schema(max_length = 512, example = "Mild"))]
    pub title: String,
}

/// A `score` extension.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreDefinition {
    /// A stable code.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// The items that count, as indexes into the definition's items.
    pub items: Vec<usize>,
    /// How they are put together.
    pub method: Method,
    /// What happens when one is missing.
    pub missing: MissingRule,
    /// What the score means.
    pub bands: Vec<Band>,
    /// Where the rule is published.
    pub source: Option<String>,
    /// The least possible score.
    pub min: Option<f64>,
    /// The greatest possible score.
    pub max: Option<f64>,
}

/// What one item contributed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ScoreInput {
    /// The item.
    #[cfg_attr(feature = "schema", schema(max_length = 255))]
    pub link_id: String,
    /// Its weight; none when missing.
    pub value: Option<f64>,
}

/// A score of one assessment, with everything needed to check it by hand.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Score {
    /// The code of the score.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "phq9"))]
    pub code: String,
    /// What it is called.
    #[cfg_attr(feature = "schema", schema(max_length = 512, example = "PHQ-9 total"))]
    pub title: String,
    /// The score; none when anything is missing.
    pub value: Option<f64>,
    /// An estimate in place of the score, where something, but not too much, is missing.
    pub prorated: Option<f64>,
    /// What the score means. An estimate has no band.
    pub band: Option<Band>,
    /// How many items have an answer that counts.
    pub answered: u32,
    /// How many items count.
    pub of: u32,
    /// The items without an answer.
    #[cfg_attr(feature = "schema", schema(max_items = 2000, max_length = 255))]
    pub missing: Vec<String>,
    /// Why there is no score.
    #[cfg_attr(feature = "schema", schema(max_length = 1024))]
    pub reason_missing: Option<String>,
    /// The rule, in words.
    #[cfg_attr(feature = "schema", schema(max_length = 4096))]
    pub formula: String,
    /// What went into it.
    #[cfg_attr(feature = "schema", schema(max_items = 2000))]
    pub inputs: Vec<ScoreInput>,
    /// Where the rule is published.
    #[cfg_attr(feature = "schema", schema(max_length = 1024))]
    pub source: Option<String>,
    /// The least possible score.
    pub min: Option<f64>,
    /// The greatest possible score.
    pub max: Option<f64>,
}

/// Every score of the instrument, from the answers that count now.
pub fn scores(definition: &Definition, answers: &Answers) -> Vec<Score> {
    let answers = answers.in_effect(definition);
    definition.scores().iter().map(|score| compute(definition, score, &answers)).collect()
}

fn compute(definition: &Definition, score: &ScoreDefinition, answers: &Answers) -> Score {
    let items: Vec<&Item> = score.items.iter().filter_map(|index| definition.item(*index)).collect();
    let inputs: Vec<ScoreInput> = items.iter().map(|item| input(item, answers)).collect();
    let missing: Vec<String> =
        inputs.iter().filter(|input| input.value.is_none()).map(|input| input.link_id.clone()).collect();
    let sum: f64 = inputs.iter().filter_map(|input| input.value).sum();
    let (of, absent) = (count(inputs.len()), count(missing.len()));
    let answered = of - absent;
    let mean = (answered > 0).then(|| sum / f64::from(answered));
    let total = match score.method {
        Method::Sum => Some(sum),
        Method::Mean => mean,
    };
    let estimate = match score.method {
        Method::Sum => mean.map(|mean| mean * f64::from(of)),
        Method::Mean => mean,
    };
    let may_estimate = matches!(score.missing, MissingRule::Prorate(most) if (1..=most).contains(&absent));
    let value = total.filter(|_| absent == 0);
    Score {
        code: score.code.clone(),
        title: score.title.clone(),
        value,
        prorated: estimate.filter(|_| may_estimate),
        band: value.and_then(|value| score.bands.iter().find(|band| band.holds(value)).cloned()),
        answered,
        of,
        reason_missing: (absent > 0).then(|| format!("{absent} of {of} answers are missing.")),
        missing,
        formula: formula(score, &items),
        inputs,
        source: score.source.clone(),
        min: score.min,
        max: score.max,
    }
}

impl Band {
    fn holds(&self, value: f64) -> bool {
        (self.from..=self.to).contains(&value)
    }
}

fn input(item: &Item, answers: &Answers) -> ScoreInput {
    let value = answers.values(&AnswerKey::of(&item.link_id)).first();
    ScoreInput { link_id: item.link_id.clone(), value: value.and_then(|value| ordinal(item, value)) }
}

fn formula(score: &ScoreDefinition, items: &[&Item]) -> String {
    let link_ids: Vec<&str> = items.iter().map(|item| item.link_id.as_str()).collect();
    let method: &str = score.method.into();
    let rule = format!("{method}({})", link_ids.join(", "));
    match score.missing {
        MissingRule::AllRequired => format!("{rule}; none when any answer is missing"),
        MissingRule::Prorate(most) => {
            let of = items.len();
            let estimate = match score.method {
                Method::Sum => format!("mean of the answers given × {of}"),
                Method::Mean => "mean of the answers given".to_owned(),
            };
            format!(
                "{rule}; none when any answer is missing; estimated, while at most {most} are missing, as {estimate}"
            )
        }
    }
}

/// Counts here are bounded by the number of items.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::testing::{answer, parsed, part, scored_questionnaire};
    use serde_json::json;

    fn three_items(missing: &[serde_json::Value]) -> Definition {
        parsed(&scored_questionnaire(missing))
    }

    fn answered(values: &[i32]) -> Answers {
        let keyed = ["a", "b", "c"].iter().zip(values);
        keyed.map(|(link_id, value)| answer(link_id, json!([{"valueInteger": value}]))).collect()
    }

    #[test]
    fn a_complete_form_has_a_total_and_a_band() {
        let definition = three_items(&[part("missing", json!("all_required"))]);
        let score = scores(&definition, &answered(&[1, 2, 3])).remove(0);
        assert_eq!(score.value, Some(6.0));
        assert_eq!(score.band.unwrap().code, "high");
        assert_eq!((score.answered, score.of), (3, 3));
        assert_eq!(score.reason_missing, None);
        assert_eq!(score.formula, "sum(a, b, c); none when any answer is missing");
    }

    #[test]
    fn a_missing_answer_is_never_zero() {
        let definition = three_items(&[part("missing", json!("all_required"))]);
        let score = scores(&definition, &answered(&[1, 2])).remove(0);
        assert_eq!((score.value, score.prorated, score.band), (None, None, None));
        assert_eq!(score.missing, ["c"]);
        assert_eq!(score.reason_missing.as_deref(), Some("1 of 3 answers are missing."));
    }

    #[test]
    fn an_estimate_stands_apart_from_the_total() {
        let definition = three_items(&[part("missing", json!("prorate")), part("maxMissing", json!(1))]);
        let score = scores(&definition, &answered(&[1, 2])).remove(0);
        assert_eq!((score.value, score.prorated, score.band), (None, Some(4.5), None));
        let score = scores(&definition, &answered(&[1])).remove(0);
        assert_eq!((score.value, score.prorated), (None, None));
        let score = scores(&definition, &answered(&[1, 2, 3])).remove(0);
        assert_eq!((score.value, score.prorated), (Some(6.0), None));
    }
}
