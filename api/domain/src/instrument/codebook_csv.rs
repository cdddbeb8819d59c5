//! The codebook as a table for spreadsheets: RFC 4180, a row for each variable.

use super::codebook::{Codebook, ScoreVariable, ValueLabel, Variable};
use crate::choice::Choice as _;

const HEADINGS: [&str; 25] = [
    "kind",
    "name",
    "link_id",
    "text",
    "type",
    "unit",
    "values",
    "open",
    "min",
    "max",
    "max_length",
    "required",
    "repeats",
    "repeats_in",
    "branching",
    "section",
    "concern",
    "private",
    "safety_item",
    "free_text",
    "missing",
    "counted_in",
    "formula",
    "change",
    "source",
];

/// What a spreadsheet takes for the beginning of a formula, the wide forms that some of them accept as well included.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The codebook as CSV: a row with headings, then a row for each variable and each score. A text that a spreadsheet
/// would run as a formula has an apostrophe in front.
#[must_use]
pub fn codebook_csv(codebook: &Codebook) -> String {
    let mut out = String::new();
    row(&mut out, HEADINGS.iter().map(|heading| text(heading)));
    for variable in &codebook.variables {
        row(&mut out, of_variable(variable).into_iter());
    }
    for score in &codebook.scores {
        row(&mut out, of_score(score).into_iter());
    }
    out
}

fn of_variable(variable: &Variable) -> [String; HEADINGS.len()] {
    let optional = |words: &Option<String>| text(words.as_deref().unwrap_or_default());
    let bound = |words: &Option<String>| number_or_text(words.as_deref().unwrap_or_default());
    let values: Vec<String> = variable.values.iter().map(value).collect();
    let missing: Vec<&str> = variable.missing.iter().map(|state| state.code()).collect();
    [
        text("question"),
        text(&variable.name),
        text(&variable.link_id),
        text(&variable.text),
        text(&variable.kind),
        optional(&variable.unit),
        text(&values.join(" | ")),
        variable.open.to_string(),
        bound(&variable.min),
        bound(&variable.max),
        variable.max_length.map(|most| most.to_string()).unwrap_or_default(),
        variable.required.to_string(),
        variable.repeats.to_string(),
        text(&variable.repeats_in.join(" | ")),
        optional(&variable.branching),
        optional(&variable.section),
        optional(&variable.concern),
        variable.private.to_string(),
        variable.safety_item.to_string(),
        variable.free_text.to_string(),
        text(&missing.join(" | ")),
        text(&variable.counted_in.join(" | ")),
        String::new(),
        String::new(),
        String::new(),
    ]
}

/// `yes = Yes (1)`
fn value(value: &ValueLabel) -> String {
    let label = value.label.as_deref().map(|label| format!(" = {label}")).unwrap_or_default();
    let weight = value.weight.map(|weight| format!(" ({weight})")).unwrap_or_default();
    format!("{}{label}{weight}", value.value)
}

fn of_score(score: &ScoreVariable) -> [String; HEADINGS.len()] {
    let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
    let bands: Vec<String> = score
        .bands
        .iter()
        .map(|band| format!("{} to {} = {} {}", band.from, band.to, band.code, band.title))
        .collect();
    let parts = [
        score.better.as_ref().map(|better| format!("{better} is better")),
        score.reliable_change.map(|from| format!("reliable from {from}")),
        score.important_change.map(|from| format!("important from {from}")),
    ];
    let change: Vec<String> = parts.into_iter().flatten().collect();
    let mut cells: [String; HEADINGS.len()] = std::array::from_fn(|_| String::new());
    let filled = [
        ("kind", text("score")),
        ("name", text(&score.name)),
        ("link_id", text(&score.code)),
        ("text", text(&score.title)),
        ("type", text("decimal")),
        ("values", text(&bands.join(" | "))),
        ("min", number(score.min)),
        ("max", number(score.max)),
        ("formula", text(&score.formula)),
        ("change", text(&change.join(" | "))),
        ("source", text(score.source.as_deref().unwrap_or_default())),
    ];
    for (name, cell) in filled {
        let slot = HEADINGS.iter().position(|heading| *heading == name).and_then(|at| cells.get_mut(at));
        if let Some(slot) = slot {
            *slot = cell;
        }
    }
    cells
}

fn row(out: &mut String, cells: impl Iterator<Item = String>) {
    out.push_str(&cells.collect::<Vec<_>>().join(","));
    out.push_str("\r\n");
}

/// A number as it is, with its sign; anything else as a text.
fn number_or_text(words: &str) -> String {
    let is_number = words.parse::<f64>().is_ok_and(f64::is_finite);
    if is_number { words.to_owned() } else { text(words) }
}

fn text(words: &str) -> String {
    let safe = if words.starts_with(FORMULA) { format!("'{words}") } else { words.to_owned() };
    if safe.contains([',', '"', '\n', '\r']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::codebook::codebook;
    use crate::instrument::testing::definition;
    use serde_json::json;

    #[test]
    fn no_cell_is_run_as_a_formula() {
        for (words, cell) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("＝1", "'＝1"),
            ("a,\"b\"", "\"a,\"\"b\"\"\""),
            ("=\"a\"", "\"'=\"\"a\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("plain", "plain"),
        ] {
            assert_eq!(text(words), cell, "{words}");
        }
        assert_eq!((number_or_text("-5"), number_or_text("-a")), ("-5".to_owned(), "'-a".to_owned()));
    }

    #[test]
    fn a_question_from_elsewhere_cannot_break_out_of_its_cell() {
        let found = definition(
            json!([{"linkId": "=1+1", "type": "integer", "text": "=HYPERLINK(\"x\")\r\n,b",
            "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/minValue", "valueInteger": -5}]}]),
        );
        let csv = codebook_csv(&codebook(&found));
        let row = csv.split_once("\r\n").unwrap().1;
        assert!(
            row.starts_with("question,q1_1,'=1+1,\"'=HYPERLINK(\"\"x\"\")\r\n,b\",integer,,,false,-5,,"),
            "{row}"
        );
    }
}
