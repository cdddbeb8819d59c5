//! What was noted of each step of a care plan. Only ever added.

use alongside_domain::care_plan::{Step, StepRecord};
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{CarePlanStepId, PersonId, kind};
use diesel::prelude::*;

use crate::care_plan::CarePlan;
use crate::db::{Db, cols, exec, many};
use crate::error::StoreError;
use crate::schema::care_plan_steps;
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::types::{At, Code, Key, Sealed};

/// Most steps that a plan tells of.
pub const MAX_STEPS: i64 = 200;

/// One step with its record still sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = care_plan_steps, treat_none_as_default_value = false)]
pub struct PlanStep {
    /// Grows with time.
    pub id: Key<kind::CarePlanStep>,
    pub care_plan_id: Key<kind::CarePlan>,
    pub step: Code<Step>,
    pub record: Sealed,
    pub done_by: Key<kind::Person>,
    pub done_at: At,
}

impl PlanStep {
    /// What was noted.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn record(&self, keys: &RecordKeys) -> Result<StepRecord, StoreError> {
        keys.open(place(self.id.0), &self.record)
    }
}

fn place(id: CarePlanStepId) -> Place {
    Place { class: DataClass::Health, table: "care_plan_steps", column: "record", row: id.uuid() }
}

/// Notes a step of a plan that the caller was shown.
///
/// # Errors
/// What the database says.
#[expect(clippy::too_many_arguments, reason = "the columns of one row")]
pub fn add(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    plan: &CarePlan,
    id: CarePlanStepId,
    step: Step,
    record: &StepRecord,
    by: PersonId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = PlanStep {
        id: Key(id),
        care_plan_id: plan.id,
        step: Code(step),
        record: keys.seal(place(id), record)?,
        done_by: Key(by),
        done_at: At(now),
    };
    exec(db, diesel::insert_into(care_plan_steps::table).values(&row))?;
    Ok(())
}

/// The steps of a plan that the caller was shown, in order.
///
/// # Errors
/// What the database says.
pub fn list(db: &mut Db<'_>, plan: &CarePlan) -> Result<Vec<PlanStep>, StoreError> {
    let query = care_plan_steps::table
        .filter(care_plan_steps::care_plan_id.eq(plan.id))
        .order(care_plan_steps::id)
        .limit(MAX_STEPS)
        .select(cols::<PlanStep>());
    Ok(many(db, query)?)
}
