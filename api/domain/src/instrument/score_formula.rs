//! The rule of a score in words, so that anybody can check it by hand.

use super::definition::Definition;
use super::item::Item;
use super::score::{Method, MissingRule, Operand, Recode, ScoreDefinition, Term};

/// The whole rule, in a line.
pub(super) fn words(definition: &Definition, score: &ScoreDefinition) -> String {
    let terms: Vec<String> = score.terms.iter().map(|term| term_words(definition, term)).collect();
    let method: &str = score.method.into();
    let mut parts = vec![format!("{method}({})", terms.join(", "))];
    parts.extend(recodes(definition, &score.terms));
    if let Some(by) = score.rescale {
        parts.push(format!("{} to {} carried to {} to {}", by.from, by.to, by.low, by.high));
    }
    parts.push(missing(score));
    parts.join("; ")
}

fn missing(score: &ScoreDefinition) -> String {
    let of = score.terms.len();
    match score.missing {
        MissingRule::AllRequired => "none when any answer is missing".to_owned(),
        MissingRule::Tolerate(0) => "none when any answer is missing".to_owned(),
        MissingRule::Tolerate(most) => {
            format!("from the answers given while at most {most} of {of} are missing, else none")
        }
        MissingRule::Prorate(most) => {
            let estimate = match score.method {
                Method::Sum => format!("mean of the answers given × {of}"),
                Method::Mean => "mean of the answers given".to_owned(),
            };
            format!(
                "none when any answer is missing; estimated, while at most {most} are missing, as {estimate}"
            )
        }
    }
}

fn name(definition: &Definition, operand: Operand) -> &str {
    match operand {
        Operand::Item(index) => definition.item(index).map_or("", |item: &Item| item.link_id.as_str()),
        Operand::Score(index) => definition.scores().get(index).map_or("", |score| score.code.as_str()),
    }
}

fn term_words(definition: &Definition, term: &Term) -> String {
    let name = name(definition, term.operand);
    let recoded = if term.recode.is_empty() { name.to_owned() } else { format!("recoded {name}") };
    let turned = match term.turned {
        Some(ends) => format!("({ends} − {recoded})"),
        None => recoded,
    };
    // A weight of 1 is what everybody expects.
    if term.weight.total_cmp(&1.0).is_eq() { turned } else { format!("{} × {turned}", term.weight) }
}

/// Each recoding once, with the items it is for.
fn recodes(definition: &Definition, terms: &[Term]) -> Vec<String> {
    let mut found: Vec<(&[Recode], Vec<&str>)> = Vec::new();
    for term in terms.iter().filter(|term| !term.recode.is_empty()) {
        let name = name(definition, term.operand);
        match found.iter_mut().find(|(recode, _)| *recode == term.recode) {
            Some((_, names)) => names.push(name),
            None => found.push((&term.recode, vec![name])),
        }
    }
    let pairs = |recode: &[Recode]| {
        let pairs: Vec<String> = recode.iter().map(|pair| format!("{}→{}", pair.from, pair.to)).collect();
        pairs.join(", ")
    };
    found
        .into_iter()
        .map(|(recode, names)| format!("{} recoded {}", names.join(", "), pairs(recode)))
        .collect()
}
