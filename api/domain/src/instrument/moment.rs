//! FHIR dates, date-times and times as text: whether they are well formed, and which comes first.
//!
//! FHIR allows a date to be known only to the year or the month. The text is kept as it was given, because
//! `2019-05` is a different statement from `2019-05-01`; two dates that differ only in how precisely they
//! are known cannot be put in order.

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, NaiveTime};

/// Year, month and day as far as they were given.
type Calendar = (i32, Option<u32>, Option<u32>);

/// Whether `text` is a FHIR `date`: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, and a day that exists.
pub(super) fn is_date(text: &str) -> bool {
    calendar(text).is_some()
}

/// Whether `text` is a FHIR `dateTime`: a date, or a full date with time and zone.
pub(super) fn is_date_time(text: &str) -> bool {
    is_date(text) || instant(text).is_some()
}

/// Whether `text` is a FHIR `time`: `hh:mm:ss` with optional fractions, no zone.
pub(super) fn is_time(text: &str) -> bool {
    clock(text).is_some()
}

/// The order of two times of day.
pub(super) fn compare_times(left: &str, right: &str) -> Option<Ordering> {
    Some(clock(left)?.cmp(&clock(right)?))
}

/// The order of two dates or date-times; none when their precision does not decide it.
pub(super) fn compare_dates(left: &str, right: &str) -> Option<Ordering> {
    if let (Some(left), Some(right)) = (instant(left), instant(right)) {
        return Some(left.cmp(&right));
    }
    let (left, left_has_time) = dated(left)?;
    let (right, right_has_time) = dated(right)?;
    let by_day = compare_calendars(left, right)?;
    // The same day, but only one of them says when on that day.
    if by_day == Ordering::Equal && left_has_time != right_has_time {
        return None;
    }
    Some(by_day)
}

fn compare_calendars(left: Calendar, right: Calendar) -> Option<Ordering> {
    let by_year = left.0.cmp(&right.0);
    if by_year != Ordering::Equal {
        return Some(by_year);
    }
    let by_month = match (left.1, right.1) {
        (None, None) => return Some(Ordering::Equal),
        (Some(left), Some(right)) => left.cmp(&right),
        _ => return None,
    };
    if by_month != Ordering::Equal {
        return Some(by_month);
    }
    match (left.2, right.2) {
        (None, None) => Some(Ordering::Equal),
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => None,
    }
}

/// The calendar part, and whether a time of day follows it.
fn dated(text: &str) -> Option<(Calendar, bool)> {
    if let Some(date) = calendar(text) {
        return Some((date, false));
    }
    instant(text)?;
    Some((calendar(text.get(..10)?)?, true))
}

fn calendar(text: &str) -> Option<Calendar> {
    let mut parts = text.split('-');
    let year = i32::try_from(number(parts.next()?, 4)?).ok()?;
    let month = parts.next().map(|part| number(part, 2).filter(|m| (1..=12).contains(m)));
    let day = parts.next().map(|part| number(part, 2));
    if parts.next().is_some() || year == 0 {
        return None;
    }
    match (month, day) {
        (None, _) => Some((year, None, None)),
        (Some(month), None) => Some((year, Some(month?), None)),
        (Some(month), Some(day)) => {
            NaiveDate::from_ymd_opt(year, month?, day?)?;
            Some((year, month, day))
        }
    }
}

fn instant(text: &str) -> Option<DateTime<chrono::FixedOffset>> {
    // chrono also reads a space or a small t here; FHIR does not.
    if text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    DateTime::parse_from_rfc3339(text).ok().filter(|_| text.get(..10).is_some_and(is_date))
}

fn clock(text: &str) -> Option<NaiveTime> {
    let (seconds, fraction) = text.split_once('.').map_or((text, None), |(s, f)| (s, Some(f)));
    let mut parts = seconds.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let nanos = match fraction {
        None => 0,
        Some(digits) if (1..=9).contains(&digits.len()) => number(&format!("{digits:0<9}"), 9)?,
        Some(_) => return None,
    };
    NaiveTime::from_hms_nano_opt(number(hour, 2)?, number(minute, 2)?, number(second, 2)?, nanos)
}

/// Exactly `width` ASCII digits.
fn number(text: &str, width: usize) -> Option<u32> {
    let well_formed = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    if well_formed { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_dates_are_dates() {
        for good in ["2019", "2019-05", "2019-05-31", "2020-02-29"] {
            assert!(is_date(good) && is_date_time(good), "{good}");
        }
        for bad in ["", "19", "2019-5", "2019-13", "2019-02-29", "2019-05-31T", "0000", "+2019", "2019-05-3x"]
        {
            assert!(!is_date(bad), "{bad}");
        }
    }

    #[test]
    fn a_date_with_time_needs_its_zone() {
        assert!(is_date_time("2019-05-31T09:30:00Z"));
        assert!(is_date_time("2019-05-31T09:30:00.125+01:00"));
        for bad in
            ["2019-05-31T09:30:00", "2019-05-31 09:30:00Z", "2019-05T09:30:00Z", "2019-05-31T25:00:00Z"]
        {
            assert!(!is_date_time(bad), "{bad}");
        }
    }

    #[test]
    fn times_have_no_zone() {
        assert!(is_time("09:30:00") && is_time("23:59:59.5"));
        for bad in ["9:30:00", "09:30", "24:00:00", "09:30:00Z", "09:30:00."] {
            assert!(!is_time(bad), "{bad}");
        }
    }

    #[test]
    fn order_needs_shared_precision() {
        assert_eq!(compare_dates("2019", "2020-01-01"), Some(Ordering::Less));
        assert_eq!(compare_dates("2019", "2019-06"), None);
        assert_eq!(compare_dates("2019-06", "2019-05-31"), Some(Ordering::Greater));
        assert_eq!(compare_dates("2019-05-31", "2019-05-31T09:30:00Z"), None);
        assert_eq!(compare_dates("2019-05-31T10:30:00+01:00", "2019-05-31T09:30:00Z"), Some(Ordering::Equal));
        assert_eq!(compare_times("09:30:00", "09:30:00.0"), Some(Ordering::Equal));
    }
}
