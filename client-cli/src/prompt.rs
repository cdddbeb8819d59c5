//! Asking a person: one question a screen, in plain words, with room around it.
//!
//! Screens go to stderr, in the terminal's second screen, which keeps no history: what was answered cannot be scrolled
//! back to. Answers are lines; the one kind of key is Enter, which works with every screen reader.

use std::io::{self, BufRead, Write};

use alongside_domain::choice::Choice;
use anyhow::{Context as _, Result, bail};

use crate::exit::{Exit, Stop};
use crate::output::{self, clean, wrap};

/// Into the second screen, and out of it; out always clears first.
const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[2J\x1b[3J\x1b[H\x1b[?1049l";
const CLEAR: &str = "\x1b[2J\x1b[3J\x1b[H";

/// The longest text that can be typed, in bytes.
const LONGEST: u64 = 64 * 1024;

/// The place where a conversation happens.
pub struct Screen {
    input: Box<dyn BufRead>,
    out: Box<dyn Write>,
    width: usize,
    is_terminal: bool,
    /// The cursor stands right below a line that was typed.
    was_typed_on: bool,
}

impl Screen {
    /// The person's terminal.
    ///
    /// # Errors
    /// When there is none, or when nobody may be asked. `instead` says how to do without.
    pub fn open(no_input: bool, instead: &str) -> Result<Self> {
        if no_input || !output::is_conversation() {
            return Err(Stop::usage(format!("This needs answers, and there is nobody to ask. {instead}")));
        }
        // Whoever breaks off must not leave the answers behind on the screen.
        ctrlc::set_handler(|| {
            let _ = io::stderr().write_all(LEAVE.as_bytes());
            std::process::exit(130);
        })
        .context("the terminal cannot be watched")?;
        let mut screen = Self {
            input: Box::new(io::BufReader::new(io::stdin())),
            out: Box::new(io::stderr()),
            width: output::width(),
            is_terminal: true,
            was_typed_on: false,
        };
        screen.raw(ENTER)?;
        screen.clear()?;
        Ok(screen)
    }

    /// A conversation with prepared answers.
    #[cfg(test)]
    pub fn scripted(lines: &str, out: impl Write + 'static) -> Self {
        let input = Box::new(io::Cursor::new(lines.to_owned().into_bytes()));
        Self { input, out: Box::new(out), width: 72, is_terminal: false, was_typed_on: false }
    }

    fn raw(&mut self, text: &str) -> Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()?;
        Ok(())
    }

    /// Leaves nothing of what was there.
    pub fn clear(&mut self) -> Result<()> {
        self.was_typed_on = false;
        if self.is_terminal { self.raw(CLEAR) } else { Ok(()) }
    }

    /// Writes a paragraph and an empty line. What was typed before it stands apart.
    pub fn say(&mut self, words: &str) -> Result<()> {
        let text = wrap(&clean(words), self.width);
        let gap = if std::mem::take(&mut self.was_typed_on) { "\n" } else { "" };
        self.raw(&format!("{gap}{text}\n\n"))
    }

    /// Writes lines with a mark before each.
    pub fn points<'a>(&mut self, points: impl IntoIterator<Item = &'a str>) -> Result<()> {
        for point in points {
            self.hanging("- ", point)?;
        }
        self.raw("\n")
    }

    /// Writes a heading with a line under it: nothing depends on colour.
    pub fn heading(&mut self, words: &str) -> Result<()> {
        let words = wrap(&clean(words), self.width);
        let widest = words.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        self.raw(&format!("\n{words}\n{}\n\n", "─".repeat(widest)))
    }

    /// Writes choices, numbered from 1.
    pub fn numbered<'a>(&mut self, choices: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let choices: Vec<&str> = choices.into_iter().collect();
        // Long choices would run into each other.
        let is_long = choices.iter().any(|choice| choice.chars().count() + 6 > self.width);
        for (position, choice) in choices.into_iter().enumerate() {
            self.hanging(&format!("{:>4}  ", position + 1), choice)?;
            if is_long {
                self.raw("\n")?;
            }
        }
        if is_long { Ok(()) } else { self.raw("\n") }
    }

    fn hanging(&mut self, mark: &str, words: &str) -> Result<()> {
        let indent = mark.chars().count();
        let text = wrap(&clean(words), self.width.saturating_sub(indent).max(20));
        for (position, line) in text.lines().enumerate() {
            let start = if position == 0 { mark.to_owned() } else { " ".repeat(indent) };
            self.raw(&format!("{start}{line}\n"))?;
        }
        Ok(())
    }

    /// One line typed by the person, without spaces around it.
    pub fn line(&mut self, prompt: &str) -> Result<String> {
        self.raw(&format!("{prompt} "))?;
        let typed = self.read()?.trim().to_owned();
        self.was_typed_on = true;
        Ok(typed)
    }

    /// Several lines up to a line with only a full stop, exactly as typed.
    pub fn lines(&mut self) -> Result<String> {
        let mut text: Vec<String> = Vec::new();
        loop {
            self.raw("> ")?;
            let line = self.read()?;
            if line.trim() == "." {
                self.raw("\n")?;
                return Ok(text.join("\n"));
            }
            text.push(line);
        }
    }

    fn read(&mut self) -> Result<String> {
        let mut line = String::new();
        let read = io::Read::take(&mut self.input, LONGEST).read_line(&mut line)?;
        if read == 0 {
            return Err(Stop::because(Exit::Error, "Nothing more was typed. What was saved stays saved."));
        }
        let line = line.strip_suffix('\n').unwrap_or(&line);
        Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
    }

    /// Waits for Enter.
    pub fn wait(&mut self, words: &str) -> Result<()> {
        self.line(words).map(drop)
    }

    /// One of several; the number chosen, from 0.
    pub fn choose(&mut self, question: &str, choices: &[&str]) -> Result<usize> {
        self.say(question)?;
        self.numbered(choices.iter().copied())?;
        loop {
            let typed = self.line("Type the number:")?;
            if let Some(position) = number(&typed, choices.len()).or_else(|| pick(&typed, choices)) {
                return Ok(position);
            }
            self.say(&format!("Please type a number from 1 to {}.", choices.len()))?;
        }
    }

    /// One value of a closed list, with words for each.
    pub fn choose_code<T: Choice>(&mut self, question: &str, choices: &[(T, &str)]) -> Result<T> {
        let words: Vec<&str> = choices.iter().map(|(_, words)| *words).collect();
        let position = self.choose(question, &words)?;
        match choices.get(position) {
            Some((code, _)) => Ok(*code),
            None => bail!("there is nothing to choose from"),
        }
    }

    /// Several of a list; the numbers chosen, from 0, in the order typed.
    pub fn choose_many(&mut self, question: &str, choices: &[&str]) -> Result<Vec<usize>> {
        self.say(question)?;
        self.numbered(choices.iter().copied())?;
        loop {
            let typed = self.line("Type the numbers, with commas between:")?;
            if let Some(positions) = numbers(&typed, choices.len()).filter(|positions| !positions.is_empty())
            {
                return Ok(positions);
            }
            self.say(&format!("Please type numbers from 1 to {}, such as 1 or 1,2.", choices.len()))?;
        }
    }

    /// Yes or no; there is no answer by default.
    pub fn yes(&mut self, question: &str) -> Result<bool> {
        Ok(self.choose(question, &["Yes", "No"])? == 0)
    }

    /// A line that may stay empty.
    pub fn maybe(&mut self, question: &str) -> Result<Option<String>> {
        self.say(question)?;
        let typed = self.line("(To leave this out, press Enter)")?;
        Ok(Some(typed).filter(|typed| !typed.is_empty()))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.is_terminal {
            let _ = self.raw(LEAVE);
        }
    }
}

/// A number typed for a choice, counted from 0.
pub fn number(typed: &str, choices: usize) -> Option<usize> {
    let number: usize = typed.trim().trim_end_matches('.').parse().ok()?;
    (1..=choices).contains(&number).then(|| number - 1)
}

/// The choice typed in words, or by `y` and `n` where exactly one begins with yes or no; counted from 0.
pub fn pick(typed: &str, choices: &[&str]) -> Option<usize> {
    let typed = typed.trim().to_lowercase();
    let only = |is_meant: &dyn Fn(&str) -> bool| {
        let mut found = choices.iter().enumerate().filter(|(_, words)| is_meant(&words.to_lowercase()));
        found.next().filter(|_| found.next().is_none()).map(|(position, _)| position)
    };
    let whole = only(&|words| words == typed);
    let begins = |word: &'static str| {
        move |words: &str| words.split(|letter: char| !letter.is_alphanumeric()).next() == Some(word)
    };
    whole.or_else(|| match typed.as_str() {
        "y" | "yes" => only(&begins("yes")),
        "n" | "no" => only(&begins("no")),
        _ => None,
    })
}

