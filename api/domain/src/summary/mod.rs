//! The summary of a submitted assessment: what a person takes to the consultation, and what the nurse reads first.
//!
//! [`Summary::of`] puts together what the answers say and how they came about. It is shown as JSON, as plain text
//! ([`to_text`]) and as one page for printing ([`to_html`]); all three say the same.

mod banner;
mod build;
mod clean;
mod concern_lines;
mod html;
mod html_parts;
#[cfg(test)]
mod tests;
mod text;
mod words;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::clock::Timestamp;
use crate::instrument::{
    Administration, AlertKind, Answers, BotherBand, ChangeKind, ConcernDuration, Definition, HelpWanted,
    InstrumentKind, Score, State,
};
use crate::provenance::Provenance;

pub use html::{STYLE, to_html};
pub(crate) use html_parts::Html;
pub(crate) use text::Page;
pub use text::{WIDTH, to_text};
pub(crate) use words::{SYNTHETIC, moment};

/// Whose assessment this is, and which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = SummaryHeader))]
pub struct Header {
    /// The pseudonym.
    #[cfg_attr(feature = "schema", schema(max_length = 16, example = "AS-7K3M-9QXT-U"))]
    pub study_id: String,
    /// The name, for those who may know it.
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub name: Option<String>,
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub site: String,
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub programme: String,
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "T0"))]
    pub time_point: String,
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub submitted_at: DateTime<Utc>,
    /// Where the clock on the wall stands: a name of the IANA time zone database.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "Europe/London"))]
    pub timezone: String,
    #[cfg_attr(feature = "schema", schema(max_length = 1000))]
    pub instrument_title: String,
    #[cfg_attr(feature = "schema", schema(max_length = 64))]
    pub instrument_version: Option<String>,
    /// The language of the questions.
    #[cfg_attr(feature = "schema", schema(max_length = 64))]
    pub language: Option<String>,
    /// Made up for demonstration: nobody is behind it.
    pub synthetic: bool,
}

/// A few plain sentences.
#[cfg(feature = "schema")]
fn sentences() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::ArrayBuilder::new()
        .items(
            utoipa::openapi::ObjectBuilder::new()
                .schema_type(utoipa::openapi::schema::Type::String)
                .max_length(Some(1024)),
        )
        .max_items(Some(16))
        .build()
}

/// The participant's last assessment with the same instrument, to compare with.
#[derive(Debug, Clone)]
pub struct Before<'a> {
    /// Possibly another version of the instrument.
    pub definition: &'a Definition,
    pub answers: Answers,
    pub time_point: String,
    pub submitted_at: Timestamp,
}

/// Everything a summary is made from.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    pub header: Header,
    pub definition: &'a Definition,
    /// The answers in force.
    pub answers: Answers,
    /// How they came about.
    pub provenance: Provenance,
    /// In which modes they were taken.
    pub administration: Administration,
    /// Whether the device was handed over for private questions.
    pub handed_over: bool,
    /// How many answers were corrected after submission.
    pub amended: u32,
    pub before: Option<Before<'a>>,
}

/// A concern as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = SummaryConcern))]
pub struct ConcernLine {
    /// A stable code, such as `URI.leakage`.
    #[cfg_attr(feature = "schema", schema(max_length = 128, example = "URI.leakage"))]
    pub code: String,
    #[cfg_attr(feature = "schema", schema(max_length = 1000))]
    pub title: String,
    /// The heading of its section.
    #[cfg_attr(feature = "schema", schema(max_length = 4000))]
    pub section: String,
    /// The participant's own rank, 1 to 4, if it was chosen.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 4))]
    pub chosen_rank: Option<u8>,
    /// How much it bothers, 0 to 10; none when not rated.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 10))]
    pub bother: Option<u8>,
    pub band: Option<BotherBand>,
    pub duration: Option<ConcernDuration>,
    pub help: Option<HelpWanted>,
    /// The participant's own words.
    #[cfg_attr(feature = "schema", schema(max_length = 4000))]
    pub own_words: Option<String>,
    /// Since last time; none without a last time, and when the question had no answer then.
    pub change: Option<ChangeKind>,
    /// The rating last time.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 10))]
    pub bother_before: Option<u8>,
    /// Whether it was asked in a private section.
    pub private: bool,
}

