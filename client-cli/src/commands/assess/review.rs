//! The last screen: what was gone through, and whether to hand it in.

use anyhow::Result;
use serde_json::Value;

use super::sitting::Sitting;
use crate::problem::Problem;
use crate::prompt;

/// What the person decides.
pub enum Choice {
    /// It was handed in; with the assessment as the server shows it now.
    Submit(Value),
    /// Go through this section again.
    Section(String),
    /// The help, or who is here, has changed.
    Help,
    Pause,
}

pub fn show(sitting: &mut Sitting<'_>) -> Result<Choice> {
    let mut remark: Option<String> = None;
    loop {
        let sections = overview(sitting)?;
        if let Some(remark) = remark.take() {
            sitting.screen.say(&format!("! {remark}"))?;
        }
        sitting.screen.say("To look at a part again, type its number. To finish, type hand in.")?;
        sitting.screen.say("l the help, or who is here, has changed · q stop for now")?;
        let typed = sitting.screen.line("Your choice:")?.to_ascii_lowercase();
        if let Some(section) = prompt::number(&typed, sections.len()).and_then(|at| sections.get(at)) {
            return Ok(Choice::Section(section.clone()));
        }
        match typed.as_str() {
            "q" => return Ok(Choice::Pause),
            "l" => return Ok(Choice::Help),
            "hand in" | "handin" => match hand_in(sitting)? {
                Ok(Some(view)) => return Ok(Choice::Submit(view)),
                Ok(None) => {}
                Err(words) => remark = Some(words),
            },
            _ => remark = Some(format!("Please type a number from 1 to {}, or: hand in.", sections.len())),
        }
    }
}

/// Shows how many questions were answered, never how. Answers the sections that can be gone over.
fn overview(sitting: &mut Sitting<'_>) -> Result<Vec<String>> {
    let Sitting { screen, course, .. } = sitting;
    screen.clear()?;
    screen.heading("That was the last question")?;
    let mut lines = Vec::new();
    let mut sections = Vec::new();
    for section in course.progress() {
        let shared = course.inside(&section.link_id).into_iter().filter(|key| course.is_shared(key)).count();
        if shared == 0 {
            continue;
        }
        let left_out = section.skipped + section.prefer_not;
        let left_out = if left_out > 0 { format!(", {left_out} left out") } else { String::new() };
        lines.push(format!("{}: {} answered{left_out}", section.title, section.answered));
        sections.push(section.link_id);
    }
    screen.numbered(lines.iter().map(String::as_str))?;
    let private = course.definition.items().filter(|(_, item)| {
        item.marks.private_section && course.inside(&item.link_id).iter().any(|key| !course.is_shared(key))
    });
    let private: Vec<String> = private.map(|(_, item)| format!("“{}”", item.words())).collect();
    if !private.is_empty() {
        screen.say(&format!("Private, and not shown here: {}.", private.join(", ")))?;
    }
    Ok(sections)
}

/// Asks once more and hands in. None: not now. The error is what the server wants first.
fn hand_in(sitting: &mut Sitting<'_>) -> Result<Result<Option<Value>, String>> {
    sitting.screen.clear()?;
    sitting.screen.heading("Hand in?")?;
    sitting
        .screen
        .say("After this the answers cannot be changed here, and cannot be seen on this device any more.")?;
    if !sitting.screen.yes("Ask the person: “Are you happy to hand this in now?” Did they say yes?")? {
        return Ok(Ok(None));
    }
    loop {
        let error = match sitting.link.submit() {
            Ok(view) => return Ok(Ok(Some(view))),
            Err(error) => error,
        };
        match error.downcast_ref::<Problem>() {
            Some(problem) if problem.is("no-open-session") => {
                if !sitting.reopen()? {
                    return Ok(Ok(None));
                }
            }
            Some(problem) if problem.status == 422 => {
                let words: Vec<&str> = problem.errors.iter().map(|field| field.message.as_str()).collect();
                return Ok(Err(words.join(" ")));
            }
            _ => return Err(error),
        }
    }
}
