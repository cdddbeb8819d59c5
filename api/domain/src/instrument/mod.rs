//! Instruments: what is asked, what may be answered, what it adds up to.
//!
//! The definition of an instrument is a FHIR R4 Questionnaire with a few extensions of ours ([`OWN_EXTENSIONS`]).
//! [`Definition::parse`] reads it once and refuses what could not be asked safely; from then on every question is
//! answered from the definition and the answers alone:
//!
//! - what is on the form now: [`Form`], [`visible_items`], [`next_after`], [`progress_by_section`], [`why_enabled`];
//! - whether an answer is acceptable: [`judge_answer`] or [`Judge`] on every save, [`judge_complete`] on submission;
//! - what the answers say: [`scores`], [`changes`], [`concerns`], [`positive`], [`fired`];
//! - how they travel: [`read_response`], [`write_response`];
//! - what is wrong with a document, as FHIR says it: [`validate`], [`operation_outcome`].
//!
//! Everything is total and deterministic: the same answers give the same result in whatever order they came, on
//! the server and offline.

mod addresses;
mod alert;
mod alert_rule;
mod alert_rule_parse;
mod answer;
mod attachment;
mod calculated;
mod calculated_words;
mod codebook;
mod codebook_csv;
mod coding;
mod coherence;
mod concerns;
mod definition;
mod diff;
mod diff_parts;
mod edition;
mod enabled;
mod explain;
mod extension;
mod fields;
mod finding;
mod flow;
mod item;
mod judge;
mod judge_value;
mod lifecycle;
mod limits;
mod links;
mod marks;
mod mode;
mod moment;
mod operation_outcome;
mod origin;
mod parse;
mod parse_item;
mod response;
mod response_items;
mod response_write;
mod score;
mod score_change;
mod score_formula;
mod score_parse;
mod structure;
mod translated;
mod translation;
mod units;
mod validate;
mod value;
mod value_set;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use alert::{AlertKind, AlertRule, Trigger, positive};
pub use alert_rule::{DeclaredRule, Evidence, Fired, Range, RuleCondition, Tier, Worse, fired, fired_of};
pub use answer::{Answer, AnswerKey, Answers, State};
pub use codebook::{Codebook, Column, ScoreVariable, ValueLabel, Variable, codebook};
pub use codebook_csv::codebook_csv;
pub use coding::{Attachment, Coding, Members, Quantity, Reference};
pub use concerns::{BotherBand, Change, ChangeKind, Concern, ConcernDuration, HelpWanted, compare, concerns};
pub use definition::{ConcernDefinition, Definition, Effective, InstrumentKind, LicenceClass, Parsed};
pub use diff::{Changed, Comparability, Diff, ItemChange, MemberChange, PartChange, diff};
pub use enabled::Enabled;
pub use explain::{Explanation, why_enabled};
pub use extension::OWN as OWN_EXTENSIONS;
pub use finding::{Finding, Severity};
pub use flow::{Form, Progress, Setting, Visible, next_after, progress_by_section, visible_items};
pub use item::{
    AnswerOption, Choices, Condition, DisabledDisplay, EnableBehavior, Item, ItemRole, ItemType, Limits,
    Marks, Operator, Presentation,
};
pub use judge::{Judge, MAX_OCCURRENCE, MAX_VALUES, judge_answer, judge_complete};
pub use lifecycle::{InstrumentStatus, NotUsable, TranslationStatus, may_be_used};
pub use mode::{
    Administration, LanguageCount, Mode, ModeCount, ModeVerdict, Taken, ValidatedMode, administration,
    administration_of,
};
pub use operation_outcome::operation_outcome;
pub use origin::{ANSWER_ORIGIN, Attributed};
pub use parse_item::{MAX_DEPTH, MAX_ITEMS};
pub use response::{ANSWER_STATE, Header, ResponseStatus, judge_response, read_response};
pub use response_write::write_response;
pub use score::{
    Band, Method, MissingRule, Operand, Recode, Rescale, Score, ScoreDefinition, ScoreInput, Term, scores,
};
pub use score_change::{Better, ChangeRule, Direction, EarlierScore, ScoreChange, changes};
pub use translated::translated_document;
pub use translation::{CodeTitle, ItemTexts, MissingText, OptionText, ScoreTexts, Texts};
pub use validate::{MAX_DOCUMENT_BYTES, Validated, validate};
pub use value::{Misread, Value};
