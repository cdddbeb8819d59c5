//! The actions of a care plan: what is done about each concern, sealed but for what reports count.

use alongside_domain::care_plan::{
    ActionContent, ActionDraft, ActionKind, ActionOwner, ActionProgress, Held,
};
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{CarePlanActionId, CarePlanId, kind};
use chrono::NaiveDate;
use diesel::dsl::max;
use diesel::prelude::*;

use crate::care_plan::{self, CarePlan};
use crate::db::{Db, cols, exec, many, one, rewrite};
use crate::error::StoreError;
use crate::schema::{care_plan_actions, care_plans};
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::types::{At, Code, Key, Sealed};

/// One action with its content still sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = care_plan_actions, treat_none_as_default_value = false)]
pub struct Action {
    pub id: Key<kind::CarePlanAction>,
    pub care_plan_id: Key<kind::CarePlan>,
    pub position: i32,
    pub concern_code: Option<String>,
    pub content: Sealed,
    pub action: Code<ActionKind>,
    pub owner: Code<ActionOwner>,
    pub due_on: Option<NaiveDate>,
    pub status: Code<ActionProgress>,
    pub created_at: At,
    pub updated_at: At,
    pub version: i64,
}

impl Action {
    /// What the rules look at.
    #[must_use]
    pub fn held(&self) -> Held<'_> {
        Held {
            concern_code: self.concern_code.as_deref(),
            action: self.action.0,
            owner: self.owner.0,
            progress: self.status.0,
        }
    }

    /// What it says.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn content(&self, keys: &RecordKeys) -> Result<ActionContent, StoreError> {
        keys.open(place(self.id.0), &self.content)
    }
}

fn place(id: CarePlanActionId) -> Place {
    Place { class: DataClass::Health, table: "care_plan_actions", column: "content", row: id.uuid() }
}

#[expect(clippy::too_many_arguments, reason = "the columns of one row")]
pub(crate) fn insert(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    plan: CarePlanId,
    position: i32,
    id: CarePlanActionId,
    draft: &ActionDraft,
    due_on: Option<NaiveDate>,
    now: Timestamp,
) -> Result<Action, StoreError> {
    let action = Action {
        id: Key(id),
        care_plan_id: Key(plan),
        position,
        concern_code: draft.concern_code.clone(),
        content: keys.seal(place(id), &draft.content)?,
        action: Code(draft.action),
        owner: Code(draft.owner),
        due_on,
        status: Code(ActionProgress::Planned),
        created_at: At(now),
        updated_at: At(now),
        version: 1,
    };
    exec(db, diesel::insert_into(care_plan_actions::table).values(&action))?;
    Ok(action)
}

/// Adds an action at the end of a plan that the caller was shown.
///
/// # Errors
/// [`StoreError::Collision`] when the plan was changed since it was read.
pub fn add(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    plan: &CarePlan,
    id: CarePlanActionId,
    draft: &ActionDraft,
    due_on: Option<NaiveDate>,
    now: Timestamp,
) -> Result<Action, StoreError> {
    care_plan::touch(db, plan, now)?;
    let last = care_plan_actions::table
        .filter(care_plan_actions::care_plan_id.eq(plan.id))
        .select(max(care_plan_actions::position));
    let position = one::<_, Option<i32>>(db, last)?.unwrap_or(0) + 1;
    insert(db, keys, plan.id.0, position, id, draft, due_on, now)
}

/// The actions of a plan that the caller was shown, in their order.
///
/// # Errors
/// What the database says.
pub fn list(db: &mut Db<'_>, plan: &CarePlan) -> Result<Vec<Action>, StoreError> {
    let most = i64::try_from(alongside_domain::care_plan::MAX_ACTIONS).unwrap_or(i64::MAX);
    let query = care_plan_actions::table
        .filter(care_plan_actions::care_plan_id.eq(plan.id))
        .order((care_plan_actions::position, care_plan_actions::id))
        .limit(most)
        .select(cols::<Action>());
    Ok(many(db, query)?)
}

