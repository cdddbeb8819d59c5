//! Where the people of a demonstration can turn to nearby. Every place is invented; the numbers are kept for drama.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{SignpostId, kind};
use alongside_store::signpost::Signpost;
use alongside_store::site::Site;
use alongside_store::types::{At, Document, Key};
use anyhow::Context as _;
use chrono::NaiveDate;

use super::draw::Draw;

/// One invented place.
struct Place {
    title: &'static str,
    description: &'static str,
    phone: &'static str,
    opening: &'static str,
    area: Option<&'static str>,
    languages: &'static [&'static str],
    codes: &'static [&'static str],
    /// For the people of the first site alone.
    first_site: bool,
    /// Year, month and day of the next check.
    check: (i32, u32, u32),
}

const PLACES: [Place; 5] = [
    Place {
        title: "Exampleshire continence clinic (synthetic)",
        description: "A nurse who knows about leaks after treatment. You can ring yourself.",
        phone: "01632 960121",
        opening: "Mondays and Thursdays, 9 to 12",
        area: Some("Exampleshire"),
        languages: &["en-GB"],
        codes: &["URI", "BOW"],
        first_site: false,
        check: (2030, 6, 30),
    },
    Place {
        title: "Meadow Lane walking group (synthetic)",
        description: "An easy walk of half an hour, with a toilet on the way. Come when you like.",
        phone: "01632 960122",
        opening: "Tuesdays, 10:30",
        area: Some("Exampleshire"),
        languages: &["en-GB"],
        codes: &["GEN.fatigue", "EMO.loneliness", "DAY"],
        first_site: true,
        check: (2030, 3, 31),
    },
    Place {
        title: "Exampleshire money advice (synthetic)",
        description: "Free help with bills and benefits. They can come to your home.",
        phone: "01632 960123",
        opening: "Monday to Friday, 9 to 5",
        area: Some("Exampleshire"),
        languages: &["en-GB", "pl"],
        codes: &["MON", "WRK"],
        first_site: false,
        check: (2030, 6, 30),
    },
    Place {
        title: "Clust i wrando (synthetic)",
        description: "Somebody to talk to, in Welsh, on the telephone.",
        phone: "01632 960124",
        opening: "Every day, 9 to 9",
        area: None,
        languages: &["cy"],
        codes: &["EMO", "FAM"],
        first_site: false,
        check: (2030, 6, 30),
    },
    // Left unchecked, so that there is something to check.
    Place {
        title: "Harbour Road lift scheme (synthetic)",
        description: "Volunteers drive you to the hospital and back.",
        phone: "01632 960125",
        opening: "Ring two days before",
        area: Some("Exampleshire"),
        languages: &[],
        codes: &["DAY.travel", "MON.travel_cost"],
        first_site: false,
        check: (2025, 8, 1),
    },
];

/// The signposts of a demonstration, kept by its coordinator.
///
/// # Errors
/// When a day of a check is none.
pub fn signposts(
    draw: &mut Draw,
    programme: Key<kind::Programme>,
    sites: &[Site; 2],
    owner: Key<kind::Person>,
    now: Timestamp,
) -> anyhow::Result<Vec<Signpost>> {
    let all = |words: &[&str]| Document(words.iter().map(|word| (*word).to_owned()).collect());
    let [first, _] = sites;
    PLACES
        .iter()
        .map(|place| {
            let (year, month, day) = place.check;
            let review_due =
                NaiveDate::from_ymd_opt(year, month, day).context("a check has no day on the calendar")?;
            Ok(Signpost {
                id: Key(SignpostId::new(draw.id())),
                programme_id: programme,
                site_id: place.first_site.then_some(first.id),
                area: place.area.map(str::to_owned),
                title: place.title.to_owned(),
                description: place.description.to_owned(),
                phone: Some(place.phone.to_owned()),
                url: None,
                address: None,
                opening: Some(place.opening.to_owned()),
                leaflet: None,
                languages: all(place.languages),
                concern_codes: all(place.codes),
                owner_id: owner,
                review_due,
                reviewed_at: None,
                reviewed_by: None,
                retired_at: None,
                created_at: At(now),
                updated_at: At(now),
                version: 1,
            })
        })
        .collect()
}
