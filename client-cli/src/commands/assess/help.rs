//! The help there is right now: how much, who presses the keys, who is in the room.

use alongside_domain::choice::Choice as _;
use alongside_domain::content;
use alongside_domain::provenance::{KeyedBy, Level, OthersPresent, check_presence, family_present};
use anyhow::Result;
use serde_json::{Value, json};

use crate::exit::Stop;
use crate::prompt::Screen;

/// What one segment records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Help {
    pub level: Level,
    pub keyed_by: KeyedBy,
    pub present: Vec<OthersPresent>,
}

/// What the command line says of it; the rest is asked.
#[derive(Debug, Clone, Default)]
pub struct Said {
    pub level: Option<Level>,
    pub keyed_by: Option<KeyedBy>,
    pub present: Vec<OthersPresent>,
}

impl Help {
    /// The segment as it is sent.
    pub fn to_json(&self) -> Value {
        json!({
            "level": self.level, "keyed_by": self.keyed_by, "others_present": self.present,
        })
    }

    /// The participant has the device alone; the helper set it up and looks away.
    pub fn handed_over(&self) -> Value {
        json!({
            "level": Level::A1, "keyed_by": KeyedBy::Participant, "others_present": self.present,
            "handed_over": true,
        })
    }

    /// Whether partner, family or carer is in the room.
    pub fn family_present(&self) -> bool {
        family_present(&self.present)
    }

    /// Whether the helper types what is said, and so reads it back before it is kept.
    pub fn is_scribed(&self) -> bool {
        self.level == Level::A4 && self.keyed_by != KeyedBy::Participant
    }

    /// In one line, for the top of the screen.
    pub fn words(&self) -> String {
        let level = level_name(self.level);
        let present: Vec<&str> = self.present.iter().map(|one| present_words(*one)).collect();
        format!(
            "{} ({level}) · {} · also here: {}",
            self.level,
            keyed_words(self.keyed_by),
            present.join(", ")
        )
    }

    /// Asks what was not said.
    pub fn ask(screen: &mut Screen, said: &Said) -> Result<Self> {
        let level = match said.level {
            Some(level) => level,
            None => ask_level(screen)?,
        };
        let keyed_by = match said.keyed_by {
            Some(keyed_by) => keyed_by,
            None => ask_keyed_by(screen, level)?,
        };
        let present = if said.present.is_empty() { ask_present(screen)? } else { said.present.clone() };
        Self { level, keyed_by, present }.checked()
    }

    /// Takes all of it from the command line.
    ///
    /// # Errors
    /// Wrong use, where something is missing.
    pub fn said(said: &Said) -> Result<Self> {
        let missing = |flag: &str, values: String| {
            Stop::usage(format!("Say how help is given: {flag} is missing. It is one of: {values}."))
        };
        let level = said.level.ok_or_else(|| missing("--level", Level::codes()))?;
        let keyed_by = said.keyed_by.ok_or_else(|| missing("--keyed-by", KeyedBy::codes()))?;
        if said.present.is_empty() {
            return Err(missing("--present", OthersPresent::codes()));
        }
        Self { level, keyed_by, present: said.present.clone() }.checked()
    }

    fn checked(self) -> Result<Self> {
        check_presence(&self.present).map_err(|why| Stop::usage(why.to_string()))?;
        Ok(self)
    }
}

fn level_name(level: Level) -> String {
    let text = content::levels().levels.iter().find(|text| text.code == level.code());
    text.map_or_else(|| level.code().to_owned(), |text| text.name.to_lowercase())
}

fn ask_level(screen: &mut Screen) -> Result<Level> {
    let texts = content::levels();
    loop {
        screen.clear()?;
        screen.heading("How much help is there?")?;
        screen.say(&texts.introduction)?;
        screen.say(&texts.rule)?;
        // Whoever works alone needs no helper to say so.
        let offered: Vec<_> = texts.levels.iter().filter(|level| level.code != "A0").collect();
        let lines: Vec<String> = offered
            .iter()
            .map(|level| format!("{} ({}). {}", level.name, level.code, level.when_to_choose))
            .collect();
        screen.numbered(lines.iter().map(String::as_str))?;
        let typed = screen.line("Type the number:")?;
        let Some(chosen) = crate::prompt::number(&typed, offered.len()).and_then(|at| offered.get(at)) else {
            continue;
        };
        screen.clear()?;
        screen.heading(&format!("{} ({})", chosen.name, chosen.code))?;
        screen.say("You may:")?;
        screen.points(chosen.helper_may.iter().map(String::as_str))?;
        screen.say("You may not:")?;
        screen.points(chosen.helper_may_not.iter().map(String::as_str))?;
        let right = screen.choose("Is this what is happening?", &["Yes", "No, choose again"])?;
        if right == 0
            && let Ok(level) = chosen.code.parse()
        {
            return Ok(level);
        }
    }
}

