//! What every operation on answers has in common: who helps now, and keeping answers with what follows from them.

use alongside_domain::assessment::{self, Status};
use alongside_domain::assistance::{self, Situation};
use alongside_domain::content;
use alongside_domain::finding::{Audience, Detail};
use alongside_domain::id::{FindingId, FlagId};
use alongside_domain::instrument::{Answer, Answers, Definition, Fired, fired, positive};
use alongside_domain::policy::Role;
use alongside_domain::{participant, policy};
use alongside_store::answer::{self, New, Save};
use alongside_store::assessment::Assessment;
use alongside_store::assistance_session::{self, AssistanceSession};
use alongside_store::segment::{self, Segment};
use alongside_store::{StoreError, assessment_history, finding, flag};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{Code, Ctx, Problem, Refusal};

/// The help that is going on.
pub struct Help {
    pub session: AssistanceSession,
    pub segment: Segment,
    pub now: assistance::Segment,
}

impl Help {
    /// Whether this caller opened the session.
    pub fn is_of(&self, ctx: &Ctx<'_, '_>) -> bool {
        self.session.helper_id.0.uuid() == ctx.caller.actor_id()
    }
}

/// The circumstances in which `role` sends answers.
pub fn situation(role: Role, help: Option<&Help>) -> Situation<'_> {
    Situation { role, help: help.map(|help| (&help.now, &help.session.opened_sections.0)) }
}

/// The help that is going on with an assessment. A session in which nothing happened for too long is closed.
///
/// # Errors
/// What the database says.
pub fn help(ctx: &mut Ctx<'_, '_>, assessment: &Assessment) -> Result<Option<Help>, Refusal> {
    let Some(session) = assistance_session::live(ctx.db, assessment.id.0, ctx.now)? else { return Ok(None) };
    let Some(segment) = segment::open(ctx.db, session.id.0)? else { return Ok(None) };
    Ok(Some(Help { now: segment.help(), session, segment }))
}

/// As [`help`]; a supporter must be the one who helps.
///
/// # Errors
/// 409 when he is not.
pub fn required_help(ctx: &mut Ctx<'_, '_>, assessment: &Assessment) -> Result<Option<Help>, Refusal> {
    let help = help(ctx, assessment)?;
    if ctx.caller.role == Role::Supporter && !help.as_ref().is_some_and(|help| help.is_of(ctx)) {
        return Err(no_session());
    }
    Ok(help)
}

pub fn no_session() -> Refusal {
    Problem::new(Code::NoOpenSession).detail("You have no open assistance session on this assessment.").into()
}

/// 409 unless the assessment takes answers.
///
/// # Errors
/// 409.
pub fn require_open(assessment: &Assessment) -> Result<(), Refusal> {
    let status = assessment.status.0;
    if status.is_submitted() {
        return Err(already_submitted(status));
    }
    Ok(status.require_open()?)
}

pub fn already_submitted(status: Status) -> Refusal {
    Problem::new(Code::AlreadySubmitted).allowed_next(status.next().iter().map(Status::to_string)).into()
}

/// 409 while nothing may be asked of the participant.
///
/// # Errors
/// 409.
pub fn require_participant(status: participant::Status) -> Result<(), Refusal> {
    if assessment::blocks_answers(status) {
        let detail = format!("No answers are taken while the participant is in the state {status}.");
        return Err(Problem::new(Code::Conflict).detail(detail).into());
    }
    Ok(())
}

/// Whether this caller may read answers at all; a program needs the scope for it as well.
pub fn may_read_answers(ctx: &Ctx<'_, '_>) -> bool {
    let Some(rule) = policy::Operation::ListAnswers.rule() else { return false };
    rule.relation(ctx.caller.role).is_some()
        && (ctx.caller.role != Role::IntegrationClient
            || ctx.caller.scopes.iter().any(|scope| scope == rule.scope))
}

