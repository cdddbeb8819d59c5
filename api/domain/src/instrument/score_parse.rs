//! Reading the `score` extension.

use crate::choice::Choice;

use super::definition::Definition;
use super::extension::Extension;
use super::finding::Finding;
use super::item::{Choices, ItemType};
use super::marks;
use super::score::{Band, Method, MissingRule, Operand, Recode, Rescale, ScoreDefinition, Term, raw_values};
use super::score_change::{Better, ChangeRule};

/// The longest code; it is a name in the database and in reports.
pub(super) const MAX_CODE: usize = 64;

/// What stands in the extension before it is known to be whole.
#[derive(Default)]
struct Draft {
    code: Option<String>,
    title: Option<String>,
    terms: Vec<Term>,
    method: Option<Method>,
    missing: Option<String>,
    max_missing: Option<u32>,
    max_missing_share: Option<f64>,
    rescale: Option<Rescale>,
    bands: Vec<Band>,
    change: Option<ChangeRule>,
    source: Option<String>,
    min: Option<f64>,
    max: Option<f64>,
}

/// Reads one score. Items are looked up in the definition, whose items must be complete, and other scores among those
/// that stand before this one.
pub(super) fn read(
    extension: &Extension<'_>,
    definition: &Definition,
    out: &mut Vec<Finding>,
) -> Option<ScoreDefinition> {
    let mut draft = Draft::default();
    for part in extension.parts(out) {
        match part.url {
            "code" => draft.code = part.text(out).map(str::to_owned),
            "title" => draft.title = part.text(out).map(str::to_owned),
            "item" => draft.terms.extend(term(&part, definition, &draft.terms, out)),
            "subscale" => draft.terms.extend(subscale(&part, definition, &draft.terms, out)),
            "method" => draft.method = part.code(out),
            "missing" => draft.missing = part.text(out).map(str::to_owned),
            "maxMissing" => draft.max_missing = part.count(out),
            "maxMissingShare" => draft.max_missing_share = part.number(out),
            "rescale" => draft.rescale = rescale(&part, out),
            "band" => draft.bands.extend(band(&part, &draft.bands, out)),
            "change" => draft.change = change(&part, out),
            "source" => draft.source = part.text(out).map(str::to_owned),
            "min" => draft.min = part.number(out),
            "max" => draft.max = part.number(out),
            _ => out.push(marks::unknown(&part)),
        }
    }
    let missing = missing(&draft).map_err(|message| out.push(malformed(extension, message))).ok();
    let mut refuse = |message: &str| out.push(malformed(extension, message));
    if draft.terms.is_empty() {
        refuse("A score needs at least one item.");
    }
    if draft.method.is_none() {
        refuse("A score needs a method: sum or mean.");
    }
    if draft.code.is_none() || draft.title.is_none() {
        refuse("A score needs a code and a title.");
    }
    if draft.code.as_ref().is_some_and(|code| code.chars().count() > MAX_CODE) {
        refuse("The code of a score has at most 64 characters.");
    }
    if definition.scores().iter().any(|score| Some(&score.code) == draft.code.as_ref()) {
        refuse("There is already a score with this code.");
    }
    let negative = draft.terms.iter().any(|term| term.weight <= 0.0);
    if negative && (draft.method == Some(Method::Mean) || missing != Some(MissingRule::AllRequired)) {
        refuse("A mean, and an estimate, need weights above 0.");
    }
    if matches!(missing, Some(MissingRule::Tolerate(_))) && draft.method == Some(Method::Sum) {
        refuse("A sum would grow with the number of answers: only a mean tolerates missing ones.");
    }
    let Draft { terms, rescale, bands, change, source, min, max, .. } = draft;
    let (code, title, method, missing) = (draft.code?, draft.title?, draft.method?, missing?);
    Some(ScoreDefinition { code, title, terms, method, missing, rescale, bands, change, source, min, max })
}

fn malformed(extension: &Extension<'_>, message: &str) -> Finding {
    extension.place().error("score_malformed", message)
}

fn missing(draft: &Draft) -> Result<MissingRule, &'static str> {
    let most = match (draft.max_missing, draft.max_missing_share) {
        (Some(_), Some(_)) => return Err("Give maxMissing or maxMissingShare, not both."),
        (Some(most), None) => Some(most),
        (None, Some(share)) => Some(most_of(share, draft.terms.len())?),
        (None, None) => None,
    };
    match (draft.missing.as_deref(), most) {
        (None | Some("all_required"), None | Some(0)) => Ok(MissingRule::AllRequired),
        (Some("prorate"), Some(most)) => Ok(MissingRule::Prorate(most)),
        (Some("tolerate"), Some(most)) => Ok(MissingRule::Tolerate(most)),
        (Some("prorate"), None) => Err("A score that is estimated needs maxMissing."),
        (Some("tolerate"), None) => {
            Err("A score that tolerates missing answers needs maxMissing or maxMissingShare.")
        }
        (None | Some("all_required"), Some(_)) => {
            Err("maxMissing has a meaning only with missing = prorate or tolerate.")
        }
        _ => Err("“missing” must be all_required, prorate or tolerate."),
    }
}

