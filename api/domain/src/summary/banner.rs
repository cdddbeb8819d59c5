//! How the form was filled in, in plain sentences: with how much help, by whose hand, in whose presence.
//!
//! What is not recorded is said to be unknown. It is never taken for “alone”.

use super::words::{count, number};
use crate::choice::Choice as _;
use crate::content;
use crate::provenance::{AnsweredBy, KeyedBy, Level, OthersPresent, Provenance, Share};

/// What the sentences say beside the provenance itself.
pub(super) struct Beside {
    pub handed_over: bool,
    pub amended: u32,
}

/// The sentences; the first alone says what matters.
pub(super) fn sentences(provenance: &Provenance, beside: &Beside) -> Vec<String> {
    let mut lines = vec![format!("{}.", provenance.banner)];
    if provenance.items == 0 {
        return lines;
    }
    lines.push(format!("How much help: {}.", list(&provenance.levels, level)));
    let unknown = provenance.unknown_items();
    if unknown > 0 {
        let answers = count(unknown, "answer", "answers");
        lines
            .push(format!("How much help there was with {answers} is unknown. Do not read this as “alone”."));
    }
    lines.push(format!("Who pressed the keys: {}.", list(&provenance.keyed_by, hand)));
    match provenance.answered_by.as_slice() {
        [all] if all.code == AnsweredBy::Participant.code() => {
            lines.push("Every answer is the person's own judgement.".to_owned());
        }
        judges => lines.push(format!("Whose judgement: {}.", list(judges, judge))),
    }
    lines.push(presence(&provenance.others_present));
    if beside.handed_over {
        lines.push("The device was handed over for private questions.".to_owned());
    }
    if beside.amended > 0 {
        let answers = count(beside.amended, "answer was", "answers were");
        lines.push(format!("{answers} corrected after the form was handed in."));
    }
    lines
}

fn presence(others: &[OthersPresent]) -> String {
    let names: Vec<&str> = others.iter().filter_map(|person| present(*person)).collect();
    match (names.is_empty(), others.is_empty()) {
        (true, true) => "Who else was present: unknown.".to_owned(),
        (true, false) => "Who else was present: nobody.".to_owned(),
        _ => format!("Who else was present, at least for a part: {}.", names.join(", ")),
    }
}

/// `A2 Help with the device, 12 answers (24%); unknown, 1 answer (2%)`
fn list(shares: &[Share], title: fn(&str) -> String) -> String {
    let one = |share: &Share| {
        let answers = count(share.items, "answer", "answers");
        format!("{}, {answers} ({}%)", title(&share.code), number(share.percent))
    };
    shares.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn level(code: &str) -> String {
    if code == Level::Unknown.code() {
        return UNKNOWN.to_owned();
    }
    let levels = &content::levels().levels;
    let name = levels.iter().find(|level| level.code == code).map(|level| level.name.as_str());
    format!("{code} {}", name.unwrap_or_default())
}

fn hand(code: &str) -> String {
    let words = match code.parse() {
        Ok(KeyedBy::Participant) => "the person",
        Ok(KeyedBy::Supporter) => "a peer supporter",
        Ok(KeyedBy::FamilyFriend) => "family or a friend",
        Ok(KeyedBy::Researcher) => "a researcher",
        Ok(KeyedBy::Clinician) => "a nurse or doctor",
        Ok(KeyedBy::Clerk) => "a clerk, from paper",
        Ok(KeyedBy::Unknown) | Err(_) => UNKNOWN,
    };
    words.to_owned()
}

fn judge(code: &str) -> String {
    let words = match code.parse() {
        Ok(AnsweredBy::Participant) => "the person's own",
        Ok(AnsweredBy::Proxy) => "somebody in the person's place",
        Ok(AnsweredBy::Observer) => "an observer",
        Ok(AnsweredBy::Unknown) | Err(_) => UNKNOWN,
    };
    words.to_owned()
}

fn present(person: OthersPresent) -> Option<&'static str> {
    Some(match person {
        OthersPresent::Partner => "partner",
        OthersPresent::Family => "family",
        OthersPresent::Carer => "carer",
        OthersPresent::Friend => "friend",
        OthersPresent::Professional => "a professional",
        OthersPresent::Other => "somebody else",
        OthersPresent::Nobody => return None,
    })
}

const UNKNOWN: &str = "unknown";
