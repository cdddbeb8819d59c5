use super::*;
use crate::instrument::testing::{answer, own, parsed, part, refused, scored_questionnaire};
use crate::provenance::KeyedBy;
use serde_json::{Value as Json, json};

fn taken(level: Level, language: Option<&str>) -> Taken {
    Taken { origin: origin(level), language: language.map(|tag| tag.parse().unwrap()) }
}

fn origin(level: Level) -> Origin {
    Origin { answered_by: AnsweredBy::Participant, keyed_by: KeyedBy::Supporter, level }
}

fn validated(modes: &[&str]) -> Json {
    let mut document = scored_questionnaire(&[]);
    let extensions = document["extension"].as_array_mut().unwrap();
    extensions.extend(modes.iter().map(|mode| own("validated-mode", json!([part("mode", json!(mode))]))));
    document
}

fn found(modes: &[&str], levels: &[(&str, Level)]) -> Administration {
    let definition = parsed(&validated(modes));
    let answers =
        ["a", "b"].map(|link_id| answer(link_id, json!([{"valueInteger": 1}]))).into_iter().collect();
    let origins =
        levels.iter().map(|(link_id, level)| (AnswerKey::of(*link_id), taken(*level, None))).collect();
    administration(&definition, &answers, &origins)
}

#[test]
fn help_that_reads_aloud_or_writes_down_is_an_interview() {
    for (level, mode) in [
        (Level::A0, Mode::OneSelf),
        (Level::A2, Mode::OneSelf),
        (Level::A3, Mode::Interviewer),
        (Level::A4, Mode::Interviewer),
        (Level::A5, Mode::Explained),
        (Level::Unknown, Mode::Unknown),
    ] {
        assert_eq!(Mode::of(origin(level)), mode, "{level}");
    }
    let by = |answered_by, level| Mode::of(Origin { answered_by, ..origin(level) });
    assert_eq!(by(AnsweredBy::Proxy, Level::A5), Mode::Proxy);
    assert_eq!(by(AnsweredBy::Observer, Level::A0), Mode::Observer);
    assert_eq!(by(AnsweredBy::Unknown, Level::A0), Mode::Unknown);
}

#[test]
fn one_answer_in_another_mode_marks_the_whole() {
    let mixed = found(&["self"], &[("a", Level::A1), ("b", Level::A4)]);
    assert_eq!(mixed.verdict, ModeVerdict::NotValidated);
    assert_eq!(mixed.not_validated, [Mode::Interviewer]);
    assert!(mixed.caution("PHQ-9").unwrap().starts_with("1 of 2 answers were read aloud"));
    assert_eq!(
        found(&["self", "interviewer"], &[("a", Level::A1), ("b", Level::A4)]).verdict,
        ModeVerdict::Validated
    );
}

#[test]
fn what_nobody_recorded_is_not_validated_and_not_condemned() {
    let unknown = found(&["self"], &[("a", Level::A1)]);
    assert_eq!((unknown.verdict, unknown.not_validated.is_empty()), (ModeVerdict::Unknown, true));
    assert!(unknown.caution("PHQ-9").unwrap().contains("unknown"));
    let nothing = found(&[], &[("a", Level::A5)]);
    assert_eq!((nothing.verdict, nothing.caution("x")), (ModeVerdict::NotDeclared, None));
}

#[test]
fn a_score_looks_at_the_answers_it_counts() {
    let mut document = validated(&["self"]);
    document["item"].as_array_mut().unwrap().push(json!({"linkId": "aside", "type": "integer"}));
    let definition = parsed(&document);
    let answers = ["a", "aside"].map(|one| answer(one, json!([{"valueInteger": 1}]))).into_iter().collect();
    let origins =
        [("a", Level::A0), ("aside", Level::A5)].map(|(one, level)| (AnswerKey::of(one), taken(level, None)));
    let origins = origins.into_iter().collect();
    let of_score = administration_of(&definition, &definition.scores()[0], &answers, &origins);
    assert_eq!(of_score.verdict, ModeVerdict::Validated);
    assert_eq!(administration(&definition, &answers, &origins).verdict, ModeVerdict::NotValidated);
}

#[test]
fn words_in_another_language_are_not_validated_until_that_is_declared() {
    let in_language = |document: &Json, of_a: Option<&str>| {
        let definition = parsed(document);
        let answers = ["a", "b"].map(|one| answer(one, json!([{"valueInteger": 1}]))).into_iter().collect();
        let taken = [("a", of_a), ("b", Some("en-GB"))]
            .map(|(one, language)| (AnswerKey::of(one), taken(Level::A0, language)));
        administration(&definition, &answers, &taken.into_iter().collect())
    };
    let mut document = validated(&["self"]);
    document["language"] = json!("en");
    let polish = in_language(&document, Some("pl"));
    assert_eq!(polish.verdict, ModeVerdict::NotValidated);
    assert_eq!((polish.not_validated.len(), polish.not_validated_languages[0].as_str()), (0, "pl"));
    let caution = polish.caution("PHQ-9").unwrap();
    assert!(caution.starts_with("1 of 2 answers were given to words in pl. “PHQ-9”"), "{caution}");
    let counts: Vec<_> =
        polish.languages.iter().map(|one| (one.language.as_ref().unwrap().as_str(), one.answers)).collect();
    assert_eq!(counts, [("en-GB", 1), ("pl", 1)]);
    // What nobody recorded is judged by the mode alone, and shown as such.
    let unknown = in_language(&document, None);
    assert_eq!((unknown.verdict, unknown.languages[0].language.is_none()), (ModeVerdict::Validated, true));
    let of_both = own(
        "validated-mode",
        json!([part("mode", json!("self")), part("language", json!("pl")), part("language", json!("en"))]),
    );
    document["extension"].as_array_mut().unwrap().push(of_both);
    assert_eq!(in_language(&document, Some("pl-PL")).verdict, ModeVerdict::Validated);
    let mut wrong = validated(&[]);
    let nowhere = own("validated-mode", json!([part("mode", json!("self")), part("language", json!("?"))]));
    wrong["extension"].as_array_mut().unwrap().push(nowhere);
    assert_eq!(refused(&wrong)[0].code, "extension_malformed");
}

#[test]
fn nothing_is_validated_when_it_is_explained() {
    assert_eq!(refused(&validated(&["explained"]))[0].code, "mode_not_validatable");
    let mut document = validated(&[]);
    let nameless = own("validated-mode", json!([part("source", json!("somewhere"))]));
    document["extension"].as_array_mut().unwrap().push(nameless);
    assert_eq!(refused(&document)[0].code, "extension_malformed");
}
