//! What was said about records opened in an emergency, each time somebody looked into it. Rows are added, never changed.

use alongside_domain::emergency_access::ReviewOutcome;
use alongside_domain::id::{EmergencyAccessId, EmergencyAccessReviewId, kind};
use diesel::prelude::*;

use crate::db::{Db, cols, exec, many};
use crate::error::StoreError;
use crate::schema::emergency_access_reviews;
use crate::sealing::{DataClass, Place, RecordKeys};
use crate::types::{At, Code, Key, Sealed};

/// How many of one access are read at most.
const MOST: i64 = 200;

/// One look into a use, with its words still sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = emergency_access_reviews, treat_none_as_default_value = false)]
pub struct EmergencyAccessReview {
    pub id: Key<kind::EmergencyAccessReview>,
    pub emergency_access_id: Key<kind::EmergencyAccess>,
    pub outcome: Code<ReviewOutcome>,
    pub words: Sealed,
    pub reviewed_by: Key<kind::Person>,
    pub reviewed_at: At,
}

impl EmergencyAccessReview {
    /// What was found, or is asked.
    ///
    /// # Errors
    /// When the cell does not open.
    pub fn words(&self, keys: &RecordKeys) -> Result<String, StoreError> {
        keys.open(place(self.id.0), &self.words)
    }
}

fn place(id: EmergencyAccessReviewId) -> Place {
    Place { class: DataClass::Health, table: "emergency_access_reviews", column: "words", row: id.uuid() }
}

/// Seals the words of a review.
///
/// # Errors
/// When they cannot be sealed.
pub fn seal(keys: &RecordKeys, id: EmergencyAccessReviewId, text: &str) -> Result<Sealed, StoreError> {
    keys.seal(place(id), text)
}

/// Adds a review.
///
/// # Errors
/// What the database says.
pub fn insert(db: &mut Db<'_>, review: &EmergencyAccessReview) -> Result<(), StoreError> {
    exec(db, diesel::insert_into(emergency_access_reviews::table).values(review))?;
    Ok(())
}

/// The reviews of these accesses, the oldest first. Whether the caller may see the accesses is decided before.
///
/// # Errors
/// What the database says.
pub fn of(db: &mut Db<'_>, accesses: &[EmergencyAccessId]) -> Result<Vec<EmergencyAccessReview>, StoreError> {
    if accesses.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<_> = accesses.iter().map(|id| Key(*id)).collect();
    Ok(many(
        db,
        emergency_access_reviews::table
            .filter(emergency_access_reviews::emergency_access_id.eq_any(keys))
            .order(emergency_access_reviews::id)
            .limit(MOST)
            .select(cols::<EmergencyAccessReview>()),
    )?)
}
