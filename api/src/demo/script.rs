//! What was said when the assessments of the demonstration were filled in. All of it is invented.

use alongside_domain::policy::Role;
use alongside_domain::provenance::{KeyedBy, Level};

/// A question with its answer.
pub enum Line {
    /// One code of the list, or several.
    Choice(&'static str, &'static [&'static str]),
    Number(&'static str, i32),
    Words(&'static str, &'static str),
    /// No such concern, by its code.
    No(&'static str),
    Yes(&'static str, Trouble),
}

/// What is said of a concern that is there.
pub struct Trouble {
    pub bother: i32,
    pub since: &'static str,
    pub help: &'static str,
    pub words: Option<&'static str>,
}

/// A stretch in which the help did not change.
pub struct Stretch {
    pub level: Level,
    pub keyed_by: KeyedBy,
    pub handed_over: bool,
    pub lines: &'static [Line],
}

/// One assessment, filled in at one sitting.
pub struct Script {
    /// Which of the participants.
    pub participant: usize,
    /// Whose account helped.
    pub helper: &'static str,
    pub role: Role,
    /// The end of the address of the instrument.
    pub instrument: &'static str,
    pub time_point: &'static str,
    /// How many days after the demonstration was set up.
    pub day: i64,
    pub stretches: &'static [Stretch],
    pub submitted: bool,
}

const fn yes(code: &'static str, bother: i32, since: &'static str, help: &'static str) -> Line {
    Line::Yes(code, Trouble { bother, since, help, words: None })
}

const fn said(
    code: &'static str,
    bother: i32,
    since: &'static str,
    help: &'static str,
    words: &'static str,
) -> Line {
    Line::Yes(code, Trouble { bother, since, help, words: Some(words) })
}

const fn technical(lines: &'static [Line]) -> Stretch {
    Stretch { level: Level::A2, keyed_by: KeyedBy::Participant, handed_over: false, lines }
}

const fn scribed(lines: &'static [Line]) -> Stretch {
    Stretch { level: Level::A4, keyed_by: KeyedBy::Supporter, handed_over: false, lines }
}

/// The supporter looks away while the participant answers.
const fn private(lines: &'static [Line]) -> Stretch {
    Stretch { level: Level::A2, keyed_by: KeyedBy::Participant, handed_over: true, lines }
}

const fn of_supporter(
    participant: usize,
    time_point: &'static str,
    day: i64,
    stretches: &'static [Stretch],
    submitted: bool,
) -> Script {
    Script {
        participant,
        helper: "supporter_a",
        role: Role::Supporter,
        instrument: "/prostate-hna",
        time_point,
        day,
        stretches,
        submitted,
    }
}

/// Which of the scripts the instructions for the first steps name: handed in, with one before it to compare with.
pub const TO_READ: usize = 1;
/// And the one that somebody may go on with.
pub const TO_GO_ON_WITH: usize = 2;

pub const SCRIPTS: [Script; 4] = [
    of_supporter(0, "T0", 12, &FIRST, true),
    of_supporter(0, "T1", 103, &SECOND, true),
    of_supporter(1, "T0", 104, &BEGUN, false),
    Script {
        participant: 2,
        helper: "clinician",
        role: Role::Clinician,
        instrument: "/phq-9",
        time_point: "T0",
        day: 105,
        stretches: &MOOD,
        submitted: true,
    },
];

const FIRST: [Stretch; 3] = [
    technical(&[
        Line::Choice("ABOUT.treatment", &["surgery"]),
        Line::Choice("ABOUT.spread", &["no"]),
        Line::Choice("ABOUT.work", &["no"]),
        Line::Choice("ABOUT.partner", &["yes"]),
        Line::Choice("ABOUT.children", &["yes"]),
        Line::Choice("ABOUT.caring", &["no"]),
        Line::Choice("ABOUT.pads", &["pads"]),
        said("URI.leakage", 7, "ongoing", "practical", "I plan every outing around toilets. (Invented.)"),
        Line::No("URI.urgency"),
        yes("URI.night_time", 5, "ongoing", "information"),
        Line::No("URI.pain"),
        Line::No("BOW.urgency"),
    ]),
    scribed(&[
        yes("GEN.fatigue", 6, "ongoing", "information"),
        yes("GEN.sleep", 4, "ongoing", "none"),
        said("EMO.worry", 4, "new", "talk", "Mostly in the week before a blood test. (Invented.)"),
        Line::No("EMO.low_mood"),
        Line::No("EMO.recurrence"),
        Line::Number("EMO.distress", 4),
        yes("DAY.getting_out", 3, "ongoing", "none"),
    ]),
    private(&[
        said("SEX.erections", 8, "ongoing", "talk", "We have not spoken about it. (Invented.)"),
        Line::No("EMO.not_wanting_to_live"),
        Line::No("MON.bills"),
        Line::No("SAF.safe_at_home"),
        Line::Choice("PRI.top", &["URI.leakage", "SEX.erections", "GEN.fatigue"]),
        Line::Words("PRI.say", "Thank you for taking the time. (Invented.)"),
    ]),
];

/// Since the first time: leaking is better, worry is worse, the fear of its coming back is new, and the nights are well.
const SECOND: [Stretch; 3] = [
    technical(&[
        Line::Choice("ABOUT.treatment", &["surgery"]),
        Line::Choice("ABOUT.spread", &["no"]),
        Line::Choice("ABOUT.work", &["no"]),
        Line::Choice("ABOUT.partner", &["yes"]),
        Line::Choice("ABOUT.children", &["yes"]),
        Line::Choice("ABOUT.caring", &["no"]),
        Line::Choice("ABOUT.pads", &["pads"]),
        said("URI.leakage", 3, "ongoing", "none", "The exercises have helped. (Invented.)"),
        Line::No("URI.urgency"),
        Line::No("URI.night_time"),
        Line::No("URI.pain"),
        Line::No("BOW.urgency"),
    ]),
    scribed(&[
        yes("GEN.fatigue", 5, "ongoing", "information"),
        yes("GEN.sleep", 4, "ongoing", "none"),
        said("EMO.worry", 8, "worse", "talk", "I lie awake and go over it again. (Invented.)"),
        Line::No("EMO.low_mood"),
        yes("EMO.recurrence", 6, "new", "talk"),
        Line::Number("EMO.distress", 6),
        yes("DAY.getting_out", 3, "ongoing", "none"),
    ]),
    private(&[
        said("SEX.erections", 7, "ongoing", "talk", "We would both come to a talk now. (Invented.)"),
        Line::No("EMO.not_wanting_to_live"),
        Line::No("MON.bills"),
        Line::No("SAF.safe_at_home"),
        Line::Choice("PRI.top", &["EMO.worry", "EMO.recurrence", "SEX.erections"]),
    ]),
];

const BEGUN: [Stretch; 1] = [technical(&[
    Line::Choice("ABOUT.treatment", &["ebrt", "adt"]),
    Line::Choice("ABOUT.work", &["no"]),
    Line::Choice("ABOUT.partner", &["no"]),
    Line::No("URI.leakage"),
    yes("URI.urgency", 4, "new", "information"),
])];

const MOOD: [Stretch; 1] = [Stretch {
    level: Level::A4,
    keyed_by: KeyedBy::Clinician,
    handed_over: false,
    lines: &[
        Line::Choice("1", &["LA6569-3"]),
        Line::Choice("2", &["LA6569-3"]),
        Line::Choice("3", &["LA6570-1"]),
        Line::Choice("4", &["LA6570-1"]),
        Line::Choice("5", &["LA6568-5"]),
        Line::Choice("6", &["LA6568-5"]),
        Line::Choice("7", &["LA6569-3"]),
        Line::Choice("8", &["LA6568-5"]),
        Line::Choice("9", &["LA6568-5"]),
        Line::Choice("10", &["LA6573-5"]),
    ],
}];

/// What supporter_b reports.
pub const REPORT_SEEN: &str = "Invented for the demonstration: the kitchen was empty, and a neighbour who holds his \
                               bank card answered every question for him.";
pub const REPORT_WORDS: &str = "Invented for the demonstration: \"I do not like to ask for it back.\"";
/// About which of the participants: one whom supporter_b helps.
pub const REPORT_ABOUT: usize = 5;
pub const REPORT_DAY: i64 = 106;
