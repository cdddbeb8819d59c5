//! The words of the summary, the same on paper, on a page and in a terminal.

use chrono_tz::Tz;

use super::{Completion, ConcernLine, QuestionAnswer, RedFlag, Since};
use crate::clock::Timestamp;
use crate::instrument::{AlertKind, BotherBand, ChangeKind, ConcernDuration, HelpWanted, State};

pub(super) const NOTHING_RAISED: &str = "Nothing was raised this time. That is a good answer too.";
pub(super) const NOTHING_ANSWERED: &str =
    "No question about needs and worries was answered this time. Nothing can be read from that.";
pub(super) const NO_DIAGNOSIS: &str = "A score is not a diagnosis. It says how things were when the form was filled in, and is a start for talking.";
pub(super) const NO_SCALE: &str =
    "The ratings are the person's own, out of ten. This is not a validated scale.";
pub(super) const WITHHELD: &str = "Own words, not shown to you";
pub(super) const WITHHELD_NOTE: &str = "Own words are left out of this view.";
pub(super) const KEEP_SAFE: &str =
    "This summary holds answers to private questions. Keep it where only the right people see it.";
pub(crate) const SYNTHETIC: &str = "Synthetic demonstration data";
pub(crate) const PRIVATE: &str = "private section";

/// The day and time on the wall of the programme.
pub(crate) fn moment(at: Timestamp, timezone: &str) -> String {
    match timezone.parse::<Tz>() {
        Ok(zone) => at.with_timezone(&zone).format("%-d %B %Y, %H:%M").to_string(),
        Err(_) => at.format("%-d %B %Y, %H:%M UTC").to_string(),
    }
}

pub(super) fn band(band: BotherBand) -> &'static str {
    match band {
        BotherBand::None => "not at all",
        BotherBand::Low => "a little",
        BotherBand::Moderate => "quite a lot",
        BotherBand::High => "very much",
    }
}

/// `7 of 10 (very much)`
pub(super) fn bother(concern: &ConcernLine) -> String {
    match (concern.bother, concern.band) {
        (Some(rating), Some(found)) => format!("{rating} of 10 ({})", band(found)),
        _ => "not rated".to_owned(),
    }
}

pub(super) fn duration(duration: Option<ConcernDuration>) -> &'static str {
    match duration {
        Some(ConcernDuration::New) => "new",
        Some(ConcernDuration::Ongoing) => "for a while",
        Some(ConcernDuration::Worse) => "getting worse",
        None => "no answer",
    }
}

pub(super) fn help(help: Option<HelpWanted>) -> &'static str {
    match help {
        Some(HelpWanted::None) => "no help for now",
        Some(HelpWanted::Information) => "information",
        Some(HelpWanted::Talk) => "someone to talk to",
        Some(HelpWanted::Practical) => "practical help",
        Some(HelpWanted::Urgent) => "help soon, this is urgent",
        None => "no answer",
    }
}

/// What has changed since last time; nothing when there was no last time.
pub(super) fn change(concern: &ConcernLine) -> Option<String> {
    let was = concern.bother_before.map(|rating| format!(" (was {rating})")).unwrap_or_default();
    Some(match concern.change? {
        ChangeKind::New => "new since last time".to_owned(),
        ChangeKind::Worse => format!("worse than last time{was}"),
        ChangeKind::Same => format!("about the same as last time{was}"),
        ChangeKind::Better => format!("better than last time{was}"),
        ChangeKind::Resolved => format!("no longer a worry{was}"),
    })
}

/// What has changed, or why that cannot be said.
pub(super) fn change_or_why(concern: &ConcernLine) -> String {
    change(concern).unwrap_or_else(|| "no answer last time".to_owned())
}

pub(super) fn since(since: Since) -> &'static str {
    match since {
        Since::Resolved => "no longer a worry",
        Since::NotAnswered => "no answer this time",
    }
}

/// What it may be telling us, and what was asked and answered.
pub(super) fn red_flag(flag: &RedFlag) -> String {
    let kind = match flag.kind {
        AlertKind::SelfHarm => "Thoughts of not wanting to live, or of self-harm",
        AlertKind::SafetyAtHome => "Safety at home",
    };
    format!("{kind}. Asked: “{}” Answer: “{}”.", flag.question, flag.answer)
}

pub(super) fn completion(completion: Completion) -> &'static str {
    match completion {
        Completion::Done => "filled in",
        Completion::Partly => "partly filled in",
        Completion::NotShown => "not asked",
        Completion::Skipped => "passed over",
    }
}

/// The answer, or why there is none.
pub(super) fn answer(answer: &QuestionAnswer) -> String {
    match (&answer.answer, answer.state) {
        (Some(text), _) => text.clone(),
        (None, Some(State::Answered)) if answer.own_words => WITHHELD.to_owned(),
        (None, Some(State::Answered)) | (None, None) => "No answer".to_owned(),
        (None, Some(State::Skipped)) => "Passed over".to_owned(),
        (None, Some(State::PreferNot)) => "Prefers not to say".to_owned(),
        (None, Some(State::NotShown)) => "Not asked".to_owned(),
    }
}

/// A number without decimal places it does not need.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `1 answer`, `3 answers`
pub(super) fn count(number: u32, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!((number(12.0), number(4.5), number(100.0)), ("12".into(), "4.5".into(), "100".into()));
    }

    #[test]
    fn the_clock_is_that_on_the_wall() {
        let at = "2026-06-01T12:30:00Z".parse().unwrap();
        assert_eq!(moment(at, "Europe/London"), "1 June 2026, 13:30");
        assert_eq!(moment(at, "nowhere"), "1 June 2026, 12:30 UTC");
    }
}
