//! The words of an expression: the part of FHIRPath's grammar that scores are written in.

use std::fmt;

/// One word or sign.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// `item`, `%resource`, `or`
    Name(String),
    /// `'1.2'`
    Text(String),
    /// `2.5`
    Number(f64),
    /// `+`
    Sign(char),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Number(number) => number.fmt(f),
            Self::Sign(sign) => sign.fmt(f),
        }
    }
}

/// The most words an expression may have; those in use have a few hundred.
const MAX_TOKENS: usize = 20_000;

/// Takes an expression apart.
///
/// # Errors
/// What it cannot take apart, in words.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut rest = text.trim_start();
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '\'' => quoted(rest)?,
            '0'..='9' => number(rest)?,
            '+' | '-' | '*' | '/' | '(' | ')' | '.' | '=' | '|' | ',' => (Token::Sign(first), 1),
            '%' | '_' | 'a'..='z' | 'A'..='Z' => name(rest),
            other => return Err(format!("“{other}” is not supported.")),
        };
        found.push(token);
        if found.len() > MAX_TOKENS {
            return Err("it is too long.".to_owned());
        }
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(found)
}

/// A text between quotes. No link id in use holds an escape, so none is understood.
fn quoted(rest: &str) -> Result<(Token, usize), String> {
    let inside = rest.get(1..).and_then(|rest| rest.split_once('\''));
    match inside {
        Some((text, _)) if !text.contains('\\') => Ok((Token::Text(text.to_owned()), text.len() + 2)),
        Some(_) => Err("a text with an escape in it is not supported.".to_owned()),
        None => Err("a quote is not closed.".to_owned()),
    }
}

fn number(rest: &str) -> Result<(Token, usize), String> {
    let is_digit = |c: char| c.is_ascii_digit();
    let whole = rest.find(|c| !is_digit(c)).unwrap_or(rest.len());
    let places = rest.get(whole..).and_then(|rest| rest.strip_prefix('.'));
    // `1.` before a name is the whole number and a path sign, which the reader refuses.
    let places = places.map_or(0, |rest| rest.find(|c| !is_digit(c)).unwrap_or(rest.len()));
    let length = if places > 0 { whole + 1 + places } else { whole };
    let text = rest.get(..length).unwrap_or_default();
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.map(|number| (Token::Number(number), length)).ok_or_else(|| format!("“{text}” is not a number."))
}

fn name(rest: &str) -> (Token, usize) {
    let is_part = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let behind = rest.get(1..).unwrap_or_default();
    let length = 1 + behind.find(|c| !is_part(c)).unwrap_or(behind.len());
    (Token::Name(rest.get(..length).unwrap_or_default().to_owned()), length)
}
