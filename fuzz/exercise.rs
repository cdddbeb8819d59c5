//! What is done with every input, by the fuzzer and by the plain test that runs the corpus.

use std::sync::OnceLock;

use alongside_domain::instrument::{
    Answer, Answers, Definition, Header, ResponseStatus, Setting, concerns, judge_answer, judge_complete,
    judge_response, operation_outcome, positive, progress_by_section, read_response, scores, visible_items,
    write_response,
};

/// A form with everything a response can go wrong in.
const FORM: &str = include_str!("corpus/questionnaire/everything.json");

/// What the input is read as.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    Questionnaire,
    Response,
    Answers,
}

impl Target {
    /// Reads the input, and does with it whatever the server would. It must come to an end without a panic.
    pub fn run(self, data: &[u8]) {
        match self {
            Self::Questionnaire => questionnaire(data),
            Self::Response => response(data),
            Self::Answers => answers(data),
        }
    }
}

fn form() -> &'static Definition {
    static READ: OnceLock<Definition> = OnceLock::new();
    READ.get_or_init(|| Definition::parse(&serde_json::from_str(FORM).unwrap()).unwrap().definition)
}

fn questionnaire(data: &[u8]) {
    let Ok(json) = serde_json::from_slice(data) else { return };
    match Definition::parse(&json) {
        Ok(parsed) => {
            let _ = operation_outcome(&parsed.warnings);
            use_form(&parsed.definition, &Answers::default());
        }
        Err(findings) => {
            assert!(findings.iter().any(|finding| finding.is_refusal()), "refused without a reason");
            let _ = operation_outcome(&findings);
        }
    }
}

fn response(data: &[u8]) {
    let Ok(json) = serde_json::from_slice(data) else { return };
    let form = form();
    let findings = judge_response(form, &json);
    let _ = operation_outcome(&findings);
    if let Ok((answers, header)) = read_response(form, &json) {
        use_form(form, &answers);
        let written = write_response(form, &answers, &header);
        let again = read_response(form, &written).expect("what was written is read again");
        assert_eq!(again.0, answers);
    }
}

fn answers(data: &[u8]) {
    let Ok(offered) = serde_json::from_slice::<Vec<Answer>>(data) else { return };
    let form = form();
    let mut kept = Answers::default();
    for answer in offered.into_iter().take(200) {
        let _ = positive(form, &answer);
        if judge_answer(form, &kept, &answer, "/answers/0").is_empty() {
            kept.save(answer);
        }
    }
    use_form(form, &kept);
}

fn use_form(form: &Definition, answers: &Answers) {
    let _ = visible_items(form, answers, &Setting::default());
    let _ = progress_by_section(form, answers, &Setting { family_present: true });
    let _ = judge_complete(form, answers, &Setting::default());
    let _ = (scores(form, answers), concerns(form, answers));
    let _ = write_response(form, answers, &Header::with_status(ResponseStatus::InProgress));
}
