//! Reading the `score` extension.

use crate::choice::Choice;

use super::definition::Definition;
use super::extension::Extension;
use super::finding::Finding;
use super::item::{Choices, ItemType};
use super::marks;
use super::score::{Band, Method, MissingRule, ScoreDefinition};

/// What stands in the extension before it is known to be whole.
#[derive(Default)]
struct Draft {
    code: Option<String>,
    title: Option<String>,
    items: Vec<usize>,
    method: Option<Method>,
    missing: Option<String>,
    max_missing: Option<u32>,
    bands: Vec<Band>,
    source: Option<String>,
    min: Option<f64>,
    max: Option<f64>,
}

/// Reads one score. Items are looked up in the definition, whose items must be complete.
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
            "item" => draft.items.extend(item(&part, definition, &draft.items, out)),
            "method" => draft.method = part.code(out),
            "missing" => draft.missing = part.text(out).map(str::to_owned),
            "maxMissing" => draft.max_missing = part.count(out),
            "band" => draft.bands.extend(band(&part, out)),
            "source" => draft.source = part.text(out).map(str::to_owned),
            "min" => draft.min = part.number(out),
            "max" => draft.max = part.number(out),
            _ => out.push(marks::unknown(&part)),
        }
    }
    let mut refuse = |message: &str| out.push(extension.place().error("score_malformed", message));
    if draft.items.is_empty() {
        refuse("A score needs at least one item.");
    }
    let missing = match (draft.missing.as_deref(), draft.max_missing) {
        (None | Some("all_required"), None | Some(0)) => Some(MissingRule::AllRequired),
        (Some("prorate"), Some(most)) => Some(MissingRule::Prorate(most)),
        (Some("prorate"), None) => {
            refuse("A score that is estimated needs maxMissing.");
            None
        }
        (None | Some("all_required"), Some(_)) => {
            refuse("maxMissing has a meaning only with missing = prorate.");
            None
        }
        _ => {
            refuse("“missing” must be all_required or prorate.");
            None
        }
    };
    if draft.method.is_none() {
        refuse("A score needs a method: sum or mean.");
    }
    if draft.code.is_none() || draft.title.is_none() {
        refuse("A score needs a code and a title.");
    }
    if definition.scores().iter().any(|score| Some(&score.code) == draft.code.as_ref()) {
        refuse("There is already a score with this code.");
    }
    let Draft { items, bands, source, min, max, .. } = draft;
    let (code, title, method) = (draft.code?, draft.title?, draft.method?);
    Some(ScoreDefinition { code, title, items, method, missing: missing?, bands, source, min, max })
}

fn item(
    part: &Extension<'_>,
    definition: &Definition,
    so_far: &[usize],
    out: &mut Vec<Finding>,
) -> Option<usize> {
    let link_id = part.text(out)?;
    let mut refuse = |message: String| {
        out.push(part.place().error("score_malformed", message));
        None
    };
    let Some((index, item)) = definition.find(link_id) else {
        return refuse(format!("The score counts “{link_id}”, but no item has this linkId."));
    };
    if so_far.contains(&index) {
        return refuse(format!("The score counts “{link_id}” twice."));
    }
    if item.repeats || !item.axes.is_empty() {
        return refuse(format!("“{link_id}” repeats, so it has no single value to count."));
    }
    let counts = match (&item.choices, item.kind) {
        (Choices::Listed(options), _) => {
            options.iter().all(|option| option.ordinal.is_some() || option.value.number().is_some())
        }
        (_, kind) => matches!(kind, ItemType::Integer | ItemType::Decimal),
    };
    if !counts {
        let kind = item.kind.code();
        let message = format!(
            "“{link_id}” ({kind}) cannot be counted: every option needs an ordinalValue or itemWeight."
        );
        return refuse(message);
    }
    Some(index)
}

fn band(extension: &Extension<'_>, out: &mut Vec<Finding>) -> Option<Band> {
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
    match (from, to, code, title) {
        (Some(from), Some(to), Some(code), Some(title)) if from <= to => {
            Some(Band { from, to, code: code.to_owned(), title: title.to_owned() })
        }
        _ => {
            let message = "A band needs from, to (not below from), code and title.";
            out.push(extension.place().error("score_malformed", message));
            None
        }
    }
}
