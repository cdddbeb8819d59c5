//! Answers from a file, for programs: nothing is asked, and only what the server acknowledged counts as saved.

use std::io::Read as _;
use std::path::Path;

use alongside_domain::instrument::{Answer, AnswerKey, Definition, Item, State, Value};
use alongside_domain::provenance::{AnsweredBy, KeyedBy, Level, OthersPresent};
use anyhow::{Context as _, Result, anyhow};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::help::{Help, Said};
use super::link::{BATCH, Link, Saving, to_json};
use super::{Args, Found, another, find, take_over, typed};
use crate::Run;
use crate::exit::{Exit, Stop};
use crate::output::text;
use crate::problem::{Field, Problem};

/// The largest file of answers.
const LARGEST: u64 = 16 * 1024 * 1024;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    answers: Vec<Given>,
    #[serde(default)]
    segments: Vec<Stretch>,
    /// The private sections that the participant opened to the helper.
    #[serde(default)]
    open_sections: Vec<String>,
    /// At level A4, the sections that the participant wants typed for him.
    sections_consented: Option<Vec<String>>,
    #[serde(default)]
    submit: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    link_id: String,
    #[serde(default)]
    occurrence: Vec<u32>,
    /// In a repeating group: the first new occurrence is 0, the next 1, and so on. They are numbered on from those that are
    /// there; `occurrence` is then of what repeats around the group.
    new: Option<u32>,
    state: Option<State>,
    values: Option<Vec<Value>>,
    value: Option<Json>,
    code: Option<String>,
    codes: Option<Vec<String>>,
    answered_by: Option<AnsweredBy>,
    /// Which of the segments; that of the answer before, when absent.
    segment: Option<usize>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stretch {
    level: Level,
    keyed_by: KeyedBy,
    others_present: Vec<OthersPresent>,
    #[serde(default)]
    handed_over: bool,
}

/// Answers that go in one request, with their places in the file.
struct Batch {
    segment: usize,
    first: usize,
    answers: Vec<Json>,
}

pub fn run(run: &Run, args: &Args, path: &Path) -> Result<()> {
    let file = read(path)?;
    if !args.affirmed {
        let words = "Help begins with the participant's own yes. Say that there was one with --affirmed.";
        return Err(Stop::usage(words));
    }
    let help = match file.segments.first() {
        Some(first) => Help::said(&Said {
            level: Some(first.level),
            keyed_by: Some(first.keyed_by),
            present: first.others_present.clone(),
        })?,
        None => Help::said(&args.said())?,
    };
    let mut found = find(&run.client, args)?;
    // Once before anything is sent, so that every fault is told first.
    let mut batches = batches(&found.definition, &file, &[]).map_err(unacceptable)?;
    take_over(&run.client, &found.link)?;
    found.link.open_session(&help, file.sections_consented.as_deref())?;
    let mut saved = 0;
    let numbered = number_on(&found, &file, &mut batches);
    let mut done = numbered.and_then(|()| send(&mut found.link, &help, &file, &batches, &mut saved));
    let mut submitted = None;
    if done.is_ok() && file.submit {
        match found.link.submit() {
            Ok(view) => submitted = Some(view),
            Err(error) => done = Err(error),
        }
    }
    found.link.close_session();
    let of = file.answers.len();
    let document = json!({
        "assessment_id": found.link.id, "status": if submitted.is_some() { "submitted" } else { "in_progress" },
        "submitted_at": submitted.as_ref().and_then(|view| text(view, &["submitted_at"])), "answers": of, "saved": saved,
    });
    run.output.show(&document, || {
        let end = if submitted.is_some() { "It is handed in." } else { "It is not handed in." };
        format!("Saved {saved} of {of} answers in assessment {}. {end}", found.link.id)
    })?;
    if done.is_err() {
        run.output.warn(&format!("Of {of} answers, {saved} are saved. Nothing else was stored."));
    }
    done
}

fn read(path: &Path) -> Result<File> {
    let mut text = String::new();
    let reading = if path.as_os_str() == "-" {
        std::io::stdin().take(LARGEST).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text))
    };
    reading.with_context(|| format!("cannot read {}", path.display()))?;
    // The message says where, and must not repeat an answer: serde names members and types only.
    serde_json::from_str(&text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Stop::because(
            Exit::Error,
            format!("The file of answers cannot be read ({place}). Nothing was stored."),
        )
    })
}

