//! The definition of an instrument: a FHIR R4 Questionnaire, read once and then only asked.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::alert_rule::DeclaredRule;
use super::answer::AnswerKey;
use super::finding::Finding;
use super::item::Item;
use super::mode::ValidatedMode;
use super::score::ScoreDefinition;

/// What an instrument is for, which decides how it is scored and summarised.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Default,
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
pub enum InstrumentKind {
    /// A holistic needs assessment: concerns, each with a gate. Every question may be skipped.
    Hna,
    /// A scale with one or more scores.
    Scored,
    /// Anything else.
    #[default]
    General,
}

/// What the owner of the text allows.
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
pub enum LicenceClass {
    /// Text and scoring may be shipped.
    A,
    /// Free to many users, rights reserved: the text is loaded locally.
    B,
    /// Only after an agreement or registration.
    C,
    /// Not implemented beyond a place to put it.
    D,
}

/// A concern of a holistic needs assessment: a group with a gate and what is asked behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConcernDefinition {
    /// A stable code, such as `URI.leakage`.
    pub code: String,
    /// A short plain title, such as “Leaking urine”.
    pub title: String,
    /// The group, as an index into the items; the following likewise.
    pub group: usize,
    /// Asks whether there is a concern.
    pub gate: usize,
    /// How much it bothers.
    pub bother: Option<usize>,
    /// Since when.
    pub duration: Option<usize>,
    /// The help wanted.
    pub help: Option<usize>,
    /// The participant's own words.
    pub own_words: Option<usize>,
}

/// A definition, with what should be known about it.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The definition.
    pub definition: Definition,
    /// What is accepted but somebody should look at.
    pub warnings: Vec<Finding>,
}

/// When an instrument is meant to be used, as FHIR `dateTime`; open where nothing is said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effective {
    /// From when on.
    pub start: Option<String>,
    /// Until when.
    pub end: Option<String>,
}

/// An instrument as the engine uses it.
#[derive(Debug, Clone)]
pub struct Definition {
    pub(super) url: Option<String>,
    pub(super) version: Option<String>,
    pub(super) title: Option<String>,
    pub(super) status: String,
    pub(super) language: Option<String>,
    pub(super) subject_types: Vec<String>,
    pub(super) effective: Effective,
    pub(super) kind: InstrumentKind,
    pub(super) licence: Option<LicenceClass>,
    pub(super) items: Vec<Item>,
    pub(super) by_link_id: HashMap<String, usize>,
    /// The items so that each stands behind all that decide whether it is shown.
    pub(super) order: Vec<usize>,
    /// Where in that order each item stands.
    pub(super) rank: Vec<usize>,
    /// Of each item, those whose being shown it decides about directly: what is inside it, and what looks at its answer.
    pub(super) dependents: Vec<Vec<usize>>,
    /// Whether anything stands inside something that repeats.
    pub(super) repeats: bool,
    pub(super) scores: Vec<ScoreDefinition>,
    pub(super) rules: Vec<DeclaredRule>,
    pub(super) wording_withheld: bool,
    pub(super) validated_modes: Vec<ValidatedMode>,
    pub(super) concerns: Vec<ConcernDefinition>,
    pub(super) priorities: Option<usize>,
}

impl Definition {
    /// The canonical URL.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// The business version.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The title for people, or the name for machines where there is none.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// The publication status: draft, active, retired or unknown.
    pub fn status(&self) -> &str {
        &self.status
    }

    /// The language of the text.
    pub fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// The types of resource that responses may be about; any, where none is named.
    pub fn subject_types(&self) -> &[String] {
        &self.subject_types
    }

    /// When the instrument is meant to be used.
    pub fn effective(&self) -> &Effective {
        &self.effective
    }

    /// What the instrument is for.
    pub fn kind(&self) -> InstrumentKind {
        self.kind
    }

    /// What the owner of the text allows, where it is said.
    pub fn licence(&self) -> Option<LicenceClass> {
        self.licence
    }

    /// The canonical reference to exactly this version: `url|version`.
    pub fn canonical(&self) -> Option<String> {
        let url = self.url()?;
        Some(self.version().map_or_else(|| url.to_owned(), |version| format!("{url}|{version}")))
    }

    /// Whether a reference means this instrument: its canonical URL, or the relative `Questionnaire/ID` under which the
    /// same server would keep it, each with or without a version.
    pub fn is_named(&self, reference: &str) -> bool {
        let (url, version) =
            reference.split_once('|').map_or((reference, None), |(url, version)| (url, Some(version)));
        let same = self.url().is_some_and(|own| {
            own == url
                || (url.starts_with("Questionnaire/")
                    && own.strip_suffix(url).is_some_and(|base| base.ends_with('/')))
        });
        same && version.is_none_or(|version| self.version() == Some(version))
    }

    /// All items in document order with their indexes.
    pub fn items(&self) -> impl Iterator<Item = (usize, &Item)> {
        self.items.iter().enumerate()
    }

    /// The item at an index.
    pub fn item(&self, index: usize) -> Option<&Item> {
        self.items.get(index)
    }

    /// The item with a link id.
    pub fn find(&self, link_id: &str) -> Option<(usize, &Item)> {
        let index = *self.by_link_id.get(link_id)?;
        Some((index, self.items.get(index)?))
    }

    /// The items directly inside another; inside none, the top-level ones.
    pub fn children(&self, parent: Option<usize>) -> impl Iterator<Item = (usize, &Item)> {
        let of_top = parent.is_none().then(|| self.items().filter(|(_, item)| item.parent.is_none()));
        let of_item = parent.and_then(|parent| self.item(parent)).map(|item| item.children.as_slice());
        let of_item =
            of_item.unwrap_or_default().iter().filter_map(|index| Some((*index, self.item(*index)?)));
        of_top.into_iter().flatten().chain(of_item)
    }

