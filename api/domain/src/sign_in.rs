//! How guessing is slowed down without shutting anybody out.
//!
//! Failures are counted for each account and place. Beyond the free ones the door stays shut there, from a second to a
//! quarter of an hour. Whoever guesses from many places meets a second count that all unknown places share; a place from
//! which the owner has signed in does not feel it, so that a stranger never locks him out.

use chrono::TimeDelta;

use crate::clock::Timestamp;

/// Failures from one place that cost nothing yet.
pub const FREE_ATTEMPTS: i32 = 5;
/// Failures from all unknown places together that cost nothing yet.
pub const FREE_ATTEMPTS_OF_STRANGERS: i32 = 25;
/// The longest the door stays shut.
pub const LONGEST_DELAY_SECONDS: i64 = 900;
/// How long a place is known after a sign-in.
pub const KNOWN_DAYS: i64 = 90;
/// How long it counts as certain that it is the person who sits there (the figure for a fresh authentication).
pub const FRESH_MINUTES: i64 = 5;

/// Attempts at one account from one place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lane {
    pub failed: i32,
    pub shut_until: Option<Timestamp>,
    pub known_until: Option<Timestamp>,
}

impl Lane {
    #[must_use]
    pub fn is_shut(&self, now: Timestamp) -> bool {
        self.shut_until.is_some_and(|until| now < until)
    }

    /// Whether the owner has signed in from here.
    #[must_use]
    pub fn is_known(&self, now: Timestamp) -> bool {
        self.known_until.is_some_and(|until| now < until)
    }

    /// With one failure more.
    #[must_use]
    pub fn after_failure(self, now: Timestamp) -> Self {
        let failed = self.failed.saturating_add(1);
        let until = delay(failed, FREE_ATTEMPTS).map(|delay| now + delay);
        Self { failed, shut_until: until.max(self.shut_until), ..self }
    }

    /// As after the owner has come in.
    #[must_use]
    pub fn after_success(now: Timestamp) -> Self {
        Self { failed: 0, shut_until: None, known_until: Some(now + TimeDelta::days(KNOWN_DAYS)) }
    }
}

/// How long the door stays shut after so many failures of which so many are free.
#[must_use]
pub fn delay(failed: i32, free: i32) -> Option<TimeDelta> {
    let beyond = u32::try_from(failed.checked_sub(free.checked_add(1)?)?).ok()?;
    Some(TimeDelta::seconds((1_i64 << beyond.min(10)).min(LONGEST_DELAY_SECONDS)))
}

/// Whether what was shown at `fresh_at` still counts as fresh.
#[must_use]
pub fn is_fresh(fresh_at: Option<Timestamp>, now: Timestamp) -> bool {
    fresh_at.is_some_and(|at| now - at <= TimeDelta::minutes(FRESH_MINUTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(1_900_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn five_are_free_and_then_the_delay_doubles_to_a_quarter_of_an_hour() {
        let seconds = |failed| delay(failed, FREE_ATTEMPTS).map(|delay| delay.num_seconds());
        let delays = [0, 5, 6, 7, 8, 15, 16, i32::MAX].map(seconds);
        assert_eq!(delays, [None, None, Some(1), Some(2), Some(4), Some(512), Some(900), Some(900)]);
        assert_eq!(delay(i32::MIN, FREE_ATTEMPTS), None);
    }

    #[test]
    fn a_lane_shuts_opens_and_forgets() {
        let mut lane = Lane::default();
        for _ in 0..8 {
            lane = lane.after_failure(at(0));
        }
        assert!(lane.is_shut(at(3)) && !lane.is_shut(at(4)) && !lane.is_known(at(3)));
        // A later, shorter delay never opens a door earlier.
        let mended = Lane { failed: 5, ..lane }.after_failure(at(1));
        assert_eq!(mended.shut_until, lane.shut_until);
        let lane = Lane::after_success(at(10));
        assert!(!lane.is_shut(at(10)) && lane.is_known(at(10)) && lane.failed == 0);
        assert!(!lane.is_known(at(KNOWN_DAYS * 86_400 + 10)));
    }

    #[test]
    fn five_minutes_are_fresh() {
        assert!(is_fresh(Some(at(0)), at(300)) && !is_fresh(Some(at(0)), at(301)) && !is_fresh(None, at(0)));
    }
}
