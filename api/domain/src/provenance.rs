//! Who judged, who pressed the keys, how much help there was and who was in the room: kept for every answer, and
//! summed up for every assessment.
//!
//! What nobody recorded is `unknown`, and stays visible as such. It is never taken for independent work.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::choice::Choice;
use crate::policy::Role;

/// How much help there was with an answer.
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
#[cfg_attr(feature = "schema", schema(as = AssistanceLevel))]
pub enum Level {
    /// Nobody recorded it. Not for a segment: whoever opens one knows.
    #[serde(rename = "unknown")]
    #[strum(serialize = "unknown")]
    Unknown,
    /// Independent.
    A0,
    /// The helper set up the device and went away.
    A1,
    /// Technical prompts while the participant answers.
    A2,
    /// The questions are read aloud; the participant presses the keys.
    A3,
    /// Scribed: the participant says it, the helper presses the keys and reads it back.
    A4,
    /// The meaning was explained, paraphrased or interpreted.
    A5,
}

impl Level {
    /// Whether a helper at this level sees questions and answers.
    #[must_use]
    pub fn sees_answers(self) -> bool {
        self >= Self::A3
    }

    /// Whether this level can be said of a segment by `role`. Only the participant himself can say that he works
    /// alone, and nobody can say that it is not known.
    #[must_use]
    pub fn may_be_chosen_by(self, role: Role) -> bool {
        match self {
            Self::Unknown => false,
            Self::A0 => role == Role::Participant,
            _ => true,
        }
    }

    fn words(self, helper: &str) -> String {
        match self {
            Self::Unknown => "Help not recorded".to_owned(),
            Self::A0 => "Done alone (A0)".to_owned(),
            Self::A1 => format!("Set up by {helper} (A1)"),
            Self::A2 => format!("Technical help by {helper} (A2)"),
            Self::A3 => format!("Read aloud by {helper} (A3)"),
            Self::A4 => format!("Scribed by {helper} (A4)"),
            Self::A5 => format!("Explained by {helper} (A5)"),
        }
    }
}

/// Whose judgement an answer is.
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
pub enum AnsweredBy {
    Participant,
    /// Somebody answered as if he were the participant. Never a supporter.
    Proxy,
    /// Somebody said what he observes.
    Observer,
    Unknown,
}

/// Who pressed the keys.
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
pub enum KeyedBy {
    Participant,
    Supporter,
    FamilyFriend,
    Researcher,
    Clinician,
    /// Typed in from paper.
    Clerk,
    /// Nobody recorded it. Not for a segment.
    Unknown,
}

impl KeyedBy {
    /// Who presses the keys when somebody of the staff types a correction.
    #[must_use]
    pub fn of_staff(role: Role) -> Self {
        match role {
            Role::Clinician => Self::Clinician,
            Role::Researcher => Self::Researcher,
            Role::DataManager => Self::Clerk,
            _ => Self::Unknown,
        }
    }
}

/// Who else was in the room, or on the line.
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
pub enum OthersPresent {
    Partner,
    Family,
    Carer,
    Friend,
    Professional,
    Other,
    /// Nobody besides the helper. Said, not assumed.
    Nobody,
}

impl OthersPresent {
    /// Whether questions about safety at home must wait while this person is present.
    #[must_use]
    pub fn may_be_the_danger(self) -> bool {
        matches!(self, Self::Partner | Self::Family | Self::Carer)
    }
}

/// Whether partner, family or carer is among those present.
#[must_use]
pub fn family_present(present: &[OthersPresent]) -> bool {
    present.iter().any(|person| person.may_be_the_danger())
}

/// Why a list of who was present is not acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Presence {
    #[error("Say who is present; if there is no one else, say nobody.")]
    Unsaid,
    #[error("Nobody and somebody cannot both be present.")]
    Contradiction,
    #[error("The same is given twice.")]
    Repeated,
}

/// Checks who was said to be present.
///
/// # Errors
/// What is wrong with it.
pub fn check_presence(present: &[OthersPresent]) -> Result<(), Presence> {
    let mut sorted = present.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.is_empty() {
        return Err(Presence::Unsaid);
    }
    if sorted.len() != present.len() {
        return Err(Presence::Repeated);
    }
    if sorted.len() > 1 && sorted.contains(&OthersPresent::Nobody) {
        return Err(Presence::Contradiction);
    }
    Ok(())
}

/// The three independent facts about one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Origin {
    pub answered_by: AnsweredBy,
    pub keyed_by: KeyedBy,
    pub level: Level,
}