/// Only what the level leaves open is asked: whoever is typed for does not press the keys, and below that level nobody
/// presses an answer for them.
fn ask_keyed_by(screen: &mut Screen, level: Level) -> Result<KeyedBy> {
    let of_the_person = [(KeyedBy::Participant, "The person themselves")];
    let of_others =
        [(KeyedBy::Supporter, "I do. I am their supporter"), (KeyedBy::FamilyFriend, "A relative or friend")];
    let of_staff = [(KeyedBy::Researcher, "A researcher"), (KeyedBy::Clinician, "A nurse or doctor")];
    let choices = match level {
        Level::A4 => [&of_others[..], &of_staff[..]].concat(),
        _ if level < Level::A4 => [&of_the_person[..], &of_others[1..]].concat(),
        _ => [&of_the_person[..], &of_others[..], &of_staff[..]].concat(),
    };
    screen.clear()?;
    screen.heading("Who presses the keys?")?;
    screen.choose_code("Right now, on this device:", &choices)
}

fn keyed_words(keyed_by: KeyedBy) -> &'static str {
    match keyed_by {
        KeyedBy::Participant => "the person presses the keys",
        KeyedBy::Supporter => "the supporter presses the keys",
        KeyedBy::FamilyFriend => "a relative or friend presses the keys",
        KeyedBy::Researcher => "a researcher presses the keys",
        KeyedBy::Clinician => "a nurse or doctor presses the keys",
        KeyedBy::Clerk => "typed in from paper",
        KeyedBy::Unknown => "keys not recorded",
    }
}

fn ask_present(screen: &mut Screen) -> Result<Vec<OthersPresent>> {
    let all = [
        OthersPresent::Nobody,
        OthersPresent::Partner,
        OthersPresent::Family,
        OthersPresent::Carer,
        OthersPresent::Friend,
        OthersPresent::Professional,
        OthersPresent::Other,
    ];
    loop {
        screen.clear()?;
        screen.heading("Who else is here?")?;
        let words = all.map(present_words);
        let question = "In the room, or on the phone, as well as the person and you:";
        let chosen = screen.choose_many(question, &words)?;
        let present: Vec<_> = chosen.iter().filter_map(|position| all.get(*position)).copied().collect();
        match check_presence(&present) {
            Ok(()) => return Ok(present),
            Err(why) => {
                screen.say(&why.to_string())?;
                screen.wait("Press Enter.")?;
            }
        }
    }
}

fn present_words(present: OthersPresent) -> &'static str {
    match present {
        OthersPresent::Nobody => "nobody else",
        OthersPresent::Partner => "partner",
        OthersPresent::Family => "other family",
        OthersPresent::Carer => "carer",
        OthersPresent::Friend => "friend",
        OthersPresent::Professional => "nurse, doctor or other professional",
        OthersPresent::Other => "somebody else",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_says_all_of_it_or_is_told_what_is_missing() {
        let said = Said { level: Some(Level::A4), keyed_by: Some(KeyedBy::Supporter), present: Vec::new() };
        assert!(Help::said(&said).unwrap_err().to_string().contains("--present"));
        let both = vec![OthersPresent::Nobody, OthersPresent::Partner];
        assert!(Help::said(&Said { present: both, ..said.clone() }).is_err());
        let help = Help::said(&Said { present: vec![OthersPresent::Partner], ..said }).unwrap();
        assert!(help.family_present() && help.is_scribed());
        assert_eq!(
            help.to_json(),
            json!({"level": "A4", "keyed_by": "supporter", "others_present": ["partner"]})
        );
    }

    #[test]
    fn the_help_is_asked_for_in_words() {
        let mut screen = Screen::scripted("2\n1\n1\n1,2\n\n2\n", Vec::new());
        let help = Help::ask(&mut screen, &Said::default()).unwrap();
        assert_eq!((help.level, help.keyed_by), (Level::A2, KeyedBy::Participant));
        assert_eq!(help.present, [OthersPresent::Partner]);
    }
}
