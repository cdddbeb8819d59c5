//! The assessments of the demonstration, judged and worked out as those of everybody else.

use alongside_domain::assessment::{Channel, Status};
use alongside_domain::assistance::{CloseReason, Sections, Segment as Help, Situation};
use alongside_domain::clock::Timestamp;
use alongside_domain::content;
use alongside_domain::flag::{AbuseType, Agreement, Raiser, Report, Source};
use alongside_domain::id::{AssessmentId, AssistanceSessionId, FlagId, PersonId, SegmentId};
use alongside_domain::instrument::{Answers, Definition, InstrumentKind, Value, judge_complete, positive};
use alongside_domain::language::Language;
use alongside_domain::policy::Role;
use alongside_domain::provenance::OthersPresent;
use alongside_store::answer::{self, New, Save};
use alongside_store::assessment::{self, Assessment};
use alongside_store::assistance_session::{self, AssistanceSession};
use alongside_store::audit::any_id;
use alongside_store::flag::{self, NewFlag};
use alongside_store::scope::Scope;
use alongside_store::segment::{self, Segment};
use alongside_store::types::{At, Code, Document, Key};
use alongside_store::{Db, StoreError, instrument};
use anyhow::{Context as _, bail};
use chrono::TimeDelta;

use super::draw::Draw;
use super::keys_of;
use super::plan::Plan;
use super::script::{Line, REPORT_ABOUT, REPORT_DAY, REPORT_SEEN, REPORT_WORDS, Script, Stretch};
use crate::app::App;
use crate::routes::answer_input::{self, AnswerInput};
use crate::routes::assessment_view::Whole;
use crate::routes::outcome;

/// Ids for a sitting, its care plan included: more than it needs.
const IDS: u64 = 32;
/// How long a stretch takes; less than the time after which a session in which nothing happens is over.
const STRETCH: TimeDelta = TimeDelta::minutes(12);

/// A script with all that chance adds to it.
pub struct Sitting {
    pub script: &'static Script,
    pub id: AssessmentId,
    session: AssistanceSessionId,
    segments: Vec<SegmentId>,
    /// For the care plan.
    spare: Draw,
    begun: Timestamp,
}

/// The answers of each stretch, as they are kept.
pub type Judged = Vec<Vec<New>>;

impl Sitting {
    pub fn new(draw: &mut Draw, script: &'static Script, now: Timestamp) -> Self {
        Self {
            script,
            id: AssessmentId::new(draw.id()),
            session: AssistanceSessionId::new(draw.id()),
            segments: script.stretches.iter().map(|_| SegmentId::new(draw.id())).collect(),
            spare: draw.aside(IDS),
            begun: now + TimeDelta::days(script.day) + TimeDelta::hours(2),
        }
    }