    /// An item and those around it, from the inside out.
    pub fn and_ancestors(&self, index: usize) -> impl Iterator<Item = (usize, &Item)> {
        std::iter::successors(Some(index), |index| self.item(*index)?.parent)
            .filter_map(|index| Some((index, self.item(index)?)))
    }

    /// The code of the section an item belongs to.
    pub fn section(&self, index: usize) -> Option<&str> {
        self.and_ancestors(index).find_map(|(_, item)| item.marks.section.as_deref())
    }

    /// The outermost private section around an item: what a participant opens to the helper, or does not.
    pub fn private_section(&self, index: usize) -> Option<&Item> {
        self.and_ancestors(index).filter(|(_, item)| item.marks.private_section).map(|(_, item)| item).last()
    }

    /// Whether an item stands in a section that is hidden from the helper until it is opened.
    pub fn is_private(&self, index: usize) -> bool {
        self.private_section(index).is_some()
    }

    /// Whether an item may be asked only while neither partner, family nor carer is present.
    pub fn is_safety(&self, index: usize) -> bool {
        self.and_ancestors(index).any(|(_, item)| item.marks.safety_item)
    }

    /// Whether any answer of this instrument can call for a person at once.
    pub fn has_alerts(&self) -> bool {
        self.items.iter().any(|item| !item.marks.alerts.is_empty())
    }

    /// The items whose answers can call for a person.
    pub fn alerts(&self) -> impl Iterator<Item = (usize, &Item)> {
        self.items().filter(|(_, item)| !item.marks.alerts.is_empty())
    }

    /// The scores declared.
    pub fn scores(&self) -> &[ScoreDefinition] {
        &self.scores
    }

    /// The alert rules declared.
    pub fn rules(&self) -> &[DeclaredRule] {
        &self.rules
    }

    /// Whether the questions stand here by their codes alone, because their wording is not ours to ship. Such a
    /// version can be scored, but nobody can be asked with it.
    pub fn is_wording_withheld(&self) -> bool {
        self.wording_withheld
    }

    /// In which modes it is declared to be validated; none where no validation is claimed.
    pub fn validated_modes(&self) -> &[ValidatedMode] {
        &self.validated_modes
    }

    /// The concerns asked about, in document order.
    pub fn concerns(&self) -> &[ConcernDefinition] {
        &self.concerns
    }

    /// The question in which the participant chooses what matters most.
    pub fn priorities(&self) -> Option<&Item> {
        self.item(self.priorities?)
    }

    /// The items that another decides about directly, each behind where it stands in the order.
    pub(super) fn dependents_by_rank(&self, index: usize) -> impl Iterator<Item = (usize, usize)> {
        let dependents = self.dependents.get(index).into_iter().flatten();
        dependents.filter_map(|dependent| Some((*self.rank.get(*dependent)?, *dependent)))
    }

    /// Whether the shape of a key fits the item it names: as many numbers as items repeat around it.
    pub fn is_well_addressed(&self, key: &AnswerKey) -> bool {
        self.find(&key.link_id).is_some_and(|(_, item)| item.axes.len() == key.occurrence.len())
    }
}

#[cfg(test)]
mod tests {
    use crate::instrument::testing::{definition, own, parsed};
    use serde_json::json;

    #[test]
    fn a_response_names_its_instrument() {
        let definition = parsed(&json!({"resourceType": "Questionnaire", "status": "active", "version": "2",
            "url": "https://example.org/Questionnaire/q", "item": [{"linkId": "a", "type": "string"}]}));
        for (named, right) in [
            ("https://example.org/Questionnaire/q", true),
            ("https://example.org/Questionnaire/q|2", true),
            ("https://example.org/Questionnaire/q|1", false),
            ("Questionnaire/q", true),
            ("https://example.org/other", false),
        ] {
            assert_eq!(definition.is_named(named), right, "{named}");
        }
    }

    #[test]
    fn items_know_their_section_and_whether_they_are_private() {
        let definition = definition(json!([
            {"linkId": "sex", "type": "group", "extension": [own("section", json!("SEX")), own("private-section", json!(true))],
             "item": [{"linkId": "sex.1", "type": "boolean"}]},
            {"linkId": "saf", "type": "group", "extension": [own("safety-item", json!(true))],
             "item": [{"linkId": "saf.1", "type": "boolean"}]},
        ]));
        let (index, _) = definition.find("sex.1").unwrap();
        assert_eq!(definition.section(index), Some("SEX"));
        assert_eq!(definition.private_section(index).unwrap().link_id, "sex");
        assert!(definition.is_private(index) && !definition.is_safety(index));
        let (index, _) = definition.find("saf.1").unwrap();
        assert!(definition.is_safety(index) && !definition.is_private(index));
    }

    #[test]
    fn the_tree_is_walked_by_children() {
        let definition = definition(json!([
            {"linkId": "g", "type": "group", "item": [{"linkId": "a", "type": "boolean"}, {"linkId": "b", "type": "boolean"}]},
            {"linkId": "c", "type": "boolean"},
        ]));
        let names = |parent| -> Vec<&str> {
            definition.children(parent).map(|(_, item)| item.link_id.as_str()).collect()
        };
        assert_eq!(names(None), ["g", "c"]);
        assert_eq!(names(Some(0)), ["a", "b"]);
        assert!(names(Some(1)).is_empty());
    }
}