/// Most versions of a plan that are looked back through.
const MOST_VERSIONS: usize = 50;

/// The actions of the plans of which this one is a later version.
///
/// # Errors
/// What the database says.
pub fn of_earlier_versions(db: &mut Db<'_>, plan: &CarePlan) -> Result<Vec<Action>, StoreError> {
    let mut found = Vec::new();
    let mut before = plan.revises_id;
    for _ in 0..MOST_VERSIONS {
        let Some(id) = before else { break };
        let query = care_plans::table.find(id).select(cols::<CarePlan>());
        let earlier: CarePlan = one(db, query)?;
        found.extend(list(db, &earlier)?);
        before = earlier.revises_id;
    }
    Ok(found)
}

/// One action of a plan that the caller was shown.
///
/// # Errors
/// [`StoreError::NotFound`] when the plan has no such action.
pub fn find(db: &mut Db<'_>, plan: &CarePlan, id: CarePlanActionId) -> Result<Action, StoreError> {
    let query = care_plan_actions::table
        .filter(care_plan_actions::id.eq(Key(id)))
        .filter(care_plan_actions::care_plan_id.eq(plan.id))
        .select(cols::<Action>());
    Ok(one(db, query)?)
}

/// Keeps a changed action: `action` as it shall be, still with the version it had.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else changed it since.
pub fn update(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    plan: &CarePlan,
    action: Action,
    content: &ActionContent,
    now: Timestamp,
) -> Result<Action, StoreError> {
    care_plan::touch(db, plan, now)?;
    let next = Action {
        content: keys.seal(place(action.id.0), content)?,
        updated_at: At(now),
        version: action.version + 1,
        ..action
    };
    let update = diesel::update(care_plan_actions::table)
        .filter(care_plan_actions::id.eq(next.id))
        .filter(care_plan_actions::version.eq(next.version - 1))
        .set((
            care_plan_actions::content.eq(&next.content),
            care_plan_actions::action.eq(next.action),
            care_plan_actions::owner.eq(next.owner),
            care_plan_actions::due_on.eq(next.due_on),
            care_plan_actions::status.eq(next.status),
            care_plan_actions::updated_at.eq(next.updated_at),
            care_plan_actions::version.eq(next.version),
        ));
    if rewrite(db, update)? == 0 { Err(StoreError::Stale) } else { Ok(next) }
}

/// Gives every action that somebody still has to do, and that has no day of its own, this one.
///
/// # Errors
/// What the database says.
pub fn due_by(db: &mut Db<'_>, plan: &CarePlan, day: NaiveDate, now: Timestamp) -> Result<(), StoreError> {
    let update = diesel::update(care_plan_actions::table)
        .filter(care_plan_actions::care_plan_id.eq(plan.id))
        .filter(care_plan_actions::due_on.is_null())
        .filter(care_plan_actions::action.ne(Code(ActionKind::NoneWanted)))
        .set((
            care_plan_actions::due_on.eq(Some(day)),
            care_plan_actions::updated_at.eq(At(now)),
            care_plan_actions::version.eq(care_plan_actions::version + 1),
        ));
    rewrite(db, update)?;
    Ok(())
}

/// Notes how far an action has come, as a review of its plan found.
///
/// # Errors
/// What the database says.
pub fn progress(
    db: &mut Db<'_>,
    action: &Action,
    status: ActionProgress,
    now: Timestamp,
) -> Result<(), StoreError> {
    let update = diesel::update(care_plan_actions::table)
        .filter(care_plan_actions::id.eq(action.id))
        .filter(care_plan_actions::version.eq(action.version))
        .set((
            care_plan_actions::status.eq(Code(status)),
            care_plan_actions::updated_at.eq(At(now)),
            care_plan_actions::version.eq(action.version + 1),
        ));
    if rewrite(db, update)? == 0 { Err(StoreError::Collision) } else { Ok(()) }
}
