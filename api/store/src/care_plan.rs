//! Care plans. Their actions, what was noted of their steps and the copies that went out are in
//! [`crate::care_plan_action`], [`crate::care_plan_step`] and [`crate::care_plan_copy`].

use alongside_domain::care_plan::{ActionDraft, Status, Step, first_status};
use alongside_domain::clock::Timestamp;
use alongside_domain::digital_profile::AccessClass;
use alongside_domain::id::{
    AssessmentId, CarePlanActionId, CarePlanId, ParticipantId, ProgrammeId, SiteId, kind,
};
use chrono::NaiveDate;
use diesel::dsl::exists;
use diesel::prelude::*;
use uuid::Uuid;

use crate::db::{Db, cols, exec, one, rewrite};
use crate::error::{StoreError, Unique};
use crate::schema::{care_plans, participants};
use crate::scope::{Anchor, Reach, Scope};
use crate::sealing::RecordKeys;
use crate::types::{At, Code, Key};
use crate::{assessment, care_plan_action};

/// An assessment has one plan, and later versions of it.
pub const ONE_PER_ASSESSMENT: Unique =
    Unique { constraint: "care_plans_first_unique", columns: "care_plans_first_unique" };

/// A plan without its actions.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = care_plans, treat_none_as_default_value = false)]
pub struct CarePlan {
    pub id: Key<kind::CarePlan>,
    pub programme_id: Key<kind::Programme>,
    pub site_id: Key<kind::Site>,
    pub participant_id: Key<kind::Participant>,
    pub assessment_id: Key<kind::Assessment>,
    pub status: Code<Status>,
    pub discussed_at: Option<At>,
    pub agreed_at: Option<At>,
    pub closed_at: Option<At>,
    /// The plan of which this is the next version.
    pub revises_id: Option<Key<kind::CarePlan>>,
    /// When it shall be looked at again.
    pub review_on: Option<NaiveDate>,
    pub reviewed_at: Option<At>,
    pub created_at: At,
    pub updated_at: At,
    /// Grows with the plan, its actions and its copies.
    pub version: i64,
}

impl CarePlan {
    /// To whom and where it belongs.
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        Anchor {
            programme_id: self.programme_id.0,
            site_id: self.site_id.0,
            participant_id: self.participant_id.0,
        }
    }
}

/// A plan as a submitted assessment makes it.
#[derive(Debug, Clone, Copy)]
pub struct NewCarePlan {
    pub id: CarePlanId,
    pub programme: ProgrammeId,
    pub site: SiteId,
    pub participant: ParticipantId,
    pub assessment: AssessmentId,
}

/// Keeps the plan that an assessment's concerns propose, in the transaction that submits the assessment. Without any
/// action the plan says that none is needed.
///
/// # Errors
/// [`ONE_PER_ASSESSMENT`] when the assessment has a plan.
pub fn draft(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    new: NewCarePlan,
    actions: &[(CarePlanActionId, ActionDraft)],
    now: Timestamp,
) -> Result<CarePlan, StoreError> {
    let plan = CarePlan {
        id: Key(new.id),
        programme_id: Key(new.programme),
        site_id: Key(new.site),
        participant_id: Key(new.participant),
        assessment_id: Key(new.assessment),
        status: Code(first_status(actions.len())),
        discussed_at: None,
        agreed_at: None,
        closed_at: None,
        revises_id: None,
        review_on: None,
        reviewed_at: None,
        created_at: At(now),
        updated_at: At(now),
        version: 1,
    };
    exec(db, diesel::insert_into(care_plans::table).values(&plan))?;
    for (position, (id, action)) in (1..).zip(actions) {
        care_plan_action::insert(db, keys, new.id, position, *id, action, None, now)?;
    }
    Ok(plan)
}

