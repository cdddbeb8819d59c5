//! The assessments in an access report: each answer that was ever kept, who gave it, who pressed the keys and how much
//! help there was, and what was worked out from them.

use alongside_domain::access_report::{Entry, Section};
use alongside_domain::id::PersonId;
use alongside_domain::instrument::scores;
use alongside_domain::rights_request::ThirdParty;
use alongside_domain::summary::question_and_answer;
use alongside_store::assessment::{self, Assessment};
use alongside_store::{answer, assistance_session, segment};

use super::rights_content::{MOST, Reading, all, day, words, yes};
use crate::http::{Ctx, Refusal};

/// A section for each assessment.
pub(super) fn sections(ctx: &mut Ctx<'_, '_>, reading: &mut Reading) -> Result<Vec<Section>, Refusal> {
    let filter = assessment::Filter { participant_id: Some(reading.man), ..assessment::Filter::default() };
    let mut sections = Vec::new();
    for row in assessment::list(ctx.db, ctx.scope, &filter, None, MOST)? {
        sections.push(section(ctx, reading, &row)?);
    }
    Ok(sections)
}

fn section(ctx: &mut Ctx<'_, '_>, reading: &mut Reading, row: &Assessment) -> Result<Section, Refusal> {
    let definition = ctx.app.definitions.get(ctx.db, row.instrument_id.0)?;
    let keys = ctx.keys_of(reading.man)?;
    let begun_by = reading.name(ctx, PersonId::new(row.created_by.0.uuid()))?;
    let mut entries = vec![
        Entry::new("How it was filled in")
            .with("Begun", day(row.started_at.0.date_naive()))
            .with("Begun by", begun_by)
            .with("How far", words(row.status.0))
            .with("How", words(row.channel.0))
            .maybe("Where", row.location.as_deref().map(words))
            .maybe("Handed in", row.submitted_at.map(|at| day(at.0.date_naive())))
            .maybe("Why it was stopped", row.end_reason.as_deref().map(words)),
    ];
    entries.extend(help(ctx, reading, row)?);
    for kept in answer::all(ctx.db, &keys, row.id.0)? {
        let (question, said) = question_and_answer(&definition, &kept.answer);
        let by = reading.name(ctx, PersonId::new(kept.author))?;
        let correction = kept.amends.map(|amends| words(amends.reason));
        let entry = Entry::new(question)
            .with("Answer", said)
            .with("Whose answer", words(kept.origin.answered_by))
            .with("Who pressed the keys", words(kept.origin.keyed_by))
            .with("Level of help", words(kept.origin.level))
            .with("Saved", format!("{}, by {by}", day(kept.at.date_naive())))
            .maybe("A correction, because", correction);
        entries.push(entry);
    }
    let current = answer::current(ctx.db, &keys, row.id.0)?.answers().in_effect(&definition);
    for score in scores(&definition, &current) {
        let value = score.value.map(|value| value.to_string());
        let entry = Entry::new(score.title)
            .maybe("Score", value)
            .maybe("Why there is none", score.reason_missing)
            .with("How it is worked out", score.formula);
        entries.push(entry);
    }
    let title = definition.title().or(definition.url()).unwrap_or_default();
    Ok(Section { code: "assessment".to_owned(), title: format!("{title}, {}", row.time_point), entries })
}

/// Who helped with it, from when to when, and how much.
fn help(ctx: &mut Ctx<'_, '_>, reading: &mut Reading, row: &Assessment) -> Result<Vec<Entry>, Refusal> {
    let segments = segment::of_assessment(ctx.db, row.id.0)?;
    let mut entries = Vec::new();
    for session in assistance_session::of_assessment(ctx.db, row.id.0)? {
        let name = reading.name(ctx, PersonId::new(session.helper_id.0.uuid()))?;
        let role = words(session.helper_role.0);
        for part in segments.iter().filter(|part| part.assistance_session_id == session.id) {
            let present = all(&part.others_present.0);
            let entry =
                Entry::new(format!("Help by {name} ({role}), {}", day(part.started_at.0.date_naive())))
                    .with("Level of help", words(part.level.0))
                    .with("Who pressed the keys", words(part.keyed_by.0))
                    .with("The device was handed to you for private questions", yes(part.handed_over))
                    .maybe("Who else was there", reading.released(ThirdParty::PeoplePresent, present));
            entries.push(entry);
        }
    }
    Ok(entries)
}
