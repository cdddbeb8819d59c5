//! One question on the screen, until it has an answer or the person wants something else.

use alongside_domain::instrument::{Answer, AnswerKey, Item, ItemRole, ItemType, State, Value};
use anyhow::Result;
use serde_json::Value as Json;

use super::link::{Saving, to_json};
use super::sitting::{Sitting, Turn};
use super::typed::{self, Typed};
use crate::output::text;

/// Who sits before the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// The helper is there, whoever presses the keys.
    Helper,
    /// The participant alone, in a private section.
    Alone,
}

/// How to answer with a letter that means something else here.
const ONE_LETTER: &str = "To answer with one letter only, put it in quotes: \"s\".";

/// Asks one question.
pub fn question(sitting: &mut Sitting<'_>, key: &AnswerKey, company: Company) -> Result<Turn> {
    let mut remark: Option<String> = None;
    let mut with_help = false;
    loop {
        show(sitting, key, company, with_help)?;
        if let Some(remark) = remark.take() {
            sitting.screen.say(&format!("! {remark}"))?;
        }
        let typed = sitting.screen.line("Your answer:")?;
        let Some(item) = sitting.course.item(key).cloned() else { return Ok(Turn::Again) };
        let answer = match typed::understand(&item, &typed) {
            Typed::Nothing if has_answer(sitting, key) => return Ok(Turn::On),
            Typed::Nothing => {
                remark = Some("Nothing was typed. To leave this question out, type s.".to_owned());
                continue;
            }
            Typed::Letter('b') => return Ok(Turn::Back),
            Typed::Letter('q') => return Ok(Turn::Pause),
            Typed::Letter('h') => {
                with_help = true;
                continue;
            }
            Typed::Letter('l') if company == Company::Helper => {
                sitting.change_help()?;
                return Ok(Turn::Again);
            }
            Typed::Letter('s') => Answer::without(key.clone(), State::Skipped),
            Typed::Letter('p') => Answer::without(key.clone(), State::PreferNot),
            Typed::Letter(_) => {
                remark = Some("That letter does nothing here.".to_owned());
                continue;
            }
            Typed::Answer(typed) => match typed::read(&item, &typed) {
                Ok(values) => Answer::answered(key.clone(), more(sitting, &item, values)?),
                Err(words) => {
                    remark = Some(words);
                    continue;
                }
            },
        };
        if company == Company::Helper && !read_back(sitting, &answer)? {
            continue;
        }
        match save(sitting, &answer, company)? {
            Saved::Yes => return Ok(Turn::On),
            Saved::No(words) => remark = Some(words),
            Saved::Stop(turn) => return Ok(turn),
        }
    }
}

fn has_answer(sitting: &Sitting<'_>, key: &AnswerKey) -> bool {
    sitting.course.answers.get(key).is_some_and(|answer| answer.state != State::NotShown)
}

/// The further values of a question that takes several, one a line.
fn more(sitting: &mut Sitting<'_>, item: &Item, mut values: Vec<Value>) -> Result<Vec<Value>> {
    let screen = &mut sitting.screen;
    while typed::takes_more(item, values.len()) {
        let typed = screen.line("Another one? Type it, or press Enter to go on:")?;
        match typed::understand(item, &typed) {
            Typed::Nothing => break,
            Typed::Letter(_) => screen.say("Press Enter to go on first.")?,
            Typed::Answer(typed) => match typed::read(item, &typed) {
                Ok(more) => {
                    values.extend(more.into_iter().filter(|one| !values.contains(one)).collect::<Vec<_>>())
                }
                Err(words) => screen.say(&format!("! {words}"))?,
            },
        }
    }
    Ok(values)
}

