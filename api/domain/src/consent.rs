//! What a participant agreed to, and what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The statements whose answers this software acts on. A form may hold others; they are kept and shown.
pub mod statement {
    pub const TAKE_PART: &str = "take_part";
    pub const SUPPORTER_CONTACT: &str = "supporter_contact";
    pub const HOME_VISIT: &str = "home_visit";
    pub const SUPPORTER_SEES_ANSWERS: &str = "supporter_sees_answers_while_helping";
    pub const SECTION_SCRIBE: &str = "section_scribe";
    pub const SHARE_SUMMARY_GP: &str = "share_summary_gp";
    pub const SHARE_SUMMARY_HOSPITAL: &str = "share_summary_hospital";
    pub const KEEP_CONTACT_AFTER: &str = "keep_contact_after";
    pub const DATA_LINKAGE: &str = "data_linkage";
    pub const AUDIO: &str = "audio";
    pub const FUTURE_RESEARCH: &str = "future_research";
}

/// One statement of a consent form, answered with yes or no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = ConsentStatement))]
pub struct Statement {
    #[cfg_attr(feature = "schema", schema(max_length = 64, pattern = "^[a-z][a-z0-9_]*$"))]
    pub code: String,
    #[cfg_attr(feature = "schema", schema(max_length = 2000))]
    pub text: String,
    /// Without a yes to it nobody takes part.
    pub required: bool,
}

/// How consent was given.
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
#[cfg_attr(feature = "schema", schema(as = ConsentMethod))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Method {
    /// Signed on paper.
    Wet,
    Electronic,
    /// Spoken, with a witness who is named.
    VerbalWitnessed,
    Phone,
}

/// Whether he could make this decision, in the judgement of whoever took the consent.
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
pub enum CapacityJudgement {
    HasCapacity,
    /// With help to understand, weigh up and say what he wants.
    HasCapacityWithSupport,
    InDoubt,
    LacksCapacity,
}

impl CapacityJudgement {
    /// Whether his yes counts.
    #[must_use]
    pub fn can_consent(self) -> bool {
        matches!(self, Self::HasCapacity | Self::HasCapacityWithSupport)
    }
}

/// What decides the effect of a consent.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    pub answers: &'a BTreeMap<String, bool>,
    /// The statements taken back since.
    pub withdrawn: &'a BTreeSet<String>,
    pub capacity: CapacityJudgement,
    pub confidentiality_limits_explained: bool,
}

/// What the consent in force allows. Without one: nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = ConsentEffect))]
pub struct Effect {
    pub take_part: bool,
    /// A supporter may be in touch. Everything else a supporter may do stands on it.
    pub supporter_contact: bool,
    pub home_visit: bool,
    /// A supporter may see answers while helping.
    pub supporter_sees_answers: bool,
    /// A supporter may type answers, asked anew for each section.
    pub section_scribe: bool,
    pub share_summary_gp: bool,
    pub share_summary_hospital: bool,
    pub keep_contact_after: bool,
    pub data_linkage: bool,
    pub audio: bool,
    pub future_research: bool,
}

impl Effect {
    /// What follows from a consent. Nothing without the yes to take part, or without the capacity to say it; nothing
    /// with a supporter unless the limits of confidentiality were explained, since a supporter cannot keep
    /// everything he hears to himself.
    #[must_use]
    pub fn of(given: Given<'_>) -> Self {
        let yes =
            |code: &str| given.answers.get(code).copied().unwrap_or(false) && !given.withdrawn.contains(code);
        if !yes(statement::TAKE_PART) || !given.capacity.can_consent() {
            return Self::default();
        }
        let supporter_contact = yes(statement::SUPPORTER_CONTACT) && given.confidentiality_limits_explained;
        Self {
            take_part: true,
            supporter_contact,
            home_visit: supporter_contact && yes(statement::HOME_VISIT),
            supporter_sees_answers: supporter_contact && yes(statement::SUPPORTER_SEES_ANSWERS),
            section_scribe: supporter_contact && yes(statement::SECTION_SCRIBE),
            share_summary_gp: yes(statement::SHARE_SUMMARY_GP),
            share_summary_hospital: yes(statement::SHARE_SUMMARY_HOSPITAL),
            keep_contact_after: yes(statement::KEEP_CONTACT_AFTER),
            data_linkage: yes(statement::DATA_LINKAGE),
            audio: yes(statement::AUDIO),
            future_research: yes(statement::FUTURE_RESEARCH),
        }
    }
}

/// Why the statements of a form do not make a consent form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementsError {
    #[error("the statement with the code take_part is missing, or not marked as required")]
    NoTakePart,
    #[error("another statement before has the same code")]
    Repeated(usize),
}

