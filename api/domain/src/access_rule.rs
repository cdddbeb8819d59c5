//! What counts as unusual in the use of records: a few plain rules over the audit log. What they find is a question for
//! the privacy officer, never a verdict: on-call work looks like this too.

use std::str::FromStr as _;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::audit::is_confidential;
use crate::clock::Timestamp;
use crate::policy::{Operation, Role};

/// So many different ids that were not there, within a day, look like guessing.
pub const UNKNOWN_IDS: i64 = 20;
/// The night begins at this hour, in the programme's time zone...
const NIGHT_FROM: u32 = 23;
/// ...and ends at this one.
const NIGHT_TO: u32 = 5;

/// One rule.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AccessRule {
    /// One person asked for twenty different records within a day that were not there for him.
    UnknownIds,
    /// A person asked for the record of somebody at a site that is not his, or searched there.
    OutsideArea,
    /// A person read records between 23:00 and 05:00, where the programme is.
    NightReads,
}

impl AccessRule {
    /// What it means, for the privacy officer.
    #[must_use]
    pub const fn in_plain_words(self) -> &'static str {
        match self {
            Self::UnknownIds => "Asked for twenty or more records within a day that were not there to see",
            Self::OutsideArea => "Asked for a record, or searched, outside their own sites",
            Self::NightReads => "Read records between 11 at night and 5 in the morning",
        }
    }

    /// The stretch of time within which a person is noticed once by this rule: the day of the event, where the
    /// programme is; for the night, from noon to noon.
    #[must_use]
    pub fn window(self, at: Timestamp, timezone: &str) -> Window {
        let zone = zone(timezone);
        let local = at.with_timezone(&zone).naive_local();
        let hour = match self {
            Self::NightReads => TimeDelta::hours(12),
            Self::UnknownIds | Self::OutsideArea => TimeDelta::zero(),
        };
        let day = (local - hour).date();
        let next = day.succ_opt().unwrap_or(day);
        let begin = |day: NaiveDate| moment(zone, day.and_time(NaiveTime::MIN) + hour);
        Window { from: begin(day), to: begin(next) }
    }
}

/// From one moment to before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub from: Timestamp,
    pub to: Timestamp,
}

/// When the clocks of a zone show this; where they skip it, an hour later.
fn moment(zone: Tz, local: NaiveDateTime) -> Timestamp {
    let shown = |local: NaiveDateTime| zone.from_local_datetime(&local).earliest();
    let found = shown(local).or_else(|| shown(local + TimeDelta::hours(1)));
    found.map_or_else(|| local.and_utc(), |found| found.to_utc())
}

/// Programmes are made with known names alone.
fn zone(timezone: &str) -> Tz {
    Tz::from_str(timezone).unwrap_or(Tz::UTC)
}

/// Whether it is night there.
#[must_use]
pub fn is_night(at: Timestamp, timezone: &str) -> bool {
    use chrono::Timelike as _;
    let hour = at.with_timezone(&zone(timezone)).hour();
    !(NIGHT_TO..NIGHT_FROM).contains(&hour)
}

/// Whether an event of this operation, under this role, is looked at by these rules at all: not what concerns flags, which
/// nobody should learn of by a notice, nor what a participant does with what is his own.
#[must_use]
pub fn is_watched(operation: Operation, role: Role) -> bool {
    !matches!(role, Role::Participant | Role::IntegrationClient) && !is_confidential(operation)
}

/// The scopes under which records are read.
const RECORDS: [&str; 8] = [
    "participants:read",
    "identity:read",
    "consents:read",
    "assignments:read",
    "assessments:read",
    "answers:read",
    "findings:read",
    "care_plans:read",
];

/// Whether the operation reads what is a participant's.
#[must_use]
pub fn reads_records(operation: Operation) -> bool {
    operation.rule().is_some_and(|rule| RECORDS.contains(&rule.scope))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_night_is_where_the_programme_is() {
        for (moment, night) in [
            ("2026-11-22T22:59:59Z", false),
            ("2026-11-22T23:00:00Z", true),
            ("2026-11-23T04:59:59Z", true),
            ("2026-11-23T05:00:00Z", false),
            // Summer time: an hour ahead of UTC.
            ("2026-07-01T22:00:00Z", true),
            ("2026-07-02T04:00:00Z", false),
        ] {
            assert_eq!(is_night(at(moment), "Europe/London"), night, "{moment}");
        }
        assert!(!is_night(at("2026-11-22T09:00:00Z"), "Pacific/Auckland"));
        assert!(is_night(at("2026-11-22T11:00:00Z"), "Pacific/Auckland"));
    }

    #[test]
    fn one_night_is_one_window_and_one_day_another() {
        let night = |moment| AccessRule::NightReads.window(at(moment), "Europe/London");
        assert_eq!(night("2026-11-22T23:30:00Z"), night("2026-11-23T03:30:00Z"));
        assert_ne!(night("2026-11-23T03:30:00Z"), night("2026-11-23T23:30:00Z"));
        let day = |moment| AccessRule::UnknownIds.window(at(moment), "Europe/London");
        assert_ne!(day("2026-11-22T23:30:00Z"), day("2026-11-23T03:30:00Z"));
        let summer = day("2026-07-01T12:00:00Z");
        assert_eq!((summer.from, summer.to), (at("2026-06-30T23:00:00Z"), at("2026-07-01T23:00:00Z")));
    }

    #[test]
    fn every_moment_is_in_its_own_window() {
        for hours in 0..24 * 400 {
            let moment = at("2026-01-01T00:30:00Z") + TimeDelta::hours(hours);
            for zone in ["Europe/London", "Pacific/Auckland", "Asia/Beirut", "UTC"] {
                for rule in [AccessRule::UnknownIds, AccessRule::NightReads] {
                    let window = rule.window(moment, zone);
                    assert!(window.from <= moment && moment < window.to, "{rule} {zone} {moment}");
                }
            }
        }
    }

    #[test]
    fn flags_and_ones_own_record_are_left_out() {
        assert!(is_watched(Operation::GetParticipant, Role::Supporter));
        assert!(!is_watched(Operation::GetFlag, Role::SafeguardingLead));
        assert!(!is_watched(Operation::GetParticipant, Role::Participant));
        assert!(reads_records(Operation::ListAnswers) && !reads_records(Operation::SaveAnswers));
        assert!(!reads_records(Operation::ListSites));
    }

    #[test]
    fn every_scope_that_is_watched_exists() {
        use strum::VariantArray as _;
        for scope in RECORDS {
            assert!(
                Operation::VARIANTS.iter().any(|one| one.rule().is_some_and(|rule| rule.scope == scope)),
                "{scope}"
            );
        }
    }
}
