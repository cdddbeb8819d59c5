//! The examples published with FHIR R4. Some responses among them do not fit their own questionnaire; what is
//! wrong with these was checked by hand.

use serde_json::{Value as Json, json};

use crate::instrument::testing::codes;
use crate::instrument::{AnswerKey, Definition, Parsed, ResponseStatus, read_response, write_response};

const BLUEBOOK: &str =
    include_str!("../../../../../tests/fixtures/fhir-r4/questionnaire-example-bluebook.json");
const LIFELINES: &str =
    include_str!("../../../../../tests/fixtures/fhir-r4/questionnaire-example-f201-lifelines.json");
const GCS: &str = include_str!("../../../../../tests/fixtures/fhir-r4/questionnaire-example-gcs.json");
const CANCER: &str = include_str!("../../../../../tests/fixtures/fhir-r4/questionnaire-example.json");
const FAMILY: &str =
    include_str!("../../../../../tests/fixtures/fhir-r4/questionnaire-profile-example-ussg-fht.json");
const ZIKA: &str =
    include_str!("../../../../../tests/fixtures/fhir-r4/questionnaire-zika-virus-exposure-assessment.json");

const BLUEBOOK_ANSWERS: &str =
    include_str!("../../../../../tests/fixtures/fhir-r4/questionnaireresponse-example-bluebook.json");
const LIFELINES_ANSWERS: &str =
    include_str!("../../../../../tests/fixtures/fhir-r4/questionnaireresponse-example-f201-lifelines.json");
const GCS_ANSWERS: &str =
    include_str!("../../../../../tests/fixtures/fhir-r4/questionnaireresponse-example-gcs.json");
const CANCER_ANSWERS: &str =
    include_str!("../../../../../tests/fixtures/fhir-r4/questionnaireresponse-example.json");
const FAMILY_ANSWERS: &str =
    include_str!("../../../../../tests/fixtures/fhir-r4/questionnaireresponse-example-ussg-fht-answers.json");