    fn definition(&self) -> Option<&'static Definition> {
        let named = |one: &&content::Instrument| {
            one.definition.url().is_some_and(|url| url.ends_with(self.script.instrument))
        };
        content::instruments().iter().find(named).map(|one| &one.definition)
    }

    /// Judges every answer where and with whose help it was given.
    ///
    /// # Errors
    /// When one would not be accepted, would call for a person, or is missing.
    pub fn judge(&self) -> anyhow::Result<Judged> {
        let script = self.script;
        let definition = self.definition().context("the instrument of the demonstration does not ship")?;
        // In the demonstration everybody is asked in the words of the instrument itself.
        let shown: Option<Language> = definition.language().and_then(|tag| tag.parse().ok());
        let mut answers = Answers::default();
        let mut judged = Vec::with_capacity(script.stretches.len());
        let sections = Sections::default();
        for (stretch, segment) in script.stretches.iter().zip(&self.segments) {
            let inputs: Vec<Vec<AnswerInput>> =
                stretch.lines.iter().map(|line| inputs(definition, line)).collect::<Result<_, _>>()?;
            let help = help(stretch);
            let situation = Situation { role: script.role, help: Some((&help, &sections)) };
            let (inputs, language) = (inputs.concat(), shown.as_ref());
            let kept =
                answer_input::judge(definition, &mut answers, &inputs, &situation, Some(*segment), language);
            match kept {
                Ok(kept) => judged.push(kept),
                Err(problem) => {
                    let faults: Vec<_> =
                        problem.errors().iter().map(|e| format!("{} {}", e.pointer, e.code)).collect();
                    bail!("answers of the demonstration are refused: {}", faults.join(", "));
                }
            }
        }
        if let Some(answer) = answers.iter().find(|answer| positive(definition, answer).is_some()) {
            bail!("the answer to {} in the demonstration would raise a flag", answer.key.link_id);
        }
        let setting = Situation { role: script.role, help: None }.setting();
        let missing = judge_complete(definition, &answers, &setting);
        if let Some(missing) = missing.iter().find(|finding| script.submitted && finding.is_refusal()) {
            bail!("an answer is missing in the demonstration: {}", missing.path);
        }
        Ok(judged)
    }

    /// Writes it step by step, as it would have come about.
    ///
    /// # Errors
    /// What the database says.
    pub fn write(&self, db: &mut Db<'_>, app: &App, plan: &Plan, judged: &Judged) -> Result<(), StoreError> {
        let script = self.script;
        let definition = self.definition().ok_or(StoreError::NotFound)?;
        let helper = plan.person(script.helper).ok_or(StoreError::NotFound)?;
        let mut row = self.row(db, plan, definition, helper)?;
        let keys = keys_of(db, app, row.participant_id.0, self.begun)?;
        assessment::insert(db, &row)?;
        assistance_session::insert(db, &self.session_row(plan, helper)?)?;
        let (mut now, mut last_seq) = (self.begun, 0);
        for ((stretch, id), new) in script.stretches.iter().zip(&self.segments).zip(judged) {
            segment::end(db, self.session, now)?;
            segment::insert(db, &self.segment_row(*id, stretch, now))?;
            now += STRETCH;
            let save = Save::new(&keys, self.id, last_seq, helper.uuid(), new.clone(), now)?;
            answer::insert(db, &save)?;
            last_seq += save.count();
            assistance_session::touch(db, self.session, now)?;
        }
        row.last_seq = last_seq;
        let mut outcome_of = None;
        if script.submitted {
            let whole = Whole::load(db, &keys, self.id)?;
            let answers = whole.current.answers();
            let concerns = outcome::work_out(&mut row, definition, &whole, &answers)?;
            outcome_of = Some((concerns, answers));
            row.status = Code(Status::Submitted);
            row.submitted_at = Some(At(now));
            row.submitted_by = Some(any_id(helper.uuid()));
        }
        let row = assessment::save(db, row, now)?;
        let reason = if script.submitted { CloseReason::Submitted } else { CloseReason::Closed };
        assistance_session::close(db, self.session, reason, now)?;
        let Some((concerns, answers)) = outcome_of else { return Ok(()) };
        outcome::keep(db, &row, definition, &answers, (helper.uuid(), None), now)?;
        if definition.kind() == InstrumentKind::Hna {
            let mut spare = self.spare.clone();
            outcome::draft_plan(db, &keys, &row, &concerns, &mut || spare.id(), now)?;
        }
        Ok(())
    }

    fn row(
        &self,
        db: &mut Db<'_>,
        plan: &Plan,
        definition: &Definition,
        helper: PersonId,
    ) -> Result<Assessment, StoreError> {
        let record = plan.records.get(self.script.participant).ok_or(StoreError::NotFound)?;
        let url = definition.url().ok_or(StoreError::NotFound)?;
        let version = definition.version().ok_or(StoreError::NotFound)?;
        let instrument =
            instrument::version(db, plan.programme.id.0, url, version)?.ok_or(StoreError::NotFound)?;
        Ok(Assessment {
            id: Key(self.id),
            programme_id: plan.programme.id,
            site_id: Key(record.site),
            participant_id: Key(record.id),
            instrument_id: instrument.id,
            time_point: self.script.time_point.to_owned(),
            status: Code(Status::InProgress),
            channel: Code(Channel::InPerson),
            location: Some("home".to_owned()),
            last_seq: 0,
            started_at: At(self.begun),
            submitted_at: None,
            submitted_by: None,
            abandoned_at: None,
            end_reason: None,
            scores: None,
            concerns: None,
            provenance: None,
            created_by: any_id(helper.uuid()),
            created_at: At(self.begun),
            updated_at: At(self.begun),
            version: 1,
        })
    }

    fn session_row(&self, plan: &Plan, helper: PersonId) -> Result<AssistanceSession, StoreError> {
        let record = plan.records.get(self.script.participant).ok_or(StoreError::NotFound)?;
        let helps = record.assignment.as_ref().filter(|_| self.script.role == Role::Supporter);
        Ok(AssistanceSession {
            id: Key(self.session),
            assessment_id: Key(self.id),
            helper_id: any_id(helper.uuid()),
            helper_role: Code(self.script.role),
            assignment_id: helps.map(|assignment| assignment.id),
            affirmed_at: At(self.begun),
            opened_sections: Document(Sections::default()),
            last_activity_at: At(self.begun),
            opened_at: At(self.begun),
            closed_at: None,
            close_reason: None,
        })
    }

    fn segment_row(&self, id: SegmentId, stretch: &Stretch, now: Timestamp) -> Segment {
        let help = help(stretch);
        Segment {
            id: Key(id),
            assistance_session_id: Key(self.session),
            assessment_id: Key(self.id),
            level: Code(help.level),
            keyed_by: Code(help.keyed_by),
            others_present: Document(help.others_present),
            handed_over: help.handed_over,
            started_at: At(now),
            ended_at: None,
        }
    }
}

