//! Assistance sessions: how long one lives, and which answers may be taken in it, from whom, with whom in the room.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::instrument::{Answer, Definition, Finding, Setting, Severity, State};
use crate::policy::Role;
use crate::provenance::{AnsweredBy, KeyedBy, Level, Origin, OthersPresent, family_present};

/// A session in which nothing happens for this long is over.
pub const IDLE: TimeDelta = TimeDelta::minutes(15);

/// Why a session ended.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CloseReason {
    /// The helper or the participant closed it.
    Closed,
    /// Nothing happened for a quarter of an hour.
    Expired,
    /// The assessment was submitted.
    Submitted,
    /// The assessment was abandoned.
    Abandoned,
    /// What it stood on ended: the assignment, or his taking part.
    SupportEnded,
}

/// When a session with this last activity is over, unless something happens.
#[must_use]
pub fn expires_at(last_activity: Timestamp) -> Timestamp {
    last_activity + IDLE
}

/// What the participant allowed for one session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sections {
    /// The private sections he opened to the helper, by the link id of their group.
    pub opened: Vec<String>,
    /// The sections he wants typed for him, by link id; none when he did not single any out.
    #[serde(default)]
    pub scribed: Option<Vec<String>>,
}

/// A stretch of a session in which neither the help nor the company changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    pub level: Level,
    pub keyed_by: KeyedBy,
    pub others_present: Vec<OthersPresent>,
    /// The device is in the participant's hands and the helper looks away.
    pub handed_over: bool,
}

impl Segment {
    /// Whether the participant himself has the device, with the helper looking away.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.handed_over && self.keyed_by == KeyedBy::Participant
    }
}

/// The circumstances in which answers are given.
#[derive(Debug, Clone)]
pub struct Situation<'a> {
    /// Who sends them.
    pub role: Role,
    /// The open segment, with what was allowed for its session; none outside one.
    pub help: Option<(&'a Segment, &'a Sections)>,
}

