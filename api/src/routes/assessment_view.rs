//! An assessment as a caller sees it: each role its part, and a helper only while he helps.

use std::sync::Arc;

use alongside_domain::assessment::{self, Channel, ConcernBrief, Sight, Status};
use alongside_domain::assistance::{self, CloseReason};
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{AssessmentId, AssistanceSessionId, InstrumentId, ParticipantId, SegmentId};
use alongside_domain::instrument::{AnswerKey, Answers, Definition, Enabled, Form, Progress, Setting};
use alongside_domain::policy::Role;
use alongside_domain::provenance::{KeyedBy, Level, OthersPresent, Provenance, family_present};
use alongside_store::answer::{self, Current, Kept};
use alongside_store::assessment::Assessment;
use alongside_store::assistance_session::{self, AssistanceSession};
use alongside_store::consent;
use alongside_store::sealing::RecordKeys;
use alongside_store::segment::{self, Segment};
use alongside_store::{Db, StoreError};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::answer_input::AnswerView;
use super::answering::{self, SafetyText, may_read_answers};
use crate::http::{Ctx, Refusal};

/// A stretch of a session in which neither the help nor the company changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentView {
    pub id: SegmentId,
    pub level: Level,
    pub keyed_by: KeyedBy,
    #[schema(max_items = 7)]
    pub others_present: Vec<OthersPresent>,
    /// Whether the device is in the participant's hands and the helper looks away.
    pub handed_over: bool,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<&Segment> for SegmentView {
    fn from(row: &Segment) -> Self {
        Self {
            id: row.id.0,
            level: row.level.0,
            keyed_by: row.keyed_by.0,
            others_present: row.others_present.0.clone(),
            handed_over: row.handed_over,
            started_at: row.started_at.0,
            ended_at: row.ended_at.map(|at| at.0),
        }
    }
}

/// A session of help.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssistanceSessionView {
    pub id: AssistanceSessionId,
    pub assessment_id: AssessmentId,
    /// The person or service client that opened it.
    pub helper_id: Uuid,
    pub helper_role: Role,
    /// When the participant said yes to being helped.
    pub affirmed_at: DateTime<Utc>,
    pub opened_at: DateTime<Utc>,
    /// When it is over unless something happens: a quarter of an hour after the last thing that did.
    pub expires_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    pub close_reason: Option<CloseReason>,
    /// The private sections that the participant opened to the helper, by link id.
    #[schema(max_items = 200, max_length = 255)]
    pub opened_sections: Vec<String>,
    /// The sections that the participant wants typed for him; null when he singled none out.
    #[schema(max_items = 200, max_length = 255)]
    pub sections_consented: Option<Vec<String>>,
    /// The open segment.
    pub segment: Option<SegmentView>,
}

impl AssistanceSessionView {
    pub fn of(row: &AssistanceSession, segment: Option<&Segment>) -> Self {
        Self {
            id: row.id.0,
            assessment_id: row.assessment_id.0,
            helper_id: row.helper_id.0.uuid(),
            helper_role: row.helper_role.0,
            affirmed_at: row.affirmed_at.0,
            opened_at: row.opened_at.0,
            expires_at: assistance::expires_at(row.last_activity_at.0),
            closed_at: row.closed_at.map(|at| at.0),
            close_reason: row.close_reason.map(|reason| reason.0),
            opened_sections: row.opened_sections.0.opened.clone(),
            sections_consented: row.opened_sections.0.scribed.clone(),
            segment: segment.map(SegmentView::from),
        }
    }
}

/// How far a section has got. Counts are of questions on the form now.
#[derive(Debug, Serialize, ToSchema)]
pub struct SectionProgress {
    /// The top-level item.
    #[schema(max_length = 255, example = "URI")]
    pub link_id: String,
    #[schema(max_length = 64, example = "URI")]
    pub section: Option<String>,
    #[schema(max_length = 10000, example = "Passing water")]
    pub title: String,
    /// Whether it is hidden from the helper until it is opened.
    pub private: bool,
    #[schema(minimum = 0, maximum = 10000000)]
    pub questions: u32,
    #[schema(minimum = 0, maximum = 10000000)]
    pub answered: u32,
    #[schema(minimum = 0, maximum = 10000000)]
    pub skipped: u32,
    #[schema(minimum = 0, maximum = 10000000)]
    pub prefer_not: u32,
    /// How many have no answer yet.
    #[schema(minimum = 0, maximum = 10000000)]
    pub remaining: u32,
}

