//! The letters the service sends by itself. They are short, in plain words, and tell nothing about anybody's health.

use serde::{Deserialize, Serialize};

/// What a letter is for.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MailKind {
    /// To somebody new: choose a password.
    Invitation,
    /// To somebody who forgot his password, if he has an account.
    PasswordReset,
    /// Your password was changed.
    PasswordChanged,
    /// Somebody took your second factor away.
    SecondFactorRemoved,
    /// To those who watch over it: a record was opened in an emergency. Not whose, and not by whom.
    EmergencyAccess,
}

/// What became of a letter.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MailOutcome {
    Sent,
    /// There is nobody to send it to, or he may not have it now.
    Dropped,
    GivenUp,
}

/// After how many seconds a letter is tried again that could not be sent; `None` after the last attempt. Half a day in
/// all: a mail server may be away for a night.
#[must_use]
pub fn retry_after(attempts: i32) -> Option<i64> {
    let shift = u32::try_from(attempts.saturating_sub(1)).ok()?;
    (shift < 11).then(|| (30_i64 << shift).min(4 * 3600))
}

/// What stands in a letter besides its words.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// How the person is addressed.
    pub name: &'a str,
    /// Where the service is.
    pub service: &'a str,
    /// Where the code is used, with the code; for invitations and resets.
    pub link: &'a str,
    pub code: &'a str,
    /// Until when the code is good, in words.
    pub good_for: &'a str,
}

/// Subject and text.
#[must_use]
pub fn letter(kind: MailKind, filling: &Filling<'_>) -> (&'static str, String) {
    let Filling { name, service, link, code, good_for } = filling;
    let how = format!(
        "Open this link:\n\n  {link}\n\nor, with the command line, type:\n\n  alongside activate\n\nand give this code when \
         you are asked for it:\n\n  {code}\n\nThe link and the code are good once, for {good_for}."
    );
    let (subject, body) = match kind {
        MailKind::Invitation => (
            "Your account with Alongside",
            format!(
                "an account has been set up for you at {service}.\n\nPlease choose a password. {how}\n\nNobody will ever \
                 ask you for your password. If you did not expect this letter, you need do nothing."
            ),
        ),
        MailKind::PasswordReset => (
            "A new password for Alongside",
            format!(
                "somebody, probably you, asked for a new password for your account at {service}.\n\nTo choose one: {how}\n\n\
                 If it was not you, you need do nothing: your password stays as it is."
            ),
        ),
        MailKind::PasswordChanged => (
            "Your password was changed",
            format!(
                "the password of your account at {service} was changed just now. All other devices were signed out.\n\nIf it \
                 was not you, tell your administrator at once."
            ),
        ),
        MailKind::SecondFactorRemoved => (
            "Your second factor was taken away",
            format!(
                "an administrator has taken the second factor (the app that shows codes) off your account at {service}. You \
                 set up a new one when you next sign in.\n\nIf you did not ask for this, tell your administrator at once."
            ),
        ),
        MailKind::EmergencyAccess => (
            "A record was opened in an emergency",
            format!(
                "somebody has just opened a record in an emergency at {service}. It stays open for half an hour.\n\nPlease \
                 sign in and look at it, with the command line:\n\n  alongside emergency-access list\n\nA privacy officer has \
                 seven days to look into it."
            ),
        ),
    };
    (subject, format!("Dear {name},\n\n{body}\n\nAlongside\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantArray as _;

    #[test]
    fn a_letter_is_tried_for_half_a_day() {
        let waits: Vec<i64> = (1..).map_while(retry_after).collect();
        assert_eq!((waits[0], waits[1], waits.len()), (30, 60, 11));
        let all: i64 = waits.iter().sum();
        assert!((12 * 3600..36 * 3600).contains(&all), "{all}");
        assert!(retry_after(0).is_none() && retry_after(i32::MIN).is_none());
    }

    #[test]
    fn only_letters_that_ask_for_a_password_have_a_code() {
        let filling = Filling {
            name: "Sam",
            service: "https://needs.example",
            link: "https://needs.example/account#code=ala_x",
            code: "ala_x",
            good_for: "seven days",
        };
        for kind in MailKind::VARIANTS {
            let (subject, text) = letter(*kind, &filling);
            let asks = matches!(kind, MailKind::Invitation | MailKind::PasswordReset);
            assert_eq!(text.contains("ala_x"), asks, "{kind}");
            assert!(text.starts_with("Dear Sam,") && !subject.is_empty());
        }
    }
}
