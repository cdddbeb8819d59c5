//! The summary as one page to read and to print: large print on A4, nothing from elsewhere, no script.

use super::clean::{line, markup};
use super::html_parts::Html;
use super::text::{answers_heading, counted, result};
use super::words;
use super::{ConcernLine, Summary};
use crate::instrument::InstrumentKind;

/// The one style sheet of the page, as it stands between its tags; a policy can allow it by its hash.
///
/// The study number stands in the head of a table around everything, since that is what browsers repeat on every
/// sheet: printed sheets come apart.
pub const STYLE: &str = "\
:root{color-scheme:light}\
body{font:18pt/1.5 Arial,Helvetica,sans-serif;color:#000;background:#fff;max-width:48rem;margin:0 auto;padding:1rem;text-align:left;overflow-wrap:anywhere}\
h1{font-size:1.5em;line-height:1.25;margin:.5em 0}\
h2{font-size:1.25em;line-height:1.25;margin:1.5em 0 .5em;border-top:3px solid #000;padding-top:.4em}\
h3{font-size:1.1em;margin:1.2em 0 .3em}\
h4{font-size:1em;margin:1em 0 .3em}\
p,ul,ol,blockquote{margin:.4em 0}\
blockquote{border-left:6px solid #000;padding:.1em 0 .1em .8em;margin-left:0}\
table.facts{border-collapse:collapse;width:100%;margin:.4em 0}\
.facts th,.facts td{border:1px solid #000;padding:.25em .5em;text-align:left;vertical-align:top;font-weight:400}\
.facts th{width:45%;font-weight:700}\
.sheet{border-collapse:collapse;width:100%;table-layout:fixed}\
.sheet>thead>tr>td,.sheet>tbody>tr>td{padding:0;text-align:left}\
.running{font-size:.75em;border-bottom:1px solid #000;margin:0 0 .5em}\
.made-up,.flags{border:4px solid #000;padding:.3em .6em;font-weight:700}\
.banner{border:3px solid #000;padding:.2em .8em;background:#fff}\
.banner h2{border:0;margin-top:.3em;padding:0}\
.banner p:first-of-type{font-weight:700}\
.private{border:2px solid #000;padding:0 .3em;font-size:.8em;font-weight:700;white-space:nowrap}\
.line{height:1.2cm;border-bottom:1px solid #000}\
@page{size:A4;margin:15mm}\
@media print{body{max-width:none;padding:0}thead{display:table-header-group}h1,h2,h3,h4{break-after:avoid}\
tr,blockquote,li,.banner,.flags,.concern,.notes{break-inside:avoid}.sheet>tbody>tr{break-inside:auto}}";

/// How many empty lines are left for writing by hand.
const LINES: usize = 8;

/// The summary as a page of its own.
#[must_use]
pub fn to_html(summary: &Summary) -> String {
    let header = &summary.header;
    let mut page = Html::new(header.language.as_deref());
    page.raw("<!doctype html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"robots\" content=\"noindex\">\n");
    page.element("title", &format!("Summary, study number {}", header.study_id));
    page.raw("<style>");
    page.raw(STYLE);
    page.raw("</style>\n</head>\n<body>\n<table class=\"sheet\" role=\"presentation\"><thead><tr><td>\n");
    running_head(&mut page, summary);
    page.raw("</td></tr></thead><tbody><tr><td>\n<main>\n");
    title(&mut page, summary);
    provenance(&mut page, summary);
    red_flags(&mut page, summary);
    if summary.kind == InstrumentKind::Hna {
        top(&mut page, summary);
        say_to_nurse(&mut page, summary);
        sections(&mut page, summary);
        earlier(&mut page, summary);
    }
    scores(&mut page, summary);
    answers(&mut page, summary);
    completeness(&mut page, summary);
    signposts(&mut page, summary);
    notes(&mut page, summary);
    page.raw("</main>\n</td></tr></tbody></table>\n</body>\n</html>\n");
    page.out
}

fn running_head(page: &mut Html, summary: &Summary) {
    let mark = if summary.header.synthetic { format!(". {}", words::SYNTHETIC) } else { String::new() };
    let text = markup(&line(&format!("Study number {}{mark}", summary.header.study_id)));
    page.out.push_str(&format!("<p class=\"running\">{text}</p>\n"));
}

fn title(page: &mut Html, summary: &Summary) {
    let header = &summary.header;
    page.heading_of_form("h1", &header.instrument_title, false);
    if header.synthetic {
        page.raw("<p class=\"made-up\">Synthetic demonstration data: there is no such person.</p>\n");
    }
    page.raw(FACTS);
    page.row("Study number", &header.study_id);
    if let Some(name) = &header.name {
        page.row("Name", name);
    }
    page.row("Handed in", &words::moment(header.submitted_at, &header.timezone));
    page.row("Time point", &header.time_point);
    page.row("Site", &header.site);
    page.row("Programme", &header.programme);
    if let Some(version) = &header.instrument_version {
        page.row("Form version", version);
    }
    page.raw(END_FACTS);
    if summary.holds_private_answers() {
        page.element("p", words::KEEP_SAFE);
    }
}

const FACTS: &str = "<table class=\"facts\"><tbody>\n";
const END_FACTS: &str = "</tbody></table>\n";

fn provenance(page: &mut Html, summary: &Summary) {
    page.raw("<section class=\"banner\">\n");
    page.heading("How this form was filled in");
    for sentence in &summary.banner {
        page.element("p", sentence);
    }
    page.raw("</section>\n");
}