impl From<Progress> for SectionProgress {
    fn from(progress: Progress) -> Self {
        let Progress {
            link_id,
            section,
            title,
            private,
            questions,
            answered,
            skipped,
            prefer_not,
            remaining,
        } = progress;
        Self { link_id, section, title, private, questions, answered, skipped, prefer_not, remaining }
    }
}

/// The question that comes next.
#[derive(Debug, Serialize, ToSchema)]
pub struct NextQuestion {
    #[schema(max_length = 255, example = "URI.leakage.bother")]
    pub link_id: String,
    #[schema(max_items = 16, maximum = 199)]
    pub occurrence: Vec<u32>,
    /// It stands in a private section that is not open to the caller, whose link id this is: hand the device over.
    pub hand_over: bool,
}

/// An assessment. What the caller may not see is null.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentView {
    pub id: AssessmentId,
    pub participant_id: ParticipantId,
    pub instrument_id: InstrumentId,
    #[schema(max_length = 32, example = "T0")]
    pub time_point: String,
    pub status: Status,
    pub channel: Channel,
    #[schema(max_length = 32, example = "home")]
    pub location: Option<String>,
    pub started_at: DateTime<Utc>,
    pub submitted_at: Option<DateTime<Utc>>,
    pub abandoned_at: Option<DateTime<Utc>>,
    /// Why it was abandoned.
    #[schema(max_length = 32, example = "too_tired")]
    pub end_reason: Option<String>,
    pub provenance: Provenance,
    /// The session in which help is going on.
    pub open_session: Option<AssistanceSessionView>,
    /// How far each section has got.
    #[schema(max_items = 1000)]
    pub progress: Option<Vec<SectionProgress>>,
    /// The first question without an answer; null also when there is none.
    pub next: Option<NextQuestion>,
    /// The answers as they stand.
    #[schema(max_items = 10000)]
    pub answers: Option<Vec<AnswerView>>,
    /// From submission on.
    #[schema(value_type = Option<Vec<alongside_domain::instrument::Score>>, max_items = 100)]
    pub scores: Option<serde_json::Value>,
    /// From submission on; without the participant's own words.
    #[schema(max_items = 1000)]
    pub concerns: Option<Vec<ConcernBrief>>,
    /// What to show at once: set where an answer of this very request calls for it. Neutral, for others may look on.
    pub safety: Option<SafetyText>,
    /// The number of the newest answer.
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    pub last_seq: i64,
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Everything that belongs to an assessment.
#[derive(Debug, Default)]
pub struct Whole {
    pub sessions: Vec<AssistanceSession>,
    pub segments: Vec<Segment>,
    pub current: Current,
}

impl Whole {
    /// # Errors
    /// What the database says.
    pub fn load(db: &mut Db<'_>, keys: &RecordKeys, id: AssessmentId) -> Result<Self, StoreError> {
        Ok(Self {
            sessions: assistance_session::of_assessment(db, id)?,
            segments: segment::of_assessment(db, id)?,
            current: answer::current(db, keys, id)?,
        })
    }

    /// The provenance of the answers that count.
    pub fn provenance(&self, definition: &Definition, enabled: &Enabled) -> Provenance {
        let counting = self.current.iter().filter(|kept| enabled.contains(definition, &kept.answer.key));
        let origins: Vec<_> = counting.map(|kept| kept.origin).collect();
        let helpers: Vec<Role> = self.sessions.iter().map(|session| session.helper_role.0).collect();
        let present: Vec<OthersPresent> =
            self.segments.iter().flat_map(|segment| segment.others_present.0.iter().copied()).collect();
        Provenance::of(&origins, &helpers, &present)
    }

