//! The answer to a request for access: everything that is held about a person, in his language and not in the
//! database's, as one document with sections.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::rights_request::ThirdParty;
use crate::summary::{Html, Page, STYLE, SYNTHETIC, moment};

/// One thing and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = AccessReportLine))]
pub struct Line {
    #[cfg_attr(feature = "schema", schema(max_length = 8000))]
    pub label: String,
    #[cfg_attr(feature = "schema", schema(max_length = 65536))]
    pub text: String,
}

/// Something that is held: a consent, an assignment, an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = AccessReportEntry))]
pub struct Entry {
    #[cfg_attr(feature = "schema", schema(max_length = 8000))]
    pub title: String,
    #[cfg_attr(feature = "schema", schema(max_items = 500))]
    pub lines: Vec<Line>,
}

impl Entry {
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), lines: Vec::new() }
    }

    /// With a line more.
    #[must_use]
    pub fn with(mut self, label: impl Into<String>, text: impl Into<String>) -> Self {
        self.lines.push(Line { label: label.into(), text: text.into() });
        self
    }

    /// With a line more where there is something to say.
    #[must_use]
    pub fn maybe(self, label: &str, text: Option<impl Into<String>>) -> Self {
        match text {
            Some(text) => self.with(label, text),
            None => self,
        }
    }
}

/// A part of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = AccessReportSection))]
pub struct Section {
    /// What programs go by, such as `identity`.
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "identity"))]
    pub code: String,
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub title: String,
    #[cfg_attr(feature = "schema", schema(max_items = 100_000))]
    pub entries: Vec<Entry>,
}

/// The report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = AccessReport))]
pub struct Report {
    #[cfg_attr(feature = "schema", schema(max_length = 16, example = "AS-7K3M-9QXT-U"))]
    pub study_id: String,
    #[cfg_attr(feature = "schema", schema(max_length = 200))]
    pub programme: String,
    #[cfg_attr(feature = "schema", schema(max_length = 64, example = "Europe/London"))]
    pub timezone: String,
    /// Made up for demonstration: nobody is behind it.
    pub synthetic: bool,
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub made_at: Timestamp,
    #[cfg_attr(feature = "schema", schema(max_items = 500))]
    pub sections: Vec<Section>,
    /// What is about other people and was left out, whether or not there was any.
    #[cfg_attr(feature = "schema", schema(max_items = 5))]
    pub left_out: Vec<ThirdParty>,
    /// What he should know besides: his other rights, and what a report can leave out.
    #[cfg_attr(feature = "schema", schema(max_items = 16, max_length = 1000))]
    pub notes: Vec<String>,
}

/// The same for everybody, so that nothing can be read from its being there.
#[must_use]
pub fn notes() -> Vec<String> {
    [
        "You can ask us to put right what is wrong, not to use what we hold, or to stop something we do with it.",
        "The law lets us leave out what is about somebody else, and what could put somebody in danger. Two people look \
         at every report for that. We do not say whether there was anything.",
        crate::rights_request::RIGHT_TO_COMPLAIN,
    ]
    .map(str::to_owned)
    .to_vec()
}

/// What was left out, in words.
fn left_out(report: &Report) -> Option<String> {
    let names: Vec<&str> = report.left_out.iter().map(|matter| in_words(*matter)).collect();
    (!names.is_empty()).then(|| format!("About other people, and left out: {}.", names.join("; ")))
}

const fn in_words(matter: ThirdParty) -> &'static str {
    match matter {
        ThirdParty::Contacts => "whom to call for you, and who must not know",
        ThirdParty::PeoplePresent => "who else was there",
        ThirdParty::Witnesses => "who witnessed a consent",
        ThirdParty::Recipients => "the names of those who got a copy",
        ThirdParty::Notes => "what staff wrote down",
    }
}

const TITLE: &str = "What we hold about you";

