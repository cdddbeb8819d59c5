use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::content;
use crate::instrument::{Answer, AnswerKey, ModeVerdict, Taken, Value, administration};
use crate::policy::Role;
use crate::provenance::{AnsweredBy, KeyedBy, Level, Origin, OthersPresent};

const HNA: &str = "prostate-hna";
const HTML: &str = include_str!("tests/hna.html");
const TEXT: &str = include_str!("tests/hna.txt");
const PHQ: &str = include_str!("tests/phq-9.txt");

fn shipped(url: &str) -> &'static Definition {
    let mut all = content::instruments().iter().map(|instrument| &instrument.definition);
    all.find(|definition| definition.url().unwrap().ends_with(url)).unwrap()
}

fn value(link_id: &str, value: serde_json::Value) -> Answer {
    Answer::answered(AnswerKey::of(link_id), vec![Value::from_json(&value).unwrap()])
}

fn code(link_id: &str, code: &str) -> Answer {
    let system = if link_id.chars().next().is_some_and(|c| c.is_ascii_digit()) {
        "http://loinc.org"
    } else {
        "https://fhir.alongside.example/CodeSystem/answer"
    };
    value(link_id, json!({"valueCoding": {"system": system, "code": code}}))
}

fn concern(name: &str, bother: i32, duration: &str, help: &str, words: &str) -> Vec<Answer> {
    let at = |part: &str| format!("{name}.{part}");
    let mut all = vec![
        code(&at("gate"), "yes"),
        value(&at("bother"), json!({"valueInteger": bother})),
        code(&at("duration"), duration),
        code(&at("help"), help),
    ];
    if !words.is_empty() {
        all.push(value(&at("words"), json!({"valueString": words})));
    }
    all
}

fn header() -> Header {
    Header {
        study_id: "AS-7K3M-9QXT-U".into(),
        name: Some("Robert Maddox".into()),
        site: "Harbour Practice".into(),
        programme: "Side by Side".into(),
        time_point: "T0".into(),
        submitted_at: "2026-06-01T12:30:00Z".parse().unwrap(),
        timezone: "Europe/London".into(),
        instrument_title: "How are things?".into(),
        instrument_version: Some("1.0.0".into()),
        language: Some("en-GB".into()),
        synthetic: true,
    }
}

fn origin(level: Level, keyed_by: KeyedBy) -> Origin {
    Origin { answered_by: AnsweredBy::Participant, keyed_by, level }
}

fn facts<'a>(definition: &'a Definition, answers: impl IntoIterator<Item = Answer>) -> Facts<'a> {
    let origins = [
        origin(Level::A2, KeyedBy::Participant),
        origin(Level::A4, KeyedBy::Supporter),
        origin(Level::A4, KeyedBy::Supporter),
    ];
    let answers: Answers = answers.into_iter().collect();
    let scribed = |answer: &Answer| {
        let origin = origin(Level::A4, KeyedBy::Supporter);
        (answer.key.clone(), Taken { origin, language: None })
    };
    Facts {
        header: Header { instrument_title: definition.title().unwrap().into(), ..header() },
        definition,
        administration: administration(definition, &answers, &answers.iter().map(scribed).collect()),
        answers,
        provenance: Provenance::of(&origins, &[Role::Supporter], &[OthersPresent::Partner]),
        handed_over: true,
        amended: 0,
        before: None,
    }
}