/// The concerns of one section, in order of importance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = SummarySection))]
pub struct SectionConcerns {
    #[cfg_attr(feature = "schema", schema(max_length = 128))]
    pub code: Option<String>,
    #[cfg_attr(feature = "schema", schema(max_length = 1000))]
    pub title: String,
    #[cfg_attr(feature = "schema", schema(max_items = 500))]
    pub concerns: Vec<ConcernLine>,
}

/// What became of a concern of last time that is not one now.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::EnumString, strum::VariantArray,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = SinceLastTime))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Since {
    /// The answer is no now.
    Resolved,
    /// There is no answer this time. That does not mean that it has gone.
    NotAnswered,
}

/// A concern of last time that is not one now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EarlierConcern {
    #[cfg_attr(feature = "schema", schema(max_length = 128, example = "URI.leakage"))]
    pub code: String,
    #[cfg_attr(feature = "schema", schema(max_length = 1000))]
    pub title: String,
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 10))]
    pub bother_before: Option<u8>,
    pub since: Since,
    pub private: bool,
}

/// What this assessment is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = SummaryComparison))]
pub struct Compared {
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "T0"))]
    pub time_point: String,
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub submitted_at: DateTime<Utc>,
}

/// An answer that calls for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RedFlag {
    pub kind: AlertKind,
    #[cfg_attr(feature = "schema", schema(max_length = 255))]
    pub link_id: String,
    #[cfg_attr(feature = "schema", schema(max_length = 8000))]
    pub question: String,
    #[cfg_attr(feature = "schema", schema(max_length = 65536))]
    pub answer: String,
}

/// A question and its answer in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct QuestionAnswer {
    #[cfg_attr(feature = "schema", schema(max_length = 255))]
    pub link_id: String,
    /// Which repetition, for questions that can repeat; nearly always empty.
    #[cfg_attr(feature = "schema", schema(max_items = 16))]
    pub occurrence: Vec<u32>,
    #[cfg_attr(feature = "schema", schema(max_length = 8000))]
    pub question: String,
    /// What became of the question; none when nothing was recorded.
    pub state: Option<State>,
    /// The answer in words.
    #[cfg_attr(feature = "schema", schema(max_length = 65536))]
    pub answer: Option<String>,
    /// Whether any of it is in the participant's own words and not from a list.
    pub own_words: bool,
    /// Whether it was asked in a private section.
    pub private: bool,
}

/// How far a private section got.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::EnumString, strum::VariantArray,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = SectionCompletion))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Completion {
    /// Every question was answered, or met with “prefer not to say”.
    Done,
    /// Some were.
    Partly,
    /// None was asked: it was not private enough, or the form was handed in without it.
    NotShown,
    /// All were passed over.
    Skipped,
}

/// A private section and how far it got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PrivateSection {
    #[cfg_attr(feature = "schema", schema(max_length = 255))]
    pub link_id: String,
    #[cfg_attr(feature = "schema", schema(max_length = 1000))]
    pub title: String,
    pub completion: Completion,
}

/// How many questions came to what. Only questions that the other answers left on the form count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = AnswerCounts))]
pub struct Counts {
    pub answered: u32,
    pub skipped: u32,
    pub prefer_not: u32,
    pub not_shown: u32,
    /// Nothing was recorded.
    pub no_record: u32,
}

/// Where to turn to with one concern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = ConcernSignposts))]
pub struct Help {
    /// The concern.
    #[cfg_attr(feature = "schema", schema(max_length = 128, example = "URI.leakage"))]
    pub code: String,
    #[cfg_attr(feature = "schema", schema(max_length = 1000))]
    pub title: String,
    #[cfg_attr(feature = "schema", schema(max_items = 500))]
    pub signposts: Vec<Contact>,
}

/// Somebody to turn to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = SignpostContact))]
pub struct Contact {
    #[cfg_attr(feature = "schema", schema(max_length = 1000))]
    pub title: String,
    #[cfg_attr(feature = "schema", schema(max_length = 64))]
    pub phone: Option<String>,
    #[cfg_attr(feature = "schema", schema(max_length = 2048))]
    pub url: Option<String>,
    #[cfg_attr(feature = "schema", schema(max_length = 2000))]
    pub note: String,
}

