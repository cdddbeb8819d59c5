//! The assessment to compare another with.

use alongside_domain::id::kind;
use diesel::prelude::*;

use crate::assessment::Assessment;
use crate::db::{Db, cols, maybe};
use crate::error::StoreError;
use crate::schema::{assessments, instruments};
use crate::scope::Scope;
use crate::types::{At, Key};

/// The participant's last assessment submitted before this one with the same instrument, in any version of it.
///
/// # Errors
/// What the database says.
pub fn find(
    db: &mut Db<'_>,
    scope: &Scope,
    assessment: &Assessment,
) -> Result<Option<Assessment>, StoreError> {
    let Some(submitted_at) = assessment.submitted_at else { return Ok(None) };
    let Some(url) = instrument_url(db, assessment.instrument_id)? else { return Ok(None) };
    let found: Option<Assessment> = maybe(
        db,
        assessments::table
            .inner_join(instruments::table.on(instruments::id.eq(assessments::instrument_id)))
            .filter(assessments::participant_id.eq(assessment.participant_id))
            .filter(instruments::url.eq(url))
            .filter(assessments::submitted_at.lt(Some(At(submitted_at.0))))
            .order((assessments::submitted_at.desc(), assessments::id.desc()))
            .limit(1)
            .select(cols::<Assessment>()),
    )?;
    let Some(found) = found else { return Ok(None) };
    Ok(if scope.admits(db, found.anchor())? { Some(found) } else { None })
}

fn instrument_url(db: &mut Db<'_>, id: Key<kind::Instrument>) -> Result<Option<String>, StoreError> {
    Ok(maybe(db, instruments::table.find(id).select(instruments::url))?)
}