impl Situation<'_> {
    /// What decides about the questions on the form.
    #[must_use]
    pub fn setting(&self) -> Setting {
        Setting {
            family_present: self.help.is_some_and(|(segment, _)| family_present(&segment.others_present)),
        }
    }

    /// The origin of an answer given now.
    #[must_use]
    pub fn origin(&self, answered_by: AnsweredBy) -> Origin {
        match self.help {
            Some((segment, _)) => Origin { answered_by, keyed_by: segment.keyed_by, level: segment.level },
            None => Origin::outside_segment(answered_by),
        }
    }

    /// Why an answer cannot be taken in this situation, whatever its value. `pointer` is that of the answer.
    #[must_use]
    pub fn judge(
        &self,
        definition: &Definition,
        answer: &Answer,
        answered_by: AnsweredBy,
        pointer: &str,
    ) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut refuse = |member: &str, code: &'static str, message: &str| {
            found.push(Finding {
                severity: Severity::Error,
                code,
                pointer: format!("{pointer}/{member}"),
                path: format!("answer.{member}"),
                message: message.to_owned(),
            });
        };
        if self.role == Role::Supporter && answered_by == AnsweredBy::Proxy {
            refuse(
                "answered_by",
                "not_by_a_supporter",
                "A supporter never answers in the participant's place.",
            );
        }
        let Some((index, _)) = definition.find(&answer.key.link_id) else { return found };
        if answer.state != State::NotShown && self.setting().hides(definition, index) {
            let message =
                "This is not asked while partner, family or carer is present. Offer it again another time.";
            refuse("link_id", "question_not_shown", message);
        }
        let Some((segment, sections)) = self.help.filter(|_| self.role == Role::Supporter) else {
            return found;
        };
        if segment.is_private() {
            return found;
        }
        let is_closed = |section: &str| !sections.opened.iter().any(|opened| opened == section);
        if definition.private_section(index).is_some_and(|section| is_closed(&section.link_id)) {
            let message =
                "This is a private section. Hand the device over, or let the participant open the section.";
            refuse("link_id", "section_private", message);
        }
        if segment.level == Level::A4
            && let Some(scribed) = &sections.scribed
            && !definition.and_ancestors(index).any(|(_, item)| scribed.contains(&item.link_id))
        {
            refuse(
                "link_id",
                "section_not_scribed",
                "The participant did not ask to have this section typed for him.",
            );
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::{AnswerKey, Value};
    use serde_json::json;

    fn definition() -> Definition {
        let own = |name: &str| json!({"url": format!("https://fhir.alongside.example/StructureDefinition/{name}"), "valueBoolean": true});
        let json = json!({"resourceType": "Questionnaire", "status": "active", "item": [
            {"linkId": "URI", "type": "group", "item": [{"linkId": "leak", "type": "boolean"}]},
            {"linkId": "SEX", "type": "group", "extension": [own("private-section")],
             "item": [{"linkId": "desire", "type": "boolean"}]},
            {"linkId": "SAF", "type": "group", "extension": [own("safety-item")],
             "item": [{"linkId": "safe", "type": "boolean"}]}]});
        Definition::parse(&json).unwrap().definition
    }

    fn segment(level: Level, present: OthersPresent) -> Segment {
        Segment { level, keyed_by: KeyedBy::Supporter, others_present: vec![present], handed_over: false }
    }

    fn codes(situation: &Situation<'_>, link_id: &str, by: AnsweredBy) -> Vec<&'static str> {
        let answer = Answer::answered(AnswerKey::of(link_id), vec![Value::Boolean(true)]);
        situation.judge(&definition(), &answer, by, "/answers/0").iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn outside_a_segment_the_help_is_not_known() {
        let situation = Situation { role: Role::Participant, help: None };
        let origin = situation.origin(AnsweredBy::Participant);
        assert_eq!((origin.level, origin.keyed_by), (Level::Unknown, KeyedBy::Unknown));
        assert!(codes(&situation, "desire", AnsweredBy::Proxy).is_empty());
    }

    #[test]
    fn a_supporter_is_never_the_proxy() {
        let (segment, sections) = (segment(Level::A4, OthersPresent::Nobody), Sections::default());
        let situation = Situation { role: Role::Supporter, help: Some((&segment, &sections)) };
        assert_eq!(codes(&situation, "leak", AnsweredBy::Proxy), ["not_by_a_supporter"]);
        assert!(codes(&situation, "leak", AnsweredBy::Participant).is_empty());
        assert_eq!(situation.origin(AnsweredBy::Participant).level, Level::A4);
    }

    #[test]
    fn a_private_section_is_answered_after_hand_over_or_when_opened() {
        let mut segment = segment(Level::A2, OthersPresent::Nobody);
        let closed = Sections::default();
        let opened = Sections { opened: vec!["SEX".into()], scribed: None };
        let supporter = |segment: &Segment, sections: &Sections| {
            codes(
                &Situation { role: Role::Supporter, help: Some((segment, sections)) },
                "desire",
                AnsweredBy::Participant,
            )
        };
        assert_eq!(supporter(&segment, &closed), ["section_private"]);
        assert!(supporter(&segment, &opened).is_empty());
        segment.handed_over = true;
        assert_eq!(supporter(&segment, &closed), ["section_private"], "the supporter still presses the keys");
        segment.keyed_by = KeyedBy::Participant;
        assert!(supporter(&segment, &closed).is_empty());
    }

    #[test]
    fn nothing_is_taken_about_safety_with_the_partner_in_the_room() {
        let (segment, sections) = (segment(Level::A3, OthersPresent::Partner), Sections::default());
        for role in [Role::Supporter, Role::Participant, Role::Researcher] {
            let situation = Situation { role, help: Some((&segment, &sections)) };
            assert_eq!(codes(&situation, "safe", AnsweredBy::Participant), ["question_not_shown"], "{role}");
            let not_shown = Answer::without(AnswerKey::of("safe"), State::NotShown);
            assert!(situation.judge(&definition(), &not_shown, AnsweredBy::Participant, "").is_empty());
        }
    }

    #[test]
    fn only_the_named_sections_are_scribed() {
        let segment = segment(Level::A4, OthersPresent::Nobody);
        let sections = Sections { opened: Vec::new(), scribed: Some(vec!["URI".into()]) };
        let situation = Situation { role: Role::Supporter, help: Some((&segment, &sections)) };
        assert!(codes(&situation, "leak", AnsweredBy::Participant).is_empty());
        assert_eq!(codes(&situation, "safe", AnsweredBy::Participant), ["section_not_scribed"]);
    }
}