    fn live(&self, now: Timestamp) -> (Option<&AssistanceSession>, Option<&Segment>) {
        let session = self.sessions.iter().find(|session| session.is_live(now));
        let of = |segment: &&Segment| {
            segment.ended_at.is_none()
                && session.is_some_and(|session| session.id == segment.assistance_session_id)
        };
        (session, self.segments.iter().find(of))
    }
}

/// What the caller sees of an assessment, by way of the session in which help is going on.
///
/// # Errors
/// What the database says.
pub fn sight(
    ctx: &mut Ctx<'_, '_>,
    assessment: &Assessment,
    live: Option<&AssistanceSession>,
) -> Result<Sight, Refusal> {
    if !may_read_answers(ctx) {
        return Ok(Sight::StatusOnly);
    }
    let role = ctx.caller.role;
    let own = live.filter(|session| session.helper_id.0.uuid() == ctx.caller.actor_id());
    let agreed = match role {
        Role::Supporter if own.is_none() => false,
        Role::Supporter => {
            consent::effect_in_force(ctx.db, assessment.participant_id.0)?.supporter_sees_answers
        }
        Role::Clinician => {
            let effect = consent::effect_in_force(ctx.db, assessment.participant_id.0)?;
            effect.share_summary_gp || effect.share_summary_hospital
        }
        _ => true,
    };
    let opened = own.map(|session| session.opened_sections.0.opened.as_slice());
    Ok(Sight::of(role, assessment.status.0, opened, agreed))
}

/// As [`sight`], by way of the session in which help is going on now.
///
/// # Errors
/// What the database says.
pub fn sight_now(ctx: &mut Ctx<'_, '_>, assessment: &Assessment) -> Result<Sight, Refusal> {
    let unclosed = assistance_session::unclosed(ctx.db, assessment.id.0)?;
    let live = unclosed.filter(|session| session.is_live(ctx.now));
    sight(ctx, assessment, live.as_ref())
}

/// An assessment with everything that decides what the caller sees of it: [`Shown::view`] needs no database.
pub struct Shown {
    assessment: Assessment,
    whole: Arc<Whole>,
    answers: Arc<Answers>,
    definition: Arc<Definition>,
    sight: Sight,
    role: Role,
    now: Timestamp,
    alerting: bool,
}

impl Shown {
    /// Reads everything that belongs to an assessment.
    ///
    /// # Errors
    /// What the database says.
    pub fn read(ctx: &mut Ctx<'_, '_>, assessment: Assessment) -> Result<Self, Refusal> {
        let keys = ctx.keys_of(assessment.participant_id.0)?;
        let whole = Whole::load(ctx.db, &keys, assessment.id.0)?;
        let answers = whole.current.answers();
        Self::of(ctx, assessment, Arc::new(whole), Arc::new(answers), false)
    }

    /// With everything that belongs to the assessment, and its answers, opened. `alerting`: one of those that this
    /// request brought calls for a person.
    ///
    /// # Errors
    /// What the database says.
    pub fn of(
        ctx: &mut Ctx<'_, '_>,
        assessment: Assessment,
        whole: Arc<Whole>,
        answers: Arc<Answers>,
        alerting: bool,
    ) -> Result<Self, Refusal> {
        let definition = ctx.app.definitions.get(ctx.db, assessment.instrument_id.0)?;
        let (session, _) = whole.live(ctx.now);
        let sight = sight(ctx, &assessment, session)?;
        let (role, now) = (ctx.caller.role, ctx.now);
        Ok(Self { assessment, whole, answers, definition, sight, role, now, alerting })
    }