/// Puts the answers into requests: in order, at most so many each, and no two segments in one.
fn batches(definition: &Definition, file: &File, there: &[AnswerKey]) -> Result<Vec<Batch>, Vec<Field>> {
    let mut batches: Vec<Batch> = Vec::new();
    let mut faults = Vec::new();
    let mut segment = 0;
    for (position, given) in file.answers.iter().enumerate() {
        segment = given.segment.unwrap_or(segment);
        if segment != 0 && segment >= file.segments.len() {
            faults.push(fault(position, "segment", "unknown", "There is no segment with this number."));
        }
        match answer(definition, given, there) {
            Ok(answer) => {
                let mut json = to_json(&answer);
                if let (Some(by), Some(members)) = (given.answered_by, json.as_object_mut()) {
                    members.insert("answered_by".into(), json!(by));
                }
                match batches.last_mut() {
                    Some(batch) if batch.segment == segment && batch.answers.len() < BATCH => {
                        batch.answers.push(json)
                    }
                    _ => batches.push(Batch { segment, first: position, answers: vec![json] }),
                }
            }
            Err((member, code, message)) => faults.push(fault(position, member, code, &message)),
        }
    }
    if faults.is_empty() { Ok(batches) } else { Err(faults) }
}

fn fault(position: usize, member: &str, code: &str, message: &str) -> Field {
    Field {
        pointer: format!("/answers/{position}/{member}"),
        code: code.to_owned(),
        message: message.to_owned(),
        path: None,
    }
}

type Fault = (&'static str, &'static str, String);

/// One answer of the file. What the engine can judge is left to the server, which says the same.
fn answer(definition: &Definition, given: &Given, there: &[AnswerKey]) -> Result<Answer, Fault> {
    let Some((_, item)) = definition.find(&given.link_id) else {
        return Err((
            "link_id",
            "unknown_question",
            "This instrument has no question with this linkId.".into(),
        ));
    };
    let mut key = AnswerKey::at(&given.link_id, &given.occurrence);
    if let Some(new) = given.new {
        let Some(group) = another::innermost(definition, &given.link_id, &given.occurrence) else {
            let message = "This question is not inside a repeating group, or `occurrence` does not say in which one \
                of what repeats around it.";
            return Err(("new", "not_in_a_group", message.into()));
        };
        key.occurrence.push(another::begun(definition, &group, there).saturating_add(new));
    }
    let values = match given {
        Given { values: Some(values), .. } => values.clone(),
        Given { value: Some(value), .. } => value_of(item, value)?,
        Given { code: Some(code), .. } => vec![coded(item, code, "code")?],
        Given { codes: Some(codes), .. } => {
            codes.iter().map(|code| coded(item, code, "codes")).collect::<Result<_, _>>()?
        }
        _ => Vec::new(),
    };
    Ok(Answer { key, state: given.state.unwrap_or(State::Answered), values })
}

/// The option with this code.
fn coded(item: &Item, code: &str, member: &'static str) -> Result<Value, Fault> {
    let is_meant =
        |value: &Value| matches!(value, Value::Coding(coding) if coding.code.as_deref() == Some(code));
    let option = item.choices.options().iter().find(|option| is_meant(&option.value));
    option
        .map(|option| option.value.clone())
        .ok_or_else(|| (member, "not_an_option", "This question does not offer this code.".into()))
}

/// A plain number, text, truth value, list of these, or a value as FHIR has it.
fn value_of(item: &Item, value: &Json) -> Result<Vec<Value>, Fault> {
    let refused = |words: String| ("value", "wrong_type", words);
    match value {
        Json::Object(_) => {
            Value::from_json(value).map(|value| vec![value]).map_err(|misread| refused(misread.message))
        }
        Json::Array(several) => {
            let read = several.iter().map(|one| value_of(item, one));
            Ok(read.collect::<Result<Vec<_>, _>>()?.concat())
        }
        Json::Bool(yes) => Ok(vec![Value::Boolean(*yes)]),
        // A text of one's own is taken as it is, whatever it looks like.
        Json::String(words)
            if item.choices.options().is_empty() && item.takes(&Value::String(words.clone())) =>
        {
            Ok(vec![Value::String(words.clone())])
        }
        Json::String(words) => typed::read(item, words).map_err(refused),
        // In a list of options a bare number could be a position or a score.
        Json::Number(_) if !item.choices.options().is_empty() => {
            Err(refused("Give the `code` of the option instead.".to_owned()))
        }
        Json::Number(number) => typed::read(item, &number.to_string()).map_err(refused),
        Json::Null => Ok(Vec::new()),
    }
}