impl Origin {
    /// Of an answer that was saved outside any segment: what nobody said is not known.
    #[must_use]
    pub fn outside_segment(answered_by: AnsweredBy) -> Self {
        Self { answered_by, keyed_by: KeyedBy::Unknown, level: Level::Unknown }
    }

    /// Of an answer that came from elsewhere, such as an imported response.
    #[must_use]
    pub fn unknown() -> Self {
        Self::outside_segment(AnsweredBy::Unknown)
    }
}

/// How many of the answers have one origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Share {
    /// A level, who pressed the keys, or whose judgement it was.
    #[cfg_attr(feature = "schema", schema(max_length = 32, example = "A4"))]
    pub code: String,
    /// How many answers.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 10_000_000))]
    pub items: u32,
    /// Of all answers, in percent, to one decimal place.
    pub percent: f64,
}

/// The provenance of a whole assessment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Provenance {
    /// How many questions have a record that counts now.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 10_000_000))]
    pub items: u32,
    /// The most help there was with any of them; `unknown` when it is known of none.
    pub max_level: Level,
    #[cfg_attr(feature = "schema", schema(max_items = 8))]
    pub levels: Vec<Share>,
    #[cfg_attr(feature = "schema", schema(max_items = 8))]
    pub keyed_by: Vec<Share>,
    #[cfg_attr(feature = "schema", schema(max_items = 8))]
    pub answered_by: Vec<Share>,
    /// Everybody who was present in any segment.
    #[cfg_attr(feature = "schema", schema(max_items = 7))]
    pub others_present: Vec<OthersPresent>,
    /// All of it in a line for people.
    #[cfg_attr(
        feature = "schema",
        schema(max_length = 512, example = "Scribed by a supporter (A4); partner present")
    )]
    pub banner: String,
}

impl Provenance {
    /// Sums up the origins of the current answers, with the helpers' roles and who was present in the segments.
    #[must_use]
    pub fn of(origins: &[Origin], helpers: &[Role], present: &[OthersPresent]) -> Self {
        let items = count(origins.len());
        let max_level = origins.iter().map(|origin| origin.level).max().unwrap_or(Level::Unknown);
        let mut others_present = present.to_vec();
        others_present.sort_unstable();
        others_present.dedup();
        if others_present.len() > 1 {
            others_present.retain(|person| *person != OthersPresent::Nobody);
        }
        let mut provenance = Self {
            items,
            max_level,
            levels: shares(items, origins.iter().map(|origin| origin.level)),
            keyed_by: shares(items, origins.iter().map(|origin| origin.keyed_by)),
            answered_by: shares(items, origins.iter().map(|origin| origin.answered_by)),
            others_present,
            banner: String::new(),
        };
        provenance.banner = provenance.banner(helpers);
        provenance
    }

    /// How many answers have a level that nobody recorded.
    #[must_use]
    pub fn unknown_items(&self) -> u32 {
        items_with(&self.levels, Level::Unknown.code())
    }

    fn banner(&self, helpers: &[Role]) -> String {
        if self.items == 0 {
            return "No answers yet".to_owned();
        }
        let mut parts = vec![self.max_level.words(&helper_words(helpers))];
        let present: Vec<&str> =
            self.others_present.iter().filter_map(|person| present_words(*person)).collect();
        if !present.is_empty() {
            parts.push(format!("{} present", listed(&present)));
        }
        for (code, words) in
            [(AnsweredBy::Proxy, "answered by somebody else"), (AnsweredBy::Observer, "observed")]
        {
            let items = items_with(&self.answered_by, code.code());
            if items > 0 {
                parts.push(format!("{items} of {} {words}", answers(self.items)));
            }
        }
        let unknown = self.unknown_items();
        if unknown > 0 && self.max_level != Level::Unknown {
            parts.push(format!("help not recorded for {unknown} of {}", answers(self.items)));
        }
        parts.join("; ")
    }
}

fn answers(items: u32) -> String {
    if items == 1 { "1 answer".to_owned() } else { format!("{items} answers") }
}

fn helper_words(helpers: &[Role]) -> String {
    let mut roles = helpers.to_vec();
    roles.sort_unstable();
    roles.dedup();
    let words: Vec<&str> = roles
        .iter()
        .filter_map(|role| match role {
            Role::Supporter => Some("a supporter"),
            Role::Researcher => Some("a researcher"),
            Role::Clinician => Some("a clinician"),
            // The participant's own account tells nothing about who helped.
            _ => None,
        })
        .collect();
    if words.is_empty() { "a helper".to_owned() } else { listed(&words) }
}