/// A man with four worries, one of them private, who chose the least of them first.
fn worries() -> Vec<Answer> {
    let mut all = vec![
        code("ABOUT.treatment", "surgery"),
        code("URI.urgency.gate", "no"),
        code("URI.blood.gate", "prefer_not"),
        value("EMO.distress", json!({"valueInteger": 6})),
        Answer::without(AnswerKey::of("GEN.sleep.gate"), State::Skipped),
        value(
            "PRI.say",
            json!({"valueString": "I would like my daughter to be there.\nShe asks better questions."}),
        ),
        value(
            "PRI.top",
            json!({"valueCoding": {"system": "https://fhir.alongside.example/CodeSystem/concern", "code": "DAY.travel"}}),
        ),
    ];
    all.extend(concern("URI.leakage", 7, "worse", "practical", "Four pads a day <now> & I stay in."));
    all.extend(concern("SEX.erections", 5, "ongoing", "talk", ""));
    all.extend(concern("MON.bills", 9, "new", "urgent", ""));
    all.extend(concern("DAY.travel", 2, "ongoing", "information", ""));
    all.extend(concern("GEN.fatigue", 4, "ongoing", "none", ""));
    let safety =
        shipped(HNA).items().filter(|(_, item)| item.link_id.starts_with("SAF.") && item.kind.is_question());
    all.extend(safety.map(|(_, item)| Answer::without(AnswerKey::of(&item.link_id), State::NotShown)));
    all
}

fn earlier<'a>(definition: &'a Definition) -> Before<'a> {
    let mut answers = concern("URI.leakage", 4, "new", "talk", "");
    answers.extend(concern("URI.urgency", 6, "new", "talk", ""));
    answers.extend(concern("GEN.sleep", 3, "new", "none", ""));
    answers.extend(concern("GEN.fatigue", 4, "new", "none", ""));
    answers.push(code("MON.bills.gate", "no"));
    Before {
        definition,
        answers: answers.into_iter().collect(),
        time_point: "T-4w".into(),
        submitted_at: "2026-05-04T09:00:00Z".parse().unwrap(),
    }
}

fn summary() -> Summary {
    let definition = shipped(HNA);
    Summary::of(&Facts { before: Some(earlier(definition)), ..facts(definition, worries()) })
}

fn codes(lines: &[ConcernLine]) -> Vec<&str> {
    lines.iter().map(|line| line.code.as_str()).collect()
}

/// Compares with the kept copy; `UPDATE_SUMMARY=1` writes it anew.
fn same(name: &str, kept: &str, now: &str) {
    if std::env::var_os("UPDATE_SUMMARY").is_some() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/summary/tests").join(name);
        std::fs::write(file, now).unwrap();
        return;
    }
    assert!(kept == now, "{name} has changed; run with UPDATE_SUMMARY=1 and read the difference:\n{now}");
}

#[test]
fn the_summary_reads_as_it_did() {
    same("hna.txt", TEXT, &to_text(&summary()));
    same("hna.html", HTML, &to_html(&summary()));
}

#[test]
fn what_the_person_chose_comes_first() {
    let summary = summary();
    assert_eq!(codes(&summary.top_concerns), ["DAY.travel", "MON.bills", "URI.leakage", "SEX.erections"]);
    let sections: Vec<_> = summary.sections.iter().map(|section| section.code.as_deref().unwrap()).collect();
    assert_eq!(sections, ["URI", "SEX", "GEN", "DAY", "MON"]);
    assert!(summary.signposts.iter().any(|help| help.code == "URI.leakage"));
    assert_eq!(summary.nothing_raised, None);
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(json["top_concerns"][1]["help"], "urgent");
    assert_eq!(json["provenance"]["max_level"], "A4");
}

#[test]
fn a_choice_of_four_and_the_urgent_all_stand_at_the_top() {
    let mut answers = worries();
    answers.extend(concern("EMO.worry", 1, "new", "urgent", ""));
    answers.extend(concern("EMO.anger", 1, "new", "urgent", ""));
    answers.extend(concern("EMO.low_mood", 1, "new", "urgent", ""));
    answers.extend(concern("EMO.loneliness", 1, "new", "urgent", ""));
    let summary = Summary::of(&facts(shipped(HNA), answers));
    assert_eq!(summary.top_concerns.len(), 6);
}

