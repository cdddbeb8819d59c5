//! Rules for values that several requests have in common.

use alongside_domain::id::ParticipantId;
use alongside_domain::policy::{Operation, Role, relation};
use alongside_domain::{person, programme};
use alongside_store::{StoreError, Unique, processing_restriction};
use chrono::{Days, NaiveDate};
use validator::ValidationError;

use crate::http::{Code, Ctx, Problem, Refusal};

fn broken(code: &'static str, message: &'static str) -> ValidationError {
    ValidationError::new(code).with_message(message.into())
}

/// One line of text with something on it.
pub fn line(text: &str) -> Result<(), ValidationError> {
    if text.trim().is_empty() {
        return Err(broken("blank", "This must not be blank."));
    }
    if text.chars().any(char::is_control) {
        return Err(broken("control", "This must be one line without control characters."));
    }
    Ok(())
}

/// What somebody says in his own words, with something in it. Lines may end.
pub fn said(text: &str) -> Result<(), ValidationError> {
    if text.trim().is_empty() {
        return Err(broken("blank", "This must not be blank."));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(broken("control", "This must be text without control characters."));
    }
    Ok(())
}

pub fn code(text: &str) -> Result<(), ValidationError> {
    let message = "This must be 2 to 32 capital letters, digits and inner hyphens.";
    if programme::is_code(text) { Ok(()) } else { Err(broken("format", message)) }
}

pub fn timezone(text: &str) -> Result<(), ValidationError> {
    let message = "This must be a name of the IANA time zone database, such as Europe/London.";
    if programme::is_timezone(text) { Ok(()) } else { Err(broken("format", message)) }
}

pub fn jurisdiction(text: &str) -> Result<(), ValidationError> {
    let message = "This must be a country or a part of one as in ISO 3166, such as GB or GB-ENG.";
    if programme::is_jurisdiction(text) { Ok(()) } else { Err(broken("format", message)) }
}

pub fn email(text: &str) -> Result<(), ValidationError> {
    if person::email(text).is_some() {
        Ok(())
    } else {
        Err(broken("email", "This must be an e-mail address."))
    }
}

/// A telephone number as people write it.
pub fn phone(text: &str) -> Result<(), ValidationError> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let known = text.chars().all(|c| c.is_ascii_digit() || " +()-.".contains(c));
    if known && (3..=20).contains(&digits) {
        Ok(())
    } else {
        Err(broken("format", "This must be a telephone number."))
    }
}

/// An address of the web that can be opened safely.
pub fn web_address(text: &str) -> Result<(), ValidationError> {
    let host = text.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next());
    let fits = host.is_some_and(|host| host.contains('.') && !host.contains('@'))
        && text.chars().all(|c| !c.is_whitespace() && !c.is_control());
    if fits { Ok(()) } else { Err(broken("url", "This must be an address that begins with https://.")) }
}

/// Whether a day has not come yet anywhere: somewhere it is tomorrow already.
#[must_use]
pub fn is_to_come(day: NaiveDate, today: NaiveDate) -> bool {
    day > today.checked_add_days(Days::new(1)).unwrap_or(today)
}

/// Whether this role sees who the participant is. Those who work on the data see the pseudonym, even where they may
/// look the identity up elsewhere.
#[must_use]
pub fn may_know_the_name(role: Role) -> bool {
    let works_on_data =
        matches!(role, Role::DataManager | Role::Statistician | Role::Monitor | Role::IntegrationClient);
    !works_on_data && relation(Operation::GetParticipantIdentity, role).is_some()
}

/// That the participant did not have the use of the record restricted.
///
/// # Errors
/// 409, naming whom to ask.
pub fn require_unrestricted(ctx: &mut Ctx<'_, '_>, participant: ParticipantId) -> Result<(), Refusal> {
    if !processing_restriction::is_in_force(ctx.db, participant)? {
        return Ok(());
    }
    let detail = "The participant had the use of this record restricted. The privacy officer of the programme knows more.";
    Err(Problem::new(Code::ProcessingRestricted).detail(detail).into())
}

/// 409 with the pointer where `rule` refused the row, and otherwise what the store said.
pub fn taken(error: StoreError, rule: Unique, pointer: &'static str, message: &'static str) -> Refusal {
    if error.violates(rule) {
        Problem::new(Code::AlreadyExists).field(pointer, "taken", message).into()
    } else {
        error.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_numbers_and_addresses() {
        assert!(line("Ward 7 (north)").is_ok());
        assert!(line("  ").is_err() && line("a\nb").is_err());
        assert!(said("a\nb").is_ok() && said(" \n").is_err() && said("a\u{7}").is_err());
        assert!(phone("+44 1632 960100").is_ok() && phone("999").is_ok());
        assert!(phone("call me").is_err() && phone("1").is_err());
        assert!(web_address("https://council.example/form?a=1").is_ok());
        for wrong in [
            "http://council.example",
            "https://",
            "https://a@b.example",
            "javascript:alert(1)",
            "https://a b.example",
        ] {
            assert!(web_address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn those_who_work_on_the_data_see_the_pseudonym() {
        for role in [Role::Participant, Role::Clinician, Role::Researcher] {
            assert!(may_know_the_name(role), "{role}");
        }
        for role in
            [Role::DataManager, Role::Statistician, Role::Monitor, Role::IntegrationClient, Role::Admin]
        {
            assert!(!may_know_the_name(role), "{role}");
        }
    }
}
