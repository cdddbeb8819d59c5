//! The clock of a request: one calendar month, by the rule of the United Kingdom.
//!
//! The month ends on the same day of the next one, or on its last day where it has no such day; a day on which nobody
//! works is put off to the next on which they do (Information Commissioner's Office, "Right of access"). While the
//! person is asked who he is or what he wants, the clock stands, and what it stood is added.

use chrono::{Days, Months, NaiveDate};

use crate::working_day::{self, Region};

/// Months there are to answer, and with an extension.
const MONTHS: u32 = 1;
const EXTENDED: u32 = 3;

/// What the last day hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    pub received_on: NaiveDate,
    /// For how many days it stood.
    pub paused_days: u32,
    pub extended: bool,
    pub region: Region,
}

impl Clock {
    /// The last day on which the answer is in time.
    #[must_use]
    pub fn due_on(&self) -> NaiveDate {
        let months = Months::new(if self.extended { EXTENDED } else { MONTHS });
        let stood = Days::new(u64::from(self.paused_days));
        let last = self.received_on.checked_add_months(months).and_then(|day| day.checked_add_days(stood));
        working_day::on_or_after(last.unwrap_or(NaiveDate::MAX), self.region)
    }

    /// Whether more time can still be taken: he must be told within the first month, and once only.
    #[must_use]
    pub fn may_be_extended(&self, today: NaiveDate) -> bool {
        !self.extended && today <= self.due_on()
    }
}

/// How long the clock stood, from the day it was stopped to the day the answer came.
#[must_use]
pub fn days_between(stopped: NaiveDate, resumed: NaiveDate) -> u32 {
    u32::try_from((resumed - stopped).num_days()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn clock(received: &str) -> Clock {
        let region = Region::EnglandAndWales;
        Clock { received_on: day(received), paused_days: 0, extended: false, region }
    }

    fn due(received: &str) -> String {
        clock(received).due_on().to_string()
    }

    #[test]
    fn a_month_ends_on_the_same_day_or_on_the_last_there_is() {
        assert_eq!(due("2026-09-03"), "2026-10-05", "the third is a Saturday");
        assert_eq!(due("2026-10-12"), "2026-11-12");
        assert_eq!(due("2026-03-31"), "2026-04-30");
        assert_eq!(due("2027-01-31"), "2027-03-01", "the last of February is a Sunday");
        assert_eq!(due("2028-01-31"), "2028-02-29");
    }

    #[test]
    fn a_weekend_or_a_holiday_puts_it_off() {
        assert_eq!(due("2026-11-25"), "2026-12-29");
        assert_eq!(due("2026-12-01"), "2027-01-04", "New Year's Day is a Friday");
        assert_eq!(due("2026-03-06"), "2026-04-07", "Easter Monday");
        let scottish = Clock { region: Region::Scotland, ..clock("2026-03-06") };
        assert_eq!(scottish.due_on().to_string(), "2026-04-06");
    }

    #[test]
    fn an_extension_is_two_months_more_and_told_in_the_first() {
        let first = clock("2026-11-10");
        assert_eq!(first.due_on().to_string(), "2026-12-10");
        assert!(first.may_be_extended(day("2026-12-10")) && !first.may_be_extended(day("2026-12-11")));
        let extended = Clock { extended: true, ..first };
        assert_eq!(extended.due_on().to_string(), "2027-02-10");
        assert!(!extended.may_be_extended(day("2026-11-11")));
    }

    #[test]
    fn what_the_clock_stood_is_added() {
        let stood = days_between(day("2026-11-12"), day("2026-11-19"));
        assert_eq!(stood, 7);
        let paused = Clock { paused_days: stood, ..clock("2026-11-10") };
        assert_eq!(paused.due_on().to_string(), "2026-12-17");
        assert_eq!(days_between(day("2026-11-19"), day("2026-11-12")), 0);
    }

    proptest! {
        #[test]
        fn the_last_day_is_a_working_day_a_month_or_more_away(from in 0_u64..20_000, paused in 0_u32..60) {
            let received_on = day("2000-01-01").checked_add_days(Days::new(from)).unwrap();
            let clock = Clock { received_on, paused_days: paused, ..clock("2000-01-01") };
            let days = (clock.due_on() - received_on).num_days() - i64::from(paused);
            prop_assert!((28..=37).contains(&days), "{days}");
            prop_assert!(working_day::is_working_day(clock.due_on(), clock.region));
        }
    }
}
