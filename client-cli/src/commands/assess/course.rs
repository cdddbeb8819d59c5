//! How far an assessment has got, and what comes next: decided here by the same engine as on the server.

use std::collections::BTreeSet;

use alongside_domain::instrument::{
    Answer, AnswerKey, Answers, Definition, Item, Progress, Setting, State, Visible, progress_by_section,
    visible_items,
};
use anyhow::{Context as _, Result};
use serde::Deserialize as _;
use serde_json::Value as Json;

use super::another::{Group, Open};

const UNREADABLE: &str = "the server's answer cannot be read";

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// This question.
    Question(AnswerKey),
    /// A private section that is not open to the helper, by the link id of its group.
    Private(String),
    /// Whether there is another of this repeating group.
    Another(Group),
    /// Nothing: everything on the form has been gone through.
    Review,
}

/// An assessment on its way. It lives in memory alone and goes with the program.
pub struct Course {
    pub definition: Definition,
    pub answers: Answers,
    pub setting: Setting,
    /// The private sections that the participant opened to the helper.
    opened: BTreeSet<String>,
    /// The private sections done with for today: filled in alone, or left out.
    aside: BTreeSet<String>,
    /// The repeating groups of which there may be more.
    pub repeating: Open,
    /// The server shows the helper no answers at all, and says what comes next.
    led_by_server: bool,
    /// There may be answers that the server does not show.
    is_resumed: bool,
    server_next: Option<AnswerKey>,
}

impl Course {
    pub fn new(definition: Definition) -> Self {
        Self {
            definition,
            answers: Answers::default(),
            setting: Setting::default(),
            opened: BTreeSet::new(),
            aside: BTreeSet::new(),
            repeating: Open::default(),
            led_by_server: false,
            is_resumed: false,
            server_next: None,
        }
    }

    /// It was begun before: what was answered in private sections is not to be seen here.
    pub fn begun_before(&mut self) {
        self.is_resumed = true;
    }

    /// Takes in the assessment as the server shows it.
    ///
    /// # Errors
    /// When it cannot be read: what is not known to be answered would be asked again, and answered over.
    pub fn resume(&mut self, assessment: &Json) -> Result<()> {
        let shown = assessment.get("answers").and_then(Json::as_array);
        self.led_by_server = shown.is_none();
        for answer in shown.into_iter().flatten() {
            self.answers.save(Answer::deserialize(answer).context(UNREADABLE)?);
        }
        let opened = assessment.pointer("/open_session/opened_sections").and_then(Json::as_array);
        self.opened = opened.into_iter().flatten().filter_map(|id| id.as_str().map(str::to_owned)).collect();
        self.heed(assessment)
    }