fn help(stretch: &Stretch) -> Help {
    Help {
        level: stretch.level,
        keyed_by: stretch.keyed_by,
        others_present: vec![OthersPresent::Nobody],
        handed_over: stretch.handed_over,
    }
}

/// The answers that a line stands for, the opening one first.
fn inputs(definition: &Definition, line: &Line) -> anyhow::Result<Vec<AnswerInput>> {
    Ok(match line {
        Line::Choice(link_id, codes) => vec![chosen(definition, link_id, codes)?],
        Line::Number(link_id, number) => vec![input(link_id, vec![Value::Integer(*number)])],
        Line::Words(link_id, words) => vec![input(link_id, vec![Value::String((*words).to_owned())])],
        Line::No(code) => vec![chosen(definition, &format!("{code}.gate"), &["no"])?],
        Line::Yes(code, trouble) => {
            let mut all = vec![
                chosen(definition, &format!("{code}.gate"), &["yes"])?,
                input(&format!("{code}.bother"), vec![Value::Integer(trouble.bother)]),
                chosen(definition, &format!("{code}.duration"), &[trouble.since])?,
                chosen(definition, &format!("{code}.help"), &[trouble.help])?,
            ];
            let words = trouble.words.map(|words| vec![Value::String(words.to_owned())]);
            all.extend(words.map(|words| input(&format!("{code}.words"), words)));
            all
        }
    })
}

/// The answer as the list of the question has it.
fn chosen(definition: &Definition, link_id: &str, codes: &[&str]) -> anyhow::Result<AnswerInput> {
    let (_, item) = definition.find(link_id).with_context(|| format!("there is no question {link_id}"))?;
    let options = item.choices.options();
    let is = |value: &Value, code: &str| matches!(value, Value::Coding(c) if c.code.as_deref() == Some(code));
    let of = |code: &&str| {
        let option = options.iter().find(|option| is(&option.value, code));
        option.map(|option| option.value.clone()).with_context(|| format!("{link_id} has no choice {code}"))
    };
    Ok(input(link_id, codes.iter().map(of).collect::<Result<_, _>>()?))
}

fn input(link_id: &str, values: Vec<Value>) -> AnswerInput {
    AnswerInput {
        link_id: link_id.to_owned(),
        occurrence: Vec::new(),
        state: None,
        values,
        answered_by: None,
        device_at: None,
    }
}

/// One concern that waits for a safeguarding lead.
///
/// # Errors
/// What the database says.
pub fn write_flag(db: &mut Db<'_>, app: &App, plan: &Plan, scope: &Scope) -> Result<(), StoreError> {
    let raiser = plan.person("supporter_b").ok_or(StoreError::NotFound)?;
    let about = plan.records.get(REPORT_ABOUT).ok_or(StoreError::NotFound)?;
    let now = plan.programme.created_at.0 + TimeDelta::days(REPORT_DAY);
    let report = Report {
        verbatim: Some(REPORT_WORDS.to_owned()),
        what_was_seen: Some(REPORT_SEEN.to_owned()),
        observed_at: Some(now - TimeDelta::hours(1)),
        agreed_to_sharing: Some(Agreement::Yes),
        abuse_types: vec![AbuseType::Financial, AbuseType::NotSure],
        ..Report::default()
    };
    let new = NewFlag {
        id: FlagId::new(plan.flag),
        programme: plan.programme.id.0,
        participant: Some(about.id),
        raiser: Raiser::Person(raiser),
        source: Source::Seen,
        immediate_danger: false,
        report: &report,
    };
    let keys = keys_of(db, app, about.id, now)?;
    flag::raise(db, &keys, scope, new, now)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::script::SCRIPTS;
    use alongside_domain::instrument::{ChangeKind, compare, concerns};
    use std::collections::BTreeSet;

    fn found(sitting: &Sitting) -> Vec<alongside_domain::instrument::Concern> {
        let mut answers = Answers::default();
        for new in sitting.judge().unwrap().into_iter().flatten() {
            answers.save(new.answer);
        }
        concerns(sitting.definition().unwrap(), &answers)
    }

    #[test]
    fn every_answer_of_the_demonstration_is_accepted() {
        let plan = Plan::new(1).unwrap();
        assert_eq!(plan.sittings.len(), SCRIPTS.len());
        for sitting in &plan.sittings {
            sitting.judge().unwrap();
        }
    }

    #[test]
    fn the_second_time_shows_every_kind_of_change() {
        let plan = Plan::new(1).unwrap();
        let (before, now) = (found(&plan.sittings[0]), found(&plan.sittings[1]));
        let kinds: BTreeSet<String> =
            compare(&now, &before).iter().map(|one| format!("{:?}", one.change)).collect();
        let wanted = [ChangeKind::New, ChangeKind::Worse, ChangeKind::Better, ChangeKind::Resolved];
        assert!(wanted.iter().all(|kind| kinds.contains(&format!("{kind:?}"))), "{kinds:?}");
    }
}
