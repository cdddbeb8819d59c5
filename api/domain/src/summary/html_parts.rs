//! Building blocks of the page. Every text goes through here and is escaped here.

use super::clean::{line, lines, markup};

/// A page under construction. The names of elements are ours; everything else is text.
pub(crate) struct Html {
    pub out: String,
    /// The language of the questions, where it is not that of the page.
    language: Option<String>,
}

impl Html {
    pub fn new(language: Option<&str>) -> Self {
        let other = language.filter(|language| !language.starts_with("en"));
        Self { out: String::new(), language: other.map(str::to_owned) }
    }

    /// Fixed markup of ours.
    pub fn raw(&mut self, fixed: &'static str) {
        self.out.push_str(fixed);
    }

    /// An element with one line of text.
    pub fn element(&mut self, name: &'static str, text: &str) {
        let text = markup(&line(text));
        self.out.push_str(&format!("<{name}>{text}</{name}>\n"));
    }

    pub fn heading(&mut self, text: &str) {
        self.element("h2", text);
    }

    /// A row with a heading of its own and one cell of text, with its line breaks.
    pub fn row(&mut self, label: &str, text: &str) {
        let (label, text) = (markup(&line(label)), broken(text));
        self.out.push_str(&format!("<tr><th scope=\"row\">{label}</th><td>{text}</td></tr>\n"));
    }

    /// As [`Html::row`], with both in the words of the form.
    pub fn row_of_form(&mut self, label: &str, is_private: bool, text: &str) {
        let (label, text) =
            (self.in_its_language(&markup(&line(label))), self.in_its_language(&broken(text)));
        let mark = if is_private { PRIVATE } else { "" };
        self.out.push_str(&format!("<tr><th scope=\"row\">{label}{mark}</th><td>{text}</td></tr>\n"));
    }

    /// A heading in the words of the form.
    pub fn heading_of_form(&mut self, name: &'static str, text: &str, is_private: bool) {
        let text = self.in_its_language(&markup(&line(text)));
        let mark = if is_private { PRIVATE } else { "" };
        self.out.push_str(&format!("<{name}>{text}{mark}</{name}>\n"));
    }

    /// What somebody wrote, with his line breaks.
    pub fn quote(&mut self, text: &str) {
        let text = broken(text);
        self.out.push_str(&format!("<blockquote>{text}</blockquote>\n"));
    }

    fn in_its_language(&self, markup_text: &str) -> String {
        match &self.language {
            Some(language) => format!("<span lang=\"{}\">{markup_text}</span>", markup(language)),
            None => markup_text.to_owned(),
        }
    }
}

const PRIVATE: &str = " <span class=\"private\">private section</span>";

/// Text with its line breaks.
fn broken(text: &str) -> String {
    let text = lines(text);
    text.trim().lines().map(|part| markup(&line(part))).collect::<Vec<_>>().join("<br>")
}
