//! The plan as plain text, for a terminal, a letter or a screen reader.

use super::document::{Document, agreed_how, day, kind, owner, progress, reach};
use crate::summary::{Page, SYNTHETIC, moment};

/// The plan as plain text.
#[must_use]
pub fn to_text(plan: &Document) -> String {
    let facts = &plan.facts;
    let mut page = Page::default();
    if facts.synthetic {
        page.say(0, &format!("{SYNTHETIC}."));
    }
    page.say(0, "Care plan");
    page.say(0, plan.standing());
    page.field(0, "Study number", &facts.study_id);
    if let Some(name) = &facts.name {
        page.field(0, "Name", name);
    }
    if let Some(at) = facts.agreed_at {
        page.field(0, "Agreed", &moment(at, &facts.timezone));
    }
    if let Some(method) = facts.agreed_how {
        page.field(0, "How it was agreed", agreed_how(method));
    }
    if let Some(on) = facts.review_on {
        page.field(0, "We look at it again", &day(on));
    }
    page.field(0, "Site", &facts.site);
    page.field(0, "Programme", &facts.programme);
    if !plan.actions.is_empty() {
        page.heading("What we do");
    }
    for (place, line) in plan.actions.iter().enumerate() {
        page.say(0, &format!("{}. {}", place + 1, line.title));
        page.field(3, "What", kind(line.action));
        page.field(3, "Who does it", owner(line.owner));
        if let Some(by) = line.due_on {
            page.field(3, "By when", &day(by));
        }
        if let Some(goal) = &line.goal {
            page.quote(3, "What should be different", goal);
        }
        page.field(3, "How far", progress(line.progress));
        if let Some(outcome) = &line.outcome {
            page.quote(3, "What came of it", outcome);
        }
        if let Some(own_words) = &line.own_words {
            page.quote(3, "In your own words", own_words);
        }
        for sign in &line.signposts {
            page.say(3, &format!("- {}", reach(sign)));
            page.say(5, &sign.note);
        }
    }
    if !plan.no_help_wanted.is_empty() {
        page.heading("No help wanted for now");
        for line in &plan.no_help_wanted {
            page.say(0, &format!("- {}", line.title));
        }
        page.say(0, "If that changes, tell your nurse or doctor.");
    }
    page.out
}