/// The greatest number of items whose share is not above this one.
fn most_of(share: f64, terms: usize) -> Result<u32, &'static str> {
    if !(0.0..1.0).contains(&share) {
        return Err("maxMissingShare is at least 0 and below 1.");
    }
    let terms = u32::try_from(terms).unwrap_or(u32::MAX);
    // Written so that 0.2 of 5 is 1: the product itself may fall short of it by a rounding error.
    let fits = |most: &u32| f64::from(*most) <= share * f64::from(terms) + 1e-9;
    Ok((0..=terms).take_while(fits).last().unwrap_or(0))
}

/// An item by its link id alone, or with how it counts.
fn term(
    part: &Extension<'_>,
    definition: &Definition,
    so_far: &[Term],
    out: &mut Vec<Finding>,
) -> Option<Term> {
    if !part.is_complex() {
        return Some(Term::of_item(item(part, definition, so_far, out)?));
    }
    let (mut index, mut weight, mut reverse, mut recode) = (None, 1.0, false, Vec::new());
    for detail in part.parts(out) {
        match detail.url {
            "linkId" => index = item(&detail, definition, so_far, out),
            "weight" => weight = detail.number(out)?,
            "reverse" => reverse = detail.flag(out)?,
            "recode" => recode.extend(pair(&detail, out)),
            _ => out.push(marks::unknown(&detail)),
        }
    }
    let Some(index) = index else {
        out.push(malformed(part, "An item of a score needs the linkId of an item that can be counted."));
        return None;
    };
    let mut term = Term { recode, weight, ..Term::of_item(index) };
    shaped(&mut term, definition, index, reverse)
        .map_err(|message| out.push(malformed(part, &message)))
        .ok()?;
    Some(term)
}

/// Checks the recoding against what can be answered, and turns the item round where that is asked for.
fn shaped(term: &mut Term, definition: &Definition, index: usize, reverse: bool) -> Result<(), String> {
    if term.weight.total_cmp(&0.0).is_eq() || !term.weight.is_finite() {
        return Err("A weight of 0 counts nothing.".to_owned());
    }
    let Some(item) = definition.item(index) else { return Ok(()) };
    let link_id = &item.link_id;
    let raw = raw_values(item);
    if !term.recode.is_empty() {
        let Choices::Listed(_) = item.choices else {
            return Err(format!("“{link_id}” has no list of options, so its answers cannot be recoded."));
        };
        let unknown = raw.iter().flatten().find(|raw| term.value(**raw).is_none());
        if let Some(raw) = unknown {
            return Err(format!("“{link_id}” can count {raw}, which the recoding does not know."));
        }
    }
    if reverse {
        let values: Vec<f64> = raw.into_iter().flatten().filter_map(|raw| term.value(raw)).collect();
        let ends = values.iter().copied().reduce(f64::min).zip(values.iter().copied().reduce(f64::max));
        let Some((low, high)) = ends else {
            return Err(format!(
                "“{link_id}” has no least and greatest value, so it cannot be turned round."
            ));
        };
        term.turned = Some(low + high);
    }
    Ok(())
}

/// A score that counts as a part of this one.
fn subscale(
    part: &Extension<'_>,
    definition: &Definition,
    so_far: &[Term],
    out: &mut Vec<Finding>,
) -> Option<Term> {
    let (mut code, mut weight) = (None, 1.0);
    if part.is_complex() {
        for detail in part.parts(out) {
            match detail.url {
                "code" => code = detail.text(out),
                "weight" => weight = detail.number(out)?,
                _ => out.push(marks::unknown(&detail)),
            }
        }
    } else {
        code = part.text(out);
    }
    let mut refuse = |message: String| {
        out.push(malformed(part, &message));
        None
    };
    let Some(code) = code else { return refuse("A subscale is named by its code.".to_owned()) };
    let Some(index) = definition.scores().iter().position(|score| score.code == code) else {
        return refuse(format!("The score counts “{code}”, but no score before it has this code."));
    };
    let operand = Operand::Score(index);
    if so_far.iter().any(|term| term.operand == operand) {
        return refuse(format!("The score counts “{code}” twice."));
    }
    Some(Term { operand, weight, recode: Vec::new(), turned: None })
}