/// As a page of its own, in the style of the summary.
#[must_use]
pub fn to_html(report: &Report) -> String {
    let mut page = Html::new(None);
    page.raw("<!doctype html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"robots\" content=\"noindex\">\n");
    page.element("title", &format!("{TITLE}, study number {}", report.study_id));
    page.raw("<style>");
    page.raw(STYLE);
    page.raw("</style>\n</head>\n<body>\n<table class=\"sheet\" role=\"presentation\"><thead><tr><td>\n");
    let mark = if report.synthetic { format!(". {SYNTHETIC}") } else { String::new() };
    page.raw("<div class=\"running\">\n");
    page.element("p", &format!("Study number {}{mark}", report.study_id));
    page.raw("</div>\n</td></tr></thead><tbody><tr><td>\n<main>\n");
    page.element("h1", TITLE);
    page.element("p", &format!("{}, {}", report.programme, moment(report.made_at, &report.timezone)));
    for section in &report.sections {
        page.heading(&section.title);
        if section.entries.is_empty() {
            page.element("p", "We hold nothing here.");
        }
        for entry in &section.entries {
            if !entry.title.is_empty() {
                page.element(if entry.lines.is_empty() { "p" } else { "h3" }, &entry.title);
            }
            if !entry.lines.is_empty() {
                page.raw("<table class=\"facts\"><tbody>\n");
                for line in &entry.lines {
                    page.row(&line.label, &line.text);
                }
                page.raw("</tbody></table>\n");
            }
        }
    }
    page.heading("What you should know");
    for note in left_out(report).iter().chain(&report.notes) {
        page.element("p", note);
    }
    page.raw("</main>\n</td></tr></tbody></table>\n</body>\n</html>\n");
    page.out
}

/// As plain text.
#[must_use]
pub fn to_text(report: &Report) -> String {
    let mut page = Page::default();
    if report.synthetic {
        page.say(0, &format!("{SYNTHETIC}."));
    }
    page.say(0, TITLE);
    page.field(0, "Study number", &report.study_id);
    page.field(0, "Programme", &report.programme);
    page.field(0, "Made", &moment(report.made_at, &report.timezone));
    for section in &report.sections {
        page.heading(&section.title);
        if section.entries.is_empty() {
            page.say(0, "We hold nothing here.");
        }
        for entry in &section.entries {
            page.say(0, &entry.title);
            for line in &entry.lines {
                page.quote(3, &line.label, &line.text);
            }
        }
    }
    page.heading("What you should know");
    for note in left_out(report).iter().chain(&report.notes) {
        page.say(0, note);
    }
    page.out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            study_id: "AS-7K3M-9QXT-U".to_owned(),
            programme: "Alongside".to_owned(),
            timezone: "Europe/London".to_owned(),
            synthetic: true,
            made_at: "2026-11-02T09:30:00Z".parse().unwrap(),
            sections: vec![
                Section {
                    code: "identity".to_owned(),
                    title: "Who you are".to_owned(),
                    entries: vec![
                        Entry::new("Walter <b>")
                            .with("Name", "Walter & Co\nsecond")
                            .maybe("GP", None::<&str>),
                    ],
                },
                Section { code: "mails".to_owned(), title: "Letters".to_owned(), entries: Vec::new() },
            ],
            left_out: vec![ThirdParty::Witnesses],
            notes: notes(),
        }
    }

    #[test]
    fn the_page_is_text_in_large_print_and_nothing_else() {
        let page = to_html(&report());
        assert!(page.contains("<h3>Walter &lt;b&gt;</h3>"), "{page}");
        assert!(page.contains("<td>Walter &amp; Co<br>second</td>") && page.contains("font:18pt"));
        assert!(page.contains("We hold nothing here.") && page.contains("who witnessed a consent"));
        assert!(!page.contains("<script") && !page.contains("GP"));
    }

    #[test]
    fn the_text_says_the_same_in_short_lines() {
        let text = to_text(&report());
        assert!(text.contains("WHO YOU ARE") && text.contains("   Name: Walter & Co"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= crate::summary::WIDTH), "{text}");
    }
}
