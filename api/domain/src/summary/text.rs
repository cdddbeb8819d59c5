//! The summary as plain text, for a terminal, a letter or a screen reader: no line longer than [`WIDTH`], no drawing,
//! meaning in words alone.

use super::clean::{line, lines};
use super::words;
use super::{ConcernLine, Summary};
use crate::instrument::{InstrumentKind, Score};

/// How many characters a line has at most.
pub const WIDTH: usize = 76;

/// The summary as plain text.
#[must_use]
pub fn to_text(summary: &Summary) -> String {
    let mut page = Page::default();
    header(&mut page, summary);
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
    page.heading("How to read this");
    for note in &summary.notes {
        page.say(0, note);
    }
    if summary.own_words_withheld {
        page.say(0, words::WITHHELD_NOTE);
    }
    page.out
}

fn header(page: &mut Page, summary: &Summary) {
    let header = &summary.header;
    if header.synthetic {
        page.say(0, &format!("{}.", words::SYNTHETIC));
    }
    page.say(0, &header.instrument_title);
    page.field(0, "Study number", &header.study_id);
    if let Some(name) = &header.name {
        page.field(0, "Name", name);
    }
    page.field(0, "Handed in", &words::moment(header.submitted_at, &header.timezone));
    page.field(0, "Time point", &header.time_point);
    page.field(0, "Site", &header.site);
    page.field(0, "Programme", &header.programme);
    if let Some(version) = &header.instrument_version {
        page.field(0, "Form version", version);
    }
    if summary.holds_private_answers() {
        page.say(0, words::KEEP_SAFE);
    }
}

fn provenance(page: &mut Page, summary: &Summary) {
    page.heading("How this form was filled in");
    for sentence in &summary.banner {
        page.say(0, sentence);
    }
}

fn red_flags(page: &mut Page, summary: &Summary) {
    if summary.red_flags.is_empty() {
        return;
    }
    page.heading("Answers that call for a person");
    for flag in &summary.red_flags {
        page.say(0, &words::red_flag(flag));
    }
}

fn top(page: &mut Page, summary: &Summary) {
    page.heading("What matters most");
    if let Some(nothing) = &summary.nothing_raised {
        page.say(0, nothing);
    }
    for (index, concern) in summary.top_concerns.iter().enumerate() {
        page.say(0, &format!("{}. {}", index + 1, title(concern)));
        if concern.chosen_rank.is_some() {
            page.say(3, "The person chose this.");
        }
        details(page, 3, concern, summary.compared_with.is_some());
    }
}

fn title(concern: &ConcernLine) -> String {
    let private = if concern.private { format!(" ({})", words::PRIVATE) } else { String::new() };
    format!("{}{private}", concern.title)
}

fn details(page: &mut Page, indent: usize, concern: &ConcernLine, compared: bool) {
    page.field(indent, "Bothers", &words::bother(concern));
    page.field(indent, "How long", words::duration(concern.duration));
    page.field(indent, "Help wanted", words::help(concern.help));
    if compared {
        page.field(indent, "Since last time", &words::change_or_why(concern));
    }
    if let Some(own_words) = &concern.own_words {
        page.quote(indent, "Own words", own_words);
    }
}

fn say_to_nurse(page: &mut Page, summary: &Summary) {
    if let Some(said) = &summary.say_to_nurse {
        page.heading("To the nurse, in the person's own words");
        page.quote(0, "", said);
    }
}

/// Those at the top are named again without their details.
fn sections(page: &mut Page, summary: &Summary) {
    if summary.sections.is_empty() {
        return;
    }
    page.heading("All that was raised");
    for section in &summary.sections {
        page.say(0, &format!("{}:", section.title));
        for concern in &section.concerns {
            if summary.top_concerns.iter().any(|top| top.code == concern.code) {
                page.say(2, &format!("- {}: {}; see above", title(concern), words::bother(concern)));
                continue;
            }
            page.say(2, &format!("- {}", title(concern)));
            details(page, 4, concern, summary.compared_with.is_some());
        }
    }
}

fn earlier(page: &mut Page, summary: &Summary) {
    let Some(compared) = &summary.compared_with else { return };
    page.heading("Compared with last time");
    let at = words::moment(compared.submitted_at, &summary.header.timezone);
    page.say(0, &format!("Last time was {}, {at}.", compared.time_point));
    for concern in &summary.earlier {
        let was =
            concern.bother_before.map_or_else(|| "not rated".to_owned(), |rating| format!("{rating} of 10"));
        page.say(0, &format!("- {}: was {was}; {}", concern.title, words::since(concern.since)));
    }
    if summary.earlier.is_empty() {
        page.say(0, "Nothing that was raised then has gone.");
    }
}

fn scores(page: &mut Page, summary: &Summary) {
    if summary.scores.is_empty() {
        return;
    }
    page.heading("Scores");
    for score in &summary.scores {
        page.field(0, &score.title, &result(score));
        page.field(3, "Worked out as", &score.formula);
        if let Some(source) = &score.source {
            page.field(3, "Source", source);
        }
    }
}

