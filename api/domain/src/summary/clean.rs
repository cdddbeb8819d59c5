//! Text from people, made safe for a terminal, for paper and for a page.

/// Text without what could steer a terminal or turn the order of letters round. Line breaks stay.
pub(super) fn lines(text: &str) -> String {
    let unified = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}', '\u{85}'], "\n");
    unified
        .chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|c| *c == '\n' || is_harmless(*c))
        .collect()
}

/// As [`lines`], on one line.
pub(super) fn line(text: &str) -> String {
    lines(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As [`lines`], as markup that can stand in an element or in a quoted attribute.
pub(super) fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in lines(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn is_harmless(c: char) -> bool {
    let turns_round = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    !c.is_control() && !turns_round
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal() {
        assert_eq!(line("a\u{1b}[31mb\tc\r\n\u{202e}d\u{7}"), "a[31mb c d");
        assert_eq!(lines("one\r\ntwo\u{9b}"), "one\ntwo");
    }

    #[test]
    fn markup_is_only_text() {
        assert_eq!(markup("<b a='x' c=\"y\">&\u{0}"), "&lt;b a=&#39;x&#39; c=&quot;y&quot;&gt;&amp;");
    }
}