/// One plan.
///
/// # Errors
/// [`StoreError::NotFound`] outside the caller's world.
pub fn find(db: &mut Db<'_>, scope: &Scope, id: CarePlanId) -> Result<CarePlan, StoreError> {
    let plan: CarePlan =
        one(db, care_plans::table.filter(care_plans::id.eq(Key(id))).select(cols::<CarePlan>()))?;
    scope.require(db, plan.anchor())?;
    Ok(plan)
}

/// Begins the next version of a plan in force, with these actions; the plan itself stays as it was agreed.
///
/// # Errors
/// [`StoreError::Collision`] when it was changed since it was read.
pub fn revise(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    plan: &CarePlan,
    id: CarePlanId,
    actions: &[(CarePlanActionId, ActionDraft, Option<NaiveDate>)],
    now: Timestamp,
) -> Result<CarePlan, StoreError> {
    // Two who begin at once would both find that nobody has begun.
    touch(db, plan, now)?;
    let next = CarePlan {
        id: Key(id),
        status: Code(Status::Drafted),
        discussed_at: None,
        agreed_at: None,
        closed_at: None,
        revises_id: Some(plan.id),
        review_on: None,
        reviewed_at: None,
        created_at: At(now),
        updated_at: At(now),
        version: 1,
        ..plan.clone()
    };
    exec(db, diesel::insert_into(care_plans::table).values(&next))?;
    for (position, (id, action, due_on)) in (1..).zip(actions) {
        care_plan_action::insert(db, keys, next.id.0, position, *id, action, *due_on, now)?;
    }
    Ok(next)
}

/// Whether somebody has begun the next version of this plan and not ended it.
///
/// # Errors
/// What the database says.
pub fn is_being_revised(db: &mut Db<'_>, plan: &CarePlan) -> Result<bool, StoreError> {
    let begun = care_plans::table
        .filter(care_plans::revises_id.eq(Some(plan.id)))
        .filter(care_plans::status.ne(Code(Status::Closed)));
    Ok(one(db, diesel::select(exists(begun)))?)
}

/// Which plans are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub participant: Option<ParticipantId>,
    pub status: Option<Status>,
    /// Those in force that should have been looked at again before this day.
    pub review_before: Option<NaiveDate>,
}

