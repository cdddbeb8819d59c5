//! The copies of a care plan that went out: to whom, how, by whom and when. Only ever added.

use alongside_domain::care_plan::{CopyFormat, CopyRecipient, Delivery, Sending};
use alongside_domain::clock::Timestamp;
use alongside_domain::id::{PersonId, kind};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::audit::any_id;
use crate::care_plan::CarePlan;
use crate::db::{Db, cols, exec, many};
use crate::error::StoreError;
use crate::schema::care_plan_copies;
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::types::{At, Code, Key, Sealed};

/// Most copies that a plan tells of.
pub const MAX_COPIES: i64 = 200;

/// A copy that went out.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = care_plan_copies, treat_none_as_default_value = false)]
pub struct PlanCopy {
    /// Grows with time.
    pub id: Key<kind::AuditEvent>,
    pub care_plan_id: Key<kind::CarePlan>,
    pub recipient: Code<CopyRecipient>,
    pub format: Code<CopyFormat>,
    pub sent_by: Key<kind::Person>,
    pub sent_at: At,
    pub delivery: Code<Delivery>,
    pub detail: Option<Sealed>,
}

/// What is noted of a copy beside what reports count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CopyDetail {
    /// Who it went to, by name.
    pub recipient_name: Option<String>,
    /// He said yes to this reader.
    pub participant_agreed: bool,
    /// The sender looked at whom nothing must reach.
    pub checked_who_must_not_know: bool,
}

impl PlanCopy {
    /// What was noted of it; nothing for a copy from before there was anything to note.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn detail(&self, keys: &RecordKeys) -> Result<CopyDetail, StoreError> {
        match &self.detail {
            Some(sealed) => keys.open(place(self.id.0.uuid()), sealed),
            None => Ok(CopyDetail::default()),
        }
    }
}

fn place(id: Uuid) -> Place {
    Place { class: DataClass::Health, table: "care_plan_copies", column: "detail", row: id }
}

/// The copies that went out, in order.
///
/// # Errors
/// What the database says.
pub fn list(db: &mut Db<'_>, plan: &CarePlan) -> Result<Vec<PlanCopy>, StoreError> {
    let query = care_plan_copies::table
        .filter(care_plan_copies::care_plan_id.eq(plan.id))
        .order(care_plan_copies::id)
        .limit(MAX_COPIES)
        .select(cols::<PlanCopy>());
    Ok(many(db, query)?)
}

/// Notes a copy that went out.
///
/// # Errors
/// What the database says.
#[expect(clippy::too_many_arguments, reason = "the columns of one row")]
pub fn add(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    plan: &CarePlan,
    id: Uuid,
    sending: Sending,
    detail: &CopyDetail,
    by: PersonId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let copy = PlanCopy {
        id: any_id(id),
        care_plan_id: plan.id,
        recipient: Code(sending.recipient),
        format: Code(sending.format),
        sent_by: Key(by),
        sent_at: At(now),
        delivery: Code(sending.delivery),
        detail: Some(keys.seal(place(id), detail)?),
    };
    exec(db, diesel::insert_into(care_plan_copies::table).values(&copy))?;
    Ok(())
}