fn show(sitting: &mut Sitting<'_>, key: &AnswerKey, company: Company, with_help: bool) -> Result<()> {
    let Sitting { screen, course, help, .. } = sitting;
    let Some((index, item)) = course.definition.find(&key.link_id) else { return Ok(()) };
    let around: Vec<&Item> = course.definition.and_ancestors(index).skip(1).map(|(_, item)| item).collect();
    screen.clear()?;
    if company == Company::Helper {
        screen.say(&help.words())?;
    }
    if let Some(section) = around.last() {
        screen.heading(&format!("{}{}", section.words(), place(course, key, company)))?;
    }
    // “How much does this bother you?” needs to say what.
    let concern = around.iter().find_map(|item| item.marks.concern.as_ref());
    if let Some((_, title)) = concern {
        screen.say(&format!("About: {title}"))?;
    }
    for words in texts_before(course, index, key) {
        screen.say(&words)?;
    }
    screen.say(&format!("{}{}", prefix(item), item.words()))?;
    if with_help {
        let section_help = around.iter().find_map(|item| item.presentation.help_text.as_deref());
        let help = item.presentation.help_text.as_deref().or(section_help);
        screen.say(&format!("({})", help.unwrap_or("There is nothing more about this question.")))?;
    }
    options(screen, item)?;
    if let Some(answer) = course.answers.get(key).filter(|answer| answer.state != State::NotShown) {
        screen.say(&format!("So far: {}. To keep it, press Enter.", in_words(item, answer)))?;
    }
    screen.say(match company {
        Company::Helper => {
            "b go back · s leave this out · p rather not say · h more about this\n\
             l the help, or who is here, has changed · q stop for now"
        }
        Company::Alone => {
            "b go back · s leave this out · p rather not say · h more about this\n\
             q stop, and give the device back"
        }
    })
}

/// “ (part 2 of 16, question 3 of 9)”, as far as it may be told.
fn place(course: &super::course::Course, key: &AnswerKey, company: Company) -> String {
    let Some((index, _)) = course.definition.find(&key.link_id) else { return String::new() };
    let Some((_, top)) = course.definition.and_ancestors(index).last() else { return String::new() };
    let questions = course.inside(&top.link_id);
    let shared = questions.iter().filter(|key| company == Company::Alone || course.is_shared(key));
    let questions: Vec<&AnswerKey> = shared.collect();
    let number = questions.iter().position(|one| *one == key).map_or(1, |position| position + 1);
    let sections = course.progress();
    let section = sections.iter().position(|section| section.link_id == top.link_id).map_or(1, |at| at + 1);
    format!(" (part {section} of {}, question {number} of {})", sections.len(), questions.len())
}

/// The texts that stand between the question before and this one.
fn texts_before(course: &super::course::Course, index: usize, key: &AnswerKey) -> Vec<String> {
    let visible = course.visible();
    let here = visible.iter().position(|one| one.item == index && one.key == *key).unwrap_or(0);
    let mut texts = Vec::new();
    for one in visible.iter().take(here).rev() {
        match course.definition.item(one.item) {
            Some(item) if item.kind == ItemType::Display => texts.push(item.words().to_owned()),
            Some(item) if item.kind == ItemType::Group => {
                // The section is in the heading; the concern has a line of its own.
                if item.parent.is_some() && item.marks.concern.is_none() && item.text.is_some() {
                    texts.push(item.words().to_owned());
                }
            }
            _ => break,
        }
    }
    texts.reverse();
    texts
}

fn prefix(item: &Item) -> String {
    item.prefix.as_deref().map(|prefix| format!("{prefix} ")).unwrap_or_default()
}

fn options(screen: &mut crate::prompt::Screen, item: &Item) -> Result<()> {
    let options: Vec<String> = item.choices.options().iter().map(|option| option.value.words()).collect();
    if !options.is_empty() {
        screen.numbered(options.iter().map(String::as_str))?;
        if item.repeats {
            let first =
                if item.marks.role == Some(ItemRole::Priorities) { ", what matters most first" } else { "" };
            screen.say(&format!("You can choose more than one. Type the numbers like this: 1,3{first}."))?;
        }
        if item.kind == ItemType::OpenChoice {
            screen.say(&format!("Or type your own words.\n{ONE_LETTER}"))?;
        }
        return Ok(());
    }
    match item.kind {
        ItemType::Boolean => screen.numbered(["Yes", "No"]),
        ItemType::Integer | ItemType::Decimal => {
            let bound = |value: &Option<Value>| value.as_ref().map(Value::words);
            match (bound(&item.limits.min_value), bound(&item.limits.max_value)) {
                (Some(from), Some(to)) => screen.say(&format!("A number from {from} to {to}.")),
                _ => Ok(()),
            }
        }
        ItemType::Date | ItemType::DateTime => screen.say("A date, such as 31/05/2024."),
        ItemType::Text | ItemType::String => {
            let most = item.limits.max_length.map(|most| format!(" At most {most} letters."));
            screen.say(&format!("In your own words.{}\n{ONE_LETTER}", most.unwrap_or_default()))
        }
        _ => Ok(()),
    }
}

