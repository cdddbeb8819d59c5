//! Our own extensions on items: private sections, safety items, concerns, alerts.

use super::alert::{AlertRule, Trigger};
use super::extension::Extension;
use super::finding::Finding;
use super::item::{ItemType, Marks, Presentation};
use super::value::Value;

/// Reads one of our extensions into what is known about the item.
pub(super) fn read(
    name: &str,
    extension: &Extension<'_>,
    kind: ItemType,
    marks: &mut Marks,
    presentation: &mut Presentation,
    out: &mut Vec<Finding>,
) {
    let only_on_groups = matches!(name, "private-section" | "concern" | "section");
    let only_on_questions = matches!(name, "role" | "alert");
    if only_on_groups && kind != ItemType::Group {
        out.push(extension.place().error("extension_misplaced", format!("“{name}” belongs on a group.")));
    }
    if only_on_questions && !kind.is_question() {
        out.push(extension.place().error("extension_misplaced", format!("“{name}” belongs on a question.")));
    }
    match name {
        "private-section" => marks.private_section = extension.flag(out).unwrap_or(true),
        "safety-item" => marks.safety_item = extension.flag(out).unwrap_or(true),
        "section" => marks.section = extension.text(out).map(str::to_owned),
        "help-text" => presentation.help_text = extension.text(out).map(str::to_owned),
        "role" => marks.role = extension.code(out),
        "concern" => marks.concern = concern(extension, out),
        "alert" => marks.alerts.extend(alert(extension, out)),
        _ => out.push(unknown(extension)),
    }
}

/// The finding for a name under our base that this version does not know, or not in this place.
pub(super) fn unknown(extension: &Extension<'_>) -> Finding {
    let message =
        format!("This version does not know the extension “{}” here; it is ignored.", extension.url);
    extension.place().warning("extension_unknown", message)
}

fn concern(extension: &Extension<'_>, out: &mut Vec<Finding>) -> Option<(String, String)> {
    let (mut code, mut title) = (None, None);
    for part in extension.parts(out) {
        match part.url {
            "code" => code = part.text(out),
            "title" => title = part.text(out),
            _ => out.push(unknown(&part)),
        }
    }
    match (code, title) {
        (Some(code), Some(title)) => Some((code.to_owned(), title.to_owned())),
        _ => {
            out.push(extension.place().error("extension_malformed", "A concern needs a code and a title."));
            None
        }
    }
}

fn alert(extension: &Extension<'_>, out: &mut Vec<Finding>) -> Option<AlertRule> {
    let mut kind = None;
    let mut triggers = Vec::new();
    for part in extension.parts(out) {
        match part.url {
            "kind" => kind = part.code(out),
            "when" => triggers.extend(trigger(&part, out)),
            "atLeast" => triggers.extend(part.number(out).map(Trigger::AtLeast)),
            _ => out.push(unknown(&part)),
        }
    }
    let Some(kind) = kind else {
        out.push(extension.place().error("extension_malformed", "An alert needs a kind."));
        return None;
    };
    if triggers.is_empty() {
        let message = "An alert must say which answers call for it (when, or atLeast).";
        out.push(extension.place().error("extension_malformed", message));
        return None;
    }
    Some(AlertRule { kind, triggers })
}

/// An answer that is positive: named by its code, or the value itself.
pub(super) fn trigger(part: &Extension<'_>, out: &mut Vec<Finding>) -> Option<Trigger> {
    if part.is_textual() {
        return part.text(out).map(|code| Trigger::Code(code.to_owned()));
    }
    match part.value(out)? {
        Value::Coding(coding) => coding.code.map(Trigger::Code),
        value => Some(Trigger::Value(value)),
    }
}
