//! Private sections: the participant answers alone, or opens the section to the helper, or leaves it.

use anyhow::Result;

use super::ask::{self, Company};
use super::sitting::{Sitting, Turn};

/// Offers the ways through a private section. The helper reads this screen, and no question of the section.
pub fn offer(sitting: &mut Sitting<'_>, section: &str) -> Result<Turn> {
    let title = sitting.course.title(section).to_owned();
    let about =
        sitting.course.definition.find(section).and_then(|(_, item)| item.presentation.help_text.clone());
    let screen = &mut sitting.screen;
    screen.clear()?;
    screen.heading("Private questions")?;
    screen.say(&format!("The next questions are private: “{title}”."))?;
    if let Some(about) = about {
        screen.say(&about)?;
    }
    let ways = [
        "They answer alone: I hand over the device and look away",
        "They ask me to help with these questions",
        "They leave these questions out for now",
        "Pause",
    ];
    match screen.choose("Ask the person what they would like.", &ways)? {
        0 => hand_over(sitting, section),
        1 => open(sitting, section, &title),
        2 => {
            sitting.course.put_aside(section);
            Ok(Turn::Again)
        }
        _ => Ok(Turn::Pause),
    }
}

/// Only the participant can open a section to the helper, with the device in hand, and only for today.
fn open(sitting: &mut Sitting<'_>, section: &str, title: &str) -> Result<Turn> {
    if !sitting.segment(&sitting.help.handed_over())? {
        return Ok(Turn::Pause);
    }
    let screen = &mut sitting.screen;
    screen.clear()?;
    screen.heading("Please hand over the device for a moment")?;
    screen.say("Supporter: give the device to the person, and look away.")?;
    screen.say(&format!(
        "For you: your helper does not see the questions in “{title}” unless you want that. If you say yes, your helper \
         sees these questions and your answers to them, today only."
    ))?;
    let ways = ["No, keep them private", "Yes, open them to my helper"];
    let said = screen.choose("Would you like your helper to help you with them?", &ways)?;
    if said == 1 {
        sitting.link.open_section(section)?;
        sitting.course.open(section);
    }
    let screen = &mut sitting.screen;
    screen.clear()?;
    screen.say("Please give the device back to your helper.")?;
    screen.wait("Supporter: press Enter when you have the device.")?;
    Ok(if sitting.segment(&sitting.help.to_json())? { Turn::Again } else { Turn::Pause })
}

/// The device changes hands, is used alone, and comes back without a trace of what was answered.
fn hand_over(sitting: &mut Sitting<'_>, section: &str) -> Result<Turn> {
    if !sitting.segment(&sitting.help.handed_over())? {
        return Ok(Turn::Pause);
    }
    let screen = &mut sitting.screen;
    screen.clear()?;
    screen.heading("Please hand over the device now")?;
    screen.say("Supporter: give the device to the person, and sit where you cannot see it.")?;
    screen.say(
        "For you, when you have the device: the next questions are for you alone. Your helper does not see them, nor what \
         you answer. You can leave any of them out.",
    )?;
    screen.wait("Press Enter when nobody can look over your shoulder.")?;
    let finished = alone(sitting, section);
    // Whatever happened, nothing of it stays on the screen or in the memory.
    sitting.screen.clear()?;
    sitting.course.put_aside(section);
    finished?;
    sitting.screen.heading("Thank you")?;
    sitting.screen.say("What you answered is saved. Please give the device back to your helper.")?;
    sitting.screen.wait("Supporter: press Enter when you have the device.")?;
    let words = sitting.for_helper.take();
    ask::prompt_helper(sitting, words.as_deref())?;
    Ok(if sitting.segment(&sitting.help.to_json())? { Turn::Again } else { Turn::Pause })
}

/// The questions of the section, for the participant alone.
fn alone(sitting: &mut Sitting<'_>, section: &str) -> Result<()> {
    let mut history = Vec::new();
    let mut wanted = sitting.course.next_inside(section);
    while let Some(key) = wanted {
        wanted = match ask::question(sitting, &key, Company::Alone)? {
            Turn::On => {
                history.push(key);
                sitting.course.next_inside(section)
            }
            Turn::Back => Some(history.pop().unwrap_or(key)),
            Turn::Pause => None,
            // The time of helping ran out: it is opened again, still in the participant's hands.
            Turn::Again => {
                sitting.link.open_session(&sitting.help)?;
                sitting.course.close_all();
                sitting.link.start_segment(&sitting.help.handed_over())?;
                Some(key)
            }
        };
    }
    Ok(())
}
