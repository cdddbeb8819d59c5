//! Working days: neither a weekend nor a public holiday, by the rules of the parts of the United Kingdom.
//!
//! The rules are those of the calendar. A holiday that is proclaimed for one year alone is not among them: a time limit
//! that falls on one is met the day before.

use chrono::{Datelike as _, Days, NaiveDate, Weekday};
use chrono_tz::Tz;

use crate::clock::Timestamp;

/// Whose holidays count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    EnglandAndWales,
    Scotland,
    NorthernIreland,
    /// Elsewhere only weekends are known.
    Elsewhere,
}

impl Region {
    /// Of a jurisdiction as in ISO 3166.
    #[must_use]
    pub fn of(jurisdiction: &str) -> Self {
        match jurisdiction {
            "GB-SCT" => Self::Scotland,
            "GB-NIR" => Self::NorthernIreland,
            code if code == "GB" || code.starts_with("GB-") => Self::EnglandAndWales,
            _ => Self::Elsewhere,
        }
    }
}

/// The day it is where the programme is.
#[must_use]
pub fn local_day(at: Timestamp, timezone: &str) -> NaiveDate {
    // Programmes are made with known names alone.
    at.with_timezone(&timezone.parse().unwrap_or(Tz::UTC)).date_naive()
}

/// This day, or the next on which people work.
#[must_use]
pub fn on_or_after(day: NaiveDate, region: Region) -> NaiveDate {
    // No run of holidays is longer than a fortnight.
    day.iter_days().take(14).find(|day| is_working_day(*day, region)).unwrap_or(day)
}

/// Whether people work on it.
#[must_use]
pub fn is_working_day(day: NaiveDate, region: Region) -> bool {
    !is_weekend(day) && !is_holiday(day, region)
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

fn is_holiday(day: NaiveDate, region: Region) -> bool {
    let from_easter = |days: i64| easter(day.year()).is_some_and(|easter| (day - easter).num_days() == days);
    let (good_friday, easter_monday) = (from_easter(-2), from_easter(1));
    let first_monday = |month| day.month() == month && day.weekday() == Weekday::Mon && day.day() <= 7;
    let last_monday = |month| day.month() == month && day.weekday() == Weekday::Mon && day.day() > 24;
    let may = first_monday(5) || last_monday(5);
    // Where one of two days in a row falls on a weekend, the third or the fourth takes its place.
    let christmas = is_fixed(day, 12, 25, 2) || is_fixed(day, 12, 26, 2);
    let shared = good_friday || may || christmas;
    match region {
        Region::Elsewhere => false,
        Region::EnglandAndWales => shared || easter_monday || last_monday(8) || is_fixed(day, 1, 1, 1),
        Region::Scotland => {
            let new_year = is_fixed(day, 1, 1, 2) || is_fixed(day, 1, 2, 2);
            shared || first_monday(8) || new_year || is_fixed(day, 11, 30, 1)
        }
        Region::NorthernIreland => {
            let own = is_fixed(day, 3, 17, 1) || is_fixed(day, 7, 12, 1);
            shared || easter_monday || last_monday(8) || is_fixed(day, 1, 1, 1) || own
        }
    }
}

/// Whether this is the holiday of that date, or what is given for it where it falls on a weekend: two days later in a
/// pair of holidays, or else the Monday after.
fn is_fixed(day: NaiveDate, month: u32, of_month: u32, pair: u64) -> bool {
    let Some(date) = NaiveDate::from_ymd_opt(day.year(), month, of_month) else { return false };
    let given = match (date.weekday(), pair) {
        (Weekday::Sat | Weekday::Sun, 2) => date.checked_add_days(Days::new(2)),
        (Weekday::Sat, _) => date.checked_add_days(Days::new(2)),
        (Weekday::Sun, _) => date.checked_add_days(Days::new(1)),
        _ => Some(date),
    };
    given == Some(day)
}

/// Easter Sunday of the Gregorian calendar (the anonymous algorithm, as Meeus has it).
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let (month, day) = ((h + l - 7 * m + 114) / 31, (h + l - 7 * m + 114) % 31 + 1);
    NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// The weekdays of a year on which nobody works.
    fn holidays(year: i32, region: Region) -> Vec<String> {
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let days = first.iter_days().take_while(|day| day.year() == year);
        days.filter(|day| !is_weekend(*day) && is_holiday(*day, region)).map(|day| day.to_string()).collect()
    }

    #[test]
    fn the_holidays_are_those_that_were_announced() {
        assert_eq!(
            holidays(2026, Region::EnglandAndWales),
            [
                "2026-01-01",
                "2026-04-03",
                "2026-04-06",
                "2026-05-04",
                "2026-05-25",
                "2026-08-31",
                "2026-12-25",
                "2026-12-28"
            ]
        );
        let ends = |year| holidays(year, Region::EnglandAndWales).split_off(6);
        assert_eq!(ends(2027), ["2027-12-27", "2027-12-28"]);
        assert_eq!(ends(2022), ["2022-12-26", "2022-12-27"]);
        assert_eq!(holidays(2022, Region::EnglandAndWales)[0], "2022-01-03");
        assert_eq!(holidays(2022, Region::Scotland)[..2], ["2022-01-03", "2022-01-04"]);
        assert_eq!(holidays(2023, Region::Scotland)[..2], ["2023-01-02", "2023-01-03"]);
        assert!(holidays(2025, Region::Scotland).contains(&"2025-12-01".to_owned()));
        assert!(!holidays(2026, Region::Scotland).contains(&"2026-04-06".to_owned()));
        assert!(holidays(2026, Region::NorthernIreland).contains(&"2026-07-13".to_owned()));
        assert!(holidays(2026, Region::Elsewhere).is_empty());
    }

    #[test]
    fn the_day_is_that_of_the_place() {
        let late = "2026-07-01T23:30:00Z".parse().unwrap();
        assert_eq!(local_day(late, "Europe/London").to_string(), "2026-07-02");
        assert_eq!(local_day(late, "Etc/UTC").to_string(), "2026-07-01");
    }

    #[test]
    fn the_next_working_day_is_past_weekend_and_holiday() {
        let next = |text| on_or_after(day(text), Region::of("GB-ENG")).to_string();
        assert_eq!(next("2026-12-24"), "2026-12-24");
        assert_eq!(next("2026-12-25"), "2026-12-29");
        assert_eq!(next("2026-04-03"), "2026-04-07");
        assert_eq!(on_or_after(day("2026-04-06"), Region::of("GB-SCT")).to_string(), "2026-04-06");
        assert_eq!(on_or_after(day("2026-12-25"), Region::of("IE")).to_string(), "2026-12-25");
        assert_eq!(on_or_after(day("2026-12-26"), Region::of("IE")).to_string(), "2026-12-28");
    }
}