/// `15 of 0 to 27, moderately severe`
pub(super) fn result(score: &Score) -> String {
    let Some(value) = score.value else {
        let reason = score.reason_missing.as_deref().unwrap_or("It could not be worked out.");
        let estimate = score.prorated.map(|value| {
            format!(
                " From the answers there are it is estimated at {}; an estimate has no band.",
                words::number(value)
            )
        });
        return format!("no score. {reason}{}", estimate.unwrap_or_default());
    };
    let range = match (score.min, score.max) {
        (Some(min), Some(max)) => format!(" (from {} to {})", words::number(min), words::number(max)),
        _ => String::new(),
    };
    let band = score.band.as_ref().map(|band| format!(", {}", band.title)).unwrap_or_default();
    format!("{}{range}{band}", words::number(value))
}

fn answers(page: &mut Page, summary: &Summary) {
    if summary.answers.is_empty() {
        return;
    }
    page.heading(answers_heading(summary));
    for answer in &summary.answers {
        let private = if answer.private { format!(" ({})", words::PRIVATE) } else { String::new() };
        page.say(0, &format!("{}{private}", answer.question));
        page.quote(3, "Answer", &words::answer(answer));
    }
}

pub(super) fn answers_heading(summary: &Summary) -> &'static str {
    if summary.kind == InstrumentKind::Hna { "Other answers" } else { "Every question and its answer" }
}

fn completeness(page: &mut Page, summary: &Summary) {
    page.heading("How complete it is");
    for (label, number) in counted(summary) {
        page.field(0, label, &number.to_string());
    }
    for section in &summary.private_sections {
        page.field(0, &format!("Private section “{}”", section.title), words::completion(section.completion));
    }
}

/// The counts with their labels; what did not happen is left out.
pub(super) fn counted(summary: &Summary) -> Vec<(&'static str, u32)> {
    let counts = &summary.counts;
    let all = [
        ("Questions answered", counts.answered),
        ("Passed over", counts.skipped),
        ("Prefers not to say", counts.prefer_not),
        ("Not asked", counts.not_shown),
        ("Without a record", counts.no_record),
    ];
    all.into_iter()
        .enumerate()
        .filter(|(index, (_, number))| *index == 0 || *number > 0)
        .map(|(_, all)| all)
        .collect()
}

fn signposts(page: &mut Page, summary: &Summary) {
    if summary.signposts.is_empty() {
        return;
    }
    page.heading("Where to turn to");
    for help in &summary.signposts {
        page.say(0, &format!("{}:", help.title));
        for contact in &help.signposts {
            let ways: Vec<&str> =
                [contact.phone.as_deref(), contact.url.as_deref()].into_iter().flatten().collect();
            page.say(2, &format!("- {}: {}", contact.title, ways.join(", ")));
            page.say(4, &contact.note);
        }
    }
}

/// Lines of bounded length.
#[derive(Default)]
pub(crate) struct Page {
    pub out: String,
}

impl Page {
    pub fn heading(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.wrap(0, &text.to_uppercase());
        self.out.push('\n');
    }

    /// One thing to say, cut to lines; the second line on stands two further in.
    pub fn say(&mut self, indent: usize, text: &str) {
        self.wrap(indent, &line(text));
    }

    pub fn field(&mut self, indent: usize, label: &str, text: &str) {
        self.say(indent, &format!("{label}: {text}"));
    }

    /// What somebody wrote, with his line breaks.
    pub fn quote(&mut self, indent: usize, label: &str, text: &str) {
        let text = lines(text);
        let mut parts = text.lines().map(line).filter(|part| !part.is_empty());
        let first = parts.next().unwrap_or_default();
        if label.is_empty() {
            self.wrap(indent, &first);
        } else {
            self.wrap(indent, &format!("{label}: {first}"));
        }
        for part in parts {
            self.wrap(indent + 2, &part);
        }
    }

    fn wrap(&mut self, indent: usize, text: &str) {
        let mut margin = indent;
        let mut current = String::new();
        let mut length = 0;
        for word in text.split(' ').flat_map(|word| pieces(word, WIDTH - indent - 2)) {
            let more = word.chars().count();
            if length > 0 && margin + length + 1 + more > WIDTH {
                self.line(margin, &current);
                margin = indent + 2;
                (current, length) = (String::new(), 0);
            }
            if length > 0 {
                current.push(' ');
                length += 1;
            }
            current.push_str(&word);
            length += more;
        }
        if length > 0 {
            self.line(margin, &current);
        }
    }

    fn line(&mut self, margin: usize, text: &str) {
        self.out.extend(std::iter::repeat_n(' ', margin));
        self.out.push_str(text);
        self.out.push('\n');
    }
}

/// A word, cut where it is longer than a line.
fn pieces(word: &str, most: usize) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    letters.chunks(most.max(1)).map(|piece| piece.iter().collect()).collect()
}
