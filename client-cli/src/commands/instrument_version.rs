//! Versions of a questionnaire beside each other, in other languages, and described for analysts.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::instrument::find;
use crate::Run;
use crate::client::with_query;
use crate::output::{self, clean, plain, table, text};

/// What became of the version `before` in `after`.
pub fn diff(run: &Run, before: &str, after: &str) -> Result<()> {
    let (before, after) = (find(&run.client, before)?, find(&run.client, after)?);
    let path = with_query(&format!("/v1/instruments/{after}/diff"), &[("against", &before.to_string())]);
    let found = run.client.get(&path)?;
    run.output.show(&found, || diff_page(found.get("diff").unwrap_or(&Value::Null)))
}

fn diff_page(diff: &Value) -> String {
    let verdict = match text(diff, &["comparable"]).unwrap_or_default() {
        "same" => "Answers to both mean the same.",
        "reworded" => {
            "The codes are the same and words are different: somebody must judge whether they mean the same."
        }
        "partly" => "What both ask can be compared; not everything is asked in both, or not in the same way.",
        _ => "Some answers or scores cannot be compared.",
    };
    let mut lines = vec![verdict.to_owned()];
    for (heading, member, name) in
        [("Items", "items", "link_id"), ("Scores", "scores", "code"), ("Alert rules", "rules", "code")]
    {
        let all = diff.get(member).and_then(Value::as_array);
        let changes: Vec<&Value> = all.into_iter().flatten().collect();
        if changes.is_empty() {
            continue;
        }
        lines.push(format!("\n{heading}"));
        for change in changes {
            let of = |name: &str| text(change, &[name]).unwrap_or_default();
            lines.push(format!("  {} {} ({})", of(name), of("change"), plain(of("comparable"))));
            lines.extend(members(change));
            let options = change.get("options").and_then(Value::as_array);
            for option in options.into_iter().flatten() {
                let of = |name: &str| text(option, &[name]).unwrap_or_default();
                lines.push(format!("    option {} {}", of("code"), of("change")));
                lines.extend(members(option));
            }
        }
    }
    clean(&lines.join("\n"))
}

fn members(change: &Value) -> impl Iterator<Item = String> {
    let members = change.get("members").and_then(Value::as_array);
    members.into_iter().flatten().map(|one| {
        let of = |name: &str| text(one, &[name]).unwrap_or("nothing");
        format!("    {}: {} -> {}", of("member"), of("before"), of("after"))
    })
}

/// The codebook, as a page or as a table for spreadsheets.
pub fn codebook(run: &Run, wanted: &str, csv: bool, language: Option<&str>) -> Result<()> {
    let id = find(&run.client, wanted)?;
    let language: Vec<(&str, &str)> = language.map(|language| ("language", language)).into_iter().collect();
    let path = with_query(&format!("/v1/instruments/{id}/codebook"), &language);
    if csv {
        return output::write_bytes(&run.client.get_as(&path, "text/csv")?);
    }
    let found = run.client.get(&path)?;
    run.output.show(&found, || {
        let rows = |member: &str| found.get(member).and_then(Value::as_array).into_iter().flatten();
        let of = |one: &Value, name: &str| text(one, &[name]).unwrap_or("-").to_owned();
        let questions = rows("variables")
            .map(|one| vec![of(one, "name"), of(one, "type"), of(one, "link_id"), of(one, "text")]);
        let scores = rows("scores")
            .map(|one| vec![of(one, "name"), "score".to_owned(), of(one, "code"), of(one, "title")]);
        table(&["Variable", "Type", "Asked as", "Text"], questions.chain(scores))
    })
}

/// The revisions of the translations there are.
pub fn translations(run: &Run, wanted: &str) -> Result<()> {
    let id = find(&run.client, wanted)?;
    let found = run.client.list(&format!("/v1/instruments/{id}/translations"), &[], usize::MAX)?;
    run.output.show(&json!({"items": found}), || {
        let row = |one: &Value| {
            let number = |name: &str| one.get(name).map(Value::to_string).unwrap_or_default();
            let of = |name: &str| text(one, &[name]).unwrap_or("-").to_owned();
            vec![of("language"), number("revision"), of("status"), number("missing_count"), of("created_at")]
        };
        table(&["Language", "Revision", "Status", "Missing", "Added"], found.iter().map(row))
    })
}

/// Adds a revision of a translation.
pub fn translate(run: &Run, wanted: &str, language: &str, file: &Path) -> Result<()> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let id = find(&run.client, wanted)?;
    let kept = run.client.put_bytes(&format!("/v1/instruments/{id}/translations/{language}"), bytes)?;
    run.output.show(&kept, || {
        let number = |name: &str| kept.get(name).map(Value::to_string).unwrap_or_default();
        let missing = kept.get("missing").and_then(Value::as_array);
        let missing = missing.into_iter().flatten().map(|one| {
            let of = |name: &str| text(one, &[name]).unwrap_or_default();
            format!("  {} {} {}", of("part"), of("link_id"), of("code")).trim_end().to_owned()
        });
        let head = match text(&kept, &["status"]) {
            Some("published") => "These words are published already".to_owned(),
            _ => format!("Revision {} is added as a draft", number("revision")),
        };
        let rest: Vec<String> = missing.collect();
        if rest.is_empty() {
            return format!("{head}. It is complete.");
        }
        clean(&format!("{head}. {} texts are missing:\n{}", number("missing_count"), rest.join("\n")))
    })
}

/// Publishes the newest revision of a translation.
pub fn publish(run: &Run, wanted: &str, language: &str) -> Result<()> {
    let id = find(&run.client, wanted)?;
    let done = run.client.post_bare(&format!("/v1/instruments/{id}/translations/{language}/publication"))?;
    run.output.show(&done, || {
        let revision = done.get("revision").map(Value::to_string).unwrap_or_default();
        format!("Revision {revision} is published: people can be asked in {language}.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_with_what_it_was_and_is() {
        let diff = json!({"comparable": "not_comparable", "items": [{"link_id": "1", "change": "changed",
            "comparable": "not_comparable", "members": [{"member": "type", "before": "integer", "after": "decimal"}],
            "options": [{"code": "s|a", "change": "removed", "members": []}]}], "scores": [], "rules": []});
        let page = diff_page(&diff);
        for line in ["cannot be compared", "1 changed", "type: integer -> decimal", "option s|a removed"] {
            assert!(page.contains(line), "{page}");
        }
        assert!(!page.contains("Scores"));
    }
}