fn item(
    part: &Extension<'_>,
    definition: &Definition,
    so_far: &[Term],
    out: &mut Vec<Finding>,
) -> Option<usize> {
    let link_id = part.text(out)?;
    let found = countable(definition, link_id).and_then(|index| {
        let twice = so_far.iter().any(|term| term.operand == Operand::Item(index));
        if twice { Err(format!("The score counts “{link_id}” twice.")) } else { Ok(index) }
    });
    found.map_err(|message| out.push(malformed(part, &message))).ok()
}

/// The item with this link id, if its answer is one number.
pub(super) fn countable(definition: &Definition, link_id: &str) -> Result<usize, String> {
    let Some((index, item)) = definition.find(link_id) else {
        return Err(format!("The score counts “{link_id}”, but no item has this linkId."));
    };
    if item.repeats || !item.axes.is_empty() {
        return Err(format!("“{link_id}” repeats, so it has no single value to count."));
    }
    let counts = match (&item.choices, item.kind) {
        (Choices::Listed(_), _) => raw_values(item).is_some(),
        (_, kind) => matches!(kind, ItemType::Integer | ItemType::Decimal),
    };
    if !counts {
        let kind = item.kind.code();
        return Err(format!(
            "“{link_id}” ({kind}) cannot be counted: every option needs an ordinalValue or itemWeight."
        ));
    }
    Ok(index)
}

fn pair(extension: &Extension<'_>, out: &mut Vec<Finding>) -> Option<Recode> {
    let (mut from, mut to) = (None, None);
    for part in extension.parts(out) {
        match part.url {
            "from" => from = part.number(out),
            "to" => to = part.number(out),
            _ => out.push(marks::unknown(&part)),
        }
    }
    if from.is_none() || to.is_none() {
        out.push(malformed(extension, "A recoding needs from and to."));
    }
    Some(Recode { from: from?, to: to? })
}

fn rescale(extension: &Extension<'_>, out: &mut Vec<Finding>) -> Option<Rescale> {
    let (mut from, mut to, mut low, mut high) = (None, None, None, None);
    for part in extension.parts(out) {
        match part.url {
            "from" => from = part.number(out),
            "to" => to = part.number(out),
            "low" => low = part.number(out),
            "high" => high = part.number(out),
            _ => out.push(marks::unknown(&part)),
        }
    }
    match (from, to, low, high) {
        (Some(from), Some(to), Some(low), Some(high)) if from < to => Some(Rescale { from, to, low, high }),
        _ => {
            let message = "A rescaling needs from, to (above from), low and high.";
            out.push(malformed(extension, message));
            None
        }
    }
}

fn change(extension: &Extension<'_>, out: &mut Vec<Finding>) -> Option<ChangeRule> {
    let (mut better, mut reliable, mut important, mut source) = (None, None, None, None);
    for part in extension.parts(out) {
        match part.url {
            "better" => better = part.code::<Better>(out),
            "reliable" => reliable = part.number(out),
            "important" => important = part.number(out),
            "source" => source = part.text(out).map(str::to_owned),
            _ => out.push(marks::unknown(&part)),
        }
    }
    let is_above_zero = |threshold: Option<f64>| threshold.is_none_or(|threshold| threshold > 0.0);
    let Some(better) = better.filter(|_| is_above_zero(reliable) && is_above_zero(important)) else {
        let message = "A change needs which way is better (higher or lower); its thresholds are above 0.";
        out.push(malformed(extension, message));
        return None;
    };
    Some(ChangeRule { better, reliable, important, source })
}

fn band(extension: &Extension<'_>, so_far: &[Band], out: &mut Vec<Finding>) -> Option<Band> {
    let (mut from, mut to, mut code, mut title) = (None, None, None, None);
    for part in extension.parts(out) {
        match part.url {
            "from" => from = part.number(out),
            "to" => to = part.number(out),
            "code" => code = part.text(out),
            "title" => title = part.text(out),
            _ => out.push(marks::unknown(&part)),
        }
    }
    let (Some(from), Some(to), Some(code), Some(title)) = (from, to, code, title) else {
        out.push(malformed(extension, "A band needs from, to (not below from), code and title."));
        return None;
    };
    if from > to {
        out.push(malformed(extension, "A band needs from, to (not below from), code and title."));
        return None;
    }
    if so_far.iter().any(|band| from <= band.to && band.from <= to) {
        out.push(malformed(extension, "Two bands must not hold the same score."));
        return None;
    }
    Some(Band { from, to, code: code.to_owned(), title: title.to_owned() })
}