    /// Takes in what the server says comes next.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn heed(&mut self, reply: &Json) -> Result<()> {
        self.server_next = next(reply)?;
        Ok(())
    }

    /// An answer is kept on the server, and so here.
    pub fn save(&mut self, answer: Answer) {
        self.repeating.note(&self.definition, &answer);
        self.answers.save(answer);
    }

    /// What comes next for the helper and the participant together.
    pub fn next(&self) -> Next {
        if let Some(group) = self.another(|key| self.is_shared(key)) {
            return Next::Another(group);
        }
        let mut questions = self.questions();
        if self.led_by_server
            && let Some(key) = &self.server_next
        {
            if let Some(next) = self.step(key) {
                return next;
            }
            // That section is left out for now. What was answered before it is not known here, and not asked again.
            let section = self.closed_section(key);
            let last = questions.iter().rposition(|key| self.closed_section(key) == section);
            questions.drain(..last.map_or(0, |last| last + 1));
        }
        let open = questions.into_iter().filter(|key| self.is_open(key));
        open.filter_map(|key| self.step(&key)).next().unwrap_or(Next::Review)
    }

    /// Whether a private section was gone through in an earlier sitting, as far as it can be told: the first question that
    /// the server misses stands behind it.
    ///
    /// # Errors
    /// When the assessment cannot be read.
    pub fn was_done(&self, section: &str, assessment: &Json) -> Result<bool> {
        if !self.is_resumed || assessment.get("progress").is_none_or(Json::is_null) {
            return Ok(false);
        }
        let place = |link_id: &str| self.definition.find(link_id).map(|(index, _)| index);
        let next = next(assessment)?.and_then(|key| place(&key.link_id));
        Ok(match (next, place(section)) {
            (None, Some(_)) => true,
            (Some(next), Some(section)) => {
                next > section && !self.definition.and_ancestors(next).any(|(around, _)| around == section)
            }
            _ => false,
        })
    }

    /// What comes next in a section, for the one who has the device alone.
    pub fn next_inside(&self, section: &str) -> Option<Next> {
        let inside = self.inside(section);
        if let Some(group) = self.another(|key| inside.contains(key)) {
            return Some(Next::Another(group));
        }
        let mut open = inside.iter().filter(|key| self.is_open(key));
        let first = open.next();
        let is_begun = inside.iter().any(|key| self.answers.get(key).is_some());
        // What was answered here in an earlier sitting is known to the server alone, which says so with each answer.
        if self.is_resumed && is_begun && first.is_none_or(|first| self.answers.get(first).is_none()) {
            return self.server_next.clone().filter(|next| inside.contains(next)).map(Next::Question);
        }
        first.cloned().map(Next::Question)
    }

    /// The questions on the form now that stand in a group.
    pub fn inside(&self, group: &str) -> Vec<AnswerKey> {
        let is_inside = |key: &AnswerKey| {
            let Some((index, _)) = self.definition.find(&key.link_id) else { return false };
            self.definition.and_ancestors(index).any(|(_, item)| item.link_id == group)
        };
        self.questions().into_iter().filter(is_inside).collect()
    }

    /// Whether the helper may see a question.
    pub fn is_shared(&self, key: &AnswerKey) -> bool {
        self.closed_section(key).is_none()
    }

    pub fn item(&self, key: &AnswerKey) -> Option<&Item> {
        self.definition.find(&key.link_id).map(|(_, item)| item)
    }

    /// How far each section has got that the helper may know of.
    pub fn progress(&self) -> Vec<Progress> {
        progress_by_section(&self.definition, &self.answers, &self.setting)
    }

    /// Everything shown, in order; groups and texts as well.
    pub fn visible(&self) -> Vec<Visible> {
        visible_items(&self.definition, &self.answers, &self.setting)
    }

    /// The participant opened a private section to the helper.
    pub fn open(&mut self, section: &str) {
        self.opened.insert(section.to_owned());
    }

    /// A new session: what was opened in the last one is closed again.
    pub fn close_all(&mut self) {
        self.opened.clear();
    }

    /// A private section is done with for today. What was answered in it is forgotten here.
    pub fn put_aside(&mut self, section: &str) {
        let is_inside = |key: &AnswerKey| {
            let Some((index, _)) = self.definition.find(&key.link_id) else { return false };
            self.definition.and_ancestors(index).any(|(_, item)| item.link_id == section)
        };
        self.answers = self.answers.iter().filter(|answer| !is_inside(&answer.key)).cloned().collect();
        self.aside.insert(section.to_owned());
    }

    /// The words of a group, or its link id.
    pub fn title<'a>(&'a self, link_id: &'a str) -> &'a str {
        self.definition.find(link_id).map_or(link_id, |(_, item)| item.words())
    }

    /// What a question that has no record yet asks for; none where it is put aside.
    fn step(&self, key: &AnswerKey) -> Option<Next> {
        match self.closed_section(key) {
            Some(section) if self.aside.contains(section) => None,
            Some(section) => Some(Next::Private(section.to_owned())),
            None => Some(Next::Question(key.clone())),
        }
    }

    fn closed_section(&self, key: &AnswerKey) -> Option<&str> {
        let (index, _) = self.definition.find(&key.link_id)?;
        let section = self.definition.private_section(index)?.link_id.as_str();
        (!self.opened.contains(section)).then_some(section)
    }

    pub fn questions(&self) -> Vec<AnswerKey> {
        let is_asked = |visible: &Visible| {
            self.definition.item(visible.item).is_some_and(|item| item.kind.is_question() && !item.read_only)
        };
        self.visible().into_iter().filter(is_asked).map(|visible| visible.key).collect()
    }

    /// What could not be asked before is open again.
    pub fn is_open(&self, key: &AnswerKey) -> bool {
        self.answers.get(key).is_none_or(|answer| answer.state == State::NotShown)
    }
}

