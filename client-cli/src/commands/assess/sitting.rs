//! A sitting: from the first question about help to handing in, or to a pause.

use alongside_domain::instrument::AnswerKey;
use anyhow::Result;
use serde_json::{Value, json};

use super::course::{Course, Next};
use super::help::Help;
use super::link::Link;
use super::{Args, ask, find, private, review, take_over};
use crate::Run;
use crate::exit::{Exit, Stop};
use crate::output::text;
use crate::prompt::Screen;

/// What a person wants after a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The question is done with.
    On,
    Back,
    Pause,
    /// Look again at what comes next: something about the help changed.
    Again,
}

/// Everything a sitting is about.
pub struct Sitting<'a> {
    pub screen: Screen,
    pub link: Link<'a>,
    pub course: Course,
    pub help: Help,
    /// What the helper is told when the device comes back.
    pub for_helper: Option<String>,
}

enum End {
    Submitted(Value),
    Paused,
}

pub fn run(run: &Run, args: &Args) -> Result<()> {
    let instead = "Give the answers in a file with --answers.";
    let screen = Screen::open(run.no_input, instead)?;
    let mut sitting = begin(run, args, screen)?;
    let end = sitting.go_through();
    if !matches!(end, Ok(End::Submitted(_))) {
        sitting.link.close_session();
    }
    let id = sitting.link.id;
    // The screen is cleared before anything else is written, and every answer leaves the memory with it.
    drop(sitting);
    match end? {
        End::Submitted(view) => {
            let at = text(&view, &["submitted_at"]);
            let document = json!({"assessment_id": id, "status": "submitted", "submitted_at": at});
            run.output.show(&document, || {
                format!("Handed in. Thank you. No answer is kept on this device.\nAssessment {id}")
            })
        }
        End::Paused => run.output.show(&json!({"assessment_id": id, "status": "in_progress"}), || {
            format!(
                "Paused. Everything answered so far is saved.\nAssessment {id}\nGo on with the same command."
            )
        }),
    }
}

fn begin<'a>(run: &'a Run, args: &Args, mut screen: Screen) -> Result<Sitting<'a>> {
    let found = find(&run.client, args)?;
    let mut link = found.link;
    take_over(&run.client, &link)?;
    if !args.affirmed && !affirms(&mut screen)? {
        let words = "Nothing was asked: without a yes to being helped there is no help.";
        return Err(Stop::because(Exit::Error, words));
    }
    let help = Help::ask(&mut screen, &args.said())?;
    link.open_session(&help)?;
    let mut course = Course::new(found.definition);
    course.setting.family_present = help.family_present();
    course.resume(&link.read()?);
    screen.clear()?;
    screen.heading(course.definition.title().unwrap_or("Questions"))?;
    screen.say(if found.is_resumed {
        "We go on where you stopped last time."
    } else {
        "There are no right or wrong answers. Any question can be left out."
    })?;
    screen.say("Each answer is saved at once. You can pause at any time.")?;
    screen.wait("Press Enter to begin.")?;
    Ok(Sitting { screen, link, course, help, for_helper: None })
}

/// The participant's own yes, asked each time.
fn affirms(screen: &mut Screen) -> Result<bool> {
    screen.clear()?;
    screen.heading("Before you begin")?;
    screen.say("Ask the person: “Would you like me to help you with these questions today? You can say no, and you can stop at any time.”")?;
    screen.yes("Did they say yes to being helped?")
}

impl Sitting<'_> {
    fn go_through(&mut self) -> Result<End> {
        // The way back, question by question.
        let mut history = Vec::new();
        loop {
            let turn = match self.course.next() {
                Next::Question(key) => {
                    let turn = self.ask_shared(&key)?;
                    if turn == Turn::On {
                        history.push(key);
                    }
                    turn
                }
                Next::Private(section) => private::offer(self, &section)?,
                Next::Review => match review::show(self)? {
                    review::Choice::Submit(view) => return Ok(End::Submitted(view)),
                    review::Choice::Section(section) => self.go_over(&section)?,
                    review::Choice::Pause => Turn::Pause,
                },
            };
            match turn {
                Turn::Pause => return Ok(End::Paused),
                Turn::Back if self.go_back(&mut history)? == Turn::Pause => return Ok(End::Paused),
                Turn::On | Turn::Back | Turn::Again => {}
            }
        }
    }

    fn ask_shared(&mut self, key: &AnswerKey) -> Result<Turn> {
        ask::question(self, key, ask::Company::Helper)
    }

    /// Asks the questions before, one by one, until the person goes on from one of them.
    fn go_back(&mut self, history: &mut Vec<AnswerKey>) -> Result<Turn> {
        while let Some(key) = history.pop() {
            // It may have gone from the form, or been closed, since.
            let is_there =
                self.course.is_shared(&key) && self.course.visible().iter().any(|one| one.key == key);
            if !is_there {
                continue;
            }
            match self.ask_shared(&key)? {
                Turn::Back => {}
                turn => {
                    history.push(key);
                    return Ok(turn);
                }
            }
        }
        Ok(Turn::Again)
    }

    /// Asks all questions of a section again.
    fn go_over(&mut self, section: &str) -> Result<Turn> {
        let mut position = 0;
        // Each answer may change what is asked, so the section is looked at afresh each time.
        while let Some(key) =
            self.course.inside(section).into_iter().filter(|key| self.course.is_shared(key)).nth(position)
        {
            match self.ask_shared(&key)? {
                Turn::On => position += 1,
                Turn::Back if position == 0 => return Ok(Turn::Again),
                Turn::Back => position -= 1,
                Turn::Pause => return Ok(Turn::Pause),
                Turn::Again => {}
            }
        }
        Ok(Turn::Again)
    }

    /// The help or the company changed.
    pub fn change_help(&mut self) -> Result<()> {
        let help = Help::ask(&mut self.screen, &super::Said::default())?;
        if self.segment(&help.to_json())? {
            self.course.setting.family_present = help.family_present();
            self.help = help;
        }
        Ok(())
    }

    /// Starts a segment; false where the participant does not want to go on with the help after a break.
    pub fn segment(&mut self, segment: &Value) -> Result<bool> {
        loop {
            let Err(error) = self.link.start_segment(segment) else { return Ok(true) };
            if !error
                .downcast_ref::<crate::problem::Problem>()
                .is_some_and(|problem| problem.is("no-open-session"))
            {
                return Err(error);
            }
            if !self.reopen()? {
                return Ok(false);
            }
        }
    }

    /// The session of help ran out, as it does when nothing happens for a quarter of an hour.
    pub fn reopen(&mut self) -> Result<bool> {
        self.screen.clear()?;
        self.screen.heading("Welcome back")?;
        self.screen.say("Nothing happened here for a while, so the time of helping was closed. Everything answered before is saved.")?;
        self.screen.say(&format!("Until then: {}.", self.help.words()))?;
        if !self
            .screen
            .yes("Ask the person: “Shall we go on together, in the same way?” Did they say yes?")?
        {
            return Ok(false);
        }
        self.link.open_session(&self.help)?;
        self.course.close_all();
        Ok(true)
    }
}