fn red_flags(page: &mut Html, summary: &Summary) {
    if summary.red_flags.is_empty() {
        return;
    }
    page.heading("Answers that call for a person");
    page.raw("<ul class=\"flags\">\n");
    for flag in &summary.red_flags {
        page.element("li", &words::red_flag(flag));
    }
    page.raw("</ul>\n");
}

fn top(page: &mut Html, summary: &Summary) {
    page.heading("What matters most");
    if let Some(nothing) = &summary.nothing_raised {
        page.element("p", nothing);
    }
    for (index, concern) in summary.top_concerns.iter().enumerate() {
        page.raw("<div class=\"concern\">\n");
        page.heading_of_form("h3", &format!("{}. {}", index + 1, concern.title), concern.private);
        if concern.chosen_rank.is_some() {
            page.raw("<p>The person chose this.</p>\n");
        }
        details(page, concern, summary.compared_with.is_some());
        page.raw("</div>\n");
    }
}

fn details(page: &mut Html, concern: &ConcernLine, compared: bool) {
    page.raw(FACTS);
    page.row("Bothers", &words::bother(concern));
    page.row("How long", words::duration(concern.duration));
    page.row("Help wanted", words::help(concern.help));
    if compared {
        page.row("Since last time", &words::change_or_why(concern));
    }
    page.raw(END_FACTS);
    if let Some(own_words) = &concern.own_words {
        page.raw("<p>In the person's own words:</p>\n");
        page.quote(own_words);
    }
}

fn say_to_nurse(page: &mut Html, summary: &Summary) {
    if let Some(said) = &summary.say_to_nurse {
        page.heading("To the nurse, in the person's own words");
        page.quote(said);
    }
}

/// Those at the top are named again without their details.
fn sections(page: &mut Html, summary: &Summary) {
    if summary.sections.is_empty() {
        return;
    }
    page.heading("All that was raised");
    for section in &summary.sections {
        page.heading_of_form("h3", &section.title, false);
        for concern in &section.concerns {
            page.raw("<div class=\"concern\">\n");
            page.heading_of_form("h4", &concern.title, concern.private);
            if summary.top_concerns.iter().any(|top| top.code == concern.code) {
                page.element("p", &format!("Bothers: {}. See above.", words::bother(concern)));
            } else {
                details(page, concern, summary.compared_with.is_some());
            }
            page.raw("</div>\n");
        }
    }
}

fn earlier(page: &mut Html, summary: &Summary) {
    let Some(compared) = &summary.compared_with else { return };
    page.heading("Compared with last time");
    let at = words::moment(compared.submitted_at, &summary.header.timezone);
    page.element("p", &format!("Last time was {}, {at}.", compared.time_point));
    if summary.earlier.is_empty() {
        page.raw("<p>Nothing that was raised then has gone.</p>\n");
        return;
    }
    page.raw("<table class=\"facts\"><thead><tr><th scope=\"col\">Raised last time</th><th scope=\"col\">Now</th></tr></thead><tbody>\n");
    for concern in &summary.earlier {
        let was =
            concern.bother_before.map_or_else(|| "not rated".to_owned(), |rating| format!("{rating} of 10"));
        page.row_of_form(
            &format!("{} (was {was})", concern.title),
            concern.private,
            words::since(concern.since),
        );
    }
    page.raw(END_FACTS);
}

fn scores(page: &mut Html, summary: &Summary) {
    if summary.scores.is_empty() {
        return;
    }
    page.heading("Scores");
    for score in &summary.scores {
        page.heading_of_form("h3", &score.title, false);
        page.raw(FACTS);
        page.row("Result", &result(score));
        page.row("Worked out as", &score.formula);
        if let Some(source) = &score.source {
            page.row("Source", source);
        }
        page.raw(END_FACTS);
    }
}

fn answers(page: &mut Html, summary: &Summary) {
    if summary.answers.is_empty() {
        return;
    }
    page.heading(answers_heading(summary));
    page.raw("<table class=\"facts\"><thead><tr><th scope=\"col\">Question</th><th scope=\"col\">Answer</th></tr></thead><tbody>\n");
    for answer in &summary.answers {
        page.row_of_form(&answer.question, answer.private, &words::answer(answer));
    }
    page.raw(END_FACTS);
}

fn completeness(page: &mut Html, summary: &Summary) {
    page.heading("How complete it is");
    page.raw(FACTS);
    for (label, number) in counted(summary) {
        page.row(label, &number.to_string());
    }
    for section in &summary.private_sections {
        page.row_of_form(&section.title, true, words::completion(section.completion));
    }
    page.raw(END_FACTS);
}

fn signposts(page: &mut Html, summary: &Summary) {
    if summary.signposts.is_empty() {
        return;
    }
    page.heading("Where to turn to");
    for help in &summary.signposts {
        page.heading_of_form("h3", &help.title, false);
        page.raw("<ul>\n");
        for contact in &help.signposts {
            // On paper an address can only be read, so it stands in full and leads nowhere.
            let ways: Vec<&str> =
                [contact.phone.as_deref(), contact.url.as_deref()].into_iter().flatten().collect();
            page.element("li", &format!("{}: {}. {}", contact.title, ways.join(", "), contact.note));
        }
        page.raw("</ul>\n");
    }
}

fn notes(page: &mut Html, summary: &Summary) {
    page.heading("How to read this");
    for note in &summary.notes {
        page.element("p", note);
    }
    if summary.own_words_withheld {
        page.element("p", words::WITHHELD_NOTE);
    }
    page.raw("<section class=\"notes\">\n");
    page.heading("Notes");
    for _ in 0..LINES {
        page.raw("<div class=\"line\"></div>\n");
    }
    page.raw("</section>\n");
}