/// Keeps answers behind the assessment's last one, with the concerns that they raise and what the alert rules find in
/// them; `after` are all answers as they stand with these. Answers what was saved, and whether any of it calls for a person.
///
/// # Errors
/// What the database says.
pub fn record(
    ctx: &mut Ctx<'_, '_>,
    assessment: &Assessment,
    last_seq: i64,
    definition: &Definition,
    new: Vec<New>,
    after: &Answers,
) -> Result<(Save, bool), Refusal> {
    let keys = ctx.keys_of(assessment.participant_id.0)?;
    let save = Save::new(&keys, assessment.id.0, last_seq, ctx.caller.actor_id(), new, ctx.now)?;
    let alerting = record_sealed(ctx, assessment, definition, &save, after)?;
    Ok((save, alerting))
}

/// As [`record`], for answers that are sealed already.
///
/// # Errors
/// What the database says.
pub fn record_sealed(
    ctx: &mut Ctx<'_, '_>,
    assessment: &Assessment,
    definition: &Definition,
    save: &Save,
    after: &Answers,
) -> Result<bool, Refusal> {
    answer::insert(ctx.db, save)?;
    let saved: Vec<&Answer> = save.kept().iter().map(|kept| kept.answer.as_ref()).collect();
    heed(ctx, assessment, definition, &saved, after)
}

/// Raises the concerns that call for a person, and keeps what the alert rules find, without keeping the answers.
///
/// # Errors
/// What the database says.
pub fn heed(
    ctx: &mut Ctx<'_, '_>,
    assessment: &Assessment,
    definition: &Definition,
    saved: &[&Answer],
    after: &Answers,
) -> Result<bool, Refusal> {
    let mut alerting = false;
    for answer in saved {
        let Some(kind) = positive(definition, answer) else { continue };
        alerting = true;
        let (keys, id) = (ctx.keys_of(assessment.participant_id.0)?, FlagId::new(ctx.fresh()));
        flag::raise_from_answer(
            ctx.db,
            &keys,
            assessment.programme_id.0,
            assessment.participant_id.0,
            assessment.id.0,
            &answer.key.link_id,
            kind,
            ctx.now,
            id,
        )?;
    }
    findings(ctx, assessment, definition, saved, after)?;
    Ok(alerting)
}

/// Keeps what alert rules find in answers that are just being kept. Nearly always nothing: then nothing is asked of the
/// database.
fn findings(
    ctx: &mut Ctx<'_, '_>,
    assessment: &Assessment,
    definition: &Definition,
    saved: &[&Answer],
    after: &Answers,
) -> Result<(), Refusal> {
    if definition.rules().is_empty() {
        return Ok(());
    }
    let (db, now) = (&mut *ctx.db, ctx.now);
    let before = || match assessment_history::earlier(db, assessment, now, 1)?.first() {
        Some(earlier) => earlier.scores(),
        None => Ok(Vec::new()),
    };
    let found = fired::<StoreError>(definition, saved, after, before)?;
    if found.is_empty() {
        return Ok(());
    }
    let found: Vec<_> = found
        .into_iter()
        .map(|Fired { rule, evidence }| finding::New {
            id: FindingId::new(ctx.fresh()),
            rule: &rule.code,
            tier: rule.tier,
            audience: Audience::of(rule),
            detail: Detail {
                recipients: rule.recipients.clone(),
                explanation: rule.explanation.clone(),
                evidence,
            },
        })
        .collect();
    let keys = ctx.keys_of(assessment.participant_id.0)?;
    Ok(finding::record(ctx.db, &keys, assessment, &found, now)?)
}

/// What to show at once after an answer that worries.
#[derive(Debug, Serialize, ToSchema)]
pub struct SafetyText {
    #[schema(max_length = 200, example = "Thank you for your answers")]
    pub title: String,
    /// For the participant, line by line.
    #[schema(max_items = 20, max_length = 500)]
    pub lines: Vec<String>,
    /// All that a supporter beside the participant needs: it does not say what was answered.
    #[schema(max_length = 1000)]
    pub supporter_prompt: String,
}

/// The text, where an answer calls for it.
pub fn safety(alerting: bool) -> Option<SafetyText> {
    let text = content::safety();
    alerting.then(|| SafetyText {
        title: text.title.clone(),
        lines: text.lines.clone(),
        supporter_prompt: text.supporter_prompt.clone(),
    })
}