/// The plans in the caller's world, the oldest first.
///
/// # Errors
/// What the database says.
pub fn list(
    db: &mut Db<'_>,
    scope: &Scope,
    filter: Filter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<CarePlan>, StoreError> {
    Ok(crate::on_engine!(db, Backend, conn => {
        let mut query = care_plans::table.select(cols::<CarePlan>()).into_boxed::<Backend>();
        query = match &scope.reach {
            Reach::Programme(programme) => query.filter(care_plans::programme_id.eq(Key(*programme))),
            Reach::Sites(programme, sites) => query
                .filter(care_plans::programme_id.eq(Key(*programme)))
                .filter(care_plans::site_id.eq_any(sites.iter().copied().map(Key).collect::<Vec<_>>())),
            Reach::SitesAndOne(programme, sites, one) => {
                let sites: Vec<_> = sites.iter().copied().map(Key).collect();
                query
                    .filter(care_plans::programme_id.eq(Key(*programme)))
                    .filter(care_plans::site_id.eq_any(sites).or(care_plans::participant_id.eq(Key(*one))))
            }
            Reach::Participant(programme, own) => query
                .filter(care_plans::programme_id.eq(Key(*programme)))
                .filter(care_plans::participant_id.eq(Key(*own))),
            // Nobody else reads plans: supporters learn of what they help with from the participant.
            _ => return Ok(Vec::new()),
        };
        if let Some(participant) = filter.participant {
            query = query.filter(care_plans::participant_id.eq(Key(participant)));
        }
        if let Some(status) = filter.status {
            query = query.filter(care_plans::status.eq(Code(status)));
        }
        if let Some(day) = filter.review_before {
            query = query
                .filter(care_plans::review_on.lt(Some(day)))
                .filter(care_plans::status.eq_any(Status::IN_FORCE.map(Code)));
        }
        if let Some(after) = after {
            query = query.filter(care_plans::id.gt(Key(CarePlanId::new(after))));
        }
        query.order(care_plans::id).limit(limit).load::<CarePlan>(conn)
    })?)
}

/// Keeps the plan in a new state, with the moment it came to it and the day of the next review that it holds.
///
/// # Errors
/// [`StoreError::Collision`] when it was changed since it was read.
pub fn enter(
    db: &mut Db<'_>,
    plan: CarePlan,
    status: Status,
    now: Timestamp,
) -> Result<CarePlan, StoreError> {
    let mut next = CarePlan { status: Code(status), updated_at: At(now), version: plan.version + 1, ..plan };
    match status {
        Status::InDiscussion => next.discussed_at = Some(At(now)),
        Status::Agreed => next.agreed_at = Some(At(now)),
        Status::Closed => next.closed_at = Some(At(now)),
        _ => {}
    }
    let update = diesel::update(care_plans::table)
        .filter(care_plans::id.eq(next.id))
        .filter(care_plans::version.eq(next.version - 1))
        .set((
            care_plans::status.eq(next.status),
            care_plans::discussed_at.eq(next.discussed_at),
            care_plans::agreed_at.eq(next.agreed_at),
            care_plans::closed_at.eq(next.closed_at),
            care_plans::review_on.eq(next.review_on),
            care_plans::reviewed_at.eq(next.reviewed_at),
            care_plans::updated_at.eq(next.updated_at),
            care_plans::version.eq(next.version),
        ));
    if rewrite(db, update)? == 0 { Err(StoreError::Collision) } else { Ok(next) }
}

/// Marks the plan as changed: a change to an action or a copy is a change to its plan.
///
/// # Errors
/// [`StoreError::Collision`] when it was changed since it was read.
pub(crate) fn touch(db: &mut Db<'_>, plan: &CarePlan, now: Timestamp) -> Result<(), StoreError> {
    let update = diesel::update(care_plans::table)
        .filter(care_plans::id.eq(plan.id))
        .filter(care_plans::version.eq(plan.version))
        .set((care_plans::updated_at.eq(At(now)), care_plans::version.eq(plan.version + 1)));
    if rewrite(db, update)? == 0 { Err(StoreError::Collision) } else { Ok(()) }
}

/// Puts this newly agreed plan in the place of the participant's earlier ones that were in force.
///
/// # Errors
/// What the database says.
pub fn supersede_earlier(db: &mut Db<'_>, plan: &CarePlan, now: Timestamp) -> Result<(), StoreError> {
    for status in Status::IN_FORCE {
        let Ok(replaced) = status.after(Step::Replacement) else { continue };
        let update = diesel::update(care_plans::table)
            .filter(care_plans::participant_id.eq(plan.participant_id))
            .filter(care_plans::id.ne(plan.id))
            .filter(care_plans::created_at.lt(plan.created_at))
            .filter(care_plans::status.eq(Code(status)))
            .set((
                care_plans::status.eq(Code(replaced)),
                care_plans::updated_at.eq(At(now)),
                care_plans::version.eq(care_plans::version + 1),
            ));
        rewrite(db, update)?;
    }
    Ok(())
}

/// How many concerns the assessment of a plan has by its newest answers.
///
/// # Errors
/// What the database says.
pub fn concerns_of(db: &mut Db<'_>, scope: &Scope, plan: &CarePlan) -> Result<usize, StoreError> {
    let assessment = assessment::find(db, scope, plan.assessment_id.0)?;
    Ok(assessment.concerns.map_or(0, |concerns| concerns.0.len()))
}

/// Whether the participant was last found to be without any internet.
///
/// # Errors
/// What the database says.
pub fn is_offline(db: &mut Db<'_>, participant: ParticipantId) -> Result<bool, StoreError> {
    let offline = participants::table
        .filter(participants::id.eq(Key(participant)))
        .filter(participants::access_class.eq(Some(Code(AccessClass::X0))));
    Ok(one(db, diesel::select(exists(offline)))?)
}
