//! Languages of texts: tags as in BCP 47 (RFC 5646), and which of several texts fits a reader best.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest tag, as RFC 5646 recommends room for.
const MAX_TAG: usize = 35;

/// A language, with script and region where they are said: `pl`, `en-GB`, `zh-Hant-TW`.
///
/// Written as people write it, whatever it was typed like: `EN-gb` is `en-GB`, so that one language is kept once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(String);

/// Why a text is no language tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("This must be a language tag such as en-GB or cy.")]
pub struct NoLanguage;

impl Language {
    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag, then the same with one subtag less each time: `zh-Hant-TW`, `zh-Hant`, `zh`.
    fn and_broader(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self.as_str()), |tag| tag.rsplit_once('-').map(|(broader, _)| broader))
    }

    /// Whether a text in `other` is one in this language: `pl` covers `pl` and `pl-PL`.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self == other || other.is_form_of(self)
    }

    /// Whether this is a more special form of a language: `pl-PL` of `pl`.
    fn is_form_of(&self, other: &Self) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.starts_with('-'))
    }
}

/// The one of `there` that a reader wants, who names what he reads in the order he likes it. Looked up as RFC 4647,
/// section 3.4, says; and where the reader names no region, any will do.
#[must_use]
pub fn best<'a>(wanted: &[Language], there: &'a [Language]) -> Option<&'a Language> {
    let fits = |wanted: &Language| {
        let exact = wanted.and_broader().find_map(|tag| there.iter().find(|one| one.as_str() == tag));
        exact.or_else(|| there.iter().find(|one| one.is_form_of(wanted)))
    };
    wanted.iter().find_map(fits)
}

impl FromStr for Language {
    type Err = NoLanguage;

    fn from_str(text: &str) -> Result<Self, NoLanguage> {
        let mut parts = text.split('-');
        let primary = parts.next().filter(|primary| {
            (2..=3).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        });
        let mut tag = primary.ok_or(NoLanguage)?.to_ascii_lowercase();
        for part in parts {
            if !(1..=8).contains(&part.len()) || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(NoLanguage);
            }
            tag.push('-');
            tag.push_str(&cased(part));
        }
        if tag.len() > MAX_TAG { Err(NoLanguage) } else { Ok(Self(tag)) }
    }
}

/// A subtag as RFC 5646 writes it: scripts like `Hant`, regions like `GB`, all else small.
fn cased(part: &str) -> String {
    let is_word = part.bytes().all(|byte| byte.is_ascii_alphabetic());
    match (part.len(), part.split_at_checked(1)) {
        (2, _) => part.to_ascii_uppercase(),
        (4, Some((first, rest))) if is_word => first.to_ascii_uppercase() + &rest.to_ascii_lowercase(),
        _ => part.to_ascii_lowercase(),
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0
    }
}

impl TryFrom<String> for Language {
    type Error = NoLanguage;

    fn try_from(text: String) -> Result<Self, NoLanguage> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(tags: &[&str]) -> Vec<Language> {
        tags.iter().map(|tag| tag.parse().unwrap()).collect()
    }

    #[test]
    fn one_language_is_written_one_way() {
        for (typed, written) in
            [("EN-gb", "en-GB"), ("zh-hant-tw", "zh-Hant-TW"), ("cy", "cy"), ("de-CH-1996", "de-CH-1996")]
        {
            assert_eq!(typed.parse::<Language>().unwrap().as_str(), written);
        }
        for wrong in ["", "e", "engl", "en_GB", "en-", "*", "en-12345678901234567890", "é", "pl-é"] {
            assert_eq!(wrong.parse::<Language>(), Err(NoLanguage), "{wrong}");
        }
    }

    #[test]
    fn the_reader_gets_what_he_likes_best_of_what_there_is() {
        let there = all(&["en-GB", "pl", "pt-PT", "zh-Hant"]);
        for (wanted, found) in [
            (&["pl-PL", "en-GB"][..], Some("pl")),
            (&["en", "pl"], Some("en-GB")),
            (&["cy", "pl"], Some("pl")),
            (&["pt-BR"], None),
            (&["zh-Hans"], None),
            (&["zh-Hant-TW"], Some("zh-Hant")),
            (&["p"][..0], None),
        ] {
            assert_eq!(best(&all(wanted), &there).map(Language::as_str), found, "{wanted:?}");
        }
    }
}