/// An answer for people.
pub fn in_words(item: &Item, answer: &Answer) -> String {
    match answer.state {
        State::Answered => {
            let words =
                |value: &Value| item.choices.option(value).map_or(value, |option| &option.value).words();
            answer.values.iter().map(words).collect::<Vec<_>>().join(", ")
        }
        State::Skipped => "left out".to_owned(),
        State::PreferNot => "rather not say".to_owned(),
        State::NotShown => "not asked".to_owned(),
    }
}

/// Whoever types for somebody reads it back first. False: it was not right.
fn read_back(sitting: &mut Sitting<'_>, answer: &Answer) -> Result<bool> {
    if !sitting.help.is_scribed() {
        return Ok(true);
    }
    let words = sitting.course.item(&answer.key).map(|item| in_words(item, answer)).unwrap_or_default();
    sitting.screen.say(&format!("Read it back to them: “{words}”"))?;
    loop {
        let said = sitting.screen.line("Is that right? Press Enter for yes, or type n to change it:")?;
        match said.to_lowercase().as_str() {
            "" | "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => {}
        }
    }
}

enum Saved {
    Yes,
    /// Not accepted, in these words.
    No(String),
    Stop(Turn),
}

/// Saves an answer, or finds out with the person what stands in the way.
fn save(sitting: &mut Sitting<'_>, answer: &Answer, company: Company) -> Result<Saved> {
    loop {
        match sitting.link.save(&[to_json(answer)])? {
            Saving::Saved(reply) => {
                sitting.course.save(answer.clone());
                // What keeps somebody safe is shown before anything can go wrong.
                safety(sitting, &reply, company)?;
                sitting.course.heed(&reply)?;
                return Ok(Saved::Yes);
            }
            Saving::Refused(problem) => {
                let words: Vec<&str> = problem.errors.iter().map(|field| field.message.as_str()).collect();
                let words = if words.is_empty() { problem.to_string() } else { words.join(" ") };
                return Ok(Saved::No(words));
            }
            Saving::SessionOver if company == Company::Alone => {
                // Who is alone with the device is not asked about the help.
                return Ok(Saved::Stop(Turn::Again));
            }
            Saving::SessionOver => {
                if !sitting.reopen()? {
                    return Ok(Saved::Stop(Turn::Pause));
                }
                if !sitting.course.is_shared(&answer.key) {
                    return Ok(Saved::Stop(Turn::Again));
                }
            }
            Saving::NoLine(_) => {
                sitting.screen.clear()?;
                sitting.screen.heading("This answer is not saved yet")?;
                sitting
                    .screen
                    .say("There is no connection right now. All answers before this one are saved.")?;
                let said = sitting.screen.line("Press Enter to try again, or type q to pause:")?;
                if said.eq_ignore_ascii_case("q") {
                    return Ok(Saved::Stop(Turn::Pause));
                }
            }
        }
    }
}

/// What the server wants shown at once: neutral words, whoever may be looking.
fn safety(sitting: &mut Sitting<'_>, reply: &Json, company: Company) -> Result<()> {
    let Some(safety) = reply.get("safety").filter(|safety| !safety.is_null()) else { return Ok(()) };
    let screen = &mut sitting.screen;
    screen.clear()?;
    screen.heading(text(safety, &["title"]).unwrap_or("Thank you for your answers"))?;
    let lines = safety.get("lines").and_then(Json::as_array);
    for line in lines.into_iter().flatten().filter_map(Json::as_str) {
        screen.say(line)?;
    }
    screen.wait("Press Enter to go on.")?;
    match company {
        Company::Helper => prompt_helper(sitting, text(safety, &["supporter_prompt"])),
        Company::Alone => {
            sitting.for_helper = text(safety, &["supporter_prompt"]).map(str::to_owned);
            Ok(())
        }
    }
}

/// What the helper should know, and no more.
pub fn prompt_helper(sitting: &mut Sitting<'_>, words: Option<&str>) -> Result<()> {
    let Some(words) = words else { return Ok(()) };
    sitting.screen.clear()?;
    sitting.screen.heading("For the supporter")?;
    sitting.screen.say(words)?;
    sitting.screen.wait("Press Enter to go on.")
}
