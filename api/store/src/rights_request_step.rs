//! What was noted of each step of a rights request. Only ever added.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{PersonId, RightsRequestStepId, kind};
use alongside_domain::policy::Role;
use alongside_domain::rights_request::{Step, StepRecord};
use diesel::prelude::*;

use crate::db::{Db, cols, exec, many};
use crate::error::StoreError;
use crate::rights_request::RightsRequest;
use crate::schema::rights_request_steps;
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::types::{At, Code, Key, Sealed};

/// Most steps that a request tells of.
pub const MAX_STEPS: i64 = 200;

/// One step with its record still sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = rights_request_steps, treat_none_as_default_value = false)]
pub struct RequestStep {
    /// Grows with time.
    pub id: Key<kind::RightsRequestStep>,
    pub request_id: Key<kind::RightsRequest>,
    pub step: Code<Step>,
    /// In which role.
    pub done_as: Code<Role>,
    record: Sealed,
    pub done_by: Key<kind::Person>,
    pub done_at: At,
}

impl RequestStep {
    /// What was noted.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn record(&self, keys: &RecordKeys) -> Result<StepRecord, StoreError> {
        keys.open(place(self.id.0), &self.record)
    }
}

fn place(id: RightsRequestStepId) -> Place {
    Place { class: DataClass::Safeguarding, table: "rights_request_steps", column: "record", row: id.uuid() }
}

/// Who takes a step, as what.
#[derive(Debug, Clone, Copy)]
pub struct Author {
    pub person: PersonId,
    pub role: Role,
}

/// Notes a step of a request that the caller was shown.
///
/// # Errors
/// What the database says.
#[expect(clippy::too_many_arguments, reason = "the columns of one row")]
pub fn add(
    db: &mut Db<'_>,
    keys: &RecordKeys,
    request: &RightsRequest,
    id: RightsRequestStepId,
    step: Step,
    record: &StepRecord,
    author: Author,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = RequestStep {
        id: Key(id),
        request_id: request.id,
        step: Code(step),
        done_as: Code(author.role),
        record: keys.seal(place(id), record)?,
        done_by: Key(author.person),
        done_at: At(now),
    };
    exec(db, diesel::insert_into(rights_request_steps::table).values(&row))?;
    Ok(())
}

/// The steps of a request that the caller was shown, in order.
///
/// # Errors
/// What the database says.
pub fn list(db: &mut Db<'_>, request: &RightsRequest) -> Result<Vec<RequestStep>, StoreError> {
    let query = rights_request_steps::table
        .filter(rights_request_steps::request_id.eq(request.id))
        .order(rights_request_steps::id)
        .limit(MAX_STEPS)
        .select(cols::<RequestStep>());
    Ok(many(db, query)?)
}