#[test]
fn only_an_answer_of_no_means_that_a_worry_has_gone() {
    let summary = summary();
    let since: Vec<_> =
        summary.earlier.iter().map(|concern| (concern.code.as_str(), concern.since)).collect();
    assert_eq!(since, [("URI.urgency", Since::Resolved), ("GEN.sleep", Since::NotAnswered)]);
    let change = |code: &str| {
        summary.sections.iter().flat_map(|s| &s.concerns).find(|c| c.code == code).unwrap().change
    };
    assert_eq!(change("URI.leakage"), Some(ChangeKind::Worse));
    assert_eq!(change("GEN.fatigue"), Some(ChangeKind::Same));
    assert_eq!(change("MON.bills"), Some(ChangeKind::New));
    assert_eq!(change("DAY.travel"), None, "nobody knows how it was");
}

#[test]
fn private_sections_say_how_far_they_got() {
    let summary = summary();
    let found: Vec<_> = summary.private_sections.iter().map(|s| (s.link_id.as_str(), s.completion)).collect();
    assert_eq!(
        found,
        [
            ("SEX", Completion::Partly),
            ("EMO.private", Completion::NotShown),
            ("MON", Completion::Partly),
            ("SAF", Completion::NotShown)
        ]
    );
    assert_eq!((summary.counts.prefer_not, summary.counts.skipped, summary.counts.not_shown), (1, 1, 3));
    assert!(summary.holds_private_answers());
}

#[test]
fn nothing_raised_reads_well() {
    let definition = shipped(HNA);
    let no = definition.items().filter(|(_, item)| item.link_id.ends_with(".gate"));
    let answers: Vec<Answer> = no.map(|(_, item)| code(&item.link_id, "no")).collect();
    let summary = Summary::of(&facts(definition, answers));
    assert_eq!(
        summary.nothing_raised.as_deref(),
        Some("Nothing was raised this time. That is a good answer too.")
    );
    assert!(summary.sections.is_empty() && summary.signposts.is_empty() && summary.red_flags.is_empty());
    assert!(!summary.holds_private_answers());
    let text = to_text(&summary);
    assert!(text.contains("That is a good answer too.") && !text.contains("ALL THAT WAS RAISED"));
    let silent = Summary::of(&facts(definition, []));
    assert_eq!(silent.nothing_raised.as_deref(), Some(words::NOTHING_ANSWERED));
}

#[test]
fn an_answer_that_calls_for_a_person_stands_out() {
    let answers = [code("EMO.not_wanting_to_live.gate", "not_sure")];
    let summary = Summary::of(&facts(shipped(HNA), answers));
    assert_eq!(summary.red_flags[0].kind, AlertKind::SelfHarm);
    assert_eq!(summary.red_flags[0].answer, "Not sure");
    assert!(to_text(&summary).contains("ANSWERS THAT CALL FOR A PERSON"));
}

fn phq(items: std::ops::RangeInclusive<u8>) -> Summary {
    let answers = items.map(|item| code(&item.to_string(), "LA6569-3"));
    Summary::of(&facts(shipped("phq-9"), answers))
}

#[test]
fn a_scale_shows_its_score_and_every_answer() {
    let summary = phq(1..=9);
    assert_eq!((summary.scores[0].value, summary.nothing_raised.as_ref()), (Some(9.0), None));
    assert_eq!(summary.answers.len(), 10);
    assert_eq!(summary.answers[0].answer.as_deref(), Some("Several days"), "in the words of the form");
    same("phq-9.txt", PHQ, &to_text(&summary));
    let html = to_html(&summary);
    assert!(html.contains("9 (from 0 to 27), Mild") && html.contains("not a diagnosis"));
}

#[test]
fn a_missing_answer_leaves_no_score() {
    let text = to_text(&phq(1..=8));
    assert!(text.contains("no score. 1 of 9 answers are missing."), "{text}");
}

#[test]
fn unknown_help_is_never_alone() {
    let unknown = Provenance::of(&[Origin::unknown()], &[], &[]);
    let summary =
        Summary::of(&Facts { provenance: unknown, handed_over: false, ..facts(shipped(HNA), worries()) });
    assert_eq!(summary.banner[0], "Help not recorded.");
    let text = summary.banner.join(" ");
    assert!(
        text.contains("Do not read this as “alone”.") && text.contains("Who else was present: unknown."),
        "{text}"
    );
    assert!(text.contains("Whose judgement: unknown, 1 answer (100%)."), "{text}");
}

