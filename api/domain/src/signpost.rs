//! Signposts: where people of a programme can turn to nearby, and until when that has been checked.

use chrono::NaiveDate;

use crate::care_plan;

/// Most languages, and most concerns, of one signpost.
pub const MAX_CODES: usize = 50;

/// Whether help with `codes` is help with this concern: each names a concern (`URI.leakage`) or a whole section (`URI`).
#[must_use]
pub fn helps_with(codes: &[String], concern: &str) -> bool {
    let section = concern.split_once('.').map(|(section, _)| section);
    codes.iter().any(|code| code == concern || Some(code.as_str()) == section)
}

/// Whether what is offered in `languages` is offered in this one: the same tag, or the same language elsewhere (`en`
/// for `en-GB`). Where nothing is said of languages, nobody is left out.
#[must_use]
pub fn speaks(languages: &[String], wanted: &str) -> bool {
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    languages.is_empty() || languages.iter().any(|language| primary(language) == primary(wanted))
}

/// Whether somebody should have checked by now that it is still right.
#[must_use]
pub fn is_overdue(review_due: NaiveDate, today: NaiveDate) -> bool {
    review_due < today
}

/// Whether a text is the code of a concern or of a section, as instruments have them.
#[must_use]
pub fn is_concern_code(text: &str) -> bool {
    let fits = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    text.len() <= 64
        && match text.split_once('.') {
            Some((section, concern)) => fits(section) && fits(concern),
            None => fits(text),
        }
}

/// Whether a text has the shape of a language tag (BCP 47): `cy`, `en-GB`.
#[must_use]
pub fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    text.len() <= 35
        && (2..=8).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// A signpost that can be proposed: it is in use, checked, nearby and in his language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    pub codes: Vec<String>,
    pub sign: care_plan::Signpost,
}

impl Local {
    #[must_use]
    pub fn helps_with(&self, concern: &str) -> bool {
        helps_with(&self.codes, concern)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(codes: &[&str]) -> Vec<String> {
        codes.iter().map(|code| (*code).to_owned()).collect()
    }

    #[test]
    fn a_section_stands_for_its_concerns() {
        assert!(helps_with(&all(&["URI"]), "URI.leakage"));
        assert!(helps_with(&all(&["URI.leakage"]), "URI.leakage"));
        assert!(!helps_with(&all(&["URI.leakage"]), "URI.urgency"));
        assert!(!helps_with(&all(&["UR"]), "URI.leakage"));
        assert!(helps_with(&all(&["URI"]), "URI"));
    }

    #[test]
    fn languages_are_compared_without_their_country() {
        assert!(speaks(&all(&["en"]), "en-GB") && speaks(&all(&["en-GB"]), "EN"));
        assert!(!speaks(&all(&["cy"]), "en-GB"));
        assert!(speaks(&[], "pl"));
    }

    #[test]
    fn on_its_day_a_check_is_not_late() {
        let day = |text: &str| text.parse().unwrap();
        assert!(!is_overdue(day("2026-11-06"), day("2026-11-06")));
        assert!(is_overdue(day("2026-11-05"), day("2026-11-06")));
    }

    #[test]
    fn codes_and_tags_have_a_shape() {
        assert!(is_concern_code("URI.catheter_pads") && is_concern_code("EMO"));
        for wrong in ["", "URI.", ".leakage", "URI.a.b", "URI%", "URI leakage"] {
            assert!(!is_concern_code(wrong), "{wrong}");
        }
        assert!(is_language("cy") && is_language("zh-Hant-TW"));
        for wrong in ["", "e", "en_GB", "en-", "12"] {
            assert!(!is_language(wrong), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_code_helps_with_itself(code in "[A-Z]{3}\\.[a-z_]{1,12}") {
            prop_assert!(is_concern_code(&code));
            prop_assert!(helps_with(std::slice::from_ref(&code), &code));
            let section = code.split_once('.').unwrap().0.to_owned();
            prop_assert!(helps_with(&[section], &code));
        }
    }
}