/// Checks that the statements have codes of their own and ask whether someone takes part at all.
///
/// # Errors
/// What is wrong with them.
pub fn check_statements(statements: &[Statement]) -> Result<(), StatementsError> {
    let mut seen = BTreeSet::new();
    for (position, statement) in statements.iter().enumerate() {
        if !seen.insert(statement.code.as_str()) {
            return Err(StatementsError::Repeated(position));
        }
    }
    let asks =
        statements.iter().any(|statement| statement.code == statement::TAKE_PART && statement.required);
    if asks { Ok(()) } else { Err(StatementsError::NoTakePart) }
}

/// The statements left without an answer.
#[must_use]
pub fn unanswered<'a>(statements: &'a [Statement], answers: &BTreeMap<String, bool>) -> Vec<&'a str> {
    let codes = statements.iter().map(|statement| statement.code.as_str());
    codes.filter(|code| !answers.contains_key(*code)).collect()
}

/// The answers to statements the form does not have.
#[must_use]
pub fn unasked<'a>(statements: &[Statement], answers: &'a BTreeMap<String, bool>) -> Vec<&'a str> {
    let asked = |code: &str| statements.iter().any(|statement| statement.code == code);
    answers.keys().map(String::as_str).filter(|code| !asked(code)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 11] = [
        statement::TAKE_PART,
        statement::SUPPORTER_CONTACT,
        statement::HOME_VISIT,
        statement::SUPPORTER_SEES_ANSWERS,
        statement::SECTION_SCRIBE,
        statement::SHARE_SUMMARY_GP,
        statement::SHARE_SUMMARY_HOSPITAL,
        statement::KEEP_CONTACT_AFTER,
        statement::DATA_LINKAGE,
        statement::AUDIO,
        statement::FUTURE_RESEARCH,
    ];

    fn effect(no: &[&str], withdrawn: &[&str], capacity: CapacityJudgement, explained: bool) -> Effect {
        let answers = ALL.iter().map(|code| ((*code).to_owned(), !no.contains(code))).collect();
        let withdrawn = withdrawn.iter().map(|code| (*code).to_owned()).collect();
        Effect::of(Given {
            answers: &answers,
            withdrawn: &withdrawn,
            capacity,
            confidentiality_limits_explained: explained,
        })
    }

    #[test]
    fn a_full_yes_allows_everything() {
        let effect = effect(&[], &[], CapacityJudgement::HasCapacity, true);
        assert!(effect.take_part && effect.supporter_contact && effect.home_visit && effect.future_research);
    }

    #[test]
    fn nothing_holds_without_taking_part() {
        let none = Effect::default();
        assert_eq!(effect(&[statement::TAKE_PART], &[], CapacityJudgement::HasCapacity, true), none);
        assert_eq!(effect(&[], &[statement::TAKE_PART], CapacityJudgement::HasCapacity, true), none);
        assert_eq!(effect(&[], &[], CapacityJudgement::InDoubt, true), none);
        assert_eq!(effect(&[], &[], CapacityJudgement::LacksCapacity, true), none);
        assert!(effect(&[], &[], CapacityJudgement::HasCapacityWithSupport, true).take_part);
    }

    #[test]
    fn a_supporter_needs_the_yes_and_the_limits_explained() {
        for effect in [
            effect(&[statement::SUPPORTER_CONTACT], &[], CapacityJudgement::HasCapacity, true),
            effect(&[], &[statement::SUPPORTER_CONTACT], CapacityJudgement::HasCapacity, true),
            effect(&[], &[], CapacityJudgement::HasCapacity, false),
        ] {
            assert!(effect.take_part && effect.share_summary_gp);
            assert!(!effect.supporter_contact && !effect.home_visit);
            assert!(!effect.supporter_sees_answers && !effect.section_scribe);
        }
    }

    #[test]
    fn statements_stand_for_themselves() {
        let effect =
            effect(&[statement::AUDIO], &[statement::HOME_VISIT], CapacityJudgement::HasCapacity, true);
        assert!(!effect.audio && !effect.home_visit && effect.section_scribe && effect.data_linkage);
    }

    #[test]
    fn the_shipped_form_is_sound() {
        #[derive(Deserialize)]
        struct Form {
            statements: Vec<Statement>,
        }
        let form: Form = serde_json::from_str(include_str!("../content/consent-en-GB.json")).unwrap();
        check_statements(&form.statements).unwrap();
        for code in ALL {
            assert!(form.statements.iter().any(|statement| statement.code == code), "{code}");
        }
        let mut repeated = form.statements.clone();
        repeated.push(form.statements[2].clone());
        assert_eq!(check_statements(&repeated), Err(StatementsError::Repeated(11)));
        assert_eq!(check_statements(&form.statements[1..]), Err(StatementsError::NoTakePart));
    }
}
