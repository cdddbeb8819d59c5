//! What an exported questionnaire response says besides its answers: who gave them, who wrote them down, how they were
//! taken and with how much help.

use std::collections::{BTreeMap, BTreeSet};

use alongside_domain::assessment::Channel;
use alongside_domain::choice::Choice as _;
use alongside_domain::clock::Timestamp;
use alongside_domain::instrument::{Administration, AnswerKey, Attributed, OWN_EXTENSIONS};
use alongside_domain::provenance::{AnsweredBy, KeyedBy, Origin, Provenance};
use alongside_store::answer::Kept;
use alongside_store::assessment::Assessment;
use alongside_store::segment::Segment;
use chrono::SecondsFormat;
use serde_json::{Value, json};

/// HL7's extension that says how the answers were taken.
const COMPLETION_MODE: &str = "http://hl7.org/fhir/StructureDefinition/questionnaireresponse-completionMode";

/// The code system its codes come from.
const PARTICIPATION_MODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode";

/// The code system of the modes in which answers are taken.
const MODE: &str = "https://fhir.alongside.example/CodeSystem/administration-mode";

/// A moment as FHIR `dateTime`.
pub fn instant(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The participant, whom the response is about.
pub fn participant(assessment: &Assessment) -> Value {
    json!({"reference": format!("Patient/{}", assessment.participant_id.0), "type": "Patient"})
}

/// Who gave the answers, where it is one and the same for all of them.
pub fn source(assessment: &Assessment, kept: &[&Kept]) -> Option<Value> {
    match only(kept.iter().map(|kept| kept.origin.answered_by))? {
        AnsweredBy::Participant => Some(participant(assessment)),
        AnsweredBy::Proxy => {
            Some(json!({"type": "RelatedPerson", "display": "Somebody who answered for the participant"}))
        }
        AnsweredBy::Observer | AnsweredBy::Unknown => None,
    }
}

/// Who wrote the answers down, where it is one and the same for all of them.
pub fn author(assessment: &Assessment, kept: &[&Kept]) -> Option<Value> {
    match only(kept.iter().map(|kept| kept.origin.keyed_by))? {
        KeyedBy::Participant => Some(participant(assessment)),
        KeyedBy::FamilyFriend => Some(json!({"type": "RelatedPerson", "display": "Family or friend"})),
        KeyedBy::Supporter | KeyedBy::Researcher | KeyedBy::Clinician | KeyedBy::Clerk => {
            let id = only(kept.iter().map(|kept| kept.author))?;
            Some(json!({"reference": format!("Practitioner/{id}"), "type": "Practitioner"}))
        }
        KeyedBy::Unknown => None,
    }
}

fn only<T: Ord>(all: impl Iterator<Item = T>) -> Option<T> {
    let mut different: BTreeSet<T> = all.collect();
    let first = different.pop_first();
    first.filter(|_| different.is_empty())
}

/// Where each answer comes from, of those of which anything is known.
pub fn origins(kept: &[&Kept], segments: &[Segment]) -> BTreeMap<AnswerKey, Attributed> {
    let number = |kept: &Kept| {
        let position = segments.iter().position(|segment| Some(segment.id.0) == kept.segment)?;
        u32::try_from(position.saturating_add(1)).ok()
    };
    let attributed = kept.iter().map(|kept| {
        let language = kept.language.clone();
        let attributed = Attributed { origin: kept.origin, segment: number(kept), language };
        (kept.answer.key.clone(), attributed)
    });
    let is_known =
        |attributed: &Attributed| attributed.origin != Origin::unknown() || attributed.language.is_some();
    attributed.filter(|(_, attributed)| is_known(attributed)).collect()
}

/// The extensions of the response as a whole.
pub fn extensions(
    assessment: &Assessment,
    provenance: &Provenance,
    administration: &Administration,
    segments: &[Segment],
) -> Value {
    let mode = match assessment.channel.0 {
        Channel::InPerson | Channel::Telephone | Channel::Video => "VERBAL",
        Channel::Online => "ELECTRONIC",
        Channel::Paper => "WRITTEN",
    };
    // The channel says through what the answers came, ours who read and who wrote.
    let mut coding = vec![json!({"system": PARTICIPATION_MODE, "code": mode})];
    coding.extend(administration.modes.iter().map(|one| json!({"system": MODE, "code": one.mode.code()})));
    let concept = json!({"coding": coding, "text": assessment.channel.0.code()});
    let mut all = vec![
        json!({"url": COMPLETION_MODE, "valueCodeableConcept": concept}),
        json!({"url": format!("{OWN_EXTENSIONS}assistance"), "extension": [
            {"url": "level", "valueCode": provenance.max_level},
            {"url": "banner", "valueString": provenance.banner}]}),
        taken(administration),
    ];
    all.extend(segments.iter().zip(1_u32..).map(|(row, number)| segment(row, number)));
    Value::Array(all)
}

/// Whether the answers were taken as the instrument is validated.
fn taken(administration: &Administration) -> Value {
    let mut parts = vec![json!({"url": "verdict", "valueCode": administration.verdict.code()})];
    parts.extend(administration.modes.iter().map(|one| {
        json!({"url": "mode", "extension": [
            {"url": "code", "valueCode": one.mode.code()},
            {"url": "answers", "valueUnsignedInt": one.answers}]})
    }));
    let outside = administration.not_validated.iter();
    parts.extend(outside.map(|mode| json!({"url": "notValidated", "valueCode": mode.code()})));
    let known = administration.languages.iter().filter_map(|one| Some((one.language.as_ref()?, one.answers)));
    parts.extend(known.map(|(language, answers)| {
        json!({"url": "language", "extension": [
            {"url": "code", "valueCode": language},
            {"url": "answers", "valueUnsignedInt": answers}]})
    }));
    let outside = administration.not_validated_languages.iter();
    parts.extend(outside.map(|language| json!({"url": "notValidatedLanguage", "valueCode": language})));
    json!({"url": format!("{OWN_EXTENSIONS}administration"), "extension": parts})
}

fn segment(row: &Segment, number: u32) -> Value {
    let mut parts = vec![
        json!({"url": "number", "valuePositiveInt": number}),
        json!({"url": "level", "valueCode": row.level.0.code()}),
        json!({"url": "keyedBy", "valueCode": row.keyed_by.0.code()}),
    ];
    let present = row.others_present.0.iter();
    parts.extend(present.map(|person| json!({"url": "othersPresent", "valueCode": person.code()})));
    let start = instant(row.started_at.0);
    let period = match row.ended_at {
        Some(end) => json!({"start": start, "end": instant(end.0)}),
        None => json!({"start": start}),
    };
    parts.push(json!({"url": "period", "valuePeriod": period}));
    json!({"url": format!("{OWN_EXTENSIONS}segment"), "extension": parts})
}