/// What the server says comes next; none where it says that nothing does.
fn next(reply: &Json) -> Result<Option<AnswerKey>> {
    let named = reply.get("next").filter(|next| !next.is_null());
    named.map(AnswerKey::deserialize).transpose().context(UNREADABLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alongside_domain::instrument::Value;
    use serde_json::json;

    fn course() -> Course {
        let own = |name: &str| {
            json!({"url": format!("https://fhir.alongside.example/StructureDefinition/{name}"),
            "valueBoolean": true})
        };
        let json = json!({"resourceType": "Questionnaire", "status": "active", "item": [
            {"linkId": "URI", "type": "group", "item": [{"linkId": "leak", "type": "boolean"}]},
            {"linkId": "SEX", "type": "group", "extension": [own("private-section")], "item": [
                {"linkId": "desire", "type": "boolean"},
                {"linkId": "more", "type": "string", "enableWhen": [
                    {"question": "desire", "operator": "=", "answerBoolean": true}]}]},
            {"linkId": "SAF", "type": "group", "extension": [own("safety-item")],
                "item": [{"linkId": "safe", "type": "boolean"}]}]});
        Course::new(Definition::parse(&json).unwrap().definition)
    }

    fn yes(link_id: &str) -> Answer {
        Answer::answered(AnswerKey::of(link_id), vec![Value::Boolean(true)])
    }

    fn question(link_id: &str) -> Next {
        Next::Question(AnswerKey::of(link_id))
    }

    #[test]
    fn a_private_section_is_never_simply_asked() {
        let mut course = course();
        assert_eq!(course.next(), question("leak"));
        course.answers.save(yes("leak"));
        assert_eq!(course.next(), Next::Private("SEX".into()));
        course.open("SEX");
        assert_eq!(course.next(), question("desire"));
        course.close_all();
        course.put_aside("SEX");
        assert_eq!(course.next(), question("safe"));
    }

    #[test]
    fn what_was_answered_alone_is_forgotten_at_hand_back() {
        let mut course = course();
        course.answers.save(yes("desire"));
        assert_eq!(course.next_inside("SEX"), Some(question("more")));
        course.put_aside("SEX");
        assert!(course.answers.is_empty());
    }

    #[test]
    fn nothing_is_asked_about_safety_with_family_present() {
        let mut course = course();
        course.setting.family_present = true;
        course.answers.save(yes("leak"));
        course.put_aside("SEX");
        assert_eq!(course.next(), Next::Review);
    }

    #[test]
    fn where_no_answers_are_shown_the_server_leads() {
        let mut course = course();
        course
            .resume(
                &json!({"answers": null, "next": {"link_id": "safe", "occurrence": [], "hand_over": false}}),
            )
            .unwrap();
        assert_eq!(course.next(), question("safe"));
        course.heed(&json!({"next": {"link_id": "desire", "occurrence": [], "hand_over": true}})).unwrap();
        assert_eq!(course.next(), Next::Private("SEX".into()));
    }

    #[test]
    fn what_stands_before_a_section_left_out_is_not_asked_again() {
        let mut course = course();
        let view = |next: &str| json!({"answers": null, "next": {"link_id": next, "occurrence": [], "hand_over": true}});
        course.resume(&view("SEX")).unwrap();
        assert_eq!(course.next(), Next::Private("SEX".into()));
        course.put_aside("SEX");
        assert_eq!(course.next(), question("safe"));
    }

    #[test]
    fn a_private_section_that_was_done_is_not_offered_again() {
        let mut course = course();
        let view = |next: serde_json::Value| json!({"progress": [], "next": next});
        let at = |link_id: &str| json!({"link_id": link_id, "occurrence": [], "hand_over": false});
        assert!(
            !course.was_done("SEX", &view(at("safe"))).unwrap(),
            "in a first sitting nothing was done before"
        );
        course.begun_before();
        assert!(
            course.was_done("SEX", &view(at("safe"))).unwrap()
                && course.was_done("SEX", &view(json!(null))).unwrap()
        );
        assert!(
            !course.was_done("SEX", &view(at("SEX"))).unwrap()
                && !course.was_done("SEX", &view(at("leak"))).unwrap()
        );
        assert!(!course.was_done("SEX", &json!({"progress": null, "next": null})).unwrap());
    }

    #[test]
    fn alone_the_server_says_what_was_answered_before() {
        let mut course = course();
        course.begun_before();
        assert_eq!(course.next_inside("SEX"), Some(question("desire")));
        course.save(yes("desire"));
        course.heed(&json!({"next": {"link_id": "safe", "occurrence": []}})).unwrap();
        assert_eq!(course.next_inside("SEX"), None);
        course.heed(&json!({"next": {"link_id": "more", "occurrence": []}})).unwrap();
        assert_eq!(course.next_inside("SEX"), Some(question("more")));
    }

    #[test]
    fn answers_of_an_earlier_sitting_are_not_asked_again() {
        let mut course = course();
        course
            .resume(&json!({"answers": [{"seq": 1, "link_id": "leak", "occurrence": [], "state": "skipped",
            "values": [], "level": "A2"}], "open_session": {"opened_sections": ["SEX"]}}))
            .unwrap();
        assert_eq!(course.next(), question("desire"));
    }

    #[test]
    fn an_answer_that_cannot_be_read_stops_the_sitting_and_is_not_asked_again() {
        let mut course = course();
        let shown = json!({"answers": [{"link_id": "leak", "state": "from_a_newer_server", "values": []}]});
        assert!(course.resume(&shown).is_err());
        assert!(course.heed(&json!({"next": {"occurrence": []}})).is_err());
        assert!(course.heed(&json!({"next": null})).is_ok());
    }
}