    /// The assessment as the caller sees it.
    pub fn view(self) -> AssessmentView {
        let Self { assessment, whole, answers, definition, sight, role, now, alerting } = self;
        let (session, segment) = whole.live(now);
        let family_present = segment.is_some_and(|segment| family_present(&segment.others_present.0));
        let form = Form::of(&definition, &answers, &Setting { family_present });
        let sees_everything = sight == Sight::Everything;
        let shows_answers = matches!(sight, Sight::Session(_) | Sight::Everything);
        let shown_answers = shows_answers.then(|| {
            let own_words = assessment::sees_own_words(role);
            answer_views(&definition, &form, &whole.current, &sight, own_words)
        });
        AssessmentView {
            id: assessment.id.0,
            participant_id: assessment.participant_id.0,
            instrument_id: assessment.instrument_id.0,
            time_point: assessment.time_point,
            status: assessment.status.0,
            channel: assessment.channel.0,
            location: assessment.location,
            started_at: assessment.started_at.0,
            submitted_at: assessment.submitted_at.map(|at| at.0),
            abandoned_at: assessment.abandoned_at.map(|at| at.0),
            end_reason: assessment.end_reason,
            provenance: match assessment.provenance {
                Some(kept) => kept.0,
                None => whole.provenance(&definition, form.enabled()),
            },
            open_session: session.map(|session| AssistanceSessionView::of(session, segment)),
            progress: (sight != Sight::StatusOnly).then(|| progress(&definition, &form, &sight)),
            next: next(&definition, &form, &sight, None)
                .filter(|_| assessment.status.0 == Status::InProgress),
            answers: shown_answers,
            scores: assessment.scores.filter(|_| sees_everything).map(|scores| scores.0),
            concerns: assessment.concerns.filter(|_| sees_everything).map(|concerns| concerns.0),
            safety: answering::safety(alerting),
            last_seq: assessment.last_seq,
            version: assessment.version,
            created_at: assessment.created_at.0,
            updated_at: assessment.updated_at.0,
        }
    }
}

fn answer_views(
    definition: &Definition,
    form: &Form<'_>,
    current: &Current,
    sight: &Sight,
    own_words: bool,
) -> Vec<AnswerView> {
    let shown = |kept: &&Kept| sight.shows_answer(private_section(definition, &kept.answer.key.link_id));
    let mut shown: Vec<_> = current.iter().filter(shown).collect();
    shown.sort_unstable_by_key(|kept| kept.seq);
    let in_effect = |kept: &Kept| form.enabled().contains(definition, &kept.answer.key);
    shown.into_iter().map(|kept| AnswerView::of(kept, own_words, Some(in_effect(kept)))).collect()
}

/// The link id of the private section a question stands in.
pub fn private_section<'d>(definition: &'d Definition, link_id: &str) -> Option<&'d str> {
    let (index, _) = definition.find(link_id)?;
    definition.private_section(index).map(|section| section.link_id.as_str())
}

/// How far the sections have got whose course the caller sees.
pub fn progress(definition: &Definition, form: &Form<'_>, sight: &Sight) -> Vec<SectionProgress> {
    form.progress_by_section()
        .into_iter()
        .filter(|progress| sight.shows_course(any_private(definition, &progress.link_id)))
        .map(SectionProgress::from)
        .collect()
}

/// The private section that a top-level item is, or else the first inside it.
fn any_private<'d>(definition: &'d Definition, link_id: &str) -> Option<&'d str> {
    let (top, _) = definition.find(link_id)?;
    let inside = |index: &usize| definition.and_ancestors(*index).any(|(ancestor, _)| ancestor == top);
    // Items stand in the order of the document: what is inside one follows it.
    let mut items = (top..).take_while(inside);
    items.find_map(|index| definition.private_section(index)).map(|section| section.link_id.as_str())
}

/// What comes next, behind `after` or from the beginning. Of a private section that is closed to the caller only the
/// section itself is named: which of its questions comes next would tell of the answers before.
pub fn next(
    definition: &Definition,
    form: &Form<'_>,
    sight: &Sight,
    after: Option<&AnswerKey>,
) -> Option<NextQuestion> {
    if *sight == Sight::StatusOnly {
        return None;
    }
    let behind = after.and_then(|after| form.next_after(Some(after)));
    let key = behind.or_else(|| form.next_after(None))?.clone();
    let section = private_section(definition, &key.link_id);
    Some(match section.filter(|section| !sight.shows_course(Some(section))) {
        Some(section) => {
            NextQuestion { link_id: section.to_owned(), occurrence: Vec::new(), hand_over: true }
        }
        None => NextQuestion { link_id: key.link_id, occurrence: key.occurrence, hand_over: false },
    })
}