/// The summary of a submitted assessment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = AssessmentSummary))]
pub struct Summary {
    pub header: Header,
    pub kind: InstrumentKind,
    /// How the form was filled in, in plain sentences: always read first. The first says what matters.
    #[cfg_attr(feature = "schema", schema(schema_with = sentences))]
    pub banner: Vec<String>,
    /// The same in figures.
    pub provenance: Provenance,
    /// Whether the answers were taken as the instrument is validated.
    pub administration: Administration,
    /// Answers that call for a person.
    #[cfg_attr(feature = "schema", schema(max_items = 500))]
    pub red_flags: Vec<RedFlag>,
    /// The participant's own choice first, then what is urgent, then what bothers most.
    #[cfg_attr(feature = "schema", schema(max_items = 500))]
    pub top_concerns: Vec<ConcernLine>,
    /// All concerns by section, as the form has them.
    #[cfg_attr(feature = "schema", schema(max_items = 500))]
    pub sections: Vec<SectionConcerns>,
    /// What to say when there is no concern.
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub nothing_raised: Option<String>,
    pub compared_with: Option<Compared>,
    /// Concerns of last time that are not concerns now.
    #[cfg_attr(feature = "schema", schema(max_items = 500))]
    pub earlier: Vec<EarlierConcern>,
    /// What the participant wants the nurse to know.
    #[cfg_attr(feature = "schema", schema(max_length = 4000))]
    pub say_to_nurse: Option<String>,
    #[cfg_attr(feature = "schema", schema(max_items = 100))]
    pub scores: Vec<Score>,
    /// The answers to all questions that are not about a concern.
    #[cfg_attr(feature = "schema", schema(max_items = 2000))]
    pub answers: Vec<QuestionAnswer>,
    #[cfg_attr(feature = "schema", schema(max_items = 100))]
    pub private_sections: Vec<PrivateSection>,
    pub counts: Counts,
    /// Where to turn to with the top concerns.
    #[cfg_attr(feature = "schema", schema(max_items = 500))]
    pub signposts: Vec<Help>,
    /// How to read all this.
    #[cfg_attr(feature = "schema", schema(schema_with = sentences))]
    pub notes: Vec<String>,
    /// The reader may not see free text, so there may have been some.
    pub own_words_withheld: bool,
}

/// A question and what was answered, in the words of the form.
#[must_use]
pub fn question_and_answer(definition: &Definition, answer: &crate::instrument::Answer) -> (String, String) {
    build::question_and_answer(definition, answer)
}

impl Summary {
    /// Puts the summary of an assessment together.
    #[must_use]
    pub fn of(facts: &Facts<'_>) -> Self {
        build::summary(facts)
    }

    /// For readers who see neither who it is nor any free text, in which people name themselves and others.
    #[must_use]
    pub fn without_own_words(mut self) -> Self {
        self.header.name = None;
        self.say_to_nurse = None;
        let by_section = self.sections.iter_mut().flat_map(|section| &mut section.concerns);
        for concern in self.top_concerns.iter_mut().chain(by_section) {
            concern.own_words = None;
        }
        for answer in self.answers.iter_mut().filter(|answer| answer.own_words) {
            answer.answer = None;
        }
        let free: Vec<&str> = self
            .answers
            .iter()
            .filter(|answer| answer.own_words)
            .map(|answer| answer.link_id.as_str())
            .collect();
        for flag in self.red_flags.iter_mut().filter(|flag| free.contains(&flag.link_id.as_str())) {
            flag.answer = words::WITHHELD.to_owned();
        }
        self.own_words_withheld = true;
        self
    }

    /// Whether any of it was asked in a private section.
    #[must_use]
    pub fn holds_private_answers(&self) -> bool {
        let mut concerns = self.sections.iter().flat_map(|section| &section.concerns);
        concerns.any(|concern| concern.private)
            || self.earlier.iter().any(|concern| concern.private)
            || self.answers.iter().any(|answer| answer.private && answer.answer.is_some())
    }
}