/// Several numbers typed for choices, counted from 0, each once.
pub fn numbers(typed: &str, choices: usize) -> Option<Vec<usize>> {
    let mut found = Vec::new();
    for part in typed.split([',', ' ', ';', '+']).filter(|part| !part.is_empty()) {
        let position = number(part, choices)?;
        if !found.contains(&position) {
            found.push(position);
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_in_the_order_typed() {
        assert_eq!(numbers("3, 1 3", 4), Some(vec![2, 0]));
        assert_eq!(numbers("5", 4), None);
        assert_eq!(number("0", 4), None);
        assert_eq!(number("2.", 4), Some(1));
    }

    #[test]
    fn yes_and_no_are_understood_as_words_and_letters() {
        let choices = ["Yes, they agreed", "No, they did not", "Not asked"];
        assert_eq!(
            ["y", "Yes", "n", "not asked"].map(|typed| pick(typed, &choices)),
            [Some(0), Some(0), Some(1), Some(2)]
        );
        assert_eq!(pick("y", &["Yes, often", "Yes, at times"]), None);
        assert_eq!(pick("", &choices), None);
    }

    #[test]
    fn a_question_is_asked_until_it_has_an_answer() {
        let mut screen = Screen::scripted("x\n9\n2\n", Vec::new());
        assert_eq!(screen.choose("Which?", &["a", "b"]).unwrap(), 1);
    }

    #[test]
    fn words_are_kept_line_by_line() {
        let mut screen = Screen::scripted("He takes\n  my pension\n.\nmore\n", Vec::new());
        assert_eq!(screen.lines().unwrap(), "He takes\n  my pension");
        assert_eq!(screen.line(">").unwrap(), "more");
        assert!(screen.line(">").is_err());
    }
}
