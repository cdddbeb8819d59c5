//! What goes to stdout: one document for programs, or a table or page for people. Messages go to stderr.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::Result;
use comfy_table::{ContentArrangement, Table};
use serde_json::Value;

/// A line is never longer than this, however wide the window: long lines are hard to read.
const WIDEST: usize = 88;

/// How this run speaks.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    pub json: bool,
    pub quiet: bool,
}

impl Output {
    /// Prints the outcome: the document where `--json` asks for it, else the page.
    pub fn show(self, document: &Value, page: impl FnOnce() -> String) -> Result<()> {
        if self.json { self.document(document) } else { write(&page()) }
    }

    /// Prints a document, whatever was asked for.
    pub fn document(self, document: &Value) -> Result<()> {
        write(&serde_json::to_string_pretty(document)?)
    }

    /// Says something to the person, unless they want quiet.
    pub fn tell(self, words: &str) {
        if !self.quiet {
            self.warn(words);
        }
    }

    /// Says something that must be heard even when quiet.
    pub fn warn(self, words: &str) {
        // Nobody can be told that stderr is gone.
        let _ = writeln!(io::stderr(), "{words}");
    }
}

/// Writes a text and a line end to stdout.
pub fn write(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}

/// Writes bytes to stdout as they are.
pub fn write_bytes(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(())
}

/// Writes a new file that nobody else may read, from its first byte on. What is there already is never overwritten.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A table in plain characters, as wide as the window.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().map(|name| name.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| clean(cell)));
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// Names and values below each other; what is not known is left out.
pub fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, Option<String>)>) -> String {
    let known: Vec<(&str, String)> = pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|v| !v.is_empty())?)))
        .collect();
    let widest = known.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines = known.iter().map(|(name, value)| format!("{name:<widest$}  {}", clean(value)));
    lines.collect::<Vec<_>>().join("\n")
}

/// The width to write in.
pub fn width() -> usize {
    let window = Table::new().width().or_else(|| Table::new().use_stderr().width());
    // Some terminals do not know, and say 0.
    window.filter(|width| *width > 0).map_or(80, usize::from).clamp(20, WIDEST)
}

/// Whether both ends of a conversation are a person's terminal.
pub fn is_conversation() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Breaks a text into lines of at most `width` characters; lines it has already stay.
pub fn wrap(text: &str, width: usize) -> String {
    let mut out: Vec<String> = Vec::new();
    for line in text.lines() {
        let indent: String = line.chars().take_while(|letter| *letter == ' ').collect();
        let mut current = indent.clone();
        for word in line.split_whitespace() {
            let is_start = current.len() == indent.len();
            if !is_start && current.chars().count() + 1 + word.chars().count() > width {
                out.push(std::mem::replace(&mut current, indent.clone()));
            } else if !is_start {
                current.push(' ');
            }
            current.push_str(word);
        }
        out.push(current);
    }
    out.join("\n")
}

/// A text from elsewhere without anything that could move the cursor or change the window.
pub fn clean(text: &str) -> String {
    let is_harmful = |letter: char| {
        (letter.is_control() && letter != '\n' && letter != '\t')
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|letter| if is_harmful(letter) { ' ' } else { letter }).collect()
}

/// The text of a member, reached by a path of names.
pub fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(value, |value, name| value.get(name))?.as_str()
}

/// As [`text`], where nothing goes on without it.
///
/// # Errors
/// When the server's answer lacks it.
pub fn needed<'a>(value: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    text(value, &[name])
        .ok_or_else(|| anyhow::anyhow!("the server's answer cannot be read: it has no {name}"))
}

/// A code from the server as words: `in_progress` is "in progress".
pub fn plain(code: &str) -> String {
    code.replace('_', " ")
}

/// A time as it is written here, to the minute; what is no time stays as it is.
pub fn when(time: &str) -> String {
    chrono::DateTime::parse_from_rfc3339(time).map_or_else(
        |_| time.to_owned(),
        |time| time.with_timezone(&chrono::Local).format("%a %-d %b %Y, %H:%M").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(wrap("one two three", 7), "one two\nthree");
        assert_eq!(wrap("  one two", 5), "  one\n  two");
        assert_eq!(wrap("a\n\nb", 10), "a\n\nb");
    }

    #[test]
    fn a_text_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\u{202e}"), "a [2Jb ");
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let page = pairs([("Status", Some("active".to_owned())), ("Arm", None), ("Id", Some(String::new()))]);
        assert_eq!(page, "Status  active");
    }
}