/// Where new occurrences are wanted of an assessment that was begun before: numbers them on from those that are there.
fn number_on(found: &Found<'_>, file: &File, batches: &mut Vec<Batch>) -> Result<()> {
    if !found.is_resumed || file.answers.iter().all(|given| given.new.is_none()) {
        return Ok(());
    }
    let assessment = found.link.read()?;
    let Some(answers) = assessment.get("answers").and_then(Json::as_array) else {
        let words = "With this much help the answers that are there are not shown, so `new` has nothing to go on \
            from. Give each answer its `occurrence`. Nothing was stored.";
        return Err(Stop::usage(words));
    };
    // One that cannot be read would be numbered over.
    let there = answers.iter().map(AnswerKey::deserialize).collect::<Result<Vec<_>, _>>();
    let there = there.context("the server's answer cannot be read")?;
    *batches = self::batches(&found.definition, file, &there).map_err(unacceptable)?;
    Ok(())
}

fn unacceptable(errors: Vec<Field>) -> anyhow::Error {
    let detail = "Nothing was stored.".to_owned();
    let title = "The file of answers does not fit the questionnaire".to_owned();
    Problem { status: 422, code: "invalid".into(), title, detail: Some(detail), errors, ..Problem::default() }
        .into()
}

/// Sends the batches in order and counts what was acknowledged.
fn send(link: &mut Link<'_>, help: &Help, file: &File, batches: &[Batch], saved: &mut usize) -> Result<()> {
    open_sections(link, help, file)?;
    let mut current = 0;
    for batch in batches {
        if batch.segment != current
            && let Some(stretch) = file.segments.get(batch.segment)
        {
            link.start_segment(&json!({
                "level": stretch.level, "keyed_by": stretch.keyed_by, "others_present": stretch.others_present,
                "handed_over": stretch.handed_over,
            }))?;
            current = batch.segment;
        }
        match link.save(&batch.answers)? {
            Saving::Saved(_) => *saved += batch.answers.len(),
            Saving::Refused(problem) => return Err(shifted(problem, batch.first).into()),
            Saving::SessionOver => return Err(anyhow!("The session of help was closed from elsewhere.")),
            Saving::NoLine(words) => return Err(Stop::because(Exit::TryLater, words)),
        }
    }
    Ok(())
}

/// The participant's own act, on the device that was handed over for it.
fn open_sections(link: &Link<'_>, help: &Help, file: &File) -> Result<()> {
    if file.open_sections.is_empty() {
        return Ok(());
    }
    link.start_segment(&help.handed_over())?;
    for section in &file.open_sections {
        link.open_section(section)?;
    }
    link.start_segment(&help.to_json())
}

