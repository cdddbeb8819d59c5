//! Level A4: the helper types what is said, in the parts of the form where the participant wants that, and nowhere else.

use alongside_domain::instrument::{AnswerKey, Definition, ItemType};
use alongside_domain::provenance::{KeyedBy, Level};
use anyhow::Result;

use super::help::Help;
use super::sitting::{Sitting, Turn};
use crate::prompt::Screen;

/// What the participant said about being typed for.
#[derive(Debug, Default)]
pub struct Scribing {
    /// The help in the parts that are typed for him; none at other levels.
    pub help: Option<Help>,
    /// The parts he wants typed for him, by link id; none when he was not asked yet.
    pub sections: Option<Vec<String>>,
    /// The parts in which he said that he presses the keys himself.
    by_himself: Vec<String>,
}

impl Scribing {
    /// The help was chosen anew.
    pub fn choose(&mut self, help: &Help) {
        self.help = (help.level == Level::A4).then(|| help.clone());
        self.by_himself.clear();
    }

    /// He wants this part typed for him as well.
    pub fn add(&mut self, section: &str) {
        self.by_himself.retain(|one| one != section);
        let sections = self.sections.get_or_insert_default();
        if !sections.iter().any(|one| one == section) {
            sections.push(section.to_owned());
        }
    }

    /// He presses the keys in this part.
    pub fn leave(&mut self, section: &str) {
        self.by_himself.push(section.to_owned());
    }

    fn is_allowed(&self, definition: &Definition, key: &AnswerKey) -> bool {
        let (Some(sections), Some((index, _))) = (&self.sections, definition.find(&key.link_id)) else {
            return true;
        };
        definition.and_ancestors(index).any(|(_, item)| sections.contains(&item.link_id))
    }
}

/// The part that is asked about as one: a private section, or else what stands at the top of the form.
fn section_of<'a>(definition: &'a Definition, key: &AnswerKey) -> Option<&'a str> {
    let (index, _) = definition.find(&key.link_id)?;
    let around = || definition.and_ancestors(index).last().map(|(_, item)| item);
    definition.private_section(index).or_else(around).map(|item| item.link_id.as_str())
}

/// Asks which parts are typed. Private ones are asked about when they are opened.
pub fn ask_sections(screen: &mut Screen, definition: &Definition) -> Result<Vec<String>> {
    let open: Vec<_> =
        definition.children(None).filter(|(index, _)| !definition.is_private(*index)).collect();
    // What stands alone at the top is no part of its own: to be typed for at all includes it.
    let alone = open.iter().filter(|(_, item)| item.kind != ItemType::Group);
    let mut wanted: Vec<String> = alone.map(|(_, item)| item.link_id.clone()).collect();
    let parts: Vec<_> = open.iter().filter(|(_, item)| item.kind == ItemType::Group).collect();
    if parts.is_empty() {
        return Ok(wanted);
    }
    screen.clear()?;
    screen.heading("What shall I type for you?")?;
    screen.say("The person decides this for each part. Private questions are asked about later.")?;
    let ways = ["All the parts", "Some of the parts", "Ask before each part"];
    let chosen = screen.choose("Ask the person: “Which parts would you like me to type for you?”", &ways)?;
    let titles: Vec<&str> = parts.iter().map(|(_, item)| item.words()).collect();
    let positions = match chosen {
        0 => (0..parts.len()).collect(),
        1 => {
            screen.clear()?;
            screen.heading("What shall I type for you?")?;
            screen.choose_many("Read these out. Which ones do they want you to type?", &titles)?
        }
        _ => Vec::new(),
    };
    let parts = positions.iter().filter_map(|position| parts.get(*position));
    wanted.extend(parts.map(|(_, item)| item.link_id.clone()));
    Ok(wanted)
}

/// Makes the help fit the part a question stands in. A turn, where the person decided for something else first.
pub fn settle(sitting: &mut Sitting<'_>, key: &AnswerKey) -> Result<Option<Turn>> {
    let Some(scribe) = sitting.scribing.help.clone() else { return Ok(None) };
    if sitting.scribing.is_allowed(&sitting.course.definition, key) {
        return sitting.help_is(scribe);
    }
    let Some(section) = section_of(&sitting.course.definition, key).map(str::to_owned) else {
        return Ok(None);
    };
    // He presses the keys; the helper goes on reading aloud.
    let reading = Help { level: Level::A3, keyed_by: KeyedBy::Participant, present: scribe.present.clone() };
    if sitting.scribing.by_himself.contains(&section) {
        return sitting.help_is(reading);
    }
    let title = sitting.course.title(&section).to_owned();
    sitting.screen.clear()?;
    sitting.screen.heading("A new part")?;
    sitting
        .screen
        .say(&format!("The next part is “{title}”. They have not said yet that you may type in it."))?;
    let ways = ["Yes, I type for them", "No, they press the keys and I read aloud", "Stop for now"];
    match sitting.screen.choose("Ask the person: “Shall I type your answers in this part as well?”", &ways)?
    {
        0 => {
            sitting.scribing.add(&section);
            sitting.help = scribe;
            sitting.renew()?;
            Ok(Some(Turn::Again))
        }
        1 => {
            sitting.scribing.leave(&section);
            sitting.help_is(reading)
        }
        _ => Ok(Some(Turn::Pause)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn definition() -> Definition {
        let private = json!({"url": "https://fhir.alongside.example/StructureDefinition/private-section", "valueBoolean": true});
        let group = |link_id: &str, more: serde_json::Value| {
            let mut group = json!({"linkId": link_id, "type": "group", "text": link_id,
                "item": [{"linkId": format!("{link_id}.1"), "type": "boolean"}]});
            if more != json!([]) {
                group["extension"] = more;
            }
            group
        };
        let json = json!({"resourceType": "Questionnaire", "status": "active", "item": [
            {"linkId": "name", "type": "string"}, group("URI", json!([])), group("BOW", json!([])),
            group("SEX", json!([private]))]});
        Definition::parse(&json).unwrap().definition
    }

    fn asked(typed: &str) -> Vec<String> {
        ask_sections(&mut Screen::scripted(typed, Vec::new()), &definition()).unwrap()
    }

    #[test]
    fn the_parts_are_chosen_and_private_ones_are_not_among_them() {
        assert_eq!(asked("1\n"), ["name", "URI", "BOW"]);
        assert_eq!(asked("2\n2\n"), ["name", "BOW"]);
        assert_eq!(asked("3\n"), ["name"]);
    }

    #[test]
    fn only_what_was_said_is_typed() {
        let mut scribing = Scribing { sections: Some(vec!["URI".into()]), ..Scribing::default() };
        let allowed =
            |scribing: &Scribing, link_id: &str| scribing.is_allowed(&definition(), &AnswerKey::of(link_id));
        assert!(allowed(&scribing, "URI.1") && !allowed(&scribing, "BOW.1") && !allowed(&scribing, "SEX.1"));
        scribing.add("SEX");
        assert!(allowed(&scribing, "SEX.1"));
        assert_eq!(section_of(&definition(), &AnswerKey::of("SEX.1")), Some("SEX"));
    }
}
