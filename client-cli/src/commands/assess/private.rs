//! Private sections: the participant answers alone, or opens the section to the helper, or leaves it.

use anyhow::Result;

use super::another;
use super::ask::{self, Company};
use super::course::Next;
use super::sitting::{Sitting, Turn};
use crate::prompt::Screen;

/// Offers the ways through a private section. The helper reads this screen, and no question of the section.
pub fn offer(sitting: &mut Sitting<'_>, section: &str) -> Result<Turn> {
    if sitting.course.was_done(section, &sitting.link.read()?)? {
        sitting.course.put_aside(section);
        return Ok(Turn::Again);
    }
    let title = sitting.course.title(section).to_owned();
    let about =
        sitting.course.definition.find(section).and_then(|(_, item)| item.presentation.help_text.clone());
    let screen = &mut sitting.screen;
    screen.clear()?;
    screen.heading("Private questions")?;
    screen.say(&format!("The next part is “{title}”."))?;
    if let Some(about) = about {
        screen.say(&about)?;
    }
    let ways = [
        "They answer alone. I hand over the device and look away",
        "They want me to help with these questions",
        "They leave these questions out for now",
        "Stop for now",
    ];
    match screen.choose("Ask the person: “What would you like?”", &ways)? {
        0 => hand_over(sitting, section),
        1 => open(sitting, section, &title),
        2 => {
            sitting.course.put_aside(section);
            Ok(Turn::Again)
        }
        _ => Ok(Turn::Pause),
    }
}

/// For the helper, whose last screen this is before the device is in other hands.
fn give_device(screen: &mut Screen) -> Result<()> {
    screen.clear()?;
    screen.heading("Hand over the device now")?;
    screen.say("Supporter: give the device to the person. Then sit where you cannot see it.")?;
    screen.wait("When you have the device, press Enter.")
}

/// For both: nothing of what was answered is on this screen.
fn take_device(screen: &mut Screen, words: &str) -> Result<()> {
    screen.clear()?;
    screen.heading("Thank you")?;
    screen.say(words)?;
    screen.wait("Supporter: press Enter when you have the device.")
}

/// Only the participant can open a section to the helper, with the device in hand, and only for today.
fn open(sitting: &mut Sitting<'_>, section: &str, title: &str) -> Result<Turn> {
    if !sitting.segment(&sitting.help.handed_over())? {
        return Ok(Turn::Pause);
    }
    let screen = &mut sitting.screen;
    give_device(screen)?;
    screen.clear()?;
    screen.heading("For you alone")?;
    screen.say(&format!(
        "Your helper does not see the questions in “{title}” unless you want that. If you say yes, your helper sees \
         these questions and what you answer, today only."
    ))?;
    let may_type = sitting.scribing.help.is_some();
    let ways: &[&str] = if may_type {
        &[
            "No, keep them private",
            "Yes, my helper reads them and I press the keys",
            "Yes, my helper reads them and types for me",
        ]
    } else {
        &["No, keep them private", "Yes, my helper may see them"]
    };
    let said = screen.choose("Would you like your helper to help you with them?", ways)?;
    if said == 2 {
        // What is typed for them is said when help begins, so it begins afresh before anything is opened.
        sitting.scribing.add(section);
        sitting.renew()?;
        sitting.link.start_segment(&sitting.help.handed_over())?;
    } else if said == 1 && may_type {
        sitting.scribing.leave(section);
    }
    if said > 0 {
        sitting.link.open_section(section)?;
        sitting.course.open(section);
    }
    take_device(&mut sitting.screen, "Please give the device back to your helper.")?;
    Ok(if sitting.segment(&sitting.help.to_json())? { Turn::Again } else { Turn::Pause })
}

/// The device changes hands, is used alone, and comes back without a trace of what was answered.
fn hand_over(sitting: &mut Sitting<'_>, section: &str) -> Result<Turn> {
    if !sitting.segment(&sitting.help.handed_over())? {
        return Ok(Turn::Pause);
    }
    let screen = &mut sitting.screen;
    give_device(screen)?;
    screen.clear()?;
    screen.heading("For you alone")?;
    screen.say("The next questions are for you alone. Your helper does not see them, and does not see what you answer.")?;
    screen.say("You can leave out any question.")?;
    screen.wait("When nobody else can see the screen, press Enter.")?;
    let finished = alone(sitting, section);
    // Whatever happened, nothing of it stays on the screen or in the memory.
    sitting.screen.clear()?;
    sitting.course.put_aside(section);
    finished?;
    take_device(
        &mut sitting.screen,
        "What you answered is saved. Please give the device back to your helper.",
    )?;
    let words = sitting.for_helper.take();
    ask::prompt_helper(sitting, words.as_deref())?;
    Ok(if sitting.segment(&sitting.help.to_json())? { Turn::Again } else { Turn::Pause })
}

/// The questions of the section, for the participant alone.
fn alone(sitting: &mut Sitting<'_>, section: &str) -> Result<()> {
    let mut history = Vec::new();
    let mut wanted = sitting.course.next_inside(section);
    while let Some(next) = wanted {
        let key = match next {
            Next::Question(key) => key,
            Next::Another(group) => {
                let back = another::offer(sitting, &group)? == Turn::Back;
                let before = if back { history.pop().map(Next::Question) } else { None };
                wanted = before.or_else(|| sitting.course.next_inside(section));
                continue;
            }
            Next::Private(_) | Next::Review => break,
        };
        wanted = match ask::question(sitting, &key, Company::Alone)? {
            Turn::On => {
                history.push(key);
                sitting.course.next_inside(section)
            }
            Turn::Back if sitting.course.take_back(&key) => sitting.course.next_inside(section),
            Turn::Back => Some(Next::Question(history.pop().unwrap_or(key))),
            Turn::Pause => None,
            // The time of helping ran out: it is opened again, still in the participant's hands.
            Turn::Again => {
                sitting.link.open_session(&sitting.help, sitting.scribing.sections.as_deref())?;
                sitting.course.close_all();
                sitting.link.start_segment(&sitting.help.handed_over())?;
                Some(Next::Question(key))
            }
        };
    }
    Ok(())
}
