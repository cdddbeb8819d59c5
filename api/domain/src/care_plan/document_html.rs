//! The plan as one page to print: large print on A4, nothing from elsewhere, no script.

use super::Line;
use super::document::{Document, agreed_how, day, kind, owner, progress, reach};
use crate::summary::{Html, STYLE, SYNTHETIC, moment};

/// The plan as a page of its own, in the style of the summary.
#[must_use]
pub fn to_html(plan: &Document) -> String {
    let facts = &plan.facts;
    let mut page = Html::new(None);
    page.raw("<!doctype html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"robots\" content=\"noindex\">\n");
    page.element("title", &format!("Care plan, study number {}", facts.study_id));
    page.raw("<style>");
    page.raw(STYLE);
    page.raw("</style>\n</head>\n<body>\n<table class=\"sheet\" role=\"presentation\"><thead><tr><td>\n");
    let mark = if facts.synthetic { format!(". {SYNTHETIC}") } else { String::new() };
    page.raw("<div class=\"running\">\n");
    page.element("p", &format!("Study number {}{mark}", facts.study_id));
    page.raw("</div>\n</td></tr></thead><tbody><tr><td>\n<main>\n");
    page.element("h1", "Care plan");
    page.element("p", plan.standing());
    page.raw("<table class=\"facts\"><tbody>\n");
    page.row("Study number", &facts.study_id);
    if let Some(name) = &facts.name {
        page.row("Name", name);
    }
    if let Some(at) = facts.agreed_at {
        page.row("Agreed", &moment(at, &facts.timezone));
    }
    if let Some(method) = facts.agreed_how {
        page.row("How it was agreed", agreed_how(method));
    }
    if let Some(on) = facts.review_on {
        page.row("We look at it again", &day(on));
    }
    page.row("Site", &facts.site);
    page.row("Programme", &facts.programme);
    page.raw("</tbody></table>\n");
    if !plan.actions.is_empty() {
        page.heading("What we do");
    }
    for (place, line) in plan.actions.iter().enumerate() {
        action(&mut page, place + 1, line);
    }
    if !plan.no_help_wanted.is_empty() {
        page.heading("No help wanted for now");
        page.raw("<ul>\n");
        for line in &plan.no_help_wanted {
            page.element("li", &line.title);
        }
        page.raw("</ul>\n");
        page.element("p", "If that changes, tell your nurse or doctor.");
    }
    page.raw("</main>\n</td></tr></tbody></table>\n</body>\n</html>\n");
    page.out
}

fn action(page: &mut Html, place: usize, line: &Line) {
    page.raw("<div class=\"concern\">\n");
    page.element("h3", &format!("{place}. {}", line.title));
    page.raw("<table class=\"facts\"><tbody>\n");
    page.row("What", kind(line.action));
    page.row("Who does it", owner(line.owner));
    if let Some(by) = line.due_on {
        page.row("By when", &day(by));
    }
    if let Some(goal) = &line.goal {
        page.row("What should be different", goal);
    }
    page.row("How far", progress(line.progress));
    if let Some(outcome) = &line.outcome {
        page.row("What came of it", outcome);
    }
    page.raw("</tbody></table>\n");
    if let Some(own_words) = &line.own_words {
        page.raw("<p>In your own words:</p>\n");
        page.quote(own_words);
    }
    if !line.signposts.is_empty() {
        page.raw("<p>Where to turn to:</p>\n<ul>\n");
        for sign in &line.signposts {
            page.element("li", &format!("{}. {}", reach(sign), sign.note));
        }
        page.raw("</ul>\n");
    }
    page.raw("</div>\n");
}
