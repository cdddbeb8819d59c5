//! Whether a response is one to this instrument, in this version, and at a time when it was in use.

use std::cmp::Ordering;

use super::coding::Reference;
use super::definition::Definition;
use super::finding::{Finding, Place};
use super::moment;
use super::response::Header;

/// Judges what a response says it answers. Another instrument or version is refused; one that is not (yet, or any
/// more) meant for use is a warning, because what was answered then stays what was answered.
pub(super) fn judge(definition: &Definition, header: &Header, out: &mut Vec<Finding>) {
    let root = Place::root("QuestionnaireResponse");
    let place = root.member("questionnaire");
    match header.questionnaire.as_deref() {
        None => {
            let message = "It is not said which questionnaire this is a response to.";
            out.push(place.information("instrument_not_named", message));
        }
        // A questionnaire that the response brings along goes by its id there, and one without a URL by nothing.
        Some(named) if named.starts_with('#') || definition.url().is_none() => {}
        Some(named) if !definition.is_named(named) => {
            let bare = named.split_once('|').map_or(named, |(url, _)| url);
            if definition.is_named(bare) {
                out.push(place.error("other_version", "This is a response to another version."));
            } else {
                out.push(place.error("other_instrument", "This is a response to another instrument."));
            }
        }
        Some(_) => {}
    }
    let allowed = definition.subject_types();
    let subject = header.subject.as_ref().and_then(|json| Reference::read(json).ok());
    let kind = subject.as_ref().and_then(Reference::resource_type);
    if kind.is_some_and(|kind| !allowed.is_empty() && !allowed.iter().any(|allowed| allowed == kind)) {
        let message = format!("This questionnaire is about: {}.", allowed.join(", "));
        out.push(root.member("subject").error("wrong_subject", message));
    }
    match definition.status() {
        "draft" => {
            out.push(place.warning("instrument_draft", "The questionnaire is a draft, not meant for use."));
        }
        "retired" => {
            out.push(place.warning("instrument_retired", "The questionnaire is no longer meant for use."));
        }
        _ => {}
    }
    let Some(authored) = header.authored.as_deref() else { return };
    let lies = |bound: Option<&String>, wanted: fn(Ordering) -> bool| {
        bound.and_then(|bound| moment::compare_dates(authored, bound)).is_some_and(wanted)
    };
    let period = definition.effective();
    if lies(period.start.as_ref(), Ordering::is_lt) {
        let message = "This was answered before the questionnaire was meant to be used.";
        out.push(root.member("authored").warning("instrument_not_yet_valid", message));
    }
    if lies(period.end.as_ref(), Ordering::is_gt) {
        let message = "This was answered when the questionnaire was no longer meant to be used.";
        out.push(root.member("authored").warning("instrument_expired", message));
    }
}
