//! Programmes: a study or a service with its own people, sites and rules.

use std::str::FromStr as _;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// What a programme is for.
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ProgrammeKind {
    /// Care as it is given every day.
    Service,
    /// Research with a protocol.
    Trial,
}

/// Whether this is a name of the IANA time zone database, such as `Europe/London`.
#[must_use]
pub fn is_timezone(name: &str) -> bool {
    Tz::from_str(name).is_ok()
}

/// Whether this can be the code of a programme or a site: 2 to 32 capital letters, digits and inner hyphens. Codes are
/// spoken on the telephone and stand in file names.
#[must_use]
pub fn is_code(code: &str) -> bool {
    let inner = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
    (2..=32).contains(&code.len())
        && code.chars().all(inner)
        && !code.starts_with('-')
        && !code.ends_with('-')
}

/// Whether this names a jurisdiction as in ISO 3166: `GB`, or a part of a country such as `GB-ENG`.
#[must_use]
pub fn is_jurisdiction(code: &str) -> bool {
    let (country, part) = code.split_once('-').map_or((code, None), |(country, part)| (country, Some(part)));
    let country = country.len() == 2 && country.chars().all(|c| c.is_ascii_uppercase());
    let within = |part: &str| {
        (1..=3).contains(&part.len()) && part.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    country && part.is_none_or(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timezone_is_a_known_name() {
        assert!(is_timezone("Europe/London"));
        for wrong in ["", "London", "Europe/Atlantis", "+01:00", "europe/london "] {
            assert!(!is_timezone(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_code_can_be_spoken_and_filed() {
        for right in ["AB", "ICARE-2", "S1"] {
            assert!(is_code(right), "{right}");
        }
        for wrong in ["", "A", "ab", "A B", "-A", "A-", "ÄB", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456"] {
            assert!(!is_code(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_jurisdiction_is_a_country_or_a_part_of_one() {
        for right in ["GB", "GB-ENG", "CA-ON", "FR-75"] {
            assert!(is_jurisdiction(right), "{right}");
        }
        for wrong in ["", "gb", "GBR", "GB-", "GB-ENGL", "GB-eng", "GB-ENG-1"] {
            assert!(!is_jurisdiction(wrong), "{wrong}");
        }
    }
}
