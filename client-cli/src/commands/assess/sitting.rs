//! A sitting: from the first question about help to handing in, or to a pause.

use alongside_domain::instrument::AnswerKey;
use alongside_domain::provenance::Level;
use anyhow::Result;
use serde_json::{Value, json};

use super::course::{Course, Next};
use super::help::Help;
use super::link::Link;
use super::scribe::{self, Scribing};
use super::{Args, another, ask, find, private, review, take_over};
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
    /// The parts that the participant wants typed for him.
    pub scribing: Scribing,
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
                "Stopped for now. All answers so far are saved.\nAssessment {id}\nTo go on, use the same command again."
            )
        }),
    }
}

fn begin<'a>(run: &'a Run, args: &Args, mut screen: Screen) -> Result<Sitting<'a>> {
    let found = find(&run.client, args)?;
    let mut link = found.link;
    link.show(&found.definition);
    take_over(&run.client, &link)?;
    if !args.affirmed && !affirms(&mut screen)? {
        let words = "Nothing was asked: without a yes to being helped there is no help.";
        return Err(Stop::because(Exit::Error, words));
    }
    let help = Help::ask(&mut screen, &args.said())?;
    let mut course = Course::new(found.definition);
    let mut scribing = Scribing::default();
    scribing.choose(&help);
    if help.level == Level::A4 {
        scribing.sections = Some(scribe::ask_sections(&mut screen, &course.definition)?);
    }
    link.open_session(&help, scribing.sections.as_deref())?;
    course.setting.family_present = help.family_present();
    if found.is_resumed {
        course.begun_before();
    }
    course.resume(&link.read()?)?;
    screen.clear()?;
    screen.heading(course.definition.title().unwrap_or("Questions"))?;
    screen.say(if found.is_resumed {
        "We go on where you stopped last time."
    } else {
        "There are no right or wrong answers. Any question can be left out."
    })?;
    screen.say("Each answer is saved at once. You can stop at any time and go on another day.")?;
    screen.wait("Press Enter to begin.")?;
    Ok(Sitting { screen, link, course, help, scribing, for_helper: None })
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
                    match turn {
                        Turn::On => history.push(key),
                        // Another one was begun, and nothing said in it: back is to the question whether there is one.
                        Turn::Back if self.course.take_back(&key) => continue,
                        _ => {}
                    }
                    turn
                }
                Next::Another(group) => another::offer(self, &group)?,
                Next::Private(section) => private::offer(self, &section)?,
                Next::Review => match review::show(self)? {
                    review::Choice::Submit(view) => return Ok(End::Submitted(view)),
                    review::Choice::Section(section) => self.go_over(&section)?,
                    review::Choice::Help => {
                        self.change_help()?;
                        Turn::Again
                    }
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
        if let Some(turn) = scribe::settle(self, key)? {
            return Ok(turn);
        }
        ask::question(self, key, ask::Company::Helper)
    }

    /// Makes the help this from now on; a turn where the participant does not want to go on.
    pub fn help_is(&mut self, help: Help) -> Result<Option<Turn>> {
        if self.help != help {
            if !self.segment(&help.to_json())? {
                return Ok(Some(Turn::Pause));
            }
            self.help = help;
        }
        Ok(None)
    }

    /// Begins the session of help afresh, because the participant allowed something else. What he opened to the helper
    /// in the last one is closed again.
    pub fn renew(&mut self) -> Result<()> {
        self.link.close_session();
        self.link.open_session(&self.help, self.scribing.sections.as_deref())?;
        self.course.close_all();
        Ok(())
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
        let mut position = 0_usize;
        // Each answer may change what is asked, so the section is looked at afresh each time.
        loop {
            let inside: Vec<_> =
                self.course.inside(section).into_iter().filter(|key| self.course.is_shared(key)).collect();
            if let Some(group) = self.course.another(|key| inside.contains(key)) {
                match another::offer(self, &group)? {
                    Turn::Back => position = position.saturating_sub(1),
                    _ => continue,
                }
            }
            let Some(key) = inside.into_iter().nth(position) else { return Ok(Turn::Again) };
            match self.ask_shared(&key)? {
                Turn::On => position += 1,
                Turn::Back if self.course.take_back(&key) => {}
                Turn::Back if position == 0 => return Ok(Turn::Again),
                Turn::Back => position -= 1,
                Turn::Pause => return Ok(Turn::Pause),
                Turn::Again => {}
            }
        }
    }

    /// The help or the company changed.
    pub fn change_help(&mut self) -> Result<()> {
        let help = Help::ask(&mut self.screen, &super::Said::default())?;
        if help.level == Level::A4 && self.scribing.sections.is_none() {
            self.scribing.sections = Some(scribe::ask_sections(&mut self.screen, &self.course.definition)?);
            self.help = help.clone();
            self.renew()?;
        } else if !self.segment(&help.to_json())? {
            return Ok(());
        }
        self.course.setting.family_present = help.family_present();
        self.scribing.choose(&help);
        self.help = help;
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
        self.screen
            .say("Nothing was typed for a while, so the help was closed. All answers so far are saved.")?;
        self.screen.say(&format!("Before that: {}.", self.help.words()))?;
        if !self
            .screen
            .yes("Ask the person: “Shall we go on together, in the same way?” Did they say yes?")?
        {
            return Ok(false);
        }
        self.link.open_session(&self.help, self.scribing.sections.as_deref())?;
        self.course.close_all();
        Ok(true)
    }
}
