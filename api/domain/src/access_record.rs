//! Who used a record, told so that the person whose record it is understands it.

use std::str::FromStr as _;

use chrono_tz::Tz;

use crate::audit::Outcome;
use crate::clock::Timestamp;
use crate::emergency_access::EmergencyReason;
use crate::policy::Role;

/// One use of a record.
#[derive(Debug, Clone, Copy)]
pub struct Use<'a> {
    pub at: Timestamp,
    /// Where the programme is.
    pub timezone: &'a str,
    /// The name of the person, where it is known.
    pub who: Option<&'a str>,
    /// The name of the program, where a program acted.
    pub client: Option<&'a str>,
    pub role: Option<Role>,
    /// In plain words, as [`crate::audit::in_plain_words`] has them.
    pub what: &'a str,
    pub outcome: Outcome,
    /// Why the record was open to him, where only an emergency opened it.
    pub emergency: Option<EmergencyReason>,
}

/// The role as somebody outside the programme would call it.
#[must_use]
pub const fn role_in_plain_words(role: Role) -> &'static str {
    match role {
        Role::Participant => "the participant",
        Role::Supporter => "peer supporter",
        Role::Coordinator => "support coordinator",
        Role::Supervisor => "supervisor of the supporters",
        Role::SafeguardingLead => "safeguarding lead",
        Role::Clinician => "nurse or doctor",
        Role::Researcher => "researcher",
        Role::TrialManager => "manager of the study",
        Role::DataManager => "data manager",
        Role::Statistician => "statistician",
        Role::Monitor => "independent auditor",
        Role::PrivacyOfficer => "privacy officer",
        Role::Admin => "system administrator",
        Role::IntegrationClient => "connected program",
    }
}

/// One sentence. `own` says that whoever reads it is the participant himself.
#[must_use]
pub fn sentence(it: &Use<'_>, own: bool) -> String {
    let when = match Tz::from_str(it.timezone) {
        Ok(zone) => it.at.with_timezone(&zone).format("%-d %B %Y at %H:%M").to_string(),
        Err(_) => it.at.format("%-d %B %Y at %H:%M UTC").to_string(),
    };
    let who = match (it.role, it.who, it.client) {
        (Some(Role::Participant), ..) if own => "you".to_owned(),
        (Some(Role::Participant), ..) => role_in_plain_words(Role::Participant).to_owned(),
        (Some(role), Some(who), _) => format!("{who} ({})", role_in_plain_words(role)),
        (_, None, Some(client)) => format!("the program {client}"),
        (Some(role), None, None) => format!("somebody ({})", role_in_plain_words(role)),
        (None, Some(who), _) => who.to_owned(),
        (None, None, None) => "somebody".to_owned(),
    };
    let mut what = lowered(it.what);
    if let Some(reason) = it.emergency {
        what.push_str(", outside the usual team, because ");
        what.push_str(reason.in_plain_words());
    }
    match it.outcome {
        Outcome::Done => format!("On {when}, {who} {what}."),
        Outcome::Refused => {
            format!("On {when}, {who} was turned away and was shown nothing. It would have been: {what}.")
        }
        Outcome::NotPossible => {
            format!("On {when}, {who} tried something that was not possible, and nothing changed: {what}.")
        }
        Outcome::Failed => {
            format!("On {when}, {who} tried something that failed on our side: {what}.")
        }
    }
    .replace(", you was ", ", you were ")
}

/// With a small letter at the beginning.
fn lowered(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked() -> Use<'static> {
        Use {
            at: "2026-07-02T08:30:00Z".parse().unwrap(),
            timezone: "Europe/London",
            who: Some("Sam Supporter"),
            client: None,
            role: Some(Role::Supporter),
            what: "Looked at name and contact details",
            outcome: Outcome::Done,
            emergency: None,
        }
    }

    #[test]
    fn a_use_is_one_plain_sentence() {
        assert_eq!(
            sentence(&looked(), true),
            "On 2 July 2026 at 09:30, Sam Supporter (peer supporter) looked at name and contact details."
        );
        let opened =
            Use { role: Some(Role::Clinician), emergency: Some(EmergencyReason::DangerToLife), ..looked() };
        assert_eq!(
            sentence(&opened, true),
            "On 2 July 2026 at 09:30, Sam Supporter (nurse or doctor) looked at name and contact details, outside the usual \
             team, because somebody's life or health was in danger."
        );
        let refused = Use { outcome: Outcome::Refused, ..looked() };
        assert_eq!(
            sentence(&refused, true),
            "On 2 July 2026 at 09:30, Sam Supporter (peer supporter) was turned away and was shown nothing. It would \
             have been: looked at name and contact details."
        );
        let own = Use { role: Some(Role::Participant), ..looked() };
        assert_eq!(sentence(&own, true), "On 2 July 2026 at 09:30, you looked at name and contact details.");
        assert!(sentence(&own, false).contains(", the participant looked at"));
        let program =
            Use { role: Some(Role::IntegrationClient), who: None, client: Some("Trial"), ..looked() };
        assert!(sentence(&program, true).contains(", the program Trial looked at"));
        let gone = Use { who: None, ..looked() };
        assert!(sentence(&gone, true).contains(", somebody (peer supporter) looked at"));
        let you = Use { outcome: Outcome::Refused, ..own };
        assert!(sentence(&you, true).contains(", you were turned away"));
    }
}