fn load(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

fn import(text: &str) -> Parsed {
    Definition::parse(&load(text)).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

fn refusal(questionnaire: &str, response: &str) -> Vec<(&'static str, String)> {
    let findings = read_response(&import(questionnaire).definition, &load(response)).unwrap_err();
    // Some are in progress, and what they still lack is only a warning.
    let refusals = findings.into_iter().filter(|finding| finding.is_refusal());
    refusals.map(|finding| (finding.code, finding.pointer)).collect()
}

#[test]
fn every_questionnaire_is_imported() {
    for (text, items, warnings) in
        [(BLUEBOOK, 14, 0), (LIFELINES, 9, 0), (GCS, 3, 0), (CANCER, 10, 6), (FAMILY, 49, 0), (ZIKA, 6, 0)]
    {
        let Parsed { definition, warnings: found } = import(text);
        assert_eq!((definition.items().count(), found.len()), (items, warnings), "{:?}", definition.url());
    }
}

#[test]
fn a_value_set_that_is_not_there_is_named() {
    let warnings = import(CANCER).warnings;
    assert_eq!(warnings[0].code, "value_set_unresolved");
    assert_eq!(warnings[0].pointer, "/item/0/item/0/answerValueSet");
    assert!(warnings[0].message.contains("http://hl7.org/fhir/ValueSet/yesnodontknow"));
    assert_eq!(codes(&warnings).iter().filter(|code| **code == "no_options").count(), 1);
}

#[test]
fn the_coma_score_fits_and_comes_out_as_it_went_in() {
    let definition = import(GCS).definition;
    let original = load(GCS_ANSWERS);
    let (answers, header) = read_response(&definition, &original).unwrap();
    assert_eq!((answers.len(), header.status), (3, ResponseStatus::Completed));
    let written = write_response(&definition, &answers, &header);
    for member in ["questionnaire", "status", "subject", "authored", "source", "item"] {
        assert_eq!(written[member], original[member], "{member}");
    }
}

#[test]
fn the_blue_book_has_a_small_letter_and_two_other_link_ids() {
    // The options are F and M, the answer is f. The questionnaire says vitaminiKDose1, the response vitaminKDose1.
    let doses = "/item/0/item/1/item/2/answer/0/item/0/item";
    assert_eq!(
        refusal(BLUEBOOK, BLUEBOOK_ANSWERS),
        [
            ("unknown_question", format!("{doses}/0/linkId")),
            ("unknown_question", format!("{doses}/1/linkId")),
            ("not_an_option", "/item/0/item/0/item/1/answer/0/valueCoding".into()),
        ]
    );
}

#[test]
fn lifelines_answers_a_group_where_a_question_is_and_words_where_yes_or_no_is() {
    // In the questionnaire 1 is a question; in the response it is a group around 1.1, which does not exist.
    assert_eq!(
        refusal(LIFELINES, LIFELINES_ANSWERS),
        [
            ("item_misplaced", "/item/0/item".into()),
            ("wrong_type", "/item/2/item/0/answer/0/valueString".into()),
            ("wrong_type", "/item/2/item/1/answer/0/valueString".into()),
        ]
    );
}

#[test]
fn the_cancer_form_says_yes_in_a_code_that_opens_nothing() {
    // The condition asks for Y of v2-0136, the answer is 1 of another system; and 1.1.1.3 does not exist.
    let inside = "/item/0/item/0/answer/0/item/0/item";
    assert_eq!(
        refusal(CANCER, CANCER_ANSWERS),
        [
            ("unknown_question", format!("{inside}/2/linkId")),
            ("question_not_shown", format!("{inside}/0/linkId")),
            ("question_not_shown", format!("{inside}/1/linkId")),
        ]
    );
}

#[test]
fn the_family_history_repeats_another_group_than_its_questionnaire() {
    // The questionnaire repeats 2, the response 2.1 inside a single 2; 1.1.7.1 and 1.1.8.1 do not exist.
    let found = refusal(FAMILY, FAMILY_ANSWERS);
    let (unknown, twice) = found.split_at(2);
    assert_eq!(unknown[0], ("unknown_question", "/item/1/item/0/item/6/answer/0/item/0/linkId".into()));
    assert_eq!(unknown[1], ("unknown_question", "/item/1/item/0/item/7/answer/0/item/0/linkId".into()));
    assert_eq!(twice.len(), 16);
    assert!(twice.iter().all(|(code, _)| *code == "item_twice"));
}

#[test]
fn put_right_the_family_history_is_read_in_its_occurrences() {
    let mut response = load(FAMILY_ANSWERS);
    let questions = response["item"][1]["item"][0]["item"].as_array_mut().unwrap();
    for question in questions.iter_mut().filter(|q| q["linkId"] == "1.1.7" || q["linkId"] == "1.1.8") {
        let unit = question["answer"][0]["item"][0]["item"].take();
        question["answer"][0]["item"] = unit;
        // The list of weights has [lb_i] and km.
        let code = &mut question["answer"][0]["item"][0]["answer"][0]["valueCoding"]["code"];
        if code == "[lb_av]" {
            *code = json!("[lb_i]");
        }
    }
    let relatives =
        response["item"][2]["item"].as_array_mut().unwrap().drain(..).take(1).collect::<Vec<Json>>();
    let relative = |relative: &Json| json!({"linkId": "2", "item": [relative]});
    response["item"][2] = relative(&relatives[0]);
    response["item"].as_array_mut().unwrap().push(relative(&relatives[0]));
    let definition = import(FAMILY).definition;
    let (answers, _) =
        read_response(&definition, &response).unwrap_or_else(|findings| panic!("{findings:#?}"));
    assert!(answers.get(&AnswerKey::at("2.1.1.2", &[0])).is_some());
    assert!(answers.get(&AnswerKey::at("2.1.1.2", &[1])).is_some());
}