fn present_words(person: OthersPresent) -> Option<&'static str> {
    match person {
        OthersPresent::Partner => Some("partner"),
        OthersPresent::Family => Some("family"),
        OthersPresent::Carer => Some("carer"),
        OthersPresent::Friend => Some("friend"),
        OthersPresent::Professional => Some("professional"),
        OthersPresent::Other => Some("somebody else"),
        OthersPresent::Nobody => None,
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn shares<C: Choice + Ord>(items: u32, codes: impl Iterator<Item = C>) -> Vec<Share> {
    let mut counts: BTreeMap<C, u32> = BTreeMap::new();
    for code in codes {
        *counts.entry(code).or_default() += 1;
    }
    let percent = |n: u32| (f64::from(n) * 1000.0 / f64::from(items.max(1))).round() / 10.0;
    counts
        .into_iter()
        .map(|(code, items)| Share { code: code.code().to_owned(), items, percent: percent(items) })
        .collect()
}

fn items_with(shares: &[Share], code: &str) -> u32 {
    shares.iter().find(|share| share.code == code).map_or(0, |share| share.items)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(level: Level) -> Origin {
        Origin { answered_by: AnsweredBy::Participant, keyed_by: KeyedBy::Supporter, level }
    }

    fn banner(origins: &[Origin], present: &[OthersPresent]) -> String {
        Provenance::of(origins, &[Role::Supporter], present).banner
    }

    #[test]
    fn the_banner_says_the_most_help_and_who_was_there() {
        let present = [OthersPresent::Nobody, OthersPresent::Partner];
        assert_eq!(
            banner(&[origin(Level::A1), origin(Level::A4)], &present),
            "Scribed by a supporter (A4); partner present"
        );
        assert_eq!(
            banner(&[origin(Level::A2)], &[OthersPresent::Nobody]),
            "Technical help by a supporter (A2)"
        );
        assert_eq!(banner(&[], &[]), "No answers yet");
    }

    #[test]
    fn what_is_not_known_is_said_and_is_not_independence() {
        let unknown = Origin::outside_segment(AnsweredBy::Participant);
        let all = Provenance::of(&[unknown, unknown], &[], &[]);
        assert_eq!((all.max_level, all.banner.as_str()), (Level::Unknown, "Help not recorded"));
        assert_eq!(
            banner(&[origin(Level::A3), unknown], &[]),
            "Read aloud by a supporter (A3); help not recorded for 1 of 2 answers"
        );
        assert!(Level::Unknown < Level::A0);
    }

    #[test]
    fn another_persons_judgement_is_named() {
        let proxy = Origin { answered_by: AnsweredBy::Proxy, ..origin(Level::A4) };
        assert_eq!(
            banner(&[proxy], &[OthersPresent::Partner, OthersPresent::Family, OthersPresent::Friend]),
            "Scribed by a supporter (A4); partner, family and friend present; 1 of 1 answer answered by somebody else"
        );
    }

    #[test]
    fn shares_are_counted_by_code() {
        let all = Provenance::of(&[origin(Level::A1), origin(Level::A4), origin(Level::A4)], &[], &[]);
        let levels: Vec<_> = all.levels.iter().map(|s| (s.code.as_str(), s.items, s.percent)).collect();
        assert_eq!(levels, [("A1", 1, 33.3), ("A4", 2, 66.7)]);
    }

    #[test]
    fn who_is_present_is_said_and_not_contradicted() {
        use OthersPresent::{Nobody, Partner};
        assert_eq!(check_presence(&[Nobody]), Ok(()));
        assert_eq!(check_presence(&[]), Err(Presence::Unsaid));
        assert_eq!(check_presence(&[Nobody, Partner]), Err(Presence::Contradiction));
        assert_eq!(check_presence(&[Partner, Partner]), Err(Presence::Repeated));
        assert!(family_present(&[Partner]) && !family_present(&[OthersPresent::Friend]));
    }

    #[test]
    fn only_the_participant_says_that_he_works_alone() {
        assert!(Level::A0.may_be_chosen_by(Role::Participant));
        assert!(!Level::A0.may_be_chosen_by(Role::Supporter));
        assert!(!Level::Unknown.may_be_chosen_by(Role::Participant));
        assert_eq!(serde_json::to_value(Level::Unknown).unwrap(), "unknown");
        assert_eq!("A4".parse(), Ok(Level::A4));
    }
}