#[test]
fn without_own_words_nobody_is_named() {
    let summary = summary().without_own_words();
    let everything =
        format!("{}{}{}", to_text(&summary), to_html(&summary), serde_json::to_string(&summary).unwrap());
    for secret in ["Maddox", "pads a day", "daughter"] {
        assert!(!everything.contains(secret), "{secret}");
    }
    assert!(everything.contains("Own words are left out of this view."));
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let html = to_html(&summary());
    for forbidden in ["<script", "src=", "href=", "style=", "@import", "url(", "<link", "<img", "onload"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    assert!(html.contains("<html lang=\"en-GB\">") && html.contains("Synthetic demonstration data"));
    assert!(html.contains("Four pads a day &lt;now&gt; &amp; I stay in."));
    let headings: Vec<u8> = html
        .match_indices("<h")
        .filter_map(|(at, _)| html.as_bytes().get(at + 2))
        .copied()
        .filter(u8::is_ascii_digit)
        .collect();
    assert!(headings.windows(2).all(|pair| pair[1] <= pair[0] + 1), "no level of heading is left out");
    assert_eq!(headings.iter().filter(|level| **level == b'1').count(), 1);
}

#[test]
fn the_words_of_the_form_are_in_its_language() {
    let mut summary = summary();
    summary.header.language = Some("cy".into());
    assert!(to_html(&summary).contains("<h1><span lang=\"cy\">"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_of_a_person_gets_out_of_its_place(said in "[\\PC<>&\"'\u{0}-\u{1f}\u{7f}-\u{9f}\u{202e}]{0,200}") {
        let hostile = format!("{said}<script>alert(1)</script>");
        let mut answers = worries();
        answers.extend(concern("URI.leakage", 7, "worse", "practical", &hostile));
        answers.push(value("PRI.say", json!({"valueString": hostile})));
        let definition = shipped(HNA);
        let mut facts = facts(definition, answers);
        facts.header.name = Some(hostile.clone());
        facts.header.study_id.clone_from(&hostile);
        facts.header.site.clone_from(&hostile);
        facts.header.language = Some(format!("x{hostile}"));
        let summary = Summary::of(&facts);
        let html = to_html(&summary);
        prop_assert!(!html.contains("<script"));
        // What is left when every element of ours is taken out holds no bracket.
        let tags = regex::Regex::new("</?(html|head|meta|title|style|body|table|thead|tbody|tr|td|th|main|section|h[1-4]|p|ul|li|div|blockquote|span|br)( [a-z-]+=\"[^\"<>]*\")*>|<!doctype html>").unwrap();
        let rest = html.replace(STYLE, "");
        let rest = tags.replace_all(&rest, "");
        prop_assert!(!rest.contains(['<', '>']), "{}", rest);
        let text = to_text(&summary);
        let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        prop_assert!(!text.contains(steers));
        prop_assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
    }
}

#[test]
fn a_scale_that_was_not_taken_as_it_is_validated_says_so() {
    let seven: Vec<Answer> = (1..=7).map(|n| code(&n.to_string(), "LA6569-3")).collect();
    let scribed = Summary::of(&facts(shipped("gad-7"), seven.clone()));
    assert_eq!(scribed.administration.verdict, ModeVerdict::NotValidated);
    let caution = scribed.banner.last().unwrap();
    assert!(caution.starts_with("7 of 7 answers were read aloud or written down"), "{caution}");
    assert!(
        to_text(&scribed).contains("interviewer-administered")
            && to_html(&scribed).contains("interviewer-administered")
    );
    // The PHQ-9 is validated on the telephone too, and the needs assessment claims no validation at all.
    let nine = Summary::of(&facts(shipped("phq-9"), seven));
    assert_eq!(nine.administration.verdict, ModeVerdict::Validated);
    assert_eq!(summary().administration.verdict, ModeVerdict::NotDeclared);
    assert!(!nine.banner.iter().chain(&summary().banner).any(|line| line.contains("validated")));
}