/// The pointers of a batch as pointers into the file.
fn shifted(mut problem: Problem, by: usize) -> Problem {
    for field in &mut problem.errors {
        let Some(rest) = field.pointer.strip_prefix("/answers/") else { continue };
        let (number, end) = rest.split_once('/').unwrap_or((rest, ""));
        let Ok(position) = number.parse::<usize>() else { continue };
        field.pointer = format!("/answers/{}/{end}", position + by).trim_end_matches('/').to_owned();
        field.path = None;
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition() -> Definition {
        let option = |code: &str| json!({"valueCoding": {"system": "urn:s", "code": code, "display": code}});
        let form = json!({"resourceType": "Questionnaire", "status": "active", "item": [
            {"linkId": "gate", "type": "choice", "answerOption": [option("yes"), option("no")]},
            {"linkId": "bother", "type": "integer"}, {"linkId": "words", "type": "text"}]});
        Definition::parse(&form).unwrap().definition
    }

    fn file(json: &Json) -> File {
        serde_json::from_value(json.clone()).unwrap()
    }

    #[test]
    fn short_forms_become_values() {
        let file = file(&json!({"answers": [
            {"link_id": "gate", "code": "yes"}, {"link_id": "bother", "value": 7},
            {"link_id": "words", "value": "12"}, {"link_id": "words", "state": "skipped"}]}));
        let batches = batches(&definition(), &file, &[]).ok().unwrap();
        let sent = &batches[0].answers;
        assert_eq!(
            sent[0]["values"],
            json!([{"valueCoding": {"system": "urn:s", "code": "yes", "display": "yes"}}])
        );
        assert_eq!(sent[1]["values"], json!([{"valueInteger": 7}]));
        assert_eq!(sent[2]["values"], json!([{"valueString": "12"}]));
        assert_eq!(
            (sent[3]["state"].as_str(), sent[3]["values"].as_array().map(Vec::len)),
            (Some("skipped"), Some(0))
        );
    }

    #[test]
    fn every_fault_is_told_with_its_place_before_anything_is_sent() {
        let file = file(&json!({"answers": [
            {"link_id": "nowhere", "code": "yes"}, {"link_id": "gate", "code": "maybe"}, {"link_id": "bother", "value": "x"}]}));
        let faults = batches(&definition(), &file, &[]).err().unwrap();
        let pointers: Vec<&str> = faults.iter().map(|field| field.pointer.as_str()).collect();
        assert_eq!(pointers, ["/answers/0/link_id", "/answers/1/code", "/answers/2/value"]);
    }

    #[test]
    fn new_ones_are_numbered_on_from_those_that_are_there() {
        let form = json!({"resourceType": "Questionnaire", "status": "active", "item": [
            {"linkId": "top", "type": "string"},
            {"linkId": "meds", "type": "group", "repeats": true, "item": [{"linkId": "name", "type": "string", "repeats": true}]}]});
        let definition = Definition::parse(&form).unwrap().definition;
        let file = file(&json!({"answers": [
            {"link_id": "name", "new": 0, "value": ["a", "b"]}, {"link_id": "name", "new": 1, "value": "c; d"}]}));
        let numbers = |there: &[AnswerKey]| -> Vec<Json> {
            let batches = batches(&definition, &file, there).ok().unwrap();
            batches[0].answers.iter().map(|answer| answer["occurrence"][0].clone()).collect()
        };
        assert_eq!(numbers(&[]), [0, 1]);
        assert_eq!(numbers(&[AnswerKey::at("name", &[2])]), [3, 4]);
        let batches = batches(&definition, &file, &[]).ok().unwrap();
        assert_eq!(batches[0].answers[0]["values"], json!([{"valueString": "a"}, {"valueString": "b"}]));
        assert_eq!(batches[0].answers[1]["values"], json!([{"valueString": "c; d"}]));
        let wrong: File =
            serde_json::from_value(json!({"answers": [{"link_id": "top", "new": 0, "value": "x"}]})).unwrap();
        assert_eq!(super::batches(&definition, &wrong, &[]).err().unwrap()[0].pointer, "/answers/0/new");
    }

    #[test]
    fn a_new_segment_begins_a_new_request() {
        let stretch = json!({"level": "A2", "keyed_by": "participant", "others_present": ["nobody"]});
        let file = file(&json!({"segments": [stretch, stretch], "answers": [
            {"link_id": "bother", "value": 1}, {"link_id": "bother", "value": 2, "segment": 1},
            {"link_id": "bother", "value": 3}]}));
        let batches = batches(&definition(), &file, &[]).ok().unwrap();
        let shape: Vec<_> =
            batches.iter().map(|batch| (batch.segment, batch.first, batch.answers.len())).collect();
        assert_eq!(shape, [(0, 0, 1), (1, 1, 2)]);
    }

    #[test]
    fn places_in_a_batch_become_places_in_the_file() {
        let field = Field { pointer: "/answers/3/link_id".into(), ..Field::default() };
        let problem = shifted(Problem { errors: vec![field], ..Problem::default() }, 200);
        assert_eq!(problem.errors[0].pointer, "/answers/203/link_id");
    }
}
